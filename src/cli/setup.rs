//! What most commands begin with: the project, the policies, the targets.

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, Level, code};
use crate::fact::Pattern;
use crate::lint;
use crate::plan::{Selection, SetArg, TargetInfo};
use crate::policy::load::{Known, Loaded, Origin};
use crate::policy::project::{self, LeftOut};
use crate::policy::{Policy, Project, TargetEntry, Tier, attestations};
use crate::source::yaml;
use crate::source::{Loc, Source};

use super::output::Problem;
use super::places;
use super::targets;

/// Where policies come from.
#[derive(Args, Clone, Default)]
pub(super) struct Sources {
    /// Policy files, folders, or libraries as `builtin:AREA`; those of the project if left out
    #[arg(value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    pub project: Option<PathBuf>,
}

/// What of everything is wanted.
#[derive(Args, Clone, Default)]
pub(super) struct Select {
    /// Only policies of this tier
    #[arg(long, value_name = "TIER", value_parser = clap::builder::PossibleValuesParser::new(Tier::WORDS.iter().copied()))]
    pub tier: Vec<String>,
    /// Only targets of this environment
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Only this target (`*` stands for any characters); an address such as `postgres://…`, `https://…`, `s3://bucket`, `sqlite:PATH` or `host` is a target of its own
    #[arg(long, value_name = "TARGET")]
    pub target: Vec<String>,
    /// Only policies with this tag
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only this policy (`*` stands for any characters)
    #[arg(long, value_name = "ID")]
    pub policy: Vec<String>,
    /// Another value for a parameter: `NAME=VALUE` or `POLICY.NAME=VALUE`
    #[arg(long, value_name = "PARAM=VALUE")]
    pub set: Vec<String>,
}

/// Everything that was loaded.
pub(super) struct Setup {
    pub project: Project,
    pub has_project: bool,
    pub loaded: Loaded,
    pub entries: Vec<TargetEntry>,
    pub infos: Vec<Arc<TargetInfo>>,
    pub selection: Selection,
    pub warnings: Vec<Diag>,
}

impl Setup {
    pub(super) fn policies(&self) -> &[Arc<Policy>] {
        &self.loaded.policies
    }
}

fn pattern(text: &str) -> Result<Pattern, Problem> {
    Pattern::new(text).map_err(|error| {
        Problem::usage(format!("`{text}` is not a pattern: {error}"), "`*` stands for any characters")
    })
}

fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Problem> {
    texts.iter().map(|text| pattern(text)).collect()
}

fn set(text: &str) -> Result<SetArg, Problem> {
    let wrong = || {
        Problem::usage(
            format!("`--set {text}` has no value"),
            "write `--set NAME=VALUE` or `--set POLICY.NAME=VALUE`",
        )
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (policy, name) = match name.rsplit_once('.') {
        Some((policy, name)) => (Some(pattern(policy)?), name),
        None => (None, name),
    };
    Ok(SetArg { policy, name: Arc::from(name.trim()), text: Arc::from(value.trim()) })
}

/// The choice that the flags make.
pub(super) fn selection(select: &Select) -> Result<Selection, Problem> {
    let names: Vec<String> =
        select.target.iter().filter(|text| !targets::is_address(text)).cloned().collect();
    Ok(Selection {
        tiers: select.tier.iter().filter_map(|word| Tier::from_word(word)).collect(),
        environment: select.env.as_deref().map(Arc::from),
        targets: patterns(&names)?,
        tags: patterns(&select.tag)?,
        policies: patterns(&select.policy)?,
        set: select.set.iter().map(|text| set(text)).collect::<Result<_, _>>()?,
        named_sources: false,
        gate: false,
    })
}

/// The current folder.
pub(super) fn here() -> Result<PathBuf, Problem> {
    std::env::current_dir().map_err(|error| {
        Problem::usage(format!("the current folder cannot be read: {error}"), "change to another folder")
    })
}

/// The path of the project file, if there is one, as seen from the current folder: what is read is named as whoever
/// started us would name it, and the same on every machine.
pub(super) fn project_path(given: Option<&PathBuf>) -> Result<Option<PathBuf>, Problem> {
    let here = here()?;
    let found = given.cloned().or(targets::find_project(&here));
    Ok(found.map(|path| places::from_here(&path, &here)))
}

/// The text of the project file, if there is one, and its folder.
fn project_text(sources: &Sources) -> Result<Option<(Arc<Source>, PathBuf)>, Problem> {
    let Some(path) = project_path(sources.project.as_ref())? else { return Ok(None) };
    let source = yaml::read_file(&path, &yaml::Limits::default())?;
    Ok(Some((source, path.parent().map(PathBuf::from).unwrap_or_default())))
}

/// The project file, if there is one.
pub(super) fn project(sources: &Sources) -> Result<Option<Project>, Problem> {
    let Some((source, root)) = project_text(sources)? else { return Ok(None) };
    let mut diags = Vec::new();
    let project = project::decode(&source, &root, &mut diags);
    project.map(Some).ok_or_else(|| Problem::new(diags))
}

/// The project file as far as it can be read, what was left out of it, and what is wrong in it.
pub(super) fn project_as_far(sources: &Sources, instead: Option<&Project>) -> Result<AsFar, Problem> {
    let Some((source, root)) = project_text(sources)? else { return Ok(AsFar::default()) };
    let mut faults = Vec::new();
    let found = project::decode_as_far(&source, &root, instead, &mut faults);
    if !faults.iter().any(|diag| diag.level == Level::Error) {
        faults.clear();
    }
    let (project, left_out) = found.unzip();
    Ok(AsFar { project, left_out: left_out.unwrap_or_default(), faults })
}

/// A project file that was read as far as it can be.
#[derive(Default)]
pub(super) struct AsFar {
    pub project: Option<Project>,
    left_out: LeftOut,
    faults: Vec<Diag>,
}

fn origins(sources: &Sources, project: Option<&Project>) -> Vec<(Origin, Option<Loc>)> {
    if sources.sources.is_empty() {
        let listed = project.map(|project| (project, &project.policies));
        return listed
            .map(|(project, list)| {
                list.iter()
                    .map(|(text, loc)| (Origin::parse(text, &project.root), Some(loc.clone())))
                    .collect()
            })
            .unwrap_or_default();
    }
    sources.sources.iter().map(|text| (Origin::parse(text, &PathBuf::new()), None)).collect()
}

/// What policies may name of the project.
pub(super) fn known(project: &Project) -> Known {
    Known {
        labels: Arc::new(project.labels.keys().cloned().collect()),
        calendars: Arc::new(project.calendars.keys().cloned().collect()),
        controls: Arc::clone(&project.frameworks),
    }
}

/// What was read, with everything that is wrong in it.
pub(super) struct Read {
    pub project: Project,
    pub has_project: bool,
    pub looked: lint::Looked,
}

impl Read {
    /// What was loaded, with what the lints say of single policies among the rest that is wrong.
    pub(super) fn loaded(self) -> Loaded {
        let said = self.looked.for_check();
        let mut loaded = self.looked.loaded;
        loaded.diags.extend(said);
        loaded
    }
}

/// Why policies are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// To look at them.
    Review,
    /// To judge with them.
    Run,
}

/// Reads the project and the policies, and runs the lints about single policies.
pub(super) fn read(sources: &Sources) -> Result<Read, Problem> {
    of_project(sources, project(sources)?, false, Why::Review)
}

fn of_project(sources: &Sources, found: Option<Project>, tests: bool, why: Why) -> Result<Read, Problem> {
    let origins = origins(sources, found.as_ref());
    if origins.is_empty() {
        return Err(no_source(found.is_some()));
    }
    Ok(look(found, &origins, tests, why))
}

/// What was read although the project file may have faults.
pub(super) struct Anyway {
    pub read: Read,
    /// What is wrong with the project file.
    pub faults: Vec<Diag>,
    /// What was left out of it.
    pub left_out: LeftOut,
}

/// The same with case files; of a project file that is half typed what can be read, and its faults.
pub(super) fn read_anyway(sources: &Sources) -> Result<Anyway, Problem> {
    match project_as_far(sources, None) {
        Ok(found) => anyway(sources, found, true),
        Err(problem) if sources.sources.is_empty() => Err(problem),
        Err(problem) => anyway(sources, AsFar { faults: problem.diags, ..AsFar::default() }, true),
    }
}

/// One version of several: what is wrong in its project file is taken from that other one.
pub(super) fn read_version(sources: &Sources, instead: Option<&Project>) -> Result<Anyway, Problem> {
    anyway(sources, project_as_far(sources, instead)?, false)
}

fn anyway(sources: &Sources, found: AsFar, tests: bool) -> Result<Anyway, Problem> {
    let AsFar { project, left_out, faults } = found;
    let origins = origins(sources, project.as_ref());
    if origins.is_empty() {
        return Err(if faults.is_empty() { no_source(project.is_some()) } else { Problem::new(faults) });
    }
    let read = look(project, &origins, tests, Why::Review);
    Ok(Anyway { read: if tests { attested(read) } else { read }, faults, left_out })
}

fn look(found: Option<Project>, origins: &[(Origin, Option<Loc>)], tests: bool, why: Why) -> Read {
    let has_project = found.is_some();
    let names = found.as_ref().map(known);
    let project = found.unwrap_or_default();
    let (levels, diags) = lint::Levels::of(&project.lints);
    let levels = if why == Why::Run { levels.of_a_run() } else { levels };
    let now = jiff::Timestamp::now();
    let given = lint::Given {
        origins,
        known: names.as_ref(),
        levels: &levels,
        tests,
        edited: lint::Edited::Unknown,
        now,
    };
    // Nobody looks a second time, and to take apart what is remembered for that would take its time.
    let mut workspace = ManuallyDrop::new(lint::Workspace::default());
    let mut looked = workspace.look(&given);
    looked.loaded.diags.extend(diags);
    Read { project, has_project, looked }
}

/// With what is wrong in the attestations of the project. They are no policies, so a comparison of those leaves them out.
fn attested(mut read: Read) -> Read {
    if read.has_project {
        read.looked.loaded.diags.extend(attestations::read(&read.project).diags);
    }
    read
}

/// Loads everything. With `keep_going` a broken policy does not stop the others.
pub(super) fn setup(
    sources: &Sources,
    select: &Select,
    tests: bool,
    keep_going: bool,
) -> Result<Setup, Problem> {
    let loading = Loading::of(sources, tests)?;
    let is_usable = keep_going && !loading.loaded.broken.is_empty() && !loading.errors().any(fatal);
    if loading.errors().next().is_some() && !is_usable {
        return Err(Problem::new(loading.loaded.diags));
    }
    loading.setup(sources, select)
}

/// Loads everything that can be, with the case files; and what is wrong with the rest.
pub(super) fn setup_anyway(sources: &Sources, select: &Select) -> Result<(Setup, Vec<Diag>), Problem> {
    let loading = Loading::of(sources, true)?;
    let errors: Vec<Diag> = loading.errors().cloned().collect();
    Ok((loading.setup(sources, select)?, errors))
}

/// What was loaded, before targets are added.
struct Loading {
    project: Project,
    has_project: bool,
    loaded: Loaded,
}

impl Loading {
    fn of(sources: &Sources, tests: bool) -> Result<Self, Problem> {
        let mut read = attested(of_project(sources, project(sources)?, tests, Why::Run)?);
        let (project, has_project) = (std::mem::take(&mut read.project), read.has_project);
        Ok(Self { project, has_project, loaded: read.loaded() })
    }

    fn errors(&self) -> impl Iterator<Item = &Diag> {
        self.loaded.diags.iter().filter(|diag| diag.level == Level::Error)
    }

    fn setup(self, sources: &Sources, select: &Select) -> Result<Setup, Problem> {
        let Self { project, has_project, loaded } = self;
        let mut entries = project.targets.clone();
        for address in select.target.iter().filter(|text| targets::is_address(text)) {
            entries.push(targets::adhoc(address)?);
        }
        if !has_project && !entries.iter().any(|entry| &*entry.kind == "host") {
            entries.push(targets::adhoc("host")?);
        }
        let infos = entries.iter().map(targets::info).collect();
        let warnings = loaded.diags.clone();
        let selection = Selection { named_sources: !sources.sources.is_empty(), ..selection(select)? };
        Ok(Setup { project, has_project, loaded, entries, infos, selection, warnings })
    }
}

/// Faults that hide an unknown number of policies cannot be skipped over.
fn fatal(diag: &Diag) -> bool {
    [
        &code::UNREADABLE,
        &code::YAML_SYNTAX,
        &code::YAML_ENCODING,
        &code::YAML_LIMIT,
        &code::DUPLICATE_POLICY,
        &code::EMPTY_INPUT,
        &code::UNKNOWN_NAME,
        // A file that may be a policy under another name.
        &code::CASE,
    ]
    .contains(&diag.code)
}

fn no_source(has_project: bool) -> Problem {
    if has_project {
        return Problem::from(
            Diag::error(&code::EMPTY_INPUT, "muster.yaml names no policies")
                .help("add `policies: [policies/, builtin:host]`"),
        );
    }
    Problem::from(
        Diag::error(&code::EMPTY_INPUT, "there is no muster.yaml here or in a folder above, and no policy was named")
            .help("name a policy file, a folder or a library (`muster check builtin:host`), or write a project with `muster init`; `muster demo` shows how it works"),
    )
}
