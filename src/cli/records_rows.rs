//! What the project promises and remembers, as rows of its probes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::coverage::{ControlCoverage, Coverage};
use crate::audit::{self, Allowed, Due, ExceptionKind, Open, PromisedCheck};
use crate::fact::{
    CheckPast, CheckRow, ControlPast, ControlRow, ExceptionRow, FindingRow, RunRow, TargetRow, micros_of,
    parse_date, parse_time,
};
use crate::plan::{Check, TargetInfo};
use crate::policy::Tier;
use crate::store::{Begun, Ledger, LedgerRun, Standing, StoredVerdict};

/// A check, without anything of its past.
pub(super) fn check(
    check: &Check,
    promised: &PromisedCheck,
    owners: &BTreeSet<Arc<str>>,
    in_this_run: bool,
) -> CheckRow {
    let tier: Tier = check.settings.tier.unwrap_or(check.policy.tier);
    let owner_from = match (&check.settings.owner, &check.policy.owner) {
        (Some(_), _) => "override",
        (None, Some(_)) => "policy",
        (None, None) => "project",
    };
    let probes: BTreeSet<&str> = check.policy.observe.iter().map(|one| one.probe.name).collect();
    CheckRow {
        policy: Arc::clone(&promised.policy),
        target: Arc::clone(&promised.target),
        target_type: Arc::clone(&check.target.kind),
        tier: tier.word(),
        severity: promised.severity.word(),
        alert: check.policy.alert.is_some(),
        owner: Arc::clone(&promised.owner),
        owner_from,
        known_owner: owners.contains(&promised.owner),
        probes: probes.into_iter().map(Arc::from).collect(),
        every: promised.every,
        skipped: promised.skip.as_deref().map(Arc::from),
        in_this_run,
    }
}

/// A target, with what looks at it.
pub(super) fn target(target: &TargetInfo, own: &[&CheckRow]) -> TargetRow {
    let (judged, skipped): (Vec<&CheckRow>, Vec<&CheckRow>) =
        own.iter().partition(|check| check.skipped.is_none());
    let probes: BTreeSet<&Arc<str>> = judged.iter().flat_map(|check| &check.probes).collect();
    let owners: BTreeSet<&Arc<str>> = judged.iter().map(|check| &check.owner).collect();
    TargetRow {
        target: Arc::clone(&target.name),
        target_type: Arc::clone(&target.kind),
        scheme: some(&target.scheme),
        checks: judged.len() as u64,
        skipped: skipped.len() as u64,
        probes: probes.into_iter().cloned().collect(),
        owners: owners.into_iter().cloned().collect(),
    }
}

/// What is known of checks.
pub(super) struct Past<'a> {
    pub(super) due: Vec<Due>,
    pub(super) standing: &'a [Standing],
    pub(super) newest: &'a [StoredVerdict],
    /// None before the first run.
    pub(super) ledger: Option<&'a Ledger>,
    pub(super) at: Timestamp,
}

/// The past of each check, in their order.
pub(super) fn pasts(checks: &[CheckRow], past: &Past<'_>) -> Vec<CheckPast> {
    let due: HashMap<(&str, &str), &Due> =
        past.due.iter().map(|one| ((&*one.policy, &*one.target), one)).collect();
    let standing: HashMap<(&str, &str), &Standing> =
        past.standing.iter().map(|one| ((&*one.policy, &*one.target), one)).collect();
    let newest: HashMap<(&str, &str), &StoredVerdict> =
        past.newest.iter().map(|one| ((&*one.policy, &*one.target), one)).collect();
    let tried = past.ledger.map(audit::tried).unwrap_or_default();
    let one = |check: &CheckRow| {
        let name = (&*check.policy, &*check.target);
        let (due, standing) = (due.get(&name), standing.get(&name));
        let unknown = standing.and_then(|standing| standing.unknown);
        let tried = tried.get(&(Arc::clone(&check.policy), Arc::clone(&check.target))).copied();
        let tried = tried.unwrap_or_default();
        let judged = standing.and_then(|standing| standing.judged);
        CheckPast {
            promised: standing.and_then(|standing| standing.promised).map(micros_of),
            judged: if check.in_this_run && unknown.is_none() { Some(past.at) } else { judged }
                .map(micros_of),
            unknown_since: unknown.map(micros_of),
            due: due.map(|due| micros_of(due.due)),
            late: due.map(|due| micros_of(due.late)),
            overdue: due.is_some_and(|due| due.is_overdue(past.at)),
            verdict: newest.get(&name).map(|newest| newest.verdict.word()),
            judgements: tried.judgements,
            fired: tried.fired,
            passed: tried.passed,
            last_passed: tried.last_passed.map(micros_of),
        }
    };
    checks.iter().map(one).collect()
}

/// What ends on a day that nobody can read has ended.
const LONG_AGO: i64 = 0;

fn some(text: &str) -> Option<Arc<str>> {
    (!text.is_empty()).then(|| Arc::from(text))
}

/// What is allowed, each under a name of its own within its policy.
pub(super) fn exceptions(allowed: &[Allowed]) -> Vec<ExceptionRow> {
    let mut all: Vec<ExceptionRow> = allowed.iter().map(exception).collect();
    let until = |one: &Allowed| Some(format!(" until {}", one.expires)).filter(|_| !one.expires.is_empty());
    // What is no waiver has it in its name already.
    let what = |one: &Allowed| Some(format!(", {}", one.what)).filter(|_| one.kind == ExceptionKind::Waiver);
    let more: [More<'_>; 2] = [&until, &what];
    for more in more {
        let shared = shared(&all);
        for (one, allowed) in all.iter_mut().zip(allowed) {
            if let Some(more) = more(allowed).filter(|_| shared.contains(&named(one))) {
                one.exception = Arc::from(format!("{}{more}", one.exception));
            }
        }
    }
    let shared = shared(&all);
    let mut numbers: BTreeMap<Named, usize> = BTreeMap::new();
    for one in all.iter_mut().filter(|one| shared.contains(&named(one))) {
        let number = numbers.entry(named(one)).or_default();
        *number += 1;
        one.exception = Arc::from(format!("{}, number {number}", one.exception));
    }
    all
}

/// What a name is told apart by where others have it too.
type More<'a> = &'a dyn Fn(&Allowed) -> Option<String>;

/// What an exception is told apart by: its policy and its name.
type Named = (Arc<str>, Arc<str>);

fn named(one: &ExceptionRow) -> Named {
    (Arc::clone(&one.policy), Arc::clone(&one.exception))
}

/// The names that several have.
fn shared(all: &[ExceptionRow]) -> BTreeSet<Named> {
    let mut seen = BTreeSet::new();
    all.iter().map(named).filter(|name| !seen.insert(name.clone())).collect()
}

fn exception(allowed: &Allowed) -> ExceptionRow {
    let scope = if allowed.scope.is_empty() { String::new() } else { format!(" ({})", allowed.scope) };
    let (kind, name) = match allowed.kind {
        ExceptionKind::Waiver => ("waiver", format!("waiver {}{scope}", allowed.ticket)),
        ExceptionKind::Override => ("override", format!("override {}{scope}", allowed.what)),
        ExceptionKind::Suppression => ("suppression", format!("suppression of {}{scope}", allowed.what)),
        ExceptionKind::Scratch => ("scratch", format!("scratch: {}{scope}", allowed.what)),
    };
    ExceptionRow {
        kind,
        policy: Arc::clone(&allowed.policy),
        exception: Arc::from(name),
        scope: some(&allowed.scope),
        what: Arc::from(&*allowed.what),
        owner: some(&allowed.owner),
        reason: some(allowed.reason.trim()),
        ticket: some(&allowed.ticket),
        ends: some(&allowed.expires).map(|day| parse_date(&day).unwrap_or(LONG_AGO)),
    }
}

fn all_controls(coverage: &Coverage) -> impl Iterator<Item = (&Arc<str>, &ControlCoverage)> {
    coverage
        .frameworks
        .iter()
        .flat_map(|framework| framework.controls.iter().map(move |control| (&framework.id, control)))
}

/// The controls, without how they stand.
pub(super) fn controls(coverage: &Coverage) -> Vec<ControlRow> {
    let one = |(framework, control): (&Arc<str>, &ControlCoverage)| ControlRow {
        framework: Arc::clone(framework),
        control: Arc::clone(&control.id),
        title: Arc::clone(&control.title),
        link: control.link.clone(),
        policies: control.policies.len() as u64,
        checks: control.checks.bound,
        skipped: control.checks.skipped,
    };
    all_controls(coverage).map(one).collect()
}

/// How they stand.
pub(super) fn control_pasts(coverage: &Coverage) -> Vec<ControlPast> {
    // Coverage tells its times as texts, which are read back as they were written.
    let time = |text: &Option<String>| text.as_deref().and_then(parse_time);
    let one = |(_, control): (&Arc<str>, &ControlCoverage)| ControlPast {
        state: control.state.word(),
        oldest: time(&control.oldest),
        newest: time(&control.newest),
    };
    all_controls(coverage).map(one).collect()
}

/// A finding that stands.
pub(super) fn finding(open: Open, remembered_for: Option<i64>) -> FindingRow {
    FindingRow {
        policy: open.policy,
        target: open.target,
        subject: open.subject,
        verdict: open.verdict.word(),
        severity: open.severity.word(),
        owner: open.owner,
        first_seen: micros_of(open.first),
        last_seen: micros_of(open.last),
        open_since: micros_of(open.since),
        reopened: open.reopened,
        remembered_for,
        id: open.id,
    }
}

/// Runs, those that never ended included.
pub(super) fn runs(ledger: &Ledger) -> Vec<RunRow> {
    let ended = |run: &LedgerRun| RunRow {
        run: Arc::clone(&run.uid),
        started: micros_of(run.started),
        ended: true,
        exit: Some(run.exit),
        host: some(&run.host),
        environment: run.environment.clone(),
        about: None,
    };
    let begun = |run: &Begun| RunRow {
        run: Arc::from(format!("{:x}-{:x} on {}", run.started, run.process, run.host)),
        started: run.started,
        ended: false,
        exit: None,
        host: some(&run.host),
        environment: None,
        about: some(&run.about),
    };
    ledger.runs.iter().map(ended).chain(ledger.begun.iter().map(begun)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiver(what: &str, owner: &str) -> Allowed {
        Allowed {
            kind: ExceptionKind::Waiver,
            policy: "size".into(),
            scope: "target here".into(),
            what: what.into(),
            owner: owner.into(),
            reason: "it is replaced".into(),
            ticket: "X-1".into(),
            expires: "2026-12-01".into(),
        }
    }

    fn names(allowed: &[Allowed]) -> Vec<String> {
        exceptions(allowed).iter().map(|one| one.exception.to_string()).collect()
    }

    #[test]
    fn exceptions_of_one_ticket_and_day_are_told_apart_by_what_they_cover_and_then_by_a_number() {
        let (warn, fail) = (waiver("covers warn", "team"), waiver("covers fail", "team"));
        let until = "waiver X-1 (target here) until 2026-12-01";
        assert_eq!(
            names(&[warn.clone(), fail.clone()]),
            [format!("{until}, covers warn"), format!("{until}, covers fail")]
        );
        assert_eq!(
            names(&[warn.clone(), fail, waiver("covers warn", "ops")]),
            [
                format!("{until}, covers warn, number 1"),
                format!("{until}, covers fail"),
                format!("{until}, covers warn, number 2"),
            ]
        );
        assert_eq!(names(&[warn]), ["waiver X-1 (target here)"]);
    }
}
