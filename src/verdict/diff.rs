//! What changed between two runs.
//!
//! Reports and the store name subjects only where they do not pass. So a finding that is gone means that its subject
//! passes or is no longer there, and only where its check was judged as a whole; a finding that is new was a pass
//! before, or its subject was not there. More than that nobody can say, and nobody does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{CheckView, FindingView, RunView, Severity, Verdict};
use crate::fact::Identity;

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The policy.
    pub policy: Arc<str>,
    /// The target.
    pub target: Arc<str>,
    /// The finding's subject; `None` if the check itself is meant.
    pub subject: Option<Arc<str>>,
    /// The finding's id.
    pub id: Option<Arc<str>>,
    /// As it was.
    pub before: Option<Verdict>,
    /// As it is.
    pub after: Option<Verdict>,
    /// How bad, if it is known.
    pub severity: Option<Severity>,
    /// What happened, or what that means.
    pub message: Option<String>,
    /// Does it count as worse?
    pub is_worse: bool,
    /// Was the policy's text changed in between?
    pub policy_changed: bool,
}

/// Everything that changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// What got worse, the worst first.
    pub worse: Vec<Change>,
    /// What was not found, or not judged, before.
    pub new: Vec<Change>,
    /// Checks that were not run again, and findings of which nothing is known any more.
    pub gone: Vec<Change>,
    /// What got better.
    pub better: Vec<Change>,
    /// Checks in which nothing changed.
    pub unchanged_checks: u64,
    /// Findings that are as they were.
    pub unchanged_findings: u64,
    /// What else a reader must know.
    pub notes: Vec<String>,
}

impl Diff {
    /// How many changes count as worse.
    pub fn worsened(&self) -> usize {
        [&self.worse, &self.new, &self.gone].into_iter().flatten().filter(|change| change.is_worse).count()
    }

    /// Did nothing change at all?
    pub fn is_empty(&self) -> bool {
        [&self.worse, &self.new, &self.gone, &self.better].into_iter().all(Vec::is_empty)
    }
}

/// Compares two runs; the error says why they cannot be compared.
pub fn compare(before: &RunView, after: &RunView) -> Result<Diff, Vec<String>> {
    let mut diff = Diff { notes: comparable(before, after)?, ..Diff::default() };
    let key = |check: &CheckView| (Arc::clone(&check.policy), Arc::clone(&check.target), check.notice);
    let old: BTreeMap<_, &CheckView> = before.checks.iter().map(|check| (key(check), check)).collect();
    let new: BTreeMap<_, &CheckView> = after.checks.iter().map(|check| (key(check), check)).collect();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => both(old, new, &mut diff),
            (None, Some(new)) => appeared(new, &mut diff),
            (Some(old), None) => vanished(old, &mut diff),
            (None, None) => {}
        }
    }
    for list in [&mut diff.worse, &mut diff.new, &mut diff.gone, &mut diff.better] {
        // Lists are in order of their names already, and stay so within what is equally bad.
        list.sort_by_key(|change| std::cmp::Reverse((change.is_worse, rank(change), change.severity)));
    }
    Ok(diff)
}

fn rank(change: &Change) -> Option<Verdict> {
    change.after.or(change.before)
}

/// What must be known beside the changes, or why there can be none.
fn comparable(before: &RunView, after: &RunView) -> Result<Vec<String>, Vec<String>> {
    let names = |run: &RunView| -> BTreeSet<Arc<str>> {
        run.checks.iter().filter(|check| !check.notice).map(|check| Arc::clone(&check.target)).collect()
    };
    let (old, new) = (names(before), names(after));
    for (run, names) in [(before, &old), (after, &new)] {
        if names.is_empty() {
            return Err(vec![format!("{} has no check", run.name)]);
        }
    }
    let list = |names: &mut dyn Iterator<Item = &Arc<str>>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    if old.is_disjoint(&new) {
        let (of, but) = (list(&mut old.iter()), list(&mut new.iter()));
        return Err(vec![format!("{} is about {of}, {} about {but}", before.name, after.name)]);
    }
    let (mut unlike, mut notes) = (Vec::new(), Vec::new());
    let known: BTreeMap<&Arc<str>, &Identity> = after.targets.iter().map(|(name, who)| (name, who)).collect();
    for (name, was) in &before.targets {
        if let Some(is) = known.get(name) {
            same(name, was, is, &mut unlike, &mut notes);
        }
    }
    for (run, only) in [(before, old.difference(&new)), (after, new.difference(&old))] {
        let only = list(&mut only.into_iter());
        if !only.is_empty() {
            notes.push(format!("only in {}: the target {only}", run.name));
        }
    }
    for run in [before, after] {
        if let Some(replay) = &run.replay {
            notes.push(format!("{} judged a recording of {replay}", run.name));
        }
    }
    if unlike.is_empty() { Ok(notes) } else { Err(unlike) }
}

fn same(name: &str, was: &Identity, is: &Identity, unlike: &mut Vec<String>, notes: &mut Vec<String>) {
    match (&was.system, &is.system) {
        (Some(was), Some(is)) if was != is => {
            return unlike.push(format!("`{name}` was the system {was} and is the system {is}"));
        }
        (Some(_), Some(_)) => {}
        _ if !was.host.is_empty() && !is.host.is_empty() && was.host != is.host => {
            return unlike.push(format!("`{name}` was at {} and is at {}", was.host, is.host));
        }
        _ => {}
    }
    for (what, was, is) in [("version", &was.version, &is.version), ("role", &was.role, &is.role)] {
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            notes.push(format!("the {what} of `{name}` was {was} and is {is}"));
        }
    }
}

/// How one verdict follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Same,
    Better,
    Worse,
}

/// What was known and is not any more got worse, whatever it was.
fn step(before: Verdict, after: Verdict) -> Step {
    let is_known = |verdict| !matches!(verdict, Verdict::Unknown | Verdict::Skipped);
    if before == after {
        Step::Same
    } else if after > before || !is_known(after) && (is_known(before) || after == Verdict::Skipped) {
        Step::Worse
    } else {
        Step::Better
    }
}

fn is_bad(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Warn | Verdict::Unknown | Verdict::Fail)
}

/// A change of the check itself.
fn of_check(check: &CheckView, before: Option<Verdict>, after: Option<Verdict>, is_worse: bool) -> Change {
    Change {
        policy: Arc::clone(&check.policy),
        target: Arc::clone(&check.target),
        subject: None,
        id: None,
        before,
        after,
        severity: check.findings.iter().filter_map(|finding| finding.severity).max(),
        message: check.note.clone(),
        is_worse,
        policy_changed: false,
    }
}

fn of_finding(
    check: &CheckView,
    finding: &FindingView,
    (before, after): (Option<Verdict>, Option<Verdict>),
    is_worse: bool,
) -> Change {
    Change {
        subject: Some(Arc::clone(&finding.subject)),
        id: Some(Arc::clone(&finding.id)),
        severity: finding.severity,
        message: finding.message.clone(),
        ..of_check(check, before, after, is_worse)
    }
}

/// The worst of each id: one subject may have several findings.
fn by_id(check: &CheckView) -> BTreeMap<&Arc<str>, &FindingView> {
    let mut found: BTreeMap<&Arc<str>, &FindingView> = BTreeMap::new();
    for finding in &check.findings {
        let known = found.entry(&finding.id).or_insert(finding);
        if finding.verdict > known.verdict {
            *known = finding;
        }
    }
    found
}

fn both(old: &CheckView, new: &CheckView, diff: &mut Diff) {
    let changed = matches!((&old.digest, &new.digest), (Some(old), Some(new)) if old != new);
    let mut own = Diff::default();
    let (was, is) = (by_id(old), by_id(new));
    for (id, finding) in &is {
        let Some(earlier) = was.get(id) else {
            own.new.push(of_finding(new, finding, (None, Some(finding.verdict)), is_bad(finding.verdict)));
            continue;
        };
        let verdicts = (Some(earlier.verdict), Some(finding.verdict));
        match step(earlier.verdict, finding.verdict) {
            Step::Same => own.unchanged_findings += 1,
            Step::Worse => own.worse.push(of_finding(new, finding, verdicts, true)),
            Step::Better => own.better.push(of_finding(new, finding, verdicts, false)),
        }
    }
    for (_, finding) in was.iter().filter(|(id, _)| !is.contains_key(*id)) {
        let verdicts = (Some(finding.verdict), None);
        if new.whole {
            let message = "not found any more: it passes, or it is no longer there".to_owned();
            own.better.push(Change { message: Some(message), ..of_finding(old, finding, verdicts, false) });
        } else {
            let message = "the check could not be judged as a whole, so nothing is known of it".to_owned();
            own.gone.push(Change { message: Some(message), ..of_finding(old, finding, verdicts, true) });
        }
    }
    let verdicts = (Some(old.verdict), Some(new.verdict));
    match step(old.verdict, new.verdict) {
        // What its findings show is not said twice.
        Step::Worse if own.worsened() == 0 => own.worse.push(of_check(new, verdicts.0, verdicts.1, true)),
        Step::Better if own.is_empty() => own.better.push(of_check(new, verdicts.0, verdicts.1, false)),
        _ => {}
    }
    diff.unchanged_checks += u64::from(own.is_empty() && !new.notice);
    diff.unchanged_findings += own.unchanged_findings;
    let marked = |change| Change { policy_changed: changed, ..change };
    diff.worse.extend(own.worse.into_iter().map(marked));
    diff.new.extend(own.new.into_iter().map(marked));
    diff.gone.extend(own.gone.into_iter().map(marked));
    diff.better.extend(own.better.into_iter().map(marked));
}

/// A check that was not run before.
fn appeared(new: &CheckView, diff: &mut Diff) {
    let found = by_id(new);
    if found.is_empty() {
        diff.new.push(of_check(new, None, Some(new.verdict), is_bad(new.verdict)));
    }
    let of = |finding: &&FindingView| {
        of_finding(new, finding, (None, Some(finding.verdict)), is_bad(finding.verdict))
    };
    diff.new.extend(found.values().map(of));
}

/// A check that was not run again. Whatever it judged is not known any more.
fn vanished(old: &CheckView, diff: &mut Diff) {
    if old.notice {
        let message = Some("not found any more".to_owned());
        let of = |finding: &FindingView| Change {
            message: message.clone(),
            ..of_finding(old, finding, (Some(finding.verdict), None), false)
        };
        return diff.better.extend(old.findings.iter().map(of));
    }
    let is_worse = old.verdict != Verdict::Skipped;
    let message = if is_worse {
        "the check was not run again, so nothing is known of it"
    } else {
        "it was skipped before"
    };
    let gone = of_check(old, Some(old.verdict), None, is_worse);
    diff.gone.push(Change { message: Some(message.to_owned()), ..gone });
}

#[cfg(test)]
mod tests {
    use Verdict::{Fail, Pass, Skipped, Unknown, Waived, Warn};

    use super::*;

    fn finding(id: &str, verdict: Verdict) -> FindingView {
        let severity = Some(Severity::High);
        FindingView {
            id: id.into(),
            subject: format!("s-{id}").into(),
            verdict,
            severity,
            message: Some("it is so".to_owned()),
        }
    }

    fn check(policy: &str, verdict: Verdict, findings: Vec<FindingView>) -> CheckView {
        let whole = !matches!(verdict, Unknown | Skipped);
        let (policy, target) = (policy.into(), "db".into());
        CheckView { policy, target, notice: false, verdict, whole, digest: None, note: None, findings }
    }

    fn run(name: &str, checks: Vec<CheckView>) -> RunView {
        RunView { name: name.to_owned(), checks, ..RunView::default() }
    }

    fn diff(before: Vec<CheckView>, after: Vec<CheckView>) -> Diff {
        compare(&run("run 1", before), &run("run 2", after)).unwrap()
    }

    /// Names of lists and ids (or policies) that stand in them.
    fn shown(diff: &Diff) -> Vec<String> {
        let lists =
            [("worse", &diff.worse), ("new", &diff.new), ("gone", &diff.gone), ("better", &diff.better)];
        let name = |change: &Change| change.id.clone().unwrap_or_else(|| Arc::clone(&change.policy));
        let all = lists
            .iter()
            .flat_map(|(list, changes)| changes.iter().map(move |change| format!("{list} {}", name(change))));
        all.collect()
    }

    #[test]
    fn every_pair_of_verdicts_is_judged_so() {
        let table = [
            (Pass, "=wwwww"),
            (Skipped, "b=wwww"),
            (Waived, "bw=www"),
            (Warn, "bwb=ww"),
            (Unknown, "bwbb=w"),
            (Fail, "bwbbw="),
        ];
        for (before, row) in table {
            for (after, expected) in Verdict::ALL.into_iter().zip(row.chars()) {
                let seen = match step(before, after) {
                    Step::Same => '=',
                    Step::Better => 'b',
                    Step::Worse => 'w',
                };
                assert_eq!(seen, expected, "{} to {}", before.word(), after.word());
            }
        }
    }

    #[test]
    fn findings_are_worse_new_better_or_as_they_were() {
        let before = vec![check(
            "p",
            Fail,
            vec![finding("a", Warn), finding("b", Fail), finding("c", Warn), finding("d", Fail)],
        )];
        let after = vec![check(
            "p",
            Fail,
            vec![finding("a", Fail), finding("b", Warn), finding("c", Warn), finding("e", Warn)],
        )];
        let diff = diff(before, after);
        assert_eq!(shown(&diff), ["worse a", "new e", "better d", "better b"]);
        assert_eq!((diff.unchanged_findings, diff.unchanged_checks, diff.worsened()), (1, 0, 2));
        assert_eq!(diff.worse[0].before, Some(Warn));
    }

    #[test]
    fn the_worst_comes_first() {
        let before = vec![check("p", Pass, vec![]), check("q", Pass, vec![])];
        let mut low = finding("low", Fail);
        low.severity = Some(Severity::Low);
        let after = vec![
            check("p", Fail, vec![finding("warn", Warn), low]),
            check("q", Fail, vec![finding("high", Fail)]),
        ];
        assert_eq!(shown(&diff(before, after)), ["new high", "new low", "new warn"]);
    }

    #[test]
    fn a_check_that_lost_its_sight_is_worse_and_its_findings_are_not_mended() {
        let before = vec![
            check("p", Fail, vec![finding("a", Fail)]),
            check("q", Pass, vec![]),
            check("r", Pass, vec![]),
        ];
        let after = vec![
            check("p", Unknown, vec![finding("down", Unknown)]),
            check("q", Skipped, vec![]),
            check("r", Unknown, vec![]),
        ];
        let diff = diff(before, after);
        assert_eq!(shown(&diff), ["worse r", "worse q", "new down", "gone a"]);
        assert_eq!(diff.worsened(), 4);
    }

    #[test]
    fn a_check_that_can_be_judged_again_is_better() {
        let before = vec![check("p", Unknown, vec![finding("down", Unknown)]), check("q", Unknown, vec![])];
        let after = vec![check("p", Pass, vec![]), check("q", Pass, vec![])];
        let diff = diff(before, after);
        assert_eq!(
            (shown(&diff), diff.worsened()),
            (vec!["better down".to_owned(), "better q".to_owned()], 0)
        );
    }

    #[test]
    fn a_check_that_was_judged_and_is_gone_is_worse() {
        let stays = || check("stays", Pass, vec![]);
        for (verdict, worsened) in [(Pass, 1), (Waived, 1), (Fail, 1), (Unknown, 1), (Skipped, 0)] {
            let diff = diff(vec![stays(), check("p", verdict, vec![])], vec![stays()]);
            assert_eq!(
                (shown(&diff), diff.worsened(), diff.unchanged_checks),
                (vec!["gone p".to_owned()], worsened, 1)
            );
        }
    }

    #[test]
    fn a_new_check_is_worse_only_if_it_does_not_pass() {
        let stays = || check("stays", Pass, vec![]);
        for (verdict, worsened) in [(Pass, 0), (Skipped, 0), (Warn, 1), (Unknown, 1), (Fail, 1)] {
            assert_eq!(diff(vec![stays()], vec![stays(), check("p", verdict, vec![])]).worsened(), worsened);
        }
    }

    #[test]
    fn other_systems_are_not_comparable() {
        let who = |host: &str, system: Option<&str>| Identity {
            host: host.into(),
            system: system.map(Arc::from),
            ..Identity::default()
        };
        let with = |name: &str, who: Identity| RunView {
            targets: vec![("db".into(), who)],
            ..run(name, vec![check("p", Pass, vec![])])
        };
        let compared =
            |a, b| compare(&with("run 1", a), &with("run 2", b)).map(|_| ()).map_err(|why| why.join("; "));
        assert_eq!(
            compared(who("a", Some("1")), who("b", Some("1"))),
            Ok(()),
            "the same system at another address"
        );
        assert_eq!(
            compared(who("a", Some("1")), who("a", Some("2"))),
            Err("`db` was the system 1 and is the system 2".to_owned())
        );
        assert_eq!(
            compared(who("a", None), who("b", Some("2"))),
            Err("`db` was at a and is at b".to_owned())
        );
        assert_eq!(compared(who("a", None), who("", None)), Ok(()), "who did not answer is not another");
        let mut other = run("run 2", vec![check("p", Pass, vec![])]);
        other.checks[0].target = "elsewhere".into();
        let why = compare(&run("run 1", vec![check("p", Pass, vec![])]), &other).unwrap_err();
        assert_eq!(why, ["run 1 is about `db`, run 2 about `elsewhere`"]);
        let why = compare(&run("run 1", vec![]), &other).unwrap_err();
        assert_eq!(why, ["run 1 has no check"]);
    }

    #[test]
    fn what_a_reader_must_know_is_noted() {
        let who = |role: &str| Identity { role: Some(role.into()), ..Identity::default() };
        let mut before = RunView {
            targets: vec![("db".into(), who("primary"))],
            ..run("run 1", vec![check("p", Pass, vec![])])
        };
        let mut after = RunView {
            targets: vec![("db".into(), who("replica"))],
            replay: Some("noon".to_owned()),
            ..before.clone()
        };
        after.name = "run 2".to_owned();
        before.checks[0].digest = Some("1".into());
        after.checks[0] =
            CheckView { digest: Some("2".into()), ..check("p", Fail, vec![finding("a", Fail)]) };
        after.checks.push(CheckView { target: "more".into(), ..check("p", Pass, vec![]) });
        let diff = compare(&before, &after).unwrap();
        assert_eq!(
            diff.notes,
            [
                "the role of `db` was primary and is replica",
                "only in run 2: the target `more`",
                "run 2 judged a recording of noon"
            ]
        );
        assert!(diff.new[0].policy_changed);
    }
}
