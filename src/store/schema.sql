-- Format 1. A number named after a table, or muster, host, reason, header, shape, policy, target, probe, is an id
-- there; no foreign keys, because only a prune deletes, and it looks for all references at once.

CREATE TABLE text (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;

-- started: microseconds since 1970 UTC. replay: when the recording was made that this run judged.
-- recorded, header: the recording's own time, and the rest of it without time and observations.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    muster INTEGER NOT NULL,
    host INTEGER NOT NULL,
    exit INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    checks TEXT NOT NULL,
    subjects TEXT NOT NULL,
    replay TEXT,
    recorded TEXT,
    header INTEGER
) STRICT;
CREATE INDEX run_started ON run (started);

-- A check: a policy bound to a target.
CREATE TABLE bound (
    id INTEGER PRIMARY KEY,
    policy INTEGER NOT NULL,
    target INTEGER NOT NULL,
    UNIQUE (policy, target)
) STRICT;

-- whole: 1 if the check was judged as a whole, 0 if it was skipped or could not be.
CREATE TABLE judged (
    bound INTEGER NOT NULL,
    run INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    PRIMARY KEY (bound, run)
) STRICT, WITHOUT ROWID;

-- The newest of each finding. run may be gone, if clocks went backwards before a prune; so at stands here too.
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    bound INTEGER NOT NULL,
    run INTEGER NOT NULL,
    at INTEGER NOT NULL,
    replay TEXT,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX finding_bound ON finding (bound);

-- verdict: 0 pass, 1 skipped, 2 waived, 3 warn, 4 unknown, 5 fail. state: 0 did not hold, 1 unread, 2 held.
-- Ordered so that a run appends at one place per check, and a look back reads one range.
CREATE TABLE sample (
    bound INTEGER NOT NULL,
    run INTEGER NOT NULL,
    finding INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (bound, run, finding)
) STRICT, WITHOUT ROWID;

-- shape: arguments, declared facts, identity and schema, which seldom change; body: the rest.
CREATE TABLE observation (
    id INTEGER PRIMARY KEY,
    target INTEGER NOT NULL,
    probe INTEGER NOT NULL,
    at INTEGER NOT NULL,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (run, number)
) STRICT;
CREATE INDEX observation_of ON observation (target, probe, at);
