//! What the project says of itself, for the probes of targets of type `project`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::House;
use crate::policy::{Project, attestations};

/// The project as a target; nothing without a project file.
pub(super) fn of(project: &Project) -> Option<Arc<House>> {
    project.loc.as_ref()?;
    let attested = attestations::read(project);
    Some(Arc::new(House {
        root: absolute(&project.root),
        owners: owners(project),
        attestations: attested.statements,
        unread: attested.unread,
        records: None,
    }))
}

/// Who can answer for something: those that are declared, and the default.
pub(super) fn owners(project: &Project) -> BTreeSet<Arc<str>> {
    project.owners.keys().chain(&project.owner).cloned().collect()
}

/// A path from `/` on. Where that cannot be told, what is looked for below it cannot be read, and says so.
pub(super) fn absolute(root: &Path) -> PathBuf {
    let here = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    std::path::absolute(here).unwrap_or_else(|_unknown| root.to_owned())
}
