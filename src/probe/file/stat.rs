//! `file.stat`: named files.

use std::collections::HashMap;
use std::sync::Arc;

use rustix::fs::{FileType, Stat as Meta};
use sha2::{Digest as _, Sha256};

use super::find::{Found, find};
use crate::fact::{Cause, Cell, Level, Missing, Request, Schema, Table, TableBuilder, Value};
use crate::probe::decode::is_time;
use crate::probe::stop::Stop;
use crate::probe::users::Names;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread, path, x509};

/// The body of `file.stat`.
pub(in crate::probe) struct Stat;

impl Probe for Stat {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        on_a_thread(ask, cx, look)
    }
}

fn look(request: &Request, mut table: TableBuilder, stop: &Stop) -> Result<Table, Missing> {
    let paths = path::paths(&request.args, &["path", "paths"]);
    if paths.is_empty() {
        return Err(Missing::new(Cause::Empty, "neither `path` nor `paths` names a file"));
    }
    let found = find(&paths, request.args.flag("follow"), stop);
    let mut rows = Rows::new(request, stop);
    for (path, found) in paths.iter().zip(&found) {
        rows.push(&mut table, path, found);
    }
    Ok(table.finish())
}

/// Writes rows, with the words and names that repeat from row to row made once.
struct Rows<'a> {
    schema: &'a Schema,
    stop: &'a Stop,
    hash: bool,
    users: Names,
    groups: Names,
    words: HashMap<&'static str, Value>,
    modes: HashMap<u32, Value>,
    columns: Columns,
}

struct Columns {
    path: usize,
    exists: usize,
    absent_part: usize,
    kind: usize,
    size: usize,
    modified: usize,
    mode: usize,
    owner: usize,
    group: usize,
    sha256: usize,
}

impl<'a> Rows<'a> {
    fn new(request: &'a Request, stop: &'a Stop) -> Self {
        let at = |name: &str| request.schema.position(name).unwrap_or(usize::MAX);
        Self {
            schema: &request.schema,
            stop,
            hash: request.wants("sha256"),
            users: Names::users(),
            groups: Names::groups(),
            words: HashMap::new(),
            modes: HashMap::new(),
            columns: Columns {
                path: at("path"),
                exists: at("exists"),
                absent_part: at("absent_part"),
                kind: at("type"),
                size: at("size"),
                modified: at("modified"),
                mode: at("mode"),
                owner: at("owner"),
                group: at("group"),
                sha256: at("sha256"),
            },
        }
    }

    fn push(&mut self, table: &mut TableBuilder, path: &Arc<str>, found: &Found) {
        match found {
            Found::There(meta) => self.there(table, path, meta),
            Found::Gone(part) => {
                let part = self.word(part);
                let columns = &self.columns;
                let row =
                    (0..self.schema.fields.len()).fold(table.row(), |row, at| row.at(at, Ok(Value::Null)));
                row.at(columns.path, Ok(Value::Text(Arc::clone(path))))
                    .at(columns.exists, Ok(Value::Bool(false)))
                    .at(columns.absent_part, Ok(part))
                    .push();
            }
            Found::Unknown(why) => {
                let fields = 0..self.schema.fields.len();
                let row = fields.fold(table.row(), |row, at| row.at(at, Err(Arc::clone(why))));
                row.at(self.columns.path, Ok(Value::Text(Arc::clone(path)))).push();
            }
        }
    }

    fn there(&mut self, table: &mut TableBuilder, path: &Arc<str>, meta: &Meta) {
        let file_type = FileType::from_raw_mode(meta.st_mode);
        let kind = self.word(path::kind(file_type).0);
        let bits = meta.st_mode & 0o7777;
        let mode = self.modes.entry(bits).or_insert_with(|| Value::text(format!("{bits:04o}"))).clone();
        let (owner, group) = (self.users.cell(meta.st_uid), self.groups.cell(meta.st_gid));
        let columns = &self.columns;
        let mut row = table
            .row()
            .at(columns.path, Ok(Value::Text(Arc::clone(path))))
            .at(columns.exists, Ok(Value::Bool(true)))
            .at(columns.absent_part, Ok(Value::Null))
            .at(columns.kind, Ok(kind))
            .at(columns.size, Ok(Value::Int(meta.st_size)))
            .at(columns.modified, modified(meta.st_mtime, i64::try_from(meta.st_mtime_nsec).unwrap_or(0)))
            .at(columns.mode, Ok(mode))
            .at(columns.owner, owner)
            .at(columns.group, group);
        if self.hash {
            row = row.at(columns.sha256, checksum(path, file_type, self.stop));
        }
        row.push();
    }

    fn word(&mut self, word: &'static str) -> Value {
        self.words.entry(word).or_insert_with(|| Value::text(word)).clone()
    }
}

pub(super) fn modified(seconds: i64, nanos: i64) -> Cell {
    let micros = seconds.checked_mul(1_000_000).and_then(|micros| micros.checked_add(nanos / 1_000));
    micros.filter(|micros| is_time(*micros)).map(Value::Int).ok_or_else(|| {
        let what = format!("the file system says {seconds} seconds after 1970");
        Arc::new(Missing::new(Cause::Malformed, what).level(Level::Row))
    })
}

fn checksum(path: &str, file_type: FileType, stop: &Stop) -> Cell {
    if file_type != FileType::RegularFile {
        return Ok(Value::Null);
    }
    let mut hash = Sha256::new();
    path::read_stream(path, stop, |piece| hash.update(piece)).map_err(Arc::new)?;
    Ok(Value::text(x509::hex(&hash.finalize())))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use rustix::fs::{CWD, Mode};
    use serde_json::json;

    use super::*;
    use crate::probe::Answer;
    use crate::probe::testing::{as_nobody, ask, cause, open_dir, value};

    fn one(path: &std::path::Path) -> Answer {
        ask("file.stat", json!({"path": path})).run().unwrap()
    }

    #[test]
    fn a_file_has_all_its_facts() {
        let dir = open_dir();
        let path = dir.path().join("a.txt");
        fs::write(&path, "abc").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o4640)).unwrap();
        let at = std::time::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        fs::File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        let answer = one(&path);
        assert_eq!(value(&answer, 0, "exists"), Value::Bool(true));
        assert_eq!(value(&answer, 0, "absent_part"), Value::Null);
        assert_eq!(value(&answer, 0, "type"), Value::text("file"));
        assert_eq!(value(&answer, 0, "size"), Value::Int(3));
        assert_eq!(value(&answer, 0, "modified"), Value::Int(1_700_000_000_123_456));
        assert_eq!(value(&answer, 0, "mode"), Value::text("4640"));
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(value(&answer, 0, "sha256"), Value::text(sum));
        let passwd = one("/etc/passwd".as_ref());
        assert_eq!(value(&passwd, 0, "owner"), Value::text("root"));
        assert_eq!(value(&passwd, 0, "group"), Value::text("root"));
    }

    #[test]
    fn every_type_has_its_word_and_none_is_opened() {
        let dir = open_dir();
        let path = |name: &str| dir.path().join(name);
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        rustix::fs::mknodat(CWD, path("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        symlink("/etc/passwd", path("link")).unwrap();
        let cases = [
            (dir.path().to_owned(), "directory"),
            (path("socket"), "socket"),
            (path("fifo"), "fifo"),
            (path("link"), "link"),
            ("/dev/null".into(), "char"),
        ];
        for (path, word) in cases {
            let answer = ask("file.stat", json!({"path": path, "follow": false})).run().unwrap();
            assert_eq!(value(&answer, 0, "type"), Value::text(word));
            assert_eq!(value(&answer, 0, "sha256"), Value::Null, "{word}");
        }
        assert_eq!(value(&one(&path("link")), 0, "type"), Value::text("file"));
    }

    #[test]
    fn what_is_not_there_says_which_part() {
        let dir = open_dir();
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let cases = [
            ("gone", "file"),
            ("no/such", "directory"),
            ("dangling", "link-target"),
            ("file/below", "directory"),
        ];
        for (name, part) in cases {
            let answer = one(&dir.path().join(name));
            assert_eq!(value(&answer, 0, "exists"), Value::Bool(false), "{name}");
            assert_eq!(value(&answer, 0, "absent_part"), Value::text(part), "{name}");
            assert_eq!(value(&answer, 0, "size"), Value::Null, "{name}");
        }
        let dangling = json!({"path": dir.path().join("dangling"), "follow": false});
        assert_eq!(value(&ask("file.stat", dangling).run().unwrap(), 0, "exists"), Value::Bool(true));
    }

    #[test]
    fn what_cannot_be_decided_is_unknown() {
        let dir = open_dir();
        symlink("loop", dir.path().join("loop")).unwrap();
        let long = dir.path().join("x".repeat(300));
        for path in [dir.path().join("loop"), long, "etc/passwd".into(), "/etc/\0".into(), "".into()] {
            let answer = one(&path);
            assert_eq!(cause(&answer, 0, "exists"), Cause::Malformed, "{}", path.display());
            assert_eq!(cause(&answer, 0, "size"), Cause::Malformed, "{}", path.display());
        }
        assert_eq!(ask("file.stat", json!({})).run().unwrap_err().cause, Cause::Empty);
    }

    #[test]
    fn a_closed_directory_is_denied_and_not_empty() {
        as_nobody("probe::file::stat::tests::a_closed_directory_is_denied_and_not_empty", |dir| {
            let closed = dir.join("closed");
            let paths =
                [closed.join("there"), closed.join("gone"), closed.join("deep/er"), dir.join("secret")];
            let answer = ask("file.stat", json!({"paths": paths})).run().unwrap();
            for row in 0..3 {
                assert_eq!(cause(&answer, row, "exists"), Cause::Denied);
            }
            let why = answer.table.cell(0, "exists").unwrap().clone().unwrap_err();
            assert!(Arc::ptr_eq(&why, &answer.table.cell(1, "size").unwrap().clone().unwrap_err()), "shared");
            let me = crate::probe::users::me();
            assert_eq!(why.fix.as_deref(), Some(&*format!("setfacl -m u:{me}:x {}", closed.display())));
            assert_eq!(value(&answer, 3, "exists"), Value::Bool(true));
            assert_eq!(cause(&answer, 3, "sha256"), Cause::Denied);
        });
    }

    #[test]
    fn paths_keep_their_order_and_are_told_once() {
        let dir = open_dir();
        let path = |name: &str| dir.path().join(name);
        fs::create_dir(path("b")).unwrap();
        let paths = [path("z"), path("b/x"), path("a"), path("b/y"), path("z"), path("b/")];
        let answer = ask("file.stat", json!({"path": path("b"), "paths": paths})).run().unwrap();
        let told: Vec<_> = (0..answer.table.rows.len()).map(|row| value(&answer, row, "path")).collect();
        let wanted = ["b", "z", "b/x", "a", "b/y", "b/"];
        assert_eq!(told, wanted.map(|name| Value::text(path(name).to_str().unwrap())));
        assert_eq!(value(&answer, 5, "type"), Value::text("directory"));
    }

    #[test]
    fn a_sum_that_nobody_wants_is_not_read() {
        let answer = ask("file.stat", json!({"path": "/etc/passwd"})).without(&["sha256"]).run().unwrap();
        assert_eq!(cause(&answer, 0, "sha256"), Cause::Absent);
    }

    #[test]
    fn a_sum_stops_at_the_deadline_and_the_rest_is_there() {
        let dir = open_dir();
        let path = dir.path().join("large");
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let question = ask("file.stat", json!({"path": path})).deadline(Duration::from_millis(400));
        let answer = question.run().unwrap();
        assert_eq!(cause(&answer, 0, "sha256"), Cause::Timeout);
        assert_eq!(value(&answer, 0, "size"), Value::Int(1 << 40));
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_has_no_sum() {
        let dir = open_dir();
        let path = dir.path().join("growing");
        fs::write(&path, vec![0u8; 300_000]).unwrap();
        let cx = crate::probe::testing::context();
        let (stop, _guard) = Stop::new(&cx);
        let text = path.to_str().unwrap();
        let mut grown = false;
        let read = path::read_stream(text, &stop, |_| {
            if !grown {
                grown = true;
                fs::write(&path, vec![1u8; 300_001]).unwrap();
            }
        });
        assert_eq!(read.unwrap_err().cause, Cause::Incomplete);
    }
}
