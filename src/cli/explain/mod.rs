//! `muster explain`: what a policy, a probe, a code or a word of the language means.

mod policy;
mod probe;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code, did_you_mean};
use crate::fact::catalogue;
use crate::policy::load::{Loaded, Origin, load};
use crate::policy::{Policy, library};

use super::exit;
use super::output::{Done, Problem, say};
use super::page::Page;
use super::setup::{Sources, read};

/// Explains a policy, a probe, a code, or a word of the language
#[derive(Args)]
#[command(after_help = "Examples:
  muster explain postgres.tables         a probe with its arguments and facts
  muster explain postgres-dead-tuples    a policy
  muster explain inverted-rungs          a code of a message
  muster explain ratio                   a type, a function or a unit
  muster explain denied                  a cause of `unknown`")]
pub(super) struct Arguments {
    /// A policy, a probe, a code, a function, a type, a unit, a type of target, a cause of `unknown`
    name: String,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let name = arguments.name.trim();
    let mut page = Page::new();
    let known = known(arguments.project.clone());
    let mut found = words::explain(name, &mut page);
    found |= probe::explain(name, &mut page);
    for one in known.policies.iter().filter(|one| *one.id == *name) {
        policy::explain(one, &mut page);
        found = true;
    }
    if !found && let Some(text) = finding(name, arguments.project.clone())? {
        say(&text)?;
        return Ok(exit::GOOD);
    }
    if found {
        say(&page.finish())?;
        return Ok(exit::GOOD);
    }
    Err(not_found(name, known))
}

/// A finding of the project's store, by the beginning of its id.
fn finding(id: &str, project: Option<PathBuf>) -> Result<Option<String>, Problem> {
    let looks_so = id.len() >= 6 && id.chars().all(|c| c.is_ascii_hexdigit());
    if !looks_so {
        return Ok(None);
    }
    let sources = Sources { sources: Vec::new(), project };
    let Some(project) = super::setup::project(&sources)? else {
        return Err(without_store(id, "there is no muster.yaml here or in a folder above"));
    };
    let Some((path, _)) = project.store.as_ref().filter(|(path, _)| crate::store::is_there(path)) else {
        return Err(without_store(id, "the project has no store, or it has remembered nothing yet"));
    };
    let found = super::memory::wait(async {
        let store = crate::store::Store::open(path).await?;
        let found = store.finding(id).await;
        store.close().await;
        found
    });
    let found = found.map_err(|error| super::memory::unusable(&error))?;
    let style = super::output::style(true);
    let texts = found
        .iter()
        .map(|stored| crate::report::explain_finding(&stored.finding, &stored.at.to_string(), &style));
    Ok((!found.is_empty()).then(|| texts.collect()))
}

fn without_store(id: &str, why: &str) -> Problem {
    Problem::usage(
        format!("`{id}` looks like the id of a finding, and {why}"),
        "findings are remembered by `store: { path: .muster/store.db }` in muster.yaml; `muster check --verbose` shows everything of a finding at once",
    )
}

/// Policies that can be explained, and why others cannot.
struct Known {
    policies: Vec<Arc<Policy>>,
    broken: Vec<Arc<str>>,
    diags: Vec<Diag>,
}

/// Those of the project, and those of libraries that the project does not name.
fn known(project: Option<PathBuf>) -> Known {
    let sources = Sources { sources: Vec::new(), project };
    let (own, diags) = match read(&sources, false) {
        Ok(read) => (read.loaded(), Vec::new()),
        // Without a project there is nothing to be wrong.
        Err(problem) => {
            let wrong = problem.diags.into_iter().filter(|diag| diag.code != &code::EMPTY_INPUT);
            (Loaded::default(), wrong.collect())
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
    Known { policies, broken, diags: [diags, own.diags].concat() }
}

fn not_found(name: &str, known: Known) -> Problem {
    if known.broken.iter().any(|id| **id == *name) || (!known.diags.is_empty() && known.policies.is_empty()) {
        return Problem::new(known.diags);
    }
    let policies = known.policies.iter().map(|policy| policy.id.to_string());
    let broken = known.broken.iter().map(ToString::to_string);
    let fixed = catalogue::PROBES.iter().map(|probe| probe.name).chain(words::names()).map(str::to_owned);
    let names: Vec<String> = policies.chain(broken).chain(fixed).collect();
    let help = did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_else(|| {
        "`muster list policies`, `muster list probes` and `muster list codes` show what there is".to_owned()
    });
    Problem::usage(format!("nothing is called `{name}`"), help)
}
