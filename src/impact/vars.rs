//! What the rules of two versions read, and the values at which one of them may change its mind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::{Cause, Cell, Missing, Type, Value, float_to_int, int_to_float, show};
use crate::rule::script::Script;
use crate::verdict::Verdict;

use super::lower::NOW;

/// How a value is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// As it is.
    Plain,
    /// A time, by its age.
    Age,
    /// Two values compared: less, equal, greater.
    Relation,
}

/// Something that is read, or computed of what is read, and compared with constants.
#[derive(Clone, Debug)]
pub(super) struct Var {
    /// The same in both versions.
    pub(super) key: String,
    /// As people call it.
    pub(super) shown: String,
    /// Its type without null.
    pub(super) ty: Type,
    /// May it be null?
    pub(super) nullable: bool,
    /// How its values are told.
    pub(super) told: Told,
    /// Is it a text that is ordered?
    pub(super) ordered: bool,
    /// What it is compared with.
    pub(super) critical: Vec<Value>,
    /// Facts that it is computed of; empty if it is a fact.
    pub(super) made_of: BTreeSet<usize>,
    /// May it be unreadable? What the project says of a target never is.
    pub(super) may_lack: bool,
}

/// A fact of a part of a row that may be absent.
#[derive(Clone, Copy, Debug)]
pub(super) struct InPart {
    /// Which part.
    pub(super) part: usize,
    /// Is it never null where the part is there?
    pub(super) filled: bool,
}

/// All variables of both versions.
#[derive(Default)]
pub(super) struct Vars {
    pub(super) list: Vec<Var>,
    by_key: BTreeMap<String, usize>,
    /// Facts of parts, by variable.
    pub(super) parts: BTreeMap<usize, InPart>,
    /// The variable that tells which parts are there, with its words: the first alone, the second alone, both.
    pub(super) side: Option<usize>,
    /// Times that are compared with a time that is written there.
    pub(super) dated: BTreeSet<usize>,
}

impl Vars {
    /// The position of a variable, which is made if it is new.
    pub(super) fn enter(&mut self, var: Var) -> usize {
        if let Some(known) = self.by_key.get(&var.key) {
            if let Some(slot) = self.list.get_mut(*known) {
                slot.nullable |= var.nullable;
            }
            return *known;
        }
        let index = self.list.len();
        self.by_key.insert(var.key.clone(), index);
        self.list.push(var);
        index
    }

    pub(super) fn get(&self, index: usize) -> Option<&Var> {
        self.list.get(index)
    }

    /// Notes that a variable is compared with a value.
    pub(super) fn compared(&mut self, index: usize, value: Value) {
        if let Some(var) = self.list.get_mut(index)
            && !var.critical.contains(&value)
        {
            var.critical.push(value);
        }
    }

    /// Is a time compared with the clock, and with a date as well? Then no one moment can stand for the clock.
    pub(super) fn two_clocks(&self, used: &BTreeSet<usize>) -> bool {
        let aged = |index: &usize| self.list.get(*index).is_some_and(|var| var.told == Told::Age);
        self.dated.iter().any(|index| used.contains(index) && aged(index))
    }

    pub(super) fn ordered(&mut self, index: usize) {
        if let Some(var) = self.list.get_mut(index) {
            var.ordered = true;
        }
    }

    /// Notes that ages of a time are read.
    pub(super) fn aged(&mut self, index: usize) {
        if let Some(var) = self.list.get_mut(index) {
            var.told = Told::Age;
        }
        // An age is never below zero.
        self.compared(index, Value::Int(NOW));
    }
}

/// Are values of this type whole numbers?
pub(super) fn is_whole(ty: &Type) -> bool {
    match ty.base() {
        Type::Int | Type::Counter | Type::Time | Type::Date => true,
        Type::Quantity(unit) => unit.is_whole(),
        _ => false,
    }
}

impl Var {
    /// One value of each kind that the rules can tell apart: what it is compared with, one between each two of those,
    /// one below and one above, null if it may be, and unknown.
    pub(super) fn points(&self) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self.values().into_iter().map(Ok).collect();
        if self.nullable {
            cells.push(Ok(Value::Null));
        }
        if self.may_lack {
            cells.push(Missing::new(Cause::Denied, "not readable").cell());
        }
        cells
    }

    fn values(&self) -> Vec<Value> {
        match &self.ty {
            Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
            Type::Enum(words) => words.iter().map(Value::text).collect(),
            Type::Text(_) => self.texts(),
            Type::Version => self.versions(),
            Type::List(_) | Type::Record(_) => vec![Value::List(Arc::from([]))],
            ty if is_whole(ty) => self.whole(),
            _ => self.fractions(),
        }
    }

    fn texts(&self) -> Vec<Value> {
        let used: BTreeSet<&str> = self.critical.iter().filter_map(Value::as_text).collect();
        let mut texts: BTreeSet<String> = used.iter().map(|text| (*text).to_owned()).collect();
        if self.ordered {
            texts.insert(String::new());
            // What follows a text at once: nothing lies between the two.
            texts.extend(used.iter().map(|text| format!("{text}\u{0}")));
        }
        let mut other = "another".to_owned();
        while texts.contains(&other) {
            other.push('x');
        }
        texts.insert(other);
        texts.into_iter().map(Value::text).collect()
    }

    fn versions(&self) -> Vec<Value> {
        let mut texts: Vec<String> = vec!["0".to_owned()];
        for text in self.critical.iter().filter_map(Value::as_text) {
            texts.extend([text.to_owned(), format!("{text}.0.0.0.0.1")]);
        }
        texts.into_iter().map(Value::text).collect()
    }

    fn whole(&self) -> Vec<Value> {
        let mut at: BTreeSet<i64> = BTreeSet::new();
        for value in &self.critical {
            match value {
                Value::Int(int) => drop(at.insert(*int)),
                // Between two whole numbers the next ones decide.
                value => {
                    let float = value.as_float().unwrap_or_default();
                    at.extend([float.floor(), float.ceil()].into_iter().filter_map(float_to_int));
                }
            }
        }
        let Some((first, last)) = at.first().copied().zip(at.last().copied()) else {
            return vec![Value::Int(if self.ty == Type::Time { NOW } else { 1 })];
        };
        let step = |from: i64| {
            if self.ty == Type::Time { 86_400_000_000 } else { (from.saturating_abs() / 10).max(1) }
        };
        let mut all: Vec<i64> = vec![first.saturating_sub(step(first))];
        let mut before = None;
        for value in at {
            if let Some(before) = before
                && value - before > 1
            {
                all.push(before + (value - before) / 2);
            }
            all.push(value);
            before = Some(value);
        }
        all.push(last.saturating_add(step(last)));
        // A count or a size below zero is nothing that a probe sees, and a difference of two may be one.
        let signed = first < 0 || !self.made_of.is_empty() || !matches!(self.ty, Type::Counter | Type::BYTES);
        all.retain(|value| signed || *value >= 0);
        all.into_iter().map(Value::Int).collect()
    }

    fn fractions(&self) -> Vec<Value> {
        let mut at: Vec<f64> = self.critical.iter().filter_map(Value::as_float).collect();
        at.sort_by(f64::total_cmp);
        at.dedup_by(|a, b| a.total_cmp(b).is_eq());
        let Some((first, last)) = at.first().copied().zip(at.last().copied()) else {
            return vec![Value::Float(1.0)];
        };
        let step = |from: f64| (from.abs() / 10.0).max(0.01);
        // A share is between nothing and all wherever it can be.
        let share = |value: f64| self.ty == Type::RATIO && value > 0.0 && value < 1.0;
        let mut all = vec![if share(first) { first / 2.0 } else { first - step(first) }];
        let mut before: Option<f64> = None;
        for value in at {
            if let Some(before) = before {
                all.push(f64::midpoint(before, value));
            }
            all.push(value);
            before = Some(value);
        }
        all.push(if share(last) { f64::midpoint(last, 1.0) } else { last + step(last) });
        all.into_iter().map(Value::Float).collect()
    }

    /// A cell for people: name and value.
    pub(super) fn tell(&self, cell: &Cell) -> (String, String) {
        let value = match (cell, self.told) {
            (Err(_), _) => "unknown".to_owned(),
            (Ok(Value::Null), _) => "null".to_owned(),
            (Ok(value), Told::Relation) => match value.as_int().unwrap_or_default() {
                ..0 => "less".to_owned(),
                0 => "equal".to_owned(),
                _ => "greater".to_owned(),
            },
            (Ok(value), Told::Age) => {
                let age = value.as_int().map_or(0, |at| NOW.saturating_sub(at));
                return (format!("{}_age", self.shown), show(&Value::Int(age), &Type::DURATION));
            }
            (Ok(value), Told::Plain) => show(value, &self.ty),
        };
        (self.shown.clone(), value)
    }
}

/// What a script says of a row: the same text says the same of the same facts.
pub(super) fn said_by(script: &Script) -> Var {
    let words = SAID.map(|verdict| Arc::from(verdict.word()));
    Var {
        key: format!("script {}", script.text),
        shown: "the script".to_owned(),
        ty: Type::Enum(Arc::from(words)),
        nullable: false,
        told: Told::Plain,
        ordered: false,
        critical: Vec::new(),
        made_of: BTreeSet::new(),
        may_lack: true,
    }
}

/// What a script can say.
pub(super) const SAID: [Verdict; 3] = [Verdict::Pass, Verdict::Warn, Verdict::Fail];

/// The number of a value, on a line with all numbers of its type.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(int_to_float(*int)),
        other => other.as_float(),
    }
}
