//! What cases show of a policy: which way each condition went, and which facts were null or unknown when it was
//! evaluated.
//!
//! The rows are judged here as [`judge`](super::judge) judges them, by the same nodes and in the same order, with a
//! scope that notes what is read: a rung that another one hides is not seen, nor is a fact that `&&` never reached.

mod seen;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use crate::fact::{Rows as Many, Type};
use crate::policy::{Expect, Policy, ViewKind};
use crate::rule::Rule;
use crate::rule::node::{Node, Op, Place};

pub use seen::{Seen, covered};

/// A part of a policy that can go one way or another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "each is the key of the policy with that name, by position")]
pub enum Part {
    When,
    Observation(usize),
    /// The rows of a join, or of now and then.
    Side,
    Where,
    Fail(usize),
    Warn(usize),
    Script,
    Severity(usize),
    Urgency(usize),
    Step(usize),
    /// A fact that a condition reads.
    Fact(Place),
    /// A question about the past, as it is written.
    Past(Arc<str>),
    Expect,
}

/// Which way it went.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Way {
    True,
    False,
    Null,
    Unknown,
    /// There was no row.
    Empty,
    /// An expected name was not there.
    Absent,
    /// On which side a row of a join stands.
    Side(Arc<str>),
}

impl Way {
    /// In a word.
    pub fn word(&self) -> &str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
            Self::Unknown => "unknown",
            Self::Empty => "no row",
            Self::Absent => "a name is missing",
            Self::Side(side) => side,
        }
    }
}

/// One thing that cases can show.
pub type Branch = (Part, Way);

/// One thing that cases can show, with the text and the place of what it is about.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What.
    pub branch: Branch,
    /// The condition, or the name of the fact, as it is written.
    pub text: Arc<str>,
    /// File, line and column.
    pub at: String,
}

/// What the cases of a policy can show.
pub fn branches(policy: &Policy) -> Vec<Shown> {
    let mut found = Found { policy, all: Vec::new(), known: BTreeSet::new() };
    let both = [Way::True, Way::False];
    if let Some(rule) = &policy.when {
        found.rule(&Part::When, &both, rule);
    }
    found.answers();
    if let Some(rule) = &policy.filter {
        found.rule(&Part::Where, &both, rule);
    }
    for (index, rung) in policy.fail.iter().enumerate() {
        found.rule(&Part::Fail(index), &both, &rung.rule);
    }
    for (index, rung) in policy.warn.iter().enumerate() {
        found.rule(&Part::Warn(index), &both, &rung.rule);
    }
    if let Some(script) = &policy.script {
        found.add(&Part::Script, &both, &Arc::from("script"), &policy.loc);
        let schema = policy.row_schema();
        for name in &script.reads {
            let Some(column) = schema.and_then(|schema| schema.position(name)) else { continue };
            let nullable =
                schema.and_then(|schema| schema.fields.get(column)).is_some_and(|f| f.ty.is_nullable());
            found.fact(&Place::Each(column), nullable, name, &policy.loc);
        }
    }
    for (index, (_, rule)) in policy.severity.rungs.iter().enumerate() {
        found.rule(&Part::Severity(index), &both, rule);
    }
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs);
    for (index, (_, rule)) in urgency.enumerate() {
        found.rule(&Part::Urgency(index), &both, rule);
    }
    for (index, step) in policy.remedy.iter().enumerate() {
        if let Some(rule) = &step.condition {
            found.rule(&Part::Step(index), &both, rule);
        }
    }
    found.all
}

/// What was found of a policy so far.
struct Found<'p> {
    policy: &'p Policy,
    all: Vec<Shown>,
    known: BTreeSet<Branch>,
}

impl Found<'_> {
    fn add(&mut self, part: &Part, ways: &[Way], text: &Arc<str>, at: &dyn Display) {
        for way in ways {
            let branch = (part.clone(), way.clone());
            if self.known.insert(branch.clone()) {
                self.all.push(Shown { branch, text: Arc::clone(text), at: at.to_string() });
            }
        }
    }

    fn rule(&mut self, part: &Part, ways: &[Way], rule: &Rule) {
        self.add(part, ways, &rule.node.text, &rule.node.loc);
        self.facts(&rule.node, 0);
    }

    /// The facts that a node reads, those behind a `let` too.
    fn facts(&mut self, node: &Node, depth: usize) {
        let policy = self.policy;
        match &node.op {
            Op::Read(Place::Let(index)) => {
                if let Some(shared) = policy.lets.get(*index).filter(|_| depth < policy.lets.len()) {
                    self.facts(&shared.rule.node, depth + 1);
                }
            }
            Op::Read(place) => self.fact(place, node.ty.is_nullable(), &node.text, &node.loc),
            // The time stands in it as a plain one; whether it may be null is a matter of the age.
            Op::Age(pair) => {
                let [time, _] = &**pair;
                if let Op::Read(place) = &time.op {
                    self.fact(place, node.ty.is_nullable(), &node.text, &node.loc);
                }
            }
            Op::History(..) => {
                self.add(&Part::Past(Arc::clone(&node.text)), &[Way::Unknown], &node.text, &node.loc);
                node.children().iter().for_each(|child| self.facts(child, depth));
            }
            _ => node.children().iter().for_each(|child| self.facts(child, depth)),
        }
    }

    fn fact(&mut self, place: &Place, nullable: bool, text: &Arc<str>, at: &dyn Display) {
        let (Place::Each(column) | Place::Observation(_, column)) = place else { return };
        let policy = self.policy;
        if nullable {
            self.add(&Part::Fact(place.clone()), &[Way::Null], text, at);
        }
        // A row whose key is not known has no name: there is a finding of that, and no rule is asked.
        let key =
            matches!(place, Place::Each(_)) && policy.row_schema().is_some_and(|s| s.key.contains(column));
        if !key {
            self.add(&Part::Fact(place.clone()), &[Way::Unknown], text, at);
        }
    }

    /// Answers that could not be read, have no rows, or stand on one side only.
    fn answers(&mut self) {
        let policy = self.policy;
        for (index, observe) in policy.observe.iter().enumerate() {
            self.add(&Part::Observation(index), &[Way::Unknown], &observe.name, &observe.loc);
        }
        let Some(view) = policy.row_view() else { return };
        if let (Some(side), ViewKind::Join(_) | ViewKind::Before(_)) = (view.rows.side, &view.kind)
            && let Some(Type::Enum(words)) = view.rows.schema.fields.get(side).map(|f| f.ty.base().clone())
        {
            let ways: Vec<Way> = words.iter().map(|word| Way::Side(Arc::clone(word))).collect();
            self.add(&Part::Side, &ways, &Arc::from("side"), &policy.loc);
        }
        if view.rows.schema.rows == Many::Many {
            self.add(&Part::Expect, &[Way::Empty], &view.rows.name, &policy.loc);
        }
        if matches!(policy.expect, Expect::List(_) | Expect::Param(_) | Expect::Keys(_)) {
            self.add(&Part::Expect, &[Way::Absent], &Arc::from("expect"), &policy.loc);
        }
    }
}
