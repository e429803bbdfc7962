//! `postgres.subscriptions`: logical replication, seen from the subscriber.

use super::reading::{Part, Reading, When};

/// The body of `postgres.subscriptions`.
pub(in crate::probe) static SUBSCRIPTIONS: Reading = Reading {
    parts: &[
        Part {
            name: "source",
            when: &[When::Since(14)],
            sql: "pg_subscription",
            // There `oid` is for superusers only. A name that two databases use gives two rows, which is ambiguous.
            otherwise: "(SELECT v.subid AS oid, p.subname, p.subenabled, p.subslotname, p.subpublications, p.subdbid \
                           FROM pg_subscription p \
                           JOIN (SELECT DISTINCT subid, subname FROM pg_stat_subscription) v ON v.subname = p.subname)",
            facts: &[],
        },
        Part {
            name: "leader",
            when: &[When::Since(16)],
            sql: "AND leader_pid IS NULL",
            otherwise: "",
            facts: &[],
        },
        Part {
            name: "errors",
            when: &[When::Since(15)],
            sql: "x.apply_error_count AS apply_errors, x.sync_error_count AS sync_errors, \
                  (extract(epoch FROM x.stats_reset) * 1000000)::int8 AS errors_reset",
            otherwise: "NULL::int8 AS apply_errors",
            facts: &["apply_errors", "sync_errors", "errors_reset"],
        },
        Part {
            name: "stats",
            when: &[When::Since(15)],
            sql: "LEFT JOIN pg_stat_subscription_stats x ON x.subid = s.oid",
            otherwise: "",
            facts: &[],
        },
    ],
    ..Reading::each(include_str!("queries/subscriptions.sql"))
};
