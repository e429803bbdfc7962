//! Looking changes nothing: compared before and after, read from the server's own log, and tried beside a lock.

use std::collections::{BTreeMap, BTreeSet};

use passmuster::fact::{Cause, Cell, Level, Missing, Observation, SqlDialect, Value, refuse_sql};

use super::{Cluster, Seen, faults, look, probes, rows, shop};
use crate::policies_postgres::Database;
use crate::trial::env;

/// What may not change, line by line. User tables themselves are read only if wanted, because that is counted.
fn snapshot(cluster: &Cluster, contents: &str) -> Vec<String> {
    let text = format!("\\set contents {contents}\n{}", super::text("snapshot.sql"));
    cluster.script(&text).lines().map(str::to_owned).collect()
}

/// Kinds of records that an idle server writes: its checkpoints and what is running.
const IDLE: &[&str] = &["Standby", "XLOG"];

#[test]
fn a_full_run_changes_nothing_of_its_target() {
    let cluster = Cluster::own();
    cluster.sql("CREATE EXTENSION pg_walinspect");
    let contents = snapshot(&cluster, "all");
    cluster.sql("SELECT pg_stat_force_next_flush()");
    let before = snapshot(&cluster, "catalogs");
    assert!(before.len() > 90, "{}", before.len());
    let lsn = cluster.sql("SELECT pg_current_wal_insert_lsn()");
    let run = shop(&cluster, "muster_monitor").check(&[]);
    assert!(run.checks().len() >= 20);
    let seen = cluster.look("muster_monitor");
    assert!(seen.values().any(|answer| answer.result.is_ok()));
    let from = lsn.trim();
    let kinds = format!(
        "SELECT DISTINCT resource_manager FROM pg_get_wal_records_info('{from}', pg_current_wal_insert_lsn())"
    );
    let is_idle = cluster.sql("SELECT pg_current_wal_insert_lsn()") == lsn;
    let written = if is_idle { String::new() } else { cluster.sql(&kinds) };
    assert_eq!(before, snapshot(&cluster, "catalogs"));
    let other: Vec<&str> = written.lines().filter(|kind| !IDLE.contains(kind)).collect();
    assert_eq!(other, Vec::<&str>::new());
    let tables = |lines: Vec<String>| -> Vec<String> {
        lines.into_iter().filter(|line| line.starts_with("rows of ")).collect()
    };
    assert_eq!(tables(contents), tables(snapshot(&cluster, "all")));
}

/// Does a row speak of this table?
fn mentions(row: &[Cell], words: &[&str]) -> bool {
    fn says(value: &Value, words: &[&str]) -> bool {
        match value {
            Value::Text(text) => words.iter().any(|word| text.contains(word)),
            Value::List(items) | Value::Record(items) => items.iter().flatten().any(|item| says(item, words)),
            _ => false,
        }
    }
    row.iter().flatten().any(|value| says(value, words))
}

/// Causes by row and fact that are there because of a lock.
fn waited(seen: &Seen) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, answer) in seen {
        for (fact, why) in faults(answer) {
            if why.cause == Cause::Timeout {
                found.insert(format!("{name}.{fact}"));
            }
        }
    }
    found
}

/// What is locked by whom, and the words by which rows of it are known. The other side of a foreign key is a row of the
/// key, and the parent of a partition one of its partitions.
const LOCKS: &[(&str, &[&str])] = &[
    (
        "LOCK TABLE resting, \"Order Lines\" IN ACCESS EXCLUSIVE MODE",
        &["resting", "resting_pad", "Order Lines", "lines_note", "Lines of"],
    ),
    ("REINDEX INDEX lines_note", &["lines_note", "Order Lines"]),
    ("ALTER SEQUENCE big RENAME TO other", &["big", "narrow"]),
    ("REFRESH MATERIALIZED VIEW names", &["names"]),
    ("ALTER VIEW mails RENAME TO other", &["mails"]),
    ("LOCK TABLE ONLY measures IN ACCESS EXCLUSIVE MODE", &["measures"]),
    ("LOCK TABLE measures_rest IN ACCESS EXCLUSIVE MODE", &["measures"]),
    ("LOCK TABLE customers IN ACCESS EXCLUSIVE MODE", &["customers", "Order Lines"]),
    ("TRUNCATE \"Other Place\".\"T\" RESTART IDENTITY", &["Other Place"]),
    ("ALTER TYPE \"Other Place\".\"Mood\" RENAME TO other", &["Other Place"]),
    ("ALTER FUNCTION nothing() RENAME TO other", &["customers"]),
    ("ALTER SCHEMA \"Other Place\" RENAME TO other", &["Other Place"]),
    ("ALTER PUBLICATION feed RENAME TO other", &["feed"]),
    ("ALTER EXTENSION pgstattuple SET SCHEMA \"Other Place\"", &["pgstattuple"]),
];

/// What an answer beside a lock lacks that it had before, and that the lock cannot excuse: what it says of a row and why a
/// fact of it is gone.
fn lost(free: &Seen, locked: &Seen, excused: impl Fn(&[Cell], &Missing) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, answer) in locked {
        let (Ok(table), Ok(before)) = (&answer.result, &free[name].result) else {
            if free[name].result.is_ok() {
                wrong.push(format!("{name}: {:?}", answer.result));
            }
            continue;
        };
        let known = rows(before);
        for (key, row) in rows(table) {
            let lost = |index: usize| {
                row[index].is_err() && known.get(&key).is_some_and(|cells| cells[index].is_ok())
            };
            let gone: Vec<usize> = (0..row.len()).filter(|index| lost(*index)).collect();
            let why = gone.into_iter().filter_map(|index| row[index].as_ref().err());
            if let Some(why) = why.into_iter().find(|why| !excused(row, why)) {
                wrong.push(format!("{name}, {key}: {why:?}"));
            }
        }
        let missing = known.keys().filter(|key| !rows(table).contains_key(*key));
        let missing: Vec<&String> = missing.filter(|_| !COME_AND_GO.contains(name)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{name}: without {missing:?}"));
        }
    }
    wrong
}

/// A server that tells of whoever waits for longer than twice the lock budget.
fn telling() -> Cluster {
    Cluster::own_with(&format!("{}\nlog_lock_waits = on\ndeadlock_timeout = 100ms", super::SETTINGS))
}

fn nobody_waited_for_long(cluster: &Cluster) {
    let log = log_of(cluster);
    // Or it would be the log of somebody else.
    assert!(log.iter().any(|entry| entry.application.starts_with("muster ")));
    let long: Vec<&Entry> = log
        .iter()
        .filter(|entry| entry.application.starts_with("muster ") && entry.text.contains("still waiting"))
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn what_is_locked_costs_its_own_facts_only() {
    let mut cluster = telling();
    cluster.release();
    cluster.sql("CREATE TYPE \"Other Place\".\"Mood\" AS ENUM ('fine')");
    cluster.sql("ALTER TABLE \"Other Place\".\"T\" ADD COLUMN m \"Other Place\".\"Mood\"");
    let free = cluster.look("postgres");
    assert_eq!(waited(&free), BTreeSet::new());
    let mut wrong = Vec::new();
    let mut met = BTreeSet::new();
    for (lock, words) in LOCKS {
        let mut holder = cluster.session(&format!("BEGIN; {lock};"));
        let locked = cluster.look("postgres");
        holder.kill().unwrap();
        holder.wait().unwrap();
        wrong.extend(
            lost(&free, &locked, |row, _| mentions(row, words))
                .into_iter()
                .map(|what| format!("{lock}: {what}")),
        );
        met.extend(waited(&locked));
        until_free(&cluster);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!met.is_empty(), "nothing met a lock");
    nobody_waited_for_long(&cluster);
}

/// Until the locks of whoever was killed are gone.
fn until_free(cluster: &Cluster) {
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid() AND database <> 0";
    while cluster.sql(held).trim() != "0" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Locks each relation of the database, whatever it is, as nothing else would be sure to.
const EVERYTHING: &str = "DO $$ DECLARE r record; BEGIN
    FOR r IN SELECT c.oid::regclass AS name, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
              ORDER BY c.relkind = 'i' DESC, c.oid LOOP
        CASE r.relkind
            WHEN 'i' THEN EXECUTE format('REINDEX INDEX %s', r.name);
            WHEN 'r', 'p' THEN EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', r.name);
            WHEN 'v', 'f', 'm', 'S' THEN
                EXECUTE format('ALTER %s %s RENAME TO %I', CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
                    'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'SEQUENCE' END, r.name, 'locked_' || r.name::oid);
            ELSE NULL;
        END CASE;
    END LOOP; END $$";

#[test]
fn no_statement_over_all_waits_where_everything_is_locked() {
    let mut cluster = telling();
    cluster.release();
    cluster.sql("DROP INDEX twice_a");
    let free = cluster.look("postgres");
    let mut holder = cluster.session(&format!("BEGIN; {EVERYTHING};"));
    let locked = cluster.look("postgres");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let mut wrong = Vec::new();
    let waits = |why: &Missing| why.level == Level::Row && why.cause == Cause::Timeout;
    for (name, answer) in &locked {
        // A fault that reaches beyond a row is one of the statement over all, and one of a row is there because of the lock.
        for (fact, why) in faults(answer) {
            if !waits(&why) && !faults(&free[name]).iter().any(|(_, known)| **known == *why) {
                wrong.push(format!("{name}, {fact}: {why}"));
            }
        }
    }
    // Whatever row was there is there, and what a row lacks it lacks because of the lock.
    wrong.extend(lost(&free, &locked, |_, why| waits(why)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(waited(&locked).len() > 3, "{:?}", waited(&locked));
    nobody_waited_for_long(&cluster);
}

/// Probes whose rows are sessions, which come and go.
const COME_AND_GO: &[&str] = &["postgres.sessions"];

/// A line of the server's log.
#[derive(Debug)]
struct Entry {
    pid: String,
    application: String,
    text: String,
}

fn log_of(cluster: &Cluster) -> Vec<Entry> {
    let text = std::fs::read_to_string(cluster.server().folder().join("log")).unwrap();
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        match (line.split_once('|'), line.starts_with(|c: char| c.is_ascii_digit())) {
            (Some((head, text)), true) => {
                let (pid, application) = head.split_once(' ').unwrap();
                entries.push(Entry { pid: pid.into(), application: application.into(), text: text.into() });
            }
            _ => {
                if let Some(last) = entries.last_mut() {
                    last.text.push('\n');
                    last.text.push_str(line);
                }
            }
        }
    }
    entries
}

/// Statements of ours by connection, in their order.
fn statements(log: &[Entry]) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.application.starts_with("muster ")) {
        let Some((kind, text)) = entry.text.trim_start_matches("LOG:").trim_start().split_once(": ") else {
            continue;
        };
        if kind == "statement" || kind.starts_with("execute ") {
            found.entry(&entry.pid).or_default().push(text.trim());
        }
    }
    found
}

fn connections(log: &[Entry]) -> usize {
    log.iter()
        .filter(|entry| {
            entry.text.contains("connection authorized") && entry.text.contains("application_name=muster")
        })
        .count()
}

/// What begins every transaction of ours, in this order.
const BEGINS: &[&str] = &[
    "BEGIN READ ONLY;",
    "SET LOCAL statement_timeout=",
    "SET LOCAL lock_timeout=",
    "SET LOCAL idle_in_transaction_session_timeout=",
];

#[test]
fn every_statement_stands_in_a_short_transaction_that_only_reads() {
    let cluster = Cluster::own();
    let run = shop(&cluster, "muster_monitor").check(&[]);
    assert!(run.checks().len() >= 20);
    cluster.look("muster_monitor");
    let log = log_of(&cluster);
    let by_connection = statements(&log);
    assert!(!by_connection.is_empty());
    let mut transactions = 0;
    for (pid, statements) in by_connection {
        let mut open = false;
        for text in statements {
            let words: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
            if open {
                assert!(words[0] != "BEGIN", "{pid}: {text}");
                open = !matches!(text, "ROLLBACK" | "COMMIT");
            } else {
                let mut rest = text;
                for begins in BEGINS {
                    let (before, after) = rest.split_once(begins).unwrap_or_else(|| panic!("{pid}: {text}"));
                    assert!(before.trim().is_empty() || before.ends_with("; "), "{pid}: {text}");
                    rest = after;
                }
                transactions += 1;
                open = true;
            }
            let code: String = text.lines().map(|line| line.split("--").next().unwrap_or("")).collect();
            let mut parts = code.split(';').map(|part| part.split_whitespace().take(2).collect::<Vec<_>>());
            let for_session =
                parts.find(|words| matches!(words.as_slice(), ["SET", other] if *other != "LOCAL"));
            assert_eq!(for_session, None, "{pid}: {text}");
            let leaves_something = ["RESET", "DISCARD", "LISTEN", "PREPARE", "DECLARE", "COPY", "LOCK"];
            assert!(!leaves_something.contains(&words[0].as_str()), "{pid}: {text}");
        }
        assert!(!open, "{pid} ended within its transaction");
    }
    assert!(transactions >= probes().len(), "{transactions}");
}

#[test]
fn a_small_database_is_judged_over_one_connection() {
    let cluster = Cluster::own();
    let shop = shop(&cluster, "muster_monitor");
    let begun = std::time::Instant::now();
    let run = shop.check(&[]);
    // A target that has not answered all after 0.3 s gets a second one; a machine that builds is that slow.
    let most = if begun.elapsed().as_millis() < 300 { 1 } else { 2 };
    assert!(run.checks().len() >= 20);
    let connections = connections(&log_of(&cluster));
    assert!((1..=most).contains(&connections), "{connections}");
}

#[test]
fn a_superuser_is_reported() {
    let cluster = Cluster::own();
    let verdict = |role| shop(&cluster, role).check(&[]).verdict("postgres-role-not-superuser").to_owned();
    assert_eq!((verdict("postgres"), verdict("muster_monitor")), ("fail".into(), "pass".into()));
}

/// What an answer looks like, without its values.
fn shape(answer: &Observation) -> Result<(BTreeSet<String>, Vec<String>), Cause> {
    let table = answer.result.as_ref().map_err(|why| why.cause)?;
    let faults = faults(answer).into_iter().map(|(fact, why)| format!("{fact}: {}", why.cause));
    Ok((rows(table).into_keys().collect(), faults.collect()))
}

#[test]
fn a_pooler_changes_no_answer() {
    let database =
        Database::new(&["CREATE TABLE orders (id serial PRIMARY KEY)", "CREATE TABLE \"Lines\" (id int)"]);
    let password = env("MUSTER_TEST_PG_PASSWORD");
    let at = |port: &str| {
        let url = format!("postgres://muster_monitor@127.0.0.1:{}/{}", env(port), database.name());
        look(&url, &password, &probes())
    };
    let (direct, pooled) = (at("MUSTER_TEST_PG_PORT"), at("MUSTER_TEST_PGBOUNCER_PORT"));
    for (name, answer) in &direct {
        // What is of the server comes and goes with the other tests.
        let by_database = answer.result.as_ref().is_ok_and(|table| table.schema.field("schema").is_some());
        if by_database {
            assert_eq!(shape(answer), shape(&pooled[name]), "{name}");
        } else {
            assert_eq!(
                shape(answer).is_ok(),
                shape(&pooled[name]).is_ok(),
                "{name}: {:?}",
                pooled[name].result
            );
        }
    }
}

/// What ran inside of a read-only transaction, or left it, when it was tried.
#[rustfmt::skip] // A list is read line by line.
const PASSES: &[&str] = &[
    "COPY t TO '/tmp/x'",
    "COPY t TO PROGRAM 'sh'",
    "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
    "DO $$ BEGIN END $$",
    "CALL p()",
    "SET work_mem = '1GB'",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET TRANSACTION READ WRITE",
    "RESET ALL",
    "DISCARD ALL",
    "NOTIFY x",
    "LISTEN x",
    "UNLISTEN *",
    "PREPARE x AS SELECT 1",
    "PREPARE TRANSACTION 'x'",
    "EXECUTE x",
    "DEALLOCATE ALL",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "ANALYZE",
    "VACUUM",
    "CHECKPOINT",
    "CLUSTER",
    "REINDEX TABLE t",
    "LOAD 'x'",
    "COMMIT",
    "ROLLBACK",
    "END",
    "ABORT",
    "BEGIN",
    "SAVEPOINT x",
    "ROLLBACK PREPARED 'x'",
    "commit; create table x ()",
    "SELECT 1; COMMIT",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT pg_drop_replication_slot('x')",
    "SELECT pg_create_physical_replication_slot('x', true)",
    "SELECT pg_create_logical_replication_slot('x', 'test_decoding')",
    "SELECT pg_copy_physical_replication_slot('x', 'y')",
    "SELECT pg_replication_slot_advance('x', '0/1')",
    "SELECT pg_logical_slot_get_changes('x', null, null)",
    "SELECT pg_replication_origin_create('x')",
    "SELECT pg_replication_origin_drop('x')",
    "SELECT pg_logical_emit_message(false, 'a', 'b')",
    "SELECT pg_stat_reset()",
    "SELECT pg_stat_reset_shared('wal')",
    "SELECT pg_stat_reset_slru(null)",
    "SELECT pg_stat_reset_replication_slot(null)",
    "SELECT pg_stat_reset_single_table_counters(1)",
    "SELECT pg_stat_statements_reset()",
    "SELECT pg_reload_conf()",
    "SELECT pg_rotate_logfile()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_promote()",
    "SELECT pg_wal_replay_pause()",
    "SELECT pg_wal_replay_resume()",
    "SELECT pg_start_backup('x')",
    "SELECT pg_backup_start('x')",
    "SELECT pg_stop_backup()",
    "SELECT pg_backup_stop()",
    "SELECT pg_export_snapshot()",
    "SELECT pg_notify('a', 'b')",
    "SELECT set_config('a.b', 'c', false)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_advisory_xact_lock(1)",
    "SELECT pg_advisory_unlock_all()",
    "SELECT lo_create(0)",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT lo_unlink(1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT dblink_exec('', 'drop table t')",
    "SELECT * FROM dblink('', 'x') AS t(a int)",
    "SELECT dblink_connect('x')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_file_write('x', 'y', true)",
    "SELECT nextval('s')",
    "SELECT setval('s', 1)",
    "SELECT query_to_xml('delete from t', true, true, '')",
    "SELECT pg_import_system_collations('public')",
    "SELECT brin_summarize_new_values('i')",
    "SELECT gin_clean_pending_list('i')",
    "SELECT pg_prewarm('t')",
    "SELECT txid_current()",
    "SELECT pg_current_xact_id()",
    "SELECT pg_log_backend_memory_contexts(1)",
    "SELECT * INTO x FROM t",
    "SELECT * FROM t FOR UPDATE",
    "WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x",
    "TABLE t; DROP TABLE t",
    "EXPLAIN ANALYZE DELETE FROM t",
];

#[test]
fn what_a_read_only_transaction_lets_pass_is_refused() {
    for sql in PASSES {
        assert!(refuse_sql(sql, SqlDialect::Postgres).is_some(), "let through: {sql}");
    }
}
