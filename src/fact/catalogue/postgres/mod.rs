//! Declarations of the `postgres` area.

use crate::fact::{ParamDecl, Ty, param};

mod connections;
mod query;
mod replicas;
mod sequences;
mod server;
mod slots;
mod standby;
mod subscriptions;
mod tables;
mod wal;

pub(super) use connections::CONNECTIONS;
pub(super) use query::QUERY;
pub(super) use replicas::REPLICAS;
pub(super) use sequences::SEQUENCES;
pub(super) use server::SERVER;
pub(super) use slots::SLOTS;
pub(super) use standby::STANDBY;
pub(super) use subscriptions::SUBSCRIPTIONS;
pub(super) use tables::TABLES;
pub(super) use wal::WAL;

/// What most of the facts about other sessions and about files of the server need.
const MONITOR: &str = "GRANT pg_monitor";

/// Which schemas are looked at.
const SCHEMAS: ParamDecl =
    param("schemas", Ty::Texts, "[public]", "only these schemas; all but the system's if not given");

/// The argument that limits the answer.
const fn most_rows(doc: &'static str) -> ParamDecl {
    param("max_rows", Ty::Int, "200_000", doc).default("200_000")
}
