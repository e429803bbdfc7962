//! Names as SQL writes them.

use crate::probe::sql::quoted;

/// Quoted only where it has to be.
pub(in crate::probe) fn plain_or_quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| !c.is_ascii_digit());
    if plain { name.to_owned() } else { quoted(name) }
}
