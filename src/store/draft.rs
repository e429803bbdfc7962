//! A run made ready to be saved: every text once, every column in the bytes in which it is kept.
//!
//! Making it ready needs no file, so that it can be done beside the judging; what is left is one write.

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;
use serde::Serialize;

use super::StoreError;
use super::answer::{Answers, Named};
use super::body::Head;
use super::bytes::Writer;
use super::column::{self, Faults};
use super::write::{State, code};
use crate::fact::{Identity, Key, Missing, Observation, Recording, Schema, SchemaForm, Table, micros_of};
use crate::verdict::{Finding, RunReport};

/// Texts, each with its number. What occurs often is there once.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) list: Vec<Arc<str>>,
    known: HashMap<Arc<str>, usize>,
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Texts {
    pub(super) fn of(list: Vec<Arc<str>>) -> Self {
        Self { list, known: HashMap::new() }
    }

    /// With room for so many: to grow takes as long as to fill.
    fn reserved(many: usize) -> Self {
        Self { list: Vec::with_capacity(many), known: HashMap::with_capacity(many) }
    }

    pub(super) fn number(&mut self, text: &str) -> usize {
        match self.known.get(text) {
            Some(number) => *number,
            None => self.shared(&Arc::from(text)),
        }
    }

    fn shared(&mut self, text: &Arc<str>) -> usize {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let number = self.once(Arc::clone(text));
        self.known.insert(Arc::clone(text), number);
        number
    }

    /// A text that no other is like.
    fn once(&mut self, text: Arc<str>) -> usize {
        self.list.push(text);
        self.list.len() - 1
    }
}

/// How far a check was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It was skipped, or could not be read as a whole.
    Part,
    Whole,
    /// By something else than what the project promises: with `--set`, or by a policy of the same id from elsewhere. It is
    /// no judgement of the check: nothing is mended by it, and nothing is served.
    Otherwise,
}

impl Extent {
    /// As it stands in the store, where 2 is a notice.
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Part => 0,
            Self::Whole => 1,
            Self::Otherwise => 3,
        }
    }

    pub(super) fn of_code(code: i64) -> Option<Self> {
        [Self::Part, Self::Whole, Self::Otherwise].into_iter().find(|extent| extent.code() == code)
    }
}

/// How a check was judged.
#[derive(Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) policy: usize,
    pub(super) target: usize,
    pub(super) verdict: i64,
    pub(super) extent: Extent,
}

/// What was found. Of several findings with one name the last text counts, and the worst verdict.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) policy: usize,
    pub(super) target: usize,
    pub(super) name: usize,
    pub(super) json: usize,
    pub(super) verdict: i64,
    pub(super) state: i64,
    /// It is about the input, and no judgement of the check.
    pub(super) notice: bool,
}

/// What a run saw.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    pub(super) texts: Texts,
    pub(super) recorded: String,
    pub(super) header: String,
    pub(super) answers: Answers,
}

/// A run that is ready to be saved.
#[derive(Debug, PartialEq)]
pub struct Draft {
    pub(super) texts: Texts,
    /// When it began.
    pub(super) at: i64,
    pub(super) exit: u8,
    /// Version, host, reason, counts of checks and of subjects, and who answered.
    pub(super) about: [usize; 6],
    pub(super) replay: Option<usize>,
    /// The environment that it was about; none is all targets.
    pub(super) environment: Option<usize>,
    /// The digest of what the project promised.
    pub(super) promised: Option<usize>,
    pub(super) judged: Vec<Judged>,
    pub(super) found: Vec<Found>,
    pub(super) seen: Option<Seen>,
}

fn content(path: &str, what: impl Into<String>, why: impl Into<String>) -> StoreError {
    StoreError::Content { path: path.to_owned(), what: what.into(), why: why.into() }
}

fn text(path: &str, what: &str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| content(path, what, error.to_string()))
}

impl Draft {
    /// Makes a run ready for the store at a path, which errors name.
    pub fn of(path: &str, report: &RunReport, seen: Option<Seen>) -> Result<Self, StoreError> {
        let at: Timestamp = report.started.parse().map_err(|error: jiff::Error| StoreError::Time {
            path: path.to_owned(),
            time: report.started.clone(),
            why: error.to_string(),
        })?;
        let mut texts = Texts::default();
        let about = [
            texts.number(&report.muster),
            texts.number(&report.host),
            texts.number(&report.exit_reason),
            texts.number(&text(path, "the counts", &report.checks_by_verdict)?),
            texts.number(&text(path, "the counts", &report.subjects)?),
            texts.number(&text(path, "who answered", &report.targets)?),
        ];
        let replay = report.recording.as_ref().map(|recording| texts.number(recording));
        let (judged, found) = (Vec::with_capacity(report.checks.len()), Vec::new());
        let at = micros_of(at);
        let (exit, environment, promised) = (report.exit, None, None);
        let mut draft = Self { texts, at, exit, about, replay, environment, promised, judged, found, seen };
        for check in &report.checks {
            let (policy, target) = (draft.texts.shared(&check.policy), draft.texts.shared(&check.target));
            let extent = if check.is_whole() { Extent::Whole } else { Extent::Part };
            draft.judged.push(Judged { policy, target, verdict: code(check.verdict), extent });
            for finding in &check.findings {
                draft.find(path, (policy, target), (finding, false))?;
            }
        }
        for notice in &report.notices {
            let bound = (draft.texts.shared(&notice.policy), draft.texts.shared(&notice.target));
            draft.find(path, bound, (notice, true))?;
        }
        Ok(draft)
    }

    /// Of which environment it is, and what the project promised then.
    pub fn promising(mut self, environment: Option<&Arc<str>>, promised: &str) -> Self {
        self.environment = environment.map(|name| self.texts.shared(name));
        self.promised = Some(self.texts.number(promised));
        self
    }

    /// Of a run that judged these policies otherwise than the project does.
    pub fn otherwise(mut self, is: impl Fn(&str) -> bool) -> Self {
        let texts = &self.texts;
        for one in &mut self.judged {
            if texts.list.get(one.policy).is_some_and(|policy| is(policy)) {
                one.extent = Extent::Otherwise;
            }
        }
        self
    }

    fn find(
        &mut self,
        path: &str,
        (policy, target): (usize, usize),
        (finding, notice): (&Finding, bool),
    ) -> Result<(), StoreError> {
        let json = text(path, "a finding", finding)?;
        let (name, json) = (self.texts.shared(&finding.id), self.texts.once(json.into()));
        let (verdict, state) = (code(finding.verdict), State::of(finding) as i64);
        self.found.push(Found { policy, target, name, json, verdict, state, notice });
        Ok(())
    }
}

/// What was written already: to write it takes longer than to look for it.
#[derive(Default)]
struct Written<'r> {
    /// By schema and identity.
    shapes: HashMap<(usize, &'r Identity), usize>,
    faults: HashMap<Vec<Arc<Missing>>, usize>,
}

impl Seen {
    /// Makes ready what a run saw, for the store at a path, which errors name.
    pub fn of(path: &str, recording: &Recording) -> Result<Self, StoreError> {
        let observations = &recording.observations;
        // What was recalled stands in the store already, in the runs that saw it.
        let header = text(path, "the recording", &recording.header())?;
        let recorded = recording.started.to_string();
        let answers = Answers::reserved(observations.len());
        let texts = Texts::reserved(observations.len());
        let mut seen = Self { texts, recorded, header, answers };
        let (mut written, mut columns) = (Written::default(), Writer::default());
        for observation in observations {
            columns.0.clear();
            seen.answer(path, observation, (&mut written, &mut columns))?;
        }
        Ok(seen)
    }

    fn answer<'r>(
        &mut self,
        path: &str,
        observation: &'r Observation,
        (written, columns): (&mut Written<'r>, &mut Writer),
    ) -> Result<(), StoreError> {
        let Key { probe, target, args, facts } = &observation.key;
        let key = [target, probe, args, facts].map(|part| self.texts.shared(part));
        let mut faults = Faults::default();
        let (mut fault, mut cut) = (None, None);
        let mut why = |why: &Missing| Ok(self.texts.number(&text(path, "a fault", why)?));
        match &observation.result {
            Err(none) => fault = Some(why(none)?),
            Ok(table) => {
                cut = table.cut.as_deref().map(&mut why).transpose()?;
                encode(columns, table, &mut faults)
                    .map_err(|why| content(path, format!("the answer of {probe} at {target}"), why))?;
            }
        }
        let faults =
            if faults.list.is_empty() { None } else { Some(self.faults(path, faults.list, written)?) };
        let shape = self.shape(path, observation, written)?;
        let named = Named { key, shape, fault, cut, faults };
        self.answers.push(&named, &head(observation), &columns.0);
        Ok(())
    }

    /// The faults of cells.
    fn faults(
        &mut self,
        path: &str,
        list: Vec<Arc<Missing>>,
        written: &mut Written<'_>,
    ) -> Result<usize, StoreError> {
        if let Some(number) = written.faults.get(&list) {
            return Ok(*number);
        }
        let shown: Vec<&Missing> = list.iter().map(|why| &**why).collect();
        let number = self.texts.number(&text(path, "faults", &shown)?);
        written.faults.insert(list, number);
        Ok(number)
    }

    /// What seldom changes.
    fn shape<'r>(
        &mut self,
        path: &str,
        observation: &'r Observation,
        written: &mut Written<'r>,
    ) -> Result<usize, StoreError> {
        let schema: Option<&Arc<Schema>> = observation.result.as_ref().ok().map(|table| &table.schema);
        // The recording holds every schema, so none of them has the place of another.
        let known = (schema.map_or(0, |schema| Arc::as_ptr(schema).addr()), &observation.identity);
        if let Some(number) = written.shapes.get(&known) {
            return Ok(*number);
        }
        let shape =
            Shape { identity: &observation.identity, schema: schema.map(|schema| SchemaForm::of(schema)) };
        let number = self.texts.number(&text(path, "shape", &shape)?);
        written.shapes.insert(known, number);
        Ok(number)
    }
}

/// How it is written.
#[derive(Serialize)]
struct Shape<'a> {
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaForm<'a>>,
}

fn head(observation: &Observation) -> Head {
    Head {
        at: observation.at,
        source_clock: observation.source_clock,
        took: observation.took,
        table: observation.result.as_ref().ok().map(|table| (table.rows.len(), table.total)),
    }
}

/// Appends the columns of a table, their number first, then the length of each and its bytes; the error says what is wrong
/// with it.
fn encode(out: &mut Writer, table: &Table, faults: &mut Faults) -> Result<(), String> {
    let width = table.schema.fields.len();
    if let Some(row) = table.rows.iter().find(|row| row.len() != width) {
        return Err(format!("a row has {} cells, the schema {width}", row.len()));
    }
    out.size(width);
    let mut column = Writer::default();
    for field in 0..width {
        column.0.clear();
        let cells = table.rows.iter().filter_map(move |row| row.get(field));
        column::encode(&mut column, cells, &mut *faults);
        out.size(column.0.len());
        out.0.extend_from_slice(&column.0);
    }
    Ok(())
}
