//! `postgres.foreign_keys`: what refers to what, with an index or without, and rows that refer to nothing.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.foreign_keys`.
pub(in crate::probe) static FOREIGN_KEYS: Reading = Reading {
    parts: &[
        Part { name: "analyzed", when: &[When::Since(14)], sql: "true", otherwise: "false", facts: &[] },
        Part {
            name: "enforced",
            when: &[When::Since(18)],
            sql: "k.conenforced",
            otherwise: "true",
            facts: &[],
        },
        Part { name: "period", when: &[When::Since(18)], sql: "k.conperiod", otherwise: "false", facts: &[] },
    ],
    faults: &[
        Fault {
            column: "hidden",
            facts: &["orphans"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not read both sides of {constraint}, {table} and {referenced}",
            fix: "{grants}",
        },
        Fault {
            column: "filtered",
            facts: &["orphans"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "row-level security hides rows of {table} or {referenced} from the role {role}",
            fix: "ALTER ROLE {role} BYPASSRLS;",
        },
    ],
    costly: &[Costly::statement("ask_orphans", &["orphans"])],
    ..Reading::each(include_str!("queries/foreign_keys.sql"))
};
