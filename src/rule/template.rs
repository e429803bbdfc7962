//! Texts with holes: `{{ expression }}` and nothing else.
