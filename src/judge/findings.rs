//! One finding with everything that a person needs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Value, value_to_json};
use crate::plan::{Check, Settings};
use crate::policy::Expect;
use crate::policy::decode::digest;
use crate::rule::eval::holds;
use crate::rule::node::Place;
use crate::verdict::{Finding, Operand, Origin, Step, Subject, Verdict};

pub(super) use crate::fact::row_name as shown;

use super::Given;
use super::decide::{Decision, climb};
use super::operands;
use super::scope::RowScope;
use super::tables::Tables;

/// Makes findings of one check.
pub(super) struct Maker<'m, 'a> {
    pub check: &'a Check,
    pub tables: &'m Tables<'a>,
    pub given: &'a Given<'a>,
}

impl<'m, 'a> Maker<'m, 'a> {
    pub(super) fn new(tables: &'m Tables<'a>) -> Self {
        Self { check: tables.check, tables, given: tables.given }
    }

    /// The clock of the judged rows.
    pub(super) fn now(&self) -> i64 {
        crate::fact::micros_of(self.tables.now(self.check.policy.each).unwrap_or(self.given.at))
    }

    /// Settings of a subject: the overrides whose patterns match it, together. Two that disagree leave nothing
    /// to judge by.
    pub(super) fn settings(
        &self,
        subject: Option<&str>,
        used: &mut BTreeSet<usize>,
    ) -> Result<Cow<'a, Settings>, Arc<Missing>> {
        let base = &self.check.settings;
        let Some(subject) = subject.filter(|_| !self.check.subjects.is_empty()) else {
            return Ok(Cow::Borrowed(base));
        };
        let matching = self.check.subjects.iter().enumerate().filter_map(|(index, entry)| {
            let matches = entry.pattern.matches(subject);
            matches.then(|| used.insert(index)).map(|_| entry)
        });
        self.check.together(matching).map_err(|[first, second]| {
            let what = format!(
                "two overrides match `{subject}` and set different values: {} and {}",
                first.at, second.at
            );
            let missing = Missing::new(Cause::Ambiguous, what).level(Level::Row);
            Arc::new(missing.fix("let one of the two patterns not match this subject"))
        })
    }

    /// Names that must be there, and why they may not be all.
    pub(super) fn expected(&self) -> (Vec<Arc<str>>, Vec<Arc<Missing>>) {
        match &self.check.policy.expect {
            Expect::List(names) => (names.clone(), Vec::new()),
            Expect::Param(index) => {
                let value = self.check.settings.params.get(*index).map(|setting| &setting.value);
                let names = match value {
                    Some(Value::List(items)) => {
                        items.iter().filter_map(|item| item.as_ref().ok()?.as_text().map(Arc::from)).collect()
                    }
                    _ => Vec::new(),
                };
                (names, Vec::new())
            }
            Expect::Keys(view) => self.keys(*view),
            Expect::Default | Expect::Some | Expect::Any => (Vec::new(), Vec::new()),
        }
    }

    /// The names of the rows of another view.
    fn keys(&self, view: usize) -> (Vec<Arc<str>>, Vec<Arc<Missing>>) {
        let (rows, schema) = match (self.tables.rows(view), self.tables.schema(view)) {
            (Ok(rows), Ok(schema)) => (rows, schema),
            (Err(why), _) | (_, Err(why)) => return (Vec::new(), vec![why]),
        };
        let (mut names, mut faults) = (Vec::with_capacity(rows.len()), rows.faults());
        for index in 0..rows.len() {
            match self.tables.row(view, index).and_then(|row| shown(schema, &row)) {
                Ok(name) => names.push(name),
                Err(why) => faults.push(why),
            }
        }
        if names.is_empty() && faults.is_empty() {
            let name = self.check.policy.views.get(view).map_or("", |view| &view.rows.name);
            let what = format!("`{name}` says what is expected, and has no rows");
            faults.push(Arc::new(Missing::new(Cause::Empty, what)));
        }
        (names, faults)
    }

    fn subject(&self, row: Option<&[Cell]>) -> Subject {
        let policy = &self.check.policy;
        let whole = || Subject { key: Vec::new(), shown: Arc::clone(&self.check.target.name) };
        let (Some(schema), Some(row)) = (policy.row_schema(), row) else { return whole() };
        let Ok(name) = shown(schema, row) else { return whole() };
        if schema.key.is_empty() {
            return whole();
        }
        let part = |index: &usize| {
            let (field, cell) = (schema.fields.get(*index)?, row.get(*index)?);
            Some((Arc::clone(&field.name), value_to_json(cell.as_ref().ok()?, &field.ty)))
        };
        Subject { key: schema.key.iter().filter_map(part).collect(), shown: name }
    }

    fn id(&self, subject: &Subject) -> Arc<str> {
        digest(&format!(
            "{}\n{}\n{}\n{}",
            self.check.policy.id,
            self.check.target.name,
            subject.shown,
            subject.key.len()
        ))
    }

    /// A finding that nothing could be said.
    pub(super) fn unknown(&self, row: Option<&[Cell]>, why: &Arc<Missing>) -> Finding {
        let scope = RowScope::new(self, row, &self.check.settings);
        self.finding(
            row,
            scope,
            Decision {
                verdict: Verdict::Unknown,
                rule: None,
                message: None,
                cause: Some(Arc::clone(why)),
                text: None,
            },
        )
    }

    /// A finding that an expected name is not there, or why that is not known.
    pub(super) fn absent(&self, name: &Arc<str>, gap: Option<&Arc<Missing>>) -> Finding {
        let scope = RowScope::new(self, None, &self.check.settings);
        let (verdict, text) = match gap {
            None => (Verdict::Fail, format!("`{name}` is expected and was not found")),
            Some(why) => {
                let text =
                    format!("`{name}` is expected and not among the rows that could be read: {}", why.what);
                (Verdict::Unknown, text)
            }
        };
        let decision = Decision { verdict, rule: None, message: None, cause: gap.cloned(), text: Some(text) };
        let mut finding = self.finding(None, scope, decision);
        finding.subject = Subject {
            key: vec![(Arc::from("expected"), serde_json::Value::from(&**name))],
            shown: Arc::clone(name),
        };
        finding.id = self.id(&finding.subject);
        finding.operands = vec![self.wanted(name)];
        finding
    }

    /// An expected name, with what names it.
    fn wanted(&self, name: &Arc<str>) -> Operand {
        let scope = RowScope::new(self, None, &self.check.settings);
        let origin = match &self.check.policy.expect {
            Expect::Param(index) => operands::origin(&Place::Param(*index), &scope),
            Expect::Keys(view) => operands::origin(&Place::Observation(*view, 0), &scope),
            _ => Origin::Literal,
        };
        let shown = name.to_string();
        let value = serde_json::Value::from(&**name);
        Operand { text: Arc::from("expected"), shown, value, ty: crate::fact::Type::TEXT.to_string(), origin }
    }

    /// The finding of a decision.
    pub(super) fn finding(
        &self,
        row: Option<&[Cell]>,
        mut scope: RowScope<'_, '_>,
        decision: Decision<'_>,
    ) -> Finding {
        let policy = &self.check.policy;
        let settings = scope.settings;
        let subject = self.subject(row);
        scope.limits = decision.rule.map(|rule| operands::limits(rule, &scope)).unwrap_or_default();
        let severity = settings.severity.unwrap_or_else(|| climb(&policy.severity, &scope));
        let urgency = policy
            .alert
            .as_ref()
            .map(|alert| settings.urgency.unwrap_or_else(|| climb(&alert.urgency, &scope)));
        let owner = settings.owner.clone().unwrap_or_else(|| Arc::clone(&self.check.owner));
        let about_row = row.is_some() || policy.each_is_one();
        let remedy = if about_row { remedy(policy, &scope, decision.cause.as_deref()) } else { Vec::new() };
        let context = policy
            .alert
            .iter()
            .flat_map(|alert| &alert.context)
            .map(|rule| operands::operand(rule, &scope))
            .collect();
        let operands = match (decision.rule, &decision.text) {
            (Some(rule), _) => operands::of(rule, &scope),
            // Without a rule and with a row it was the script that spoke.
            (None, Some(_)) if row.is_some() => operands::of_script(&scope),
            _ => Vec::new(),
        };
        Finding {
            id: self.id(&subject),
            policy: Arc::clone(&policy.id),
            target: Arc::clone(&self.check.target.name),
            verdict: decision.verdict,
            beneath: None,
            severity,
            urgency,
            route: urgency.and_then(|urgency| self.check.routes.get(&urgency)).map(ToString::to_string),
            owner,
            message: message(policy, &decision, &scope, &operands),
            rule: decision.rule.map_or_else(|| Arc::from(""), |rule| Arc::clone(&rule.node.text)),
            at: decision.rule.map_or_else(|| policy.loc.to_string(), |rule| rule.node.loc.to_string()),
            operands,
            context,
            remedy,
            runbook: settings.runbook.as_ref().or(policy.runbook.as_ref()).map(ToString::to_string),
            waiver: None,
            note: None,
            cause: decision.cause,
            subject,
        }
    }
}

fn message(
    policy: &crate::policy::Policy,
    decision: &Decision<'_>,
    scope: &RowScope<'_, '_>,
    operands: &[Operand],
) -> String {
    if let Some(text) = &decision.text {
        return text.clone();
    }
    if let Some(why) = &decision.cause {
        return format!("could not be judged: {}", why.what);
    }
    match decision.message.or(policy.message.as_ref()) {
        Some(template) => template.fill(scope, scope),
        None => {
            decision.rule.map_or_else(|| policy.title.to_string(), |rule| operands::sentence(rule, operands))
        }
    }
}

/// The steps of the policy.
fn remedy(policy: &crate::policy::Policy, scope: &RowScope<'_, '_>, cause: Option<&Missing>) -> Vec<Step> {
    // What would make an unknown fact readable stands in its cause; the policy's steps are for what is wrong.
    if cause.is_some() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for step in &policy.remedy {
        let wanted = step.condition.as_ref().map_or(Ok(true), |rule| holds(&rule.node, scope));
        let text = step.text.fill_step(scope, scope, step.kind);
        match wanted {
            Ok(true) => steps.push(Step { kind: step.kind, text, danger: step.danger.clone() }),
            Ok(false) => {}
            Err(why) => {
                let condition = step.condition.as_ref().map_or("", |rule| &*rule.node.text);
                let danger = format!("only if `{condition}`, which is unknown: {}", why.cause);
                let danger =
                    step.danger.as_ref().map_or(danger.clone(), |known| format!("{known}; {danger}"));
                steps.push(Step { kind: step.kind, text, danger: Some(danger) });
            }
        }
    }
    steps
}
