//! Waivers: evaluated anyway, shown with the verdict beneath.

use crate::fact::{Type, Value, micros_of, show};
use crate::policy::{Waiver, literal};
use crate::rule::node::Cmp;
use crate::rule::ops::compare;
use crate::verdict::{Finding, Verdict, WaiverNote};

use super::findings::Maker;

/// Days since 1970 of the judging time, UTC.
pub(super) fn today(at: jiff::Timestamp) -> i64 {
    micros_of(at).div_euclid(86_400_000_000)
}

/// Covers a finding, if a waiver does; returns the waiver's position.
pub(super) fn apply(maker: &Maker<'_, '_>, finding: &mut Finding) -> Option<usize> {
    let today = today(maker.given.at);
    let covers = |waiver: &Waiver| {
        waiver.covers.contains(&finding.verdict)
            && waiver.expires >= today
            && waiver.subject.as_ref().is_none_or(|pattern| pattern.matches(&finding.subject.shown))
            && within(waiver, finding)
    };
    let (index, waiver) = maker.check.waivers.iter().find(|(_, waiver)| covers(waiver))?;
    finding.beneath = Some(finding.verdict);
    finding.verdict = Verdict::Waived;
    finding.waiver = Some(WaiverNote {
        reason: waiver.reason.clone(),
        owner: waiver.owner.to_string(),
        ticket: waiver.ticket.clone(),
        expires: show(&Value::Int(waiver.expires), &Type::Date),
        at: waiver.loc.to_string(),
    });
    Some(*index)
}

/// `up_to`: the first observed value of that type must not be beyond it.
fn within(waiver: &Waiver, finding: &Finding) -> bool {
    let Some(node) = &waiver.up_to else { return true };
    let Ok((limit, ty)) = literal::untyped(node) else { return false };
    let name = ty.to_string();
    let observed = finding.operands.iter().find(|operand| {
        operand.ty.trim_end_matches('?') == name
            && !matches!(operand.origin, crate::verdict::Origin::Param { .. })
    });
    let value = observed.and_then(|operand| crate::fact::value_from_json(&operand.value, &ty).ok());
    value.is_some_and(|value| !beyond(&value, &limit, &ty, finding))
}

/// Is the value worse than the limit? The rule tells which way is worse.
fn beyond(value: &Value, limit: &Value, ty: &Type, finding: &Finding) -> bool {
    let falling = finding.rule.contains('<') && !finding.rule.contains('>');
    compare(if falling { Cmp::Lt } else { Cmp::Gt }, value, limit, ty).unwrap_or(true)
}
