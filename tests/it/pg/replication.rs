//! Policies about replication, slots, the archive, WAL and pools.

use super::Recipe;

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[];
