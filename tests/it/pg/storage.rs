//! Policies about storage: bloat, sizes, checksums, collations, temporary files.

use super::Recipe;

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[];
