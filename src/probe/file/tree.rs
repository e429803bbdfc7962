//! `file.tree`: the inventory of a directory tree.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::FileType;
use sha2::Sha256;

use super::stat::modified;
use crate::fact::{Cause, Cell, Level, Missing, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::users::Names;
use crate::probe::walk::{Kind, Walk};
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread, path, x509};

/// The body of `file.tree`.
pub(in crate::probe) struct Tree;

impl Probe for Tree {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let salt = Arc::clone(&cx.salt);
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, &salt))
    }
}

fn look(request: &Request, mut table: TableBuilder, stop: &Stop, salt: &[u8]) -> Result<Table, Missing> {
    let args = &request.args;
    let root = args.text("root").unwrap_or_default();
    let number = |name: &str| args.int(name).and_then(|number| usize::try_from(number).ok());
    let kind = match args.text("kind") {
        Some("file") => Kind::File,
        Some("directory") => Kind::Directory,
        _ => Kind::Any,
    };
    let walk = Walk::tree(root)?
        .filtered(&args.texts("include"), &args.texts("exclude"))?
        .of(kind, false)
        .limited(number("max_depth"), number("max_entries").unwrap_or(1_000_000));
    let mut entries: Vec<(PathBuf, Metadata)> = Vec::new();
    let walked = walk.run(stop, |path, meta| entries.push((path.to_owned(), meta.clone())));
    match walked {
        // Nothing was seen, or whatever came first: that is no inventory at all.
        Err(why) if entries.is_empty() || matches!(why.cause, Cause::Timeout | Cause::Cancelled) => {
            return Err(why.level(Level::Probe));
        }
        Err(why) => table.cut(why.level(Level::Probe)),
        Ok(()) => {}
    }
    entries.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    let mut rows = Rows { root, users: Names::users(), groups: Names::groups(), stop, salt };
    let digest = request.wants("digest");
    for (path, meta) in &entries {
        rows.push(&mut table, path, meta, digest)?;
    }
    Ok(table.finish())
}

struct Rows<'a> {
    root: &'a str,
    users: Names,
    groups: Names,
    stop: &'a Stop,
    salt: &'a [u8],
}

impl Rows<'_> {
    fn push(
        &mut self,
        table: &mut TableBuilder,
        path: &Path,
        meta: &Metadata,
        digest: bool,
    ) -> Result<(), Missing> {
        let file_type = FileType::from_raw_mode(meta.mode());
        let is_file = file_type == FileType::RegularFile;
        let below = path.strip_prefix(self.root).unwrap_or(path);
        let mut row = table
            .row()
            .set("path", Value::text(shown(below)))
            .set("kind", Value::text(path::kind(file_type).0))
            .set_or_null("size", is_file.then(|| Value::bytes(meta.len())))
            .set("mode", Value::text(format!("{:04o}", meta.mode() & 0o7777)))
            .cell("owner", self.users.cell(meta.uid()))
            .cell("group", self.groups.cell(meta.gid()))
            .cell("modified", modified(meta.mtime(), meta.mtime_nsec()))
            .cell("leads_to", link(path, file_type));
        if digest {
            self.stop.check("reading files")?;
            row = row.cell("digest", if is_file { self.digest(path) } else { Ok(Value::Null) });
        }
        row.push();
        Ok(())
    }

    fn digest(&self, path: &Path) -> Cell {
        let Some(text) = path.to_str() else {
            let what = "its name is no text, and it was not read";
            return Missing::new(Cause::Unsupported, what).level(Level::Row).cell();
        };
        let bad = |error| Arc::new(Missing::new(Cause::Internal, format!("the key of digests: {error}")));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.salt).map_err(bad)?;
        path::read_stream(text, self.stop, |piece| mac.update(piece)).map_err(Arc::new)?;
        Ok(Value::text(x509::hex(&mac.finalize().into_bytes())))
    }
}

fn link(path: &Path, file_type: FileType) -> Cell {
    if file_type != FileType::Symlink {
        return Ok(Value::Null);
    }
    match std::fs::read_link(path) {
        Ok(target) => Ok(Value::text(shown(&target))),
        Err(error) => Err(Arc::new(path::io_fault(&path.to_string_lossy(), &error))),
    }
}

/// A path as text; two names that are no text stay two.
fn shown(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::probe::Answer;
    use crate::probe::testing::{as_nobody, ask, cause, cell, open_dir, value};

    fn tree(root: &Path) -> Answer {
        ask("file.tree", json!({"root": root})).run().unwrap()
    }

    fn paths(answer: &Answer) -> Vec<String> {
        let rows = 0..answer.table.rows.len();
        rows.map(|row| value(answer, row, "path").as_text().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_entry_is_a_row_with_its_facts() {
        let dir = open_dir();
        fs::create_dir(dir.path().join("d")).unwrap();
        fs::write(dir.path().join("d/a"), "abc").unwrap();
        fs::write(dir.path().join("d/b"), "abc").unwrap();
        fs::set_permissions(dir.path().join("d/a"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("../d/a", dir.path().join("link")).unwrap();
        fs::write(dir.path().join(OsStr::from_bytes(b"\xfe")), "").unwrap();
        let answer = tree(dir.path());
        assert_eq!(paths(&answer), ["d", "d/a", "d/b", "link", "\\xfe"]);
        assert_eq!(value(&answer, 0, "kind"), Value::text("directory"));
        assert_eq!(cell(&answer, 0, "size"), Ok(Value::Null));
        assert_eq!(value(&answer, 1, "size"), Value::Int(3));
        assert_eq!(value(&answer, 1, "mode"), Value::text("0640"));
        assert_eq!(value(&answer, 3, "kind"), Value::text("link"));
        assert_eq!(value(&answer, 3, "leads_to"), Value::text("../d/a"));
        let digest = value(&answer, 1, "digest");
        assert_eq!(digest, value(&answer, 2, "digest"), "equal for equal content");
        let plain = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_ne!(digest, Value::text(plain), "and of no use to guess it");
        assert_eq!(cell(&answer, 3, "digest"), Ok(Value::Null));
        assert_eq!(cause(&answer, 4, "digest"), Cause::Unsupported);
    }

    #[test]
    fn another_content_has_another_digest() {
        let dir = open_dir();
        fs::write(dir.path().join("a"), "abc").unwrap();
        let before = value(&tree(dir.path()), 0, "digest");
        fs::write(dir.path().join("a"), "abd").unwrap();
        assert_ne!(value(&tree(dir.path()), 0, "digest"), before);
    }

    #[test]
    fn what_is_left_out_or_not_wanted_is_no_row() {
        let dir = open_dir();
        for name in ["a.conf", "b.tmp"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let args = json!({"root": dir.path(), "exclude": ["*.tmp"], "kind": "file"});
        assert_eq!(paths(&ask("file.tree", args).run().unwrap()), ["a.conf"]);
        let answer = ask("file.tree", json!({"root": dir.path()})).without(&["digest"]).run().unwrap();
        assert_eq!(cause(&answer, 0, "digest"), Cause::Absent);
        let empty = open_dir();
        assert!(tree(empty.path()).table.rows.is_empty());
    }

    #[test]
    fn a_closed_directory_cuts_the_inventory() {
        as_nobody("probe::file::tree::tests::a_closed_directory_cuts_the_inventory", |dir| {
            let answer = tree(dir);
            assert_eq!(answer.table.cut.as_ref().unwrap().cause, Cause::Denied);
            let secret = paths(&answer).iter().position(|path| path == "secret").unwrap();
            assert_eq!(cause(&answer, secret, "digest"), Cause::Denied);
            let closed = ask("file.tree", json!({"root": dir.join("closed")})).run().unwrap_err();
            assert_eq!(closed.cause, Cause::Denied);
        });
    }

    #[test]
    fn a_tree_that_is_not_there_or_too_large_is_unknown() {
        let failed = |args| ask("file.tree", args).run().unwrap_err().cause;
        assert_eq!(failed(json!({"root": "/nowhere/at/all"})), Cause::Absent);
        assert_eq!(failed(json!({"root": "/etc/passwd"})), Cause::WrongType);
        assert_eq!(failed(json!({"root": "etc"})), Cause::Malformed);
        let few = ask("file.tree", json!({"root": "/etc", "max_entries": 3})).without(&["digest"]).run();
        assert_eq!(few.unwrap().table.cut.unwrap().cause, Cause::Incomplete);
        let late = ask("file.tree", json!({"root": "/usr"})).deadline(Duration::from_millis(30)).run();
        assert_eq!(late.unwrap_err().cause, Cause::Timeout);
    }
}
