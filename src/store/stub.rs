//! A build without SQLite says so.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Begun, ExportError, Item, Keeping, Ledger, Standing, StoreError, StoredFinding, StoredRun, StoredSample,
    Take, Watched,
};
use crate::fact::{Key, Past, PastRequest, Recording, Schema};
use crate::verdict::{Recall, RunReport, RunView};

/// The memory of muster, which this build lacks; there is never a value of it.
#[derive(Debug)]
pub struct Store(Infallible);

#[expect(clippy::unused_async, reason = "the same signatures as where there is a store")]
#[expect(missing_docs, reason = "as where there is a store")]
impl Store {
    pub async fn open(_path: &Path) -> Result<Self, StoreError> {
        Err(StoreError::NotBuilt)
    }

    pub async fn remember(&self, _: &RunReport, _: Option<&Recording>) -> Result<i64, StoreError> {
        match self.0 {}
    }

    pub async fn recall(&self, _: &[(Arc<str>, Arc<str>)], _: Timestamp) -> Result<Recall, StoreError> {
        match self.0 {}
    }

    pub async fn finding(&self, _: &str) -> Result<Vec<StoredFinding>, StoreError> {
        match self.0 {}
    }

    pub async fn runs(&self, _: u32) -> Result<Vec<StoredRun>, StoreError> {
        match self.0 {}
    }

    pub async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        match self.0 {}
    }

    pub async fn recording(&self, _: i64) -> Result<Option<Recording>, StoreError> {
        match self.0 {}
    }

    pub async fn samples(
        &self,
        _: &str,
        _: &str,
        _: Option<&str>,
        _: Timestamp,
    ) -> Result<Vec<StoredSample>, StoreError> {
        match self.0 {}
    }

    pub async fn past(&self, _: &[PastRequest], _: Timestamp) -> Result<Past, StoreError> {
        match self.0 {}
    }

    pub async fn questions(&self) -> Result<Vec<Key>, StoreError> {
        match self.0 {}
    }

    pub async fn schema(&self, _: &Key, _: Timestamp) -> Result<Option<Arc<Schema>>, StoreError> {
        match self.0 {}
    }

    pub async fn watch(
        &self,
        _: &Key,
        _: &[Arc<str>],
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Watched, StoreError> {
        match self.0 {}
    }

    pub async fn view(&self, _: i64) -> Result<RunView, StoreError> {
        match self.0 {}
    }

    pub async fn ledger(&self, _: Timestamp, _: Timestamp) -> Result<Ledger, StoreError> {
        match self.0 {}
    }

    pub async fn newest(&self, _: Timestamp) -> Result<Vec<StoredVerdict>, StoreError> {
        match self.0 {}
    }

    pub async fn standing(&self) -> Result<Vec<Standing>, StoreError> {
        match self.0 {}
    }

    pub fn note_due(&self, _: &str, _: Timestamp) {
        match self.0 {}
    }

    pub async fn prune(&self, _: Timestamp) -> Result<u64, StoreError> {
        match self.0 {}
    }

    pub async fn outlived(&self, _: &Keeping, _: Timestamp) -> Result<Vec<i64>, StoreError> {
        match self.0 {}
    }

    pub async fn forget(&self, _: &[i64]) -> Result<u64, StoreError> {
        match self.0 {}
    }

    pub async fn export(&self, _: Take<'_>) -> Result<(), ExportError> {
        match self.0 {}
    }

    pub async fn import(&self, _: &[Item]) -> Result<u64, StoreError> {
        match self.0 {}
    }

    pub async fn close(self) {
        match self.0 {}
    }
}

/// What a run saw, which this build cannot keep.
#[derive(Debug)]
pub struct Seen(Infallible);

/// A run that is ready to be saved, of which this build has none.
#[derive(Debug)]
pub struct Draft(Infallible);

/// The mark of a run, which this build cannot leave.
#[derive(Debug)]
pub struct Mark(Infallible);

/// The runs that wait beside a store; there is never a value of it.
#[derive(Debug)]
pub struct Inbox(Infallible);

#[expect(missing_docs, reason = "as where there is a store")]
impl Seen {
    pub fn of(_: &str, _: &Recording) -> Result<Self, StoreError> {
        Err(StoreError::NotBuilt)
    }
}

#[expect(missing_docs, reason = "as where there is a store")]
impl Draft {
    pub fn of(_: &str, _: &RunReport, _: Option<Seen>) -> Result<Self, StoreError> {
        Err(StoreError::NotBuilt)
    }

    pub fn promising(self, _: Option<&Arc<str>>, _: &str) -> Self {
        match self.0 {}
    }

    pub fn otherwise(self) -> Self {
        match self.0 {}
    }
}

#[expect(missing_docs, reason = "as where there is a store")]
impl Inbox {
    pub fn open(_: &Path) -> Result<Self, StoreError> {
        Err(StoreError::NotBuilt)
    }

    pub fn is_due(&self) -> bool {
        match self.0 {}
    }

    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        match self.0 {}
    }

    pub fn path(&self) -> &str {
        match self.0 {}
    }

    pub fn begin(&self, _: Begun) -> Option<Mark> {
        match self.0 {}
    }

    pub fn knows(&self, _: &str) -> bool {
        match self.0 {}
    }

    pub fn promise(&self, _: &str, _: &str) -> Result<(), StoreError> {
        match self.0 {}
    }

    pub fn next_due(&self, _: &str) -> Option<Timestamp> {
        match self.0 {}
    }

    pub fn save(&self, _: &Draft) -> Result<(), StoreError> {
        match self.0 {}
    }

    pub fn end(&self, _: Mark, _: &Draft) -> Result<(), StoreError> {
        match self.0 {}
    }
}

/// Nothing is noted of a store that nobody can open.
pub fn forget_note(_path: &Path) {}

/// Is anything remembered? Whoever opens it is told that this build cannot.
pub fn is_there(path: &Path) -> Result<bool, StoreError> {
    Ok(path.exists())
}
