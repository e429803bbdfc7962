//! Settings, configuration files, extensions and roles, on a real server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;

use super::testing::{Database, env, missing, run};
use crate::fact::{Cause, Level, Value};
use crate::probe::testing::{cell, value};
use crate::probe::{Answer, Databases};

fn row(answer: &Answer, key: &str, name: &str) -> usize {
    let found = (0..answer.table.rows.len()).find(|row| value(answer, *row, key) == Value::text(name));
    found.unwrap_or_else(|| panic!("no row {name}"))
}

#[test]
fn a_setting_is_told_as_it_was_before_our_own_transaction() {
    let database = Database::new("select 1");
    let answer = database.ask("muster_monitor", "postgres.settings", json!({})).run().unwrap();
    let of = |name: &str, fact: &str| value(&answer, row(&answer, "name", name), fact);
    // Our transaction sets each of these to something else.
    assert_eq!(of("work_mem", "value"), Value::text("4MB"));
    assert_eq!(of("work_mem", "size"), Value::Int(4 << 20));
    assert_eq!(of("work_mem", "source"), Value::text("default"));
    assert_eq!(of("statement_timeout", "value"), Value::text("0"));
    assert_eq!(of("jit", "changed"), Value::Bool(false));
    assert_eq!(of("autovacuum_naptime", "duration"), Value::Int(60_000_000));
    assert_eq!(of("fsync", "value"), Value::text("off"));
    assert_eq!(of("fsync", "source"), Value::text("configuration-file"));
    let asked = database.ask("muster_monitor", "postgres.settings", json!({ "settings": ["timezone"] }));
    let why = missing(&asked.run().unwrap(), 0, "value");
    assert_eq!((why.cause, why.level), (Cause::Undecidable, Level::Row), "our driver sets it");
    assert!(of("data_directory", "value").as_text().unwrap().starts_with('/'));
}

#[test]
fn a_setting_that_is_hidden_is_denied_and_one_that_is_not_there_is_absent() {
    let database = Database::new("select 1");
    let names = json!({ "settings": ["data_directory", "no_such_setting", "work_mem"] });
    let answer = database.ask("muster_plain", "postgres.settings", names.clone()).run().unwrap();
    assert_eq!(answer.table.rows.len(), 3);
    let why = missing(&answer, row(&answer, "name", "data_directory"), "value");
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Row));
    assert_eq!(why.fix.as_deref(), Some("GRANT pg_read_all_settings TO \"muster_plain\";"));
    assert_eq!(missing(&answer, row(&answer, "name", "no_such_setting"), "value").cause, Cause::Absent);
    assert_eq!(missing(&answer, row(&answer, "name", "work_mem"), "file").cause, Cause::Denied);
    let answer = database.ask("muster_monitor", "postgres.settings", names).run().unwrap();
    assert!(cell(&answer, row(&answer, "name", "data_directory"), "value").is_ok());
    assert_eq!(missing(&answer, row(&answer, "name", "no_such_setting"), "value").cause, Cause::Absent);
    // Without names, the hidden ones are still rows.
    let answer = database.ask("muster_plain", "postgres.settings", json!({})).run().unwrap();
    assert_eq!(
        missing(&answer, row(&answer, "name", "shared_preload_libraries"), "changed").cause,
        Cause::Denied
    );
}

#[test]
fn what_is_declared_is_compared_in_whatever_unit() {
    let database = Database::new("select 1");
    let declared = json!({ "settings": ["work_mem = 4096kB", "shared_buffers = 1", "jit = yes", "wal_level = LOGICAL",
        "autovacuum_naptime = 60", "deadlock_timeout = '1s'", "cursor_tuple_fraction = 0.10", "max_connections = many"] });
    let answer = database.ask("muster_plain", "postgres.settings", declared).run().unwrap();
    let of = |name: &str| value(&answer, row(&answer, "name", name), "as_declared");
    for name in
        ["work_mem", "jit", "wal_level", "autovacuum_naptime", "deadlock_timeout", "cursor_tuple_fraction"]
    {
        assert_eq!(of(name), Value::Bool(true), "{name}");
    }
    assert_eq!(of("shared_buffers"), Value::Bool(false));
    let why = missing(&answer, row(&answer, "name", "max_connections"), "as_declared");
    assert_eq!(why.cause, Cause::Malformed);
    assert_eq!(why.what, "`many` is no value of max_connections");
}

#[test]
fn what_may_be_a_password_is_withheld_from_everybody() {
    let database = Database::new("select 1");
    let (name, role) = (&database.name, format!("app_{}", database.name));
    database.run(&format!(
        "create role {role};\nalter role {role} in database {name} set app.jwt_secret = 'hunter2hunter2';
alter database {name} set work_mem = '8MB'"
    ));
    let answer = database.ask("postgres", "postgres.setting_overrides", json!({})).run().unwrap();
    let secret = row(&answer, "override", &format!("app.jwt_secret of {role} in {name}"));
    assert_eq!(missing(&answer, secret, "value").cause, Cause::Absent);
    assert!(!format!("{answer:?}").contains("hunter2"), "{answer:?}");
    let plain = row(&answer, "override", &format!("work_mem in {name}"));
    assert_eq!(value(&answer, plain, "value"), Value::text("8MB"));
    assert_eq!(value(&answer, plain, "role"), Value::Null);
    run("postgres", &format!("alter role {role} in database {name} reset all; drop role {role}"));
}

#[test]
fn files_of_the_configuration_need_their_own_grants() {
    let database = Database::new("select 1");
    let closed = |probe| {
        let why = database.ask("muster_monitor", probe, json!({})).run().expect_err("nothing is no answer");
        assert_eq!((why.cause, why.level), (Cause::Denied, Level::Probe));
        why.fix.unwrap()
    };
    let fix = closed("postgres.config_errors");
    assert!(closed("postgres.hba_rules").contains("pg_hba_file_rules() TO \"muster_monitor\""));
    // What it says helps. The functions are granted in this database only.
    for statement in fix.split_inclusive(';') {
        database.run(statement.trim());
    }
    let answer = database.ask("muster_monitor", "postgres.config_errors", json!({})).run().unwrap();
    assert!(answer.table.rows.is_empty(), "{answer:?}");
    let answer = database.ask("muster_monitor", "postgres.hba_rules", json!({})).run().unwrap();
    assert!(!answer.table.rows.is_empty());
    for index in 0..answer.table.rows.len() {
        let local = value(&answer, index, "type") == Value::text("local");
        assert_eq!(value(&answer, index, "address").is_null(), local);
        assert!(cell(&answer, index, "network").is_ok());
    }
}

#[test]
fn extensions_of_every_database_are_told() {
    let database = Database::new("create extension pgstattuple version '1.4';\ncreate extension amcheck");
    let answer = database.ask("muster_plain", "postgres.extensions", json!({})).run().unwrap();
    let old = row(&answer, "extension", "pgstattuple");
    assert_eq!(value(&answer, old, "installed"), Value::text("1.4"));
    assert_eq!(value(&answer, old, "outdated"), Value::Bool(true));
    assert_eq!(value(&answer, old, "updatable"), Value::Bool(true));
    let fine = row(&answer, "extension", "amcheck");
    assert_eq!(value(&answer, fine, "outdated"), Value::Bool(false));
    assert_eq!(value(&answer, fine, "files"), Value::Bool(true));
    let all = database.ask("muster_plain", "postgres.extensions", json!({}));
    let all = all.target(|target| target.databases = Databases::All { except: vec!["template1".into()] });
    let Ok(answer) = all.run() else { panic!("no answer of all databases") };
    row(&answer, "extension", &format!("{}.pgstattuple", database.name));
}

#[test]
fn roles_are_told_with_what_they_hold_through_others() {
    let database = Database::new("select 1");
    let name = |which: &str| format!("{which} {}", database.name);
    let (boss, middle, leaf) = (name("Boss"), name("middle"), name("leaf"));
    database.run(&format!(
        "create role \"{boss}\" superuser;\ncreate role \"{middle}\" in role \"{boss}\", pg_read_server_files;
create role \"{leaf}\" login in role \"{middle}\" valid until '-infinity' connection limit 3 bypassrls;
alter role \"{boss}\" valid until 'infinity'"
    ));
    let answer = database.ask("muster_plain", "postgres.roles", json!({})).run().unwrap();
    let of = |role: &str, fact: &str| value(&answer, row(&answer, "role", &format!("\"{role}\"")), fact);
    assert_eq!(of(&leaf, "may_be_superuser"), Value::Bool(true));
    assert_eq!(of(&leaf, "reserved_grants"), Value::texts(["pg_read_server_files"]));
    assert_eq!(of(&leaf, "member_of"), Value::texts([&middle]));
    assert_eq!(of(&leaf, "valid_until"), Value::Int(0), "it ended before all time");
    assert_eq!(of(&leaf, "connection_limit"), Value::Int(3));
    assert_eq!(of(&leaf, "bypass_rls"), Value::Bool(true));
    assert_eq!(of(&boss, "superuser"), Value::Bool(true));
    assert_eq!(of(&boss, "reserved_grants"), Value::texts::<&str>([]), "a superuser holds none by itself");
    assert_eq!(of(&boss, "valid_until"), Value::Null);
    let why = missing(&answer, 0, "password");
    assert_eq!((why.cause, why.level), (Cause::Denied, Level::Field));
    let answer = database.ask("postgres", "postgres.roles", json!({})).run().unwrap();
    let password = value(&answer, row(&answer, "role", "muster_plain"), "password");
    assert_eq!(password, Value::text("scram"));
    run("postgres", &format!("drop role \"{leaf}\", \"{middle}\", \"{boss}\""));
}

#[test]
fn a_limit_that_the_address_asks_for_is_not_the_server_s() {
    let database = Database::new("select 1");
    let name = format!("Asker {}", database.name);
    database.run(&format!("create role \"{name}\" login"));
    let asked = [
        "options=-c%20statement_timeout%3D5min",
        "options=--statement-timeout%3D5min",
        "options[statement_timeout]=5min",
    ];
    for options in asked {
        let ask = |probe, args| {
            database.ask("muster_monitor", probe, args).target(|target| {
                target.url.as_mut().unwrap().set_query(Some(options));
            })
        };
        let roles = ask("postgres.roles", json!({})).run().unwrap();
        let asker = row(&roles, "role", &format!("\"{name}\""));
        let why = missing(&roles, asker, "statement_timeout");
        assert_eq!((why.cause, why.level), (Cause::Undecidable, Level::Row), "{options}");
        assert!(why.fix.unwrap().contains("PGOPTIONS"));
        assert_eq!(value(&roles, asker, "idle_in_transaction_timeout"), Value::Null, "{options}");
        let named = ["statement_timeout", "lock_timeout"];
        let settings = ask("postgres.settings", json!({ "settings": named })).run().unwrap();
        let why = missing(&settings, row(&settings, "name", "statement_timeout"), "value");
        assert_eq!(why.cause, Cause::Undecidable, "{options}");
        assert_eq!(value(&settings, row(&settings, "name", "lock_timeout"), "changed"), Value::Bool(false));
    }
    database.run(&format!("alter role \"{name}\" set statement_timeout = '2min'"));
    let answer = database.ask("muster_monitor", "postgres.roles", json!({})).target(|target| {
        target.url.as_mut().unwrap().set_query(Some(asked[0]));
    });
    let answer = answer.run().unwrap();
    let asker = row(&answer, "role", &format!("\"{name}\""));
    assert_eq!(value(&answer, asker, "statement_timeout"), Value::Int(120_000_000), "its own counts first");
    run("postgres", &format!("drop role \"{name}\""));
}

#[test]
fn what_everybody_may_do_is_told() {
    let database = Database::new(
        "create schema \"Open\";\ngrant create on schema \"Open\" to public;\ncreate table \"Open\".\"T\" (id int);
grant select, insert on \"Open\".\"T\" to public;
grant update (id) on \"Open\".\"T\" to public;\nalter default privileges grant select on tables to public",
    );
    let answer = database.ask("muster_plain", "postgres.public_grants", json!({})).run().unwrap();
    let at = |grant: &str| row(&answer, "grant", grant);
    assert_eq!(value(&answer, at("CREATE on schema \"Open\""), "object"), Value::text("\"Open\""));
    assert_eq!(value(&answer, at("INSERT on table \"Open\".\"T\""), "kind"), Value::text("table"));
    let column = at("UPDATE on column \"Open\".\"T\".id");
    assert_eq!(value(&answer, column, "kind"), Value::text("column"));
    assert_eq!(value(&answer, column, "column"), Value::text("id"));
    let connect = at(&format!("CONNECT on database {}", database.name));
    assert_eq!(value(&answer, connect, "by_default"), Value::Bool(true));
    // What initdb and extensions granted is theirs; what came to it is not.
    let names = |word: &str| {
        let all = (0..answer.table.rows.len())
            .map(|row| value(&answer, row, "grant").as_text().unwrap().to_owned());
        all.filter(|grant| grant.contains(word)).collect::<Vec<_>>()
    };
    assert_eq!(names("pg_"), Vec::<String>::new());
    assert_eq!(names("information_schema"), Vec::<String>::new());
    assert_eq!(value(&answer, column, "granted_by"), Value::Null);
    let future = at("SELECT on future tables postgres");
    assert_eq!(value(&answer, future, "kind"), Value::text("future_tables"));
}

#[test]
fn the_server_tells_when_its_version_ends() {
    let database = Database::new("select 1");
    let answer = database.ask("muster_plain", "postgres.server", json!({})).run().unwrap();
    let Value::Int(number) = value(&answer, 0, "version_num") else { panic!("no number") };
    assert_eq!(number / 10_000, 15, "the test server is 15");
    assert_eq!(value(&answer, 0, "end_of_life"), Value::Int(crate::fact::parse_date("2027-11-11").unwrap()));
    assert!(value(&answer, 0, "newest_minor").as_text().unwrap().starts_with("15."));
    assert_eq!(value(&answer, 0, "network"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "password_encryption"), Value::text("scram-sha-256"));
}

/// A message of the protocol.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// The answer to a simple query: one row with one text.
fn one_text(text: &str) -> Vec<u8> {
    let column = [&b"banner\0"[..], &[0; 6], &25u32.to_be_bytes(), &[0xff; 6], &[0; 2]].concat();
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [
        message(b'T', &[&[0, 1], &column[..]].concat()),
        message(b'D', &[&[0, 1], &length[..], text.as_bytes()].concat()),
        message(b'C', b"SELECT 1\0"),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// A server that knows its own version, and nothing of PostgreSQL's catalogue.
fn stranger(mut stream: TcpStream, banner: &str) -> std::io::Result<()> {
    let refusal =
        [message(b'E', b"SERROR\0C42883\0Munknown function: pg_control_system()\0\0"), message(b'Z', b"E")]
            .concat();
    let mut length = [0; 4];
    loop {
        stream.read_exact(&mut length)?;
        let mut start = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
        stream.read_exact(&mut start)?;
        if start.starts_with(&80_877_103u32.to_be_bytes()) {
            stream.write_all(b"N")?;
            continue;
        }
        stream.write_all(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat())?;
        break;
    }
    loop {
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        stream.read_exact(&mut length)?;
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
        stream.read_exact(&mut body)?;
        match kind[0] {
            b'Q' if body.starts_with(b"SELECT version()") => stream.write_all(&one_text(banner))?,
            b'Q' => stream.write_all(&[message(b'C', b"OK\0"), message(b'Z', b"I")].concat())?,
            b'S' => stream.write_all(&refusal)?,
            b'X' => return Ok(()),
            _ => {}
        }
    }
}

#[test]
fn a_fork_is_called_by_its_name() {
    let database = Database::new("select 1");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let ended = stranger(stream, "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)");
            assert!(ended.is_ok() || ended.is_err(), "the client hangs up as it likes");
        }
    });
    let asked = database.ask_at(&port, "muster_plain", "postgres.server", json!({}));
    let why = asked.deadline(Duration::from_secs(5)).run().expect_err("it is no PostgreSQL");
    assert_eq!((why.cause, why.level), (Cause::Unsupported, Level::Target), "{why}");
    assert!(why.what.contains("CockroachDB"), "{why}");
}

#[test]
fn a_pooler_hides_no_setting() {
    let database = Database::new("select 1");
    let asked =
        database.ask_bouncer("muster_monitor", "postgres.settings", json!({ "settings": ["work_mem"] }));
    assert_eq!(value(&asked.run().unwrap(), 0, "value"), Value::text("4MB"));
    for probe in
        ["postgres.roles", "postgres.extensions", "postgres.public_grants", "postgres.setting_overrides"]
    {
        database.ask_bouncer("muster_monitor", probe, json!({})).run().unwrap();
    }
    assert!(!env("MUSTER_TEST_PGBOUNCER_PORT").is_empty());
}

#[test]
fn what_came_to_the_rights_of_the_system_is_told() {
    let database = Database::new(
        "create extension pgcrypto; create extension pg_stat_statements;
grant select on pg_authid to public; grant insert on pg_stat_statements to public;
grant update (rolname) on pg_authid to public; grant create on schema pg_catalog to public;
grant execute on function pg_read_file(text) to public; grant execute on function gen_salt(text) to public",
    );
    let name = &database.name;
    database.run("create table orders (id int); grant usage on schema public to public");
    run("postgres", &format!("create role lender_{name}"));
    database.run(&format!("grant select on orders to lender_{name} with grant option"));
    database.run(&format!("set role lender_{name}; grant select on orders to public"));
    let answer = database.ask("muster_plain", "postgres.public_grants", json!({})).run().unwrap();
    let at = |grant: &str| row(&answer, "grant", grant);
    for (grant, kind) in [
        ("SELECT on table pg_catalog.pg_authid", "table"),
        ("UPDATE on column pg_catalog.pg_authid.rolname", "column"),
        ("INSERT on view public.pg_stat_statements", "view"),
        ("CREATE on schema pg_catalog", "schema"),
        ("EXECUTE on function pg_catalog.pg_read_file(text)", "function"),
    ] {
        assert_eq!(value(&answer, at(grant), "kind"), Value::text(kind), "{grant}");
    }
    assert_eq!(
        value(&answer, at("EXECUTE on function pg_catalog.pg_read_file(text)"), "signature"),
        Value::text("pg_catalog.pg_read_file(text)")
    );
    let lent = at(&format!("SELECT on table public.orders by lender_{name}"));
    assert_eq!(value(&answer, lent, "granted_by"), Value::text(format!("lender_{name}")));
    // What the extension gives to all is its own.
    let given = "SELECT on view public.pg_stat_statements";
    assert!((0..answer.table.rows.len()).all(|row| value(&answer, row, "grant") != Value::text(given)));
    database.run(&format!("drop owned by lender_{name}"));
    run("postgres", &format!("drop role lender_{name}"));
}

#[test]
fn a_role_that_makes_roles_takes_any_before_16() {
    let database = Database::new("select 1");
    run("postgres", &format!("create role maker_{} createrole", database.name));
    let answer = database.ask("muster_plain", "postgres.roles", json!({})).run().unwrap();
    let maker = row(&answer, "role", &format!("maker_{}", database.name));
    assert_eq!(value(&answer, maker, "takes_roles"), Value::Bool(true));
    assert_eq!(
        value(&answer, row(&answer, "role", "postgres"), "takes_roles"),
        Value::Bool(false),
        "it has all"
    );
    run("postgres", &format!("drop role maker_{}", database.name));
}
