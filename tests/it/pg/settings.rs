//! Policies about settings, extensions, roles and versions.

use super::Recipe;

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[];
