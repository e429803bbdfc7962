//! `postgres.prepared_transactions`: what two-phase commits have left.

use super::reading::{Reading, When};

/// The body of `postgres.prepared_transactions`. A replica shows none, whatever its primary has.
pub(in crate::probe) static PREPARED_TRANSACTIONS: Reading =
    Reading { needs: &[When::Primary], ..Reading::server(include_str!("queries/prepared_transactions.sql")) };
