//! What people attest: written by `muster attest`, judged by `builtin:audit`, and never green by mistake.

use std::process::Command;

use crate::harness::{Run, Shop, in_days};

const PROJECT: &str = "owner: team-test\npolicies: [builtin:audit]\nowners: { team-test: {}, team-ops: {} }\n\
                       targets: { audit: { type: project } }\n";

fn shop() -> Shop {
    let shop = Shop::new();
    shop.project(PROJECT);
    shop.file("evidence/restore.log", "restored");
    shop
}

fn sha256(shop: &Shop, path: &str) -> String {
    let output = Command::new("sha256sum").arg(shop.at(path)).output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// A statement of a restore, with some of its lines replaced.
fn restore(shop: &Shop, changed: &[(&str, &str)]) -> String {
    let digest = sha256(shop, "evidence/restore.log");
    let lines = [
        ("attestation", "restore-rehearsal".to_owned()),
        ("by", "team-ops".to_owned()),
        ("at", in_days(-10)),
        ("looked_at", "the shop of last night".to_owned()),
        ("result", "holds".to_owned()),
        ("evidence", format!("[{{ link: evidence/restore.log, sha256: '{digest}' }}]")),
        ("valid_until", in_days(60)),
    ];
    let mut text = String::new();
    for (key, value) in &lines {
        let other = changed.iter().find(|(name, _)| name == key).map(|(_, other)| *other);
        match other {
            Some("") => {}
            Some(other) => text.push_str(&format!("{key}: {other}\n")),
            None => text.push_str(&format!("{key}: {value}\n")),
        }
    }
    let known = |name: &str| lines.iter().any(|(key, _)| *key == name);
    for (key, value) in changed.iter().filter(|(name, _)| !known(name)) {
        text.push_str(&format!("{key}: {value}\n"));
    }
    text
}

fn judged(shop: &Shop) -> Run {
    shop.check(&["--policy", "restore-rehearsal-attested"])
}

/// The verdict on a restore that is attested so.
#[track_caller]
fn verdict(changed: &[(&str, &str)]) -> Run {
    let shop = shop();
    shop.file("attestations/restore.yaml", &restore(&shop, changed));
    judged(&shop)
}

#[test]
fn a_restore_with_its_evidence_passes() {
    verdict(&[]).exits(0);
}

#[test]
fn what_nobody_can_stand_for_fails() {
    let (yesterday, tomorrow, later) = (in_days(-1), in_days(1), in_days(90));
    for (changed, says) in [
        (
            vec![("evidence", ""), ("no_evidence", "nobody kept the log")],
            "there is no evidence: nobody kept the log",
        ),
        (vec![("evidence", "[{ link: evidence/restore.log }]")], "is unpinned"),
        (vec![("evidence", "[{ link: 'https://wiki.example.org/restore' }]")], "is elsewhere"),
        (vec![("valid_until", yesterday.as_str())], "counted until"),
        (vec![("at", tomorrow.as_str()), ("valid_until", later.as_str())], "still to come"),
        (vec![("by", "team-gone")], "who is no owner"),
        (vec![("result", "fails")], "could not be restored"),
        (vec![("at", "2024-01-01")], "old; allowed are"),
    ] {
        let run = verdict(&changed).exits(1);
        let found = run.findings_of("restore-rehearsal-attested");
        let message = found[0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn evidence_that_changed_or_went_away_fails() {
    let shop = shop();
    shop.file("attestations/restore.yaml", &restore(&shop, &[]));
    judged(&shop).exits(0);
    shop.file("evidence/restore.log", "restoreD");
    let run = judged(&shop).exits(1);
    assert!(run.stdout.contains("is not what was attested: differs"), "{}", run.stdout);
    std::fs::remove_file(shop.at("evidence/restore.log")).unwrap();
    let run = judged(&shop).exits(1);
    assert!(run.stdout.contains("is not what was attested: absent"), "{}", run.stdout);
}

#[test]
fn nothing_attested_fails_whether_the_folder_is_there_or_not() {
    let shop = shop();
    judged(&shop).exits(1);
    std::fs::create_dir(shop.at("attestations")).unwrap();
    judged(&shop).exits(1);
    shop.file("attestations/other.yaml", &restore(&shop, &[("attestation", "other")]));
    judged(&shop).exits(1);
}

#[test]
fn two_statements_of_one_time_that_contradict_each_other_are_unknown() {
    let shop = shop();
    shop.file("attestations/a.yaml", &restore(&shop, &[]));
    shop.file("attestations/b.yaml", &restore(&shop, &[("result", "fails")]));
    let run = judged(&shop).exits(3);
    let found = run.findings_of("restore-rehearsal-attested");
    assert_eq!(found[0]["cause"]["cause"], "ambiguous");
    let what = found[0]["cause"]["what"].as_str().unwrap();
    assert!(what.contains("attestations/a.yaml:1 and attestations/b.yaml:1"), "{what}");
    // The newer one decides.
    shop.file("attestations/b.yaml", &restore(&shop, &[("result", "fails"), ("at", &in_days(-9))]));
    judged(&shop).exits(1);
    shop.file("attestations/b.yaml", &restore(&shop, &[("result", "fails"), ("at", &in_days(-11))]));
    judged(&shop).exits(0);
}

#[test]
fn what_is_written_wrong_stops_the_check_at_its_line() {
    for (changed, code, place) in [
        (vec![("by", "")], "missing-key", "`by`"),
        (vec![("result", "good")], "bad-value", "restore.yaml:5"),
        (vec![("resullt", "holds")], "unknown-key", "restore.yaml:8"),
        (vec![("evidence", "")], "attestation", "neither what shows it"),
        (vec![("evidence", "[{ link: ../../etc/passwd }]")], "attestation", "leads out of the project"),
        (vec![("valid_until", "2020-01-01")], "attestation", "ends before it was made"),
    ] {
        let run = verdict(&changed).exits(2);
        let text = run.stderr.replace('\n', " ");
        assert!(text.contains(code) && text.contains(place), "{code}, {place}: {}", run.stderr);
        let shop = shop();
        shop.file("attestations/a.yaml", &restore(&shop, &changed));
        let lint = shop.run(&["lint"]).exits(2);
        assert!(lint.stdout.contains(code) || lint.stderr.contains(code), "{}{}", lint.stdout, lint.stderr);
        shop.run(&["probe", "attestation.latest"]).exits(3);
    }
}

#[test]
fn a_file_that_is_named_and_not_there_is_wrong_input() {
    let shop = shop();
    for (named, says) in [
        ("[signed/]", "does not exist"),
        ("[attestations/restore.yaml, signed.yaml]", "does not exist"),
        ("['signed/*.yaml']", "does not exist"),
        ("['attestations/*.yml']", "no file matches"),
    ] {
        shop.file("attestations/restore.yaml", &restore(&shop, &[]));
        shop.project(&format!("{PROJECT}attestations: {named}\n"));
        judged(&shop).exits(2).says(says);
        shop.run(&["probe", "attestation.latest"]).exits(3);
    }
    shop.project(&format!("{PROJECT}attestations: ['attestations/*.yaml', attestations]\n"));
    judged(&shop).exits(0);
}

#[test]
fn a_target_of_type_project_takes_nothing_else() {
    let shop = shop();
    for more in ["url: 'https://x/'", "path: /x", "scratch: true", "password: { env: X }", "databases: all"] {
        shop.project(&PROJECT.replace("{ type: project }", &format!("{{ type: project, {more} }}")));
        shop.run(&["check"]).exits(2).says("takes no `");
    }
    shop.project(&PROJECT.replace("{ type: project }", "{ type: project, limits: { deadline: 5s } }"));
    let run = shop.run(&["list", "targets"]).exits(0);
    assert!(run.stdout.contains("audit  project"), "{}", run.stdout);
    let doctor = shop.run(&["doctor"]);
    assert!(doctor.stdout.contains("audit (project)"), "{}{}", doctor.stdout, doctor.stderr);
}

// ---------------------------------------------------------------------------------------------------------------------
// muster attest
// ---------------------------------------------------------------------------------------------------------------------

fn attest(shop: &Shop, topic: &str, more: &[&str]) -> Run {
    let mut arguments = vec!["attest", topic, "--looked-at", "all of it"];
    arguments.extend(more);
    shop.run(&arguments)
}

#[test]
fn the_remedy_is_pasted_and_mends_what_it_is_about() {
    let shop = shop();
    for (policy, evidence) in [
        ("access-review-attested", "evidence/access-review.csv"),
        ("restore-rehearsal-attested", "evidence/restore-rehearsal.log"),
        ("disaster-plan-read", "docs/disaster-plan.md"),
    ] {
        let run = shop.check(&["--policy", policy]).exits(1);
        let steps = crate::remedy::shell_steps(run.findings_of(policy)[0]);
        assert_eq!(steps.len(), 1, "{steps:?}");
        shop.file(evidence, "what was seen");
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_muster")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let done = Command::new("sh")
            .args(["-ec", &steps[0]])
            .current_dir(shop.path())
            .env("PATH", path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let run = shop.check(&["--policy", policy]).exits(0);
        assert_eq!(run.verdict(policy), "pass");
    }
    shop.check(&[]).exits(0);
}

#[test]
fn what_stands_in_the_file_stays() {
    let shop = shop();
    let old = format!("# rehearsed on spare-1\n{}# end", restore(&shop, &[]));
    shop.file("attestations/restore-rehearsal.yaml", &old);
    attest(
        &shop,
        "restore-rehearsal",
        &["--by", "team-ops", "--evidence", "evidence/restore.log", "--dry-run"],
    )
    .exits(0);
    let read = || std::fs::read_to_string(shop.at("attestations/restore-rehearsal.yaml")).unwrap();
    assert_eq!(read(), old, "a dry run writes nothing");
    attest(
        &shop,
        "restore-rehearsal",
        &["--by", "team-ops", "--evidence", "evidence/restore.log", "--note", "took: 40 minutes"],
    )
    .exits(0);
    let text = read();
    assert!(text.starts_with(&format!("{old}\n---\nattestation: restore-rehearsal\n")), "{text}");
    assert!(
        text.contains(&sha256(&shop, "evidence/restore.log")) && text.contains("took: 40 minutes"),
        "{text}"
    );
    let run = judged(&shop).exits(0);
    assert_eq!(run.verdict("restore-rehearsal-attested"), "pass");
    shop.run(&["lint"]).exits(0);
}

#[test]
fn a_statement_that_would_not_count_is_refused() {
    let shop = shop();
    let by = ["--by", "team-ops"];
    let evidence = ["--evidence", "evidence/restore.log"];
    std::fs::create_dir(shop.at("elsewhere")).unwrap();
    shop.file("empty.log", "");
    for (more, says) in [
        (vec!["--by", "team-op", "--evidence", "evidence/restore.log"], "did you mean `team-ops`"),
        (evidence.to_vec(), "nobody says it"),
        (by.to_vec(), "nothing shows what is attested"),
        ([&by[..], &["--no-evidence", "…"]].concat(), "`--no-evidence` says nothing"),
        ([&by[..], &["--no-evidence", " "]].concat(), "`--no-evidence` says nothing"),
        ([&by[..], &["--evidence", "evidence/gone.log"]].concat(), "cannot be read"),
        ([&by[..], &["--evidence", "/etc/passwd"]].concat(), "outside of the project"),
        ([&by[..], &["--evidence", "elsewhere"]].concat(), "is no file"),
        ([&by[..], &["--evidence", "empty.log"]].concat(), "is empty, and shows nothing"),
        ([&by[..], &evidence, &["--valid-until", &in_days(-1)]].concat(), "is past"),
        ([&by[..], &evidence, &["--valid-until", "soon"]].concat(), "is not a day"),
        ([&by[..], &evidence, &["--at", &in_days(1)]].concat(), "still to come"),
        ([&by[..], &evidence, &["--result", "maybe"]].concat(), "maybe"),
        ([&by[..], &evidence, &["--looked-at", ""]].concat(), ""),
    ] {
        attest(&shop, "restore-rehearsal", &more).exits(2).says(says);
        assert!(!shop.at("attestations").exists(), "{more:?}: something was written");
    }
    attest(&shop, "Restore rehearsal", &[&by[..], &evidence].concat()).exits(2).says("is not a name");
    attest(&shop, "attestations-current", &[&by[..], &evidence].concat()).exits(2).says("asks for no topic");
    // Beside the newest one, a second of an earlier or the same time says nothing.
    attest(&shop, "restore-rehearsal", &[&by[..], &evidence].concat()).exits(0);
    attest(&shop, "restore-rehearsal", &[&by[..], &evidence, &["--at", &in_days(-3)]].concat())
        .exits(2)
        .says("which is not before this statement");
}

#[test]
fn what_is_found_wrong_can_be_attested_too() {
    let shop = shop();
    let run = attest(
        &shop,
        "disaster-plan",
        &["--by", "team-ops", "--result", "fails", "--no-evidence", "read together", "--valid-for", "30d"],
    )
    .exits(0);
    assert!(run.stdout.contains("that it fails"), "{}", run.stdout);
    let run = shop.check(&["--policy", "disaster-plan-read"]).exits(1);
    assert!(run.stdout.contains("cannot be carried out"), "{}", run.stdout);
}

#[test]
fn a_statement_is_written_where_it_is_read() {
    let shop = shop();
    let by = ["--by", "team-ops", "--no-evidence", "read together"];
    for (named, topic, file) in [
        ("[signed]", "one", "signed/one.yaml"),
        ("['signed/*.yaml']", "two", "signed/two.yaml"),
        ("[signed/all.yaml]", "three", "signed/all.yaml"),
        ("[attestations, signed]", "four", "attestations/four.yaml"),
    ] {
        std::fs::create_dir_all(shop.at("signed")).unwrap();
        std::fs::create_dir_all(shop.at("attestations")).unwrap();
        shop.project(&format!("{PROJECT}attestations: {named}\n"));
        if named.contains("all.yaml") {
            shop.file("signed/all.yaml", &restore(&shop, &[]));
        }
        attest(&shop, topic, &by).exits(0).says("no policy of the project asks");
        assert!(shop.at(file).exists(), "{file}");
        let run = shop.run(&["probe", "attestation.latest", "--with", &format!("topics={topic}")]).exits(0);
        assert!(run.stdout.contains("read together"), "{}", run.stdout);
    }
    shop.project(&format!("{PROJECT}attestations: ['signed/a*.yaml']\n"));
    shop.file("signed/a.yaml", &restore(&shop, &[]));
    attest(&shop, "five", &by).exits(2).says("covers no file");
}

#[test]
fn what_is_broken_is_not_added_to() {
    let shop = shop();
    shop.file("attestations/other.yaml", "attestation: other\n");
    attest(&shop, "restore-rehearsal", &["--by", "team-ops", "--evidence", "evidence/restore.log"])
        .exits(2)
        .says("missing-key");
    assert!(!shop.at("attestations/restore-rehearsal.yaml").exists());
}

#[test]
fn what_is_recorded_is_judged_the_same_elsewhere() {
    let shop = shop();
    shop.file("attestations/restore.yaml", &restore(&shop, &[("by", "team-gone")]));
    shop.run(&["record", "facts.json"]).exits(0);
    std::fs::remove_dir_all(shop.at("attestations")).unwrap();
    let run = shop.check(&["--facts", "facts.json", "--policy", "restore-rehearsal-attested"]).exits(1);
    assert!(run.stdout.contains("who is no owner"), "{}", run.stdout);
}

#[test]
fn the_statement_that_the_page_shows_can_be_used() {
    let page = include_str!("../../docs/attestations.md");
    let text = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let mut diags = Vec::new();
    let source = passmuster::source::Source::new("attestations/a.yaml", text);
    let found = passmuster::policy::attestations::decode(&source, "".as_ref(), &mut diags);
    assert!(found.len() == 1 && diags.is_empty(), "{diags:?}");
}
