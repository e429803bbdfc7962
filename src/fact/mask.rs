//! Texts that a recording does not tell: each is replaced by a keyed digest.
//!
//! Equal texts have equal digests within one recording, so rows are told apart, joined and counted as before; the text
//! does not come back, and without the key nobody can try texts until one fits. A masked text is no text: compared
//! with one that is told, it is unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    Cell, Field, History, Key, Missing, Observation, Past, Recall, Recording, Row, Table, Type, Value,
    row_name,
};

/// What stands in messages where a masked text stood.
const MASKED: &str = "[masked]";

/// Shorter texts are not looked for in messages: they stand in every word.
const SHORTEST: usize = 3;

/// Which facts are masked: those of a probe, by name.
type Which<'w> = dyn Fn(&str, &Field) -> bool + 'w;

/// Masks with one key.
pub struct Masker<'w> {
    key: Vec<u8>,
    which: &'w Which<'w>,
    /// Texts that were masked.
    texts: BTreeSet<Arc<str>>,
}

/// Is it a text that can be masked? Words of a closed set and versions tell nobody's name.
pub fn is_text(ty: &Type) -> bool {
    match ty.base() {
        Type::Text(_) => true,
        Type::List(item) => is_text(item),
        _ => false,
    }
}

impl<'w> Masker<'w> {
    /// A masker with this key.
    pub fn new(key: &[u8], which: &'w Which<'w>) -> Self {
        Self { key: key.to_vec(), which, texts: BTreeSet::new() }
    }

    /// What tells its key from others, as a recording says it.
    pub fn mark(&self) -> Arc<str> {
        self.digest("muster")
    }

    fn digest(&self, text: &str) -> Arc<str> {
        let mut bytes = Vec::new();
        // A key of any length is one.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(text.as_bytes());
            bytes = mac.finalize().into_bytes().to_vec();
        }
        Arc::from(bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    /// Masks the facts of a recording, and what was recalled of them. How many texts were masked.
    pub fn mask(mut self, recording: &mut Recording) -> usize {
        let mut names: HashMap<Key, BTreeMap<Arc<str>, Arc<str>>> = HashMap::new();
        for answer in &mut recording.observations {
            let known = names.entry(answer.key.clone()).or_default();
            self.answer(answer, known);
        }
        let earlier = std::mem::take(&mut recording.past.before);
        for ((source, key), answer) in earlier {
            let mut answer = (*answer).clone();
            self.answer(&mut answer, names.entry(key.clone()).or_default());
            recording.past.before.insert((source, key), Arc::new(answer));
        }
        self.past(&mut recording.past, &names, &recording.observations);
        self.messages(recording);
        // Nothing is masked by a text that says nothing.
        if let Some(about) = recording.about.as_mut().filter(|_| !self.texts.is_empty()) {
            about.mask = Some(self.mark());
        }
        self.texts.len()
    }

    /// Masks an answer, and notes what its rows were called and are called now.
    fn answer(&mut self, answer: &mut Observation, names: &mut BTreeMap<Arc<str>, Arc<str>>) {
        let Ok(table) = &mut answer.result else { return };
        let schema = Arc::clone(&table.schema);
        let columns: Vec<usize> = schema
            .fields
            .iter()
            .enumerate()
            .filter(|(_, field)| is_text(&field.ty) && (self.which)(&answer.key.probe, field))
            .map(|(column, _)| column)
            .collect();
        for row in &mut table.rows {
            let before = row_name(&schema, row);
            for column in &columns {
                if let Some(cell) = row.get_mut(*column) {
                    self.cell(cell);
                }
            }
            if let (Ok(before), Ok(after)) = (before, row_name(&schema, row)) {
                names.insert(before, after);
            }
        }
    }

    fn cell(&mut self, cell: &mut Cell) {
        if let Ok(value) = cell {
            self.value(value);
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Text(text) => {
                let masked = Value::Masked(self.digest(text));
                self.texts.insert(Arc::clone(text));
                *value = masked;
            }
            Value::List(items) => {
                let mut own = items.to_vec();
                own.iter_mut().for_each(|item| self.cell(item));
                *items = own.into();
            }
            _ => {}
        }
    }

    /// Samples stand by the names of their rows. Of a row that is no more there, nobody asks for samples.
    fn past(
        &mut self,
        past: &mut Past,
        names: &HashMap<Key, BTreeMap<Arc<str>, Arc<str>>>,
        answers: &[Observation],
    ) {
        let histories = std::mem::take(&mut past.history);
        for (key, history) in histories {
            let mut history = (*history).clone();
            let schema = answers
                .iter()
                .find(|answer| answer.key == key)
                .and_then(|answer| answer.result.as_ref().ok())
                .map(|table| &table.schema);
            // Of an answer that could not be read nobody knows which of its samples are texts to be hidden, and nobody asks for them.
            let Some(schema) = schema else { continue };
            let hidden = |name: &Arc<str>| {
                let field = schema.field(name);
                field.is_some_and(|field| is_text(&field.ty) && (self.which)(&key.probe, field))
            };
            let columns: Vec<usize> =
                history.facts.iter().enumerate().filter(|(_, name)| hidden(name)).map(|(at, _)| at).collect();
            let empty = BTreeMap::new();
            let known = names.get(&key).unwrap_or(&empty);
            let keyless = schema.key.is_empty();
            let subjects = std::mem::take(&mut history.subjects).into_iter();
            let renamed = subjects.filter_map(|(name, mut tracks)| {
                let name = if keyless { name } else { Arc::clone(known.get(&name)?) };
                for track in columns
                    .iter()
                    .filter_map(|at| Some(*at).filter(|at| *at < tracks.len()))
                    .collect::<Vec<_>>()
                {
                    if let Some(track) = tracks.get_mut(track) {
                        track.values.iter_mut().for_each(|value| self.value(value));
                    }
                }
                Some((name, tracks))
            });
            let subjects = renamed.collect();
            past.history.insert(key, Arc::new(History { subjects, ..history }));
        }
        // Findings are named by digests of their subjects, which are other ones now: as if nothing were known.
        if !self.texts.is_empty() {
            past.recall = Recall::default();
        }
    }

    /// Faults may tell a text in their words.
    fn messages(&self, recording: &mut Recording) {
        // A text may hold another one.
        let mut texts: Vec<&str> = self.texts.iter().map(|text| &**text).collect();
        texts.retain(|text| text.len() >= SHORTEST);
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        let mut known: HashMap<Arc<Missing>, Arc<Missing>> = HashMap::new();
        let mut clean = |why: &mut Arc<Missing>| {
            let cleaned = known.entry(Arc::clone(why)).or_insert_with(|| cleaned(&texts, why));
            *why = Arc::clone(cleaned);
        };
        let mut answer = |answer: &mut Observation| match &mut answer.result {
            Err(why) => clean(why),
            Ok(Table { rows, cut, .. }) => {
                cut.iter_mut().for_each(&mut clean);
                let cells = rows.iter_mut().flat_map(|row: &mut Row| row.iter_mut());
                cells.filter_map(|cell| cell.as_mut().err()).for_each(&mut clean);
            }
        };
        recording.observations.iter_mut().for_each(&mut answer);
        recording.past.before.values_mut().for_each(|then| answer(Arc::make_mut(then)));
    }
}

fn cleaned(texts: &[&str], why: &Arc<Missing>) -> Arc<Missing> {
    let clean = |text: &str| texts.iter().fold(text.to_owned(), |text, known| text.replace(known, MASKED));
    let (what, fix) = (clean(&why.what), why.fix.as_deref().map(clean));
    if what == why.what && fix == why.fix {
        Arc::clone(why)
    } else {
        Arc::new(Missing { what, fix, ..(**why).clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Args, Before, Cause, Request, Rows, Schema, TableBuilder, Track, ZeroRows};

    fn recording(names: &[&str]) -> Recording {
        let fields = vec![
            Field::declared("name", Type::TEXT),
            Field::declared("peers", Type::list(Type::TEXT)),
            Field::declared("size", Type::BYTES),
        ];
        let schema =
            Arc::new(Schema { version: 1, fields, key: vec![0], rows: Rows::Many, zero: ZeroRows::Fine });
        let request = Request::new("file.stat", "here", Args::default(), Arc::clone(&schema), Vec::new());
        let mut table = TableBuilder::new(&schema, 9);
        for name in names {
            let size = Missing::new(Cause::Denied, format!("no right to {name}")).cell();
            table
                .row()
                .set("name", Value::text(name))
                .set("peers", Value::texts(names))
                .cell("size", size)
                .push();
        }
        let none = Missing::new(Cause::Internal, "");
        let lost = Observation::missing(request.key, jiff::Timestamp::UNIX_EPOCH, none);
        Recording {
            muster: Arc::from("0"),
            started: jiff::Timestamp::UNIX_EPOCH,
            about: Some(super::super::About::default()),
            policies: Vec::new(),
            complete: true,
            observations: vec![Observation { result: Ok(table.finish()), ..lost }],
            past: Past::default(),
            gate: None,
        }
    }

    #[test]
    fn equal_texts_stay_equal_and_no_text_is_told() {
        let mut masked = recording(&["alice", "bob"]);
        assert_eq!(Masker::new(b"key", &|_, _| true).mask(&mut masked), 2);
        let text = masked.to_text();
        assert!(!text.contains("alice") && !text.contains("bob"), "{text}");
        assert!(text.contains("no right to [masked]"));
        let back = Recording::from_text(&text).unwrap();
        assert_eq!(back, masked);
        let table = back.observations[0].result.as_ref().unwrap();
        let name = table.cell(0, "name").unwrap().clone();
        let Ok(Value::List(peers)) = table.cell(1, "peers").unwrap() else { panic!() };
        assert_eq!(name, peers[0]);
        assert_ne!(peers[0], peers[1]);
        let mut other = recording(&["alice", "bob"]);
        assert_eq!(Masker::new(b"other", &|_, _| true).mask(&mut other), 2);
        assert_ne!(back.about, other.about, "keys are told apart");
        assert_ne!(table.rows, other.observations[0].result.as_ref().unwrap().rows);
    }

    #[test]
    fn only_the_facts_that_are_private_are_masked() {
        let mut some = recording(&["alice"]);
        assert_eq!(
            Masker::new(b"key", &|probe, field| probe == "file.stat" && &*field.name == "peers")
                .mask(&mut some),
            1
        );
        let table = some.observations[0].result.as_ref().unwrap();
        assert_eq!(table.cell(0, "name"), Some(&Ok(Value::text("alice"))));
        let mut none = recording(&["alice"]);
        assert_eq!(Masker::new(b"key", &|_, _| false).mask(&mut none), 0);
        assert_eq!(none, recording(&["alice"]));
    }

    #[test]
    fn what_was_recalled_is_masked_and_found_by_its_new_name() {
        let mut masked = recording(&["alice", "bob"]);
        let seen = masked.observations[0].clone();
        let track = Track { at: vec![1], values: vec![Value::text("alice")] };
        let subjects =
            [("alice", track.clone()), ("gone", track)].map(|(name, track)| (Arc::from(name), vec![track]));
        let history = History {
            facts: vec![Arc::from("name")],
            subjects: HashMap::from(subjects),
            ..History::default()
        };
        masked.past.history.insert(seen.key.clone(), Arc::new(history));
        masked.past.before.insert((Before::Previous(None), seen.key.clone()), Arc::new(seen.clone()));
        masked.past.recall.judged.insert((Arc::from("p"), Arc::from("here")), vec![seen.at]);
        Masker::new(b"key", &|_, _| true).mask(&mut masked);
        let text = masked.to_text();
        assert!(!text.contains("alice") && !text.contains("gone"), "{text}");
        assert_eq!(Recording::from_text(&text).unwrap(), masked);
        let now = masked.observations[0].result.as_ref().unwrap();
        let name = row_name(&now.schema, &now.rows[0]).unwrap();
        let track = masked.past.history[&seen.key].track(&name, "name").unwrap().clone();
        assert_eq!(
            Ok(track.values[0].clone()),
            now.rows[0][0],
            "samples are found by the name that the row has now"
        );
        let then = masked.past.before.values().next().unwrap();
        assert_eq!(then.result, masked.observations[0].result, "then and now are alike still");
        assert_eq!(masked.past.recall, Recall::default(), "findings have other ids now");
    }
}
