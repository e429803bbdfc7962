//! `postgres.triggers`: when they fire.

use super::reading::Reading;

/// The body of `postgres.triggers`.
pub(in crate::probe) static TRIGGERS: Reading = Reading::each(include_str!("queries/triggers.sql"));
