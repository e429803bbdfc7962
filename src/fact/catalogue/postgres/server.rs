//! `postgres.server`

use super::MONITOR;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.server`
pub(in crate::fact::catalogue) static SERVER: ProbeDecl = ProbeDecl {
    name: "postgres.server",
    doc: "A PostgreSQL server: version and its end, role, age of transaction ids, archiver, settings that data depends on",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("version", Ty::Version, "15.18", "version of the server"),
        field(
            "end_of_life",
            Ty::Date,
            "2027-11-11",
            "the day of the last release of its major version, by postgresql.org/support/versioning",
        ),
        field(
            "newest_minor",
            Ty::Version,
            "15.20",
            "the newest release of its major version that was known on `releases_known`",
        ),
        field("minors_behind", Ty::Int, "2", "how many releases it is behind `newest_minor`"),
        field("releases_known", Ty::Date, "2026-11-27", "the day on which `newest_minor` was looked up"),
        field("version_num", Ty::Int, "150018", "the same as a number"),
        field(
            "system_identifier",
            Ty::Text,
            "7317312345678901234",
            "stays with the data, also in backups and replicas",
        ),
        field("role", Ty::Enum(&["primary", "replica"]), "primary", "replica if the server is in recovery"),
        field("started", Ty::Time, "2026-11-01T03:00:00Z", "start of the server"),
        field("config_loaded", Ty::Time, "2026-11-01T03:00:00Z", "last reading of the configuration files"),
        field("server_time", Ty::Time, "2026-11-01T03:00:00Z", "the server's clock"),
        field("max_connections", Ty::Int, "100", "setting `max_connections`"),
        field("data_checksums", Ty::Bool, "true", "pages carry checksums"),
        field("fsync", Ty::Bool, "true", "setting `fsync`: without it a crash destroys data"),
        field(
            "full_page_writes",
            Ty::Bool,
            "true",
            "setting `full_page_writes`: without it a crash can destroy data",
        ),
        field("autovacuum", Ty::Bool, "true", "settings `autovacuum` and `track_counts` are both on"),
        field("ssl", Ty::Bool, "true", "setting `ssl`: it can encrypt connections"),
        field("network", Ty::Bool, "true", "setting `listen_addresses`: other machines reach it"),
        field(
            "password_encryption",
            Ty::Enum(&["md5", "scram-sha-256"]),
            "scram-sha-256",
            "setting `password_encryption`: how new passwords are kept",
        ),
        field(
            "xid_age",
            Ty::Int,
            "180_000_000",
            "transactions since the oldest unfrozen one of any database, template0 included; writing stops near 2.1 billion",
        ),
        field("xid_age_database", Ty::Name, "shop", "the database of `xid_age`"),
        field(
            "xid_age_accepts",
            Ty::Bool,
            "true",
            "it accepts connections: `vacuumdb --all` leaves out one that does not",
        ),
        field(
            "multixact_age",
            Ty::Int,
            "1_000",
            "multixacts since the oldest one of any database; writing stops near 2.1 billion",
        ),
        field("multixact_age_database", Ty::Name, "shop", "the database of `multixact_age`"),
        field("multixact_age_accepts", Ty::Bool, "true", "the same of the database of `multixact_age`"),
        field(
            "autovacuum_freeze_max_age",
            Ty::Int,
            "200_000_000",
            "setting: age at which autovacuum is forced",
        ),
        field(
            "stats_reset",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the counters of the address's database count",
        )
        .null("never reset"),
        field(
            "superuser",
            Ty::Bool,
            "false",
            "the role that looks is superuser, or may become so or run programs: it should not",
        ),
        field("size", Ty::Bytes, "120GiB", "sum of `pg_database_size` over all databases")
            .needs(MONITOR)
            .costly(),
        field("archive_mode", Ty::Enum(&["off", "on", "always"]), "on", "setting `archive_mode`"),
        field("archived_count", Ty::Counter, "1_200", "WAL files archived since `archiver_stats_reset`"),
        field(
            "archive_failed_count",
            Ty::Counter,
            "0",
            "failed attempts to archive since `archiver_stats_reset`",
        ),
        field("last_archived", Ty::Time, "2026-11-01T03:00:00Z", "last WAL file archived").null("never"),
        field("last_archive_failed", Ty::Time, "2026-11-01T03:00:00Z", "last failed attempt to archive")
            .null("never"),
        field(
            "archiver_stats_reset",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "since when the archiver's counters count",
        )
        .null("never reset"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "two catalogue reads: milliseconds; `size` reads the directories of all databases, 3 s at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};
