//! Is the volume there at all? An unmounted one is one fault, and not a million missing files.

use rustix::fs::FileType;
use rustix::io::Errno;

use super::look::{Place, Root, Store, stat_of};
use super::question::Question;
use crate::fact::{Cause, Missing};
use crate::probe::path;

/// What is where the files should be.
pub(super) enum Volume {
    /// What was asked for.
    There(Store),
    /// Something else: its word, and what was found.
    Not(&'static str, Missing),
}

/// Looks at the root, its mount and its sentinel.
pub(super) fn check(root: &str, question: &Question) -> Result<Volume, Missing> {
    path::checked(root)?;
    let shown = path::quoted(root);
    let stat = match stat_of(root) {
        Ok(stat) => stat,
        Err(Errno::NOENT | Errno::NOTDIR) => {
            let why = Missing::new(Cause::Absent, format!("`{root}` does not exist"));
            return Ok(Volume::Not("absent", why.fix(format!("findmnt {shown}; mount {shown}"))));
        }
        Err(error) => return Err(path::fault(root, error)),
    };
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(Missing::new(Cause::WrongType, format!("`{root}` is not a directory")));
    }
    if question.mount && !is_mount_point(root)? {
        let what = format!("nothing is mounted at `{root}`: it is a directory of the volume above it");
        let why = Missing::new(Cause::Absent, what).fix(format!("mount {shown}"));
        return Ok(Volume::Not("unmounted", why));
    }
    let open = Root::open(root, question)?;
    let Some(sentinel) = &question.sentinel else { return Ok(Volume::There(Store::Tree(open))) };
    match open.find(sentinel.as_bytes()) {
        Place::File(_) => Ok(Volume::There(Store::Tree(open))),
        Place::Shut(why) | Place::Broken(why) => Err(why),
        Place::Other | Place::Gone | Place::Outside => {
            let what =
                format!("`{root}` is there without its sentinel `{sentinel}`: it is another volume, or none");
            let fix = format!("findmnt {shown}; mount {shown}");
            Ok(Volume::Not("unmarked", Missing::new(Cause::Absent, what).fix(fix)))
        }
    }
}

/// Does a file system begin here? A bind mount of the same device is seen in the list of mounts only.
fn is_mount_point(root: &str) -> Result<bool, Missing> {
    let real = std::fs::canonicalize(root).map_err(|error| path::io_fault(root, &error))?;
    crate::probe::disk::is_mount_point(&real)
}
