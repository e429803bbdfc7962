//! Every file against the list.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::{Difference, is_unlisted};
use crate::evidence::EvidenceError;
use crate::evidence::manifest::{Listed, Manifest};
use crate::evidence::names::STATEMENT;
use crate::fact::hex;

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// Plain files with their sizes, and what is something else. Nothing is followed, and nothing but plain files is opened.
pub(super) fn walk(folder: &Path) -> Result<(BTreeMap<String, u64>, Vec<Difference>), EvidenceError> {
    let (mut present, mut found) = (BTreeMap::new(), Vec::new());
    for entry in WalkDir::new(folder).min_depth(1).follow_links(false).sort_by_file_name() {
        let entry = entry.map_err(|error| EvidenceError::Io {
            path: error.path().unwrap_or(folder).display().to_string(),
            why: error.to_string(),
        })?;
        let kind = entry.file_type();
        let inside = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        if kind.is_dir() {
            let mut all =
                std::fs::read_dir(entry.path()).map_err(|error| EvidenceError::io(entry.path(), &error))?;
            if all.next().is_none() {
                let shown = inside.to_string_lossy();
                found.push(Difference::new(&shown, "added", "it was added: a directory without files"));
            }
            continue;
        }
        let Some(path) = inside.to_str() else {
            let shown = inside.to_string_lossy();
            found.push(Difference::new(&shown, "added", "it was added: its name is no text"));
            continue;
        };
        if !kind.is_file() {
            let what = if kind.is_symlink() { "a symbolic link" } else { "no plain file" };
            found.push(Difference::new(path, "not-plain", format!("it is {what}, and was not looked into")));
            continue;
        }
        let size = entry.metadata().map_err(|error| EvidenceError::Io {
            path: entry.path().display().to_string(),
            why: error.to_string(),
        })?;
        present.insert(path.to_owned(), size.len());
    }
    Ok((present, found))
}

/// Digest of a file.
fn hashed(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut size) = (Sha256::new(), 0u64);
    let mut piece = vec![0; PIECE];
    loop {
        let many = file.read(&mut piece)?;
        let Some(read) = piece.get(..many).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        size += read.len() as u64;
    }
    Ok((size, hex(&hash.finalize())))
}

/// A file with what was found in it.
type Hashed<'f> = (&'f str, std::io::Result<(u64, String)>);

/// The digests of files, on all cores.
fn all<'f>(folder: &Path, paths: &[&'f str]) -> Vec<Hashed<'f>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*path, hashed(&folder.join(path))));
        }
        done
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_core| scope.spawn(work)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    })
}

/// What is not as the list says.
pub(super) fn compare(
    folder: &Path,
    present: &BTreeMap<String, u64>,
    manifest: &Manifest,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let paths: Vec<&str> =
        manifest.files.keys().filter(|path| present.contains_key(*path)).map(String::as_str).collect();
    let owners: BTreeMap<&str, &str> =
        manifest.files.iter().map(|(path, listed)| (&*listed.digest, path.as_str())).collect();
    for (path, hashed) in all(folder, &paths) {
        let Some(listed) = manifest.files.get(path) else { continue };
        match hashed {
            Err(error) => found.push(Difference::new(path, "changed", format!("it cannot be read: {error}"))),
            Ok((size, digest)) if size == listed.size && digest == listed.digest => {}
            Ok((size, digest)) => {
                let known = owners.get(&*digest).copied();
                found.push(unlike(path, listed, size, known));
            }
        }
    }
    for path in manifest.files.keys().filter(|path| !present.contains_key(*path)) {
        found.push(Difference::new(path, "removed", "it is gone"));
    }
    for path in present.keys().filter(|path| !manifest.files.contains_key(*path) && !is_unlisted(path)) {
        found.push(Difference::new(path, "added", "it was added: the list does not have it"));
    }
    if let Some(path) = manifest.files.keys().find(|path| is_unlisted(path) && **path == *STATEMENT) {
        found.push(Difference::new(path, "manifest", "the list cannot hold what is made after it"));
    }
    found
}

fn unlike(path: &str, listed: &Listed, size: u64, known: Option<&str>) -> Difference {
    let was = listed.size;
    if let Some(other) = known {
        return Difference::new(path, "changed", format!("it holds what `{other}` held"));
    }
    match size.cmp(&was) {
        std::cmp::Ordering::Less => {
            Difference::new(path, "cut", format!("it has {size} bytes, and had {was}: it was cut or changed"))
        }
        std::cmp::Ordering::Greater => {
            Difference::new(path, "longer", format!("it has {size} bytes, and had {was}"))
        }
        std::cmp::Ordering::Equal => Difference::new(
            path,
            "changed",
            format!(
                "it still has {size} bytes, and not the same ones; or `MANIFEST` was changed, and it was not"
            ),
        ),
    }
}
