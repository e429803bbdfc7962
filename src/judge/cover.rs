//! What cases show of a policy: which way each condition went, and which facts were null or unknown when it was
//! evaluated.
//!
//! The rows are judged here as [`judge`](super::judge) judges them, by the same nodes and in the same order, with a
//! scope that notes what is read: a rung that another one hides is not seen, nor is a fact that `&&` never reached.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use crate::fact::{Cell, Missing, Observation, Rows as Many, Value};
use crate::plan::Check;
use crate::policy::{Expect, Ladder, Policy, Rung, ViewKind};
use crate::rule::Rule;
use crate::rule::eval::{Scope, eval, holds};
use crate::rule::history::Samples;
use crate::rule::node::{Node, Op, Place};

use super::Given;
use super::findings::{Maker, shown};
use super::rows::{doubles, script};
use super::scope::RowScope;
use super::tables::Tables;

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
                node.children().into_iter().for_each(|child| self.facts(child, depth));
            }
            _ => node.children().into_iter().for_each(|child| self.facts(child, depth)),
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
            && let Some(crate::fact::Type::Enum(words)) =
                view.rows.schema.fields.get(side).map(|f| f.ty.base().clone())
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

/// What a judged case shows.
pub fn covered(check: &Check, answers: &[Observation], given: &Given<'_>) -> BTreeSet<Branch> {
    let mut seen = BTreeSet::new();
    if check.skip.is_some() {
        seen.insert((Part::When, Way::False));
        return seen;
    }
    seen.insert((Part::When, Way::True));
    let tables = Tables::new(check, answers, given);
    let maker = Maker::new(&tables);
    for index in 0..check.policy.observe.len() {
        if tables.observed(index).is_err() {
            seen.insert((Part::Observation(index), Way::Unknown));
        }
    }
    let view = check.policy.each;
    let Ok(rows) = tables.rows(view) else { return seen };
    if rows.len() == 0 {
        seen.insert((Part::Expect, Way::Empty));
    }
    let outcome = super::judge(check, answers, given);
    if outcome
        .check
        .findings
        .iter()
        .any(|finding| finding.subject.key.iter().any(|(name, _)| &**name == "expected"))
    {
        seen.insert((Part::Expect, Way::Absent));
    }
    let whole: Vec<Vec<Cell>> = (0..rows.len())
        .filter(|index| rows.ambiguous(*index).is_none())
        .filter_map(|index| tables.row(view, index).ok().map(std::borrow::Cow::into_owned))
        .collect();
    subjects(&maker, &whole, &mut seen);
    seen
}

/// The rows that are judged: those with a name that no other has.
fn subjects(maker: &Maker<'_, '_>, rows: &[Vec<Cell>], seen: &mut BTreeSet<Branch>) {
    let keyed = maker.check.policy.row_schema().filter(|schema| !schema.key.is_empty());
    let Some(schema) = keyed else { return rows.iter().for_each(|row| self::row(maker, row, seen)) };
    let names: Vec<_> = rows.iter().map(|row| shown(schema, row)).collect();
    let doubles = doubles(&names);
    for (row, name) in rows.iter().zip(&names) {
        if name.as_ref().is_ok_and(|name| !doubles.contains(&**name)) {
            self::row(maker, row, seen);
        }
    }
}

/// A scope that notes what is read of it.
struct Noting<'n, 's, 'a> {
    scope: &'n RowScope<'s, 'a>,
    seen: RefCell<&'n mut BTreeSet<Branch>>,
}

impl Noting<'_, '_, '_> {
    fn note(&self, part: Part, way: Way) {
        self.seen.borrow_mut().insert((part, way));
    }

    fn policy(&self) -> &Policy {
        &self.scope.maker.check.policy
    }

    /// Asks a condition, and notes which way it went.
    fn ask(&self, part: &Part, rule: &Rule) -> Result<bool, Arc<Missing>> {
        let held = holds(&rule.node, self);
        let way = match &held {
            Ok(true) => Way::True,
            Ok(false) => Way::False,
            Err(_) => Way::Unknown,
        };
        self.note(part.clone(), way);
        rule.node.walk(&mut |node| self.past_of(node));
        held
    }

    /// Notes a question about the past that could not be answered.
    fn past_of(&self, node: &Node) {
        if let Op::Read(Place::Let(index)) = &node.op {
            if let Some(shared) = self.policy().lets.get(*index) {
                shared.rule.node.walk(&mut |node| self.past_of(node));
            }
        } else if matches!(node.op, Op::History(..)) && eval(node, self).is_err() {
            self.note(Part::Past(Arc::clone(&node.text)), Way::Unknown);
        }
    }

    /// Asks the rungs as the judge does. Did one hold, or is it not known whether one does?
    fn rungs(&self, rungs: &[Rung], part: fn(usize) -> Part) -> Result<bool, ()> {
        let mut unknown = false;
        for (index, rung) in rungs.iter().enumerate() {
            match self.ask(&part(index), &rung.rule) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(_) => unknown = true,
            }
        }
        if unknown { Err(()) } else { Ok(false) }
    }

    fn ladder<T>(&self, ladder: &Ladder<T>, part: fn(usize) -> Part) {
        for (index, (_, rule)) in ladder.rungs.iter().enumerate() {
            if self.ask(&part(index), rule) != Ok(false) {
                return;
            }
        }
    }

    /// Notes a cell that a script reads.
    fn read_by_script(&self, row: &[Cell]) {
        let Some((script, schema)) = self.policy().script.as_ref().zip(self.policy().row_schema()) else {
            return;
        };
        for column in script.reads.iter().filter_map(|name| schema.position(name)) {
            self.fact(&Place::Each(column), row.get(column).unwrap_or(&Ok(Value::Null)));
        }
    }

    fn fact(&self, place: &Place, cell: &Cell) {
        match cell {
            Ok(Value::Null) => self.note(Part::Fact(place.clone()), Way::Null),
            Err(_) => self.note(Part::Fact(place.clone()), Way::Unknown),
            Ok(_) => {}
        }
    }
}

impl Scope for Noting<'_, '_, '_> {
    fn read(&self, place: &Place) -> Cell {
        if let Place::Let(index) = place
            && let Some(shared) = self.policy().lets.get(*index)
        {
            return eval(&shared.rule.node, self);
        }
        let cell = self.scope.read(place);
        self.fact(place, &cell);
        cell
    }

    fn past(&self, place: &Place) -> Result<Samples, Arc<Missing>> {
        self.scope.past(place)
    }
}

fn row(maker: &Maker<'_, '_>, row: &[Cell], seen: &mut BTreeSet<Branch>) {
    let policy = &maker.check.policy;
    let scope = RowScope::new(maker, Some(row), &maker.check.settings);
    let noting = Noting { scope: &scope, seen: RefCell::new(seen) };
    if let Some(side) = policy.row_view().and_then(|view| view.rows.side)
        && let Some(Ok(Value::Text(word))) = row.get(side)
    {
        noting.note(Part::Side, Way::Side(Arc::clone(word)));
    }
    if let Some(filter) = &policy.filter {
        match noting.ask(&Part::Where, filter) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => return climb(&noting),
        }
    }
    let failed = noting.rungs(&policy.fail, Part::Fail);
    let mut found = failed;
    if found == Ok(false) {
        found = noting.rungs(&policy.warn, Part::Warn);
    }
    if policy.script.is_some() && failed != Ok(true) {
        noting.read_by_script(row);
        let whole = maker.tables.whole(policy.each);
        let decision = script(maker, Some(&whole), row, &scope);
        let by_itself = decision.as_ref().is_some_and(|decision| decision.rule.is_none());
        noting.note(Part::Script, if by_itself { Way::True } else { Way::False });
        found = decision.map_or(Ok(false), |decision| decision.cause.map_or(Ok(true), |_| Err(())));
    }
    match found {
        Ok(false) => {}
        Ok(true) => {
            climb(&noting);
            for (index, step) in policy.remedy.iter().enumerate() {
                if let Some(rule) = &step.condition {
                    drop(noting.ask(&Part::Step(index), rule));
                }
            }
        }
        Err(()) => climb(&noting),
    }
}

/// The severity and the urgency of a finding.
fn climb(noting: &Noting<'_, '_, '_>) {
    let policy = noting.policy();
    noting.ladder(&policy.severity, Part::Severity);
    if let Some(alert) = &policy.alert {
        noting.ladder(&alert.urgency, Part::Urgency);
    }
}
