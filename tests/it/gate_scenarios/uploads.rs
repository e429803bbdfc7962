//! A folder of uploads that is moved with its database: files that are missing, truncated, and there too much.

use std::path::PathBuf;

use super::{Gate, Postgres};
use crate::trial::done;

/// An old and a new folder below the shop, and the database that names the files of both.
struct Move {
    gate: Gate,
    _database: Postgres,
}

impl Move {
    fn new() -> Self {
        let database = Postgres::new();
        database.sql(
            "CREATE TABLE uploads (id int PRIMARY KEY, path text NOT NULL UNIQUE, size bigint NOT NULL)",
        );
        database.sql("INSERT INTO uploads SELECT n, 'u/' || n || '.jpg', 100 + n FROM generate_series(1, 60) n; ANALYZE");
        let gate = Gate::new("targets: { nobody: { type: host } }\n");
        gate.project(&format!(
            "targets:\n  db: {}\ngate: {{ moves: {{ db: {{ in_place: true }} }} }}\n\
             overrides: [{{ policy: release-*, set: {{ source_gone: true }} }}, {{ policy: release-files*, set: {{ root: '{}/new' }} }}]\n",
            database.target(),
            gate.shop.path().display()
        ));
        for n in 1..=60 {
            gate.shop.bytes(&format!("old/u/{n}.jpg"), &vec![b'x'; 100 + n]);
        }
        Self { gate, _database: database }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.gate.shop.at(path)
    }

    fn copy(&self, what: &str) {
        let mut cp = std::process::Command::new("cp");
        done(cp.arg("-a").arg(self.at(&format!("old/{what}"))).arg(self.at(&format!("new/{what}"))));
    }
}

#[test]
fn files_that_are_missing_truncated_and_too_many_are_three_findings() {
    let moved = Move::new();
    moved.gate.snapshot();
    std::fs::create_dir(moved.at("new")).unwrap();
    moved.copy("u");
    moved.gate.opens();
    std::fs::remove_file(moved.at("new/u/7.jpg")).unwrap();
    std::fs::write(moved.at("new/u/8.jpg"), "x").unwrap();
    std::fs::write(moved.at("new/u/extra.jpg"), "x").unwrap();
    let run = moved.gate.verify();
    let found = Gate::found(&run);
    assert_eq!(found.len(), 3, "{found:?}\n{}{}", run.stdout, run.stderr);
    for (file, word) in [("u/7.jpg", "missing"), ("u/8.jpg", "size"), ("u/extra.jpg", "extra")] {
        let told = run.findings().into_iter().any(|one| one["message"].as_str().unwrap().contains(file));
        assert!(told, "{word}: {}", run.stdout);
    }
    // do: they are copied again, and what nobody names is moved away
    for file in ["u/7.jpg", "u/8.jpg"] {
        moved.copy(file);
    }
    std::fs::remove_file(moved.at("new/u/extra.jpg")).unwrap();
    moved.gate.opens();
}
