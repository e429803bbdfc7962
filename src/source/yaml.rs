//! YAML text to a tree that knows the place of every key and value.
