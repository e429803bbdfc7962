//! `postgres.wal`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const TIME: &str = "2026-11-01T03:00:00Z";

/// `postgres.wal`
pub(in crate::fact::catalogue) static WAL: ProbeDecl = ProbeDecl {
    name: "postgres.wal",
    doc: "WAL: what is written and kept, the archive and what waits for it, checkpoints, standbys that commits wait for",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("in_recovery", Ty::Bool, "false", "the server is a replica, or restores"),
        field(
            "position",
            Ty::Text,
            "16/B374D848",
            "where the server stands: what it writes, or what it has as a replica",
        ),
        field(
            "written",
            Ty::Bytes,
            "90GiB",
            "the same as a distance, to be compared with that of a replica or of yesterday",
        ),
        field("timeline", Ty::Int, "1", "one more after each promotion"),
        field("last_checkpoint", Ty::Time, TIME, "start of the last checkpoint that was finished"),
        field("since_checkpoint", Ty::Bytes, "120MiB", "WAL that a start after a crash has to replay"),
        field("files", Ty::Int, "64", "WAL files in pg_wal, also those that wait to be used again")
            .needs(MONITOR),
        field("size", Ty::Bytes, "1GiB", "their bytes").needs(MONITOR),
        field("wal_level", Ty::Enum(&["minimal", "replica", "logical"]), "replica", "setting `wal_level`"),
        field("segment_size", Ty::Bytes, "16MiB", "size of one file"),
        field("min_wal_size", Ty::Bytes, "80MiB", "setting `min_wal_size`"),
        field("max_wal_size", Ty::Bytes, "1GiB", "setting `max_wal_size`: checkpoints are to keep it below"),
        field("wal_keep_size", Ty::Bytes, "0B", "setting `wal_keep_size`"),
        field("max_slot_wal_keep_size", Ty::Bytes, "50GiB", "setting `max_slot_wal_keep_size`")
            .null("a slot may keep all"),
        field("archive_mode", Ty::Enum(&["off", "on", "always"]), "on", "setting `archive_mode`"),
        field(
            "archive_by",
            Ty::Enum(&["command", "library", "nothing"]),
            "command",
            "what archives; the command is not shown, because it may hold secrets",
        )
        .null("`archive_mode` is off"),
        field("archive_timeout", Ty::Duration, "5m", "setting `archive_timeout`")
            .null("a file is archived when it is full"),
        field("archived_count", Ty::Counter, "1_200", "files archived since `archiver_stats_reset`"),
        field("archive_failed_count", Ty::Counter, "0", "failed attempts since `archiver_stats_reset`"),
        field("last_archived", Ty::Time, TIME, "last file archived").null("never"),
        field("last_archived_file", Ty::Text, "000000010000000000000042", "its name").null("none"),
        field("last_archive_failed", Ty::Time, TIME, "last failed attempt").null("never"),
        field("last_archive_failed_file", Ty::Text, "000000010000000000000042", "the file of it")
            .null("none"),
        field("archiver_stats_reset", Ty::Time, TIME, "since when the archiver's counters count")
            .null("never reset"),
        field("archive_waiting", Ty::Int, "0", "files that wait to be archived").needs(MONITOR),
        field("oldest_waiting", Ty::Time, TIME, "since when the oldest of them waits")
            .null("none waits")
            .needs(MONITOR),
        field(
            "checkpoints_timed",
            Ty::Counter,
            "1_200",
            "checkpoints begun by `checkpoint_timeout`; restartpoints on a replica",
        ),
        field(
            "checkpoints_requested",
            Ty::Counter,
            "12",
            "those begun because `max_wal_size` was reached, or by a command",
        ),
        field("checkpoints_reset", Ty::Time, TIME, "since when both count").null("never reset"),
        field("checkpoint_timeout", Ty::Duration, "5m", "setting `checkpoint_timeout`"),
        field(
            "synchronous_commit",
            Ty::Enum(&["off", "local", "remote_write", "on", "remote_apply"]),
            "on",
            "setting `synchronous_commit` of the role that looks",
        ),
        field("synchronous_names", Ty::Text, "ANY 1 (a, b)", "setting `synchronous_standby_names`")
            .null("not set"),
        field("synchronous_wanted", Ty::Int, "1", "how many of them a commit waits for; 0 if not set"),
        field("synchronous_connected", Ty::Int, "2", "how many of them stream now").needs(MONITOR),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads of the server's memory, and the names in pg_wal and archive_status: milliseconds, more with ten thousands of files that wait",
    locks: "none",
    feature: Some("sql"),
};
