//! `muster fmt`: what it writes says the same, keeps every comment, and is not changed by it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use passmuster::layout::formatted;
use passmuster::source::Source;
use proptest::prelude::*;

use crate::harness::{Shop, policy};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn format(name: &str, text: &str) -> Result<String, String> {
    let done = formatted(&Source::new(name, text), None);
    done.map_err(|diags| diags.iter().map(|diag| diag.message.as_str()).collect::<Vec<_>>().join("; "))
}

/// Formats; the result is not changed again.
#[track_caller]
fn rests(name: &str, text: &str) -> String {
    let once = format(name, text).unwrap_or_else(|why| panic!("{name}: {why}\n{text}"));
    assert_eq!(format(name, &once).as_deref(), Ok(&*once), "{name} is changed again");
    once
}

#[test]
fn everything_that_is_shipped_can_be_formatted() {
    let mut seen = 0;
    for folder in ["policies", "fixtures"] {
        for entry in walkdir::WalkDir::new(root(folder)) {
            let path = entry.unwrap().into_path();
            if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                let text = std::fs::read_to_string(&path).unwrap();
                rests(&path.display().to_string(), &text);
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_layout_is_made_even_and_nothing_else() {
    let text = policy(
        "p",
        "\n\n# above\ntarget:   {type: host}   # beside\nobserve:\n      usage: {probe: disk.usage, with: { paths: [/a,   /b] }}\n# the limit,\n# in two lines\nfail:\n- free   <  1.GiB\n\n\n- |\n    used_ratio >\n      90.percent   \n# at the end\n",
    );
    let new = rests("p.yaml", &text.replace("with: { paths: [/a,   /b] }", "max_age:   1h"));
    for kept in [
        "# above\n",
        "target: { type: host } # beside\n",
        "# the limit,\n# in two lines\nfail:\n",
        "  - free   <  1.GiB\n",
        "# at the end\n",
    ] {
        assert!(new.contains(kept), "{kept}\n{new}");
    }
    assert!(new.contains("observe:\n  usage: { probe: disk.usage, max_age: 1h }\n"), "{new}");
    assert!(!new.contains("\n\n\n"), "{new}");
}

/// Layouts that formatters stumble over.
const NASTY: &[&str] = &[
    "a:   1 # c\n",
    "---\na: 1\n---\n# only a comment\n---\nb: 2\n...\n",
    "%YAML 1.2\n---\na: 1\n",
    "a: |2-\n    x\n   y\n",
    "a: |\n  {{ x }}   \n\n  y\n\n# c\nb: 1\n",
    "\"a b\": 'it''s'\n'c': \"x\\ty\"\n",
    "a: \"one\n  two\n\n  three\"\n",
    "a: one\n  two\n  # c\nb: 1\n",
    "a: [ # c\n  1, # d\n  2 ]\n",
    "a: { b: [ { c: 1 }, { d: 2 } ], # e\n f: g }\n",
    "- - 1\n  - 2\n-\n  - 3\n",
    "a:\n- b: 1\n  c: 2\n-   b: 3\n    c: 4\n",
    "a: &x { b: 1 }\nc: *x\nd:\n  <<: *x\n  e: 2\n",
    "? a\n: 1\n? - b\n  - c\n: 2\n",
    "\u{feff}a: 1\n",
    "a: 1\r\nb: |\r\n  x\r\n  y\r\n# c\r\n",
    "a: 1",
    "a:\n  b:\n\n    # deep\n    c: 1\n\n  # less deep\n\n# not deep\nd: 1\n",
    "a: ä€😀 # ä€😀\n",
    "a: !x 1\nb: !!str 2\n",
    "a: 0o17\nb: 1_000\nc: .5\nd: 1.50\ne: 0x1F\nf: ~\ng:\n",
    "a: # c\n  b\n",
    "a: b#c\nd: 'e # f'\n",
    "a: {}\nb: []\nc: { }\nd: [ ]\n",
    "fail: \"a == 'b' || c == \\\"d\\\"\"\nwarn: 'a == \"b\"'\n",
];

#[test]
fn a_nasty_layout_is_formatted_or_left_as_it_is() {
    // Lines at the end of a text that are a part of it would be lost.
    let kept = "b: >+\n  z\n\n\nc: 1\n";
    let mut left = Vec::new();
    for text in NASTY.iter().chain([&kept]) {
        match format("n.yaml", text) {
            Ok(_) => drop(rests("n.yaml", text)),
            Err(why) => {
                assert!(why.contains("is left as it is"), "{why}\n{text}");
                left.push(format!("{why}\n{text}"));
            }
        }
    }
    assert!(left.len() == 1 && left[0].ends_with(kept), "{left:#?}");
}

#[test]
fn what_is_no_yaml_is_left_and_told_and_the_others_are_formatted() {
    let shop = Shop::new();
    let text = policy(
        "a",
        "target:   { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.GiB\n",
    );
    shop.file("p/a.yaml", &text).file("p/b.yaml", "a: [").file("p/c.yaml", "").bytes("p/d.yaml", b"a: \xff");
    let run = shop.run(&["fmt", "p"]).exits(2).says("yaml-syntax").says("yaml-encoding");
    let read = |name: &str| std::fs::read(shop.at(name)).unwrap();
    assert_eq!(read("p/a.yaml"), text.replace("target:   ", "target: ").as_bytes(), "{}", run.stderr);
    assert_eq!(
        (read("p/b.yaml"), read("p/c.yaml"), read("p/d.yaml")),
        (b"a: [".to_vec(), Vec::new(), b"a: \xff".to_vec())
    );
}

#[test]
fn check_shows_a_diff_and_writes_nothing() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets:   { here: { type: host } }\n");
    shop.policy(
        "a",
        "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: free < 1.GiB\n",
    );
    let before = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    let run = shop.run(&["fmt", "--check"]).exits(1).says("2 files, 1 not formatted");
    assert!(run.stdout.contains("-targets:   {") && run.stdout.contains("+targets: {"), "{}", run.stdout);
    assert_eq!(std::fs::read_to_string(shop.at("muster.yaml")).unwrap(), before);
    shop.run(&["fmt"]).exits(0).says("2 files, 1 changed");
    assert_eq!(shop.run(&["fmt", "--check"]).exits(0).stdout, "");
    shop.run(&["fmt", "nowhere.yaml"]).exits(2).says("it does not exist");
}

#[test]
fn a_verdict_does_not_change_with_the_layout() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy("a", "target:    {type: host}\nobserve: {file: {probe: file.stat, with: {path: @SHOP@/gone}}}\nfail:\n- exists   == false\nmessage: \"{{ path }}   is gone\"\n");
    let judged = |shop: &Shop| {
        let run = shop.check(&[]).exits(1);
        let finding = run.finding("a").clone();
        (finding["verdict"].clone(), finding["message"].clone())
    };
    let before = judged(&shop);
    shop.run(&["fmt"]).exits(0).says("1 changed");
    assert_eq!(judged(&shop), before);
}

/// Trees of YAML, written with layouts by chance.
fn any_yaml() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "[a-z]{1,6}",
        Just("'it''s'".to_owned()),
        Just("\"a # b\"".to_owned()),
        Just("1.GiB < free".to_owned()),
        "[0-9]{1,3}%?",
    ];
    let flow = scalar.clone().prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(",  "))),
            prop::collection::vec(inner, 0..3).prop_map(|items| {
                let pairs = items.iter().enumerate().map(|(index, item)| format!("k{index}: {item}"));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }),
        ]
    });
    let comment =
        prop_oneof![Just(String::new()), "  # [a-z]{0,8}", "\n# [a-z]{1,8}", Just("\n\n".to_owned())];
    let entry = (flow, comment, 0usize..4, 1usize..4, any::<bool>());
    prop::collection::vec(entry, 1..8).prop_map(|entries| {
        let mut text = String::new();
        for (index, (value, comment, kind, indent, spaced)) in entries.into_iter().enumerate() {
            let pad = " ".repeat(indent);
            let space = if spaced { "   " } else { " " };
            text.push_str(&match kind {
                0 => format!("key{index}:{space}{value}{comment}\n"),
                1 => format!("key{index}:{comment}\n{pad}-{space}{value}\n{pad}-{space}b\n"),
                2 => format!("key{index}:\n{pad}in:{space}{value}{}\n", comment.trim_matches('\n')),
                _ => format!("key{index}: |\n{pad}line\n{pad} # no comment\n{pad}last\n{comment}\n"),
            });
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_layout_comes_to_rest_or_is_left(text in any_yaml()) {
        let source: Arc<Source> = Source::new("any.yaml", text.as_str());
        if let Ok(once) = formatted(&source, None) {
            let again = formatted(&Source::new("any.yaml", once.as_str()), None);
            prop_assert_eq!(again, Ok(once));
        }
    }
}

#[test]
fn what_a_comment_allows_stays_what_it_was() {
    let shop = Shop::new();
    shop.project("policies: [policies/]\ntargets: { here: { type: host } }\n");
    shop.policy(
        "p",
        "target: { type: host }\nobserve: { usage: { probe: disk.usage } }\nfail: [free < 1.GiB && total > total,\n free < 2.GiB] # muster: allow constant-condition -- it is fine\n",
    );
    shop.check(&[]).exits(2).says("constant-condition");
    shop.run(&["fmt"]).exits(2).says("a comment would allow something else");
    shop.check(&[]).exits(2).says("constant-condition");
}
