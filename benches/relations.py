#!/usr/bin/env python3
"""Relations: a full outer join of a million rows with a million rows, and a million rows in 10,000 groups, beside DuckDB with
one thread over the same rows in memory.

muster is measured through the library by `benches/relations.rs`, which cargo builds; RELATIONS=PATH names it built already.
Both take turns, so that a load on the machine hits both. DuckDB is the package `duckdb` of PyPI.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

from kit import goal, row, title

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SIZES = [250_000, 500_000, 1_000_000]

SPREAD = "({} * 2654435761 % 4294967296)"
PATH = "format('/srv/uploads/2026/11/{{:02x}}/{{:021x}}.jpeg', {0} % 256, {0})"
SIZE = "({} * 7919 % 100003 * 4096)"

FULL = "FROM l FULL JOIN r USING (path)"
QUERIES = {
    # Only counts: nothing but the join and a look at every pair.
    "join": f"SELECT count(*) FILTER (l.path IS NULL OR r.path IS NULL OR l.size = r.size), count(*) FILTER (l.size <> r.size) {FULL}",
    # The pairs that stand on one side only, as rows.
    "apart": f"CREATE OR REPLACE TEMP TABLE found AS SELECT path, l.size AS a, r.size AS b {FULL} WHERE l.path IS NULL OR r.path IS NULL",
    "group": "CREATE OR REPLACE TEMP TABLE found AS SELECT team, count(*) AS number, sum(size) AS whole, min(size) AS least,"
    " max(size) AS most, median(size) AS middle FROM f GROUP BY team",
}


def program():
    """The built bench."""
    if os.environ.get("RELATIONS"):
        return os.environ["RELATIONS"]
    cargo = [os.environ.get("CARGO", "cargo"), "bench", "--quiet", "--no-run", "--bench", "relations"]
    subprocess.run(cargo, check=True)
    found = pathlib.Path("target/release/deps").glob("relations-*")
    return max((path for path in found if not path.suffix), key=lambda path: path.stat().st_mtime)


def figures(bench, what, rows):
    """What the bench prints, each name with all of its numbers."""
    said = subprocess.run([bench, what, str(rows), "3"], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in said.splitlines():
        name, number = line.split()
        found.setdefault(name, []).append(float(number))
    return found


def peer(rows):
    """DuckDB with the same rows in memory."""
    import duckdb

    base = duckdb.connect(":memory:", config={"threads": 1})
    spread = SPREAD.format("n")
    path = PATH.format(spread)
    base.execute(f"CREATE TABLE l AS SELECT {path} AS path, {SIZE.format('n')} AS size FROM range({rows}) t(n)")
    mixed = f"(SELECT {rows} // 10 + m * 611953 % {rows} AS n FROM range({rows}) t(m))"
    base.execute(f"CREATE TABLE r AS SELECT {path} AS path, {SIZE.format('n')} AS size FROM {mixed}")
    base.execute(
        f"CREATE TABLE f AS SELECT format('team-{{:05}}', n * 7919 % 10000) AS team, {SIZE.format(spread)} AS size"
        f" FROM range({rows}) t(n)"
    )
    return base


def asked(base, what):
    """Milliseconds of a query three times, by the clock and of the processor, and its last answer."""
    taken, ran = [], []
    for _ in range(3):
        began, start = time.perf_counter(), time.process_time()
        answer = base.execute(QUERIES[what]).fetchall()
        taken.append((time.perf_counter() - began) * 1000)
        ran.append((time.process_time() - start) * 1000)
    return taken, ran, answer


def agree(what, seen, base, answer):
    """Both must have found the same, or they did not do the same work."""
    ours = (seen["passed"][-1], seen["failed"][-1])
    if what == "group":
        theirs = base.execute("SELECT count(*) FILTER (NOT (middle > most OR whole < most)), 0 FROM found").fetchone()
    elif what == "apart":
        both = base.execute(f"SELECT count(*) {FULL} WHERE l.path IS NOT NULL AND r.path IS NOT NULL").fetchone()[0]
        theirs = (both, answer[0][0])
    else:
        theirs = answer[0]
    if ours != tuple(theirs) or any(seen["unknown"]):
        sys.exit(f"{what}: muster found {ours}, DuckDB {theirs}, unknown {seen['unknown']}")


def compare(bench, what, rows, words):
    """The ratio by the clock: muster uses all cores, DuckDB the one that it was given."""
    base = peer(rows)
    ours, theirs, wall, clock, peak, input = [], [], [], [], 0, 0
    for _ in range(ROUNDS):
        seen = figures(bench, what, rows)
        taken, ran, answer = asked(base, what)
        agree(what, seen, base, answer)
        ours += seen["processor_ms"]
        theirs += ran
        wall += seen["judge_ms"]
        clock += taken
        peak, input = max(peak, seen["peak_mib"][0]), seen["rows_mib"][0]
    base.close()
    mine, other = statistics.median(wall), statistics.median(clock)
    by_processor = statistics.median(ours) / statistics.median(theirs)
    row(f"muster, {words}", mine / 1000, statistics.median(ours) / 1000, peak, f"of which the rows {input:.0f} MiB; fastest {min(wall):.0f} ms")
    row("DuckDB, one thread", other / 1000, statistics.median(theirs) / 1000, more=f"fastest {min(clock):.0f} ms; {by_processor:.2f} x of the processor")
    return mine / other, mine, peak


def joins(bench):
    title("relations: full outer join by a text of 50 characters, nine tenths on both sides")
    times = {}
    for rows in SIZES:
        ratio, times[rows], peak = compare(bench, "join", rows, f"{rows:,} with {rows:,} rows")
    goal("join at most 2 x DuckDB", ratio <= 2, f"{ratio:.2f} x")
    goal("peak under 400 MiB", peak < 400, f"{peak:.0f} MiB")
    growth = times[SIZES[-1]] / times[SIZES[0]] / (SIZES[-1] / SIZES[0])
    goal("linear (per row at most 1.5 x of a quarter of the rows)", growth <= 1.5, f"{growth:.2f} x")
    rows = SIZES[-1]
    ratio, _, _ = compare(bench, "apart", rows, f"{rows // 5:,} findings")
    print(f"  -> the same join with {rows // 5:,} findings, each with its operands and message: {ratio:.2f} x DuckDB", flush=True)


def groups(bench):
    title("relations: a million rows in 10,000 groups with count, sum, min, max, median")
    ratio, _, _ = compare(bench, "group", SIZES[-1], "1,000,000 rows")
    goal("group at most 3 x DuckDB", ratio <= 3, f"{ratio:.2f} x")


if __name__ == "__main__":
    try:
        import duckdb  # noqa: F401
    except ImportError:
        sys.exit("benches/relations.py: the Python package duckdb is not installed")
    built = program()
    joins(built)
    groups(built)
