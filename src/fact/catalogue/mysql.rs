//! Declarations of the `mysql` area.

use super::query;
use crate::fact::ProbeDecl;

/// `mysql.query`
pub(super) static QUERY: ProbeDecl = ProbeDecl {
    name: "mysql.query",
    doc: "The answer of a SELECT of your own on MySQL or MariaDB; its columns are the facts that the policy declares",
    targets: &["mysql"],
    params: &[query::SQL, query::MAX_ROWS],
    locks: "metadata locks on the tables it reads; waits at most 1 s for a lock",
    ..query::BASE
};
