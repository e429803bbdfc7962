#!/usr/bin/env python3
"""Two copies of a table, compared: muster against reladiff, on the same two tables in the same run.

ROWS (5,000,000) rows on one engine; CROSS_ROWS (1,000,000) from MariaDB to PostgreSQL, if MariaDB's server is installed.
"""

import glob
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys

from cluster import Cluster
from kit import MUSTER, ENV, folder, goal, ratio, run, shown, title, write

ROWS = int(os.environ.get("ROWS", "5000000"))
CROSS = int(os.environ.get("CROSS_ROWS", "1000000"))
TIMES = int(os.environ.get("TIMES", "1"))

TABLE = "CREATE TABLE items (id bigint PRIMARY KEY, customer int NOT NULL, amount numeric(10,2), note text, at timestamp NOT NULL)"
FILL = """INSERT INTO items SELECT i, i % 100000, (i::int8 * 7919 % 1000000) / 100.0, 'note ' || md5(i::text),
          '2026-01-01'::timestamp + i * interval '1 s' FROM generate_series(1, {rows}) i"""

RELADIFF = """
import sys
from reladiff import connect_to_table, diff_tables
a = connect_to_table(sys.argv[1], "items", "id", extra_columns=("customer", "amount", "note", "at"))
b = connect_to_table(sys.argv[2], "items", "id", extra_columns=("customer", "amount", "note", "at"))
print(sum(1 for _ in diff_tables(a, b)))
"""


def sql(cluster, database, *statements):
    arguments = [part for statement in statements for part in ("-c", statement)]
    subprocess.run([f"{cluster.bin}/psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(cluster.port),
                    "-U", "postgres", "-d", database, *arguments], check=True, stdout=subprocess.DEVNULL)


POLICY = """\
policy: data-equal
title: Both sides are equal
tier: release
severity: low
owner: team-bench
why: It is measured.
target: { type: postgres, labels: { side: new } }
observe:
  tables: { probe: data.compare, with: { source: old, within: 10m%s } }
each: tables
fail: missing + extra + changed > 0
message: "{{ missing + extra + changed }} of {{ table }} differ"
remedy:
  steps:
    - do: Nothing.
"""


def project(temp, source, target, more=""):
    write(f"{temp}/muster.yaml", f"muster: 1\npolicies: [policies/]\nlabels: {{ side: [new] }}\ntargets:\n  old: {source}\n  new: {target}\n")
    write(f"{temp}/policies/data-equal.yaml", POLICY % more)


def muster(temp, differs):
    """The median run, which must find as many rows as differ."""
    runs = []
    for _ in range(TIMES):
        done = run([MUSTER, "check", "--format", "json"], expect=(0, 1), cwd=temp)
        check = json.loads(done.out)["checks"][0]
        messages = [finding["message"] for finding in check["findings"]]
        wanted = [] if differs == 0 else [f"{differs:,} of public.items differ"]
        assert messages == wanted and check["verdict"] == ("fail" if differs else "pass"), done.out[:3000]
        runs.append(done)
    runs.sort(key=lambda one: one.wall)
    return runs[len(runs) // 2]


def reladiff(temp, source, target, differs):
    runs = []
    for _ in range(TIMES):
        done = run([sys.executable, f"{temp}/peer.py", source, target], env={"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
        assert int(done.out.split()[-1]) == differs * 2, done.out  # each changed row is told with both sides
        runs.append(done)
    runs.sort(key=lambda one: one.wall)
    return runs[len(runs) // 2]


def compared(what, temp, differs, source, target, wanted):
    mine = muster(temp, differs)
    shown(f"muster, {what}", mine)
    goal(f"{what}: memory below 200 MiB", mine.mib < 200, f"{mine.mib:.0f} MiB")
    if not shutil.which("python3") or not has_reladiff():
        print("  reladiff is not here")
        return
    theirs = reladiff(temp, source, target, differs)
    shown(f"reladiff, {what}", theirs)
    ratio("time against reladiff", mine.wall, theirs.wall)
    goal(f"{what}: at least {wanted} x as fast as reladiff", theirs.wall >= wanted * mine.wall, f"{theirs.wall / mine.wall:.1f} x")


def has_reladiff():
    env = {**ENV, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return subprocess.run([sys.executable, "-c", "import reladiff"], env=env, stderr=subprocess.DEVNULL).returncode == 0


class Maria:
    """A private MariaDB on a free port."""

    def __init__(self, temp):
        self.temp = f"{temp}/maria"
        self.program = shutil.which("mariadbd") or next(iter(glob.glob("/usr/sbin/mariadbd")), None)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]

    def __enter__(self):
        os.mkdir(self.temp)
        user = ["--user=mysql"] if os.getuid() == 0 else []
        if os.getuid() == 0:
            entry = pwd.getpwnam("mysql")
            os.chown(self.temp, entry.pw_uid, entry.pw_gid)
        subprocess.run(["mariadb-install-db", f"--datadir={self.temp}/data", "--auth-root-authentication-method=normal", *user],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            [self.program, "--no-defaults", f"--datadir={self.temp}/data", f"--port={self.port}", "--bind-address=127.0.0.1",
             f"--socket={self.temp}/s", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=512M", *user],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if subprocess.run(["mariadb", f"--socket={self.temp}/s", "-e", "select 1"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return self
            subprocess.run(["sleep", "0.2"], check=True)
        sys.exit("MariaDB did not start")

    def sql(self, text):
        subprocess.run(["mariadb", f"--socket={self.temp}/s", "-e", text], check=True, stdout=subprocess.DEVNULL)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


with folder() as temp, Cluster(temp, "max_connections = 50\n") as cluster:
    title(f"gate: a table of {ROWS:,} rows on one PostgreSQL server, in two databases, whole process")
    write(f"{temp}/peer.py", RELADIFF)
    url = lambda name: f"postgresql://postgres@127.0.0.1:{cluster.port}/{name}"
    for name in ("was", "now"):
        sql(cluster, "postgres", f"CREATE DATABASE {name}")
        sql(cluster, name, TABLE, FILL.format(rows=ROWS), "VACUUM ANALYZE items")
    new = lambda name: f"{{ type: postgres, url: '{url(name)}', labels: {{ side: new }} }}"
    project(temp, f"{{ type: postgres, url: '{url('was')}' }}", new("now"))
    compared("no row differs", temp, 0, url("was"), url("now"), 4)
    sql(cluster, "now", "UPDATE items SET note = note || '!' WHERE id = 4711", "VACUUM ANALYZE items")
    compared("one row differs", temp, 1, url("was"), url("now"), 4)
    sql(cluster, "now", "UPDATE items SET note = note || '!' WHERE id % 100 = 7", "VACUUM ANALYZE items")
    differs = len(range(7, ROWS + 1, 100)) + (4711 % 100 != 7)
    compared("1 % of rows differ", temp, differs, url("was"), url("now"), 2)

    if not (shutil.which("mariadbd") or glob.glob("/usr/sbin/mariadbd")):
        print("  MariaDB is not here")
        sys.exit(0)
    title(f"gate: a table of {CROSS:,} rows, from MariaDB to PostgreSQL, whole process")
    sql(cluster, "postgres", "CREATE DATABASE crossed")
    sql(cluster, "crossed", TABLE, FILL.format(rows=CROSS), "VACUUM ANALYZE items")
    with Maria(temp) as maria:
        maria.sql("CREATE DATABASE was; USE was; CREATE USER bench@'%' IDENTIFIED BY ''; GRANT SELECT ON was.* TO bench@'%'; "
                  "CREATE TABLE was.items (id bigint PRIMARY KEY, customer int NOT NULL, amount decimal(10,2), note text, at datetime(6) NOT NULL); "
                  "INSERT INTO was.items SELECT seq, seq % 100000, (seq * 7919 % 1000000) / 100, concat('note ', md5(seq)), "
                  f"'2026-01-01 00:00:00' + interval seq second FROM seq_1_to_{CROSS}")
        mysql = f"mysql://bench@127.0.0.1:{maria.port}/was"
        project(temp, f"{{ type: mysql, url: '{mysql}' }}", new("crossed"), """, map: '{"schema": "public"}'""")
        compared("across engines, no row differs", temp, 0, mysql, url("crossed"), 2)
