//! `postgres.connections`: how many of how many, and who holds a transaction open.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.connections`.
pub(in crate::probe) static CONNECTIONS: Reading = Reading {
    parts: &[Part {
        name: "locks",
        when: &[When::AnyWanted(&[
            "locks",
            "locks_ratio",
            "most_locks",
            "most_locks_pid",
            "most_locks_user",
            "most_locks_application",
        ])],
        sql: include_str!("queries/lock_table.sql"),
        otherwise: "SELECT 0::int8 AS used, ''::text AS pid, 0::int8 AS number, ''::text AS \"user\", ''::text AS application",
        facts: &[],
    }],
    faults: &[Fault {
        column: "hidden",
        facts: &[
            "active",
            "idle",
            "idle_in_transaction",
            "oldest_transaction_start",
            "oldest_idle_in_transaction_start",
            "waiting_on_lock",
        ],
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not see what other sessions do",
        fix: "GRANT pg_monitor TO {role};",
    }],
    ..Reading::server(include_str!("queries/connections.sql"))
};
