//! Finds and decodes policies: files, folders and libraries. Every file is read; every fault is collected.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;
use walkdir::WalkDir;

use super::cores::{at_once, by_turns};
use super::decode::{Surroundings, policy};
use super::frameworks::Frameworks;
use super::{Policy, library};
use crate::diag::{Diag, code, did_you_mean};
use crate::source::yaml::{self, Limits};
use crate::source::{Loc, Source};

/// Names of the project that policies may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its labels.
    pub labels: Arc<BTreeSet<Arc<str>>>,
    /// Its calendars.
    pub calendars: Arc<BTreeSet<Arc<str>>>,
    /// Its frameworks, whose controls policies name.
    pub controls: Arc<Frameworks>,
}

/// Where a source of policies was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file or a folder.
    Path(PathBuf),
    /// A library.
    Builtin(Arc<str>),
}

impl Origin {
    /// `builtin:AREA` or a path below `root`.
    pub fn parse(text: &str, root: &Path) -> Self {
        match text.strip_prefix("builtin:") {
            Some(area) => Self::Builtin(Arc::from(area)),
            // Without the `.` of `./policies`.
            None => Self::Path(plain(&root.join(text))),
        }
    }
}

fn plain(path: &Path) -> PathBuf {
    let named: PathBuf = path.components().filter(|part| *part != Component::CurDir).collect();
    if named.as_os_str().is_empty() { PathBuf::from(".") } else { named }
}

/// One source file with where it came from.
#[derive(Clone)]
pub struct File {
    /// The text.
    pub source: Arc<Source>,
    /// The library, if it came with one.
    pub library: Option<Arc<str>>,
    /// The folder of the file.
    pub folder: PathBuf,
}

/// Everything that was loaded.
#[derive(Clone, Default)]
pub struct Loaded {
    /// Policies without a fault, in order of file and document.
    pub policies: Vec<Arc<Policy>>,
    /// Ids and places of policies that could not be loaded.
    pub broken: Vec<(Arc<str>, Loc)>,
    /// Case files.
    pub cases: Vec<File>,
    /// All faults.
    pub diags: Vec<Diag>,
}

/// Reads all sources. `known` is what the project names, `None` without one.
pub fn load(origins: &[(Origin, Option<Loc>)], known: Option<&Known>, tests: bool) -> Loaded {
    let (files, mut loaded) = find_all(origins, tests);
    for part in decode_all(&files, known) {
        loaded.policies.extend(part.policies);
        loaded.broken.extend(part.broken);
        loaded.diags.extend(part.diags);
    }
    duplicates(&mut loaded);
    loaded
}

/// The files of all sources, in order, and what is wrong with the sources themselves.
pub(super) fn find_all(origins: &[(Origin, Option<Loc>)], tests: bool) -> (Vec<Entry>, Loaded) {
    let mut loaded = Loaded::default();
    let mut files = Vec::new();
    for (origin, loc) in origins {
        match origin {
            Origin::Builtin(area) => builtin(area, loc.as_ref(), tests, &mut files, &mut loaded),
            Origin::Path(path) => find(path, loc.as_ref(), tests, &mut files, &mut loaded),
        }
    }
    (files, loaded)
}

fn with_place(diag: Diag, loc: Option<&Loc>) -> Diag {
    match loc {
        Some(loc) => diag.at(loc, ""),
        None => diag,
    }
}

fn builtin(area: &Arc<str>, loc: Option<&Loc>, tests: bool, files: &mut Vec<Entry>, loaded: &mut Loaded) {
    let sources = library::policies(area);
    if sources.is_empty() {
        let areas = library::areas();
        let diag = Diag::error(&code::UNKNOWN_NAME, format!("there is no library `builtin:{area}`"));
        let help = did_you_mean(area, areas.iter().copied()).unwrap_or_else(|| match areas.as_slice() {
            [] => "this build of muster came without libraries".to_owned(),
            areas => format!("libraries are builtin:{}", areas.join(", builtin:")),
        });
        loaded.diags.push(with_place(diag, loc).help(help));
    }
    let file = |source| File { source, library: Some(Arc::clone(area)), folder: PathBuf::new() };
    files.extend(sources.into_iter().map(|source| Entry::Ready(file(source))));
    if tests {
        loaded.cases.extend(library::cases(area).into_iter().map(file));
    }
}

/// A file that is to be read, or was.
pub(super) enum Entry {
    Ready(File),
    Path(PathBuf),
}

/// Does its name say that it is YAML? In any case: a policy that is not read is not judged.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"))
}

/// Is it YAML, and does its name have this end before?
fn is_called(path: &Path, end: &str) -> bool {
    let stem = path.file_stem().map(Path::new).and_then(Path::extension);
    is_yaml(path) && stem.is_some_and(|found| found.eq_ignore_ascii_case(end))
}

fn is_cases(path: &Path) -> bool {
    is_called(path, "cases")
}

/// Is one letter missing in the end of its name?
fn is_nearly_cases(path: &Path) -> bool {
    is_called(path, "case")
}

fn find(path: &Path, loc: Option<&Loc>, tests: bool, files: &mut Vec<Entry>, loaded: &mut Loaded) {
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) => {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
                _ => error.to_string(),
            };
            let diag = Diag::error(&code::UNREADABLE, format!("cannot read `{}`: {why}", path.display()));
            let help = "a policy that is not read is not judged: correct the path, or remove it";
            loaded.diags.push(with_place(diag, loc).help(help));
            return;
        }
    };
    if !meta.is_dir() {
        files.push(Entry::Path(path.to_owned()));
        if tests {
            beside(path, loaded);
        }
        return;
    }
    let (before, faults) = (files.len(), loaded.diags.len());
    for entry in WalkDir::new(path).follow_links(true).sort_by_file_name() {
        match entry {
            Ok(entry)
                if entry.file_type().is_dir()
                    || !is_yaml(entry.path())
                    || entry.file_name() == "muster.yaml" => {}
            Ok(entry) if is_cases(entry.path()) => {
                if tests {
                    case_file(entry.path(), loaded);
                }
            }
            Ok(entry) if is_nearly_cases(entry.path()) => {
                let message = format!("`{}` is neither a policy nor a file of cases", entry.path().display());
                let help = "call it `….cases.yaml` if it holds cases: those of `disk-full` are in `disk-full.cases.yaml`";
                loaded.diags.push(with_place(Diag::error(&code::CASE, message), loc).help(help));
            }
            Ok(entry) => files.push(Entry::Path(entry.into_path())),
            Err(error) => {
                loaded.diags.push(with_place(Diag::error(&code::UNREADABLE, error.to_string()), loc));
            }
        }
    }
    // What could not be read is no reason to write a new one.
    if files.len() == before && loaded.diags.len() == faults {
        let diag = Diag::error(&code::EMPTY_INPUT, format!("`{}` holds no policies", path.display()));
        loaded.diags.push(with_place(diag, loc).help("policies are `*.yaml` files; `muster new` writes one"));
    }
}

/// The case file beside a policy file that was named alone.
fn beside(path: &Path, loaded: &mut Loaded) {
    let cases = path.with_extension("cases.yaml");
    if cases.exists() {
        case_file(&cases, loaded);
    }
}

fn case_file(path: &Path, loaded: &mut Loaded) {
    match yaml::read_file(path, &Limits::default()) {
        Ok(source) => loaded.cases.push(File { source, library: None, folder: folder(path) }),
        Err(diag) => loaded.diags.push(diag),
    }
}

pub(super) fn folder(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Decodes on all cores; the order of the result is that of the files.
fn decode_all(files: &[Entry], known: Option<&Known>) -> Vec<Loaded> {
    let parts = by_turns(files, |file| decode_file(file, known));
    parts.unwrap_or_else(|| vec![panicked()])
}

/// A worker that died must not look like a folder without policies.
pub(super) fn panicked() -> Loaded {
    let diag = Diag::error(&code::UNREADABLE, "a reader of policies ended unexpectedly")
        .help("this is a fault of muster; please report it");
    Loaded { diags: vec![diag], ..Loaded::default() }
}

fn decode_file(entry: &Entry, known: Option<&Known>) -> Loaded {
    let mut loaded = Loaded::default();
    match entry {
        Entry::Ready(file) => documents(file, known, &mut loaded),
        Entry::Path(path) => match yaml::read_file(path, &Limits::default()) {
            Ok(source) => {
                documents(&File { source, library: None, folder: folder(path) }, known, &mut loaded);
            }
            Err(diag) => loaded.diags.push(diag),
        },
    }
    loaded
}

/// Decodes every document of one file.
pub fn documents(file: &File, known: Option<&Known>, loaded: &mut Loaded) {
    if let Some(read) = in_parts(file, known) {
        loaded.policies.extend(read.policies);
        loaded.broken.extend(read.broken);
        return loaded.diags.extend(read.diags);
    }
    let documents = match yaml::parse(&file.source, &Limits::default()) {
        Ok(documents) => documents,
        Err(errors) => return loaded.diags.extend(errors),
    };
    if documents.is_empty() || documents.iter().all(|document| document.root.is_null()) {
        let diag = Diag::error(&code::EMPTY_INPUT, format!("`{}` holds no policy", file.source.name));
        return loaded.diags.push(diag.help("a policy begins with `policy: ID`; `muster new` writes one"));
    }
    decode_documents(file, &documents, known, loaded);
}

/// Decodes the documents of one large file on all cores. `None` if it is small, or if anything is wrong with the
/// file as a whole.
fn in_parts(file: &File, known: Option<&Known>) -> Option<Loaded> {
    // Asking for the number of cores reads files, so nobody asks for each of many small files.
    if !yaml::is_long(&file.source) {
        return None;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = yaml::parts(&file.source, &Limits::default(), if cores == 1 { 1 } else { cores * 4 })?;
    let read = at_once(&parts.ranges, cores, |range| {
        let (documents, cost) = parts.parse(range.clone())?;
        let mut loaded = Loaded::default();
        decode_documents(file, &documents, known, &mut loaded);
        let empty = documents.iter().all(|document| document.root.is_null());
        Some((loaded, cost, empty))
    })?;
    let read = read.into_iter().collect::<Option<Vec<_>>>()?;
    if !parts.allow(read.iter().map(|(_, cost, _)| cost)) || read.iter().all(|(_, _, empty)| *empty) {
        return None;
    }
    let mut whole = Loaded::default();
    for (loaded, ..) in read {
        whole.policies.extend(loaded.policies);
        whole.broken.extend(loaded.broken);
        whole.diags.extend(loaded.diags);
    }
    Some(whole)
}

/// Decodes texts that are given, in their order, and reads no file: `script` gives the text of a script by the folder of
/// the name of its policy's text and the name in the policy.
pub fn of_texts(
    files: &[File],
    known: Option<&Known>,
    script: &dyn Fn(&str) -> Result<Arc<Source>, String>,
) -> Loaded {
    let mut loaded = Loaded::default();
    for file in files {
        let folder = file.source.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = |name: &str| {
            script(&if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
        };
        match yaml::parse(&file.source, &Limits::default()) {
            Ok(documents) => decode_with(file, &documents, known, &beside, &mut loaded),
            Err(errors) => loaded.diags.extend(errors),
        }
    }
    duplicates(&mut loaded);
    loaded
}

fn decode_documents(file: &File, documents: &[yaml::Document], known: Option<&Known>, loaded: &mut Loaded) {
    let script = |name: &str| match &file.library {
        Some(area) => library::script(area, name).ok_or_else(|| "the library has no such file".to_owned()),
        None => yaml::read_file(&file.folder.join(name), &Limits::default()).map_err(|diag| diag.message),
    };
    decode_with(file, documents, known, &script, loaded);
}

fn decode_with(
    file: &File,
    documents: &[yaml::Document],
    known: Option<&Known>,
    script: &dyn Fn(&str) -> Result<Arc<Source>, String>,
    loaded: &mut Loaded,
) {
    for document in documents {
        let around = Surroundings {
            labels: known.map(|known| Arc::clone(&known.labels)),
            calendars: known.map(|known| Arc::clone(&known.calendars)),
            script,
            controls: known.map(|known| Arc::clone(&known.controls)),
            library: file.library.clone(),
        };
        let mut diags = Vec::new();
        if let Some(policy) = policy(&document.root, &around, &mut diags) {
            loaded.policies.push(Arc::new(policy));
        } else {
            let id = document.root.get("policy").and_then(yaml::Node::as_str).unwrap_or("(without id)");
            loaded.broken.push((Arc::from(id), document.root.loc.clone()));
        }
        loaded.diags.extend(diags);
    }
}

pub(super) fn duplicates(loaded: &mut Loaded) {
    let mut seen: HashMap<&str, &Loc> = HashMap::with_capacity(loaded.policies.len());
    for policy in &loaded.policies {
        if let Some(first) = seen.get(&*policy.id) {
            let diag =
                Diag::error(&code::DUPLICATE_POLICY, format!("two policies are called `{}`", policy.id));
            loaded.diags.push(
                diag.at(&policy.loc, "the second").at(first, "the first").help(
                    "an id is unique in the whole project; other tools keep the last one without a word",
                ),
            );
        } else {
            seen.insert(&policy.id, &policy.loc);
        }
    }
}
