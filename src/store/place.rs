//! The place of the file, looked at without opening it.

use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::StoreError;

/// No database is smaller than one page of the smallest size.
const SMALLEST: u64 = 512;

/// The absolute path as text. SQLite takes a path that begins with `file:` for a URL, and `:memory:` for no file
/// at all; an absolute one is neither.
pub(super) fn absolute(path: &Path) -> Result<String, StoreError> {
    let refused = |why: &str| StoreError::Path { path: path.display().to_string(), why: why.to_owned() };
    let whole = std::path::absolute(path).map_err(|error| refused(&error.to_string()))?;
    let text = whole.to_str().ok_or_else(|| refused("it is not UTF-8"))?;
    if text.contains('\0') {
        return Err(refused("it contains a NUL character"));
    }
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(StoreError::Directory { path: text.trim_end_matches('/').to_owned() });
    }
    Ok(text.to_owned())
}

/// What there is in the file.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) bytes: u64,
    /// Is there a log beside it, from which SQLite completes it?
    pub(super) log: bool,
}

/// Looks at the path without opening it: a file that a process opens and closes beside SQLite loses its locks.
/// `None` if there is no file, or nothing in it.
pub(super) fn look(path: &str) -> Result<Option<Size>, StoreError> {
    // The log is looked for first: while another process makes the store, the file is filled before its log.
    let log = std::fs::metadata(format!("{path}-wal")).is_ok_and(|log| log.len() > 0);
    let bytes = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(StoreError::Directory { path: path.to_owned() }),
        Ok(found) if !found.is_file() => return Err(StoreError::NotAFile { path: path.to_owned() }),
        Ok(found) => {
            if access(path, Access::READ_OK | Access::WRITE_OK).is_err() {
                may(path, path, "the file", Access::READ_OK)?;
                may(path, path, "the file", Access::WRITE_OK)?;
            }
            // SQLite takes a handful of bytes for an empty database, and would write over them.
            if (1..SMALLEST).contains(&found.len()) {
                return Err(StoreError::NotADatabase { path: path.to_owned() });
            }
            found.len()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) if error.kind() == ErrorKind::NotADirectory => 0,
        Err(error) => {
            let what = "a directory above the file".to_owned();
            return Err(StoreError::Denied { path: path.to_owned(), what, why: error.to_string() });
        }
    };
    if log && bytes == 0 {
        return Err(StoreError::Orphan { path: path.to_owned() });
    }
    directory(path, bytes > 0)?;
    Ok((bytes > 0).then_some(Size { bytes, log }))
}

/// The directory must be there and take new files, because the log comes and goes beside the file.
fn directory(path: &str, is_there: bool) -> Result<(), StoreError> {
    let Some(parent) = Path::new(path).parent() else { return Ok(()) };
    let shown = parent.display().to_string();
    if !is_there {
        std::fs::create_dir_all(parent).map_err(|error| StoreError::Parent {
            path: path.to_owned(),
            directory: shown.clone(),
            why: error.to_string(),
            denied: matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem),
        })?;
    }
    may(path, &shown, &format!("its directory `{shown}`"), Access::WRITE_OK | Access::EXEC_OK)
}

pub(super) fn may(path: &str, place: &str, what: &str, wanted: Access) -> Result<(), StoreError> {
    let (path, what) = (path.to_owned(), what.to_owned());
    match access(place, wanted) {
        // Gone in between is found out by SQLite, which makes it anew.
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) if wanted == Access::READ_OK => {
            Err(StoreError::Denied { path, what, why: error.to_string() })
        }
        Err(error) => Err(StoreError::ReadOnly { path, what, why: error.to_string() }),
    }
}
