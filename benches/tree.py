#!/usr/bin/env python3
"""Rows against files: 1,000,000 rows of PostgreSQL and 1,000,000 files of a tree, in both directions, beside what a shell does (`psql | sort`,
`find | sort`, `comm`) and beside nothing but reading the two sides; and the memory for four times as many rows.

FILES=N makes another number, DEEP=1 spreads them over 65,536 directories of two levels instead of 1,000. Everything is in memory (warm).
"""

import multiprocessing
import os
import statistics
import sys

from cluster import Cluster
from kit import MUSTER, folder, goal, policy, row, run, title, write

FILES = int(os.environ.get("FILES", "1000000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
DEEP = os.environ.get("DEEP") == "1"

# The same names in Python and in SQL.
SPREAD = 2654435761
PLACE = ("substr(name, 1, 2) || '/' || substr(name, 3, 2) || '/'" if DEEP else "lpad((n % 1000)::text, 3, '0') || '/'")
TABLE = """
CREATE TABLE {table} AS SELECT {place} || name || '.jpg' AS path, 0::bigint AS size
  FROM (SELECT n, lpad(to_hex(n * {spread} % 4294967296), 8, '0') || lpad(to_hex(n), 8, '0') AS name FROM generate_series(0, {last}) n) s
"""
RULES = """
fail:
  - missing != 1
  - (extra ?? -1) != 1
message: "{{ missing }} missing, {{ extra }} extra, of {{ references }} and {{ files }}, by {{ method }}"
"""


def place(n):
    name = f"{n * SPREAD % 2**32:08x}{n:08x}"
    return f"{name[:2]}/{name[2:4]}" if DEEP else f"{n % 1000:03}", f"{name}.jpg"


def fill(part):
    root, begin, end = part
    for n in range(begin, end):
        where, name = place(n)
        os.close(os.open(f"{root}/{where}/{name}", os.O_CREAT | os.O_WRONLY, 0o644))


def tree(root):
    os.mkdir(root)
    for where in ([f"{a:02x}/{b:02x}" for a in range(256) for b in range(256)] if DEEP else [f"{n:03}" for n in range(1000)]):
        os.makedirs(f"{root}/{where}")
    step = FILES // 8 + 1
    with multiprocessing.Pool(2) as pool:
        pool.map(fill, [(root, begin, min(begin + step, FILES)) for begin in range(0, FILES, step)])
    # One is lost, and one has no row.
    where, name = place(7)
    os.unlink(f"{root}/{where}/{name}")
    write(f"{root}/{where}/left-over.jpg", "")


def ask(temp, cluster, root, table, expect):
    file = write(f"{temp}/policies/{table}.yaml", policy(
        table, "data.files", f"{{ sql: SELECT path FROM {table}, root: {root} }}", RULES, "postgres"))
    url = cluster.url.replace("postgres@", "watcher@", 1)
    return [MUSTER, "check", "--deadline", "600s", "--target", url, file], expect


def main():
    title(f"tree: {FILES:,} rows and {FILES:,} files, {'65,536 directories' if DEEP else '1,000 directories'}")
    with folder() as temp, Cluster(temp) as cluster:
        root = f"{temp}/tree"
        tree(root)
        psql = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", cluster.url]
        for table, rows in (("uploads", FILES), ("four", 4 * FILES)):
            run([*psql, "-c", TABLE.format(table=table, place=PLACE, spread=SPREAD, last=rows - 1)])
        run([*psql, "-c", "CREATE ROLE watcher LOGIN; GRANT SELECT ON uploads, four TO watcher"])
        rows = f"psql -qXAt {cluster.url} -c 'COPY (SELECT path FROM uploads) TO STDOUT'"
        names = f"find {root} -type f -printf '%P\\n'"
        shell = f"comm -3 <({rows} | sort) <({names} | sort)"
        bytewise, typed = f"export LC_ALL=C; {shell}", f"export LOCPATH={temp} LC_ALL=en_US.UTF-8; {shell}"
        run(["localedef", "-i", "en_US", "-f", "UTF-8", f"{temp}/en_US.UTF-8"])
        ours, expect = ask(temp, cluster, root, "uploads", (0,))
        taken = {"list": [], "read": [], "shell": [], "typed": [], "muster": []}
        peak = 0
        # All take turns, so that a load on the machine hits all.
        for turn in range(ROUNDS + 1):
            for what, command in (("list", names), ("read", rows), ("shell", bytewise), ("typed", typed)):
                is_shell = what in ("shell", "typed")
                done = run(["bash", "-c", command if is_shell else f"{command} >/dev/null"])
                if is_shell:
                    assert len(done.out.splitlines()) == 2, done.out[:2000]
                if turn:
                    taken[what].append(done)
            done = run(ours, expect=expect, cwd=temp)
            assert "1 pass" in done.out or "passed" in done.out or "pass" in done.out, done.out
            if turn:
                taken["muster"].append(done)
                peak = max(peak, done.mib)
        middle = {what: statistics.median(one.wall for one in all) for what, all in taken.items()}
        for what, more in (("list", "find -type f"), ("read", "psql, COPY of the paths"),
                           ("typed", "comm of psql | sort and find | sort, as typed in a terminal (en_US.UTF-8)"),
                           ("shell", "the same with LC_ALL=C"), ("muster", "data.files, both directions")):
            row(more, middle[what], statistics.median(one.cpu for one in taken[what]), max(one.mib for one in taken[what]))
        both = middle["list"] + middle["read"]
        held = [
            goal("at most 1.3 x the listing and the reading", middle["muster"] <= 1.3 * both, f"{middle['muster'] / both:.2f} x"),
            goal("at least 3 x as fast as the shell", middle["typed"] >= 3 * middle["muster"],
                 f"{middle['typed'] / middle['muster']:.2f} x; {middle['shell'] / middle['muster']:.2f} x where somebody thought of LC_ALL=C"),
        ]
        command, _ = ask(temp, cluster, root, "four", None)
        four = run(command, expect=(1,), cwd=temp)
        row("muster, four times the rows", four.wall, four.cpu, four.mib)
        held.append(goal("memory of four times the rows at most 1.1 x", four.mib <= 1.1 * peak, f"{four.mib / peak:.2f} x, {four.mib:.0f} MiB"))
        held.append(goal("below 200 MiB", max(four.mib, peak) < 200, f"{max(four.mib, peak):.0f} MiB"))
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
