//! Facts to verdicts. Sync, pure, no probe, no tokio: the judge cannot tell a live row from a recorded one.

mod alert;
mod assemble;
mod findings;
mod operands;
mod rows;
mod scope;
mod waive;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Cause, Missing, Observation, Rows, Table, ZeroRows};
use crate::plan::Check;
use crate::policy::Expect;
use crate::verdict::{self, Counts, Finding, Recall, Verdict};

pub use assemble::{Assembly, assemble};

use findings::Maker;
use rows::Judged;

/// What judging needs besides the check.
pub struct Given<'a> {
    /// The time at which it is judged: the run's, or the recording's.
    pub at: Timestamp,
    /// The past.
    pub recall: &'a Recall,
}

/// A judged check with what was used of the project file.
pub struct Outcome {
    /// The check.
    pub check: verdict::Check,
    /// Positions of waivers that covered something.
    pub waivers: BTreeSet<usize>,
    /// Positions of subject overrides that matched a row.
    pub subjects: BTreeSet<usize>,
}

/// Judges one check on the answers to its requests, in the order of its observations.
pub fn judge(check: &Check, answers: &[&Observation], given: &Given<'_>) -> Outcome {
    let mut outcome = Outcome { check: frame(check), waivers: BTreeSet::new(), subjects: BTreeSet::new() };
    if let Some(why) = &check.skip {
        outcome.check.verdict = Verdict::Skipped;
        outcome.check.counts.add(Verdict::Skipped, 1);
        outcome.check.note = Some(why.clone());
        return outcome;
    }
    let maker = Maker::new(check, answers, given);
    match table(check, answers, given) {
        Ok(table) => judge_table(&maker, table, &mut outcome),
        Err(why) => outcome.check.findings.push(maker.unknown(None, &why)),
    }
    finish(&maker, &mut outcome);
    outcome
}

fn frame(check: &Check) -> verdict::Check {
    let policy = &check.policy;
    verdict::Check {
        policy: Arc::clone(&policy.id),
        title: Arc::clone(&policy.title),
        tier: Arc::from(check.settings.tier.unwrap_or(policy.tier).word()),
        kind: Arc::from(policy.kind()),
        digest: Arc::clone(&policy.digest),
        target: Arc::clone(&check.target.name),
        verdict: Verdict::Pass,
        counts: Counts::default(),
        rows: 0,
        note: None,
        findings: Vec::new(),
        controls: policy.controls.clone(),
        looser: looser(check),
    }
}

/// What is looser than the policy's default, for all subjects and for some.
fn looser(check: &Check) -> Vec<String> {
    let mut all = check.settings.looser.clone();
    for entry in &check.subjects {
        let own = entry.settings.looser.iter().filter(|text| !check.settings.looser.contains(text));
        all.extend(own.map(|text| format!("{text} (for `{}`)", entry.pattern.text)));
    }
    all
}

/// The table whose rows are judged, if it is there and fresh.
fn table<'a>(
    check: &Check,
    answers: &[&'a Observation],
    given: &Given<'_>,
) -> Result<&'a Table, Arc<Missing>> {
    let answer = answers
        .get(check.policy.each)
        .ok_or_else(|| Arc::new(Missing::new(Cause::Internal, "the observation was not planned")))?;
    fresh(check, check.policy.each, answer, given)?;
    answer.result.as_ref().map_err(Arc::clone)
}

/// Refuses facts that are older than the observation accepts.
fn fresh(check: &Check, index: usize, answer: &Observation, given: &Given<'_>) -> Result<(), Arc<Missing>> {
    let Some(limit) = check.policy.observe.get(index).and_then(|observe| observe.max_age) else {
        return Ok(());
    };
    let age = crate::fact::micros_of(given.at) - crate::fact::micros_of(answer.at);
    if age <= limit {
        return Ok(());
    }
    let show =
        |micros: i64| crate::fact::show(&crate::fact::Value::Int(micros), &crate::fact::Type::DURATION);
    Err(Arc::new(Missing::new(
        Cause::Stale,
        format!("observed {} ago, and `max_age` is {}", show(age), show(limit)),
    )))
}

fn judge_table(maker: &Maker<'_>, table: &Table, outcome: &mut Outcome) {
    let Judged { findings, passed, outside, subjects, seen } = rows::judge(maker, table);
    outcome.check.rows = table.total;
    outcome.check.counts.add(Verdict::Pass, passed);
    outcome.subjects = subjects;
    let judged = passed + findings.len() as u64;
    outcome.check.findings = findings;
    nothing(maker, table, judged, outside, outcome);
    expected(maker, &seen, outcome);
    if let Some(why) = &table.cut {
        outcome.check.findings.push(maker.unknown(None, why));
    }
}

/// What an answer without subjects means.
fn nothing(maker: &Maker<'_>, table: &Table, judged: u64, outside: u64, outcome: &mut Outcome) {
    let rows = outside + judged;
    if outside > 0 {
        outcome.check.note = Some(if judged == 0 {
            format!("none of {rows} qualified")
        } else {
            format!("{judged} of {rows} qualified")
        });
    }
    if judged > 0 || table.cut.is_some() {
        return;
    }
    let unknown = |what: &str| maker.unknown(None, &Arc::new(Missing::new(Cause::Empty, what)));
    match &maker.check.policy.expect {
        Expect::Some => {
            outcome.check.findings.push(unknown("nothing was found, and `expect: some` wants something"));
        }
        Expect::Any => {
            outcome.check.counts.add(Verdict::Pass, 1);
            outcome.check.note = Some(
                outcome.check.note.take().unwrap_or_else(|| "none found, which is fine here".to_owned()),
            );
        }
        Expect::List(_) | Expect::Param(_) => {}
        Expect::Default if rows > 0 => outcome.check.counts.add(Verdict::Skipped, 1),
        Expect::Default => match (table.schema.zero, table.schema.rows) {
            (ZeroRows::Fine, Rows::Many) => {
                outcome.check.counts.add(Verdict::Pass, 1);
                outcome.check.note = Some("none found".to_owned());
            }
            _ => {
                outcome.check.findings.push(unknown("the answer has no rows, and something had to be there"));
            }
        },
    }
}

/// A name that must be there and is not is a failure.
fn expected(maker: &Maker<'_>, seen: &BTreeSet<Arc<str>>, outcome: &mut Outcome) {
    for name in maker.expected() {
        if !seen.contains(&name) {
            outcome.check.findings.push(maker.absent(&name));
        }
    }
}

fn rank(finding: &Finding) -> (std::cmp::Reverse<Verdict>, std::cmp::Reverse<verdict::Severity>) {
    (std::cmp::Reverse(finding.verdict), std::cmp::Reverse(finding.severity))
}

fn finish(maker: &Maker<'_>, outcome: &mut Outcome) {
    let check = &mut outcome.check;
    for finding in &mut check.findings {
        alert::hold(maker, finding);
        if let Some(index) = waive::apply(maker, finding) {
            outcome.waivers.insert(index);
        }
    }
    check.findings.sort_by_key(rank);
    for finding in &check.findings {
        check.counts.add(finding.verdict, 1);
    }
    let worst = Verdict::ALL.iter().rev().find(|verdict| check.counts.of(**verdict) > 0);
    check.verdict = worst.copied().unwrap_or(Verdict::Unknown);
    if check.verdict == Verdict::Pass && check.counts.pass == 0 {
        check.verdict = Verdict::Unknown;
    }
}
