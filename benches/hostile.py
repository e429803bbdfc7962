#!/usr/bin/env python3
"""Texts that were written to use up time or memory: each is refused while it is read."""

from kit import MUSTER, best, folder, goal, shown, title, write

MILLISECONDS, MIB = 100, 64


def laughs():
    """Each list is ten times the one before."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{name}: &{name} [{', '.join(['*' + before] * 10)}]" for before, name in zip("abcdefghi", "bcdefghij")]
    return "\n".join(lines) + "\n"


def texts():
    return {
        "an alias bomb of lists": laughs(),
        "an alias bomb of texts": f'a: &a "{"y" * 100_000}"\nb: [{", ".join(["*a"] * 20_000)}]\n',
        "lists in lists, 100,000 deep": "[" * 100_000,
        "maps in maps, 100,000 deep": "{a: " * 100_000,
        "dashes, 100,000 deep": "- " * 100_000,
        "question marks, 100,000 deep": "? " * 100_000,
        "stairs of 3,000 levels": "".join(" " * level + "a:\n" for level in range(3000)),
    }


def refused(what, path, temp):
    done = best([MUSTER, "check", path], expect=(2,), cwd=temp)
    assert "limit" in done.err or "deeper" in done.err or "larger" in done.err, done.err
    shown(what, done)
    held = done.wall * 1000 <= MILLISECONDS and done.mib <= MIB
    goal(f"within {MILLISECONDS} ms and {MIB} MiB", held, f"{done.wall * 1000:.0f} ms, {done.mib:.0f} MiB")


with folder() as temp:
    title("hostile: texts that are refused, whole process")
    for number, (what, text) in enumerate(texts().items()):
        refused(what, write(f"{temp}/{number}.yaml", text), temp)
    path = write(f"{temp}/large.yaml", "")
    with open(path, "r+b") as file:
        file.truncate(2**30)
    refused("a file of 1 GiB", path, temp)
