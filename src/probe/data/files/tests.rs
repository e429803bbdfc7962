//! Against real trees and databases.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::fact::{Cause, Missing, Value};
use crate::probe::Answer;
use crate::probe::postgres::testing::{Database, block};
use crate::probe::testing::{Question, as_nobody, ask, cause, cell, open_dir, value};

/// A tree, and a database beside it whose table `uploads` names its files.
pub(super) struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    /// Files with their names as content, and a row for each of these.
    pub(super) fn new(files: &[&str], rows: &[&str]) -> Self {
        let shop = Self { dir: open_dir() };
        fs::create_dir(shop.root()).unwrap();
        files.iter().for_each(|file| shop.write(file, file));
        let rows: Vec<String> =
            rows.iter().map(|row| format!("insert into uploads (path) values ({});", quoted(row))).collect();
        shop.sql(&format!("create table uploads (path, size, digest, owner); {}", rows.concat()));
        shop
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("up")
    }

    fn write(&self, file: &str, content: &str) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(super) fn sql(&self, sql: &str) {
        block(async {
            let options =
                SqliteConnectOptions::new().filename(self.dir.path().join("shop.db")).create_if_missing(true);
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    pub(super) fn ask(&self, mut args: Json) -> Question {
        let defaults = json!({"sql": "select path, size, digest, owner from uploads", "root": self.root()});
        for (name, value) in defaults.as_object().unwrap() {
            if args.get(name).is_none() {
                args[name] = value.clone();
            }
        }
        ask("data.files", args).target(|target| {
            target.kind = "sqlite".into();
            target.path = Some(self.dir.path().join("shop.db"));
        })
    }

    /// By a listing, and again by look-ups; the counts that both have must be the same.
    fn both(&self, args: &Json) -> Answer {
        let method = |word: &str| {
            let mut args = args.clone();
            args["method"] = json!(word);
            self.ask(args).run().unwrap()
        };
        let (listed, looked) = (method("listing"), method("lookups"));
        for fact in ["missing", "missing_paths", "unreadable", "repeated", "outside", "not_files"] {
            assert_eq!(cell(&listed, 0, fact), cell(&looked, 0, fact), "{fact}");
        }
        assert_eq!(cell(&looked, 0, "extra"), Ok(Value::Null));
        assert_eq!(listed.table.cut.is_some(), looked.table.cut.is_some());
        listed
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn int(answer: &Answer, name: &str) -> i64 {
    value(answer, 0, name).as_int().unwrap_or_else(|| panic!("`{name}` is null"))
}

pub(super) fn list(answer: &Answer, name: &str) -> Vec<String> {
    match value(answer, 0, name) {
        Value::List(items) => {
            items.iter().map(|item| item.as_ref().unwrap().as_text().unwrap().to_owned()).collect()
        }
        other => panic!("`{name}` is {other:?}"),
    }
}

pub(super) fn word(answer: &Answer, name: &str) -> String {
    value(answer, 0, name).as_text().unwrap().to_owned()
}

/// Counts that are not zero.
pub(super) fn wrong(answer: &Answer) -> Vec<(&'static str, i64)> {
    let counts = [
        "missing",
        "extra",
        "size_differs",
        "content_differs",
        "unreadable",
        "wrong_owner",
        "repeated",
        "outside",
        "not_files",
        "other_form",
        "nameless",
        "changing",
    ];
    let count = |name| value(answer, 0, name).as_int().filter(|count| *count != 0).map(|count| (name, count));
    counts.into_iter().filter_map(count).collect()
}

#[test]
fn a_lost_file_and_one_without_a_row_are_found() {
    let shop = Shop::new(&["a/1", "a/2", "b/c/3", "4"], &["a/1", "a/2", "b/c/3", "b/c/gone", "nowhere/x"]);
    let answer = shop.both(&json!({}));
    assert_eq!(wrong(&answer), [("missing", 2), ("extra", 1)]);
    assert_eq!(list(&answer, "missing_paths"), ["b/c/gone", "nowhere/x"]);
    assert_eq!(list(&answer, "extra_paths"), ["4"]);
    assert_eq!((int(&answer, "references"), int(&answer, "files")), (5, 4));
    assert_eq!((word(&answer, "tree"), word(&answer, "method")), ("there".into(), "listing".into()));
    assert!(answer.table.cut.is_none());
}

#[test]
fn nothing_is_wrong_where_both_sides_agree() {
    let shop = Shop::new(&["a/1", "b/it's", "\u{e4} \u{1f600}"], &["a/1", "b/it's", "\u{e4} \u{1f600}"]);
    shop.sql("update uploads set size = length(cast(path as blob))");
    let answer = shop.both(&json!({"depth": "size"}));
    assert_eq!(wrong(&answer), []);
    assert_eq!(int(&answer, "checked_size"), 3);
    assert_eq!(cell(&answer, 0, "content_differs"), Ok(Value::Null));
    assert_eq!(cell(&answer, 0, "wrong_owner"), Ok(Value::Null));
    assert_eq!(cell(&answer, 0, "lists"), Ok(Value::Null));
}

#[test]
fn without_a_wish_for_extra_files_nothing_is_listed() {
    let names: Vec<String> = (0..300).map(|n| format!("d/{n}")).collect();
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    for rows in [&files[..3], &files[..100], &files[..]] {
        let mut rows = rows.to_vec();
        rows.push("d/gone");
        let shop = Shop::new(&files, &rows);
        let answer = shop.ask(json!({})).without(&["extra", "extra_paths", "young"]).run().unwrap();
        assert_eq!(word(&answer, "method"), "lookups");
        assert_eq!((int(&answer, "missing"), list(&answer, "missing_paths")), (1, vec!["d/gone".to_owned()]));
    }
}

#[test]
fn an_unmounted_volume_is_one_fault_and_not_many_missing_files() {
    let shop = Shop::new(&["a"], &["a", "b"]);
    let answer = shop.ask(json!({"mount": true})).run().unwrap();
    assert_eq!(word(&answer, "tree"), "unmounted");
    for fact in ["missing", "extra", "references", "missing_paths"] {
        assert_eq!(cause(&answer, 0, fact), Cause::Absent, "{fact}");
    }
    let answer = shop.ask(json!({"sentinel": ".volume"})).run().unwrap();
    assert_eq!((word(&answer, "tree"), cause(&answer, 0, "missing")), ("unmarked".into(), Cause::Absent));
    let answer = shop.ask(json!({"root": "/nowhere/at/all"})).run().unwrap();
    assert_eq!((word(&answer, "tree"), cause(&answer, 0, "missing")), ("absent".into(), Cause::Absent));
    shop.write(".volume", "7");
    let answer = shop.ask(json!({"sentinel": ".volume"})).run().unwrap();
    assert_eq!(
        (wrong(&answer), int(&answer, "files")),
        (vec![("missing", 1)], 1),
        "the sentinel is no upload"
    );
    let proc = shop.ask(json!({"root": "/proc", "mount": true, "method": "lookups"})).run().unwrap();
    assert_eq!(word(&proc, "tree"), "there", "a mount point is one");
}

#[test]
fn a_root_that_is_no_directory_or_no_path_is_unknown() {
    let shop = Shop::new(&["a"], &["a"]);
    let failed = |root: &Path| shop.ask(json!({"root": root})).run().unwrap_err().cause;
    assert_eq!(failed(&shop.root().join("a")), Cause::WrongType);
    assert_eq!(failed("uploads".as_ref()), Cause::Malformed);
    assert_eq!(failed("".as_ref()), Cause::Malformed);
}

#[test]
fn an_empty_tree_is_said_to_be_empty() {
    let shop = Shop::new(&[], &["a", "b"]);
    fs::create_dir(shop.root().join("d")).unwrap();
    let answer = shop.both(&json!({}));
    assert_eq!((word(&answer, "tree"), int(&answer, "missing")), ("empty".into(), 2));
    fs::remove_dir(shop.root().join("d")).unwrap();
    let looked = shop.ask(json!({"method": "lookups"})).run().unwrap();
    assert_eq!(word(&looked, "tree"), "empty");
    let shop = Shop::new(&[], &[]);
    let answer = shop.ask(json!({})).run().unwrap();
    assert_eq!(word(&answer, "tree"), "there", "nothing is expected");
}

#[test]
fn a_query_without_rows_compares_nothing() {
    for sql in ["select path from uploads where false", "select null as path from uploads"] {
        let shop = Shop::new(&["a"], &["a"]);
        let answer = shop.ask(json!({"sql": sql})).run().unwrap();
        for fact in ["missing", "unreadable", "not_files"] {
            assert_eq!(cause(&answer, 0, fact), Cause::Empty, "{sql} {fact}");
        }
        assert_eq!(int(&answer, "extra"), 1);
    }
}

#[test]
fn rows_without_a_path_and_doubles_are_counted() {
    let shop = Shop::new(&["a"], &["a", "a", "", "./a", "b", "b"]);
    shop.sql("insert into uploads (path) values (null)");
    let answer = shop.both(&json!({}));
    assert_eq!(wrong(&answer), [("missing", 1), ("repeated", 2), ("nameless", 2)]);
    assert_eq!(list(&answer, "repeated_paths"), ["a", "b"]);
    assert_eq!(int(&answer, "references"), 7);
}

#[test]
fn what_climbs_out_is_never_followed() {
    let shop =
        Shop::new(&["in/a"], &["../secret", "/etc/passwd", "out", "outdir/passwd", "in/../in/a", "in/a"]);
    fs::write(shop.dir.path().join("secret"), "x").unwrap();
    symlink("/etc/passwd", shop.root().join("out")).unwrap();
    symlink("/etc", shop.root().join("outdir")).unwrap();
    let answer = shop.both(&json!({"depth": "existence"}));
    assert_eq!(int(&answer, "outside"), 5);
    assert_eq!(int(&answer, "missing"), 0);
    assert_eq!(list(&answer, "extra_paths"), ["outdir"], "the link itself lies there, and no row names it");
}

#[test]
fn links_within_the_tree_lead_to_their_files() {
    let shop = Shop::new(&["real/a"], &["link", "dir/a", "dangling", "loop", "real/a"]);
    symlink("real/a", shop.root().join("link")).unwrap();
    symlink("real", shop.root().join("dir")).unwrap();
    symlink("nowhere", shop.root().join("dangling")).unwrap();
    symlink("loop", shop.root().join("loop")).unwrap();
    let answer = shop.both(&json!({}));
    assert_eq!(list(&answer, "missing_paths"), ["dangling"]);
    assert_eq!(list(&answer, "unreadable_paths"), ["loop"]);
    assert_eq!(answer.table.cut.as_ref().unwrap().cause, Cause::Malformed);
}

#[test]
fn what_is_no_file_is_not_taken_for_one() {
    let shop = Shop::new(&["d/a"], &["d", "fifo", "d/a/", "d/a/b"]);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        shop.root().join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let answer = shop.both(&json!({"depth": "existence"}));
    assert_eq!(list(&answer, "not_files_paths"), ["d", "fifo"]);
    assert_eq!(list(&answer, "missing_paths"), ["d/a/b"]);
}

#[test]
fn another_size_is_found_and_a_size_that_nobody_noted_is_not_compared() {
    let shop = Shop::new(&["a", "bb", "ccc"], &["a", "bb", "ccc", "a"]);
    shop.sql("update uploads set size = length(path); update uploads set size = 9 where path = 'bb'");
    shop.sql("update uploads set size = null where path = 'ccc'");
    let answer = shop.both(&json!({"depth": "size"}));
    assert_eq!(wrong(&answer), [("size_differs", 1), ("repeated", 1)]);
    assert_eq!(
        (list(&answer, "size_differs_paths"), int(&answer, "checked_size")),
        (vec!["bb".to_owned()], 2)
    );
    shop.sql("update uploads set size = 2 where rowid = 4");
    let answer = shop.both(&json!({"depth": "size"}));
    assert_eq!(list(&answer, "size_differs_paths"), ["a", "bb"], "one of two rows for one file is wrong");
    shop.sql("update uploads set size = null where rowid = 4; update uploads set size = 2 where path = 'bb'");
    let answer = shop.both(&json!({"depth": "size"}));
    assert_eq!(wrong(&answer), [("repeated", 1)], "a row without a size contradicts nobody");
    shop.sql("update uploads set size = null");
    let answer = shop.ask(json!({"depth": "size"})).run().unwrap();
    assert_eq!(cause(&answer, 0, "size_differs"), Cause::Empty);
}

#[test]
fn a_column_that_is_needed_and_not_there_is_said() {
    let shop = Shop::new(&["a"], &["a"]);
    for (sql, depth) in [
        ("select path as file from uploads", "existence"),
        ("select path from uploads", "size"),
        ("select path, size from uploads", "content"),
    ] {
        let why = shop.ask(json!({"sql": sql, "depth": depth})).run().unwrap_err();
        assert_eq!(why.cause, Cause::Absent, "{sql}: {why}");
    }
    let why = shop.ask(json!({"sql": "select path, 'x' as size from uploads", "depth": "size"})).run();
    assert!(why.unwrap_err().what.contains("CAST"));
    let why = shop.ask(json!({"sql": "delete from uploads returning path"})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Denied);
}

#[test]
fn another_content_is_found_whatever_form_its_digest_has() {
    let shop = Shop::new(&["a", "b", "c", "d", "e"], &["a", "b", "c", "d", "e"]);
    // Of the content `a`, in three forms, and of `d`, which is another than that of `e`.
    for (path, digest) in [
        ("a", "'0CC175B9C0F1B6A831C399E269772661'"),
        ("b", "x'92eb5ffee6ae2fec3ad71c777531578f'"),
        ("c", "'SooIyQUqj07YjFMoCmiQkA'"),
        ("d", "'8277e0910d750195b448797616e091ad'"),
        ("e", "'8277e0910d750195b448797616e091ad'"),
    ] {
        shop.sql(&format!("update uploads set digest = {digest}, size = 1 where path = '{path}'"));
    }
    let args = json!({"depth": "content", "algorithm": "md5"});
    shop.sql("update uploads set digest = 'SooIyQUqj07YjFMoCmiQkA' where path = 'x'");
    let answer = shop.both(&args);
    let differs = list(&answer, "content_differs_paths");
    assert!(differs.contains(&"e".to_owned()) && !differs.contains(&"a".to_owned()), "{differs:?}");
    assert!(!differs.contains(&"b".to_owned()) && !differs.contains(&"d".to_owned()), "{differs:?}");
    assert_eq!(int(&answer, "checked_content"), 5);
    shop.sql("insert into uploads (path, size, digest) values ('a', 1, 'DMF1ucDxtqgxw5niaXcmYQ=='), ('b', 1, '0cc175b9c0f1b6a831c399e269772661')");
    let answer = shop.both(&args);
    let differs = list(&answer, "content_differs_paths");
    assert!(!differs.contains(&"a".to_owned()) && differs.contains(&"b".to_owned()), "{differs:?}");
    shop.sql("update uploads set digest = 'nonsense' where path = 'a'");
    let answer = shop.ask(args.clone()).run().unwrap();
    assert_eq!(cause(&answer, 0, "content_differs"), Cause::WrongType);
    shop.sql("update uploads set digest = null");
    let answer = shop.ask(args).run().unwrap();
    assert_eq!(cause(&answer, 0, "content_differs"), Cause::Empty);
}

#[test]
fn a_truncated_file_is_one_finding() {
    let shop = Shop::new(&["a"], &["a"]);
    shop.sql("update uploads set size = 7, digest = '0cc175b9c0f1b6a831c399e269772662'");
    let answer = shop.ask(json!({"depth": "content", "algorithm": "md5"})).run().unwrap();
    assert_eq!(wrong(&answer), [("size_differs", 1)]);
}

#[test]
fn names_that_are_no_text_or_have_lines_are_compared_byte_by_byte() {
    let shop = Shop::new(&["a\nb", "c"], &["a\nb", "c", "\u{fffd}"]);
    fs::write(shop.root().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    let answer = shop.both(&json!({}));
    assert_eq!(wrong(&answer), [("missing", 1), ("extra", 1)]);
    assert_eq!(
        (list(&answer, "extra_paths"), list(&answer, "missing_paths")),
        (vec!["\\xff".to_owned()], vec!["\u{fffd}".to_owned()])
    );
    shop.sql("update uploads set path = x'ff' where path = '\u{fffd}'");
    assert_eq!(wrong(&shop.both(&json!({}))), []);
    shop.sql("insert into uploads (path) values ('gone\nfile')");
    assert_eq!(list(&shop.both(&json!({})), "missing_paths"), ["gone\\nfile"]);
}

#[test]
fn a_name_in_another_case_is_missing_with_a_hint() {
    let shop = Shop::new(&["A/B.JPG", "a\u{308}", "c"], &["a/b.jpg", "\u{e4}", "c"]);
    let answer = shop.both(&json!({}));
    assert_eq!(wrong(&answer), [("missing", 2), ("extra", 2), ("other_form", 2)]);
    assert_eq!(list(&answer, "other_form_paths")[0], "a/b.jpg is there as A/B.JPG");
}

#[test]
fn what_is_ignored_is_no_extra_file_and_may_be_named() {
    let shop = Shop::new(&["lost+found/x", "a.tmp", "d/b.tmp", "thumbs/1", "c"], &["c", "thumbs/1", "a.tmp"]);
    let answer = shop.both(&json!({"ignore": ["lost+found", "*.tmp", "thumbs/**"]}));
    assert_eq!((wrong(&answer), int(&answer, "files")), (vec![], 1));
    let answer = shop.ask(json!({})).run().unwrap();
    assert_eq!(list(&answer, "extra_paths"), ["d/b.tmp"]);
}

#[test]
fn a_template_leads_to_the_file() {
    let shop = Shop::new(&["xt/ap/xtap9", "zz/zz/zzzz"], &["xtap9", "abcd1", "x"]);
    let answer = shop.both(&json!({"template": "{0:2}/{2:4}/{path}"}));
    assert_eq!(wrong(&answer), [("missing", 1), ("extra", 1), ("outside", 1)]);
    assert_eq!(list(&answer, "missing_paths"), ["ab/cd/abcd1"]);
    let why = shop.ask(json!({"template": "../{path}"})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Malformed);
}

#[test]
fn a_closed_directory_is_denied_and_not_missing() {
    as_nobody("probe::data::files::tests::a_closed_directory_is_denied_and_not_missing", |dir| {
        let db = tempfile::tempdir().unwrap();
        let shop = Shop { dir: db };
        shop.sql("create table uploads (path, size, digest, owner)");
        shop.sql("insert into uploads (path) values ('closed/there'), ('closed/gone'), ('open'), ('gone')");
        let ask = |method: &str| {
            let args = json!({"root": dir, "ignore": ["test", "secret", "listed"], "method": method});
            shop.ask(args).run().unwrap()
        };
        for method in ["listing", "lookups"] {
            let answer = ask(method);
            assert_eq!(list(&answer, "missing_paths"), ["gone"], "{method}");
            assert_eq!(list(&answer, "unreadable_paths"), ["closed/gone", "closed/there"], "{method}");
            assert_eq!(answer.table.cut.as_ref().unwrap().cause, Cause::Denied, "{method}");
        }
        shop.sql("delete from uploads where path like 'closed/%'");
        assert_eq!(ask("listing").table.cut.unwrap().cause, Cause::Denied, "extra files may hide there");
        assert_eq!(ask("lookups").table.cut, None, "no row leads there");
    });
}

#[test]
fn a_file_that_may_not_be_read_is_there_and_unreadable() {
    as_nobody("probe::data::files::tests::a_file_that_may_not_be_read_is_there_and_unreadable", |dir| {
        let shop = Shop { dir: tempfile::tempdir().unwrap() };
        shop.sql("create table uploads (path, size, digest, owner)");
        shop.sql("insert into uploads (path, size, digest) values ('secret', 1, 'x'), ('open', 1, '9dd4e461268c8034f5c8564e155c67a6')");
        for method in ["listing", "lookups"] {
            let args = json!({"root": dir, "ignore": ["test", "closed", "listed"], "depth": "content",
                "algorithm": "md5", "method": method});
            let answer = shop.ask(args).run().unwrap();
            assert_eq!(list(&answer, "unreadable_paths"), ["secret"], "{method}");
            assert_eq!((int(&answer, "missing"), int(&answer, "content_differs")), (0, 0));
            assert_eq!(int(&answer, "checked_content"), 1);
            assert_eq!(answer.table.cut, None, "it hides nothing else");
        }
    });
}

#[test]
fn another_owner_and_another_reader_are_judged_by_inodes() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shop = Shop::new(&["a", "b", "d/c"], &["a", "b", "d/c"]);
    std::os::unix::fs::chown(shop.root().join("b"), Some(65_534), None).unwrap();
    fs::set_permissions(shop.root().join("b"), fs::Permissions::from_mode(0o600)).unwrap();
    let answer = shop.both(&json!({"owner": "root"}));
    assert_eq!(list(&answer, "wrong_owner_paths"), ["b"]);
    let answer = shop.ask(json!({"owner": "65534", "reader": "65534"})).run().unwrap();
    assert_eq!(list(&answer, "wrong_owner_paths"), ["a", "d/c"]);
    assert_eq!(int(&answer, "unreadable"), 0);
    let answer = shop.ask(json!({"reader": "65533"})).run().unwrap();
    assert_eq!(list(&answer, "unreadable_paths"), ["b"]);
    fs::set_permissions(shop.root().join("d"), fs::Permissions::from_mode(0o700)).unwrap();
    let answer = shop.ask(json!({"reader": "65533"})).run().unwrap();
    assert_eq!(list(&answer, "unreadable_paths"), ["b", "d/c"]);
    shop.sql("update uploads set owner = 'root'");
    assert_eq!(list(&shop.ask(json!({})).run().unwrap(), "wrong_owner_paths"), ["b"]);
    let why = shop.ask(json!({"owner": "no-user-of-that-name"})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Absent);
}

#[test]
fn a_deadline_in_the_middle_is_a_timeout() {
    let shop = Shop::new(&["a"], &["a"]);
    let why = shop.ask(json!({"root": "/proc", "ignore": []})).deadline(Duration::from_millis(40)).run();
    assert_eq!(why.unwrap_err().cause, Cause::Timeout);
    let endless =
        "with recursive n(x) as (select 1 union all select x + 1 from n) select 'a' || x as path from n";
    let why = shop.ask(json!({"sql": endless})).deadline(Duration::from_millis(700)).run().unwrap_err();
    assert_eq!(why.cause, Cause::Timeout);
}

#[test]
fn a_database_that_is_not_there_is_a_fault_of_its_target() {
    let shop = Shop::new(&["a"], &["a"]);
    let question = shop.ask(json!({})).target(|target| target.path = Some("/nowhere/shop.db".into()));
    assert_eq!(question.run().unwrap_err().cause, Cause::Absent);
    assert_eq!(shop.ask(json!({"sql": "select path from gone"})).run().unwrap_err().cause, Cause::Absent);
}

fn postgres(shop: &Shop, database: &Database, role: &str, mut args: Json) -> Result<Answer, Missing> {
    args["root"] = json!(shop.root());
    if args.get("sql").is_none() {
        args["sql"] = json!("select path, size, digest from uploads");
    }
    database.ask(role, "data.files", args).run()
}

#[test]
fn postgresql_streams_its_rows() {
    let shop = Shop::new(&["a/1", "a/2", "x"], &[]);
    fs::write(shop.root().join(std::ffi::OsStr::from_bytes(b"\xfe")), "abc").unwrap();
    let database = Database::new(
        "create table uploads (path bytea, size numeric, digest bytea);\n\
         insert into uploads values ('a/1', 3, sha256('a/1')), ('a/2', 4, sha256('a/1')), ('gone', null, null), ('\\xfe', 3, sha256('abd')), (null, 1, null)",
    );
    let answer = postgres(&shop, &database, "muster_full", json!({"depth": "content"})).unwrap();
    assert_eq!(
        wrong(&answer),
        [("missing", 1), ("extra", 1), ("size_differs", 1), ("content_differs", 1), ("nameless", 1)]
    );
    assert_eq!(list(&answer, "content_differs_paths"), ["\\xfe"]);
    assert_eq!(int(&answer, "references"), 5);
    assert!(answer.source_clock.is_some());
    let odd = json!({"sql": "select path::varchar(20) || '!' as path, 1::int2 as size from (values ('a'), ('b')) v (path);", "depth": "size"});
    assert_eq!(wrong(&postgres(&shop, &database, "muster_full", odd).unwrap())[0], ("missing", 2));
}

#[test]
fn postgresql_refuses_what_could_change_or_hide() {
    let shop = Shop::new(&["a"], &[]);
    let database = Database::new(
        "create table uploads (path text, size int, digest text);\n\
         insert into uploads values ('a', 1, null);\n\
         alter table uploads enable row level security",
    );
    let failed = |role: &str, args: Json| postgres(&shop, &database, role, args).unwrap_err();
    assert_eq!(failed("postgres", json!({})).cause, Cause::Denied, "a superuser");
    let why = failed("muster_full", json!({}));
    assert_eq!(why.cause, Cause::Denied, "rows are hidden");
    assert!(why.fix.unwrap().contains("BYPASSRLS"));
    assert_eq!(failed("muster_plain", json!({})).cause, Cause::Denied, "no grant");
    assert_eq!(failed("muster_full", json!({"sql": "select 1 as path, 2 as path"})).cause, Cause::Ambiguous);
    assert_eq!(failed("muster_full", json!({"sql": "select 'x' as pfad"})).cause, Cause::Absent);
    let bad = json!({"sql": "select 'a' as path, 'x'::text as size", "depth": "size"});
    assert_eq!(failed("muster_full", bad).cause, Cause::Undecidable);
}

#[test]
fn a_server_that_dies_in_the_middle_is_no_smaller_answer() {
    let shop = Shop::new(&["a"], &[]);
    let database = Database::new("select 1");
    let name = database.name.clone();
    let slow = json!({"sql": "select 'a' as path from generate_series(1, 1000000) n where n < 500000 or pg_sleep(0.05) is not null"});
    let asked = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1_500));
        crate::probe::postgres::testing::run(
            "postgres",
            &format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
        );
    });
    let why = postgres(&shop, &database, "muster_full", slow).unwrap_err();
    asked.join().unwrap();
    assert_eq!(why.cause, Cause::Unreachable, "{why}");
}

#[test]
fn whole_lists_bring_the_files_back() {
    let names: Vec<String> = (0..60).map(|n| format!("d {n}/it's\n{n}")).collect();
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let shop = Shop::new(&files, &files);
    let old = shop.dir.path().join("old");
    let rsync = |args: &[&std::ffi::OsStr]| {
        let done =
            std::process::Command::new("rsync").args(args).status().expect("rsync is needed by this test");
        assert!(done.success());
    };
    let (from, to) = (format!("{}/", old.display()), format!("{}/", shop.root().display()));
    rsync(&["-a".as_ref(), to.as_ref(), from.as_ref()]);
    for file in &files[..50] {
        fs::remove_file(shop.root().join(file)).unwrap();
    }
    let work = shop.dir.path().join("work");
    fs::create_dir(&work).unwrap();
    let answer = shop.ask(json!({})).work(&work).run().unwrap();
    assert_eq!((int(&answer, "missing"), list(&answer, "missing_paths").len()), (50, 20));
    let list = format!("--files-from={}/missing", word(&answer, "lists"));
    rsync(&["-a".as_ref(), "--from0".as_ref(), list.as_ref(), from.as_ref(), to.as_ref()]);
    let answer = shop.ask(json!({})).work(&work).run().unwrap();
    assert_eq!(wrong(&answer), []);
    let left: Vec<_> =
        fs::read_dir(word(&answer, "lists")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(
        left.iter().all(|path| fs::metadata(path).unwrap().len() == 0),
        "nothing is left of the answer before"
    );
    shop.write("extra 1/x", "x");
    let answer = shop.ask(json!({})).work(&work).run().unwrap();
    let list = format!("--files-from={}/extra", word(&answer, "lists"));
    assert_eq!(int(&answer, "extra"), 1);
    let aside = format!("{}/aside/", shop.dir.path().display());
    rsync(&[
        "-a".as_ref(),
        "--from0".as_ref(),
        list.as_ref(),
        "--remove-source-files".as_ref(),
        to.as_ref(),
        aside.as_ref(),
    ]);
    assert_eq!(wrong(&shop.ask(json!({})).run().unwrap()), []);
    assert_eq!(fs::read_to_string(format!("{aside}extra 1/x")).unwrap(), "x");
}

#[test]
fn a_file_that_came_while_it_was_asked_is_neither_missing_nor_extra() {
    let shop = Shop::new(&["a"], &["a"]);
    let root = shop.root();
    // The rows come long after the listing, and with them a file of theirs and another one.
    let slow = "with recursive n(x) as (select 1 union all select x + 1 from n where x < 3000000)
        select path from uploads union all select 'later' from (select max(x) as x from n) where x > 1";
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(150));
        fs::write(root.join("later"), "").unwrap();
        fs::write(root.join("young"), "").unwrap();
    });
    let answer = shop.ask(json!({"sql": slow})).run().unwrap();
    late.join().unwrap();
    assert_eq!((int(&answer, "missing"), int(&answer, "extra")), (0, 0));
}

#[test]
fn more_files_than_memory_holds_are_joined_exactly() {
    let shop = Shop::new(&[], &[]);
    for directory in 0..40 {
        fs::create_dir(shop.root().join(format!("{directory:02}"))).unwrap();
        for file in 0..1_000 {
            fs::write(shop.root().join(format!("{directory:02}/{file:060}")), "").unwrap();
        }
    }
    fs::remove_file(shop.root().join(format!("07/{:060}", 77))).unwrap();
    let sql = "with recursive n(x) as (select 0 union all select x + 1 from n where x < 39998)
        select printf('%02d/%060d', x / 1000, x % 1000) as path from n";
    let answer = shop.both(&json!({"sql": sql}));
    assert_eq!(wrong(&answer), [("missing", 1), ("extra", 1)]);
    assert_eq!(list(&answer, "missing_paths"), [format!("07/{:060}", 77)]);
    assert_eq!(list(&answer, "extra_paths"), [format!("39/{:060}", 999)]);
}

#[test]
fn where_no_mode_was_read_nothing_is_said_to_be_readable() {
    let shop = Shop::new(&["a"], &["a"]);
    fs::set_permissions(shop.root().join("a"), fs::Permissions::from_mode(0o000)).unwrap();
    let answer = shop.both(&json!({}));
    assert_eq!(cell(&answer, 0, "unreadable"), Ok(Value::Null));
    assert_eq!(cell(&answer, 0, "unreadable_paths"), Ok(Value::Null));
    let answer = shop.both(&json!({"reader": "65534"}));
    assert_eq!(list(&answer, "unreadable_paths"), ["a"]);
}

#[test]
fn a_directory_that_is_closed_to_the_reader_closes_its_files_however_they_are_found() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let shop = Shop::new(&["a", "d/e/c", "open/c"], &["a", "d/e/c", "open/c", "link", "to/c"]);
    symlink("d/e/c", shop.root().join("link")).unwrap();
    symlink("d/e", shop.root().join("to")).unwrap();
    fs::set_permissions(shop.root().join("d"), fs::Permissions::from_mode(0o700)).unwrap();
    for depth in ["existence", "size"] {
        let answer = shop.both(&json!({"reader": "65534", "depth": depth}));
        assert_eq!(list(&answer, "unreadable_paths"), ["d/e/c", "link", "to/c"], "{depth}");
    }
    fs::set_permissions(shop.root(), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(int(&shop.both(&json!({"reader": "65534"})), "unreadable"), 5, "the root itself");
}

#[test]
fn contents_that_nobody_could_read_are_not_the_same() {
    as_nobody("probe::data::files::tests::contents_that_nobody_could_read_are_not_the_same", |dir| {
        let shop = Shop { dir: tempfile::tempdir().unwrap() };
        shop.sql("create table uploads (path, size, digest, owner)");
        shop.sql("insert into uploads (path, size, digest) values ('secret', 1, '9dd4e461268c8034f5c8564e155c67a6')");
        for method in ["listing", "lookups"] {
            let args = json!({"root": dir, "ignore": ["test", "closed", "listed"], "depth": "content",
                "algorithm": "md5", "method": method});
            let answer = shop.ask(args).run().unwrap();
            assert_eq!((int(&answer, "unreadable"), int(&answer, "checked_content")), (1, 0), "{method}");
            assert_eq!(cause(&answer, 0, "content_differs"), Cause::Denied, "{method}");
        }
    });
}

#[test]
fn the_root_is_taken_away_behind_another_beginning() {
    let shop = Shop::new(&["a/1"], &[]);
    shop.sql(&format!("insert into uploads (path) values ('file://{}/a/1')", shop.root().display()));
    assert_eq!(wrong(&shop.both(&json!({"strip": ["file://"]}))), []);
}

#[test]
fn mysql_gives_numbers_as_a_person_writes_them() {
    let shop = Shop::new(&["7.jpg", "8.jpg", "9.jpg"], &[]);
    let database = crate::probe::mysql::tests::Database::new(
        "create table uploads (id int, size bigint unsigned, digest int unsigned, owner smallint);
         insert into uploads values (7, 5, crc32('7.jpg'), 0), (8, 5, crc32('8.jpg'), 0), (9, 5, crc32('other'), 0)",
    );
    let args = json!({
        "root": shop.root(), "template": "{path}.jpg", "depth": "content", "algorithm": "crc32",
        "sql": "select id as path, size, hex(digest) as digest, owner from uploads",
    });
    let owner = i64::from(rustix::process::geteuid().as_raw());
    let answer = database.question("muster_reader", ask("data.files", args.clone())).run().unwrap();
    let expected = if owner == 0 {
        vec![("content_differs", 1)]
    } else {
        vec![("content_differs", 1), ("wrong_owner", 3)]
    };
    assert_eq!(wrong(&answer), expected);
    assert_eq!(int(&answer, "checked_content"), 3);
    let mut args = args;
    args["sql"] = json!("select now() as path, size, digest from uploads");
    let why = database.question("muster_reader", ask("data.files", args)).run().unwrap_err();
    assert!(why.what.contains("CAST"), "{why}");
}

#[test]
fn where_everything_is_ignored_nothing_is_said_of_files_without_a_row() {
    let shop = Shop::new(&["a/1", "left/2"], &["a/1"]);
    fs::create_dir(shop.root().join("lost+found")).unwrap();
    let listed = |ignore: Json| shop.ask(json!({"method": "listing", "ignore": ignore})).run().unwrap();
    for ignore in [json!(["*"]), json!(["a", "left", "lost+found"]), json!(["**/*"])] {
        let answer = listed(ignore.clone());
        assert_eq!(cause(&answer, 0, "extra"), Cause::Empty, "{ignore}");
        assert_eq!(cause(&answer, 0, "extra_paths"), Cause::Empty, "{ignore}");
        assert_eq!(int(&answer, "missing"), 0, "what a row names is looked for all the same");
        assert!(int(&answer, "ignored") >= 2, "{ignore}");
    }
    let answer = listed(json!(["left", "lost+found"]));
    assert_eq!((int(&answer, "extra"), int(&answer, "files"), int(&answer, "ignored")), (0, 1, 1));
    let empty = Shop::new(&[], &[]);
    fs::create_dir(empty.root().join("lost+found")).unwrap();
    let answer = empty.ask(json!({"method": "listing"})).run().unwrap();
    assert_eq!(
        (int(&answer, "extra"), int(&answer, "ignored")),
        (0, 0),
        "an empty volume has its own folder"
    );
}
