//! Declarations of the `postgres` area.

use crate::fact::{ParamDecl, Ty, param};

mod connections;
mod constraints;
mod foreign_keys;
mod indexes;
mod partitions;
mod query;
mod sequences;
mod server;
mod tables;
mod triggers;

pub(super) use connections::CONNECTIONS;
pub(super) use constraints::CONSTRAINTS;
pub(super) use foreign_keys::FOREIGN_KEYS;
pub(super) use indexes::INDEXES;
pub(super) use partitions::PARTITIONS;
pub(super) use query::QUERY;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use tables::TABLES;
pub(super) use triggers::TRIGGERS;

/// What most of the facts about other sessions and about files of the server need.
const MONITOR: &str = "GRANT pg_monitor";

/// Which schemas are looked at.
const SCHEMAS: ParamDecl =
    param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given");

/// The argument that limits the answer.
const fn most_rows(doc: &'static str) -> ParamDecl {
    param("max_rows", Ty::Int, "200_000", doc).default("200_000")
}
