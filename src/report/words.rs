//! Words that several formats share.

use std::collections::BTreeMap;

use crate::fact::{Identity, Type, Value, show};
use crate::verdict::{Check, Counts, Finding, Layer, Origin, RunReport, Severity, StepKind, Verdict};

/// A number with commas between thousands.
pub(super) fn number(count: u64) -> String {
    show(&Value::Int(i64::try_from(count).unwrap_or(i64::MAX)), &Type::Int)
}

/// `1 check`, `40 checks`.
pub(crate) fn count(many: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(many), if many == 1 { "" } else { "s" })
}

/// A length as a count.
pub(super) fn size(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

/// The first names and how many follow.
pub(super) fn listed<S: AsRef<str>>(names: &[S], most: usize) -> String {
    let shown: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(most);
    let all = shown.join(", ");
    if more == 0 { all } else { format!("{all}, … and {} more", number(size(more))) }
}

/// `2 fail, 41 unknown, 5 pass`: what there is, the worst first.
pub(super) fn counts(counts: &Counts) -> String {
    let parts: Vec<String> = Verdict::ALL
        .iter()
        .rev()
        .filter(|verdict| counts.of(**verdict) > 0)
        .map(|verdict| format!("{} {}", number(counts.of(*verdict)), verdict.word()))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Where an operand comes from.
pub(super) fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Fact { probe } => probe.to_string(),
        Origin::Let => "computed by the policy".to_owned(),
        Origin::Literal => "written in the rule".to_owned(),
        Origin::Param { layer: Layer::Policy, .. } => Layer::Policy.word().to_owned(),
        Origin::Param { layer, at, default } => {
            let default = default.as_ref().map(|default| format!("; default {default}"));
            format!("{}, {at}{}", layer.word(), default.unwrap_or_default())
        }
        Origin::Context => "of this run".to_owned(),
    }
}

/// How a step is introduced.
pub(super) fn step(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Sql => "run in SQL:",
        StepKind::Shell => "run in a shell:",
        StepKind::Do => "",
    }
}

/// Who answers, and whom it reaches.
pub(super) fn owner(finding: &Finding) -> String {
    let Some(urgency) = finding.urgency else { return finding.owner.to_string() };
    let route = finding.route.as_deref().unwrap_or("no route in the project file: nobody is told");
    format!("{} ({} -> {route})", finding.owner, urgency.word())
}

/// What nobody may overlook: why this run judged nothing.
pub(super) fn nothing_judged(report: &RunReport) -> Option<String> {
    let judged = report.checks.iter().any(|check| worst(check) != Verdict::Skipped);
    match report.checks.len() {
        0 => Some("NOTHING WAS JUDGED: there was no check to run".to_owned()),
        _ if judged => None,
        1 => Some("NOTHING WAS JUDGED: the only check was skipped".to_owned()),
        all => Some(format!("NOTHING WAS JUDGED: all {} checks were skipped", number(size(all)))),
    }
}

/// The verdict of a check, which is never better than the worst of its findings.
pub(super) fn worst(check: &Check) -> Verdict {
    check.findings.iter().map(|finding| finding.verdict).fold(check.verdict, Ord::max)
}

/// Parameters that are looser than their policy's default, with the check that they belong to.
pub(super) fn looser(report: &RunReport) -> Vec<String> {
    let all = report.checks.iter().flat_map(|check| check.looser.iter().map(move |looser| (check, looser)));
    all.map(|(check, looser)| format!("{} @ {}: {looser}", check.policy, check.target)).collect()
}

/// Checks whose look left something behind for a moment, with what they used.
pub(super) fn scratch(report: &RunReport) -> Vec<String> {
    let used = report.checks.iter().filter(|check| !check.scratch.is_empty());
    used.map(|check| format!("{} @ {} ({})", check.policy, check.target, check.scratch.join(", "))).collect()
}

/// Who answered, in one line.
pub(super) fn identity(identity: &Identity) -> String {
    let system = identity.system.as_ref().map(|system| format!("system {system}"));
    let host = (!identity.host.is_empty()).then(|| identity.host.to_string());
    let version = identity.version.as_ref().map(ToString::to_string);
    let role = identity.role.as_ref().map(ToString::to_string);
    let known: Vec<String> = [host, version, role, system].into_iter().flatten().collect();
    if known.is_empty() { "did not say who it is".to_owned() } else { known.join(", ") }
}

/// Why a check was skipped.
pub(super) fn why_skipped(check: &Check) -> &str {
    let finding = check.findings.first().map(|finding| finding.message.as_str());
    check.note.as_deref().or(finding).unwrap_or("no reason was given")
}

/// Distinct texts with how many there are of each: `team-data (38), team-platform (2)`.
pub(super) fn tally(texts: impl Iterator<Item = String>) -> String {
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    for text in texts {
        *tally.entry(text).or_default() += 1;
    }
    let mut sorted: Vec<(String, u64)> = tally.into_iter().collect();
    sorted.sort_by_key(|(_, many)| std::cmp::Reverse(*many));
    let one = sorted.len() == 1;
    let words = sorted.into_iter().map(|(text, many)| if one { text } else { format!("{text} ({many})") });
    words.collect::<Vec<_>>().join(", ")
}

/// `FAIL (high)`.
pub(super) fn headline(verdict: Verdict, severity: Option<Severity>) -> String {
    let severity = severity.map(|severity| format!(" ({})", severity.word()));
    format!("{}{}", verdict.word().to_uppercase(), severity.unwrap_or_default())
}
