//! Files that are used again.
//!
//! Where many files were made and removed in one folder, a file system may take longer to make another one than a whole
//! check lasts; to fill one that is there costs a twentieth. So a file that nobody needs any more is emptied and gets another
//! name instead of being removed, and the next one that is written takes it. As it is empty before it has its new name, a
//! power cut leaves what it leaves of a new file: all of it or less, and nothing of what it was before.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// The end of the name of one.
const END: &str = "spare";

/// Is it the name of one?
pub(super) fn is_one(name: &str) -> bool {
    name.strip_suffix(END).and_then(|rest| rest.strip_suffix('.')).is_some_and(|stem| !stem.is_empty())
}

/// Writes a file of which nobody minds that it is seen half written. One of the spare files is taken for it, if there is
/// any; they are in the same folder.
pub(super) fn write(spare: &[String], file: &Path, bytes: &[u8]) -> io::Result<()> {
    match taken(spare, file) {
        Some(mut open) => open.write_all(bytes),
        None => std::fs::write(file, bytes),
    }
    .inspect_err(|_| {
        // It is nobody's; if it cannot be removed either, somebody does it later.
        drop(std::fs::remove_file(file));
    })
}

/// The same under another name first, so that a kill at any moment leaves all of it or nothing.
pub(super) fn write_whole(spare: &[String], half: &Path, whole: &Path, bytes: &[u8]) -> io::Result<()> {
    write(spare, half, bytes)?;
    std::fs::rename(half, whole).inspect_err(|_| drop(std::fs::remove_file(half)))
}

/// A file that its owner alone writes to gets other bytes and then another name.
pub(super) fn becomes(file: &Path, whole: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).open(file)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if open.metadata()?.len() > length {
        open.set_len(length)?;
    }
    open.write_all(bytes)?;
    std::fs::rename(file, whole)
}

/// Takes the first that nobody else took.
fn taken(spare: &[String], name: &Path) -> Option<File> {
    spare.iter().find(|file| std::fs::rename(name.with_file_name(file), name).is_ok())?;
    let file = OpenOptions::new().write(true).open(name).and_then(|file| {
        let is_empty = file.metadata()?.len() == 0;
        is_empty.then_some(file).ok_or_else(|| ErrorKind::InvalidData.into())
    });
    // One of another user, or that somebody wrote to, is no help.
    file.inspect_err(|_| drop(std::fs::remove_file(name))).ok()
}

/// Reads a file that somebody may give away meanwhile: then it is not there.
pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(file)?;
    // A name never comes again, and what still has it when all is read had it all the time.
    std::fs::symlink_metadata(file).map(|_| bytes)
}

/// Gives away a file that is needed no more. One that is not there was given away by another.
pub(super) fn give(file: &Path) -> io::Result<()> {
    let emptied = OpenOptions::new().write(true).open(file).and_then(|open| open.set_len(0));
    let given = match emptied {
        Ok(()) => std::fs::rename(file, file.with_extension(END)),
        // Of another user, in a folder of both.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => std::fs::remove_file(file),
        Err(error) => Err(error),
    };
    given.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// Removes what is more than anybody takes before the next are given away.
pub(super) fn sweep(folder: &Path, spare: &[String], most: usize) {
    // One that stays takes nothing but room.
    spare.iter().skip(most).for_each(|file| drop(std::fs::remove_file(folder.join(file))));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_used_again_has_its_new_bytes_only() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write_whole(&[], &at("a.half"), &at("a.run"), b"a long text").unwrap();
        give(&at("a.run")).unwrap();
        give(&at("a.run")).unwrap();
        assert_eq!(names(dir.path()), ["a.spare"]);
        assert!(is_one("a.spare") && !is_one("spare") && !is_one("a.run"));
        let spare = ["gone.spare".to_owned(), "a.spare".to_owned()];
        write_whole(&spare, &at("b.half"), &at("b.run"), b"short").unwrap();
        assert_eq!(
            (names(dir.path()), std::fs::read(at("b.run")).unwrap()),
            (vec!["b.run".into()], b"short".to_vec())
        );
        write_whole(&spare, &at("c.half"), &at("c.run"), b"another").unwrap();
        assert_eq!(
            (read(&at("b.run")).unwrap(), read(&at("c.run")).unwrap()),
            (b"short".to_vec(), b"another".to_vec())
        );
        assert_eq!(read(&at("a.run")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn one_that_is_not_empty_is_not_taken_and_no_more_are_kept_than_are_used() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("a.spare"), "whose is it").unwrap();
        write_whole(&["a.spare".to_owned()], &at("b.half"), &at("b.run"), b"new").unwrap();
        assert_eq!((names(dir.path()), read(&at("b.run")).unwrap()), (vec!["b.run".into()], b"new".to_vec()));
        std::fs::remove_file(at("b.run")).unwrap();
        let spare: Vec<String> = (0..5).map(|number| format!("{number}.spare")).collect();
        spare.iter().for_each(|file| std::fs::write(at(file), "").unwrap());
        sweep(dir.path(), &spare, 3);
        assert_eq!(names(dir.path()), ["0.spare", "1.spare", "2.spare"]);
    }

    #[test]
    fn a_file_that_becomes_another_has_its_bytes_and_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(&[], &at("a.begun"), b"a long text").unwrap();
        becomes(&at("a.begun"), &at("b.run"), b"short").unwrap();
        assert_eq!(
            (names(dir.path()), read(&at("b.run")).unwrap()),
            (vec!["b.run".into()], b"short".to_vec())
        );
        assert!(becomes(&at("a.begun"), &at("c.run"), b"x").is_err());
        assert_eq!(names(dir.path()), ["b.run"]);
    }

    #[test]
    fn a_name_that_cannot_be_given_is_an_error_and_leaves_no_half() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("a.run/full")).unwrap();
        std::fs::write(at("a.spare"), "").unwrap();
        assert!(write_whole(&["a.spare".to_owned()], &at("a.half"), &at("a.run"), b"new").is_err());
        assert_eq!(names(dir.path()), ["a.run"]);
    }
}
