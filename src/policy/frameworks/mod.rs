//! Frameworks: lists of controls that policies answer to.
//!
//! A framework is read whole or refused, and with it the project that declares it: of a list that is read in half nobody
//! could say which ids are unknown, and whose controls no policy answers.
//!
//! The playbook's own checklist comes with the binary ([`playbook`]), and policies may name its controls in every project.

mod oscal;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::diag::{Diag, code, did_you_mean};
use crate::source::Source;
use crate::source::yaml::{Limits, read_file};

/// The name of the framework that comes with the binary; no other may have it.
pub const PLAYBOOK: &str = "playbook";
/// How a project declares it.
pub const BUILTIN: &str = "builtin:playbook";

/// A framework file is at most so large, in bytes. The largest catalog that is known (NIST SP 800-53) has 10 MB.
const LARGEST: usize = 32 << 20;

/// A list of controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framework {
    /// Its name, which stands before the colon in `FRAMEWORK:ID`.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Its version, as written.
    pub version: Option<Arc<str>>,
    /// Where it can be read.
    pub link: Option<Arc<str>>,
    /// Its file, or [`BUILTIN`].
    pub source: Arc<str>,
    /// Its controls, in the order of the file; no two of one id.
    pub controls: Vec<Control>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its id: not empty, without a colon.
    pub id: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it can be read.
    pub link: Option<Arc<str>>,
    /// What it asks for, at length.
    pub text: Option<Arc<str>>,
    /// The titles of the groups around it, the outermost first.
    pub groups: Vec<Arc<str>>,
    /// Where it stands.
    pub at: Arc<str>,
    /// The framework took it back: nobody has to answer it. Says what stands in its place.
    pub withdrawn: Option<Arc<str>>,
}

/// The frameworks of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frameworks {
    all: Vec<Arc<Framework>>,
    /// Position of a framework and of a control in it, by the control's id.
    index: BTreeMap<Arc<str>, Vec<(usize, usize)>>,
}

/// What an id under `controls:` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'f> {
    /// A control of a framework.
    Control(&'f Framework, &'f Control),
    /// Whatever its author means by it: the project declares no framework.
    Free,
}

/// Why an id under `controls:` names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In one sentence.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Frameworks {
    /// These; no two of which have one id.
    pub fn new(all: Vec<Arc<Framework>>) -> Self {
        let mut index: BTreeMap<Arc<str>, Vec<(usize, usize)>> = BTreeMap::new();
        for (place, framework) in all.iter().enumerate() {
            for (position, control) in framework.controls.iter().enumerate() {
                index.entry(Arc::clone(&control.id)).or_default().push((place, position));
            }
        }
        Self { all, index }
    }

    /// All that are declared, in the order of the project file.
    pub fn all(&self) -> &[Arc<Framework>] {
        &self.all
    }

    /// What this id names: `ID`, or `FRAMEWORK:ID`.
    pub fn find(&self, word: &str) -> Result<Found<'_>, Fault> {
        let word = word.trim();
        if let Some((name, id)) = word.split_once(':') {
            let (name, id) = (name.trim(), id.trim());
            if let Some(framework) = self.all.iter().find(|framework| *framework.id == *name) {
                return known(framework, id);
            }
            if name.eq_ignore_ascii_case(PLAYBOOK) {
                return in_playbook(name, id);
            }
        }
        if self.all.is_empty() {
            return Ok(Found::Free);
        }
        let control = |(place, position): &(usize, usize)| {
            let framework = self.all.get(*place)?;
            Some((&**framework, framework.controls.get(*position)?))
        };
        let found: Vec<_> = self.index.get(word).into_iter().flatten().filter_map(control).collect();
        match found.as_slice() {
            [(framework, control)] => in_force(framework, control),
            [] => Err(self.unknown(word)),
            several => Err(ambiguous(word, several)),
        }
    }

    fn unknown(&self, word: &str) -> Fault {
        let message = match word.split_once(':') {
            Some((name, _)) => format!("the project declares no framework `{}`", name.trim()),
            None => format!("no framework of the project has a control `{word}`"),
        };
        let controls = || {
            self.all
                .iter()
                .flat_map(|framework| framework.controls.iter().map(move |control| (framework, control)))
        };
        let plain = controls().map(|(_, control)| control.id.to_string());
        let full = controls().map(|(framework, control)| format!("{}:{}", framework.id, control.id));
        let names: Vec<String> = if word.contains(':') { full.collect() } else { plain.collect() };
        let of_playbook = || {
            let known = playbook().ok()?.controls.iter().any(|control| *control.id == *word);
            known.then(|| format!("did you mean `{PLAYBOOK}:{word}`?"))
        };
        let near = near(word, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let help = near.or_else(of_playbook).unwrap_or_else(|| {
            let all: Vec<&str> = self.all.iter().map(|framework| &*framework.id).collect();
            format!(
                "it declares {}: `muster list controls` shows their ids, and `frameworks:` in muster.yaml takes more",
                all.join(", ")
            )
        });
        Fault { message, help }
    }
}

fn in_playbook(name: &str, id: &str) -> Result<Found<'static>, Fault> {
    let playbook = playbook().map_err(|_faults| Fault {
        message: "the playbook of this build of muster cannot be read".to_owned(),
        help: "this is a fault of muster; please report it".to_owned(),
    })?;
    if name == PLAYBOOK {
        return known(playbook, id);
    }
    Err(Fault {
        message: format!("there is no framework `{name}`"),
        help: format!("did you mean `{PLAYBOOK}:{id}`?"),
    })
}

fn known<'f>(framework: &'f Framework, id: &str) -> Result<Found<'f>, Fault> {
    if let Some(control) = framework.controls.iter().find(|control| *control.id == *id) {
        return in_force(framework, control);
    }
    let near = near(id, framework.controls.iter().map(|control| &*control.id));
    let near = near.map(|near| format!("did you mean `{}:{near}`?", framework.id));
    Err(Fault {
        message: format!("the framework `{}` has no control `{id}`", framework.id),
        help: near.unwrap_or_else(|| see(&framework.id)),
    })
}

fn see(framework: &str) -> String {
    format!("`muster list controls --framework {framework}` shows its ids")
}

fn in_force<'f>(framework: &'f Framework, control: &'f Control) -> Result<Found<'f>, Fault> {
    match &control.withdrawn {
        None => Ok(Found::Control(framework, control)),
        Some(instead) => Err(Fault {
            message: format!("`{}` has withdrawn its control `{}`", framework.id, control.id),
            help: instead.to_string(),
        }),
    }
}

fn ambiguous(word: &str, several: &[(&Framework, &Control)]) -> Fault {
    let names: Vec<String> =
        several.iter().map(|(framework, _)| format!("`{}:{word}`", framework.id)).collect();
    Fault {
        message: format!("{} frameworks have a control `{word}`", several.len()),
        help: format!("say which is meant: {}", names.join(" or ")),
    }
}

/// The id that is meant: the same in other letters before one that is spelled alike.
fn near<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let same = known.clone().find(|id| id.to_lowercase() == word.to_lowercase());
    same.or_else(|| crate::diag::nearest(word, known)).map(str::to_owned)
}

/// The framework that comes with the binary.
///
/// # Errors
/// What is wrong with it, which only a build that was never tested has.
pub fn playbook() -> Result<&'static Arc<Framework>, Vec<Diag>> {
    static READ: OnceLock<Result<Arc<Framework>, Vec<Diag>>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let text = include_str!("../../../frameworks/playbook.yaml");
        yaml::read(&Source::new(BUILTIN, text)).map(Arc::new)
    });
    read.as_ref().map_err(Clone::clone)
}

/// Reads a framework file in YAML.
///
/// # Errors
/// What is wrong with it.
pub fn from_yaml(source: &Arc<Source>) -> Result<Framework, Vec<Diag>> {
    yaml::read(source)
}

/// Reads what `frameworks:` names: a file whose path starts from `root`, or [`BUILTIN`].
///
/// # Errors
/// Why nothing of it can be used.
pub fn read(word: &str, root: &Path) -> Result<Arc<Framework>, Vec<Diag>> {
    if let Some(name) = word.strip_prefix("builtin:") {
        if name == PLAYBOOK {
            return playbook().map(Arc::clone);
        }
        let help = did_you_mean(name, [PLAYBOOK]).map_or_else(
            || format!("`{BUILTIN}` comes with muster; any other framework is a file"),
            |_| format!("did you mean `{BUILTIN}`?"),
        );
        let message = format!("there is no framework `{word}`");
        return Err(vec![Diag::error(&code::UNKNOWN_NAME, message).help(help)]);
    }
    let path = root.join(word);
    let limits = Limits { bytes: LARGEST, ..Limits::default() };
    let source = read_file(&path, &limits).map_err(|diag| {
        let help = diag.help.clone();
        vec![diag.help(help.unwrap_or_else(|| {
            "its path starts from the folder of the project file; without it nobody can say which controls there are".to_owned()
        }))]
    })?;
    let framework = match path.extension() {
        Some(end) if end.eq_ignore_ascii_case("json") => oscal::read(&source, &path),
        _ => yaml::read(&source),
    };
    framework.map(Arc::new)
}

/// Why this cannot be the id of a control.
fn wrong_id(id: &str) -> Option<(&'static str, &'static str)> {
    const LONGEST: usize = 100;
    if id.trim().is_empty() {
        Some(("the id of a control is empty", "policies name a control by its id"))
    } else if id.contains(':') {
        Some((
            "the id of a control has a colon",
            "the colon stands between a framework and an id: `FRAMEWORK:ID`",
        ))
    } else if id.chars().any(char::is_control) {
        Some(("the id of a control has a character that is no letter, digit or sign", "write it on one line"))
    } else if id.chars().count() > LONGEST {
        Some((
            "the id of a control is longer than 100 characters",
            "an id is short; what it means is its title",
        ))
    } else {
        None
    }
}

/// Is this the address of a page, or a path? Anything else would do something when it is clicked on.
fn is_link(link: &str) -> bool {
    match url::Url::parse(link) {
        Ok(url) => ["http", "https"].contains(&url.scheme()),
        Err(error) => error == url::ParseError::RelativeUrlWithoutBase,
    }
}
