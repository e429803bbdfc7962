//! Servers, addresses and names as they should not be: each probe has the right cause, and no answer is half of one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use passmuster::fact::{Cause, Level, Ty, Value};
use passmuster::probe::Databases;

use super::{Cluster, Seen, faults, look, look_with, probes, rows};
use crate::policies_postgres::Server;
use crate::policies_relations::Standby;
use crate::trial::env;

/// Every probe has no answer, with one of these causes.
#[track_caller]
fn all_are(seen: &Seen, causes: &[Cause]) {
    for (name, answer) in seen {
        match &answer.result {
            Ok(_) => panic!("{name} answered"),
            Err(why) => assert!(causes.contains(&why.cause) && why.level == Level::Target, "{name}: {why:?}"),
        }
    }
}

/// What differs between two answers besides the values, and besides faults of this cause.
fn unlike(one: &Seen, two: &Seen, besides: Option<Cause>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, answer) in one {
        let causes = |answer| {
            let own = faults(answer).into_iter().filter(|(_, why)| Some(why.cause) != besides);
            let mut all: Vec<String> = own.map(|(fact, why)| format!("{fact}: {}", why.cause)).collect();
            all.sort();
            all.dedup();
            all
        };
        if causes(answer) != causes(&two[name]) {
            wrong.push(format!("{name}: {:?} but {:?}", causes(answer), causes(&two[name])));
        }
    }
    wrong
}

/// Bytes, and what stands in their place.
type Change = (&'static [u8], &'static [u8]);

/// Text and number of a version as the server tells them.
const FUTURE: [Change; 2] = [(b"18.4", b"99.4"), (&180_004_i64.to_be_bytes(), &990_004_i64.to_be_bytes())];
const OLD: [Change; 2] = [(b"13.23", b"12.23"), (&130_023_i64.to_be_bytes(), &120_023_i64.to_be_bytes())];

/// A way to a server on which these bytes are replaced in its answers; the port.
fn rewritten(port: u16, replace: &'static [Change]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let copy = move |mut from: TcpStream, mut to: TcpStream, change: bool| {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            for (old, new) in replace.iter().filter(|_| change) {
                assert_eq!(old.len(), new.len());
                for at in 0..(count + 1).saturating_sub(old.len()) {
                    if &buffer[at..at + old.len()] == *old {
                        buffer[at..at + old.len()].copy_from_slice(new);
                    }
                }
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        drop(to.shutdown(std::net::Shutdown::Both));
    };
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || copy(client, server_too, false));
            std::thread::spawn(move || copy(server, client_too, true));
        }
    });
    own
}

fn through(cluster: &Cluster, replace: &'static [Change]) -> Seen {
    let port = rewritten(cluster.port, replace);
    // Without TLS, which cannot be rewritten.
    let url = format!("postgres://muster_monitor@127.0.0.1:{port}/{}?sslmode=disable", cluster.database);
    look(&url, cluster.password(), &probes())
}

#[test]
fn a_version_of_the_future_is_read_as_the_newest_that_is_known() {
    let cluster = Cluster::other(18);
    let future = through(&cluster, &FUTURE);
    let server = future["postgres.server"].result.as_ref().unwrap();
    assert_eq!(server.cell(0, "version"), Some(&Ok(Value::text("99.4"))));
    // What is known of each version by date is not known of this one, and is said to be so.
    let more = unlike(&cluster.look("muster_monitor"), &future, Some(Cause::Unsupported));
    assert_eq!(more, Vec::<String>::new());
}

#[test]
fn a_version_that_is_too_old_is_unsupported() {
    let cluster = Cluster::other(13);
    let seen = through(&cluster, &OLD);
    all_are(&seen, &[Cause::Unsupported]);
}

#[test]
fn every_probe_has_its_answer_on_a_replica() {
    // A replica of its own: other tests hold up the one of all, and drop what it is still to be told of.
    let primary = Server::new("");
    primary.sql("CREATE ROLE muster LOGIN IN ROLE pg_monitor");
    primary.sql("CREATE TABLE \"Order Lines\" (id serial PRIMARY KEY)");
    let standby = Standby::new(&primary, "one", false);
    let at = format!("postgres://muster@127.0.0.1:{}/postgres", standby.port);
    let seen = look(&at, "", &probes());
    assert_eq!(
        rows(seen["postgres.tables"].result.as_ref().unwrap()).len(),
        1,
        "the base backup has the table"
    );
    for (name, answer) in &seen {
        for (fact, why) in faults(answer) {
            let ours = matches!(why.cause, Cause::Malformed | Cause::Internal | Cause::WrongType);
            assert!(!ours && why.level != Level::Target, "{name}, {fact}: {why:?}");
            // What another test drops meanwhile has nothing that would mend it.
            assert!(why.fix.is_some() || why.level == Level::Row, "{name}, {fact}: {why:?}");
        }
    }
}

#[test]
fn a_server_that_wants_tls_says_so() {
    let folder = std::path::PathBuf::from(env("MUSTER_TEST_PG_CA"));
    let tls = folder.parent().unwrap().join("postgres");
    let server = Server::new(&format!(
        "ssl = on\nssl_cert_file = '{0}/server.pem'\nssl_key_file = '{0}/server.key'",
        tls.display()
    ));
    server.sql("CREATE ROLE muster LOGIN IN ROLE pg_monitor");
    std::fs::write(server.data().join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
    server.control(&["reload"]);
    let url = |mode: &str| format!("postgres://muster@127.0.0.1:{}/postgres?sslmode={mode}", server.port());
    let ask = |mode| look(&url(mode), "", &probes());
    for _ in 0..100 {
        if ask("disable").values().all(|answer| answer.result.is_err()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    all_are(&ask("disable"), &[Cause::Denied]);
    assert!(ask("prefer").values().any(|answer| answer.result.is_ok()));
}

#[test]
fn a_wrong_password_is_denied_for_every_probe() {
    let url = format!("postgres://muster_monitor@127.0.0.1:{}/postgres", env("MUSTER_TEST_PG_PORT"));
    let seen = look(&url, "not the password", &probes());
    all_are(&seen, &[Cause::Denied]);
    for answer in seen.values() {
        assert!(!format!("{:?}", answer.result).contains("not the password"));
    }
}

#[test]
fn the_console_of_a_pooler_is_no_database() {
    let url = format!("postgres://muster_monitor@127.0.0.1:{}/pgbouncer", env("MUSTER_TEST_PGBOUNCER_PORT"));
    let seen = look(&url, &env("MUSTER_TEST_PG_PASSWORD"), &probes());
    all_are(&seen, &[Cause::Denied, Cause::Unsupported, Cause::WrongTarget]);
}

#[test]
fn tables_that_come_and_go_cost_their_own_facts() {
    let cluster = Cluster::own();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let make = "SELECT format('CREATE TABLE t%s (id serial PRIMARY KEY, note text); CREATE INDEX ON t%s (note);', i, i) FROM generate_series(1, 40) i \\gexec\n\
                SELECT format('DROP TABLE t%s', i) FROM generate_series(1, 40) i \\gexec\n";
            while !over.load(Ordering::Relaxed) {
                cluster.script(make);
            }
        });
        let seen: Vec<Seen> = (0..4).map(|_| cluster.look("postgres")).collect();
        over.store(true, Ordering::Relaxed);
        for seen in seen {
            for (name, answer) in &seen {
                let table = answer.result.as_ref();
                if let Err(why) = table {
                    assert_eq!(why.cause, Cause::Unsupported, "{name}: {why:?}");
                }
                for (fact, why) in faults(answer) {
                    let ours = matches!(why.cause, Cause::Malformed | Cause::Internal | Cause::WrongType);
                    assert!(!ours, "{name}, {fact}: {why:?}");
                }
            }
        }
    });
}

#[test]
fn a_server_that_dies_leaves_no_half_of_an_answer() {
    let cluster = Cluster::own();
    let whole = cluster.look("postgres");
    // Looks again and again, so that one is under way when the server dies, until nothing answers.
    let looks = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut looks = Vec::new();
            while looks.last().is_none_or(|seen: &Seen| seen.values().any(|answer| answer.result.is_ok())) {
                looks.push(cluster.look("postgres"));
            }
            looks
        });
        let ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'muster %'";
        while cluster.sql(ours).trim() == "0" {
            assert!(!looking.is_finished(), "nobody was seen looking");
        }
        cluster.server().control(&["stop", "-m", "immediate"]);
        looking.join().unwrap()
    });
    for (name, answer) in looks.iter().flatten() {
        match &answer.result {
            Ok(table) => {
                assert!(table.cut.is_none(), "{name}");
                let known = whole[name].result.as_ref().unwrap();
                assert!(rows(table).len() + 3 >= rows(known).len(), "{name}");
            }
            Err(why) => {
                let fine = matches!(why.cause, Cause::Unreachable | Cause::Unsupported);
                assert!(fine, "{name}: {why:?}");
            }
        }
    }
    all_are(&cluster.look("postgres"), &[Cause::Unreachable]);
    cluster.server().start();
}

#[test]
fn every_name_can_be_pasted_into_sql() {
    let cluster = Cluster::own();
    let mut names: Vec<String> = Vec::new();
    for (name, answer) in cluster.look("postgres") {
        let decl = passmuster::fact::catalogue::find(name).unwrap();
        let Ok(table) = &answer.result else { continue };
        for fact in decl.facts.iter().filter(|fact| matches!(fact.ty, Ty::Name)) {
            let cells = (0..table.rows.len()).filter_map(|row| table.cell(row, fact.name));
            names.extend(cells.flatten().filter_map(|value| value.as_text().map(str::to_owned)));
        }
    }
    names.sort();
    names.dedup();
    assert!(names.iter().any(|name| name == "public.\"Order Lines\""), "{names:?}");
    assert!(
        names
            .iter()
            .any(|name| name.contains("a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_g23"))
    );
    let list: Vec<String> = names.iter().map(|name| format!("('{}')", name.replace('\'', "''"))).collect();
    let count = cluster.sql(&format!("SELECT count(parse_ident(n)) FROM (VALUES {}) v(n)", list.join(", ")));
    assert_eq!(count.trim(), names.len().to_string());
}

#[test]
fn a_database_that_is_closed_makes_every_answer_over_all_incomplete() {
    let cluster = Cluster::own();
    cluster.run("postgres", "CREATE DATABASE \"Hidden one\"");
    cluster.run("postgres", "REVOKE CONNECT ON DATABASE \"Hidden one\" FROM PUBLIC");
    let seen =
        look_with(&cluster.url("muster_monitor"), "", &probes(), Databases::All { except: Vec::new() });
    let mut over_all = 0;
    for (name, answer) in &seen {
        let Ok(table) = &answer.result else { continue };
        let (prefix, words) = (format!("{}.", cluster.database), format!("{}: ", cluster.database));
        if !rows(table).keys().any(|key| key.starts_with(&prefix) || key.starts_with(&words)) {
            continue;
        }
        over_all += 1;
        let why = table.cut.as_ref().unwrap_or_else(|| panic!("{name} is whole"));
        assert!(why.cause == Cause::Denied && why.what.contains("Hidden one"), "{name}: {why:?}");
        let fix = why.fix.as_deref().unwrap_or_default();
        assert!(fix.contains("GRANT CONNECT ON DATABASE \"Hidden one\""), "{name}: {fix}");
    }
    assert!(over_all >= 2, "{over_all}");
}
