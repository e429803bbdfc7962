//! `postgres.config_errors`: what in the configuration files the server cannot use.

use super::reading::{Part, Reading, When};

/// The body of `postgres.config_errors`.
pub(in crate::probe) static CONFIG_ERRORS: Reading = Reading {
    needs: &[When::Execute("pg_show_all_file_settings"), When::Execute("pg_hba_file_rules")],
    parts: &[Part {
        name: "hba_file",
        when: &[When::Since(16)],
        sql: "h.file_name",
        otherwise: "NULL::text",
        facts: &[],
    }],
    ..Reading::server(include_str!("queries/config_errors.sql"))
};
