-- Format 4. A number named after a table, or any that is not said to be something else, is an id of a text; no
-- foreign keys, because only a prune deletes, and it looks for all references at once.

CREATE TABLE text (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;

-- Columns of observations that are long, or that seldom change. digest: the first 16 bytes of their SHA-256, by
-- which the same bytes are found, and changed ones are told.
CREATE TABLE blob (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, value BLOB NOT NULL) STRICT;

-- started: microseconds since 1970 UTC. exit: the code. checks, subjects: counts. targets: who answered.
-- replay: when the recording was made that this run judged. recorded, header: the recording's own time, and the
-- rest of it without time and observations. first, many: which observations are its own. uid: by which it is known
-- also in other stores. environment: the one it was about; none is all targets. promised: what the project said then.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    muster INTEGER NOT NULL,
    host INTEGER NOT NULL,
    exit INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    subjects INTEGER NOT NULL,
    targets INTEGER NOT NULL,
    replay TEXT,
    recorded TEXT,
    header INTEGER,
    first INTEGER NOT NULL DEFAULT 0,
    many INTEGER NOT NULL DEFAULT 0,
    uid TEXT NOT NULL UNIQUE,
    environment INTEGER,
    promised TEXT
) STRICT;
CREATE INDEX run_started ON run (started);

-- A check: a policy bound to a target. notice: 1 if it is none, but what there is a notice about. judged: when the
-- latest run began that judged it. promised: since when the project promises it without a break.
CREATE TABLE bound (
    id INTEGER PRIMARY KEY,
    policy INTEGER NOT NULL,
    target INTEGER NOT NULL,
    notice INTEGER NOT NULL,
    judged INTEGER,
    promised INTEGER,
    UNIQUE (policy, target, notice)
) STRICT;

-- whole: 1 if the check was judged as a whole, 0 if it was skipped or could not be; 2 if it was not judged, and there
-- is a notice about it; 3 if it was judged otherwise than the project promises, which is no judgement of it.
CREATE TABLE judged (
    bound INTEGER NOT NULL,
    run INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    PRIMARY KEY (bound, run)
) STRICT, WITHOUT ROWID;

-- run, at, replay: of the run that found it last. run may be gone, if clocks went backwards before a prune; so at
-- stands here too. verdict, state: as in the newest change; verdict is -1 if its check was judged since, and it was not
-- among its findings.
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    bound INTEGER NOT NULL,
    run INTEGER NOT NULL,
    at INTEGER NOT NULL,
    replay TEXT,
    verdict INTEGER NOT NULL DEFAULT -1,
    state INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX finding_bound ON finding (bound);

-- The newest text of each finding, apart from what changes with every run.
CREATE TABLE told (finding INTEGER PRIMARY KEY, json TEXT NOT NULL) STRICT;

-- How a finding was judged, from this run of its check on until the next change. verdict: 0 pass, 1 skipped, 2 waived,
-- 3 warn, 4 unknown, 5 fail, -1 not among the findings. state: 0 did not hold, 1 unread, 2 held.
CREATE TABLE change (
    finding INTEGER NOT NULL,
    run INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (finding, run)
) STRICT, WITHOUT ROWID;

-- The same of runs that judged a recording: they are nobody's past, and each has all of its findings.
CREATE TABLE replayed (
    run INTEGER NOT NULL,
    finding INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (run, finding)
) STRICT, WITHOUT ROWID;

-- What a project promised, by its digest: checks, exceptions, policies. A text of a policy stands once.
CREATE TABLE promise (digest TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE policy (digest TEXT PRIMARY KEY, source TEXT NOT NULL) STRICT;

-- Runs that began and never ended.
CREATE TABLE begun (name TEXT PRIMARY KEY, started INTEGER NOT NULL, json TEXT NOT NULL) STRICT;

-- What makes two requests the same.
CREATE TABLE question (
    id INTEGER PRIMARY KEY,
    target INTEGER NOT NULL,
    probe INTEGER NOT NULL,
    args INTEGER NOT NULL,
    facts INTEGER NOT NULL,
    UNIQUE (target, probe, args, facts)
) STRICT;

-- seen: by the clock that ages are counted against, microseconds since 1970 UTC. shape: identity and schema.
-- fault: why there is no answer. cut: why it is not complete. body: times, numbers of rows, and short columns.
CREATE TABLE observation (
    id INTEGER PRIMARY KEY,
    question INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    run INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    fault INTEGER,
    cut INTEGER,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX observation_of ON observation (question, seen);

-- The columns of an observation that stand elsewhere. field: position in the schema; -1 for the faults of cells.
CREATE TABLE part (
    observation INTEGER NOT NULL,
    field INTEGER NOT NULL,
    blob INTEGER NOT NULL,
    PRIMARY KEY (observation, field)
) STRICT, WITHOUT ROWID;

-- Questions that are answered together, run after run. digest: the first 16 bytes of the SHA-256 of its members.
CREATE TABLE roster (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE) STRICT;

-- number: of its entry in a body. place: how many observations after the first of the batch it has its own number.
-- faults: those of its cells, which are as a rule the same in every run: facts that nobody asked for.
CREATE TABLE member (
    roster INTEGER NOT NULL,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    question INTEGER NOT NULL,
    shape INTEGER NOT NULL,
    faults INTEGER,
    PRIMARY KEY (roster, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_of ON member (question);

-- Short answers of one run. seen, last: the earliest and the latest of their times. base: how many observations of
-- the run have a number before its first place. body: an entry for each member of the roster.
CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    roster INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    last INTEGER NOT NULL,
    run INTEGER NOT NULL,
    base INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX batch_of ON batch (roster, last);
CREATE INDEX batch_in ON batch (run);

-- Runs that waited as files beside the store, and stand in it now. A name is forgotten when its file is gone.
CREATE TABLE folded (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
