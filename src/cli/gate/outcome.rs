//! What came out of a gate: the report, how it went, and the exit code.

use std::sync::Arc;

use jiff::Timestamp;

use crate::judge::{Assembly, Outcome, assemble};
use crate::plan::Check;
use crate::policy::decode::digest;
use crate::report::gate::{GatePage, Timeline};
use crate::verdict::{Finding, RunReport, Verdict};

use super::super::edge::host;
use super::super::exit;
use super::super::run::{add_broken, broken};
use super::rounds::{End, Gate};
use super::taken::who;
use super::verify::shown;

/// The report of the last round.
pub(super) fn report(
    gate: &Gate<'_>,
    outcomes: Vec<Outcome>,
    started: Timestamp,
    fail_on: Verdict,
) -> RunReport {
    let about = Assembly {
        broken: broken(gate.setup),
        overdue: Vec::new(),
        muster: Arc::from(env!("CARGO_PKG_VERSION")),
        host: Arc::from(host()),
        started,
        recording: None,
        targets: who(&gate.answers, gate.setup).into_iter().collect(),
        fail_on,
        project: &gate.setup.project,
        whole: false,
    };
    let mut report = assemble(&gate.sides.plan, outcomes, about);
    add_broken(gate.setup, &mut report, fail_on);
    report
}

/// A check as the page names it.
fn name(check: &Check) -> String {
    format!("{} at {}", check.policy.id, check.target.name)
}

/// How it went.
pub(super) fn timeline(gate: &Gate<'_>, end: End) -> Timeline {
    let checks = gate.sides.plan.checks.iter().zip(&gate.tracks.each);
    let fell = checks.filter(|(_, track)| !track.fell.is_empty());
    let flapped = fell.map(|(check, track)| {
        let times = u64::try_from(track.fell.len()).unwrap_or(u64::MAX);
        (name(check), times)
    });
    Timeline {
        wait: gate.patience.wait.map(shown),
        stable: gate.patience.stable,
        end: match end {
            End::Done => "done",
            End::Late => "late",
            End::Cancelled => "cancelled",
        },
        rounds: gate.rounds.clone(),
        changes: gate.tracks.changes.clone(),
        flapped: flapped.collect(),
    }
}

/// What passed and then did not is a finding of its own, whatever came after.
pub(super) fn flapped(report: &mut RunReport, gate: &Gate<'_>, timeline: &Timeline, fail_on: Verdict) {
    for (check, times) in &timeline.flapped {
        let times = if *times == 1 { "once".to_owned() } else { format!("{times} times") };
        let message = format!("{check} flapped: it passed, and then did not, {times}; see the timeline");
        let mut checks = gate.sides.plan.checks.iter();
        let owner = checks.find(|one| name(one) == *check).map(|one| Arc::clone(&one.owner));
        let owner = owner.unwrap_or_else(|| Arc::from("whoever opens the gate"));
        report.notices.push(Finding::notice(digest(&message), "gate", "the wait", owner, message));
    }
    noticed(report, fail_on, !timeline.flapped.is_empty(), "a check flapped");
}

/// A notice is a warning.
fn noticed(report: &mut RunReport, fail_on: Verdict, is_there: bool, what: &str) {
    if is_there && fail_on <= Verdict::Warn && report.exit != exit::FINDINGS {
        report.exit = exit::FINDINGS;
        report.exit_reason = format!("{what}, which is at or above `{}`", fail_on.word());
    }
}

/// What a move names and nobody saw is a finding: a misspelt name moves nothing.
pub(super) fn strangers(report: &mut RunReport, gate: &Gate<'_>, fail_on: Verdict) {
    for (target, names) in &gate.then.strangers {
        let names = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message = format!(
            "the move to `{target}` names {names}, and nothing is called so on the old side: correct it in muster.yaml, or take it out"
        );
        let owner = Arc::from("whoever opens the gate");
        report.notices.push(Finding::notice(digest(&message), "gate", "the move", owner, message));
    }
    noticed(report, fail_on, !gate.then.strangers.is_empty(), "a move names what is not there");
}

/// What would be good is not, if nothing was compared or not often enough in a row.
pub(super) fn decide(report: &mut RunReport, page: &GatePage, (end, compares): (End, bool)) {
    if report.exit != exit::GOOD {
        return;
    }
    if end != End::Done {
        report.exit = exit::UNKNOWN;
        let what = if end == End::Cancelled { "the wait was ended" } else { "the time was over" };
        report.exit_reason = format!("{what} before everything held often enough in a row");
    } else if page.subjects() == 0 {
        report.exit = exit::NOTHING;
        report.exit_reason = if compares {
            "nothing was compared: neither side has any subject".to_owned()
        } else {
            "nothing was compared: no policy of tier `release` looks at two sides".to_owned()
        };
    }
}
