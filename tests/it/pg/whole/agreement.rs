//! `check_postgres`, `check_pgactivity` and pgstattuple on the same neglected server: where they measure the same, ours
//! is the same, or the difference stands here with its reason.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use passmuster::fact::Value;

use super::{Cluster, Seen, rows};

/// Numbers by name.
type Numbers = BTreeMap<String, f64>;

/// A measurement of both.
struct Both {
    what: &'static str,
    theirs: Numbers,
    ours: Numbers,
    /// Why they differ; none if they must not.
    why: &'static str,
}

fn both(what: &'static str, theirs: Numbers, ours: Numbers, why: &'static str) -> Both {
    Both { what, theirs, ours, why }
}

/// What a checker prints behind the `|`: `'label'=12.5s;…`.
fn measured(output: &str) -> Numbers {
    let mut found = Numbers::new();
    for line in output.lines().filter_map(|line| line.split_once('|')) {
        let mut rest = line.1.trim();
        while let Some((label, after)) = label_of(rest) {
            let end = after.find(' ').unwrap_or(after.len());
            let value = after[..end].split(';').next().unwrap_or_default();
            let number = value.trim_end_matches(|c: char| !c.is_ascii_digit());
            if let Ok(number) = number.parse() {
                found.insert(label.to_owned(), number);
            }
            rest = after[end..].trim_start();
        }
    }
    found
}

/// A label, quoted or not, and what stands behind its `=`.
fn label_of(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('\'') {
        Some(quoted) => {
            let (label, after) = quoted.split_once('\'')?;
            Some((label, after.strip_prefix('=')?))
        }
        None => text.split_once('='),
    }
}

/// Runs a checker, whose verdict does not matter here.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", crate::policies_postgres::path())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}: run tests/run, which installs it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}

fn check_postgres(cluster: &Cluster, action: &str, more: &[&str]) -> Numbers {
    let (port, action) = (cluster.port.to_string(), format!("--action={action}"));
    let mut all = vec![&*action, "-H", "127.0.0.1", "-p", &port, "-u", "postgres", "-db", &cluster.database];
    all.extend(more);
    measured(&output("check_postgres", &all))
}

fn pga(cluster: &Cluster, service: &str, more: &[&str]) -> String {
    let (port, folder) = (cluster.port.to_string(), tempfile::tempdir().unwrap());
    let status = folder.path().join("status").display().to_string();
    let mut all =
        vec!["-s", service, "-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", &cluster.database];
    all.extend(["-F", "nagios", "--status-file", &status]);
    all.extend(more);
    output("/usr/lib/nagios/plugins/check_pgactivity", &all)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(int) => Some(passmuster::fact::int_to_float(*int)),
        Value::Float(float) => Some(*float),
        Value::Bool(flag) => Some(if *flag { 1.0 } else { 0.0 }),
        _ => None,
    }
}

/// A fact by the key of its row; what is null or unknown is left out.
fn fact(seen: &Seen, probe: &str, name: &str) -> Numbers {
    let table = seen[probe].result.as_ref().unwrap_or_else(|why| panic!("{probe}: {why}"));
    let index = table.schema.position(name).unwrap_or_else(|| panic!("{probe} has no `{name}`"));
    let known = rows(table).into_iter();
    known.filter_map(|(key, row)| Some((key, number(row[index].as_ref().ok()?)?))).collect()
}

/// The only number under a name of its own.
fn one(name: &str, value: f64) -> Numbers {
    [(name.to_owned(), value)].into()
}

fn only(numbers: &Numbers, names: &[&str]) -> Numbers {
    names.iter().filter_map(|name| Some(((*name).to_owned(), *numbers.get(*name)?))).collect()
}

/// The sum of those whose name ends so.
fn sum(numbers: &Numbers, end: &str) -> f64 {
    numbers.iter().filter(|(name, _)| name.ends_with(end)).map(|(_, value)| value).sum()
}

fn single(seen: &Seen, probe: &str, name: &str) -> f64 {
    fact(seen, probe, name).into_values().next().unwrap_or_else(|| panic!("{probe}.{name} is not known"))
}

fn sessions(cluster: &Cluster, seen: &Seen) -> Vec<Both> {
    let backends = measured(&pga(cluster, "backends", &["-w", "80%", "-c", "90%"]));
    let status = measured(&pga(cluster, "backends_status", &["-w", "idle=100", "-c", "idle=100"]));
    let ours = |name| one("n", single(seen, "postgres.connections", name));
    let theirs = |name: &str| one("n", status[name]);
    vec![
        both(
            "connections that are possible",
            one("n", backends["maximum_connections"]),
            ours("available"),
            "",
        ),
        both("idle in transaction", theirs("idle in transaction"), ours("idle_in_transaction"), ""),
        both("waiting for a lock", theirs("waiting for lock"), ours("waiting_on_lock"), ""),
        both(
            "prepared transactions",
            one("n", sum(&measured(&pga(cluster, "oldest_2pc", &["-w", "1h", "-c", "2h"])), "# prep. xact")),
            one("n", cluster.sql("SELECT count(*) FROM pg_prepared_xacts").trim().parse().unwrap()),
            "",
        ),
    ]
}

fn ages(cluster: &Cluster, seen: &Seen) -> Vec<Both> {
    let worst = |numbers: Numbers| one("n", numbers.into_values().fold(0.0, f64::max));
    let ours = one("n", single(seen, "postgres.server", "xid_age"));
    let skip = "both leave out databases that refuse connections; template0 is one, and its age stops writes like any other's";
    vec![
        both(
            "the oldest transaction, PGA",
            worst(measured(&pga(cluster, "max_freeze_age", &[]))),
            ours.clone(),
            skip,
        ),
        both("the oldest transaction, CP", worst(check_postgres(cluster, "txn_wraparound", &[])), ours, skip),
    ]
}

fn sequences(cluster: &Cluster, seen: &Seen) -> Vec<Both> {
    let percent = check_postgres(cluster, "sequence", &["-w", "1%", "-c", "99%"]);
    let used = fact(seen, "postgres.sequences", "used_ratio");
    let whole: Numbers = used.iter().map(|(name, ratio)| (name.clone(), (ratio * 100.0).round())).collect();
    let left = measured(&pga(cluster, "sequences_exhausted", &["-w", "0%", "-c", "90%"]));
    let id = format!("{}.public.customers_id_seq(public.customers.id)", cluster.database);
    vec![
        both(
            "used per cent, CP",
            only(&percent, &["public.customers_id_seq"]),
            only(&whole, &["public.customers_id_seq"]),
            "",
        ),
        both(
            "used per cent of a bigint sequence that feeds an int column, CP",
            only(&percent, &["public.big"]),
            only(&whole, &["public.big"]),
            "it measures by the type of the sequence alone, and the column is full at 2^31",
        ),
        both(
            "used per cent of a sequence that cycles, CP",
            only(&percent, &["public.round"]),
            only(&whole, &["public.round"]),
            "one that begins again is never used up",
        ),
        both(
            "numbers that are left, PGA",
            one("public.customers_id_seq", left[&id]),
            only(&fact(seen, "postgres.sequences", "left_values"), &["public.customers_id_seq"]),
            "",
        ),
    ]
}

fn storage(cluster: &Cluster, seen: &Seen) -> Vec<Both> {
    let exact = |column: &str| {
        let sql = format!("SELECT {column} FROM pgstattuple('resting')");
        one("public.resting", cluster.sql(&sql).trim().parse().unwrap())
    };
    let table = |name| only(&fact(seen, "postgres.tables", name), &["public.resting"]);
    let sizes = check_postgres(cluster, "table_size", &["-w", "1", "-c", "999GB"]);
    let mut all = vec![
        both("rows that are dead, pgstattuple", exact("dead_tuple_count"), table("dead_rows"), ""),
        both("rows that count, pgstattuple", exact("tuple_count"), table("live_rows"), ""),
        both(
            "the size of a table without indexes, CP",
            only(&sizes, &["public.measures_2026"]),
            only(&fact(seen, "postgres.tables", "size"), &["public.measures_2026"]),
            "",
        ),
        both(
            "the size of a table with indexes, CP",
            only(&sizes, &["public.customers"]),
            only(&fact(seen, "postgres.tables", "size"), &["public.customers"]),
            "it counts a table without its indexes, which a full disk does not",
        ),
    ];
    if seen.contains_key("postgres.databases") {
        let theirs = measured(&pga(cluster, "database_size", &[]));
        all.push(both("sizes of databases, PGA", theirs, fact(seen, "postgres.databases", "size"), ""));
    }
    if seen.contains_key("postgres.table_bloat") {
        let approx = |column: &str| {
            let sql = format!("SELECT {column} FROM pgstattuple_approx('resting')");
            one("public.resting", cluster.sql(&sql).trim().parse().unwrap())
        };
        let ours = |name| only(&fact(seen, "postgres.table_bloat", name), &["public.resting"]);
        all.push(both(
            "the heap as it is measured, pgstattuple_approx",
            approx("table_len"),
            ours("exact_size"),
            "",
        ));
    }
    all
}

fn settings(cluster: &Cluster, seen: &Seen) -> Vec<Both> {
    let said = pga(cluster, "configuration", &[]);
    let theirs = |text: &str| one("off", f64::from(said.contains(text)));
    let ours = |name| one("off", 1.0 - single(seen, "postgres.server", name));
    let mut all = vec![
        both("fsync is off, PGA", theirs("fsync=off"), ours("fsync"), ""),
        both("autovacuum is off, PGA", theirs("autovacuum=off"), ours("autovacuum"), ""),
    ];
    if seen.contains_key("postgres.wal") {
        let waiting = |numbers: &Numbers, name: &str| one("n", numbers[name]);
        let ours = one("n", single(seen, "postgres.wal", "archive_waiting"));
        all.push(both(
            "segments that wait for the archive, CP",
            waiting(&check_postgres(cluster, "archive_ready", &[]), "files"),
            ours.clone(),
            "from version 10 on it looks into a directory that is no longer there",
        ));
        all.push(both(
            "segments that wait for the archive, PGA",
            waiting(&measured(&pga(cluster, "archiver", &[])), "ready_archive"),
            ours,
            "it counts from the last segment that was archived, and none ever was",
        ));
    }
    if seen.contains_key("postgres.extensions") {
        let outdated = fact(seen, "postgres.extensions", "outdated").values().sum();
        let theirs = measured(&pga(cluster, "extensions_versions", &[]));
        all.push(both(
            "outdated extensions, PGA",
            only(&theirs, &[&cluster.database]),
            one(&cluster.database, outdated),
            "",
        ));
    }
    if let Some(probe) =
        ["postgres.indexes", "postgres.invalid_indexes"].iter().find(|one| seen.contains_key(**one))
    {
        let theirs = measured(&pga(cluster, "invalid_indexes", &[]));
        let table = seen[*probe].result.as_ref().unwrap();
        let invalid = match table.schema.position("valid") {
            Some(_) => fact(seen, probe, "valid").values().filter(|valid| **valid == 0.0).count(),
            None => table.rows.len(),
        };
        all.push(both(
            "invalid indexes, PGA",
            one("n", theirs[&format!("invalid index in {}", cluster.database)]),
            one("n", f64::from(u32::try_from(invalid).unwrap())),
            "",
        ));
    }
    all
}

#[test]
fn what_others_measure_too_is_the_same_or_its_difference_has_a_reason() {
    let archive = "archive_mode = on\narchive_command = 'false'";
    let cluster = Cluster::own_with(&format!("{}\n{archive}", super::SETTINGS));
    cluster.sql("DELETE FROM resting WHERE id % 8 <> 0");
    cluster.sql("SELECT pg_switch_wal()");
    cluster.sql("CHECKPOINT");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    let seen = cluster.look("postgres");
    let all = [
        sessions(&cluster, &seen),
        ages(&cluster, &seen),
        sequences(&cluster, &seen),
        storage(&cluster, &seen),
        settings(&cluster, &seen),
    ];
    let mut wrong = Vec::new();
    for Both { what, theirs, ours, why } in all.into_iter().flatten() {
        if theirs.is_empty() || (theirs == ours) != why.is_empty() {
            wrong.push(format!("{what}: theirs {theirs:?}, ours {ours:?} ({why})"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
