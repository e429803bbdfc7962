//! Rows to findings.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Schema, Table, Value};
use crate::policy::Expect;
use crate::rule::eval::holds;
use crate::rule::script::{ScriptInput, ScriptVerdict};
use crate::verdict::{Finding, Verdict};

use super::decide::{Decision, decide};
use super::findings::{Maker, shown};
use super::join::Pairs;
use super::parts::in_parts;
use super::scope::RowScope;
use super::tables::Rows;

/// So many pairs are read before they are judged.
const AHEAD: usize = 256;

/// What the rows of a check say.
pub(super) struct Judged {
    pub findings: Vec<Finding>,
    pub passed: u64,
    pub outside: u64,
    pub subjects: BTreeSet<usize>,
    pub seen: BTreeSet<Arc<str>>,
    /// Why a row has no name: it may be one that is expected.
    pub unnamed: Option<Arc<Missing>>,
}

impl Judged {
    /// Notes that a name is there. One that is masked may be any of those that are expected.
    fn see(&mut self, subject: Option<Arc<str>>, masked: bool) {
        if masked {
            self.unnamed.get_or_insert_with(crate::rule::ops::masked);
        }
        self.seen.extend(subject);
    }
}

/// Judges every row of the view.
pub(super) fn judge(maker: &Maker<'_, '_>, rows: &Rows<'_>) -> Judged {
    let mut judged = Judged {
        findings: Vec::new(),
        passed: 0,
        outside: 0,
        subjects: BTreeSet::new(),
        seen: BTreeSet::new(),
        unnamed: None,
    };
    let each = maker.check.policy.each;
    let Some(schema) = maker.check.policy.row_schema() else { return judged };
    let keyed = !schema.key.is_empty();
    // The rows of a join are told apart already, unless the left side's own key belongs to theirs.
    let names = match rows {
        Rows::Plain(table) if keyed => table.rows.iter().map(|row| shown(schema, row)).collect(),
        _ => Vec::new(),
    };
    let doubles = doubles(&names);
    let expects = matches!(maker.check.policy.expect, Expect::List(_) | Expect::Param(_) | Expect::Keys(_));
    let whole = maker.check.policy.script.as_ref().map(|_| maker.tables.whole(each));
    // The cells of pairs are put together only where there is something to say of them.
    let lightly = rows.pairs().filter(|_| whole.is_none() && !expects && maker.check.subjects.is_empty());
    let left = lightly.map(|pairs| at_a_glance(maker, pairs, &schema.key, &mut judged));
    for at in 0..left.as_ref().map_or(rows.len(), Vec::len) {
        let index = left.as_ref().map_or(Some(at), |left| left.get(at).copied()).unwrap_or(rows.len());
        let row = match maker.tables.row(each, index) {
            Ok(row) => row,
            Err(why) => {
                judged.findings.push(maker.unknown(None, &why));
                continue;
            }
        };
        if let Some(why) = rows.ambiguous(index) {
            // One finding for all rows of that key; it is there, whichever of them is meant.
            let name = shown(schema, &row).ok();
            if name.is_none_or(|name| judged.seen.insert(name)) {
                judged.findings.push(maker.unknown(Some(&row), &why));
            }
            continue;
        }
        let subject = match names.get(index).cloned().or_else(|| keyed.then(|| shown(schema, &row))) {
            Some(Ok(name)) => Some(name),
            Some(Err(why)) => {
                judged.findings.push(maker.unknown(None, &why));
                judged.unnamed.get_or_insert(why);
                continue;
            }
            None => None,
        };
        if let Some(name) = subject.as_ref().filter(|name| doubles.contains(&***name)) {
            // One finding for all rows of that key.
            if judged.seen.insert(Arc::clone(name)) {
                judged.findings.push(maker.unknown(Some(&row), &ambiguous(name)));
            }
            continue;
        }
        let outside = judged.outside;
        one(maker, whole.as_ref(), &row, subject.as_deref(), &mut judged);
        if expects && judged.outside == outside && !rows.is_gone(index) {
            judged.see(subject, is_masked(schema, &row));
        }
    }
    judged
}

fn ambiguous(name: &str) -> Arc<Missing> {
    let what = format!("several rows have the key `{name}`, so what is said of one may be said of another");
    Arc::new(Missing::new(Cause::Ambiguous, what).level(Level::Row).fix("name more facts under `key`"))
}

/// Is a part of the row's name a text that the recording does not tell?
fn is_masked(schema: &Schema, row: &[Cell]) -> bool {
    schema.key.iter().any(|column| matches!(row.get(*column), Some(Ok(Value::Masked(_)))))
}

/// Keys that more than one row has.
pub(super) fn doubles(names: &[Result<Arc<str>, Arc<Missing>>]) -> BTreeSet<&str> {
    let mut counts: HashMap<&str, u32> = HashMap::with_capacity(names.len());
    let mut doubles = BTreeSet::new();
    for name in names.iter().flatten() {
        let count = counts.entry(name).or_default();
        *count += 1;
        if *count > 1 {
            doubles.insert(&**name);
        }
    }
    doubles
}

/// A row of which there is nothing more to say.
enum Glance {
    Passed,
    Outside,
}

/// Counts the pairs of which there is nothing more to say, and returns the positions of the others.
fn at_a_glance(maker: &Maker<'_, '_>, pairs: &Pairs<'_>, key: &[usize], judged: &mut Judged) -> Vec<usize> {
    let parts = in_parts(&pairs.rows, |from, part| {
        let (mut passed, mut outside, mut left) = (0, 0, Vec::new());
        for (number, index) in (from..).take(part.len()).enumerate() {
            if number.is_multiple_of(AHEAD) {
                pairs.read_on(maker.tables, index, AHEAD);
            }
            let seen =
                if pairs.ambiguous.contains_key(&index) { None } else { glance(maker, pairs, key, index) };
            match seen {
                Some(Glance::Passed) => passed += 1,
                Some(Glance::Outside) => outside += 1,
                None => left.push(index),
            }
        }
        (passed, outside, left)
    });
    let mut all = Vec::new();
    for (passed, outside, left) in parts {
        judged.passed += passed;
        judged.outside += outside;
        all.extend(left);
    }
    all
}

/// Judges a row by those of its cells that the rules read. `None` if it has no name or needs a finding, for which
/// all of its cells are put together.
fn glance(maker: &Maker<'_, '_>, pairs: &Pairs<'_>, key: &[usize], index: usize) -> Option<Glance> {
    let policy = &maker.check.policy;
    let mut named = key.is_empty();
    for column in key {
        named |= pairs.is_key(*column) || !pairs.cell(maker.tables, index, *column).ok()?.is_null();
    }
    if !named {
        return None;
    }
    let scope = RowScope::at(maker, index, &maker.check.settings);
    if let Some(filter) = &policy.filter
        && !holds(&filter.node, &scope).ok()?
    {
        return Some(Glance::Outside);
    }
    rules(maker, &scope).is_none().then_some(Glance::Passed)
}

/// All rows, where a script may read them.
pub(super) type Whole<'t> = Option<&'t Result<Cow<'t, Table>, Arc<Missing>>>;

fn one(maker: &Maker<'_, '_>, whole: Whole<'_>, row: &[Cell], subject: Option<&str>, judged: &mut Judged) {
    let hidden = || maker.check.policy.row_schema().is_some_and(|schema| is_masked(schema, row));
    if !maker.check.subjects.is_empty() && hidden() {
        // Which overrides are for it is not known.
        return judged.findings.push(maker.unknown(Some(row), &crate::rule::ops::masked()));
    }
    let settings = match maker.settings(subject, &mut judged.subjects) {
        Ok(settings) => settings,
        Err(why) => return judged.findings.push(maker.unknown(Some(row), &why)),
    };
    let scope = RowScope::new(maker, Some(row), &settings);
    if let Some(filter) = &maker.check.policy.filter {
        match holds(&filter.node, &scope) {
            Ok(true) => {}
            Ok(false) => {
                judged.outside += 1;
                return;
            }
            Err(why) => {
                let decision = Decision {
                    verdict: Verdict::Unknown,
                    rule: Some(filter),
                    message: None,
                    cause: Some(why),
                    text: None,
                };
                judged.findings.push(maker.finding(Some(row), scope, decision));
                return;
            }
        }
    }
    let decision = if maker.check.policy.script.is_some() {
        script(maker, whole, row, &scope)
    } else {
        rules(maker, &scope)
    };
    match decision {
        Some(decision) => judged.findings.push(maker.finding(Some(row), scope, decision)),
        None => judged.passed += 1,
    }
}

/// What the rungs of the policy say.
fn rules<'a>(maker: &'a Maker<'_, '_>, scope: &RowScope<'_, '_>) -> Option<Decision<'a>> {
    let policy = &maker.check.policy;
    decide(&policy.fail, &policy.warn, scope)
}

pub(super) fn script<'a>(
    maker: &'a Maker<'_, '_>,
    whole: Whole<'_>,
    row: &[Cell],
    scope: &RowScope<'_, '_>,
) -> Option<Decision<'a>> {
    let script = maker.check.policy.script.as_ref()?;
    let by_rule = rules(maker, scope);
    if by_rule.as_ref().is_some_and(|decision| decision.verdict == Verdict::Fail) {
        return by_rule;
    }
    let unknown = |why: &Arc<Missing>| Decision {
        verdict: Verdict::Unknown,
        rule: None,
        message: None,
        cause: Some(Arc::clone(why)),
        text: None,
    };
    let table = match whole? {
        Ok(table) => table,
        Err(why) => return Some(unknown(why)),
    };
    let params: Vec<_> = maker
        .check
        .policy
        .params
        .iter()
        .zip(&scope.settings.params)
        .map(|(param, setting)| (Arc::clone(&param.name), setting.value.clone(), param.ty.clone()))
        .collect();
    let target = &maker.check.target;
    let input = ScriptInput {
        schema: &table.schema,
        row,
        rows: &table.rows,
        params: &params,
        target_name: &target.name,
        target_kind: &target.kind,
        labels: &target.labels,
        now: maker.now(),
        deadline: std::time::Duration::from_secs(1),
    };
    let decision = |verdict, cause, text| Decision { verdict, rule: None, message: None, cause, text };
    let by_script = match script.judge(&input) {
        Ok(ScriptVerdict::Pass) => None,
        Ok(ScriptVerdict::Warn(text)) => Some(decision(Verdict::Warn, None, Some(text))),
        Ok(ScriptVerdict::Fail(text)) => Some(decision(Verdict::Fail, None, Some(text))),
        Err(why) => Some(decision(Verdict::Unknown, Some(why), None)),
    };
    match (by_rule, by_script) {
        (Some(rule), Some(script)) if rule.verdict >= script.verdict => Some(rule),
        (rule, None) => rule,
        (_, script) => script,
    }
}
