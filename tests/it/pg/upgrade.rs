//! The minor version of a server, updated in place by what the remedy says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::policies_postgres::{as_postgres, folder};
use crate::trial::{Trial, done, env};

/// The programs of a version that came from npm.
fn material(version: &str) -> PathBuf {
    let material = std::env::var_os("MUSTER_TEST_MATERIAL")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/material"), PathBuf::from);
    material.join(version).join("native")
}

/// A server whose package is a folder, and the package manager that exchanges it.
struct Packaged {
    folder: tempfile::TempDir,
    port: u16,
}

impl Packaged {
    fn new(version: &str) -> Self {
        let folder = folder();
        let made = Self { port: crate::ports::free_port(), folder };
        let at = |name: &str| made.folder.path().join(name).display().to_string();
        done(Command::new("cp").arg("-a").arg(material(version)).arg(at("native")));
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").args(["-R", "postgres", &at("")]));
        }
        let data = at("data");
        done(&mut as_postgres(&[
            &at("native/bin/initdb"),
            "-D",
            &data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
        ]));
        made.sh(&format!(
            "printf \"port = {}\\nlisten_addresses = '127.0.0.1'\\nunix_socket_directories = ''\\n\" >>data/postgresql.conf",
            made.port
        ));
        // What `sudo apt-get install --only-upgrade` does: it exchanges the programs, and the server is restarted.
        for (name, text) in [
            ("sudo", "#!/bin/sh\nexec \"$@\"\n".to_owned()),
            (
                "apt-get",
                format!(
                    "#!/bin/sh -e\n[ \"$1\" = install ] || exit 0\ncd '{}'\nnative/bin/pg_ctl -D data -w -m fast stop\n\
                 rm -rf native\ncp -a '{}' native\nnative/bin/pg_ctl -D data -l log -w start >/dev/null\n",
                    made.folder.path().display(),
                    made.folder.path().join("next").display()
                ),
            ),
        ] {
            let file = made.folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            done(Command::new("chmod").arg("755").arg(file));
        }
        made.sh("native/bin/pg_ctl -D data -l log -w start");
        made
    }

    /// The package that is to be had now.
    fn offer(&self, version: &str) {
        let next = self.folder.path().join("next");
        done(Command::new("cp").arg("-a").arg(material(version)).arg(&next));
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").args(["-R", "postgres"]).arg(next));
        }
    }

    /// A shell of a person on that machine. Not through a pipe, which the server would hold open.
    fn sh(&self, text: &str) {
        let folder = self.folder.path();
        let status = as_postgres(&["sh", "-e", "-c", text])
            .current_dir(folder)
            .env("PATH", format!("{}:{}", folder.display(), env("PATH")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{text}");
    }

    fn sql(&self, sql: &str) -> String {
        let mut psql = Command::new(crate::policies_postgres::program("psql"));
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-c", sql]);
        done(psql.args(["-p", &self.port.to_string()])).trim().to_owned()
    }
}

impl Drop for Packaged {
    fn drop(&mut self) {
        let text = "native/bin/pg_ctl -D data -m immediate stop";
        let ended = as_postgres(&["sh", "-c", text])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

#[test]
fn a_minor_version_is_updated_by_its_remedy() {
    let id = "postgres-minor-version";
    let server = Packaged::new("postgres-13-older");
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    server.sql("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id");
    let url = format!("postgres://watcher@127.0.0.1:{}/postgres", server.port);
    // How old the list is, is another matter: it is told with a warning.
    let trial =
        Trial::new(id, &format!("{{ type: postgres, url: \"{url}\" }}")).set("looked_up_within: 400d");
    let run = trial.run();
    assert_eq!(run.verdict(id), "fail", "{}", run.stdout);
    assert_eq!(run.finding(id)["message"], "13.22 is 1 releases behind 13.23");
    server.offer("postgres-13");
    let shell = trial.steps(&run, "db").into_iter().filter(|(kind, _)| kind == "shell");
    shell.for_each(|(_, text)| server.sh(&text));
    let run = trial.run();
    assert_ne!(run.verdict(id), "fail", "{}", run.stdout);
    assert_eq!(
        (&*server.sql("SHOW server_version"), &*server.sql("SELECT count(*) FROM orders")),
        ("13.23", "1000")
    );
}
