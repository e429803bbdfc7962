//! Waivers: evaluated anyway, shown with the verdict beneath.

use std::sync::Arc;

use crate::fact::{Type, Value, micros_of, show, value_from_json};
use crate::policy::{Policy, Rung, Waiver, literal};
use crate::rule::node::{Cmp, Node, Op, Place};
use crate::rule::ops::compare;
use crate::verdict::{Finding, Verdict, WaiverNote};

use super::HeldBack;
use super::findings::Maker;

/// Days since 1970 of the judging time, UTC.
pub(super) fn today(at: jiff::Timestamp) -> i64 {
    micros_of(at).div_euclid(86_400_000_000)
}

/// Covers a finding, if a waiver does; returns the waiver's position.
pub(super) fn apply(maker: &Maker<'_, '_>, finding: &mut Finding) -> Option<usize> {
    let covers = |waiver: &Waiver| why_not(maker, waiver, finding).is_none();
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

/// The waivers that a finding is for, and that do not cover it for what was seen or not seen.
pub(super) fn nearly(maker: &Maker<'_, '_>, finding: &Finding) -> Vec<(usize, HeldBack)> {
    let why = |waiver: &Waiver| {
        if waiver.expires < today(maker.given.at) {
            return None;
        }
        if finding.verdict == Verdict::Unknown {
            // Of a whole check: every subject of it.
            let is_for = finding.subject.key.is_empty() || for_another(waiver, finding).is_none();
            return is_for.then_some(HeldBack::Unknown);
        }
        let is_for = waiver.covers.contains(&finding.verdict) && for_another(waiver, finding).is_none();
        beyond(maker, waiver, finding).filter(|_| is_for).map(HeldBack::Beyond)
    };
    maker.check.waivers.iter().filter_map(|(index, waiver)| Some((*index, why(waiver)?))).collect()
}

/// Why a waiver of this policy and target does not cover a finding; `None` if it does.
pub(super) fn why_not(maker: &Maker<'_, '_>, waiver: &Waiver, finding: &Finding) -> Option<String> {
    if waiver.expires < today(maker.given.at) {
        return Some(format!("it has ended on {}", show(&Value::Int(waiver.expires), &Type::Date)));
    }
    if !waiver.covers.contains(&finding.verdict) {
        return Some(format!("it does not cover `{}`", finding.verdict.word()));
    }
    for_another(waiver, finding).or_else(|| beyond(maker, waiver, finding))
}

/// The rung that a finding names as the one that decided.
pub(super) fn decided<'p>(policy: &'p Policy, finding: &Finding) -> Option<&'p Rung> {
    policy.fail.iter().chain(&policy.warn).find(|rung| {
        let node = &rung.rule.node;
        node.text == finding.rule && node.loc.to_string() == finding.at
    })
}

/// Why a waiver is not for this subject.
fn for_another(waiver: &Waiver, finding: &Finding) -> Option<String> {
    let pattern = waiver.subject.as_ref().filter(|pattern| &*pattern.text != "*")?;
    // A pattern of letters fits a digest by chance.
    if finding.subject.key.iter().any(|(_, value)| value.get("masked").is_some()) {
        return Some("the subject is masked, so that nobody can tell whether it is for it".to_owned());
    }
    (!pattern.matches(&finding.subject.shown)).then(|| "it is for other subjects".to_owned())
}

/// `up_to`: no value of that type that the deciding rule compares may be beyond it. Where the rule does not tell
/// which way is worse, nothing is covered. Says which one is beyond.
fn beyond(maker: &Maker<'_, '_>, waiver: &Waiver, finding: &Finding) -> Option<String> {
    let node = waiver.up_to.as_ref()?;
    let Ok((limit, ty)) = literal::untyped(node) else {
        return Some("its `up_to` cannot be read".to_owned());
    };
    let up_to = show(&limit, &ty);
    let nothing = || Some(format!("no value of what decided can be compared with its `up_to: {up_to}`"));
    let policy = &maker.check.policy;
    let Some(rung) = decided(policy, finding) else { return nothing() };
    let mut compared = Vec::new();
    directions(policy, &rung.rule.node, true, &ty, &mut compared);
    if compared.is_empty() {
        return nothing();
    }
    compared.iter().find_map(|(text, rising)| {
        let operand = finding.operands.iter().find(|operand| operand.text == *text);
        let Some((operand, value)) =
            operand.and_then(|operand| Some((operand, value_from_json(&operand.value, &ty).ok()?)))
        else {
            return Some(format!("`{text}` cannot be compared with its `up_to: {up_to}`"));
        };
        let worse = if *rising { Cmp::Gt } else { Cmp::Lt };
        let is_beyond = compare(worse, &value, &limit, &ty).unwrap_or(true);
        is_beyond.then(|| format!("`{text}` is {}, beyond its `up_to: {up_to}`", operand.shown))
    })
}

/// The facts of a type that a condition compares with a limit, and whether it holds for what is higher. `holds` is
/// false under a `!`.
fn directions(policy: &Policy, node: &Node, holds: bool, ty: &Type, found: &mut Vec<(Arc<str>, bool)>) {
    match &node.op {
        Op::Not(inner) => directions(policy, inner, !holds, ty, found),
        Op::All(items) | Op::Any(items) => {
            items.iter().for_each(|item| directions(policy, item, holds, ty, found));
        }
        Op::Read(Place::Let(index)) => {
            if let Some(shared) = policy.lets.get(*index) {
                directions(policy, &shared.rule.node, holds, ty, found);
            }
        }
        Op::Compare(cmp, pair) => {
            let above = match cmp {
                Cmp::Gt | Cmp::Ge => true,
                Cmp::Lt | Cmp::Le => false,
                Cmp::Eq | Cmp::Ne => return,
            };
            let [left, right] = &**pair;
            match (fact(left, ty), fact(right, ty)) {
                (Some(text), None) => found.push((text, above == holds)),
                (None, Some(text)) => found.push((text, above != holds)),
                _ => {}
            }
        }
        _ => {}
    }
}

/// The operand that is a fact, or made of facts, of this type.
fn fact(node: &Node, ty: &Type) -> Option<Arc<str>> {
    match &node.op {
        Op::OrElse(items) => fact(items.first()?, ty),
        Op::Read(Place::Param(_) | Place::Now | Place::NowOf(_)) => None,
        Op::Read(_) | Op::Age(_) | Op::History(..) if node.ty.base() == ty => Some(Arc::clone(&node.text)),
        _ => None,
    }
}
