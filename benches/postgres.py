#!/usr/bin/env python3
"""The whole pack `builtin:postgres`: on very many tables against one check of check_postgres, and on a few against its own statements."""

import os
import re
import shutil
import sys

from cluster import FILL, TABLES, Cluster
from kit import MUSTER, best, folder, goal, ratio, run, shown, title

# Ten rows in each table, and statistics of all: what a bloat estimate has to read.
ROWS = """
DO $$ BEGIN
  FOR n IN 1..{tables} LOOP
    EXECUTE format('INSERT INTO t%s SELECT g, now(), g::text FROM generate_series(1, 10) g', lpad(n::text, 6, '0'));
    IF n % 200 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;
"""

# Two of 280 MB, which the bloat policies estimate; one of them and its index are nearly empty.
LARGE = """
DO $$ BEGIN
  FOR n IN 1..2 LOOP
    EXECUTE format('CREATE TABLE large%s AS SELECT id, repeat(md5(id::text), 3) AS note, now() AS at FROM generate_series(1, 2000000) id', n);
    EXECUTE format('CREATE INDEX ON large%s (note)', n);
    COMMIT;
  END LOOP;
END $$;
DELETE FROM large1 WHERE id % 10 <> 0;
"""

GRANTS = "CREATE ROLE watcher LOGIN IN ROLE pg_monitor"
READ = "GRANT SELECT ON large1, large2 TO watcher"


def pack(cluster, temp):
    """The pack as a role that only looks; what it finds is none of the bench's business, that it judges is."""
    url = cluster.url.replace("postgres@", "watcher@", 1)
    command = [MUSTER, "check", "--timings", "--deadline", "120s", "--target", url, "builtin:postgres"]
    done = best(command, cwd=temp, expect=(0, 1, 3))
    assert "timings:" in done.err, done.err[-2000:]
    return done


def connections(cluster, since):
    """How many connections the server let our role open, and how many of them stood at once."""
    with open(f"{cluster.data}/log") as log:
        log.seek(since)
        events = re.findall(r"(connection authorized|disconnection): .*user=watcher", log.read())
    now = most = opened = 0
    for event in events:
        now += 1 if event == "connection authorized" else -1
        opened += event == "connection authorized"
        most = max(most, now)
    return opened, most


def own(done):
    """Milliseconds of the statements of all probes, and the lines that tell them."""
    lines = [line.strip() for line in done.err.splitlines() if " statements" in line or " statement," in line]
    times = [float(ms) for line in lines for ms in re.findall(r"([\d.]+) ms", line)[-1:]]
    return sum(times), lines


def log_end(cluster):
    return os.path.getsize(f"{cluster.data}/log")


def many(temp):
    title(f"postgres: the pack on {TABLES:,} tables")
    with Cluster(temp, "log_connections = on\nlog_disconnections = on\nautovacuum_naptime = '1d'\n") as cluster:
        psql = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", cluster.url]
        for sql in (FILL, ROWS.format(tables=TABLES), LARGE.strip(), "VACUUM large1", "ANALYZE", GRANTS, READ):
            run([*psql, "-f", "-"], input=sql)
        since = log_end(cluster)
        ours = pack(cluster, temp)
        opened, most = connections(cluster, since)
        shown("muster, the whole pack", ours)
        for line in own(ours)[1]:
            print(f"    {line}")
        if not shutil.which("check_postgres"):
            sys.exit("check_postgres is not installed")
        theirs = best(["check_postgres", "--action=bloat", "--host=127.0.0.1", f"--port={cluster.port}", "--dbuser=postgres",
                       "--dbname=postgres", "--timeout=600"], cwd=temp, expect=(0, 1, 2))
        shown("check_postgres, bloat alone", theirs)
        ratio("time against check_postgres", ours.wall, theirs.wall)
        goal("at most 0.3 times as long", ours.wall <= 0.3 * theirs.wall, f"{ours.wall / theirs.wall:.2f} times")
        goal("at most 2 connections at once", most <= 2, f"{most}; {opened} opened in 3 runs")


def few(temp):
    title("postgres: the pack on 200 tables")
    with Cluster(temp, "log_connections = on\nlog_disconnections = on\n") as cluster:
        psql = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", cluster.url]
        fill = FILL.replace(f"1..{TABLES}", "1..200")
        for sql in (fill, ROWS.format(tables=200), "VACUUM ANALYZE", GRANTS):
            run([*psql, "-f", "-"], input=sql)
        since = log_end(cluster)
        ours = pack(cluster, temp)
        opened, most = connections(cluster, since)
        shown("muster, the whole pack", ours)
        statements, lines = own(ours)
        for line in lines:
            print(f"    {line}")
        goal("one connection", opened == 3 and most == 1, f"{most}; {opened} opened in 3 runs")
        goal("at most twice its statements' own time", ours.wall * 1000 <= 2 * statements,
             f"{ours.wall * 1000:.0f} ms for {statements:.0f} ms of statements")


for measure in (few, many):
    with folder() as temp:
        measure(temp)
