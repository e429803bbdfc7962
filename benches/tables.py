#!/usr/bin/env python3
"""`postgres.tables` on very many tables, against a plain SELECT of the same columns through psql."""

from cluster import FILL, TABLES, Cluster
from kit import MUSTER, best, folder, goal, policy, ratio, run, shown, title, write

# What somebody writes who wants these facts, over the statistics view.
PLAIN = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), current_database(), n.nspname, c.relname, c.relkind,
       s.n_live_tup, s.n_dead_tup, s.n_live_tup + s.n_dead_tup, s.n_dead_tup::float8 / nullif(s.n_live_tup + s.n_dead_tup, 0),
       greatest(s.last_vacuum, s.last_autovacuum), s.last_autovacuum, greatest(s.last_analyze, s.last_autoanalyze),
       s.n_mod_since_analyze, s.n_ins_since_vacuum, c.relpages::int8 * 8192,
       greatest(age(c.relfrozenxid), age(t.relfrozenxid)), greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid)),
       coalesce((SELECT option_value FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_enabled'), 'true'),
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), s.seq_scan, s.idx_scan
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_stat_all_tables s ON s.relid = c.oid
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
 WHERE c.relkind IN ('r', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""


with folder() as temp, Cluster(temp) as cluster:
    title(f"tables: postgres.tables on {TABLES:,} tables")
    psql = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", cluster.url]
    made = run([*psql, "-c", FILL])
    run([*psql, "-c", "ANALYZE pg_class, pg_index, pg_namespace"])
    shown("making them (not measured)", made)
    write(f"{temp}/p/tables.yaml", policy(
        "dead", "postgres.tables", "{}", "fail: (dead_ratio ?? 0.percent) > 40.percent", type="postgres"))
    ours = best([MUSTER, "check", "--timings", "--deadline", "60s", "--target", cluster.url, f"{temp}/p"], cwd=temp)
    shown("muster, whole process", ours)
    theirs = best([*psql, "-c", PLAIN])
    lines = theirs.out.count("\n")
    assert lines == TABLES, f"psql shows {lines} tables"
    shown("psql, plain SELECT of the same columns", theirs)
    ratio("time against psql", ours.wall, theirs.wall)
    goal("at most 1.5 times as long as psql", ours.wall <= 1.5 * theirs.wall, f"{ours.wall / theirs.wall:.2f} times")
