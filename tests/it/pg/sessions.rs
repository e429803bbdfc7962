//! Policies about sessions, locks and what holds vacuum back.

use super::Recipe;

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[];
