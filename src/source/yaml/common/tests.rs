use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::super::build::general;
use super::*;
use crate::source::yaml::read_file;

/// What is read here is what the general parser reads, places included.
fn compare(text: &str) -> Result<bool, TestCaseError> {
    let source = Source::new("a.yaml", text);
    let limits = Limits::default();
    let Some((documents, charged)) = read(&source, 0..text.len(), &limits) else { return Ok(false) };
    let expected = match general(&source, &limits) {
        Ok(expected) => expected,
        Err(diag) => return Err(TestCaseError::fail(format!("{text:?} is refused: {}", diag.message))),
    };
    prop_assert_eq!(&documents, &expected, "{:?}", text);
    for (document, other) in documents.iter().zip(&expected) {
        prop_assert_eq!(places(&document.root), places(&other.root), "{:?}", text);
    }
    let nodes: usize = documents.iter().map(|document| places(&document.root).len()).sum();
    prop_assert_eq!(charged.nodes, nodes, "{:?}", text);
    Ok(true)
}

fn places(node: &Node) -> Vec<(u32, u32)> {
    let mut all = vec![(node.loc.start, node.loc.end)];
    all.extend(node.items().iter().flat_map(places));
    all.extend(node.pairs().iter().flat_map(|(key, value)| [places(key), places(value)].concat()));
    all
}

fn files(folder: &str) -> Vec<Arc<Source>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let all = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let yaml = all.filter(|entry| entry.path().extension().is_some_and(|end| end == "yaml"));
    yaml.map(|entry| read_file(entry.path(), &Limits::default()).unwrap()).collect()
}

#[test]
fn policies_are_read_alike() {
    let files = files("policies");
    let read = files.iter().filter(|file| compare(&file.text).unwrap()).count();
    assert!(files.len() > 50 && read * 2 > files.len(), "{read} of {}", files.len());
}

#[test]
fn what_it_knows_it_reads() {
    for text in [
        "a: 1\nb: two words # said\n",
        "---\na: x\n---\na: y\n",
        "# first\n\na:\n  # of b\n  b: c\n\n  d: e\nf: g",
        "a:\n- b\n- c: d\n  e: f\n-   g: h\n    i:\n    - j\nk: l\n",
        "a: { b: c, d: { e: [f, \"g\", 'h'] }, i: {}, j: [] } # k\n",
        "a: \"b \\\" c \\\\ d\"\ne: 'it''s'\nf: \"\"\ng: ''\n",
        "a: |\n  b\n\n    c # d\n\n\ne: |-\n    f\n# g\nh:\n  - |\n   i\n",
        "  a: b\n  c: d\n",
        "- a\n- b: c\n- [d]\n",
        "a: (b ?? 0) > 1.bytes && c-d < \"e\"\n",
        "ä: b\n",
    ] {
        let known = compare(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(known, !text.starts_with('ä'), "{text:?}");
    }
}

/// Each of these has something that is left to the general parser.
const UNKNOWN: &[&str] = &[
    "",
    "# a\n",
    "---\n",
    "a\n",
    "a: b\n---\n",
    "a:\n",
    "a: b\n c\n",
    "a: b: c\n",
    "a: b:\n",
    "a: - b\n",
    "? a\n",
    "a: &b c\n",
    "a: !b c\n",
    "a: *b\n",
    "a: >\n  b\n",
    "a: |2\n   b\n",
    "a: |\n  b",
    "a: |\n \n  b\n",
    "a: |\n\nb: c\n",
    "a: {b: c,}\n",
    "a: {b: c\n}\n",
    "a: [b: c]\n",
    "a: {b}\n",
    "a: {b:}\n",
    "a: {b: c}d\n",
    "a: {b: c}#d\n",
    "a: [b]: c\n",
    "a: \"b\\n\"\n",
    "a: \"b\nc\"\n",
    "a: \"b\": c\n",
    "a:\tb\n",
    "a: b\r\n",
    "a: b\n...\n",
    "%YAML 1.2\n---\na: b\n",
    "a:\n   b: c\n  d: e\n",
    "a: b\n c: d\n",
    "- a\nb: c\n",
    "- - a\n",
    "-\n  a\n",
    "--- a\n",
    "---  \na: b\n",
    "\u{feff}a: b\n",
    "a: @b\n",
    "a: `b`\n",
    "a: %b\n",
    "a: b\u{7f}\n",
    "a: b\u{85}c\n",
    "a: b\u{2028}c\n",
];

#[test]
fn what_it_does_not_know_is_left() {
    for text in UNKNOWN {
        let source = Source::new("a.yaml", *text);
        assert!(read(&source, 0..text.len(), &Limits::default()).is_none(), "{text:?}");
    }
}

#[test]
fn limits_hold() {
    let source = Source::new("a.yaml", "a: [[[b]]]\nc: d\n");
    let read = |limits| read(&source, 0..source.text.len(), &limits).is_some();
    let limits = Limits { depth: 4, nodes: 8, bytes: 100 };
    assert!(read(limits));
    assert!(!read(Limits { depth: 3, ..limits }));
    assert!(!read(Limits { nodes: 7, ..limits }));
    assert_eq!(
        general(&source, &Limits { depth: 3, ..limits }).err().map(|diag| diag.code),
        Some(&crate::diag::code::YAML_LIMIT)
    );
    assert!(general(&source, &Limits { nodes: 7, ..limits }).is_err() && general(&source, &limits).is_ok());
}

/// Pieces of which texts are made that look like files of ours, and almost like them.
const PIECES: &[&str] = &[
    "a",
    "b1",
    "key",
    "ä",
    "x y",
    "0.5",
    "-",
    "- ",
    "- - ",
    ": ",
    ":",
    "a: ",
    "b: ",
    "c:\n",
    "\n",
    "\n",
    "\n\n",
    "\n  ",
    "\n    ",
    "\n   ",
    "\n- ",
    "\n  - ",
    " ",
    "  ",
    "#",
    " # c",
    "\n# c\n",
    "\n  # c\n",
    "{",
    "}",
    "[",
    "]",
    "{ ",
    " }",
    ", ",
    ",",
    "\"",
    "'",
    "\"q\"",
    "'s'",
    "''",
    "\\",
    "\\\"",
    "|",
    "|-",
    "|\n",
    "|-\n  ",
    ">\n",
    "---\n",
    "\n---\n",
    "...\n",
    "&a ",
    "*a",
    "!t ",
    "?",
    "? ",
    "%",
    "@",
    "`",
    "~",
    "null",
    "(x ?? 0) > 1.bytes",
    "{{ v }}",
    "\t",
    "\r\n",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "😀",
];

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(PIECES)
}

fn pieces(most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..most).prop_map(|pieces| pieces.concat())
}

/// A value of a tree, to be written as people write it.
#[derive(Clone, Debug)]
enum Tree {
    Word(String),
    Flow(String),
    Block(&'static str, Vec<String>),
    Map(Vec<(String, Tree)>),
    List(Vec<Tree>),
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => "[a-z0-9(./~][a-z0-9é—.>()&?<=-]{0,6}( [a-z0-9.>()]{1,4}){0,2}",
        2 => "\"[ !#-\\[\\]-~ä]{0,10}\"",
        2 => "'[ -&(-~]{0,10}'",
        1 => "[a-z]{1,6} {1,3}# .{0,3}",
        1 => "[a-z0-9(./~][ -~äé—]{0,12}",
        1 => "[\"'][ -~]{0,8}[\"']",
    ]
}

/// Something in brackets, mostly sound.
fn flow() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![8 => "[a-z0-9][a-z0-9./ -]{0,4}[a-z0-9]", 2 => "\"[a-z,:{}# ]{0,5}\"", 1 => "[ -~]{0,4}"];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let pairs = prop::collection::vec(("[a-z0-9_]{1,3}", inner.clone()), 0..3);
        let pairs = pairs.prop_map(|all| {
            all.into_iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>()
        });
        prop_oneof![
            (pairs, " ?").prop_map(|(all, space)| format!("{{{space}{}{space}}}", all.join(", "))),
            (prop::collection::vec(inner, 0..3), " {0,2}")
                .prop_map(|(all, space)| format!("[{}{space}]", all.join(&format!("{space},")))),
        ]
    })
    .prop_map(|text| if text.starts_with(['{', '[']) { text } else { format!("[{text}]") })
}

fn tree() -> impl Strategy<Value = Tree> {
    let line = prop_oneof![8 => "[a-z#-][ a-z#:-]{0,7}", 1 => Just(String::new()), 1 => "[ a]{0,3}"];
    let block = ("\\|-?", prop::collection::vec(line, 0..4))
        .prop_map(|(mark, lines)| Tree::Block(if mark == "|" { "|" } else { "|-" }, lines));
    let leaf = prop_oneof![4 => word().prop_map(Tree::Word), 2 => flow().prop_map(Tree::Flow), 1 => block];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(("[a-zA-Z0-9_./-]{1,5}", inner.clone()), 1..4).prop_map(Tree::Map),
            prop::collection::vec(inner, 1..4).prop_map(Tree::List),
        ]
    })
}

/// Writes what stands behind a key or a dash at `column`.
fn write(tree: &Tree, column: usize, in_list: bool, seed: &mut u64, out: &mut String) {
    let mut chance = |of: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) % of
    };
    let step = 1 + usize::try_from(chance(3)).unwrap();
    let between = ["", "", "", "\n", "# c\n", "    # c\n", "  \n"][usize::try_from(chance(7)).unwrap()];
    match tree {
        Tree::Word(text) | Tree::Flow(text) => out.push_str(&format!("{}{text}\n", " ".repeat(step))),
        Tree::Block(mark, lines) => {
            out.push_str(&format!(" {mark}\n"));
            lines.iter().for_each(|line| out.push_str(&format!("{}{line}\n", " ".repeat(column + step))));
        }
        Tree::Map(entries) => {
            let column = column + step + usize::from(in_list);
            for (number, (key, value)) in entries.iter().enumerate() {
                let compact = in_list && number == 0;
                let indent = if compact { step } else { column };
                if !compact {
                    out.push_str(if number == 0 { "\n" } else { "" });
                    out.push_str(between);
                }
                out.push_str(&format!("{}{key}:", " ".repeat(indent)));
                write(value, column, false, seed, out);
            }
        }
        Tree::List(items) => {
            let column = if in_list || step > 1 { column + step } else { column };
            out.push('\n');
            for item in items {
                out.push_str(between);
                out.push_str(&format!("{}-", " ".repeat(column)));
                write(item, column, true, seed, out);
            }
        }
    }
}

/// A text of a map of trees.
fn written(entries: &[(String, Tree)], mut seed: u64) -> String {
    let mut text = String::new();
    for (key, value) in entries {
        text.push_str(&format!("{key}:"));
        write(value, 0, false, &mut seed, &mut text);
    }
    text
}

fn trees() -> impl Strategy<Value = Vec<(String, Tree)>> {
    prop::collection::vec(("[a-z]{1,5}", tree()), 1..5)
}

/// What is only compared if it is read here would compare nothing if it never were.
#[test]
fn a_fair_share_of_trees_is_read() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let read = (0..400).filter(|seed| {
        let text = written(&trees().new_tree(&mut runner).unwrap().current(), *seed);
        compare(&text).unwrap()
    });
    let read = read.count();
    println!("SHARE {read}");
    assert!(read > 100, "{read} of 400");
}

proptest! {
    #[test]
    fn texts_of_pieces_are_read_alike(text in pieces(24)) {
        compare(&text)?;
    }

    #[test]
    fn a_map_of_pieces_is_read_alike(first in pieces(8), second in pieces(8), third in pieces(6)) {
        compare(&format!("a: {first}\nb:\n  c: {second}\n  d: {third}\n"))?;
        compare(&format!("- {first}\n- a: {second}\n  b: {third}"))?;
        compare(&format!("a: {{ b: {first}, c: [{second}, {third}] }}\n"))?;
    }

    #[test]
    fn trees_are_read_alike(entries in trees(), seed: u64) {
        compare(&written(&entries, seed))?;
    }

    #[test]
    fn policies_with_a_fault_are_read_alike(pick: usize, at: usize, length in 0usize..4, new in pieces(3)) {
        let files = files("policies");
        let text = &files[pick % files.len()].text;
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let from = at % ends.len();
        let to = (from + length).min(ends.len() - 1);
        compare(&format!("{}{new}{}", text.get(..ends[from]).unwrap(), text.get(ends[to]..).unwrap()))?;
    }
}
