//! `postgres.hba_rules`: who may connect, from where, and how they prove who they are.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// The body of `postgres.hba_rules`.
pub(in crate::probe) static HBA_RULES: Reading = Reading {
    needs: &[When::Execute("pg_hba_file_rules")],
    parts: &[Part {
        name: "file",
        when: &[When::Since(16)],
        sql: "h.file_name",
        otherwise: "NULL::text",
        facts: &[],
    }],
    faults: &[Fault {
        column: "broken",
        facts: &["type", "databases", "users", "method", "options", "network", "plain", "wide"],
        cause: Cause::Malformed,
        level: Level::Row,
        what: "the server does not understand line {place} of pg_hba.conf: {error}",
        fix: "mend the line, then SELECT pg_reload_conf();",
    }],
    ..Reading::server(include_str!("queries/hba_rules.sql"))
};
