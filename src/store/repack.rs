//! Runs of a store, packed again.

use super::{ExportError, Item, Store, StoreError, Take};

pub(super) async fn out(_: &Store, _: Take<'_>) -> Result<(), ExportError> {
    Err(StoreError::NotBuilt.into())
}

pub(super) async fn take(_: &Store, _: &[Item]) -> Result<u64, StoreError> {
    Err(StoreError::NotBuilt)
}
