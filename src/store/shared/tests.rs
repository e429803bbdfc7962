//! Real servers: several machines at once, killed, gone, slow, without rights, newer, damaged.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this is tests, also what stands outside of a `#[test]` function"
)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::super::inbox::{self, list};
use super::super::tests::{at, one, recording};
use super::super::{Draft, Inbox, Seen, Store, StoreError};
use super::link::Link;
use super::log::About;
use super::{Address, Caught, Shared, SharedError, copy, send};
use crate::fact::Recording;
use crate::faults::{Faults, Mode};
use crate::secret::{Redactor, Secret};
use crate::verdict::{RunReport, Verdict};

#[expect(clippy::disallowed_methods, reason = "tests learn of their server from the environment")]
fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run"))
}

fn port(name: &str) -> u16 {
    env(name).parse().unwrap()
}

/// Runs SQL as the superuser of the server.
async fn sql(sql: &str) {
    let mut connection = admin().await;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn admin() -> PgConnection {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port("MUSTER_TEST_PG_PORT"))
        .username("postgres")
        .password(&env("MUSTER_TEST_PG_PASSWORD"))
        .ssl_mode(PgSslMode::Disable)
        .database("postgres")
        .connect()
        .await
        .unwrap()
}

/// A log in a schema of its own, on the private server.
pub(in super::super) struct Log {
    schema: String,
    dir: tempfile::TempDir,
}

impl Log {
    pub(in super::super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("log_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { schema, dir: tempfile::tempdir().unwrap() }
    }

    fn address(&self, role: &str, port: u16) -> Address {
        Address {
            url: format!("postgres://{role}@127.0.0.1:{port}/postgres").parse().unwrap(),
            password: Some(Secret::new(&env("MUSTER_TEST_PG_PASSWORD"), &Redactor::new())),
            schema: self.schema.clone(),
            mode: Some("disable".to_owned()),
            ca: None,
            cert: None,
            key: None,
            deadline: Duration::from_secs(20),
        }
    }

    /// The log as a machine has it.
    fn machine(&self, name: &str) -> Shared {
        self.machine_as(name, "postgres", port("MUSTER_TEST_PG_PORT"))
    }

    fn machine_as(&self, name: &str, role: &str, port: u16) -> Shared {
        let copy = self.dir.path().join(name).join("copy.db");
        Shared::new(self.address(role, port), &copy).unwrap()
    }

    /// SQL as superuser; `@` is the schema.
    async fn sql(&self, text: &str) {
        sql(&text.replace('@', &self.schema)).await;
    }

    async fn count(&self) -> i64 {
        let mut connection = admin().await;
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {}.run", self.schema));
        let count = sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        count
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema);
        // The runtime of a test may be ending around us.
        std::thread::spawn(move || block(sql(&drop))).join().unwrap();
    }
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A run that is left to wait on a machine.
fn judged(machine: &Shared, minute: i64) {
    wait(machine, &one(at(minute), Verdict::Fail), Some(&recording(at(minute), minute)));
}

fn wait(machine: &Shared, report: &RunReport, recording: Option<&Recording>) {
    let seen = recording.map(|recording| Seen::of("s", recording).unwrap());
    let draft = Draft::of("s", report, seen).unwrap();
    Inbox::open(&machine.outbox()).unwrap().save(&draft).unwrap();
}

fn waiting(machine: &Shared) -> usize {
    machine.waiting().unwrap().0
}

async fn caught(machine: &Shared) -> Caught {
    let caught = machine.catch_up(at(999)).await.unwrap();
    assert!(caught.gap.is_none() && caught.unsent.is_none(), "{caught:?}");
    caught
}

async fn gap(machine: &Shared) -> SharedError {
    machine.catch_up(at(999)).await.unwrap().gap.unwrap().why
}

/// Numbers of the runs in a copy with the minutes at which they began, in order.
async fn runs(machine: &Shared) -> Vec<(i64, i64)> {
    let store = Store::open(machine.copy()).await.unwrap();
    let runs = store.runs(u32::MAX).await.unwrap();
    let mut runs: Vec<_> =
        runs.iter().map(|run| (run.id, run.started.duration_since(at(0)).as_mins())).collect();
    runs.reverse();
    store.close().await;
    runs
}

// The store's own tests, through a log into a fresh copy.

/// Logs by the paths of their copies.
type Logs = HashMap<String, (Arc<Log>, Arc<Shared>)>;

thread_local! {
    static LOGS: RefCell<Option<Logs>> = const { RefCell::new(None) };
}

/// Runs a test of the store in which every store is the copy of a log of its own.
pub(in super::super) fn run_through_a_log(test: impl FnOnce()) {
    LOGS.set(Some(HashMap::new()));
    test();
    let logs = LOGS.take().unwrap();
    assert!(!logs.is_empty(), "no store of the test had a log");
}

/// Names of tests of the module around, each of which is run through a log, too.
macro_rules! through_a_log {
    ($($name:ident),* $(,)?) => {
        mod through_a_log {
            $(
                #[test]
                fn $name() {
                    crate::store::shared::tests::run_through_a_log(super::$name);
                }
            )*
        }
    };
}
pub(in super::super) use through_a_log;

/// Makes a place the copy of a new log, if the test wants it.
pub(in super::super) async fn born(path: &Path) {
    let wanted = LOGS.with_borrow(Option::is_some);
    if !wanted {
        return;
    }
    let log = Arc::new(Log::new());
    let address = log.address("postgres", port("MUSTER_TEST_PG_PORT"));
    let shared = Arc::new(Shared::new(address, path).unwrap());
    caught(&shared).await;
    let path = path.to_str().unwrap().to_owned();
    LOGS.with_borrow_mut(|logs| logs.as_mut().unwrap().insert(path, (log, shared)));
}

/// Saves a run through the log of a store that has one.
pub(in super::super) async fn remember(
    store: &Store,
    report: &RunReport,
    recording: Option<&Recording>,
) -> Option<Result<i64, StoreError>> {
    let shared = LOGS.with_borrow(|logs| Some(Arc::clone(&logs.as_ref()?.get(store.path())?.1)))?;
    let seen = recording.map(|recording| Seen::of(store.path(), recording).unwrap());
    let draft = match Draft::of(store.path(), report, seen) {
        Ok(draft) => draft,
        Err(error) => return Some(Err(error)),
    };
    Inbox::open(&shared.outbox()).unwrap().save(&draft).unwrap();
    let mut link = Link::open(&shared.address).await.unwrap();
    send::all(&mut link, &shared.outbox()).await.unwrap();
    assert_eq!(copy::pull(&mut link, store, at(999)).await.unwrap(), 1);
    link.close().await;
    Some(Ok(store.runs(1).await.unwrap()[0].id))
}

// Several machines.

#[tokio::test]
async fn every_copy_has_the_same_runs_with_the_same_numbers() {
    let log = Log::new();
    let (a, b) = (log.machine("a"), log.machine("b"));
    judged(&a, 3);
    judged(&b, 1);
    assert_eq!(caught(&a).await.sent.runs, 1);
    assert_eq!(runs(&a).await, [(1, 3)]);
    assert_eq!(caught(&b).await.new, 2);
    judged(&a, 2);
    a.send(None).await.unwrap();
    assert_eq!((caught(&a).await.new, caught(&b).await.new), (2, 1));
    for machine in [&a, &b] {
        assert_eq!(runs(machine).await, [(1, 3), (2, 1), (3, 2)]);
        assert_eq!(waiting(machine), 0);
        assert_eq!(machine.reached().await.unwrap(), Some(at(999)));
    }
    let store = Store::open(b.copy()).await.unwrap();
    assert_eq!(store.recording(3).await.unwrap().unwrap().to_json(), recording(at(2), 2).to_json());
    store.close().await;
    let extent = a.extent().await.unwrap();
    assert_eq!((extent.runs, extent.span), (3, Some((at(1), at(3)))));
}

#[tokio::test]
async fn what_is_sent_twice_is_there_once() {
    let log = Log::new();
    let a = log.machine("a");
    judged(&a, 1);
    let path = a.outbox().to_str().unwrap().to_owned();
    let folder = inbox::folder(&path);
    let name = list(&path, &folder).unwrap().unwrap()[0].name.clone();
    let bytes = std::fs::read(folder.join(&name)).unwrap();
    caught(&a).await;
    // As if it had been killed between the log's answer and the removal of the file.
    std::fs::write(folder.join(&name), bytes).unwrap();
    caught(&a).await;
    judged(&a, 2);
    caught(&a).await;
    assert_eq!(runs(&a).await.len(), 2);
    assert_eq!(log.count().await, 2);
}

#[test]
fn whoever_reads_while_others_write_misses_nothing() {
    let log = Log::new();
    block(async {
        caught(&log.machine("first")).await;
    });
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4i64)
            .map(|number| {
                let machine = log.machine(&format!("w{number}"));
                scope.spawn(move || {
                    for minute in 0..15 {
                        judged(&machine, number * 100 + minute);
                        block(machine.send(None)).unwrap();
                    }
                })
            })
            .collect();
        // One copy, brought up to date by two at once.
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let machine = log.machine("reader");
                scope.spawn(move || {
                    for _ in 0..12 {
                        block(caught(&machine));
                    }
                })
            })
            .collect();
        writers.into_iter().chain(readers).for_each(|thread| thread.join().unwrap());
    });
    let reader = log.machine("reader");
    block(async {
        caught(&reader).await;
        let seen = runs(&reader).await;
        let mut minutes: Vec<i64> = seen.iter().map(|(_, minute)| *minute).collect();
        minutes.sort_unstable();
        let wanted: Vec<i64> =
            (0..4).flat_map(|number| (0..15).map(move |minute| number * 100 + minute)).collect();
        assert_eq!(minutes, wanted);
    });
}

#[tokio::test]
async fn a_copy_that_another_process_began_meanwhile_is_not_begun_again() {
    let log = Log::new();
    let machine = log.machine("a");
    judged(&machine, 1);
    judged(&machine, 2);
    caught(&machine).await;
    let store = Store::open(machine.copy()).await.unwrap();
    let about = About { log: "another".to_owned(), pruned: 7 };
    // Who looked before there was a copy empties nothing now.
    copy::begin(&store, None, &about).await.unwrap();
    store.close().await;
    assert_eq!(runs(&machine).await, [(1, 1), (2, 2)]);
    judged(&machine, 3);
    assert_eq!(caught(&machine).await.new, 1);
    assert_eq!(runs(&machine).await.len(), 3);
}

#[test]
fn many_make_the_tables_at_once_also_through_a_pooler() {
    for port_of in ["MUSTER_TEST_PG_PORT", "MUSTER_TEST_PGBOUNCER_PORT"] {
        let log = Log::new();
        std::thread::scope(|scope| {
            for number in 0..6i64 {
                let machine = log.machine_as(&format!("m{number}"), "postgres", port(port_of));
                scope.spawn(move || {
                    judged(&machine, number);
                    block(async {
                        caught(&machine).await;
                        judged(&machine, number + 10);
                        caught(&machine).await;
                    });
                });
            }
        });
        block(async {
            assert_eq!(log.count().await, 12, "{port_of}");
            let machine = log.machine("last");
            assert_eq!(caught(&machine).await.new, 12);
        });
    }
}

// A log that is away.

#[tokio::test]
async fn a_log_that_is_away_is_a_gap_and_what_waits_is_sent_later() {
    let log = Log::new();
    let upstream = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port("MUSTER_TEST_PG_PORT"));
    let faults = Faults::before(upstream, Mode::Forward).unwrap();
    let mut a = log.machine_as("a", "postgres", faults.port());
    a.address.deadline = Duration::from_millis(700);
    judged(&a, 1);
    assert!(a.catch_up(at(5)).await.unwrap().gap.is_none());
    let modes = [
        (Mode::Refuse, "unreachable"),
        (Mode::HANG, "timeout"),
        (Mode::Hang { after: 400 }, "timeout"),
        (Mode::Drip { every: Duration::from_millis(50) }, "timeout"),
        (Mode::EMPTY, "any"),
        (Mode::RESET, "unreachable"),
        (Mode::Garbage, "any"),
        (Mode::Cut { after: 600 }, "any"),
    ];
    for (number, (mode, cause)) in (2..).zip(modes) {
        faults.set(mode);
        judged(&a, number);
        let gap = a.catch_up(at(50)).await.unwrap().gap.unwrap();
        assert_eq!(gap.reached, Some(at(5)), "{mode:?}");
        match cause {
            "unreachable" => {
                assert!(matches!(gap.why, SharedError::Unreachable { .. }), "{mode:?} {:?}", gap.why);
            }
            "timeout" => assert!(matches!(gap.why, SharedError::Timeout { .. }), "{mode:?} {:?}", gap.why),
            _ => {}
        }
        assert!(a.send(None).await.is_err(), "{mode:?}");
    }
    assert_eq!(waiting(&a), modes.len());
    assert_eq!(runs(&a).await, [(1, 1)]);
    faults.set(Mode::Forward);
    a.address.deadline = Duration::from_secs(20);
    assert_eq!(usize::try_from(caught(&a).await.sent.runs).unwrap(), modes.len());
    assert_eq!((waiting(&a), runs(&a).await.len()), (0, modes.len() + 1));
}

#[tokio::test]
async fn a_wrong_password_and_a_database_that_is_not_there_are_refused_logins() {
    let log = Log::new();
    let mut a = log.machine("a");
    a.address.password = Some(Secret::new("hunter2", &Redactor::new()));
    let why = gap(&a).await;
    assert!(matches!(&why, SharedError::Login { .. }), "{why:?}");
    assert!(!why.to_string().contains("hunter2"));
    let mut b = log.machine("b");
    b.address.url.set_path("/nowhere");
    assert!(matches!(gap(&b).await, SharedError::Login { .. }));
    let mut c = log.machine("c");
    c.address.ca = Some("/nowhere.pem".into());
    assert!(matches!(gap(&c).await, SharedError::Tls { .. }));
}

#[tokio::test]
async fn a_connection_may_be_secure() {
    let log = Log::new();
    let mut a = log.machine("a");
    a.address.mode = None;
    a.address.ca = Some(env("MUSTER_TEST_PG_CA").into());
    judged(&a, 1);
    assert_eq!(caught(&a).await.new, 1);
}

// Rights.

#[tokio::test]
async fn a_role_that_may_only_read_reads_and_its_runs_wait() {
    let log = Log::new();
    let a = log.machine("a");
    judged(&a, 1);
    caught(&a).await;
    let reader = log.machine_as("reader", "muster_plain", port("MUSTER_TEST_PG_PORT"));
    let why = gap(&reader).await;
    assert!(why.to_string().contains("GRANT USAGE ON SCHEMA"), "{why}");
    log.sql("GRANT USAGE ON SCHEMA @ TO muster_plain").await;
    assert!(matches!(gap(&reader).await, SharedError::Denied { .. }));
    log.sql("GRANT SELECT ON ALL TABLES IN SCHEMA @ TO muster_plain").await;
    assert_eq!(caught(&reader).await.new, 1);
    judged(&reader, 2);
    judged(&a, 3);
    caught(&a).await;
    let got = reader.catch_up(at(999)).await.unwrap();
    assert!(got.gap.is_none() && got.new == 1, "{got:?}");
    let why = got.unsent.unwrap().to_string();
    assert!(
        why.contains("permission denied for table run") && why.contains("GRANT SELECT, INSERT ON ALL TABLES"),
        "{why}"
    );
    assert!(reader.send(None).await.is_err());
    assert_eq!(waiting(&reader), 1);
    log.sql("GRANT INSERT ON @.run, @.note TO muster_plain").await;
    assert_eq!(caught(&reader).await.sent.runs, 1);
    let pruned = reader.send(Some(&|_| Some(at(3)))).await.unwrap();
    assert!(matches!(pruned.unpruned, Some(SharedError::Denied { .. })), "{pruned:?}");
    assert_eq!(log.count().await, 3);
}

#[tokio::test]
async fn a_role_that_may_not_make_the_tables_is_told_what_mends_it() {
    let log = Log::new();
    let plain = log.machine_as("a", "muster_plain", port("MUSTER_TEST_PG_PORT"));
    let why = gap(&plain).await.to_string();
    assert!(why.contains("CREATE SCHEMA log_") && why.contains("AUTHORIZATION"), "{why}");
    log.sql("CREATE SCHEMA @ AUTHORIZATION muster_plain").await;
    judged(&plain, 1);
    assert_eq!(caught(&plain).await.new, 1);
}

#[tokio::test]
async fn a_database_that_takes_nothing_keeps_the_run_here() {
    let log = Log::new();
    let a = log.machine("a");
    judged(&a, 1);
    caught(&a).await;
    for (fault, mend) in [
        (
            "CREATE FUNCTION @.full() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON @.run EXECUTE FUNCTION @.full()",
            "DROP TRIGGER full_disk ON @.run",
        ),
        (
            "CREATE FUNCTION @.old() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE 'cannot execute INSERT' USING ERRCODE = 'read_only_sql_transaction'; END $$; \
             CREATE TRIGGER old BEFORE INSERT ON @.run EXECUTE FUNCTION @.old()",
            "DROP TRIGGER old ON @.run",
        ),
    ] {
        log.sql(fault).await;
        judged(&a, 2);
        let got = a.catch_up(at(999)).await.unwrap();
        assert!(got.gap.is_none(), "{got:?}");
        assert!(
            matches!(got.unsent, Some(SharedError::Full { .. } | SharedError::ReadOnly { .. })),
            "{:?}",
            got.unsent
        );
        assert_eq!(waiting(&a), 1);
        log.sql(mend).await;
        assert_eq!(caught(&a).await.sent.runs, 1);
    }
    assert_eq!(runs(&a).await.len(), 3);
}

#[tokio::test]
async fn a_lock_that_somebody_holds_is_waited_for_until_the_deadline() {
    let log = Log::new();
    let mut a = log.machine("a");
    caught(&a).await;
    a.address.deadline = Duration::from_millis(600);
    let mut other = admin().await;
    let mut tx = other.begin().await.unwrap();
    sqlx::query(super::schema::LOCK).bind(&log.schema).execute(&mut *tx).await.unwrap();
    judged(&a, 1);
    let why = a.send(None).await.unwrap_err();
    assert!(matches!(why, SharedError::Timeout { .. }), "{why:?}");
    tx.rollback().await.unwrap();
    other.close().await.unwrap();
    a.address.deadline = Duration::from_secs(20);
    caught(&a).await;
    assert_eq!((log.count().await, waiting(&a)), (1, 0));
}

// What is in the log.

#[tokio::test]
async fn tables_of_a_newer_muster_are_left_alone() {
    let log = Log::new();
    let a = log.machine("a");
    caught(&a).await;
    log.sql(
        "INSERT INTO @._sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', true, '', 0)",
    )
    .await;
    judged(&a, 1);
    let why = gap(&a).await;
    assert!(matches!(why, SharedError::Newer { found: 99, known: 1, .. }), "{why:?}");
    assert_eq!((log.count().await, waiting(&a)), (0, 1));
    log.sql(
        "DELETE FROM @._sqlx_migrations WHERE version = 99; ALTER TABLE @.run RENAME COLUMN body TO bodies",
    )
    .await;
    assert!(matches!(gap(&a).await, SharedError::Foreign { .. }));
}

#[tokio::test]
async fn a_row_that_was_cut_changed_or_is_newer_is_an_error_with_its_number_and_never_left_out() {
    let changes = [
        ("UPDATE @.run SET body = substr(body, 1, octet_length(body) - 1) WHERE seq = 2", "it was cut"),
        (
            "UPDATE @.run SET body = set_byte(body, 9, 255 - get_byte(body, 9)) WHERE seq = 2",
            "its checksum is wrong",
        ),
        ("UPDATE @.run SET body = 'x', size = 1, sha256 = sha256('x') WHERE seq = 2", "it ends too early"),
    ];
    for (change, words) in changes {
        let log = Log::new();
        let (a, b) = (log.machine("a"), log.machine("b"));
        for minute in 1..4 {
            judged(&a, minute);
        }
        caught(&a).await;
        log.sql(change).await;
        for _ in 0..2 {
            let why = gap(&b).await;
            assert!(matches!(&why, SharedError::Damaged { seq: 2, .. }), "{why:?}");
            assert!(why.to_string().contains(words) && why.to_string().contains("WHERE seq = 2"), "{why}");
            assert_eq!(runs(&b).await, [(1, 1)], "what comes before it is there, and nothing after it");
        }
        log.sql("DELETE FROM @.run WHERE seq = 2").await;
        caught(&b).await;
        assert_eq!(runs(&b).await, [(1, 1), (3, 3)]);
    }
    let log = Log::new();
    let (a, b) = (log.machine("a"), log.machine("b"));
    judged(&a, 1);
    caught(&a).await;
    let newer = super::super::bytes::sealed(vec![99, 0]);
    let hex: String = newer.iter().map(|byte| format!("{byte:02x}")).collect();
    log.sql(&format!(
        "UPDATE @.run SET body = '\\x{hex}', size = {}, sha256 = sha256('\\x{hex}'::bytea)",
        newer.len()
    ))
    .await;
    assert!(matches!(gap(&b).await, SharedError::NewerRun { seq: 1, found: 99, .. }));
}

#[tokio::test]
async fn a_copy_of_another_log_or_of_one_that_was_restored_or_pruned_by_hand_begins_anew() {
    let log = Log::new();
    let (a, b) = (log.machine("a"), log.machine("b"));
    for minute in 1..4 {
        judged(&a, minute);
        caught(&a).await;
    }
    caught(&b).await;
    // Restored from a backup that lacks the last run, and written to since.
    log.sql("DELETE FROM @.run WHERE seq = 3; ALTER TABLE @.run ALTER seq RESTART WITH 3").await;
    judged(&a, 7);
    caught(&a).await;
    assert_eq!(runs(&a).await, [(1, 1), (2, 2), (3, 7)]);
    caught(&b).await;
    assert_eq!(runs(&b).await, [(1, 1), (2, 2), (3, 7)]);
    log.sql("UPDATE @.about SET log = gen_random_uuid(); DELETE FROM @.run WHERE seq = 1").await;
    assert_eq!(caught(&b).await.new, 2);
    assert_eq!(runs(&b).await, [(2, 2), (3, 7)]);
    assert_eq!(a.prune(at(3), true).await.unwrap(), 1);
    for machine in [&a, &b] {
        caught(machine).await;
        assert_eq!(runs(machine).await, [(3, 7)]);
    }
}

#[tokio::test]
async fn runs_that_are_too_old_are_forgotten_by_the_span_of_those_before() {
    let log = Log::new();
    let a = log.machine("a");
    for minute in [1, 50, 60] {
        judged(&a, minute);
    }
    caught(&a).await;
    judged(&a, 900_000);
    let asked = RefCell::new(None);
    let forget = |span: (Timestamp, Timestamp)| {
        *asked.borrow_mut() = Some(span);
        Some(at(50))
    };
    a.send(Some(&forget)).await.unwrap();
    assert_eq!(*asked.borrow(), Some((at(1), at(60))), "a clock that jumped ahead is not asked");
    assert_eq!(log.count().await, 3);
}

#[tokio::test]
async fn a_store_of_its_own_is_never_taken_for_a_copy() {
    let log = Log::new();
    let a = log.machine("a");
    let store = Store::open(a.copy()).await.unwrap();
    store.remember(&one(at(1), Verdict::Fail), None).await.unwrap();
    store.close().await;
    let error = a.catch_up(at(2)).await.unwrap_err();
    assert!(matches!(error, StoreError::NotACopy { runs: 1, .. }), "{error}");
    assert_eq!(runs(&a).await, [(1, 1)]);
}

#[tokio::test]
async fn a_run_that_a_power_cut_took_is_counted_and_a_damaged_one_is_an_error() {
    let log = Log::new();
    let a = log.machine("a");
    judged(&a, 1);
    judged(&a, 2);
    let path = a.outbox().to_str().unwrap().to_owned();
    let folder = inbox::folder(&path);
    let files: Vec<PathBuf> =
        list(&path, &folder).unwrap().unwrap().iter().map(|one| folder.join(&one.name)).collect();
    std::fs::write(&files[0], "").unwrap();
    let got = caught(&a).await;
    assert_eq!((got.sent.runs, got.sent.lost, got.new, waiting(&a)), (1, 1, 1, 0));
    judged(&a, 3);
    let name = list(&path, &folder).unwrap().unwrap()[0].name.clone();
    let mut bytes = std::fs::read(folder.join(&name)).unwrap();
    bytes[20] ^= 1;
    std::fs::write(folder.join(&name), bytes).unwrap();
    let got = a.catch_up(at(9)).await.unwrap();
    assert!(got.unsent.unwrap().to_string().contains("its checksum is wrong"));
    assert_eq!(waiting(&a), 1);
}

/// How long a fresh copy of 2,000 runs takes is printed, and that it is whole is proved.
#[tokio::test]
async fn a_fresh_copy_has_all_of_many_runs() {
    let log = Log::new();
    let a = log.machine("a");
    judged(&a, 0);
    caught(&a).await;
    // The same run again and again, under other names: what is measured is the way, not what is in it.
    log.sql(
        "INSERT INTO @.run (name, started, muster, host, format, size, sha256, body) \
         SELECT name || i, started, muster, host, format, size, sha256, body FROM @.run, generate_series(2, 2000) i",
    )
    .await;
    let b = log.machine("b");
    let began = tokio::time::Instant::now();
    assert_eq!(caught(&b).await.new, 2000);
    println!("2,000 runs in {} ms", began.elapsed().as_millis());
    assert_eq!(runs(&b).await.len(), 2000);
}
