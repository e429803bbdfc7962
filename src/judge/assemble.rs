//! Judged checks to the report of a run: order, shared faults, notices about waivers and overrides, exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Identity, Missing, Pattern};
use crate::plan::Plan;
use crate::policy::decode::digest;
use crate::policy::{Override, Project};
use crate::verdict::{Check, Counts, Fault, Finding, RunReport, Verdict};

use super::waive::today;
use super::{HeldBack, Outcome};

/// Days before its end from which a waiver is a warning.
const SOON: i64 = 14;

/// What a run says about itself.
pub struct Assembly<'a> {
    /// Version of muster.
    pub muster: Arc<str>,
    /// The host on which it ran.
    pub host: Arc<str>,
    /// When it began.
    pub started: Timestamp,
    /// A recording's time, if one was judged.
    pub recording: Option<String>,
    /// Who answered, by target.
    pub targets: Vec<(Arc<str>, Identity)>,
    /// The verdict from which a run fails.
    pub fail_on: Verdict,
    /// The project.
    pub project: &'a Project,
    /// Was everything of the project selected? Only then can a waiver be called unused.
    pub whole: bool,
    /// Policies that could not be loaded: whether a waiver covers something of them is not known.
    pub broken: Vec<Arc<str>>,
    /// What should have been judged by now and was not.
    pub overdue: Vec<Finding>,
}

/// Puts the report together.
pub fn assemble(plan: &Plan, outcomes: Vec<Outcome>, about: Assembly<'_>) -> RunReport {
    let mut notices = notices(plan, &outcomes, &about);
    notices.extend(about.overdue.iter().cloned());
    let checks: Vec<Check> = outcomes.into_iter().map(|outcome| outcome.check).collect();
    let (mut by_check, mut subjects) = (Counts::default(), Counts::default());
    for check in &checks {
        by_check.add(check.verdict, 1);
        for verdict in Verdict::ALL {
            subjects.add(verdict, check.counts.of(verdict));
        }
    }
    let (exit, exit_reason) = exit(&by_check, &subjects, &notices, about.fail_on);
    RunReport {
        muster: about.muster,
        host: about.host,
        started: about.started.to_string(),
        recording: about.recording,
        targets: about.targets,
        faults: faults(&checks),
        checks,
        notices,
        checks_by_verdict: by_check,
        subjects,
        exit,
        exit_reason,
        timings: None,
    }
}

/// 1 before 3 before 4; 2 is for wrong input, which has no report.
fn exit(checks: &Counts, subjects: &Counts, notices: &[Finding], fail_on: Verdict) -> (u8, String) {
    let at_or_above = |verdict: &&Verdict| **verdict >= fail_on;
    let bad: u64 = Verdict::ALL.iter().filter(at_or_above).map(|verdict| subjects.of(*verdict)).sum();
    let warned = if fail_on <= Verdict::Warn { notices.len() as u64 } else { 0 };
    let judged = checks.total() - checks.skipped;
    if bad + warned > 0 {
        return (1, format!("{} at or above `{}`", plural(bad + warned, "finding"), fail_on.word()));
    }
    if subjects.unknown > 0 || checks.unknown > 0 {
        return (3, format!("{} could not be judged", plural(subjects.unknown.max(1), "subject")));
    }
    match (checks.total(), judged) {
        (0, _) => (4, "nothing was judged: there is no check".to_owned()),
        (_, 0) => (4, "nothing was judged: every check was skipped".to_owned()),
        _ => (0, format!("everything asked for was judged, nothing at or above `{}`", fail_on.word())),
    }
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Faults that hide findings, the one that hides most first.
fn faults(checks: &[Check]) -> Vec<Fault> {
    let mut faults: BTreeMap<(Arc<str>, String), Fault> = BTreeMap::new();
    for check in checks {
        for finding in check.findings.iter().filter(|finding| finding.verdict == Verdict::Unknown) {
            let Some(missing) = &finding.cause else { continue };
            let key = (Arc::clone(&check.target), key(missing));
            let new = || Fault {
                target: Arc::clone(&check.target),
                missing: Arc::clone(missing),
                policies: Vec::new(),
                findings: 0,
            };
            let fault = faults.entry(key).or_insert_with(new);
            fault.findings += 1;
            if !fault.policies.contains(&check.policy) {
                fault.policies.push(Arc::clone(&check.policy));
            }
        }
    }
    let mut faults: Vec<Fault> = faults.into_values().collect();
    faults.sort_by_key(|fault| std::cmp::Reverse((fault.policies.len(), fault.findings)));
    faults
}

fn key(missing: &Missing) -> String {
    format!("{}\n{:?}\n{}\n{:?}", missing.cause, missing.level, missing.what, missing.fix)
}

struct Notices<'a> {
    about: &'a Assembly<'a>,
    found: Vec<Finding>,
    /// How many there are of each thing that one is about.
    known: BTreeMap<String, usize>,
}

impl Notices<'_> {
    /// Its id is made of what it is about, and not of where that stands or how many days are left: it stays while
    /// lines move, in every folder.
    fn add(&mut self, policy: &str, about: &[&str], owner: &str, (at, message): (String, String)) {
        let about = format!("{policy}\n{}", about.join("\n"));
        let again = self.known.entry(about.clone()).and_modify(|many| *many += 1).or_insert(0);
        let id = if *again == 0 { digest(&about) } else { digest(&format!("{about}\n{again}")) };
        let finding = Finding::notice(id, policy, "muster.yaml", Arc::from(owner), message);
        self.found.push(Finding { at, ..finding });
    }

    fn waivers(&mut self, used: &BTreeSet<usize>, held_back: &BTreeMap<usize, HeldBack>) {
        let today = today(self.about.started);
        for (index, waiver) in self.about.project.waivers.iter().enumerate() {
            let until = crate::fact::show(&crate::fact::Value::Int(waiver.expires), &crate::fact::Type::Date);
            let name = format!("the waiver of `{}` ({})", waiver.policy.text, waiver.ticket);
            let left = waiver.expires - today;
            let is_broken = self.about.broken.iter().any(|id| waiver.policy.matches(id));
            let (word, message) = if left < 0 {
                let mend = "mend what it covers, or renew it with a reason";
                ("expired", format!("{name} expired on {until}: {mend}"))
            } else if let (Some(HeldBack::Beyond(why)), false) =
                (held_back.get(&index), used.contains(&index))
            {
                (
                    "beyond",
                    format!(
                        "{name} covers nothing any more: {why}; mend what it is for, or raise `up_to` with a reason"
                    ),
                )
            } else if self.about.whole
                && !used.contains(&index)
                && !is_broken
                && !held_back.contains_key(&index)
            {
                let mend = "remove it, or correct its target or subject";
                ("unused", format!("{name} covers nothing: {mend}"))
            } else if left <= SOON {
                let days = plural(u64::try_from(left).unwrap_or(0), "day");
                ("soon", format!("{name} expires in {days} on {until}"))
            } else {
                continue;
            };
            let text = |pattern: Option<&Pattern>| pattern.map_or("", |pattern| &*pattern.text).to_owned();
            let (target, subject) = (text(waiver.target.as_ref()), text(waiver.subject.as_ref()));
            // What is said of it is another notice, which was not known while something else was said.
            let about = [&*waiver.policy.text, &target, &subject, &waiver.ticket, word];
            self.add("waiver", &about, &waiver.owner, (waiver.loc.to_string(), message));
        }
    }

    fn subjects(&mut self, plan: &Plan, outcomes: &[Outcome]) {
        let overrides: BTreeMap<String, (usize, &Override)> = self
            .about
            .project
            .overrides
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.loc.to_string(), (at, entry)))
            .collect();
        // In the order of the file: as texts, line 10 is before line 9.
        let mut places: BTreeMap<(usize, &str), (bool, &str, &str, &str)> = BTreeMap::new();
        for (check, outcome) in plan.checks.iter().zip(outcomes) {
            let seen = outcome.check.rows > 0;
            for (index, entry) in check.subjects.iter().enumerate() {
                let used = outcome.subjects.contains(&index) || !seen;
                let place = overrides.get(&entry.at).map_or(usize::MAX, |(at, _)| *at);
                let slot = places.entry((place, &entry.at)).or_insert((
                    false,
                    &check.policy.id,
                    &entry.pattern.text,
                    &check.owner,
                ));
                slot.0 |= used;
            }
        }
        for ((_, at), (_, policy, pattern, owner)) in places.into_iter().filter(|(_, place)| !place.0) {
            let chosen = overrides.get(at).map_or_else(String::new, |(_, entry)| chosen(entry));
            let message =
                format!("the override of `{policy}` for the subject `{pattern}`{chosen} matched no row");
            self.add("override", &[policy, pattern, &chosen], owner, (at.to_owned(), message));
        }
    }
}

/// Where an override applies, if it says so.
fn chosen(entry: &Override) -> String {
    let mut text = String::new();
    if let Some(target) = &entry.target {
        text.push_str(&format!(" at the target `{target}`"));
    }
    if let Some(environment) = &entry.environment {
        text.push_str(&format!(" in the environment `{environment}`"));
    }
    if !entry.labels.is_empty() {
        let labels: Vec<String> =
            entry.labels.iter().map(|(name, label)| format!("{name}: {label}")).collect();
        text.push_str(&format!(" with the labels `{}`", labels.join(", ")));
    }
    text
}

fn notices(plan: &Plan, outcomes: &[Outcome], about: &Assembly<'_>) -> Vec<Finding> {
    let used: BTreeSet<usize> = outcomes.iter().flat_map(|outcome| outcome.waivers.iter().copied()).collect();
    let mut notices = Notices { about, found: Vec::new(), known: BTreeMap::new() };
    let mut held_back = BTreeMap::new();
    for (index, why) in outcomes.iter().flat_map(|outcome| &outcome.held_back) {
        // What is known to be beyond is said, whatever else could not be judged.
        let known = held_back.entry(*index).or_insert_with(|| why.clone());
        *known = (*known).clone().max(why.clone());
    }
    notices.waivers(&used, &held_back);
    notices.subjects(plan, outcomes);
    notices.found
}
