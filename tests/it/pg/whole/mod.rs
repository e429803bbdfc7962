//! What holds over all probes and policies of PostgreSQL, driven by the catalogue, so that a new one is held to it
//! without a line here. An exception has a name and a reason.

mod agreement;
mod bad_input;
mod grants;
pub(crate) mod page;
mod safety;
mod versions;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use passmuster::fact::{
    Args, Cell, Declared, Missing, Observation, ProbeDecl, Request, Table, catalogue, parse_literal, row_name,
};
use passmuster::observe::{Cancel, Ledger, Live, Observer as _};
use passmuster::probe::{Databases, SystemClock, Target};
use passmuster::secret::{Redactor, Secret};

use crate::harness::Shop;
use crate::policies_postgres::{Server, program};
use crate::trial::{env, unique};

/// The probes of the area that can be asked without arguments.
pub(super) fn probes() -> Vec<&'static ProbeDecl> {
    let own = |probe: &&&ProbeDecl| probe.name.starts_with("postgres.");
    let asks = |probe: &&&ProbeDecl| {
        probe.declared != Declared::Required && !probe.params.iter().any(|param| param.required)
    };
    catalogue::PROBES.iter().filter(own).filter(asks).copied().collect()
}

/// A server with a database of its own in which something of everything is wrong.
pub(super) struct Cluster {
    pub(super) major: i64,
    pub(super) port: u16,
    pub(super) database: String,
    password: String,
    sessions: Vec<Child>,
    server: Option<Server>,
    _alone: Option<MutexGuard<'static, ()>>,
}

/// What such a server of one's own is started with.
pub(super) const SETTINGS: &str = "fsync = off\nautovacuum = off\nwal_level = logical\nmax_prepared_transactions = 10\n\
    track_io_timing = on\nlog_connections = on\nlog_statement = all\nlog_line_prefix = '%p %a|'\n\
    timezone = 'Asia/Kolkata'";

/// The roles of the privilege matrix.
const ROLES: &str = "CREATE ROLE muster_plain LOGIN; CREATE ROLE muster_monitor LOGIN IN ROLE pg_monitor;";

impl Cluster {
    /// Debian's version, a server of its own.
    pub(super) fn own() -> Self {
        Self::own_with(SETTINGS)
    }

    pub(super) fn own_with(settings: &str) -> Self {
        let server = Server::new(settings);
        server.sql(ROLES);
        // Frozen everywhere but in template0, which nobody can enter.
        for _ in 0..3 {
            server.sql("SELECT pg_current_xact_id()");
        }
        for database in ["postgres", "template1"] {
            crate::trial::done(server.psql("postgres").args(["-d", database, "-c", "VACUUM FREEZE"]));
        }
        let port = server.port();
        let mut made = Self::empty(15, port, String::new(), Some(server), None);
        made.fill();
        made
    }

    /// The oldest or the newest version, one test at a time, because what is of the server is seen by all.
    pub(super) fn other(major: i64) -> Self {
        Self::at(major, env(&format!("MUSTER_TEST_PG{major}_PORT")).parse().unwrap())
    }

    fn at(major: i64, port: u16) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Self::empty(major, port, env("MUSTER_TEST_PG_PASSWORD"), None, Some(alone));
        made.fill();
        made
    }

    /// All versions, the newest last: those that `tests/services` starts, and those of `MUSTER_TEST_PG_MORE`.
    pub(super) fn each(mut with: impl FnMut(&Self)) {
        for major in 13..=18 {
            match (major, further(major)) {
                (15, _) => with(&Self::own()),
                (13 | 18, _) => with(&Self::other(major)),
                (_, Some(port)) => with(&Self::at(major, port)),
                (_, None) => {}
            }
        }
    }

    fn empty(
        major: i64,
        port: u16,
        password: String,
        server: Option<Server>,
        alone: Option<MutexGuard<'static, ()>>,
    ) -> Self {
        Self { major, port, database: unique(), password, sessions: Vec::new(), server, _alone: alone }
    }

    fn fill(&mut self) {
        self.run("postgres", &format!("CREATE DATABASE {}", self.database));
        self.script(&text("neglected.sql"));
        self.script(&text("neglected_server.sql"));
        self.sessions = vec![
            self.session("BEGIN; UPDATE customers SET name = 'x' WHERE id = 1;"),
            self.waiting("UPDATE customers SET name = 'y' WHERE id = 1;"),
        ];
    }

    /// Ends whoever holds a lock in it, so that others can be taken.
    pub(super) fn release(&mut self) {
        for mut child in self.sessions.drain(..) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        self.sql(&format!("ROLLBACK PREPARED '{}'", self.database));
        while self
            .sql("SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND pid <> pg_backend_pid()")
            .trim()
            != "0"
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(super) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(program("psql"));
        psql.args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", database]);
        psql.args(["-p", &self.port.to_string()]).env("PGPASSWORD", &self.password);
        psql.args(["-v", &format!("name={}", self.database)]);
        psql.args(["-v", &format!("expired={}_expired", self.database)]);
        psql
    }

    /// Statements in one go, and what they answer.
    pub(super) fn run(&self, database: &str, sql: &str) -> String {
        crate::trial::done(self.psql(database).args(["-c", sql]))
    }

    pub(super) fn sql(&self, sql: &str) -> String {
        self.run(&self.database, sql)
    }

    /// A file of statements, and what they answer.
    pub(super) fn script(&self, text: &str) -> String {
        let mut child = self
            .psql(&self.database)
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}: {}", self.major, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A session that has done this, and stays.
    pub(super) fn session(&self, sql: &str) -> Child {
        let mut child =
            self.psql(&self.database).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "{sql} SELECT 'ready';").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        child
    }

    /// A session that waits for another.
    fn waiting(&self, sql: &str) -> Child {
        let child = self.psql(&self.database).args(["-c", sql]).stdout(Stdio::null()).spawn().unwrap();
        let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        while self.sql(waits).trim() == "0" {
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    /// Its address for a role.
    pub(super) fn url(&self, role: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{}", self.port, self.database)
    }

    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// What all probes answer a role, in one run.
    pub(super) fn look(&self, role: &str) -> Seen {
        look(&self.url(role), &self.password, &probes())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for mut child in self.sessions.drain(..) {
            drop(child.kill());
            drop(child.wait());
        }
        if self.server.is_some() || std::thread::panicking() {
            return;
        }
        let name = &self.database;
        self.sql(&format!("ROLLBACK PREPARED '{name}'"));
        self.sql(&format!("SELECT pg_drop_replication_slot('{name}')"));
        self.sql(&format!("DROP SUBSCRIPTION {name}"));
        self.run("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
        self.run("postgres", &format!("DROP ROLE {name}_expired"));
    }
}

/// The port of a further server that somebody started by hand: `MUSTER_TEST_PG_MORE="14=5414 17=5417"`, each made like
/// those of `start_other` in `tests/services`, and with the roles of the privilege matrix.
fn further(major: i64) -> Option<u16> {
    let all = std::env::var("MUSTER_TEST_PG_MORE").ok()?;
    let port = all.split_whitespace().find_map(|one| one.strip_prefix(&format!("{major}=")));
    port.map(|port| port.parse().unwrap())
}

/// A file beside this one.
fn text(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pg/whole");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Answers by probe.
pub(super) type Seen = BTreeMap<&'static str, Observation>;

/// Arguments as they are by default.
fn request(probe: &ProbeDecl) -> Request {
    let mut args = Args::default();
    for param in probe.params {
        let ty = param.ty.ty();
        if let Some(text) = param.default {
            args.insert(Arc::from(param.name), parse_literal(text, &ty).unwrap(), ty);
        }
    }
    Request::new(probe.name, "there", args, Arc::new(probe.schema()), Vec::new())
}

/// What these probes see at an address, costly facts and all.
pub(super) fn look(url: &str, password: &str, probes: &[&'static ProbeDecl]) -> Seen {
    look_with(url, password, probes, Databases::One)
}

/// The same in these databases.
pub(super) fn look_with(
    url: &str,
    password: &str,
    probes: &[&'static ProbeDecl],
    databases: Databases,
) -> Seen {
    let requests: Vec<Request> = probes.iter().map(|probe| request(probe)).collect();
    let redactor = Redactor::new();
    let target = Target {
        name: "there".into(),
        kind: "postgres".into(),
        url: Some(url.parse().unwrap()),
        databases,
        // A second one would be seen by the probes of sessions, or not, as the machine is fast.
        connections: 1,
        password: (!password.is_empty()).then(|| Secret::new(password, &redactor)),
        ..Target::default()
    };
    let live = Live {
        targets: [(Arc::from("there"), Arc::new(target))].into(),
        unusable: [].into(),
        clock: Arc::new(SystemClock),
        redactor,
        jobs: 2,
        deadline: Duration::from_secs(30),
        run: None,
        max_rows: 200_000,
        cancel: Cancel::default(),
        progress: None,
        ledger: Ledger::default(),
        work: None,
        salt: Arc::default(),
        house: None,
        host: Arc::from("here"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answers = runtime.block_on(live.observe(&requests));
    probes.iter().map(|probe| probe.name).zip(answers).collect()
}

/// The rows of an answer by their key; the only row of an answer without one has none.
pub(super) fn rows(table: &Table) -> BTreeMap<String, &[Cell]> {
    let name = |row: &[Cell]| {
        if table.schema.key.is_empty() {
            String::new()
        } else {
            row_name(&table.schema, row).unwrap().to_string()
        }
    };
    table.rows.iter().map(|row| (name(row), &**row)).collect()
}

/// Every fault of an answer, with the fact or the row that it is about.
pub(super) fn faults(seen: &Observation) -> Vec<(String, Arc<Missing>)> {
    let table = match &seen.result {
        Err(why) => return vec![("the answer".into(), Arc::clone(why))],
        Ok(table) => table,
    };
    let mut all: Vec<(String, Arc<Missing>)> = Vec::new();
    all.extend(table.cut.iter().map(|why| ("the end".into(), Arc::clone(why))));
    for row in &table.rows {
        for (field, cell) in table.schema.fields.iter().zip(&**row) {
            if let Err(why) = cell {
                all.push((field.name.to_string(), Arc::clone(why)));
            }
        }
    }
    all
}

/// A project with all policies of the area and this server.
pub(super) fn shop(cluster: &Cluster, role: &str) -> Shop {
    let mut shop = Shop::new();
    let password = if cluster.password().is_empty() { "" } else { ", password: { env: SECRET }" };
    shop.project(&format!(
        "owner: team-test\npolicies: ['builtin:postgres']\ntargets: {{ db: {{ type: postgres, url: '{}'{password} }} }}\n",
        cluster.url(role)
    ));
    shop.env("SECRET", cluster.password());
    shop
}
