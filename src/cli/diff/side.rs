//! One version of the policies: read, bound as far as it can be, with everything that keeps it from being judged.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::broken::{Broken, ids_in, stem};
use crate::cli::output::Problem;
use crate::cli::places::Seen;
use crate::cli::setup::{Anyway, Sources, here, project_as_far, project_path, read_version};
use crate::cli::targets;
use crate::diag::{Diag, Level, code};
use crate::fact::micros_of;
use crate::impact::{Fault, Side};
use crate::lint;
use crate::plan::{Input, Plan, Selection, TargetInfo, bind_as_far};
use crate::policy::load::{Origin, is_yaml};
use crate::policy::project::LeftOut;
use crate::policy::{self, Policy, Project};
use crate::source::Loc;

use super::git::{Extracted, Repository};
use super::name::Version;

/// A version that was read.
pub(super) struct Loaded {
    pub(super) name: String,
    project: Project,
    has_project: bool,
    read: policy::Loaded,
    pub(super) infos: Vec<Arc<TargetInfo>>,
    pub(super) plan: Plan,
    faults: Vec<Fault>,
    named_sources: bool,
    names: Names,
    /// Has its project file faults?
    is_partial: bool,
    /// The project file, and the files that it names in which its faults are.
    own_files: Vec<Arc<str>>,
    left_out: LeftOut,
    broken: Broken,
    /// The files of a revision, as long as they are needed.
    files: Option<tempfile::TempDir>,
}

/// How files of a version are called: as seen from the current folder, whatever folder they were read from.
#[derive(Default)]
pub(super) struct Names {
    /// The folder that paths begin with, and what stands there instead.
    prefixes: Vec<(String, String)>,
}

impl Names {
    /// The same text with the names of files as the user knows them.
    pub(super) fn shown(&self, text: &str) -> String {
        self.prefixes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// A diagnostic with the names of files as the user knows them.
    fn diag(&self, diag: Diag) -> Diag {
        let help = diag.help.as_ref().map(|help| self.shown(help));
        let message = self.shown(&diag.message);
        let mut labels = diag.labels;
        for label in &mut labels {
            let Loc { source, start, end } = &label.loc;
            let source = source.named(self.shown(&source.name));
            label.loc = Loc { source, start: *start, end: *end };
        }
        Diag { message, labels, help, ..diag }
    }

    fn problem(&self, problem: Problem) -> Problem {
        Problem { diags: problem.diags.into_iter().map(|diag| self.diag(diag)).collect(), ..problem }
    }
}

/// Files that a project may read when it is loaded.
fn is_wanted(path: &Path) -> bool {
    let is_called = |end: &OsStr| ["rhai", "ics", "json"].iter().any(|known| end == *known);
    is_yaml(path) || path.extension().is_some_and(is_called)
}

impl Loaded {
    /// Reads both versions, and binds them to the same made-up targets if they have none.
    pub(super) fn both(
        versions: [(&Version, &str); 2],
        project: Option<&PathBuf>,
    ) -> Result<[Self; 2], Problem> {
        let [was, is] = versions;
        let mut old = Self::read(was.0, was.1, project, None)?;
        let mut new = Self::read(is.0, is.1, project, Some(&old.project))?;
        // What is wrong in one version is taken from the other, so that only the fault is told of it.
        if old.is_partial {
            old = Self::read(was.0, was.1, project, Some(&new.project))?;
        }
        let made_up: Vec<Arc<TargetInfo>> = [&old, &new]
            .into_iter()
            .filter(|side| !side.has_project)
            .flat_map(|side| &side.read.policies)
            .flat_map(|policy| made_up(policy))
            .fold(Vec::new(), |mut known, target| {
                if !known.contains(&target) {
                    known.push(target);
                }
                known
            });
        old.bind(&made_up);
        new.bind(&made_up);
        Ok([old, new])
    }

    fn read(
        version: &Version,
        name: &str,
        project: Option<&PathBuf>,
        instead: Option<&Project>,
    ) -> Result<Self, Problem> {
        let here = || Sources { sources: Vec::new(), project: project.cloned() };
        match version {
            Version::Here => Self::of(name, &here(), instead),
            Version::Path(path) => Self::of(name, &sources(path, project), instead),
            Version::Revision(revision) => Self::revision(revision, project, instead),
        }
    }

    fn of(name: &str, sources: &Sources, instead: Option<&Project>) -> Result<Self, Problem> {
        let folder = here()?;
        let names = Names { prefixes: vec![(format!("{}/", folder.display()), String::new())] };
        let named_sources = !sources.sources.is_empty();
        let read = read_version(sources, instead).map_err(|problem| names.problem(problem))?;
        let name = if name == "." { "the files here".to_owned() } else { name.to_owned() };
        Ok(Self::new(name, read, named_sources, names))
    }

    fn new(name: String, read: Anyway, named_sources: bool, names: Names) -> Self {
        let Anyway { read, faults: mut diags, left_out } = read;
        let (infos, plan, faults) = (Vec::new(), Plan::default(), Vec::new());
        let (project, has_project) = (read.project.clone(), read.has_project);
        let places = diags.iter().filter_map(|diag| diag.labels.first()).map(|label| &label.loc);
        let own_files = project.loc.iter().chain(places).map(|loc| Arc::clone(&loc.source.name)).collect();
        let (mut read, is_partial) = (read.loaded(), !diags.is_empty());
        diags.append(&mut read.diags);
        read.diags = diags;
        let broken = Broken::of(&read);
        Self {
            name,
            project,
            has_project,
            read,
            infos,
            plan,
            faults,
            named_sources,
            names,
            is_partial,
            own_files,
            left_out,
            broken,
            files: None,
        }
    }

    /// A revision of the repository of the project, or of the current folder.
    fn revision(
        revision: &str,
        project: Option<&PathBuf>,
        instead: Option<&Project>,
    ) -> Result<Self, Problem> {
        let here = here()?;
        let known = project_path(project)?;
        let folder = known.as_deref().and_then(Path::parent).filter(|folder| folder.is_dir());
        let start = match folder {
            Some(folder) => here.join(folder),
            None => here.clone(),
        };
        let repository = Repository::of(&start)?;
        let commit = repository.commit(revision)?;
        let temporary = tempfile::tempdir().map_err(|error| {
            Problem::usage(
                format!("no folder can be made for the files of `{revision}`: {error}"),
                "free space for temporary files",
            )
        })?;
        let root = std::fs::canonicalize(temporary.path()).unwrap_or_else(|_| temporary.path().to_owned());
        let Extracted { files, submodules } = repository.extract(&commit, &root, &is_wanted)?;
        let top = std::fs::canonicalize(&repository.top).unwrap_or_else(|_| repository.top.clone());
        let inside = |path: &Path| {
            std::fs::canonicalize(path).ok().and_then(|path| path.strip_prefix(&top).ok().map(Path::to_owned))
        };
        let start = inside(&start).unwrap_or_default();
        let file_name = known
            .as_deref()
            .and_then(Path::file_name)
            .map_or_else(|| PathBuf::from("muster.yaml"), PathBuf::from);
        let found = start.ancestors().map(|folder| folder.join(&file_name)).find(|path| files.contains(path));
        let found = found.ok_or_else(|| {
            Problem::usage(
                format!("`{revision}` has no `{}` in `{}` or a folder above", file_name.display(), top.join(&start).display()),
                "`--project FILE` names the project file; a version from before there was one has no policies to compare",
            )
        })?;
        // Files below the current folder are named from there on.
        let named = root.strip_prefix(&here).unwrap_or(&root);
        let names = Names { prefixes: prefixes(named, &inside(&here).unwrap_or_default()) };
        let sources = Sources { sources: Vec::new(), project: Some(root.join(found)) };
        let submodules: Vec<PathBuf> = submodules.iter().map(|path| root.join(path)).collect();
        no_submodule(revision, &sources, &submodules).map_err(|problem| names.problem(problem))?;
        let read = read_version(&sources, instead).map_err(|problem| names.problem(problem))?;
        Ok(Self { files: Some(temporary), ..Self::new(revision.to_owned(), read, false, names) })
    }

    fn bind(&mut self, made_up: &[Arc<TargetInfo>]) {
        let has_project = self.has_project;
        self.infos = if has_project {
            self.project.targets.iter().map(targets::info).collect()
        } else {
            made_up.to_vec()
        };
        // What fits no target at all is told by lint; of some policies the project may speak of others. Those of a gate are
        // compared as it judges them.
        let selection = Selection { named_sources: self.named_sources, gate: true, ..Selection::default() };
        let input = Input {
            policies: &self.read.policies,
            targets: &self.infos,
            project: &self.project,
            selection: &selection,
            has_project,
        };
        let (plan, diags) = bind_as_far(&input);
        self.plan = plan;
        let mut faults: Vec<Fault> = Vec::new();
        let unowned = |diag: &&Diag| has_project || diag.code != &code::MISSING_KEY;
        let judged_never = self.judged_never();
        let errors = self
            .read
            .diags
            .iter()
            .chain(&judged_never)
            .chain(diags.iter().filter(|diag| !self.follows(diag)).filter(unowned));
        for diag in errors.filter(|diag| diag.level == Level::Error) {
            let same = |a: &Fault, b: &Fault| a.at == b.at && a.message == b.message && a.policy == b.policy;
            for fault in self.faults_of(diag) {
                if !faults.iter().any(|known| same(known, &fault)) {
                    faults.push(fault);
                }
            }
        }
        self.faults = faults;
    }

    /// What stops a run though policies and project are well by themselves.
    fn judged_never(&self) -> Vec<Diag> {
        if !self.has_project {
            return Vec::new();
        }
        let today = micros_of(jiff::Timestamp::now()).div_euclid(86_400_000_000);
        let far = lint::too_far(&self.project, today).into_iter();
        far.chain(lint::empty_environments(&self.project)).collect()
    }

    /// Is a name said to be unknown, or a policy to fit no target, only because what it is about cannot be loaded?
    fn follows(&self, diag: &Diag) -> bool {
        self.is_partial && diag.code == &code::NO_TARGET
            || self.left_out.explains(diag)
            || self.broken.explains(diag, &self.project)
    }

    /// A fault of each policy that it keeps from being loaded: of a file that is no YAML that is all of them.
    fn faults_of(&self, diag: &Diag) -> Vec<Fault> {
        let first = self.fault(diag);
        let source = diag.labels.first().map(|label| &label.loc.source);
        let source = source.filter(|source| first.policy.is_none() && !self.own_files.contains(&source.name));
        let Some(source) = source else { return vec![first] };
        let mut ids = ids_in(&source.text);
        if ids.is_empty() {
            ids.extend(stem(&source.name));
        }
        if ids.is_empty() {
            return vec![first];
        }
        ids.into_iter().map(|id| Fault { policy: Some(id), ..first.clone() }).collect()
    }

    fn fault(&self, diag: &Diag) -> Fault {
        let label = diag.labels.first();
        let about = label.filter(|label| !label.text.is_empty()).map(|label| label.text.clone());
        let message =
            about.map_or_else(|| diag.message.clone(), |about| format!("{}: {about}", diag.message));
        Fault {
            policy: label.and_then(|label| self.policy_at(&label.loc)),
            message,
            at: label.map(|label| label.loc.to_string()).unwrap_or_default(),
            help: diag.help.clone(),
        }
    }

    /// The policy in whose document a place is: the last that begins before it.
    fn policy_at(&self, at: &Loc) -> Option<Arc<str>> {
        let loaded = &self.read;
        let all = loaded.policies.iter().map(|policy| (&policy.id, &policy.loc));
        let all = all.chain(loaded.broken.iter().map(|(id, loc)| (id, loc)));
        let before = all.filter(|(_, loc)| loc.source.name == at.source.name && loc.start <= at.start);
        before.max_by_key(|(_, loc)| loc.start).map(|(id, _)| Arc::clone(id))
    }

    pub(super) fn side(&self) -> Side<'_> {
        Side {
            name: &self.name,
            policies: &self.read.policies,
            checks: &self.plan.checks,
            project: &self.project,
            has_targets: self.has_project,
            faults: &self.faults,
        }
    }

    /// From where files are named; those of a revision are not in the work tree.
    pub(super) fn seen(&self) -> Result<Seen, Problem> {
        let root = Some(self.project.root.as_path()).filter(|_| self.has_project && self.files.is_none());
        Ok(Seen::of(root)?.named(&self.project))
    }

    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// A place or a text with the names of files as the user knows them.
    pub(super) fn shown(&self, text: &str) -> String {
        self.names.shown(text)
    }
}

/// What a folder or file holds: a project, or policies of the project here.
fn sources(path: &Path, project: Option<&PathBuf>) -> Sources {
    let own = path.join("muster.yaml");
    let of_project = |file: PathBuf| Sources { sources: Vec::new(), project: Some(file) };
    if project.is_none() && own.is_file() {
        return of_project(own);
    }
    let begins = |text: String| text.lines().any(|line| line.starts_with("muster:"));
    if path.is_file() && std::fs::read_to_string(path).is_ok_and(begins) {
        return of_project(path.to_owned());
    }
    Sources { sources: vec![path.display().to_string()], project: project.cloned() }
}

/// Refuses policies that stand in a submodule: the repository of the project has no files of it.
fn no_submodule(revision: &str, sources: &Sources, submodules: &[PathBuf]) -> Result<(), Problem> {
    let project = project_as_far(sources, None)?.project;
    let named =
        project.iter().flat_map(|project| project.policies.iter().map(move |(text, _)| (project, text)));
    for (project, text) in named {
        let Origin::Path(path) = Origin::parse(text, &project.root) else { continue };
        let path = resolved(&path);
        let inside = |module: &&PathBuf| module.starts_with(&path) || path.starts_with(module);
        if let Some(module) = submodules.iter().find(inside) {
            let what = format!(
                "`{revision}` has policies in `{text}`, where the submodule `{}` is, whose files are in another repository",
                module.display()
            );
            let help = "check both versions out into folders, with `git submodule update --init`, and compare those: `muster diff old/ new/`";
            return Err(Problem::usage(what, help));
        }
    }
    Ok(())
}

/// A path without links and `..`, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|folder| Some((folder, std::fs::canonicalize(folder).ok()?)));
    let Some((folder, real)) = there else { return path.to_owned() };
    path.strip_prefix(folder).map_or_else(|_| path.to_owned(), |rest| real.join(rest))
}

/// Targets that fit the policy, where there is no project: one of each type.
pub(in crate::cli) fn made_up(policy: &Policy) -> Vec<Arc<TargetInfo>> {
    let target = &policy.target;
    let of = |kind: &Arc<str>| {
        let any = || format!("any {kind}");
        let name = target.name.as_ref().map_or_else(any, |glob| glob.glob().to_string());
        Arc::new(TargetInfo {
            name: Arc::from(name),
            kind: Arc::clone(kind),
            labels: target.labels.clone(),
            ..TargetInfo::default()
        })
    };
    target.kinds().map(of).collect()
}

/// Files of the revision as they are called from a folder of the work tree.
fn prefixes(root: &Path, here: &Path) -> Vec<(String, String)> {
    let mut prefixes = Vec::new();
    for (up, folder) in here.ancestors().enumerate() {
        let from = root.join(folder);
        let from = from.display().to_string();
        prefixes.push((format!("{}/", from.trim_end_matches('/')), "../".repeat(up)));
    }
    prefixes
}
