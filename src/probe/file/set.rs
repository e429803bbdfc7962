//! `file.set`: how many files, how large, the newest and the oldest.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fact::{Args, Cause, Cell, Level, Missing, Request, Table, TableBuilder, Value};
use crate::probe::decode::is_time;
use crate::probe::stop::Stop;
use crate::probe::walk::{Kind, Walk};
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread, path};

/// The body of `file.set`.
pub(in crate::probe) struct Set;

impl Probe for Set {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        on_a_thread(ask, cx, look)
    }
}

const FACTS: &[&str] = &[
    "count",
    "size",
    "newest",
    "newest_path",
    "newest_size",
    "oldest",
    "oldest_path",
    "oldest_size",
    "largest_path",
    "largest_size",
    "smallest_path",
    "smallest_size",
];

/// Those that come from times.
const TIMES: &[&str] = &["newest", "newest_path", "newest_size", "oldest", "oldest_path", "oldest_size"];

fn look(request: &Request, mut table: TableBuilder, stop: &Stop) -> Result<Table, Missing> {
    let sets = path::paths(&request.args, &["glob", "globs", "root"]);
    if sets.is_empty() {
        return Err(Missing::new(Cause::Empty, "none of `glob`, `globs` and `root` names files"));
    }
    let root = request.args.text("root");
    for set in &sets {
        let is_pattern = root != Some(&**set);
        one(&request.args, &mut table, set, is_pattern, stop);
    }
    Ok(table.finish())
}

fn one(args: &Args, table: &mut TableBuilder, set: &Arc<str>, is_pattern: bool, stop: &Stop) {
    let mut totals = Totals::default();
    let walked = plan(args, set, is_pattern).map(|walk| {
        let ended = walk.run(stop, |path, meta| totals.add(path, meta));
        (walk, ended)
    });
    let row = table.row().set("set", Value::Text(Arc::clone(set)));
    match walked {
        Ok((walk, Ok(()))) => totals.fill(row.set("root", Value::text(walk.root()))).push(),
        Ok((walk, Err(why))) => {
            row.set("root", Value::text(walk.root())).missing_all(FACTS, &Arc::new(why)).push();
        }
        Err(why) => {
            let why = Arc::new(why);
            row.missing("root", &why).missing_all(FACTS, &why).push();
        }
    }
}

fn plan(args: &Args, set: &str, is_pattern: bool) -> Result<Walk, Missing> {
    let walk = if is_pattern { Walk::glob(set) } else { Walk::tree(set) }?;
    let kind = match args.text("kind") {
        Some("directory") => Kind::Directory,
        Some("any") => Kind::Any,
        _ => Kind::File,
    };
    let limit = number(args, "max_entries")?.unwrap_or(1_000_000);
    let walk = walk.filtered(&args.texts("include"), &args.texts("exclude"))?;
    Ok(walk.of(kind, args.flag("follow")).limited(number(args, "max_depth")?, limit))
}

/// A number that must be positive.
fn number(args: &Args, name: &str) -> Result<Option<usize>, Missing> {
    let Some(given) = args.int(name) else { return Ok(None) };
    match usize::try_from(given) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => Err(Missing::new(Cause::Malformed, format!("`{name}` is {given}; it must be 1 or more"))),
    }
}

/// One match that stands out.
#[derive(Clone)]
struct Mark {
    micros: i64,
    size: u64,
    path: PathBuf,
}

/// What the matches come to. Of two that are alike the one whose path sorts first is named, so that an answer
/// does not depend on the order of a directory.
#[derive(Default)]
struct Totals {
    count: u64,
    size: u64,
    newest: Option<Mark>,
    oldest: Option<Mark>,
    largest: Option<Mark>,
    smallest: Option<Mark>,
    /// One whose time cannot be.
    timeless: Option<PathBuf>,
}

impl Totals {
    fn add(&mut self, path: &Path, meta: &Metadata) {
        let size = if meta.is_file() { meta.len() } else { 0 };
        let micros = meta.mtime().saturating_mul(1_000_000).saturating_add(meta.mtime_nsec() / 1_000);
        if !is_time(micros) {
            self.timeless.get_or_insert_with(|| path.to_owned());
        }
        self.count += 1;
        self.size = self.size.saturating_add(size);
        keep(&mut self.newest, micros, size, path, |mark| micros.cmp(&mark.micros));
        keep(&mut self.oldest, micros, size, path, |mark| mark.micros.cmp(&micros));
        keep(&mut self.largest, micros, size, path, |mark| size.cmp(&mark.size));
        keep(&mut self.smallest, micros, size, path, |mark| mark.size.cmp(&size));
    }

    fn fill<'a>(&self, row: crate::fact::RowBuilder<'a>) -> crate::fact::RowBuilder<'a> {
        let path = |mark: &Option<Mark>| mark.as_ref().map_or(Ok(Value::Null), |mark| name(&mark.path));
        let size = |mark: &Option<Mark>| mark.as_ref().map(|mark| Value::bytes(mark.size));
        let time = |mark: &Option<Mark>| mark.as_ref().map(|mark| Value::Int(mark.micros));
        let row = row
            .set("count", Value::count(self.count))
            .set("size", Value::bytes(self.size))
            .set_or_null("newest", time(&self.newest))
            .cell("newest_path", path(&self.newest))
            .set_or_null("newest_size", size(&self.newest))
            .set_or_null("oldest", time(&self.oldest))
            .cell("oldest_path", path(&self.oldest))
            .set_or_null("oldest_size", size(&self.oldest))
            .cell("largest_path", path(&self.largest))
            .set_or_null("largest_size", size(&self.largest))
            .cell("smallest_path", path(&self.smallest))
            .set_or_null("smallest_size", size(&self.smallest));
        let Some(path) = &self.timeless else { return row };
        let what = format!("`{}` was last changed at a time that cannot be", path.display());
        let why = Arc::new(Missing::new(Cause::Malformed, what).level(Level::Row).fix("touch the file"));
        row.missing_all(TIMES, &why)
    }
}

/// A path that is no text would, bent into one, name another file, and a remedy would use it.
fn name(path: &Path) -> Cell {
    path.to_str().map(Value::text).ok_or_else(|| {
        let what = format!("the name of `{}` is not UTF-8", path.display());
        Arc::new(Missing::new(Cause::Malformed, what).level(Level::Row).fix("rename the file"))
    })
}

fn keep(
    slot: &mut Option<Mark>,
    micros: i64,
    size: u64,
    path: &Path,
    beats: impl Fn(&Mark) -> std::cmp::Ordering,
) {
    let better =
        slot.as_ref().is_none_or(|mark| beats(mark).then_with(|| mark.path.as_path().cmp(path)).is_gt());
    if better {
        *slot = Some(Mark { micros, size, path: path.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::{Duration, UNIX_EPOCH};

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::probe::Answer;
    use crate::probe::testing::{as_nobody, ask, cause, open_dir, value};

    fn write(path: &Path, size: usize, second: u64) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, vec![0u8; size]).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    }

    fn tree() -> tempfile::TempDir {
        let dir = open_dir();
        for (name, size, second) in [
            ("a.dump", 10, 100),
            ("b.dump", 30, 300),
            ("c.dump", 0, 200),
            ("x.tmp", 5, 400),
            ("sub/d.dump", 7, 50),
        ] {
            write(&dir.path().join(name), size, second);
        }
        symlink("a.dump", dir.path().join("latest.dump")).unwrap();
        symlink("..", dir.path().join("sub/loop")).unwrap();
        symlink("nowhere", dir.path().join("dangling.dump")).unwrap();
        dir
    }

    fn set(args: Json) -> Answer {
        ask("file.set", args).run().unwrap()
    }

    fn count(args: Json) -> i64 {
        value(&set(args), 0, "count").as_int().unwrap()
    }

    #[test]
    fn a_set_has_its_count_sizes_and_ends() {
        let dir = tree();
        let path = |name: &str| Value::text(dir.path().join(name).to_str().unwrap());
        let answer = set(json!({"glob": dir.path().join("*.dump")}));
        let facts = [
            ("count", Value::Int(3)),
            ("size", Value::Int(40)),
            ("newest", Value::Int(300_000_000)),
            ("newest_path", path("b.dump")),
            ("newest_size", Value::Int(30)),
            ("oldest", Value::Int(100_000_000)),
            ("oldest_path", path("a.dump")),
            ("oldest_size", Value::Int(10)),
            ("largest_path", path("b.dump")),
            ("largest_size", Value::Int(30)),
            ("smallest_path", path("c.dump")),
            ("smallest_size", Value::Int(0)),
            ("root", Value::text(dir.path().to_str().unwrap())),
        ];
        for (name, wanted) in facts {
            assert_eq!(value(&answer, 0, name), wanted, "{name}");
        }
    }

    #[test]
    fn patterns_and_filters_choose() {
        let dir = tree();
        let root = dir.path().to_str().unwrap();
        let cases = [
            (json!({"glob": format!("{root}/**/*.dump")}), 4),
            (json!({"glob": format!("{root}/*/*.dump")}), 1),
            (json!({"glob": format!("{root}/{{a,b}}.dump")}), 2),
            (json!({"glob": format!("{root}/{{a.dump,sub/d.dump}}")}), 2),
            (json!({"glob": format!("{root}/a.dump")}), 1),
            (json!({"glob": format!("{root}/*.dump"), "follow": true}), 4),
            (json!({"glob": format!("{root}/*.dump"), "kind": "any"}), 5),
            (json!({"root": root}), 5),
            (json!({"root": root, "max_depth": 1}), 4),
            (json!({"root": root, "include": ["*.dump"]}), 4),
            (json!({"root": root, "include": ["sub/*"]}), 1),
            (json!({"root": root, "exclude": ["*.tmp", "sub"]}), 3),
            (json!({"root": root, "kind": "directory"}), 1),
        ];
        for (args, wanted) in cases {
            assert_eq!(count(args.clone()), wanted, "{args}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_is_no_age() {
        let dir = tree();
        let file = fs::File::options().write(true).open(dir.path().join("a.dump")).unwrap();
        let mut totals = Totals::default();
        totals.add(dir.path(), &file.metadata().unwrap());
        totals.timeless = Some(dir.path().to_owned());
        let request = ask("file.set", json!({"root": "/"})).request();
        let mut table = TableBuilder::new(&request.schema, 1);
        totals.fill(table.row()).push();
        let answer = Answer::new(table.finish());
        assert_eq!(cause(&answer, 0, "newest"), Cause::Malformed);
        assert_eq!(value(&answer, 0, "count"), Value::Int(1));
    }

    #[test]
    fn no_match_is_zero_and_null() {
        let dir = tree();
        let answer = set(json!({"glob": dir.path().join("*.gz")}));
        assert_eq!(value(&answer, 0, "count"), Value::Int(0));
        assert_eq!(value(&answer, 0, "size"), Value::Int(0));
        assert_eq!(value(&answer, 0, "newest"), Value::Null);
        assert_eq!(
            answer.table.schema.field("newest").unwrap().null_reads.as_deref(),
            Some("no file matched")
        );
    }

    #[test]
    fn every_pattern_has_its_row() {
        let dir = tree();
        let (one, two) = (dir.path().join("*.dump"), dir.path().join("gone/*.dump"));
        let answer = set(json!({"globs": [one, two, one]}));
        assert_eq!(answer.table.rows.len(), 2);
        assert_eq!(value(&answer, 0, "count"), Value::Int(3));
        assert_eq!(cause(&answer, 1, "count"), Cause::Absent);
    }

    #[test]
    fn what_is_not_a_set_is_unknown() {
        let dir = tree();
        let root = dir.path().to_str().unwrap();
        let cases = [
            (json!({"root": format!("{root}/gone")}), Cause::Absent),
            (json!({"glob": format!("{root}/gone/*")}), Cause::Absent),
            (json!({"root": format!("{root}/a.dump")}), Cause::WrongType),
            (json!({"glob": format!("{root}/sub")}), Cause::WrongType),
            (json!({"glob": format!("{root}/[")}), Cause::Malformed),
            (json!({"root": root, "include": ["["]}), Cause::Malformed),
            (json!({"glob": "*.dump"}), Cause::Malformed),
            (json!({"root": root, "max_entries": 3}), Cause::Incomplete),
            (json!({"root": root, "max_depth": 0}), Cause::Malformed),
        ];
        for (args, wanted) in cases {
            let answer = set(args.clone());
            for name in FACTS {
                assert_eq!(cause(&answer, 0, name), wanted, "{args} {name}");
            }
        }
        assert_eq!(ask("file.set", json!({})).run().unwrap_err().cause, Cause::Empty);
    }

    #[test]
    fn a_closed_directory_is_never_a_smaller_number() {
        as_nobody("probe::file::set::tests::a_closed_directory_is_never_a_smaller_number", |dir| {
            let root = dir.to_str().unwrap();
            let answer = set(json!({"root": root}));
            for name in FACTS {
                assert_eq!(cause(&answer, 0, name), Cause::Denied, "{name}");
            }
            let why = answer.table.cell(0, "count").unwrap().clone().unwrap_err();
            assert!(
                why.fix.as_deref().is_some_and(
                    |fix| fix.starts_with(&format!("setfacl -m u:{}:", crate::probe::users::me()))
                ),
                "{why:?}"
            );
            let cases = [
                (format!("{root}/closed/*"), Cause::Denied),
                (format!("{root}/listed/*"), Cause::Denied),
                (format!("{root}/closed/deeper/*"), Cause::Denied),
            ];
            for (glob, wanted) in cases {
                assert_eq!(cause(&set(json!({"glob": glob})), 0, "count"), wanted, "{glob}");
            }
            assert_eq!(count(json!({"glob": format!("{root}/o*")})), 1, "closed ones do not matter here");
            assert_eq!(count(json!({"root": root, "exclude": ["closed", "listed", "test"]})), 2);
        });
    }

    #[test]
    fn a_walk_stops_at_the_deadline() {
        let question = ask("file.set", json!({"root": "/"})).deadline(Duration::from_millis(20));
        assert_eq!(cause(&question.run().unwrap(), 0, "count"), Cause::Timeout);
    }

    #[test]
    fn files_that_vanish_meanwhile_are_no_fault() {
        let dir = open_dir();
        let root = dir.path().to_owned();
        let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (writing, there) = (Arc::clone(&ended), root.clone());
        let writer = std::thread::spawn(move || {
            while !writing.load(std::sync::atomic::Ordering::Relaxed) {
                for index in 0..50 {
                    let deep = there.join(format!("{index}"));
                    fs::create_dir_all(&deep).unwrap();
                    fs::write(deep.join("file"), "x").unwrap();
                }
                for index in 0..50 {
                    fs::remove_dir_all(there.join(format!("{index}"))).unwrap();
                }
            }
        });
        for _ in 0..100 {
            let found = count(json!({"root": root}));
            assert!((0..=50).contains(&found));
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        writer.join().unwrap();
    }
}
