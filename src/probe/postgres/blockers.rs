//! `postgres.blockers`: what stands at the end of each queue of sessions that wait for locks.

use super::reading::{Fault, Part, Reading};
use super::sessions::{LOCK_WAITS, WAITSTART};
use crate::fact::{Cause, Level};

/// The body of `postgres.blockers`.
pub(in crate::probe) static BLOCKERS: Reading = Reading {
    parts: &[
        LOCK_WAITS,
        Part { name: "lock_roots", sql: include_str!("queries/lock_roots.sql"), ..LOCK_WAITS },
        WAITSTART,
    ],
    faults: &[
        Fault {
            column: "hidden",
            facts: &["client", "state", "transaction_start"],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see what other sessions do",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "untold",
            facts: &["state", "transaction_start"],
            cause: Cause::Undecidable,
            level: Level::Row,
            what: "the session {name} does not tell what it does: its track_activities is off",
            fix: "ALTER ROLE {user} RESET track_activities;",
        },
        Fault {
            column: "waiter_hidden",
            facts: &["oldest_query_start"],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see what other sessions do",
            fix: "GRANT pg_monitor TO {role};",
        },
    ],
    ..Reading::server(include_str!("queries/blockers.sql"))
};
