//! When majors of PostgreSQL end, and their newest minors that are known: dated data, never a guess. A major that does not stand
//! here is unknown.
//!
//! Ends are those of <https://www.postgresql.org/support/versioning/>, minors those of its announcements and of Debian's
//! archive. Each line has the day on which it was looked up, because the next minor comes within three months.

use super::session::Who;
use crate::fact::{Cause, Cell, Level, Missing, Value, parse_date};

/// One major.
struct Release {
    major: i64,
    /// The day of its last minor.
    ends: &'static str,
    /// The number of its newest minor.
    minor: i64,
    /// The day on which that was looked up.
    known: &'static str,
}

const fn release(major: i64, ends: &'static str, minor: i64, known: &'static str) -> Release {
    Release { major, ends, minor, known }
}

const RELEASES: &[Release] = &[
    release(13, "2025-11-13", 23, "2025-11-13"),
    release(14, "2026-11-12", 23, "2026-05-14"),
    release(15, "2027-11-11", 20, "2026-11-27"),
    release(16, "2028-11-09", 14, "2026-05-14"),
    release(17, "2029-11-08", 10, "2026-05-14"),
    release(18, "2030-11-14", 4, "2026-05-14"),
];

fn of(who: &Who, tell: impl Fn(&Release) -> Option<Value>) -> Cell {
    let major = who.version_num / 10_000;
    let unknown = |cause, what: String, fix: &str| Missing::new(cause, what).level(Level::Field).fix(fix);
    if let Some(fork) = who.fork {
        let what = format!("{fork} has releases of its own, which are not known here");
        return Err(unknown(Cause::Unsupported, what, "look at its vendor's page of versions").into());
    }
    let known = RELEASES.iter().find(|release| release.major == major);
    known.and_then(tell).ok_or_else(|| {
        let what = format!("nothing is known here of the releases of PostgreSQL {major}");
        unknown(Cause::Unsupported, what, "update muster, or look at postgresql.org/support/versioning")
            .into()
    })
}

fn day(text: &str) -> Option<Value> {
    parse_date(text).map(Value::Int)
}

/// The day after which the major gets no more fixes.
pub(super) fn end_of_life(who: &Who) -> Cell {
    of(who, |release| day(release.ends))
}

/// The newest minor that is known.
pub(super) fn newest_minor(who: &Who) -> Cell {
    of(who, |release| Some(Value::text(format!("{}.{}", release.major, release.minor))))
}

/// How many minors the server is behind it.
pub(super) fn minors_behind(who: &Who) -> Cell {
    of(who, |release| Some(Value::Int((release.minor - who.version_num % 10_000).max(0))))
}

/// The day on which the newest minor was looked up.
pub(super) fn known_on(who: &Who) -> Cell {
    of(who, |release| day(release.known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version_num: i64, fork: Option<&'static str>) -> Who {
        Who { version_num, fork, ..Who::default() }
    }

    #[test]
    fn every_line_has_its_dates_in_order() {
        for release in RELEASES {
            let (ends, known) = (parse_date(release.ends).unwrap(), parse_date(release.known).unwrap());
            assert!(known <= ends || release.major == 13, "{}", release.major);
        }
        assert!(
            RELEASES.windows(2).all(|pair| pair[0].major + 1 == pair[1].major && pair[0].ends < pair[1].ends)
        );
    }

    #[test]
    fn a_major_that_is_not_known_and_a_fork_are_unknown() {
        assert_eq!(end_of_life(&server(130_005, None)), Ok(day("2025-11-13").unwrap()));
        assert_eq!(newest_minor(&server(150_018, None)), Ok(Value::text("15.20")));
        assert_eq!(minors_behind(&server(150_018, None)), Ok(Value::Int(2)));
        assert_eq!(minors_behind(&server(150_099, None)), Ok(Value::Int(0)), "newer than what is known");
        for unknown in [server(990_000, None), server(150_018, Some("EnterpriseDB Advanced Server"))] {
            for tell in [end_of_life, newest_minor, minors_behind, known_on] {
                assert_eq!(tell(&unknown).unwrap_err().cause, Cause::Unsupported);
            }
        }
    }
}
