//! A shop: a temporary folder with a project, policies and files, and runs of the built `muster` in it.
//!
//! The environment of a run is scrubbed: `PATH`, `HOME` (the folder itself), `TERM=dumb`, `LC_ALL=C`, and
//! what [`Shop::env`] adds.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

/// A folder in which `muster` runs.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Shop {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Writes `muster.yaml`. `muster: 1` is put first unless the text has it; `@SHOP@` is the folder.
    pub(crate) fn project(&self, yaml: &str) -> &Self {
        let head = if yaml.contains("muster:") { "" } else { "muster: 1\n" };
        self.file("muster.yaml", &format!("{head}{yaml}"))
    }

    /// Writes `policies/ID.yaml`: these lines, and what every policy needs and they do not have (`title`,
    /// `tier: daily`, `severity: high`, `owner: team`, `why`, a `remedy` with a runbook). `@SHOP@` is the folder.
    pub(crate) fn policy(&self, id: &str, yaml: &str) -> &Self {
        self.file(&format!("policies/{id}.yaml"), &policy(id, yaml))
    }

    /// Writes a file, and the folders that it needs. `@SHOP@` is the folder.
    pub(crate) fn file(&self, path: &str, content: &str) -> &Self {
        let shown = self.path().display().to_string();
        self.bytes(path, content.replace("@SHOP@", &shown).as_bytes())
    }

    /// Writes a file of bytes.
    pub(crate) fn bytes(&self, path: &str, content: &[u8]) -> &Self {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Sets a variable for all runs from now on.
    pub(crate) fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The command, not yet started, with its output in pipes.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path()).env("TERM", "dumb").env("LC_ALL", "C");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it and does not wait.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.start(arguments))
    }

    /// `muster check --format json` with these arguments; [`Run::report`] is there unless the input was wrong.
    pub(crate) fn check(&self, arguments: &[&str]) -> Run {
        let mut all = vec!["check", "--format", "json"];
        all.extend(arguments);
        self.run(&all)
    }
}

/// The text of a policy, completed with what every policy needs.
pub(crate) fn policy(id: &str, yaml: &str) -> String {
    let has = |key: &str| yaml.lines().any(|line| line.starts_with(&format!("{key}:")));
    let mut text = if has("policy") { String::new() } else { format!("policy: {id}\n") };
    let rest = [
        ("title", "It holds"),
        ("tier", "daily"),
        ("severity", "high"),
        ("owner", "team"),
        ("why", "It was agreed, because what depends on it stops when it does not hold."),
        ("remedy", "{ steps: [{ do: Mend it. }], runbook: \"https://wiki.example.org/mend\" }"),
    ];
    for (key, value) in rest.iter().filter(|(key, _)| !has(key)) {
        text.push_str(&format!("{key}: {value}\n"));
    }
    text + yaml
}

/// A date so many days from today.
pub(crate) fn in_days(days: i64) -> String {
    let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    day.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its error stream.
    pub(crate) stderr: String,
    /// Its standard output, if that is JSON.
    pub(crate) report: Option<Json>,
}

impl Run {
    /// Waits for the end.
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let report = serde_json::from_str(&stdout).ok();
        Self { code: output.status.code().unwrap_or(-1), stdout, stderr, report }
    }

    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- output\n{}\n--- errors\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that the error stream says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "not said: {text}\n--- errors\n{}", self.stderr);
        self
    }

    /// The JSON report.
    #[track_caller]
    pub(crate) fn json(&self) -> &Json {
        self.report.as_ref().unwrap_or_else(|| panic!("no report\n{}\n{}", self.stdout, self.stderr))
    }

    /// The checks of the report.
    #[track_caller]
    pub(crate) fn checks(&self) -> &[Json] {
        self.json()["checks"].as_array().unwrap()
    }

    /// The check of a policy (its only one, or the first).
    #[track_caller]
    pub(crate) fn check_of(&self, policy: &str) -> &Json {
        let found = self.checks().iter().find(|check| check["policy"] == policy);
        found.unwrap_or_else(|| panic!("no check of {policy}\n{}", self.stdout))
    }

    /// The verdict of a policy's check.
    #[track_caller]
    pub(crate) fn verdict(&self, policy: &str) -> &str {
        self.check_of(policy)["verdict"].as_str().unwrap()
    }

    /// The verdict about a subject; `pass` if the policy's check has no finding about it and passed others.
    #[track_caller]
    pub(crate) fn verdict_of(&self, policy: &str, subject: &str) -> &str {
        let found = self.findings_of(policy).into_iter().find(|one| one["subject"]["shown"] == subject);
        match found {
            Some(finding) => finding["verdict"].as_str().unwrap(),
            None if self.check_of(policy)["counts"]["pass"] != 0 => "pass",
            None => self.verdict(policy),
        }
    }

    /// The findings of a policy, over all targets.
    #[track_caller]
    pub(crate) fn findings_of(&self, policy: &str) -> Vec<&Json> {
        self.findings().into_iter().filter(|finding| finding["policy"] == policy).collect()
    }

    /// All findings (everything that is not `pass`), without notices.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<&Json> {
        self.checks().iter().flat_map(|check| check["findings"].as_array().unwrap()).collect()
    }

    /// The only finding of a policy.
    #[track_caller]
    pub(crate) fn finding(&self, policy: &str) -> &Json {
        let found = self.findings_of(policy);
        assert_eq!(found.len(), 1, "{found:#?}\n{}", self.stdout);
        found[0]
    }

    /// The cause of the only finding of a policy, which is `unknown`.
    #[track_caller]
    pub(crate) fn cause(&self, policy: &str) -> &str {
        let finding = self.finding(policy);
        assert_eq!(finding["verdict"], "unknown", "{finding:#}");
        finding["cause"]["cause"].as_str().unwrap()
    }

    /// Findings about the input: stale waivers, overrides that match nothing.
    #[track_caller]
    pub(crate) fn notices(&self) -> &[Json] {
        self.json()["notices"].as_array().unwrap_or_else(|| panic!("no report: {}", self.stderr))
    }
}

#[test]
fn a_shop_is_judged() {
    let shop = Shop::new();
    shop.file("data/a.txt", "hello").file("data/b.txt", "");
    shop.project("policies: [policies/]\ntargets:\n  here: { type: host }\n");
    shop.policy(
        "no-empty-file",
        r#"
target: { type: host }
observe: { files: { probe: file.stat, with: { paths: [@SHOP@/data/a.txt, @SHOP@/data/b.txt] } } }
each: files
fail: (size ?? 0.bytes) == 0.bytes
message: "{{ path }} is empty"
"#,
    );
    let run = shop.check(&[]).exits(1);
    assert_eq!(run.verdict("no-empty-file"), "fail");
    assert_eq!(run.verdict_of("no-empty-file", &shop.at("data/a.txt").display().to_string()), "pass");
    assert_eq!(run.verdict_of("no-empty-file", &shop.at("data/b.txt").display().to_string()), "fail");
    assert_eq!((run.findings().len(), run.notices().len()), (1, 0));
}
