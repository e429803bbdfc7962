//! `postgres.roles`: who may log in, and what they may do besides.

use super::reading::{Part, Reading, When};

/// The body of `postgres.roles`.
pub(in crate::probe) static ROLES: Reading = Reading {
    parts: &[
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
    ..Reading::server(include_str!("queries/roles.sql"))
};
