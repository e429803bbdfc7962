#!/usr/bin/env python3
"""`postgres.tables` on very many tables, against a plain SELECT of the same columns through psql."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys

from kit import MUSTER, best, folder, goal, policy, ratio, run, shown, title, write

TABLES = int(os.environ.get("TABLES", "100000"))

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

FILL = f"""
DO $$ BEGIN
  FOR n IN 1..{TABLES} LOOP
    EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, at timestamptz, note text)', lpad(n::text, 6, '0'));
    IF n % 200 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;
"""


class Cluster:
    """A private PostgreSQL on a free port, below the bench's folder."""

    def __init__(self, temp):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
        program = found[-1] if found else shutil.which("initdb")
        if not program:
            sys.exit("PostgreSQL's server programs are not installed")
        self.bin, self.data = os.path.dirname(program), f"{temp}/pg"
        self.as_user = []
        if os.getuid() == 0:  # the server refuses root
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            os.chmod(temp, 0o755)
            os.mkdir(self.data)
            os.chown(self.data, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def do(self, program, *arguments):
        subprocess.run([*self.as_user, f"{self.bin}/{program}", "-D", self.data, *arguments], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")

    def __enter__(self):
        self.do("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(f"{self.data}/postgresql.conf", "a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                       "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n"
                       "shared_buffers = 256MB\nmax_wal_size = 8GB\n")
        self.do("pg_ctl", "-l", f"{self.data}/log", "-w", "start")
        return self

    def __exit__(self, *_):
        self.do("pg_ctl", "-m", "immediate", "-w", "stop")


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
