//! `muster fmt`: one layout for all files that people write. Comments stay, and what a file says does not change.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use walkdir::WalkDir;

use crate::diag::{Diag, code};
use crate::layout::formatted;
use crate::policy::load::{Known, Origin, is_yaml};
use crate::source::Source;
use crate::source::yaml::{self, Limits};

use super::exit;
use super::lint::diff;
use super::output::{self, Done, Problem, note, say};
use super::setup::{Sources, here, known, project, project_path};

/// Writes policies, cases, frameworks and the project file in one layout
#[derive(Args)]
#[command(after_help = "Examples:
  muster fmt                    the muster.yaml here, its policies and their cases, its frameworks
  muster fmt policies/          all files of a folder
  muster fmt --check            show what would change, and end with 1 if something would
  muster fmt - < disk.yaml      for editors: from standard input to standard output

Comments stay where they are. A file is written only if it says afterwards what it said before; one that is no YAML
is left as it is.

Exit codes: 0 formatted, 1 with `--check` if a file is not, 2 wrong input")]
pub(super) struct Arguments {
    /// Files or folders, or `-`; those of the project if left out
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write nothing; show what would change
    #[arg(long)]
    check: bool,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let names = names(arguments.project.clone());
    if arguments.files.iter().any(|file| file.as_os_str() == "-") {
        return piped(arguments, names.as_ref());
    }
    let (files, mut diags) = files(arguments)?;
    let (mut diff_text, mut changed) = (String::new(), 0);
    for path in &files {
        match one(path, names.as_ref(), arguments.check) {
            Ok(None) => {}
            Ok(Some(diff)) => {
                changed += 1;
                diff_text.push_str(&diff);
            }
            Err(problem) => diags.extend(problem),
        }
    }
    say(&diff_text)?;
    let (files, what) = (files.len(), if arguments.check { "not formatted" } else { "changed" });
    note(&format!("{files} files, {changed} {what}"));
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    Ok(if arguments.check && changed > 0 { exit::FINDINGS } else { exit::GOOD })
}

/// What the project names, as far as it can be read: whether a file says the same does not depend on it.
fn names(path: Option<PathBuf>) -> Option<Known> {
    let sources = Sources { sources: Vec::new(), project: path };
    project(&sources).ok().flatten().as_ref().map(known)
}

/// Formats one file. The diff if something changes.
fn one(path: &Path, names: Option<&Known>, check: bool) -> Result<Option<String>, Vec<Diag>> {
    let source = yaml::read_file(path, &Limits::default()).map_err(|diag| vec![diag])?;
    let new = formatted(&source, names)?;
    if new == *source.text {
        return Ok(None);
    }
    if check {
        return Ok(Some(diff(&source.name, &source.text, &new)));
    }
    output::write_over(&source, &new).map_err(|problem| problem.diags)?;
    Ok(Some(String::new()))
}

fn piped(arguments: &Arguments, names: Option<&Known>) -> Done {
    if arguments.files.len() > 1 {
        return Err(Problem::usage("`-` stands alone", "format files in a call of their own"));
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| {
        Problem::usage(format!("standard input cannot be read: {error}"), "it has to be UTF-8")
    })?;
    let source = Source::new("<standard input>", text);
    let new = formatted(&source, names).map_err(Problem::new)?;
    if arguments.check {
        say(&diff(&source.name, &source.text, &new))?;
        return Ok(if new == *source.text { exit::GOOD } else { exit::FINDINGS });
    }
    say(&new)?;
    Ok(exit::GOOD)
}

/// Files to format, each once, and what is wrong with those that were named.
fn files(arguments: &Arguments) -> Result<(Vec<PathBuf>, Vec<Diag>), Problem> {
    let named = if arguments.files.is_empty() { of_project(arguments)? } else { arguments.files.clone() };
    let (mut files, mut diags) = (BTreeSet::new(), Vec::new());
    for path in named {
        if !path.is_dir() {
            files.insert(path);
            continue;
        }
        let before = files.len();
        for entry in WalkDir::new(&path).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_file() && is_yaml(entry.path()) => {
                    files.insert(entry.into_path());
                }
                Ok(_) => {}
                Err(error) => diags.push(Diag::error(&code::UNREADABLE, error.to_string())),
            }
        }
        if files.len() == before {
            let diag = Diag::error(&code::EMPTY_INPUT, format!("`{}` holds no YAML files", path.display()));
            diags.push(diag.help("files that are formatted end with `.yaml` or `.yml`"));
        }
    }
    Ok((files.into_iter().collect(), diags))
}

/// The project file, its policies, the cases beside them, and its frameworks.
fn of_project(arguments: &Arguments) -> Result<Vec<PathBuf>, Problem> {
    let Some(path) = project_path(arguments.project.as_ref())? else {
        return Err(Problem::usage(
            "there is no muster.yaml here or in a folder above, and no file was named",
            "name a file or a folder",
        ));
    };
    let sources = Sources { sources: Vec::new(), project: Some(path.clone()) };
    let listed = project(&sources)?.map(|project| {
        let one = |(text, _): &(Arc<str>, _)| match Origin::parse(text, &project.root) {
            Origin::Path(path) => Some(path),
            Origin::Builtin(_) => None,
        };
        let frameworks = project.frameworks.all().iter().map(|framework| PathBuf::from(&*framework.source));
        let written = frameworks.filter(|path| is_yaml(path));
        project.policies.iter().filter_map(one).chain(written).collect::<Vec<_>>()
    });
    let here = here()?;
    let shown = |path: PathBuf| path.strip_prefix(&here).map(Path::to_owned).unwrap_or(path);
    let all = [path].into_iter().chain(listed.unwrap_or_default());
    Ok(all.map(shown).collect())
}
