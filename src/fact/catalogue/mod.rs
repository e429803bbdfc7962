//! The declarations of all probes, compiled into every build.

mod certificate;
mod command;
mod data;
mod disk;
mod ends;
mod file;
mod job;
mod mysql;
mod net;
mod pgbouncer;
mod postgres;
mod project;
mod query;
mod sqlite;
mod x509;

use super::ProbeDecl;

pub use ends::{ENDS, Ends, ends};

/// All probes, sorted by name.
pub static PROBES: &[&ProbeDecl] = &[
    &project::LATEST,
    &certificate::FILE,
    &command::OUTPUT,
    &data::COMPARE,
    &data::FILES,
    &data::FINGERPRINTS,
    &data::ROW_COUNTS,
    &data::SCHEMA,
    &disk::USAGE,
    &file::SET,
    &file::STAT,
    &file::TREE,
    &file::VOLUME,
    &net::RESPONSE,
    &job::CANARY,
    &job::FINISHED,
    &mysql::QUERY,
    &pgbouncer::POOLS,
    &postgres::AUTOVACUUM,
    &postgres::BLOCKERS,
    &postgres::COLLATIONS,
    &postgres::CONFIG_ERRORS,
    &postgres::CONFIG_FILES,
    &postgres::CONNECTIONS,
    &postgres::CONSTRAINTS,
    &postgres::DATABASES,
    &postgres::EXTENSIONS,
    &postgres::FOREIGN_KEYS,
    &postgres::HBA_RULES,
    &postgres::INDEX_BLOAT,
    &postgres::INDEX_CHECKS,
    &postgres::INDEXES,
    &postgres::PARTITIONS,
    &postgres::PREPARED_TRANSACTIONS,
    &postgres::PUBLIC_GRANTS,
    &postgres::QUERY,
    &postgres::REPLICAS,
    &postgres::ROLES,
    &postgres::SEQUENCES,
    &postgres::SERVER,
    &postgres::SESSIONS,
    &postgres::SETTING_OVERRIDES,
    &postgres::SETTINGS,
    &postgres::SLOTS,
    &postgres::STANDBY,
    &postgres::SUBSCRIPTIONS,
    &postgres::TABLE_BLOAT,
    &postgres::TABLES,
    &postgres::TRIGGERS,
    &postgres::VACUUM_DUE,
    &postgres::WAL,
    &postgres::XMIN_HOLDERS,
    &project::CHECKS,
    &project::CONTROLS,
    &project::EXCEPTIONS,
    &project::FINDINGS,
    &project::RUNS,
    &project::TARGETS,
    &sqlite::DATABASE,
    &sqlite::QUERY,
    &sqlite::TABLES,
    &net::PORT,
    &net::CHAIN,
];

/// Kinds of objects of a schema.
pub(crate) const SCHEMA_KINDS: &[&str] = data::KINDS;

/// The probe of that name.
pub fn find(name: &str) -> Option<&'static ProbeDecl> {
    PROBES.iter().copied().find(|probe| probe.name == name)
}

/// Types of targets, with what their address is.
pub static TARGET_TYPES: &[(&str, &str)] = &[
    ("host", "the machine that muster runs on; no address"),
    ("postgres", "a PostgreSQL database or server: `url: postgres://user@host:5432/database`"),
    ("pgbouncer", "the console of a PgBouncer: `url: postgres://stats_user@host:6432/pgbouncer`"),
    ("mysql", "a MySQL or MariaDB database: `url: mysql://user@host:3306/database`"),
    ("sqlite", "a SQLite file: `path: /srv/shop.db`"),
    (
        "service",
        "something that answers on the network: `url: https://…`, `http://…`, `tls://host:port` or `tcp://host:port`",
    ),
    (
        "bucket",
        "objects of a store that speaks S3: `url: https://host/bucket`, or `https://host/bucket/prefix`",
    ),
    ("project", "the project itself, and what people attest in it; no address"),
];
