//! Declarations of the `postgres` area.

use crate::fact::{ParamDecl, Ty, param};

mod autovacuum;
mod blockers;
mod collations;
mod config;
mod connections;
mod constraints;
mod databases;
mod extensions;
mod foreign_keys;
mod index_bloat;
mod index_checks;
mod indexes;
mod partitions;
mod prepared_transactions;
mod query;
mod replicas;
mod roles;
mod sequences;
mod server;
mod sessions;
mod settings;
mod slots;
mod standby;
mod subscriptions;
mod table_bloat;
mod tables;
mod triggers;
mod vacuum_due;
mod wal;
mod xmin_holders;

pub(super) use autovacuum::AUTOVACUUM;
pub(super) use blockers::BLOCKERS;
pub(super) use collations::COLLATIONS;
pub(super) use config::{CONFIG_ERRORS, CONFIG_FILES, HBA_RULES};
pub(super) use connections::CONNECTIONS;
pub(super) use constraints::CONSTRAINTS;
pub(super) use databases::DATABASES;
pub(super) use extensions::EXTENSIONS;
pub(super) use foreign_keys::FOREIGN_KEYS;
pub(super) use index_bloat::INDEX_BLOAT;
pub(super) use index_checks::INDEX_CHECKS;
pub(super) use indexes::INDEXES;
pub(super) use partitions::PARTITIONS;
pub(super) use prepared_transactions::PREPARED_TRANSACTIONS;
pub(super) use query::QUERY;
pub(super) use replicas::REPLICAS;
pub(super) use roles::{PUBLIC_GRANTS, ROLES};
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use sessions::SESSIONS;
pub(super) use settings::{SETTING_OVERRIDES, SETTINGS};
pub(super) use slots::SLOTS;
pub(super) use standby::STANDBY;
pub(super) use subscriptions::SUBSCRIPTIONS;
pub(super) use table_bloat::TABLE_BLOAT;
pub(super) use tables::TABLES;
pub(super) use triggers::TRIGGERS;
pub(super) use vacuum_due::VACUUM_DUE;
pub(super) use wal::WAL;
pub(super) use xmin_holders::XMIN_HOLDERS;

/// What most of the facts about other sessions and about files of the server need.
const MONITOR: &str = "GRANT pg_monitor";

/// Which schemas are looked at.
const SCHEMAS: ParamDecl =
    param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given");

/// From which size on bloat is worth a look.
const MIN_SIZE: ParamDecl =
    param("min_size", Ty::Bytes, "100MiB", "leaves out what is smaller").default("10MiB");

/// When bloat is measured.
const CONFIRM: ParamDecl = param(
    "confirm_from",
    Ty::Bytes,
    "1GiB",
    "the `exact_` facts are measured where the estimate is withheld or says at least this much bloat",
)
.default("100MiB");

/// The argument that limits the answer.
const fn most_rows(doc: &'static str) -> ParamDecl {
    param("max_rows", Ty::Int, "200_000", doc).default("200_000")
}
