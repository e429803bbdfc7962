-- A database with something of everything, so that each probe has rows to tell. Runs on every version that is
-- understood, statement by statement; what must fail is marked.
CREATE EXTENSION pgstattuple;
CREATE EXTENSION amcheck;
CREATE TABLE customers (id serial PRIMARY KEY, name text, mail text);
INSERT INTO customers (name, mail) SELECT 'n' || i, repeat('x', 200) FROM generate_series(1, 5000) i;
CREATE TABLE "Order Lines" (id int PRIMARY KEY, customer int REFERENCES customers, note varchar(20) CHECK (note <> ''));
INSERT INTO "Order Lines" SELECT i, i, 'a' FROM generate_series(1, 3000) i;
CREATE INDEX lines_note ON "Order Lines" (note);
CREATE INDEX lines_note_again ON "Order Lines" (note);
CREATE INDEX lines_note_id ON "Order Lines" (note, id);
CREATE INDEX "Lines of ""Customers""" ON "Order Lines" (lower(note)) WHERE id > 10;
CREATE TABLE twice (a int);
INSERT INTO twice VALUES (1), (1);
\set ON_ERROR_STOP off
\o /dev/null
-- Fails, and leaves its index behind.
CREATE UNIQUE INDEX CONCURRENTLY twice_a ON twice (a);
\o
\set ON_ERROR_STOP on
CREATE UNLOGGED TABLE passing (id int);
CREATE TABLE a23456789_b23456789_c23456789_d23456789_e23456789_f23456789_g23 (id bigint PRIMARY KEY);
ALTER TABLE "Order Lines" ADD CONSTRAINT later CHECK (id > 0) NOT VALID;
ALTER TABLE "Order Lines" ADD CONSTRAINT other FOREIGN KEY (id) REFERENCES customers NOT VALID;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION nothing();
ALTER TABLE customers DISABLE TRIGGER touched;
CREATE TABLE measures (at date NOT NULL, value int) PARTITION BY RANGE (at);
CREATE TABLE measures_2026 PARTITION OF measures FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE measures_rest PARTITION OF measures DEFAULT;
INSERT INTO measures SELECT '2026-01-01'::date + i % 300, i FROM generate_series(1, 1000) i;
CREATE TABLE parent (id int);
CREATE TABLE child (more int) INHERITS (parent);
CREATE MATERIALIZED VIEW names AS SELECT name FROM customers;
CREATE VIEW mails AS SELECT mail FROM customers;
CREATE SCHEMA "Other Place";
CREATE TABLE "Other Place"."T" ("Id" smallint GENERATED ALWAYS AS IDENTITY, mood text);
CREATE SEQUENCE big;
CREATE TABLE narrow (id int DEFAULT nextval('big'));
SELECT setval('big', 2100000000) \g /dev/null
CREATE SEQUENCE round MAXVALUE 10 CYCLE;
INSERT INTO customers (id, name) VALUES (900000, 'by hand');
CREATE TABLE resting (id int, pad text) WITH (autovacuum_enabled = false, fillfactor = 50);
INSERT INTO resting SELECT i, md5(i::text) || repeat('x', 250) FROM generate_series(1, 50000) i;
CREATE INDEX resting_pad ON resting (pad) WITH (fillfactor = 50);
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON customers USING (true);
CREATE PUBLICATION feed FOR TABLE customers, "Order Lines";
CREATE SUBSCRIPTION :"name" CONNECTION 'host=nowhere.invalid dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE);
SELECT lo_create(0) \g /dev/null
-- A session counts what it inserted when it ends; counted after ANALYZE it would be there twice.
\connect
ANALYZE;
DELETE FROM resting WHERE id % 4 <> 0;
UPDATE "Order Lines" SET note = 'b' WHERE id <= 1000;
VACUUM customers;
SELECT count(*) FROM customers WHERE id = 3 \g /dev/null
