//! `postgres.table_bloat`, `postgres.index_bloat`: an estimate from the planner's statistics, withheld where
//! these are missing, hidden or old; and what pgstattuple measures where the estimate gives a reason to.

use super::reading::{Costly, Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// What the estimate gives.
const ESTIMATE: &[&str] = &["expected_size", "bloat_size", "bloat_ratio"];

const OF_TABLES: &[&str] = &["exact_size", "exact_bloat_size", "exact_bloat_ratio", "exact_dead_ratio"];

const OF_INDEXES: &[&str] = &["exact_size", "exact_bloat_size", "exact_bloat_ratio", "leaf_density"];

/// The body of `postgres.table_bloat`.
pub(in crate::probe) static TABLE_BLOAT: Reading = Reading {
    nested: true,
    parts: &[Part {
        name: "exact",
        when: &[When::Extension("pgstattuple")],
        sql: include_str!("queries/exact_table_bloat.sql"),
        otherwise: "NULL::text",
        facts: OF_TABLES,
    }],
    faults: &[
        REPLICA,
        Fault {
            column: "foreign_method",
            facts: ESTIMATE,
            cause: Cause::Unsupported,
            level: Level::Row,
            what: "{table} is stored by the access method {method}, whose layout is not known here",
            fix: "",
        },
        SECURED,
        HIDDEN,
        NEVER,
        FORGOTTEN,
        OUTDATED,
        unexecutable(OF_TABLES),
    ],
    costly: &[Costly::statement("ask_exact", OF_TABLES)],
    ..Reading::each(include_str!("queries/table_bloat.sql"))
};

/// The body of `postgres.index_bloat`.
pub(in crate::probe) static INDEX_BLOAT: Reading = Reading {
    nested: true,
    parts: &[Part {
        name: "exact",
        when: &[When::Extension("pgstattuple")],
        sql: include_str!("queries/exact_index_bloat.sql"),
        otherwise: "NULL::text",
        facts: OF_INDEXES,
    }],
    faults: &[
        REPLICA,
        SECURED,
        HIDDEN,
        Fault {
            column: "expression_hidden",
            facts: ESTIMATE,
            cause: Cause::Denied,
            level: Level::Row,
            what: "only the owner of {table} sees the statistics of an expression in the index {index}; pgstattuple can measure it",
            fix: "CREATE EXTENSION pgstattuple; GRANT pg_monitor TO {role};",
        },
        NEVER,
        FORGOTTEN,
        OUTDATED,
        Fault {
            column: "undecidable",
            facts: ESTIMATE,
            cause: Cause::Quality,
            level: Level::Row,
            what: "statistics do not tell how large the entries of {index} are (a column of type name, or equal keys of several columns); pgstattuple can measure it",
            fix: "CREATE EXTENSION pgstattuple; GRANT pg_monitor TO {role};",
        },
        unexecutable(OF_INDEXES),
    ],
    costly: &[Costly::statement("ask_exact", OF_INDEXES)],
    ..Reading::each(include_str!("queries/index_bloat.sql"))
};

const REPLICA: Fault = Fault {
    column: "replica",
    facts: ESTIMATE,
    cause: Cause::Unsupported,
    level: Level::Field,
    what: "a replica does not count changes, so nobody knows how old its statistics are",
    fix: "ask the primary",
};

const SECURED: Fault = Fault {
    column: "secured",
    facts: ESTIMATE,
    cause: Cause::Denied,
    level: Level::Row,
    what: "row-level security of {table} hides its statistics from the role {role}",
    fix: "ALTER ROLE {role} BYPASSRLS;",
};

const HIDDEN: Fault = Fault {
    column: "hidden",
    facts: ESTIMATE,
    cause: Cause::Denied,
    level: Level::Row,
    what: "the role {role} may not read {table}, so that its statistics are hidden from it",
    fix: "GRANT SELECT ON {table} TO {role};",
};

const NEVER: Fault = Fault {
    column: "never",
    facts: ESTIMATE,
    cause: Cause::Quality,
    level: Level::Row,
    what: "{table} was not analyzed, or not all of its columns",
    fix: "ANALYZE {table};",
};

const FORGOTTEN: Fault = Fault {
    column: "forgotten",
    facts: ESTIMATE,
    cause: Cause::Quality,
    level: Level::Row,
    what: "nobody knows how much of {table} changed since it was analyzed: the counters were lost (crash, upgrade, failover, reset)",
    fix: "ANALYZE {table};",
};

const OUTDATED: Fault = Fault {
    column: "outdated",
    facts: ESTIMATE,
    cause: Cause::Quality,
    level: Level::Row,
    what: "{changed_rows} rows of {table} changed since it was analyzed, more than a fifth",
    fix: "ANALYZE {table};",
};

const fn unexecutable(facts: &'static [&'static str]) -> Fault {
    Fault {
        column: "unexecutable",
        facts,
        cause: Cause::Denied,
        level: Level::Field,
        what: "the role {role} may not execute the functions of pgstattuple",
        fix: "{execute_grant}{role};",
    }
}
