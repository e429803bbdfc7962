//! The rounds of a gate: everything is asked and judged, and again, until all holds often enough in a row or the time is over.
//!
//! Within a round a policy is asked after those that it needs. What takes longer than the pause between two rounds and held
//! often enough is not asked again while others are not ready. That would make a verdict of several moments, so the last
//! round asks everything once more, and only what that round says counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::fact::{Cause, Effect, Identity, Missing, Observation, Past, Recording, Request};
use crate::judge::{Given, Outcome, judge};
use crate::observe::verify;
use crate::report::gate::Round;

use super::super::edge::Watch;
use super::super::output::{Problem, note};
use super::super::record::Mask;
use super::super::run::Options;
use super::super::setup::Setup;
use super::asker::Asker;
use super::sides::{Sides, map, positions};
use super::taken::{Then, put, same_system, who};
use super::tracks::Tracks;

/// How long it is tried.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// Until when at most; nothing is one round.
    pub wait: Option<Duration>,
    /// How often in a row everything has to hold.
    pub stable: u32,
    /// The pause between two rounds.
    pub interval: Duration,
}

/// Why it ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Everything held often enough, or there was one round only.
    Done,
    /// The time was over.
    Late,
    /// Somebody ended it.
    Cancelled,
}

/// Everything that a gate watches.
pub(super) struct Gate<'s> {
    pub setup: &'s Setup,
    pub sides: &'s Sides,
    /// In which part of a round each check is asked.
    pub waves: &'s [usize],
    pub asker: &'s Asker,
    pub options: &'s Options,
    pub patience: Patience,
    /// Is the old side asked in each round, too?
    pub live: bool,
    /// Who the old side was, if it was asked before.
    pub sources: BTreeMap<Arc<str>, Identity>,
    pub past: Past,
    /// Masks the new side as the old one was.
    pub mask: Option<Mask>,
    pub then: Then,
    pub tracks: Tracks,
    pub answers: Vec<Observation>,
    /// Of the old side, by pair.
    pub old: Vec<Option<Observation>>,
    pub rounds: Vec<Round>,
    outcomes: Vec<Option<Outcome>>,
    /// Which questions were asked in this round.
    asked: BTreeSet<usize>,
}

/// The old side as a snapshot has it, with who it was.
pub(super) type Old = (Then, BTreeMap<Arc<str>, Identity>);

impl<'s> Gate<'s> {
    pub(super) fn new(
        (setup, sides, waves): (&'s Setup, &'s Sides, &'s [usize]),
        (asker, options, patience): (&'s Asker, &'s Options, Patience),
        (past, then, mask): (Past, Option<Old>, Option<Mask>),
    ) -> Self {
        let live = then.is_none();
        let (then, sources) = then.unwrap_or_default();
        let not_yet = || Missing::new(Cause::Absent, "nobody was asked");
        let lost = |request: &Request| Observation::missing(request.key.clone(), Timestamp::now(), not_yet());
        let checks = sides.plan.checks.len();
        Self {
            setup,
            sides,
            waves,
            asker,
            options,
            patience,
            live,
            sources,
            past,
            mask,
            then,
            tracks: Tracks::new(checks, options.fail_on),
            answers: sides.plan.requests.iter().map(lost).collect(),
            old: vec![None; sides.pairs.len()],
            rounds: Vec::new(),
            outcomes: std::iter::repeat_with(|| None).take(checks).collect(),
            asked: BTreeSet::new(),
        }
    }

    /// Goes on until it is decided. The outcomes are those of the last round.
    pub(super) fn watch(&mut self) -> Result<(Vec<Outcome>, End), Problem> {
        let mut watch = Watch::start();
        let mut gone = Duration::ZERO;
        let end = loop {
            let left = self.patience.wait.map(|wait| wait.saturating_sub(gone));
            let whole = self.tracks.are_stable(self.patience.stable);
            self.round(whole, left)?;
            let took = Duration::from_micros(watch.lap());
            gone += took;
            if self.asker.is_cancelled() {
                break End::Cancelled;
            }
            let Some(wait) = self.patience.wait else { break End::Done };
            let stable = self.tracks.are_stable(self.patience.stable);
            if stable && self.is_whole() {
                break End::Done;
            }
            // Everything held, and not all of it in this round: that round follows at once.
            let pause = if stable { Duration::ZERO } else { self.patience.interval };
            if gone + pause + took.min(self.patience.interval) > wait {
                break End::Late;
            }
            self.tell(wait.saturating_sub(gone));
            self.asker.pause(pause);
            gone += Duration::from_micros(watch.lap());
            if self.asker.is_cancelled() {
                break End::Cancelled;
            }
        };
        if end != End::Done {
            self.unsettled(end);
        }
        let outcomes = std::mem::take(&mut self.outcomes);
        Ok((outcomes.into_iter().flatten().collect(), end))
    }

    /// Was everything asked in this round?
    fn is_whole(&self) -> bool {
        let waits = |index: usize| self.tracks.each.get(index).is_some_and(|track| track.waits.is_some());
        let mut checks = self.sides.plan.checks.iter().enumerate();
        checks.all(|(index, check)| {
            waits(index) || check.requests.iter().flat_map(positions).all(|place| self.asked.contains(place))
        })
    }

    /// Asks and judges everything once, each policy after those that it needs.
    fn round(&mut self, whole: bool, left: Option<Duration>) -> Result<(), Problem> {
        let (begun, mut watch) = (Timestamp::now(), Watch::start());
        self.asked.clear();
        let last = self.waves.iter().max().copied().unwrap_or(0);
        for wave in 0..=last {
            let mut open = Vec::new();
            let of_wave = self.waves.iter().enumerate().filter(|(_, own)| **own == wave);
            for (index, _) in of_wave.collect::<Vec<_>>() {
                if !self.waits(index, begun) {
                    open.push(index);
                }
            }
            let fresh = self.ask(&open, whole, left);
            self.itself()?;
            for (index, fresh) in fresh {
                self.judge(index, fresh, begun);
            }
        }
        let checks = self.sides.plan.checks.iter().zip(&self.tracks.each);
        let judged = checks.filter(|(_, track)| track.waits.is_none()).map(|(check, _)| check);
        let places: BTreeSet<usize> =
            judged.flat_map(|check| check.requests.iter().flat_map(positions)).copied().collect();
        let kept = places.difference(&self.asked).count();
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        self.rounds.push(Round {
            at: begun.to_string(),
            took_us: watch.lap(),
            asked: count(self.asked.len()),
            kept: count(kept),
            holding: count(self.tracks.holding()),
            checks: count(self.sides.plan.checks.len()),
        });
        Ok(())
    }

    /// Does a check wait for another one? Then it is unknown, and says for what.
    fn waits(&mut self, index: usize, at: Timestamp) -> bool {
        let Some(check) = self.sides.plan.checks.get(index).filter(|check| check.skip.is_none()) else {
            return false;
        };
        let gate = &self.setup.project.gate;
        let Some(why) = self.tracks.unmet(gate, &self.sides.plan, &check.policy.id) else { return false };
        let fix = "it is asked as soon as that passes";
        let outcome = self.unasked(index, &Missing::new(Cause::Absent, format!("not asked: {why}")).fix(fix));
        if let Some(outcome) = outcome {
            self.tracks.waited(index, &outcome.check, at, &why);
            self.put(index, outcome);
        }
        true
    }

    /// Asks what these checks want and was not asked in this round. Which of them have answers of this round only.
    fn ask(&mut self, open: &[usize], whole: bool, left: Option<Duration>) -> Vec<(usize, bool)> {
        let plan = &self.sides.plan;
        let places = |index: &usize| {
            let check = plan.checks.get(*index);
            check.into_iter().flat_map(|check| check.requests.iter().flat_map(positions)).copied()
        };
        let stable = self.patience.stable;
        let due = open.iter().filter(|index| whole || !self.tracks.is_kept(**index, stable));
        let due: BTreeSet<usize> = due.flat_map(places).filter(|place| !self.asked.contains(place)).collect();
        let due: Vec<usize> = due.into_iter().collect();
        let mut requests: Vec<Request> =
            due.iter().filter_map(|place| plan.requests.get(*place)).cloned().collect();
        let both = |(at, pair): (usize, &super::sides::Pair)| {
            let asked = self.live && due.contains(&pair.now);
            pair.then.as_ref().ok().filter(|_| asked).map(|then| (at, then.clone()))
        };
        let old: Vec<(usize, Request)> = self.sides.pairs.iter().enumerate().filter_map(both).collect();
        requests.extend(old.iter().map(|(_, then)| then.clone()));
        let mut fresh =
            if requests.is_empty() { Vec::new() } else { self.asker.ask(&requests, self.options, left) };
        verify(&mut fresh, &self.setup.infos);
        let mut fresh = fresh.into_iter();
        for (place, answer) in due.iter().zip(fresh.by_ref()) {
            self.asked.insert(*place);
            let answer = self.masked(*place, answer);
            if let Some(slot) = self.answers.get_mut(*place) {
                *slot = answer;
            }
        }
        for ((at, _), answer) in old.iter().zip(fresh) {
            if let Some(slot) = self.old.get_mut(*at) {
                *slot = Some(answer);
            }
        }
        self.beside();
        let whole = |index: &usize| places(index).all(|place| self.asked.contains(&place));
        open.iter().map(|index| (*index, whole(index))).collect()
    }

    /// An answer that is compared, with the texts masked that are masked on the old side. Names that the move changes
    /// cannot be looked up behind a mask: they stay as they are, and what compares them is unknown.
    fn masked(&self, place: usize, answer: Observation) -> Observation {
        let pair = self.sides.pairs.iter().find(|pair| pair.now == place);
        let (Some(mask), Some(pair)) = (&self.mask, pair) else { return answer };
        let names = ["table", "column", "object"].iter().any(|name| mask.covers(&answer.key.probe, name));
        if names && map(self.setup, &pair.target) != crate::fact::Move::default() {
            return answer;
        }
        let mut alone = Recording {
            muster: Arc::from(""),
            started: answer.at,
            about: None,
            policies: Vec::new(),
            observations: vec![answer.clone()],
            complete: true,
            past: Past::default(),
            gate: None,
        };
        mask.apply(&mut alone);
        alone.observations.pop().unwrap_or(answer)
    }

    /// Puts the answers of the old side beside those of the new one.
    fn beside(&mut self) {
        if self.live {
            let pairs = &self.sides.pairs;
            let places: BTreeMap<usize, &Option<Observation>> =
                pairs.iter().zip(&self.old).map(|(pair, old)| (pair.now, old)).collect();
            self.then = put(self.sides, self.setup, Timestamp::now(), |pair| {
                pair.then.as_ref().map_err(|why| (**why).clone())?;
                let old = places.get(&pair.now).copied().and_then(Option::as_ref);
                old.cloned().ok_or_else(|| Missing::new(Cause::Absent, "the source was not asked yet"))
            });
            let answers: Vec<Observation> = self.old.iter().flatten().cloned().collect();
            self.sources = who(&answers, self.setup);
        }
        self.past.before.retain(|(with, _), _| *with != crate::fact::Before::Gate);
        self.past.before.extend(self.then.before.iter().map(|(key, then)| (key.clone(), Arc::clone(then))));
    }

    /// Compared with itself everything is as it was, so that it is refused as soon as it is known.
    fn itself(&self) -> Result<(), Problem> {
        let same = same_system(&self.setup.project.gate, &self.sources, &who(&self.answers, self.setup));
        if same.is_empty() {
            return Ok(());
        }
        let diag = |why: String| {
            crate::diag::Diag::error(&crate::diag::code::SNAPSHOT, why)
                .help("correct the address of the target, or of its source, in muster.yaml; a promoted standby, or a copy of the files, is `in_place: true` with the new address")
        };
        Err(Problem::new(same.into_iter().map(diag).collect()))
    }

    fn judge(&mut self, index: usize, fresh: bool, at: Timestamp) {
        let Some(check) = self.sides.plan.checks.get(index) else { return };
        let given = Given { at, recall: &self.past.recall, past: &self.past };
        let outcome = judge(check, &self.answers, &given);
        let took: Duration = check
            .requests
            .iter()
            .flat_map(positions)
            .filter_map(|place| self.answers.get(*place))
            .map(|answer| answer.took)
            .sum();
        if let Some(track) = self.tracks.each.get_mut(index) {
            // What leaves something behind, if only for a moment, is not done more often than it has to be.
            let scratch = check.policy.observe.iter().any(|observe| observe.probe.effect == Effect::Scratch);
            track.costly = scratch || took > self.patience.interval;
        }
        self.tracks.judged(index, &outcome.check, at, fresh);
        self.put(index, outcome);
    }

    fn put(&mut self, index: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    /// A check without answers, and why.
    fn unasked(&self, index: usize, why: &Missing) -> Option<Outcome> {
        let check = self.sides.plan.checks.get(index)?;
        let at = Timestamp::now();
        let answers: Vec<Observation> = self
            .answers
            .iter()
            .map(|answer| Observation::missing(answer.key.clone(), at, why.clone()))
            .collect();
        Some(judge(check, &answers, &Given { at, recall: &self.past.recall, past: &self.past }))
    }

    /// What held when it ended, and not often enough, did not pass.
    fn unsettled(&mut self, end: End) {
        let stable = self.patience.stable;
        for index in 0..self.tracks.each.len() {
            let Some(held) = self.tracks.lacks(index, stable) else { continue };
            let times = if held == 1 { "once".to_owned() } else { format!("{held} times in a row") };
            let what = format!("it passed {times}, and {stable} times were wanted");
            let why = match end {
                End::Cancelled => Missing::new(Cause::Cancelled, format!("{what} when the wait was ended")),
                _ => Missing::new(Cause::Timeout, format!("{what} when the time was over"))
                    .fix("wait longer: `--wait`"),
            };
            if let Some(outcome) = self.unasked(index, &why).filter(|one| !one.check.findings.is_empty()) {
                self.put(index, outcome);
            }
        }
    }

    /// One line for whoever watches.
    fn tell(&self, left: Duration) {
        if self.options.progress && std::io::IsTerminal::is_terminal(&std::io::stderr()) {
            let (round, holding, checks) = (self.rounds.len(), self.tracks.holding(), self.tracks.each.len());
            note(&format!("round {round}: {holding} of {checks} hold; {} s left", left.as_secs()));
        }
    }
}
