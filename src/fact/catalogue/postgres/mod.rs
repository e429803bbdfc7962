//! Declarations of the `postgres` area.

use crate::fact::{ParamDecl, Ty, param};

mod autovacuum;
mod blockers;
mod connections;
mod prepared_transactions;
mod query;
mod sequences;
mod server;
mod sessions;
mod tables;
mod vacuum_due;
mod xmin_holders;

pub(super) use autovacuum::AUTOVACUUM;
pub(super) use blockers::BLOCKERS;
pub(super) use connections::CONNECTIONS;
pub(super) use prepared_transactions::PREPARED_TRANSACTIONS;
pub(super) use query::QUERY;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use sessions::SESSIONS;
pub(super) use tables::TABLES;
pub(super) use vacuum_due::VACUUM_DUE;
pub(super) use xmin_holders::XMIN_HOLDERS;

/// What most of the facts about other sessions and about files of the server need.
const MONITOR: &str = "GRANT pg_monitor";

/// Which schemas are looked at.
const SCHEMAS: ParamDecl =
    param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given");

/// The argument that limits the answer.
const fn most_rows(doc: &'static str) -> ParamDecl {
    param("max_rows", Ty::Int, "200_000", doc).default("200_000")
}
