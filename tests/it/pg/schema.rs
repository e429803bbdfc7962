//! Policies about the schema: indexes, keys, constraints, sequences, partitions.

use super::Recipe;

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[];
