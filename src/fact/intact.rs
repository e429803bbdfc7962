//! Whether the answers of a recording can be what was written: none contradicts another one or itself.
//!
//! A recording is a text that anybody may edit, or put together of two. Of what cannot be true of any run nothing is
//! judged.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Key, Observation, Recording, Table};

impl Recording {
    /// What of it cannot be as it says, one sentence for each.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut known: HashMap<&Key, &Observation> = HashMap::with_capacity(self.observations.len());
        for answer in &self.observations {
            if let Some(twin) = known.insert(&answer.key, answer)
                && twin.result != answer.result
            {
                let (probe, target) = (&answer.key.probe, &answer.key.target);
                found.push(format!("`{probe}` of `{target}` has two answers to one question"));
            }
        }
        let earlier = self.past.before.values().map(Arc::as_ref);
        for answer in self.observations.iter().chain(earlier) {
            let wrong = answer.result.as_ref().ok().and_then(count);
            found
                .extend(wrong.map(|why| format!("`{}` of `{}`: {why}", answer.key.probe, answer.key.target)));
        }
        found
    }
}

/// Rows that were taken away, or added, without a word.
fn count(table: &Table) -> Option<String> {
    let there = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
    let whole = if table.cut.is_none() { there == table.total } else { there <= table.total };
    (!whole).then(|| {
        let s = |many| if many == 1 { "" } else { "s" };
        let is = if table.cut.is_none() { ", and nothing says that the answer was cut" } else { "" };
        format!("{there} row{} of {} that it counts{is}", s(there), table.total)
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::{
        Args, Cause, Field, Missing, Past, Request, Rows, Schema, TableBuilder, Type, Value, ZeroRows,
    };
    use super::*;

    fn answer(sizes: &[i64]) -> Observation {
        let fields = vec![Field::declared("size", Type::BYTES)];
        let (rows, zero) = (Rows::Many, ZeroRows::Fine);
        let schema = Arc::new(Schema { version: 1, fields, key: vec![0], rows, zero });
        let request = Request::new("file.stat", "here", Args::default(), Arc::clone(&schema), Vec::new());
        let mut table = TableBuilder::new(&schema, 10);
        sizes.iter().for_each(|size| table.row().set("size", Value::Int(*size)).push());
        let lost =
            Observation::missing(request.key, Timestamp::UNIX_EPOCH, Missing::new(Cause::Internal, ""));
        Observation { result: Ok(table.finish()), ..lost }
    }

    fn wrong(observations: Vec<Observation>) -> usize {
        let (muster, started, policies) = (Arc::from("0"), Timestamp::UNIX_EPOCH, Vec::new());
        let (about, complete, past, gate) = (None, true, Past::default(), None);
        Recording { muster, started, about, policies, observations, complete, past, gate }
            .contradictions()
            .len()
    }

    fn counted(total: u64, cut: bool) -> usize {
        let mut answer = answer(&[1, 2]);
        let table = answer.result.as_mut().unwrap();
        table.total = total;
        table.cut = cut.then(|| Arc::new(Missing::new(Cause::Incomplete, "")));
        wrong(vec![answer])
    }

    #[test]
    fn rows_are_as_many_as_were_counted_or_the_answer_was_cut() {
        assert_eq!([counted(2, false), counted(3, false), counted(1, false)], [0, 1, 1]);
        assert_eq!([counted(2, true), counted(3, true), counted(1, true)], [0, 0, 1]);
    }

    #[test]
    fn one_question_has_one_answer() {
        assert_eq!(wrong(vec![answer(&[1]), answer(&[1])]), 0);
        assert_eq!(wrong(vec![answer(&[1]), answer(&[2])]), 1);
    }
}
