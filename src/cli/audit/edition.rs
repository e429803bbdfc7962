//! The texts that judge: gathered from a project for evidence, and read again from there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::cli::output::Problem;
use crate::cli::places;
use crate::cli::setup::{Setup, known};
use crate::diag::{Diag, Level, code};
use crate::evidence::{Edition, Piece, Role};
use crate::policy::frameworks::BUILTIN;
use crate::policy::library;
use crate::policy::load::{File, Loaded, of_texts};
use crate::policy::project::{self, Project};
use crate::source::yaml::{self, Limits};
use crate::source::{Loc, Source};

fn wrong(loc: Option<&Loc>, message: String, help: &str) -> Problem {
    let diag = Diag::error(&code::EVIDENCE, message).help(help);
    loc.map_or_else(|| diag.clone(), |loc| diag.clone().at(loc, "")).into()
}

/// The project file, the policies and what they name, as they judge now.
pub(in crate::cli) fn of_setup(setup: &Setup) -> Result<Edition, Problem> {
    let Some(loc) = &setup.project.loc else {
        return Err(Problem::usage(
            "evidence needs a project, and there is no muster.yaml here or in a folder above",
            "`muster init` writes one; `--project FILE` names one",
        ));
    };
    let root = &setup.project.root;
    let name = Path::new(&*loc.source.name).file_name().map(|name| name.to_string_lossy().into_owned());
    let mut pieces = vec![Piece {
        name: name.unwrap_or_else(|| "muster.yaml".to_owned()),
        role: Role::Project,
        text: loc.source.text.to_string(),
    }];
    let files = sources(setup);
    for file in &files {
        let role = file.library.as_ref().map_or(Role::Policy, |area| Role::Library(area.to_string()));
        let name = places::of(&file.source.name, root);
        pieces.push(Piece { name, role, text: file.source.text.to_string() });
    }
    let mut others = scripts(&files, setup)?;
    for calendar in setup.project.calendars.values() {
        let Some((_, loc)) = &calendar.holidays else { continue };
        let (name, text) = holidays(loc, root)?;
        others.insert(name, text);
    }
    for framework in setup.project.frameworks.all().iter().filter(|one| &*one.source != BUILTIN) {
        let (name, text) = framework_file(&places::of(&framework.source, root), root)?;
        others.insert(name, text);
    }
    pieces.extend(others.into_iter().map(|(name, text)| Piece { name, role: Role::Other, text }));
    Ok(Edition { pieces })
}

/// Every file of policies once, in the order in which they were read.
fn sources(setup: &Setup) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for policy in setup.policies() {
        if files.iter().all(|file| file.source.name != policy.loc.source.name) {
            let source = Source::new(&*policy.loc.source.name, &*policy.loc.source.text);
            files.push(File { source, library: policy.library.clone(), folder: "".into() });
        }
    }
    files
}

/// The scripts that policies name, by their names as seen from the folder of the project.
fn scripts(files: &[File], setup: &Setup) -> Result<BTreeMap<String, String>, Problem> {
    let read: RefCell<BTreeMap<String, String>> = RefCell::default();
    let script = |path: &str| {
        let source = match path.strip_prefix("builtin:").and_then(|inside| inside.split_once('/')) {
            Some((area, name)) => {
                library::script(area, name).ok_or_else(|| "the library has no such file".to_owned())?
            }
            None => yaml::read_file(Path::new(path), &Limits::default()).map_err(|diag| diag.message)?,
        };
        let name = places::of(path, &setup.project.root);
        read.borrow_mut().insert(name, source.text.to_string());
        Ok(source)
    };
    let loaded = of_texts(files, Some(&known(&setup.project)), &script);
    faultless(&loaded)
        .map_err(|why| wrong(None, why, "the files changed while they were read: call it again"))?;
    Ok(read.into_inner())
}

fn faultless(loaded: &Loaded) -> Result<(), String> {
    let fault = loaded.diags.iter().find(|diag| diag.level == Level::Error);
    fault.map_or(Ok(()), |diag| Err(diag.message.clone()))
}

/// A holiday file of the project. What lies outside of its folder cannot lie in the same place in evidence.
fn holidays(loc: &Loc, root: &Path) -> Result<(String, String), Problem> {
    let name = text_at(loc);
    if !stays_inside(&name) {
        let help = "move it into the folder of the project file, so that evidence can hold it";
        return Err(wrong(Some(loc), format!("the holiday file `{name}` lies outside of the project"), help));
    }
    let source = yaml::read_file(&root.join(&name), &Limits { bytes: 4 << 20, ..Limits::default() })?;
    Ok((name, source.text.to_string()))
}

/// A framework of the project, which its policies may name controls of.
fn framework_file(name: &str, root: &Path) -> Result<(String, String), Problem> {
    if !stays_inside(name) {
        let help = "move it into the folder of the project file, so that evidence can hold it";
        return Err(wrong(None, format!("the framework `{name}` lies outside of the project"), help));
    }
    let source = yaml::read_file(&root.join(name), &Limits { bytes: 32 << 20, ..Limits::default() })?;
    Ok((name.to_owned(), source.text.to_string()))
}

/// A scalar as it is meant, without its quotes.
fn text_at(loc: &Loc) -> String {
    let text = loc.text().trim();
    let quoted = ['"', '\''].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark));
    quoted.unwrap_or(text).to_owned()
}

fn stays_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// The project and the policies of an edition, read from its texts and from nothing else.
pub(super) fn read(edition: &Edition, root: &Path) -> Result<(Project, Loaded), String> {
    let first = edition.pieces.first().filter(|piece| piece.role == Role::Project);
    let piece = first.ok_or("it has no project file")?;
    let source = Source::new(&*piece.name, &*piece.text);
    let others: BTreeMap<&str, &str> = edition
        .pieces
        .iter()
        .filter(|piece| piece.role == Role::Other)
        .map(|piece| (&*piece.name, &*piece.text))
        .collect();
    only_known_files(&source, &others)?;
    let mut diags = Vec::new();
    let project = project::decode(&source, root, &mut diags).ok_or_else(|| {
        let why = diags.iter().find(|diag| diag.level == Level::Error).map(|diag| diag.message.clone());
        format!("the project file cannot be read: {}", why.unwrap_or_default())
    })?;
    let files: Vec<File> = edition
        .pieces
        .iter()
        .filter_map(|piece| {
            let library = match &piece.role {
                Role::Policy => None,
                Role::Library(area) => Some(Arc::from(area.as_str())),
                Role::Project | Role::Other => return None,
            };
            let source = Source::new(&*piece.name, &*piece.text);
            Some(File { source, library, folder: "".into() })
        })
        .collect();
    let script = |path: &str| {
        let text = others.get(path).ok_or_else(|| "it does not lie in the evidence".to_owned())?;
        Ok(Source::new(path, *text))
    };
    let loaded = of_texts(&files, Some(&known(&project)), &script);
    faultless(&loaded).map_err(|why| format!("the policies cannot be read: {why}"))?;
    Ok((project, loaded))
}

/// A project file may name files that are read with it; only those of the evidence are.
fn only_known_files(source: &Arc<Source>, others: &BTreeMap<&str, &str>) -> Result<(), String> {
    let documents = yaml::parse(source, &Limits::default())
        .map_err(|diags| diags.first().map_or_else(String::new, |diag| diag.message.clone()))?;
    for document in &documents {
        let mut root = document.root.clone();
        drop(yaml::merge(&mut root));
        let frameworks = match root.get("frameworks").map(|node| &node.kind) {
            Some(yaml::Kind::Seq(items)) => items.iter().filter_map(yaml::Node::as_str).collect(),
            _ => Vec::new(),
        };
        for name in frameworks.into_iter().map(str::trim).filter(|name| !name.starts_with("builtin:")) {
            if !stays_inside(name) || !others.contains_key(name) {
                return Err(format!("it names the framework `{name}`, which does not lie in the evidence"));
            }
        }
        let Some(calendars) = root.get("calendars") else { continue };
        let yaml::Kind::Map(calendars) = &calendars.kind else { continue };
        for (_, calendar) in calendars {
            let Some(file) = calendar.get("holidays") else { continue };
            let name = file.as_str().unwrap_or("").trim();
            if !stays_inside(name) || !others.contains_key(name) {
                return Err(format!("it names the file `{name}`, which does not lie in the evidence"));
            }
        }
    }
    Ok(())
}
