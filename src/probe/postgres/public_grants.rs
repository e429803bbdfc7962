//! `postgres.public_grants`: what every role may do.

use super::reading::Reading;

/// The body of `postgres.public_grants`.
pub(in crate::probe) static PUBLIC_GRANTS: Reading = Reading::each(include_str!("queries/public_grants.sql"));
