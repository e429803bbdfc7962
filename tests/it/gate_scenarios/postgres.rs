//! PostgreSQL to PostgreSQL: by dump and restore, by logical replication, into another locale, and with checks off.

use super::{Gate, Postgres, a_shop, mend, steps};
use crate::policies_postgres::Server;

fn moved(old: &Postgres, new: &Postgres) -> Gate {
    Gate::new(&format!(
        "targets:\n  old: {}\n  new: {}\ngate: {{ moves: {{ new: {{ from: old }} }} }}\n",
        old.target(),
        new.target()
    ))
}

#[test]
fn a_dump_that_was_restored_opens_and_what_was_lost_on_the_way_closes() {
    let (old, new) = (Postgres::new(), Postgres::new());
    a_shop(&old, 5_000);
    let tenant =
        |of: &Postgres, who: &str| of.sql(&format!("ALTER DATABASE {} SET app.tenant = '{who}'", of.0));
    tenant(&old, "north");
    let gate = moved(&old, &new);
    gate.snapshot();
    new.restore(&old);
    tenant(&new, "north");
    gate.opens();
    tenant(&new, "south");
    new.sql("ALTER SEQUENCE orders_id_seq RESTART");
    new.sql("ALTER TABLE orders ALTER CONSTRAINT orders_customer_fkey DEFERRABLE");
    new.sql("ALTER DATABASE CURRENT_NAME SET TimeZone = 'UTC'".replace("CURRENT_NAME", &new.0).as_str());
    let left = "ALTER ROLE muster_plain IN DATABASE CURRENT_NAME SET session_replication_role = replica";
    new.sql(&left.replace("CURRENT_NAME", &new.0));
    let over = "session_replication_role of muster_plain in this database";
    let run = gate.finds(&[
        ("release-overrides", over, "fail"),
        ("release-overrides", "app.tenant of the database", "fail"),
        ("release-sequences", "public.orders_id_seq", "fail"),
        ("release-schema", "constraint.public.orders.orders_customer_fkey", "fail"),
        ("release-time-zone", "TimeZone", "fail"),
    ]);
    mend(&run, "release-overrides", over, |sql| new.sql(sql));
    mend(&run, "release-sequences", "public.orders_id_seq", |sql| new.sql(sql));
    assert!(
        !run.stdout.contains("south") && !run.stdout.contains("north"),
        "values of an application are its own"
    );
    tenant(&new, "north");
    new.sql("ALTER TABLE orders ALTER CONSTRAINT orders_customer_fkey NOT DEFERRABLE");
    mend(&run, "release-time-zone", "TimeZone", |sql| new.sql(sql));
    gate.opens();
}

#[test]
fn what_was_renamed_and_left_behind_on_purpose_is_no_finding() {
    let (old, new) = (Postgres::new(), Postgres::new());
    a_shop(&old, 500);
    old.sql(
        "CREATE TABLE events (id serial PRIMARY KEY); INSERT INTO events DEFAULT VALUES;
         CREATE TABLE lines (id serial PRIMARY KEY, purchase bigint REFERENCES orders, CHECK (id > 0));
         INSERT INTO lines (purchase) SELECT id FROM orders LIMIT 10;
         ALTER TABLE orders ADD gross numeric GENERATED ALWAYS AS (total * 1.19) STORED;
         DROP VIEW open_orders",
    );
    let gate = Gate::new(&format!(
        "targets:\n  old: {}\n  new: {}\ngate:\n  moves:\n    new: {{ from: old, tables: {{ public.orders: public.purchases }}, \
         columns: {{ public.orders.total: amount }}, drop: [public.events] }}\n",
        old.target(),
        new.target()
    ));
    gate.snapshot();
    new.restore(&old);
    new.sql(
        "ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME total TO amount; DROP TABLE events",
    );
    gate.opens();
    // A name that nobody has moves nothing, and is said so.
    let right = std::fs::read_to_string(gate.shop.at("muster.yaml")).unwrap();
    let wrong = right.replace(
        "drop: [public.events]",
        "drop: [public.evnts], kinds: { public.lines.purchas: int, public.lines.id: int }",
    );
    gate.shop.file("muster.yaml", &wrong);
    gate.snapshot();
    let run = gate.verify();
    assert!(
        run.stdout.contains("names `public.evnts`, `public.lines.purchas`, and nothing is called so"),
        "{}",
        run.stdout
    );
    gate.shop.file("muster.yaml", &right);
    gate.snapshot();
    gate.opens();
    new.sql(
        "ALTER TABLE lines DROP CONSTRAINT lines_purchase_fkey; DROP TRIGGER stamped ON purchases;
         ALTER TABLE purchases DROP CONSTRAINT orders_total_check",
    );
    gate.finds(&[
        ("release-schema", "constraint.public.lines.lines_purchase_fkey", "fail"),
        ("release-schema", "constraint.public.purchases.orders_total_check", "fail"),
        ("release-schema", "trigger.public.purchases.stamped", "fail"),
    ]);
}

#[test]
fn in_place_rows_are_compared_with_what_was_written_down_of_them() {
    let shop = Postgres::new();
    a_shop(&shop, 500);
    let project =
        format!("targets:\n  db: {}\ngate: {{ moves: {{ db: {{ in_place: true }} }} }}\n", shop.target());
    let gate = Gate::new(&project);
    gate.snapshot();
    let run = gate.verify().exits(3);
    let rows = Gate::found(&run).into_iter().find(|(policy, ..)| policy == "release-data-equal");
    assert_eq!(rows.unwrap().2, "unknown");
    assert!(run.stdout.contains("source_gone: true"), "{}", run.stdout);
    gate.project(&format!("{project}overrides: [{{ policy: release-*, set: {{ source_gone: true }} }}]\n"));
    gate.snapshot();
    gate.opens();
    shop.sql("UPDATE orders SET placed = placed + interval '1 h' WHERE id = 77");
    gate.finds(&[("release-fingerprints", "public.orders.0 to 99999", "fail")]);
}

/// A server that publishes, with a role that only looks.
fn server() -> Server {
    let server = Server::new("wal_level = logical\nautovacuum = off");
    server.sql("CREATE ROLE watcher LOGIN");
    server.sql("GRANT pg_monitor, pg_read_all_data TO watcher");
    server.sql("GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO watcher");
    server
}

#[test]
fn logical_replication_leaves_every_sequence_behind() {
    let (old, new) = (server(), server());
    let tables = "CREATE TABLE customers (id serial PRIMARY KEY, email text);
        CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customers)";
    old.sql(tables);
    new.sql(tables);
    old.sql("INSERT INTO customers (email) SELECT 'c' || n FROM generate_series(1, 300) n");
    old.sql("INSERT INTO orders (customer) SELECT 1 + n % 300 FROM generate_series(1, 2000) n");
    old.sql("CREATE PUBLICATION move FOR ALL TABLES");
    old.sql("ANALYZE");
    let target = |server: &Server| {
        format!("{{ type: postgres, url: 'postgres://watcher@127.0.0.1:{}/postgres' }}", server.port())
    };
    let gate = Gate::new(&format!(
        "targets:\n  old: {}\n  new: {}\ngate: {{ moves: {{ new: {{ from: old }} }} }}\n",
        target(&old),
        target(&new)
    ));
    gate.snapshot();
    new.sql(&format!(
        "CREATE SUBSCRIPTION move CONNECTION 'host=127.0.0.1 port={} user=postgres dbname=postgres' PUBLICATION move",
        old.port()
    ));
    let arrived = "DO 'BEGIN FOR i IN 1..600 LOOP EXIT WHEN (SELECT count(*) FROM orders) = 2000 AND \
        NOT EXISTS (SELECT FROM pg_subscription_rel WHERE srsubstate <> ''r''); PERFORM pg_sleep(0.05); END LOOP; END'";
    new.sql(arrived);
    new.sql("DROP SUBSCRIPTION move");
    old.sql("DROP PUBLICATION move");
    new.sql("ANALYZE");
    let run = gate.finds(&[
        ("release-sequences", "public.customers_id_seq", "fail"),
        ("release-sequences", "public.orders_id_seq", "fail"),
    ]);
    for sequence in ["public.customers_id_seq", "public.orders_id_seq"] {
        mend(&run, "release-sequences", sequence, |sql| new.sql(sql));
    }
    gate.opens();
    new.sql("INSERT INTO orders (customer) VALUES (1)");
}

#[test]
fn another_locale_is_noticed_and_only_a_new_database_mends_it() {
    let (old, new) = (Postgres::new(), Postgres::made("TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"));
    a_shop(&old, 500);
    let gate = moved(&old, &new);
    gate.snapshot();
    new.restore(&old);
    gate.finds(&[("release-locale", "database", "fail"), ("release-types", "case", "fail")]);
    // do: the database is made anew as the old one is
    let port_name = new.0.clone();
    drop(new);
    let again = Postgres::new();
    crate::policies_postgres::shared(
        "postgres",
        &format!("ALTER DATABASE {} RENAME TO {port_name}", again.0),
    );
    let new = Postgres(port_name);
    new.restore(&old);
    gate.opens();
    std::mem::forget(again);
}

#[test]
fn a_foreign_key_that_was_loaded_with_checks_off_does_not_hold() {
    let (old, new) = (Postgres::new(), Postgres::new());
    a_shop(&old, 500);
    // As loads do it, the old one has the row too: a comparison of both finds nothing.
    old.sql("SET session_replication_role = replica; INSERT INTO orders (customer, total, placed) VALUES (9999, 1, '2026-02-02Z')");
    let gate = moved(&old, &new);
    gate.snapshot();
    new.shell(&format!(
        "pg_dump --schema-only {0} | psql -qX -v ON_ERROR_STOP=1 -d \"$DB\" >/dev/null; \
         pg_dump -Fc --data-only {0} | pg_restore --data-only --disable-triggers -d \"$DB\"; vacuumdb -qz \"$DB\"",
        old.0
    ));
    let subject = "public.orders.orders_customer_fkey";
    let run = gate.finds(&[("release-foreign-keys", subject, "fail")]);
    // do: the row of customers is found in a backup, so that the step that deletes is left out
    assert!(steps(&run, "release-foreign-keys", subject).iter().any(|(_, text)| text.starts_with("DELETE")));
    for database in [&old, &new] {
        database.sql("INSERT INTO customers (id, email) VALUES (9999, 'c9999@example.org')");
    }
    gate.snapshot();
    let run = gate.finds(&[("release-sequences", "public.customers_id_seq", "fail")]);
    mend(&run, "release-sequences", "public.customers_id_seq", |sql| new.sql(sql));
    gate.opens();
}
