//! Other texts in place of scalars of a file; comments, quotes and layout stay as they are.
//!
//! An edit is believed only when it was read back: the new text has to be the same tree with the new texts in it.

use std::ops::Range;
use std::sync::Arc;

use super::{Kind, Limits, Node, Scalar, Style, parse, quoted};
use crate::source::{Loc, Source};

/// Another text for the scalar that stands at a place.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The scalar.
    pub node: Node,
    /// What it shall say.
    pub to: String,
}

/// The text of a source with other texts in place of some of its scalars; the error is a sentence that begins with
/// the place.
pub fn edit(source: &Arc<Source>, edits: &[Edit]) -> Result<String, String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.node.loc.start);
    edits.dedup_by(|later, first| later.node.loc == first.node.loc && later.to == first.to);
    let twice = edits.windows(2).find_map(|two| match two {
        [one, two] if one.node.loc == two.node.loc => Some(&one.node.loc),
        _ => None,
    });
    if let Some(loc) = twice {
        return Err(format!("{loc}: an alias shares this text, and two different ones are wanted"));
    }
    let mut pieces = Vec::with_capacity(edits.len());
    for edit in &edits {
        let fits = |piece: &(Range<usize>, String)| {
            put(&source.text, std::slice::from_ref(piece)).is_some_and(|text| reads(source, &text, &[edit]))
        };
        let piece = written(edit).into_iter().find(fits);
        pieces.push(piece.ok_or_else(|| format!("{}: the text cannot be written here", edit.node.loc))?);
    }
    let text = put(&source.text, &pieces).filter(|text| reads(source, text, &edits));
    text.ok_or_else(|| format!("{}: the new texts cannot be written together", source.name))
}

/// The text with pieces put in place of ranges, which ascend.
fn put(text: &str, pieces: &[(Range<usize>, String)]) -> Option<String> {
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, piece) in pieces {
        out.push_str(text.get(at..range.start)?);
        out.push_str(piece);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Ways to write a text where another stands, that of the file first.
fn written(edit: &Edit) -> Vec<(Range<usize>, String)> {
    let Kind::Scalar(scalar) = &edit.node.kind else { return Vec::new() };
    let loc = &edit.node.loc;
    let whole = loc.start as usize..loc.end as usize;
    let (to, one_line) = (&*edit.to, !edit.to.contains(['\n', '\r']));
    let mut ways = Vec::new();
    match scalar.style {
        Style::Plain if one_line && to.trim() == to => ways.push((whole.clone(), to.to_owned())),
        Style::Single if one_line => ways.push((whole.clone(), format!("'{}'", to.replace('\'', "''")))),
        Style::Literal | Style::Folded => {
            ways.extend(block(loc, to, scalar.style));
            ways.extend(instead(loc, to));
        }
        _ => {}
    }
    if !matches!(scalar.style, Style::Literal | Style::Folded) {
        ways.push((whole, quoted(to)));
    }
    ways
}

/// The lines of a block in place of those that stand there.
fn block(loc: &Loc, to: &str, style: Style) -> Option<(Range<usize>, String)> {
    let source = &*loc.source.text;
    let begin = source.get(..loc.start as usize)?.rfind('\n')? + 1;
    let indent = source.get(begin..loc.start as usize)?;
    if !indent.trim().is_empty() {
        return None;
    }
    let end = begin + source.get(begin..loc.end as usize)?.trim_end().len();
    // A break of a folded block is written as an empty line.
    let between = if style == Style::Folded { "\n\n" } else { "\n" };
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{indent}{line}") };
    Some((begin..end, to.trim_end().split('\n').map(line).collect::<Vec<_>>().join(between)))
}

/// A quoted text in place of a whole block, header included.
fn instead(loc: &Loc, to: &str) -> Option<(Range<usize>, String)> {
    let source = &*loc.source.text;
    let header = source.get(..loc.start as usize)?.rfind(['|', '>'])?;
    let end = loc.start as usize + source.get(loc.start as usize..loc.end as usize)?.trim_end().len();
    Some((header..end, quoted(to)))
}

/// Is the new text the same tree, with the new texts where they belong?
fn reads(source: &Arc<Source>, text: &str, edits: &[&Edit]) -> bool {
    let (old, new) =
        (parse(source, &Limits::default()), parse(&Source::new(&*source.name, text), &Limits::default()));
    let (Ok(old), Ok(new)) = (old, new) else { return false };
    old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| same(&old.root, &new.root, edits))
}

fn same(old: &Node, new: &Node, edits: &[&Edit]) -> bool {
    match (&old.kind, &new.kind) {
        (Kind::Scalar(was), Kind::Scalar(is)) => {
            let edit = edits
                .iter()
                .find(|edit| edit.node.loc.start == old.loc.start && edit.node.loc.end == old.loc.end);
            edit.map_or_else(|| was == is, |edit| is_text(is) && is.text.trim_end() == edit.to.trim_end())
        }
        (Kind::Seq(was), Kind::Seq(is)) => {
            was.len() == is.len() && was.iter().zip(is).all(|(old, new)| same(old, new, edits))
        }
        (Kind::Map(was), Kind::Map(is)) => {
            let pair = |((key, value), (new_key, new_value)): (&(Node, Node), &(Node, Node))| {
                same(key, new_key, edits) && same(value, new_value, edits)
            };
            was.len() == is.len() && was.iter().zip(is).all(pair)
        }
        _ => false,
    }
}

fn is_text(scalar: &Scalar) -> bool {
    matches!(scalar.core(), super::Core::Str(_))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(source: &Arc<Source>, key: &str) -> Node {
        parse(source, &Limits::default()).unwrap()[0].root.get(key).unwrap().clone()
    }

    /// The file with another text at `m`.
    fn edited(text: &str, to: &str) -> Result<String, String> {
        let source = Source::new("t.yaml", text);
        edit(&source, &[Edit { node: node(&source, "m"), to: to.to_owned() }])
    }

    #[test]
    fn the_way_it_is_written_stays() {
        for (from, to, text) in [
            ("m: a b   # why\nn: 1\n", "c d", "m: c d   # why\nn: 1\n"),
            ("m: 'a'   # why\n", "it's", "m: 'it''s'   # why\n"),
            ("m: \"a\" # why\n", "b\nc", "m: \"b\\nc\" # why\n"),
            ("m: a # why\n", "b: c", "m: \"b: c\" # why\n"),
            ("m: a # why\n", "12", "m: \"12\" # why\n"),
            ("{ m: a, n: b } # why\n", "c, d", "{ m: \"c, d\", n: b } # why\n"),
            ("m: |\n  a\n  b\n\n# why\nn: 1\n", "c\n\n  d", "m: |\n  c\n\n    d\n\n# why\nn: 1\n"),
            ("m: |\n  a\n  b\nn: 1", "c", "m: |\n  c\nn: 1"),
            ("m: >-\n  a\n  b\n# why\n", "c d", "m: >-\n  c d\n# why\n"),
        ] {
            assert_eq!(edited(from, to).as_deref(), Ok(text), "{from}");
        }
    }

    #[test]
    fn a_text_that_an_alias_shares_is_one_text() {
        let source = Source::new("t.yaml", "a: &x one\nb: *x\n");
        let of = |key: &str, to: &str| Edit { node: node(&source, key), to: to.to_owned() };
        assert_eq!(edit(&source, &[of("a", "two"), of("b", "two")]).as_deref(), Ok("a: &x two\nb: *x\n"));
        assert!(edit(&source, &[of("a", "two"), of("b", "three")]).unwrap_err().contains("t.yaml:1:7"));
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_reads_back_and_nothing_else_changes(to in ".*", style in 0..5usize) {
            let text = [
                "# a\nm: a # b\nn: [1, 2]\n",
                "# a\nm: 'a' # b\nn: [1, 2]\n",
                "# a\nm: \"a\" # b\nn: [1, 2]\n",
                "# a\nm: |\n  a\n  b\n# b\nn: [1, 2]\n",
                "# a\nm: >\n  a\n  b\n# b\nn: [1, 2]\n",
            ][style];
            if let Ok(new) = edited(text, &to) {
                let source = Source::new("t.yaml", &*new);
                let read = node(&source, "m");
                prop_assert_eq!(read.as_str().unwrap().trim_end(), to.trim_end());
                prop_assert!(new.starts_with("# a\nm:") && new.contains("# b\n") && new.ends_with("n: [1, 2]\n"));
            } else {
                prop_assert!(to.trim_end() != to || to.contains('\r') || style > 2, "{:?} was not written", to);
            }
        }
    }
}
