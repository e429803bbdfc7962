//! Versions compared number by number: `15.10` is newer than `15.9`, and `15.4-rc1` comes before `15.4`.

use std::cmp::Ordering;

/// Words of what is made before a release, in their order. Short ones count only before a number: `1.1.1a` of
/// OpenSSL is a later one.
const BEFORE: &[(&str, u8)] = &[
    ("snapshot", 0),
    ("nightly", 0),
    ("devel", 0),
    ("dev", 0),
    ("alpha", 1),
    ("a", 1),
    ("beta", 2),
    ("b", 2),
    ("preview", 3),
    ("pre", 3),
    ("milestone", 3),
    ("m", 3),
    ("rc", 4),
    ("cr", 4),
];

/// Leading numbers of a version text, and what follows them; `None` if it does not begin with one.
fn parts(text: &str) -> Option<(Vec<u64>, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (head, rest) = text.split_at(end);
    let numbers = numbers(head);
    if numbers.is_empty() { None } else { Some((numbers, rest)) }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split('.').filter(|part| !part.is_empty()).map_while(|part| part.parse().ok()).collect()
}

/// How far before its release: the rank of its word, and its numbers. `None` is a release, or a build of one.
fn before(rest: &str) -> Option<(u8, Vec<u64>)> {
    let rest = rest.trim_start_matches(['-', '~', '_', ' ']).to_ascii_lowercase();
    let found = BEFORE.iter().find_map(|(word, rank)| {
        let after = rest.strip_prefix(word)?;
        let number = after.trim_start_matches(['-', '.', '_']);
        let counts = number.starts_with(|c: char| c.is_ascii_digit());
        let ends = !after.starts_with(|c: char| c.is_ascii_alphabetic());
        (counts || (word.len() > 1 && ends)).then_some((*rank, number.to_owned()))
    });
    let (rank, number) = found?;
    let end = number.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(number.len());
    Some((rank, numbers(number.split_at(end).0)))
}

/// Missing numbers count as zero.
fn by_number(a: &[u64], b: &[u64]) -> Ordering {
    let at = |parts: &[u64], index: usize| parts.get(index).copied().unwrap_or(0);
    let orders = (0..a.len().max(b.len())).map(|index| at(a, index).cmp(&at(b, index)));
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Compares two versions.
pub(crate) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let ((a, rest_a), (b, rest_b)) = (parts(a)?, parts(b)?);
    Some(by_number(&a, &b).then_with(|| match (before(rest_a), before(rest_b)) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some((a, x)), Some((b, y))) => a.cmp(&b).then_with(|| by_number(&x, &y)),
    }))
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

    #[test]
    fn what_is_made_before_a_release_comes_before_it() {
        let order = [
            "15.3",
            "15.4devel",
            "15.4-alpha",
            "15.4-alpha.2",
            "15.4beta1",
            "15.4~beta2",
            "15.4-RC1",
            "15.4rc2",
            "15.4-rc10",
            "15.4-rc10.0.0.1",
            "15.4",
            "15.5b1",
            "15.5",
        ];
        for (at, one) in order.iter().enumerate() {
            for (other_at, other) in order.iter().enumerate() {
                assert_eq!(compare(one, other), Some(at.cmp(&other_at)), "{one} {other}");
            }
        }
        for build in
            ["15.4-MariaDB", "15.4 (Debian 15.4-1)", "15.4-1", "15.4+dfsg", "15.4a", "15.4p1", "15.4-prefix"]
        {
            assert_eq!(compare(build, "15.4"), Some(Ordering::Equal), "{build}");
        }
    }
}
