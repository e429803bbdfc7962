//! `postgres.connections`: how many of how many, and who holds a transaction open.

use super::reading::{Fault, Reading};
use crate::fact::{Cause, Level};

/// The body of `postgres.connections`.
pub(in crate::probe) static CONNECTIONS: Reading = Reading {
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
