//! `for`: a failure that has not held long enough is `warn`, marked pending.

use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Type, Value, micros_of, show};
use crate::verdict::{Finding, Verdict};

use super::findings::Maker;

/// Holds a failure back until its rule was true in every sample of the time.
pub(super) fn hold(maker: &Maker<'_, '_>, finding: &mut Finding) {
    let Some(needed) = maker.check.policy.alert.as_ref().and_then(|alert| alert.held) else { return };
    if finding.verdict != Verdict::Fail {
        return;
    }
    let check = (Arc::clone(&finding.policy), Arc::clone(&finding.target));
    let judged = maker.given.recall.judged.get(&check).map_or(&[][..], Vec::as_slice);
    let held = maker.given.recall.held.get(&finding.id).map_or(&[][..], Vec::as_slice);
    let now = maker.given.at;
    // A run in which this subject could not be read says nothing about it.
    let unread = maker.given.recall.unread.get(&finding.id).map_or(&[][..], Vec::as_slice);
    let earlier: Vec<Timestamp> =
        judged.iter().copied().filter(|at| *at < now && !unread.contains(at)).collect();
    if earlier.is_empty() {
        finding.note = Some("one sample: judged as if it had held long enough".to_owned());
        return;
    }
    let since = earlier.iter().rev().take_while(|at| held.contains(at)).last().copied().unwrap_or(now);
    let so_far = micros_of(now) - micros_of(since);
    if so_far < needed {
        let text = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
        finding.beneath = Some(Verdict::Fail);
        finding.verdict = Verdict::Warn;
        finding.note = Some(format!("pending: has held for {} of {}", text(so_far), text(needed)));
    }
}
