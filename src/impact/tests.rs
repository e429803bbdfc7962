//! What the comparison says of two versions is what judging every row says.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::lower::Version;
use super::rules::{Compared, Ruled, compare};
use crate::fact::{Cause, Cell, Missing, Observation, Past, TableBuilder, Value};
use crate::judge::{Given, judge};
use crate::plan::{Check, Input, Selection, TargetInfo, bind};
use crate::policy::load::{File, Loaded, documents};
use crate::policy::{Policy, Project};
use crate::source::Source;
use crate::verdict::{Direction, Recall, Verdict};

/// A policy with these rules, which must load.
fn policy(rules: &str) -> Arc<Policy> {
    read(rules).unwrap_or_else(|diags| panic!("{rules}\n{diags:#?}"))
}

/// A policy with these rules, or why it does not load.
fn read(rules: &str) -> Result<Arc<Policy>, Vec<crate::diag::Diag>> {
    let text = format!(
        "policy: p\ntitle: It holds\ntier: daily\nseverity: high\nowner: team\nwhy: Because.\ntarget: {{ type: sqlite }}\n\
         observe:\n  t: {{ probe: sqlite.query, with: {{ sql: SELECT 1 }}, facts: {{ k: int, a: int, b: \"int?\", w: enum(x|y|z), f: bool, s: ratio, t: \"time?\", z: bytes, y: bytes, l: \"list<text>\" }}, key: [k] }}\n\
         remedy: {{ steps: [{{ do: look }}] }}\n{rules}"
    );
    let mut loaded = Loaded::default();
    let file = File { source: Source::new("p.yaml", text.as_str()), library: None, folder: "".into() };
    documents(&file, None, &mut loaded);
    if loaded.diags.is_empty() { Ok(loaded.policies.remove(0)) } else { Err(loaded.diags) }
}

fn bound(policy: &Arc<Policy>) -> (Check, crate::fact::Request) {
    let target = TargetInfo { name: "db".into(), kind: "sqlite".into(), ..TargetInfo::default() };
    let input = Input {
        policies: std::slice::from_ref(policy),
        targets: &[Arc::new(target)],
        project: &Project::default(),
        selection: &Selection::default(),
        has_project: false,
    };
    let mut plan = bind(&input).unwrap_or_else(|diags| panic!("{diags:#?}"));
    (plan.checks.remove(0), plan.requests.remove(0))
}

fn compared(old: &str, new: &str) -> Compared {
    let (old, new) = (policy(old), policy(new));
    let (old, new) = (bound(&old).0, bound(&new).0);
    let (was, is) = (old.settings.values(), new.settings.values());
    let ruled = |check, params| Ruled { version: version(check, params), severity: None, urgency: None };
    compare(&ruled(&old, &was), &ruled(&new, &is))
}

fn version<'a>(check: &'a Check, params: &'a [Value]) -> Version<'a> {
    Version { policy: &check.policy, params, target: &check.target, made_up: false }
}

#[track_caller]
fn says(old: &str, new: &str, direction: Direction) {
    let found = compared(old, new);
    assert_eq!(found.verdict.direction(), direction, "{old} -> {new}\n{found:#?}");
    assert!(found.exact && found.beyond.is_none(), "{old} -> {new}\n{found:#?}");
    let back = match direction {
        Direction::Looser => Direction::Stricter,
        Direction::Stricter => Direction::Looser,
        other => other,
    };
    assert_eq!(compared(new, old).verdict.direction(), back, "{new} -> {old}");
}

#[test]
fn thresholds_are_looser_stricter_or_the_same() {
    use Direction::{Looser, NotComparable, Same, Stricter};
    for (old, new, direction) in [
        ("fail: a > 5\n", "fail: a > 6\n", Looser),
        ("fail: a > 5\n", "fail: a >= 6\n", Same),
        ("fail: s > 50.percent\n", "fail: s >= 50.percent\n", Stricter),
        ("fail: a > 5\n", "fail: 5 < a\n", Same),
        ("fail: a < 5\n", "fail: a < 6\n", Stricter),
        ("fail: a > 5\n", "fail: a > 5 && f\n", Looser),
        ("fail: a > 5\n", "fail: a < 5\n", NotComparable),
        ("fail: a > 5 && a < 7\n", "fail: a == 6\n", Same),
        ("fail: a > 5\n", "warn: a > 5\n", Looser),
        ("fail: a > 5\nwarn: a > 3\n", "fail: a > 6\nwarn: a > 2\n", NotComparable),
        ("where: a > 3\nfail: f\n", "where: a > 4\nfail: f\n", Looser),
        ("where: a > 3\nfail: a > 9\n", "where: a > 4\nfail: a > 9\n", Same),
        ("fail: b == null || b > 5\n", "fail: (b ?? 9) > 5\n", Same),
        ("fail: b == null || b > 5\n", "fail: (b ?? 0) > 5\n", Looser),
        ("fail: w == \"x\"\n", "fail: w in [\"x\", \"y\"]\n", Stricter),
        ("fail: w != \"x\"\n", "fail: w == \"y\" || w == \"z\"\n", Same),
        ("fail: a > 5\n", "fail: known(a) && a > 5\n", Looser),
        ("fail: s > 40.percent\n", "fail: s > 60.percent\n", Looser),
        ("fail: s * 2 > 0.8\n", "fail: s > 40.percent\n", Same),
        ("fail: z > 1.GiB\n", "fail: z / 2 > 1.GiB\n", Looser),
        ("fail: a in 3..7\n", "fail: a >= 3 && a < 7\n", Same),
        ("fail: a in 3..7\n", "fail: a in 3..=7\n", Stricter),
        ("fail: |\n  !(a > 5 || f)\n", "fail: a <= 5 && !f\n", Same),
        ("fail: t == null || t_age > 7.days\n", "fail: t == null || t_age > 8.days\n", Looser),
        ("fail: (t_age ?? 8.days) > 7.days\n", "fail: t == null || t_age > 7.days\n", Same),
        ("let: { d: a * 3 }\nfail: d > 10\n", "fail: a > 3\n", Same),
        ("params: { limit: 5 }\nfail: a > params.limit\n", "fail: a > 5\n", Same),
        ("fail: a > 5 || unit\nlet: { unit: (b ?? 0) == 1 }\n", "fail: (b ?? 0) == 1 || a > 5\n", Same),
    ] {
        says(old, new, direction);
    }
}

#[test]
fn a_fact_that_may_be_unreadable_makes_no_looser_rule_stricter_and_hides_none() {
    let (whole, filtered) = ("fail: a > 5\n", "where: f\nfail: a > 5\n");
    assert_eq!(compared(whole, filtered).verdict.direction(), Direction::Looser);
    assert_eq!(compared("fail: a > 5\n", "fail: a > 5\nwarn: f\n").verdict.direction(), Direction::Stricter);
    // What was unknown ends a run with 3, and a warning with 0.
    let found = compared("warn: a > 5\n", "warn: a > 5 || f\n");
    assert_eq!(found.verdict.direction(), Direction::NotComparable);
    assert_eq!(
        compared("fail: known(a) && a > 5 || f\n", "fail: f\nwarn: known(a) && a > 5\n").verdict.direction(),
        Direction::Looser
    );
    // What was unknown and passes now is looser, whatever else is stricter.
    let found = compared("fail: a > 5\n", "fail: known(a) && a > 4\n");
    assert_eq!(found.verdict.direction(), Direction::NotComparable);
}

#[test]
fn an_example_is_one_that_shows_it() {
    let found = compared("fail: s > 40.percent\n", "fail: s > 60.percent\n");
    let example = found.verdict.looser.unwrap();
    assert_eq!(example.facts, [("s".to_owned(), "50%".to_owned())]);
    assert_eq!((example.before.as_str(), example.after.as_str()), ("fail", "pass"));
    let found = compared("fail: t == null || t_age > 7.days\n", "fail: t != null && t_age > 7.days\n");
    let example = found.verdict.looser.unwrap();
    assert_eq!(example.facts, [("t".to_owned(), "null".to_owned())]);
}

#[test]
fn facts_compared_with_each_other_are_compared_as_a_whole() {
    assert_eq!(compared("fail: a > k\n", "fail: k < a\n").verdict.direction(), Direction::Same);
    assert_eq!(compared("fail: a > k\n", "fail: a >= k\n").verdict.direction(), Direction::Stricter);
    let found = compared("fail: a > k\n", "fail: a > k && a > 5\n");
    assert_eq!((found.verdict.direction(), found.exact), (Direction::Looser, false));
    for (old, new, direction) in [
        ("z < y * 0.1", "z < y * 0.05", Direction::Looser),
        ("z < y * 0.1", "z < 0.2 * y", Direction::Stricter),
        ("z < y * 0.1", "z < 0.1 * y", Direction::Same),
        ("z < y * 1", "z <= y * 0", Direction::NotComparable),
        ("z < y * 1", "z < y * 0", Direction::Looser),
        ("z > y * 2", "z >= y * 3", Direction::NotComparable),
        ("z > y * 2", "z > y * 3", Direction::Looser),
        ("z >= y * 2", "z >= y * 3", Direction::Looser),
        ("z < y * 1", "z < y * 0.5", Direction::Looser),
        ("z < y * 0.5", "z < y * 1", Direction::Stricter),
        // Where there is nothing in all, `<=` fails and `<` passes.
        ("z <= y * 0.1", "z < y * 0.2", Direction::NotComparable),
        ("z <= y * 0.1", "z <= y * 0.2", Direction::Stricter),
        ("z < y * 0.1", "(z >= y * 0.1) == false", Direction::Same),
        ("z == y * 2", "z == y * 3", Direction::NotComparable),
    ] {
        let found = compared(&format!("fail: {old}\n"), &format!("fail: {new}\n"));
        assert_eq!(found.verdict.direction(), direction, "{old} -> {new}: {found:#?}");
    }
    let found = compared("fail: a * k > 5\n", "fail: a * k > 6\n");
    assert_eq!((found.verdict.direction(), found.exact), (Direction::Looser, true));
}

#[test]
fn a_curve_is_not_taken_for_a_line() {
    use Direction::{Looser, Same, Stricter};
    for (old, new, direction) in [
        ("fail: a != 0 && 1 / a > 0.5\n", "fail: a != 0 && 1 / a > 0.6\n", Looser),
        ("fail: a * a > 4\n", "fail: a * a > 9\n", Looser),
        ("fail: a % 4 == 1\n", "fail: a % 4 == 2\n", Direction::NotComparable),
        ("fail: a / 2 > 2\n", "fail: a > 4\n", Same),
        ("fail: a / 2 > 2\n", "fail: a > 3\n", Stricter),
    ] {
        assert_eq!(compared(old, new).verdict.direction(), direction, "{old} -> {new}");
    }
}

#[test]
fn lists_are_told_apart() {
    for (old, new) in [
        ("fail: l == [\"a\"]\n", "fail: l == [\"b\"]\n"),
        ("fail: l == [\"a\"]\n", "fail: l != [\"a\"]\n"),
        ("fail: l in [[\"a\"]]\n", "fail: l in [[\"b\"]]\n"),
        ("fail: |\n  \"a\" in l\n", "fail: |\n  \"b\" in l\n"),
    ] {
        assert_eq!(compared(old, new).verdict.direction(), Direction::NotComparable, "{old} -> {new}");
    }
    assert_eq!(
        compared("fail: l == [\"a\"]\n", "fail: l == [\"a\"] || f\n").verdict.direction(),
        Direction::Stricter
    );
}

#[test]
fn a_difference_of_sizes_may_be_below_zero() {
    let found = compared("fail: z - y != 0.bytes\n", "fail: z - y > 0.bytes\n");
    assert_eq!(found.verdict.direction(), Direction::Looser, "{found:#?}");
}

#[test]
fn the_clock_and_a_date_together_are_not_decided() {
    let rule = |days: u32| {
        format!("fail: t != null && (t_age > {days}.days || t > time(\"2027-01-01T00:00:00Z\"))\n")
    };
    assert!(compared(&rule(7), &rule(8)).beyond.is_some());
}

#[test]
fn too_many_cases_are_compared_by_what_both_have_in_common() {
    let shared: Vec<String> =
        (1..12).map(|limit| format!("a == {limit} && k == {limit} && z == {limit}.bytes")).collect();
    let shared = format!("({}) && (b ?? 0) != 3 && w == \"x\"", shared.join(" || "));
    let found = compared(
        &format!("fail: {shared} && s > 40.percent\n"),
        &format!("fail: {shared} && s > 60.percent\n"),
    );
    assert_eq!((found.verdict.direction(), found.beyond), (Direction::Looser, None));
}

/// Conditions whose limits are between 1 and 5.
fn condition() -> impl Strategy<Value = String> {
    let limit = 1i64..5;
    let cmp = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
    let atom = prop_oneof![
        (cmp.clone(), limit.clone()).prop_map(|(cmp, n)| format!("a {cmp} {n}")),
        (cmp.clone(), limit.clone()).prop_map(|(cmp, n)| format!("{n} {cmp} a")),
        (cmp.clone(), limit.clone(), limit.clone()).prop_map(|(cmp, m, n)| format!("(b ?? {m}) {cmp} {n}")),
        (cmp.clone(), limit.clone()).prop_map(|(cmp, n)| format!("(b != null && b {cmp} {n})")),
        (cmp, limit.clone()).prop_map(|(cmp, n)| format!("a * 2 {cmp} {n}")),
        (limit.clone(), limit.clone()).prop_map(|(m, n)| format!("a in [{m}, {n}]")),
        (limit.clone(), limit).prop_map(|(m, n)| format!("a in {m}..{n}")),
        Just("b == null".to_owned()),
        Just("w == \"x\"".to_owned()),
        Just("w in [\"x\", \"y\"]".to_owned()),
        Just("f".to_owned()),
        Just("known(b)".to_owned()),
    ];
    atom.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

fn rules() -> impl Strategy<Value = String> {
    let line = |key: &'static str| condition().prop_map(move |text| format!("{key}: |\n  {text}\n"));
    (prop::option::of(line("where")), line("fail"), prop::option::of(line("warn"))).prop_map(
        |(filter, fail, warn)| format!("{}{fail}{}", filter.unwrap_or_default(), warn.unwrap_or_default()),
    )
}

/// Every row there can be, as far as the conditions can tell.
fn table(request: &crate::fact::Request) -> crate::fact::Table {
    let unknown = || Missing::new(Cause::Denied, "").cell();
    let numbers = |null: bool| -> Vec<Cell> {
        let mut cells: Vec<Cell> = (-1..7).map(|n| Ok(Value::Int(n))).collect();
        cells.push(unknown());
        cells.extend(null.then_some(Ok(Value::Null)));
        cells
    };
    let words: Vec<Cell> = ["x", "y", "z"].iter().map(|w| Ok(Value::text(w))).chain([unknown()]).collect();
    let flags = [Ok(Value::Bool(true)), Ok(Value::Bool(false)), unknown()];
    let mut table = TableBuilder::new(&request.schema, 10_000);
    let mut key = 0;
    for a in &numbers(false) {
        for b in &numbers(true) {
            for w in &words {
                for f in &flags {
                    key += 1;
                    let mut row = table.row().set("k", Value::Int(key));
                    for (name, cell) in [("a", a), ("b", b), ("w", w), ("f", f)] {
                        row = row.cell(name, cell.clone());
                    }
                    row.push();
                }
            }
        }
    }
    table.finish()
}

/// The verdict of each row, `Pass` for those that are no subjects.
fn verdicts(rules: &str) -> Vec<Verdict> {
    let (check, request) = bound(&policy(rules));
    let at = Timestamp::UNIX_EPOCH;
    let lost = Observation::missing(request.key.clone(), at, Missing::new(Cause::Internal, ""));
    let answer = Observation { result: Ok(table(&request)), ..lost };
    let rows = answer.result.as_ref().map_or(0, |table| table.rows.len());
    let given = Given { at, recall: &Recall::default(), past: &Past::default() };
    let judged = judge(&check, &[answer], &given).check;
    let mut all = vec![Verdict::Pass; rows];
    for finding in judged.findings.iter().filter(|finding| !finding.subject.key.is_empty()) {
        let key: usize = finding.subject.shown.replace(',', "").parse().unwrap();
        all[key - 1] = finding.verdict;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_of_two_versions_is_what_judging_every_row_says(old in rules(), new in rules()) {
        // A null that cannot be there any more is refused, and nothing is compared.
        prop_assume!(read(&old).is_ok() && read(&new).is_ok());
        let (was, is) = (verdicts(&old), verdicts(&new));
        let looser = was.iter().zip(&is).any(|(was, is)| is < was);
        let more = |was: &Verdict, is: &Verdict| is > was && (!looser || *is != Verdict::Unknown);
        let stricter = was.iter().zip(&is).any(|(was, is)| more(was, is));
        let found = compared(&old, &new);
        prop_assert_eq!(found.verdict.direction(), Direction::of(looser, stricter), "{}\n{}\n{:#?}", old, new, found);
        prop_assert!(found.exact);
    }
}
