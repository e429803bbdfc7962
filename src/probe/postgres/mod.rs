//! Probes of PostgreSQL. One short read-only transaction per answer; a connection waits
//! for the next question of the same run.
//!
//! What a role may not see is decided by asking for its privileges, never from zero rows or nulls; what a
//! replica cannot know is `unsupported`, never "never".

mod config_errors;
mod connections;
mod databases;
mod error;
mod extensions;
mod forks;
mod hba_rules;
mod names;
mod options;
mod public_grants;
mod query;
mod read;
mod reading;
mod releases;
mod roles;
mod sequences;
mod server;
mod session;
mod setting_overrides;
mod settings;
mod sizes;
mod tables;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_settings;

pub(super) use config_errors::CONFIG_ERRORS;
pub(super) use connections::CONNECTIONS;
pub(super) use extensions::EXTENSIONS;
pub(super) use hba_rules::HBA_RULES;
pub(super) use public_grants::PUBLIC_GRANTS;
pub(super) use query::Query;
pub(super) use roles::ROLES;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use setting_overrides::SETTING_OVERRIDES;
pub(super) use settings::SETTINGS;
pub(super) use tables::TABLES;
