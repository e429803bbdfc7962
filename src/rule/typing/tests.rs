use std::collections::BTreeMap;

use super::*;
use crate::fact::{Cause, Field, Missing, Rows, Schema, ZeroRows};
use crate::rule::env::{Binding, Observed};

struct Row(BTreeMap<usize, Cell>);

impl eval::Scope for Row {
    fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Each(index) => self.0.get(index).cloned().unwrap_or(Ok(Value::Null)),
            Place::Now => Ok(Value::Int(1_000_000_000)),
            Place::Param(_) => Ok(Value::Float(0.4)),
            _ => Ok(Value::Null),
        }
    }
}

const FIELDS: &[(&str, &str)] = &[
    ("size", "bytes"),
    ("gone", "bytes?"),
    ("share", "ratio"),
    ("count", "int"),
    ("name", "text"),
    ("state", "enum(up|down)"),
    ("ok", "bool"),
    ("at", "time"),
    ("last", "time?"),
    ("took", "duration"),
    ("load", "float"),
    ("release", "version"),
    ("tags", "list<text>"),
    ("dead", "ratio?"),
    ("day", "date"),
];

fn env() -> Env {
    let fields = FIELDS.iter().map(|(name, ty)| Field::declared(name, Type::parse(ty).unwrap())).collect();
    let schema = Schema { version: 1, fields, key: vec![4], rows: Rows::Many, zero: ZeroRows::Fine };
    Env {
        observations: vec![Observed::plain(&"rows".into(), &Arc::new(schema))],
        each: Some(0),
        params: vec![Binding { name: "fail_at".into(), ty: Type::RATIO }],
        facts: true,
        ..Env::default()
    }
}

fn position(name: &str) -> usize {
    FIELDS.iter().position(|(field, _)| *field == name).unwrap()
}

fn row(cells: &[(&str, Cell)]) -> Row {
    Row(cells.iter().map(|(name, cell)| (position(name), cell.clone())).collect())
}

fn unknown() -> Cell {
    Missing::new(Cause::Denied, "no grant").cell()
}

fn judge(text: &str, cells: &[(&str, Cell)]) -> Result<bool, Cause> {
    let rule = check_condition(Text::bare(text), &env()).unwrap_or_else(|diag| panic!("{text}: {diag:?}"));
    eval::holds(&rule.node, &row(cells)).map_err(|why| why.cause)
}

fn refused(text: &str) -> Diag {
    match check_condition(Text::bare(text), &env()) {
        Ok(rule) => panic!("{text} was accepted as {}", rule.node.ty),
        Err(diag) => diag,
    }
}

#[test]
fn units_are_compared_and_combined() {
    let cells: &[(&str, Cell)] = &[
        ("size", Ok(Value::Int(3 << 30))),
        ("share", Ok(Value::Float(0.41))),
        ("count", Ok(Value::Int(5))),
        ("took", Ok(Value::Int(90_000_000))),
        ("load", Ok(Value::Float(0.5))),
        ("at", Ok(Value::Int(400_000_000))),
        ("day", Ok(Value::Int(10))),
        ("release", Ok(Value::text("15.10"))),
    ];
    let truths = [
        "size > 2.GiB",
        "size == 3.GiB",
        "size / 2 == 1.5.GiB",
        "share > params.fail_at",
        "share < 42.percent",
        "count / 2 == 2.5",
        "count % 2 == 1",
        "took == 1.5.minutes",
        "size / took > 1.GiB / 60.seconds",
        "size * 50.percent == 1.5.GiB",
        "now - at == 10.minutes",
        "at_age == 10.minutes",
        "size / size == 100.percent",
        "-count < 0",
        "load < 1",
        "count in 1..6",
        "count in 1..=5",
        "!(count in 1..5)",
        "count in [3, 5]",
        "release > \"15.9\"",
        "min(count, 3) == 3",
        "day < date(\"1970-01-12\")",
        "round(load) == 1 || true",
        "ratio(count, 10) == 50.percent",
        "count > 4.5",
        "at + 10.minutes == now",
        "9_007_199_254_740_993 > 9007199254740992.0",
    ];
    for text in truths {
        assert_eq!(judge(text, cells), Ok(true), "{text}");
    }
}

#[test]
fn what_other_checkers_pass_silently_is_refused() {
    let cases: &[(&str, &str)] = &[
        ("siez > 1.GiB", "unknown-fact"),
        ("count > 5 // gone || true", "comment-cuts"),
        ("count > 5 /* gone */", "comment-cuts"),
        ("name == \"a//b\" // c", "comment-cuts"),
        ("name == #\"a\\\"# // \" || count > 5", "comment-cuts"),
        ("name == ##\"a\"#\"## // \" || count > 5", "comment-cuts"),
        ("name == `a//b` // c", "comment-cuts"),
        ("size > 5", "type-mismatch"),
        ("share > 0.2", "type-mismatch"),
        ("name > 5", "type-mismatch"),
        ("count == \"5\"", "type-mismatch"),
        ("name < \"b\"", "type-mismatch"),
        ("state == \"dwon\"", "bad-value"),
        ("state in [\"up\", \"dwn\"]", "bad-value"),
        ("gone > 1.GiB", "nullable"),
        ("last_age > 1.day", "nullable"),
        ("size == null", "nullable"),
        ("(size ?? 1.GiB) > 1.GiB", "nullable"),
        ("count", "not-bool"),
        ("!count", "not-bool"),
        ("count && ok", "not-bool"),
        ("count > 7d", "rule-syntax"),
        ("size > 10GiB", "rule-syntax"),
        ("ok = true", "rule-syntax"),
        ("count > ", "rule-syntax"),
        ("()", "rule-syntax"),
        ("gone ?? 1.GiB > 2.GiB", "rule-syntax"),
        ("if ok { true } else { false }", "rule-unsupported"),
        ("tags[0] == \"a\"", "rule-unsupported"),
        ("count | 1 == 1", "rule-unsupported"),
        ("name.foo == 1", "unknown-fact"),
        ("frob(count)", "unknown-fact"),
        ("matches(name, \"(\")", "bad-value"),
        ("matches(name, name)", "type-mismatch"),
        ("size + took > 1.GiB", "type-mismatch"),
        ("count > 18446744073709551616", "rule-syntax"),
        ("name == 'a'", "rule-syntax"),
        ("null == null", "constant-condition"),
        ("count > null", "type-mismatch"),
        ("day > \"2026-01-01\"", "type-mismatch"),
        ("at > time(\"yesterday\")", "bad-literal"),
        ("(dead ?? 0) > 20.percent", "type-mismatch"),
        ("before.size > 1.GiB", "unknown-fact"),
        ("\"a\" in name", "type-mismatch"),
        ("params.fial_at > 20.percent", "unknown-fact"),
        ("fail_at > 20.percent", "unknown-fact"),
        ("count > 5.dyas", "bad-literal"),
        ("eval(\"1\") == 1", "unknown-fact"),
        ("release > \"new\"", "bad-literal"),
        ("", "rule-syntax"),
    ];
    for (text, code) in cases {
        assert_eq!(refused(text).code.id, *code, "{text}");
    }
}

#[test]
fn help_says_what_to_write() {
    let help = |text: &str| refused(text).help.unwrap_or_default();
    assert_eq!(help("siez > 1.GiB"), "did you mean `size`?");
    assert_eq!(help("share > 0.2"), "a share is written in percent: `20.percent`");
    assert_eq!(help("took > 7d"), "in an expression write `7.days`");
    assert_eq!(help("state == \"dwon\""), "did you mean `down`?");
    assert_eq!(help("fail_at > 20.percent"), "write `params.fail_at`");
    assert!(help("ok and ok").contains("&&"));
}

#[test]
fn places_are_exact() {
    let text = "count > 1 &&\n  siez > 1.GiB";
    let diag = refused(text);
    assert_eq!(diag.labels[0].loc.text(), "siez");
    assert_eq!(diag.labels[0].loc.line_column(), (2, 3));
    assert_eq!(refused("ök > 1 || sätze > 2").labels[0].loc.text(), "ök");
}

#[test]
fn null_and_unknown_are_different() {
    let null: &[(&str, Cell)] =
        &[("gone", Ok(Value::Null)), ("last", Ok(Value::Null)), ("ok", Ok(Value::Bool(true)))];
    assert_eq!(judge("(gone ?? 5.GiB) > 2.GiB", null), Ok(true));
    assert_eq!(judge("gone == null", null), Ok(true));
    assert_eq!(judge("gone != null && gone > 2.GiB", null), Ok(false));
    assert_eq!(judge("gone == null || gone > 2.GiB", null), Ok(true));
    assert_eq!(judge("last == null || last_age > 1.day", null), Ok(true));
    assert_eq!(judge("last_age == null || last_age > 1.day", null), Ok(true));
    assert_eq!(judge("(last_age ?? 400.days) > 1.day", null), Ok(true));
    assert_eq!(judge("known(gone)", null), Ok(true));
    let unread: &[(&str, Cell)] = &[("gone", unknown()), ("ok", Ok(Value::Bool(true))), ("count", unknown())];
    assert_eq!(judge("(gone ?? 5.GiB) > 2.GiB", unread), Err(Cause::Denied));
    assert_eq!(judge("gone == null", unread), Err(Cause::Denied));
    assert_eq!(judge("known(gone)", unread), Ok(false));
}

#[test]
fn logic_follows_kleene_in_either_order() {
    let cells: &[(&str, Cell)] = &[("ok", Ok(Value::Bool(true))), ("count", unknown())];
    for (text, result) in [
        ("ok || count > 1", Ok(true)),
        ("count > 1 || ok", Ok(true)),
        ("!ok && count > 1", Ok(false)),
        ("count > 1 && !ok", Ok(false)),
        ("count > 1 && ok", Err(Cause::Denied)),
        ("count > 1 || !ok", Err(Cause::Denied)),
        ("!(count > 1)", Err(Cause::Denied)),
    ] {
        assert_eq!(judge(text, cells), result, "{text}");
    }
}

#[test]
fn what_cannot_be_decided_is_unknown() {
    let cells: &[(&str, Cell)] = &[
        ("count", Ok(Value::Int(i64::MAX))),
        ("load", Ok(Value::Float(0.0))),
        ("at", Ok(Value::Int(2_000_000_000))),
        ("release", Ok(Value::text("devel"))),
        ("size", Ok(Value::Int(1))),
    ];
    assert_eq!(judge("count + 1 > 0", cells), Err(Cause::Undecidable));
    assert_eq!(judge("count / load > 0", cells), Err(Cause::Undecidable));
    assert_eq!(judge("load / load > 0", cells), Err(Cause::Undecidable));
    assert_eq!(judge("size * 9000000000000000000 > 0.GiB || size * 90 > 0.GiB", cells), Ok(true));
    assert_eq!(judge("at_age > 1.day", cells), Err(Cause::Clock));
    assert_eq!(judge("release > \"15\"", cells), Err(Cause::Undecidable));
}

#[test]
fn a_time_in_the_year_9999_has_an_age() {
    let far = 253_402_300_799_000_000;
    assert_eq!(judge("at - now > 30.days", &[("at", Ok(Value::Int(far)))]), Ok(true));
}

#[test]
fn the_text_of_a_part_has_both_of_its_parentheses() {
    for text in [
        "(last_age ?? 9.days) > 3.days",
        "!((dead ?? 0.percent) > 3.percent && (size > 1.GiB))",
        "3.days < (last_age ?? 9.days)",
        "((count)) + (count) > (1)",
        "(name == \")\") && ok",
        "(count in [1, (2)])",
    ] {
        let rule = check(Text::bare(text), &env()).unwrap_or_else(|diag| panic!("{text}: {diag:?}"));
        rule.node.walk(&mut |part| {
            let outside = part.text.split('"').step_by(2).collect::<String>();
            let count = |paren: char| outside.chars().filter(|c| *c == paren).count();
            assert_eq!(count('('), count(')'), "{} of {text}", part.text);
        });
    }
}
