//! `postgres.config_files`: whether the server has read its configuration files as they stand now.

use super::reading::{Part, Reading, When};

/// The body of `postgres.config_files`.
pub(in crate::probe) static CONFIG_FILES: Reading = Reading {
    needs: &[
        When::Execute("pg_show_all_file_settings"),
        When::Execute("pg_hba_file_rules"),
        When::Execute("pg_stat_file(text, boolean)"),
        When::Member("pg_read_all_settings"),
    ],
    parts: &[Part {
        name: "hba_file",
        when: &[When::Since(16)],
        sql: "coalesce(h.file_name, current_setting('hba_file'))",
        otherwise: "current_setting('hba_file')",
        facts: &[],
    }],
    ..Reading::server(include_str!("queries/config_files.sql"))
};
