//! `postgres.xmin_holders`: what keeps vacuum from removing rows.

use super::reading::{Fault, Reading};
use crate::fact::{Cause, Level};

/// The body of `postgres.xmin_holders`.
pub(in crate::probe) static XMIN_HOLDERS: Reading = Reading {
    faults: &[
        Fault {
            column: "hidden",
            facts: &["state", "since"],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see what other sessions do",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "untold",
            facts: &["state", "since"],
            cause: Cause::Undecidable,
            level: Level::Row,
            what: "the session {name} does not tell what it does: its track_activities is off",
            fix: "ALTER ROLE {user} RESET track_activities;",
        },
    ],
    ..Reading::server(include_str!("queries/xmin_holders.sql"))
};
