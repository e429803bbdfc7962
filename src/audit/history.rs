//! Findings over time, and patterns of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::model::{Counted, History, Pattern, PatternKind, Period, Spell};
use crate::store::{Judgement, Ledger, LedgerFinding};
use crate::verdict::Verdict;

/// Who mends nothing for so long is told.
const LONG: SignedDuration = SignedDuration::from_hours(24 * 90);

/// So few judgements are no pattern.
const FEW: u64 = 5;

/// The judgements of each check, in the order in which they were saved.
pub(super) type Judged = BTreeMap<usize, Vec<Judgement>>;

/// Findings of checks that were open or hidden in the period: the open ones first, then the worst, then the oldest.
pub(super) fn histories(ledger: &Ledger, judged: &Judged) -> Vec<History> {
    let mut all: Vec<History> =
        ledger.findings.iter().filter_map(|one| history(ledger, one, judged)).collect();
    all.sort_by(|one, other| {
        let rank = |history: &History| (history.is_open(), history.now, history.severity);
        rank(other).cmp(&rank(one)).then(one.first.cmp(&other.first)).then_with(|| one.id.cmp(&other.id))
    });
    all
}

/// Is it a finding that somebody has to mend, or that is hidden?
pub(super) fn stands(verdict: Option<Verdict>) -> Option<Verdict> {
    verdict.filter(|verdict| {
        matches!(verdict, Verdict::Fail | Verdict::Warn | Verdict::Unknown | Verdict::Waived)
    })
}

/// How a finding stood over the judgements of its check; none if it did not stand in any.
pub(super) fn history(ledger: &Ledger, finding: &LedgerFinding, judged: &Judged) -> Option<History> {
    let (policy, target, notice) = ledger.checks.get(finding.check)?;
    let judged = judged.get(&finding.check).map(Vec::as_slice).unwrap_or_default();
    if *notice || judged.is_empty() {
        return None;
    }
    let mut spells: Vec<Spell> = Vec::new();
    let mut now = None;
    let mut turns = finding.turns.iter().peekable();
    let mut stood = None;
    let mut earlier = finding.turns.first().is_some_and(|turn| turn.run == 0);
    let mut seen: Vec<(Timestamp, Option<Verdict>)> = Vec::with_capacity(judged.len());
    for Judgement { run, whole, .. } in judged {
        while let Some(turn) = turns.next_if(|turn| turn.run <= *run) {
            stood = stands(turn.verdict);
        }
        // Where not everything was judged, a finding that is not there was not seen to be mended.
        if stood.is_some() || *whole {
            seen.push((ledger.started(*run)?, stood));
        }
    }
    // Changes are kept in the order of saving; what was sent or taken in late is no later judgement for that.
    seen.sort_by_key(|(at, _)| *at);
    for (at, stood) in seen {
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

/// How often each check's verdict was another one than the time before.
fn changes<'a>(ledger: &'a Ledger, judged: &Judged) -> BTreeMap<(&'a str, &'a str), u64> {
    let turned = |all: &[Judgement]| {
        let pairs = all.iter().zip(all.iter().skip(1));
        pairs.filter(|(one, next)| one.verdict != next.verdict).count() as u64
    };
    let named = judged.iter().filter_map(|(check, all)| Some((ledger.checks.get(*check)?, turned(all))));
    named.map(|((policy, target, _), turned)| ((&**policy, &**target), turned)).collect()
}

/// What always fails or passes, flaps, or is mended by nobody.
pub(super) fn patterns(
    (ledger, judged): (&Ledger, &Judged),
    checks: &[Counted],
    findings: &[History],
    period: &Period,
) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    let changes = changes(ledger, judged);
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
        if verdicts.skipped >= FEW && judged == 0 {
            add(PatternKind::AlwaysSkipped, verdicts.skipped);
        }
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

/// The last time something was read, for the age of what is shown.
pub(super) fn last_run(ledger: &Ledger) -> Option<Timestamp> {
    ledger.runs.iter().map(|run| run.started).max()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::store::{LedgerRun, Turn};
    use crate::verdict::{Counts, Finding};

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    /// A finding that fails in the first run, and how its check was judged in each.
    fn spells(judged: &[(Verdict, bool)]) -> Vec<(Timestamp, Option<Timestamp>)> {
        let days: Vec<i64> = (0i64..).take(judged.len()).collect();
        spells_of(judged, &days)
    }

    /// The same of runs that began on these days, in the order in which they were saved.
    fn spells_of(judged: &[(Verdict, bool)], days: &[i64]) -> Vec<(Timestamp, Option<Timestamp>)> {
        let ledger = ledger(judged, days);
        let found = histories(&ledger, &ledger.by_check()).remove(0);
        found.spells.iter().map(|spell| (spell.from, spell.to)).collect()
    }

    fn ledger(judged: &[(Verdict, bool)], days: &[i64]) -> Ledger {
        let runs = 0..judged.len();
        let run = |run: usize| LedgerRun {
            id: i64::try_from(run).unwrap(),
            started: at(days[run]),
            muster: "".into(),
            host: "".into(),
            exit: 1,
            environment: None,
            promised: None,
            recorded: true,
            uid: "".into(),
        };
        let one = |(run, (verdict, whole)): (usize, &(Verdict, bool))| Judgement {
            check: 0,
            run,
            verdict: *verdict,
            whole: *whole,
            notice: false,
        };
        let turn = |run, verdict| Turn { run, verdict, held: verdict.is_some() };
        let finding = LedgerFinding {
            check: 0,
            first: at(0),
            last: at(0),
            turns: vec![turn(0, Some(Verdict::Fail)), turn(1, None)],
            newest: Finding::notice("aa".into(), "p", "db", "team".into(), String::new()),
        };
        Ledger {
            runs: runs.map(run).collect(),
            checks: vec![("p".into(), "db".into(), false)],
            judged: judged.iter().enumerate().map(one).collect(),
            findings: vec![finding],
            ..Ledger::default()
        }
    }

    /// What a person should think about after these verdicts, one a day.
    fn thoughts(verdicts: &[Verdict], until: i64) -> Vec<(PatternKind, u64)> {
        let judged: Vec<(Verdict, bool)> =
            verdicts.iter().map(|verdict| (*verdict, *verdict != Verdict::Unknown)).collect();
        let days: Vec<i64> = (0..).take(verdicts.len()).collect();
        let mut ledger = ledger(&judged, &days);
        // It stands from the first day on.
        ledger.findings[0].turns.truncate(1);
        let mut counts = Counts::default();
        verdicts.iter().for_each(|verdict| counts.add(*verdict, 1));
        let check = Counted {
            policy: "p".into(),
            target: "db".into(),
            tier: "daily".into(),
            owner: "team".into(),
            from: at(0),
            until: at(until),
            new: false,
            ended: false,
            every: Some(86_400),
            expected: 0,
            judged: 0,
            missed: 0,
            verdicts: counts,
            last: None,
            now: verdicts.last().copied(),
        };
        let period = Period { name: String::new(), from: at(0), to: at(until), until: at(until) };
        let judged = ledger.by_check();
        let histories = if verdicts[0] == Verdict::Fail { histories(&ledger, &judged) } else { Vec::new() };
        let found = patterns((&ledger, &judged), &[check], &histories, &period);
        found.iter().map(|one| (one.kind, one.count)).collect()
    }

    #[test]
    fn what_never_changes_and_what_always_does_is_told() {
        let (pass, fail) = (Verdict::Pass, Verdict::Fail);
        let always = |verdict: Verdict| vec![verdict; 9];
        assert_eq!(thoughts(&always(pass), 9), [(PatternKind::AlwaysPasses, 9)]);
        assert_eq!(thoughts(&always(Verdict::Unknown), 9), [(PatternKind::NeverRead, 9)]);
        assert_eq!(thoughts(&always(Verdict::Skipped), 9), [(PatternKind::AlwaysSkipped, 9)]);
        assert_eq!(thoughts(&always(fail), 9), [(PatternKind::AlwaysFails, 9)]);
        assert_eq!(
            thoughts(&always(fail), 100),
            [(PatternKind::AlwaysFails, 9), (PatternKind::Unmended, 100)],
            "nobody mended it in 90 days"
        );
        let flapping: Vec<Verdict> = [pass, fail].into_iter().cycle().take(12).collect();
        assert_eq!(thoughts(&flapping, 12), [(PatternKind::Flaps, 11)]);
        let mut once = always(pass);
        once.push(fail);
        assert_eq!(thoughts(&once, 12), [], "it can fail");
        assert_eq!(thoughts(&[pass, pass], 2), [], "too few to say");
        assert_eq!(thoughts(&[Verdict::Skipped, Verdict::Skipped], 2), []);
    }

    #[test]
    fn what_could_not_be_read_was_not_mended() {
        let (fail, unknown, skipped, pass) =
            (Verdict::Fail, Verdict::Unknown, Verdict::Skipped, Verdict::Pass);
        assert_eq!(spells(&[(fail, true), (unknown, false), (skipped, false)]), [(at(0), None)]);
        assert_eq!(spells(&[(fail, true), (unknown, false), (pass, true)]), [(at(0), Some(at(2)))]);
    }

    #[test]
    fn what_was_taken_in_late_mends_nothing_that_is_newer() {
        let (fail, pass) = (Verdict::Fail, Verdict::Pass);
        assert_eq!(spells_of(&[(fail, true), (pass, true)], &[5, 1]), [(at(5), None)]);
        assert_eq!(spells_of(&[(fail, true), (pass, true)], &[5, 6]), [(at(0), Some(at(6)))]);
    }
}
