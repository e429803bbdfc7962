//! The bodies that look at real systems. The only module, with `observe`, that touches the observed world.
//!
//! A body gets an [`Ask`] and a [`Context`] and returns a table or one [`Missing`]. It never decides
//! whether something is bad, never turns an error into an empty answer, and never outlives its deadline.

mod certificate;
mod command;
mod context;
#[cfg(feature = "sql")]
mod data;
pub(crate) mod decode;
mod disk;
mod file;
pub(crate) mod idle;
mod job;
pub(crate) mod json;
#[cfg(feature = "sql")]
mod mysql;
#[cfg(feature = "net")]
mod net;
pub(crate) mod path;
#[cfg(feature = "sql")]
mod pgbouncer;
#[cfg(feature = "sql")]
mod postgres;
mod project;
#[cfg(feature = "sql")]
mod rows;
#[cfg(feature = "sql")]
mod sql;
#[cfg(feature = "sql")]
mod sqlite;
pub(crate) mod stop;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod users;
pub(crate) mod walk;
pub(crate) mod x509;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

pub use idle::{Idle, Meter};
pub use project::evidence_state;

pub use context::{Clock, Context, Databases, Other, SystemClock, Target, TlsFiles};

use crate::fact::{Identity, Missing, Request, Table, TableBuilder};

use stop::Stop;

/// A boxed future, so that bodies can stand in a static slice.
pub type Observing<'a> = Pin<Box<dyn Future<Output = Result<Answer, Missing>> + Send + 'a>>;

/// What a body returns.
#[derive(Debug)]
pub struct Answer {
    /// The facts.
    pub table: Table,
    /// The target's own clock.
    pub source_clock: Option<Timestamp>,
    /// Who answered.
    pub identity: Identity,
}

impl Answer {
    /// An answer of this machine.
    pub fn new(table: Table) -> Self {
        Self { table, source_clock: None, identity: Identity::default() }
    }

    /// The same, with who answered.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// The same, with the target's clock.
    pub fn clock(mut self, clock: Option<Timestamp>) -> Self {
        self.source_clock = clock;
        self
    }
}

/// A question for a body.
pub struct Ask<'a> {
    /// Arguments, schema, declared facts, wants.
    pub request: &'a Request,
    /// How many rows may be returned.
    pub max_rows: usize,
}

impl Ask<'_> {
    /// An empty table of the right shape and budget.
    pub fn table(&self) -> TableBuilder {
        TableBuilder::new(&self.request.schema, self.max_rows)
    }
}

/// A body.
pub trait Probe: Sync {
    /// Looks.
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a>;

    /// Facts that the target tells from a later major version on than the oldest that is understood.
    fn since(&self) -> Vec<(&'static str, i64)> {
        Vec::new()
    }
}

/// The bodies of this build by the name of their declaration. A test compares this with the catalogue.
static BODIES: &[(&str, &dyn Probe)] = &[
    ("attestation.latest", &project::Latest),
    ("certificate.file", &certificate::File),
    ("command.output", &command::Output),
    #[cfg(feature = "sql")]
    ("data.compare", &data::Compare),
    #[cfg(feature = "sql")]
    ("data.files", &data::Files),
    #[cfg(feature = "sql")]
    ("data.fingerprints", &data::Fingerprints),
    #[cfg(feature = "sql")]
    ("data.row_counts", &data::RowCounts),
    #[cfg(feature = "sql")]
    ("data.schema", &data::Schema),
    ("disk.usage", &disk::Usage),
    ("file.set", &file::Set),
    ("file.stat", &file::Stat),
    ("file.tree", &file::Tree),
    ("file.volume", &file::Volume),
    #[cfg(feature = "net")]
    ("http.response", &net::Response),
    ("job.canary", &job::Canary),
    ("job.finished", &job::Finished),
    #[cfg(feature = "sql")]
    ("mysql.query", &mysql::Query),
    #[cfg(feature = "sql")]
    ("pgbouncer.pools", &pgbouncer::Pools),
    #[cfg(feature = "sql")]
    ("postgres.autovacuum", &postgres::AUTOVACUUM),
    #[cfg(feature = "sql")]
    ("postgres.blockers", &postgres::BLOCKERS),
    #[cfg(feature = "sql")]
    ("postgres.collations", &postgres::COLLATIONS),
    #[cfg(feature = "sql")]
    ("postgres.config_errors", &postgres::CONFIG_ERRORS),
    ("postgres.config_files", &postgres::CONFIG_FILES),
    #[cfg(feature = "sql")]
    ("postgres.connections", &postgres::CONNECTIONS),
    #[cfg(feature = "sql")]
    ("postgres.constraints", &postgres::CONSTRAINTS),
    #[cfg(feature = "sql")]
    ("postgres.databases", &postgres::DATABASES),
    #[cfg(feature = "sql")]
    ("postgres.extensions", &postgres::EXTENSIONS),
    #[cfg(feature = "sql")]
    ("postgres.foreign_keys", &postgres::FOREIGN_KEYS),
    #[cfg(feature = "sql")]
    ("postgres.hba_rules", &postgres::HBA_RULES),
    #[cfg(feature = "sql")]
    ("postgres.index_bloat", &postgres::INDEX_BLOAT),
    #[cfg(feature = "sql")]
    ("postgres.index_checks", &postgres::INDEX_CHECKS),
    #[cfg(feature = "sql")]
    ("postgres.indexes", &postgres::INDEXES),
    #[cfg(feature = "sql")]
    ("postgres.partitions", &postgres::PARTITIONS),
    #[cfg(feature = "sql")]
    ("postgres.prepared_transactions", &postgres::PREPARED_TRANSACTIONS),
    #[cfg(feature = "sql")]
    ("postgres.public_grants", &postgres::PUBLIC_GRANTS),
    #[cfg(feature = "sql")]
    ("postgres.query", &postgres::Query),
    #[cfg(feature = "sql")]
    ("postgres.replicas", &postgres::REPLICAS),
    #[cfg(feature = "sql")]
    ("postgres.roles", &postgres::ROLES),
    #[cfg(feature = "sql")]
    ("postgres.sequences", &postgres::SEQUENCES),
    #[cfg(feature = "sql")]
    ("postgres.server", &postgres::SERVER),
    #[cfg(feature = "sql")]
    ("postgres.sessions", &postgres::SESSIONS),
    #[cfg(feature = "sql")]
    ("postgres.setting_overrides", &postgres::SETTING_OVERRIDES),
    #[cfg(feature = "sql")]
    ("postgres.settings", &postgres::SETTINGS),
    #[cfg(feature = "sql")]
    ("postgres.slots", &postgres::SLOTS),
    #[cfg(feature = "sql")]
    ("postgres.standby", &postgres::STANDBY),
    #[cfg(feature = "sql")]
    ("postgres.subscriptions", &postgres::SUBSCRIPTIONS),
    #[cfg(feature = "sql")]
    ("postgres.table_bloat", &postgres::TABLE_BLOAT),
    #[cfg(feature = "sql")]
    ("postgres.tables", &postgres::TABLES),
    #[cfg(feature = "sql")]
    ("postgres.triggers", &postgres::TRIGGERS),
    #[cfg(feature = "sql")]
    ("postgres.vacuum_due", &postgres::VACUUM_DUE),
    #[cfg(feature = "sql")]
    ("postgres.wal", &postgres::WAL),
    #[cfg(feature = "sql")]
    ("postgres.xmin_holders", &postgres::XMIN_HOLDERS),
    ("project.checks", &project::CHECKS),
    ("project.controls", &project::CONTROLS),
    ("project.exceptions", &project::EXCEPTIONS),
    ("project.findings", &project::FINDINGS),
    ("project.runs", &project::RUNS),
    ("project.targets", &project::TARGETS),
    #[cfg(feature = "sql")]
    ("sqlite.database", &sqlite::Database),
    #[cfg(feature = "sql")]
    ("sqlite.query", &sqlite::Query),
    #[cfg(feature = "sql")]
    ("sqlite.tables", &sqlite::Tables),
    #[cfg(feature = "net")]
    ("tcp.port", &net::Port),
    #[cfg(feature = "net")]
    ("tls.chain", &net::Chain),
];

/// The body of a probe.
pub fn body(name: &str) -> Option<&'static dyn Probe> {
    BODIES.iter().find(|(known, _)| *known == name).map(|(_, body)| *body)
}

/// Runs blocking work on a thread of its own; the caller's deadline holds even if it never returns.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Missing> + Send + 'static,
) -> Result<T, Missing> {
    let task = tokio::task::spawn_blocking(work).await;
    task.unwrap_or_else(|error| {
        Err(Missing::new(crate::fact::Cause::Internal, format!("a probe ended: {error}")))
    })
}

/// The answer of a body that looks at this machine on a thread of its own, which stops when nobody waits for it
/// any more.
pub(crate) fn on_a_thread<'a>(
    ask: &Ask<'_>,
    cx: &Context,
    look: impl FnOnce(&Request, TableBuilder, &Stop) -> Result<Table, Missing> + Send + 'static,
) -> Observing<'a> {
    let (request, table) = (ask.request.clone(), ask.table());
    let (stop, guard) = Stop::new(cx);
    Box::pin(async move {
        let table = blocking(move || look(&request, table, &stop)).await;
        drop(guard);
        table.map(Answer::new)
    })
}

/// A clock for tests and contexts.
pub fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::catalogue::PROBES;

    #[test]
    fn every_declaration_that_is_built_has_its_body() {
        let declared: Vec<&str> =
            PROBES.iter().filter(|probe| probe.is_built()).map(|probe| probe.name).collect();
        let bodies: Vec<&str> = BODIES.iter().map(|(name, _)| *name).collect();
        assert_eq!(declared, bodies, "both are sorted by name");
        assert!(declared.is_sorted());
    }
}
