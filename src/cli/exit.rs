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

/// All codes with what they mean, for the documentation.
pub const ALL: &[(u8, &str)] = &[
    (
        GOOD,
        "everything asked for was judged, nothing at or above `--fail-on` (default `fail`, so there may be warnings)",
    ),
    (FINDINGS, "at least one finding at or above `--fail-on`"),
    (
        INPUT,
        "the input is wrong: usage, project file, policy, waiver, or a name or pattern that matches nothing",
    ),
    (UNKNOWN, "something could not be judged (`unknown`), and code 1 does not apply"),
    (NOTHING, "nothing was judged: there was no check, or all were skipped"),
];
