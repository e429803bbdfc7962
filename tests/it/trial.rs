//! A policy of the library on a real system: a defect that fails it, its own remedy carried out, and a pass.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

/// A variable that `tests/run` sets.
#[track_caller]
pub(crate) fn env(name: &str) -> String {
    let value = std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run tests/run"));
    value.into_string().unwrap()
}

/// A name that no other test uses.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test_{}_p{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a program to its end and returns what it printed; it must succeed.
#[track_caller]
pub(crate) fn done(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}\n{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// One policy and one target, called `db`. Each judgement is a run of its own, without a past.
pub(crate) struct Trial {
    policy: &'static str,
    file: PathBuf,
    target: String,
    set: String,
    password: Option<String>,
    env: Vec<(&'static str, &'static str)>,
}

/// What a run found: verdicts by subject, and how many subjects passed.
pub(crate) type Found = (BTreeMap<String, String>, u64);

/// This found.
pub(crate) fn found(findings: &[(&str, &str)], passed: u64) -> Found {
    (findings.iter().map(|(subject, verdict)| ((*subject).into(), (*verdict).into())).collect(), passed)
}

impl Trial {
    /// `target` is the entry of the project file, in braces.
    pub(crate) fn new(policy: &'static str, target: &str) -> Self {
        let area = policy.split('-').next().unwrap();
        let file = format!("{}/policies/{area}/{policy}.yaml", env!("CARGO_MANIFEST_DIR"));
        Self {
            policy,
            file: file.into(),
            target: target.into(),
            set: String::new(),
            password: None,
            env: Vec::new(),
        }
    }

    /// The password of the target, as `{ env: SECRET }`.
    pub(crate) fn password(mut self, password: &str) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Other parameters: `fail_at: 1GiB, warn_at: 1MiB`.
    pub(crate) fn set(mut self, params: &str) -> Self {
        self.set = format!("overrides: [{{ policy: {}, set: {{ {params} }} }}]\n", self.policy);
        self
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.env.push((name, value));
        self
    }

    /// Judges it.
    pub(crate) fn run(&self) -> Run {
        let mut shop = Shop::new();
        let policy = self.file.display();
        shop.project(&format!(
            "owner: team-test\npolicies: [{policy}]\ntargets: {{ db: {} }}\n{}",
            self.target, self.set
        ));
        if let Some(password) = &self.password {
            shop.env("SECRET", password);
        }
        for (name, value) in &self.env {
            shop.env(name, value);
        }
        let run = shop.check(&[]);
        assert_ne!(run.code, 2, "{}", run.stdout);
        run
    }

    fn of(&self, run: &Run) -> Found {
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        let findings = run.findings_of(self.policy).into_iter();
        let verdicts = findings.map(|one| (text(&one["subject"]["shown"]), text(&one["verdict"]))).collect();
        (verdicts, run.check_of(self.policy)["counts"]["pass"].as_u64().unwrap())
    }

    /// What is found now.
    pub(crate) fn found(&self) -> Found {
        self.of(&self.run())
    }

    /// It finds this, maybe after a moment.
    #[track_caller]
    pub(crate) fn soon(&self, wanted: &Found) -> Run {
        for _ in 0..60 {
            let run = self.run();
            if self.of(&run) == *wanted {
                return run;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        let run = self.run();
        assert_eq!(self.of(&run), *wanted, "{}", run.stdout);
        run
    }

    /// It finds exactly this.
    #[track_caller]
    pub(crate) fn finds(&self, findings: &[(&str, &str)], passed: u64) -> Run {
        let run = self.run();
        assert_eq!(self.of(&run), found(findings, passed), "{}", run.stdout);
        run
    }

    /// The steps of the remedy of a subject, as the report has them.
    #[track_caller]
    pub(crate) fn steps(&self, run: &Run, subject: &str) -> Vec<Step> {
        let all = run.findings_of(self.policy);
        let one = all.iter().find(|one| one["subject"]["shown"] == subject).unwrap();
        let steps = one["remedy"].as_array().unwrap().iter();
        steps
            .map(|step| (step["kind"].as_str().unwrap().into(), step["text"].as_str().unwrap().into()))
            .collect()
    }
}

/// Kind and text of a step.
pub(crate) type Step = (String, String);

/// Carries out the steps that a machine can. `do:` steps are for people: the tests do them in code of their own.
pub(crate) fn carry_out(steps: &[Step], sql: impl Fn(&str), shell: impl Fn(&str)) {
    for (kind, text) in steps {
        match kind.as_str() {
            "sql" => sql(text),
            "shell" => shell(text),
            _ => {}
        }
    }
    assert!(steps.iter().any(|(kind, _)| kind != "do"), "nothing of it can be carried out: {steps:?}");
}

/// No step of this kind may stand here.
pub(crate) fn none(text: &str) {
    panic!("unexpected step: {text}");
}
