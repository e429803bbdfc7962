//! `postgres.sequences`: how much of each is used, by the type that the column really has.

use super::reading::{Costly, Fault, Reading};
use crate::fact::{Cause, Level};

/// What the sequence itself tells.
const OWN: &[&str] = &["last_value", "used_ratio", "left_values", "highest", "behind"];

/// The body of `postgres.sequences`.
pub(in crate::probe) static SEQUENCES: Reading = Reading {
    faults: &[
        Fault {
            column: "elsewhere",
            facts: OWN,
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "{sequence} is unlogged, so that a replica does not have its numbers",
            fix: "ask the primary",
        },
        Fault {
            column: "hidden",
            facts: OWN,
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not read the sequence {sequence}",
            fix: "{grants}",
        },
        Fault {
            column: "locked",
            facts: OWN,
            cause: Cause::Timeout,
            level: Level::Row,
            what: "somebody holds, or waits for, an ACCESS EXCLUSIVE lock on {sequence}; it was not waited for",
            fix: "try again when the lock is gone (`SELECT * FROM pg_locks WHERE mode = 'AccessExclusiveLock'`)",
        },
        Fault {
            column: "column_hidden",
            facts: &["highest", "behind"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not read all columns that the sequence {sequence} feeds",
            fix: "{column_grants}",
        },
        Fault {
            column: "filtered",
            facts: &["highest", "behind"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "row-level security hides rows of {table} from the role {role}",
            fix: "ALTER ROLE {role} BYPASSRLS;",
        },
    ],
    costly: &[Costly::statement("ask_highest", &["highest", "behind"])],
    ..Reading::each(include_str!("queries/sequences.sql"))
};
