//! Policies about the schema: indexes, keys, constraints, sequences, partitions.

use super::Recipe;
use crate::policies_postgres::Database;
use crate::trial::{carry_out, found, none};

/// How each is made to fail.
pub(super) const RECIPES: &[Recipe] = &[
    (
        "postgres-constraints-not-validated",
        "a check, a foreign key and the check of a domain are added NOT VALID",
    ),
    ("postgres-default-partition-rows", "a row for which there is no partition is inserted"),
    ("postgres-duplicate-indexes", "an index, a unique constraint and a partitioned index are made twice"),
    ("postgres-foreign-key-without-index", "a table of 20,000 rows refers to another without an index"),
    (
        "postgres-invalid-indexes",
        "CREATE UNIQUE INDEX CONCURRENTLY and a REINDEX of it are stopped by duplicates",
    ),
    ("postgres-no-primary-key", "a table is made without a key"),
    ("postgres-orphans", "a row that refers to nothing is inserted with session_replication_role = replica"),
    ("postgres-overlapping-indexes", "an index of two columns is made beside one of the first"),
    (
        "postgres-partitioned-analyzed",
        "a partitioned table whose partitions were analyzed, and which was not itself",
    ),
    (
        "postgres-partitions-ahead",
        "the last partition of a table ends in some hours, that of another has ended",
    ),
    ("postgres-replica-identity", "a table without a key, and one whose key is not used, are published"),
    ("postgres-sequence-behind", "rows are inserted with numbers of their own"),
    ("postgres-sequence-exhaustion", "setval moves sequences near the end of the columns that they feed"),
    ("postgres-triggers-disabled", "DISABLE TRIGGER ALL on a table with a trigger and a foreign key"),
    ("postgres-unlogged-tables", "a table is made UNLOGGED"),
    (
        "postgres-unused-indexes",
        "indexes are made that no query needs, and the limits of age are set to nothing",
    ),
];

const ORDERS: &str = "CREATE TABLE orders AS SELECT id, 'x' AS note FROM generate_series(1, 20000) id";

#[test]
fn an_index_that_is_there_twice_is_dropped() {
    let database = Database::new(&[
        ORDERS,
        "ALTER TABLE orders ADD PRIMARY KEY (id); CREATE INDEX fine ON orders (note)",
        "CREATE INDEX \"Fine again\" ON orders (note); ALTER TABLE orders ADD CONSTRAINT \"Twice\" UNIQUE (id)",
        "CREATE TABLE events (day date) PARTITION BY RANGE (day)",
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "CREATE INDEX one ON events (day); CREATE INDEX other ON events (day)",
    ]);
    let trial = database.trial("postgres-duplicate-indexes");
    let bad = ["public.\"Fine again\"", "public.\"Twice\"", "public.other"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 3);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 3);
}

#[test]
fn an_index_that_is_the_beginning_of_another_is_dropped() {
    let database = Database::new(&[
        ORDERS,
        "CREATE INDEX \"Short\" ON orders (id); CREATE INDEX long ON orders (id, note); CREATE INDEX other ON orders (note)",
    ]);
    let trial = database.trial("postgres-overlapping-indexes").set("min_size: 0B");
    let run = trial.finds(&[("public.\"Short\"", "warn")], 2);
    carry_out(&trial.steps(&run, "public.\"Short\""), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn an_index_that_nobody_uses_is_dropped() {
    let database = Database::new(&[
        ORDERS,
        "CREATE TABLE events (day date, note text) PARTITION BY RANGE (day)",
        "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "CREATE INDEX idle ON events (note)",
        "CREATE INDEX used ON orders (id); CREATE INDEX \"Never\" ON orders (note)",
        "ANALYZE orders",
        "SET enable_seqscan = off; SELECT count(*) FROM orders WHERE id = 7",
    ]);
    let young = database.trial("postgres-unused-indexes").set("min_size: 0B");
    let judged = young.run();
    let check = judged.check_of("postgres-unused-indexes");
    assert_eq!(check["verdict"], "skipped", "counters of a server that was just made say nothing: {check}");
    let trial = database.trial("postgres-unused-indexes").set("min_size: 0B, unused_for: 1ms");
    let bad = [("public.\"Never\"", "fail"), ("public.idle", "fail")];
    let run = trial.soon(&found(&bad, 1));
    for (subject, _) in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 1);
}

#[test]
fn a_foreign_key_gets_its_index() {
    let database = Database::new(&[
        "CREATE TABLE customers (id int PRIMARY KEY, country text, number int, UNIQUE (country, number))",
        "INSERT INTO customers SELECT i, 'ch', i FROM generate_series(1, 100) i",
        "CREATE TABLE \"Lines\" (customer int REFERENCES customers, \"Country\" text, number int, \
         CONSTRAINT pair FOREIGN KEY (\"Country\", number) REFERENCES customers (country, number) ON DELETE CASCADE)",
        "INSERT INTO \"Lines\" SELECT 1 + i % 100, 'ch', 1 + i % 100 FROM generate_series(1, 20000) i",
        "CREATE TABLE small (customer int REFERENCES customers)",
        "CREATE TABLE good (customer int REFERENCES customers); CREATE INDEX ON good (customer)",
        "INSERT INTO good SELECT 1 + i % 100 FROM generate_series(1, 20000) i",
        "ANALYZE",
    ]);
    let trial = database.trial("postgres-foreign-key-without-index").set("min_rows: 1000");
    let bad = ["public.\"Lines\".\"Lines_customer_fkey\"", "public.\"Lines\".pair"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 3);
}

#[test]
fn rows_of_a_published_table_get_a_name() {
    let database = Database::new(&[
        "CREATE TABLE fine (id int PRIMARY KEY); CREATE TABLE \"Bare\" (id int); CREATE TABLE private (id int)",
        "CREATE TABLE keyed (id int PRIMARY KEY); ALTER TABLE keyed REPLICA IDENTITY NOTHING",
        "INSERT INTO \"Bare\" VALUES (1); INSERT INTO keyed VALUES (1)",
        "CREATE PUBLICATION p FOR TABLE fine, \"Bare\", keyed",
    ]);
    let trial = database.trial("postgres-replica-identity");
    let bad = ["public.\"Bare\"", "public.keyed"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    database.refused("UPDATE \"Bare\" SET id = 2");
    database.refused("DELETE FROM keyed");
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 3);
    database.sql("UPDATE \"Bare\" SET id = 2; DELETE FROM keyed");
}

#[test]
fn a_sequence_catches_up() {
    let database = Database::new(&[
        "CREATE TABLE fine (id serial); INSERT INTO fine DEFAULT VALUES",
        "CREATE TABLE \"Loaded\" (\"Id\" serial PRIMARY KEY); INSERT INTO \"Loaded\" SELECT generate_series(1, 500)",
        "CREATE SEQUENCE alone",
        "CREATE SEQUENCE down INCREMENT -2; CREATE TABLE fallen (id int PRIMARY KEY DEFAULT nextval('down')); INSERT INTO fallen VALUES (-1), (-3)",
    ]);
    let trial = database.trial("postgres-sequence-behind");
    let bad = ["public.\"Loaded_Id_seq\"", "public.down"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 2);
    database.refused("INSERT INTO \"Loaded\" DEFAULT VALUES");
    database.refused("INSERT INTO fallen DEFAULT VALUES");
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 4);
    database.sql("INSERT INTO \"Loaded\" DEFAULT VALUES; INSERT INTO fallen DEFAULT VALUES");
    trial.finds(&[], 4);
}

#[test]
fn a_sequence_that_begins_near_its_end_is_near_its_end() {
    let database = Database::new(&[
        "CREATE TABLE fine (id serial)",
        "CREATE TABLE late (id serial); ALTER SEQUENCE late_id_seq RESTART WITH 2147483000",
    ]);
    database.sql("CREATE TABLE \"Wide\" (id numeric(38) PRIMARY KEY); CREATE SEQUENCE own MAXVALUE 100 OWNED BY \"Wide\".id");
    database.sql("SELECT setval('own', 99)");
    database.sql("CREATE TABLE last (id int GENERATED ALWAYS AS IDENTITY (START 2147483647) PRIMARY KEY)");
    database.sql("CREATE TABLE turns (id int PRIMARY KEY); CREATE SEQUENCE turn MAXVALUE 100 CYCLE OWNED BY turns.id; SELECT setval('turn', 99)");
    let trial = database.trial("postgres-sequence-exhaustion");
    let bad = ["public.last_id_seq", "public.late_id_seq", "public.own", "public.turn"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 5);
    database.sql(
        "DO $$ BEGIN ASSERT (SELECT array_agg(format_type(atttypid, atttypmod) ORDER BY attrelid::regclass::text COLLATE \"C\") FROM pg_attribute
           WHERE attname = 'id' AND attrelid IN ('late'::regclass, '\"Wide\"'::regclass, 'turns'::regclass)) = '{\"numeric(38,0)\",bigint,integer}'; END $$",
    );
}

#[test]
fn a_constraint_is_validated() {
    let database = Database::new(&[
        "CREATE TABLE fine (id int PRIMARY KEY CHECK (id > 0)); CREATE TABLE \"Lines\" (id int, fine int)",
        "ALTER TABLE \"Lines\" ADD CONSTRAINT \"Small\" CHECK (id < 10) NOT VALID",
        "ALTER TABLE \"Lines\" ADD CONSTRAINT to_fine FOREIGN KEY (fine) REFERENCES fine NOT VALID",
        "CREATE DOMAIN code AS int; ALTER DOMAIN code ADD CONSTRAINT positive CHECK (value > 0) NOT VALID",
    ]);
    let trial = database.trial("postgres-constraints-not-validated");
    let bad = ["public.\"Lines\".\"Small\"", "public.\"Lines\".to_fine", "public.code.positive"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 4);
}

#[test]
fn triggers_are_switched_on_again() {
    let database = Database::new(&[
        "CREATE TABLE fine (id int PRIMARY KEY); CREATE TABLE \"Lines\" (id int, fine int REFERENCES fine)",
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "CREATE TRIGGER good BEFORE INSERT ON fine FOR EACH ROW EXECUTE FUNCTION nothing()",
        "CREATE TRIGGER \"Off\" BEFORE INSERT ON \"Lines\" FOR EACH ROW EXECUTE FUNCTION nothing()",
    ]);
    let trial = database.trial("postgres-triggers-disabled");
    trial.finds(&[], 2);
    database.sql("ALTER TABLE \"Lines\" DISABLE TRIGGER ALL");
    let run = trial.run();
    let (bad, passed) = trial.found();
    assert_eq!((bad.len(), passed), (3, 1), "{bad:?}");
    for subject in bad.keys() {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 2);
    database.refused("INSERT INTO \"Lines\" VALUES (1, 7)");
    database.sql("ALTER TABLE fine ENABLE REPLICA TRIGGER good");
    let run = trial.finds(&[("public.fine.good", "warn")], 1);
    carry_out(&trial.steps(&run, "public.fine.good"), |text| database.sql(text), none);
    trial.finds(&[], 2);
    // Rules and event triggers are as quiet.
    database.sql("CREATE RULE \"Keep\" AS ON DELETE TO fine DO INSTEAD NOTHING; ALTER TABLE fine DISABLE RULE \"Keep\"");
    database.sql("CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'");
    database.sql("CREATE EVENT TRIGGER \"Look\" ON ddl_command_end EXECUTE FUNCTION look(); ALTER EVENT TRIGGER \"Look\" DISABLE");
    let bad = ["public.fine.\"Keep\"", "pg_catalog.pg_event_trigger.\"Look\""];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 2);
    for subject in bad {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    }
    trial.finds(&[], 4);
}

#[test]
fn an_unlogged_table_is_logged() {
    let database = Database::new(&["CREATE TABLE fine (id int)", "CREATE UNLOGGED TABLE \"Cart\" (id int)"]);
    let trial = database.trial("postgres-unlogged-tables");
    let run = trial.finds(&[("public.\"Cart\"", "fail")], 1);
    carry_out(&trial.steps(&run, "public.\"Cart\""), |text| database.sql(text), none);
    trial.finds(&[], 2);
}

#[test]
fn orphans_under_a_valid_key_are_removed() {
    let database = Database::new(&[
        "CREATE TABLE customers (country text, id int, PRIMARY KEY (country, id))",
        "CREATE TABLE fine (country text, id int, FOREIGN KEY (country, id) REFERENCES customers)",
        "CREATE TABLE \"Lines\" (\"Id\" int, \"Country\" text, customer int, \
         CONSTRAINT key FOREIGN KEY (\"Country\", customer) REFERENCES customers)",
        "INSERT INTO customers VALUES ('ch', 1); INSERT INTO \"Lines\" VALUES (1, 'ch', 1), (2, NULL, 3)",
        "SET session_replication_role = replica; INSERT INTO \"Lines\" VALUES (3, 'ch', 77), (4, 'de', 1)",
        "ALTER TABLE \"Lines\" VALIDATE CONSTRAINT key",
    ]);
    let trial = database.trial("postgres-orphans");
    let subject = "public.\"Lines\".key";
    let run = trial.finds(&[(subject, "fail")], 1);
    assert!(run.stdout.contains("2 rows refer to no row"), "{}", run.stdout);
    // do: nobody knows what they referred to
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 2);
    database.sql("DO $$ BEGIN ASSERT (SELECT count(*) FROM \"Lines\") = 2; END $$");
}

#[test]
fn the_statements_for_orphans_find_what_was_counted() {
    // Rows of a table that inherits are not the key's, nor is a row there one that is referred to; and MATCH FULL takes no
    // null beside a value.
    let database = Database::new(&[
        "CREATE TABLE customers (country text, id int, PRIMARY KEY (country, id))",
        "CREATE TABLE old_customers () INHERITS (customers)",
        "CREATE TABLE lines (id int, country text, customer int, \
         CONSTRAINT key FOREIGN KEY (country, customer) REFERENCES customers MATCH FULL)",
        "CREATE TABLE old_lines () INHERITS (lines)",
        "INSERT INTO customers VALUES ('ch', 1); INSERT INTO old_customers VALUES ('ch', 2)",
        "INSERT INTO lines VALUES (1, 'ch', 1), (2, NULL, NULL); INSERT INTO old_lines VALUES (3, 'ch', 9)",
        "SET session_replication_role = replica; INSERT INTO lines VALUES (4, 'ch', 2), (5, NULL, 1), (6, 'ch', NULL), (7, 'at', 1)",
    ]);
    let trial = database.trial("postgres-orphans");
    let subject = "public.lines.key";
    let run = trial.finds(&[(subject, "fail")], 0);
    assert!(run.stdout.contains("4 rows refer to no row"), "{}", run.stdout);
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 1);
    database.sql("DO $$ BEGIN ASSERT (SELECT array_agg(id ORDER BY id) FROM lines) = '{1,2,3}'; END $$");
}

#[test]
fn a_partitioned_table_without_partitions_fails() {
    let database = Database::new(&[
        "CREATE TABLE \"None\" (day date) PARTITION BY RANGE (day)",
        "CREATE TABLE regions (region text) PARTITION BY LIST (region)",
        "CREATE TABLE rest (day date) PARTITION BY RANGE (day); CREATE TABLE rest1 PARTITION OF rest DEFAULT",
        "CREATE TABLE pairs (day date, shop int) PARTITION BY RANGE (day, shop)",
        "CREATE TABLE pairs1 PARTITION OF pairs FOR VALUES FROM ('2020-01-01', 0) TO ('2020-02-01', 0)",
        "CREATE TABLE ids (id int) PARTITION BY RANGE (id); CREATE TABLE ids1 PARTITION OF ids FOR VALUES FROM (0) TO (9)",
        "CREATE TABLE carts (id int) PARTITION BY HASH (id); CREATE TABLE carts0 PARTITION OF carts FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    ]);
    let trial = database.trial("postgres-partitions-ahead");
    let bad = ["public.\"None\"", "public.carts", "public.pairs", "public.regions", "public.rest"];
    trial.finds(&bad.map(|subject| (subject, "fail")), 0);
    // do: make them by hand
    for text in [
        "CREATE TABLE none1 PARTITION OF \"None\" FOR VALUES FROM ('2020-01-01') TO ('2100-01-01')",
        "CREATE TABLE carts1 PARTITION OF carts FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
        "CREATE TABLE regions1 PARTITION OF regions FOR VALUES IN ('north')",
        "CREATE TABLE rest2 PARTITION OF rest FOR VALUES FROM ('2020-01-01') TO ('2100-01-01')",
        "CREATE TABLE pairs2 PARTITION OF pairs FOR VALUES FROM ('2020-02-01', 0) TO ('2100-01-01', 0)",
    ] {
        database.sql(text);
    }
    trial.finds(&[], 3);
}

#[test]
fn the_next_partition_is_made() {
    let database = Database::new(&[
        "CREATE TABLE events (at timestamptz) PARTITION BY RANGE (at)",
        "CREATE TABLE \"Days\" (day date) PARTITION BY RANGE (day)",
        "CREATE TABLE forever (at timestamptz) PARTITION BY RANGE (at)",
        "CREATE TABLE ready (at timestamptz) PARTITION BY RANGE (at)",
        "DO $$ BEGIN
           EXECUTE format('CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (%L) TO (%L)', now() - interval '6 days', now() + interval '12 hours');
           EXECUTE format('CREATE TABLE d1 PARTITION OF \"Days\" FOR VALUES FROM (%L) TO (%L)', current_date - 15, current_date - 5);
           EXECUTE format('CREATE TABLE d9 PARTITION OF \"Days\" FOR VALUES FROM (%L) TO (%L)', current_date + 3, '2090-01-01');
           EXECUTE format('CREATE TABLE f1 PARTITION OF forever FOR VALUES FROM (%L) TO (MAXVALUE)', now());
           EXECUTE format('CREATE TABLE r1 PARTITION OF ready FOR VALUES FROM (%L) TO (%L)', now(), now() + interval '1 day');
           EXECUTE format('CREATE TABLE r2 PARTITION OF ready FOR VALUES FROM (%L) TO (%L)', now() + interval '1 day', now() + interval '2 days');
         END $$",
    ]);
    let trial = database.trial("postgres-partitions-ahead").set("ahead: 0.0");
    let bad = ["public.\"Days\"", "public.events"];
    let run = trial.finds(&bad.map(|subject| (subject, "fail")), 1);
    for (subject, name) in bad.iter().zip(["days_2", "events_2"]) {
        carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
        // do: name it as the others are
        database.sql(&format!("ALTER TABLE next_partition RENAME TO {name}"));
    }
    trial.finds(&[], 3);
    database.sql(
        "INSERT INTO events VALUES (now() + interval '1 day'); INSERT INTO \"Days\" VALUES (current_date)",
    );
}

#[test]
fn rows_of_the_default_partition_find_their_place() {
    let database = Database::new(&[
        "CREATE TABLE \"Events\" (day date, note text, gone int, \"Other\" text, id int GENERATED ALWAYS AS IDENTITY, \
         long text GENERATED ALWAYS AS (note || '!') STORED) PARTITION BY RANGE (day)",
        "ALTER TABLE \"Events\" DROP gone",
        "CREATE TABLE january PARTITION OF \"Events\" FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        // Columns in an order of its own.
        "CREATE TABLE \"Rest\" (\"Other\" text, note text, id int NOT NULL, day date, long text GENERATED ALWAYS AS (note || '!') STORED)",
        "ALTER TABLE \"Events\" ATTACH PARTITION \"Rest\" DEFAULT",
        "CREATE TABLE fine (x text) PARTITION BY LIST (x)",
        "CREATE TABLE fine_rest PARTITION OF fine DEFAULT",
        "INSERT INTO \"Events\" VALUES ('2026-01-05', 'a', 'x'), ('2026-02-05', 'b', 'y')",
    ]);
    let trial = database.trial("postgres-default-partition-rows");
    let subject = "public.\"Events\"";
    let run = trial.soon(&found(&[(subject, "fail")], 1));
    let steps = trial.steps(&run, subject);
    let person = steps.iter().position(|(kind, _)| kind == "do").unwrap();
    carry_out(&steps[..person], |text| database.sql(text), none);
    // do: make the partition that its rows need
    database.sql(
        "CREATE TABLE february PARTITION OF \"Events\" FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
    );
    carry_out(&steps[person..], |text| database.sql(text), none);
    trial.soon(&found(&[], 2));
    database.sql("DO $$ BEGIN ASSERT (SELECT string_agg(concat_ws(' ', note, \"Other\", id, long), ',' ORDER BY day) FROM \"Events\") = 'a x 1 a!,b y 2 b!'; END $$");
}

#[test]
fn a_partitioned_table_is_analyzed_as_a_whole() {
    let database = Database::new(&[
        "CREATE TABLE \"Events\" (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE e1 PARTITION OF \"Events\" FOR VALUES FROM (0) TO (100000)",
        "CREATE TABLE small (id int) PARTITION BY RANGE (id); CREATE TABLE s1 PARTITION OF small FOR VALUES FROM (0) TO (9)",
        "INSERT INTO \"Events\" SELECT generate_series(1, 20000); INSERT INTO small VALUES (1)",
        "ANALYZE e1; ANALYZE s1",
    ]);
    let trial = database.trial("postgres-partitioned-analyzed");
    let subject = "public.\"Events\"";
    let run = trial.finds(&[(subject, "warn")], 0);
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 1);
}

#[test]
fn what_a_key_would_have_set_to_null_is_not_deleted() {
    let database = Database::new(&[
        "CREATE TABLE customers (country text, id int, PRIMARY KEY (country, id))",
        "CREATE TABLE lines (n int, country text, customer int, \
         CONSTRAINT key FOREIGN KEY (country, customer) REFERENCES customers ON DELETE SET NULL)",
        "SET session_replication_role = replica; INSERT INTO lines VALUES (1, 'ch', 77), (2, NULL, 3)",
    ]);
    let trial = database.trial("postgres-orphans");
    let subject = "public.lines.key";
    let run = trial.finds(&[(subject, "fail")], 0);
    carry_out(&trial.steps(&run, subject), |text| database.sql(text), none);
    trial.finds(&[], 1);
    database.sql("DO $$ BEGIN ASSERT (SELECT string_agg(concat_ws(' ', n, country, customer), ',' ORDER BY n) FROM lines) = '1,2 3'; END $$");
}
