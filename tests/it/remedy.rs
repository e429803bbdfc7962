//! Policies of the library on real systems: their checks, and their remedies carried out.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

use crate::harness::{Run, Shop};

/// A shop with the policies of an area, owned by team-test.
pub(crate) fn shop(area: &str, rest: &str) -> Shop {
    let shop = Shop::new();
    project(&shop, area, rest);
    shop
}

/// Writes its project again.
pub(crate) fn project(shop: &Shop, area: &str, rest: &str) {
    shop.project(&format!("owner: team-test\npolicies: [builtin:{area}]\n{rest}"));
}

/// Judges one policy.
pub(crate) fn judge(shop: &Shop, policy: &str) -> Run {
    shop.check(&["--policy", policy])
}

/// The finding about a subject.
#[track_caller]
pub(crate) fn about(run: &Run, policy: &str, subject: &str) -> Json {
    let found = run.findings_of(policy).into_iter().find(|one| one["subject"]["shown"] == subject);
    found.unwrap_or_else(|| panic!("no finding about {subject}\n{}", run.stdout)).clone()
}

/// Verdict, severity and urgency of a finding.
pub(crate) fn rank(finding: &Json) -> [&str; 3] {
    ["verdict", "severity", "urgency"].map(|name| finding[name].as_str().unwrap_or(""))
}

/// The texts of the remedy's shell steps.
pub(crate) fn shell_steps(finding: &Json) -> Vec<String> {
    let steps = finding["remedy"].as_array().unwrap().iter();
    let shell = steps.filter(|step| step["kind"] == "shell");
    shell.map(|step| step["text"].as_str().unwrap().to_owned()).collect()
}

/// The texts of what a person does.
pub(crate) fn words(finding: &Json) -> Vec<String> {
    let steps = finding["remedy"].as_array().unwrap().iter();
    steps.filter(|step| step["kind"] == "do").map(|step| step["text"].as_str().unwrap().to_owned()).collect()
}

/// Runs the shell steps as they are pasted; what each printed. A step that the shell itself does not
/// understand, or whose program is called wrongly, fails the test; one that has found nothing does not.
#[track_caller]
pub(crate) fn carry_out(finding: &Json) -> Vec<String> {
    shell_steps(finding).iter().map(|step| printed(&pasted(&mut Command::new("sh"), step))).collect()
}

fn pasted(shell: &mut Command, step: &str) -> Output {
    shell.args(["-c", step]).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    for wrong in
        ["yntax error", "nvalid option", "unrecognized option", "unknown predicate", "usage:", "Usage:"]
    {
        assert!(!errors.contains(wrong), "{errors}");
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A mount namespace of its own: what is mounted in it is seen by nobody else, and gone with it. Without root it
/// lies in a user namespace.
pub(crate) struct Mounts {
    holder: Child,
    root: bool,
}

impl Mounts {
    pub(crate) fn new() -> Self {
        let root = rustix::process::geteuid().is_root();
        let mut command = Command::new("unshare");
        command.args(if root { &["--mount"][..] } else { &["--mount", "--map-root-user"] });
        command.args(["sh", "-c", "echo ready; exec sleep 600"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut holder = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(holder.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert_eq!(line, "ready\n", "no mount namespace: run as root, or allow user namespaces");
        Self { holder, root }
    }

    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--mount"]);
        if !self.root {
            command.args(["--user", "--preserve-credentials"]);
        }
        command
    }

    /// Runs a line of shell in it, which has to succeed.
    #[track_caller]
    pub(crate) fn sh(&self, line: &str) -> String {
        let output = pasted(self.enter().arg("sh"), line);
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the shell steps of a finding in it.
    #[track_caller]
    pub(crate) fn carry_out(&self, finding: &Json) -> Vec<String> {
        shell_steps(finding).iter().map(|step| printed(&pasted(self.enter().arg("sh"), step))).collect()
    }

    /// Judges one policy in it.
    pub(crate) fn judge(&self, shop: &Shop, policy: &str) -> Run {
        let mut command = self.enter();
        command.arg(env!("CARGO_BIN_EXE_muster"));
        command
            .args(["check", "--format", "json", "--policy", policy, "--project"])
            .arg(shop.at("muster.yaml"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Run::of(command.spawn().unwrap())
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}

/// Sets the last change of a file to so many hours ago.
pub(crate) fn aged(path: &Path, hours: i64) {
    let then = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(hours)).unwrap();
    std::fs::File::open(path).unwrap().set_modified(then.into()).unwrap();
}
