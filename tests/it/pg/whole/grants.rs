//! What a role may not see is unknown, with what to grant: never fewer rows, never null.

use std::collections::BTreeSet;

use passmuster::fact::{Cause, Cell, Missing, Observation, Row, row_name};

use super::{Cluster, Seen, rows};
use crate::harness::Shop;

/// Facts that differ by the role because they are about it.
const OWN: &[(&str, &str, &str)] = &[
    ("postgres.server", "superuser", "it is about the role that looks"),
    ("postgres.connections", "most_locks_user", "where nobody holds more locks it is the one that looks"),
    ("postgres.table_bloat", "confirmable", "it says whether this role may measure"),
    ("postgres.index_bloat", "confirmable", "it says whether this role may measure"),
];

/// Probes whose rows come and go by themselves, so that only those that the superuser saw before and after must be there.
const COME_AND_GO: &[(&str, &str)] =
    &[("postgres.sessions", "another connection of the same look is one of them")];

/// What each role of the matrix may.
const MATRIX: &[(&str, &str)] = &[
    ("muster_plain", ""),
    ("muster_monitor", ""),
    ("muster_reader", "CREATE ROLE muster_reader LOGIN IN ROLE pg_monitor, pg_read_all_data"),
    (
        "muster_sequences",
        "CREATE ROLE muster_sequences LOGIN IN ROLE pg_monitor; \
         GRANT USAGE ON SCHEMA \"Other Place\" TO muster_sequences; \
         GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, \"Other Place\" TO muster_sequences",
    ),
];

/// Facts whose value moves while nobody does anything: two answers to the superuser differ.
fn moving(before: &Seen, after: &Seen) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    for (name, first) in before {
        let (Ok(one), Ok(two)) = (&first.result, &after[name].result) else { continue };
        let later = rows(two);
        for (key, cells) in rows(one) {
            let Some(others) = later.get(&key) else { continue };
            for ((field, cell), other) in one.schema.fields.iter().zip(cells).zip(*others) {
                if cell != other {
                    found.insert((*name, field.name.to_string()));
                }
            }
        }
    }
    found
}

fn is_grant(why: &Missing) -> bool {
    why.cause == Cause::Denied && why.fix.is_some()
}

/// One cell of a role beside the superuser's.
fn cell_is_honest(full: &Cell, seen: &Cell, moves: bool) -> bool {
    match (full, seen) {
        (_, Err(why)) if is_grant(why) => true,
        (Ok(one), Ok(two)) => one == two || (moves && one.is_null() == two.is_null()),
        (Err(one), Err(two)) => one.cause == two.cause,
        // The reading of a superuser may be the one that a lock or a limit cut short, never that of the role alone.
        (Ok(_), Err(_)) => false,
        (Err(_), Ok(_)) => false,
    }
}

/// Keys of rows that are in both answers.
fn steady(before: &Observation, after: &Observation) -> BTreeSet<String> {
    let keys = |answer: &Observation| -> BTreeSet<String> {
        answer.result.as_ref().map(|table| rows(table).into_keys().collect()).unwrap_or_default()
    };
    keys(before).intersection(&keys(after)).cloned().collect()
}

/// What is wrong with the answer of a role beside the superuser's.
fn compared(
    name: &str,
    full: &Observation,
    seen: &Observation,
    moving: &BTreeSet<(&'static str, String)>,
    steady: &BTreeSet<String>,
) -> Vec<String> {
    let (full, seen) = match (&full.result, &seen.result) {
        (Ok(full), Ok(seen)) => (full, seen),
        (_, Err(why)) if is_grant(why) => return Vec::new(),
        (Err(one), Err(two)) if one.cause == two.cause => return Vec::new(),
        (full, seen) => return vec![format!("{full:?} but {seen:?}")],
    };
    // A row that has no name for this role says so itself.
    let nameless = |row: &Row| row_name(&seen.schema, row).is_err_and(|why| is_grant(&why));
    if !seen.schema.key.is_empty() && seen.rows.iter().any(nameless) {
        return Vec::new();
    }
    let (all, own) = (rows(full), rows(seen));
    let mut wrong = Vec::new();
    let come_and_go = COME_AND_GO.iter().any(|(known, _)| *known == name);
    let same =
        if come_and_go { steady.iter().all(|key| own.contains_key(key)) } else { all.keys().eq(own.keys()) };
    if !same && !seen.cut.as_ref().is_some_and(|why| is_grant(why)) {
        wrong.push(format!("other rows: {:?} but {:?}", all.keys(), own.keys()));
    }
    for (key, cells) in &own {
        let Some(others) = all.get(key) else { continue };
        for ((field, cell), full) in seen.schema.fields.iter().zip(*cells).zip(*others) {
            let moves = moving.iter().any(|(probe, fact)| *probe == name && **fact == *field.name);
            let is_own = OWN.iter().any(|(probe, fact, _)| *probe == name && *fact == &*field.name);
            if !is_own && !cell_is_honest(full, cell, moves) {
                wrong.push(format!("{key}: `{}` is {full:?} and {cell:?}", field.name));
            }
        }
    }
    wrong
}

#[test]
fn what_a_role_may_not_see_is_denied_with_its_grant() {
    let cluster = Cluster::own();
    for (_, sql) in MATRIX.iter().filter(|(_, sql)| !sql.is_empty()) {
        cluster.sql(sql);
    }
    let before = cluster.look("postgres");
    let answers: Vec<(&str, Seen)> = MATRIX.iter().map(|(role, _)| (*role, cluster.look(role))).collect();
    let after = cluster.look("postgres");
    let moving = moving(&before, &after);
    let mut wrong = Vec::new();
    for (role, seen) in &answers {
        for (name, full) in &before {
            let found = compared(name, full, &seen[name], &moving, &steady(full, &after[name]));
            wrong.extend(found.into_iter().map(|why| format!("{role}, {name}: {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The statements that `doctor` gives for a server, and what it says.
fn doctor(cluster: &Cluster, role: &str) -> (Vec<String>, String) {
    let mut shop = Shop::new();
    shop.env("PGPASSWORD", cluster.password());
    let run = shop.run(&["doctor", "--target", &cluster.url(role)]);
    let (_, below) = run.stdout.split_once("-- to see the rest").unwrap_or(("", ""));
    let statements = below.lines().skip(1).filter(|line| !line.starts_with("--") && !line.is_empty());
    (statements.map(str::to_owned).collect(), run.stdout)
}

/// Facts that stay hidden from an ordinary role whatever is granted, each with why.
const NO_GRANT: &[(&str, &str)] = &[(
    "postgres.roles.password",
    "who may read pg_authid reads all hashes, so that its grant is advice for a role of its own and no statement to paste",
)];

#[test]
fn what_doctor_prescribes_is_enough() {
    let cluster = Cluster::own();
    let (mut statements, _) = doctor(&cluster, "muster_plain");
    assert!(statements.iter().any(|one| one == "GRANT pg_monitor TO \"muster_plain\";"), "{statements:?}");
    // A right may show what needs another one.
    for _ in 0..3 {
        for statement in &statements {
            cluster.sql(statement);
        }
        (statements, _) = doctor(&cluster, "muster_plain");
        if statements.is_empty() {
            break;
        }
    }
    assert_eq!(statements, Vec::<String>::new());
    let mut hidden = BTreeSet::new();
    for (name, answer) in cluster.look("muster_plain") {
        for (fact, why) in super::faults(&answer) {
            if why.cause == Cause::Denied
                && !NO_GRANT.iter().any(|(known, _)| *known == format!("{name}.{fact}"))
            {
                hidden.insert(format!("{name}.{fact}: {why}, {:?}", why.fix));
            }
        }
    }
    assert_eq!(hidden, BTreeSet::new());
}
