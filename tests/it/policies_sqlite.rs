//! The policies of the area `sqlite` on real files.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::trial::{Trial, carry_out, done, none};

/// A file in a folder of its own; its name needs quotes in a shell.
struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn new(sql: &str) -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap() };
        made.sql(sql);
        made
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("the shop's.db")
    }

    fn sql(&self, sql: &str) {
        done(Command::new("sqlite3").arg("-bail").arg(self.path()).arg(sql));
    }

    fn shell(&self, text: &str) {
        done(Command::new("sh").args(["-e", "-c", text]).current_dir(self.folder.path()));
    }

    fn trial(&self, policy: &'static str) -> Trial {
        Trial::new(policy, &format!("{{ type: sqlite, path: \"{}\" }}", self.path().display()))
    }
}

const ROWS: &str =
    "create table orders (id integer primary key, note text); create index by_note on orders (note);
    insert into orders select value, 'note ' || value from generate_series(1, 20000);";

#[test]
fn a_damaged_file_is_recovered() {
    let file = File::new(ROWS);
    let trial = file.trial("sqlite-integrity");
    trial.finds(&[], 1);
    let opened = std::fs::OpenOptions::new().write(true).open(file.path()).unwrap();
    opened.write_all_at(&[0xa5; 512], 40 * 4096).unwrap();
    let steps = trial.steps(&trial.finds(&[("db", "fail")], 0), "db");
    // do: nobody has the file open; the copy is not needed here; there is no backup
    carry_out(&steps, none, |text| file.shell(text));
    trial.finds(&[], 1);
    let saved = done(Command::new("sqlite3").arg(file.path()).arg("select count(*) from orders"));
    assert!(saved.trim().parse::<u32>().unwrap() > 10_000, "{saved}");
}

#[test]
fn orphans_are_found() {
    let file = File::new(
        "create table parents (id integer primary key); insert into parents values (1);
         create table children (parent references parents (id)); insert into children values (1);",
    );
    let trial = file.trial("sqlite-foreign-keys");
    trial.finds(&[], 1);
    file.sql("insert into children values (7)");
    let steps = trial.steps(&trial.finds(&[("db", "fail")], 0), "db");
    carry_out(&steps, |text| file.sql(text), none);
    // do: delete the orphans
    file.sql("delete from children where rowid in (select rowid from pragma_foreign_key_check)");
    trial.finds(&[], 1);
}

#[test]
fn free_pages_are_given_back() {
    let file = File::new(ROWS);
    let trial = file.trial("sqlite-free-pages").set("min_size: 64KiB");
    trial.finds(&[], 1);
    file.sql("delete from orders where id % 100 > 0");
    file.sql("delete from orders where id > 2000");
    let steps = trial.steps(&trial.finds(&[("db", "fail")], 0), "db");
    // do: there is room, and nobody waits
    carry_out(&steps, |text| file.sql(text), none);
    trial.finds(&[], 1);
}

#[test]
fn a_log_that_grows_is_checkpointed() {
    let file = File::new("pragma journal_mode = wal; create table orders (note text)");
    let trial = file.trial("sqlite-wal-size").set("warn_at: 64KiB, fail_at: 256KiB");
    trial.finds(&[], 1);
    let mut reader = Command::new("sqlite3")
        .arg(file.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = reader.stdin.take().unwrap();
    writeln!(input, "begin; select count(*) from orders;").unwrap();
    let mut line = String::new();
    BufReader::new(reader.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "0\n");
    file.sql("insert into orders select hex(randomblob(500)) from generate_series(1, 1000)");
    let run = trial.finds(&[("db", "fail")], 0);
    let steps = trial.steps(&run, "db");
    // The first step names who holds the file.
    let holders = done(Command::new("sh").args(["-e", "-c", &steps[0].1]));
    assert!(holders.contains(&format!("/proc/{}/fd/", reader.id())), "{holders}");
    // do: end the reader; killed, it leaves the log as it is
    reader.kill().unwrap();
    reader.wait().unwrap();
    trial.finds(&[("db", "fail")], 0);
    carry_out(&steps, |text| file.sql(text), |text| file.shell(text));
    trial.finds(&[], 1);
}

#[test]
fn tables_without_statistics_are_analyzed() {
    let file = File::new(ROWS);
    file.sql(
        "create table \"index\" (a, b); create index by_b on \"index\" (b);
              insert into \"index\" select value, value from generate_series(1, 20000); analyze orders",
    );
    let trial = file.trial("sqlite-statistics");
    let steps = trial.steps(&trial.finds(&[("\"index\"", "fail")], 1), "\"index\"");
    carry_out(&steps, |text| file.sql(text), none);
    trial.finds(&[], 2);
}
