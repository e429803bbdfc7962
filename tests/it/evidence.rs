//! Evidence: made whole or not at all, every byte that is changed is named, and every run is judged again.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

const CANARY: &str = "K4naryC0reW0rdZ-of-the-audit";

const PROJECT: &str = "policies: [policies/, ../shared/extra.yaml, 'builtin:host']\nlabels: { env: [prod] }\nowner: team\ntargets:\n  here: { type: host, labels: { env: prod } }\n  shop: { type: postgres, url: 'postgres://watcher@db.example.org/shop', password: { env: SHOP_PASSWORD } }\ncalendars:\n  office: { zone: Europe/Zurich, hours: 'Mon-Fri 08:00-18:00', holidays: days/days.ics }\nwaivers:\n  - { policy: no-large-file, target: here, reason: agreed until the disk is new, owner: team, ticket: T-1, expires: @UNTIL@ }\naudit: { key: { file: ../key.pem } }\n";

const DAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:1@x\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

const FILES: &str = "target: { type: host }\nobserve: { files: { probe: file.stat, with: { paths: ['@SHOP@/a.txt', '@SHOP@/b.txt'] } } }\neach: files\n";

/// What records and judges of the shop: nothing of the machine, so that it is the same everywhere.
const OURS: &[&str] = &["--policy", "no-*", "--policy", "scripted"];

/// A project in `shop/`, with a library, a script, holidays, a policy that lies outside, and a key.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.env("SHOP_PASSWORD", CANARY);
    let until = crate::harness::in_days(30);
    shop.file("a.txt", "hello").file("b.txt", "");
    shop.file("shop/days/days.ics", DAYS);
    shop.file("shop/muster.yaml", &format!("muster: 1\n{}", PROJECT.replace("@UNTIL@", &until)));
    let policy = |id: &str, yaml: &str| crate::harness::policy(id, &format!("{FILES}{yaml}"));
    shop.file(
        "shop/policies/no-empty-file.yaml",
        &policy("no-empty-file", "fail: (size ?? 0.bytes) == 0.bytes\nmessage: \"{{ path }} of {{ owner }} is empty\"\ncontrols: [A1.2, 'odd control']\n"),
    );
    shop.file(
        "shop/policies/deep/scripted.yaml",
        &policy("scripted", "script: judge.rhai\nmessage: \"{{ path }} is {{ size }}\"\n"),
    );
    shop.file(
        "shop/policies/deep/judge.rhai",
        "fn judge(row, ctx) {\n    if row.size != null && row.size > 3.bytes { return warn(\"longer than three\"); }\n    pass()\n}\n",
    );
    shop.file(
        "shared/extra.yaml",
        &policy("no-large-file", "fail: (size ?? 0.bytes) > 2.bytes\nmessage: \"{{ path }} is large\"\n"),
    );
    openssl(&shop, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    std::fs::set_permissions(shop.at("key.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    shop
}

fn openssl(shop: &Shop, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(shop.path()).output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A command in the project, which lies below the shop.
fn muster(shop: &Shop, arguments: &[&str]) -> Run {
    let mut command = shop.command(arguments);
    Run::of(command.current_dir(shop.at("shop")).spawn().unwrap())
}

fn record(shop: &Shop, file: &str) {
    let all = [&["record", file][..], OURS].concat();
    muster(shop, &all).exits(0);
}

/// Two days of recordings: in the second one the empty file was mended.
fn recorded() -> Shop {
    let shop = shop();
    record(&shop, "../one.json");
    shop.file("b.txt", "ok");
    record(&shop, "../two.json");
    shop
}

fn bundle(shop: &Shop, arguments: &[&str]) -> Run {
    let all = [&["audit", "bundle", "../ev", "--facts", "../one.json", "../two.json"][..], OURS, arguments]
        .concat();
    muster(shop, &all)
}

/// `verify`, from a folder without a project.
fn verify(shop: &Shop, arguments: &[&str]) -> Run {
    shop.run(&[&["audit", "verify", "--format", "json"][..], arguments].concat())
}

fn files(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    entries
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Every difference as `PATH: KIND`.
fn differences(run: &Run) -> Vec<String> {
    let list = run.json()["differences"].as_array().unwrap();
    list.iter()
        .map(|one| format!("{}: {}", one["path"].as_str().unwrap(), one["kind"].as_str().unwrap()))
        .collect()
}

/// A copy of the evidence under another name.
fn copy(shop: &Shop, name: &str) -> PathBuf {
    let to = shop.at(name);
    if to.exists() {
        std::fs::remove_dir_all(&to).unwrap();
    }
    let status = Command::new("cp").arg("-a").arg(shop.at("ev")).arg(&to).status().unwrap();
    assert!(status.success());
    to
}

#[test]
fn evidence_is_made_and_verifies_away_from_its_project() {
    let shop = recorded();
    let made = bundle(&shop, &["--anchor", "../anchor.jsonl"]).exits(0);
    assert!(made.stdout.contains("2 runs"), "{}", made.stdout);
    let there = files(&shop.at("ev"));
    for wanted in [
        "MANIFEST",
        "README.md",
        "key.pub.pem",
        "oscal/assessment-results.json",
        "project/days/days.ics",
        "project/muster.yaml",
        "project/policies/deep/judge.rhai",
        "project/policies/no-empty-file.yaml",
        "runs.json",
        "runs/0001.findings.json",
        "runs/0002.recording.json",
        "statement.dsse.json",
    ] {
        assert!(there.iter().any(|path| path == wanted), "{wanted} is not in {there:#?}");
    }
    assert!(there.iter().any(|path| path.starts_with("policies/builtin/host/")), "{there:#?}");
    assert!(there.iter().any(|path| path.starts_with("policies/outside/") && path.ends_with("extra.yaml")));
    // Nothing of the project is there any more.
    for gone in ["shop", "shared", "one.json", "two.json", "a.txt", "b.txt"] {
        let gone = shop.at(gone);
        if gone.is_dir() {
            std::fs::remove_dir_all(gone).unwrap();
        } else {
            std::fs::remove_file(gone).unwrap();
        }
    }
    let run = verify(&shop, &["ev", "--anchor", "anchor.jsonl"]).exits(0);
    let json = run.json();
    assert_eq!((&json["judged_again"], &json["runs"]), (&2.into(), &2.into()), "{json:#}");
    assert_eq!(json["signature"]["state"], "beside");
    assert_eq!((&json["anchor"]["lines"], &json["anchor"]["signed"]), (&1.into(), &1.into()));
    let said = shop.run(&["audit", "verify", "ev"]).exits(0);
    assert!(said.stdout.contains("proves only that nobody changed it without that key"), "{}", said.stdout);
    assert!(said.stdout.contains("nothing differs"), "{}", said.stdout);
    // The findings are what was found, with places as seen from the project.
    let findings: Json =
        serde_json::from_slice(&std::fs::read(shop.at("ev/runs/0001.findings.json")).unwrap()).unwrap();
    let mut verdicts: Vec<(&str, &str)> = findings["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["policy"].as_str().unwrap(), check["verdict"].as_str().unwrap()))
        .collect();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [("no-empty-file", "fail"), ("no-large-file", "waived"), ("scripted", "warn")]);
    assert!(!findings.to_string().contains(shop.at("shop").to_str().unwrap()), "{findings:#}");
}

#[test]
fn a_changed_byte_of_any_file_is_named() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    for path in files(&shop.at("ev")) {
        let copy = copy(&shop, "changed");
        let file = copy.join(&path);
        let whole = std::fs::read(&file).unwrap();
        for at in [0, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&file, &bytes).unwrap();
            let run = verify(&shop, &["changed"]).exits(1);
            let named = differences(&run).iter().any(|one| one.starts_with(&format!("{path}:")));
            assert!(named, "{path}, byte {at}: {:#}", run.json()["differences"]);
        }
    }
}

#[test]
fn what_was_added_removed_cut_swapped_or_is_no_file_is_named() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    let named = |wanted: &[&str], change: &dyn Fn(&Path)| {
        let copy = copy(&shop, "changed");
        change(&copy);
        let found = differences(&verify(&shop, &["changed"]).exits(1));
        for wanted in wanted {
            assert!(found.iter().any(|one| one == wanted), "{wanted} is not among {found:#?}");
        }
    };
    for path in files(&shop.at("ev")) {
        named(&[&format!("{path}: removed")], &|folder| std::fs::remove_file(folder.join(&path)).unwrap());
        named(&[&format!("{path}: not-plain")], &|folder| {
            std::fs::remove_file(folder.join(&path)).unwrap();
            std::os::unix::fs::symlink(shop.at("ev").join(&path), folder.join(&path)).unwrap();
        });
        named(&[], &|folder| {
            let file = std::fs::File::options().write(true).open(folder.join(&path)).unwrap();
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        });
    }
    named(&["runs/0003.recording.json: added", ".hidden: added"], &|folder| {
        std::fs::write(folder.join("runs/0003.recording.json"), "{}").unwrap();
        std::fs::write(folder.join(".hidden"), "").unwrap();
    });
    named(&["runs/0001.recording.json: changed", "runs/0002.recording.json: changed"], &|folder| {
        let [one, two] =
            ["runs/0001.recording.json", "runs/0002.recording.json"].map(|path| folder.join(path));
        let [first, second] = [&one, &two].map(|path| std::fs::read(path).unwrap());
        std::fs::write(&one, second).unwrap();
        std::fs::write(&two, first).unwrap();
    });
    named(&["project: not-plain", "project/muster.yaml: removed"], &|folder| {
        std::fs::rename(folder.join("project"), shop.at("elsewhere")).unwrap();
        std::os::unix::fs::symlink(shop.at("elsewhere"), folder.join("project")).unwrap();
    });
    named(&["pipe: not-plain"], &|folder| {
        assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    });
}

/// Somebody who can write everything but has not the key makes list and chain fit again.
#[test]
fn whoever_makes_everything_fit_again_does_not_have_the_key() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    let key = shop.at("ev/key.pub.pem").display().to_string();
    std::fs::copy(&key, shop.at("trusted.pem")).unwrap();
    // A path that climbs out.
    let folder = copy(&shop, "changed");
    let list = std::fs::read_to_string(folder.join("MANIFEST")).unwrap();
    std::fs::write(folder.join("MANIFEST"), list.replace("  README.md", "  ../secret.txt")).unwrap();
    let run = verify(&shop, &["changed"]).exits(1);
    assert!(run.stdout.contains("leads out of the directory"), "{}", run.stdout);
    // The findings of a run, with a list that fits again.
    let folder = copy(&shop, "changed");
    let findings = folder.join("runs/0001.findings.json");
    let text = std::fs::read_to_string(&findings).unwrap();
    std::fs::write(&findings, text.replace("\"fail\"", "\"pass\"")).unwrap();
    listed_again(&folder);
    let found = differences(&verify(&shop, &["changed"]).exits(1));
    for wanted in ["MANIFEST: signature", "runs.json: chain", "runs/0001.findings.json: judged"] {
        assert!(found.iter().any(|one| one == wanted), "{wanted} is not among {found:#?}");
    }
    // All of it made anew, with another key.
    std::fs::rename(shop.at("ev"), shop.at("first")).unwrap();
    openssl(&shop, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
    bundle(&shop, &[]).exits(0);
    verify(&shop, &["ev"]).exits(0);
    let found = differences(&verify(&shop, &["ev", "--key", "trusted.pem"]).exits(1));
    assert_eq!(found, ["statement.dsse.json: signature"]);
    verify(&shop, &["first", "--key", "trusted.pem"]).exits(0);
    // The statement of one evidence beside the files of another one, and a key that was put in its place.
    let folder = copy(&shop, "changed");
    std::fs::copy(shop.at("first/statement.dsse.json"), folder.join("statement.dsse.json")).unwrap();
    let found = differences(&verify(&shop, &["changed"]).exits(1));
    assert!(found.contains(&"statement.dsse.json: signature".to_owned()), "{found:#?}");
    std::fs::copy(shop.at("first/key.pub.pem"), folder.join("key.pub.pem")).unwrap();
    let found = differences(&verify(&shop, &["changed"]).exits(1));
    assert!(found.contains(&"key.pub.pem: changed".to_owned()), "{found:#?}");
    assert!(found.contains(&"MANIFEST: signature".to_owned()), "{found:#?}");
}

/// What is taken out of the list as well as from the folder, and a statement that nobody can read.
#[test]
fn what_is_gone_from_the_list_too_or_cannot_be_read_is_named() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    for gone in ["runs.json", "runs/0002.recording.json", "project/muster.yaml", "README.md", "key.pub.pem"] {
        let folder = copy(&shop, "changed");
        std::fs::remove_file(folder.join(gone)).unwrap();
        let list = std::fs::read_to_string(folder.join("MANIFEST")).unwrap();
        let lines: Vec<&str> = list.lines().collect();
        let at = lines.iter().position(|line| line.ends_with(&format!("  {gone}"))).unwrap();
        let rest: Vec<&str> = lines[..at - 1].iter().chain(&lines[at + 1..]).copied().collect();
        std::fs::write(folder.join("MANIFEST"), rest.join("\n") + "\n").unwrap();
        std::fs::remove_file(folder.join("statement.dsse.json")).unwrap();
        let found = differences(&verify(&shop, &["changed"]).exits(1));
        assert!(
            found.iter().any(|one| one.starts_with(&format!("{gone}:"))),
            "{gone} is not among {found:#?}"
        );
    }
    let folder = copy(&shop, "changed");
    std::fs::write(folder.join("statement.dsse.json"), b"\xff\xfe").unwrap();
    let run = verify(&shop, &["changed"]).exits(1);
    assert_eq!(differences(&run), ["statement.dsse.json: signature"]);
}

/// Writes the digests and sizes of what is there into the list.
fn listed_again(folder: &Path) {
    let list = std::fs::read_to_string(folder.join("MANIFEST")).unwrap();
    let mut lines = list.lines();
    let mut text = format!("{}\n", lines.next().unwrap());
    while let Some(size) = lines.next() {
        let (_, path) = lines.next().unwrap().split_once("  ").unwrap();
        assert!(size.starts_with("# "));
        let bytes = std::fs::read(folder.join(path)).unwrap();
        let digest = passmuster::fact::text_digest(&String::from_utf8(bytes.clone()).unwrap());
        text.push_str(&format!("# {}\n{digest}  {path}\n", bytes.len()));
    }
    std::fs::write(folder.join("MANIFEST"), text).unwrap();
}

#[test]
fn runs_that_were_cut_off_are_noticed_by_the_anchor() {
    let shop = recorded();
    let span =
        ["--from", "2026-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z", "--anchor", "../anchor.jsonl"];
    let bundled = |dir: &str, facts: &[&str], more: &[&str]| {
        muster(&shop, &[&["audit", "bundle", dir, "--facts"][..], facts, OURS, more].concat())
    };
    bundled("../ev1", &["../one.json"], &span).exits(0);
    bundled("../ev2", &["../one.json", "../two.json"], &span).exits(0);
    let run = verify(&shop, &["ev2", "--anchor", "anchor.jsonl"]).exits(0);
    assert_eq!(run.json()["anchor"]["lines"], 2, "{:#}", run.json());
    // The first one lacks what the anchor knows by now.
    let run = verify(&shop, &["ev1", "--anchor", "anchor.jsonl"]).exits(1);
    assert_eq!(differences(&run), ["anchor.jsonl: anchor"]);
    assert!(run.stdout.contains("runs were cut off"), "{}", run.stdout);
    // Nothing is added to an anchor that knows more, and nothing is made.
    bundled("../ev3", &["../one.json"], &span).exits(2).says("runs were cut off");
    assert!(!shop.at("ev3").exists());
    assert_eq!(std::fs::read_to_string(shop.at("anchor.jsonl")).unwrap().lines().count(), 2);
    // A week of the quarter that was anchored by itself is in the quarter.
    bundled("../ev4", &["../two.json"], &["--anchor", "../week.jsonl"]).exits(0);
    verify(&shop, &["ev2", "--anchor", "week.jsonl"]).exits(0);
    verify(&shop, &["ev1", "--anchor", "week.jsonl"]).exits(1);
    // An edited line, a cut one, and one about another time.
    let text = std::fs::read_to_string(shop.at("anchor.jsonl")).unwrap();
    shop.file("edited.jsonl", &text.replace("\"runs\":2", "\"runs\":1"));
    let run = verify(&shop, &["ev2", "--anchor", "edited.jsonl"]).exits(1);
    assert!(run.stdout.contains("signature"), "{}", run.stdout);
    shop.file("cut.jsonl", text.trim_end());
    verify(&shop, &["ev2", "--anchor", "cut.jsonl"]).exits(2).says("it is cut");
    shop.file("empty.jsonl", "");
    let run = verify(&shop, &["ev2", "--anchor", "empty.jsonl"]).exits(1);
    assert!(run.stdout.contains("proves nothing"), "{}", run.stdout);
    verify(&shop, &["ev2", "--anchor", "gone.jsonl"]).exits(2);
    bundled("../ev5", &["../one.json"], &["--anchor", "../ev5/anchor.jsonl"])
        .exits(2)
        .says("would prove nothing");
}

/// As the page in the directory tells an auditor who does not have muster.
#[test]
fn other_programs_check_the_list_the_chain_and_the_signature() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    let readme = std::fs::read_to_string(shop.at("ev/README.md")).unwrap();
    let blocks: Vec<&str> =
        readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let mut said = String::new();
    for block in blocks.iter().filter(|block| !block.contains("muster audit")) {
        let script = format!("set -eu\n{}", block.replace("/tmp/", &format!("{}/", shop.path().display())));
        let output = Command::new("bash").args(["-c", &script]).current_dir(shop.at("ev")).output().unwrap();
        assert!(output.status.success(), "{block}: {}", String::from_utf8_lossy(&output.stderr));
        said.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    assert!(said.contains("the list is the one that was signed"), "{said}");
    let index: Json = serde_json::from_slice(&std::fs::read(shop.at("ev/runs.json")).unwrap()).unwrap();
    assert!(said.contains(index["runs"][0]["link"].as_str().unwrap()), "{said}");
}

#[test]
fn the_oscal_document_is_valid_and_says_what_was_found() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    let schema: Json =
        serde_json::from_str(include_str!("../support/oscal-assessment-results-1.2.1.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let read = || -> Json {
        serde_json::from_slice(&std::fs::read(shop.at("ev/oscal/assessment-results.json")).unwrap()).unwrap()
    };
    let document = read();
    let faults: Vec<String> =
        validator.iter_errors(&document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new(), "{document:#}");
    let mut broken = document.clone();
    broken["assessment-results"]["results"][0]["observations"][0]
        .as_object_mut()
        .unwrap()
        .shift_remove("collected");
    assert!(!validator.is_valid(&broken), "the schema looks at what it is given");
    let result = &document["assessment-results"]["results"][0];
    let states: Vec<String> = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let status = &finding["target"]["status"];
            format!("{} {} {}", finding["title"], status["state"], status["reason"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        states,
        [
            "no-empty-file@here satisfied pass",
            "no-large-file@here not-satisfied other",
            "scripted@here not-satisfied other"
        ]
    );
    let risks: Vec<&str> =
        result["risks"].as_array().unwrap().iter().map(|risk| risk["status"].as_str().unwrap()).collect();
    assert_eq!(risks.iter().filter(|status| **status == "closed").count(), 1, "{risks:?}");
    assert_eq!(risks.iter().filter(|status| **status == "deviation-approved").count(), 1, "{risks:?}");
    let statement: Json =
        serde_json::from_slice(&std::fs::read(shop.at("ev/statement.dsse.json")).unwrap()).unwrap();
    let payload = statement["payload"].as_str().unwrap();
    let decoded = Command::new("base64")
        .arg("-d")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut decoded = decoded.unwrap();
    std::io::Write::write_all(&mut decoded.stdin.take().unwrap(), payload.as_bytes()).unwrap();
    let statement: Json = serde_json::from_slice(&decoded.wait_with_output().unwrap().stdout).unwrap();
    // What failed and was mended is no test that passed.
    assert_eq!(statement["predicate"]["result"], "WARNED");
    assert_eq!(statement["predicate"]["passedTests"].as_array().unwrap().len(), 0, "{statement:#}");
}

#[test]
fn no_secret_is_in_any_file_and_a_text_that_holds_one_is_refused() {
    let shop = recorded();
    // It comes back as the owner of a file.
    for file in ["one.json", "two.json"] {
        let text = std::fs::read_to_string(shop.at(file)).unwrap();
        assert!(text.contains("\"root\""), "{text}");
        shop.file(file, &text.replace("\"root\"", &format!("\"{CANARY}\"")));
    }
    bundle(&shop, &[]).exits(0);
    verify(&shop, &["ev"]).exits(0);
    let private = std::fs::read_to_string(shop.at("key.pem")).unwrap();
    let private = private.lines().nth(1).unwrap();
    for path in files(&shop.at("ev")) {
        let text = String::from_utf8(std::fs::read(shop.at("ev").join(&path)).unwrap()).unwrap();
        assert!(!text.contains(CANARY) && !text.contains("K4naryC0re"), "{path}");
        assert!(!text.contains(private), "{path}");
    }
    let findings = std::fs::read_to_string(shop.at("ev/runs/0001.findings.json")).unwrap();
    assert!(findings.contains("[secret]"), "{findings}");
    std::fs::remove_dir_all(shop.at("ev")).unwrap();
    shop.file("shop/days/days.ics", &DAYS.replace("Christmas", CANARY));
    bundle(&shop, &[]).exits(2).says("would hold a secret");
    assert_eq!(left(&shop), Vec::<String>::new());
}

/// What lies in the shop of evidence, made or half made.
fn left(shop: &Shop) -> Vec<String> {
    let entries = std::fs::read_dir(shop.path()).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).filter(|name| name.contains("ev")).collect()
}

#[test]
fn masked_evidence_verifies_and_tells_no_masked_text() {
    let shop = recorded();
    bundle(&shop, &["--mask"]).exits(2).says("masks nothing");
    bundle(&shop, &["--mask=file.stat.owner", "--mask=file.stat.group"]).exits(0);
    let run = verify(&shop, &["ev"]).exits(0);
    assert_eq!((&run.json()["masked"], &run.json()["judged_again"]), (&true.into(), &2.into()));
    let recording = std::fs::read_to_string(shop.at("ev/runs/0001.recording.json")).unwrap();
    let findings = std::fs::read_to_string(shop.at("ev/runs/0001.findings.json")).unwrap();
    assert!(!recording.contains("\"root\"") && !findings.contains("of root"), "{recording}\n{findings}");
    std::fs::remove_dir_all(shop.at("ev")).unwrap();
    // A policy says what is private.
    let path = "shop/policies/no-empty-file.yaml";
    let text = std::fs::read_to_string(shop.at(path)).unwrap();
    shop.file(path, &text.replace("b.txt'] } }", "b.txt'] }, private: [owner, group] }"));
    bundle(&shop, &["--mask"]).exits(0);
    verify(&shop, &["ev"]).exits(0);
    let recording = std::fs::read_to_string(shop.at("ev/runs/0001.recording.json")).unwrap();
    assert!(!recording.contains("\"root\""), "{recording}");
}

/// What was said, without the ends of its lines.
fn unfolded(run: &Run) -> String {
    run.stderr.split(['│', ' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_that_does_not_fit_is_wrong_input_before_anything_is_written() {
    let shop = recorded();
    openssl(&shop, &["genpkey", "-algorithm", "ed25519", "-out", "good.pem"]);
    openssl(&shop, &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.pem"]);
    openssl(&shop, &["pkey", "-in", "good.pem", "-pubout", "-out", "public.pem"]);
    openssl(&shop, &["pkey", "-in", "rsa.pem", "-pubout", "-out", "rsa-public.pem"]);
    openssl(&shop, &["pkcs8", "-topk8", "-in", "good.pem", "-out", "locked.pem", "-passout", "pass:x"]);
    shop.file("empty.pem", "").file("text.pem", "hello\n");
    let good = std::fs::read_to_string(shop.at("good.pem")).unwrap();
    shop.file("cut.pem", &good[..good.len() / 2]).file("two.pem", &format!("{good}{good}"));
    let wrong = [
        ("rsa.pem", "not an Ed25519 one"),
        ("public.pem", "it is a public key"),
        ("locked.pem", "locked by a passphrase"),
        ("empty.pem", "holds no key"),
        ("text.pem", "holds no key"),
        ("cut.pem", ""),
        ("two.pem", "more than one block"),
        ("gone.pem", "No such file"),
    ];
    for (file, why) in wrong {
        let found = std::fs::copy(shop.at(file), shop.at("key.pem"));
        if found.is_err() {
            std::fs::remove_file(shop.at("key.pem")).unwrap();
        }
        let run = bundle(&shop, &[]).exits(2).says("the key of the audit cannot be used");
        let said = unfolded(&run);
        assert!(said.contains(why), "{file}: {}", run.stderr);
        assert!(!run.stderr.contains("MC4CAQ"), "{}", run.stderr);
        assert_eq!(left(&shop), Vec::<String>::new(), "{file}");
    }
    std::fs::copy(shop.at("good.pem"), shop.at("key.pem")).unwrap();
    std::fs::set_permissions(shop.at("key.pem"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .unwrap();
    bundle(&shop, &[]).exits(0).says("others can read the key");
    for (file, why) in [
        ("rsa-public.pem", "not an Ed25519 one"),
        ("good.pem", "give the public one"),
        ("text.pem", "holds no key"),
    ] {
        let run = verify(&shop, &["ev", "--key", file]).exits(2);
        assert!(unfolded(&run).contains(why), "{file}: {}", run.stderr);
    }
    verify(&shop, &["ev", "--key", "public.pem"]).exits(0);
}

#[test]
fn without_a_key_it_says_that_it_is_not_signed() {
    let shop = recorded();
    let path = "shop/muster.yaml";
    let text = std::fs::read_to_string(shop.at(path)).unwrap();
    shop.file(path, &text.replace("audit: { key: { file: ../key.pem } }\n", ""));
    let made = bundle(&shop, &[]).exits(0);
    assert!(made.stdout.contains("not signed"), "{}", made.stdout);
    assert!(!files(&shop.at("ev")).iter().any(|path| path.contains("key") || path.contains("statement")));
    let run = verify(&shop, &["ev"]).exits(0);
    assert_eq!(run.json()["signature"]["state"], "unsigned");
    let said = shop.run(&["audit", "verify", "ev"]).exits(0);
    assert!(said.stdout.contains("none: whoever could write the directory"), "{}", said.stdout);
    openssl(&shop, &["pkey", "-in", "key.pem", "-pubout", "-out", "public.pem"]);
    let found = differences(&verify(&shop, &["ev", "--key", "public.pem"]).exits(1));
    assert_eq!(found, ["statement.dsse.json: signature"]);
}

#[test]
fn what_another_version_worded_and_nobody_signed_is_not_taken_for_compared() {
    let shop = recorded();
    let path = "shop/muster.yaml";
    let text = std::fs::read_to_string(shop.at(path)).unwrap();
    shop.file(path, &text.replace("audit: { key: { file: ../key.pem } }\n", ""));
    bundle(&shop, &[]).exits(0);
    let folder = copy(&shop, "other");
    let runs = std::fs::read_to_string(folder.join("runs.json")).unwrap();
    let own = format!("\"muster\":\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(runs.contains(&own), "{runs}");
    std::fs::write(folder.join("runs.json"), runs.replacen(&own, "\"muster\":\"0.0.9\"", 1)).unwrap();
    let oscal = folder.join("oscal/assessment-results.json");
    let document = std::fs::read_to_string(&oscal).unwrap();
    assert!(document.contains("not-satisfied"), "{document}");
    std::fs::write(&oscal, document.replace("not-satisfied", "satisfied")).unwrap();
    listed_again(&folder);
    let run = shop.run(&["audit", "verify", "other"]).exits(3);
    let said = &run.stdout;
    assert!(
        said.contains("not compared  README.md, oscal/assessment-results.json: made by muster 0.0.9"),
        "{said}"
    );
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
    let shop = recorded();
    std::fs::create_dir(shop.at("small")).unwrap();
    for size in ["16k", "48k", "96k"] {
        let script = format!(
            "mount -t tmpfs -o size={size} tmpfs small && cd shop && \"$@\"; code=$?; ls -A ../small >&2; exit $code"
        );
        let mut command = Command::new("unshare");
        command.args([
            "-m",
            "bash",
            "-c",
            &script,
            "bash",
            env!("CARGO_BIN_EXE_muster"),
            "audit",
            "bundle",
            "../small/it",
        ]);
        command.args(["--facts", "../one.json", "../two.json"]).args(OURS).current_dir(shop.path());
        let output = command.env("SHOP_PASSWORD", CANARY).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{size}: {stderr}");
        assert!(stderr.contains("No space left on device"), "{size}: {stderr}");
        assert!(stderr.trim_end().ends_with("nothing was judged"), "{size}: something is left: {stderr}");
    }
}

#[test]
fn killed_at_any_moment_it_is_there_whole_or_not_at_all() {
    let shop = recorded();
    let all = [&["audit", "bundle", "../ev", "--facts", "../one.json", "../two.json"][..], OURS].concat();
    for wait in [0, 5, 10, 20, 30, 40, 60, 80, 120, 200] {
        let mut command = shop.command(&all);
        let mut child = command.current_dir(shop.at("shop")).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        // It may have ended by itself.
        drop(child.kill());
        child.wait().unwrap();
        if shop.at("ev").exists() {
            verify(&shop, &["ev"]).exits(0);
            std::fs::remove_dir_all(shop.at("ev")).unwrap();
        }
    }
    bundle(&shop, &[]).exits(0);
    assert_eq!(left(&shop), ["ev"], "what a killed one left is removed");
}

#[test]
fn nothing_is_overwritten_and_what_is_no_evidence_is_wrong_input() {
    let shop = recorded();
    bundle(&shop, &[]).exits(0);
    let before = std::fs::read(shop.at("ev/MANIFEST")).unwrap();
    bundle(&shop, &[]).exits(2).says("is there already");
    assert_eq!(std::fs::read(shop.at("ev/MANIFEST")).unwrap(), before);
    std::fs::create_dir(shop.at("empty")).unwrap();
    let all = [&["audit", "bundle", "../empty", "--facts", "../one.json"][..], OURS].concat();
    muster(&shop, &all).exits(2).says("is there already");
    for (path, why) in
        [("empty", "it has no `MANIFEST`"), ("one.json", "it is a file"), ("gone", "No such file")]
    {
        verify(&shop, &[path]).exits(2).says(why);
    }
    shop.file("other/MANIFEST", "hello\n");
    verify(&shop, &["other"]).exits(2).says("line 1");
    let twice =
        [&["audit", "bundle", "../twice", "--facts", "../one.json", "../one.json"][..], OURS].concat();
    muster(&shop, &twice).exits(2).says("the same recording");
    let all = [
        &[
            "audit",
            "bundle",
            "../late",
            "--facts",
            "../one.json",
            "--from",
            "2099-01-01T00:00:00Z",
            "--until",
            "2099-02-01T00:00:00Z",
        ][..],
        OURS,
    ]
    .concat();
    muster(&shop, &all).exits(2).says("is not of the period");
    shop.run(&["audit", "bundle", "x", "--facts", "one.json"]).exits(2);
}

/// What was recorded for another text of a policy is judged by the one that lies there, and that is said.
#[test]
fn a_policy_that_changed_since_it_was_recorded_is_said() {
    let shop = recorded();
    let path = "shop/policies/no-empty-file.yaml";
    let text = std::fs::read_to_string(shop.at(path)).unwrap();
    shop.file(path, &text.replace("== 0.bytes", "<= 1.bytes"));
    bundle(&shop, &[]).exits(0);
    let run = verify(&shop, &["ev"]).exits(0);
    assert_eq!(run.json()["changed_policies"]["1"], serde_json::json!(["no-empty-file"]));
    let said = shop.run(&["audit", "verify", "ev"]).exits(0);
    assert!(said.stdout.contains("by other texts of these policies"), "{}", said.stdout);
    std::fs::remove_file(shop.at(path)).unwrap();
    std::fs::remove_dir_all(shop.at("ev")).unwrap();
    bundle(&shop, &[]).exits(2).says("which the project does not have");
    assert_eq!(left(&shop), Vec::<String>::new());
}
