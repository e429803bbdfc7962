//! How the checks of a gate went over its rounds: what holds how often in a row, what flapped, what waits for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::plan::Plan;
use crate::policy::project::Gate;
use crate::report::gate::Change;
use crate::verdict::{Check, Verdict};

/// One check over the rounds.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    /// How often it held in a row, each time with answers of its own.
    pub streak: u32,
    /// What it was last.
    pub last: Option<Verdict>,
    /// For what it waits.
    pub waits: Option<String>,
    /// Do its answers take longer than the pause between two rounds?
    pub costly: bool,
    /// When it held and then did not.
    pub fell: Vec<Timestamp>,
}

/// All checks over the rounds.
pub(super) struct Tracks {
    pub each: Vec<Track>,
    pub changes: Vec<Change>,
    fail_on: Verdict,
}

impl Tracks {
    pub(super) fn new(checks: usize, fail_on: Verdict) -> Self {
        Self { each: vec![Track::default(); checks], changes: Vec::new(), fail_on }
    }

    /// Is a check that came out so through? What could not be judged never is.
    pub(super) fn holds(&self, verdict: Verdict) -> bool {
        verdict < self.fail_on && verdict != Verdict::Unknown
    }

    /// Has it held often enough, so that it need not be asked again before all have?
    pub(super) fn is_kept(&self, index: usize, stable: u32) -> bool {
        self.each.get(index).is_some_and(|track| track.costly && track.streak >= stable)
    }

    /// Did all hold so often in a row?
    pub(super) fn are_stable(&self, stable: u32) -> bool {
        self.each.iter().all(|track| track.streak >= stable)
    }

    /// Does this one hold, and not often enough?
    pub(super) fn lacks(&self, index: usize, stable: u32) -> Option<u32> {
        let track = self.each.get(index)?;
        let holds = track.last.is_some_and(|last| self.holds(last)) && track.waits.is_none();
        (holds && track.streak < stable).then_some(track.streak)
    }

    /// How many hold now.
    pub(super) fn holding(&self) -> usize {
        let holds = |track: &&Track| track.last.is_some_and(|last| self.holds(last));
        self.each.iter().filter(holds).count()
    }

    /// A check was judged with answers of its own (`fresh`) or with those of an earlier round.
    pub(super) fn judged(&mut self, index: usize, check: &Check, at: Timestamp, fresh: bool) {
        let verdict = check.verdict;
        let holds = self.holds(verdict);
        let held = self.each.get(index).and_then(|track| track.last).is_some_and(|last| self.holds(last));
        let Some(track) = self.each.get_mut(index) else { return };
        let waited = track.waits.take().is_some();
        if held && !holds && !waited {
            track.fell.push(at);
        }
        track.streak = match (holds, fresh) {
            (false, _) => 0,
            (true, true) => track.streak.saturating_add(1),
            (true, false) => track.streak,
        };
        let before = track.last.replace(verdict);
        if before != Some(verdict) || waited {
            let said = check.findings.first().map(|finding| finding.message.clone()).or(check.note.clone());
            self.note(check, at, before.filter(|_| !waited), Some(verdict), said.unwrap_or_default());
        }
    }

    /// A check was not asked, because what it needs does not hold.
    pub(super) fn waited(&mut self, index: usize, check: &Check, at: Timestamp, why: &str) {
        let Some(track) = self.each.get_mut(index) else { return };
        track.streak = 0;
        let before = track.last.replace(Verdict::Unknown);
        if track.waits.replace(why.to_owned()).as_deref() != Some(why) {
            self.note(check, at, before, None, why.to_owned());
        }
    }

    fn note(
        &mut self,
        check: &Check,
        at: Timestamp,
        from: Option<Verdict>,
        to: Option<Verdict>,
        said: String,
    ) {
        let word = |verdict: Verdict| Arc::from(verdict.word());
        self.changes.push(Change {
            at: at.to_string(),
            policy: Arc::clone(&check.policy),
            target: Arc::clone(&check.target),
            from: from.map(word),
            to: to.map_or_else(|| Arc::from("waits"), word),
            said,
        });
    }

    /// Why a check cannot be asked yet: one of those that it needs does not hold in this round.
    pub(super) fn unmet(&self, gate: &Gate, plan: &Plan, policy: &str) -> Option<String> {
        let needed = gate.needs.get(policy)?;
        needed.iter().find_map(|(name, _)| {
            let of_name = plan.checks.iter().zip(&self.each).filter(|(check, _)| check.policy.id == *name);
            let tracks: BTreeMap<&str, &Track> =
                of_name.map(|(check, track)| (&*check.target.name, track)).collect();
            let why = if tracks.is_empty() {
                "is not among what is judged here".to_owned()
            } else if let Some((target, track)) = tracks.iter().find(|(_, track)| !self.is_through(track)) {
                format!("{} at `{target}`", state(track))
            } else if tracks.values().all(|track| track.last == Some(Verdict::Skipped)) {
                "was skipped".to_owned()
            } else {
                return None;
            };
            Some(format!("it needs `{name}`, which {why}"))
        })
    }

    fn is_through(&self, track: &Track) -> bool {
        track.waits.is_none() && track.last.is_some_and(|last| self.holds(last))
    }
}

fn state(track: &Track) -> &'static str {
    match (track.waits.is_some(), track.last) {
        (true, _) => "waits itself",
        (_, Some(Verdict::Unknown) | None) => "could not be judged",
        _ => "did not pass",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Counts;

    fn check(verdict: Verdict) -> Check {
        Check {
            policy: Arc::from("p"),
            title: Arc::from("t"),
            tier: Arc::from("release"),
            kind: Arc::from("maintenance"),
            digest: Arc::from(""),
            target: Arc::from("here"),
            verdict,
            counts: Counts::default(),
            rows: 0,
            note: None,
            findings: Vec::new(),
            controls: Vec::new(),
            looser: Vec::new(),
            scratch: Vec::new(),
        }
    }

    fn after(verdicts: &[(Verdict, bool)]) -> Tracks {
        let mut tracks = Tracks::new(1, Verdict::Fail);
        for (verdict, fresh) in verdicts {
            tracks.judged(0, &check(*verdict), Timestamp::UNIX_EPOCH, *fresh);
        }
        tracks
    }

    #[test]
    fn only_answers_of_their_own_count_in_a_row() {
        use Verdict::{Fail, Pass, Unknown, Warn};
        let streak = |verdicts: &[(Verdict, bool)]| after(verdicts).each[0].streak;
        assert_eq!(streak(&[(Pass, true), (Warn, true), (Pass, true)]), 3);
        assert_eq!(
            streak(&[(Pass, true), (Pass, false), (Pass, false)]),
            1,
            "kept answers prove nothing new"
        );
        assert_eq!(streak(&[(Pass, true), (Unknown, true), (Pass, true)]), 1);
        assert_eq!(streak(&[(Pass, true), (Fail, true)]), 0);
        assert!(after(&[(Pass, true), (Pass, true)]).are_stable(2));
        assert!(!after(&[(Pass, true), (Pass, true)]).are_stable(3));
    }

    #[test]
    fn what_passed_and_then_did_not_has_fallen() {
        use Verdict::{Fail, Pass, Unknown};
        let fell = |verdicts: &[(Verdict, bool)]| after(verdicts).each[0].fell.len();
        assert_eq!(fell(&[(Fail, true), (Pass, true), (Fail, true), (Pass, true)]), 1);
        assert_eq!(fell(&[(Pass, true), (Unknown, true), (Fail, true)]), 1);
        assert_eq!(fell(&[(Fail, true), (Unknown, true), (Pass, true)]), 0);
        assert_eq!(after(&[(Fail, true), (Fail, true), (Pass, true)]).changes.len(), 2);
    }
}
