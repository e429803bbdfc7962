//! The oldest, Debian's and the newest version: what each tells is what the declarations say.

use std::collections::BTreeSet;

use passmuster::fact::{Cause, Level, Missing};
use passmuster::probe::body;

use super::{Cluster, Seen, faults, probes, shop};
use crate::trial::{Trial, carry_out, none};

/// Probes that tell nothing of such a server, each with why.
const NO_ROWS: &[(&str, &str)] = &[
    ("postgres.config_errors", "a configuration without an error has none"),
    ("postgres.replicas", "a server without a replica has none"),
    ("postgres.standby", "the server is no replica"),
];

fn is_exempt(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(known, _)| *known == name)
}

/// What no server that is well may cause.
fn is_ours(cause: Cause) -> bool {
    matches!(cause, Cause::Malformed | Cause::Internal | Cause::WrongType)
}

/// Undecidable is a null that nobody declared, unless the declaration of the probe says it, with what to do.
fn is_fault_of_ours(why: &Missing) -> bool {
    is_ours(why.cause) || (why.cause == Cause::Undecidable && why.fix.is_none())
}

/// Facts that this answer holds for unsupported.
fn unsupported(seen: &Seen) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    for (name, answer) in seen {
        for (fact, why) in faults(answer) {
            if why.cause == Cause::Unsupported && why.level == Level::Field {
                found.insert((*name, fact));
            }
        }
    }
    found
}

/// Facts that the parts of a statement declare for a later version only.
fn declared(major: i64) -> BTreeSet<(&'static str, String)> {
    let of = |probe: &&str| body(probe).unwrap().since();
    let all = probes().into_iter().map(|probe| probe.name);
    all.flat_map(|name| of(&name).into_iter().map(move |(fact, since)| (name, fact, since)))
        .filter(|(_, _, since)| *since > major)
        .map(|(name, fact, _)| (name, fact.to_owned()))
        .collect()
}

#[test]
fn every_probe_answers_on_every_version() {
    let mut unsupported_on = Vec::new();
    Cluster::each(|cluster| {
        for role in ["muster_monitor", "postgres"] {
            let seen = cluster.look(role);
            let mut wrong = Vec::new();
            for (name, answer) in &seen {
                let bad = faults(answer).into_iter().find(|(_, why)| is_fault_of_ours(why));
                wrong.extend(bad.map(|(fact, why)| format!("{name}, {fact}: {why}")));
                match &answer.result {
                    Err(why) if why.cause == Cause::Denied && role != "postgres" && why.fix.is_some() => {}
                    Err(why) if why.cause != Cause::Unsupported => wrong.push(format!("{name}: {why}")),
                    Ok(table) if table.rows.is_empty() && !is_exempt(NO_ROWS, name) => {
                        wrong.push(format!("{name}: no row; `neglected.sql` should have something for it"));
                    }
                    _ => {}
                }
            }
            assert!(wrong.is_empty(), "version {}, {role}:\n{}", cluster.major, wrong.join("\n"));
            if role == "postgres" {
                unsupported_on.push((cluster.major, unsupported(&seen)));
            }
        }
    });
    let always = unsupported_on.last().unwrap().1.clone();
    for (major, found) in unsupported_on {
        let by_version: BTreeSet<_> = found.difference(&always).cloned().collect();
        assert_eq!(by_version, declared(major), "version {major}");
    }
}

#[test]
fn every_policy_is_judged_on_every_version() {
    Cluster::each(|cluster| {
        let run = shop(cluster, "muster_monitor").check(&[]);
        assert_ne!(run.code, 2, "{}", run.stderr);
        assert!(run.checks().len() >= 20, "{}", run.checks().len());
        for finding in run.findings() {
            let cause = finding["cause"]["cause"].as_str().and_then(Cause::from_word);
            assert!(!cause.is_some_and(is_ours), "version {}: {finding:#}", cluster.major);
        }
    });
}

/// MAINTAIN came with version 17.
#[test]
fn every_right_of_the_newest_version_is_revoked_again() {
    let cluster = Cluster::other(18);
    let url = cluster.url("postgres");
    let trial = Trial::new(
        "postgres-public-grants",
        &format!("{{ type: postgres, url: '{url}', password: {{ env: SECRET }} }}"),
    )
    .password(cluster.password());
    let before = trial.found();
    cluster.sql("CREATE TABLE kept (id int); GRANT MAINTAIN ON kept TO PUBLIC");
    cluster.sql("ALTER DEFAULT PRIVILEGES GRANT MAINTAIN ON TABLES TO PUBLIC");
    cluster
        .sql("CREATE SCHEMA yet; ALTER DEFAULT PRIVILEGES IN SCHEMA yet GRANT MAINTAIN ON TABLES TO PUBLIC");
    let run = trial.run();
    for what in ["table public.kept", "future tables postgres", "future tables postgres in yet"] {
        let subject = format!("MAINTAIN on {what}");
        carry_out(&trial.steps(&run, &subject), |text| drop(cluster.sql(text)), none);
    }
    trial.finds(&[], before.1);
}
