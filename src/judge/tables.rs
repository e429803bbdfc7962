//! The rows of the views of a check: answers as they came, and what joins, groups and the past make of them.
//!
//! A view is made when something reads it, and once. Joined rows are pairs of positions; a row's cells are put
//! together when it is judged, so that a million rows joined with a million do not stand in memory twice.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::fact::{
    Cause, Cell, Level, Missing, Observation, Row, Schema, Table, Type, Value, ZeroRows, micros_of, show,
};
use crate::plan::{Asked, Check};
use crate::policy::{Expect, Observe, View, ViewKind};

use super::Given;
use super::join::Pairs;
use super::{earlier, group, join};

/// What the rows of a view are.
pub(super) enum Rows<'a> {
    /// Rows as they are.
    Plain(Cow<'a, Table>),
    /// Pairs of the rows of two others.
    Pairs(Box<Pairs<'a>>),
}

impl<'a> Rows<'a> {
    pub(super) fn pairs(&self) -> Option<&Pairs<'a>> {
        match self {
            Self::Plain(_) => None,
            Self::Pairs(pairs) => Some(pairs),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Plain(table) => table.rows.len(),
            Self::Pairs(pairs) => pairs.rows.len(),
        }
    }

    /// How many rows the target has.
    pub(super) fn total(&self) -> u64 {
        match self {
            Self::Plain(table) => table.total,
            Self::Pairs(pairs) => pairs.rows.len() as u64,
        }
    }

    /// Is the row one of the earlier answer alone? Then nothing of that name is there now.
    pub(super) fn is_gone(&self, index: usize) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Pairs(pairs) => pairs.is_gone(index),
        }
    }

    /// Why a row stands for several, of which none is meant more than another.
    pub(super) fn ambiguous(&self, index: usize) -> Option<Arc<Missing>> {
        match self {
            Self::Plain(_) => None,
            Self::Pairs(pairs) => pairs.ambiguous.get(&index).cloned(),
        }
    }

    /// Why the rows are not all, or not all that they say.
    pub(super) fn faults(&self) -> Vec<Arc<Missing>> {
        match self {
            Self::Plain(table) => table.cut.iter().cloned().collect(),
            Self::Pairs(pairs) => pairs.faults.clone(),
        }
    }
}

type Made<'a> = Result<Rows<'a>, Arc<Missing>>;

/// Every view of a check.
pub(super) struct Tables<'a> {
    pub(super) check: &'a Check,
    pub(super) given: &'a Given<'a>,
    answers: &'a [Observation],
    made: Vec<OnceLock<Made<'a>>>,
    nows: Vec<OnceLock<Result<Timestamp, Arc<Missing>>>>,
}

fn internal(what: &str) -> Arc<Missing> {
    Arc::new(Missing::new(Cause::Internal, what))
}

impl<'a> Tables<'a> {
    pub(super) fn new(check: &'a Check, answers: &'a [Observation], given: &'a Given<'a>) -> Self {
        let made = check.policy.views.iter().map(|_| OnceLock::new()).collect();
        let nows = check.policy.views.iter().map(|_| OnceLock::new()).collect();
        Self { check, given, answers, made, nows }
    }

    fn view(&self, index: usize) -> Result<&'a View, Arc<Missing>> {
        self.check.policy.views.get(index).ok_or_else(|| internal("there is no such view"))
    }

    /// The rows of a view, or why there are none.
    pub(super) fn rows(&self, index: usize) -> Result<&Rows<'a>, Arc<Missing>> {
        let slot = self.made.get(index).ok_or_else(|| internal("there is no such view"))?;
        slot.get_or_init(|| self.make(index)).as_ref().map_err(Arc::clone)
    }

    fn make(&self, index: usize) -> Made<'a> {
        let view = self.view(index)?;
        match &view.kind {
            ViewKind::Observed(observation) => self.observed(*observation).map(Rows::Plain),
            ViewKind::Before(observation) => {
                earlier::before(self, view, *observation).map(Box::new).map(Rows::Pairs)
            }
            ViewKind::Join(found) => join::join(self, view, found).map(Box::new).map(Rows::Pairs),
            ViewKind::Group(found) => {
                group::group(self, view, found).map(|table| Rows::Plain(Cow::Owned(table)))
            }
        }
    }

    /// The answers to an observation: one, or one of each target.
    pub(super) fn answers(&self, observation: usize) -> Result<Vec<&'a Observation>, Arc<Missing>> {
        let asked = self
            .check
            .requests
            .get(observation)
            .ok_or_else(|| internal("the observation was not planned"))?;
        let one =
            |index: &usize| self.answers.get(*index).ok_or_else(|| internal("the observation has no answer"));
        match asked {
            Asked::One(index) => Ok(vec![one(index)?]),
            Asked::Many(indices) => indices.iter().map(one).collect(),
            Asked::Nobody(why) => Err(Arc::clone(why)),
        }
    }

    fn observe(&self, observation: usize) -> Result<&'a Observe, Arc<Missing>> {
        self.check.policy.observe.get(observation).ok_or_else(|| internal("there is no such observation"))
    }

    /// The rows that a probe gave, if they are there, fresh and of the quality that is wanted.
    pub(super) fn observed(&self, observation: usize) -> Result<Cow<'a, Table>, Arc<Missing>> {
        let observe = self.observe(observation)?;
        let answers = self.answers(observation)?;
        let many = matches!(self.check.requests.get(observation), Some(Asked::Many(_)));
        let table = match answers.as_slice() {
            [answer] if !many => {
                fresh(observe, answer, self.given)?;
                Cow::Borrowed(answer.result.as_ref().map_err(Arc::clone)?)
            }
            answers => Cow::Owned(self.together(observe, answers)?),
        };
        Ok(if observe.exact { exact(observe, table) } else { table })
    }

    /// Rows of several targets. What one did not tell may be anything, so the rows are not all.
    fn together(&self, observe: &Observe, answers: &[&Observation]) -> Result<Table, Arc<Missing>> {
        let mut whole = Table { schema: Arc::clone(&observe.schema), rows: Vec::new(), total: 0, cut: None };
        let mut empty = None;
        for answer in answers {
            let table =
                fresh(observe, answer, self.given).and_then(|()| answer.result.as_ref().map_err(Arc::clone));
            let target = &answer.key.target;
            let gap = |why: &Missing| {
                let what = format!("`{target}` could not be read: {}", why.what);
                Some(Arc::new(Missing { what, ..why.clone() }))
            };
            match table {
                Err(why) => whole.cut = whole.cut.or_else(|| gap(&why)),
                Ok(table) => {
                    whole.cut = whole.cut.or_else(|| table.cut.as_deref().and_then(gap));
                    whole.total += table.total;
                    if table.rows.is_empty() && self.is_suspicious(observe) {
                        empty = empty.or_else(|| Some(no_rows(target)));
                    }
                    let from = |row: &Row| {
                        row.iter().cloned().chain([Ok(Value::Text(Arc::clone(target)))]).collect::<Row>()
                    };
                    whole.rows.extend(table.rows.iter().map(from));
                }
            }
        }
        // Nobody answered: the fault of the first hides all.
        match whole.cut {
            Some(why) if whole.rows.is_empty() => Err(why),
            // Where all are empty, that is what is said of the whole.
            None if !whole.rows.is_empty() => Ok(Table { cut: empty, ..whole }),
            _ => Ok(whole),
        }
    }

    /// Had something to be there, wherever it was looked for?
    fn is_suspicious(&self, observe: &Observe) -> bool {
        observe.schema.zero == ZeroRows::Suspicious && !self.any_is_fine()
    }

    /// The cells of a row of a view.
    pub(super) fn row(&self, view: usize, index: usize) -> Result<Cow<'_, [Cell]>, Arc<Missing>> {
        match self.rows(view)? {
            Rows::Plain(table) => {
                let row = table.rows.get(index).ok_or_else(|| internal("there is no such row"))?;
                Ok(Cow::Borrowed(row))
            }
            Rows::Pairs(pairs) => pairs.row(self, index).map(Cow::Owned),
        }
    }

    /// One cell of a row of a view.
    pub(super) fn cell(&self, view: usize, index: usize, column: usize) -> Cell {
        match self.rows(view)? {
            Rows::Plain(table) => {
                let cell = table.rows.get(index).and_then(|row| row.get(column));
                cell.cloned().unwrap_or_else(|| Err(internal("there is no such cell")))
            }
            Rows::Pairs(pairs) => pairs.cell(self, index, column),
        }
    }

    /// The one row of a view that has one.
    pub(super) fn single(&self, view: usize) -> Result<Cow<'_, [Cell]>, Arc<Missing>> {
        let rows = self.rows(view)?;
        match (rows.len(), rows.faults().into_iter().next()) {
            // What is not told may be another row.
            (1, Some(why)) => Err(why),
            (1, None) => self.row(view, 0),
            (0, _) => Err(Arc::new(Missing::new(Cause::Empty, "the observation has no row"))),
            _ => Err(Arc::new(Missing::new(Cause::Ambiguous, "the observation has several rows"))),
        }
    }

    /// The time against which the ages of a view are counted: of several targets the latest.
    pub(super) fn now(&self, view: usize) -> Result<Timestamp, Arc<Missing>> {
        let slot = self.nows.get(view).ok_or_else(|| internal("there is no such view"))?;
        slot.get_or_init(|| self.latest(view)).clone()
    }

    fn latest(&self, view: usize) -> Result<Timestamp, Arc<Missing>> {
        let answers = self.answers(self.view(view)?.clock)?;
        let latest = answers.iter().map(|answer| answer.now()).max();
        latest.ok_or_else(|| internal("nothing was observed"))
    }

    /// The rows in memory, for a script that may read them all.
    pub(super) fn whole(&self, view: usize) -> Result<Cow<'_, Table>, Arc<Missing>> {
        match self.rows(view)? {
            Rows::Plain(table) => Ok(Cow::Borrowed(table.as_ref())),
            Rows::Pairs(pairs) => {
                let rows = (0..pairs.rows.len()).map(|index| pairs.row(self, index).map(Into::into));
                let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
                let total = rows.len() as u64;
                let schema = Arc::clone(&self.view(view)?.rows.schema);
                Ok(Cow::Owned(Table { schema, rows, total, cut: None }))
            }
        }
    }

    /// The shape of the rows of a view.
    pub(super) fn schema(&self, view: usize) -> Result<&'a Arc<Schema>, Arc<Missing>> {
        self.view(view).map(|view| &view.rows.schema)
    }

    /// Is nothing at all fine here?
    pub(super) fn any_is_fine(&self) -> bool {
        self.check.policy.expect == Expect::Any
    }
}

/// A side, or one of several targets, without rows that had to have some: its emptiness proves nothing.
pub(super) fn no_rows(name: &str) -> Arc<Missing> {
    let what = format!("`{name}` has no rows, and something had to be there");
    Arc::new(Missing::new(Cause::Empty, what).fix("if nothing is fine here, write `expect: any`"))
}

/// `accept: exact` refuses estimates.
pub(super) fn exact<'t>(observe: &Observe, table: Cow<'t, Table>) -> Cow<'t, Table> {
    let refused: Vec<Option<Arc<Missing>>> = table
        .schema
        .fields
        .iter()
        .map(|field| {
            let declared = observe.schema.field(&field.name).is_some_and(|known| known.estimate);
            (field.estimate || declared).then(|| {
                let what = format!("`{}` is an estimate, and `accept: exact` refuses it", field.name);
                Arc::new(Missing::new(Cause::Quality, what).level(Level::Field))
            })
        })
        .collect();
    if refused.iter().all(Option::is_none) {
        return table;
    }
    let mut table = table.into_owned();
    for row in &mut table.rows {
        for (cell, why) in row.iter_mut().zip(&refused) {
            if let (Some(why), Ok(_)) = (why, &*cell) {
                *cell = Err(Arc::clone(why));
            }
        }
    }
    Cow::Owned(table)
}

/// Refuses facts that are older than the observation accepts.
fn fresh(observe: &Observe, answer: &Observation, given: &Given<'_>) -> Result<(), Arc<Missing>> {
    let Some(limit) = observe.max_age else { return Ok(()) };
    let age = micros_of(given.at) - micros_of(answer.at);
    if age <= limit {
        return Ok(());
    }
    let text = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
    let what = format!("observed {} ago, and `max_age` is {}", text(age), text(limit));
    Err(Arc::new(Missing::new(Cause::Stale, what)))
}
