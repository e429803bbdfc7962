//! `postgres.roles`: who may log in, and what they may do besides.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.roles`.
pub(in crate::probe) static ROLES: Reading = Reading {
    parts: &[
        // From 16 on CREATEROLE gives only what one was given with ADMIN OPTION.
        Part { name: "takes", when: &[When::Since(16)], sql: "false", otherwise: "true", facts: &[] },
        Part {
            name: "password",
            when: &[When::Select("pg_authid")],
            sql: "CASE WHEN a.rolpassword IS NULL THEN 'none' WHEN a.rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram' \
                  WHEN a.rolpassword ~ '^md5[0-9a-f]{32}$' THEN 'md5' ELSE 'other' END",
            otherwise: "NULL::text",
            facts: &["password"],
        },
        Part {
            name: "passwords",
            when: &[When::Select("pg_authid")],
            sql: "LEFT JOIN pg_authid a ON a.oid = r.oid",
            otherwise: "",
            facts: &[],
        },
    ],
    faults: &[
        hidden("statement_hidden", &["statement_timeout"], "ALTER ROLE {role} RESET statement_timeout;"),
        hidden(
            "idle_hidden",
            &["idle_in_transaction_timeout"],
            "ALTER ROLE {role} RESET idle_in_transaction_session_timeout;",
        ),
        started("statement_started", &["statement_timeout"]),
        started("idle_started", &["idle_in_transaction_timeout"]),
        strange("statement_strange", &["statement_timeout"]),
        strange("idle_strange", &["idle_in_transaction_timeout"]),
    ],
    ..Reading::server(include_str!("queries/roles.sql"))
};

const fn hidden(column: &'static str, facts: &'static [&'static str], fix: &'static str) -> Fault {
    Fault {
        column,
        facts,
        cause: Cause::Undecidable,
        level: Level::Row,
        what: "the role {role} has a limit of its own, which hides that of the server",
        fix,
    }
}

const fn started(column: &'static str, facts: &'static [&'static str]) -> Fault {
    Fault {
        column,
        facts,
        cause: Cause::Undecidable,
        level: Level::Row,
        what: "our own connection asks for a limit at its start, which hides that of the server",
        fix: "take it out of PGOPTIONS, and of `options` in the target's address",
    }
}

const fn strange(column: &'static str, facts: &'static [&'static str]) -> Fault {
    Fault {
        column,
        facts,
        cause: Cause::Malformed,
        level: Level::Row,
        what: "the timeout of {role_name} is written in a way that is not understood",
        fix: "write it as a number with its unit: `5min`",
    }
}
