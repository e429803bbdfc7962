//! `postgres.slots`: what holds back WAL.

use super::reading::{Part, Reading, When};

/// The body of `postgres.slots`.
pub(in crate::probe) static SLOTS: Reading = Reading {
    parts: &[
        Part {
            name: "two_phase",
            when: &[When::Since(14)],
            sql: "s.two_phase",
            otherwise: "NULL::bool",
            facts: &["two_phase"],
        },
        Part {
            name: "conflicting",
            when: &[When::Since(16)],
            sql: "s.conflicting",
            otherwise: "NULL::bool",
            facts: &["conflicting"],
        },
        Part {
            name: "of_17",
            when: &[When::Since(17)],
            sql: "(extract(epoch FROM s.inactive_since) * 1000000)::int8 AS inactive_since, \
                  s.invalidation_reason AS invalidation, s.failover AS failover, s.synced AS synced",
            otherwise: "NULL::bool AS failover",
            facts: &["inactive_since", "invalidation", "failover", "synced"],
        },
    ],
    ..Reading::server(include_str!("queries/slots.sql"))
};
