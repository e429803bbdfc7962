//! What an error of SQLite means.

use std::io::Read as _;
use std::path::Path;

use sqlx::Error;

use crate::fact::{Cause, Level, Missing};
use crate::probe::Context;

/// The fault behind an error of the driver.
pub(in crate::probe) fn fault(cx: &Context, path: &Path, error: &Error) -> Missing {
    let shown = path.display();
    let Error::Database(found) = error else {
        return cx.missing(Cause::Malformed, format!("{shown}: {error}"));
    };
    let code = found.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(1);
    let (cause, level, fix) = meaning(code & 0xff, found.message(), is_wal(path));
    let missing = cx.missing(cause, format!("{shown}: {} (code {code})", found.message())).level(level);
    if fix.is_empty() { missing } else { missing.fix(fix) }
}

/// By the primary result code.
fn meaning(code: u32, message: &str, wal: bool) -> (Cause, Level, &'static str) {
    match code {
        1 => of_statement(message),
        3 | 23 => (Cause::Denied, Level::Probe, "a query may only read; remove what changes something"),
        5 | 6 => (Cause::Timeout, Level::Probe, "a writer holds a lock on it: try again later"),
        7 | 13 | 18 => (Cause::Limit, Level::Probe, ""),
        8 | 14 if wal => (
            Cause::Denied,
            Level::Target,
            "the database is in WAL mode, whose readers need the `-shm` file: let the role write to the directory, or look at a copy",
        ),
        8 => (Cause::Denied, Level::Probe, "a query may only read; remove what changes something"),
        9 => (Cause::Timeout, Level::Probe, "let the statement read less, or raise the target's deadline"),
        10 => (Cause::Unreachable, Level::Target, "look into the kernel's log: the disk may be failing"),
        11 => (
            Cause::Malformed,
            Level::Probe,
            "the file is damaged: restore it, or save what is left with `.recover`",
        ),
        14 => (Cause::Denied, Level::Target, "let the role read the file and its directory"),
        26 => (
            Cause::Malformed,
            Level::Target,
            "the file is no SQLite database, or it is encrypted: correct `path`",
        ),
        _ => (Cause::Malformed, Level::Probe, ""),
    }
}

fn of_statement(message: &str) -> (Cause, Level, &'static str) {
    let fix = "correct the SQL of the policy";
    let cause = if message.contains("no such module") {
        Cause::Unsupported
    } else if message.contains("no such") {
        Cause::Absent
    } else if message.contains("ambiguous") {
        Cause::Ambiguous
    } else if message.contains("overflow") {
        Cause::Undecidable
    } else if message.contains("not authorized") {
        Cause::Denied
    } else {
        Cause::Malformed
    };
    (cause, Level::Probe, fix)
}

/// Does the header say that the database is in WAL mode?
fn is_wal(path: &Path) -> bool {
    let mut header = [0_u8; 20];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.get(18..20) == Some(&[2, 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wal_without_a_writable_directory_is_denied_with_words() {
        let (cause, level, fix) = meaning(14, "unable to open database file", true);
        assert_eq!((cause, level), (Cause::Denied, Level::Target));
        assert!(fix.contains("WAL mode"), "{fix}");
        assert!(meaning(8, "attempt to write a readonly database", true).2.contains("-shm"));
        assert!(!meaning(8, "attempt to write a readonly database", false).2.contains("WAL"));
    }
}
