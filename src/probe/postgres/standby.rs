//! `postgres.standby`: a replica, seen from itself.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.standby`.
pub(in crate::probe) static STANDBY: Reading = Reading {
    parts: &[Part {
        name: "standby",
        when: &[When::Replica],
        sql: include_str!("queries/standby_in_recovery.sql"),
        otherwise: "SELECT false AS hidden, false AS not_streamed",
        facts: &[
            "receiver",
            "streaming",
            "sender_host",
            "sender_port",
            "slot",
            "last_message",
            "not_received",
            "not_replayed",
            "replayed",
            "started",
            "last_replayed",
            "replay_delay",
            "paused",
            "apply_delay",
            "max_streaming_delay",
            "feedback",
            "conflicts",
            "conflicts_since",
        ],
    }],
    faults: &[
        Fault {
            column: "hidden",
            facts: &[
                "receiver",
                "streaming",
                "sender_host",
                "sender_port",
                "slot",
                "last_message",
                "not_received",
            ],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see the WAL receiver",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "not_streamed",
            facts: &["not_received", "not_replayed", "replay_delay"],
            cause: Cause::Undecidable,
            level: Level::Field,
            what: "nothing has come by streaming since the replica started, so that what is missing cannot be told",
            fix: "let it stream, or compare its `last_replayed` with what its primary does",
        },
    ],
    ..Reading::server(include_str!("queries/standby.sql"))
};
