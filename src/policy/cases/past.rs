//! The past as a case gives it: earlier answers and samples.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Case, Policy, Reader, items, literal, pairs};
use crate::diag::{code, did_you_mean};
use crate::fact::{
    History, Identity, Missing, Observation, Past, Recall, Rows, Table, Track, Type, micros_of, row_name,
    timestamp,
};
use crate::source::yaml::{Kind, Node};
use crate::verdict::{Finding, Verdict};

impl Case {
    /// What was before, for the questions of these answers, which are in the order of the observations.
    pub fn past(&self, policy: &Policy, answers: &[Observation]) -> Past {
        let mut past = Past::default();
        for (index, (observe, answer)) in policy.observe.iter().zip(answers).enumerate() {
            if let (Some(source), Some(Some(result))) = (&observe.before, self.before.get(index)) {
                let then = Observation {
                    key: answer.key.clone(),
                    result: result.clone(),
                    at: self.now,
                    source_clock: None,
                    took: std::time::Duration::ZERO,
                    identity: Identity::default(),
                };
                past.before.insert((source.clone(), answer.key.clone()), Arc::new(then));
            }
            if observe.history.is_some() {
                let samples = self.samples.get(index).map(Vec::as_slice).unwrap_or_default();
                let history = history(samples, micros_of(answer.now()), &answer.key.target);
                past.history.insert(answer.key.clone(), Arc::new(history));
            }
        }
        past
    }
}

/// Samples by subject, each fact in a track of its own.
fn history(samples: &[(i64, Table)], now: i64, target: &Arc<str>) -> History {
    let Some((_, first)) = samples.first() else { return History::default() };
    let facts: Vec<Arc<str>> = first.schema.fields.iter().map(|field| Arc::clone(&field.name)).collect();
    let mut subjects: HashMap<Arc<str>, Vec<Track>> = HashMap::new();
    for (ago, table) in samples {
        for row in &table.rows {
            let name = if table.schema.key.is_empty() {
                Ok(Arc::clone(target))
            } else {
                row_name(&table.schema, row)
            };
            let Ok(name) = name else { continue };
            let tracks = subjects.entry(name).or_insert_with(|| vec![Track::default(); facts.len()]);
            for (track, cell) in tracks.iter_mut().zip(row) {
                if let Ok(value) = cell {
                    track.at.push(now.saturating_sub(*ago));
                    track.values.push(value.clone());
                }
            }
        }
    }
    History { facts, subjects, ..History::default() }
}

/// What earlier runs said of failures that have held for so long, which a rule wants to have held for `needed`: it was
/// not so just before, and is so since.
pub fn recalled(policy: &Policy, findings: &[Finding], (now, held): (Timestamp, i64)) -> Recall {
    let Some(needed) = policy.alert.as_ref().and_then(|alert| alert.held) else { return Recall::default() };
    let before = |ago: i64| timestamp(micros_of(now).saturating_sub(ago));
    // Whoever looks that often leaves no gap that is longer than what is asked for.
    let reach = [held, needed.min(held)];
    let mut so: Vec<Timestamp> = reach.into_iter().filter_map(before).filter(|at| *at < now).collect();
    so.dedup();
    let judged: Vec<Timestamp> =
        before(held.saturating_add(1)).into_iter().chain(so.iter().copied()).collect();
    let mut recall = Recall::default();
    for finding in findings.iter().filter(|finding| finding.verdict == Verdict::Fail) {
        recall.judged.insert((Arc::clone(&finding.policy), Arc::clone(&finding.target)), judged.clone());
        recall.held.insert(Arc::clone(&finding.id), so.clone());
    }
    recall
}

impl Reader<'_> {
    /// How long failures have held; of a policy without `for:` it would say nothing.
    pub(super) fn held(&mut self, node: &Node) -> Option<i64> {
        if self.policy.alert.as_ref().and_then(|alert| alert.held).is_none() {
            let help = "leave `held:` out, or give the alert a `for:`".to_owned();
            self.bad(node, "the policy has no `for:`, so that nothing has to hold".to_owned(), Some(help));
        }
        literal::typed(node, &Type::DURATION).ok()?.as_int()
    }

    /// The observation of a key that must have `before:` or `history:`.
    fn relates(&mut self, key: &Node, what: &str, has: impl Fn(&super::Observe) -> bool) -> bool {
        let word = key.as_str().unwrap_or("");
        let names: Vec<&str> = self.policy.observe.iter().filter(|o| has(o)).map(|o| &*o.name).collect();
        if names.contains(&word) {
            return true;
        }
        let help = did_you_mean(word, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
            [] => format!("no observation of the policy has `{what}:`"),
            names => format!("those with `{what}:` are {}", names.join(", ")),
        });
        self.bad(key, format!("`{word}` has no `{what}:` in the policy"), Some(help));
        false
    }

    pub(super) fn before(&mut self, node: Option<&Node>) -> Vec<Option<Result<Table, Arc<Missing>>>> {
        for (key, _) in pairs(node) {
            self.relates(key, "before", |observe| observe.before.is_some());
        }
        let policy = self.policy;
        let given = policy.observe.iter().map(|observe| {
            let facts = node.and_then(|node| node.get(&observe.name))?;
            if let Some(age) = facts.get("age").filter(|_| facts.get("rows").is_some()) {
                self.bad(age, "an earlier answer has no `age` that would be judged".to_owned(), None);
            }
            Some(self.observation(observe, &observe.asked, Some(facts)))
        });
        given.collect()
    }

    pub(super) fn samples(&mut self, node: Option<&Node>) -> Vec<Vec<(i64, Table)>> {
        for (key, _) in pairs(node) {
            self.relates(key, "history", |observe| observe.history.is_some());
        }
        let policy = self.policy;
        let mut all = Vec::with_capacity(policy.observe.len());
        for observe in &policy.observe {
            let mut samples = Vec::new();
            for sample in items(node.and_then(|node| node.get(&observe.name))) {
                let ago =
                    sample.get("ago").and_then(|ago| literal::typed(ago, &Type::DURATION).ok()?.as_int());
                let one = observe.asked.rows == Rows::One;
                let rows = sample.get("rows").filter(|rows| one == matches!(rows.kind, Kind::Map(_)));
                let Some(rows) = rows else {
                    let (form, help) = if one {
                        (
                            "a map of facts",
                            "write `rows: { fact: value }`, because the probe always gives one row",
                        )
                    } else {
                        ("a list of rows", "write `rows: [{ fact: value }]`")
                    };
                    let message = format!("the rows of a sample of `{}` are {form}", observe.name);
                    self.bad(sample, message, Some(help.to_owned()));
                    continue;
                };
                if let (Some(ago), Ok(table)) = (ago, self.observation(observe, &observe.asked, Some(rows))) {
                    samples.push((ago, table));
                }
            }
            samples.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
            if let Some((ago, _)) = samples.first()
                && micros_of(self.now).checked_sub(*ago).and_then(timestamp).is_none()
            {
                self.diags.push(crate::diag::Diag::error(
                    &code::CASE,
                    "a sample lies before the first time that can be kept",
                ));
            }
            all.push(samples);
        }
        all
    }
}
