//! A run as remarks.

use serde_json::{Map, Value as Json, json};

use super::{Accepted, Grade, Looked, Place, Remark};
use crate::report::{text, words};
use crate::verdict::{Check, Finding, RunReport, StepKind, Verdict};

pub(super) fn remarks(report: &RunReport) -> (Looked, Vec<Remark>) {
    let mut rules: Vec<(String, String)> = Vec::new();
    for check in &report.checks {
        let id = text::inline(&check.policy);
        if !rules.iter().any(|(known, _)| *known == id) {
            rules.push((id, text::inline(&check.title)));
        }
    }
    let mut found = Vec::new();
    for check in &report.checks {
        let findings = check.findings.iter().filter(|finding| finding.verdict > Verdict::Skipped);
        found.extend(findings.map(|finding| remark(finding, &check.title)));
        if check.findings.is_empty() && check.verdict > Verdict::Waived {
            found.push(of_check(check));
        }
    }
    found.extend(report.notices.iter().map(|notice| remark(notice, &notice.message)));
    let looked = Looked {
        rules,
        properties: properties(report),
        exit: report.exit,
        exit_reason: report.exit_reason.clone(),
        command: "check",
        home: String::new(),
    };
    (looked, found)
}

/// What passed must be told too: a run without remarks is otherwise like one that looked at nothing.
fn properties(report: &RunReport) -> Map<String, Json> {
    let of = |check: &Check| {
        json!({
            "policy": &*check.policy, "target": &*check.target, "verdict": words::worst(check).word(),
            "subjects": words::counts(&check.counts),
        })
    };
    let checks: Vec<Json> = report.checks.iter().map(of).collect();
    let mut all = Map::new();
    all.insert("checks".to_owned(), checks.into());
    all.insert("subjects".to_owned(), words::counts(&report.subjects).into());
    all.insert("started".to_owned(), report.started.clone().into());
    if let Some(nothing) = words::nothing_judged(report) {
        all.insert("nothing_judged".to_owned(), nothing.into());
    }
    all
}

fn grade(verdict: Verdict) -> Grade {
    match verdict {
        Verdict::Fail | Verdict::Unknown => Grade::Error,
        Verdict::Warn => Grade::Warning,
        Verdict::Pass | Verdict::Skipped | Verdict::Waived => Grade::Note,
    }
}

fn remark(finding: &Finding, title: &str) -> Remark {
    let subject = format!("{} at {}", finding.subject.shown, finding.target);
    let about = if finding.subject.key.is_empty() { finding.target.to_string() } else { subject };
    let message = format!("{}: {about}: {}", finding.verdict.word(), finding.message);
    let operands = finding.operands.iter().map(|operand| {
        json!({ "text": &*operand.text, "shown": operand.shown, "value": operand.value, "type": operand.ty, "origin": words::origin(&operand.origin) })
    });
    let operands: Vec<Json> = operands.collect();
    let mut properties = Map::new();
    for (name, value) in [
        ("id", json!(&*finding.id)),
        ("verdict", json!(finding.verdict.word())),
        ("severity", json!(finding.severity.word())),
        ("target", json!(&*finding.target)),
        ("subject", json!(&*finding.subject.shown)),
        ("rule", json!(&*finding.rule)),
        ("operands", operands.into()),
        ("owner", json!(&*finding.owner)),
    ] {
        properties.insert(name.to_owned(), value);
    }
    if let Some(cause) = &finding.cause {
        properties.insert("cause".to_owned(), cause.cause.word().into());
    }
    let suppressed = finding.waiver.as_ref().filter(|_| finding.verdict == Verdict::Waived);
    Remark {
        rule: text::inline(&finding.policy),
        title: text::inline(title),
        grade: grade(finding.verdict),
        message: text::inline(&message),
        help: help(finding),
        place: place(&finding.at),
        fingerprint: finding.id.to_string(),
        suppressed: suppressed.map(|waiver| Accepted {
            why: text::inline(&format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.expires)),
            in_source: false,
        }),
        properties,
    }
}

/// A check that is not well, and has no finding that says so.
fn of_check(check: &Check) -> Remark {
    let said = check.note.clone().unwrap_or_else(|| words::worst(check).word().to_owned());
    let message = format!("{}: {}: {said}", words::worst(check).word(), check.target);
    Remark {
        rule: text::inline(&check.policy),
        title: text::inline(&check.title),
        grade: grade(words::worst(check)),
        message: text::inline(&message),
        help: String::new(),
        place: None,
        fingerprint: format!("{}@{}", text::inline(&check.policy), text::inline(&check.target)),
        suppressed: None,
        properties: Map::new(),
    }
}

/// Facts with their limit, and the remedy, a line each.
fn help(finding: &Finding) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !finding.rule.is_empty() {
        lines.push(format!("rule: {}", text::inline(&finding.rule)));
    }
    for operand in &finding.operands {
        let origin = words::origin(&operand.origin);
        lines.push(text::inline(&format!("{} = {} ({origin})", operand.text, operand.shown)));
    }
    if let Some(fix) = finding.cause.as_ref().and_then(|cause| cause.fix.as_ref()) {
        lines.push(text::inline(&format!("to see it: {fix}")));
    }
    for step in &finding.remedy {
        let danger = step.danger.as_ref().map(|danger| format!(" (careful: {danger})")).unwrap_or_default();
        let how = match step.kind {
            StepKind::Do => "do: ",
            kind => words::step(kind),
        };
        lines.push(text::inline(&format!("{} {}{danger}", how.trim_end(), step.text)));
    }
    lines.join("\n")
}

/// `policies/a.yaml:3:7`, also if the name of the file has colons.
pub(in crate::report) fn place(at: &str) -> Option<Place> {
    let mut parts = at.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next().filter(|file| !file.is_empty())?;
    // Policies of the library stand in no file of the user's; the name still says which one it is.
    let file =
        file.strip_prefix("builtin:").map_or_else(|| file.to_owned(), |inside| format!("builtin/{inside}"));
    Some(Place { file, line, column, end: None })
}
