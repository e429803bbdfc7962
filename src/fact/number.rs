//! The two conversions between numbers that lose something, each in one place.

/// The nearest float; exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "values beyond 2^53 are rounded on purpose; comparisons of integers never come here"
)]
pub fn int_to_float(int: i64) -> f64 {
    int as f64
}

/// The nearest integer, if the float is finite and fits.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
pub fn float_to_int(float: f64) -> Option<i64> {
    let rounded = float.round();
    let limit = 9_223_372_036_854_774_784.0;
    (rounded.is_finite() && rounded >= -limit && rounded <= limit).then_some(rounded as i64)
}
