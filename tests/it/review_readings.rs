//! What a reading of coverage, evidence and notices found: what nobody asked for is not shown, evidence is judged wherever it
//! lies, an id stays with its notice.

use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const LADDERS: &str = "target: { type: host }\nobserve: { disks: { probe: disk.usage } }\nseverity: { critical: free < 1.MiB, high: otherwise }\nalert: { urgency: { page: free < 5.MiB, ticket: otherwise }, for: 2d, context: [free] }\nfail: free < 1.GiB\nmessage: \"{{ path }} {{ free }}\"\nremedy: { steps: [{ shell: \"df -h {{ path }}\" }] }\n";

#[test]
fn a_rung_is_shown_only_by_the_finding_of_which_it_is_asked() {
    let shop = Shop::new();
    shop.policy("m", LADDERS);
    let not_shown = |second: &str| {
        shop.file(
            "policies/m.cases.yaml",
            &format!(
                "cases: m\nnow: 2026-11-01T03:00:00Z\ncheck:\n  - {{ name: a, facts: {{ disks: [{{ path: /a, free: 500MiB }}, {{ path: /b, free: 500B }}] }}, findings: [{{ subject: /a, verdict: fail, severity: high, urgency: ticket }}, {{ subject: /b, verdict: fail{second} }}] }}\n"
            ),
        );
        shop.run(&["test", "policies/"]).exits(0);
        let said = shop.run(&["test", "policies/", "--coverage"]).stdout;
        ["severity `free < 1.MiB` true", "urgency `free < 5.MiB` true", "severity `free < 1.MiB` false"]
            .map(|way| said.contains(&format!("NOT SHOWN  m · {way}")))
    };
    assert_eq!(not_shown(""), [true, true, false]);
    assert_eq!(not_shown(", severity: critical"), [false, true, false]);
    assert_eq!(not_shown(", severity: critical, urgency: page"), [false, false, false]);
}

#[test]
fn ladders_and_for_of_a_single_row_are_noticed_by_the_first_proposals() {
    let shop = Shop::new();
    shop.policy(
        "q",
        "target: { type: sqlite }\nobserve: { db: { probe: sqlite.database } }\nseverity: { critical: free_ratio > 90.percent, high: otherwise }\nalert: { for: 2d, urgency: { page: free_ratio > 80.percent, ticket: otherwise }, context: [free_ratio] }\nfail: free_ratio > 50.percent\nmessage: \"{{ free_ratio }} is free\"\n",
    );
    shop.run(&["test", "policies/", "--generate", "--write"]).exits(0);
    let text = std::fs::read_to_string(shop.at("policies/q.cases.yaml")).unwrap();
    for part in ["severity: critical", "urgency: page", "held: "] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
    shop.run(&["test", "policies/"]).exits(0);
    let run = shop.run(&["test", "policies/", "--mutate"]).exits(0);
    assert!(run.stdout.ends_with(", 0 unnoticed\n"), "{}", run.stdout);
    shop.run(&["test", "policies/", "--coverage", "--fail-under", "100"]).exits(0);
}

/// A project of one SQLite file, which lies in its folder.
fn orders(path: &str) -> Shop {
    let shop = Shop::new();
    let file = shop.at("data/shop.db");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let sql = "CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1), (2), (3);";
    assert!(Command::new("sqlite3").arg(&file).arg(sql).status().unwrap().success());
    shop.project(&format!("policies: [policies/]\ntargets:\n  shop-db: {{ type: sqlite, path: {path} }}\n"));
    shop.policy(
        "orders",
        "target: { type: sqlite }\nobserve: { tables: { probe: sqlite.tables } }\nwhere: name == \"orders\"\nfail: rows < 2\nmessage: few\n",
    );
    shop.run(&["record", "f.json"]).exits(0);
    shop
}

#[test]
fn evidence_about_a_file_is_judged_wherever_it_lies_and_however_the_file_is_written() {
    for path in ["@SHOP@/data/shop.db", "data/shop.db", "./data/shop.db"] {
        let shop = orders(path);
        shop.run(&["audit", "bundle", "ev", "--facts", "f.json"]).exits(0);
        let run = shop.run(&["audit", "verify", "ev"]).exits(0);
        assert!(run.stdout.contains("nothing differs"), "{path}\n{}", run.stdout);
        std::fs::create_dir(shop.at("elsewhere")).unwrap();
        std::fs::rename(shop.at("ev"), shop.at("elsewhere/ev")).unwrap();
        shop.run(&["audit", "verify", "elsewhere/ev"]).exits(0);
        // The same file, written in the other way.
        shop.project("policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: data/shop.db }\n");
        shop.run(&["check", "--facts", "f.json"]).exits(0);
        shop.project(
            "policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: @SHOP@/data/shop.db }\n",
        );
        shop.run(&["check", "--facts", "f.json"]).exits(0);
        shop.project(
            "policies: [policies/]\ntargets:\n  shop-db: { type: sqlite, path: @SHOP@/data/x.db }\n",
        );
        shop.run(&["check", "--facts", "f.json"]).exits(2).says("the target `shop-db` was at");
    }
}

#[test]
fn an_anchor_that_knows_other_files_says_that_it_proves_only_runs() {
    let shop = orders("data/shop.db");
    let span = ["--from", "2026-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z"];
    let bundle = |dir: &str, more: &[&str]| {
        shop.run(&[&["audit", "bundle", dir, "--facts", "f.json"][..], &span, more].concat()).exits(0)
    };
    bundle("ev", &["--anchor", "anchor.jsonl"]);
    let verify = |dir: &str| shop.run(&["audit", "verify", dir, "--anchor", "anchor.jsonl"]);
    let said = "no line knows this list of files: only its runs are proven";
    let run = verify("ev").exits(0);
    assert!(run.stdout.contains("1 lines are in the chain") && !run.stdout.contains(said), "{}", run.stdout);
    let text = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    shop.project(&format!("{text}owner: somebody\n"));
    bundle("other", &[]);
    let run = verify("other").exits(0);
    assert!(run.stdout.contains("1 lines are in the chain") && run.stdout.contains(said), "{}", run.stdout);
    // Of a line that began before, only the last run is here.
    shop.run(&["audit", "bundle", "short", "--facts", "f.json", "--until", "2099-01-01T00:00:00Z"]).exits(0);
    let run = verify("short").exits(1);
    assert!(!run.stdout.contains("is about this period"), "{}", run.stdout);
    assert!(run.stdout.contains("of no line more than the last run is here"), "{}", run.stdout);
}

/// Every notice as its id and what it says.
fn notices(run: &Run) -> Vec<(String, String)> {
    let text = |notice: &Json, key: &str| notice[key].as_str().unwrap().to_owned();
    run.notices().iter().map(|one| (text(one, "id"), text(one, "message"))).collect()
}

#[test]
fn the_id_of_a_notice_stays_with_what_it_says_while_lines_move() {
    let shop = Shop::new();
    shop.policy(
        "p",
        "target: { type: host }\nparams: { low: { default: 1KiB, why: none } }\nobserve: { disks: { probe: disk.usage } }\nfail: free < params.low\nmessage: full\n",
    );
    let of = |above: usize| {
        let lines = "# a line\n".repeat(above);
        shop.project(&format!(
            "policies: [policies/]\ntargets: {{ here: {{ type: host }}, there: {{ type: host }} }}\n{lines}overrides:\n  - {{ policy: p, target: here, subject: \"nope*\", set: {{ low: 2KiB }}, why: here is so }}\n  - {{ policy: p, target: there, subject: \"nope*\", set: {{ low: 2KiB }}, why: there is so }}\n"
        ));
        notices(&shop.check(&[]))
    };
    let first = of(0);
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[0].1.contains("at the target `here`") && first[1].1.contains("at the target `there`"));
    assert_ne!(first[0].0, first[1].0);
    for above in 1..9 {
        assert_eq!(of(above), first, "{above} lines above");
    }
}

#[test]
fn what_is_said_of_a_waiver_is_one_notice_for_each_thing() {
    let shop = Shop::new();
    shop.policy(
        "p",
        "target: { type: host }\nobserve: { disks: { probe: disk.usage } }\nfail: free < 1.bytes\nmessage: full\n",
    );
    let of = |days: i64, arguments: &[&str]| {
        let until = crate::harness::in_days(days);
        shop.project(&format!(
            "owner: team\npolicies: [policies/]\ntargets: {{ here: {{ type: host }} }}\nwaivers:\n  - {{ policy: p, subject: nope, reason: agreed until it is new, owner: team, ticket: T-1, expires: {until} }}\n"
        ));
        let found = notices(&shop.check(arguments));
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    };
    let (expired, unused) = (of(-3, &[]), of(60, &[]));
    // Of a part of the project it cannot be said that it covers nothing.
    let (soon, sooner) = (of(5, &["--policy", "p"]), of(4, &["--policy", "p"]));
    assert!(
        expired.1.contains("expired on") && unused.1.contains("covers nothing"),
        "{expired:?} {unused:?}"
    );
    assert!(soon.1.contains("expires in 5 days"), "{soon:?}");
    assert_eq!(soon.0, sooner.0);
    assert!(expired.0 != unused.0 && unused.0 != soon.0 && soon.0 != expired.0);
}
