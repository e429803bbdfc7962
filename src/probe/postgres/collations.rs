//! `postgres.collations`: which a database uses, and whether the library still sorts as it did.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.collations`.
pub(in crate::probe) static COLLATIONS: Reading = Reading {
    parts: &[
        part("provider", "d.datlocprovider::text", "'c'::text"),
        part("recorded", "d.datcollversion::text", "NULL::text"),
        part("actual", "pg_database_collation_actual_version(d.oid)::text", "NULL::text"),
        part("untold", "false", "true"),
    ],
    faults: &[Fault {
        column: "untold",
        facts: &["recorded", "actual", "drifted"],
        cause: Cause::Unsupported,
        level: Level::Row,
        what: "before PostgreSQL 15 no server remembers the version of its databases' own collation",
        fix: "after an update of the operating system: REINDEX DATABASE CONCURRENTLY {database_name};",
    }],
    ..Reading::each(include_str!("queries/collations.sql"))
};

/// What the database itself tells since version 15. Only its own row lacks it before.
const fn part(name: &'static str, sql: &'static str, otherwise: &'static str) -> Part {
    Part { name, when: &[When::Since(15)], sql, otherwise, facts: &[] }
}
