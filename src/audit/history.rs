//! Findings over time, and patterns of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::model::{Counted, History, Pattern, PatternKind, Period, Spell};
use crate::store::{Ledger, LedgerFinding};
use crate::verdict::Verdict;

/// Who mends nothing for so long is told.
const LONG: SignedDuration = SignedDuration::from_hours(24 * 90);

/// So few judgements are no pattern.
const FEW: u64 = 5;

/// The runs in which each check was judged, in the order in which they were saved.
type Runs = BTreeMap<usize, Vec<usize>>;

/// Findings of checks that were open or hidden in the period: the open ones first, then the worst, then the oldest.
pub(super) fn histories(ledger: &Ledger) -> Vec<History> {
    let mut runs: Runs = BTreeMap::new();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        runs.entry(one.check).or_default().push(one.run);
    }
    runs.values_mut().for_each(|runs| runs.sort_unstable());
    let mut all: Vec<History> =
        ledger.findings.iter().filter_map(|one| history(ledger, one, &runs)).collect();
    all.sort_by(|one, other| {
        let rank = |history: &History| (history.is_open(), history.now, history.severity);
        rank(other).cmp(&rank(one)).then(one.first.cmp(&other.first)).then_with(|| one.id.cmp(&other.id))
    });
    all
}

/// Is it a finding that somebody has to mend, or that is hidden?
fn stands(verdict: Option<Verdict>) -> Option<Verdict> {
    verdict.filter(|verdict| {
        matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Unknown | Verdict::Waived)
    })
}

fn history(ledger: &Ledger, finding: &LedgerFinding, runs: &Runs) -> Option<History> {
    let (policy, target, notice) = ledger.checks.get(finding.check)?;
    let judged = runs.get(&finding.check).map(Vec::as_slice).unwrap_or_default();
    if *notice || judged.is_empty() {
        return None;
    }
    let started = |run: usize| ledger.runs.get(run).map(|run| run.started);
    let mut spells: Vec<Spell> = Vec::new();
    let mut now = None;
    let mut turns = finding.turns.iter().peekable();
    let mut stood = None;
    let mut earlier = finding.turns.first().is_some_and(|turn| turn.run == 0);
    for run in judged {
        while let Some(turn) = turns.next_if(|turn| turn.run <= *run) {
            stood = stands(turn.verdict);
        }
        let at = started(*run)?;
        match (stood, now) {
            (Some(verdict), None) => {
                let from = if earlier { finding.first.min(at) } else { at };
                let earlier = earlier && from < at;
                spells.push(Spell { from, to: None, worst: verdict, waived: 0, earlier });
            }
            (Some(_), Some(_)) => {}
            (None, _) => {
                if let Some(last) = spells.last_mut().filter(|last| last.to.is_none()) {
                    last.to = Some(at);
                }
            }
        }
        earlier = false;
        if let (Some(verdict), Some(last)) = (stood, spells.last_mut()) {
            last.worst = last.worst.max(verdict);
            last.waived += u64::from(verdict == Verdict::Waived);
        }
        now = stood;
    }
    let worst = spells.iter().map(|spell| spell.worst).max()?;
    Some(History {
        id: Arc::clone(&finding.newest.id),
        policy: Arc::clone(policy),
        target: Arc::clone(target),
        subject: Arc::clone(&finding.newest.subject.shown),
        severity: finding.newest.severity,
        owner: Arc::clone(&finding.newest.owner),
        message: finding.newest.message.clone(),
        now,
        worst,
        first: finding.first,
        last: finding.last,
        reopened: (spells.len() as u64).saturating_sub(1),
        spells,
    })
}

/// What always fails or passes, flaps, or is mended by nobody.
pub(super) fn patterns(
    ledger: &Ledger,
    checks: &[Counted],
    findings: &[History],
    period: &Period,
) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    let changes = changes(ledger);
    for check in checks {
        let verdicts = &check.verdicts;
        let judged = verdicts.total() - verdicts.skipped;
        let mut add = |kind, count| {
            patterns.push(Pattern {
                kind,
                policy: Arc::clone(&check.policy),
                target: Arc::clone(&check.target),
                subject: Arc::from(""),
                owner: Arc::clone(&check.owner),
                judged,
                count,
            });
        };
        if judged < FEW {
            continue;
        }
        let turned = changes.get(&(&*check.policy, &*check.target)).copied().unwrap_or(0);
        if verdicts.unknown == judged {
            add(PatternKind::NeverRead, judged);
        } else if verdicts.fail == judged {
            add(PatternKind::AlwaysFails, judged);
        } else if verdicts.pass == judged {
            add(PatternKind::AlwaysPasses, judged);
        } else if turned >= FEW && turned * 5 >= judged {
            // It is another verdict every fifth time, or more often.
            add(PatternKind::Flaps, turned);
        }
    }
    for finding in findings.iter().filter(|finding| finding.is_open()) {
        let age = finding.since().map(|since| period.until.duration_since(since));
        if let Some(age) = age.filter(|age| *age >= LONG) {
            patterns.push(Pattern {
                kind: PatternKind::Unmended,
                policy: Arc::clone(&finding.policy),
                target: Arc::clone(&finding.target),
                subject: Arc::clone(&finding.subject),
                owner: Arc::clone(&finding.owner),
                judged: 0,
                count: u64::try_from(age.as_hours() / 24).unwrap_or(0),
            });
        }
    }
    patterns.sort_by(|one, other| {
        (one.kind, std::cmp::Reverse(one.count), &one.policy, &one.target, &one.subject).cmp(&(
            other.kind,
            std::cmp::Reverse(other.count),
            &other.policy,
            &other.target,
            &other.subject,
        ))
    });
    patterns
}

/// How often each check's verdict was another one than the time before.
fn changes(ledger: &Ledger) -> BTreeMap<(&str, &str), u64> {
    let mut last: BTreeMap<usize, Verdict> = BTreeMap::new();
    let mut order: Vec<_> = ledger.judged.iter().filter(|one| !one.notice).collect();
    order.sort_by_key(|one| one.run);
    let mut found: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for one in order {
        let Some((policy, target, _)) = ledger.checks.get(one.check) else { continue };
        if last.insert(one.check, one.verdict).is_some_and(|was| was != one.verdict) {
            *found.entry((policy, target)).or_default() += 1;
        }
    }
    found
}

/// The last time something was read, for the age of what is shown.
pub(super) fn last_run(ledger: &Ledger) -> Option<Timestamp> {
    ledger.runs.iter().map(|run| run.started).max()
}
