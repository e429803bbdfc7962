//! Comments, which no tree has.

use std::ops::Range;
use std::sync::Arc;

use super::place::BREAK;
use super::{Kind, Limits, Node, parse};
use crate::source::{Loc, Source};

/// All comments of a text, each from its `#` to the end of its line; none of a text that is no YAML.
pub fn comments(source: &Arc<Source>) -> Vec<Loc> {
    let Ok(documents) = parse(source, &Limits::default()) else { return Vec::new() };
    let mut texts = Vec::new();
    documents.iter().for_each(|document| scalars(&document.root, &mut texts));
    texts.sort_by_key(|text| text.start);
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(start) = source.text.get(at..).and_then(|rest| rest.find('#')).map(|start| at + start) {
        let before = source.text.get(..start).and_then(|before| before.chars().next_back());
        // A value that holds it begins before it; values do not overlap, unless an alias repeats one.
        let next = texts.partition_point(|text: &Range<usize>| text.start <= start);
        let inside =
            next.checked_sub(1).and_then(|last| texts.get(last)).filter(|text| text.contains(&start));
        if let Some(text) = inside {
            at = text.end.max(start + 1);
            continue;
        }
        let is_one = before.is_none_or(|c| c == ' ' || c == '\t' || c == '\u{feff}' || BREAK.contains(&c));
        let rest = source.text.get(start..).unwrap_or("");
        let end = start + rest.find(BREAK).unwrap_or(rest.len());
        if is_one {
            found.push(Loc::new(source, start, end));
        }
        at = if is_one { end } else { start + 1 };
    }
    found
}

fn scalars(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Scalar(_) => found.push(node.loc.start as usize..node.loc.end as usize),
        Kind::Seq(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            scalars(key, found);
            scalars(value, found);
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        comments(&Source::new("t", text)).iter().map(|loc| loc.text().to_owned()).collect()
    }

    #[test]
    fn comments_are_found_wherever_they_may_stand() {
        let text = "# 1\n%YAML 1.2 # 2\n---  # 3\na: | # 4\n  # text\n# 5\nb: [ # 6\n 'x', # 7\r\n y#z ]\n\"c\": &a # 8\n  d\ne: # 9";
        assert_eq!(found(text), (1..10).map(|number| format!("# {number}")).collect::<Vec<_>>());
    }

    #[test]
    fn what_stands_in_a_value_is_none() {
        for text in ["a: 'x # y'", "a: \"x\n  # y\"", "a: >\n  x\n  # y\n", "a: b#c", "a: [", "a: |\n # x"] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
