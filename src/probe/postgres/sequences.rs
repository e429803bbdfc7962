//! `postgres.sequences`: how much of each is used, by the type that the column really has.

use super::reading::{Costly, Fault, Reading};
use crate::fact::{Cause, Level};

/// The body of `postgres.sequences`.
pub(in crate::probe) static SEQUENCES: Reading = Reading {
    faults: &[
        Fault {
            column: "hidden",
            facts: &["last_value", "used_ratio", "left_values", "highest", "behind"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not read the sequence {sequence}",
            fix: "GRANT SELECT ON SEQUENCE {sequence} TO {role};",
        },
        Fault {
            column: "column_hidden",
            facts: &["highest", "behind"],
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not read {table}, which the sequence {sequence} feeds",
            fix: "GRANT SELECT ({column}) ON {table} TO {role};",
        },
    ],
    costly: &[Costly::statement("ask_highest", &["highest", "behind"])],
    ..Reading::each(include_str!("queries/sequences.sql"))
};
