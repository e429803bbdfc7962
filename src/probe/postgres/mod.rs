//! Probes of PostgreSQL. One short read-only transaction per answer; a connection waits
//! for the next question of the same run.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod autovacuum;
mod bloat;
mod blockers;
mod collations;
mod config_errors;
mod config_files;
mod connections;
mod constraints;
mod databases;
pub(super) mod error;
mod extensions;
mod foreign_keys;
mod forks;
mod hba_rules;
mod index_checks;
mod indexes;
mod names;
mod options;
mod partitions;
mod paths;
mod pooler;
mod prepared_transactions;
mod public_grants;
mod query;
pub(super) mod read;
mod reading;
mod refused;
mod releases;
mod replicas;
mod roles;
mod sequences;
mod server;
pub(super) mod session;
mod sessions;
mod setting_overrides;
mod settings;
mod sizes;
mod slots;
mod standby;
mod subscriptions;
mod tables;
mod triggers;
mod vacuum_due;
mod wal;
mod xmin_holders;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_amcheck;
#[cfg(test)]
mod tests_counters;
#[cfg(test)]
mod tests_replication;
#[cfg(test)]
mod tests_schema;
#[cfg(test)]
mod tests_sequences;
#[cfg(test)]
mod tests_sessions;
#[cfg(test)]
mod tests_settings;
#[cfg(test)]
mod tests_storage;

pub(super) use autovacuum::AUTOVACUUM;
pub(super) use bloat::{INDEX_BLOAT, TABLE_BLOAT};
pub(super) use blockers::BLOCKERS;
pub(super) use collations::COLLATIONS;
pub(super) use config_errors::CONFIG_ERRORS;
pub(super) use config_files::CONFIG_FILES;
pub(super) use connections::CONNECTIONS;
pub(super) use constraints::CONSTRAINTS;
pub(super) use databases::DATABASES;
pub(super) use error::fault as fault_of;
pub(super) use extensions::EXTENSIONS;
pub(super) use foreign_keys::FOREIGN_KEYS;
pub(super) use hba_rules::HBA_RULES;
pub(super) use index_checks::INDEX_CHECKS;
pub(super) use indexes::INDEXES;
pub(super) use names::plain_or_quoted;
pub(super) use options::options as connect_options;
pub(super) use partitions::PARTITIONS;
pub(super) use paths::send as send_paths;
pub(super) use prepared_transactions::PREPARED_TRANSACTIONS;
pub(super) use public_grants::PUBLIC_GRANTS;
pub(super) use query::{Query, refuse_role};
pub(super) use replicas::REPLICAS;
pub(super) use roles::ROLES;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use sessions::SESSIONS;
pub(super) use setting_overrides::SETTING_OVERRIDES;
pub(super) use settings::SETTINGS;
pub(super) use sizes::{busy, is_lock};
pub(super) use slots::SLOTS;
pub(super) use standby::STANDBY;
pub(super) use subscriptions::SUBSCRIPTIONS;
pub(super) use tables::TABLES;
pub(super) use triggers::TRIGGERS;
pub(super) use vacuum_due::VACUUM_DUE;
pub(super) use wal::WAL;
pub(super) use xmin_holders::XMIN_HOLDERS;
