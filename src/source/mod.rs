//! Texts that people wrote and places in them.
//!
//! Everything later carries a [`Loc`], so that a finding can still point at the line of the policy that
//! set its limit. This module knows nothing of policies, facts or YAML's meaning.

mod embedded;
mod text;
pub mod yaml;

pub use embedded::Embedded;
pub use text::{Loc, Source};
