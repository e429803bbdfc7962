//! `postgres.wal`: WAL, its archive, checkpoints.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.wal`.
pub(in crate::probe) static WAL: Reading = Reading {
    parts: &[
        Part {
            name: "library",
            when: &[When::Since(15)],
            sql: "current_setting('archive_library') <> ''",
            otherwise: "false",
            facts: &[],
        },
        Part {
            name: "waldir",
            when: &[When::Execute("pg_ls_waldir")],
            sql: "SELECT count(*) AS files, coalesce(sum(size), 0)::int8 AS size FROM pg_ls_waldir() \
                   WHERE name ~ '^[0-9A-F]{24}$'",
            otherwise: "SELECT NULL::int8 AS files, NULL::int8 AS size",
            facts: &["files", "size"],
        },
        Part {
            name: "waiting",
            when: &[When::Execute("pg_ls_archive_statusdir")],
            sql: "SELECT count(*) AS waiting, (extract(epoch FROM min(modification)) * 1000000)::int8 AS oldest \
                    FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
            otherwise: "SELECT NULL::int8 AS waiting, NULL::int8 AS oldest",
            facts: &["archive_waiting", "oldest_waiting"],
        },
        Part {
            name: "checkpoints",
            when: &[When::Since(17)],
            sql: "SELECT CASE WHEN pg_is_in_recovery() THEN restartpoints_timed ELSE num_timed END AS timed, \
                         CASE WHEN pg_is_in_recovery() THEN restartpoints_req ELSE num_requested END AS requested, \
                         stats_reset AS reset FROM pg_stat_checkpointer",
            otherwise: "SELECT checkpoints_timed AS timed, checkpoints_req AS requested, stats_reset AS reset \
                          FROM pg_stat_bgwriter",
            facts: &[],
        },
    ],
    faults: &[Fault {
        column: "senders_hidden",
        facts: &["synchronous_connected"],
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not see which standbys are connected",
        fix: "GRANT pg_monitor TO {role};",
    }],
    ..Reading::server(include_str!("queries/wal.sql"))
};
