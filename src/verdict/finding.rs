//! One finding: verdict, subject, facts judged, the limit with its origin, message, remedy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Severity, Urgency, Verdict};
use crate::fact::Missing;

/// Which layer set a value; a later one beats an earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The policy's own default.
    Policy,
    /// An override that names only the policy.
    Project,
    /// One that names an environment.
    Environment,
    /// One that names labels.
    Labels,
    /// One that names a target.
    Target,
    /// One that names a subject.
    Subject,
    /// `--set`.
    CommandLine,
}

impl Layer {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy default",
            Self::Project => "project override",
            Self::Environment => "environment override",
            Self::Labels => "label override",
            Self::Target => "target override",
            Self::Subject => "subject override",
            Self::CommandLine => "command line",
        }
    }
}

/// Where an operand comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum Origin {
    /// Observed by a probe.
    Fact {
        /// The probe.
        probe: Arc<str>,
    },
    /// Computed under `let`.
    Let,
    /// Written in the rule.
    Literal,
    /// A parameter.
    Param {
        /// Which layer won.
        layer: Layer,
        /// File, line and column where the winner stands.
        at: String,
        /// The policy's default, if another layer won.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        default: Option<String>,
    },
    /// The target, the time.
    Context,
}

/// One value that a rule read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operand {
    /// As the rule writes it.
    pub text: Arc<str>,
    /// As people read it, with its unit.
    pub shown: String,
    /// As data.
    pub value: serde_json::Value,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Key facts by name; empty if the target itself is the subject.
    pub key: Vec<(Arc<str>, serde_json::Value)>,
    /// How it is shown and named in waivers and overrides: the key's values joined by `.`; the target's
    /// name if there is no key.
    pub shown: Arc<str>,
}

/// How a remedy step is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    /// SQL for the target.
    Sql,
    /// A shell command.
    Shell,
    /// Something a person does.
    Do,
}

impl StepKind {
    /// The key of policies.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Shell => "shell",
            Self::Do => "do",
        }
    }
}

/// One step of a remedy with the subject's names filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// How it is carried out.
    pub kind: StepKind,
    /// What to do.
    pub text: String,
    /// Why to think before doing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<String>,
}

/// The waiver that covers a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaiverNote {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is discussed.
    pub ticket: String,
    /// Last day, UTC.
    pub expires: String,
    /// Where it stands.
    pub at: String,
}

/// The judgement of one subject of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable over runs: a digest of policy, target and subject.
    pub id: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// What it is about.
    pub subject: Subject,
    /// The verdict that counts.
    pub verdict: Verdict,
    /// The verdict under a waiver, or before `for` held it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneath: Option<Verdict>,
    /// How bad.
    pub severity: Severity,
    /// Whom it reaches, for an alert policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The route of the project file for this owner and urgency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Arc<Missing>>,
    /// What happened, for a person.
    pub message: String,
    /// The rule that decided, as written; empty if none did.
    pub rule: Arc<str>,
    /// Where that rule stands.
    pub at: String,
    /// What it read.
    pub operands: Vec<Operand>,
    /// The facts that an alert carries (`context:`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Operand>,
    /// What to do.
    pub remedy: Vec<Step>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// The waiver that covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverNote>,
    /// A remark: `pending`, `one sample`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Finding {
    /// A warning that is about no policy: of the project file, or of the run itself.
    pub fn notice(id: Arc<str>, policy: &str, target: &str, owner: Arc<str>, message: String) -> Self {
        let target: Arc<str> = Arc::from(target);
        Self {
            id,
            policy: Arc::from(policy),
            subject: Subject { key: Vec::new(), shown: Arc::clone(&target) },
            target,
            verdict: Verdict::Warn,
            beneath: None,
            severity: Severity::Medium,
            urgency: None,
            route: None,
            owner,
            cause: None,
            message,
            rule: Arc::from(""),
            at: String::new(),
            operands: Vec::new(),
            context: Vec::new(),
            remedy: Vec::new(),
            runbook: None,
            waiver: None,
            note: None,
        }
    }

    fn is(&self, verdict: Verdict) -> bool {
        self.verdict == verdict || self.beneath == Some(verdict)
    }

    /// Did its rule hold? A failure that is waived, or pending, holds beneath.
    pub fn is_held(&self) -> bool {
        self.is(Verdict::Fail) || self.note.as_deref().is_some_and(|note| note.starts_with("pending"))
    }

    /// Could it not be judged?
    pub fn is_unread(&self) -> bool {
        !self.is_held() && self.is(Verdict::Unknown)
    }
}
