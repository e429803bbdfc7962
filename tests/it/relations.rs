//! Relations end in a verdict or say why not: joins, groups, the past, expected sets. Each case is a policy with the
//! findings that `muster test` must find, no more and no less; each refusal a policy that must not load.

use crate::harness::Shop;

/// Two answers with one key.
const TWO: &str = r#"target: { type: sqlite }
observe:
  a: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { id: "text?", n: int, t: "time?", o: text }, key: [id] }
  b: { probe: sqlite.query, with: { sql: SELECT 2 }, facts: { id: "text?", n: int, o: text }, key: [id] }
"#;

/// Them, joined.
const JOINED: &str = "join: { ab: { of: [a, b], by: id } }\neach: ab\n";

/// A policy of these lines.
fn shop(policy: &str) -> Shop {
    let shop = Shop::new();
    shop.policy("p", policy);
    shop
}

/// Runs cases of a policy; every one must find what it says.
#[track_caller]
fn holds(policy: &str, cases: &str) {
    let shop = shop(policy);
    let head = "cases: p\nnow: 2026-11-20T00:00:00Z\na: { n: 1, o: x }\ncheck:\n";
    let head = if policy.contains("  a: {") { head } else { "cases: p\nnow: 2026-11-20T00:00:00Z\ncheck:\n" };
    let lines: String = cases.lines().map(|line| format!("  - {{ {line} }}\n")).collect();
    shop.file("policies/p.cases.yaml", &format!("{head}{lines}"));
    shop.run(&["test", "policies/"]).exits(0);
}

/// A case file that is refused with this.
#[track_caller]
fn refuses_case(policy: &str, case: &str, says: &str) {
    let shop = shop(policy);
    let text = format!("cases: p\nnow: 2026-11-20T00:00:00Z\ncheck:\n  - {{ {case} }}\n");
    shop.file("policies/p.cases.yaml", &text);
    let run = shop.run(&["test", "policies/"]).exits(2);
    assert!(run.stderr.contains(says), "{case}\n{}{}", run.stdout, run.stderr);
}

/// What `muster lint` says of a policy.
fn lint(policy: &str) -> (i32, String) {
    let run = shop(policy).run(&["lint", "policies/"]);
    let said = format!("{}{}", run.stdout, run.stderr);
    (run.code, said.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn loads(policy: &str) {
    let (code, said) = lint(policy);
    assert_eq!(code, 0, "{policy}\n{said}");
}

#[track_caller]
fn refused(policy: &str, wanted: &[&str]) {
    let (code, said) = lint(policy);
    assert_eq!(code, 2, "{policy}\n{said}");
    for part in wanted {
        assert!(said.contains(part), "not said: {part}\n{policy}\n{said}");
    }
}

#[test]
fn a_side_narrows_in_every_form() {
    for rule in [
        r#"side == "a" && a.n > 0"#,
        r#""both" == side && a.n > b.n"#,
        r#"side != "b" && a.n > 0"#,
        r#"!(side == "b") && a.n > 0"#,
        r#"side in ["a", "both"] && a.n > 0"#,
        r#"!(side in ["b"]) && a.n > 0"#,
        r#"side == "b" || a.n > 0"#,
        r#"side in ["b"] || a.n > 0"#,
        r#"(side == "a" || side == "both") && a.n > 0"#,
        r#"side != "a" && side != "both" || a.n > 0"#,
        r#"side != "a" && side != "b" && a.n != b.n"#,
        "a.n != null && a.n > 0",
        "(a.n ?? 0) > (b.n ?? 0)",
    ] {
        loads(&format!("{TWO}{JOINED}fail: |\n  {rule}\n"));
    }
    for rule in [
        "a.n > 0",
        r#"side == "b" && a.n > 0"#,
        r#"side != "a" && a.n > 0"#,
        r#"!(side == "a") && a.n > 0"#,
        r#"side in ["a", "b"] && a.n > 0"#,
        r#"side in ["a", target.name] && a.n > 0"#,
        r#"!(side in ["a"]) && a.n > 0"#,
        r#"side == "a" || a.n > 0"#,
        r#"side == "a" && b.n > 0"#,
    ] {
        refused(&format!("{TWO}{JOINED}fail: |\n  {rule}\n"), &["nullable", "may be null", "help:"]);
    }
    refused(&format!("{TWO}{JOINED}fail: side == \"ab\"\n"), &["bad-value", "one of `a`, `b`, `both`"]);
    refused(&format!("{TWO}{JOINED}fail: side in [\"aa\"]\n"), &["bad-value", "one of `a`, `b`, `both`"]);
}

#[test]
fn a_join_never_takes_what_it_cannot_match() {
    let rule = "fail: side != \"both\"\nmessage: \"{{ id }}: {{ a.n }}, {{ b.n }}\"\n";
    holds(
        &format!("{TWO}{JOINED}{rule}"),
        r#"name: both, facts: { a: [{ id: x }], b: [{ id: x, n: 1, o: y }] }, findings: []
name: either, facts: { a: [{ id: x }], b: [{ id: y, n: 2, o: y }] }, findings: [{ subject: x, verdict: fail, message: "x: 1, none" }, { subject: y, verdict: fail, message: "y: none, 2" }]
name: cut, facts: { a: [{ id: x }], b: { rows: [{ id: y, n: 2, o: y }], cut: incomplete } }, findings: [{ subject: x, verdict: unknown, cause: incomplete }, { subject: y, verdict: fail }, { verdict: unknown, cause: incomplete }]
name: unread key, facts: { a: [{ id: x }], b: [{ id: { missing: denied }, n: 2, o: y }] }, findings: [{ subject: x, verdict: unknown, cause: denied }, { verdict: unknown, cause: denied }]
name: null key, facts: { a: [{ id: x }], b: [{ id: x, n: 1, o: y }, { id: null, n: 2, o: y }] }, findings: [{ verdict: unknown, cause: ambiguous }]
name: doubles on the left, facts: { a: [{ id: x }, { id: x }], b: [{ id: x, n: 1, o: y }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]
name: doubles on the right, facts: { a: [{ id: x }], b: [{ id: x, n: 1, o: y }, { id: x, n: 2, o: y }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]
name: doubles on the right alone, facts: { a: [{ id: z }], b: [{ id: z, n: 1, o: y }, { id: x, n: 1, o: y }, { id: x, n: 2, o: y }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]
name: not read, facts: { a: [{ id: x }], b: { missing: timeout } }, findings: [{ verdict: unknown, cause: timeout }]"#,
    );
    let filtered = format!("{TWO}{JOINED}where: side == \"both\"\nfail: a.n != b.n\n");
    holds(
        &filtered,
        "name: an unknown side is not outside, facts: { a: [{ id: x }], b: { rows: [], cut: incomplete } }, findings: [{ subject: x, verdict: unknown, cause: incomplete }, { verdict: unknown, cause: incomplete }, { verdict: unknown, cause: empty }]",
    );
}

#[test]
fn several_rows_of_the_left_may_meet_one_of_the_right_and_doubles_may_not() {
    let by = "join: { ab: { of: [a, b], by: o } }\neach: ab\nfail: side == \"both\" && a.n > b.n\n";
    let policy = format!("{TWO}{by}").replace("o: text }, key: [id] }\njoin", "o: text }, key: [o] }\njoin");
    holds(
        &policy,
        "name: many to one, facts: { a: [{ id: x, n: 5 }, { id: y, n: 1 }], b: [{ id: k, n: 3, o: x }] }, findings: [{ subject: x.x, verdict: fail }]
name: one of them twice, facts: { a: [{ id: x, n: 1 }, { id: x, n: 2 }], b: [{ id: k, n: 3, o: x }] }, findings: [{ subject: x.x, verdict: unknown, cause: ambiguous }]",
    );
}

#[test]
fn what_is_ambiguous_stays_so_in_a_join_and_a_group_of_it() {
    let third =
        "  c: { probe: sqlite.query, with: { sql: SELECT 3 }, facts: { id: text, m: int }, key: [id] }\n";
    let joins = "join: { ab: { of: [a, b], by: id }, abc: { of: [ab, c], by: id } }\neach: abc\n";
    holds(
        &format!("{TWO}{third}{joins}fail: side == \"both\" && ab.a.n != null && ab.a.n != c.m\n"),
        "name: the facts of the inner one are read, facts: { a: [{ id: x }], b: [{ id: x, n: 1, o: x }], c: [{ id: x, m: 2 }] }, findings: [{ subject: x, verdict: fail }]
name: doubles within, facts: { a: [{ id: x }, { id: x, n: 2 }], b: [{ id: x, n: 1, o: x }], c: [{ id: x, m: 1 }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]",
    );
    let group = "join: { ab: { of: [a, b], by: id } }\ngroup: { g: { of: ab, by: side, let: { n: count() } } }\neach: g\nfail: n > 1\n";
    let group = group.replace("n: count()", "k: count()").replace("fail: n", "fail: k");
    holds(
        &format!("{TWO}{group}"),
        "name: counted, facts: { a: [{ id: x }, { id: y }], b: [{ id: x, n: 1, o: x }] }, findings: []
name: doubles, facts: { a: [{ id: x }, { id: x }], b: [{ id: x, n: 1, o: x }] }, findings: [{ subject: both, verdict: unknown, cause: ambiguous }, { verdict: unknown, cause: ambiguous }]",
    );
}

const GROUP: &str = r"target: { type: sqlite }
observe:
  a: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { id: text, o: text, n: int, ok: bool }, key: [id] }
group:
  g:
    of: a
    by: o
    let: { k: count(), anyone: any(ok), everyone: all(ok), total: sum(n), mid: median(n), most: max(n), some: count(n > 5), first: 'first_by(id, n)', big: 'max(n, n > 5)' }
each: g
";

#[test]
fn aggregates_of_what_is_not_read_are_unknown_unless_they_are_decided() {
    let case = |name: &str, facts: &str, findings: &str| {
        format!("name: {name}, facts: {{ a: {facts} }}, findings: {findings}")
    };
    let rule =
        |rule: &str, cases: &[String]| holds(&format!("{GROUP}fail: |\n  {rule}\n"), &cases.join("\n"));
    let unread = "[{ id: p, ok: true }, { id: q, ok: { missing: denied }, n: { missing: timeout } }]";
    let fail = "[{ subject: x, verdict: fail }]";
    let unknown = |cause: &str| format!("[{{ subject: x, verdict: unknown, cause: {cause} }}]");
    rule("anyone", &[case("true without it", unread, fail)]);
    rule("!everyone", &[case("false may still come", unread, &unknown("denied"))]);
    rule("total > 0", &[case("sum", unread, &unknown("timeout"))]);
    rule("some > 0", &[case("a condition", unread, &unknown("timeout"))]);
    rule(
        "k > 1",
        &[
            case("both are there", unread, fail),
            case("one key twice", "[{ id: p, ok: true }, { id: p, ok: true }]", &unknown("ambiguous")),
            case(
                "cut",
                "{ rows: [{ id: p, ok: true }], cut: incomplete }",
                "[{ subject: x, verdict: unknown, cause: incomplete }, { verdict: unknown, cause: incomplete }]",
            ),
            case("none", "[]", "[{ verdict: unknown, cause: empty }]"),
            case(
                "no group of it is known",
                "[{ id: p, ok: true, o: { missing: denied } }]",
                "[{ verdict: unknown, cause: denied }]",
            ),
        ],
    );
    rule("mid > 2", &[case("between two", "[{ id: p, n: 2, ok: true }, { id: q, n: 4, ok: true }]", fail)]);
    rule("big == null", &[case("none is chosen", "[{ id: p, ok: true }]", fail)]);
    rule(r#"first == "q""#, &[case("one", "[{ id: p, n: 6, ok: true }, { id: q, n: 1, ok: true }]", fail)]);
    rule("most > 5", &[case("one", "[{ id: p, n: 6, ok: true }]", fail)]);
}

#[test]
fn an_expected_name_fails_only_where_all_rows_are_known() {
    let each = format!("{TWO}each: a\nexpect: b\n");
    holds(
        &each,
        "name: there, facts: { a: [{ id: x }], b: [{ id: x, n: 1, o: x }] }, findings: []
name: gone, facts: { a: [{ id: x }], b: [{ id: y, n: 1, o: x }] }, findings: [{ subject: y, verdict: fail }]
name: the subjects are cut, facts: { a: { rows: [{ id: x }], cut: incomplete }, b: [{ id: y, n: 1, o: x }] }, findings: [{ subject: y, verdict: unknown, cause: incomplete }, { verdict: unknown, cause: incomplete }]
name: a subject without a name, facts: { a: [{ id: { missing: denied } }], b: [{ id: y, n: 1, o: x }] }, findings: [{ subject: y, verdict: unknown, cause: denied }, { verdict: unknown, cause: denied }]
name: what is expected is cut, facts: { a: [{ id: x }], b: { rows: [{ id: x, n: 1, o: x }], cut: incomplete } }, findings: [{ verdict: unknown, cause: incomplete }]
name: what is expected is not read, facts: { a: [{ id: x }], b: { missing: denied } }, findings: [{ verdict: unknown, cause: denied }]
name: nothing is expected, facts: { a: [{ id: x }], b: [] }, findings: [{ verdict: unknown, cause: empty }]
name: it is there twice, facts: { a: [{ id: x }, { id: x }], b: [{ id: x, n: 1, o: x }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]",
    );
    loads(&format!("{TWO}group: {{ g: {{ of: b, by: o, let: {{ k: count() }} }} }}\neach: a\nexpect: g\n"));
    let joined = format!("{TWO}{JOINED}expect: [x]\n");
    holds(
        &joined,
        "name: an ambiguous row is there, facts: { a: [{ id: x }, { id: x }], b: [{ id: x, n: 1, o: x }] }, findings: [{ subject: x, verdict: unknown, cause: ambiguous }]",
    );
}

#[test]
fn what_was_there_before_does_not_count_as_there() {
    let policy = r#"target: { type: sqlite }
observe:
  rows: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { id: text, n: int }, key: [id], before: previous }
expect: [a, b]
fail: side == "both" && n < before.n
"#;
    holds(
        policy,
        "name: all there, facts: { rows: [{ id: a, n: 1 }, { id: b, n: 1 }] }, before: { rows: [{ id: a, n: 1 }] }, findings: []
name: one is gone, facts: { rows: [{ id: a, n: 1 }] }, before: { rows: [{ id: a, n: 1 }, { id: b, n: 1 }] }, findings: [{ subject: b, verdict: fail }]",
    );
}

const PAST: &str = r#"target: { type: sqlite }
observe:
  h: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { id: text, n: "int?", c: counter, s: text, z: bytes }, key: [id], history: { window: 10d, at_least: 4d, points: 3 } }
"#;

#[test]
fn the_past_is_enough_or_unknown() {
    let past = |rows: &str| format!("past: {{ h: [{rows}] }}");
    let sample = |ago: &str, fact: &str| format!("{{ ago: {ago}, rows: [{{ id: x, {fact} }}] }}");
    let case = |now: &str, samples: &[String], found: &str| {
        format!(
            "name: it, facts: {{ h: [{{ id: x, {now} }}] }}, {}, findings: [{found}]",
            past(&samples.join(", "))
        )
    };
    let none = "{ subject: x, verdict: unknown, cause: no-history }";
    let fail = "{ subject: x, verdict: fail }";
    let rule = |rule: &str, cases: &[String]| {
        let named = |(place, case): (usize, &String)| case.replacen("it", &format!("case {place}"), 1);
        let cases: Vec<String> = cases.iter().enumerate().map(named).collect();
        holds(&format!("{PAST}fail: {rule}\n"), &cases.join("\n"));
    };
    rule(
        "per_day(n) > 1.5",
        &[
            case("n: 12", &[sample("5d", "n: 2"), sample("2d", "n: 8")], fail),
            case("n: 12", &[sample("5d", "n: null"), sample("2d", "n: 8"), sample("1d", "n: 10")], none),
            case(
                "n: null",
                &[sample("5d", "n: 2"), sample("2d", "n: 8"), sample("1d", "n: 10")],
                "{ subject: x, verdict: unknown, cause: undecidable }",
            ),
            case("n: 12", &[sample("20d", "n: 2"), sample("2d", "n: 8")], none),
            case("n: 12", &[sample("5d", "n: { missing: denied }"), sample("2d", "n: 8")], none),
        ],
    );
    rule(
        "per_day(c) > 5",
        &[case("c: 30", &[sample("6d", "c: 10"), sample("4d", "c: 30"), sample("2d", "c: 10")], fail)],
    );
    rule(
        "changed(s)",
        &[
            case("s: a", &[sample("1d", "s: b")], fail),
            case("s: a", &[sample("1d", "s: a")], ""),
            case("s: a", &[sample("20d", "s: b")], none),
        ],
    );
    let reset = case("c: 30", &[sample("-1d", "c: 10")], none);
    refuses_case(&format!("{PAST}fail: changed(s)\n"), &reset, "is not a duration above zero");
}

#[test]
fn case_files_say_what_they_would_leave_out() {
    let policy =
        format!("{TWO}each: a\nwhere: b.n > 1\n").replace("where: b.n > 1\n", "fail: during(\"office\")\n");
    for (case, says) in [
        (
            "name: it, facts: { a: { missing: denied, rows: [] } }, findings: []",
            "`rows` says nothing about facts",
        ),
        ("name: it, facts: { a: { rows: { id: x } } }, findings: []", "`rows` is a list of rows"),
        (
            "name: it, facts: { a: { rows: [], cutt: incomplete } }, findings: []",
            "`cutt` says nothing about facts",
        ),
        ("name: it, facts: { a: [x] }, findings: []", "a row of `a` is a map of facts"),
        ("name: it, during: [ofice], facts: { a: [] }, findings: []", "asks the calendar `ofice`"),
        ("name: it, before: { a: [] }, facts: { a: [] }, findings: []", "`a` has no `before:` in the policy"),
        ("name: it, past: { a: [] }, facts: { a: [] }, findings: []", "past"),
        ("name: it, facts: { c: [] }, findings: []", "the policy does not observe `c`"),
    ] {
        refuses_case(&policy, case, says);
    }
}

/// What follows the two observations, and what is said of it: the code, and words of message and help.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "join: { ab: { of: [a, a], by: id } }\neach: ab\nfail: side == \"a\"\n",
        &["relation", "joined with itself", "under two names"],
    ),
    (
        "join: { ab: { of: [a, b, a], by: id } }\neach: ab\nfail: side == \"a\"\n",
        &["relation", "a join is of two", "a join of its own"],
    ),
    (
        "join: { ab: { of: [a, b], by: idd } }\neach: ab\nfail: side == \"a\"\n",
        &["relation", "no fact `idd` to join by", "`id`"],
    ),
    (
        "join: { ab: { of: [a, b], by: [id, id] } }\neach: ab\nfail: side == \"a\"\n",
        &["relation", "`id` is named twice"],
    ),
    (
        "join: { ab: { of: [a, c], by: id } }\neach: ab\nfail: side == \"a\"\n",
        &["relation", "`c` is not observed"],
    ),
    (
        "join: { x: { of: [a, y], by: id }, y: { of: [x, b], by: id } }\neach: x\nfail: side == \"a\"\n",
        &["cycle", "made of each other", "of observations"],
    ),
    ("join: { ab: { of: [a, b], bye: id } }\neach: ab\nfail: side == \"a\"\n", &["unknown-key", "`by`"]),
    (
        "group: { g: { of: a, by: zz, let: { k: count() } } }\neach: g\nfail: k > 1\n",
        &["relation", "no fact `zz` to group by"],
    ),
    ("group: { g: { of: a, by: o, let: { k: sum(t) } } }\neach: g\nfail: k > 1\n", &["nullable", "`t ?? …`"]),
    (
        "group: { g: { of: a, by: o, let: { k: sum(o) } } }\neach: g\nfail: k > 1\n",
        &["type-mismatch", "`sum` does not take"],
    ),
    (
        "group: { g: { of: a, let: { k: count() } } }\neach: b\nfail: n > 1\n",
        &["relation", "nothing reads `g`"],
    ),
    (
        "group: { a: { of: b, let: { k: count() } } }\neach: b\nfail: n > 1\n",
        &["shadow", "a group cannot be called `a`"],
    ),
    (
        "group: { g: { of: a, by: o, let: { o: count() } } }\neach: g\nfail: o == \"x\"\n",
        &["shadow", "a fact of the group"],
    ),
    (
        "group: { g: { of: a, by: o, let: { at: 'max(t, t != null)', at_age: count() } } }\neach: g\nfail: at_age > 1\n",
        &["shadow"],
    ),
    ("each: a\nfail: count() > 1\n", &["unknown-fact", "members of a group"]),
    ("each: a\nfail: side == \"a\"\n", &["unknown-fact", "`side` is a fact of a `join`"]),
    ("each: a\nfail: before.n > 1\n", &["unknown-fact", "has `before:`"]),
    ("each: a\nfail: b.n > 1\n", &["unknown-fact", "relate it with `join` or `group`"]),
    ("each: a\nexpect: a\n", &["relation", "compared with themselves"]),
    ("each: a\nexpect: c\n", &["bad-value"]),
    ("each: a\nlet: { u: v + 1, v: u }\nfail: u > 1\n", &["cycle", "refer to each other"]),
    ("each: a\nlet: { u: u }\nfail: u > 1\n", &["cycle", "`u` refers to itself"]),
    ("each: a\nlet: { n: 1 }\nfail: n > 1\n", &["shadow"]),
    ("each: a\nlet: { b: 1 }\nfail: b > n\n", &["shadow"]),
    ("each: a\nfail: per_day(n) > 1\n", &["no-history", "history: { window: 30d }"]),
    (
        "each: a\nalso: { h: { type: host } }\nfail: n > 1\n",
        &["relation", "nothing is observed on `h`", "`on: h`"],
    ),
    ("fail: n > 1\n", &["missing-key", "`each`"]),
];

#[test]
fn relations_that_say_nothing_are_refused() {
    let two = |rest: &str| format!("{TWO}{rest}");
    let b_is_int = TWO.replacen("SELECT 2 }, facts: { id: \"text?\"", "SELECT 2 }, facts: { id: int", 1);
    refused(
        &format!("{b_is_int}{JOINED}fail: side == \"a\"\n"),
        &["relation", "no row would match", "same type on both sides"],
    );
    for (rest, wanted) in REFUSED {
        refused(&two(rest), wanted);
    }
    loads(&two(
        "each: a\nparams: { limit: 3 }\nlet: { limit: params.limit, s: o == \"limit\" }\nfail: n > limit && s\n",
    ));
    let grouped = "params: { least: 3 }\ngroup: { g: { of: a, by: o, let: { k: count(n > params.least) } } }\neach: g\nfail: k > 1\n";
    let (code, said) = lint(&two(grouped));
    assert!(code == 0 && !said.contains("nothing reads the parameter"), "{said}");
}

#[test]
fn questions_about_no_past_are_refused() {
    for (rule, wanted) in [
        ("per_day(s) > 1", &["type-mismatch", "lays a line through numbers"][..]),
        ("per_day(n ?? 0) > 1", &["no-history", "is computed"]),
        ("reaches(z, 3) == null", &["type-mismatch"]),
        ("reaches(z) == null", &["type-mismatch", "a fact and its limit"]),
        ("previous(params.x) == 1", &["no-history"]),
    ] {
        refused(&format!("{PAST}params: {{ x: 1 }}\nfail: {rule}\n"), wanted);
    }
    let late = PAST.replace("at_least: 4d", "at_least: 40d");
    refused(&format!("{late}fail: changed(s)\n"), &["relation", "`at_least` is longer than `window`"]);
    let many = PAST
        .replace("observe:", "also: { hs: { type: sqlite, many: true } }\nobserve:")
        .replace("key: [id],", "key: [id], on: hs,");
    refused(&format!("{many}fail: changed(s)\n"), &["relation", "this observes many"]);
    let misspelt = PAST.replace("window:", "windw:");
    refused(&format!("{misspelt}fail: changed(s)\n"), &["unknown-key", "`window`"]);
    let on = PAST.replace("key: [id],", "key: [id], on: there,");
    refused(&format!("{on}fail: changed(s)\n"), &["unknown-name", "no target under `also`", "declare it"]);
    let before = PAST.replace("history: { window: 10d, at_least: 4d, points: 3 }", "before: previus");
    refused(&format!("{before}fail: s == \"a\"\n"), &["previous"]);
}
