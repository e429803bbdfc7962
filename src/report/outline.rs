//! What deserves a block of its own, and in which order: one shared fault, one rule of one check.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::words;
use crate::verdict::{Check, Fault, Finding, RunReport, Severity, Urgency, Verdict};

/// How many findings of one rule are shown; the rest is counted.
pub(super) const SHOWN: usize = 10;

/// One block.
pub(super) enum Item<'a> {
    /// One cause and the findings that it hides.
    Fault(&'a Fault, Vec<&'a Finding>),
    /// Findings of one check by one rule with one verdict and severity; at least one. No check: a notice
    /// about the input.
    Group(Option<&'a Check>, Vec<&'a Finding>),
    /// A check with a bad verdict that no finding explains. It must be seen all the same.
    Silent(&'a Check),
}

/// What makes a block worse than another.
type Rank = (Verdict, Severity, Option<Urgency>, u64);

impl<'a> Item<'a> {
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Fault(..) => Verdict::Unknown,
            Self::Group(_, findings) => findings.first().map_or(Verdict::Unknown, |first| first.verdict),
            Self::Silent(check) => check.verdict,
        }
    }

    pub(super) fn findings(&self) -> &[&'a Finding] {
        match self {
            Self::Fault(_, findings) | Self::Group(_, findings) => findings,
            Self::Silent(_) => &[],
        }
    }

    pub(super) fn severity(&self) -> Option<Severity> {
        self.findings().iter().map(|finding| finding.severity).max()
    }

    /// How many findings it stands for.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::Fault(fault, _) => fault.findings,
            Self::Group(_, findings) => words::size(findings.len()),
            Self::Silent(_) => 1,
        }
    }

    /// The finding about which to ask first.
    pub(super) fn first_id(&self) -> Option<&'a str> {
        self.findings().iter().min_by_key(|finding| Reverse(finding.severity)).map(|finding| &*finding.id)
    }

    /// What is not explained is taken as the worst of its kind.
    fn rank(&self) -> Rank {
        let urgency = self.findings().iter().filter_map(|finding| finding.urgency).max();
        (self.verdict(), self.severity().unwrap_or(Severity::Critical), urgency, self.weight())
    }
}

/// Does this fault get a block of its own? One that hides a single finding is told there, with its rule and
/// owner.
fn is_shared(fault: &Fault) -> bool {
    fault.findings > 1 || fault.policies.len() > 1
}

fn hides(fault: &Fault, finding: &Finding) -> bool {
    finding.verdict == Verdict::Unknown
        && finding.target == fault.target
        && finding.cause.as_ref().is_some_and(|cause| *cause == fault.missing)
}

/// A check's findings by rule, those that a shared block shows left out.
fn groups<'a>(check: &'a Check, hidden: impl Fn(&Finding) -> bool) -> Vec<Item<'a>> {
    let mut groups: BTreeMap<_, Vec<&'a Finding>> = BTreeMap::new();
    for finding in check.findings.iter().filter(|finding| !hidden(finding)) {
        groups.entry((finding.verdict, finding.severity, &finding.rule)).or_default().push(finding);
    }
    let shown = groups.into_iter().filter(|((verdict, ..), _)| *verdict > Verdict::Skipped);
    shown.map(|(_, findings)| Item::Group(Some(check), findings)).collect()
}

/// The blocks, the worst last. Hidden findings have blocks only if `verbose`.
pub(super) fn items(report: &RunReport, verbose: bool) -> Vec<Item<'_>> {
    let shared: Vec<&Fault> = report.faults.iter().filter(|fault| is_shared(fault)).collect();
    let hidden = |finding: &Finding| !verbose && shared.iter().any(|fault| hides(fault, finding));
    let mut items: Vec<Item<'_>> =
        report.notices.iter().map(|notice| Item::Group(None, vec![notice])).collect();
    for check in &report.checks {
        if check.verdict > Verdict::Skipped && check.findings.is_empty() {
            items.push(Item::Silent(check));
        }
        items.extend(groups(check, hidden));
    }
    for fault in &shared {
        let findings = report.checks.iter().flat_map(|check| &check.findings);
        items.push(Item::Fault(fault, findings.filter(|finding| hides(fault, finding)).collect()));
    }
    items.sort_by_key(Item::rank);
    items
}

/// The same, the worst first.
pub(super) fn worst_first(report: &RunReport) -> Vec<Item<'_>> {
    let mut items = items(report, false);
    items.sort_by_key(|item| Reverse(item.rank()));
    items
}
