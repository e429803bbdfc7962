//! How checks and findings stand at the end of a time: what policies over the project's own memory ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::changes::verdicts;
use super::exception::Allowed;
use super::history::{history, stands};
use crate::store::{Ledger, LedgerFinding};
use crate::verdict::{Severity, Verdict};

/// How often a check was judged, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Judgements; what was skipped, or covered by a waiver, is none.
    pub judgements: u64,
    /// Those that warned, failed or were unknown.
    pub fired: u64,
    /// Those that passed.
    pub passed: u64,
    /// When it passed last.
    pub last_passed: Option<Timestamp>,
}

/// Of each check (policy, target) how it was judged in the time of a ledger.
pub fn tried(ledger: &Ledger) -> BTreeMap<(Arc<str>, Arc<str>), Tried> {
    let judged = ledger.by_check();
    let mut all = BTreeMap::new();
    for ((policy, target), verdicts) in verdicts(ledger, &judged) {
        let mut tried = Tried::default();
        for (at, verdict) in verdicts {
            match verdict {
                // Nobody looked, or somebody answers for it.
                Verdict::Skipped | Verdict::Waived => continue,
                Verdict::Pass => {
                    tried.passed += 1;
                    tried.last_passed = tried.last_passed.max(Some(at));
                }
                Verdict::Warn | Verdict::Unknown | Verdict::Fail => tried.fired += 1,
            }
            tried.judgements += 1;
        }
        all.insert((Arc::from(policy), Arc::from(target)), tried);
    }
    all
}

/// A finding that stands at the end of the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// What it is about.
    pub subject: Arc<str>,
    /// How it stands.
    pub verdict: Verdict,
    /// How bad.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// When it was found for the first time, as far as the store knows.
    pub first: Timestamp,
    /// When it was found last.
    pub last: Timestamp,
    /// Since when it stands. What stood already when the time began is taken to stand since it was first found.
    pub since: Timestamp,
    /// How often it came back within the time.
    pub reopened: u64,
    /// Its id.
    pub id: Arc<str>,
}

/// Policy, target and subject.
type Name = (Arc<str>, Arc<str>, Arc<str>);

/// Checks by policy and target.
pub type Checks<'a> = BTreeSet<(&'a str, &'a str)>;

/// Is a finding of one of these checks? What the project does not judge any more is nobody's.
fn is_of(ledger: &Ledger, finding: &LedgerFinding, there: &Checks<'_>) -> bool {
    let check = ledger.checks.get(finding.check);
    check.is_some_and(|(policy, target, _)| there.contains(&(&**policy, &**target)))
}

/// What stands of these checks, by policy, target and subject. Several findings about one subject are one: the worst, since the earliest.
pub fn open(ledger: &Ledger, there: &Checks<'_>) -> Vec<Open> {
    let judged = ledger.by_check();
    let mut all: BTreeMap<Name, Open> = BTreeMap::new();
    for finding in ledger.findings.iter().filter(|finding| is_of(ledger, finding, there)) {
        let history = history(ledger, finding, &judged);
        let found = match history {
            Some(history) => history.now.zip(history.since()).and_then(|(verdict, since)| {
                let unmoved = unmoved(ledger, finding, verdict)?;
                Some(Open { since, reopened: history.reopened, ..unmoved })
            }),
            // A check that was not judged in the time was not mended in it either.
            None if !judged.contains_key(&finding.check) => {
                let last = finding.turns.last().and_then(|turn| stands(turn.verdict));
                last.and_then(|verdict| unmoved(ledger, finding, verdict))
            }
            None => None,
        };
        let Some(found) = found else { continue };
        let key = (Arc::clone(&found.policy), Arc::clone(&found.target), Arc::clone(&found.subject));
        let slot = all.entry(key).or_insert_with(|| found.clone());
        slot.verdict = slot.verdict.max(found.verdict);
        slot.severity = slot.severity.max(found.severity);
        slot.first = slot.first.min(found.first);
        slot.since = slot.since.min(found.since);
        slot.last = slot.last.max(found.last);
        slot.reopened = slot.reopened.max(found.reopened);
    }
    all.into_values().collect()
}

/// A finding that stands as it was found first; nothing for what there is only a notice about.
fn unmoved(ledger: &Ledger, finding: &LedgerFinding, verdict: Verdict) -> Option<Open> {
    let (policy, target, notice) = ledger.checks.get(finding.check)?;
    (!notice).then(|| Open {
        policy: Arc::clone(policy),
        target: Arc::clone(target),
        subject: Arc::clone(&finding.newest.subject.shown),
        verdict,
        severity: finding.newest.severity,
        owner: Arc::clone(&finding.newest.owner),
        first: finding.first,
        last: finding.last,
        since: finding.first,
        reopened: 0,
        id: Arc::clone(&finding.newest.id),
    })
}

/// How many findings of these checks each of these hides that stand now.
pub fn hides(ledger: &Ledger, there: &Checks<'_>, allowed: &[Allowed]) -> Vec<u64> {
    let judged = ledger.by_check();
    let waived = |finding: &&LedgerFinding| {
        let now = match history(ledger, finding, &judged) {
            Some(history) => history.now,
            None if !judged.contains_key(&finding.check) => {
                finding.turns.last().and_then(|turn| turn.verdict)
            }
            None => None,
        };
        now == Some(Verdict::Waived) && is_of(ledger, finding, there)
    };
    let waived: Vec<&LedgerFinding> = ledger.findings.iter().filter(waived).collect();
    let of = |one: &Allowed| waived.iter().filter(|finding| one.covers(&finding.newest)).count() as u64;
    allowed.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::audit::ExceptionKind;
    use crate::store::{Judgement, LedgerRun, Turn};
    use crate::verdict::{Finding, WaiverNote};

    fn at(day: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
    }

    fn run(day: usize) -> LedgerRun {
        let day = i64::try_from(day).unwrap();
        LedgerRun {
            id: day,
            started: at(day),
            muster: "".into(),
            host: "".into(),
            exit: 1,
            environment: None,
            promised: None,
            recorded: true,
            uid: "".into(),
        }
    }

    /// A check that was judged so day by day, with findings that stood so from a day on.
    fn ledger(judged: &[(Verdict, bool)], turns: &[&[(usize, Option<Verdict>)]]) -> Ledger {
        let judgement = |(run, (verdict, whole)): (usize, &(Verdict, bool))| Judgement {
            check: 0,
            run,
            verdict: *verdict,
            whole: *whole,
            notice: false,
        };
        let turn = |(run, verdict): &(usize, Option<Verdict>)| Turn {
            run: *run,
            verdict: *verdict,
            held: verdict.is_some(),
        };
        let finding = |turns: &&[(usize, Option<Verdict>)]| LedgerFinding {
            check: 0,
            first: at(-100),
            last: at(0),
            turns: turns.iter().map(turn).collect(),
            newest: Finding::notice("aa".into(), "p", "db", "team".into(), String::new()),
        };
        Ledger {
            runs: (0..judged.len().max(1)).map(run).collect(),
            checks: vec![("p".into(), "db".into(), false)],
            judged: judged.iter().enumerate().map(judgement).collect(),
            findings: turns.iter().map(finding).collect(),
            ..Ledger::default()
        }
    }

    fn there() -> Checks<'static> {
        BTreeSet::from([("p", "db")])
    }

    const FAIL: (Verdict, bool) = (Verdict::Fail, true);
    const PASS: (Verdict, bool) = (Verdict::Pass, true);

    #[test]
    fn what_was_skipped_or_waived_is_no_judgement_and_what_is_unknown_fires() {
        let all = [FAIL, (Verdict::Unknown, false), PASS, (Verdict::Waived, true), (Verdict::Skipped, true)];
        let tried = tried(&ledger(&all, &[])).into_values().next().unwrap();
        let wanted = Tried { judgements: 3, fired: 2, passed: 1, last_passed: Some(at(2)) };
        assert_eq!(tried, wanted);
    }

    #[test]
    fn what_stood_when_the_time_began_stands_since_it_was_first_found() {
        let open = open(&ledger(&[FAIL, FAIL], &[&[(0, Some(Verdict::Fail))]]), &there());
        assert_eq!((open[0].since, open[0].verdict), (at(-100), Verdict::Fail));
    }

    #[test]
    fn what_was_mended_and_came_back_is_as_old_as_its_last_beginning() {
        let turns: &[_] = &[(0, Some(Verdict::Fail)), (1, None), (2, Some(Verdict::Warn))];
        let open = open(&ledger(&[FAIL, PASS, (Verdict::Warn, true)], &[turns]), &there());
        assert_eq!((open[0].since, open[0].reopened, open[0].first), (at(2), 1, at(-100)));
    }

    #[test]
    fn what_was_mended_is_not_open_and_what_could_not_be_read_is() {
        let turns: &[_] = &[(0, Some(Verdict::Fail)), (1, None)];
        assert_eq!(open(&ledger(&[FAIL, PASS], &[turns]), &there()), []);
        assert_eq!(open(&ledger(&[FAIL, (Verdict::Unknown, false)], &[turns]), &there()).len(), 1);
    }

    #[test]
    fn a_check_that_nobody_judged_was_not_mended() {
        let open = open(&ledger(&[], &[&[(0, Some(Verdict::Fail))]]), &there());
        assert_eq!((open.len(), open[0].since), (1, at(-100)));
    }

    #[test]
    fn two_findings_about_one_subject_are_one_the_worst_since_the_earliest() {
        let young: &[_] = &[(1, Some(Verdict::Fail))];
        let old: &[_] = &[(0, Some(Verdict::Warn))];
        let open = open(&ledger(&[FAIL, FAIL], &[young, old]), &there());
        assert_eq!((open.len(), open[0].verdict, open[0].since), (1, Verdict::Fail, at(-100)));
    }

    #[test]
    fn what_the_project_does_not_judge_any_more_is_neither_open_nor_hidden() {
        let waiver = Allowed {
            kind: ExceptionKind::Waiver,
            policy: "p".into(),
            scope: String::new(),
            what: String::new(),
            owner: "team".into(),
            reason: "it is replaced".into(),
            ticket: "X-1".into(),
            expires: String::new(),
        };
        let mut ledger = ledger(&[(Verdict::Waived, true)], &[&[(0, Some(Verdict::Waived))]]);
        ledger.findings[0].newest.waiver = Some(WaiverNote {
            ticket: "X-1".into(),
            owner: "team".into(),
            reason: "it is replaced".into(),
            expires: String::new(),
            at: String::new(),
        });
        let other = Checks::from([("q", "db")]);
        assert_eq!((open(&ledger, &there()).len(), open(&ledger, &other).len()), (1, 0));
        let waivers = std::slice::from_ref(&waiver);
        assert_eq!((hides(&ledger, &there(), waivers), hides(&ledger, &other, waivers)), (vec![1], vec![0]));
    }
}
