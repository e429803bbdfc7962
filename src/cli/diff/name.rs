//! What a name on the command line means.

use std::path::{Path, PathBuf};

use super::git;
use crate::cli::output::Problem;
use crate::policy::load::is_yaml;

/// One of the two things that are compared.
pub(super) enum Named {
    /// A run.
    Run(Run),
    /// A version of the policies.
    Policies(Version),
}

/// A run.
pub(super) enum Run {
    /// Of the store.
    Stored(Number),
    /// A report in a file.
    File(PathBuf),
}

/// Which run of the store.
#[derive(Clone, Copy)]
pub(super) enum Number {
    /// This one.
    Of(i64),
    /// So many before the last.
    Back(usize),
}

/// A version of the policies.
pub(super) enum Version {
    /// The project here.
    Here,
    /// A folder or a file.
    Path(PathBuf),
    /// A revision of git.
    Revision(String),
}

impl Named {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(run) = text.strip_prefix("run:") {
            return Ok(Self::Run(stored(run).map_or_else(|| Run::File(PathBuf::from(run)), Run::Stored)));
        }
        if let Some(revision) = text.strip_prefix("git:") {
            return Ok(Self::Policies(Version::Revision(revision.to_owned())));
        }
        if let Some(path) = text.strip_prefix("path:") {
            return if Path::new(path).exists() { Ok(of_path(path)) } else { Err(nowhere(path)) };
        }
        if let Some(number) = stored(text) {
            return Ok(Self::Run(Run::Stored(number)));
        }
        if text == "." {
            return Ok(Self::Policies(Version::Here));
        }
        if Path::new(text).exists() {
            let named = of_path(text);
            // A folder `main` and a branch `main`: whoever means the one would not notice the other.
            if named.is_policies() && !is_path(text) && git::is_revision(text) {
                return Err(Problem::usage(
                    format!("`{text}` is a file or folder here, and a revision of git"),
                    format!("write `git:{text}` for the revision, or `path:{text}`"),
                ));
            }
            return Ok(named);
        }
        if is_path(text) || [".json", ".yaml", ".yml"].iter().any(|end| text.ends_with(end)) {
            return Err(nowhere(text));
        }
        Ok(Self::Policies(Version::Revision(text.to_owned())))
    }

    pub(super) fn is_policies(&self) -> bool {
        matches!(self, Self::Policies(_))
    }

    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Run(_) => "a run",
            Self::Policies(Version::Revision(_)) => "a revision of git",
            Self::Policies(_) => "a version of policies",
        }
    }
}

/// `7`, `last`, `last~1`.
fn stored(text: &str) -> Option<Number> {
    let back = match text.strip_prefix("last") {
        Some("") => Some(0),
        Some(rest) => rest.strip_prefix('~').and_then(|many| many.parse().ok()),
        None => None,
    };
    back.map(Number::Back).or_else(|| text.parse().ok().map(Number::Of))
}

/// Can it be nothing but a path?
fn is_path(text: &str) -> bool {
    ["/", "./", "../"].iter().any(|start| text.starts_with(start)) || text == ".." || text.ends_with('/')
}

fn of_path(text: &str) -> Named {
    let path = PathBuf::from(text);
    if path.is_dir() || is_yaml(&path) {
        Named::Policies(Version::Path(path))
    } else {
        Named::Run(Run::File(path))
    }
}

fn nowhere(path: &str) -> Problem {
    Problem::usage(
        format!("cannot read `{path}`: it does not exist"),
        "name a run (`last`, `17`), a report, a folder or file of policies, or a revision of git (`main`, `HEAD~1`)",
    )
}
