//! `postgres.server`: version and its end, role, ages, archiver, settings.

use super::reading::{Costly, Fault, Reading};
use super::releases;
use super::session::Who;
use crate::fact::{Cause, Level, Value};

/// The body of `postgres.server`.
pub(in crate::probe) static SERVER: Reading = Reading {
    // Apart from the rest, because a database that is dropped meanwhile fails the whole sum.
    costly: &[Costly::statement("ask_size", &["size"])],
    faults: &[Fault {
        column: "size_denied",
        facts: &["size"],
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not measure the databases {denied}",
        fix: "GRANT pg_monitor TO {role};",
    }],
    given: &[
        ("version", |who| Ok(Value::text(number(&who.version)))),
        ("role", |who: &Who| Ok(Value::text(if who.replica { "replica" } else { "primary" }))),
        ("server_time", |who| Ok(Value::or_null(who.clock.map(Value::time)))),
        ("superuser", |who| Ok(Value::Bool(!who.dangerous.is_empty()))),
        ("end_of_life", releases::end_of_life),
        ("newest_minor", releases::newest_minor),
        ("minors_behind", releases::minors_behind),
        ("releases_known", releases::known_on),
    ],
    ..Reading::server(include_str!("queries/server.sql"))
};

/// `15.18 (Debian 15.18-0+deb12u1)` and `17beta1` as numbers.
fn number(version: &str) -> &str {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version.get(..end).unwrap_or(version)
}
