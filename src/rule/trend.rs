//! What samples of a number say about where it goes: a robust line, with a range.
//!
//! The slope is the median of the slopes between all pairs of points (Theil and Sen), so that one outlier, a
//! clean-up or the saw-teeth of a rotated log do not bend it; its range reaches from the lower to the upper
//! quartile of those slopes. Many samples are first gathered into at most `POINTS` medians of equal spans of
//! time, because pairs grow with the square.

use crate::fact::{Value, int_to_float};

/// Points that a line is laid through at most.
const POINTS: usize = 96;

/// Change per microsecond: the likely one, and the quartiles around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// A quarter of all pairs change by less.
    pub low: f64,
    /// The median.
    pub mid: f64,
    /// A quarter of all pairs change by more.
    pub high: f64,
}

/// When a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Arrival {
    /// It is there already.
    Crossed,
    /// It does not move towards the limit.
    Never,
    /// In so many microseconds: likely, at the earliest, and at the latest if that can be said.
    In(f64, f64, Option<f64>),
}

/// What stands at a share of the way through so many sorted numbers: the position of the number below, and how far the
/// way to the next one is gone. `None` of nothing.
pub fn rank(count: usize, share: f64) -> Option<(usize, f64)> {
    let last = count.checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * int_to_float(i64::try_from(last).ok()?);
    let below = crate::fact::float_to_int(at.floor()).and_then(|index| usize::try_from(index).ok())?;
    Some((below.min(last), at.fract()))
}

/// The middle of sorted numbers at a share of the way.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let (below, part) = rank(sorted.len(), share)?;
    let a = *sorted.get(below)?;
    let b = sorted.get(below + 1).copied().unwrap_or(a);
    Some(a + (b - a) * part)
}

/// Numbers of a fact as a line sees them. A counter that fell began again at zero: what it had counted stays.
pub fn numbers(samples: &[(i64, Value)], counter: bool) -> Vec<(i64, f64)> {
    let mut points: Vec<(i64, f64)> = Vec::with_capacity(samples.len());
    let (mut base, mut last) = (0.0, None);
    for (at, value) in samples {
        let Some(number) = value.as_float() else { continue };
        if counter && let Some(before) = last.filter(|before| number < *before) {
            base += before;
        }
        last = Some(number);
        points.push((*at, base + number));
    }
    points
}

/// Earlier samples without those that stand closer than usual: whoever asks again and again in one hour has not seen more
/// of a month, and must not outvote it. Of each span of time, counted back from `now`, the first ones count, as many as a
/// span with samples has in the middle of all.
pub fn fair<T: Clone>(earlier: &[(i64, T)], now: i64, span: i64) -> Vec<(i64, T)> {
    let place = |at: i64| now.saturating_sub(at) / span.max(1);
    let spans: Vec<&[(i64, T)]> = earlier.chunk_by(|(a, _), (b, _)| place(*a) == place(*b)).collect();
    let mut many: Vec<usize> = spans.iter().map(|span| span.len()).collect();
    many.sort_unstable();
    let usual = many.get(many.len() / 2).copied().unwrap_or(0);
    spans.into_iter().flat_map(|span| span.iter().take(usual)).cloned().collect()
}

/// The medians of equal spans of time.
fn gathered(points: &[(i64, f64)]) -> Vec<(f64, f64)> {
    let Some(((first, _), (last, _))) = points.first().zip(points.last()) else { return Vec::new() };
    let plain = |(at, y): &(i64, f64)| (int_to_float(at.saturating_sub(*first)), *y);
    if points.len() <= POINTS {
        return points.iter().map(plain).collect();
    }
    let span = (last.saturating_sub(*first) / i64::try_from(POINTS).unwrap_or(i64::MAX)).saturating_add(1);
    let bucket = |at: i64| at.saturating_sub(*first) / span;
    let median = |mut numbers: Vec<f64>| {
        numbers.sort_by(f64::total_cmp);
        quantile(&numbers, 0.5)
    };
    points
        .chunk_by(|(a, _), (b, _)| bucket(*a) == bucket(*b))
        .filter_map(|chunk| {
            let (times, values): (Vec<f64>, Vec<f64>) = chunk.iter().map(plain).unzip();
            median(times).zip(median(values))
        })
        .collect()
}

/// The slope of samples in ascending order of time; `None` if they do not span any time.
///
/// That of the last `latest` ones counts where the value stands further beyond everything before them than that ever
/// differed: what lay still for weeks and has filled up for days does grow. Saw-teeth and noise stay within what was.
pub fn slope(points: &[(i64, f64)], latest: usize) -> Option<Slope> {
    let all = through(points)?;
    let split = points.len().checked_sub(latest.max(3)).and_then(|at| points.split_at_checked(at));
    let Some((before, last)) = split.filter(|(before, last)| before.len() >= last.len()) else {
        return Some(all);
    };
    let now = points.last().map_or(0.0, |(_, y)| *y);
    let (low, high) = before
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let beyond = (now - high).max(low - now);
    let new = through(last).filter(|new| beyond > high - low && new.mid.abs() > all.mid.abs());
    Some(new.unwrap_or(all))
}

/// The slope of all of them.
fn through(points: &[(i64, f64)]) -> Option<Slope> {
    let points = gathered(points);
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (index, (t, y)) in points.iter().enumerate() {
        let later = points.get(index + 1..).unwrap_or(&[]);
        slopes.extend(later.iter().filter(|(u, _)| u > t).map(|(u, z)| (z - y) / (u - t)));
    }
    slopes.sort_by(f64::total_cmp);
    Some(Slope {
        low: quantile(&slopes, 0.25)?,
        mid: quantile(&slopes, 0.5)?,
        high: quantile(&slopes, 0.75)?,
    })
}

/// When a value that moves with this slope has grown, or fallen, to the limit.
pub fn arrival(now: f64, limit: f64, slope: Slope, rising: bool) -> Arrival {
    let (left, low, mid, high) = if rising {
        (limit - now, slope.low, slope.mid, slope.high)
    } else {
        (now - limit, -slope.high, -slope.mid, -slope.low)
    };
    if left <= 0.0 {
        return Arrival::Crossed;
    }
    if mid <= 0.0 {
        return Arrival::Never;
    }
    Arrival::In(left / mid, left / high, (low > 0.0).then(|| left / low))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    fn slope(points: &[(i64, f64)]) -> Option<Slope> {
        super::slope(points, 5)
    }

    fn daily(values: impl IntoIterator<Item = f64>) -> Vec<(i64, f64)> {
        values.into_iter().enumerate().map(|(day, y)| (i64::try_from(day).unwrap() * DAY, y)).collect()
    }

    fn days(arrival: Arrival) -> f64 {
        match arrival {
            Arrival::In(likely, ..) => likely / int_to_float(DAY),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_straight_line_reaches_its_limit() {
        let slope = slope(&daily((0..10).map(f64::from))).unwrap();
        let arrival = arrival(9.0, 20.0, slope, true);
        assert!((days(arrival) - 11.0).abs() < 1e-6, "{arrival:?}");
    }

    #[test]
    fn one_outlier_does_not_bend_the_line() {
        let mut values: Vec<f64> = (0..15).map(f64::from).collect();
        values[7] = 900.0;
        let slope = slope(&daily(values)).unwrap();
        assert!((slope.mid * int_to_float(DAY) - 1.0).abs() < 0.2, "{slope:?}");
    }

    #[test]
    fn what_does_not_grow_never_arrives_and_what_is_beyond_has_arrived() {
        let flat = slope(&daily([5.0, 5.0, 5.0, 5.0])).unwrap();
        assert_eq!(arrival(5.0, 9.0, flat, true), Arrival::Never);
        assert_eq!(arrival(9.0, 9.0, flat, true), Arrival::Crossed);
        let falling = slope(&daily([9.0, 8.0, 7.0])).unwrap();
        assert_eq!(arrival(7.0, 9.0, falling, true), Arrival::Never);
        assert!((days(arrival(7.0, 1.0, falling, false)) - 6.0).abs() < 1e-6);
        assert_eq!(arrival(1.0, 1.0, falling, false), Arrival::Crossed);
    }

    #[test]
    fn saw_teeth_of_a_rotated_log_do_not_fill_the_disk() {
        // A log grows by one a day and is rotated every seventh: between 50 and 56 for ever.
        let teeth = slope(&daily((0..56).map(|day| 50.0 + f64::from(day % 7)))).unwrap();
        match arrival(56.0, 100.0, teeth, true) {
            Arrival::Never => {}
            Arrival::In(likely, ..) => assert!(likely > 300.0 * int_to_float(DAY), "{likely}"),
            Arrival::Crossed => panic!("44 are left"),
        }
        // The same teeth on ground that rises by one a day do.
        let rising = slope(&daily((0..56).map(|day| f64::from(day) + f64::from(day % 7)))).unwrap();
        let left = days(arrival(61.0, 100.0, rising, true));
        assert!((25.0..60.0).contains(&left), "{left}");
    }

    #[test]
    fn what_lay_still_and_fills_up_now_grows_and_one_jump_does_not() {
        let flat = || std::iter::repeat_n(10.0, 12);
        let filling = slope(&daily(flat().chain([40.0, 70.0, 99.0]))).unwrap();
        assert!(days(arrival(99.0, 100.0, filling, true)) < 1.0, "{filling:?}");
        let emptying = slope(&daily(flat().chain([7.0, 4.0, 1.0]))).unwrap();
        assert!(days(arrival(1.0, 0.0, emptying, false)) < 1.0, "{emptying:?}");
        let jump = slope(&daily(flat().chain([60.0]))).unwrap();
        assert_eq!(arrival(60.0, 100.0, jump, true), Arrival::Never);
        // Within what was, it is noise.
        let noise =
            slope(&daily((0..12).map(|day| 45.0 + f64::from(day * 7 % 10)).chain([46.0, 50.0, 54.5])));
        let noise = noise.unwrap();
        assert!(noise.mid * int_to_float(DAY) < 1.0, "{noise:?}");
    }

    #[test]
    fn many_samples_are_gathered_and_say_the_same() {
        let many: Vec<(i64, f64)> = (0..8_640)
            .map(|five_minutes| (i64::from(five_minutes) * 300_000_000, f64::from(five_minutes)))
            .collect();
        let slope = slope(&many).unwrap();
        assert!((slope.mid * 300_000_000.0 - 1.0).abs() < 1e-3, "{slope:?}");
    }

    #[test]
    fn samples_that_stand_closer_than_usual_count_no_more_than_the_others() {
        let hour = DAY / 24;
        let at = |samples: &[(i64, i64)], now| {
            let fair = fair(samples, now, DAY / 2);
            fair.into_iter().map(|(at, value)| (at / hour, value)).collect::<Vec<_>>()
        };
        let daily: Vec<(i64, i64)> = (0..5).map(|day| (day * DAY, 9)).collect();
        let all = vec![(0, 9), (24, 9), (48, 9), (72, 9), (96, 9)];
        assert_eq!(at(&daily, 5 * DAY), all, "what is regular is whole");
        let again: Vec<(i64, i64)> = (0..30).map(|minute| (5 * DAY + minute * hour / 60, 1)).collect();
        let both = [&daily[..], &again].concat();
        assert_eq!(at(&both, 5 * DAY + hour), [&all[..], &[(120, 1)]].concat());
        let often: Vec<(i64, i64)> = (0..2_000).map(|step| (step * hour / 12, step)).collect();
        assert_eq!(fair(&often, 2_000 * hour / 12, DAY / 2), often, "however often that is");
        assert_eq!(fair::<i64>(&[], 0, 0), []);
    }

    #[test]
    fn a_counter_that_was_reset_goes_on() {
        let samples: Vec<(i64, Value)> = [10, 20, 5, 15]
            .iter()
            .enumerate()
            .map(|(i, n)| (i64::try_from(i).unwrap(), Value::Int(*n)))
            .collect();
        let numbers: Vec<f64> = numbers(&samples, true).into_iter().map(|(_, y)| y).collect();
        assert_eq!(numbers, [10.0, 20.0, 25.0, 35.0]);
    }

    #[test]
    fn samples_of_one_moment_have_no_slope() {
        assert_eq!(slope(&[(5, 1.0), (5, 2.0)]), None);
        assert_eq!(slope(&[]), None);
    }
}
