//! An audit on a terminal: what a manager reads in a minute.

use crate::audit::{Audit, Beneath, Exception, ExceptionKind, History, PatternKind, Population};
use crate::report::audit::is_checked;
use crate::report::{count, inline};
use crate::verdict::Verdict;

/// Lines of a list at most; the rest is in the other formats.
const MOST: usize = 10;

/// A list with a head, cut where it is long.
fn list(text: &mut String, head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{head}\n"));
    for line in lines.iter().take(MOST) {
        text.push_str(&format!("  {}\n", inline(line)));
    }
    if lines.len() > MOST {
        let rest = lines.len() - MOST;
        text.push_str(&format!("  ... and {rest} more: `--format html=FILE` has all of them\n"));
    }
}

/// The whole of it.
pub(super) fn text(audit: &Audit) -> String {
    let Audit { period, store, population, findings, exceptions, .. } = audit;
    let mut text = format!("{}: {} to {}\n", period.name, period.from, period.until);
    text.push_str(&format!("  {} in {}\n", count(store.runs, "run"), store.path));
    if let Some(first) = population.unseen {
        text.push_str(&format!("  nothing is known before {first}: the store begins there\n"));
    }
    if store.unpromised > 0 {
        let runs = count(store.unpromised, "run");
        text.push_str(&format!("  {runs} named only some policies, and promised nothing\n"));
    }
    let (expected, judged, missed) = (population.expected, population.judged, population.missed);
    text.push_str(&format!("\nof {expected} expected judgements {judged} happened, {missed} did not\n"));
    not_judged(&mut text, population);
    open(&mut text, findings);
    allowed(&mut text, exceptions);
    uncovered(&mut text, audit);
    patterns(&mut text, audit);
    let ahead: Vec<String> = audit
        .outlook
        .iter()
        .map(|one| format!("{} {}: {} ({})", one.kind, one.name, one.what, one.when()))
        .collect();
    list(&mut text, "ahead", &ahead);
    text
}

/// Where nothing was judged, and why.
fn not_judged(text: &mut String, population: &Population) {
    let gaps: Vec<String> = population
        .gaps
        .iter()
        .map(|gap| {
            let why = match (gap.runs, gap.unread) {
                (0, _) => "no run at all".to_owned(),
                (_, 0) => format!("{} did not judge it", count(gap.runs, "run")),
                (_, unread) => format!("tried {}, could not be judged", count(unread, "time")),
            };
            let open = if gap.open { ", lasts still" } else { "" };
            let (policy, target, missed) = (&gap.policy, &gap.target, gap.missed);
            format!("{policy} at {target}: {missed} missed from {} to {}: {why}{open}", gap.from, gap.to)
        })
        .collect();
    list(text, "not judged", &gaps);
    let interrupted: Vec<String> = population
        .interrupted
        .iter()
        .map(|run| format!("{} on {}: {}", run.at, run.host, run.about))
        .collect();
    list(text, "runs that began and never ended", &interrupted);
    let clocks: Vec<String> = population
        .clocks
        .iter()
        .map(|jump| format!("{} came after {} on {}", jump.at, jump.before, jump.host))
        .collect();
    list(text, "the clock went backwards", &clocks);
}

/// What somebody has to mend.
fn open(text: &mut String, findings: &[History]) {
    let open: Vec<String> = findings
        .iter()
        .filter(|finding| finding.is_open())
        .map(|finding| {
            let verdict = finding.now.map_or("", Verdict::word);
            let since = finding.since().map_or_else(String::new, |since| format!(" since {since}"));
            format!(
                "{verdict} {}/{}/{}{since}: {}",
                finding.policy, finding.target, finding.subject, finding.message
            )
        })
        .collect();
    list(text, &format!("{} open", count(open.len() as u64, "finding")), &open);
}

/// What was allowed, and what it hid.
fn allowed(text: &mut String, exceptions: &[Exception]) {
    let allowed: Vec<String> = exceptions
        .iter()
        .map(|one| {
            let named = [
                ("owner", &*one.allowed.owner),
                ("ticket", &one.allowed.ticket),
                ("until", &one.allowed.expires),
            ];
            let named: String = named
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(what, value)| format!(", {what} {value}"))
                .collect();
            let hid = match one.allowed.kind {
                ExceptionKind::Waiver => format!("; hid {}", count(one.hidden, "judgement")),
                _ => String::new(),
            };
            let worse = if one.worse.is_empty() {
                String::new()
            } else {
                format!("; WORSE: {}", one.worse.join(", "))
            };
            let others: Vec<String> =
                one.beneath.iter().filter(|one| !one.is_worse()).map(Beneath::said).collect();
            let others = match &others[..] {
                [] => String::new(),
                [only] => format!("; {only}"),
                [first, rest @ ..] => format!("; {first}, and {} more", rest.len()),
            };
            format!(
                "{} of {}{named}: {}{hid}{worse}{others}",
                one.allowed.kind.word(),
                one.allowed.policy,
                one.allowed.what
            )
        })
        .collect();
    list(text, "allowed", &allowed);
}

/// Controls that nobody checks, and statements that do not count.
fn uncovered(text: &mut String, audit: &Audit) {
    for framework in &audit.controls {
        let nobody = framework.controls.iter().filter(|control| !is_checked(control));
        let nobody: Vec<String> =
            nobody.map(|control| format!("{} {}: {}", control.id, control.title, control.state)).collect();
        let head = format!(
            "{}: {} of {} controls were not checked",
            framework.title,
            nobody.len(),
            framework.controls.len()
        );
        list(text, &head, &nobody);
    }
    let stale: Vec<String> = audit
        .attestations
        .iter()
        .filter(|one| !one.faults.is_empty())
        .map(|one| format!("{} by {} at {}: {}", one.topic, one.by, one.at, one.faults.join("; ")))
        .collect();
    list(text, "attestations that do not count", &stale);
}

/// What a person should think about.
fn patterns(text: &mut String, audit: &Audit) {
    let patterns: Vec<String> = audit
        .patterns
        .iter()
        .map(|one| {
            let what = match one.kind {
                PatternKind::AlwaysFails => format!("failed every time ({})", one.judged),
                PatternKind::NeverRead => format!("could never be judged ({})", one.judged),
                PatternKind::AlwaysSkipped => {
                    format!("skipped every time ({}): does it ask anything?", one.count)
                }
                PatternKind::Flaps => {
                    format!("changed {} in {} judgements", count(one.count, "time"), one.judged)
                }
                PatternKind::Unmended => format!("open for {}", count(one.count, "day")),
                PatternKind::AlwaysPasses => format!("passed every time ({}): can it fail?", one.judged),
            };
            let subject = if one.subject.is_empty() { String::new() } else { format!("/{}", one.subject) };
            format!("{} at {}{subject}: {what}", one.policy, one.target)
        })
        .collect();
    list(text, "patterns", &patterns);
}
