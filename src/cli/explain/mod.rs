//! `muster explain`: what a policy, a probe, a code or a word of the language means.

mod control;
mod finding;
mod policy;
mod probe;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code, did_you_mean};
use crate::fact::catalogue;
use crate::policy::frameworks::Frameworks;
use crate::policy::load::{Loaded, Origin, load};
use crate::policy::{Policy, library};

use super::exit;
use super::output::{Done, Form, Problem, say};
use super::page::Page;
use super::setup::{Sources, read};

/// Explains a finding, a policy, a control, a probe, a code, or a word of the language
#[derive(Args)]
#[command(after_help = "Examples:
  muster explain postgres.tables         a probe with its arguments and facts
  muster explain postgres-dead-tuples    a policy
  muster explain playbook:db-bloat       a control of a framework, with the policies that answer it
  muster explain inverted-rungs          a code of a message
  muster explain ratio                   a type, a function or a unit
  muster explain denied                  a cause of `unknown`
  muster explain 1c9e0a5b77d2            a finding by its id, with the facts of the store
  muster explain disk-space/web-1//srv --facts run.json
                                         POLICY/TARGET/SUBJECT: how the policy judges it, as a tree, whatever the verdict
  muster explain disk-space/web-1//srv --facts run.json --set limit=95%")]
pub(super) struct Arguments {
    /// A finding (its id, or POLICY/TARGET/SUBJECT), a policy, a control (its id, or FRAMEWORK:ID), a probe, a code, a function, a type, a unit, a type of target, a cause of `unknown`
    name: String,
    /// Explain the finding by the facts of this recording; those of the store if left out
    #[arg(long, value_name = "RECORDING")]
    facts: Option<PathBuf>,
    /// Another value for a parameter, for a finding: `NAME=VALUE` or `POLICY.NAME=VALUE`
    #[arg(long, value_name = "PARAM=VALUE")]
    set: Vec<String>,
    /// How a finding is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    explain(arguments).map_err(|problem| Problem { json, ..problem })
}

fn explain(arguments: &Arguments) -> Done {
    let name = arguments.name.trim();
    // What is asked for with facts, or as data, is a finding.
    if arguments.facts.is_some() || arguments.format == Form::Json || !arguments.set.is_empty() {
        say(&finding::explain(name, arguments)?)?;
        return Ok(exit::GOOD);
    }
    let mut page = Page::new();
    let known = known(arguments.project.clone());
    let mut found = words::explain(name, &mut page);
    found |= probe::explain(name, &mut page);
    for one in known.policies.iter().filter(|one| *one.id == *name) {
        policy::explain(one, &mut page);
        found = true;
    }
    found |= control::explain(name, &known, &mut page);
    if found {
        say(&page.finish())?;
        return Ok(exit::GOOD);
    }
    if finding::looks_so(name) {
        say(&finding::explain(name, arguments)?)?;
        return Ok(exit::GOOD);
    }
    Err(not_found(name, known))
}

/// Policies that can be explained, and why others cannot.
struct Known {
    policies: Vec<Arc<Policy>>,
    broken: Vec<Arc<str>>,
    frameworks: Arc<Frameworks>,
    diags: Vec<Diag>,
}

/// Those of the project, and those of libraries that the project does not name.
fn known(project: Option<PathBuf>) -> Known {
    let sources = Sources { sources: Vec::new(), project };
    let (own, frameworks, diags) = match read(&sources) {
        Ok(read) => {
            let frameworks = Arc::clone(&read.project.frameworks);
            (read.loaded(), frameworks, Vec::new())
        }
        // Without a project there is nothing to be wrong.
        Err(problem) => {
            let wrong = problem.diags.into_iter().filter(|diag| diag.code != &code::EMPTY_INPUT);
            (Loaded::default(), Arc::default(), wrong.collect())
        }
    };
    let areas: Vec<(Origin, Option<crate::source::Loc>)> =
        library::areas().into_iter().map(|area| (Origin::Builtin(Arc::from(area)), None)).collect();
    let shipped = load(&areas, None, false).policies;
    let mut policies = own.policies;
    for policy in shipped {
        if !policies.iter().any(|known| known.id == policy.id) {
            policies.push(policy);
        }
    }
    let broken = own.broken.into_iter().map(|(id, _)| id).collect();
    Known { policies, broken, frameworks, diags: [diags, own.diags].concat() }
}

fn not_found(name: &str, known: Known) -> Problem {
    if known.broken.iter().any(|id| **id == *name) || (!known.diags.is_empty() && known.policies.is_empty()) {
        return Problem::new(known.diags);
    }
    let policies = known.policies.iter().map(|policy| policy.id.to_string());
    let broken = known.broken.iter().map(ToString::to_string);
    let fixed = catalogue::PROBES.iter().map(|probe| probe.name).chain(words::names()).map(str::to_owned);
    let controls = control::names(&known.frameworks);
    let names: Vec<String> = policies.chain(broken).chain(controls).chain(fixed).collect();
    let help = did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
        "`muster list policies`, `muster list probes` and `muster list codes` show what there is".to_owned()
    });
    Problem::usage(format!("nothing is called `{name}`"), help)
}
