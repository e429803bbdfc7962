//! Trying a case: its facts judged by its policy, and what differs from what it expects.

use std::sync::Arc;

use jiff::Timestamp;

use crate::diag::{Diag, code};
use crate::fact::{Observation, Past};
use crate::judge::{Given, judge};
use crate::plan::{Asked, Calendars, Check, Setting, TargetInfo, inverted};
use crate::policy::cases::{Case, Expected, recalled};
use crate::policy::decode::out_of_bounds;
use crate::policy::{Policy, literal};
use crate::source::yaml::Node;
use crate::verdict::{self, Finding, Layer, Recall, Urgency, Verdict};

/// What one case gave.
pub(super) struct Tried<'a> {
    pub policy: &'a Arc<Policy>,
    pub case: &'a Case,
    pub faults: Vec<Fault>,
}

/// What a case expects and the policy does not say, or the other way round.
pub(super) struct Fault {
    pub text: String,
    /// The text that the case would have to expect, where nothing but a text differs.
    pub edit: Option<Edit>,
}

/// Another text in place of the one that stands there.
#[derive(Clone)]
pub(super) struct Edit {
    /// Which text: `message`, `remedy`.
    pub what: &'static str,
    pub node: Node,
    pub to: String,
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self { text, edit: None }
    }
}

/// Tries cases on all cores; the results are in their order.
pub(super) fn try_all<'a>(cases: &[(&'a Arc<Policy>, &'a Case)]) -> Vec<Tried<'a>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let size = cases.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = cases
            .chunks(size)
            .map(|chunk| {
                scope.spawn(move || {
                    chunk.iter().map(|(policy, case)| try_one(policy, case)).collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// The check of a case: the policy's defaults, with the case's own parameters.
pub(super) fn check(policy: &Arc<Policy>, case: &Case) -> Result<Check, Vec<Diag>> {
    let mut settings = crate::plan::Settings::default();
    let mut diags = Vec::new();
    for param in &policy.params {
        let given = case.params.iter().find(|(name, _)| *name == param.name);
        let (value, layer, at) = match given.map(|(_, node)| (literal::typed(node, &param.ty), node)) {
            Some((Ok(value), node)) => {
                diags.extend(out_of_bounds(param, &value, &node.loc));
                (value, Layer::Project, node.loc.to_string())
            }
            Some((Err(diag), _)) => {
                diags.push(diag);
                continue;
            }
            None => (param.default.clone(), Layer::Policy, param.loc.to_string()),
        };
        settings.params.push(Setting { value, layer, at, why: None });
    }
    for (name, node) in &case.params {
        if !policy.params.iter().any(|param| param.name == *name) {
            diags.push(
                Diag::error(&code::CASE, format!("`{}` has no parameter `{name}`", policy.id))
                    .at(&node.loc, ""),
            );
        }
    }
    diags.extend(inverted(policy, &settings.values()));
    let target = Arc::new(TargetInfo {
        name: Arc::clone(&case.target),
        kind: Arc::clone(&policy.target.kind),
        scheme: Arc::clone(&case.scheme),
        labels: case.labels.clone(),
        scratch: true,
    });
    let owner = policy.owner.clone().unwrap_or_else(|| Arc::from("unowned"));
    let requests = (0..policy.observe.len()).map(Asked::One).collect();
    let skip = crate::plan::skip(policy, &target, &settings);
    let check = Check {
        policy: Arc::clone(policy),
        target,
        settings,
        subjects: Vec::new(),
        owner,
        routes: std::collections::BTreeMap::new(),
        requests,
        // What a case says of the past is all there is to it.
        has_store: true,
        calendars: Arc::new(calendars(case)),
        skip,
        waivers: Vec::new(),
    };
    if diags.is_empty() { Ok(check) } else { Err(diags) }
}

/// The calendars that hold in a case.
fn calendars(case: &Case) -> Calendars {
    Calendars::Said(case.during.clone().unwrap_or_default())
}

/// A case that can be judged.
pub(super) struct Ready {
    pub check: Check,
    pub answers: Vec<Observation>,
    pub past: Past,
    pub now: Timestamp,
    /// How long failures have held, if the case says so.
    held: Option<i64>,
}

impl Ready {
    /// Its facts, bound to the policy; or what is wrong with its parameters.
    pub(super) fn new(policy: &Arc<Policy>, case: &Case) -> Result<Self, Vec<Diag>> {
        let check = check(policy, case)?;
        let answers = case.observations(policy, &check.settings.values());
        let past = case.past(policy, &answers);
        Ok(Self { check, answers, past, now: case.now, held: case.held })
    }

    /// Judges with what a case has of the past.
    pub(super) fn with<T>(&self, judge: impl FnOnce(&Check, &[Observation], &Given<'_>) -> T) -> T {
        let none = Recall::default();
        let given = |recall| Given { at: self.now, recall, past: &self.past };
        let Some(held) = self.held else { return judge(&self.check, &self.answers, &given(&none)) };
        let first = crate::judge::judge(&self.check, &self.answers, &given(&none)).check;
        let recall = recalled(&self.check.policy, &first.findings, (self.now, held));
        judge(&self.check, &self.answers, &given(&recall))
    }
}

pub(super) fn try_one<'a>(policy: &'a Arc<Policy>, case: &'a Case) -> Tried<'a> {
    let faults = match Ready::new(policy, case) {
        Ok(ready) => compared(case, &ready.with(judge).check),
        Err(diags) => diags.into_iter().map(|diag| Fault::from(diag.message)).collect(),
    };
    Tried { policy, case, faults }
}

/// What differs between a judged check and what a case expects.
fn compared(case: &Case, judged: &verdict::Check) -> Vec<Fault> {
    let mut found: Vec<&Finding> = judged.findings.iter().collect();
    let mut faults = Vec::new();
    let skipped = is_skipped(judged);
    let mut skip_expected = false;
    for expected in &case.findings {
        if expected.verdict == "skipped" && skipped {
            skip_expected = true;
            continue;
        }
        match found.iter().position(|finding| same(expected, finding)) {
            Some(index) => {
                let finding = found.remove(index);
                faults.extend(differs(expected, finding));
            }
            None => faults.push(Fault::from(format!(
                "expected {} of {}, and it was not found",
                expected.verdict,
                subject(expected)
            ))),
        }
    }
    if skipped && !skip_expected {
        let note = judged.note.as_deref().unwrap_or("");
        faults.push(Fault::from(format!("the check was skipped: {note}")));
    }
    faults.extend(found.iter().map(|finding| Fault::from(unexpected(finding))));
    faults
}

/// Was nothing judged, and nothing found to be wrong either?
pub(super) fn is_skipped(judged: &verdict::Check) -> bool {
    judged.counts.skipped > 0 && judged.findings.is_empty()
}

fn subject(expected: &Expected) -> String {
    expected.subject.as_ref().map_or_else(|| "the check itself".to_owned(), |subject| format!("`{subject}`"))
}

fn same(expected: &Expected, finding: &Finding) -> bool {
    let about = match &expected.subject {
        Some(subject) => *subject == *finding.subject.shown,
        None => finding.subject.key.is_empty(),
    };
    about && expected.verdict == finding.verdict.word()
}

fn differs(expected: &Expected, finding: &Finding) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut compare = |what: &'static str, wanted: Option<&str>, found: &str| {
        let Some(wanted) = wanted.filter(|wanted| *wanted != found) else { return };
        let text = format!("{what} of {}: expected `{wanted}`, found `{found}`", subject(expected));
        // A text may be accepted as it is; whatever else differs may not.
        let node = expected.node.get(what).filter(|_| what == "message").cloned();
        let edit = node.map(|node| Edit { what, node, to: found.to_owned() });
        faults.push(Fault { text, edit });
    };
    let cause = finding.cause.as_ref().map_or("", |why| why.cause.word());
    let urgency = finding.urgency.map_or("", Urgency::word);
    compare("cause", expected.cause.as_deref(), cause);
    compare("message", expected.message.as_deref(), finding.message.trim_end());
    compare("severity", expected.severity.as_deref(), finding.severity.word());
    compare("urgency", expected.urgency.as_deref(), urgency);
    faults.extend(steps_differ(expected, finding));
    faults
}

/// Steps that read otherwise can be accepted one by one; more or fewer of them cannot.
fn steps_differ(expected: &Expected, finding: &Finding) -> Vec<Fault> {
    let Some(wanted) = &expected.remedy else { return Vec::new() };
    let steps: Vec<&str> = finding.remedy.iter().map(|step| step.text.trim_end()).collect();
    if wanted.iter().map(String::as_str).eq(steps.iter().copied()) {
        return Vec::new();
    }
    let whole = || Fault::from(format!("remedy of {}: found {steps:?}", subject(expected)));
    let nodes = expected.node.items_of("remedy");
    if wanted.len() != steps.len() || nodes.len() != steps.len() {
        return vec![whole()];
    }
    let pairs = wanted.iter().zip(&steps).zip(nodes).filter(|((wanted, found), _)| wanted != *found);
    let fault = |((wanted, found), node): ((&String, &&str), &Node)| Fault {
        text: format!("remedy of {}: expected `{wanted}`, found `{found}`", subject(expected)),
        edit: Some(Edit { what: "remedy", node: node.clone(), to: (*found).to_owned() }),
    };
    pairs.map(fault).collect()
}

fn unexpected(finding: &Finding) -> String {
    let operands = finding
        .operands
        .iter()
        .map(|operand| format!("{} = {}", operand.text, operand.shown))
        .collect::<Vec<_>>()
        .join(", ");
    let cause = finding.cause.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let about =
        if finding.verdict == Verdict::Unknown { String::new() } else { format!(": {}", finding.message) };
    format!(
        "unexpected {} of `{}`{cause}{about}{}",
        finding.verdict.word(),
        finding.subject.shown,
        if operands.is_empty() { String::new() } else { format!(" [{operands}]") }
    )
}
