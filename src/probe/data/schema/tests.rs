//! The schema of real servers: dumped and restored it is equal, locked and hidden parts are missing, engines agree.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::{Value as Json, json};
use sqlx::Executor as _;

use crate::fact::{Cause, Missing, Value};
use crate::probe::Answer;
use crate::probe::data::tables::testing::{Lite, Maria};
use crate::probe::postgres::testing::{Database, block, env, run};
use crate::probe::testing::{Question, cell, value};

pub(super) const RICH: &str = include_str!("testing/rich.sql");

/// Kind and object, with the definition.
pub(super) type Objects = BTreeMap<(String, String), Result<String, Missing>>;

pub(super) fn objects(answer: &Answer) -> Objects {
    let text = |row, name| match value(answer, row, name) {
        Value::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    let mut found = Objects::new();
    for row in 0..answer.table.rows.len() {
        let definition = match cell(answer, row, "definition") {
            Ok(Value::Text(text)) => Ok(text.to_string()),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err((*why).clone()),
        };
        assert_eq!(definition.is_ok(), cell(answer, row, "digest").is_ok());
        let before = found.insert((text(row, "kind"), text(row, "object")), definition);
        assert!(before.is_none(), "two rows with one key: {:?}", answer.table.rows[row]);
    }
    found
}

pub(super) fn schema_of(question: Question) -> Objects {
    objects(&question.run().unwrap())
}

/// What of two schemas is not the same.
pub(super) fn differences(one: &Objects, other: &Objects) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let differ = keys.into_iter().filter(|key| one.get(*key) != other.get(*key));
    differ.map(|(kind, object)| format!("{kind} {object}")).collect()
}

/// `psql` or `pg_dump` of Debian at a server.
fn client(program: &str, port: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new(format!("{}/{program}", env("MUSTER_TEST_PG_BIN")))
        .args(["-h", &env("MUSTER_TEST_PG_HOST"), "-p", port, "-U", "postgres"])
        .args(args)
        .env("PGPASSWORD", env("MUSTER_TEST_PG_PASSWORD"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn psql(port: &str, database: &str, sql: &str) {
    client("psql", port, &["-d", database, "-q", "-v", "ON_ERROR_STOP=1"], sql.as_bytes());
}

/// Databases at any server, dropped in the end.
struct Elsewhere(Vec<(String, String)>);

impl Elsewhere {
    fn make(&mut self, port: &str, name: &str) {
        psql(port, "postgres", &format!("create database {name} template template0"));
        self.0.push((port.to_owned(), name.to_owned()));
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for (port, name) in &self.0 {
                psql(port, "postgres", &format!("drop database {name} with (force)"));
            }
        }
    }
}

#[test]
fn what_was_dumped_and_restored_is_equal_on_every_version() {
    let [oldest, own, newest] =
        ["MUSTER_TEST_PG13_PORT", "MUSTER_TEST_PG_PORT", "MUSTER_TEST_PG18_PORT"].map(env);
    let name = format!("rich_{}", std::process::id());
    let mut made = Elsewhere(Vec::new());
    let anywhere = Database::of("postgres");
    let read = |port: &str, name: &str| {
        let question = anywhere.ask_at(port, "postgres", "data.schema", json!({}));
        schema_of(question.target(|target| {
            target.url.as_mut().unwrap().set_path(name);
            target.tls.mode = Some("disable".to_owned());
        }))
    };
    for (number, (from, to)) in [
        (&oldest, &oldest),
        (&own, &own),
        (&newest, &newest),
        (&oldest, &own),
        (&own, &newest),
        (&oldest, &newest),
    ]
    .into_iter()
    .enumerate()
    {
        let (source, target) = (format!("{name}_{number}_source"), format!("{name}_{number}_target"));
        made.make(from, &source);
        psql(from, &source, RICH);
        made.make(to, &target);
        // Debian's pg_dump reads no newer server.
        if *from == newest {
            psql(to, &target, RICH);
        } else {
            let dump = client("pg_dump", from, &["-d", &source, "--schema-only"], b"");
            client("psql", to, &["-d", &target, "-q", "-v", "ON_ERROR_STOP=1"], &dump);
            psql(to, &target, "refresh materialized view public.cached");
        }
        let (before, after) = (read(from, &source), read(to, &target));
        assert!(before.len() > 140, "{}", before.len());
        let differ: Vec<String> = differences(&before, &after)
            .into_iter()
            // The servers of the tests are made with different locales, which is seen.
            .filter(|what| what != "database locale")
            .collect();
        let shown: Vec<_> = differ
            .iter()
            .map(|what| {
                let key =
                    what.split_once(' ').map(|(kind, object)| (kind.to_owned(), object.to_owned())).unwrap();
                (before.get(&key), after.get(&key))
            })
            .collect();
        assert_eq!(differ, Vec::<String>::new(), "{from} to {to}: {shown:#?}");
    }
    std::mem::forget(anywhere);
}

#[test]
fn what_is_behind_a_lock_is_missing_and_nothing_else() {
    let database = Database::new("");
    psql(&env("MUSTER_TEST_PG_PORT"), &database.name, RICH);
    let whole = schema_of(database.ask("postgres", "data.schema", json!({})));
    assert!(whole.values().all(Result::is_ok));
    let locked = block(async {
        let mut other = database.connect().await;
        other.execute("begin; lock table public.orders in access exclusive mode").await.unwrap();
        objects(&database.ask("postgres", "data.schema", json!({})).run_async().await.unwrap())
    });
    assert_eq!(whole.keys().collect::<Vec<_>>(), locked.keys().collect::<Vec<_>>(), "no row is left out");
    let missing: Vec<String> = locked
        .iter()
        .filter_map(|((kind, object), definition)| {
            let why = definition.as_ref().err()?;
            assert_eq!(why.cause, Cause::Timeout);
            Some(format!("{kind} {object}"))
        })
        .collect();
    assert_eq!(
        missing,
        [
            "column public.orders.gross",
            "constraint public.orders.orders_during_excl",
            "constraint public.orders.orders_net_check",
            "constraint public.orders.sane",
            "index public.orders.orders_low",
            "index public.orders.orders_unique",
            "statistics public.orders.related",
            "trigger public.orders.touched",
            "view public.both_",
            "view public.mails",
            "view public.totals",
        ]
    );
}

#[test]
fn a_role_without_any_grant_sees_the_same_schema() {
    let database = Database::new("");
    psql(&env("MUSTER_TEST_PG_PORT"), &database.name, RICH);
    let [all, plain] =
        ["postgres", "muster_plain"].map(|role| schema_of(database.ask(role, "data.schema", json!({}))));
    assert_eq!(differences(&all, &plain), Vec::<String>::new());
    run(&database.name, "revoke all on schema public from public");
    let again = schema_of(database.ask("muster_plain", "data.schema", json!({})));
    assert_eq!(differences(&all, &again), ["grant schema public to PUBLIC"]);
}

#[test]
fn arguments_narrow_what_is_read_and_a_misspelt_kind_is_refused() {
    let database = Database::new("");
    psql(&env("MUSTER_TEST_PG_PORT"), &database.name, RICH);
    let keys = |args: Json| {
        let found = schema_of(database.ask("postgres", "data.schema", args));
        found.into_keys().map(|(kind, object)| format!("{kind} {object}")).collect::<Vec<_>>()
    };
    assert_eq!(keys(json!({"kinds": ["enum", "domain"]})), ["domain public.price", "enum public.mood"]);
    assert_eq!(
        keys(json!({"schemas": ["My Shop"], "kinds": ["table", "column", "schema"]})),
        [
            "column \"My Shop\".\"Order\".a",
            "column \"My Shop\".\"Order\".b",
            "schema \"My Shop\"",
            "table \"My Shop\".\"Order\""
        ]
    );
    let without =
        keys(json!({"except": ["public.customers"], "kinds": ["table", "column", "constraint", "policy"]}));
    assert!(without.iter().all(|what| !what.contains("public.customers")), "{without:?}");
    assert!(without.contains(&"constraint public.orders.orders_customer_fkey".to_owned()));
    let why = database.ask("postgres", "data.schema", json!({"kinds": ["tables"]})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Malformed);
    assert!(why.what.contains("`tables`"), "{why:?}");
}

#[test]
fn names_that_are_hostile_are_quoted() {
    let database = Database::new(
        "create table \"a.b\" (\"c\"\"d; --\" int, \"SELECT\" int);
create index \"x USING y\" on \"a.b\" (\"SELECT\");
create view \"v'w\" as select \"c\"\"d; --\" as \"Ä\" from \"a.b\" as \"T t\" where \"SELECT\" > 1",
    );
    let found = schema_of(database.ask("postgres", "data.schema", json!({})));
    let definition = |kind: &str, object: &str| {
        found
            .get(&(kind.to_owned(), object.to_owned()))
            .unwrap_or_else(|| panic!("no {object} in {found:?}"))
            .clone()
            .unwrap()
    };
    assert_eq!(definition("column", "public.\"a.b\".\"c\"\"d; --\""), "integer");
    assert_eq!(definition("index", "public.\"a.b\".\"x USING y\""), "USING btree (\"SELECT\")");
    assert!(definition("view", "public.\"v'w\"").contains("\"Ä\" integer"));
}

#[test]
fn three_engines_agree_on_a_portable_schema_and_a_lost_index_is_seen() {
    let database = Database::new(
        "create table customers (id bigint primary key, mail varchar(200) not null unique, active bool not null, seen timestamptz, token uuid);
create table lines (a int not null, b int not null, customer bigint references customers (id) on delete cascade, price numeric(10,2) not null, body bytea, primary key (a, b));
create index on lines (customer);
create view v as select 1 as a",
    );
    let maria = Maria::new(
        "create table customers (id bigint primary key, mail varchar(100) not null unique, active tinyint(1) not null default 1, seen datetime(6), token char(36));
         create table `lines` (a int not null, b int not null, customer bigint, price decimal(12,2) not null, body longblob, primary key (a, b),
                             foreign key (customer) references customers (id) on delete cascade);
         create view v as select 1 as a",
    );
    let lite = Lite::new(
        "create table customers (id integer primary key autoincrement, mail text not null unique, active boolean not null, seen datetime, token text);
         create table lines (a int not null, b int not null, customer bigint references customers on delete cascade, price decimal(10,2) not null, body blob, primary key (a, b));
         create index lines_customer on lines (customer)",
    );
    let bare = |objects: Objects| -> Objects {
        let short = |((kind, object), definition): ((String, String), _)| {
            ((kind, object.trim_start_matches("public.").to_owned()), definition)
        };
        objects.into_iter().map(short).collect()
    };
    let args = || json!({"portable": true});
    let postgres = || bare(schema_of(database.ask("postgres", "data.schema", args())));
    let first = postgres();
    assert!(first.len() >= 16, "{first:?}");
    let none = Vec::<String>::new();
    let mysql = schema_of(maria.ask("muster_admin", "data.schema", args()));
    assert_eq!(differences(&first, &mysql), none, "{first:#?} {mysql:#?}");
    let reader = schema_of(maria.ask("muster_reader", "data.schema", args()));
    let key = "constraint lines.\"foreign key (customer) references customers (id)\"";
    assert_eq!(differences(&mysql, &reader), [key], "what a key does is not told to a role that only reads");
    let why = reader.values().find_map(|definition| definition.clone().err()).unwrap();
    assert_eq!(why.cause, Cause::Denied);
    assert!(why.fix.unwrap().starts_with("GRANT REFERENCES"));
    let sqlite = schema_of(lite.ask("data.schema", args()));
    assert_eq!(differences(&first, &sqlite), none, "{first:#?} {sqlite:#?}");
    for (change, expected) in [
        ("drop index lines_customer_idx", vec!["index lines.\"index (customer)\""]),
        ("alter table customers alter active drop not null", vec!["column customers.active"]),
        ("alter table lines alter price type float8", vec!["column lines.price"]),
        (
            "alter table customers drop constraint customers_mail_key",
            vec!["constraint customers.\"unique (mail)\""],
        ),
        (
            "alter table lines drop constraint lines_customer_fkey",
            vec!["constraint lines.\"foreign key (customer) references customers (id)\""],
        ),
        ("create table more (a int)", vec!["column more.a", "table more"]),
    ] {
        let before = postgres();
        database.run(change);
        assert_eq!(differences(&before, &postgres()), expected, "{change}");
    }
}
