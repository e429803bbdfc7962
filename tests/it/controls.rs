//! Frameworks, the controls that policies name, and `muster list controls`.

use passmuster::policy::{frameworks, library};
use passmuster::report::controls::json_schema;
use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const SOC2: &str = "\
framework: soc2
title: SOC 2
version: \"2017\"
link: https://example.org/soc2
groups:
  - title: Availability
    controls:
      - { id: A1.2, title: Data are backed up, link: \"https://example.org/a1.2\" }
      - { id: A1.3, title: Recovery is tested, text: Restore it and look. }
  - title: Access
    controls: [{ id: CC6.1, title: Access is limited }]
";

const ISO: &str = "framework: iso\ntitle: ISO\ncontrols: [{ id: CC6.1, title: The same id elsewhere }]\n";

/// A policy about a file, which passes if the file is there.
fn about(file: &str, controls: &str) -> String {
    format!(
        "{controls}target: {{ type: host }}\nobserve: {{ files: {{ probe: file.stat, with: {{ path: \"@SHOP@/{file}\" }} }} }}\nfail: exists == false\n"
    )
}

fn shop(frameworks: &str) -> Shop {
    let shop = Shop::new();
    shop.file("frameworks/soc2.yaml", SOC2).file("frameworks/iso.yaml", ISO).file("there", "x");
    shop.project(&format!(
        "policies: [policies/]\n{frameworks}targets: {{ here: {{ type: host }} }}\nstore: {{ path: .muster/store.db }}\n"
    ));
    shop
}

fn declared() -> Shop {
    shop("frameworks: [frameworks/soc2.yaml]\n")
}

fn listed(shop: &Shop, more: &[&str]) -> Run {
    let mut all = vec!["list", "controls", "--format", "json"];
    all.extend(more);
    let run = shop.run(&all).exits(0);
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(run.json()).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    run
}

/// The state of a control.
#[track_caller]
fn state(run: &Run, id: &str) -> String {
    let frameworks = run.json()["frameworks"].as_array().unwrap();
    let mut controls = frameworks.iter().flat_map(|framework| framework["controls"].as_array().unwrap());
    let found = controls.find(|control| control["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}: {}", run.stdout))["state"].as_str().unwrap().to_owned()
}

#[test]
fn an_id_that_no_framework_has_stops_every_command_at_its_place() {
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [A1.2, A1.4]\n"));
    for command in [vec!["check"], vec!["lint"], vec!["test"], vec!["list", "controls"]] {
        let run = shop.run(&command);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert_eq!(run.code, 2, "{command:?}: {said}");
        assert!(said.contains("no framework of the project has a control `A1.4`"), "{command:?}: {said}");
        assert!(
            said.contains("backed-up.yaml:") && said.contains("did you mean `A1."),
            "{command:?}: {said}"
        );
    }
    // As a policy that cannot be loaded it is unknown, and never left out.
    let run = shop.check(&["--keep-going"]).exits(3);
    assert_eq!(run.verdict("backed-up"), "unknown");
}

#[test]
fn ids_are_free_where_no_framework_is_declared() {
    let shop = shop("");
    shop.policy("backed-up", &about("there", "controls: [SOC2-A1.2, \"nist:cp-9\"]\n"));
    shop.run(&["check"]).exits(0);
    // But the playbook is known everywhere.
    shop.policy("backed-up", &about("there", "controls: [\"playbook:backup-recnt\"]\n"));
    shop.run(&["check"]).exits(2).says("did you mean `playbook:backup-recent`?");
    shop.policy("backed-up", &about("there", "controls: [\"playbook:backup-recent\"]\n"));
    shop.run(&["check"]).exits(0);
}

#[test]
fn a_policy_of_another_project_names_a_framework_that_is_not_declared_here() {
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [\"nist:cp-9\"]\n"));
    shop.run(&["check"]).exits(2).says("the project declares no framework `nist`");
    // Of the file that the project has and does not declare nothing is known.
    shop.policy("backed-up", &about("there", "controls: [\"iso:CC6.1\"]\n"));
    shop.run(&["check"]).exits(2).says("the project declares no framework `iso`");
}

#[test]
fn an_id_that_two_frameworks_have_needs_its_prefix() {
    let shop = shop("frameworks: [frameworks/soc2.yaml, frameworks/iso.yaml]\n");
    shop.policy("limited", &about("there", "controls: [CC6.1]\n"));
    shop.run(&["check"]).exits(2).says("say which is meant: `soc2:CC6.1` or `iso:CC6.1`");
    shop.policy("limited", &about("there", "controls: [\"iso:CC6.1\"]\n"));
    shop.run(&["check"]).exits(0);
    let run = listed(&shop, &["--framework", "soc2"]);
    assert_eq!(state(&run, "CC6.1"), "uncovered", "the same id of another framework is another control");
    assert_eq!(state(&listed(&shop, &["--framework", "iso"]), "CC6.1"), "held");
}

#[test]
fn a_project_whose_framework_cannot_be_read_judges_nothing() {
    for (frameworks, said) in [
        ("frameworks: [frameworks/missing.yaml]\n", "it does not exist"),
        ("frameworks: [frameworks]\n", "it is a directory"),
        ("frameworks: [frameworks/empty.yaml]\n", "the framework file"),
        ("frameworks: [frameworks/twice.yaml]\n", "two controls have the id `a`"),
        ("frameworks: [frameworks/twice.json]\n", "two controls have the id `ac-1`"),
        ("frameworks: [frameworks/soc2.yaml, frameworks/soc2.yaml]\n", "two frameworks are called `soc2`"),
        (
            "frameworks: [frameworks/playbook.yaml]\n",
            "is called `playbook`, as the framework that comes with muster",
        ),
        ("frameworks: [frameworks/huge.json]\n", "is larger than"),
        ("frameworks: [builtin:playbok]\n", "did you mean `builtin:playbook`?"),
        ("frameworks: []\n", "the list is empty"),
    ] {
        let shop = shop(frameworks);
        shop.file("frameworks/empty.yaml", "");
        std::fs::File::create(shop.at("frameworks/huge.json")).unwrap().set_len(33 << 20).unwrap();
        shop.file("frameworks/playbook.yaml", &SOC2.replace("soc2", "playbook"));
        shop.file(
            "frameworks/twice.yaml",
            "framework: t\ntitle: T\ncontrols: [{ id: a, title: A }, { id: a, title: B }]\n",
        );
        shop.file("frameworks/twice.json", r#"{"catalog": {"metadata": {"title": "T"}, "groups": [
            {"title": "G", "controls": [{"id": "ac-1", "title": "A"}]},
            {"title": "H", "controls": [{"id": "ac-2", "title": "B", "controls": [{"id": "ac-1", "title": "C"}]}]}]}}"#);
        // An id that no framework has, which must not pass because none could be read.
        shop.policy("backed-up", &about("there", "controls: [whatever]\n"));
        for command in ["check", "lint", "test"] {
            let run = shop.run(&[command]);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert_eq!(run.code, 2, "{frameworks} {command}: {all}");
            assert!(all.contains(said), "{frameworks} {command}: {all}");
            assert!(all.contains("muster.yaml:"), "{frameworks} {command}: {all}");
        }
    }
}

#[test]
fn a_framework_among_the_policies_is_told_from_a_policy() {
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [A1.2]\n"));
    shop.file("policies/iso.yaml", ISO);
    shop.run(&["check"]).exits(2).says("this is a framework, and no policy");
}

#[test]
fn a_catalog_is_imported_as_it_is_loaded_and_its_faults_have_a_pointer() {
    let shop = shop("frameworks: [NIST.json]\n");
    let catalog = r#"{"catalog": {"metadata": {"title": "NIST"}, "groups": [{"title": "Planning", "controls": [
        {"id": "cp-9", "title": "Backup", "controls": [{"id": "cp-9.1", "title": "Tested"}]},
        {"id": "cp-5", "title": "Old", "props": [{"name": "status", "value": "withdrawn"}]}]}]}}"#;
    shop.file("NIST.json", catalog);
    shop.policy("backed-up", &about("there", "controls: [cp-9, \"nist:cp-9.1\"]\n"));
    let run = listed(&shop, &[]);
    assert_eq!((state(&run, "cp-9").as_str(), state(&run, "cp-9.1").as_str()), ("unjudged", "unjudged"));
    let framework = &run.json()["frameworks"][0];
    assert_eq!((&framework["total"], &framework["withdrawn"]), (&Json::from(2), &Json::from(1)));
    shop.policy("backed-up", &about("there", "controls: [cp-5]\n"));
    shop.run(&["check"]).exits(2).says("`nist` has withdrawn its control `cp-5`");
    shop.file("NIST.json", &catalog.replace("cp-5", "cp-9"));
    let run = shop.run(&["check"]).exits(2);
    assert!(run.stderr.contains("/catalog/groups/0/controls/1/id"), "{}", run.stderr);
}

#[test]
fn coverage_has_the_newest_verdicts_of_the_store() {
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [A1.2]\n"));
    shop.policy("limited", &about("missing", "controls: [CC6.1]\n"));
    shop.policy("else", &about("there", ""));
    let run = listed(&shop, &[]);
    assert_eq!(run.json()["judged"], false);
    assert_eq!(state(&run, "A1.2"), "unjudged", "what nobody judged is not held");
    shop.run(&["check"]).exits(1);
    let run = listed(&shop, &[]);
    let states = ["A1.2", "A1.3", "CC6.1"].map(|id| state(&run, id));
    assert_eq!(states, ["held", "uncovered", "failing"]);
    assert_eq!(run.json()["without_control"][0]["policy"], "else");
    // It was mended, and only that was judged.
    shop.file("missing", "x").run(&["check", "--policy", "limited"]).exits(0);
    let run = listed(&shop, &[]);
    assert_eq!((state(&run, "CC6.1").as_str(), state(&run, "A1.2").as_str()), ("held", "held"));
    assert_eq!(
        listed(&shop, &["--uncovered"]).json()["frameworks"][0]["controls"].as_array().unwrap().len(),
        1
    );
    // A recording that is judged again is no judgement.
    shop.run(&["record", "--out", "run.json"]);
    std::fs::remove_file(shop.at("there")).unwrap();
    shop.run(&["check", "--policy", "backed-up"]).exits(1);
    shop.run(&["check", "--facts", "run.json"]);
    assert_eq!(state(&listed(&shop, &[]), "A1.2"), "failing");
}

#[test]
fn a_policy_that_is_skipped_or_fits_no_target_holds_nothing() {
    let shop = shop("frameworks: [builtin:playbook, frameworks/soc2.yaml]\n");
    shop.policy("backed-up", &about("there", "controls: [A1.2]\nwhen: target.name == \"other\"\n"));
    shop.file(
        "muster.yaml",
        &std::fs::read_to_string(shop.at("muster.yaml"))
            .unwrap()
            .replace("[policies/]", "[policies/, builtin:host, builtin:postgres]")
            .replace(
                "type: host }",
                "type: host }, db: { type: postgres, url: \"postgres://a@127.0.0.1:1/a\" }",
            ),
    );
    shop.file("muster.yaml", &(std::fs::read_to_string(shop.at("muster.yaml")).unwrap() + "owner: team\n"));
    let run = listed(&shop, &[]);
    assert_eq!(state(&run, "A1.2"), "skipped");
    assert_eq!(state(&run, "backup-restored"), "uncovered");
    assert_eq!(state(&run, "db-bloat"), "unjudged");
    // What the library names is part of the coverage where the playbook is declared, and nowhere else.
    let names: Vec<&str> =
        run.json()["frameworks"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["playbook", "soc2"]);
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [\"playbook:backup-recent\"]\n"));
    let run = listed(&shop, &[]);
    assert_eq!(run.json()["frameworks"].as_array().unwrap().len(), 1);
    assert_eq!(run.json()["without_control"][0]["controls"][0], "playbook:backup-recent");
    assert_eq!(state(&listed(&shop, &["--framework", "playbook"]), "backup-recent"), "unjudged");
}

#[test]
fn people_read_which_controls_have_a_policy() {
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [A1.2]\n"));
    shop.policy("else", &about("there", ""));
    shop.run(&["check"]).exits(0);
    let run = shop.run(&["list", "controls"]).exits(0);
    assert_eq!(
        run.stdout,
        "\
soc2 · SOC 2, version 2017
  1 of 3 controls have a policy: 2 uncovered, 1 held

  Availability
  held       A1.2   Data are backed up
                      backed-up: 1 pass
  uncovered  A1.3   Recovery is tested

  Access
  uncovered  CC6.1  Access is limited

1 policy names no control of `soc2`: else
verdicts are those of the newest judgement of each check in the store
"
    );
    let run = shop.run(&["explain", "A1.2"]).exits(0);
    for part in
        ["soc2:A1.2 · Data are backed up", "https://example.org/a1.2", "Policies that answer it", "backed-up"]
    {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let run = shop.run(&["explain", "soc2:A1.3"]).exits(0);
    assert!(
        run.stdout.contains("No policy answers it") && run.stdout.contains("Restore it and look."),
        "{}",
        run.stdout
    );
    let run = shop.run(&["explain", "playbook:db-bloat"]).exits(0);
    assert!(run.stdout.contains("postgres-dead-tuples"), "{}", run.stdout);
    shop.run(&["explain", "playbook:db-blot"]).exits(2).says("did you mean `playbook:db-bloat`?");
}

#[test]
fn what_cannot_be_listed_is_said() {
    let shop = shop("");
    shop.policy("backed-up", &about("there", ""));
    shop.run(&["list", "controls"]).exits(2).says("write `frameworks: [builtin:playbook]` into muster.yaml");
    shop.run(&["list", "controls", "--framework", "playbok"]).exits(2).says("did you mean `playbook`?");
    shop.run(&["list", "policies", "--uncovered"]).exits(2).says("`--uncovered` is for controls only");
    shop.run(&["list", "probes", "--format", "json"]).exits(2).says("`--format json` is for controls only");
    let run = shop.run(&["list", "controls", "--framework", "playbook", "--uncovered"]).exits(0);
    let all = frameworks::playbook().unwrap().controls.len();
    let summary = format!("0 of {all} controls have a policy: {all} uncovered");
    assert!(run.stdout.contains(&summary), "{}", run.stdout);
    // A store that cannot be read is said, and not taken for none.
    let shop = declared();
    shop.policy("backed-up", &about("there", "controls: [A1.2]\n"));
    shop.file(".muster/store.db", "this is no store, and long enough to be looked at as one would be");
    shop.run(&["list", "controls"]).exits(2);
}

/// Controls that no machine answers, which is why nothing in the library may name them.
const OF_PEOPLE: &[&str] =
    &["backup-restored", "backup-recovery-time", "backup-night", "db-churn", "security-target"];

#[test]
fn every_policy_that_ships_names_controls_of_the_playbook_only() {
    let playbook = frameworks::playbook().unwrap();
    let mut named = 0;
    for area in library::areas() {
        let origin = passmuster::policy::PolicyOrigin::Builtin(area.into());
        let loaded = passmuster::policy::load::load(&[(origin, None)], None, false);
        assert_eq!(loaded.diags, [], "{area}");
        for policy in &loaded.policies {
            for word in &policy.controls {
                let id = word.strip_prefix("playbook:").unwrap_or_else(|| panic!("{}: {word}", policy.id));
                assert!(playbook.controls.iter().any(|control| *control.id == *id), "{}: {word}", policy.id);
                assert!(!OF_PEOPLE.contains(&id), "{}: {word}", policy.id);
                named += 1;
            }
        }
    }
    assert!(named > 60, "{named}");
}

#[test]
fn a_catalog_is_read_of_a_revision_too() {
    let shop = shop("frameworks: [nist.json]\n");
    shop.file(
        "nist.json",
        r#"{"catalog": {"metadata": {"title": "N"}, "controls": [{"id": "cp-9", "title": "B"}]}}"#,
    );
    shop.policy("backed-up", &about("there", "controls: [cp-9]\n"));
    let repository = crate::repository::Repository::of(&shop);
    repository.commit("as it was");
    shop.file("nist.json", r#"{"catalog": {"metadata": {"title": "N"}, "controls": [{"id": "cp-9", "title": "B"}, {"id": "cp-10", "title": "C"}]}}"#);
    let run = shop.run(&["diff", "HEAD"]).exits(0);
    assert!(
        run.stdout.contains("`frameworks` ask for more controls: 1 of them, the first is `nist:cp-10`"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_framework_that_is_shown_can_be_read_and_is_laid_out_as_all_files_are() {
    let text = include_str!("../../src/cli/reference/controls.md");
    let (_, rest) = text.split_once("```yaml\nframework: ").unwrap();
    let shown = format!("framework: {}\n", rest.split_once("\n```").unwrap().0);
    let read = frameworks::from_yaml(&passmuster::source::Source::new("soc2.yaml", shown.as_str())).unwrap();
    assert_eq!(read.controls.len(), 2);
    let shop = declared();
    shop.policy("backed-up", &about("there", ""));
    shop.file("frameworks/soc2.yaml", &shown);
    shop.run(&["fmt", "--check", "frameworks/soc2.yaml"]).exits(0);
    // A framework of the project is formatted with the rest of it.
    shop.file("frameworks/soc2.yaml", &shown.replace("title: Availability", "title:   Availability"));
    shop.run(&["fmt"]).exits(0);
    assert_eq!(std::fs::read_to_string(shop.at("frameworks/soc2.yaml")).unwrap(), shown);
    shop.file("playbook.yaml", include_str!("../../frameworks/playbook.yaml"));
    shop.run(&["fmt", "--check", "playbook.yaml"]).exits(0);
}
