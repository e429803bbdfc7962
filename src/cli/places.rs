//! Places in files, as those see them who read of them.
//!
//! A report names files as they are seen from the folder of the project, so that a run and its replay say the same on any
//! machine, wherever the project lies there. Whoever shows remarks beside a change (code scanning, annotations) knows
//! files by their path in the repository.

use std::path::{Path, PathBuf};

use crate::lint::Base;
use crate::policy::Project;
use crate::policy::project::whole_folder;
use crate::verdict::{Finding, Impact, Operand, Origin, RunReport};

use super::output::Problem;
use super::setup::here;

/// A place without the folder of the project.
pub(super) fn of(at: &str, root: &Path) -> String {
    let inside = Path::new(at).strip_prefix(root).ok().and_then(Path::to_str);
    inside.filter(|_| !root.as_os_str().is_empty()).unwrap_or(at).to_owned()
}

/// A path below the current folder, or of a file in a folder above it, as seen from that folder; any other as it is.
pub(super) fn from_here(path: &Path, here: &Path) -> PathBuf {
    if path.is_relative() {
        return path.to_owned();
    }
    if let Ok(inside) = path.strip_prefix(here) {
        return inside.to_owned();
    }
    let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else { return path.to_owned() };
    match here.strip_prefix(folder) {
        Ok(below) => {
            let up: PathBuf = below.components().map(|_| "..").collect();
            up.join(file)
        }
        Err(_) => path.to_owned(),
    }
}

/// How the files of a run are named by it, and by whoever shows its remarks.
pub(super) struct Seen {
    /// As a report names them: from the folder of the project, or from the current one if there is no project.
    pub report: Base,
    /// Those names as seen from the top of the repository.
    pub review: Base,
    /// The name of the project file in its folder.
    file: String,
}

impl Seen {
    /// Of the project in this folder; of none if it is `None`.
    pub(super) fn of(root: Option<&Path>) -> Result<Self, Problem> {
        let here = here()?;
        let root = root.map_or_else(|| here.clone(), whole_folder);
        let top = top(&here, &root);
        let review = Base { here: root.clone(), root: top };
        Ok(Self { report: Base { here, root }, review, file: "muster.yaml".to_owned() })
    }

    /// The same, of a project whose file may have another name (`--project ops.yaml`).
    pub(super) fn named(self, project: &Project) -> Self {
        let file = project.loc.as_ref().and_then(|loc| Path::new(&*loc.source.name).file_name());
        Self { file: file.map_or(self.file, |name| name.to_string_lossy().into_owned()), ..self }
    }

    /// Names as they are seen from the current folder, as seen from the top of the repository.
    pub(super) fn as_named_here(&self) -> Base {
        Base { here: self.report.here.clone(), root: self.review.root.clone() }
    }

    /// The project file as seen from the top of the repository.
    pub(super) fn project(&self) -> String {
        self.review.name(&self.file)
    }
}

/// From where a reader of a change sees files: the top of the work tree; without one, the folder of the project if we are
/// in it, or else the current folder.
fn top(here: &Path, root: &Path) -> PathBuf {
    let tree = here.ancestors().find(|folder| folder.join(".git").exists());
    let without = if here.starts_with(root) { root } else { here };
    tree.unwrap_or(without).to_owned()
}

/// `FILE:LINE:COLUMN` with the name of that base; what is no place in a file stays as it is.
pub(super) fn named(at: &str, base: &Base) -> String {
    let mut parts = at.rsplitn(3, ':');
    let (column, line, file) = (parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>| part.is_some_and(|part| part.parse::<usize>().is_ok());
    match (file, line, column) {
        (Some(file), Some(line), Some(column))
            if number(Some(line)) && number(Some(column)) && !file.starts_with('<') && !file.is_empty() =>
        {
            format!("{}:{line}:{column}", base.name(file))
        }
        _ => at.to_owned(),
    }
}

fn operands<'o>(operands: impl IntoIterator<Item = &'o mut Operand>, base: &Base) {
    for Operand { origin, .. } in operands {
        if let Origin::Param { at, .. } = origin {
            *at = named(at, base);
        }
    }
}

/// All places of a report.
pub(super) fn inside(report: &mut RunReport, base: &Base) {
    let findings = report.checks.iter_mut().flat_map(|check| &mut check.findings).chain(&mut report.notices);
    for finding in findings {
        let Finding { at, operands: read, context, waiver, .. } = finding;
        *at = named(at, base);
        if let Some(waiver) = waiver {
            waiver.at = named(&waiver.at, base);
        }
        operands(read.iter_mut().chain(context), base);
    }
}

/// All places of a comparison.
pub(super) fn of_impact(impact: &mut Impact, base: &Base) {
    for change in &mut impact.changes {
        change.at = named(&change.at, base);
    }
    for verdict in &mut impact.verdicts {
        verdict.at = named(&verdict.at, base);
        operands(&mut verdict.operands, base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_as_one_would_from_here() {
        for (path, here, named) in [
            ("/a/b/muster.yaml", "/a/b", "muster.yaml"),
            ("/a/muster.yaml", "/a/b/c", "../../muster.yaml"),
            ("/a/b/c/muster.yaml", "/a/b", "c/muster.yaml"),
            ("/x/muster.yaml", "/a/b", "/x/muster.yaml"),
            ("c/muster.yaml", "/a/b", "c/muster.yaml"),
            ("muster.yaml", "/a/b", "muster.yaml"),
        ] {
            assert_eq!(from_here(Path::new(path), Path::new(here)), Path::new(named), "{path} from {here}");
        }
    }

    #[test]
    fn what_is_no_place_in_a_file_keeps_its_name() {
        let base = Base { here: "/a/b".into(), root: "/a".into() };
        for (at, shown) in [
            ("p/x.yaml:3:1", "b/p/x.yaml:3:1"),
            ("../p: 9.yaml:3:1", "p: 9.yaml:3:1"),
            ("builtin:host/x.yaml:3:1", "builtin:host/x.yaml:3:1"),
            ("<command line>:1:1", "<command line>:1:1"),
            ("--set", "--set"),
            ("", ""),
        ] {
            assert_eq!(named(at, &base), shown);
        }
    }
}
