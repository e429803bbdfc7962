//! `muster test`: the policies' own cases.

mod mutate;
mod report;

use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code};
use crate::judge::{Given, judge};
use crate::plan::{Asked, Calendars, Check, Setting, TargetInfo, inverted};
use crate::policy::cases::{Case, CaseFile, Expected, decode};
use crate::policy::decode::out_of_bounds;
use crate::policy::{Policy, literal};
use crate::verdict::{Finding, Layer, Recall, Verdict};

use super::output::{Done, Problem};
use super::setup::{Select, Sources, setup};
use report::Shown;

/// Runs the cases that stand beside the policies
#[derive(Args)]
#[command(
    after_help = "Examples:\n  muster test\n  muster test policies/disk.yaml\n  muster test builtin:host --case 'at the limit*'\n  muster test --mutate policies/disk.yaml\n  muster test --format human --format junit=cases.xml"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// Only cases of this policy (`*` stands for any characters)
    #[arg(long, value_name = "ID")]
    policy: Vec<String>,
    /// Only cases with this name (`*` stands for any characters)
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Change each policy in one place after the other, and show the changes that no case notices
    #[arg(long)]
    mutate: bool,
    #[command(flatten)]
    shown: Shown,
}

/// What one case gave.
struct Tried<'a> {
    policy: &'a Policy,
    case: &'a Case,
    faults: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.shown.json();
    test(arguments).map_err(|problem| Problem { json, ..problem })
}

fn test(arguments: &Arguments) -> Done {
    arguments.shown.one_output()?;
    let select = Select { policy: arguments.policy.clone(), ..Select::default() };
    let setup = setup(&arguments.sources, &select, true, false)?;
    let files = files(&setup)?;
    let named = patterns(&arguments.case)?;
    let wanted = |file: &CaseFile| {
        setup.selection.policies.is_empty()
            || setup.selection.policies.iter().any(|pattern| pattern.matches(&file.policy.id))
    };
    let cases: Vec<(&Arc<Policy>, &Case)> = files
        .iter()
        .filter(|file| wanted(file))
        .flat_map(|file| file.cases.iter().map(|case| (&file.policy, case)))
        .filter(|(_, case)| named.is_empty() || named.iter().any(|pattern| pattern.matches(&case.name)))
        .collect();
    if arguments.mutate {
        return mutate::run(&arguments.shown, &cases, &setup.loaded.policies, &files);
    }
    let tried = try_all(&cases);
    arguments.shown.publish(&tried, &setup.loaded.policies, &files)
}

fn patterns(texts: &[String]) -> Result<Vec<crate::policy::project::Pattern>, Problem> {
    texts
        .iter()
        .map(|text| {
            crate::policy::project::Pattern::new(text)
                .map_err(|error| Problem::usage(error, "`*` stands for any characters"))
        })
        .collect()
}

fn files(setup: &super::setup::Setup) -> Result<Vec<CaseFile>, Problem> {
    let names: Vec<&str> = setup.policies().iter().map(|policy| &*policy.id).collect();
    let find = |id: &str| setup.policies().iter().find(|policy| *policy.id == *id).cloned();
    let mut diags = Vec::new();
    let files =
        setup.loaded.cases.iter().flat_map(|file| decode(&file.source, &find, &names, &mut diags)).collect();
    if diags.is_empty() { Ok(files) } else { Err(Problem::new(diags)) }
}

fn try_all<'a>(cases: &[(&'a Arc<Policy>, &'a Case)]) -> Vec<Tried<'a>> {
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
fn check(policy: &Arc<Policy>, case: &Case) -> Result<Check, Vec<Diag>> {
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
        settings.params.push(Setting { value, layer, at });
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

fn try_one<'a>(policy: &'a Arc<Policy>, case: &'a Case) -> Tried<'a> {
    let check = match check(policy, case) {
        Ok(check) => check,
        Err(diags) => {
            return Tried { policy, case, faults: diags.into_iter().map(|diag| diag.message).collect() };
        }
    };
    let answers = case.observations(policy, &check.settings.values());
    let past = case.past(policy, &answers);
    let recall = Recall::default();
    let outcome = judge(&check, &answers, &Given { at: case.now, recall: &recall, past: &past });
    let mut found: Vec<&Finding> = outcome.check.findings.iter().collect();
    let mut faults = Vec::new();
    let skipped = outcome.check.counts.skipped > 0 && outcome.check.findings.is_empty();
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
            None => faults.push(format!(
                "expected {} of {}, and it was not found",
                expected.verdict,
                subject(expected)
            )),
        }
    }
    if skipped && !skip_expected {
        faults.push(format!("the check was skipped: {}", outcome.check.note.as_deref().unwrap_or("")));
    }
    faults.extend(found.iter().map(|finding| unexpected(finding)));
    Tried { policy, case, faults }
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

fn differs(expected: &Expected, finding: &Finding) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, wanted: &Option<String>, found: String| {
        if wanted.as_ref().is_some_and(|wanted| *wanted != found) {
            faults.push(format!(
                "{} of {}: expected `{}`, found `{found}`",
                what,
                subject(expected),
                wanted.as_deref().unwrap_or("")
            ));
        }
    };
    compare(
        "cause",
        &expected.cause,
        finding.cause.as_ref().map_or_else(String::new, |why| why.cause.word().to_owned()),
    );
    compare("message", &expected.message, finding.message.clone());
    compare("severity", &expected.severity, finding.severity.word().to_owned());
    compare(
        "urgency",
        &expected.urgency,
        finding.urgency.map_or_else(String::new, |urgency| urgency.word().to_owned()),
    );
    let steps = finding.remedy.iter().map(|step| step.text.clone()).collect::<Vec<_>>();
    if expected.remedy.as_ref().is_some_and(|wanted| *wanted != steps) {
        faults.push(format!("remedy of {}: found {steps:?}", subject(expected)));
    }
    faults
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
