//! One probe, a target that is well, and the ways to break it.

use std::any::Any;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use passmuster::fact::catalogue;
use passmuster::fact::{Declared, Effect, FieldDecl, ProbeDecl, Rows, Ty};

use crate::faults::{Faults, Mode};
use crate::harness::{Run, Shop};
use crate::http::{Http, Reply};
use crate::policies_postgres as postgres;
use crate::tls::{Cert, TlsServer};
use crate::trial::{done, env, unique};

/// What a service says that is well.
pub(super) const WELL: &str = r#"{"amount": 1.5, "seen": "2026-01-01T00:00:00Z"}"#;

/// Probes of tables and schemas of any engine, tried at PostgreSQL.
pub(super) const DATA: &[&str] = &["data.compare", "data.fingerprints", "data.row_counts", "data.schema"];

/// Far longer than any deadline here: who has not ended by then, hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A probe and what it is pointed at. What is public can be changed to break it.
pub(super) struct Stage {
    pub(super) probe: &'static ProbeDecl,
    shop: Shop,
    /// Type and address of the target.
    pub(super) kind: &'static str,
    pub(super) host: String,
    pub(super) addr: Option<SocketAddr>,
    pub(super) database: String,
    pub(super) user: String,
    /// What stands in `with:`, and the file among it.
    pub(super) path: PathBuf,
    pub(super) sql: String,
    /// The only command of the project, and how it is read.
    pub(super) command: Vec<String>,
    pub(super) deadline: &'static str,
    /// What the project says of its store.
    pub(super) store: String,
    /// Look without rights.
    pub(super) nobody: bool,
    kept: Vec<Box<dyn Any>>,
}

/// A MariaDB database that is dropped with this value.
struct MariaDb(String);

impl Drop for MariaDb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            crate::policies_mysql::admin(&format!("DROP DATABASE {}", self.0));
        }
    }
}

/// A client that is ended with this value.
struct Session(Option<std::process::Child>);

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// The library that gives a program another clock.
fn faketime() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let mut found = found.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    found
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("no libfaketime: run tests/run, which installs it"))
}

impl Stage {
    /// The probe before a target that is well.
    pub(super) fn new(probe: &str) -> Self {
        let probe = catalogue::find(probe).unwrap();
        let shop = Shop::new();
        shop.file("data/file", "hello");
        std::fs::set_permissions(shop.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut stage = Self {
            probe,
            kind: probe.targets[0],
            host: "127.0.0.1".into(),
            addr: None,
            database: String::new(),
            user: String::new(),
            path: shop.at("data/file"),
            sql: "SELECT amount, seen FROM items".into(),
            command: Vec::new(),
            deadline: "20s",
            store: String::new(),
            nobody: false,
            shop,
            kept: Vec::new(),
        };
        stage.set_up();
        stage
    }

    fn set_up(&mut self) {
        match self.probe.name {
            "file.stat" => {}
            // The path is that of the evidence.
            "attestation.latest" => self.attests("at: 2026-06-01", "[{ link: data/file }]"),
            "file.set" | "file.tree" | "file.volume" | "disk.usage" => {
                self.path = self.shop.at("data");
            }
            "data.files" => {
                self.path = self.shop.at("data");
                self.sql = "SELECT path, size, owner FROM uploads".into();
                self.real_postgres();
                self.database_sql("CREATE TABLE uploads (path text, size bigint, owner text)");
                self.database_sql("INSERT INTO uploads VALUES ('file', 5, NULL)");
            }
            "certificate.file" => {
                self.write(Cert::own("shop.example.org", |_| {}).unwrap().pem().as_bytes());
            }
            "command.output" => self.prints(&format!("echo '{WELL}'")),
            "job.canary" => self.queues(),
            "tcp.port" | "http.response" | "job.finished" => {
                self.answers(Reply::with(
                    200,
                    &[("Content-Type", "application/json"), ("Location", "/")],
                    WELL,
                ));
            }
            "tls.chain" => self.presents(|_| {}),
            name if name.starts_with("sqlite.") => {
                self.path = self.shop.at("data/shop.db");
                self.sqlite("CREATE TABLE items (id INTEGER PRIMARY KEY, amount REAL, seen TEXT)");
                self.sqlite("INSERT INTO items VALUES (1, 1.5, '2026-01-01T00:00:00Z')");
            }
            "data.compare" => {
                self.real_postgres();
                self.at("data/old.db");
                self.sqlite("CREATE TABLE items (id INTEGER PRIMARY KEY, amount REAL, seen TEXT)");
                self.sqlite("INSERT INTO items VALUES (1, 1.5, '2026-01-01T00:00:00Z')");
            }
            name if name.starts_with("postgres.") || DATA.contains(&name) => self.real_postgres(),
            name if name.starts_with("pgbouncer.") => {
                (self.database, self.user) = ("pgbouncer".into(), "muster_monitor".into());
                self.addr = Some(([127, 0, 0, 1], env("MUSTER_TEST_PGBOUNCER_PORT").parse().unwrap()).into());
            }
            "mysql.query" => self.real_mysql(),
            name if name.starts_with("project.") => self.remembers(),
            name => panic!("`{name}` is new: set up a target for it here, and add it to the table"),
        }
    }

    fn real_postgres(&mut self) {
        let made = postgres::Database::new(&[
            "CREATE TABLE items (id int PRIMARY KEY, amount float8, seen timestamptz)",
            "INSERT INTO items VALUES (1, 1.5, '2026-01-01')",
            "VACUUM ANALYZE items",
            // Beyond pg_monitor, so that all can be seen.
            "GRANT EXECUTE ON FUNCTION pg_hba_file_rules(), pg_show_all_file_settings(), pg_stat_file(text, boolean) TO muster_full",
            "GRANT SELECT ON pg_authid, pg_hba_file_rules, pg_file_settings TO muster_full",
            "SELECT pg_stat_force_next_flush()",
        ]);
        made.name().clone_into(&mut self.database);
        self.user = "muster_full".into();
        self.addr = Some(([127, 0, 0, 1], env("MUSTER_TEST_PG_PORT").parse().unwrap()).into());
        self.keep(made);
    }

    fn real_mysql(&mut self) {
        self.database = unique();
        self.user = "muster_reader".into();
        self.addr = Some(([127, 0, 0, 1], env("MUSTER_TEST_MARIADB_PORT").parse().unwrap()).into());
        self.database_sql(&format!("CREATE DATABASE {}", self.database));
        self.keep(MariaDb(self.database.clone()));
        self.database_sql(&format!(
            "CREATE TABLE {0}.items (id int PRIMARY KEY, amount double, seen timestamp); \
             INSERT INTO {0}.items VALUES (1, 1.5, '2026-01-01')",
            self.database
        ));
    }

    /// Runs statements as the database's administrator.
    pub(super) fn database_sql(&self, sql: &str) {
        if self.kind == "mysql" {
            crate::policies_mysql::admin(sql);
        } else {
            postgres::shared(&self.database, sql);
        }
    }

    /// A PostgreSQL server whose clock is set back by two years while it runs: what it did before lies in the
    /// future.
    pub(super) fn set_back(&mut self) {
        let clock =
            |folder: &std::path::Path, ahead: &str| std::fs::write(folder.join("clock"), ahead).unwrap();
        let server = postgres::Server::within("autovacuum = off", |folder| {
            clock(folder, "+730d");
            vec![
                ("LD_PRELOAD", faketime().display().to_string()),
                ("FAKETIME_TIMESTAMP_FILE", folder.join("clock").display().to_string()),
                ("FAKETIME_NO_CACHE", "1".into()),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ]
        });
        server.sql("CREATE ROLE muster LOGIN IN ROLE pg_monitor");
        server.sql("GRANT EXECUTE ON FUNCTION pg_hba_file_rules(), pg_show_all_file_settings(), pg_stat_file(text, boolean) TO muster");
        server.sql("CREATE TABLE items (id int PRIMARY KEY)");
        server.sql("INSERT INTO items VALUES (1)");
        // The cluster was made by the true clock.
        server.sql("SELECT pg_stat_reset(), pg_stat_reset_shared('archiver'), pg_stat_reset_shared('bgwriter'), pg_stat_reset_shared('wal')");
        server.sql("VACUUM ANALYZE items");
        server.sql("CHECKPOINT");
        server.sql("SELECT pg_stat_force_next_flush()");
        self.keep(Session(Some(server.session("postgres", "BEGIN;"))));
        clock(server.folder(), "+0d");
        // Its files have the kernel's time.
        server.shell("touch -d '+2 years' $PGDATA/*.conf");
        self.addr = Some(([127, 0, 0, 1], server.port()).into());
        (self.user, self.database) = ("muster".into(), "postgres".into());
        self.keep(server);
    }

    /// A PostgreSQL server without any other client.
    pub(super) fn alone(&mut self) {
        let server = postgres::Server::new("autovacuum = off");
        server.sql("CREATE ROLE muster LOGIN IN ROLE pg_monitor");
        self.addr = Some(([127, 0, 0, 1], server.port()).into());
        (self.user, self.database) = ("muster".into(), "postgres".into());
        self.keep(server);
    }

    /// Runs statements on the SQLite file.
    pub(super) fn sqlite(&self, sql: &str) {
        done(Command::new("sqlite3").arg(&self.path).arg(sql));
    }

    /// Lives as long as the stage.
    pub(super) fn keep(&mut self, what: impl Any) {
        self.kept.push(Box::new(what));
    }

    /// Another file of the shop.
    pub(super) fn at(&mut self, path: &str) -> PathBuf {
        self.path = self.shop.at(path);
        self.path.clone()
    }

    /// The content of the file.
    pub(super) fn write(&self, content: &[u8]) {
        std::fs::write(&self.path, content).unwrap();
    }

    /// A pipe in place of the file, into which nobody writes.
    pub(super) fn pipe(&self) {
        std::fs::remove_file(&self.path).unwrap();
        done(Command::new("mkfifo").arg(&self.path));
    }

    /// The directory of the file in its place.
    pub(super) fn above(&mut self) {
        self.path.pop();
    }

    /// A symbolic link that leads back to itself; the target is behind it.
    pub(super) fn looped(&mut self) {
        std::os::unix::fs::symlink("loop", self.at("data/loop")).unwrap();
        self.path = self.path.join("x");
    }

    /// Its directory, which nobody else may search, and a user without rights.
    pub(super) fn closed(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o700 } else { 0o000 });
        let inside = self.shop.at("data/closed");
        std::fs::create_dir(&inside).unwrap();
        let inner = inside.join("x");
        std::fs::rename(&self.path, &inner).or_else(|_| std::fs::write(&inner, "x")).unwrap();
        std::fs::set_permissions(&inside, mode).unwrap();
        self.path = inner;
        self.nobody = true;
    }

    /// The last change of the file lies in the future.
    pub(super) fn touched_in_the_future(&self) {
        let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
        for path in [self.path.clone(), self.path.join("file")].iter().filter(|path| path.is_file()) {
            std::fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
        }
    }

    /// A project that remembers a run, in which something was found.
    fn remembers(&mut self) {
        self.path = self.shop.at("data/store.db");
        self.shop
            .file("house.yaml", "framework: house\ntitle: House\ncontrols: [{ id: a, title: It is kept }]\n");
        self.shop.policy(
            "kept",
            "controls: [a]\ntarget: { type: project }\nobserve: { x: { probe: project.checks } }\neach: x\nfail: policy == \"kept\"\n",
        );
        self.store = format!(
            "frameworks: [house.yaml]\nstore: {{ path: '{}' }}\nowner: team\nwaivers: [{{ policy: kept, subject: none.there, reason: a test, owner: team, ticket: X-1, expires: {} }}]\n",
            self.path.display(),
            crate::harness::in_days(30)
        );
        self.run_once(None);
    }

    fn run_once(&self, time: Option<&str>) {
        self.shop.project(&format!(
            "policies: [policies/]\ntargets: {{ there: {{ type: project }} }}\n{}",
            self.store
        ));
        let mut command = self.shop.command(&["check"]);
        if let Some(time) = time {
            command
                .env("LD_PRELOAD", faketime())
                .env("FAKETIME", time)
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let run = Run::of(command.spawn().unwrap());
        assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
        // So that it is in the store, and not beside it.
        drop(Run::of(self.shop.command(&["history"]).spawn().unwrap()));
    }

    /// Its only run was made by a clock that was years ahead.
    pub(super) fn remembers_the_future(&mut self) {
        for file in ["data/store.db-runs", "data/store.db"].map(|name| self.shop.at(name)) {
            if file.is_dir() {
                std::fs::remove_dir_all(file).unwrap();
            } else {
                std::fs::remove_file(file).unwrap();
            }
        }
        let soon = crate::harness::in_days(20);
        self.run_once(Some(&format!("@{soon} 00:00:00")));
    }

    /// All that it remembers was forgotten.
    pub(super) fn pruned(&mut self) {
        let tomorrow = format!("{}T00:00:00Z", crate::harness::in_days(1));
        let run = Run::of(self.shop.command(&["store", "prune", "--before", &tomorrow]).spawn().unwrap());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }

    /// The folder of its store may not be searched.
    pub(super) fn closed_memory(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o700 } else { 0o000 });
        std::fs::set_permissions(self.shop.at("data"), mode).unwrap();
        self.nobody = true;
    }

    /// What the probe alone says has this cause.
    pub(super) fn probed(&self, cause: &str) -> Result<(), String> {
        let run = Run::of(self.command(&["probe", self.probe.name, "--format", "json"]).spawn().unwrap());
        if run.code == 3 && run.stdout.contains(&format!("\"{cause}\"")) {
            return Ok(());
        }
        Err(format!("exit code {}: {}{}", run.code, run.stdout, run.stderr))
    }

    /// The project has no store.
    pub(super) fn forgets(&mut self) {
        let kept = self.store.lines().filter(|line| !line.starts_with("store:"));
        self.store = kept.map(|line| format!("{line}\n")).collect();
    }

    /// The store is one that machines share, at this place.
    pub(super) fn shares(&mut self, place: &str) {
        let path = format!("path: '{}'", self.path.display());
        let shared = format!(
            "url: 'postgres://muster@{place}/muster', path: '{}', deadline: 1s",
            self.shop.at("data/copy.db").display()
        );
        self.store = self.store.replace(&path, &shared);
    }

    /// The same, behind a server that does so.
    pub(super) fn shares_with(&mut self, mode: Mode) {
        let server = Faults::greeting(b"", mode).unwrap();
        let place = server.addr().to_string();
        self.keep(server);
        self.shares(&place);
    }

    /// What is attested: when, and by which evidence.
    pub(super) fn attests(&mut self, at: &str, evidence: &str) {
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let evidence = evidence.replace("data/file }", &format!("data/file, sha256: {digest} }}"));
        let shown =
            if evidence.is_empty() { "no_evidence: none".into() } else { format!("evidence: {evidence}") };
        self.shop.file(
            "attestations/a.yaml",
            &format!("attestation: a\nby: team\n{at}\nlooked_at: it\nresult: holds\n{shown}\nvalid_until: 2199-12-31\n"),
        );
    }

    /// The file with what is attested may not be read.
    pub(super) fn closed_attestations(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o600 } else { 0o000 });
        std::fs::set_permissions(self.shop.at("attestations/a.yaml"), mode).unwrap();
        self.nobody = true;
    }

    /// The folder with it may not be searched.
    pub(super) fn closed_folder(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o700 } else { 0o000 });
        std::fs::set_permissions(self.shop.at("attestations"), mode).unwrap();
        self.nobody = true;
    }

    /// The file may not be read.
    pub(super) fn closed_file(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o600 } else { 0o000 });
        std::fs::set_permissions(&self.path, mode).unwrap();
        self.nobody = true;
    }

    /// The command is this shell script.
    pub(super) fn prints(&mut self, script: &str) {
        self.shop.file("script", script);
        self.command = vec!["/bin/sh".into(), self.shop.at("script").display().to_string()];
    }

    /// The service gives this answer.
    pub(super) fn answers(&mut self, reply: Reply) {
        let http = Http::always(reply).unwrap();
        self.addr = Some(http.addr());
        self.keep(http);
    }

    /// The service answers a call of such a method with this status.
    pub(super) fn answers_calls(&mut self, post: u16, get: u16, delete: u16) {
        let http = Http::start(move |asked| {
            let status = match &*asked.method {
                "POST" => post,
                "GET" => get,
                _ => delete,
            };
            Reply::new(status, "text/plain", "so it is")
        });
        let http = http.unwrap();
        self.addr = Some(http.addr());
        self.keep(http);
    }

    /// The service takes jobs, and knows which it was given.
    fn queues(&mut self) {
        let queued = std::sync::Mutex::new(std::collections::BTreeSet::new());
        let http = Http::start(move |asked| {
            let mut queued = queued.lock().unwrap();
            let status = match &*asked.method {
                "POST" => {
                    queued.insert(asked.path.clone());
                    200
                }
                "GET" if queued.contains(&asked.path) => 200,
                "GET" => 404,
                _ => 204,
            };
            Reply::new(status, "text/plain", "so it is")
        });
        let http = http.unwrap();
        self.addr = Some(http.addr());
        self.keep(http);
    }

    /// The service presents such a certificate, of an authority that the target trusts.
    pub(super) fn presents(&mut self, change: impl FnOnce(&mut rcgen::CertificateParams)) {
        let root = Cert::root("Test CA").unwrap();
        self.shop.file("ca.pem", &root.pem());
        let leaf = root.sign("127.0.0.1", change).unwrap();
        let server = TlsServer::start(leaf.serving(&[]).unwrap()).unwrap();
        self.addr = Some(server.addr());
        self.keep(server);
    }

    /// The file with the authorities may not be read.
    pub(super) fn closed_authorities(&mut self) {
        let mode = std::fs::Permissions::from_mode(if is_root() { 0o600 } else { 0o000 });
        std::fs::set_permissions(self.shop.at("ca.pem"), mode).unwrap();
        self.nobody = true;
    }

    /// The file with the authorities is a pipe.
    pub(super) fn piped_authorities(&mut self) {
        let file = std::mem::replace(&mut self.path, self.shop.at("ca.pem"));
        self.pipe();
        (self.path, self.deadline) = (file, "1s");
    }

    /// A server that breaks stands before the real one.
    pub(super) fn breaks(&mut self, mode: Mode) {
        let faults = Faults::before(self.addr.unwrap(), mode).unwrap();
        self.addr = Some(faults.addr());
        self.keep(faults);
    }

    /// A server that says this as soon as somebody connects.
    pub(super) fn greets(&mut self, words: &[u8]) {
        let faults = Faults::greeting(words, Mode::Forward).unwrap();
        self.addr = Some(faults.addr());
        self.keep(faults);
    }

    /// What the policy declares besides the fixed facts.
    fn declared(&self) -> &'static str {
        match self.probe.declared {
            Declared::No => "",
            _ if matches!(self.probe.name, "command.output" | "http.response") => {
                ", facts: { amount: { type: float, at: /amount }, seen: { type: time, at: /seen } }"
            }
            _ => ", facts: { amount: float, seen: time }",
        }
    }

    fn with(&self) -> String {
        let path = self.path.display();
        match self.probe.name {
            "file.set" => format!("root: '{path}'"),
            "file.tree" => format!("root: '{path}', within: {}", self.deadline),
            "data.files" => {
                format!("root: '{path}', sql: {:?}, depth: size, within: {}", self.sql, self.deadline)
            }
            "file.stat" | "disk.usage" | "certificate.file" => format!("path: '{path}'"),
            "file.volume" => {
                let user = if self.user.is_empty() {
                    rustix::process::geteuid().to_string()
                } else {
                    self.user.clone()
                };
                format!("path: '{path}', sentinel: file, user: '{user}'")
            }
            "job.canary" => format!(
                "enqueue: '/canary/{{token}}', finished: '/canary/{{token}}', clean: '/canary/{{token}}', wait: 500ms, interval: 50ms, within: {}",
                self.deadline
            ),
            "job.finished" => format!("path: /, at: /seen, within: {}", self.deadline),
            "command.output" => "command: it, format: json".into(),
            name if name.ends_with(".query") => format!("sql: {:?}", self.sql),
            "data.compare" => {
                format!("source: old, map: '{{\"schema\": \"public\"}}', within: {}", self.deadline)
            }
            // Their own patience goes before that of the target.
            name if DATA.contains(&name) => format!("within: {}", self.deadline),
            _ => String::new(),
        }
    }

    fn target(&self) -> String {
        let place = || format!("{}:{}", self.host, self.addr.unwrap().port());
        let rest = match self.kind {
            "host" | "project" => String::new(),
            "sqlite" => format!(", path: '{}'", self.path.display()),
            "postgres" | "pgbouncer" | "mysql" => format!(
                ", url: '{}://{}@{}/{}', password: {{ env: SECRET }}",
                if self.kind == "mysql" { "mysql" } else { "postgres" },
                self.user,
                place(),
                self.database
            ),
            _ => match self.probe.name {
                "tls.chain" => format!(", url: 'tls://{}', tls: {{ ca: ca.pem }}", place()),
                "tcp.port" => format!(", url: 'tcp://{}'", place()),
                _ => format!(", url: 'http://{}/'", place()),
            },
        };
        let scratch = if self.probe.effect == Effect::Scratch { ", scratch: true" } else { "" };
        format!("{{ type: {}{rest}{scratch}, limits: {{ deadline: {} }} }}", self.kind, self.deadline)
    }

    /// Judges each of these rules, by the id of its policy.
    pub(super) fn judge(&mut self, rules: &[(String, String)]) -> Result<Run, String> {
        if matches!(self.probe.name, "tcp.port" | "tls.chain") {
            self.kind = "service";
        }
        let commands = serde_json::json!({ "it": self.command });
        let commands =
            if self.command.is_empty() { String::new() } else { format!("commands: {commands}\n") };
        let old = match self.probe.name {
            "data.compare" => format!("  old: {{ type: sqlite, path: '{}' }}\n", self.path.display()),
            _ => String::new(),
        };
        let there = self.target();
        let store = &self.store;
        self.shop
            .project(&format!("policies: [policies/]\n{commands}targets:\n  there: {there}\n{old}{store}"));
        let each = if self.probe.rows == Rows::Many { "each: x\n" } else { "" };
        for (id, rule) in rules {
            self.shop.policy(
                id,
                &format!(
                    "target: {{ type: {} }}\nobserve: {{ x: {{ probe: {}, with: {{ {} }}{} }} }}\n{each}fail: {rule:?}\n",
                    self.kind,
                    self.probe.name,
                    self.with(),
                    self.declared()
                ),
            );
        }
        self.run()
    }

    fn run(&mut self) -> Result<Run, String> {
        let password =
            if self.kind == "mysql" { "MUSTER_TEST_MARIADB_PASSWORD" } else { "MUSTER_TEST_PG_PASSWORD" };
        if matches!(self.kind, "mysql" | "pgbouncer" | "postgres") {
            self.shop.env("SECRET", &env(password));
        }
        ends(self.command(&["check", "--format", "json"]))
    }

    /// The command, as a user without rights where that is wanted.
    fn command(&self, arguments: &[&str]) -> Command {
        let own = self.shop.at("muster");
        let mut command = self.shop.command(arguments);
        if self.nobody && is_root() {
            // What this process writes is busy as long as a child of another test, forked meanwhile, has it open too.
            let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_muster")).arg(&own).status().unwrap();
            assert!(copied.success());
            let inner = command;
            command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&own)
                .args(inner.get_args());
            command.current_dir(self.shop.path()).env_clear();
            command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for closed in ["data", "data/closed", "attestations"].map(|name| self.shop.at(name)) {
            if closed.exists() {
                std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o700)).unwrap();
            }
        }
    }
}

/// Runs to the end, which must come.
fn ends(mut command: Command) -> Result<Run, String> {
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let read = |from: &mut dyn std::io::Read| {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    };
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let readers = (
        std::thread::spawn(move || read(&mut out)),
        std::thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).unwrap();
            text
        }),
    );
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("it had not ended after {PATIENCE:?}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let (stdout, stderr) = (readers.0.join().unwrap(), readers.1.join().unwrap());
    let report: Option<serde_json::Value> = serde_json::from_str(&stdout).ok();
    if report.as_ref().is_none_or(|report| report["checks"].is_null()) {
        return Err(format!("no report: {stdout}{stderr}"));
    }
    Ok(Run { code: status.code().unwrap_or(-1), stdout, stderr, report })
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// One rule for each fact that is not the key, which reads that fact and no other.
pub(super) fn every_fact(probe: &ProbeDecl) -> Vec<(String, String)> {
    const OWN: [FieldDecl; 2] = [
        passmuster::fact::field("amount", Ty::Float, "1.5", "declared"),
        passmuster::fact::field("seen", Ty::Time, "2026-01-01T00:00:00Z", "declared"),
    ];
    let own: &[FieldDecl] = if probe.declared == Declared::No { &[] } else { &OWN };
    // A part of the argument, known without looking.
    let is_echo =
        |fact: &&FieldDecl| probe.key.contains(&fact.name) || (probe.name, fact.name) == ("file.set", "root");
    let facts = probe.facts.iter().filter(|fact| !is_echo(fact)).chain(own);
    // What no rule compares comes with the others of its answer.
    facts.filter_map(|fact| Some((fact.name.replace('_', "-"), crate::contract::rule(fact)?))).collect()
}
