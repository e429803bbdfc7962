//! Versions compared number by number: `15.10` is newer than `15.9`.

use std::cmp::Ordering;

/// Leading numbers of a version text; `None` if it does not begin with one.
fn parts(text: &str) -> Option<Vec<u64>> {
    let head = text.trim().split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
    let parts: Vec<u64> =
        head.split('.').filter(|part| !part.is_empty()).map_while(|part| part.parse().ok()).collect();
    if parts.is_empty() { None } else { Some(parts) }
}

/// Compares two versions; missing numbers count as zero.
pub(crate) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parts(a)?, parts(b)?);
    let length = a.len().max(b.len());
    let at = |parts: &[u64], index: usize| parts.get(index).copied().unwrap_or(0);
    (0..length)
        .map(|index| at(&a, index).cmp(&at(&b, index)))
        .find(|order| order.is_ne())
        .or(Some(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_not_letters_decide() {
        assert_eq!(compare("15.10", "15.9"), Some(Ordering::Greater));
        assert_eq!(compare("16", "16.0"), Some(Ordering::Equal));
        assert_eq!(compare("10.11.19-MariaDB", "10.11.2"), Some(Ordering::Greater));
        assert_eq!(compare("unknown", "1"), None);
    }
}
