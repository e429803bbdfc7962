//! `for`: a failure that has not held long enough is `warn`, marked pending.

use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Type, Value, micros_of, show};
use crate::verdict::{Finding, Verdict};

use super::findings::Maker;

/// Holds a failure back until its rule was true in every sample of the last `for`.
///
/// A sample in which it was not true proves that it has not held. Where no such sample is known, and those that
/// are do not reach back that far (the store is younger, was reset, or has a gap), it is judged as if it had held:
/// a failure that waited for samples might wait for ever.
pub(super) fn hold(maker: &Maker<'_, '_>, finding: &mut Finding) {
    let Some(needed) = maker.check.policy.alert.as_ref().and_then(|alert| alert.held) else { return };
    if finding.verdict != Verdict::Fail {
        return;
    }
    let recall = maker.given.recall;
    let check = (Arc::clone(&finding.policy), Arc::clone(&finding.target));
    let known = Samples {
        judged: recall.judged.get(&check).map_or(&[], Vec::as_slice),
        held: recall.held.get(&finding.id).map_or(&[], Vec::as_slice),
        unread: recall.unread.get(&finding.id).map_or(&[], Vec::as_slice),
    };
    let text = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
    match known.of(maker.given.at, needed) {
        Held::Long => {}
        Held::Short(so_far) => {
            finding.beneath = Some(Verdict::Fail);
            finding.verdict = Verdict::Warn;
            finding.note = Some(format!("pending: has held for {} of {}", text(so_far), text(needed)));
        }
        Held::Unproven(1, _) => {
            finding.note = Some("one sample: judged as if it had held long enough".to_owned());
        }
        Held::Unproven(samples, span) => {
            let span = text(span);
            finding.note =
                Some(format!("{samples} samples over {span}: judged as if it had held long enough"));
        }
    }
}

/// What is known of earlier runs, each ascending.
struct Samples<'r> {
    judged: &'r [Timestamp],
    held: &'r [Timestamp],
    unread: &'r [Timestamp],
}

/// How long a rule has held.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    /// In every sample of the time.
    Long,
    /// For so many microseconds; before that it did not.
    Short(i64),
    /// In so many samples, that of now among them, over so many microseconds, which is not long enough to tell.
    Unproven(usize, i64),
}

impl Samples<'_> {
    fn of(&self, now: Timestamp, needed: i64) -> Held {
        let at_now = micros_of(now);
        let begin = at_now.saturating_sub(needed);
        let held = |at: &Timestamp| self.held.binary_search(at).is_ok();
        // A run in which this subject could not be read says nothing about it.
        let known = |at: &&Timestamp| **at < now && self.unread.binary_search(at).is_err();
        let samples = || self.judged.iter().rev().filter(known);
        let since = samples().take_while(|at| held(at)).last().copied().unwrap_or(now);
        let within = || samples().take_while(|at| micros_of(**at) > begin);
        if within().any(|at| !held(at)) {
            return Held::Short(at_now.saturating_sub(micros_of(since)));
        }
        let (count, oldest) = (within().count(), within().last().copied().unwrap_or(now));
        // The last sample before the time reaches over its beginning, unless nobody looked for longer than that.
        let reaches = |before: &Timestamp| micros_of(oldest).saturating_sub(micros_of(*before)) <= needed;
        if samples().nth(count).is_some_and(reaches) {
            return Held::Long;
        }
        Held::Unproven(count + 1, at_now.saturating_sub(micros_of(oldest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn at(minutes: &[i64]) -> Vec<Timestamp> {
        minutes.iter().map(|minute| Timestamp::from_second(minute * 60).unwrap()).collect()
    }

    /// At minute 100, for ten minutes, with these samples.
    fn held(judged: &[i64], held: &[i64], unread: &[i64]) -> Held {
        let (judged, held, unread) = (at(judged), at(held), at(unread));
        let known = Samples { judged: &judged, held: &held, unread: &unread };
        known.of(at(&[100])[0], 10 * MINUTE)
    }

    #[test]
    fn every_sample_of_the_time_must_hold() {
        assert_eq!(held(&[85, 90, 95], &[85, 90, 95], &[]), Held::Long);
        assert_eq!(
            held(&[85, 90, 95], &[95], &[]),
            Held::Long,
            "what was ten minutes ago is not of the time"
        );
        assert_eq!(held(&[85, 91, 95], &[95], &[]), Held::Short(5 * MINUTE));
        assert_eq!(held(&[85, 90, 95], &[85, 90], &[]), Held::Short(0), "it had ended");
        assert_eq!(held(&[96], &[], &[]), Held::Short(0), "a young store that knows better");
    }

    #[test]
    fn a_young_store_a_reset_one_and_a_gap_cannot_tell() {
        assert_eq!(held(&[], &[], &[]), Held::Unproven(1, 0));
        assert_eq!(held(&[94, 97], &[94, 97], &[]), Held::Unproven(3, 6 * MINUTE));
        assert_eq!(held(&[10, 20], &[10, 20], &[]), Held::Unproven(1, 0), "nobody looked for 80 minutes");
        assert_eq!(held(&[10, 20, 98], &[10, 20, 98], &[]), Held::Unproven(2, 2 * MINUTE), "a restart");
        assert_eq!(held(&[88, 98], &[88, 98], &[]), Held::Long, "a gap as long as the time is none");
    }

    #[test]
    fn a_sample_that_could_not_be_read_is_none() {
        assert_eq!(held(&[85, 90, 95], &[85, 90], &[95]), Held::Long);
        assert_eq!(held(&[95], &[], &[95]), Held::Unproven(1, 0));
        assert_eq!(held(&[85, 92, 95], &[95], &[92]), Held::Long);
    }

    #[test]
    fn samples_of_a_clock_that_was_ahead_are_no_past() {
        assert_eq!(held(&[100, 105, 200], &[105], &[]), Held::Unproven(1, 0));
    }
}
