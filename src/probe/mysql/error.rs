//! What an error of MySQL or MariaDB means: its cause, how far it reaches, the grant that mends it.

use sqlx::Error;
use sqlx::mysql::MySqlDatabaseError;

use crate::fact::{Cause, Level, Missing};
use crate::probe::Context;
use crate::probe::sql::{Step, of_io, of_tls, place};

/// The fault behind an error of the driver.
pub(in crate::probe) fn fault(cx: &Context, step: Step, error: &Error) -> Missing {
    let place = place(cx);
    match error {
        Error::Database(error) => match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => of_server(cx, step, error),
            None => cx.missing(Cause::Malformed, format!("{place}: {error}")).level(step.level()),
        },
        Error::Io(error) => of_io(cx, step, error),
        Error::Tls(error) => of_tls(cx, &error.to_string()),
        Error::Protocol(_) => cx
            .missing(Cause::Malformed, format!("{place} does not speak MySQL's protocol: {error}"))
            .level(Level::Target)
            .fix("check host and port of the target"),
        Error::Configuration(error) => {
            cx.missing(Cause::Malformed, format!("{place}: {error}")).level(Level::Target)
        }
        other => cx.missing(Cause::Malformed, format!("{place}: {other}")).level(step.level()),
    }
}

fn of_server(cx: &Context, step: Step, error: &MySqlDatabaseError) -> Missing {
    let number = error.number();
    let what = format!("{}: {} (error {number})", place(cx), error.message());
    let (cause, level, fix) = meaning(number, step);
    let missing = cx.missing(cause, what).level(level);
    if fix.is_empty() { missing } else { missing.fix(fix) }
}

fn meaning(number: u16, step: Step) -> (Cause, Level, &'static str) {
    let own = step.level();
    match number {
        1045 | 1130 | 1698 | 1862 => {
            (Cause::Denied, Level::Target, "check user, host and password of the account")
        }
        1044 => (Cause::Denied, Level::Target, "GRANT SELECT ON the database TO the user of the target;"),
        1142 | 1143 | 1227 | 1370 | 1345 => {
            (Cause::Denied, own, "GRANT SELECT ON the named table TO the user of the target;")
        }
        1792 | 1290 => (Cause::Denied, own, "a query may only read; remove what changes something"),
        1049 => (Cause::Absent, Level::Target, "correct the database in the target's address"),
        1040 | 1203 | 1226 => (Cause::Limit, Level::Target, "free connections, or raise max_connections"),
        1053 | 1077 | 1080 | 1152 | 1927 => (Cause::Unreachable, Level::Target, ""),
        1146 | 1054 | 1305 | 1109 | 1630 | 1046 => {
            (Cause::Absent, own, "correct the name in the SQL of the policy, or write it with its database")
        }
        1052 | 1060 => (Cause::Ambiguous, own, "give each column its own name with AS"),
        1205 | 1213 => (Cause::Timeout, own, "somebody holds a lock on it; try again later"),
        1317 | 1969 | 3024 => {
            (Cause::Timeout, own, "let the statement read less, or raise the target's deadline")
        }
        1365 | 1690 => (Cause::Undecidable, own, "guard the division or the range in the SQL of the policy"),
        1038 | 1041 | 1153 => (Cause::Limit, own, ""),
        _ => (Cause::Malformed, own, "correct the SQL of the policy"),
    }
}
