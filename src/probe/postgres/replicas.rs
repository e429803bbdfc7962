//! `postgres.replicas`: who receives WAL.

use super::reading::{Fault, Reading};
use crate::fact::{Cause, Level};

/// The body of `postgres.replicas`.
pub(in crate::probe) static REPLICAS: Reading = Reading {
    faults: &[Fault {
        column: "hidden",
        facts: &[
            "client",
            "state",
            "sync_state",
            "backend_start",
            "sent_behind",
            "write_behind",
            "flush_behind",
            "replay_behind",
            "write_lag",
            "flush_lag",
            "replay_lag",
            "slot",
            "logical",
            "xmin_age",
        ],
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not see how others are served",
        fix: "GRANT pg_monitor TO {role};",
    }],
    ..Reading::server(include_str!("queries/replicas.sql"))
};
