//! Attestations: what only a person can answer, written down in YAML files of the project.
//!
//! Every file is read; every fault is collected. What could not be read is kept beside what was, because the newest
//! statement of a topic may stand just there.

mod decode;
mod find;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Project;
use crate::diag::{Diag, Level, code};
use crate::fact::{Attestation, Cause, Missing};
use crate::source::Source;
use crate::source::yaml::{Limits, read_file};

pub use decode::{day_of, decode};

/// What the files of a project say.
#[derive(Clone, Debug, Default)]
pub struct Attested {
    /// All statements, in the order of the files.
    pub statements: Vec<Attestation>,
    /// Why a file, or a folder, was not read.
    pub unread: Vec<Arc<Missing>>,
    /// The same for whoever wrote them, with places. What may not be read is a warning: the answer says so.
    pub diags: Vec<Diag>,
}

/// The folder that is read if the project names none.
pub const FOLDER: &str = "attestations";

/// The file that a new statement of this topic belongs to, which need not be there yet.
pub fn file_for(project: &Project, topic: &str) -> Option<PathBuf> {
    find::file_for(project, topic)
}

/// Reads all attestations of a project.
pub fn read(project: &Project) -> Attested {
    let mut attested = Attested::default();
    let found = find::files(project);
    for (why, diag) in found.faults {
        attested.unread.push(Arc::new(why));
        attested.diags.push(diag);
    }
    for path in &found.files {
        match read_file(path, &Limits::default()) {
            Ok(source) => attested.take(&source, &project.root),
            Err(diag) => attested.refuse(path, diag, &project.root),
        }
    }
    attested
}

impl Attested {
    fn take(&mut self, source: &Arc<Source>, root: &Path) {
        let mut diags = Vec::new();
        self.statements.extend(decode(source, root, &mut diags));
        if let Some(first) = diags.iter().find(|diag| diag.level == Level::Error) {
            let place = first.labels.first().map_or_else(
                || inside(Path::new(&*source.name), root),
                |label| format!("{}:{}", inside(Path::new(&*source.name), root), label.loc.line_column().0),
            );
            let why = Missing::new(Cause::Malformed, format!("`{place}` cannot be used: {}", first.message));
            self.unread.push(Arc::new(why.fix("`muster lint` shows the place")));
        }
        self.diags.extend(diags);
    }

    /// A file that is there and was not read.
    fn refuse(&mut self, path: &Path, diag: Diag, root: &Path) {
        let name = inside(path, root);
        let why = if is_denied(path) {
            self.diags.push(Diag { level: Level::Warning, ..diag });
            find::denied(&name, path)
        } else {
            let cause = if diag.code == &code::UNREADABLE { Cause::Unreachable } else { Cause::Malformed };
            let why = Missing::new(cause, format!("`{name}` was not read: {}", diag.message));
            self.diags.push(diag);
            why
        };
        self.unread.push(Arc::new(why));
    }
}

/// Do the rights keep us out?
fn is_denied(path: &Path) -> bool {
    let opened = std::fs::metadata(path).and_then(|meta| {
        // A pipe would wait for its writer.
        if meta.is_file() { std::fs::File::open(path).map(drop) } else { Ok(()) }
    });
    opened.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// A path from the project's folder on, so that an answer is the same wherever the project lies.
fn inside(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
