//! Do two trees say the same? Places, notation and comments do not matter.

use super::{Kind, Node, Scalar};

/// The same keys and values in the same order, with the same tags, anchors and aliases.
pub fn same(a: &Node, b: &Node) -> bool {
    let tag = |node: &Node| node.tag().map(|tag| tag.text.clone());
    let text = |loc: Option<&crate::source::Loc>| loc.map(|loc| loc.text().to_owned());
    let marks =
        tag(a) == tag(b) && text(a.anchor()) == text(b.anchor()) && text(a.alias()) == text(b.alias());
    marks
        && match (&a.kind, &b.kind) {
            (Kind::Scalar(one), Kind::Scalar(other)) => same_scalar(one, other),
            (Kind::Seq(one), Kind::Seq(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
            }
            (Kind::Map(one), Kind::Map(other)) => {
                let pair =
                    |((key, value), (k, v)): (&(Node, Node), &(Node, Node))| same(key, k) && same(value, v);
                one.len() == other.len() && one.iter().zip(other).all(pair)
            }
            _ => false,
        }
}

/// `1` and `"1"` have one text and are two values.
fn same_scalar(one: &Scalar, other: &Scalar) -> bool {
    one.text == other.text && one.core() == other.core()
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, parse};
    use super::*;
    use crate::source::Source;

    fn alike(a: &str, b: &str) -> bool {
        let root = |text: &str| parse(&Source::new("t", text), &Limits::default()).unwrap().remove(0).root;
        same(&root(a), &root(b))
    }

    #[test]
    fn notation_does_not_matter_and_values_do() {
        assert!(alike("a: [1, 'x']", "# c\na:\n  - 1\n  - x\n"));
        assert!(alike("a: |\n  x\n", "a: \"x\\n\""));
        for (a, b) in [
            ("a: 1", "a: '1'"),
            ("a: 1", "a: 1.0"),
            ("a: [1]", "a: 1"),
            ("{ a: 1, b: 2 }", "{ b: 2, a: 1 }"),
            ("a: !x 1", "a: 1"),
            ("a: &x 1", "a: 1"),
            ("a: [1, 2]", "a: [1]"),
            ("a: ~", "a: null"),
        ] {
            assert!(!alike(a, b), "{a} and {b}");
        }
    }
}
