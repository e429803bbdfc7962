//! What the expressions of a check read, for one row.

use std::cell::RefCell;
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Observation, Table, Value, micros_of};
use crate::plan::{Settings, target_value};
use crate::rule::eval::{Scope, eval};
use crate::rule::node::Place;
use crate::rule::template::Words;

use super::findings::Maker;

/// One row with everything around it.
pub(super) struct RowScope<'a> {
    pub maker: &'a Maker<'a>,
    pub row: Option<&'a [Cell]>,
    pub settings: &'a Settings,
    lets: RefCell<Vec<Option<Cell>>>,
    /// Limits that the deciding rule compared with, so that a message shows enough digits.
    pub limits: Vec<(Place, Value)>,
}

impl<'a> RowScope<'a> {
    pub(super) fn new(maker: &'a Maker<'a>, row: Option<&'a [Cell]>, settings: &'a Settings) -> Self {
        let lets = RefCell::new(vec![None; maker.check.policy.lets.len()]);
        Self { maker, row, settings, lets, limits: Vec::new() }
    }

    fn each(&self, field: usize) -> Cell {
        if let Some(why) = self.maker.refused_estimate(self.maker.check.policy.each, field) {
            return Err(why);
        }
        match self.row.and_then(|row| row.get(field)) {
            Some(cell) => cell.clone(),
            // What hides the whole answer hides this, too.
            None => match self.maker.table(self.maker.check.policy.each) {
                Err(why) => Err(why),
                Ok(_) => {
                    Missing::new(Cause::Absent, "there is no row to read this from").level(Level::Row).cell()
                }
            },
        }
    }

    fn observed(&self, index: usize, field: usize) -> Cell {
        if let Some(why) = self.maker.refused_estimate(index, field) {
            return Err(why);
        }
        let table = self.maker.table(index)?;
        match table.rows.as_slice() {
            [row] => {
                row.get(field).cloned().unwrap_or_else(|| Missing::new(Cause::Absent, "not recorded").cell())
            }
            [] => Missing::new(Cause::Empty, "the observation has no row").cell(),
            _ => Missing::new(Cause::Ambiguous, "the observation has several rows").cell(),
        }
    }

    fn computed(&self, index: usize) -> Cell {
        if let Some(Some(known)) = self.lets.borrow().get(index) {
            return known.clone();
        }
        let rule = self.maker.check.policy.lets.get(index);
        let cell = match rule {
            Some(found) => eval(&found.rule.node, self),
            None => Missing::new(Cause::Internal, "there is no such `let`").cell(),
        };
        if let Some(slot) = self.lets.borrow_mut().get_mut(index) {
            *slot = Some(cell.clone());
        }
        cell
    }

    fn param(&self, index: usize) -> Cell {
        match self.settings.params.get(index) {
            Some(setting) => Ok(setting.value.clone()),
            None => Missing::new(Cause::Internal, "there is no such parameter").cell(),
        }
    }

    fn now(answer: Option<&&Observation>) -> Cell {
        answer
            .map(|answer| Value::Int(micros_of(answer.now())))
            .ok_or_else(|| Arc::new(Missing::new(Cause::Internal, "nothing was observed")))
    }
}

impl Scope for RowScope<'_> {
    fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Each(field) => self.each(*field),
            Place::Observation(index, field) => self.observed(*index, *field),
            Place::Param(index) => self.param(*index),
            Place::Let(index) => self.computed(*index),
            Place::Target(name) => Ok(target_value(&self.maker.check.target, name)),
            Place::Now => Self::now(self.maker.answers.get(self.maker.check.policy.each)),
            Place::NowOf(index) => Self::now(self.maker.answers.get(*index)),
        }
    }
}

impl Words for RowScope<'_> {
    fn null_reads(&self, place: &Place) -> Option<&str> {
        self.maker.check.policy.field(place).and_then(|(_, field)| field.null_reads.as_deref())
    }

    fn limit(&self, place: &Place) -> Option<&Value> {
        self.limits.iter().find(|(known, _)| known == place).map(|(_, limit)| limit)
    }
}

impl Maker<'_> {
    /// The table of an observation, if it is there and fresh.
    pub(super) fn table(&self, index: usize) -> Result<&Table, Arc<Missing>> {
        let answer = self
            .answers
            .get(index)
            .ok_or_else(|| Arc::new(Missing::new(Cause::Internal, "the observation was not planned")))?;
        super::fresh(self.check, index, answer, self.given)?;
        answer.result.as_ref().map_err(Arc::clone)
    }
}
