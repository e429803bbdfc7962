//! Declarations of the `data` area: what a database holds, whatever the engine.

use crate::fact::{ParamDecl, Ty, param};

mod compare;
mod files;
mod fingerprints;
mod row_counts;
mod schema;

pub(super) use compare::COMPARE;
pub(super) use files::FILES;
pub(super) use fingerprints::FINGERPRINTS;
pub(super) use row_counts::ROW_COUNTS;
pub(super) use schema::{KINDS, SCHEMA};

/// Whom they can ask.
const TARGETS: &[&str] = &["postgres", "mysql", "sqlite"];

/// Which tables.
const TABLES: ParamDecl = param(
    "tables",
    Ty::Names,
    "[public.orders]",
    "only these tables, with their schema in PostgreSQL; all tables of users if not given",
);

/// Which tables not.
const EXCEPT: ParamDecl = param("except", Ty::Names, "[public.sessions]", "without these");

/// Which schemas.
const SCHEMAS: ParamDecl = param(
    "schemas",
    Ty::Texts,
    "[public]",
    "only these schemas, unquoted; all but the system's if not given; an engine without schemas ignores it",
);

/// How long the answer may take.
const WITHIN: ParamDecl =
    param("within", Ty::Duration, "15m", "how long the whole answer may take").default("1h");

/// How many rows of a table are read.
const BUDGET: ParamDecl = param(
    "budget",
    Ty::Int,
    "1_000_000_000",
    "rows; a table that has more, or is estimated to have more, is not read and its facts are missing (`limit`)",
)
.default("100_000_000");

/// Which rows of a table.
const ONLY: ParamDecl = param(
    "only",
    Ty::Text,
    "'{\"public.orders\": \"created_at >= ''2020-01-01''\"}'",
    "JSON: by table a condition in the SQL of the target; only its rows count (the gate fills in what the move says)",
);

/// Whose keys are not told.
const PRIVATE: ParamDecl = param(
    "private",
    Ty::Names,
    "[public.patients]",
    "tables whose keys are told as keyed digests only, also in recordings",
);
