use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diag::{Code, code, render_text};

fn source(text: &str) -> Arc<Source> {
    Source::new("a.yaml", text)
}

fn documents(text: &str) -> Vec<Document> {
    parse(&source(text), &Limits::default())
        .unwrap_or_else(|diags| panic!("{}", render_text(&diags[0], false, 100)))
}

fn root(text: &str) -> Node {
    let mut documents = documents(text);
    assert_eq!(documents.len(), 1);
    documents.remove(0).root
}

fn error(text: &str) -> Diag {
    match parse(&source(text), &Limits::default()) {
        Ok(documents) => panic!("accepted: {documents:?}"),
        Err(mut diags) => diags.remove(0),
    }
}

/// Refused with that code, and quickly: a bomb is not unpacked first.
fn refused(text: &str, code: &'static Code) -> Diag {
    let (diag, elapsed) = elapsed(|| error(text));
    assert_eq!(diag.code, code, "{}", diag.message);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    diag
}

#[expect(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn elapsed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = run();
    (result, start.elapsed())
}

fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    path.split('/').fold(node, |node, key| match &node.kind {
        Kind::Seq(items) => &items[key.parse::<usize>().unwrap()],
        _ => node.get(key).unwrap_or_else(|| panic!("no `{key}`")),
    })
}

fn walk(node: &Node, visit: &mut impl FnMut(&Node)) {
    visit(node);
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::Seq(items) => items.iter().for_each(|item| walk(item, visit)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            walk(key, visit);
            walk(value, visit);
        }),
    }
}

#[test]
fn parts_are_found_in_what_has_them_only() {
    let node = root("list: [a, ' b ']\nmap: {c: d, e: f, c: g}\ntext: ' x '\nnothing:\n");
    assert_eq!(node.pairs().len(), 4);
    assert_eq!(
        node.items_of("list").iter().filter_map(Node::text).collect::<Vec<_>>(),
        ["a".into(), "b".into()]
    );
    let keys: Vec<_> = node.pairs_of("map").iter().filter_map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["c", "e", "c"], "also the key that stands twice");
    assert_eq!(at(&node, "map").text_of("c").as_deref(), Some("d"), "the first of two");
    assert_eq!(node.text_of("text").as_deref(), Some("x"));
    assert_eq!(node.text_of("nothing").as_deref(), Some(""), "an empty value is a text");
    for key in ["map", "text", "nothing", "gone"] {
        assert!(node.items_of(key).is_empty(), "{key}");
    }
    for key in ["list", "text", "nothing", "gone"] {
        assert!(node.pairs_of(key).is_empty(), "{key}");
    }
    assert_eq!((node.text_of("list"), node.text_of("gone")), (None, None));
}

#[test]
fn places_survive_bom_crlf_and_umlauts() {
    let node = root("\u{feff}ä: ö x\r\nb:\r\n- €\r\n-  z \r\n");
    let Kind::Map(entries) = &node.kind else { panic!() };
    assert_eq!((entries[0].0.loc.text(), entries[0].1.loc.text()), ("ä", "ö x"));
    assert_eq!(entries[0].0.loc.line_column(), (1, 1));
    assert_eq!(at(&node, "b").loc.text(), "- €\r\n-  z");
    assert_eq!(at(&node, "b/1").loc.text(), "z");
    assert_eq!(at(&node, "b/1").loc.line_column(), (4, 4));
    assert_eq!(node.loc.text(), "ä: ö x\r\nb:\r\n- €\r\n-  z");
}

#[test]
fn collections_reach_from_start_to_end() {
    let text = "a: [1, {b: c}]\nd: # x\n- - e\n\n\nf:\n  g: h # c\n\n# end\n? - i\n: - j\nk: [l: m]\n";
    let node = root(text);
    assert_eq!(node.loc.text(), text.trim_end());
    assert_eq!(at(&node, "a").loc.text(), "[1, {b: c}]");
    assert_eq!(at(&node, "a/1").loc.text(), "{b: c}");
    assert_eq!(at(&node, "d").loc.text(), "- - e");
    assert_eq!(at(&node, "d/0").loc.text(), "- e");
    assert_eq!(at(&node, "f").loc.text(), "g: h");
    assert_eq!(at(&node, "k/0").loc.text(), "l: m");
    let Kind::Map(entries) = &node.kind else { panic!() };
    assert_eq!((entries[3].0.loc.text(), entries[3].1.loc.text()), ("- i", "- j"));
}

#[test]
fn missing_values_are_null_behind_their_colon() {
    let node = root("a:\nb: # c\nc: {d: , e}\nf:\n-\n- g\n");
    for (path, start) in [("a", 2), ("b", 5), ("c/d", 16), ("c/e", 20), ("f/0", 26)] {
        let node = at(&node, path);
        assert!(node.is_null());
        assert_eq!(node.as_str(), Some(""));
        assert_eq!((path, node.loc.start, node.loc.end), (path, start, start));
    }
    assert_eq!(at(&node, "b").trailing_comment().unwrap().1, "c");
    assert!(!root("''").is_null());
    assert!(root("~").is_null());
}

#[test]
fn block_scalars_are_placed_at_their_text() {
    let node = root("a: |\n\n    x y\n   \n  # not a comment\n\nb: >-\n  p\n  q\n\nc: |\nd: |+\n\n");
    assert_eq!(at(&node, "a").loc.text(), "x y");
    let node = root("a: |\n\n    x y\n     z\n    # text\n\nb: >-\n  p\n  q\n\nc: |\nd: |+\n\n");
    assert_eq!(at(&node, "a").as_str(), Some("\nx y\n z\n# text\n"));
    assert_eq!(at(&node, "a").loc.text(), "x y\n     z\n    # text");
    assert_eq!(at(&node, "a").trailing_comment(), None);
    assert_eq!(at(&node, "b").loc.text(), "p\n  q");
    assert_eq!(at(&node, "c").loc.text(), "|");
    assert_eq!(at(&node, "d").loc.text(), "|+");
}

/// The source text of that part of the decoded text.
fn placed(yaml: &str, part: &str) -> String {
    let node = root(yaml);
    let node = at(&node, "k");
    let start =
        node.as_str().unwrap().find(part).unwrap_or_else(|| panic!("no {part:?} in {:?}", node.as_str()));
    node.place(start, start + part.len()).text().to_owned()
}

#[test]
fn parts_of_plain_scalars_have_places() {
    assert_eq!(placed("k: aä bcd e", "cd"), "cd");
    assert_eq!(placed("k: aä bcd e", "e"), "e");
    assert_eq!(placed("k: one\n  two\n\n  three", "two\nthr"), "two\n\n  thr");
    assert_eq!(placed("k: a    b\r\n   c", "  b"), "  b");
    assert_eq!(placed("k: a    b\r\n   c", "c"), "c");
    assert_eq!(placed("[{k: a b}]".trim_matches(['[', ']']), "b"), "b");
}

#[test]
fn parts_of_quoted_scalars_have_places() {
    assert_eq!(placed("k: 'it''s \"x\" so'", "s \"x\""), "s \"x\"");
    assert_eq!(placed("k: 'it''s'", "'"), "''");
    assert_eq!(placed(r#"k: "a\tb \u20ac \U0001F600 \x41\" z""#, "€"), r"\u20ac");
    assert_eq!(placed(r#"k: "a\tb \u20ac \U0001F600 \x41\" z""#, "A\" z"), r#"\x41\" z"#);
    assert_eq!(placed(r#"k: "\N\_\L\P\0\e x""#, "x"), "x");
    assert_eq!(placed("k: \"a\\\n  \\  b\n\n  c\"", "b"), "b");
    assert_eq!(placed("k: \"a\\\n  \\  b\n\n  c\"", "c"), "c");
    assert_eq!(placed(r#"k: "\ud83d\ude00 x""#, "x"), "x");
    assert_eq!(placed("k: \"\n  a\"", "a"), "a");
}

#[test]
fn parts_of_literal_scalars_have_places() {
    assert_eq!(placed("k: |\n  a b\n   c\n", "b"), "b");
    assert_eq!(placed("k: |\n  a b\n   c\n", "c"), "c");
    assert_eq!(placed("k: |\n  a b\n   c\n", "b\n c"), "b\n   c");
    assert_eq!(placed("k: |2\r\n\r\n     a\r\n\r\n  bä c\r\n", "ä c\n"), "ä c");
    assert_eq!(placed("k: |2\r\n\r\n     a\r\n\r\n  bä c\r\n", "   a"), "   a");
    assert_eq!(placed("k: |\n  a\r  b\r", "b"), "b");
    assert_eq!(placed("k: |\n\n \n  a\n", "\n\n"), "\n ");
    // A folded text is placed as a whole.
    assert_eq!(placed("k: >\n  a\n  b\n", "b"), "a\n  b");
}

#[test]
fn a_range_outside_is_the_whole_node() {
    let node = root("äb");
    assert_eq!(node.place(1, 2), node.loc);
    assert_eq!(node.place(0, 9), node.loc);
    assert_eq!((node.place(3, 3).start, node.place(0, 0).end), (3, 0));
    assert_eq!(root("[]").place(0, 1).text(), "[]");
}

#[test]
fn comments_that_cut_are_found() {
    let node = root(
        "a: x > 1 # || y\nb: x#y\nc: \"q\"   #  z  \nd: {e: f, # g\n  h: i} # j\nk: &k 1 # l\nm: *k # n\n",
    );
    let comment = |path| at(&node, path).trailing_comment().map(|(loc, text)| (loc.text().to_owned(), text));
    assert_eq!(comment("a"), Some(("# || y".into(), "|| y".into())));
    assert_eq!(comment("b"), None);
    assert_eq!(comment("c"), Some(("#  z  ".into(), "z".into())));
    assert_eq!(comment("d/e"), None);
    assert_eq!(comment("m"), Some(("# n".into(), "n".into())));
}

#[test]
fn tags_and_anchors_keep_their_places() {
    let node =
        root("a: !healthy\nb: &x !!str 1\nc: *x\nd: !<tag:yaml.org,2002:int> 0x10\ne: ! 12\nf: !t\n- 1\n");
    let tag = at(&node, "a").tag().unwrap();
    assert_eq!((&*tag.text, tag.loc.text(), at(&node, "a").as_str()), ("!healthy", "!healthy", Some("")));
    let (b, c) = (at(&node, "b"), at(&node, "c"));
    assert_eq!((b.anchor().unwrap().text(), b.alias()), ("&x", None));
    assert_eq!((c.alias().unwrap().text(), c.loc.clone()), ("*x", b.loc.clone()));
    assert_eq!((b.describe(), at(&node, "e").describe()), ("a text", "a text"));
    assert_eq!(at(&node, "f").loc.text(), "- 1");
    assert_eq!(node.to_json(), json!({"a": null, "b": "1", "c": "1", "d": 16, "e": "12", "f": [1]}));
    let node = root("%TAG !! tag:example.com,2000:\n---\n!!str 1");
    assert_eq!(node.to_json(), json!(1));
}

#[test]
fn an_alias_takes_the_anchor_before_it() {
    let node = root("a: &x [1, &y {b: 2}]\nc: *x\nd: &x 3\ne: [*x, *y]\n");
    assert_eq!(node.to_json(), json!({"a": [1, {"b": 2}], "c": [1, {"b": 2}], "d": 3, "e": [3, {"b": 2}]}));
    assert_eq!(error("a: &a [*a]").code, &code::YAML_SYNTAX);
    assert_eq!(error("a: *b").code, &code::YAML_SYNTAX);
    assert_eq!(error("--- &a 1\n--- *a\n").code, &code::YAML_SYNTAX);
}

#[test]
fn streams_have_documents() {
    let read = documents("# a\na\n--- b\n---\n# c\n...\n---\n");
    let read: Vec<_> = read.iter().map(|d| (d.root.to_json(), d.explicit)).collect();
    assert_eq!(read, [(json!("a"), false), (json!("b"), true), (json!(null), true), (json!(null), true)]);
    assert_eq!(
        (documents("").len(), documents("# only a comment\n").len(), documents("\u{feff}").len()),
        (0, 0, 0)
    );
}

#[test]
fn nodes_are_described() {
    let node = root("[{}, [], x, 1, 1.5, yes, true, null, 99999999999999999999]");
    let Kind::Seq(items) = &node.kind else { panic!() };
    let words: Vec<_> = items.iter().map(Node::describe).collect();
    let number = "a number";
    assert_eq!(
        words,
        ["a map", "a list", "a text", number, number, "a text", "true or false", "nothing", number]
    );
    assert_eq!(node.to_json()[8], json!("99999999999999999999"));
    assert_eq!(
        root("[.inf, 18446744073709551615, 0o7777777777777777777777]").to_json(),
        json!([".inf", u64::MAX, "0o7777777777777777777777"])
    );
    assert_eq!(root("{1: a, [b]: c}").to_json(), json!({"1": "a", "[\"b\"]": "c"}));
}

#[test]
fn merge_keys_bring_what_is_not_there() {
    let mut node =
        root("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 9\nw: {<<: *x, '<<': q}\n");
    assert_eq!(merge(&mut node), []);
    assert_eq!(at(&node, "z").to_json(), json!({"b": 2, "c": 4, "a": 9}));
    assert_eq!(at(&node, "w").to_json(), json!({"a": 1, "b": 2, "<<": "q"}));
    assert_eq!(duplicate_keys(&node), []);
    // A merge inside what is merged.
    let mut node = root("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b}\n");
    assert_eq!(merge(&mut node), []);
    assert_eq!(at(&node, "c").to_json(), json!({"x": 1, "y": 2}));
}

#[test]
fn merge_refuses_what_is_no_map() {
    for text in ["{<<: 1, a: 2}", "{<<: [{}, 2]}", "{<<: }"] {
        let mut node = root(text);
        let diags = merge(&mut node);
        assert_eq!((diags.len(), diags[0].code), (1, &code::WRONG_TYPE), "{text}");
    }
}

#[test]
fn duplicate_keys_are_compared_by_value() {
    let labels = |text: &str| {
        let diags = duplicate_keys(&root(text));
        diags.iter().map(|d| (d.labels[0].loc.start, d.labels[1].loc.start)).collect::<Vec<_>>()
    };
    assert_eq!(labels("a: 1\nb: 2\n\"a\": 3\n'a': 4\n"), [(10, 0), (17, 0)]);
    assert_eq!(labels("{1: a, 0x1: b, '1': c, 1.0: d, ~: e, null: f}"), [(7, 1), (37, 31)]);
    assert_eq!(labels("{{b: 1, a: 2}: x, {a: 2, b: 1}: y, [a]: 1, [b]: 2, [a]: 3}"), [(18, 1), (51, 35)]);
    assert_eq!(labels("[{a: 1, a: 2}, {b: {c: 1, c: 2}}]").len(), 2);
    assert_eq!(labels("- &x {a: 1, a: 2}\n- *x\n- *x\n").len(), 1);
    assert_eq!(labels("{99999999999999999999: 1, 0x56BC75E2D630FFFFF: 2}").len(), 1);
}

#[test]
fn depth_is_limited() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(documents(&nested(64)).len(), 1);
    refused(&nested(65), &code::YAML_LIMIT);
    let aliased = format!("- &a {}\n- {}*a{}\n", nested(60), "[".repeat(4), "]".repeat(4));
    refused(&aliased, &code::YAML_LIMIT);
    documents(&aliased.replace("[[[[*a]]]]", "[[[*a]]]"));
}

#[test]
fn nodes_and_bytes_are_limited() {
    let limits = Limits { nodes: 5, bytes: 40, ..Limits::default() };
    let code = |text: &str| parse(&source(text), &limits).map_err(|diags| diags[0].code);
    assert!(code("[1, 2, 3, 4]").is_ok());
    assert!(code("--- [1, 2, 3, 4]\n--- [1, 2, 3, 4]").is_ok());
    assert_eq!(code("[1, 2, 3, 4, 5]"), Err(&code::YAML_LIMIT));
    assert_eq!(code("[&a [1], *a, 2]"), Err(&code::YAML_LIMIT));
    assert_eq!(code(&"#".repeat(41)), Err(&code::YAML_LIMIT));
    assert_eq!(code(&"--- x\n".repeat(6)), Ok(documents(&"--- x\n".repeat(6))));
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let mut laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (before, name) in ('a'..'j').zip('b'..='j') {
        let aliases = vec![format!("*{before}"); 10].join(", ");
        writeln!(laughs, "{name}: &{name} [{aliases}]").unwrap();
    }
    refused(&laughs, &code::YAML_LIMIT);
    // Few nodes, and much text in them.
    let long = format!("a: &a \"{}\"\nb: [{}]\n", "y".repeat(100_000), vec!["*a"; 20_000].join(", "));
    assert!(refused(&long, &code::YAML_LIMIT).message.contains("repeat"));
    let page = format!("- &a {}\n{}---\n", "y".repeat(4000), "- *a\n".repeat(100));
    assert!(documents(&page.repeat(9)).len() > 8);
    assert_eq!(error(&page.repeat(20)).code, &code::YAML_LIMIT);
    for piece in ["[", "{", "- ", "? ", "{a: ", "[[", "a: [", ": "] {
        let diag = error(&piece.repeat(100_000));
        assert!([&code::YAML_LIMIT, &code::YAML_SYNTAX].contains(&diag.code));
    }
    for piece in ["[", "{", "- ", "? "] {
        refused(&piece.repeat(100_000), &code::YAML_LIMIT);
    }
    let stairs: String = (0..3000).fold(String::new(), |text, level| text + &" ".repeat(level) + "a:\n");
    refused(&stairs, &code::YAML_LIMIT);
    // These are honest up to the limit, so they take the time of an honest text.
    assert_eq!(error(&"- x\n".repeat(250_001)).code, &code::YAML_LIMIT);
    assert_eq!(error(&("- &a x\n".to_owned() + &"- *a\n".repeat(250_000))).code, &code::YAML_LIMIT);
}

#[test]
fn large_keys_inside_large_keys_are_compared_in_time() {
    let text = "{? ".repeat(60) + "[" + &"x, ".repeat(20_000) + "]" + &", <<: {a: b}}".repeat(60);
    let mut node = root(&text);
    let (_, time) = elapsed(|| (duplicate_keys(&node), merge(&mut node)));
    assert!(time < Duration::from_secs(30), "{time:?}");
}

#[test]
fn many_documents_are_limited_together() {
    let limits = Limits { nodes: 5, ..Limits::default() };
    let read = |count| parse(&source(&"--- [1, 2, 3, 4]\n".repeat(count)), &limits);
    assert!(read(16).is_ok());
    assert_eq!(read(17).unwrap_err()[0].code, &code::YAML_LIMIT);
}

#[test]
fn large_honest_texts_are_read() {
    let keys: String = (0..100_000).fold(String::new(), |text, key| text + &format!("key{key}: {key}\n"));
    let (node, time) = elapsed(|| root(&keys));
    assert!(time < Duration::from_secs(10), "{time:?}");
    assert_eq!(duplicate_keys(&node), []);
    let wide = format!("k: \"{}x\"", " ".repeat(300_000));
    assert_eq!(placed(&wide, "x"), "x");
}

#[test]
fn syntax_errors_help() {
    for (text, help) in [
        ("a:\n\tb: 1\n", "spaces"),
        ("a: {{ x }} b\n", "quotes"),
        ("a: \"x\" == b\n", "quotes"),
        ("a: [1] + b\n", "quotes"),
        ("a: b: c\n", "quotes"),
        ("a: @b\n", "quotes"),
        ("a: `b`\n", "quotes"),
        ("a: *.log\n", "quotes"),
        ("a: * b\n", "quotes"),
        ("a: \"b\nc: d\n", "close the quote"),
        ("a: 'b", "close the quote"),
        ("a: [b,\nc: d\n", "close the bracket"),
        ("a: [\n  b\n]\n", "indented deeper"),
        ("a:\n   b: 1\n  c: 2\n", "same column"),
        ("a: 1\n  b: 2\n", "same indent"),
        ("a: 1\nb\nc: 1\n", "key: value"),
        ("a: \"\\d+\"\n", "single quotes"),
        ("a: b # c\n  d\n", "comment"),
        ("a: !x! b\n", "x == false"),
        ("a: b\u{1}\n", "control"),
    ] {
        let diag = error(text);
        assert_eq!(diag.code, &code::YAML_SYNTAX);
        let found = diag.help.as_deref().unwrap_or_default();
        assert!(found.contains(help), "{text:?}: {}: {found}", diag.message);
        assert!(!diag.message.ends_with('.'));
    }
    let diag = error("a: \"b\nc: d\n");
    assert_eq!(diag.labels[1].loc.start, 3);
    assert!(error("a: x\0y").help.is_some());
}

fn unreadable(path: &std::path::Path, limits: &Limits) -> Diag {
    read_file(path, limits).err().unwrap_or_else(|| panic!("{} was read", path.display()))
}

#[test]
fn files_are_judged_before_they_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let refusal = |name: &str, limits: &Limits| unreadable(&path(name), limits);
    let limits = Limits::default();
    assert_eq!(refusal("missing", &limits).code, &code::UNREADABLE);
    assert_eq!(refusal(".", &limits).code, &code::UNREADABLE);
    for device in ["/dev/zero", "/dev/null"] {
        assert_eq!(unreadable(device.as_ref(), &limits).code, &code::UNREADABLE);
    }
    assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    assert_eq!(refusal("fifo", &limits).code, &code::UNREADABLE);
    let socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    assert_eq!(refusal("socket", &limits).code, &code::UNREADABLE);
    drop(socket);
    std::fs::write(path("a"), "a: 1\n").unwrap();
    assert_eq!(&*read_file(&path("a"), &limits).unwrap().text, "a: 1\n");
    assert_eq!(refusal("a", &Limits { bytes: 4, ..limits }).code, &code::YAML_LIMIT);
    // Says that it is empty, and is not.
    assert!(read_file("/proc/self/status".as_ref(), &limits).is_ok());
    assert_eq!(
        unreadable("/proc/self/status".as_ref(), &Limits { bytes: 4, ..limits }).code,
        &code::YAML_LIMIT
    );
}

#[test]
fn other_encodings_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let diag = unreadable(&path, &Limits::default());
        assert_eq!(diag.code, &code::YAML_ENCODING);
        (diag.labels[0].loc.line_column(), diag.labels[0].text.clone())
    };
    assert_eq!(refusal(b"a: 1\nb: f\xFCr\n"), ((2, 5), "byte 0xFC at offset 9, line 2".into()));
    assert_eq!(refusal(b"\xFF\xFEa\0").1, "this is UTF-16 or UTF-32");
    assert_eq!(refusal(b"a\0:\0").1, "this is UTF-16 or UTF-32");
    assert_eq!(refusal(b"\xE2\x82").0, (1, 1));
}

/// Every place lies in the text, and all that can be asked of a tree can be asked.
fn check(text: &str) {
    let source = source(text);
    let sound =
        |loc: &Loc| assert!(source.text.get(loc.start as usize..loc.end as usize).is_some(), "{text:?}");
    let documents = match parse(&source, &Limits { depth: 64, nodes: 2000, bytes: 100_000 }) {
        Ok(documents) => documents,
        Err(diags) => {
            assert!(!diags.is_empty());
            diags.iter().flat_map(|diag| &diag.labels).for_each(|label| sound(&label.loc));
            let _text = render_text(&diags[0], false, 100);
            return;
        }
    };
    for mut document in documents {
        let _json = document.root.to_json();
        walk(&document.root, &mut |node| {
            sound(&node.loc);
            node.tag()
                .map(|tag| &tag.loc)
                .into_iter()
                .chain(node.anchor())
                .chain(node.alias())
                .for_each(sound);
            node.trailing_comment().iter().for_each(|(loc, _)| sound(loc));
            check_parts(node);
        });
        duplicate_keys(&document.root)
            .iter()
            .flat_map(|diag| &diag.labels)
            .for_each(|label| sound(&label.loc));
        merge(&mut document.root).iter().flat_map(|diag| &diag.labels).for_each(|label| sound(&label.loc));
    }
}

/// Letters are themselves in every notation, so a place that is not the whole node must show them.
fn check_parts(node: &Node) {
    let Some(text) = node.as_str() else { return };
    for (at, letter) in text.char_indices() {
        let place = node.place(at, at + letter.len_utf8());
        assert!(place.start >= node.loc.start.min(place.start) && !place.source.text.is_empty());
        if letter.is_alphanumeric() && place != node.loc && !place.text().starts_with('\\') {
            assert_eq!(place.text(), letter.to_string(), "{:?} in {:?}", text, node.loc.source.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn any_mix_of_indicators_is_read_or_refused(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        check(&pieces.concat());
    }
}

const PIECES: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    "\n",
    "\r\n",
    "\r",
    "  ",
    " ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "#",
    " # c",
    "&x ",
    "*x",
    "!t ",
    "!!str ",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\x41",
    "|",
    ">",
    "|2-\n",
    "|+\n",
    "---\n",
    "...\n",
    "--- ",
    "\u{feff}",
    "ä",
    "€",
    "😀",
    "<<: ",
    "~",
    "1",
    "0x1",
    "%TAG !t! x\n",
    "\u{85}",
    "\u{2028}",
    "@",
    "`",
    "\0",
    "\u{a0}",
];

/// Documents of every kind, so many that the text is cut.
fn long_stream() -> String {
    let kinds = [
        "a: ä # c\nb: [1, {c: 'd'}]\n---\n",
        "# comment\ntext: |\n  --- x\n   y\n\nfolded: >-\n  p\n  ---q\n--- # behind\n",
        "&x a: &y 'it''s'\nb: *y\nc: !!str 1\n--- |\n literal\n---\n",
        "--- \n---\n- x\n-\n- \"e\\u20ac\"\r\n---\r\n",
        "? k\n: v\nempty:\n...\n--- {flow: [x, y]}\n---\n",
    ];
    let mut text = String::from("\u{feff}");
    for number in 0..3000 {
        text.push_str(kinds[number % kinds.len()]);
    }
    text + "last: 1\n# end\n"
}

#[test]
fn a_text_in_parts_reads_as_the_whole() {
    let source = source(&long_stream());
    let limits = Limits::default();
    let whole = parse(&source, &limits).unwrap();
    for count in [2, 3, 8, 50] {
        let parts = parts(&source, &limits, count).unwrap();
        assert!(parts.ranges.len() > 1, "{count}");
        let (mut documents, mut costs) = (Vec::new(), Vec::new());
        for range in parts.ranges.clone() {
            let (own, cost) = parts.parse(range).unwrap();
            documents.extend(own);
            costs.push(cost);
        }
        assert_eq!(documents.len(), whole.len(), "{count}");
        assert!(documents == whole, "{count}: a document differs");
        assert!(parts.allow(&costs));
        let few = Limits { nodes: 3000 / 16, ..limits };
        assert!(!super::parts(&source, &few, count).unwrap().allow(&costs));
    }
}

#[test]
fn what_is_only_read_as_a_whole_is_not_cut() {
    let limits = Limits::default();
    let cut = |text: &str, count| parts(&source(text), &limits, count).is_some();
    assert!(cut(&long_stream(), 2) && !cut(&long_stream(), 1));
    assert!(!cut("a: 1\n---\nb: 2\n", 2), "short");
    assert!(!cut(&("%YAML 1.2\n---\n".to_owned() + &long_stream()), 2), "a directive");
    assert!(!cut(&format!("a: |\n{}", "  x\n".repeat(50_000)), 2), "one document");
    // A fault is left to who reads the whole.
    let wrong = source(&(long_stream() + "---\na: [1\n"));
    let parts = parts(&wrong, &limits, 4).unwrap();
    assert!(parts.parse(parts.ranges[0].clone()).is_some());
    assert!(parts.parse(parts.ranges.last().unwrap().clone()).is_none());
}
