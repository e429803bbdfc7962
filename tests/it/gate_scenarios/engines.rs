//! From another engine to PostgreSQL: MariaDB and SQLite; and from each of them to itself.

use std::process::Command;

use super::{Gate, Postgres, mend};
use crate::policies_mysql::admin;
use crate::trial::{done, env, unique};

/// A MariaDB database, dropped with this value.
struct MariaDb(String);

impl MariaDb {
    fn new() -> Self {
        let made = Self(unique());
        admin(&format!("CREATE DATABASE {} CHARACTER SET utf8mb4", made.0));
        made
    }

    fn sql(&self, sql: &str) -> String {
        admin(&format!("USE {}; {sql}", self.0))
    }

    fn target(&self) -> String {
        self.target_as("muster_reader")
    }

    fn target_as(&self, user: &str) -> String {
        let port = env("MUSTER_TEST_MARIADB_PORT");
        format!(
            "{{ type: mysql, url: 'mysql://{user}@127.0.0.1:{port}/{}', password: {{ env: MARIADB }} }}",
            self.0
        )
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            admin(&format!("DROP DATABASE {}", self.0));
        }
    }
}

/// The tables of the new side.
const NEW: &str =
    "CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, active boolean NOT NULL, note text);
    CREATE TABLE orders (id bigserial PRIMARY KEY, customer int NOT NULL REFERENCES customers,
        total numeric(10,2) NOT NULL, placed timestamp NOT NULL, proof bytea)";

/// Schemas of two engines are another matter; and of a live source no digests need to be kept.
const OTHER: &str = "overrides:\n  - { policy: release-schema, set: { same_engine: false } }\n";

/// What is written by the old side is read by the new one.
fn load(new: &Postgres, statements: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), statements).unwrap();
    new.shell(&format!(
        "psql -qX -v ON_ERROR_STOP=1 --single-transaction -d \"$DB\" -f {}; vacuumdb -qz \"$DB\"",
        file.path().display()
    ));
}

/// The sequences after a load with numbers of its own, and rows that are missing, changed and cut: all of it is found.
fn defects(gate: &Gate, new: &Postgres) {
    let behind = [
        ("release-sequences", "public.customers_id_seq", "fail"),
        ("release-sequences", "public.orders_id_seq", "fail"),
    ];
    let run = gate.finds(&behind);
    for (policy, subject, _) in behind {
        mend(&run, policy, subject, |sql| new.sql(sql));
    }
    gate.opens();
    new.sql("UPDATE customers SET name = 'Zoe' WHERE id = 7");
    new.sql("DELETE FROM orders WHERE id = 77");
    let run = gate.verify();
    let found = Gate::found(&run);
    let about = |table: &str| found.iter().filter(|(_, subject, _)| subject.contains(table)).count();
    assert!(about("public.customers") >= 1 && about("public.orders") >= 1, "{found:?}\n{}", run.stdout);
    assert_eq!(about("public."), found.len(), "nothing else: {found:?}");
    new.sql("UPDATE customers SET name = 'Zoë' WHERE id = 7");
    // do: what differs is copied again
    new.sql("INSERT INTO orders VALUES (77, 78, 19.25, '2026-01-01 01:17:00', NULL)");
    gate.opens();
}

#[test]
fn mariadb_to_postgresql() {
    let (old, new) = (MariaDb::new(), Postgres::new());
    old.sql(
        "CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(80) NOT NULL, active tinyint(1) NOT NULL, note text);
         CREATE TABLE orders (id bigint AUTO_INCREMENT PRIMARY KEY, customer int NOT NULL, total decimal(10,2) NOT NULL,
            placed datetime NOT NULL, proof blob, FOREIGN KEY (customer) REFERENCES customers (id));
         INSERT INTO customers (name, active, note) SELECT IF(seq = 7, 'Zoë', CONCAT('c', seq)), seq % 2, IF(seq % 3, NULL, '') FROM seq_1_to_200;
         INSERT INTO orders (customer, total, placed, proof) SELECT 1 + seq % 200, seq * 0.25,
            DATE_ADD('2026-01-01', INTERVAL seq MINUTE), IF(seq = 5, UNHEX('00ff'), NULL) FROM seq_1_to_1000",
    );
    let mut gate = Gate::new(&format!(
        "targets:\n  old: {}\n  new: {}\ngate: {{ moves: {{ new: {{ from: old }} }} }}\n{OTHER}",
        old.target(),
        new.target()
    ));
    gate.shop.env("MARIADB", &env("MUSTER_TEST_MARIADB_PASSWORD"));
    gate.snapshot();
    new.sql(NEW);
    let customers = old.sql(
        "SELECT CONCAT('INSERT INTO customers VALUES (', id, ',E', QUOTE(name), ',', IF(active, 'true', 'false'), ',',
            IF(note IS NULL, 'NULL', CONCAT('E', QUOTE(note))), ');') FROM customers",
    );
    let orders = old.sql(
        "SELECT CONCAT('INSERT INTO orders VALUES (', id, ',', customer, ',', total, ',', QUOTE(placed), ',',
            IF(proof IS NULL, 'NULL', CONCAT('decode(''', HEX(proof), ''', ''hex'')')), ');') FROM orders",
    );
    load(&new, &format!("{customers}{orders}"));
    defects(&gate, &new);
}

#[test]
fn sqlite_to_postgresql() {
    let new = Postgres::new();
    let gate = Gate::new(&format!(
        "targets:\n  old: {{ type: sqlite, path: '@SHOP@/old.db' }}\n  new: {}\n\
         gate: {{ moves: {{ new: {{ from: old, kinds: {{ customers.active: bool, orders.total: decimal, orders.placed: time }} }} }} }}\n{OTHER}",
        new.target()
    ));
    let sql = |text: &str| done(Command::new("sqlite3").arg("-bail").arg(gate.shop.at("old.db")).arg(text));
    sql("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, active INTEGER NOT NULL, note TEXT);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, total NUMERIC NOT NULL,
            placed TEXT NOT NULL, proof BLOB);
         INSERT INTO customers SELECT value, CASE value WHEN 7 THEN 'Zoë' ELSE 'c' || value END, value % 2, CASE WHEN value % 3 = 0 THEN '' END
            FROM generate_series(1, 200);
         INSERT INTO orders SELECT value, 1 + value % 200, value * 0.25, datetime('2026-01-01', '+' || value || ' minutes'),
            CASE value WHEN 5 THEN x'00ff' END FROM generate_series(1, 1000)");
    gate.snapshot();
    new.sql(NEW);
    let statements = sql(
        "SELECT 'INSERT INTO customers VALUES (' || id || ',' || quote(name) || ',' || CASE active WHEN 1 THEN 'true' ELSE 'false' END || ',' || quote(note) || ');' FROM customers;
         SELECT 'INSERT INTO orders VALUES (' || id || ',' || customer || ',' || total || ',' || quote(placed) || ',' ||
            CASE WHEN proof IS NULL THEN 'NULL' ELSE 'decode(''' || hex(proof) || ''', ''hex'')' END || ');' FROM orders",
    );
    load(&new, &statements);
    defects(&gate, &new);
}

/// Tables that every engine takes.
const SAME: &str = "CREATE TABLE customers (id int PRIMARY KEY, name varchar(80) NOT NULL);
    CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, total decimal(10,2) NOT NULL, FOREIGN KEY (customer) REFERENCES customers (id));
    CREATE TABLE Odd_Names (id int PRIMARY KEY);
    CREATE INDEX orders_customer ON orders (customer);
    INSERT INTO customers VALUES (1, 'a'), (2, 'b');
    INSERT INTO orders VALUES (1, 1, 2.5), (2, 2, 5), (3, 1, 7.25);
    INSERT INTO Odd_Names VALUES (1), (2)";

/// A lost row, a changed one and a lost index of the new side are found, and nothing else.
fn planted(gate: &Gate, sql: &dyn Fn(&str), [drop, create]: [&str; 2], count: &str) {
    gate.opens();
    sql("DELETE FROM Odd_Names WHERE id = 2");
    let lost = "\"Odd_Names\"";
    let run = gate.finds(&[("release-data-equal", lost, "fail"), ("release-row-counts", lost, "fail")]);
    let steps = super::steps(&run, "release-row-counts", lost);
    assert!(steps.iter().any(|(kind, text)| kind == "sql" && text == count), "{steps:?}");
    sql("INSERT INTO Odd_Names VALUES (2)");
    sql("UPDATE orders SET total = 7.24 WHERE id = 3");
    gate.finds(&[("release-data-equal", "orders", "fail")]);
    sql("UPDATE orders SET total = 7.25 WHERE id = 3");
    sql(drop);
    gate.finds(&[("release-schema", "index.orders.orders_customer", "fail")]);
    sql(create);
    gate.opens();
}

#[test]
fn mariadb_to_mariadb() {
    let (old, new) = (MariaDb::new(), MariaDb::new());
    let mut gate = Gate::new(&format!(
        "targets:\n  old: {}\n  new: {}\ngate: {{ moves: {{ new: {{ from: old }} }} }}\n",
        // Who sees the whole schema of MariaDB sees everything.
        old.target_as("muster_admin"),
        new.target_as("muster_admin")
    ));
    gate.shop.env("MARIADB", &env("MUSTER_TEST_MARIADB_PASSWORD"));
    old.sql(SAME);
    gate.snapshot();
    new.sql(SAME);
    let change = [
        "CREATE INDEX other ON orders (customer, id); DROP INDEX orders_customer ON orders",
        "CREATE INDEX orders_customer ON orders (customer); DROP INDEX other ON orders",
    ];
    let sql = |text: &str| drop(new.sql(text));
    planted(&gate, &sql, change, "SELECT count(*) FROM `Odd_Names`;");
}

#[test]
fn sqlite_to_sqlite() {
    let gate = Gate::new(
        "targets:\n  old: { type: sqlite, path: '@SHOP@/old.db' }\n  new: { type: sqlite, path: '@SHOP@/new.db' }\ngate: { moves: { new: { from: old } } }\n",
    );
    let sql = |file: &str, text: &str| {
        drop(done(Command::new("sqlite3").arg("-bail").arg(gate.shop.at(file)).arg(text)));
    };
    sql("old.db", SAME);
    gate.snapshot();
    sql("new.db", SAME);
    let change = ["DROP INDEX orders_customer", "CREATE INDEX orders_customer ON orders (customer)"];
    planted(&gate, &|text| sql("new.db", text), change, "SELECT count(*) FROM \"Odd_Names\";");
}
