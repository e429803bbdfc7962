//! What the expressions of a check read, for one row.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use crate::fact::{Before, Cause, Cell, Level, Missing, Value, micros_of, row_name};
use crate::plan::{Settings, target_value};
use crate::policy::Policy;
use crate::rule::eval::{Scope, eval};
use crate::rule::history::Samples;
use crate::rule::node::Place;
use crate::rule::template::Words;

use super::findings::Maker;
use super::tables::Tables;

/// What is the same for every row of a view.
pub(super) struct Around<'s, 'a> {
    pub(super) tables: &'s Tables<'a>,
    pub(super) settings: &'s Settings,
    view: usize,
}

impl<'s, 'a> Around<'s, 'a> {
    pub(super) fn new(tables: &'s Tables<'a>, settings: &'s Settings, view: usize) -> Self {
        Self { tables, settings, view }
    }

    fn now(&self, view: usize) -> Cell {
        self.tables.now(view).map(|at| Value::Int(micros_of(at)))
    }

    fn observed(&self, view: usize, column: usize) -> Cell {
        let row = self.tables.single(view)?;
        row.get(column).cloned().unwrap_or_else(|| Missing::new(Cause::Absent, "not recorded").cell())
    }

    fn param(&self, index: usize) -> Cell {
        match self.settings.params.get(index) {
            Some(setting) => Ok(setting.value.clone()),
            None => Missing::new(Cause::Internal, "there is no such parameter").cell(),
        }
    }

    fn during(&self, name: &str) -> Cell {
        let at = self.tables.now(self.view)?;
        if let Some(covered) = self.tables.check.calendars.covers(name, at) {
            return Ok(Value::Bool(covered));
        }
        let what = format!("the project declares no calendar `{name}`");
        let fix = format!("declare it in muster.yaml: `calendars: {{ {name}: {{ zone: …, hours: … }} }}`");
        Missing::new(Cause::Absent, what).fix(fix).cell()
    }

    /// A place that no row is needed for.
    pub(super) fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Observation(view, column) => self.observed(*view, *column),
            Place::Param(index) => self.param(*index),
            Place::Target(name) => Ok(target_value(&self.tables.check.target, name)),
            Place::Now => self.now(self.view),
            Place::NowOf(view) => self.now(*view),
            Place::During(name) => self.during(name),
            Place::Each(_) | Place::Side(_) | Place::Let(_) | Place::Fold(_) | Place::Present(_) => {
                Missing::new(Cause::Internal, "this is read from a row").cell()
            }
        }
    }
}

/// One row with everything around it.
pub(super) struct RowScope<'s, 'a> {
    pub(super) maker: &'s Maker<'s, 'a>,
    pub(super) row: Option<&'s [Cell]>,
    /// The position of a row whose cells are not put together, but read one by one.
    position: Option<usize>,
    pub(super) settings: &'s Settings,
    around: Around<'s, 'a>,
    lets: RefCell<Vec<Option<Cell>>>,
    /// Limits that the deciding rule compared with, so that a message shows enough digits.
    pub(super) limits: Vec<(Place, Value)>,
}

impl<'s, 'a> RowScope<'s, 'a> {
    pub(super) fn new(maker: &'s Maker<'s, 'a>, row: Option<&'s [Cell]>, settings: &'s Settings) -> Self {
        let lets = RefCell::new(vec![None; maker.check.policy.lets.len()]);
        let around = Around::new(maker.tables, settings, maker.check.policy.each);
        Self { maker, row, position: None, settings, around, lets, limits: Vec::new() }
    }

    /// The row at a position of the judged view; only those of its cells are read that are asked for.
    pub(super) fn at(maker: &'s Maker<'s, 'a>, position: usize, settings: &'s Settings) -> Self {
        Self { position: Some(position), ..Self::new(maker, None, settings) }
    }

    fn each(&self, field: usize) -> Cell {
        if let Some(position) = self.position {
            return self.maker.tables.cell(self.maker.check.policy.each, position, field);
        }
        match self.row.and_then(|row| row.get(field)) {
            Some(cell) => cell.clone(),
            // What hides the whole answer hides this, too.
            None => match self.maker.tables.rows(self.maker.check.policy.each) {
                Err(why) => Err(why),
                Ok(_) => {
                    Missing::new(Cause::Absent, "there is no row to read this from").level(Level::Row).cell()
                }
            },
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

    fn policy(&self) -> &'s Policy {
        &self.maker.check.policy
    }

    /// The row of the observation behind a column of the judged row, which names the subject of its samples.
    fn observed_row(&self, view: usize, column: usize) -> Result<Cow<'_, [Cell]>, Arc<Missing>> {
        if view != self.policy().each {
            return self.maker.tables.single(view);
        }
        let parts = self.policy().row_view().map(|found| found.rows.parts.as_slice()).unwrap_or_default();
        let part = parts.iter().find(|part| part.columns.contains(&column));
        if let Some(position) = self.position {
            let row = self.maker.tables.row(view, position)?;
            let own = part.and_then(|part| row.get(part.columns.clone())).map(<[Cell]>::to_vec);
            return Ok(own.map_or(row, Cow::Owned));
        }
        let row = self.row.ok_or_else(|| Arc::new(Missing::new(Cause::Absent, "there is no row")))?;
        Ok(Cow::Borrowed(part.and_then(|part| row.get(part.columns.clone())).unwrap_or(row)))
    }
}

impl Scope for RowScope<'_, '_> {
    fn read(&self, place: &Place) -> Cell {
        match place {
            Place::Each(field) | Place::Side(field) => self.each(*field),
            Place::Let(index) => self.computed(*index),
            other => self.around.read(other),
        }
    }

    fn past(&self, place: &Place) -> Result<Samples, Arc<Missing>> {
        let internal = || Arc::new(Missing::new(Cause::Internal, "there are no samples of this"));
        let (view, column) = self.policy().column(place).ok_or_else(internal)?;
        let facts = self.policy().facts_of(view, column);
        let [(observation, field, _)] = facts.as_slice() else { return Err(internal()) };
        let observe = self.policy().observe.get(*observation).ok_or_else(internal)?;
        let (spec, fact) = observe.history.zip(observe.asked.fields.get(*field)).ok_or_else(internal)?;
        let answers = self.maker.tables.answers(*observation)?;
        let answer = answers.first().ok_or_else(internal)?;
        let now = micros_of(answer.now());
        let subject = if observe.asked.key.is_empty() {
            Arc::clone(&answer.key.target)
        } else {
            row_name(&observe.asked, &self.observed_row(view, column)?)?
        };
        let past = self.maker.given.past;
        let history = past.history.get(&answer.key);
        // Whoever could not ask for the past says so in place of the answer before.
        let lost =
            past.before.get(&(Before::Previous(None), answer.key.clone())).filter(|_| history.is_none());
        if let Some(Err(why)) = lost.map(|then| &then.result) {
            return Err(Arc::clone(why));
        }
        let track = history.and_then(|history| history.track(&subject, &fact.name));
        // What another system said is no sample of this one.
        let other = history.and_then(|history| answer.identity.unlike(history.of.as_ref()?)).is_some();
        let left_out = history.map_or(0, |history| history.left_out);
        let (track, left_out) = match track {
            Some(track) if other => (None, left_out + track.at.len()),
            track => (track, left_out),
        };
        let since = now.saturating_sub(spec.window);
        let earlier = track.map(|track| {
            let samples = track.at.iter().copied().zip(track.values.iter().cloned());
            samples.filter(|(at, _)| *at >= since && *at < now).collect()
        });
        Ok(Samples {
            earlier: earlier.unwrap_or_default(),
            now,
            at_least: spec.at_least,
            points: spec.points,
            span: spec.span(),
            unstored: !self.maker.check.has_store,
            left_out,
        })
    }
}

impl Words for RowScope<'_, '_> {
    fn null_reads(&self, place: &Place) -> Option<&str> {
        self.policy().field(place).and_then(|field| field.null_reads.as_deref())
    }

    fn limit(&self, place: &Place) -> Option<&Value> {
        self.limits.iter().find(|(known, _)| known == place).map(|(_, limit)| limit)
    }

    fn backticks(&self) -> bool {
        &*self.maker.check.target.kind == "mysql"
    }
}
