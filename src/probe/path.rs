//! Paths as arguments, what the system says about them, and how regular files are read without being held up
//! by pipes and devices.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, open, statat};
use rustix::io::Errno;

use super::stop::Stop;
use crate::fact::{Args, Cause, Level, Missing};

/// The paths of an argument and its plural, each once, in the order given.
pub(crate) fn paths(args: &Args, names: &[&str]) -> Vec<Arc<str>> {
    let all = names.iter().flat_map(|name| args.texts(name));
    let mut seen = HashSet::new();
    all.filter(|path| seen.insert(Arc::clone(path))).collect()
}

/// A path must be absolute: what a relative one means depends on where muster was started, and a file that
/// happens to be there would pass for the one that was meant.
pub(crate) fn checked(path: &str) -> Result<&str, Missing> {
    if path.contains('\0') {
        return Err(row(Cause::Malformed, "a path contains a zero byte".to_owned()));
    }
    if !path.starts_with('/') {
        let why = row(Cause::Malformed, format!("`{path}` is not an absolute path"));
        return Err(why.fix("write the path from `/` on"));
    }
    Ok(path)
}

/// What the system says about a path, as a fault of its row.
pub(crate) fn fault(path: &str, error: Errno) -> Missing {
    let what = |text: &str| format!("`{path}` {text}");
    match error {
        Errno::NOENT => row(Cause::Absent, what("does not exist")),
        Errno::NOTDIR => row(Cause::Absent, what("does not exist: something above it is not a directory")),
        Errno::ACCESS | Errno::PERM => denied(path),
        Errno::LOOP => row(Cause::Malformed, what("goes through a loop of symbolic links"))
            .fix(format!("namei -l {}", quoted(path))),
        Errno::NAMETOOLONG => row(Cause::Malformed, what("is longer than the file system takes")),
        Errno::ISDIR => row(Cause::WrongType, what("is a directory, not a file")),
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => {
            row(Cause::Limit, what(&format!("could not be opened: {error}")))
                .fix("raise the limit (ulimit -n)")
        }
        _ => row(Cause::Unreachable, what(&format!("could not be read: {error}"))),
    }
}

/// The fault for an error of the standard library.
pub(crate) fn io_fault(path: &str, error: &std::io::Error) -> Missing {
    match error.raw_os_error() {
        Some(code) => fault(path, Errno::from_raw_os_error(code)),
        None => row(Cause::Unreachable, format!("`{path}` could not be read: {error}")),
    }
}

/// Names the directory that keeps us out, with the command that lets us in.
fn denied(path: &str) -> Missing {
    let user = super::users::me();
    if let Some(directory) = closed_above(path) {
        return unsearchable(&format!("`{path}`"), &directory);
    }
    let (what, grant) = if Path::new(path).is_dir() { ("list", "rx") } else { ("read", "r") };
    row(Cause::Denied, format!("`{user}` may not {what} `{path}`"))
        .fix(format!("setfacl -m u:{user}:{grant} {}", quoted(path)))
}

/// The fault of everything that lies in a directory which may not be searched.
pub(crate) fn unsearchable(whose: &str, directory: &str) -> Missing {
    let user = super::users::me();
    row(Cause::Denied, format!("{whose} cannot be seen: `{user}` may not search `{directory}`"))
        .fix(format!("setfacl -m u:{user}:x {}", quoted(directory)))
}

/// The outermost directory above a path that may not be searched.
pub(crate) fn closed_above(path: &str) -> Option<String> {
    let above: Vec<&Path> = Path::new(path).ancestors().collect();
    let closed = above.windows(2).rev().find_map(|pair| match pair {
        [inner, outer] if statat(CWD, *inner, AtFlags::empty()).err() == Some(Errno::ACCESS) => Some(*outer),
        _ => None,
    });
    closed.map(|directory| directory.to_string_lossy().into_owned())
}

/// One word for a shell.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Opens a regular file. What is not one is not opened: a pipe would wait for its writer, a device may act.
pub(crate) fn open_regular(path: &str) -> Result<(File, Stat), Missing> {
    let path = checked(path)?;
    let before = statat(CWD, path, AtFlags::empty()).map_err(|error| fault(path, error))?;
    regular(path, &before)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = open(path, flags, Mode::empty()).map_err(|error| fault(path, error))?;
    let stat = fstat(&file).map_err(|error| fault(path, error))?;
    regular(path, &stat)?;
    Ok((File::from(file), stat))
}

fn regular(path: &str, stat: &Stat) -> Result<(), Missing> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        other => Err(row(Cause::WrongType, format!("`{path}` is {}, not a file", kind(other).1))),
    }
}

/// The word of a type of file, and how a sentence calls it.
pub(crate) fn kind(file_type: FileType) -> (&'static str, &'static str) {
    match file_type {
        FileType::Directory => ("directory", "a directory"),
        FileType::Symlink => ("link", "a symbolic link"),
        FileType::Socket => ("socket", "a socket"),
        FileType::Fifo => ("fifo", "a named pipe"),
        FileType::BlockDevice => ("block", "a block device"),
        FileType::CharacterDevice => ("char", "a character device"),
        _ => ("file", "a file"),
    }
}

/// Hands the content to `take` piece by piece; a file that changes meanwhile is `incomplete`.
pub(crate) fn read_stream(path: &str, stop: &Stop, mut take: impl FnMut(&[u8])) -> Result<(), Missing> {
    let (mut file, before) = open_regular(path)?;
    let mut piece = vec![0u8; 128 * 1024];
    loop {
        stop.check(&format!("reading `{path}`")).map_err(|why| why.level(Level::Row))?;
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => take(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(io_fault(path, &error)),
        }
    }
    let after = fstat(&file).map_err(|error| fault(path, error))?;
    let face =
        |stat: &Stat| (stat.st_size, stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec);
    if face(&before) == face(&after) {
        return Ok(());
    }
    Err(row(Cause::Incomplete, format!("`{path}` changed while it was read")))
}

/// The whole content of a small file.
pub(crate) fn read_small(path: &str, limit: usize, stop: &Stop) -> Result<Vec<u8>, Missing> {
    let mut content = Vec::new();
    let mut size = 0;
    read_stream(path, stop, |piece| {
        size += piece.len();
        if size <= limit {
            content.extend_from_slice(piece);
        }
    })?;
    if size > limit {
        return Err(row(
            Cause::Limit,
            format!("`{path}` has {size} bytes, more than the {limit} that are read"),
        ));
    }
    Ok(content)
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_the_shell_is_quoted_where_it_must_be() {
        assert_eq!(quoted("/srv/a-b.c"), "/srv/a-b.c");
        assert_eq!(quoted("/srv/it's"), r"'/srv/it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn relative_paths_and_zero_bytes_are_refused() {
        assert_eq!(checked("etc/passwd").unwrap_err().cause, Cause::Malformed);
        assert_eq!(checked("/etc/\0passwd").unwrap_err().cause, Cause::Malformed);
        assert_eq!(checked("").unwrap_err().cause, Cause::Malformed);
    }
}
