//! Which files hold the attestations of a project.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use super::{FOLDER, inside};
use crate::diag::{Diag, code};
use crate::fact::{Cause, Missing};
use crate::policy::Project;
use crate::policy::load::is_yaml;
use crate::source::Loc;

/// Files, sorted, and what could not be looked at: for the answer and for the writer.
#[derive(Default)]
pub(super) struct Found {
    pub files: BTreeSet<PathBuf>,
    pub faults: Vec<(Missing, Diag)>,
}

/// Signs that make a glob of a path.
const SIGNS: &[char] = &['*', '?', '[', ']', '{', '}'];

pub(super) fn files(project: &Project) -> Found {
    let mut found = Found::default();
    let Some(named) = &project.attestations else {
        found.by_itself(&project.root);
        return found;
    };
    for (text, loc) in named {
        if text.contains(SIGNS) {
            found.glob(text, loc, &project.root);
        } else {
            found.path(&project.root.join(&**text), Some(loc), &project.root);
        }
    }
    found
}

/// We may not look.
pub(super) fn denied(name: &str, path: &Path) -> Missing {
    Missing::new(Cause::Denied, format!("`{name}` may not be read, and the newest statement may stand there"))
        .fix(format!("chmod a+rX {}", quoted(&path.display().to_string())))
}

fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

impl Found {
    /// The usual folder, if it is there.
    fn by_itself(&mut self, root: &Path) {
        let folder = root.join(FOLDER);
        match std::fs::symlink_metadata(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            _ => self.path(&folder, None, root),
        }
    }

    /// A file, or all YAML files below a folder.
    fn path(&mut self, path: &Path, loc: Option<&Loc>, root: &Path) {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.walk(path, loc, root, &is_yaml),
            Ok(_) => drop(self.files.insert(path.to_owned())),
            Err(error) => self.fault(path, &error, loc, root),
        }
    }

    fn glob(&mut self, text: &Arc<str>, loc: &Loc, root: &Path) {
        let glob = match globset::GlobBuilder::new(text).literal_separator(true).build() {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                let what = format!("`{text}` is no pattern of files: {}", error.kind());
                let diag = Diag::error(&code::BAD_VALUE, what.clone()).at(loc, "");
                return self.faults.push((Missing::new(Cause::Malformed, what), diag));
            }
        };
        let before = (self.files.len(), self.faults.len());
        let folder = root.join(plain(text));
        match std::fs::metadata(&folder) {
            Ok(_) => self.walk(&folder, Some(loc), root, &|path| {
                glob.is_match(path.strip_prefix(root).unwrap_or(path)) || glob.is_match(path)
            }),
            Err(error) => self.fault(&folder, &error, Some(loc), root),
        }
        if before == (self.files.len(), self.faults.len()) {
            let what = format!("no file matches `{text}`");
            let diag = Diag::error(&code::EMPTY_INPUT, what.clone()).at(loc, "");
            let help = "correct the pattern, or remove it; `muster attest` writes into `attestations/`";
            self.faults.push((Missing::new(Cause::Absent, what), diag.help(help)));
        }
    }

    fn walk(&mut self, folder: &Path, loc: Option<&Loc>, root: &Path, wanted: &dyn Fn(&Path) -> bool) {
        for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
            match entry {
                Ok(entry) if entry.file_type().is_dir() || !wanted(entry.path()) => {}
                Ok(entry) => drop(self.files.insert(entry.into_path())),
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let other = std::io::Error::other(error.to_string());
                    self.fault(&path, error.io_error().unwrap_or(&other), loc, root);
                }
            }
        }
    }

    fn fault(&mut self, path: &Path, error: &std::io::Error, loc: Option<&Loc>, root: &Path) {
        let name = inside(path, root);
        let at = |diag: Diag| match loc {
            Some(loc) => diag.at(loc, "named here"),
            None => diag,
        };
        let (why, diag) = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                let diag =
                    Diag::warning(&code::UNREADABLE, format!("cannot read `{name}`: permission denied"));
                (denied(&name, path), diag)
            }
            std::io::ErrorKind::NotFound => {
                let what = format!("`{name}` does not exist");
                let diag = Diag::error(&code::UNREADABLE, format!("cannot read `{name}`: it does not exist"))
                    .help("a statement that is not read counts as none: correct the path, or remove it");
                (Missing::new(Cause::Absent, what), diag)
            }
            _ => {
                let what = format!("`{name}` cannot be read: {error}");
                // Nobody can say where a loop of links leads.
                let diag = Diag::warning(&code::UNREADABLE, what.clone());
                (Missing::new(Cause::Malformed, what), diag)
            }
        };
        self.faults.push((why, at(diag)));
    }
}

fn signs(part: &std::ffi::OsStr) -> bool {
    part.to_string_lossy().contains(SIGNS)
}

/// The file that a new statement of this topic belongs to: one that is read. `None` if none of those that the project
/// names can be told.
pub(super) fn file_for(project: &Project, topic: &str) -> Option<PathBuf> {
    let name = format!("{topic}.yaml");
    let usual = project.root.join(FOLDER).join(&name);
    let Some(named) = &project.attestations else { return Some(usual) };
    let below = |text: &Arc<str>| -> Vec<PathBuf> {
        let plain: PathBuf = plain(text);
        let path = project.root.join(plain);
        if text.contains(SIGNS) || path.is_dir() { vec![path.join(&name)] } else { vec![path] }
    };
    let candidates = std::iter::once(usual).chain(named.iter().flat_map(|(text, _)| below(text)));
    candidates.into_iter().find(|path| named.iter().any(|(text, _)| covers(text, path, &project.root)))
}

/// Is a file, which need not be there yet, among those that a text of `attestations:` names?
fn covers(text: &str, path: &Path, root: &Path) -> bool {
    if !text.contains(SIGNS) {
        return path.starts_with(root.join(text));
    }
    let glob = globset::GlobBuilder::new(text).literal_separator(true).build();
    glob.is_ok_and(|glob| {
        let glob = glob.compile_matcher();
        glob.is_match(path.strip_prefix(root).unwrap_or(path)) || glob.is_match(path)
    })
}

/// The part of a glob before its first sign.
fn plain(text: &str) -> PathBuf {
    Path::new(text).components().take_while(|part| !signs(part.as_os_str())).collect()
}
