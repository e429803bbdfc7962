//! The fault matrix: every probe before every class of fault, with the built command.
//!
//! [`table`] is the matrix, to be read. Each cell is tried, in one way or several, or says why there is nothing
//! to try. A probe, or a class, without a line fails [`every_probe_meets_every_fault`]; so does a verdict `pass`, another
//! cause than the line says, and a run that does not end. What holds for all facts is judged fact by fact,
//! as the catalogue declares them; and each rule passes before a target that is well, so that it proves something.

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use passmuster::fact::{Declared, FieldDecl, ProbeDecl, Ty, catalogue};

use crate::faults::{Faults, Mode};
use crate::harness::Run;
use crate::http::Reply;
use rcgen::date_time_ymd;
use serde_json::Value as Json;
use stage::{DATA, Stage, WELL, every_fact};

/// The classes of the first promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// There is nothing at the address.
    Unreachable,
    /// Something says no.
    Refused,
    /// Something accepts, and then nothing comes.
    Hangs,
    /// It comes too slowly.
    Drips,
    /// What comes is noise.
    Garbage,
    /// We may not.
    Permission,
    /// There is an answer, and nothing in it.
    Empty,
    /// A value is null.
    Null,
    /// A value, or the whole, is of another kind.
    WrongType,
    /// A time lies in the future.
    Clock,
}

use Fault::{Clock, Drips, Empty, Garbage, Hangs, Null, Permission, Refused, Unreachable, WrongType};

const CLASSES: [Fault; 10] =
    [Unreachable, Refused, Hangs, Drips, Garbage, Permission, Empty, Null, WrongType, Clock];

/// What must be found.
#[derive(Clone, Copy)]
enum Found {
    /// Every fact but the key is unknown with this cause.
    All(&'static str),
    /// This rule is unknown with this cause.
    Unknown(&'static str, &'static str),
    /// This rule fails.
    Fails(&'static str),
    /// Each fact that may be null is compared with it, and that is decided.
    Nulls,
    /// Each time of the answer is unknown because it lies in the future.
    Future,
    /// The probe alone, asked by `muster probe`, has this cause: a run would not get so far.
    Probed(&'static str),
    /// Nothing is tried, for this reason.
    Nothing(&'static str),
}

use Found::{All, Fails, Future, Nothing, Nulls, Probed, Unknown};

/// One line of the table: for these probes and this class.
struct Line {
    probes: Vec<&'static str>,
    class: Fault,
    what: &'static str,
    broken: fn(&mut Stage),
    found: Found,
}

fn line(
    probes: &[&'static str],
    class: Fault,
    what: &'static str,
    broken: fn(&mut Stage),
    found: Found,
) -> Line {
    Line { probes: probes.to_vec(), class, what, broken, found }
}

fn not(probes: &[&'static str], class: Fault, why: &'static str) -> Line {
    Line { probes: probes.to_vec(), class, what: "", broken: |_| {}, found: Nothing(why) }
}

/// Probes by their declaration, so that a new one meets every class by itself.
fn all(wanted: impl Fn(&ProbeDecl) -> bool) -> Vec<&'static str> {
    catalogue::PROBES.iter().filter(|probe| wanted(probe)).map(|probe| probe.name).collect()
}

/// The own probes of these databases.
fn of(areas: &[&str]) -> Vec<&'static str> {
    all(|probe| areas.iter().any(|area| probe.name.starts_with(&format!("{area}."))))
}

fn without(mut probes: Vec<&'static str>, not: &[&str]) -> Vec<&'static str> {
    probes.retain(|probe| !not.contains(probe));
    probes
}

/// All that speak through the network.
fn on_the_network() -> Vec<&'static str> {
    all(|probe| {
        probe.targets.iter().any(|kind| matches!(*kind, "mysql" | "pgbouncer" | "postgres" | "service"))
    })
}

/// Those among them that read an answer.
fn answered() -> Vec<&'static str> {
    without(on_the_network(), &["tcp.port"])
}

/// Those whose first byte cannot be mistaken.
fn speaking() -> Vec<&'static str> {
    without(answered(), &of(&["mysql"]))
}

const FILES: &[&str] = &["certificate.file", "disk.usage", "file.set", "file.stat", "file.volume"];
const QUERIES: &[&str] = &["mysql.query", "postgres.query", "sqlite.query"];

const NO_RIGHT: &str = "the kernel asks for no right to connect";
const A_CONNECTION: &str = "an accepted connection is the whole answer; nothing is read";
const KERNEL: &str = "the kernel answers with numbers of its own, of fixed form";
const NO_TIME: &str = "no fact is a time";
const NO_NULL: &str = "no fact may be null, and one that is null all the same is `undecidable`";
const DIRECTORIES: &str = "only a dead network file system holds up a directory, and a test cannot mount one; the observer's deadline is the same";

const SSH: &[u8] = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n";
const RICH: &str = "amount < 1.0 || amount > 2.0";
const LATER: &str = "seen_age < 1.days";

fn drip() -> Mode {
    Mode::Drip { every: Duration::from_millis(400) }
}

fn table() -> Vec<Line> {
    let areas = [
        network(),
        databases(),
        data(),
        services(),
        jobs(),
        files(),
        volumes(),
        data_files(),
        file_tree(),
        attestations(),
        memories(),
        sqlite(),
        commands(),
    ];
    let mut lines: Vec<Line> = areas.into_iter().flatten().collect();
    let own = by_declaration(&lines);
    lines.extend(own);
    lines
}

/// What the declaration of a probe of PostgreSQL says of null and of times.
fn by_declaration(lines: &[Line]) -> Vec<Line> {
    let mut made = Vec::new();
    for name in of(&["pgbouncer", "postgres"]) {
        let facts = catalogue::find(name).unwrap().facts;
        let has = |class| lines.iter().any(|line| line.class == class && line.probes.contains(&name));
        if facts.iter().any(|fact| fact.null.is_some()) {
            made.push(line(&[name], Null, "null where the declaration allows it", |_| {}, Nulls));
        } else if !has(Null) {
            made.push(not(&[name], Null, NO_NULL));
        }
        if facts.iter().any(|fact| matches!(fact.ty, Ty::Time)) {
            made.push(line(&[name], Clock, "all that was is in the future", Stage::set_back, Future));
        } else if !has(Clock) {
            made.push(not(&[name], Clock, NO_TIME));
        }
    }
    made
}

#[rustfmt::skip] // A table is read line by line.
fn network() -> Vec<Line> {
    vec![
        line(&on_the_network(), Unreachable, "a name that nobody knows", |s| s.host = "nowhere.invalid".into(), All("unreachable")),
        line(&answered(), Refused, "nothing listens", |s| s.addr = Some(Faults::refused().unwrap()), All("unreachable")),
        line(&["tcp.port"], Refused, "nothing listens", |s| s.addr = Some(Faults::refused().unwrap()), Fails("open == false")),
        line(&answered(), Refused, "it hangs up with a reset", |s| s.breaks(Mode::RESET), All("unreachable")),
        line(&on_the_network(), Hangs, "a silent firewall", |s| {
            let hole = crate::faults::Blackhole::new().unwrap();
            s.addr = Some(hole.addr());
            s.deadline = "1s";
            s.keep(hole);
        }, All("timeout")),
        line(&answered(), Hangs, "it accepts and never speaks", |s| {
            s.breaks(Mode::HANG);
            s.deadline = "1s";
        }, All("timeout")),
        line(&answered(), Drips, "a byte every 0.4 s", |s| {
            s.breaks(drip());
            s.deadline = "1s";
        }, All("timeout")),
        not(&["tcp.port"], Drips, A_CONNECTION),
        line(&speaking(), Garbage, "random bytes", |s| s.breaks(Mode::Garbage), All("malformed")),
        // The noise begins with the length of a packet that never comes whole.
        line(&["mysql.query"], Garbage, "random bytes", |s| s.breaks(Mode::Garbage), All("unreachable")),
        line(&["mysql.query"], Garbage, "a packet of noise", |s| s.greets(&[5, 0, 0, 0, 99, 1, 2, 3, 4]), All("malformed")),
        not(&["tcp.port"], Garbage, A_CONNECTION),
        line(&of(&["mysql", "pgbouncer", "postgres"]), Empty, "it closes without a byte", |s| s.breaks(Mode::EMPTY), All("unreachable")),
        line(&["http.response", "job.canary", "job.finished", "tls.chain"], Empty, "it closes without a byte", |s| s.breaks(Mode::EMPTY), All("incomplete")),
        not(&["tcp.port"], Empty, A_CONNECTION),
        line(&speaking(), WrongType, "another protocol", |s| s.greets(SSH), All("malformed")),
        line(&["mysql.query"], WrongType, "another protocol, whose first bytes are a length", |s| {
            s.greets(SSH);
            s.deadline = "1s";
        }, All("timeout")),
        not(&["tcp.port"], WrongType, A_CONNECTION),
        not(&["tcp.port"], Permission, NO_RIGHT),
        line(&["tcp.port"], Null, "the time of a connection that is not there", |s| s.addr = Some(Faults::refused().unwrap()), Fails("connect_time == null || connect_time > 5.seconds")),
        not(&["tcp.port"], Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn databases() -> Vec<Line> {
    vec![
        line(&of(&["mysql", "pgbouncer", "postgres"]), Permission, "an account that does not exist", |s| s.user = "nobody_of_that_name".into(), All("denied")),
        line(&of(&["postgres"]), Permission, "a database that is closed", |s| {
            let sql = format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", s.database);
            s.database_sql(&sql);
        }, All("denied")),
        line(&["postgres.connections"], Permission, "without pg_monitor", |s| s.user = "muster_plain".into(), Unknown("active > 1000", "denied")),
        line(&["postgres.server"], Permission, "without pg_monitor, and a database is closed", |s| {
            s.user = "muster_plain".into();
            let other = crate::policies_postgres::Database::new(&[]);
            s.database_sql(&format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", other.name()));
            s.keep(other);
        }, Unknown("size > 100.TiB", "denied")),
        line(&["postgres.query"], Permission, "a table that may not be read", |s| s.database_sql("REVOKE SELECT ON items FROM muster_full"), All("denied")),
        line(&["mysql.query"], Permission, "a table that may not be read", |s| s.user = "muster_plain".into(), All("denied")),
        line(&["postgres.query"], Hangs, "a statement that sleeps", |s| {
            s.sql = "SELECT amount, seen FROM items, pg_sleep(30)".into();
            s.deadline = "1s";
        }, All("timeout")),
        line(&["postgres.tables"], Empty, "no table at all", |s| s.database_sql("DROP TABLE items"), All("empty")),
        line(&["postgres.tables"], Null, "never vacuumed", |s| s.database_sql("CREATE TABLE fresh (id int)"), Fails("last_vacuum == null")),
        line(&["postgres.server"], Null, "never archived, and archiving was expected", |_| {}, Fails("last_archived == null || last_archived_age > 1.days")),
        line(&["postgres.connections"], Null, "no transaction is open", Stage::alone, Fails("oldest_transaction_start == null")),
        line(&["postgres.server"], Clock, "started in the future, by its own clock", Stage::set_back, Unknown("started_age > 1000.days", "clock")),
        line(&["postgres.connections"], Clock, "a transaction begun in the future", Stage::set_back, Unknown("oldest_transaction_start != null && oldest_transaction_start_age > 1.days", "clock")),
        line(&["postgres.tables"], Clock, "vacuumed in the future", Stage::set_back, Unknown("last_vacuum == null || last_vacuum_age > 1.days", "clock")),
        line(QUERIES, Empty, "no row", |s| s.sql = "SELECT amount, seen FROM items WHERE id = 7".into(), All("empty")),
        line(QUERIES, Null, "a sum over nothing", |s| s.sql = "SELECT sum(amount) AS amount, max(seen) AS seen FROM items WHERE id = 7".into(), All("wrong-type")),
        line(&["mysql.query", "postgres.query", "sqlite.query"], WrongType, "a text in place of the number", |s| s.sql = "SELECT '1.5' AS amount, seen FROM items".into(), Unknown(RICH, "wrong-type")),
        line(QUERIES, WrongType, "a number in place of the time", |s| s.sql = "SELECT amount, 7 AS seen FROM items".into(), Unknown(LATER, "wrong-type")),
        line(&["mysql.query"], Clock, "a time in the future", |s| s.database_sql(&format!("UPDATE {}.items SET seen = '2038-01-01'", s.database)), Unknown(LATER, "clock")),
        line(&["postgres.query"], Clock, "a time in the future", |s| s.database_sql("UPDATE items SET seen = '2100-01-01'"), Unknown(LATER, "clock")),
        line(&["sqlite.query"], Clock, "a time in the future", |s| s.sql = "SELECT amount, '2100-01-01T00:00:00Z' AS seen FROM items".into(), Unknown(LATER, "clock")),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn data() -> Vec<Line> {
    let (counts, schema) = (&["data.row_counts"], &["data.schema"]);
    let (compare, prints) = (&["data.compare"], &["data.fingerprints"]);
    let rows = &["data.compare", "data.fingerprints"];
    vec![
        line(DATA, Empty, "it closes without a byte", |s| s.breaks(Mode::EMPTY), All("unreachable")),
        line(DATA, Permission, "an account that does not exist", |s| s.user = "nobody_of_that_name".into(), All("denied")),
        line(counts, Permission, "a table that may not be read", |s| s.database_sql("REVOKE SELECT ON items FROM muster_full"), All("denied")),
        line(counts, Permission, "one column of a table", |s| s.database_sql("REVOKE SELECT ON items FROM muster_full; GRANT SELECT (id) ON items TO muster_full"), All("denied")),
        line(counts, Permission, "row-level security", |s| s.database_sql("ALTER TABLE items ENABLE ROW LEVEL SECURITY"), All("denied")),
        line(counts, Empty, "no table at all", |s| s.database_sql("DROP TABLE items"), All("empty")),
        line(counts, Null, "the keys of a table without rows", |s| s.database_sql("TRUNCATE items"), Fails("least_key == null || greatest_key == null")),
        line(rows, Permission, "a table that may not be read", |s| s.database_sql("REVOKE SELECT ON items FROM muster_full"), All("denied")),
        line(rows, Permission, "one column of a table", |s| s.database_sql("REVOKE SELECT ON items FROM muster_full; GRANT SELECT (id) ON items TO muster_full"), All("denied")),
        line(rows, Permission, "row-level security", |s| s.database_sql("ALTER TABLE items ENABLE ROW LEVEL SECURITY"), All("denied")),
        line(compare, Refused, "the other side is no database", |s| s.write(b"no database"), All("malformed")),
        line(compare, WrongType, "a column of another type", |s| s.database_sql("ALTER TABLE items DROP COLUMN seen; ALTER TABLE items ADD COLUMN seen point"), All("unsupported")),
        line(compare, Empty, "the other side is an empty file", |s| s.write(b""), All("empty")),
        line(prints, Empty, "no table at all", |s| s.database_sql("DROP TABLE items"), All("empty")),
        line(compare, Null, "the table did not arrive", |s| s.database_sql("DROP TABLE items"), Fails("rows == null")),
        line(compare, Null, "the table was not there", |s| s.sqlite("ALTER TABLE items RENAME TO things"), Fails("source_rows == null")),
        not(prints, Null, NO_NULL),
        not(schema, Null, "the only null, of `table`, says that an object belongs to none"),
        not(DATA, Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn services() -> Vec<Line> {
    let http = &["http.response"];
    let tls = &["tls.chain"];
    vec![
        line(http, Refused, "503 and a page for people", |s| s.answers(Reply::new(503, "text/html", "<h1>Sorry</h1>")), Unknown(RICH, "malformed")),
        line(http, Refused, "503 is a status that is seen", |s| s.answers(Reply::new(503, "text/html", "<h1>Sorry</h1>")), Fails("status >= 400")),
        line(http, Hangs, "in the middle of the body", |s| {
            s.breaks(Mode::Hang { after: 100 });
            s.deadline = "1s";
        }, Unknown(RICH, "timeout")),
        line(http, Permission, "401", |s| s.answers(Reply::new(401, "text/plain", "no")), Fails("status >= 400")),
        line(http, Permission, "403, and JSON all the same", |s| s.answers(Reply::new(403, "application/json", r#"{"error": "no"}"#)), Unknown(RICH, "absent")),
        line(http, Empty, "a body of no byte", |s| s.answers(Reply::new(200, "application/json", "")), Unknown(RICH, "malformed")),
        line(http, Null, "a header that is not there", |s| s.answers(Reply::with(200, &[], WELL)), Fails("location == null")),
        line(http, Null, "null in the JSON", |s| s.answers(Reply::new(200, "application/json", r#"{"amount": null, "seen": null}"#)), Unknown(RICH, "wrong-type")),
        line(http, WrongType, "a text in place of the number", |s| s.answers(Reply::new(200, "application/json", r#"{"amount": "1.5"}"#)), Unknown(RICH, "wrong-type")),
        line(http, Clock, "a time in the future", |s| s.answers(Reply::new(200, "application/json", r#"{"seen": "2100-01-01T00:00:00Z"}"#)), Unknown(LATER, "clock")),
        line(tls, Permission, "the file with the authorities may not be read", Stage::closed_authorities, Unknown("trusted == false", "denied")),
        line(tls, Hangs, "the file with the authorities is a pipe", Stage::piped_authorities, Unknown("trusted == false", "wrong-type")),
        not(tls, Null, "the only null, of `verify_error`, is the good answer"),
        line(tls, Clock, "a certificate that begins in the future", |s| s.presents(|params| params.not_before = date_time_ymd(2100, 1, 1)), Unknown("not_before_age < 1.seconds", "clock")),
        line(tls, Clock, "a certificate that begins in the future is not valid", |s| s.presents(|params| params.not_before = date_time_ymd(2100, 1, 1)), Fails("date_valid == false")),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn jobs() -> Vec<Line> {
    let (canary, finished) = (&["job.canary"], &["job.finished"]);
    vec![
        line(canary, Refused, "503 for the job", |s| s.answers_calls(503, 200, 204), Fails("enqueued == false")),
        line(canary, Refused, "503 for the question", |s| s.answers_calls(200, 503, 204), Unknown("finished == false", "malformed")),
        line(canary, Refused, "409: the job failed", |s| s.answers_calls(200, 409, 204), Fails("failed == true")),
        line(canary, Refused, "500 for what removes it", |s| s.answers_calls(200, 200, 500), Fails("cleaned != null && cleaned == false")),
        line(canary, Hangs, "a job that does not finish", |s| s.answers_calls(200, 202, 204), Fails("finished == false")),
        line(canary, Permission, "403", |s| s.answers_calls(403, 200, 204), All("denied")),
        line(canary, Permission, "401 for the question", |s| s.answers_calls(200, 401, 204), Unknown("finished == false", "denied")),
        line(canary, Null, "how long a job took that has not finished", |s| s.answers_calls(200, 404, 204), Fails("took == null")),
        not(canary, Clock, NO_TIME),
        line(finished, Refused, "503 and a page for people", |s| s.answers(Reply::new(503, "text/html", "<h1>Sorry</h1>")), All("malformed")),
        line(finished, Permission, "401", |s| s.answers(Reply::new(401, "text/plain", "no")), All("denied")),
        line(finished, Empty, "a body of no byte", |s| s.answers(Reply::new(200, "application/json", "")), All("malformed")),
        line(finished, Null, "null in the JSON", |s| s.answers(Reply::new(200, "application/json", r#"{"seen": null}"#)), Fails("finished_at == null")),
        line(finished, WrongType, "true in place of the time", |s| s.answers(Reply::new(200, "application/json", r#"{"seen": true}"#)), All("wrong-type")),
        line(finished, Clock, "a time in the future", |s| s.answers(Reply::new(200, "application/json", r#"{"seen": "2100-01-01T00:00:00Z"}"#)), Unknown("finished_at == null || finished_at_age > 1000.days", "clock")),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn files() -> Vec<Line> {
    let (certificate, disk, set, stat) = (&["certificate.file"], &["disk.usage"], &["file.set"], &["file.stat"]);
    vec![
        line(&["certificate.file", "disk.usage", "file.set", "file.volume"], Unreachable, "nothing is there", |s| drop(s.at("data/gone")), All("absent")),
        line(stat, Unreachable, "nothing is there", |s| drop(s.at("data/gone")), Fails("exists == false")),
        line(FILES, Refused, "a symbolic link that leads back to itself", Stage::looped, All("malformed")),
        line(certificate, Hangs, "a pipe into which nobody writes", |s| {
            s.pipe();
            s.deadline = "1s";
        }, All("wrong-type")),
        line(stat, Hangs, "a pipe into which nobody writes", |s| {
            s.pipe();
            s.deadline = "1s";
        }, Fails("sha256 == null")),
        not(disk, Hangs, DIRECTORIES),
        not(set, Hangs, DIRECTORIES),
        line(stat, Drips, "a file that is too long for the deadline", |s| {
            std::fs::File::create(&s.path).unwrap().set_len(1 << 40).unwrap();
            s.deadline = "1s";
        }, Unknown("sha256 == null", "timeout")),
        line(set, Drips, "a tree that is too large for the deadline", |s| {
            s.path = "/proc".into();
            s.deadline = "1ms";
        }, All("timeout")),
        not(certificate, Drips, "at most 1 MiB of a regular file is read"),
        not(disk, Drips, KERNEL),
        line(certificate, Garbage, "noise", |s| s.write(&[0x9f; 4000]), All("malformed")),
        line(set, Garbage, "a name that is no text", |s| {
            use std::os::unix::ffi::OsStrExt as _;
            std::fs::write(s.path.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "later and larger")
                .unwrap();
        }, Unknown("largest_path == null", "malformed")),
        not(disk, Garbage, KERNEL),
        not(stat, Garbage, KERNEL),
        line(FILES, Permission, "behind a directory that may not be searched", Stage::closed, All("denied")),
        line(certificate, Empty, "a file of no byte", |s| s.write(b""), All("empty")),
        line(stat, Empty, "a file of no byte", |s| s.write(b""), Fails("size != null && size == 0.bytes")),
        line(set, Empty, "a directory without files", |s| std::fs::remove_file(s.path.join("file")).unwrap(), Fails("count == 0")),
        line(disk, Empty, "a file system without space", |s| s.path = "/proc".into(), Unknown("used_ratio > 99.percent", "undecidable")),
        not(certificate, Null, "the only null, of `key_bits`, is that of a kind of key"),
        line(stat, Null, "the size of what is not there", |s| drop(s.at("data/gone")), Fails("size == null")),
        line(set, Null, "the newest of none", |s| std::fs::remove_file(s.path.join("file")).unwrap(), Fails("newest == null")),
        line(disk, Null, "a file system without inodes", |s| s.path = "/proc".into(), Fails("inodes_total == null")),
        line(certificate, WrongType, "a directory", Stage::above, All("wrong-type")),
        line(stat, WrongType, "a directory", Stage::above, Fails("type != null && type != \"file\"")),
        line(set, WrongType, "a file in place of the directory", |s| s.path = s.path.join("file"), All("wrong-type")),
        not(disk, WrongType, KERNEL),
        line(certificate, Clock, "a certificate that begins in the future", |s| {
            let cert = crate::tls::Cert::own("shop.example.org", |params| {
                params.not_before = date_time_ymd(2100, 1, 1);
            });
            s.write(cert.unwrap().pem().as_bytes());
        }, Unknown("not_before_age < 1.seconds", "clock")),
        line(stat, Clock, "changed in the future", |s| s.touched_in_the_future(), Unknown("modified == null || modified_age > 1.days", "clock")),
        line(set, Clock, "changed in the future", |s| s.touched_in_the_future(), Unknown("newest == null || newest_age > 1.days", "clock")),
        not(disk, Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn volumes() -> Vec<Line> {
    let volume = &["file.volume"];
    vec![
        not(volume, Hangs, "a file system that hangs is mounted by the test beside its body, which needs root"),
        not(volume, Drips, KERNEL),
        not(volume, Garbage, KERNEL),
        line(volume, Permission, "as another user than root, who may not ask for others", |s| {
            s.nobody = true;
            s.user = "root".into();
        }, Unknown("writable != null && writable == false", "denied")),
        line(volume, Empty, "a volume without its sentinel", |s| std::fs::remove_file(s.path.join("file")).unwrap(), Fails("sentinel != null && sentinel == false")),
        line(volume, Null, "a file system without a UUID", |s| s.path = "/proc".into(), Fails("id == null")),
        not(volume, WrongType, KERNEL),
        not(volume, Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn data_files() -> Vec<Line> {
    let it = &["data.files"];
    vec![
        line(it, Unreachable, "the root is not there", |s| drop(s.at("data/gone")), Unknown("missing > 0", "absent")),
        line(it, Unreachable, "the root is not there, which is seen", |s| drop(s.at("data/gone")), Fails("tree == \"absent\"")),
        line(it, Refused, "the root leads back to itself", Stage::looped, All("malformed")),
        line(it, Hangs, "a statement that sleeps", |s| {
            s.sql = "SELECT path, size FROM uploads, pg_sleep(30)".into();
            s.deadline = "1s";
        }, All("timeout")),
        line(it, Drips, "rows that come too slowly", |s| {
            s.sql = "SELECT 'file' AS path, 5 AS size FROM generate_series(1, 1000) WHERE pg_sleep(0.1) IS NOT NULL".into();
            s.deadline = "1s";
        }, All("timeout")),
        line(it, Permission, "an account that does not exist", |s| s.user = "nobody_of_that_name".into(), All("denied")),
        line(it, Permission, "a table that may not be read", |s| s.database_sql("REVOKE SELECT ON uploads FROM muster_full"), All("denied")),
        line(it, Permission, "behind a directory that may not be searched", Stage::closed, All("denied")),
        line(it, Empty, "no row", |s| s.database_sql("DELETE FROM uploads"), Unknown("missing > 0", "empty")),
        line(it, Empty, "no file", |s| std::fs::remove_file(s.path.join("file")).unwrap(), Fails("tree == \"empty\"")),
        line(it, Null, "a size that nobody noted", |s| s.database_sql("UPDATE uploads SET size = NULL"), Unknown("size_differs == null || size_differs > 0", "empty")),
        line(it, Null, "a path that is null", |s| s.database_sql("INSERT INTO uploads VALUES (NULL, 1)"), Fails("nameless > 0")),
        line(it, WrongType, "a file in place of the root", |s| s.path = s.path.join("file"), All("wrong-type")),
        line(it, WrongType, "a size that is a text", |s| s.sql = "SELECT path, 'five'::text AS size FROM uploads".into(), All("undecidable")),
        not(it, Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn file_tree() -> Vec<Line> {
    let it = &["file.tree"];
    vec![
        line(it, Unreachable, "nothing is there", |s| drop(s.at("data/gone")), All("absent")),
        line(it, Refused, "a symbolic link that leads back to itself", Stage::looped, All("malformed")),
        not(it, Hangs, DIRECTORIES),
        line(it, Drips, "a tree that is too large for the deadline", |s| {
            s.path = "/proc".into();
            s.deadline = "1ms";
        }, All("timeout")),
        line(it, Garbage, "a name that is no text", |s| {
            use std::os::unix::ffi::OsStrExt as _;
            std::fs::write(s.path.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "").unwrap();
        }, Unknown("digest == null", "unsupported")),
        line(it, Permission, "behind a directory that may not be searched", Stage::closed, All("denied")),
        line(it, Empty, "a directory without files", |s| std::fs::remove_file(s.path.join("file")).unwrap(), All("empty")),
        line(it, Null, "the size of a directory", |s| std::fs::create_dir(s.path.join("below")).unwrap(), Fails("size == null")),
        line(it, WrongType, "a file in place of the directory", |s| s.path = s.path.join("file"), All("wrong-type")),
        line(it, Clock, "changed in the future", |s| s.touched_in_the_future(), Unknown("modified_age > 1.days", "clock")),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn attestations() -> Vec<Line> {
    let it = &["attestation.latest"];
    let none = |s: &mut Stage| drop(std::fs::remove_dir_all(s.at("attestations")));
    vec![
        line(it, Unreachable, "there is no file", none, All("empty")),
        line(it, Unreachable, "the evidence is gone", |s| std::fs::remove_file(&s.path).unwrap(), Fails("evidence_state == \"absent\"")),
        line(it, Refused, "a symbolic link that leads back to itself", |s| std::os::unix::fs::symlink("b.yaml", s.at("attestations/b.yaml")).unwrap(), All("malformed")),
        line(it, Hangs, "the evidence is a pipe into which nobody writes", |s| {
            s.pipe();
            s.deadline = "1s";
        }, Unknown("evidence_fits == 0", "wrong-type")),
        line(it, Drips, "evidence that is too long for the deadline", |s| {
            std::fs::File::create(&s.path).unwrap().set_len(1 << 40).unwrap();
            s.deadline = "1s";
        }, Unknown("evidence_fits == 0", "timeout")),
        line(it, Garbage, "noise in place of the evidence", |s| s.write(&[0x9f; 4000]), Fails("evidence_state == \"differs\"")),
        line(it, Permission, "what is attested may not be read", Stage::closed_attestations, All("denied")),
        line(it, Permission, "the folder may not be searched", Stage::closed_folder, All("denied")),
        line(it, Permission, "the evidence may not be read", Stage::closed_file, Unknown("evidence_fits == 0", "denied")),
        line(it, Empty, "a folder without files", |s| std::fs::remove_file(s.at("attestations/a.yaml")).unwrap(), All("empty")),
        line(it, Null, "no evidence", |s| s.attests("at: 2026-06-01", ""), Fails("evidence == null")),
        line(it, WrongType, "a folder in place of the evidence", |s| {
            std::fs::remove_file(&s.path).unwrap();
            std::fs::create_dir(&s.path).unwrap();
        }, Unknown("evidence_fits == 0", "wrong-type")),
        line(it, Clock, "attested in the future", |s| s.attests("at: 2100-01-01", "[{ link: data/file }]"), Unknown("at_age > 3650.days", "clock")),
    ]
}

const FILES_ALONE: &str =
    "it reads what the project file and the policies say, and a project that does not load stops the run";

/// What a project remembers: some probes know other facts without a store, the rest know nothing.
fn memories() -> Vec<Line> {
    let mut lines = vec![
        not(&["project.targets"], Permission, FILES_ALONE),
        // A store that may not be used stops a run before anything is judged: `a_store_that_may_not_be_written_stops_the_check`.
        line(
            &without(of(&["project"]), &["project.targets"]),
            Permission,
            "behind a directory that may not be searched",
            Stage::closed_memory,
            Probed("denied"),
        ),
        line(&of(&["project"]), Null, "null where the declaration allows it", |_| {}, Nulls),
    ];
    for class in [Unreachable, Refused, Hangs, Drips, Garbage, WrongType, Empty, Clock] {
        lines.push(not(&["project.targets"], class, FILES_ALONE));
    }
    let mut of_all = |class, what, broken: fn(&mut Stage), cause| {
        lines.extend([
            line(&["project.findings", "project.runs"], class, what, broken, All(cause)),
            line(&["project.checks"], class, what, broken, Unknown("judgements > 1000", cause)),
            line(&["project.controls"], class, what, broken, Unknown("state == \"waived\"", cause)),
            line(&["project.exceptions"], class, what, broken, Unknown("hides > 1000", cause)),
        ]);
    };
    of_all(
        Unreachable,
        "a shared store on a host that nobody knows",
        |s| s.shares("nowhere.invalid:5432"),
        "unreachable",
    );
    of_all(
        Refused,
        "nothing listens where the shared store is",
        |s| {
            let place = Faults::refused().unwrap().to_string();
            s.shares(&place);
        },
        "unreachable",
    );
    of_all(Hangs, "a shared store that accepts and never speaks", |s| s.shares_with(Mode::HANG), "timeout");
    of_all(Drips, "a shared store that sends a byte every 0.4 s", |s| s.shares_with(drip()), "timeout");
    of_all(Garbage, "a table of the store is gone", |s| s.sqlite("DROP TABLE judged"), "malformed");
    of_all(WrongType, "a finding that is a list", |s| s.sqlite("UPDATE told SET json = '[]'"), "malformed");
    of_all(Empty, "there is no store", Stage::forgets, "no-history");
    of_all(Clock, "all that is remembered is in the future", Stage::remembers_the_future, "clock");
    let what = "a store without a run";
    lines.extend([
        line(&["project.findings", "project.runs"], Empty, what, Stage::pruned, All("no-history")),
        line(&["project.controls"], Empty, what, Stage::pruned, Unknown("state == \"waived\"", "no-history")),
        line(&["project.exceptions"], Empty, what, Stage::pruned, Unknown("hides > 1000", "no-history")),
    ]);
    lines
}

#[rustfmt::skip] // A table is read line by line.
fn sqlite() -> Vec<Line> {
    let (database, query, tables) = (&["sqlite.database"], &["sqlite.query"], &["sqlite.tables"]);
    vec![
        line(&of(&["sqlite"]), Unreachable, "nothing is there", |s| drop(s.at("data/gone")), All("absent")),
        line(&of(&["sqlite"]), Refused, "a symbolic link that leads back to itself", Stage::looped, All("malformed")),
        line(&of(&["sqlite"]), Hangs, "a pipe into which nobody writes", |s| {
            s.pipe();
            s.deadline = "1s";
        }, All("wrong-type")),
        line(query, Drips, "a statement that does not end", |s| {
            s.sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) * 1.0 AS amount, '' AS seen FROM n".into();
            s.deadline = "1s";
        }, All("timeout")),
        not(database, Drips, "SQLite reads a file; a slow one is stopped as the endless statement of `sqlite.query` is"),
        not(tables, Drips, "SQLite reads a file; a slow one is stopped as the endless statement of `sqlite.query` is"),
        line(&of(&["sqlite"]), Garbage, "noise", |s| s.write(&[0x9f; 4096]), All("malformed")),
        line(&of(&["sqlite"]), Permission, "behind a directory that may not be searched", Stage::closed, All("denied")),
        line(&of(&["sqlite"]), Empty, "a file of no byte", |s| s.write(b""), All("empty")),
        line(tables, Empty, "no table at all", |s| s.sqlite("DROP TABLE items"), All("empty")),
        line(database, Null, "no WAL", |_| {}, Fails("wal_size == null")),
        line(tables, Null, "the size of a virtual table", |s| s.sqlite("CREATE VIRTUAL TABLE words USING fts5(word)"), Fails("size == null")),
        line(&of(&["sqlite"]), WrongType, "a directory", Stage::above, All("wrong-type")),
        line(database, Clock, "changed in the future", |s| s.touched_in_the_future(), Unknown("modified_age > 1.days", "clock")),
        not(tables, Clock, NO_TIME),
    ]
}

#[rustfmt::skip] // A table is read line by line.
fn commands() -> Vec<Line> {
    let it = &["command.output"];
    vec![
        line(it, Unreachable, "a program that is not there", |s| s.command = vec!["/no/such/program".into()], All("absent")),
        line(it, Refused, "it says no", |s| s.prints("echo no >&2; exit 3"), Fails("exit_status != 0")),
        line(it, Refused, "it says no", |s| s.prints("echo no >&2; exit 3"), Unknown(RICH, "malformed")),
        line(it, Hangs, "it does not end", |s| {
            s.prints("sleep 600");
            s.deadline = "1s";
        }, All("timeout")),
        line(it, Drips, "a byte every 0.1 s", |s| {
            s.prints("while :; do printf ' '; sleep 0.1; done");
            s.deadline = "1s";
        }, All("timeout")),
        line(it, Garbage, "noise", |s| s.prints("head -c 4000 /dev/urandom"), Unknown(RICH, "malformed")),
        line(it, Permission, "it may not be executed", |s| {
            s.prints("");
            s.command.remove(0);
        }, All("denied")),
        line(it, Empty, "it prints nothing", |s| s.prints(""), Unknown(RICH, "malformed")),
        line(it, Null, "null in the JSON", |s| s.prints("echo '{\"amount\": null}'"), Unknown(RICH, "wrong-type")),
        line(it, WrongType, "a text in place of the number", |s| s.prints("echo '{\"amount\": \"1.5\"}'"), Unknown(RICH, "wrong-type")),
        line(it, Clock, "a time in the future", |s| s.prints("echo '{\"seen\": \"2100-01-01T00:00:00Z\"}'"), Unknown(LATER, "clock")),
    ]
}

/// Breaks a target, judges, and says what is wrong about that.
fn tried(probe: &str, line: &Line) -> Result<(), String> {
    let mut stage = Stage::new(probe);
    (line.broken)(&mut stage);
    match line.found {
        All(cause) => {
            let rules = every_fact(stage.probe);
            let run = stage.judge(&rules)?;
            rules.iter().try_for_each(|(id, _)| unknown(&run, id, cause))
        }
        Unknown(rule, cause) => unknown(&one(&mut stage, rule)?, "rule", cause),
        Fails(rule) => verdict(&one(&mut stage, rule)?, "rule", "fail"),
        Nulls => nulls(&mut stage),
        Future => future(&mut stage),
        Probed(cause) => stage.probed(cause),
        Nothing(_) => Ok(()),
    }
}

fn nulls(stage: &mut Stage) -> Result<(), String> {
    let facts = stage.probe.facts.iter().filter(|fact| fact.null.is_some());
    let rules: Vec<_> = facts.map(|fact| (id_of(fact.name), format!("{} == null", fact.name))).collect();
    let run = stage.judge(&rules)?;
    rules.iter().try_for_each(|(id, _)| decided(&run, id))
}

/// Times that are always those of now, so that no clock is ahead of them.
const NOW: &[(&str, &str)] = &[("postgres.server", "server_time")];

fn future(stage: &mut Stage) -> Result<(), String> {
    let is_now = |name| NOW.contains(&(stage.probe.name, name));
    let facts = stage.probe.facts.iter().filter(|fact| matches!(fact.ty, Ty::Time) && !is_now(fact.name));
    let rule = |fact: &FieldDecl| {
        let null = if fact.null.is_some() { format!("{} == null || ", fact.name) } else { String::new() };
        (id_of(fact.name), format!("{null}{}_age > 1.days", fact.name))
    };
    let mut rules: Vec<_> = facts.map(rule).collect();
    // Fails for each row there is.
    let is_key = |fact: &&FieldDecl| stage.probe.key.contains(&fact.name) && !matches!(fact.ty, Ty::Enum(_));
    let key = stage.probe.facts.iter().find(is_key);
    let known = key.map(|key| match key.ty {
        Ty::Int | Ty::Counter => format!("{} != -1", key.name),
        _ => format!("{} != \"\"", key.name),
    });
    rules.extend(known.map(|rule| ("any-row".to_owned(), rule)));
    let run = stage.judge(&rules)?;
    if run.checks().iter().any(|check| check["policy"] == "any-row" && check["verdict"] == "pass") {
        return Ok(());
    }
    rules.retain(|(id, _)| id != "any-row");
    for (id, _) in &rules {
        let check = run.check_of(id);
        if check["counts"]["pass"] != 0 {
            return Err(format!("`{id}` passes"));
        }
        let cause =
            |one: &&&Json| one["verdict"] == "unknown" && one["cause"]["cause"] != "clock" && !excused(one);
        if let Some(other) = run.findings_of(id).iter().find(cause) {
            return Err(format!("`{id}`: {}", other["cause"]));
        }
    }
    Ok(())
}

fn id_of(fact: &str) -> String {
    fact.replace('_', "-")
}

/// What a server that is well cannot tell this role: it is too old, is no replica, lacks an extension, or only a superuser may see it.
fn excused(finding: &Json) -> bool {
    let fix = finding["cause"]["fix"].as_str().unwrap_or_default();
    match finding["cause"]["cause"].as_str() {
        Some("unsupported") => true,
        Some("absent") => fix.starts_with("CREATE EXTENSION"),
        Some("denied") => fix.contains("no grant shows it"),
        _ => false,
    }
}

/// Passes or fails, but for what is excused.
fn decided(run: &Run, id: &str) -> Result<(), String> {
    let check = run.check_of(id);
    let unknown = |one: &&&Json| one["verdict"] != "fail" && !excused(one);
    let found = run.findings_of(id);
    let well = check["verdict"] == "pass" || check["verdict"] == "fail" || !found.is_empty();
    match found.iter().find(unknown) {
        None if well => Ok(()),
        _ => Err(format!("`{id}` is {}: {}", check["verdict"], check["findings"])),
    }
}

fn one(stage: &mut Stage, rule: &str) -> Result<Run, String> {
    stage.judge(&[("rule".to_owned(), rule.to_owned())])
}

fn verdict(run: &Run, id: &str, wanted: &str) -> Result<(), String> {
    let check = run.check_of(id);
    let said = || check["findings"].to_string();
    if check["verdict"] == wanted {
        Ok(())
    } else {
        Err(format!("`{id}` is {}: {}", check["verdict"], said()))
    }
}

fn unknown(run: &Run, id: &str, cause: &str) -> Result<(), String> {
    verdict(run, id, "unknown")?;
    match run.findings_of(id).as_slice() {
        [] => Err(format!("`{id}` has no finding")),
        all => match all.iter().find(|one| one["cause"]["cause"] != cause) {
            Some(other) => Err(format!("`{id}`: {}", other["cause"])),
            None => Ok(()),
        },
    }
}

/// Before a target that is well every fact is decided, and every rule of the table passes.
fn well(probe: &str, lines: &[Line]) -> Result<(), String> {
    let mut looks = 1;
    loop {
        match well_once(probe, lines) {
            Err(NotWell { dropped: true, .. }) if looks < LOOKS => looks += 1,
            found => return found.map_err(|why| why.why),
        }
    }
}

/// Of the databases of a server those of other tests are some: so often is looked again because one was dropped meanwhile.
const LOOKS: usize = 5;

/// Why a target that is well does not look so.
struct NotWell {
    why: String,
    /// Nothing is unknown but what belongs to a database that was dropped meanwhile.
    dropped: bool,
}

impl From<String> for NotWell {
    fn from(why: String) -> Self {
        Self { why, dropped: false }
    }
}

/// Is it unknown because a database was dropped while it was looked at?
fn is_dropped(finding: &Json) -> bool {
    let says =
        |part: &str, words: &str| finding["cause"][part].as_str().is_some_and(|text| text.contains(words));
    // Before it was looked at as a whole, or before its size was measured.
    finding["cause"]["cause"] == "absent"
        && (says("fix", "dropped while it was looked at") || says("what", "could be told: it was dropped"))
}

fn well_once(probe: &str, lines: &[Line]) -> Result<(), NotWell> {
    let rules: BTreeSet<&str> = lines
        .iter()
        .filter(|line| line.probes.contains(&probe))
        .filter_map(|line| match line.found {
            // Nothing has to be broken for a null.
            Fails(_)
                if line.class == Null
                    && matches!(
                        probe,
                        "file.volume" | "postgres.server" | "postgres.connections" | "sqlite.database"
                    ) =>
            {
                None
            }
            Unknown(rule, _) | Fails(rule) => Some(rule),
            All(_) | Nulls | Future | Probed(_) | Nothing(_) => None,
        })
        .collect();
    let mut stage = Stage::new(probe);
    let facts = every_fact(stage.probe);
    let rules = rules.iter().enumerate().map(|(at, rule)| (format!("rule-{at}"), (*rule).to_owned()));
    let rules: Vec<_> = rules.collect();
    let run = stage.judge(&[facts.clone(), rules.clone()].concat())?;
    let unknown = || run.findings().into_iter().filter(|one| one["verdict"] != "fail" && !excused(one));
    let dropped = probe == "postgres.databases" && unknown().next().is_some() && unknown().all(is_dropped);
    let well = facts.iter().try_for_each(|(id, _)| decided(&run, id)).and_then(|()| {
        let passes =
            |(id, rule): &(String, String)| verdict(&run, id, "pass").map_err(|why| format!("{rule}: {why}"));
        rules.iter().try_for_each(passes)
    });
    well.map_err(|why| NotWell { why: format!("well: {why}"), dropped })
}

/// Reasons that can be checked are.
#[track_caller]
fn reason_holds(probe: &str, why: &str) {
    let decl = catalogue::find(probe).unwrap();
    if why == NO_TIME {
        let has_time = decl.facts.iter().any(|fact| matches!(fact.ty, Ty::Time));
        assert!(decl.declared == Declared::No && !has_time, "{probe}");
    }
    if why == NO_NULL {
        assert!(decl.facts.iter().all(|fact| fact.null.is_none()), "{probe}");
    }
}

/// Cells by how many ways they are tried; `None` where there is nothing to try.
fn cells(lines: &[Line]) -> BTreeMap<(&'static str, Fault), Option<usize>> {
    let mut cells = BTreeMap::new();
    for line in lines {
        for probe in &line.probes {
            assert!(catalogue::find(probe).is_some(), "no probe `{probe}`");
            let before = cells.get(&(*probe, line.class)).copied();
            let now = match (line.found, before) {
                (Nothing(why), None) => {
                    reason_holds(probe, why);
                    None
                }
                (Nothing(_), Some(_)) | (_, Some(None)) => {
                    panic!("{probe}, {:?}: tried and not tried", line.class)
                }
                (_, before) => Some(before.flatten().unwrap_or(0) + 1),
            };
            cells.insert((*probe, line.class), now);
        }
    }
    cells
}

#[test]
fn every_probe_meets_every_fault() {
    let lines = table();
    let cells = cells(&lines);
    let missing: Vec<String> = catalogue::PROBES
        .iter()
        .flat_map(|probe| CLASSES.map(|class| (probe.name, class)))
        .filter(|cell| !cells.contains_key(cell))
        .map(|(probe, class)| format!("{probe}, {class:?}: no line"))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
    // Those of PostgreSQL and PgBouncer come and go with the catalogue.
    let is_database = |probe: &str| probe.starts_with("pg") || probe.starts_with("postgres");
    let others = cells.iter().filter(|((probe, _), _)| !is_database(probe));
    let tries = others.clone().filter_map(|(_, tries)| *tries);
    assert_eq!((others.count(), tries.clone().count(), tries.sum::<usize>()), (280, 238, 320));
}

#[test]
fn no_fault_is_green() {
    let lines = table();
    let mut work: Vec<(&str, Option<&Line>)> =
        catalogue::PROBES.iter().map(|probe| (probe.name, None)).collect();
    work.extend(
        lines
            .iter()
            .filter(|line| !matches!(line.found, Nothing(_)))
            .flat_map(|line| line.probes.iter().map(move |probe| (*probe, Some(line)))),
    );
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some((probe, line)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let name = line.map_or("well".to_owned(), |line| format!("{:?}, {}", line.class, line.what));
            let work = || line.map_or_else(|| well(probe, &lines), |line| tried(probe, line));
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let done = done.unwrap_or_else(|_panic| Err("it panicked, see above".into()));
            if let Err(why) = done {
                wrong.lock().unwrap().push(format!("{probe}, {name}: {why}"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(worker);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), work.len(), wrong.join("\n"));
}
