//! `muster test --coverage`: what of each policy its cases show, and what they never do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use crate::judge::{Branch, Part, Seen, Shown as Branched, branches, covered};
use crate::policy::Policy;
use crate::policy::cases::{Case, Expected};
use crate::policy::cores::on_all_cores;
use crate::report::inline;

use super::super::exit;
use super::super::output::{self, Done, line};
use super::super::page::columns;
use super::tried::Ready;
use super::{Asked, Shown, try_all};

/// What of one policy is shown.
pub(super) struct Covered<'a> {
    pub policy: &'a Arc<Policy>,
    pub branches: Vec<Branched>,
    pub seen: BTreeSet<Branch>,
}

impl Covered<'_> {
    fn shown(&self) -> usize {
        self.branches.iter().filter(|one| self.seen.contains(&one.branch)).count()
    }

    /// In hundredths; a policy without anything to show is shown.
    fn percent(&self) -> f64 {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        if self.branches.is_empty() {
            100.0
        } else {
            number(self.shown()) * 100.0 / number(self.branches.len())
        }
    }
}

/// Reads `--fail-under`.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let number: f64 =
        text.trim_end_matches('%').parse().map_err(|_no_number| "write for example `90`".to_owned())?;
    if (0.0..=100.0).contains(&number) {
        Ok(number)
    } else {
        Err("a share lies between 0 and 100".to_owned())
    }
}

/// What the cases show of their policies, in the order of the ids.
pub(super) fn of<'a>(cases: &[(&'a Arc<Policy>, &Case)]) -> Vec<Covered<'a>> {
    let mut policies: BTreeMap<&str, (&'a Arc<Policy>, Vec<&Case>)> = BTreeMap::new();
    for (policy, case) in cases {
        policies.entry(&policy.id).or_insert_with(|| (policy, Vec::new())).1.push(case);
    }
    let policies: Vec<_> = policies.into_values().collect();
    on_all_cores(&policies, |(policy, cases)| Covered {
        policy,
        branches: branches(policy),
        seen: cases.iter().flat_map(|case| shown(policy, case)).collect(),
    })
}

/// What one case shows by what it expects: a rung of a ladder may say anything of a subject of which nobody asks for it.
pub(super) fn shown(policy: &Arc<Policy>, case: &Case) -> BTreeSet<Branch> {
    let Seen { ways: mut shown, ladders } = evaluated(policy, case);
    for (subject, rungs) in ladders {
        let about = |expected: &&Expected| expected.subject.as_deref() == subject.as_deref();
        let asks = |what: fn(&Expected) -> bool| case.findings.iter().filter(about).any(what);
        let severity = asks(|expected| expected.severity.is_some());
        let urgency = asks(|expected| expected.urgency.is_some());
        shown.extend(rungs.into_iter().filter(|(part, _)| match part {
            Part::Severity(_) => severity,
            Part::Urgency(_) => urgency,
            _ => true,
        }));
    }
    shown
}

/// What is evaluated in one case.
pub(super) fn seen(policy: &Arc<Policy>, case: &Case) -> BTreeSet<Branch> {
    evaluated(policy, case).all()
}

/// A case that cannot be judged shows nothing, and fails as a case.
fn evaluated(policy: &Arc<Policy>, case: &Case) -> Seen {
    Ready::new(policy, case).map_or_else(|_wrong| Seen::default(), |ready| ready.with(covered))
}

/// Shows what is covered. A policy below `least` percent is a finding, and one without cases is at 0.
pub(super) fn run(shown: &Shown, asked: &Asked<'_>, least: Option<f64>) -> Done {
    let failed = try_all(&asked.cases).iter().filter(|tried| !tried.faults.is_empty()).count();
    let covered = of(&asked.cases);
    let bare = asked.without_cases();
    let low = |one: &&Covered<'_>| least.is_some_and(|least| one.percent() < least);
    let below: Vec<&str> = covered.iter().filter(low).map(|one| &*one.policy.id).collect();
    let bare_is_low = least.is_some_and(|least| least > 0.0) && !bare.is_empty();
    let exit = match (covered.is_empty(), failed == 0 && below.is_empty() && !bare_is_low) {
        (true, _) => exit::NOTHING,
        (false, true) => exit::GOOD,
        (false, false) => exit::FINDINGS,
    };
    if covered.is_empty() {
        output::note(crate::report::tested::NO_CASE);
    }
    if shown.json() {
        output::say(&as_json(&covered, asked, &below, failed, exit))?;
    } else {
        output::say(&human(&covered, asked, least, failed))?;
    }
    Ok(exit)
}

/// What a branch is about, in words.
fn what(part: &Part) -> &'static str {
    match part {
        Part::When => "when",
        Part::Observation(_) => "observe",
        Part::Side => "side",
        Part::Where => "where",
        Part::Fail(_) => "fail",
        Part::Warn(_) => "warn",
        Part::Script => "script",
        Part::Severity(_) => "severity",
        Part::Urgency(_) => "urgency",
        Part::Step(_) => "remedy if",
        Part::Fact(_) => "fact",
        Part::Past(_) => "past",
        Part::Expect => "rows",
    }
}

fn human(covered: &[Covered<'_>], asked: &Asked<'_>, least: Option<f64>, failed: usize) -> String {
    let mut text = String::new();
    for one in covered {
        for branch in one.branches.iter().filter(|branch| !one.seen.contains(&branch.branch)) {
            let (part, way) = &branch.branch;
            let said = format!("{} `{}` {}", what(part), inline(&branch.text), way.word());
            line(&mut text, &format!("NOT SHOWN  {} · {said}", one.policy.id));
            line(&mut text, &format!("           {}", inline(&asked.place(&branch.at))));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let head = ["policy", "shown", "of", "share", ""].map(str::to_owned).to_vec();
    let mut lines = vec![head];
    for one in covered {
        let low = least.is_some_and(|least| one.percent() < least);
        let mark = if low { "too low" } else { "" };
        let share = format!("{:.1} %", one.percent());
        lines.push(vec![
            one.policy.id.to_string(),
            one.shown().to_string(),
            one.branches.len().to_string(),
            share,
            mark.to_owned(),
        ]);
    }
    for policy in asked.without_cases() {
        let mark = if least.is_some_and(|least| least > 0.0) { "no case, too low" } else { "no case" };
        lines.push(vec![
            policy.to_owned(),
            "0".to_owned(),
            "?".to_owned(),
            "0.0 %".to_owned(),
            mark.to_owned(),
        ]);
    }
    text.push_str(&columns(&lines));
    let (shown, of): (usize, usize) =
        covered.iter().fold((0, 0), |(shown, of), one| (shown + one.shown(), of + one.branches.len()));
    line(&mut text, &format!("{shown} of {of} ways are shown by cases"));
    if failed > 0 {
        line(&mut text, &format!("{failed} cases fail as they are; `muster test` shows them"));
    }
    text
}

fn as_json(covered: &[Covered<'_>], asked: &Asked<'_>, below: &[&str], failed: usize, exit: u8) -> String {
    let policy = |one: &Covered<'_>| {
        let branch = |branch: &Branched| {
            let (part, way) = &branch.branch;
            json!({
                "what": what(part), "text": &*branch.text, "way": way.word(), "at": asked.place(&branch.at),
                "shown": one.seen.contains(&branch.branch),
            })
        };
        json!({
            "policy": &*one.policy.id, "shown": one.shown(), "of": one.branches.len(),
            "percent": (one.percent() * 10.0).round() / 10.0,
            "ways": one.branches.iter().map(branch).collect::<Vec<_>>(),
        })
    };
    let policies: Vec<_> = covered.iter().map(policy).collect();
    let all = json!({
        "coverage": 1, "muster": env!("CARGO_PKG_VERSION"), "exit": exit, "failed_cases": failed,
        "policies": policies, "too_low": below, "without_cases": asked.without_cases(),
    });
    format!("{all:#}\n")
}
