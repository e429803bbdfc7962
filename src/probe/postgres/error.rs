//! What a driver's error means: its cause, how far it reaches, the grant that mends it.

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use super::pooler;
use crate::fact::{Cause, Level, Missing};
use crate::probe::Context;
use crate::probe::sql::{Step, of_io, of_tls, place, quoted};

/// The fault behind an error of the driver.
pub(in crate::probe) fn fault(cx: &Context, step: Step, error: &Error) -> Missing {
    let place = place(cx);
    match error {
        Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => of_server(cx, step, error),
            None => cx.missing(Cause::Malformed, format!("{place}: {error}")).level(step.level()),
        },
        Error::Io(error) => of_io(cx, step, error),
        Error::Tls(error) => of_tls(cx, &error.to_string()),
        Error::Configuration(error) => {
            cx.missing(Cause::Malformed, format!("{place}: {error}")).level(Level::Target)
        }
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::ColumnNotFound(_) => {
            cx.missing(Cause::Malformed, format!("{place}: {error}")).level(step.level())
        }
        // What the driver reads when the server hangs up instead of answering.
        Error::Protocol(what) if what.contains("SSLRequest: 0x00") => {
            of_io(cx, step, &std::io::ErrorKind::UnexpectedEof.into())
        }
        Error::Protocol(_) => cx
            .missing(Cause::Malformed, format!("{place} does not speak PostgreSQL's protocol: {error}"))
            .level(Level::Target)
            .fix("check host and port of the target"),
        other => cx.missing(Cause::Malformed, format!("{place}: {other}")).level(step.level()),
    }
}

/// Was something dropped between two looks at the catalogue of one statement? Then the same one may succeed now.
pub(in crate::probe) fn is_gone(error: &Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    let code = error.code();
    code.as_deref().is_some_and(|code| is_drop(code, error.message()))
}

/// The server's own words for what was there a moment ago.
fn is_drop(code: &str, message: &str) -> bool {
    let lost = ["could not open relation with OID", "cache lookup failed for"];
    code == "XX000" && lost.iter().any(|what| message.starts_with(what))
        || matches!(code, "3D000" | "42704") && message.starts_with("database with OID")
}

fn of_server(cx: &Context, step: Step, error: &PgDatabaseError) -> Missing {
    let code = error.code();
    let mut what = format!("{}: {} (SQLSTATE {code})", place(cx), error.message());
    if let Some(detail) = error.detail().filter(|_| code.starts_with("42")) {
        what = format!("{what}: {detail}");
    }
    let (cause, level, fix) = meaning(cx, step, code, error.message());
    if cause == Cause::WrongTarget {
        // Its own words repeat our whole statement.
        what = format!("{} is the console of a PgBouncer, not a database", place(cx));
    }
    let missing = cx.missing(cause, what).level(level);
    match fix.or_else(|| error.hint().map(str::to_owned)) {
        Some(fix) => missing.fix(cx.redactor.clean(&fix)),
        None => missing,
    }
}

fn meaning(cx: &Context, step: Step, code: &str, message: &str) -> (Cause, Level, Option<String>) {
    let own = step.level();
    let say = |fix: &str| Some(fix.to_owned());
    match code {
        "42501" => (Cause::Denied, own, Some(grant(message, &role(cx)))),
        "28P01" | "28000" => (
            Cause::Denied,
            Level::Target,
            say("check user and password of the target (or ~/.pgpass), and pg_hba.conf of the server"),
        ),
        "57014" => (Cause::Timeout, own, say("let the statement read less, or raise the target's deadline")),
        "55P03" => {
            (Cause::Timeout, own, say("somebody holds a lock on it: look into pg_locks, try again later"))
        }
        "40001" | "40P01" => {
            (Cause::Timeout, own, say("try again; on a replica set hot_standby_feedback = on"))
        }
        code if is_drop(code, message) => {
            (Cause::Absent, own, say("something was dropped while it was looked at: ask again"))
        }
        "3D000" => (Cause::Absent, Level::Target, say("correct the database in the target's address")),
        "53300" => {
            (Cause::Limit, Level::Target, say("free connections, or raise max_connections of the server"))
        }
        "25006" => (Cause::Denied, own, say("a query may only read; remove what changes something")),
        "57P01" | "57P02" | "57P03" => (Cause::Unreachable, Level::Target, None),
        "42601" => (Cause::Malformed, own, say("correct the SQL of the policy")),
        "42P01" | "42703" | "42883" | "3F000" | "42704" => (
            Cause::Absent,
            own,
            say("correct the name in the SQL of the policy, or write it with its schema"),
        ),
        "0A000" => (Cause::Unsupported, own, None),
        "08P01" => match pooler::meaning(message) {
            Some((cause, level, fix)) => (cause, level, say(fix)),
            None => (by_class(code), own, None),
        },
        _ => (by_class(code), own, None),
    }
}

fn by_class(code: &str) -> Cause {
    match code.get(..2) {
        Some("08") => Cause::Unreachable,
        Some("22") => Cause::Undecidable,
        Some("53" | "54") => Cause::Limit,
        Some("57" | "58") => Cause::Unreachable,
        Some("28") => Cause::Denied,
        _ => Cause::Malformed,
    }
}

fn role(cx: &Context) -> String {
    let name = cx.target.url.as_ref().map_or("", |url| url.username());
    if name.is_empty() { "\"the role that looks\"".to_owned() } else { quoted(&unescaped(name)) }
}

/// A name of an URL with its `%40` read.
fn unescaped(name: &str) -> String {
    url::form_urlencoded::parse(format!("n={}", name.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(|| name.to_owned(), |(_, value)| value.into_owned())
}

/// The grant that a refusal asks for, out of the server's own words.
fn grant(message: &str, role: &str) -> String {
    if message.contains("row-level security") {
        return format!("row-level security hides rows from the role: ALTER ROLE {role} BYPASSRLS;");
    }
    let Some(object) = message.strip_prefix("permission denied for ") else {
        return format!("GRANT pg_monitor TO {role};");
    };
    let kinds: [(&str, &str); 9] = [
        ("materialized view ", "SELECT ON"),
        ("foreign table ", "SELECT ON"),
        ("table ", "SELECT ON"),
        ("relation ", "SELECT ON"),
        ("view ", "SELECT ON"),
        ("sequence ", "SELECT ON SEQUENCE"),
        ("schema ", "USAGE ON SCHEMA"),
        ("function ", "EXECUTE ON FUNCTION"),
        ("database ", "CONNECT ON DATABASE"),
    ];
    let found = kinds.iter().find_map(|(kind, what)| Some((what, object.strip_prefix(kind)?)));
    match found {
        Some((what, name)) => format!("GRANT {what} {} TO {role};", quoted(name.trim_matches('"'))),
        None => format!("GRANT pg_monitor TO {role};"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_becomes_the_grant_that_mends_it() {
        let grant = |message| grant(message, "\"w\"");
        assert_eq!(
            grant("permission denied for table Order Items"),
            "GRANT SELECT ON \"Order Items\" TO \"w\";"
        );
        assert_eq!(
            grant("permission denied for schema secret"),
            "GRANT USAGE ON SCHEMA \"secret\" TO \"w\";"
        );
        assert_eq!(grant("permission denied for sequence s"), "GRANT SELECT ON SEQUENCE \"s\" TO \"w\";");
        assert_eq!(
            grant("permission denied for function pg_ls_waldir"),
            "GRANT EXECUTE ON FUNCTION \"pg_ls_waldir\" TO \"w\";"
        );
        assert_eq!(grant("must be superuser"), "GRANT pg_monitor TO \"w\";");
        assert!(
            grant("query would be affected by row-level security policy for table \"t\"")
                .contains("BYPASSRLS")
        );
    }

    #[test]
    fn names_in_addresses_are_unescaped() {
        assert_eq!(quoted(&unescaped("a%40b+c")), "\"a@b+c\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
