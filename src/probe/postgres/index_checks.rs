//! `postgres.index_checks`: b-trees read through by amcheck.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

const FOUND: &[&str] = &["intact", "damage"];

/// The body of `postgres.index_checks`.
pub(in crate::probe) static INDEX_CHECKS: Reading = Reading {
    parts: &[Part {
        name: "ask",
        when: &[When::Extension("amcheck")],
        sql: "CASE WHEN may AND asked THEN format('SELECT true AS intact, NULL::text AS damage FROM %s.bt_index_check(%s::oid::regclass)', \
              home, oid) END",
        otherwise: "NULL::text",
        facts: FOUND,
    }],
    faults: &[
        Fault {
            column: "unexecutable",
            facts: FOUND,
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not execute bt_index_check of amcheck",
            fix: "GRANT EXECUTE ON FUNCTION {home}.bt_index_check(regclass) TO {role};",
        },
        // Where the whole extension is missing, the part above says so.
        Fault {
            column: "unfound",
            facts: FOUND,
            cause: Cause::Absent,
            level: Level::Field,
            what: "the schema of the extension amcheck has no function bt_index_check(regclass)",
            fix: "DROP EXTENSION amcheck; CREATE EXTENSION amcheck;",
        },
    ],
    costly: &[Costly::check("ask_intact", FOUND)],
    ..Reading::each(include_str!("queries/index_checks.sql"))
};
