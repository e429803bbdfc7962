//! A build without databases says so.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::{ExportError, Item, StoreError, Take};
use super::model::Forget;
use super::{Address, Caught, Extent, Sent, SharedError};

/// A store that is shared, which this build lacks; there is never a value of it.
pub struct Shared(Infallible);

#[expect(clippy::unused_async, reason = "the same signatures as where there is a store")]
#[expect(missing_docs, reason = "as where there is a store")]
impl Shared {
    pub fn new(_: Address, _: &Path) -> Result<Self, StoreError> {
        Err(StoreError::NotBuilt)
    }

    pub fn copy(&self) -> &Path {
        match self.0 {}
    }

    pub fn shown(&self) -> String {
        match self.0 {}
    }

    pub fn outbox(&self) -> PathBuf {
        match self.0 {}
    }

    pub async fn catch_up(&self, _: Timestamp) -> Result<Caught, StoreError> {
        match self.0 {}
    }

    pub async fn send(&self, _: Option<Forget<'_>>) -> Result<Sent, SharedError> {
        match self.0 {}
    }

    pub fn waiting(&self) -> Result<(usize, Option<Timestamp>), StoreError> {
        match self.0 {}
    }

    pub async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        match self.0 {}
    }

    pub async fn extent(&self) -> Result<Extent, SharedError> {
        match self.0 {}
    }

    pub async fn prune(&self, _: Timestamp, _: bool) -> Result<u64, SharedError> {
        match self.0 {}
    }

    pub async fn forget(&self, _: Vec<i64>) -> Result<u64, SharedError> {
        match self.0 {}
    }

    pub async fn older(&self, _: Timestamp) -> Result<u64, SharedError> {
        match self.0 {}
    }

    pub async fn export(&self, _: Take<'_>) -> Result<(), ExportError> {
        match self.0 {}
    }

    pub async fn import(&self, _: Vec<Item>) -> Result<u64, SharedError> {
        match self.0 {}
    }
}
