//! Probes of disks.

pub(super) mod mounts;
mod usage;

pub(super) use usage::Usage;

use std::path::Path;

use crate::fact::Missing;

/// Does a file system begin at a path without links? One that waits to be mounted (`autofs`) does not.
pub(super) fn is_mount_point(path: &Path) -> Result<bool, Missing> {
    let mounts = mounts::read()?;
    let holding = mounts::holding(&mounts, path);
    Ok(holding.is_some_and(|mount| mount.point == path && mount.filesystem != "autofs"))
}
