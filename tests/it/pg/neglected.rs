//! A server that nobody looked after: `doctor` says what a role that only looks lacks, `check` finds what is wrong, the
//! statements of the report are pasted as they stand, and the second run is green where it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::harness::{Run, Shop};
use crate::policies_postgres::Server;
use crate::trial::done;

/// How it was set up, once, by somebody who left.
const SETTINGS: &str = "fsync = off\nfull_page_writes = off\nautovacuum = off\nmax_prepared_transactions = 4\n\
    password_encryption = md5\nlog_checkpoints = off\nwal_level = logical";

/// What happened to its database since. `;\n` ends a statement, which is run by itself.
const NEGLECT: &str = include_str!("neglected.sql");

/// What must be found, and nothing else.
const DEFECTS: &[(&str, &[&str])] = &[
    ("postgres-autovacuum-on", &["db"]),
    ("postgres-autovacuum-tables", &["public.\"Order Lines\""]),
    ("postgres-checksums", &["db"]),
    ("postgres-constraints-not-validated", &["public.\"Order Lines\".later"]),
    ("postgres-dead-tuples", &["public.visits"]),
    ("postgres-duplicate-indexes", &["public.lines_note_again"]),
    ("postgres-durability", &["db"]),
    ("postgres-foreign-key-without-index", &["public.\"Order Lines\".\"Order Lines_customer_fkey\""]),
    ("postgres-invalid-indexes", &["public.visits_page"]),
    ("postgres-logging", &["log_checkpoints", "log_lock_waits", "log_temp_files"]),
    ("postgres-memory-settings", &["shared_buffers"]),
    ("postgres-password-encryption", &["db"]),
    ("postgres-prepared-transactions", &["forgotten"]),
    ("postgres-public-create", &["CREATE on schema public"]),
    ("postgres-risky-settings", &["autovacuum"]),
    ("postgres-role-timeouts", &["app", "watcher"]),
    ("postgres-sequence-behind", &["public.customers_id_seq"]),
    ("postgres-sequence-exhaustion", &["public.tickets_id_seq"]),
    ("postgres-slot-inactive", &["forgotten"]),
    ("postgres-statistics-stale", &["public.visits"]),
    ("postgres-subscriptions", &["from_office"]),
    ("postgres-timeouts", &["idle_in_transaction_session_timeout"]),
    ("postgres-triggers-disabled", &["public.customers.touched"]),
];

/// What is so on every server of the tests, and stays red or yellow for a reason.
const STAYS: &[(&str, &str)] = &[
    ("postgres-end-of-life", "the version of the tests' server has an end, which comes nearer"),
    ("postgres-hba-trust", "the tests connect without passwords; its remedy is for an editor"),
    ("postgres-minor-version", "the package of the tests' server is not exchanged; `upgrade.rs` does that"),
];

/// Runs each statement by itself, as the superuser.
fn paste(server: &Server, statements: &str) {
    for statement in statements.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        server.sql(statement);
    }
}

fn shop(server: &Server) -> Shop {
    let shop = Shop::new();
    shop.project(&format!(
        "owner: team-test\npolicies: ['builtin:postgres']\n\
         targets: {{ db: {{ type: postgres, url: 'postgres://watcher@127.0.0.1:{}/postgres' }} }}\n\
         overrides:\n\
         - {{ policy: postgres-prepared-transactions, set: {{ warn_after: 100ms, fail_after: 200ms }} }}\n",
        server.port()
    ));
    shop
}

/// Statements that `doctor` gives.
fn missing_grants(shop: &Shop) -> Vec<String> {
    let run = shop.run(&["doctor"]);
    let (_, below) = run.stdout.split_once("-- to see the rest").unwrap_or(("", ""));
    let statements = below.lines().skip(1).filter(|line| !line.starts_with("--") && !line.is_empty());
    statements.map(str::to_owned).collect()
}

/// Subjects by policy of what is not as it should be, without what stays so.
fn found(run: &Run) -> BTreeMap<String, BTreeSet<String>> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in run.findings() {
        let policy = text(&one["policy"]);
        if one["verdict"] != "skipped" && !STAYS.iter().any(|(known, _)| *known == policy) {
            found.entry(policy).or_default().insert(text(&one["subject"]["shown"]));
        }
    }
    found
}

/// Steps of all findings as the report has them, each once, in its order, but that what holds vacuum back is ended first,
/// as the remedy of dead rows says. What stays is left as it is.
fn steps(run: &Run) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mends = |one: &&Json| !STAYS.iter().any(|(known, _)| one["policy"] == **known);
    let mut findings: Vec<&Json> = run.findings().into_iter().filter(mends).collect();
    findings.sort_by_key(|one| one["policy"] != "postgres-prepared-transactions");
    for one in findings {
        for step in one["remedy"].as_array().into_iter().flatten() {
            let step = (step["kind"].as_str().unwrap().to_owned(), step["text"].as_str().unwrap().to_owned());
            if !all.contains(&step) {
                all.push(step);
            }
        }
    }
    all
}

#[test]
fn a_neglected_server_is_found_out_and_mended_by_its_report() {
    let server = Server::new(SETTINGS);
    paste(&server, NEGLECT);
    // What was interrupted, and what nobody ended.
    let broken = "CREATE UNIQUE INDEX CONCURRENTLY visits_page ON visits (page)";
    assert!(!server.psql("postgres").args(["-c", broken]).output().unwrap().status.success());
    let prepare = "PREPARE TRANSACTION 'forgotten'";
    done(server.psql("postgres").args(["-c", "BEGIN", "-c", "DELETE FROM tickets", "-c", prepare]));
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    let shop = shop(&server);
    // Before anything is judged, doctor names what is missing; a right may show what needs another one.
    let mut grants = missing_grants(&shop);
    let named = |part: &str| grants.iter().any(|grant| grant.contains(part));
    for part in ["GRANT SELECT", "pg_hba_file_rules()", "SEQUENCE", "CREATE EXTENSION amcheck;"] {
        assert!(named(part), "{part}: {grants:#?}");
    }
    for _ in 0..3 {
        grants.iter().for_each(|statement| server.sql(statement));
        grants = missing_grants(&shop);
    }
    assert_eq!(grants, Vec::<String>::new());
    let first = shop.check(&[]).exits(1);
    let wanted = DEFECTS.iter().map(|(policy, subjects)| {
        ((*policy).to_owned(), subjects.iter().map(|subject| (*subject).to_owned()).collect())
    });
    assert_eq!(found(&first), wanted.collect());
    // do: the pages that made the index fail are told apart
    server.sql("UPDATE visits SET page = id::text");
    let steps = steps(&first);
    for (_, text) in steps.iter().filter(|(kind, _)| kind == "sql") {
        server.sql(text);
    }
    // do: stop the server, start it again
    server.control(&["stop", "-m", "fast"]);
    for (_, text) in steps.iter().filter(|(kind, _)| kind == "shell") {
        server.shell(text);
    }
    server.start();
    let second = shop.check(&[]);
    assert_eq!(found(&second), BTreeMap::new());
    let passed: Vec<&str> = DEFECTS.iter().map(|(policy, _)| second.verdict(policy)).collect();
    // No subscription and no slot is left, which is fine; no prepared transaction, and so on.
    assert!(passed.iter().all(|verdict| *verdict == "pass"), "{passed:?}");
    assert!(DEFECTS.len() >= 10);
}

/// Pasted into one session of psql.
fn typed(server: &Server, text: &str) {
    let mut psql = server.psql("postgres").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(psql.wait().unwrap().success(), "{text}");
}

/// What `doctor` prints for several databases is pasted whole, once.
#[test]
fn grants_of_several_databases_name_each() {
    let server = Server::new("");
    server.sql("CREATE ROLE watcher LOGIN IN ROLE pg_monitor");
    for (name, table) in [("shop", "orders"), ("\"My Archive\"", "\"Old Orders\"")] {
        server.sql(&format!("CREATE DATABASE {name}"));
        let made = "CREATE SCHEMA s; CREATE TABLE s.@ (id serial PRIMARY KEY, up int REFERENCES s.@); \
                    INSERT INTO s.@ SELECT i FROM generate_series(1, 100000) i";
        typed(&server, &format!("\\connect {name}\n{};", made.replace('@', table)));
    }
    let shop = Shop::new();
    shop.project(&format!(
        "owner: team-test\npolicies: ['builtin:postgres']\n\
         targets: {{ db: {{ type: postgres, url: 'postgres://watcher@127.0.0.1:{}/postgres', databases: all }} }}\n\
         overrides: [{{ policy: postgres-index-corruption, set: {{ min_size: 1MiB }} }}]\n",
        server.port()
    ));
    let grants = missing_grants(&shop);
    for part in [
        "\\connect \"My Archive\"",
        "\\connect shop",
        "CREATE EXTENSION amcheck;",
        "GRANT SELECT ON s.orders TO \"watcher\";",
    ] {
        assert!(grants.iter().any(|line| line == part), "{part}: {grants:#?}");
    }
    typed(&server, &grants.join("\n"));
    assert_eq!(missing_grants(&shop), Vec::<String>::new());
    // A finding says where as well.
    server.sql("CREATE DATABASE late");
    typed(&server, "\\connect late\nCREATE TABLE t (id serial);");
    let run = shop.check(&["--policy", "postgres-sequence-exhaustion"]);
    let fix = "\\connect late \\\\ GRANT SELECT ON SEQUENCE public.t_id_seq TO \"watcher\";";
    let causes: Vec<&Json> = run.findings().iter().map(|one| &one["cause"]["fix"]).collect();
    assert!(
        causes.iter().any(|found| found.as_str().is_some_and(|found| found.starts_with(fix))),
        "{causes:?}"
    );
}
