//! `muster new`: a policy with its cases, valid at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{ProbeDecl, catalogue};
use crate::policy::Project;
use crate::policy::form;
use crate::policy::load::{File, Loaded, documents};
use crate::policy::shape::Shape;
use crate::source::Source;

use super::exit;
use super::output::{Done, Problem, say, write_new};
use super::setup::{Sources, project, read};
use super::starter::{Starter, Wanted, default_kind, starter};

/// Writes a new policy and its cases
#[derive(Args)]
#[command(after_help = "Examples:
  muster new disk-space                            judges disk.usage
  muster new shop-answers --probe http.response --alert
  muster new db-bloat --probe postgres.tables --folder policies/postgres

Then edit policies/ID.yaml, and run `muster test policies/ID.yaml`.")]
pub(super) struct Arguments {
    /// Id of the policy: small letters, digits, `-`
    id: String,
    /// What it asks; `muster list probes` shows all
    #[arg(long, value_name = "PROBE", default_value = "disk.usage")]
    probe: String,
    /// Its failure must reach a person
    #[arg(long)]
    alert: bool,
    /// Where it is written; `policies` beside muster.yaml if left out
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let id = arguments.id.trim();
    legal(id)?;
    let probe = declaration(&arguments.probe)?;
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let project = project(&sources)?;
    if project.is_some() {
        is_free(id, &sources)?;
    }
    let project = project.unwrap_or_default();
    let kind = kind(probe, &project);
    let wanted =
        Wanted { id, probe, kind: &kind, alert: arguments.alert, owner: owner(&project), with: None };
    let folder = arguments.folder.clone().unwrap_or_else(|| project.root.join("policies"));
    let files = write(&wanted, &folder)?;
    let [policy, cases] = &files;
    say(&format!(
        "wrote {} and {}\nedit them, and try them with `muster test {}`\n",
        policy.display(),
        cases.display(),
        policy.display()
    ))?;
    Ok(exit::GOOD)
}

/// Is it what an id must be?
fn legal(id: &str) -> Result<(), Problem> {
    form::check(id, &Shape::Id)
        .map_err(|why| Problem::usage(format!("`{id}` cannot be an id: {why}"), "for example `disk-space`"))
}

fn declaration(name: &str) -> Result<&'static ProbeDecl, Problem> {
    catalogue::find(name).filter(|probe| probe.is_built()).ok_or_else(|| {
        let names = catalogue::PROBES.iter().filter(|probe| probe.is_built()).map(|probe| probe.name);
        let help = did_you_mean(name, names).unwrap_or_else(|| "`muster list probes` shows all".to_owned());
        Diag::error(&code::UNKNOWN_PROBE, format!("this build has no probe `{name}`")).help(help).into()
    })
}

/// An id is unique in the project, also among policies that cannot be loaded.
fn is_free(id: &str, sources: &Sources) -> Result<(), Problem> {
    // A project without policies yet has none of that name.
    let Ok(read) = read(sources) else { return Ok(()) };
    let own = read.looked.loaded.policies.iter().map(|policy| (&policy.id, &policy.loc));
    let mut known = own.chain(read.looked.loaded.broken.iter().map(|(id, loc)| (id, loc)));
    match known.find(|(known, _)| ***known == *id) {
        None => Ok(()),
        Some((_, loc)) => {
            let diag = Diag::error(&code::DUPLICATE_POLICY, format!("there is a policy `{id}` already"));
            Err(diag.at(loc, "here").help("choose another id").into())
        }
    }
}

/// A type of target that the project has, if the probe can ask one.
fn kind(probe: &ProbeDecl, project: &Project) -> String {
    let usual = default_kind(probe);
    let has = |kind: &str| project.targets.iter().any(|target| *target.kind == *kind);
    let found = [usual].into_iter().chain(probe.targets.iter().copied()).find(|kind| has(kind));
    found.unwrap_or(usual).to_owned()
}

/// The owner to write, unless the project has a default.
fn owner(project: &Project) -> Option<&str> {
    let first = project.owners.keys().next().map(|owner| &**owner);
    if project.owner.is_some() { None } else { Some(first.unwrap_or("operations")) }
}

/// Writes both files or none.
pub(super) fn write(wanted: &Wanted<'_>, folder: &Path) -> Result<[PathBuf; 2], Problem> {
    let Some(texts) = starter(wanted) else {
        let message = format!("`{}` has no fact to begin with", wanted.probe.name);
        return Err(Problem::usage(message, "this is a fault of muster; please report it"));
    };
    valid(&texts, wanted.id)?;
    let [policy, cases] = ["yaml", "cases.yaml"].map(|end| folder.join(format!("{}.{end}", wanted.id)));
    for path in [&policy, &cases] {
        if path.exists() {
            let message = format!("`{}` is there already", path.display());
            return Err(Problem::usage(message, "nothing was written; choose another id"));
        }
    }
    std::fs::create_dir_all(folder).map_err(|error| {
        Problem::usage(format!("`{}` cannot be made: {error}", folder.display()), "nothing was written")
    })?;
    write_new(&policy, &texts.policy)?;
    if let Err(problem) = write_new(&cases, &texts.cases) {
        // One file alone would be half of what was asked for.
        drop(std::fs::remove_file(&policy));
        return Err(problem);
    }
    Ok([policy, cases])
}

/// What is written loads.
fn valid(texts: &Starter, id: &str) -> Result<(), Problem> {
    let source = Source::new(format!("{id}.yaml"), texts.policy.as_str());
    let mut loaded = Loaded::default();
    documents(
        &File { source: Arc::clone(&source), library: None, folder: PathBuf::new() },
        None,
        &mut loaded,
    );
    if loaded.diags.is_empty() { Ok(()) } else { Err(Problem::new(loaded.diags)) }
}
