//! A recording that answers again. What it does not hold is `unknown: absent`, never empty.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::fact::{Cause, Fitting, Key, Missing, Observation, Recording, Request, Table};

/// Answers from a recording.
pub struct Replay {
    /// What was recorded, as long as nobody took it.
    recorded: Vec<Option<Observation>>,
    /// Where the answer to a question stands, once one was not the next: a plan asks in the order in which the same plan
    /// was recorded.
    known: Option<HashMap<Key, usize>>,
    /// The one after the last that was taken.
    next: usize,
    started: jiff::Timestamp,
    /// That of the last answer: thousands of answers in a row have one shape.
    fitting: Option<Fitting>,
}

impl Replay {
    /// A recording that answers.
    pub fn new(recording: Recording) -> Self {
        let started = recording.started;
        let recorded = recording.observations.into_iter().map(Some).collect();
        Self { recorded, known: None, next: 0, started, fitting: None }
    }

    /// Answers every request, in their order.
    pub fn answer(mut self, requests: &[Request]) -> Vec<Observation> {
        let mut answers: Vec<Observation> = Vec::with_capacity(requests.len());
        for request in requests {
            let at = self.place(&request.key, &answers);
            let slot = at.and_then(|at| self.recorded.get_mut(at));
            let answer = match slot.map(Option::take) {
                Some(Some(recorded)) => Some(self.fitted(recorded, request)),
                // A plan asks each question once; whoever asks again gets the same answer.
                Some(None) => answers.iter().find(|answer| answer.key == request.key).cloned(),
                None => None,
            };
            let answer = answer.unwrap_or_else(|| self.absent(request));
            answers.push(answer);
        }
        // To take apart what nobody asked for would last as long as to answer.
        std::mem::forget(self);
        answers
    }

    /// Where the answer to a question stands, or stood. `answers` are those that were given.
    fn place(&mut self, key: &Key, answers: &[Observation]) -> Option<usize> {
        let expected = self.next;
        let is_next = matches!(self.recorded.get(expected), Some(Some(next)) if next.key == *key);
        let at = if is_next {
            expected
        } else {
            let all = || {
                // Until now each answer was the next one.
                let left = self.recorded.iter().skip(expected).flatten();
                answers.iter().chain(left).enumerate().map(|(at, answer)| (answer.key.clone(), at))
            };
            *self.known.get_or_insert_with(|| all().collect()).get(key)?
        };
        self.next = at + 1;
        Some(at)
    }

    fn absent(&self, request: &Request) -> Observation {
        let is_like = |key: &Key| key.target == request.key.target && key.probe == request.key.probe;
        let same = self.known.iter().flat_map(HashMap::keys).any(is_like);
        let what = if same { "with these arguments" } else { "of this target" };
        let why = Missing::new(Cause::Absent, format!("the recording has no `{}` {what}", request.key.probe));
        Observation::missing(request.key.clone(), self.started, why.fix("record again with `muster record`"))
    }

    fn fitted(&mut self, recorded: Observation, request: &Request) -> Observation {
        let result = recorded.result.and_then(|table| self.fit(table, request));
        Observation { result, ..recorded }
    }

    fn fit(&mut self, table: Table, request: &Request) -> Result<Table, Arc<Missing>> {
        let wanted = &request.schema;
        if Arc::ptr_eq(&table.schema, wanted) {
            return Ok(table);
        }
        let known = self.fitting.take().filter(|known| known.is_of(&table.schema, wanted));
        let fitting = match known {
            Some(known) => known,
            None => Fitting::new(&table.schema, wanted, &request.key.probe)?,
        };
        let table = fitting.table(table);
        self.fitting = Some(fitting);
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Args, Field, Past, Rows, Schema, TableBuilder, Type, Value, ZeroRows};

    fn schema(fields: &[(&str, &str)]) -> Arc<Schema> {
        let fields =
            fields.iter().map(|(name, ty)| Field::declared(name, Type::parse(ty).unwrap())).collect();
        Arc::new(Schema { version: 1, fields, key: vec![0], rows: Rows::Many, zero: ZeroRows::Fine })
    }

    fn request(path: &str, schema: &Arc<Schema>) -> Request {
        let mut args = Args::default();
        args.insert(Arc::from("path"), Value::text(path), Type::TEXT);
        Request::new("file.stat", "here", args, Arc::clone(schema), Vec::new())
    }

    fn recorded(path: &str, schema: &Arc<Schema>) -> Observation {
        let mut table = TableBuilder::new(schema, 10);
        table.row().set("path", Value::text(path)).set("size", Value::Int(7)).push();
        let none = Missing::new(Cause::Internal, "");
        let lost = Observation::missing(request(path, schema).key, jiff::Timestamp::UNIX_EPOCH, none);
        Observation { result: Ok(table.finish()), ..lost }
    }

    fn answers(recorded: Vec<Observation>, requests: &[Request]) -> Vec<Observation> {
        let recording = Recording {
            muster: Arc::from("0"),
            started: jiff::Timestamp::UNIX_EPOCH,
            policies: Vec::new(),
            about: None,
            complete: true,
            observations: recorded,
            past: Past::default(),
            gate: None,
        };
        Replay::new(recording).answer(requests)
    }

    #[test]
    fn who_asks_twice_gets_the_same_answer() {
        let own = schema(&[("path", "path"), ("size", "bytes")]);
        let wanted = schema(&[("path", "path"), ("size", "bytes")]);
        let asked = [request("/a", &wanted), request("/b", &wanted), request("/a", &wanted)];
        let answers = answers(vec![recorded("/b", &own), recorded("/a", &own)], &asked);
        assert_eq!(answers[0], answers[2]);
        for (answer, path) in answers.iter().zip(["/a", "/b", "/a"]) {
            let table = answer.result.as_ref().unwrap();
            assert!(Arc::ptr_eq(&table.schema, &wanted));
            assert_eq!(table.cell(0, "path"), Some(&Ok(Value::text(path))));
            assert_eq!(table.cell(0, "size"), Some(&Ok(Value::Int(7))));
        }
    }

    #[test]
    fn every_answer_gets_the_shape_that_it_is_asked_in() {
        let own = schema(&[("path", "path"), ("size", "bytes")]);
        let turned = schema(&[("size", "bytes"), ("path", "path"), ("owner", "text")]);
        let other = schema(&[("path", "path"), ("size", "text")]);
        let shapes = [&turned, &own, &other, &turned];
        let paths = ["/a", "/b", "/c", "/d"];
        let asked: Vec<Request> =
            paths.iter().zip(shapes).map(|(path, shape)| request(path, shape)).collect();
        let answers = answers(paths.iter().map(|path| recorded(path, &own)).collect(), &asked);
        for ((answer, shape), path) in answers.iter().zip(shapes).zip(paths) {
            let table = answer.result.as_ref().unwrap();
            assert_eq!(table.schema, *shape);
            assert_eq!(table.cell(0, "path"), Some(&Ok(Value::text(path))));
        }
        let cause = |answer: usize, name: &str| {
            let cell = answers[answer].result.as_ref().unwrap().cell(0, name).unwrap();
            cell.as_ref().err().map(|why| why.cause)
        };
        assert_eq!((cause(0, "owner"), cause(0, "size")), (Some(Cause::Absent), None));
        assert_eq!((cause(1, "size"), cause(2, "size")), (None, Some(Cause::WrongType)));
        assert_eq!(cause(3, "owner"), Some(Cause::Absent));
    }

    #[test]
    fn what_is_not_recorded_is_absent_and_says_how() {
        let own = schema(&[("path", "path"), ("size", "bytes")]);
        let other = Request::new("file.set", "here", Args::default(), Arc::clone(&own), Vec::new());
        let asked = [request("/b", &own), request("/c", &own), other.clone(), other];
        let answers = answers(vec![recorded("/a", &own)], &asked);
        let what = |index: usize| answers[index].result.as_ref().unwrap_err().what.clone();
        assert_eq!([what(0), what(1)], ["the recording has no `file.stat` with these arguments"; 2]);
        assert_eq!([what(2), what(3)], ["the recording has no `file.set` of this target"; 2]);
    }
}
