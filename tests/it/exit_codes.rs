//! The exit codes: 0 good, 1 findings, 2 wrong input, 3 something could not be judged, 4 nothing was judged;
//! 2 goes before 1, 1 before 3, 3 before 4.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use passmuster::diag::Diag;
use passmuster::plan::{Input, Plan, Selection, TargetInfo, bind};
use passmuster::policy::Project;
use passmuster::policy::load::{File, Loaded, documents};
use passmuster::source::Source;
use rustix::process::{Pid, Signal, kill_process};

use crate::faults::{Faults, Mode};
use crate::harness::{Run, Shop, in_days, policy};

const HOST: &str = "policies: [policies/]\ntargets:\n  here: { type: host }\n";

fn about(path: &str, rest: &str) -> String {
    format!(
        "target: {{ type: host }}\nobserve: {{ file: {{ probe: file.stat, with: {{ path: @SHOP@/{path} }} }} }}\neach: file\n{rest}\n"
    )
}

/// Policies by what they come to.
fn shop(kinds: &[&str]) -> Shop {
    let shop = Shop::new();
    shop.project(HOST).file("here", "x");
    std::os::unix::fs::symlink("loop", shop.at("loop")).unwrap();
    for kind in kinds {
        let text = match *kind {
            "pass" => about("here", "fail: exists == false"),
            "warn" => about("here", "warn: exists"),
            "fail" => about("here", "fail: exists"),
            "unknown" => about("loop/x", "fail: exists == false"),
            "skipped" => about("here", "when: target.name == \"other\"\nfail: exists"),
            "waived" => about("here", "fail: exists"),
            _ => about("here", "fail: exsts"),
        };
        shop.policy(kind, &text);
    }
    if kinds.contains(&"waived") {
        shop.project(&format!("{HOST}waivers:\n  - {{ policy: waived, reason: known, owner: team, ticket: T-1, expires: {} }}\n", in_days(60)));
    }
    shop
}

#[test]
fn the_table_and_its_precedence() {
    for (kinds, fail_on, code) in [
        (&["pass"][..], "fail", 0),
        (&["pass", "warn"], "fail", 0),
        (&["pass", "skipped"], "fail", 0),
        (&["waived"], "fail", 0),
        (&["waived"], "warn", 0),
        (&["warn"], "warn", 1),
        (&["pass", "fail"], "fail", 1),
        (&["fail", "unknown"], "fail", 1),
        (&["fail", "unknown", "skipped"], "fail", 1),
        (&["pass", "unknown"], "unknown", 1),
        (&["warn"], "unknown", 0),
        (&["unknown"], "warn", 1),
        (&["broken", "fail"], "fail", 2),
        (&["broken", "unknown"], "fail", 2),
        (&["broken", "skipped"], "fail", 2),
        (&["pass", "unknown"], "fail", 3),
        (&["unknown", "skipped"], "fail", 3),
        (&["unknown", "warn"], "fail", 3),
        (&["skipped"], "fail", 4),
        (&["skipped"], "warn", 4),
        (&["skipped"], "unknown", 4),
    ] {
        let shop = shop(kinds);
        let run = shop.check(&["--fail-on", fail_on]);
        assert_eq!(run.code, code, "{kinds:?} {fail_on}\n{}{}", run.stdout, run.stderr);
        if code != 2 {
            assert_eq!(run.json()["exit"], code, "the report says the same");
        }
        for format in ["human", "junit", "markdown"] {
            let run = shop.run(&["check", "--fail-on", fail_on, "--format", format]);
            assert_eq!(run.code, code, "{kinds:?} {fail_on} {format}");
        }
    }
}

#[test]
fn the_worst_verdict_of_a_check_is_shown() {
    let run = shop(&["pass", "warn", "fail", "unknown", "skipped"]).check(&[]).exits(1);
    for kind in ["pass", "warn", "fail", "unknown", "skipped"] {
        assert_eq!(run.verdict(kind), kind);
    }
    let waived = shop(&["waived"]).check(&[]).exits(0);
    assert_eq!(waived.finding("waived")["beneath"], "fail");
}

#[test]
fn what_is_asked_wrongly_is_input() {
    let shop = shop(&["pass"]);
    for arguments in [
        &["check", "--policy", "pas"][..],
        &["check", "--policy", "x*"],
        &["check", "--tag", "nightly"],
        &["check", "--target", "ther"],
        &["check", "--env", "prod"],
        &["check", "--set", "limit=3"],
        &["check", "--set", "limit"],
        &["check", "--tier", "hourly"],
        &["check", "--format", "xml"],
        &["check", "--format", "json=no/such/folder/report.json"],
        &["check", "--format", "json", "--format", "junit"],
        &["check", "--fail-on", "skipped"],
        &["check", "--deadline", "10"],
        &["check", "--deadline", "0s"],
        &["check", "--jobs", "0"],
        &["check", "--now", "2026-11-01T03:00:00Z"],
        &["check", "--facts", "nowhere.json"],
        &["check", "--project", "nowhere.yaml"],
        &["check", "nowhere/"],
        &["check", "builtin:nowhere"],
        &["check", "--target", "postgres://user:secret@localhost/db"],
        &["check", "--target", "gopher://localhost"],
        &["chekc"],
        &["check", "--verbos"],
        &[],
    ] {
        let run = shop.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}\n{}{}", run.stdout, run.stderr);
        assert!(!run.stderr.is_empty(), "{arguments:?}");
        assert!(!run.stderr.contains("secret@"), "{}", run.stderr);
    }
    shop.run(&["--help"]).exits(0);
    shop.run(&["--version"]).exits(0);
    Shop::new().run(&["check"]).exits(2).says("muster.yaml");
}

#[test]
fn a_wrong_format_is_told_before_anything_is_asked() {
    let server = Faults::answering("", Mode::EMPTY).unwrap();
    let shop = Shop::new();
    shop.project(&format!(
        "policies: [policies/]\ntargets:\n  api: {{ type: service, url: \"http://{}/\" }}\n",
        server.addr()
    ));
    shop.policy(
        "api",
        "target: { type: service }\nobserve: { r: { probe: http.response } }\nfail: status != 200\n",
    );
    shop.run(&["check", "--format", "json", "--format", "human"]).exits(2);
    assert_eq!(server.accepted(), 0);
    shop.run(&["check"]).exits(3);
    assert!(server.accepted() > 0);
}

const TWO: &str = "policies: [policies/]\nlabels: { env: [staging, prod] }\nenvironments:\n  ci: { targets: { env: staging }, fail_on: unknown }\n  live: { targets: { env: prod } }\ntargets:\n  a: { type: host, labels: { env: staging } }\n  b: { type: host, labels: { env: prod } }\n";

#[test]
fn an_environment_that_was_not_asked_for_is_no_error() {
    let shop = shop(&["pass"]);
    shop.project(TWO);
    let only = about("here", "fail: exists").replace("type: host }", "type: host, labels: { env: prod } }");
    shop.policy("live-only", &only);
    let run = shop.check(&["--env", "ci"]).exits(0);
    assert_eq!(run.checks().len(), 1, "{}", run.stdout);
    shop.check(&["--env", "ci", "--policy", "live-only"]).exits(4);
    shop.check(&["--env", "live"]).exits(1);
    shop.check(&["--env", "live", "--target", "a"]).exits(4);
    shop.check(&["--env", "live", "--tier", "weekly"]).exits(4);
}

#[test]
fn an_environment_may_say_from_where_a_run_fails() {
    let shop = shop(&["unknown"]);
    shop.project(TWO);
    shop.check(&["--env", "ci"]).exits(1);
    shop.check(&["--env", "live"]).exits(3);
    shop.check(&["--env", "ci", "--fail-on", "fail"]).exits(3);
}

#[test]
fn a_policy_of_the_project_without_a_target_is_input() {
    let shop = shop(&["pass"]);
    shop.policy("lost", "target: { type: sqlite }\nobserve: { db: { probe: sqlite.database } }\nfail: free_ratio > 50.percent\n");
    shop.check(&[]).exits(2).says("no-target").says("`lost`");
    // Before any selection of targets.
    shop.check(&["--target", "here"]).exits(2).says("`lost`");
    shop.check(&["--policy", "pass"]).exits(0);
}

#[test]
fn one_file_of_a_project_is_judged_without_the_rest() {
    let shop = shop(&["pass", "fail"]);
    let rest = "overrides:\n  - { policy: fail, set: { severity: low } }\nwaivers:\n  - { policy: fail, reason: known, owner: team, ticket: T-1, expires: @DAY@ }\n".replace("@DAY@", &in_days(60));
    shop.project(&format!("{HOST}{rest}"));
    let run = shop.check(&["policies/pass.yaml"]).exits(0);
    assert_eq!((run.checks().len(), run.notices().len()), (1, 0), "{}", run.stdout);
    // The whole project has to know the names.
    shop.project(&format!("{HOST}{}", rest.replace("policy: fail", "policy: fial"))).check(&[]).exits(2);
}

fn library(text: &str, targets: &[(&str, &str)], has_project: bool) -> Result<Plan, Vec<Diag>> {
    let file = File {
        source: Source::new("builtin:area/x.yaml", text),
        library: Some(Arc::from("area")),
        folder: std::path::PathBuf::new(),
    };
    let mut loaded = Loaded::default();
    documents(&file, None, &mut loaded);
    assert!(loaded.diags.is_empty(), "{:?}", loaded.diags[0].message);
    let info = |(name, kind): &(&str, &str)| {
        Arc::new(TargetInfo { name: Arc::from(*name), kind: Arc::from(*kind), ..TargetInfo::default() })
    };
    let targets: Vec<_> = targets.iter().map(info).collect();
    bind(&Input {
        policies: &loaded.policies,
        targets: &targets,
        project: &Project::default(),
        selection: &Selection::default(),
        has_project,
    })
}

#[test]
fn a_policy_of_a_library_without_a_target_is_skipped_and_a_useless_library_is_input() {
    let both = format!(
        "{}---\n{}",
        policy("files", &about("x", "fail: exists").replace("@SHOP@", "/srv")),
        policy(
            "bases",
            "target: { type: sqlite }\nobserve: { db: { probe: sqlite.database } }\nfail: free_ratio > 50.percent\n"
        )
    );
    let plan = library(&both, &[("here", "host")], true).unwrap();
    let skipped: Vec<_> = plan.checks.iter().filter(|check| check.skip.is_some()).collect();
    assert_eq!((plan.checks.len(), skipped.len()), (2, 1));
    assert_eq!(&*skipped[0].policy.id, "bases");
    assert!(skipped[0].skip.as_ref().unwrap().contains("sqlite"));
    let diags = library(&both, &[("db", "mysql")], true).unwrap_err();
    assert!(diags.iter().any(|diag| diag.code.id == "no-target"), "{}", diags[0].message);
}

/// A project of so many targets that accept and never answer.
fn silent(count: usize, deadline: &str) -> (Shop, Faults) {
    let server = Faults::answering("", Mode::HANG).unwrap();
    let shop = shop(&["pass"]);
    let mut project = HOST.to_owned();
    for number in 0..count {
        let addr = server.addr();
        project.push_str(&format!("  s{number}: {{ type: service, url: \"http://{addr}/{number}\", limits: {{ deadline: {deadline} }} }}\n"));
    }
    shop.project(&project);
    shop.policy(
        "answers",
        "target: { type: service }\nobserve: { r: { probe: http.response } }\nfail: status != 200\n",
    );
    (shop, server)
}

#[test]
fn fifty_endpoints_that_hang_are_fifty_times_unknown() {
    let (shop, _server) = silent(50, "1s");
    let run = shop.check(&[]).exits(3);
    let late = run.findings();
    assert_eq!(late.len(), 50);
    assert!(late.iter().all(|finding| finding["cause"]["cause"] == "timeout"), "{}", run.stdout);
    assert_eq!(run.verdict("pass"), "pass");
}

/// Processes whose working directory is the shop: what `muster` started inherits it.
fn left_in(shop: &Shop) -> Vec<String> {
    let own = shop.path().canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let inside =
        |process: &std::path::PathBuf| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == own);
    let shown = |process: std::path::PathBuf| {
        std::fs::read_to_string(process.join("cmdline")).unwrap_or_default().replace('\0', " ")
    };
    processes.filter(inside).map(shown).collect()
}

#[track_caller]
fn nothing_is_left(shop: &Shop) {
    for _ in 0..250 {
        if left_in(shop).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("left running: {:?}", left_in(shop));
}

/// A project of so many commands that start others and never end.
fn hanging(count: usize, deadline: &str) -> Shop {
    let shop = Shop::new();
    shop.file("hang.sh", "touch \"begun-$1\"\nsleep 600 &\n(sleep 600; true) &\nwait\n");
    let commands: String = (0..count).map(|n| format!("  c{n}: [sh, hang.sh, \"{n}\"]\n")).collect();
    shop.project(&format!("policies: [policies/]\ncommands:\n{commands}targets:\n  here: {{ type: host, limits: {{ connections: {count}, deadline: {deadline} }} }}\n"));
    for n in 0..count {
        shop.policy(&format!("c{n}"), &format!("target: {{ type: host }}\nobserve: {{ out: {{ probe: command.output, with: {{ command: c{n} }} }} }}\nfail: exit_status != 0\n"));
    }
    shop
}

#[test]
fn fifty_commands_that_hang_leave_no_process() {
    let shop = hanging(50, "2s");
    let run = shop.check(&[]).exits(3);
    assert_eq!(run.findings().len(), 50);
    assert!(run.findings().iter().all(|finding| finding["cause"]["cause"] == "timeout"), "{}", run.stdout);
    nothing_is_left(&shop);
}

#[test]
fn the_time_of_a_run_ends_it() {
    let (shop, _server) = silent(5, "60s");
    let run = shop.check(&["--timeout", "1500ms"]).exits(3);
    assert_eq!(run.verdict("pass"), "pass");
    assert_eq!(run.findings().len(), 5);
    for finding in run.findings() {
        assert_eq!(finding["cause"]["cause"], "timeout");
        assert!(finding["cause"]["what"].as_str().unwrap().contains("--timeout"), "{finding}");
    }
    let shop = hanging(3, "60s");
    shop.check(&["--timeout", "1500ms"]).exits(3);
    nothing_is_left(&shop);
}

/// Starts a check, waits until it is busy, and sends it a signal.
fn ended_by(shop: &Shop, signal: Signal, busy: impl Fn() -> bool) -> Run {
    let child = shop.start(&["check", "--format", "json"]);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    for _ in 0..1000 {
        if busy() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(busy(), "it never began");
    kill_process(pid, signal).unwrap();
    Run::of(child)
}

#[test]
fn what_a_signal_cuts_off_is_unknown_and_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let (shop, server) = silent(3, "60s");
        let run = ended_by(&shop, signal, || server.accepted() >= 3).exits(3);
        assert_eq!(run.verdict("pass"), "pass");
        assert_eq!(run.findings().len(), 3);
        assert!(
            run.findings().iter().all(|finding| finding["cause"]["cause"] == "cancelled"),
            "{}",
            run.stdout
        );

        let shop = hanging(2, "60s");
        let begun = || shop.at("begun-0").exists() && shop.at("begun-1").exists();
        let run = ended_by(&shop, signal, begun).exits(3);
        assert!(
            run.findings().iter().all(|finding| finding["cause"]["cause"] == "cancelled"),
            "{}",
            run.stdout
        );
        nothing_is_left(&shop);
    }
}

#[test]
fn a_reader_that_went_away_changes_nothing_and_a_full_disk_is_told() {
    let shop = shop(&["fail"]);
    let mut child = shop.start(&["check", "--format", "json"]);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let child = shop.command(&["check"]).stdout(Stdio::from(full)).spawn().unwrap();
    Run::of(child).exits(2).says("cannot be printed");
}

#[test]
fn a_report_is_written_whole_and_replaces_nothing_but_files() {
    let shop = shop(&["fail"]);
    shop.file("out.json", "old");
    shop.run(&["check", "--format", "json=out.json"]).exits(1);
    let text = std::fs::read_to_string(shop.at("out.json")).unwrap();
    assert!(text.starts_with('{') && text.ends_with("}\n"));
    shop.file("real.json", "old and much longer than nothing");
    std::os::unix::fs::symlink("real.json", shop.at("link.json")).unwrap();
    shop.run(&["check", "--format", "json=link.json"]).exits(1);
    assert!(std::fs::symlink_metadata(shop.at("link.json")).unwrap().is_symlink());
    assert!(std::fs::read_to_string(shop.at("real.json")).unwrap().starts_with('{'));
    std::os::unix::fs::symlink("/dev/null", shop.at("null")).unwrap();
    shop.run(&["check", "--format", "json=null"]).exits(1);
    assert!(std::fs::symlink_metadata(shop.at("null")).unwrap().is_symlink());
}
