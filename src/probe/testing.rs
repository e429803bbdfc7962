//! Asks one probe in a test, without policies, plans or an observer.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::{Answer, Ask, Context, Other, Target, body, system_clock};
use crate::fact::{
    Args, Cause, Cell, Field, House, Missing, Pointer, Request, Type, Value, catalogue, parse_literal,
    value_from_json,
};
use crate::secret::Redactor;

/// A question under construction.
pub(crate) struct Question {
    probe: &'static str,
    args: Args,
    declared: Vec<Pointer>,
    key: Vec<Arc<str>>,
    target: Target,
    deadline: Duration,
    max_rows: usize,
    unwanted: Vec<&'static str>,
    redactor: Arc<Redactor>,
    others: BTreeMap<&'static str, Result<Other, Arc<Missing>>>,
    work: Option<Arc<Path>>,
    house: Option<Arc<House>>,
}

/// Asks a probe with arguments as JSON: `ask("file.stat", json!({"path": "/etc/passwd"}))`. Defaults of the
/// declaration are filled in; texts are read as YAML literals where the argument has a unit.
#[expect(clippy::needless_pass_by_value, reason = "`json!` stands in the call")]
pub(crate) fn ask(probe: &'static str, args: Json) -> Question {
    let decl = catalogue::find(probe).expect("declared");
    let mut typed = Args::default();
    for param in decl.params {
        let ty = param.ty.ty();
        let value = match args.get(param.name) {
            Some(Json::String(text)) if !matches!(ty, Type::List(_)) => {
                parse_literal(text, &ty).expect("literal")
            }
            Some(json) => value_from_json(json, &ty).expect("argument"),
            None => match param.default {
                Some(default) => parse_literal(default, &ty).expect("default"),
                None => continue,
            },
        };
        typed.insert(Arc::from(param.name), value, ty);
    }
    let target = Target { name: Arc::from("test"), kind: Arc::from(decl.targets[0]), ..Target::default() };
    Question {
        probe,
        args: typed,
        declared: Vec::new(),
        key: Vec::new(),
        target,
        deadline: Duration::from_secs(10),
        max_rows: 100_000,
        unwanted: Vec::new(),
        redactor: Redactor::new(),
        others: BTreeMap::new(),
        work: None,
        house: None,
    }
}

impl Question {
    /// Changes the target.
    pub(crate) fn target(mut self, change: impl FnOnce(&mut Target)) -> Self {
        change(&mut self.target);
        self
    }

    /// The target.
    pub(crate) fn given(&self) -> Target {
        self.target.clone()
    }

    /// Names another target in an argument.
    pub(crate) fn other(mut self, argument: &'static str, target: Target) -> Self {
        self = self.arg(argument, Value::text(&target.name));
        let other = Other { target: Arc::new(target), idle: Arc::default() };
        self.others.insert(argument, Ok(other));
        self
    }

    /// Sets the folder in which an answer may keep what it likes.
    pub(crate) fn work(mut self, folder: &Path) -> Self {
        self.work = Some(Arc::from(folder));
        self
    }

    /// Sets what the project says of itself.
    pub(crate) fn house(mut self, house: House) -> Self {
        self.house = Some(Arc::new(house));
        self
    }

    /// Sets an argument as it is, without reading it as a literal.
    pub(crate) fn arg(mut self, name: &str, value: Value) -> Self {
        self.args.insert(Arc::from(name), value, Type::TEXT);
        self
    }

    /// Declares a fact: name, type (`bytes?`), place (pointer, column or label).
    pub(crate) fn fact(mut self, name: &str, ty: &str, at: &str) -> Self {
        let ty = Type::parse(ty).expect("type");
        self.declared.push(Pointer { name: Arc::from(name), ty, at: Arc::from(at), unit: None });
        self
    }

    /// Declares the key.
    pub(crate) fn key(mut self, names: &[&str]) -> Self {
        self.key = names.iter().map(|name| Arc::from(*name)).collect();
        self
    }

    /// Sets the deadline.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the budget of rows.
    pub(crate) fn max_rows(mut self, max_rows: usize) -> Self {
        self.max_rows = max_rows;
        self
    }

    /// Sets the redactor, which knows the secrets of the target.
    pub(crate) fn redactor(mut self, redactor: Arc<Redactor>) -> Self {
        self.redactor = redactor;
        self
    }

    /// Facts that nobody wants.
    pub(crate) fn without(mut self, names: &[&'static str]) -> Self {
        self.unwanted = names.to_vec();
        self
    }

    /// Asks, with the deadline enforced from outside as the observer does.
    pub(crate) fn run(self) -> Result<Answer, Missing> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let answer = runtime.block_on(self.run_async());
        runtime.shutdown_background();
        answer
    }

    pub(crate) fn context(&self) -> Context {
        Context {
            clock: system_clock(),
            deadline: Instant::now() + self.deadline,
            target: Arc::new(self.target.clone()),
            redactor: Arc::clone(&self.redactor),
            idle: Arc::default(),
            meter: Arc::default(),
            others: self.others.clone(),
            work: self.work.clone(),
            salt: Arc::from(&b"test"[..]),
            house: self.house.clone(),
        }
    }

    /// The question as a body gets it.
    pub(crate) fn request(&self) -> Request {
        let decl = catalogue::find(self.probe).unwrap();
        let fields: Vec<Field> =
            self.declared.iter().map(|p| Field::declared(&p.name, p.ty.clone())).collect();
        let schema = Arc::new(decl.schema_with(&fields, &self.key));
        let mut request = Request::new(self.probe, "test", self.args.clone(), schema, self.declared.clone());
        for name in &self.unwanted {
            let index = request.schema.position(name).unwrap();
            request.wants[index] = false;
        }
        request
    }

    /// The same inside a runtime.
    pub(crate) async fn run_async(self) -> Result<Answer, Missing> {
        let (request, cx) = (self.request(), self.context());
        let ask = Ask { request: &request, max_rows: self.max_rows };
        let body = body(self.probe).expect("built");
        match tokio::time::timeout(self.deadline + Duration::from_millis(300), body.observe(&ask, &cx)).await
        {
            Ok(answer) => {
                cx.idle.end().await;
                answer
            }
            Err(_) => Err(Missing::new(Cause::Timeout, "the body did not hold its own deadline")),
        }
    }
}

/// The cell of a row and fact.
pub(crate) fn cell(answer: &Answer, row: usize, name: &str) -> Cell {
    answer.table.cell(row, name).unwrap_or_else(|| panic!("no row {row} with `{name}`")).clone()
}

/// The value of a row and fact, which must be known.
pub(crate) fn value(answer: &Answer, row: usize, name: &str) -> Value {
    cell(answer, row, name).unwrap_or_else(|why| panic!("`{name}` is missing: {why}"))
}

/// The cause of a fact that must be missing.
pub(crate) fn cause(answer: &Answer, row: usize, name: &str) -> Cause {
    match cell(answer, row, name) {
        Err(why) => why.cause,
        Ok(value) => panic!("`{name}` is known: {value:?}"),
    }
}

/// A context without a probe.
pub(crate) fn context() -> Context {
    ask("file.stat", serde_json::json!({})).context()
}

/// A temporary directory that everybody may enter.
pub(crate) fn open_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// The variable that tells a test that it runs as the user without rights, and where.
const AS_NOBODY: &str = "MUSTER_TEST_AS_NOBODY";

/// Runs a part of a test without rights. Nothing is denied to root: the test calls itself again as nobody; for
/// anybody else the directory is closed to its owner too. It gets a directory with `closed/` (which nobody else may search, with the file `there`), `listed/`
/// (readable, not searchable, with `there`), `secret` (a file that may not be read) and `open`.
pub(crate) fn as_nobody(test: &str, body: impl FnOnce(&Path)) {
    if let Some(dir) = std::env::var_os(AS_NOBODY) {
        return body(Path::new(&dir));
    }
    let dir = open_dir();
    let mode = |name: &str, bits: u32| {
        std::fs::set_permissions(dir.path().join(name), std::fs::Permissions::from_mode(bits)).unwrap();
    };
    let is_root = rustix::process::geteuid().is_root();
    // Without root the modes have to keep out ourselves.
    let bits_of = |ours: u32, theirs: u32| if is_root { theirs } else { ours };
    for (name, bits) in [("closed", bits_of(0o000, 0o700)), ("listed", bits_of(0o444, 0o744))] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join(name).join("there"), "x").unwrap();
        mode(name, bits);
    }
    for (name, bits) in [("secret", bits_of(0o000, 0o600)), ("open", 0o644)] {
        std::fs::write(dir.path().join(name), "x").unwrap();
        mode(name, bits);
    }
    if !is_root {
        body(dir.path());
        mode("closed", 0o700);
        return mode("listed", 0o700);
    }
    let program = dir.path().join("test");
    std::fs::hard_link(std::env::current_exe().unwrap(), &program)
        .or_else(|_| std::fs::copy(std::env::current_exe().unwrap(), &program).map(|_| ()))
        .unwrap();
    mode("test", 0o755);
    let output = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--no-new-privs"])
        .arg(&program)
        .args([test, "--exact", "--nocapture"])
        .env(AS_NOBODY, dir.path())
        .current_dir("/")
        .output()
        .expect("setpriv (util-linux) is needed by this test");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "`{test}` is not the name of a test:\n{said}");
}
