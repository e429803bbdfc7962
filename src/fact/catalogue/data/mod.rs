//! Declarations of the `data` area.

mod files;

pub(super) use files::FILES;
