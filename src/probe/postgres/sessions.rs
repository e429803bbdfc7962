//! `postgres.sessions`: what each client does, since when, and for whom it waits.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The read of the lock table, whose start of a wait is younger than the rest.
pub(super) const WAITSTART: Part = Part {
    name: "waitstart",
    when: &[When::Since(14)],
    sql: "l.waitstart",
    otherwise: "NULL::timestamptz",
    facts: &["waiting_since"],
};

/// Everybody may see the lock table.
pub(super) const LOCK_WAITS: Part = Part {
    name: "lock_waits",
    when: &[],
    sql: include_str!("queries/lock_waits.sql"),
    otherwise: "",
    facts: &[],
};

/// The body of `postgres.sessions`.
pub(in crate::probe) static SESSIONS: Reading = Reading {
    parts: &[
        LOCK_WAITS,
        Part {
            name: "lock_roots",
            when: &[When::AnyWanted(&[
                "blocked_by",
                "blocks",
                "root_kind",
                "root",
                "root_user",
                "root_application",
                "root_state",
                "root_transaction_start",
            ])],
            sql: include_str!("queries/lock_roots.sql"),
            otherwise: ", blocks AS (SELECT 0 AS pid, 0 AS blocker WHERE false), \
                        roots AS (SELECT 0 AS waiter, 0 AS pid, ''::text AS gid WHERE false)",
            facts: &[],
        },
        Part {
            name: "query",
            when: &[When::Wanted("query")],
            sql: "a.query",
            otherwise: "NULL::text",
            facts: &[],
        },
        WAITSTART,
    ],
    faults: &[
        Fault {
            column: "hidden",
            facts: &[
                "client",
                "state",
                "backend_start",
                "transaction_start",
                "query_start",
                "state_change",
                "wait_event",
                "query",
            ],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see what other sessions do",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "untold",
            facts: &["state", "transaction_start", "query_start", "state_change", "query"],
            cause: Cause::Undecidable,
            level: Level::Row,
            what: "the session {pid} does not tell what it does: its track_activities is off",
            fix: "ALTER ROLE {user} RESET track_activities;",
        },
        Fault {
            column: "root_hidden",
            facts: &["root_state", "root_transaction_start"],
            cause: Cause::Denied,
            level: Level::Field,
            what: "the role {role} may not see what other sessions do",
            fix: "GRANT pg_monitor TO {role};",
        },
        Fault {
            column: "root_untold",
            facts: &["root_state", "root_transaction_start"],
            cause: Cause::Undecidable,
            level: Level::Row,
            what: "the session {root} does not tell what it does: its track_activities is off",
            fix: "ALTER ROLE {root_user} RESET track_activities;",
        },
    ],
    ..Reading::server(include_str!("queries/sessions.sql"))
};
