use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Script, ScriptInput, ScriptVerdict};
use crate::diag::Diag;
use crate::fact::{Cause, Cell, Field, Missing, Rows, Schema, Type, Value, ZeroRows};
use crate::rule::env::{Binding, Observed};
use crate::rule::node::Place;
use crate::rule::{Env, Text, eval, typing};
use crate::source::{Source, yaml};

const FIELDS: &[(&str, &str)] = &[
    ("size", "bytes"),
    ("gone", "bytes?"),
    ("share", "ratio"),
    ("count", "int"),
    ("total", "counter"),
    ("name", "text"),
    ("state", "enum(up|down)"),
    ("ok", "bool"),
    ("at", "time"),
    ("last", "time?"),
    ("took", "duration"),
    ("load", "float"),
    ("release", "version"),
    ("tags", "list<text>"),
    ("day", "date"),
];

fn schema() -> Arc<Schema> {
    let fields = FIELDS.iter().map(|(name, ty)| Field::declared(name, Type::parse(ty).unwrap())).collect();
    Arc::new(Schema { version: 1, fields, key: vec![5], rows: Rows::Many, zero: ZeroRows::Fine })
}

fn env() -> Env {
    Env {
        observations: vec![Observed::plain(&"rows".into(), &schema())],
        each: Some(0),
        params: vec![
            Binding { name: "fail_at".into(), ty: Type::RATIO },
            Binding { name: "limit".into(), ty: Type::BYTES },
        ],
        labels: Some(Arc::new(BTreeSet::from(["env".into(), "role".into()]))),
        facts: true,
        ..Env::default()
    }
}

fn values() -> BTreeMap<&'static str, Cell> {
    BTreeMap::from([
        ("size", Ok(Value::Int(3 << 30))),
        ("gone", Ok(Value::Null)),
        ("share", Ok(Value::Float(0.41))),
        ("count", Ok(Value::Int(5))),
        ("total", Ok(Value::Int(7))),
        ("name", Ok(Value::text("orders"))),
        ("state", Ok(Value::text("up"))),
        ("ok", Ok(Value::Bool(true))),
        ("at", Ok(Value::Int(0))),
        ("last", Ok(Value::Null)),
        ("took", Ok(Value::Int(90_000_000))),
        ("load", Ok(Value::Float(1.5))),
        ("release", Ok(Value::text("15.10"))),
        ("tags", Ok(Value::texts(["a", "b"]))),
        ("day", Ok(Value::Int(20_000))),
    ])
}

fn row(changes: &[(&str, Cell)]) -> Box<[Cell]> {
    let mut values = values();
    for (name, cell) in changes {
        *values.get_mut(name).unwrap() = cell.clone();
    }
    FIELDS.iter().map(|(name, _)| values[name].clone()).collect()
}

fn load(text: &str) -> Result<Script, Vec<Diag>> {
    Script::check(&Source::new("big.rhai", text), None, &env())
}

fn loaded(text: &str) -> Script {
    load(text).unwrap_or_else(|diags| panic!("{text}: {diags:?}"))
}

fn run(script: &Script, rows: &[Box<[Cell]>]) -> Result<ScriptVerdict, Arc<Missing>> {
    let params: Vec<(Arc<str>, Value, Type)> = vec![
        ("fail_at".into(), Value::Float(0.4), Type::RATIO),
        ("limit".into(), Value::Int(2 << 30), Type::BYTES),
    ];
    script.judge(&ScriptInput {
        schema: &schema(),
        row: &rows[0],
        rows,
        params: &params,
        target_name: "shop-db",
        target_kind: "postgres",
        labels: &BTreeMap::from([("env".into(), "prod".into())]),
        now: 3_600_000_000,
        deadline: Duration::from_mins(5),
    })
}

fn judge_with(text: &str, changes: &[(&str, Cell)]) -> Result<ScriptVerdict, Arc<Missing>> {
    run(&loaded(text), &[row(changes)])
}

fn judge(text: &str) -> Result<ScriptVerdict, Arc<Missing>> {
    judge_with(text, &[])
}

/// A condition as a script: `pass` if it holds, `warn` if not.
fn holds_with(condition: &str, changes: &[(&str, Cell)]) -> Result<bool, Arc<Missing>> {
    let text = format!("fn judge(row, ctx) {{ if {condition} {{ pass() }} else {{ warn(\"no\") }} }}");
    judge_with(&text, changes).map(|verdict| verdict == ScriptVerdict::Pass)
}

#[track_caller]
fn holds(condition: &str) {
    assert_eq!(holds_with(condition, &[]).map_err(|why| why.to_string()), Ok(true), "{condition}");
}

/// What keeps the condition from being decided when it runs.
#[track_caller]
fn raises(condition: &str) -> String {
    let why = holds_with(condition, &[]).expect_err(condition);
    assert!(matches!(why.cause, Cause::Script | Cause::Undecidable), "{condition}: {why}");
    why.what.clone()
}

/// The same behind a function, so that nothing is known of the types at load.
fn hidden(a: &str, op: &str, b: &str) -> String {
    format!(
        "fn test(a, b) {{ a {op} b }}\nfn other() {{ test(1, \"x\") || test(true, 1.0) }}\n\
         fn judge(row, ctx) {{ let ok = test({a}, {b}); if ok {{ pass() }} else {{ warn(\"no\") }} }}"
    )
}

/// Messages of a script that is refused.
#[track_caller]
fn refused(text: &str) -> String {
    let diags = load(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
    diags.iter().fold(String::new(), |mut all, diag| {
        let loc = &diag.labels[0].loc;
        writeln!(all, "{loc} {}: {} ({})", diag.code.id, diag.message, diag.help.as_deref().unwrap_or(""))
            .unwrap();
        all
    })
}

/// Messages of a body that is refused.
#[track_caller]
fn refused_body(body: &str) -> String {
    refused(&format!("fn judge(row, ctx) {{ {body} }}"))
}

#[track_caller]
fn says(messages: &str, part: &str) {
    assert!(messages.contains(part), "`{part}` is not in: {messages}");
}

#[test]
fn a_script_judges_a_row() {
    let text = "
        // helpers are allowed
        fn too_big(row, limit) { row.size > limit }
        fn judge(row, ctx) {
            if too_big(row, ctx.params.limit) && ctx.target.labels.env == \"prod\" {
                return fail(`${row.name} has ${row.size}`);
            }
            if row.share > ctx.params.fail_at { return warn(\"share \" + row.share); }
            pass()
        }";
    assert_eq!(judge(text), Ok(ScriptVerdict::Fail("orders has 3 GiB".into())));
    let small = [("size", Ok(Value::Int(1)))];
    assert_eq!(judge_with(text, &small), Ok(ScriptVerdict::Warn("share 41%".into())));
    let fine = [("size", Ok(Value::Int(1))), ("share", Ok(Value::Float(0.1)))];
    assert_eq!(judge_with(text, &fine), Ok(ScriptVerdict::Pass));
    assert_eq!(loaded(text).reads.iter().map(|name| &**name).collect::<Vec<_>>(), ["size", "share", "name"]);
}

#[test]
fn values_have_units_and_one_semantics() {
    for condition in [
        "row.size == 3.GiB",
        "row.size / 2 == 1.5.GiB",
        "row.size > ctx.params.limit",
        "row.share > 20.percent && row.share < 0.5.GiB / 1.GiB",
        "row.took == 90.seconds && row.took * 2 == 3.minutes",
        "5 / 2 == 2.5 && row.count / 2 > 2 && 7 % 4 == 3",
        "row.release > version(\"15.9\") && row.release >= \"15.10\"",
        "row.at_age == 1.hours && ctx.now - row.at == 1.hours",
        "row.last == null && row.last_age == null && (row.gone ?? 5.GiB) == 5.GiB",
        "row.count != 4 && !(row.count < 5) && -row.count == -5",
        "row.total + 1 == 8 && row.load == 1.5 && row.count > 4.9",
        "row.state == \"up\" && \"a\" in row.tags && !(\"c\" in row.tags)",
        "row.count in 1..6 && row.count in 1..=5 && !(row.count in 1..5) && row.size in 1.GiB..4.GiB",
        "len(row.tags) == 2 && row.tags.len() == 2 && row.tags[0] == \"a\" && row.tags == [\"a\", \"b\"]",
        "row[\"count\"] == 5 && known(row, \"count\") && contains(row.name, \"rd\")",
        "max(row.size, 1.GiB) == 3.GiB && abs(-3) == 3 && round(1.5) == 2 && upper(\"a\") == \"A\"",
        "ratio(1, 4) == 25.percent && lower(trim(\" A \")) == \"a\" && ceil(1.2) == 2",
        "row.day < date(\"2030-01-01\") && row.at < ctx.now && time(\"2026-11-01T00:00:00Z\") > row.at",
        "ctx.target.name == \"shop-db\" && ctx.target.type == \"postgres\" && ctx.target.labels.role == null",
        "9007199254740993 > 9007199254740992.0 && 0.1 + 0.2 != 0.3",
        "join(row.tags, \", \") == \"a, b\" && [] == [] && [] != row.tags",
    ] {
        holds(condition);
    }
}

#[test]
fn a_local_value_can_grow() {
    let text = "fn judge(row, ctx) {
        let sum = 0; let names = []; let size = 0.bytes; let all = \"\";
        for i in 0..4 { sum += i; names.push(`n${i}`); size += 1.KiB; all += i; }
        let n = 0;
        while n < 3 { n += 1; if n == 2 { break; } }
        if sum == 6 && size == 4.KiB && join(names, \" \") == \"n0 n1 n2 n3\" && all == \"0123\" && n == 2 { pass() } else { fail(\"no\") }
    }";
    assert_eq!(judge(text), Ok(ScriptVerdict::Pass));
}

#[test]
fn unlike_values_raise_and_are_never_false() {
    let pairs = [
        ("row.size", "5"),
        ("row.took", "row.size"),
        ("row.name", "5"),
        ("row.ok", "1"),
        ("row.share", "0.4"),
        ("row.tags", "3"),
        ("row.tags", "[1]"),
        ("row.at", "row.took"),
        ("row.day", "row.at"),
        ("row.release", "15"),
        ("row", "row"),
        ("ctx", "1"),
        ("row.gone", "5.GiB"),
        ("5.GiB", "row.gone"),
        ("#{a: 1}", "#{a: 1}"),
        ("1..2", "1..2"),
        ("row.gone", "row.last"),
    ];
    for (a, b) in pairs {
        for op in ["==", "!=", "<", "<=", ">", ">="] {
            let why = judge(&hidden(a, op, b)).expect_err(&format!("{a} {op} {b}"));
            assert_eq!(why.cause, Cause::Script, "{a} {op} {b}: {why}");
        }
    }
    for (a, op, b) in [
        ("row.name", "<", "\"z\""),
        ("row.ok", "<", "true"),
        ("row.name", "-", "1"),
        ("row.size", "+", "1"),
        ("row.gone", "+", "1"),
    ] {
        let text = hidden(a, op, b);
        assert_eq!(judge(&text).expect_err(&text).cause, Cause::Script, "{a} {op} {b}");
    }
}

#[test]
fn what_cannot_be_computed_is_undecidable() {
    for condition in [
        "row.count / 0 > 1",
        "row.load / 0.0 > 1",
        "9223372036854775807 + row.count > 0",
        "row.count % 0 == 1",
    ] {
        let why = holds_with(condition, &[]).expect_err(condition);
        assert_eq!(why.cause, Cause::Undecidable, "{condition}");
    }
}

#[test]
fn an_unknown_fact_stops_with_its_own_cause() {
    let denied: Arc<Missing> = Arc::new(Missing::new(Cause::Denied, "no grant"));
    let changes = [("size", Err(Arc::clone(&denied)))];
    for condition in [
        "row.size > 1.GiB",
        "row[\"size\"] != 1.GiB",
        "(row.size ?? 1.GiB) == 1.GiB",
        "true && row.size != null || true",
    ] {
        let Err(why) =
            load(&format!("fn judge(row, ctx) {{ if {condition} {{ pass() }} else {{ warn(\"\") }} }}"))
                .map_or_else(|_| Err(Arc::clone(&denied)), |_| holds_with(condition, &changes))
        else {
            panic!("{condition} was decided")
        };
        assert!(Arc::ptr_eq(&why, &denied), "{condition}: {why}");
    }
    assert_eq!(holds_with("known(row, \"size\")", &changes), Ok(false));
    let tags = [("tags", Ok(Value::List(Arc::new([Ok(Value::text("a")), Err(Arc::clone(&denied))]))))];
    assert!(Arc::ptr_eq(&holds_with("len(row.tags) == 2", &tags).unwrap_err(), &denied));
    let ahead = [("at", Ok(Value::Int(36_000_000_000)))];
    assert_eq!(holds_with("row.at_age > 1.days", &ahead).unwrap_err().cause, Cause::Clock);
    says(&refused_body("try { row.size } catch { } pass()"), "`try` cannot be used");
}

#[test]
fn null_is_compared_only_where_it_is_written() {
    holds("row.gone == null");
    holds("null == row.gone && !(row.gone != null)");
    says(&raises("row.gone > 5.GiB"), "null is compared with bytes");
    says(&raises("row.gone == 5.GiB"), "null is compared with bytes");
    says(&refused_body("if row.size == null { pass() } else { warn(\"x\") }"), "never null");
    says(&refused_body("if row.gone > null { pass() } else { warn(\"x\") }"), "null has no order");
    says(&refused_body("if row.gone == () { pass() } else { warn(\"x\") }"), "write `null`");
}

#[test]
fn every_path_gives_a_verdict() {
    for (body, part) in [
        ("", "gives no verdict"),
        ("true", "not a verdict"),
        ("1 + 1", "not a verdict"),
        ("\"pass\"", "not a verdict"),
        ("row.ok", "not a verdict"),
        ("row.size > 1.GiB", "not a verdict"),
        ("row.ok && row.ok", "not a verdict"),
        ("len(row.name)", "not a verdict"),
        ("let x = 1;", "without a verdict"),
        ("if row.ok { pass() }", "has no `else`"),
        ("if row.ok { pass() } else { }", "gives no verdict"),
        ("if row.ok { pass() } else { false }", "not a verdict"),
        ("if row.ok { return; } pass()", "gives no verdict"),
        ("if row.ok { return true; } pass()", "not a verdict"),
        ("for t in row.tags { return fail(\"x\"); }", "without a verdict"),
        ("if row.ok { fail(\"x\") } pass()", "is dropped"),
        ("fail(\"x\"); pass()", "is dropped"),
        ("for t in row.tags { warn(t) } pass()", "is dropped"),
        ("if row.ok { if row.ok { fail(\"x\") } pass() } else { pass() }", "is dropped"),
        ("throw \"x\"", "`throw`"),
        ("null", "not a verdict"),
    ] {
        says(&refused_body(body), part);
    }
    assert_eq!(
        judge("fn judge(row, ctx) { if row.ok { return pass(); } else { return fail(\"x\"); } }"),
        Ok(ScriptVerdict::Pass)
    );
    assert_eq!(
        judge("fn judge(row, ctx) { let v = if row.ok { pass() } else { fail(\"x\") }; v }"),
        Ok(ScriptVerdict::Pass)
    );
    assert_eq!(judge("fn judge(row, ctx) { loop { return pass(); } }"), Ok(ScriptVerdict::Pass));
    assert_eq!(
        judge("fn judge(row, ctx) { return if row.ok { pass() } else { fail(\"x\") }; }"),
        Ok(ScriptVerdict::Pass)
    );
}

#[test]
fn what_is_no_verdict_when_it_runs_is_unknown() {
    for (text, part) in [
        ("fn x() { true } fn judge(row, ctx) { x() }", "ended with bool"),
        ("fn x() { } fn judge(row, ctx) { x() }", "ended with null"),
        ("fn x(r) { if !r.ok { fail(\"x\") } } fn judge(row, ctx) { x(row) }", "ended with null"),
        ("fn judge(row, ctx) { let v = [1]; v }", "ended with a list"),
        ("fn judge(row, ctx) { loop { break; } }", "ended with null"),
        ("fn x() { fail(\"x\") } fn judge(row, ctx) { x(); pass() }", "a worse verdict"),
        ("fn judge(row, ctx) { let v = fail(\"x\"); warn(\"y\") }", "a worse verdict"),
        ("fn judge(row, ctx) { fail(\" \") }", "says nothing"),
        ("fn x(a) { a } fn judge(row, ctx) { fail(x(1)) }", "takes a text"),
    ] {
        let why = judge(text).expect_err(text);
        assert_eq!(why.cause, Cause::Script);
        says(&why.what, part);
    }
}

#[test]
fn names_and_arity_are_checked_at_load() {
    for (body, part) in [
        ("if row.siez > 1.GiB { pass() } else { warn(\"x\") }", "did you mean `size`?"),
        ("if row.last_ago > 1.days { pass() } else { warn(\"x\") }", "did you mean `last_age`?"),
        ("if row[\"siez\"] > 1.GiB { pass() } else { warn(\"x\") }", "did you mean `size`?"),
        ("if known(row, \"siez\") { pass() } else { warn(\"x\") }", "did you mean `size`?"),
        ("if ctx.params.fail_it > 1.percent { pass() } else { warn(\"x\") }", "did you mean `fail_at`?"),
        ("if ctx.param.fail_at > 1.percent { pass() } else { warn(\"x\") }", "did you mean `params`?"),
        ("if ctx.target.kind == \"x\" { pass() } else { warn(\"x\") }", "`ctx.target` has no `kind`"),
        ("if ctx.target.labels.rol == \"x\" { pass() } else { warn(\"x\") }", "did you mean `role`?"),
        ("let r = row; if r.siez > 1.GiB { pass() } else { warn(\"x\") }", "did you mean `size`?"),
        ("for r in ctx.rows { if r.siez > 1.GiB { return fail(\"x\"); } } pass()", "did you mean `size`?"),
        ("if ctx.rows[0].siez > 1.GiB { pass() } else { warn(\"x\") }", "did you mean `size`?"),
        ("if row.size > 1.GB_ { pass() } else { warn(\"x\") }", "is not a unit"),
        ("if size > 1.GiB { pass() } else { warn(\"x\") }", "`row.size`"),
        ("pas()", "did you mean `pass`?"),
        ("pass(1)", "takes 0 values, not 1"),
        ("fail()", "takes 1 values, not 0"),
        ("if contains(row.name) { pass() } else { warn(\"x\") }", "takes 2"),
        ("if row.name.len(1) > 2 { pass() } else { warn(\"x\") }", "takes 1 values, not 2"),
        ("if row.size > 5 { pass() } else { warn(\"x\") }", "bytes cannot be compared with int"),
        ("if row.size + row.took > 1.GiB { pass() } else { warn(\"x\") }", "cannot be combined"),
        ("if row.state == \"upp\" { pass() } else { warn(\"x\") }", "never `upp`"),
        ("if row.count { pass() } else { warn(\"x\") }", "a condition is true or false"),
        ("if round(row.name) > 1 { pass() } else { warn(\"x\") }", "does not take"),
        ("if row.count == 9223372036854775808 { pass() } else { warn(\"x\") }", "64 bits"),
    ] {
        says(&refused_body(body), part);
    }
    says(
        &refused(
            "fn big(r) { r.siez > 1.GiB } fn judge(row, ctx) { if big(row) { pass() } else { warn(\"x\") } }",
        ),
        "did you mean `size`?",
    );
    says(
        &refused(
            "fn a(r) { b(r) } fn b(r) { r.siez > 1.GiB } fn judge(row, ctx) { if a(row) { pass() } else { warn(\"x\") } }",
        ),
        "did you mean `size`?",
    );
    says(
        &refused("fn big(r) { true } fn judge(row, ctx) { if big() { pass() } else { warn(\"x\") } }"),
        "`big` takes 1 values, not 0",
    );
    says(&refused("fn fail(x) { pass() } fn judge(row, ctx) { fail(\"x\") }"), "already a function");
    says(&refused("fn judge(row) { pass() }"), "takes two parameters");
    says(&refused("fn jugde(row, ctx) { pass() }"), "no function `judge`");
    says(&refused("let x = 1; fn judge(row, ctx) { pass() }"), "only functions stand at the top");
    says(&refused("  "), "empty");
    says(&refused("fn judge(row, ctx) { pass() "), "expecting");
    says(&refused_body("if row.count[0] { pass() } else { warn(\"x\") }"), "has no items");
}

#[test]
fn dangerous_things_are_refused() {
    for body in [
        "eval(\"pass()\")",
        "print(\"x\"); pass()",
        "debug(\"x\"); pass()",
        "import \"x\" as y; pass()",
        "let f = Fn(\"pass\"); f.call()",
        "let f = |x| x > 1; pass()",
        "call(\"pass\")",
        "let f = pass.curry(1); pass()",
        "row.size = 1; pass()",
        "row[\"size\"] = 1; pass()",
        "row = 1; pass()",
        "ctx.params.limit += 1.GiB; pass()",
        "let r = row; r.size = 1.GiB; pass()",
        "ctx.rows[0].size = 1.GiB; pass()",
        "for r in ctx.rows { r.size = 1.GiB; } pass()",
        "switch row.state { \"up\" => pass(), _ => fail(\"x\") }",
        "try { pass() } catch { fail(\"x\") }",
        "this.x; pass()",
        "if 'a' == \"a\" { pass() } else { fail(\"x\") }",
        "if row.count & 1 == 1 { pass() } else { fail(\"x\") }",
        "let x = 1; x <<= 2; pass()",
        "if type_of(row) == \"x\" { pass() } else { fail(\"x\") }",
        "if is_def_var(\"x\") { pass() } else { fail(\"x\") }",
        "sleep(1); pass()",
        "timestamp(); pass()",
        "let row = 1; pass()",
        "let x = 1; let x = 2; pass()",
    ] {
        assert!(!refused_body(body).is_empty());
    }
    assert!(!refused("fn int.judge(row, ctx) { pass() }").is_empty());
}

#[test]
fn a_typo_points_into_the_policy() {
    let text = "id: x\nscript: |\n  fn judge(row, ctx) {\n    if row.siez > 1.GiB { return fail(\"ä\"); }\n    pass()\n  }\n";
    let source = Source::new("policies/x.yaml", text);
    let documents = yaml::parse(&source, &yaml::Limits::default()).unwrap();
    let node = documents[0].root.get("script").unwrap();
    let script = Source::new("policies/x.yaml", node.as_str().unwrap());
    let diags = Script::check(&script, Some(node), &env()).unwrap_err();
    assert_eq!(diags.len(), 1);
    assert_eq!(diags[0].code.id, "unknown-fact");
    assert_eq!(diags[0].labels[0].loc.to_string(), "policies/x.yaml:4:12");
    assert_eq!(diags[0].labels[0].loc.text(), "siez");
    let good = text.replace("siez > 1.GiB", "gone > 1.GiB");
    let source = Source::new("policies/x.yaml", good.as_str());
    let documents = yaml::parse(&source, &yaml::Limits::default()).unwrap();
    let node = documents[0].root.get("script").unwrap();
    let script = Source::new("policies/x.yaml", node.as_str().unwrap());
    let script = Script::check(&script, Some(node), &env()).unwrap();
    says(&run(&script, &[row(&[])]).unwrap_err().what, "policies/x.yaml:4:17");
    assert_eq!(refused("fn judge(row, ctx) {\n  row.nam\n}").split(' ').next(), Some("big.rhai:2:7"));
}

#[test]
fn all_rows_can_be_read() {
    let text = "fn judge(row, ctx) {
        let same = 0;
        for other in ctx.rows { if other.name == row.name { same += 1; } }
        let first = ctx.rows[0];
        if same > 1 { return fail(`${same} of ${len(ctx.rows)}, first ${first.name}`); }
        pass()
    }";
    let script = loaded(text);
    assert_eq!(script.reads.len(), FIELDS.len());
    let rows = [row(&[]), row(&[("name", Ok(Value::text("other")))]), row(&[])];
    assert_eq!(run(&script, &rows), Ok(ScriptVerdict::Fail("2 of 3, first orders".into())));
    assert_eq!(run(&script, &rows[..2]), Ok(ScriptVerdict::Pass));
    let outside = loaded("fn judge(row, ctx) { if ctx.rows[7].ok { pass() } else { fail(\"x\") } }");
    says(&run(&outside, &rows).unwrap_err().what, "none has the index 7");
    let negative = loaded("fn judge(row, ctx) { if ctx.rows[-1].ok { pass() } else { fail(\"x\") } }");
    assert!(run(&negative, &rows).is_err());
}

#[test]
fn reads_are_all_that_may_be_read() {
    let reads = |body: &str| loaded(&format!("fn judge(row, ctx) {{ {body} }}")).reads.len();
    assert_eq!(reads("pass()"), 0);
    assert_eq!(reads("if row.at_age > 1.days { pass() } else { fail(\"x\") }"), 1);
    assert_eq!(reads("if known(row, \"size\") { pass() } else { fail(\"x\") }"), 1);
    for body in [
        "let n = \"size\"; if row[n] > 1.GiB { pass() } else { fail(\"x\") }",
        "let all = [row]; if all[0].size > 1.GiB { pass() } else { fail(\"x\") }",
        "let r = null; r = row; if r.size > 1.GiB { pass() } else { fail(\"x\") }",
        "let n = \"size\"; if known(row, n) { pass() } else { fail(\"x\") }",
        "let m = #{r: row}; if m.r.size > 1.GiB { pass() } else { fail(\"x\") }",
        "let r = if row.ok { row } else { row }; if r.size > 1.GiB { pass() } else { fail(\"x\") }",
    ] {
        assert_eq!(reads(body), FIELDS.len(), "{body}");
    }
    let helper = "fn pick(r) { r } fn judge(row, ctx) { let r = pick(row); if r.size > 1.GiB { pass() } else { fail(\"x\") } }";
    assert_eq!(loaded(helper).reads.len(), FIELDS.len());
}

#[test]
fn a_script_is_bounded() {
    for (text, part) in [
        ("fn judge(row, ctx) { loop { } }", "200000 steps"),
        ("fn judge(row, ctx) { let x = 0; while true { x += 1; } pass() }", "200000 steps"),
        ("fn f(n) { f(n + 1) } fn judge(row, ctx) { f(0) }", "nest deeper than 32"),
        ("fn judge(row, ctx) { let s = \"xxxxxxxx\"; loop { s += s; } }", "64 KiB"),
        ("fn judge(row, ctx) { let s = \"xxxxxxxx\"; loop { s = `${s}${s}`; } }", "too large"),
        ("fn judge(row, ctx) { let a = [1]; loop { a.push(1); } }", "steps"),
        ("fn judge(row, ctx) { let a = [1]; loop { a.push(a); } }", "single values"),
        ("fn judge(row, ctx) { let a = [1, 2, 3, 4]; loop { a = [a, a, a, a]; } }", "too large"),
        ("fn judge(row, ctx) { for i in 0..9000000000000 { } pass() }", "steps"),
    ] {
        let why = judge(text).expect_err(text);
        assert_eq!(why.cause, Cause::Script);
        says(&why.what, part);
    }
    let script = loaded("fn judge(row, ctx) { let x = 0; loop { x += 1; } }");
    let why = script
        .judge(&ScriptInput {
            schema: &schema(),
            row: &row(&[]),
            rows: &[],
            params: &[],
            target_name: "x",
            target_kind: "x",
            labels: &BTreeMap::new(),
            now: 0,
            deadline: Duration::from_millis(1),
        })
        .unwrap_err();
    says(&why.what, "took longer than 1ms");
}

#[test]
fn a_verdict_in_a_helper_or_a_block_is_taken() {
    let text = "fn big(r, limit) { if r.size > limit { return fail(\"big\"); } pass() }
        fn judge(row, ctx) { big(row, ctx.params.limit) }";
    assert_eq!(judge(text), Ok(ScriptVerdict::Fail("big".into())));
    let worst = "fn judge(row, ctx) {
        let worst = pass();
        for other in ctx.rows { if other.size > 1.GiB { worst = fail(`${other.name} is big`); } }
        worst
    }";
    assert_eq!(judge(worst), Ok(ScriptVerdict::Fail("orders is big".into())));
}

#[test]
fn nothing_is_shared_between_calls() {
    let text = "fn judge(row, ctx) { if row.ok { fail(\"x\") } else { pass() } }";
    let script = loaded(text);
    assert_eq!(run(&script, &[row(&[])]), Ok(ScriptVerdict::Fail("x".into())));
    assert_eq!(run(&script, &[row(&[("ok", Ok(Value::Bool(false)))])]), Ok(ScriptVerdict::Pass));
    let threads: Vec<_> =
        (0..4).map(|n| (n, loaded(&format!("fn judge(row, ctx) {{ fail(\"{n}\") }}")))).collect();
    std::thread::scope(|scope| {
        for (n, script) in &threads {
            scope.spawn(move || {
                for _ in 0..200 {
                    assert_eq!(run(script, &[row(&[])]), Ok(ScriptVerdict::Fail(n.to_string())));
                }
            });
        }
    });
}

#[test]
fn every_function_of_expressions_is_there_and_its_example_holds() {
    for function in crate::rule::functions::FUNCTIONS {
        let text = format!(
            "fn judge(row, ctx) {{ let x = {}; if `${{x}}` == `{}` {{ pass() }} else {{ fail(`${{x}}`) }} }}",
            function.example.0, function.example.1
        );
        assert_eq!(judge(&text), Ok(ScriptVerdict::Pass), "{}", function.name);
    }
}

#[test]
fn a_panic_is_unknown() {
    let why = super::run::guarded(|| panic!("engine")).unwrap_err();
    assert_eq!(why.cause, Cause::Script);
    assert_eq!(judge("fn judge(row, ctx) { pass() }"), Ok(ScriptVerdict::Pass));
}

#[test]
fn limits_do_not_depend_on_the_build() {
    let engine = &super::engine::ENGINE;
    assert_eq!((engine.max_operations(), engine.max_call_levels()), (200_000, 32));
    assert_eq!((engine.max_expr_depth(), engine.max_function_expr_depth()), (32, 32));
    assert_eq!(
        (engine.max_string_size(), engine.max_array_size(), engine.max_map_size()),
        (65_536, 100_000, 1_000)
    );
    assert_eq!((engine.max_variables(), engine.max_functions()), (256, 64));
}

#[test]
fn deep_scripts_do_not_overflow_the_stack() {
    let nested = |depth: usize| format!("{}n{}", "(1 + ".repeat(depth), ")".repeat(depth));
    let text = |depth: usize| {
        let inner = nested(depth).replace('n', "f(n + 1)");
        format!("fn f(n) {{ {inner} }} fn judge(row, ctx) {{ f(0) }}")
    };
    let deepest = (1..64).rev().find(|depth| load(&text(*depth)).is_ok()).unwrap();
    assert!(deepest >= 8, "{deepest}");
    let script = loaded(&text(deepest));
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let why = small.spawn(move || run(&script, &[row(&[])])).unwrap().join().unwrap().unwrap_err();
    says(&why.what, "nest deeper");
    assert!(!refused(&format!("fn judge(row, ctx) {{ let n = 1; {}; pass() }}", nested(5_000))).is_empty());
    let blocks =
        format!("fn judge(row, ctx) {{ {} pass() {} }}", "if row.ok {".repeat(5_000), "}".repeat(5_000));
    assert!(!refused(&blocks).is_empty());
}

fn expression(text: &str, a: (Value, Type), b: (Value, Type)) -> Option<Result<bool, Cause>> {
    struct Two(Value, Value);
    impl eval::Scope for Two {
        fn read(&self, place: &Place) -> Cell {
            Ok(if *place == Place::Param(0) { self.0.clone() } else { self.1.clone() })
        }
    }
    let env = Env {
        params: vec![Binding { name: "a".into(), ty: a.1 }, Binding { name: "b".into(), ty: b.1 }],
        ..Env::default()
    };
    let rule = typing::check_condition(Text::bare(text), &env).ok()?;
    Some(eval::holds(&rule.node, &Two(a.0, b.0)).map_err(|why| why.cause))
}

fn scripted(text: &str, a: (Value, Type), b: (Value, Type)) -> Option<Result<bool, Cause>> {
    let env = Env {
        observations: vec![Observed::plain(&"rows".into(), &schema())],
        each: Some(0),
        params: vec![
            Binding { name: "a".into(), ty: a.1.clone() },
            Binding { name: "b".into(), ty: b.1.clone() },
        ],
        facts: true,
        ..Env::default()
    };
    let text = text.replace("params.", "ctx.params.");
    let text = format!("fn judge(row, ctx) {{ if {text} {{ pass() }} else {{ warn(\"no\") }} }}");
    let script = Script::check(&Source::new("x.rhai", text), None, &env).ok()?;
    let params = [("a".into(), a.0, a.1), ("b".into(), b.0, b.1)];
    let verdict = script.judge(&ScriptInput {
        schema: &schema(),
        row: &row(&[]),
        rows: &[],
        params: &params,
        target_name: "x",
        target_kind: "x",
        labels: &BTreeMap::new(),
        now: 0,
        deadline: Duration::from_secs(5),
    });
    Some(verdict.map(|verdict| verdict == ScriptVerdict::Pass).map_err(|why| why.cause))
}

fn number() -> impl Strategy<Value = (Value, Type)> {
    let ints = prop_oneof![Just(0), Just(1), Just(i64::MAX), Just(i64::MIN), any::<i64>(), -100i64..100];
    let floats = prop_oneof![
        Just(0.0),
        Just(0.1 + 0.2),
        Just(9_007_199_254_740_992.0),
        -100.0f64..100.0,
        any::<f64>()
    ];
    let floats = floats.prop_filter("facts are finite", |float| float.is_finite());
    let whole = prop_oneof![
        Just(Type::Int),
        Just(Type::Counter),
        Just(Type::BYTES),
        Just(Type::DURATION),
        Just(Type::Time),
        Just(Type::Date)
    ];
    let broken = prop_oneof![
        Just(Type::Float),
        Just(Type::RATIO),
        Just(Type::Quantity(crate::fact::Unit::RATE)),
        Just(Type::Quantity(crate::fact::Unit::BYTE_RATE))
    ];
    prop_oneof![
        (ints, whole).prop_map(|(int, ty)| (Value::Int(int), ty)),
        (floats, broken).prop_map(|(float, ty)| (Value::Float(float), ty)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn expressions_and_scripts_agree(a in number(), b in number(), cmp in 0usize..6, op in 0usize..5) {
        let cmp = ["==", "!=", "<", "<=", ">", ">="][cmp];
        let op = ["+", "-", "*", "/", "%"][op];
        for text in [
            format!("params.a {cmp} params.b"),
            format!("(params.a {op} params.b) {cmp} params.a"),
            format!("(params.a {op} params.b) {cmp} (params.b {op} params.a)"),
            format!("max(params.a, params.b) {cmp} params.b"),
            format!("-params.a {cmp} params.b"),
        ] {
            prop_assert_eq!(expression(&text, a.clone(), b.clone()), scripted(&text, a.clone(), b.clone()), "{}", text);
        }
    }

    #[test]
    fn any_text_is_checked_without_panic(text in "[a-z(){}\\[\\];.=+!\"'`$#|&<> \n0-9]{0,60}") {
        drop(load(&text));
        drop(load(&format!("fn judge(row, ctx) {{ {text} }}")));
    }
}
