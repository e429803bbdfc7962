//! What is a table, and what of it a role sees, on real servers.

use serde_json::json;

use super::testing::{Lite, Maria};
use super::{Kind, Listing, Open, UserTable, Wanted, list};
use crate::fact::{Args, Cause, Missing, Type, Value};
use crate::probe::postgres::testing::{Database, block, run};
use crate::probe::testing::Question;

/// Lists what a question reaches.
fn listed(question: &Question, args: &[(&str, &[&str])]) -> Result<Listing, Missing> {
    let mut given = Args::default();
    for (name, texts) in args {
        given.insert((*name).into(), Value::texts(texts.iter().copied()), Type::list(Type::TEXT));
    }
    block(async {
        let cx = question.context();
        let mut open = Open::open(&cx, false).await?;
        let wanted = Wanted::of(&given, open.engine())?.with_columns();
        let found = list(&mut open, &wanted).await;
        open.close().await;
        cx.idle.end().await;
        found
    })
}

fn names(listing: &Listing) -> Vec<&str> {
    listing.tables.iter().map(|table| &*table.name).collect()
}

fn table<'a>(listing: &'a Listing, name: &str) -> &'a UserTable {
    listing.tables.iter().find(|table| &*table.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn key(table: &UserTable) -> Vec<&str> {
    table.key.iter().map(|column| &*column.name).collect()
}

const SHOP: &str = "create schema \"My Shop\";
create domain price as numeric(10,2);
create type mood as enum ('sad', 'ok');
create table orders (id bigint primary key, cost price, mood mood, tags text[], at timestamptz, gone int, note text collate \"C\");
alter table orders drop column gone;
create table \"My Shop\".\"Order\" (a int not null, b text not null, c int unique, unique (a, b));
create table \"select\" (a int);
create table grand (day date not null, id int not null, primary key (id, day)) partition by range (day);
create table one partition of grand for values from ('2026-01-01') to ('2026-02-01');
create table child () inherits (orders);
create view v as select 1;
create materialized view m as select 1 as a;
create unlogged table u (a int);
insert into orders (id) select generate_series(1, 100);
insert into grand values ('2026-01-05', 1), ('2026-01-06', 2);
analyze orders;
analyze one";

#[test]
fn tables_of_postgres_are_listed_once_with_their_keys() {
    let database = Database::new(SHOP);
    let ask = database.ask("postgres", "data.row_counts", json!({}));
    let all = listed(&ask, &[]).unwrap();
    assert_eq!(
        names(&all),
        [
            "\"My Shop\".\"Order\"",
            "public.\"select\"",
            "public.child",
            "public.grand",
            "public.orders",
            "public.u"
        ]
    );
    let orders = table(&all, "public.orders");
    assert_eq!((key(orders), orders.estimate), (vec!["id"], Some(100)));
    assert_eq!(&*orders.from, "ONLY \"public\".\"orders\"");
    let kinds: Vec<(&str, Kind)> = orders.columns.iter().map(|column| (&*column.ty, column.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("bigint", Kind::Int),
            ("public.price", Kind::Decimal),
            ("public.mood", Kind::Enum),
            ("text[]", Kind::List),
            ("timestamp with time zone", Kind::Instant),
            ("text", Kind::Text)
        ]
    );
    assert_eq!(key(table(&all, "\"My Shop\".\"Order\"")), ["a", "b"], "a nullable column names no row");
    assert_eq!(key(table(&all, "public.\"select\"")), [""; 0]);
    let grand = table(&all, "public.grand");
    assert_eq!((key(grand), grand.estimate), (vec!["id", "day"], Some(2)), "those of its partitions");
    assert_eq!(&*grand.from, "\"public\".\"grand\"");
    assert!(all.tables.iter().all(|table| table.hidden.is_none()));
    let some =
        listed(&ask, &[("tables", &["orders", "public.one", "public.gone"]), ("except", &["public.orders"])]);
    let some = some.unwrap();
    assert_eq!(names(&some), ["public.one"]);
    assert_eq!(some.absent, ["public.gone".into()]);
    assert_eq!(names(&listed(&ask, &[("schemas", &["My Shop"])]).unwrap()), ["\"My Shop\".\"Order\""]);
    assert_eq!(listed(&ask, &[("tables", &["a..b"])]).unwrap_err().cause, Cause::Malformed);
}

#[test]
fn a_target_of_several_databases_is_refused() {
    let database = Database::new("create table t (a int)");
    let all = crate::probe::Databases::All { except: Vec::new() };
    let ask = database.ask("postgres", "data.row_counts", json!({})).target(|target| target.databases = all);
    assert_eq!(listed(&ask, &[]).unwrap_err().cause, Cause::Unsupported, "not only one of them");
}

#[test]
fn what_a_role_does_not_see_whole_is_denied_with_its_grant() {
    let database = Database::new(
        "create schema closed;
create table closed.t (a int);
create table open (a int);
create table part (a int, b int);
create table columns (a int, b int);
create table guarded (a int);
alter table guarded enable row level security;
grant select on open, guarded to muster_plain;
grant select on closed.t to muster_plain;
grant select (a) on part to muster_plain;
grant select (a, b) on columns to muster_plain",
    );
    let all = listed(&database.ask("muster_plain", "data.row_counts", json!({})), &[]).unwrap();
    let fix = |name: &str| {
        let why = table(&all, name).hidden.clone()?;
        assert_eq!(why.cause, Cause::Denied);
        why.fix.clone()
    };
    assert_eq!(fix("public.open"), None);
    assert_eq!(fix("public.columns"), None, "every column is granted");
    assert_eq!(fix("closed.t").as_deref(), Some("GRANT USAGE ON SCHEMA closed TO \"muster_plain\";"));
    assert_eq!(fix("public.part").as_deref(), Some("GRANT SELECT ON public.part TO \"muster_plain\";"));
    assert_eq!(fix("public.guarded").as_deref(), Some("ALTER ROLE \"muster_plain\" BYPASSRLS;"));
    run(
        &database.name,
        "alter table guarded force row level security; alter table guarded owner to muster_plain",
    );
    let again = listed(&database.ask("muster_plain", "data.row_counts", json!({})), &[]).unwrap();
    assert!(table(&again, "public.guarded").hidden.is_some(), "an owner too, if it is forced");
}

#[test]
fn tables_of_mariadb_are_listed_and_a_partial_grant_is_noticed() {
    let maria = Maria::new(
        "create table `Order` (id bigint unsigned primary key, price decimal(10,2), at timestamp, name varchar(20),
             twice bigint as (id * 2) stored, j json, e enum('a','b'));
         create table keys_ (a int not null, b int, c varchar(300) not null, unique (b), unique (c), unique (c(10)), unique (a, c));
         create view v as select 1 as a",
    );
    let all = listed(&maria.ask("muster_reader", "data.row_counts", json!({})), &[]).unwrap();
    assert_eq!((names(&all), all.incomplete.is_none()), (vec!["\"Order\"", "keys_"], true));
    let order = table(&all, "\"Order\"");
    assert_eq!((key(order), &*order.from, order.hidden.is_none()), (vec!["id"], "`Order`", true));
    let kinds: Vec<Kind> = order.columns.iter().map(|column| column.kind).collect();
    assert_eq!(
        kinds,
        [Kind::Int, Kind::Decimal, Kind::Instant, Kind::Text, Kind::Int, Kind::Text, Kind::Enum],
        "MariaDB has no type for JSON"
    );
    assert!(order.columns[4].generated);
    assert_eq!(key(table(&all, "keys_")), ["c"]);
    Maria::admin(&format!(
        "grant select on {0}.`Order` to muster_plain; grant select (a) on {0}.keys_ to muster_plain",
        maria.name
    ));
    let some = listed(&maria.ask("muster_plain", "data.row_counts", json!({})), &[]).unwrap();
    let why = some.incomplete.as_ref().expect("there may be more");
    assert_eq!(
        why.fix.as_deref(),
        Some(&*format!("GRANT SELECT ON `{}`.* TO 'muster_plain'@'%';", maria.name))
    );
    assert!(table(&some, "\"Order\"").hidden.is_none());
    let hidden = table(&some, "keys_").hidden.as_ref().expect("a column grant");
    assert_eq!(
        hidden.fix.as_deref(),
        Some(&*format!("GRANT SELECT ON `{}`.`keys_` TO 'muster_plain'@'%';", maria.name))
    );
    Maria::admin(&format!(
        "revoke all on {0}.`Order` from muster_plain; revoke all privileges on {0}.keys_ from muster_plain",
        maria.name
    ));
}

#[test]
fn tables_of_sqlite_are_listed_with_what_names_their_rows() {
    let lite = Lite::new(
        "create table \"Order\" (id integer primary key, at datetime, note, price decimal(10,2), twice int as (id * 2));
         create table texts (code text primary key, other text unique not null);
         create table strict_ (a int not null, b text not null, primary key (b, a));
         create table without_ (a int, b int, primary key (b, a)) without rowid;
         create virtual table docs using fts5(body);
         create view v as select 1; insert into \"Order\" (id) values (1), (2); analyze",
    );
    let all = listed(&lite.ask("data.row_counts", json!({})), &[]).unwrap();
    assert_eq!(names(&all), ["\"Order\"", "docs", "strict_", "texts", "without_"]);
    assert_eq!(key(table(&all, "\"Order\"")), ["id"]);
    assert_eq!(key(table(&all, "texts")), ["other"], "a primary key of SQLite may be null");
    assert_eq!(key(table(&all, "strict_")), ["b", "a"]);
    assert_eq!(key(table(&all, "without_")), ["b", "a"]);
    assert!(table(&all, "\"Order\"").columns[4].generated);
}
