-- Which log this is: a copy on some machine must not be taken for one of another log. pruned: how often somebody
-- removed runs by hand, after which copies begin anew.
CREATE TABLE about (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    log uuid NOT NULL DEFAULT gen_random_uuid(),
    pruned bigint NOT NULL DEFAULT 0
);
INSERT INTO about DEFAULT VALUES;

-- A run in each row, packed by the machine that judged it. seq: in the order in which they came; numbers that are
-- left out mean nothing. name: given by that machine, so that what is sent twice is there once. format: of the body.
-- size, sha256: of the body, so that one which was cut or changed is noticed.
CREATE TABLE run (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    started timestamptz NOT NULL,
    sent timestamptz NOT NULL DEFAULT clock_timestamp(),
    muster text NOT NULL,
    host text NOT NULL,
    format integer NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX run_started ON run (started);

-- What runs refer to, and what is no run. kind: `promise`, what a project promised, by its digest; `begun`, the mark of
-- a run that never ended.
CREATE TABLE note (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    UNIQUE (kind, name)
);
