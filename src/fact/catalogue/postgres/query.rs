//! `postgres.query`

use crate::fact::catalogue::query;
use crate::fact::{ProbeDecl, Ty, param};

/// `postgres.query`
pub(in crate::fact::catalogue) static QUERY: ProbeDecl = ProbeDecl {
    name: "postgres.query",
    doc: "The answer of a SELECT of your own; its columns are the facts that the policy declares",
    targets: &["postgres"],
    params: &[
        query::SQL,
        query::MAX_ROWS,
        param("lock_timeout", Ty::Duration, "50ms", "how long to wait for a lock of another session")
            .default("50ms"),
    ],
    locks: "ACCESS SHARE on the tables it reads; waits for a lock as long as `lock_timeout`",
    ..query::BASE
};
