//! Declarations of the `postgres` area.

use crate::fact::{ParamDecl, Ty, param};

mod config;
mod connections;
mod extensions;
mod query;
mod roles;
mod sequences;
mod server;
mod settings;
mod tables;

pub(super) use config::{CONFIG_ERRORS, HBA_RULES};
pub(super) use connections::CONNECTIONS;
pub(super) use extensions::EXTENSIONS;
pub(super) use query::QUERY;
pub(super) use roles::{PUBLIC_GRANTS, ROLES};
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use settings::{SETTING_OVERRIDES, SETTINGS};
pub(super) use tables::TABLES;

/// What most of the facts about other sessions and about files of the server need.
const MONITOR: &str = "GRANT pg_monitor";

/// Which schemas are looked at.
const SCHEMAS: ParamDecl =
    param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given");

/// The argument that limits the answer.
const fn most_rows(doc: &'static str) -> ParamDecl {
    param("max_rows", Ty::Int, "200_000", doc).default("200_000")
}
