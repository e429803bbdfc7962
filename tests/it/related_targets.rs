//! Several targets of a real project: who belongs to whom, what one that is silent hides, exceptions for rows that
//! are made of others, and recordings to compare with.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::harness::{Shop, in_days};
use crate::policies_postgres::Database;
use crate::trial::env;

/// Copies that a repository lists, gathered over all repositories of an app.
const COPIES: &str = "target: { type: host }\n\
    also: { repos: { type: sqlite, same: [app], many: true } }\n\
    observe:\n\
    \x20 copies: { probe: sqlite.query, on: repos, with: { sql: 'SELECT name, size FROM copy' }, facts: { name: text, size: bytes }, key: [name] }\n\
    group: { sets: { of: copies, by: name, let: { number: count(), all: list(from_target), least: min(size) } } }\n\
    each: sets\n\
    params: { wanted: 3, small: 10B }\n\
    fail:\n\
    \x20 - { if: number < params.wanted, message: '{{ name }} is in {{ all }}' }\n\
    warn: least < params.small\n";

/// Makes a repository with these copies.
fn repository(shop: &Shop, file: &str, copies: &[(&str, i64)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(shop.at(file)).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let make = "DROP TABLE IF EXISTS copy; CREATE TABLE copy (name TEXT, size INTEGER)";
        sqlx::raw_sql(make).execute(&mut connection).await.unwrap();
        for (name, size) in copies {
            let insert = sqlx::query("INSERT INTO copy VALUES (?, ?)").bind(*name).bind(*size);
            insert.execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    });
}

/// A project with a host and these repositories, each with its label.
fn project(repositories: &[(&str, &str)], more: &str) -> Shop {
    let shop = Shop::new();
    let targets: String = repositories
        .iter()
        .map(|(name, app)| {
            format!("  {name}: {{ type: sqlite, path: {name}.db, labels: {{ app: {app} }} }}\n")
        })
        .collect();
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\nlabels: {{ app: any }}\ntargets:\n\
         \x20 box: {{ type: host, labels: {{ app: shop }} }}\n{targets}{more}"
    ));
    shop
}

#[test]
fn rows_of_several_targets_come_together_and_say_whence() {
    let shop = project(&[("one", "shop"), ("two", "shop"), ("three", "shop"), ("other", "blog")], "");
    shop.policy("copies", COPIES);
    for name in ["one", "two", "three", "other"] {
        repository(&shop, &format!("{name}.db"), &[("main", 100)]);
    }
    assert_eq!(shop.check(&[]).exits(0).verdict("copies"), "pass");
    // Of two, the third is another app's.
    repository(&shop, "three.db", &[("mail", 100)]);
    let run = shop.check(&[]).exits(1);
    assert_eq!(run.verdict_of("copies", "main"), "fail");
    assert_eq!(run.findings_of("copies").len(), 2, "main and mail");
    let said = run.findings_of("copies").iter().any(|f| f["message"] == "main is in one, two");
    assert!(said, "{:#?}", run.findings_of("copies"));
}

#[test]
fn one_target_that_is_silent_leaves_nothing_green() {
    let shop = project(&[("one", "shop"), ("two", "shop"), ("three", "shop")], "");
    shop.policy("copies", COPIES);
    repository(&shop, "one.db", &[("main", 100)]);
    repository(&shop, "two.db", &[("main", 100)]);
    // The file of the third is not there: the third copy may be, so it is neither there nor missing.
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.verdict_of("copies", "main"), "unknown");
    assert!(run.findings_of("copies").iter().any(|f| f["message"].as_str().unwrap().contains("`three`")));
    // All silent: one fault, and no subject.
    for name in ["one.db", "two.db"] {
        std::fs::remove_file(shop.at(name)).unwrap();
    }
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.findings_of("copies").len(), 1);
}

#[test]
fn who_belongs_to_a_target_is_told_and_never_guessed() {
    // Nobody has the label.
    let shop = project(&[("one", "blog")], "");
    shop.policy("copies", COPIES);
    repository(&shop, "one.db", &[("main", 100)]);
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("copies"), "absent");
    assert!(run.finding("copies")["message"].as_str().unwrap().contains("app: shop"));
    // Two, where one is wanted.
    let single = COPIES.replace(", many: true", "").replace("all: list(from_target)", "all: list(name)");
    let shop = project(&[("one", "shop"), ("two", "shop")], "");
    shop.policy("copies", &single);
    repository(&shop, "one.db", &[("main", 100)]);
    repository(&shop, "two.db", &[("main", 100)]);
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("copies"), "ambiguous");
    assert!(run.finding("copies")["message"].as_str().unwrap().contains("one, two"));
    // One: its rows, without a name of the target.
    let shop = project(&[("one", "shop")], "");
    shop.policy("copies", &single.replace("wanted: 3", "wanted: 1"));
    repository(&shop, "one.db", &[("main", 100)]);
    assert_eq!(shop.check(&[]).exits(0).verdict("copies"), "pass");
}

#[test]
fn exceptions_name_groups_and_parameters_of_groups_are_for_all() {
    let more = |rest: &str| format!("overrides:\n  - {{ policy: copies, {rest} }}\n");
    let of_subject = more("subject: mail, set: { wanted: 1 }, why: it is a copy itself");
    let shop = project(&[("one", "shop"), ("two", "shop"), ("three", "shop")], &of_subject);
    shop.policy("copies", COPIES);
    for name in ["one", "two", "three"] {
        repository(&shop, &format!("{name}.db"), &[("main", 100)]);
    }
    repository(&shop, "one.db", &[("main", 100), ("mail", 100)]);
    let run = shop.check(&[]).exits(0);
    assert_eq!(run.verdict("copies"), "pass");
    assert!(run.check_of("copies")["looser"].to_string().contains("mail"), "{}", run.check_of("copies"));
    // A parameter that a group reads is read before there are subjects.
    let read = COPIES.replace("number: count()", "number: count(size > params.small)");
    shop.policy("copies", &read);
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\nlabels: {{ app: any }}\ntargets: {{ box: {{ type: host, labels: {{ app: shop }} }} }}\n{}",
        more("subject: mail, set: { small: 1B }, why: small")
    ));
    shop.check(&[]).exits(2).says("cannot be set for some subjects: it is read by a group");
}

#[test]
fn a_waiver_covers_the_row_of_a_group_and_no_other() {
    let waiver = format!(
        "waivers:\n  - {{ policy: copies, subject: mail, reason: a copy of another system, owner: team, ticket: T-1, expires: {} }}\n",
        in_days(30)
    );
    let shop = project(&[("one", "shop")], &waiver);
    shop.policy("copies", COPIES);
    repository(&shop, "one.db", &[("main", 100), ("mail", 100)]);
    let run = shop.check(&[]).exits(1);
    assert_eq!((run.verdict_of("copies", "mail"), run.verdict_of("copies", "main")), ("waived", "fail"));
}

/// Counts that are compared with a recording.
const COUNTS: &str = "target: { type: sqlite }\n\
    observe:\n\
    \x20 counts: { probe: sqlite.query, with: { sql: 'SELECT name, size FROM copy' }, facts: { name: text, size: bytes }, key: [name], before: { recording: base.json } }\n\
    fail:\n\
    \x20 - { if: side == \"before\", message: '{{ name }} is gone' }\n\
    \x20 - { if: side == \"both\" && size < before.size, message: '{{ name }}: {{ size }}, and {{ before.size }} before' }\n";

#[test]
fn a_recording_to_compare_with_is_made_by_the_policy_itself() {
    let shop = project(&[("one", "shop")], "");
    shop.policy("counts", COUNTS);
    repository(&shop, "one.db", &[("a", 5), ("b", 7)]);
    shop.check(&[]).exits(2).says("base.json");
    shop.run(&["record", "base.json"]).exits(0);
    assert_eq!(shop.check(&[]).exits(0).verdict("counts"), "pass");
    repository(&shop, "one.db", &[("a", 4), ("new", 1)]);
    let run = shop.check(&[]).exits(1);
    assert_eq!((run.verdict_of("counts", "a"), run.verdict_of("counts", "b")), ("fail", "fail"));
    // The judgement is the same again, from a recording that carries what it was compared with.
    shop.run(&["record", "now.json"]).exits(0);
    let replayed = shop.check(&["--facts", "now.json"]).exits(1);
    assert_eq!(replayed.findings_of("counts").len(), 2);
    // A recording of other targets, and one that is none.
    let other = std::fs::read_to_string(shop.at("base.json")).unwrap().replace("\"one\"", "\"elsewhere\"");
    shop.file("base.json", &other);
    assert_eq!(shop.check(&[]).exits(3).cause("counts"), "no-history");
    shop.file("base.json", "{}");
    shop.check(&[]).exits(2).says("not a recording");
}

#[test]
fn what_was_compared_with_the_run_before_replays_without_it() {
    let shop = project(&[("one", "shop")], "store: { path: .muster/store.db }\n");
    shop.policy("counts", &COUNTS.replace("{ recording: base.json }", "previous"));
    repository(&shop, "one.db", &[("a", 5), ("b", 7)]);
    assert_eq!(shop.check(&[]).exits(3).cause("counts"), "no-history");
    repository(&shop, "one.db", &[("a", 5)]);
    shop.run(&["record", "now.json"]).exits(0);
    let live = shop.check(&[]).exits(1);
    std::fs::remove_dir_all(shop.at(".muster")).unwrap();
    let replayed = shop.check(&["--facts", "now.json"]).exits(1);
    assert_eq!(live.finding("counts")["message"], replayed.finding("counts")["message"]);
    assert_eq!(replayed.verdict_of("counts", "b"), "fail");
}

#[test]
fn an_answer_of_another_system_is_compared_with_nothing() {
    let database = Database::new(&["CREATE TABLE copy AS SELECT 'a'::text AS name, 5::bigint AS size"]);
    let mut shop = Shop::new();
    shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
    shop.project(&format!(
        "owner: team\npolicies: [policies/]\ntargets:\n\
         \x20 db: {{ type: postgres, url: 'postgres://muster_full@127.0.0.1:{}/{}', password: {{ env: SECRET }} }}\n",
        env("MUSTER_TEST_PG_PORT"),
        database.name()
    ));
    shop.policy("counts", &COUNTS.replace("sqlite", "postgres"));
    shop.run(&["record", "base.json"]).exits(0);
    assert_eq!(shop.check(&[]).exits(0).verdict("counts"), "pass");
    let text = std::fs::read_to_string(shop.at("base.json")).unwrap();
    let mut recording: serde_json::Value = serde_json::from_str(&text).unwrap();
    let system = &mut recording["identities"][0]["system"];
    assert!(system.is_string(), "the server says who it is: {text}");
    *system = "7000000000000000001".into();
    shop.file("base.json", &recording.to_string());
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("counts"), "wrong-target");
    assert!(run.finding("counts")["message"].as_str().unwrap().contains("7000000000000000001"));
    // What does not say of which system it is may be of any.
    recording["identities"][0].as_object_mut().unwrap().remove("system");
    shop.file("base.json", &recording.to_string());
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.cause("counts"), "wrong-target");
    let said = run.finding("counts")["message"].as_str().unwrap().to_owned();
    assert!(said.contains("does not say of which system"), "{said}");
}

#[test]
fn an_empty_member_of_many_leaves_unknown_what_it_could_feed() {
    let shop = project(&[("one", "shop"), ("two", "shop")], "");
    let head = "target: { type: host }\nalso: { repos: { type: sqlite, same: [app], many: true } }\n";
    let copies = "copies: { probe: sqlite.query, on: repos, with: { sql: 'SELECT name, size FROM copy' }, facts: { name: text, size: bytes }, key: [name] }";
    let other = copies.replacen("copies:", "other:", 1);
    let each = format!("{head}observe: {{ {copies} }}\neach: copies\nfail: size < 0.bytes\n");
    shop.policy("each", &each);
    shop.policy("some", &format!("{each}expect: some\n"));
    shop.policy("listed", &format!("{each}expect: [main, mail]\n"));
    shop.policy("accepted", &format!("{each}expect: any\n"));
    let group = "group: { sets: { of: copies, by: name, let: { least: min(size) } } }\neach: sets\nfail: least < 0.bytes\n";
    shop.policy("grouped", &format!("{head}observe: {{ {copies} }}\n{group}"));
    for (name, of) in [("left", "[copies, sets]"), ("right", "[sets, copies]")] {
        let sets = "group: { sets: { of: other, by: name, let: { least: min(size) } } }";
        let join = format!("join: {{ pairs: {{ of: {of}, by: name }} }}\neach: pairs\n");
        let fail = "fail:\n  - { if: side != \"both\", message: x }\n";
        shop.policy(name, &format!("{head}observe:\n  {copies}\n  {other}\n{sets}\n{join}{fail}"));
    }
    repository(&shop, "one.db", &[("main", 100)]);
    repository(&shop, "two.db", &[]);
    let run = shop.check(&[]).exits(3);
    for name in ["each", "some", "listed", "grouped", "left", "right"] {
        assert_eq!(run.verdict(name), "unknown", "{name}");
        let told = run.findings_of(name).iter().any(|f| {
            f["message"].as_str().is_some_and(|said| said.contains("`two`")) && f["cause"]["cause"] == "empty"
        });
        assert!(told, "{name}: {:#?}", run.findings_of(name));
    }
    assert_eq!(run.verdict_of("listed", "mail"), "unknown", "it may be in the other");
    assert_eq!(run.verdict("accepted"), "pass");
    // All are empty: what is said of the whole, as of one target.
    repository(&shop, "one.db", &[]);
    let run = shop.check(&[]).exits(1);
    assert_eq!((run.cause("each"), run.verdict_of("listed", "mail")), ("empty", "fail"));
}

#[test]
fn a_quantile_of_a_group_is_written_as_it_is_documented() {
    let shop = project(&[("one", "shop")], "");
    repository(&shop, "one.db", &[("a", 1), ("b", 2), ("c", 9)]);
    let of = |quantile: &str| {
        format!(
            "target: {{ type: sqlite }}\nobserve: {{ copies: {{ probe: sqlite.query, with: {{ sql: 'SELECT name, size FROM copy' }}, facts: {{ name: text, size: bytes }}, key: [name] }} }}\n\
             group: {{ all: {{ of: copies, let: {{ q: '{quantile}' }} }} }}\neach: all\nparams: {{ sizes: {{ default: [1, 2, 3], why: a list }} }}\nfail: (q ?? 0.bytes) < 5.bytes\nmessage: '{{{{ q }}}}'\n"
        )
    };
    shop.policy("copies", &of("quantile(size, 100.percent)"));
    assert_eq!(shop.check(&[]).exits(0).verdict("copies"), "pass");
    shop.policy("copies", &of("quantile(size, 50.percent, size > 0.bytes)"));
    assert_eq!(shop.check(&[]).exits(1).finding("copies")["message"], "2 B");
    shop.policy("copies", &of("quantile(size, 150.percent)"));
    shop.check(&[]).exits(2).says("a quantile is a literal share");
}

#[test]
fn a_waiver_whose_limit_is_passed_says_by_what_and_one_of_an_unknown_is_not_in_vain() {
    let waiver = |rest: &str| {
        format!(
            "commands: {{ o: [cat, x.json] }}\nwaivers:\n  - {{ policy: a, subject: a, reason: x, owner: team, ticket: T-1, expires: {}{rest} }}\n",
            in_days(90)
        )
    };
    let shop = project(&[], &waiver(", up_to: 8"));
    shop.policy("a", "target: { type: host }\nobserve: { o: { probe: command.output, with: { command: o, format: json, rows: . }, facts: { k: text, v: int }, key: [k] } }\neach: o\nfail: v > 5\n");
    let notices = |json: &str| -> Vec<String> {
        shop.file("x.json", json);
        shop.check(&[]).notices().iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect()
    };
    let beyond = notices(r#"[{"k": "a", "v": 9}]"#);
    assert!(beyond.len() == 1 && beyond[0].contains("`v` is 9, beyond its `up_to: 8`"), "{beyond:?}");
    assert_eq!(notices(r#"[{"k": "a", "v": 7}]"#), Vec::<String>::new());
    // Nobody knows whether it would be covered.
    assert_eq!(notices(r#"[{"k": "a", "v": null}]"#), Vec::<String>::new());
    assert_eq!(notices("garbage"), Vec::<String>::new());
    let unused = notices(r#"[{"k": "a", "v": 1}]"#);
    assert!(unused.len() == 1 && unused[0].contains("covers nothing: remove it"), "{unused:?}");
    let other = notices(r#"[{"k": "a", "v": 1}, {"k": "b", "v": null}]"#);
    assert!(other.len() == 1 && other[0].contains("remove it"), "{other:?}");
}

#[test]
fn too_little_of_the_past_says_what_is_lacking() {
    let policy = "target: { type: sqlite }\nobserve: { copies: { probe: sqlite.query, with: { sql: 'SELECT name, size FROM copy' }, facts: { name: text, size: int }, key: [name], history: { window: 30d, at_least: 2d, points: 3 } } }\neach: copies\nfail: per_day(size) > 5\n";
    let said = |more: &str| {
        let shop = project(&[("one", "shop")], more);
        shop.policy("grows", policy);
        shop.policy("before", &COUNTS.replace("{ recording: base.json }", "previous"));
        repository(&shop, "one.db", &[("a", 5)]);
        let run = shop.check(&[]).exits(3);
        ["grows", "before"].map(|name| run.finding(name)["message"].as_str().unwrap().to_owned())
    };
    let [grows, before] = said("");
    for said in [&grows, &before] {
        assert!(said.contains("the project has no `store:`"), "{said}");
    }
    let [grows, before] = said("store: { path: .muster/store.db }\n");
    assert_eq!(
        grows,
        "could not be judged: there is 1 sample of `size` (3 are needed); the oldest is 0s old (at least 2d is needed)"
    );
    assert!(!before.contains("no `store:`"), "{before}");
}

#[test]
fn an_answer_that_was_cut_names_its_limit_and_two_faults_have_two_ids() {
    let shop = project(&[("one", "shop"), ("two", "shop")], "");
    let of = |name: &str, on: &str, facts: &str, most: u32| {
        format!(
            "{name}: {{ probe: sqlite.query{on}, with: {{ sql: 'SELECT name, size FROM copy', max_rows: {most} }}, facts: {{ {facts} }}, key: [name] }}"
        )
    };
    let cut = of("copies", "", "name: text, size: bytes", 1);
    shop.policy("cut", &format!("target: {{ type: sqlite, name: one }}\nobserve: {{ {cut} }}\neach: copies\nfail: size < 0.bytes\n"));
    let (left, right) = (
        of("left", "", "name: 'text?', size: bytes", 9),
        of("right", ", on: other", "name: 'text?', size: bytes", 9),
    );
    shop.policy("joined", &format!("target: {{ type: sqlite, name: one }}\nalso: {{ other: {{ type: sqlite, name: two }} }}\nobserve:\n  {left}\n  {right}\njoin: {{ both: {{ of: [left, right], by: name }} }}\neach: both\nfail: side != \"both\"\n"));
    for name in ["one.db", "two.db"] {
        repository(&shop, name, &[("a", 1), ("b", 2)]);
        let sql = "INSERT INTO copy VALUES (NULL, 3)";
        crate::trial::done(std::process::Command::new("sqlite3").arg(shop.at(name)).arg(sql));
    }
    let run = shop.check(&[]).exits(3);
    assert!(run.finding("cut")["cause"]["fix"].as_str().unwrap().contains("`max_rows`"), "{}", run.stdout);
    let ids: Vec<&str> = run.findings_of("joined").iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{}", run.stdout);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_value_of_a_group_that_reads_another_is_told_so() {
    let shop = project(&[("one", "shop")], "");
    shop.policy("copies", "target: { type: sqlite }\nobserve: { copies: { probe: sqlite.query, with: { sql: 'SELECT name, size FROM copy' }, facts: { name: text, size: int }, key: [name] } }\ngroup: { all: { of: copies, let: { most: max(size), twice: (most ?? 0) * 2 } } }\neach: all\nfail: (twice ?? 0) < 5\n");
    shop.check(&[]).exits(2).says("`most` is another value of this group, and one value reads no other");
}
