//! A policy that was checked: nothing in it can be illegal any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::{Args, Before, Field, Pointer, ProbeDecl, Schema, Type, Value};
use crate::rule::env::Observed;
use crate::rule::node::{Fold, Node, Op, Place};
use crate::rule::script::Script;
use crate::rule::template::Template;
use crate::rule::{Env, Rule};
use crate::source::Loc;
use crate::verdict::{Severity, StepKind, Urgency};

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
    /// Their type.
    pub kind: Arc<str>,
    /// A pattern of their names.
    pub name: Option<globset::GlobMatcher>,
    /// Their labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Where it stands.
    pub loc: Loc,
}

/// Another target that a policy looks at, chosen by what it has in common with the policy's own.
#[derive(Clone, Debug)]
pub struct Also {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// Which targets.
    pub selector: Selector,
    /// Labels that must be the same as those of the policy's target.
    pub same: Vec<Arc<str>>,
    /// Several may match; otherwise exactly one must.
    pub many: bool,
}

/// How much of the past is recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySpec {
    /// How far back, in microseconds.
    pub window: i64,
    /// How long the samples must reach back, in microseconds.
    pub at_least: i64,
    /// How many samples there must be.
    pub points: usize,
}

/// Rows that a policy can judge: those of an observation, or what is made of others.
#[derive(Clone, Debug)]
pub struct View {
    /// Its name, its shape, and which parts of a row may be absent.
    pub rows: Observed,
    /// What it is made of.
    pub kind: ViewKind,
    /// The observation whose clock its ages are counted against.
    pub clock: usize,
}

/// What the rows of a view are made of.
#[derive(Clone, Debug)]
pub enum ViewKind {
    /// Those of an observation, by position.
    Observed(usize),
    /// Those of an observation, joined by their key with its earlier answer.
    Before(usize),
    /// A full outer join.
    Join(Join),
    /// Groups.
    Group(Group),
}

/// A full outer join of two views.
#[derive(Clone, Debug)]
pub struct Join {
    /// The views, by position.
    pub sides: [usize; 2],
    /// For each part of the key its column in either view.
    pub by: Vec<[usize; 2]>,
}

/// Groups of the rows of a view.
#[derive(Clone, Debug)]
pub struct Group {
    /// The view, by position.
    pub of: usize,
    /// Columns whose values make the group; none puts all rows into one.
    pub by: Vec<usize>,
    /// What is computed, in the order of the columns after the key.
    pub lets: Vec<Rule>,
    /// Aggregates that those read.
    pub folds: Vec<Fold>,
}

/// A fact behind a column: observation, field, and whether it is of the earlier answer.
pub type FactAt = (usize, usize, bool);

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
    /// Where it stands.
    pub loc: Loc,
}

impl Observe {
    /// The arguments with parameters filled in.
    pub fn resolve(&self, params: &[Value]) -> Args {
        let mut args = Args::default();
        for (name, arg, ty) in &self.args {
            let value = match arg {
                Arg::Value(value) => value.clone(),
                Arg::Param(index) => params.get(*index).cloned().unwrap_or(Value::Null),
            };
            args.0.insert(Arc::clone(name), (value, ty.clone()));
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
    pub when: Option<Rule>,
    /// Which rows.
    pub filter: Option<Rule>,
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
    pub alert: Option<Alert>,
    /// The library that it came with.
    pub library: Option<Arc<str>>,
    /// Digest of its text.
    pub digest: Arc<str>,
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

    /// The view whose rows are judged.
    pub fn row_view(&self) -> Option<&View> {
        self.views.get(self.each)
    }

    /// The shape of the rows that are judged.
    pub fn row_schema(&self) -> Option<&Arc<Schema>> {
        self.row_view().map(|view| &view.rows.schema)
    }

    /// The column that a place reads, if it reads one.
    pub fn column(&self, place: &Place) -> Option<(usize, usize)> {
        match place {
            Place::Each(column) | Place::Side(column) => Some((self.each, *column)),
            Place::Observation(view, column) => Some((*view, *column)),
            _ => None,
        }
    }

    /// The field behind a place, if it is a fact or made of facts.
    pub fn field(&self, place: &Place) -> Option<&Field> {
        let (view, column) = self.column(place)?;
        self.views.get(view)?.rows.schema.fields.get(column)
    }

    /// The facts behind a column of a view. A column that is computed has those that its computation reads.
    pub fn facts_of(&self, view: usize, column: usize) -> Vec<FactAt> {
        let Some(found) = self.views.get(view) else { return Vec::new() };
        match &found.kind {
            ViewKind::Observed(observation) => vec![(*observation, column, false)],
            ViewKind::Before(observation) => match found.rows.side {
                Some(side) if column > side => vec![(*observation, column - side - 1, true)],
                Some(side) if column == side => Vec::new(),
                _ => vec![(*observation, column, false)],
            },
            ViewKind::Join(join) => self.joined_facts(found, join, column),
            ViewKind::Group(group) => match (group.by.get(column), column.checked_sub(group.by.len())) {
                (Some(key), _) => self.facts_of(group.of, *key),
                (None, Some(index)) => self.folded_facts(group, index),
                _ => Vec::new(),
            },
        }
    }

    fn joined_facts(&self, view: &View, join: &Join, column: usize) -> Vec<FactAt> {
        let part = view.rows.parts.iter().enumerate().find(|(_, part)| part.columns.contains(&column));
        match (join.by.get(column), part) {
            (Some([left, right]), _) => {
                let [a, b] = join.sides;
                let mut both = self.facts_of(a, *left);
                both.extend(self.facts_of(b, *right));
                both
            }
            (None, Some((number, part))) => {
                let side = join.sides.get(number).copied();
                side.map_or_else(Vec::new, |side| self.facts_of(side, column - part.columns.start))
            }
            _ => Vec::new(),
        }
    }

    fn folded_facts(&self, group: &Group, index: usize) -> Vec<FactAt> {
        let mut facts = Vec::new();
        let reads = group.lets.get(index).into_iter().flat_map(|rule| &rule.reads);
        for place in reads {
            match place {
                Place::Each(key) => {
                    facts.extend(group.by.get(*key).into_iter().flat_map(|c| self.facts_of(group.of, *c)));
                }
                Place::Fold(fold) => {
                    let nodes = group.folds.get(*fold).into_iter().flat_map(Fold::nodes);
                    for read in nodes.flat_map(|node| Rule::new(node.clone()).reads) {
                        match read {
                            Place::Each(column) | Place::Side(column) => {
                                facts.extend(self.facts_of(group.of, column));
                            }
                            Place::Observation(view, column) => facts.extend(self.facts_of(view, column)),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        facts
    }

    /// Every rule of the policy.
    pub fn rules(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = Vec::new();
        rules.extend(self.filter.iter().chain(self.when.iter()));
        rules.extend(self.lets.iter().map(|l| &l.rule));
        for rung in self.fail.iter().chain(&self.warn) {
            rules.push(&rung.rule);
            rules.extend(rung.message.iter().flat_map(Template::rules));
        }
        rules.extend(self.severity.rungs.iter().map(|(_, rule)| rule));
        rules.extend(self.message.iter().flat_map(Template::rules));
        for step in &self.remedy {
            rules.extend(step.text.rules().chain(step.condition.iter()));
        }
        if let Some(alert) = &self.alert {
            rules.extend(alert.urgency.rungs.iter().map(|(_, rule)| rule).chain(&alert.context));
        }
        rules
    }

    /// The aggregates of every group with what is computed of them.
    fn group_nodes(&self) -> impl Iterator<Item = &Node> {
        let groups = self.views.iter().filter_map(|view| match &view.kind {
            ViewKind::Group(group) => Some(group),
            _ => None,
        });
        groups.flat_map(|group| {
            group.lets.iter().map(|rule| &rule.node).chain(group.folds.iter().flat_map(Fold::nodes))
        })
    }

    /// Does what is computed of a group read this place?
    pub fn groups_read(&self, place: &Place) -> bool {
        let mut found = false;
        for node in self.group_nodes() {
            node.walk(&mut |part| found |= matches!(&part.op, Op::Read(read) if read == place));
        }
        found
    }

    /// The views whose rows are subjects, are expected, or are read by their name.
    pub fn views_read(&self) -> BTreeSet<usize> {
        let mut read = BTreeSet::from([self.each]);
        if let Expect::Keys(view) = &self.expect {
            read.insert(*view);
        }
        let rules = self.rules();
        for node in rules.iter().map(|rule| &rule.node).chain(self.group_nodes()) {
            node.walk(&mut |part| {
                if let Op::Read(Place::Observation(view, _)) = &part.op {
                    read.insert(*view);
                }
            });
        }
        read
    }

    /// The calendars that a rule asks.
    pub fn calendars(&self) -> BTreeSet<Arc<str>> {
        let mut names = BTreeSet::new();
        let rules = self.rules();
        for node in rules.iter().map(|rule| &rule.node).chain(self.group_nodes()) {
            node.walk(&mut |part| {
                if let Op::Read(Place::During(name)) = &part.op {
                    names.insert(Arc::clone(name));
                }
            });
        }
        names
    }

    /// The columns that something reads: rules, messages, remedies, scripts, keys of rows, joins and groups.
    fn columns_read(&self) -> Vec<(usize, usize)> {
        let mut columns: Vec<(usize, usize)> =
            self.rules().iter().flat_map(|rule| &rule.reads).filter_map(|place| self.column(place)).collect();
        if let (Some(script), Some(schema)) = (&self.script, self.row_schema()) {
            let named = script.reads.iter().filter_map(|name| schema.position(name));
            columns.extend(named.map(|column| (self.each, column)));
        }
        for (index, view) in self.views.iter().enumerate() {
            columns.extend(view.rows.schema.key.iter().map(|column| (index, *column)));
            match &view.kind {
                ViewKind::Join(join) => {
                    let [a, b] = join.sides;
                    columns.extend(join.by.iter().flat_map(|[left, right]| [(a, *left), (b, *right)]));
                }
                ViewKind::Group(group) => {
                    columns.extend(group.by.iter().map(|column| (group.of, *column)));
                    // What chooses or orders members decides all that is computed of them.
                    let computed = group.by.len()..group.by.len() + group.lets.len();
                    columns.extend(computed.map(|column| (index, column)));
                }
                ViewKind::Observed(_) | ViewKind::Before(_) => {}
            }
        }
        columns
    }

    /// Which fields of an observation are wanted: those that rules, messages, remedies, scripts and the key read.
    pub fn wants(&self, observation: usize) -> Vec<bool> {
        let Some(observe) = self.observe.get(observation) else { return Vec::new() };
        let mut wants = vec![false; observe.asked.fields.len()];
        observe.asked.key.iter().copied().for_each(|index| want(&mut wants, index));
        for (view, column) in self.columns_read() {
            for (of, field, _) in self.facts_of(view, column) {
                if of == observation {
                    want(&mut wants, field);
                }
            }
        }
        wants
    }

    /// Names of the facts of an observation whose samples a rule asks for.
    pub fn sampled(&self, observation: usize) -> Vec<Arc<str>> {
        let mut fields = vec![false; self.observe.get(observation).map_or(0, |o| o.asked.fields.len())];
        for rule in self.rules() {
            rule.node.walk(&mut |node| {
                let Op::History(_, parts) = &node.op else { return };
                let Some(Op::Read(place)) = parts.first().map(|part| &part.op) else { return };
                let Some((view, column)) = self.column(place) else { return };
                for (of, field, _) in self.facts_of(view, column) {
                    if of == observation {
                        want(&mut fields, field);
                    }
                }
            });
        }
        let names = self.observe.get(observation).map(|o| &o.asked.fields).into_iter().flatten();
        names.zip(fields).filter(|(_, wanted)| *wanted).map(|(field, _)| Arc::clone(&field.name)).collect()
    }
}

fn want(wants: &mut [bool], index: usize) {
    if let Some(slot) = wants.get_mut(index) {
        *slot = true;
    }
}
