//! What waivers hid: how it stood when it was hidden first, and at the last judgement.
//!
//! The numbers are those that the rule compared, read off the findings as they were judged then. Where that is not possible any
//! more, it is said, and nothing is put in their place.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exception::{Beneath, Figure, Moved};
use super::history::Judged;
use crate::store::{Ledger, LedgerFinding};
use crate::verdict::{Compared, Finding, Verdict, WaiverNote};

/// A judgement of a finding that has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Position of the run in the ledger.
    pub run: usize,
    /// Position of the check in the ledger.
    pub check: usize,
    /// Id of the finding.
    pub finding: Arc<str>,
    /// Its verdict then, as it was kept.
    pub verdict: Verdict,
}

/// What a finding said then.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The waiver that covered it.
    pub waiver: Option<WaiverNote>,
    /// The numbers that decided it.
    pub compared: Vec<Compared>,
}

/// What was looked up, by the position of the run and the id of the finding, or why it could not be.
pub type Readings = BTreeMap<(usize, Arc<str>), Result<Reading, String>>;

/// How a finding stands at the last judgement.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Last {
    Stands(usize, Verdict),
    Gone(usize),
    Unread(usize),
}

/// A finding that was waived.
pub(super) struct Hidden<'a> {
    pub(super) finding: &'a LedgerFinding,
    /// In which judgements: the positions of their runs.
    pub(super) times: Vec<usize>,
    first: usize,
    last: Last,
    /// Did its rule for `fail` hold at first, and does it now?
    held: [bool; 2],
    /// Did it hold in any judgement that was hidden?
    ever: bool,
}

/// All findings that were waived in at least one judgement.
pub(super) fn hidden<'a>(ledger: &'a Ledger, judged: &Judged) -> Vec<Hidden<'a>> {
    ledger.findings.iter().filter_map(|finding| one(finding, judged)).collect()
}

fn one<'a>(finding: &'a LedgerFinding, judged: &Judged) -> Option<Hidden<'a>> {
    let is_waived = |verdict| verdict == Some(Verdict::Waived);
    if !finding.turns.iter().any(|turn| is_waived(turn.verdict)) {
        return None;
    }
    let mut turns = finding.turns.iter().peekable();
    let mut stood = None;
    let mut hidden: Option<Hidden<'a>> = None;
    for judgement in judged.get(&finding.check)? {
        let run = judgement.run;
        while let Some(turn) = turns.next_if(|turn| turn.run <= run) {
            stood = turn.verdict.map(|verdict| (verdict, turn.held));
        }
        let last = match stood {
            Some((Verdict::Unknown | Verdict::Skipped, _)) => Last::Unread(run),
            Some((verdict, _)) if verdict != Verdict::Pass => Last::Stands(run, verdict),
            // Where not everything was judged, a finding that is not there was not seen to be mended.
            None if !judgement.whole => Last::Unread(run),
            _ => Last::Gone(run),
        };
        let held = stood.is_some_and(|(_, held)| held);
        if hidden.is_none() && is_waived(stood.map(|(verdict, _)| verdict)) {
            hidden = Some(Hidden {
                finding,
                times: Vec::new(),
                first: run,
                last,
                held: [held, held],
                ever: false,
            });
        }
        if let Some(hidden) = &mut hidden {
            if is_waived(stood.map(|(verdict, _)| verdict)) {
                hidden.times.push(run);
                hidden.ever |= held;
            }
            (hidden.last, hidden.held[1]) = (last, held);
        }
    }
    hidden
}

/// What has to be looked up to tell what waivers hid.
pub fn moments(ledger: &Ledger) -> Vec<Moment> {
    let mut all = Vec::new();
    for one in hidden(ledger, &ledger.by_check()) {
        let mut add = |run, verdict| {
            let (check, finding) = (one.finding.check, Arc::clone(&one.finding.newest.id));
            all.push(Moment { run, check, finding, verdict });
        };
        add(one.first, Verdict::Waived);
        if let Last::Stands(run, verdict) = one.last
            && run != one.first
        {
            add(run, verdict);
        }
    }
    all.sort();
    all
}

impl Hidden<'_> {
    /// The note of the waiver, which the newest finding has no more if the waiver has ended.
    pub(super) fn is_of(&self, covers: impl Fn(&WaiverNote) -> bool, readings: &Readings) -> bool {
        let newest: &Finding = &self.finding.newest;
        match (&newest.waiver, self.reading(self.first, readings)) {
            (Some(note), _) => covers(note),
            (None, Some(Ok(reading))) => reading.waiver.as_ref().is_some_and(covers),
            (None, _) => false,
        }
    }

    fn reading<'r>(&self, run: usize, readings: &'r Readings) -> Option<&'r Result<Reading, String>> {
        readings.get(&(run, Arc::clone(&self.finding.newest.id)))
    }

    /// What moved beneath the waiver: a line for each number that was compared, and one if there was none.
    pub(super) fn beneath(&self, ledger: &Ledger, readings: &Readings) -> Vec<Beneath> {
        let unread = || Err("it was not looked up".to_owned());
        let first = self.reading(self.first, readings).cloned().unwrap_or_else(unread);
        let (at, last) = match self.last {
            Last::Stands(run, _) => (run, Some(self.reading(run, readings).cloned().unwrap_or_else(unread))),
            Last::Gone(run) | Last::Unread(run) => (run, None),
        };
        let is_there = matches!(self.last, Last::Stands(..));
        let line = |what: &str, before: Option<&Compared>, after: Option<&Compared>, why: String| Beneath {
            finding: Arc::clone(&self.finding.newest.id),
            subject: Arc::clone(&self.finding.newest.subject.shown),
            what: Arc::from(what),
            first: ledger.started(self.first),
            last: ledger.started(at),
            before: before.map(|one| figure(one, after)),
            after: after.map(|one| figure(one, before)),
            moved: self.moved(before, after),
            fails_now: is_there && self.held == [false, true],
            failed_between: self.ever && !self.held[0] && !(is_there && self.held[1]),
            why,
        };
        let (first, last) = match (first, last) {
            (Ok(first), None) => (first.compared, Vec::new()),
            (Ok(first), Some(Ok(last))) => (first.compared, last.compared),
            (Err(why), _) => return vec![line("", None, None, why)],
            (_, Some(Err(why))) => return vec![line("", None, None, why)],
        };
        let after = |one: &Compared| last.iter().find(|other| other.what == one.what);
        let mut lines: Vec<Beneath> = first
            .iter()
            .map(|before| {
                let after = after(before);
                let why = if after.is_none() && is_there { "another rule decided then" } else { "" };
                line(&before.what, Some(before), after, why.to_owned())
            })
            .collect();
        let is_new = |one: &&Compared| first.iter().all(|other| other.what != one.what);
        let new = last.iter().filter(is_new);
        lines.extend(
            new.map(|after| line(&after.what, None, Some(after), "another rule decided at first".to_owned())),
        );
        if lines.is_empty() {
            lines.push(line("", None, None, "no number was compared".to_owned()));
        }
        lines
    }

    fn moved(&self, before: Option<&Compared>, after: Option<&Compared>) -> Moved {
        match self.last {
            Last::Gone(_) => return Moved::Gone,
            Last::Unread(_) => return Moved::Unread,
            Last::Stands(..) => {}
        }
        match (before.zip(after).and_then(|(before, after)| after.beyond(before)), self.held) {
            (Some(beyond), _) if beyond > 0.0 => Moved::Worse,
            (Some(beyond), _) if beyond < 0.0 => Moved::Better,
            (Some(_), _) => Moved::Unchanged,
            // Which rung holds is known, however much it is.
            (None, [false, true]) => Moved::Worse,
            (None, [true, false]) => Moved::Better,
            (None, _) => Moved::Untold,
        }
    }
}

fn figure(one: &Compared, other: Option<&Compared>) -> Figure {
    Figure { value: one.shown(other), limit: one.limit() }
}
