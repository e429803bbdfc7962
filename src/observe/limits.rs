//! How many questions a target is asked at once, what waits between them, and what they cost.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fact::{Cause, Level, Missing};
use crate::probe::{Idle, Target};

/// After how long a database that has not answered all yet gets a second connection: one is enough for a small
/// one, and a large one should not be read one table after the other.
const SECOND: Duration = Duration::from_millis(300);

/// One target in one run.
pub(super) struct Limit {
    permits: Semaphore,
    /// Connections between two questions.
    pub(super) idle: Arc<Idle>,
    /// How many permits come later.
    later: usize,
    /// Why nobody is let in, once that took somebody's whole time: the others need not wait for the same.
    silent: OnceLock<Arc<Missing>>,
}

impl Limit {
    /// The limit of a target.
    pub(super) fn of(target: &Target) -> Self {
        let (now, later) = match (target.connections, &*target.kind) {
            (0, "postgres") => (1, 1),
            (0, "mysql" | "sqlite") => (2, 0),
            (0, "host") => (8, 0),
            (0, _) => (16, 0),
            (own, _) => (own, 0),
        };
        Self { permits: Semaphore::new(now), idle: Arc::default(), later, silent: OnceLock::new() }
    }

    /// Waits until a question may be asked; nothing if the run is over.
    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// Why nobody is let in, as far as that is known.
    pub(super) fn silent(&self) -> Option<&Arc<Missing>> {
        self.silent.get()
    }

    /// Notes that a database let nobody in. A service has many addresses, and a question says which.
    pub(super) fn heard(&self, target: &Target, why: Option<&Missing>) {
        let is_database = matches!(&*target.kind, "postgres" | "mysql" | "pgbouncer" | "redis");
        let lets_nobody_in = |why: &&Missing| why.level == Level::Target && why.cause == Cause::Timeout;
        if let Some(why) = why.filter(lets_nobody_in).filter(|_| is_database) {
            self.silent.get_or_init(|| Arc::new(why.clone()));
        }
    }

    /// Gives the permits that come later.
    pub(super) async fn grow(self: Arc<Self>) {
        if self.later > 0 {
            tokio::time::sleep(SECOND).await;
            self.permits.add_permits(self.later);
        }
    }
}

/// What one answer cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Whom.
    pub target: Arc<str>,
    /// Which probe.
    pub probe: Arc<str>,
    /// How long the answer took, the wait for its turn not counted.
    pub took: Duration,
    /// Statements that a database was asked.
    pub statements: u32,
    /// How long it took to answer them, in microseconds.
    pub asked: u64,
    /// Rows of the answer.
    pub rows: u64,
}

/// What all answers of a run cost.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<Spent>>>);

impl Ledger {
    pub(super) fn add(&self, spent: Spent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(spent);
    }

    /// All, the dearest first.
    pub fn take(&self) -> Vec<Spent> {
        let mut all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.sort_by(|one, two| two.took.cmp(&one.took).then_with(|| one.probe.cmp(&two.probe)));
        all
    }
}
