//! What a judged case shows: its rows, judged with a scope that notes what is read.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::{Cell, Missing, Observation, Value};
use crate::plan::Check;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::rule::eval::{Scope, eval, holds};
use crate::rule::history::Samples;
use crate::rule::node::{Node, Place};
use crate::verdict::Verdict;

use super::super::decide::{Decision, climb, decide};
use super::super::findings::{Maker, shown};
use super::super::rows::{doubles, script};
use super::super::scope::RowScope;
use super::super::tables::Tables;
use super::super::{Given, judge};
use super::{Branch, Part, Way};

/// What a judged case evaluates.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// All of it but the ladders.
    pub ways: BTreeSet<Branch>,
    /// Rungs of severity and urgency, by the subject whose finding climbs them; `None` for a row without a name.
    pub ladders: BTreeMap<Option<Arc<str>>, BTreeSet<Branch>>,
}

impl Seen {
    /// All of it.
    pub fn all(self) -> BTreeSet<Branch> {
        self.ways.into_iter().chain(self.ladders.into_values().flatten()).collect()
    }

    fn insert(&mut self, branch: Branch) {
        self.ways.insert(branch);
    }

    /// Takes what one row shows.
    fn take(&mut self, subject: Option<Arc<str>>, row: BTreeSet<Branch>) {
        let (ladders, ways): (BTreeSet<Branch>, BTreeSet<Branch>) =
            row.into_iter().partition(|(part, _)| matches!(part, Part::Severity(_) | Part::Urgency(_)));
        self.ways.extend(ways);
        self.ladders.entry(subject).or_default().extend(ladders);
    }
}

/// What a judged case shows.
pub fn covered(check: &Check, answers: &[Observation], given: &Given<'_>) -> Seen {
    let mut seen = Seen::default();
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
    let outcome = judge(check, answers, given);
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
fn subjects(maker: &Maker<'_, '_>, rows: &[Vec<Cell>], seen: &mut Seen) {
    let keyed = maker.check.policy.row_schema().filter(|schema| !schema.key.is_empty());
    let Some(schema) = keyed else {
        return rows.iter().for_each(|row| seen.take(None, self::row(maker, row)));
    };
    let names: Vec<_> = rows.iter().map(|row| shown(schema, row)).collect();
    let doubles = doubles(&names);
    for (row, name) in rows.iter().zip(&names) {
        if let Some(name) = name.as_ref().ok().filter(|name| !doubles.contains(&***name)) {
            seen.take(Some(Arc::from(&**name)), self::row(maker, row));
        }
    }
}

/// A scope that notes what is read of it.
struct Noting<'n, 's, 'a> {
    scope: &'n RowScope<'s, 'a>,
    /// The conditions of the policy, by their addresses.
    conditions: BTreeMap<usize, Part>,
    seen: RefCell<&'n mut BTreeSet<Branch>>,
}

impl Noting<'_, '_, '_> {
    fn note(&self, part: Part, way: Way) {
        self.seen.borrow_mut().insert((part, way));
    }

    fn policy(&self) -> &Policy {
        &self.scope.maker.check.policy
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

/// The conditions of a policy, by their addresses: whoever judges asks them by reference.
fn conditions(policy: &Policy) -> BTreeMap<usize, Part> {
    let mut found = BTreeMap::new();
    let mut add = |rule: &Rule, part: Part| found.insert(address(&rule.node), part);
    if let Some(rule) = &policy.filter {
        add(rule, Part::Where);
    }
    policy.fail.iter().enumerate().for_each(|(at, rung)| drop(add(&rung.rule, Part::Fail(at))));
    policy.warn.iter().enumerate().for_each(|(at, rung)| drop(add(&rung.rule, Part::Warn(at))));
    policy.severity.rungs.iter().enumerate().for_each(|(at, (_, rule))| drop(add(rule, Part::Severity(at))));
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs);
    urgency.enumerate().for_each(|(at, (_, rule))| drop(add(rule, Part::Urgency(at))));
    for (at, step) in policy.remedy.iter().enumerate() {
        if let Some(rule) = &step.condition {
            add(rule, Part::Step(at));
        }
    }
    found
}

fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
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

    fn held(&self, condition: &Node, held: &Result<bool, Arc<Missing>>) {
        let Some(part) = self.conditions.get(&address(condition)) else { return };
        let way = match held {
            Ok(true) => Way::True,
            Ok(false) => Way::False,
            Err(_) => Way::Unknown,
        };
        self.note(part.clone(), way);
    }

    fn answered(&self, question: &Node, cell: &Cell) {
        if cell.is_err() {
            self.note(Part::Past(Arc::clone(&question.text)), Way::Unknown);
        }
    }
}

fn row(maker: &Maker<'_, '_>, row: &[Cell]) -> BTreeSet<Branch> {
    let mut seen = BTreeSet::new();
    let scope = RowScope::new(maker, Some(row), &maker.check.settings);
    let conditions = conditions(&maker.check.policy);
    walked(maker, row, &Noting { scope: &scope, conditions, seen: RefCell::new(&mut seen) });
    seen
}

/// Judges a row.
fn walked(maker: &Maker<'_, '_>, row: &[Cell], noting: &Noting<'_, '_, '_>) {
    let policy = &maker.check.policy;
    if let Some(side) = policy.row_view().and_then(|view| view.rows.side)
        && let Some(Ok(Value::Text(word))) = row.get(side)
    {
        noting.note(Part::Side, Way::Side(Arc::clone(word)));
    }
    if let Some(filter) = &policy.filter {
        match holds(&filter.node, noting) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => return climbed(noting),
        }
    }
    let decided = decide(&policy.fail, &policy.warn, noting);
    let failed = decided.as_ref().is_some_and(|decision| decision.verdict == Verdict::Fail);
    let mut found = way(decided.as_ref());
    if policy.script.is_some() && !failed {
        noting.read_by_script(row);
        let whole = maker.tables.whole(policy.each);
        let decision = script(maker, Some(&whole), row, noting.scope);
        let by_itself = decision.as_ref().is_some_and(|decision| decision.rule.is_none());
        noting.note(Part::Script, if by_itself { Way::True } else { Way::False });
        found = way(decision.as_ref());
    }
    match found {
        Ok(false) => {}
        Ok(true) => {
            climbed(noting);
            for step in &policy.remedy {
                if let Some(rule) = &step.condition {
                    drop(holds(&rule.node, noting));
                }
            }
        }
        Err(()) => climbed(noting),
    }
}

/// Is there a finding? `Err` if that is not known.
fn way(decision: Option<&Decision<'_>>) -> Result<bool, ()> {
    match decision {
        None => Ok(false),
        Some(decision) if decision.cause.is_some() => Err(()),
        Some(_) => Ok(true),
    }
}

/// The severity and the urgency of a finding.
fn climbed(noting: &Noting<'_, '_, '_>) {
    let policy = noting.policy();
    climb(&policy.severity, noting);
    if let Some(alert) = &policy.alert {
        climb(&alert.urgency, noting);
    }
}
