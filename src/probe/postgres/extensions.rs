//! `postgres.extensions`: what is installed, and what the server's files have.

use super::reading::Reading;

/// The body of `postgres.extensions`.
pub(in crate::probe) static EXTENSIONS: Reading = Reading::each(include_str!("queries/extensions.sql"));
