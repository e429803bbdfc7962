//! The whole decision about one subject as a tree: what was observed, how it was related, every condition with its
//! operands, and what made of the failure what it is. Every truth in it comes from the evaluator that judged.

mod facts;
mod tree;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Cell, Observation, Type, Value, show};
use crate::plan::Check;
use crate::policy::{Expect, Ladder, Rung};
use crate::rule::eval::holds;
use crate::verdict::{Finding, Operand, Reason, Severity, Verdict};

use super::findings::{Maker, shown};
use super::scope::RowScope;
use super::tables::Tables;
use super::{Given, Outcome, judge, waive};

use tree::Tree;

/// A decision.
pub struct Explained {
    /// The finding; `None` if the subject passed or is outside.
    pub finding: Option<Finding>,
    /// The subject.
    pub subject: Arc<str>,
    /// What was decided.
    pub verdict: String,
    /// How.
    pub tree: Vec<Reason>,
}

/// The names of all subjects of a check that can be told apart.
pub fn subjects(check: &Check, answers: &[Observation], given: &Given<'_>) -> Vec<Arc<str>> {
    if check.skip.is_some() {
        return Vec::new();
    }
    let tables = Tables::new(check, answers, given);
    let each = check.policy.each;
    let Ok(rows) = tables.rows(each) else { return Vec::new() };
    (0..rows.len()).filter_map(|index| name(check, tables.row(each, index).ok()?.as_ref())).collect()
}

/// The name of a row; that of the target if its rows have no key.
fn name(check: &Check, row: &[Cell]) -> Option<Arc<str>> {
    let schema = check.policy.row_schema()?;
    if schema.key.is_empty() { Some(Arc::clone(&check.target.name)) } else { shown(schema, row).ok() }
}

/// What the rungs of a check read of a subject, whatever they say of it.
pub fn operands(check: &Check, answers: &[Observation], given: &Given<'_>, subject: &str) -> Vec<Operand> {
    let tables = Tables::new(check, answers, given);
    let maker = Maker::new(&tables);
    let settings = maker.settings(Some(subject), &mut BTreeSet::new());
    let (Some(row), Ok(settings)) = (row_of(check, &tables, subject), settings) else { return Vec::new() };
    let scope = RowScope::new(&maker, Some(&row), &settings);
    let mut found: Vec<Operand> = Vec::new();
    for rung in check.policy.fail.iter().chain(&check.policy.warn) {
        for operand in super::operands::of(&rung.rule, &scope) {
            if !found.iter().any(|known| known.text == operand.text) {
                found.push(operand);
            }
        }
    }
    found
}

/// The row of a subject.
fn row_of(check: &Check, tables: &Tables<'_>, subject: &str) -> Option<Vec<Cell>> {
    let each = check.policy.each;
    let rows = tables.rows(each).map_or(0, super::tables::Rows::len);
    (0..rows).find_map(|index| {
        let row = tables.row(each, index).ok()?;
        (name(check, &row).as_deref() == Some(subject)).then(|| row.to_vec())
    })
}

/// How a subject of a check was judged: the one of that name, and of the findings about it the one of that id, if
/// one is given. `None` if there is no such subject.
pub fn explain(
    check: &Check,
    answers: &[Observation],
    given: &Given<'_>,
    (subject, id): (&str, Option<&str>),
) -> Option<Explained> {
    let Outcome { check: judged, .. } = judge(check, answers, given);
    let about = |finding: &&Finding| {
        *finding.subject.shown == *subject && id.is_none_or(|id| finding.id.starts_with(id))
    };
    let finding = judged.findings.iter().find(about).cloned();
    let mut tree = vec![facts::target(check)];
    if let Some(why) = &check.skip {
        tree.push(Reason::new("when", why.clone(), "skipped").at(check.policy.loc.to_string()));
        return Some(Explained { finding, subject: Arc::from(subject), verdict: "skipped".to_owned(), tree });
    }
    let tables = Tables::new(check, answers, given);
    let maker = Maker::new(&tables);
    tree.extend(facts::observations(&maker));
    tree.extend(facts::relations(&maker));
    let row = row_of(check, &tables, subject);
    let is_row =
        |finding: &Finding| finding.subject.key.first().is_none_or(|(name, _)| &**name != "expected");
    let row = row.filter(|_| finding.as_ref().is_none_or(is_row));
    let outside = match (&row, &finding) {
        (Some(row), _) => of_row(&maker, row, subject, finding.as_ref(), &mut tree),
        (None, Some(finding)) => {
            tree.push(expected(check, finding));
            false
        }
        (None, None) => return None,
    };
    if let Some(finding) = &finding {
        tree.extend(afterwards(&maker, finding));
    }
    let verdict = match &finding {
        Some(finding) => finding.verdict.word().to_owned(),
        None if outside => "not judged: `where` leaves it out".to_owned(),
        None => Verdict::Pass.word().to_owned(),
    };
    tree.push(Reason::new("verdict", subject, verdict.clone()));
    Some(Explained { finding, subject: Arc::from(subject), verdict, tree })
}

/// Everything that was decided about a row; is it no subject?
fn of_row(
    maker: &Maker<'_, '_>,
    row: &[Cell],
    subject: &str,
    finding: Option<&Finding>,
    tree: &mut Vec<Reason>,
) -> bool {
    let settings = match maker.settings(Some(subject), &mut BTreeSet::new()) {
        Ok(settings) => settings,
        Err(why) => {
            tree.push(Reason::new("override", why.what.clone(), format!("unknown: {}", why.cause)));
            return false;
        }
    };
    let scope = RowScope::new(maker, Some(row), &settings);
    let drawn = Tree::new(&scope);
    let (steps, outside) = rules(&drawn);
    tree.extend(steps);
    tree.extend(finding.into_iter().flat_map(|finding| ladders(&drawn, finding)));
    outside
}

/// A name that is expected, or an answer that there is none.
fn expected(check: &Check, finding: &Finding) -> Reason {
    let text = match &check.policy.expect {
        Expect::List(_) | Expect::Param(_) | Expect::Keys(_) if !finding.subject.key.is_empty() => {
            "this name is expected"
        }
        Expect::Some => "at least one subject is expected",
        _ => "what the answer means as a whole",
    };
    Reason::new("expect", text, finding.message.clone())
        .of(tree::operands(&finding.operands))
        .at(check.policy.loc.to_string())
}

/// `where`, the rungs and the script; and whether the row is no subject.
fn rules(tree: &Tree<'_, '_, '_>) -> (Vec<Reason>, bool) {
    let policy = &tree.scope.maker.check.policy;
    let mut steps = Vec::new();
    if let Some(filter) = &policy.filter {
        steps.push(tree.rule("where", filter));
        match holds(&filter.node, tree.scope) {
            Ok(true) => {}
            Ok(false) => return (steps, true),
            Err(_) => return (steps, false),
        }
    }
    let failed = rungs(tree, "fail", &policy.fail, &mut steps);
    let unknown = policy.fail.iter().any(|rung| holds(&rung.rule.node, tree.scope).is_err());
    if !failed && !unknown {
        rungs(tree, "warn", &policy.warn, &mut steps);
    }
    if policy.script.is_some() {
        let text = "the script judges the row as well; the worse of it and the rules counts";
        let said = if failed { "not asked: a rule fails already" } else { "see the verdict" };
        steps.push(Reason::new("script", text, said).of(tree.script()));
    }
    (steps, false)
}

/// Rungs up to the first that holds.
fn rungs(tree: &Tree<'_, '_, '_>, step: &str, rungs: &[Rung], steps: &mut Vec<Reason>) -> bool {
    for rung in rungs {
        steps.push(tree.rule(step, &rung.rule));
        if holds(&rung.rule.node, tree.scope) == Ok(true) {
            return true;
        }
    }
    false
}

/// How bad, and whom it reaches.
fn ladders(tree: &Tree<'_, '_, '_>, finding: &Finding) -> Vec<Reason> {
    let policy = &tree.scope.maker.check.policy;
    let settings = tree.scope.settings;
    let mut steps = vec![ladder(
        tree,
        "severity",
        &policy.severity,
        finding.severity.word(),
        settings.severity.map(Severity::word),
    )];
    if let (Some(alert), Some(urgency)) = (&policy.alert, finding.urgency) {
        let set = settings.urgency.map(crate::verdict::Urgency::word);
        steps.push(ladder(tree, "urgency", &alert.urgency, urgency.word(), set));
        let route =
            finding.route.clone().unwrap_or_else(|| "nobody: the owner has no route for it".to_owned());
        steps.push(Reason::new("route", format!("{} by {}", finding.owner, urgency.word()), route));
    }
    steps
}

fn ladder<T>(
    tree: &Tree<'_, '_, '_>,
    step: &str,
    ladder: &Ladder<T>,
    said: &str,
    set: Option<&str>,
) -> Reason {
    let text = match (set, ladder.rungs.is_empty()) {
        (Some(_), _) => "an override of the project sets it",
        (None, true) => "the policy says so",
        (None, false) => "the first rung that holds",
    };
    let rungs = ladder.rungs.iter().filter(|_| set.is_none());
    Reason::new(step, text, said).of(rungs.map(|(_, rule)| tree.rule("rung", rule)).collect())
}

/// What became of a failure: `for`, then waivers.
fn afterwards(maker: &Maker<'_, '_>, finding: &Finding) -> Vec<Reason> {
    let mut steps = Vec::new();
    let judged = finding.waiver.as_ref().and(finding.beneath).unwrap_or(finding.verdict);
    if let Some(needed) = maker.check.policy.alert.as_ref().and_then(|alert| alert.held) {
        let long = show(&Value::Int(needed), &Type::DURATION);
        let said = match (&finding.note, judged) {
            (Some(note), _) => note.clone(),
            (None, Verdict::Fail) => "it has held in every sample of that time".to_owned(),
            (None, _) => "only a failure is held back".to_owned(),
        };
        steps.push(Reason::new("for", format!("it must have held for {long}"), said));
    }
    // Waivers were asked about the verdict that is beneath now.
    let before = Finding { verdict: judged, waiver: None, ..finding.clone() };
    for (_, waiver) in &maker.check.waivers {
        let subject = waiver.subject.as_ref().map(|pattern| format!(", subject `{}`", pattern.text));
        let text = format!("`{}`{}: {}", waiver.policy.text, subject.unwrap_or_default(), waiver.reason);
        let said = waive::why_not(maker, waiver, &before).unwrap_or_else(|| "it covers this".to_owned());
        steps.push(Reason::new("waiver", text, said).at(waiver.loc.to_string()));
    }
    steps
}
