//! The policies of the release pack for files, on a real migration of an upload directory: what was seeded is found, and nothing else.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};
use crate::policies_postgres::Database;
use crate::remedy::Mounts;
use crate::trial::{done, env};

const POLICIES: [&str; 4] =
    ["release-files-damaged", "release-files-extra", "release-files-missing", "release-files-unreadable"];

/// A project whose database names 200 files.
struct Moved {
    shop: Shop,
    database: Database,
}

impl Moved {
    fn new(set: &str) -> Self {
        let database = Database::new(&[
            "CREATE TABLE uploads (path text, size bigint, digest text)",
            "INSERT INTO uploads SELECT n % 10 || '/' || n || '.txt', length(n::text) + 1, md5(n || E'\\n') FROM generate_series(1, 200) n",
        ]);
        let mut shop = Shop::new();
        shop.env("SECRET", &env("MUSTER_TEST_PG_PASSWORD"));
        for n in 1..=200 {
            shop.file(&format!("up/{}/{n}.txt", n % 10), &format!("{n}\n"));
        }
        let root = shop.at("up").display().to_string();
        shop.project(&format!(
            "owner: team-test\npolicies: [builtin:release]\ntargets:\n  db: {{ type: postgres, url: 'postgres://muster_full@127.0.0.1:{}/{}', password: {{ env: SECRET }} }}\noverrides:\n  - {{ policy: 'release-files-*', set: {{ root: '{root}'{set} }}, why: a test }}\n",
            env("MUSTER_TEST_PG_PORT"),
            database.name(),
        ));
        Self { shop, database }
    }

    fn root(&self) -> std::path::PathBuf {
        self.shop.at("up")
    }

    fn judge(&self) -> Run {
        self.shop.check(&["--policy", "release-files-*"])
    }
}

fn verdicts(run: &Run) -> Vec<(&'static str, String)> {
    POLICIES.map(|id| (id, run.check_of(id)["verdict"].as_str().unwrap().to_owned())).to_vec()
}

fn wrong(run: &Run) -> Vec<(&'static str, String)> {
    verdicts(run).into_iter().filter(|(_, verdict)| verdict != "pass").collect()
}

fn message(run: &Run, policy: &str) -> String {
    let all: Vec<&Json> = run.findings_of(policy);
    assert_eq!(all.len(), 1, "{}", run.stdout);
    all[0]["message"].as_str().unwrap_or_default().to_owned()
}

fn shell(root: &Path, line: &str) {
    done(Command::new("sh").args(["-e", "-c", line]).current_dir(root));
}

#[test]
fn a_tree_that_was_moved_whole_passes_all() {
    let moved = Moved::new("");
    let run = moved.judge();
    assert_eq!(wrong(&run), [], "{}", run.stdout);
    assert_eq!(run.code, 0);
}

#[test]
fn what_was_lost_truncated_and_left_over_is_found_and_nothing_else() {
    let moved = Moved::new("");
    shell(&moved.root(), "rm 3/13.txt; : >4/14.txt; echo x >5/left.txt");
    let run = moved.judge();
    let fail = || "fail".to_owned();
    assert_eq!(
        wrong(&run),
        [
            ("release-files-damaged", fail()),
            ("release-files-extra", fail()),
            ("release-files-missing", fail())
        ]
    );
    assert!(
        message(&run, "release-files-missing")
            .contains("1 of 200 rows name a file that is not there: 3/13.txt")
    );
    assert!(message(&run, "release-files-damaged").contains("4/14.txt"));
    assert!(message(&run, "release-files-extra").contains("5/left.txt"));
    assert_eq!(run.code, 1);
    shell(&moved.root(), "echo 13 >3/13.txt; echo 14 >4/14.txt; rm 5/left.txt");
    assert_eq!(wrong(&moved.judge()), []);
}

#[test]
fn a_changed_byte_is_found_by_content_only() {
    let moved = Moved::new(", depth: content, algorithm: md5, sql: 'SELECT path, size, digest FROM uploads'");
    shell(&moved.root(), "printf '15' >5/15.txt; printf ' ' >>5/15.txt");
    let run = moved.judge();
    assert_eq!(wrong(&run), [("release-files-damaged", "fail".to_owned())]);
    assert!(message(&run, "release-files-damaged").contains("another content"), "{}", run.stdout);
}

#[test]
fn files_of_another_owner_are_found() {
    let me = done(Command::new("id").arg("-un"));
    let moved = Moved::new(&format!(", belongs_to: {}", me.trim()));
    assert_eq!(wrong(&moved.judge()), []);
    if rustix::process::geteuid().is_root() {
        shell(&moved.root(), "chown 65534 6/16.txt");
        let run = moved.judge();
        assert_eq!(wrong(&run), [("release-files-unreadable", "fail".to_owned())]);
    }
}

#[test]
fn an_unmounted_volume_is_one_failure_and_one_reason_for_the_rest() {
    let moved = Moved::new(", mount: true");
    let run = moved.judge();
    assert_eq!(run.check_of("release-files-missing")["verdict"], "fail", "{}", run.stdout);
    assert!(message(&run, "release-files-missing").contains("the volume is unmounted"));
    for policy in ["release-files-damaged", "release-files-extra", "release-files-unreadable"] {
        assert_eq!(run.check_of(policy)["verdict"], "unknown", "{policy}");
        assert_eq!(run.findings_of(policy)[0]["cause"]["cause"], "absent", "{policy}");
    }
}

#[test]
fn a_mounted_volume_is_compared() {
    let moved = Moved::new("");
    let mounts = Mounts::new();
    let root = moved.root().display().to_string();
    let project = std::fs::read_to_string(moved.shop.at("muster.yaml")).unwrap();
    moved.shop.project(&project.replace("set: { root:", "set: { mount: true, root:"));
    mounts.sh(&format!("mount --bind '{root}' '{root}'"));
    let own = format!(
        "SECRET='{}' {} check --format json --policy 'release-files-*' --project '{}'",
        env("MUSTER_TEST_PG_PASSWORD"),
        env!("CARGO_BIN_EXE_muster"),
        moved.shop.at("muster.yaml").display()
    );
    let said = mounts.sh(&own);
    let report: Json = serde_json::from_str(&said).unwrap();
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["verdict"] == "pass"), "{said}");
}

#[test]
fn nothing_is_judged_until_the_project_names_the_directory() {
    let moved = Moved::new("");
    let project = std::fs::read_to_string(moved.shop.at("muster.yaml")).unwrap();
    let (head, _) = project.split_once("overrides:").unwrap();
    moved.shop.project(head);
    let run = moved.judge();
    assert!(verdicts(&run).iter().all(|(_, verdict)| verdict == "skipped"), "{}", run.stdout);
    assert_eq!(run.code, 4);
    moved.database.sql("SELECT 1");
}
