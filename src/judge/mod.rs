//! Facts to verdicts. Sync, pure, no probe, no tokio: the judge cannot tell a live row from a recorded one.

mod alert;
mod assemble;
mod compared;
mod cover;
mod decide;
mod earlier;
mod explain;
mod findings;
mod group;
mod join;
mod matcher;
mod operands;
mod parts;
mod rows;
mod scope;
mod tables;
mod waive;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Cause, Effect, Missing, Observation, Past, Rows as Many, ZeroRows};
use crate::plan::{Asked, Check, Looser};
use crate::policy::Expect;
use crate::policy::decode::digest;
use crate::verdict::{self, Counts, Finding, Recall, Verdict};

pub use assemble::{Assembly, assemble};
pub use compared::compared;
pub use cover::{Branch, Part, Seen, Shown, Way, branches, covered};
pub use decide::{Decision, climb, decide};
pub use explain::{Explained, explain, operands as operands_of, subjects};

use findings::Maker;
use rows::Judged;
use tables::{Rows, Tables};

/// What judging needs besides the check.
pub struct Given<'a> {
    /// The time at which it is judged: the run's, or the recording's.
    pub at: Timestamp,
    /// How earlier runs judged.
    pub recall: &'a Recall,
    /// What earlier runs saw.
    pub past: &'a Past,
}

/// A judged check with what was used of the project file.
pub struct Outcome {
    /// The check.
    pub check: verdict::Check,
    /// Positions of waivers that covered something.
    pub waivers: BTreeSet<usize>,
    /// Positions of waivers that covered nothing here, and why it cannot be said that they are in vain.
    pub held_back: BTreeMap<usize, HeldBack>,
    /// Positions of subject overrides that matched a row.
    pub subjects: BTreeSet<usize>,
}

/// Why a waiver that covers nothing is not in vain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeldBack {
    /// What it is for could not be judged.
    Unknown,
    /// What it is for is worse than it allows.
    Beyond(String),
}

/// Judges one check; its requests are positions of the answers.
pub fn judge(check: &Check, answers: &[Observation], given: &Given<'_>) -> Outcome {
    let mut outcome = Outcome {
        check: frame(check),
        waivers: BTreeSet::new(),
        held_back: BTreeMap::new(),
        subjects: BTreeSet::new(),
    };
    if let Some(why) = &check.skip {
        outcome.check.verdict = Verdict::Skipped;
        outcome.check.counts.add(Verdict::Skipped, 1);
        outcome.check.note = Some(why.clone());
        return outcome;
    }
    let tables = Tables::new(check, answers, given);
    let maker = Maker::new(&tables);
    match tables.rows(check.policy.each) {
        Ok(rows) => judge_rows(&maker, rows, &mut outcome),
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
        looser: looser(check).into_iter().map(|one| one.what).collect(),
        scratch: scratch(check),
    }
}

/// The probes with an effect that were asked; not those that the target does not allow.
pub fn scratch(check: &Check) -> Vec<Arc<str>> {
    let asked = check.policy.observe.iter().zip(&check.requests);
    let used = asked.filter(|(observe, asked)| {
        observe.probe.effect == Effect::Scratch && !matches!(asked, Asked::Nobody(_))
    });
    let mut names: Vec<Arc<str>> = used.map(|(observe, _)| Arc::from(observe.probe.name)).collect();
    names.dedup();
    names
}

/// What is looser than the policy's default, for all subjects and for some.
pub fn looser(check: &Check) -> Vec<Looser> {
    let mut all = check.settings.looser.clone();
    for entry in &check.subjects {
        let own = entry.settings.looser.iter().filter(|one| !check.settings.looser.contains(one));
        all.extend(own.map(|one| Looser {
            what: format!("{} (for `{}`)", one.what, entry.pattern.text),
            why: one.why.clone(),
        }));
    }
    all
}

fn judge_rows(maker: &Maker<'_, '_>, rows: &Rows<'_>, outcome: &mut Outcome) {
    let Judged { findings, passed, outside, subjects, seen, unnamed } = rows::judge(maker, rows);
    outcome.check.rows = rows.total();
    outcome.check.counts.add(Verdict::Pass, passed);
    outcome.subjects = subjects;
    let judged = passed + findings.len() as u64;
    outcome.check.findings = findings;
    let faults = rows.faults();
    nothing(maker, faults.is_empty(), judged, outside, outcome);
    expected(maker, &seen, faults.first().or(unnamed.as_ref()), outcome);
    outcome.check.findings.extend(faults.iter().map(|why| maker.unknown(None, why)));
}

/// What an answer without subjects means.
fn nothing(maker: &Maker<'_, '_>, whole: bool, judged: u64, outside: u64, outcome: &mut Outcome) {
    let rows = outside + judged;
    if outside > 0 {
        outcome.check.note = Some(if judged == 0 {
            format!("none of {rows} qualified")
        } else {
            format!("{judged} of {rows} qualified")
        });
    }
    if judged > 0 || !whole {
        return;
    }
    let unknown = |what: &str| {
        let mut finding = maker.unknown(None, &Arc::new(Missing::new(Cause::Empty, what)));
        finding.operands = operands::of_expect(rows, judged);
        finding
    };
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
        Expect::List(_) | Expect::Param(_) | Expect::Keys(_) => {}
        Expect::Default if rows > 0 => outcome.check.counts.add(Verdict::Skipped, 1),
        Expect::Default => match maker.check.policy.row_schema().map(|schema| (schema.zero, schema.rows)) {
            Some((ZeroRows::Fine, Many::Many)) => {
                outcome.check.counts.add(Verdict::Pass, 1);
                outcome.check.note = Some("none found".to_owned());
            }
            _ => {
                outcome.check.findings.push(unknown("the answer has no rows, and something had to be there"));
            }
        },
    }
}

/// A name that must be there and is not is a failure; where not all rows are known it may be there.
fn expected(
    maker: &Maker<'_, '_>,
    seen: &BTreeSet<Arc<str>>,
    gap: Option<&Arc<Missing>>,
    outcome: &mut Outcome,
) {
    let (names, faults) = maker.expected();
    let names: BTreeSet<Arc<str>> = names.into_iter().filter(|name| !seen.contains(name)).collect();
    for name in names {
        let mut finding = maker.absent(&name, gap);
        finding.operands.extend(operands::of_expect(outcome.check.rows, seen.len() as u64));
        outcome.check.findings.push(finding);
    }
    outcome.check.findings.extend(faults.iter().map(|why| maker.unknown(None, why)));
}

fn rank(finding: &Finding) -> (std::cmp::Reverse<Verdict>, std::cmp::Reverse<verdict::Severity>) {
    (std::cmp::Reverse(finding.verdict), std::cmp::Reverse(finding.severity))
}

/// What is said of a check as a whole may be several things; an id is of one of them.
fn tell_apart(findings: &mut [Finding]) {
    let mut known: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for finding in findings {
        let again = known.entry(Arc::clone(&finding.id)).and_modify(|many| *many += 1).or_insert(0);
        if *again > 0 {
            finding.id = digest(&format!("{}\n{again}", finding.id));
        }
    }
}

fn finish(maker: &Maker<'_, '_>, outcome: &mut Outcome) {
    let check = &mut outcome.check;
    for finding in &mut check.findings {
        alert::hold(maker, finding);
        match waive::apply(maker, finding) {
            Some(index) => drop(outcome.waivers.insert(index)),
            None => outcome.held_back.extend(waive::nearly(maker, finding)),
        }
    }
    check.findings.sort_by_key(rank);
    tell_apart(&mut check.findings);
    for finding in &check.findings {
        check.counts.add(finding.verdict, 1);
    }
    let worst = Verdict::ALL.iter().rev().find(|verdict| check.counts.of(**verdict) > 0);
    check.verdict = worst.copied().unwrap_or(Verdict::Unknown);
    if check.verdict == Verdict::Pass && check.counts.pass == 0 {
        check.verdict = Verdict::Unknown;
    }
}
