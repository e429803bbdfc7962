//! A policy that was checked: nothing in it can be illegal any more.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::fact::{Args, Before, Pointer, ProbeDecl, Schema, Type, Value};
use crate::rule::script::Script;
use crate::rule::template::Template;
use crate::rule::{Env, Rule};
use crate::source::Loc;
use crate::verdict::{Severity, StepKind, Urgency};

mod reads;
mod relations;

pub use relations::{Also, FactAt, Group, HistorySpec, Join, View, ViewKind};

/// How often a policy must be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Tier {
    Continuous,
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Release,
}

impl Tier {
    /// The words of policies.
    pub const WORDS: &'static [&'static str] =
        &["continuous", "daily", "weekly", "monthly", "quarterly", "release"];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Release => "release",
        }
    }

    /// How often it is judged, unless the project says otherwise; a release comes when it comes.
    pub fn interval(self) -> Option<Duration> {
        const DAY: Duration = Duration::from_hours(24);
        match self {
            Self::Continuous => Some(Duration::from_mins(5)),
            Self::Daily => Some(DAY),
            Self::Weekly => Some(DAY * 7),
            Self::Monthly => Some(DAY * 30),
            Self::Quarterly => Some(DAY * 91),
            Self::Release => None,
        }
    }

    /// The tier of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all =
            [Self::Continuous, Self::Daily, Self::Weekly, Self::Monthly, Self::Quarterly, Self::Release];
        all.into_iter().find(|tier| tier.word() == word)
    }
}

/// Which targets a policy is about.
#[derive(Clone, Debug)]
pub struct Selector {
    /// Their type; of several the first.
    pub kind: Arc<str>,
    /// Further types, whose targets are judged alike.
    pub others: Vec<Arc<str>>,
    /// A pattern of their names.
    pub name: Option<globset::GlobMatcher>,
    /// Their labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Where it stands.
    pub loc: Loc,
}

impl Selector {
    /// All types.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.kind).chain(&self.others)
    }

    /// Is it about targets of this type?
    pub fn has(&self, kind: &str) -> bool {
        self.kinds().any(|own| **own == *kind)
    }

    /// Its types for people: `postgres, mysql`.
    pub fn types(&self) -> String {
        self.kinds().map(|kind| &**kind).collect::<Vec<_>>().join(", ")
    }

    /// Its types as a policy writes them.
    pub fn written(&self) -> String {
        if self.others.is_empty() { self.kind.to_string() } else { format!("[{}]", self.types()) }
    }

    /// Does a target of this type, name and labels fit?
    pub fn fits(&self, kind: &str, name: &str, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        self.has(kind)
            && self.name.as_ref().is_none_or(|glob| glob.is_match(name))
            && self.labels.iter().all(|(label, value)| labels.get(label) == Some(value))
    }
}

/// An argument of a probe.
#[derive(Clone, Debug)]
pub enum Arg {
    /// A value.
    Value(Value),
    /// A parameter, by position.
    Param(usize),
}

/// One observation.
#[derive(Clone, Debug)]
pub struct Observe {
    /// Its name.
    pub name: Arc<str>,
    /// The probe.
    pub probe: &'static ProbeDecl,
    /// Arguments with their types.
    pub args: Vec<(Arc<str>, Arg, Type)>,
    /// The shape of the answer as the probe gives it.
    pub asked: Arc<Schema>,
    /// The shape of the rows as the policy sees them: of several targets they carry `from_target`.
    pub schema: Arc<Schema>,
    /// Where declared facts stand.
    pub pointers: Vec<Pointer>,
    /// Another target than the policy's, by position under `also`.
    pub on: Option<usize>,
    /// With which earlier answer it is compared.
    pub before: Option<Before>,
    /// Which samples are recalled.
    pub history: Option<HistorySpec>,
    /// Oldest facts that are accepted, in microseconds.
    pub max_age: Option<i64>,
    /// Are estimates refused?
    pub exact: bool,
    /// Text facts that recordings do not tell.
    pub private: Vec<Arc<str>>,
    /// Where it stands.
    pub loc: Loc,
}

impl Observe {
    /// The arguments with parameters filled in.
    pub fn resolve(&self, params: &[Value]) -> Args {
        let mut args = Args::with_capacity(self.args.len());
        for (name, arg, ty) in &self.args {
            let value = match arg {
                Arg::Value(value) => value.clone(),
                Arg::Param(index) => params.get(*index).cloned().unwrap_or(Value::Null),
            };
            args.insert(Arc::clone(name), value, ty.clone());
        }
        args
    }
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, told by the default.
    pub ty: Type,
    /// Its default.
    pub default: Value,
    /// Nobody may set it lower.
    pub at_least: Option<Value>,
    /// Nobody may set it higher.
    pub at_most: Option<Value>,
    /// Where the number comes from.
    pub why: Option<Arc<str>>,
    /// Where it stands.
    pub loc: Loc,
}

/// A shared value.
#[derive(Clone, Debug)]
pub struct Let {
    /// Its name.
    pub name: Arc<str>,
    /// How it is computed.
    pub rule: Rule,
}

/// One rung of `fail` or `warn`.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The condition.
    pub rule: Rule,
    /// What to say.
    pub message: Option<Template>,
}

/// A value by condition; the first that holds wins.
#[derive(Clone, Debug)]
pub struct Ladder<T> {
    /// Conditional rungs, in order.
    pub rungs: Vec<(T, Rule)>,
    /// Otherwise.
    pub otherwise: T,
}

impl<T> Ladder<T> {
    /// Always the same.
    pub fn fixed(value: T) -> Self {
        Self { rungs: Vec::new(), otherwise: value }
    }
}

/// What is expected of the subjects.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// As the probe declares.
    Default,
    /// At least one.
    Some,
    /// Any number, none too.
    Any,
    /// These.
    List(Vec<Arc<str>>),
    /// Those of a parameter, by position.
    Param(usize),
    /// The names of the rows of another view, by position.
    Keys(usize),
}

/// A step of a remedy.
#[derive(Clone, Debug)]
pub struct StepTemplate {
    /// How it is carried out.
    pub kind: StepKind,
    /// The text.
    pub text: Template,
    /// Only when this holds.
    pub condition: Option<Rule>,
    /// Why to think first.
    pub danger: Option<String>,
}

/// An alert block.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Whom it reaches.
    pub urgency: Ladder<Urgency>,
    /// How long it must have held, in microseconds.
    pub held: Option<i64>,
    /// What the notice carries.
    pub context: Vec<Rule>,
}

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its id.
    pub id: Arc<str>,
    /// Where the id stands.
    pub loc: Loc,
    /// The whole of its text.
    pub text: Loc,
    /// The expectation.
    pub title: Arc<str>,
    /// How often.
    pub tier: Tier,
    /// How bad.
    pub severity: Ladder<Severity>,
    /// Who answers for it.
    pub owner: Option<Arc<str>>,
    /// Free words.
    pub tags: Vec<Arc<str>>,
    /// Ids for audits.
    pub controls: Vec<Arc<str>>,
    /// Incidents.
    pub prevents: Vec<Arc<str>>,
    /// Why.
    pub why: Arc<str>,
    /// Which targets.
    pub target: Selector,
    /// Other targets.
    pub also: Vec<Also>,
    /// What is looked at.
    pub observe: Vec<Observe>,
    /// Rows by name: those of the observations, in their order, then joins and groups.
    pub views: Vec<View>,
    /// Whose rows are the subjects: the position of a view.
    pub each: usize,
    /// Judge only if.
    pub when: Option<Box<Rule>>,
    /// Which rows.
    pub filter: Option<Box<Rule>>,
    /// Parameters.
    pub params: Vec<Param>,
    /// Shared values, in the order in which they are computed.
    pub lets: Vec<Let>,
    /// What must not be.
    pub fail: Vec<Rung>,
    /// What should not be.
    pub warn: Vec<Rung>,
    /// A script.
    pub script: Option<Arc<Script>>,
    /// What is expected of the subjects.
    pub expect: Expect,
    /// What to say.
    pub message: Option<Template>,
    /// What to do.
    pub remedy: Vec<StepTemplate>,
    /// A longer text.
    pub runbook: Option<Arc<str>>,
    /// Must it reach a person?
    pub alert: Option<Box<Alert>>,
    /// The library that it came with.
    pub library: Option<Arc<str>>,
    /// Digest of its text.
    pub digest: Arc<str>,
    /// Equal for policies that judge alike, once somebody asked: policies stay, and projects are looked at again.
    pub judges: OnceLock<u64>,
    /// The names of its expressions.
    pub env: Env,
}

impl Policy {
    /// `alert` or `maintenance`.
    pub fn kind(&self) -> &'static str {
        if self.alert.is_some() { "alert" } else { "maintenance" }
    }

    /// Has the judged observation exactly one row, whose subject is the target?
    pub fn each_is_one(&self) -> bool {
        self.row_schema().is_some_and(|schema| schema.rows == crate::fact::Rows::One && schema.key.is_empty())
    }
}
