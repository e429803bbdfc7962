//! Exit codes. Documented in `docs/exit-codes.md`; they do not change.

/// Everything asked for was judged, nothing at or above `--fail-on`.
pub const GOOD: u8 = 0;
/// At least one finding at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// The input is wrong.
pub const INPUT: u8 = 2;
/// Something could not be judged.
pub const UNKNOWN: u8 = 3;
/// Nothing was judged.
pub const NOTHING: u8 = 4;
