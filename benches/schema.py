#!/usr/bin/env python3
"""`data.schema` of 300,000 columns, against plain SELECTs of the same rows of the catalogue through psql."""

from cluster import Cluster
from kit import MUSTER, best, folder, goal, policy, ratio, run, shown, title, write

TABLES, COLUMNS = 30_000, 10

FILL = f"""
DO $$ BEGIN
  FOR n IN 1..{TABLES} LOOP
    EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), note text, price numeric(10,2) DEFAULT 0 CHECK (price >= 0),'
                   ' a int, b bigint, c varchar(20), d date, e bool NOT NULL DEFAULT false, f jsonb)', lpad(n::text, 6, '0'));
    EXECUTE format('CREATE INDEX ON t%s (at)', lpad(n::text, 6, '0'));
    IF n % 200 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;
"""

# What somebody writes who wants to compare two schemas.
PLAIN = [
    """SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
              l.collname, pg_get_expr(d.adbin, d.adrelid)
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname = 'public'""",
    """SELECT n.nspname, c.relname, c.relkind, c.relpersistence, c.reloptions, c.relrowsecurity, pg_get_userbyid(c.relowner), c.relacl
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind <> 'i'""",
    """SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'""",
    """SELECT n.nspname, c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public'""",
]


with folder() as temp, Cluster(temp) as cluster:
    title(f"schema: data.schema on {TABLES * COLUMNS:,} columns of {TABLES:,} tables")
    psql = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", cluster.url]
    made = run([*psql, "-c", FILL])
    run([*psql, "-c", "ANALYZE pg_class, pg_index, pg_namespace, pg_attribute, pg_attrdef, pg_constraint"])
    shown("making them (not measured)", made)
    write(f"{temp}/p/schema.yaml", policy("schema", "data.schema", "{}", 'fail: digest == ""', type="postgres"))
    ours = best([MUSTER, "check", "--timings", "--target", cluster.url, f"{temp}/p"], cwd=temp)
    shown("muster, whole process", ours)
    theirs = best([*psql, *[part for sql in PLAIN for part in ("-c", sql)]])
    lines = theirs.out.count("\n")
    assert lines >= TABLES * (COLUMNS + 4), f"psql shows {lines} rows"
    shown("psql, plain SELECTs of the catalogue", theirs)
    ratio("time against psql", ours.wall, theirs.wall)
    goal("at most 3 times as long as psql", ours.wall <= 3 * theirs.wall, f"{ours.wall / theirs.wall:.2f} times")
    goal("less than 200 MiB", ours.mib < 200, f"{ours.mib:.0f} MiB")
