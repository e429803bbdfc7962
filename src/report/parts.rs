//! What a finding tells, in one order for every format.

use super::words;
use crate::verdict::{Check, Finding, Operand, Step, Verdict};

/// One thing that is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// In one word, for the margin.
    pub(super) label: &'static str,
    /// What is told.
    pub(super) body: Body,
}

/// How it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// In prose.
    Text(String),
    /// A value that was judged: as the rule writes it, as people read it, and where it comes from.
    Value(String, String, String),
    /// What would make something readable: a grant or a command, to be pasted.
    Fix(String),
    /// What to do.
    Steps(Vec<Step>),
}

fn text(label: &'static str, text: impl Into<String>) -> Part {
    Part { label, body: Body::Text(text.into()) }
}

fn value(label: &'static str, operand: &Operand) -> Part {
    let from = words::origin(&operand.origin);
    Part { label, body: Body::Value(operand.text.to_string(), operand.shown.clone(), from) }
}

fn rule(finding: &Finding) -> Option<Part> {
    match (finding.rule.is_empty(), finding.at.is_empty()) {
        (true, true) => None,
        (true, false) => Some(text("at", finding.at.clone())),
        (false, true) => Some(text("rule", finding.rule.to_string())),
        (false, false) => Some(text("rule", format!("{}  ({})", finding.rule, finding.at))),
    }
}

/// The cause of an unknown; what the message says already is not said twice.
fn cause(finding: &Finding) -> Vec<Part> {
    let Some(cause) = &finding.cause else { return Vec::new() };
    let told = finding.message.contains(&cause.what);
    let why = if told { cause.cause.to_string() } else { cause.to_string() };
    let fix = cause.fix.clone().map(|fix| Part { label: "to see it", body: Body::Fix(fix) });
    [text("unknown", why)].into_iter().chain(fix).collect()
}

/// What the verdict would be without the waiver, or once the time of `for` is over.
fn beneath(finding: &Finding) -> Option<Part> {
    let beneath = finding.beneath?.word();
    Some(match finding.verdict {
        Verdict::Waived => text("beneath", format!("{beneath}, were it not waived")),
        _ => text("becomes", format!("{beneath}, if it holds")),
    })
}

fn waiver(finding: &Finding) -> Vec<Part> {
    let Some(waiver) = &finding.waiver else { return Vec::new() };
    let who = format!("{}, {}, until the end of {}", waiver.owner, waiver.ticket, waiver.expires);
    vec![text("waived", waiver.reason.clone()), text("waived by", format!("{who}  ({})", waiver.at))]
}

/// What a finding tells besides its heading, message and id.
pub(super) fn of(check: Option<&Check>, finding: &Finding) -> Vec<Part> {
    let mut parts = cause(finding);
    parts.extend(finding.operands.iter().map(|operand| value("judged", operand)));
    parts.extend(finding.context.iter().map(|operand| value("context", operand)));
    parts.extend(rule(finding));
    parts.extend(check.map(|check| text("expected", check.title.to_string())));
    parts.extend(check.and_then(|check| check.note.clone()).map(|note| text("check", note)));
    parts.extend(finding.note.clone().map(|note| text("note", note)));
    parts.extend(beneath(finding));
    parts.extend(waiver(finding));
    parts.push(text("owner", words::owner(finding)));
    if !finding.remedy.is_empty() {
        parts.push(Part { label: "to do", body: Body::Steps(finding.remedy.clone()) });
    }
    parts.extend(finding.runbook.clone().map(|runbook| text("runbook", runbook)));
    parts
}

/// Parts that all have in common, and what is left to each.
pub(super) fn hoist(mut each: Vec<Vec<Part>>) -> (Vec<Part>, Vec<Vec<Part>>) {
    if each.len() < 2 {
        return (each.pop().unwrap_or_default(), vec![Vec::new()]);
    }
    let first = each.first().cloned().unwrap_or_default();
    let shared: Vec<Part> =
        first.into_iter().filter(|part| each.iter().all(|parts| parts.contains(part))).collect();
    for parts in &mut each {
        parts.retain(|part| !shared.contains(part));
    }
    (shared, each)
}
