//! What the project says of itself, for the probes of targets of type `project`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::House;
use crate::policy::{Project, attestations};

/// The project as a target; nothing without a project file.
pub(super) fn of(project: &Project) -> Option<Arc<House>> {
    project.loc.as_ref()?;
    let attested = attestations::read(project);
    Some(Arc::new(House {
        root: project.whole_root.clone(),
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
