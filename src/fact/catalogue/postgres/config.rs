//! `postgres.config_errors`, `postgres.config_files` and `postgres.hba_rules`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

const HBA: &str = "GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules()";
const BOTH: &str =
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings(), pg_catalog.pg_hba_file_rules()";

/// `postgres.config_errors`
pub(in crate::fact::catalogue) static CONFIG_ERRORS: ProbeDecl = ProbeDecl {
    name: "postgres.config_errors",
    doc: "What in postgresql.conf, its included files and pg_hba.conf the server cannot use, read or not",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "entry",
            Ty::Text,
            "shared_bufers",
            "the setting, or the file that cannot be read, or the error of pg_hba.conf",
        ),
        field("kind", Ty::Enum(&["settings", "hba"]), "settings", "which file it is about").needs(BOTH),
        field("name", Ty::Name, "shared_bufers", "the setting").null("no setting").needs(BOTH),
        field("file", Ty::Path, "/etc/postgresql/15/main/postgresql.conf", "the file")
            .null("pg_hba.conf, whose name is told from version 16 on")
            .needs(BOTH),
        field("line", Ty::Int, "12", "the first line with this error").null("the whole file").needs(BOTH),
        field("error", Ty::Text, "unrecognized configuration parameter", "what the server says").needs(BOTH),
        field("places", Ty::Int, "1", "how many lines have it").needs(BOTH),
        field("waits", Ty::Bool, "false", "nothing is wrong: it waits for a restart").needs(BOTH),
    ],
    declared: Declared::No,
    key: &["entry"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "the server reads its configuration files: milliseconds",
    locks: "none",
    feature: Some("sql"),
};

const FILES: &str = "GRANT pg_read_all_settings and EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings(), pg_catalog.pg_hba_file_rules(), pg_catalog.pg_stat_file(text, boolean)";

/// `postgres.config_files`
pub(in crate::fact::catalogue) static CONFIG_FILES: ProbeDecl = ProbeDecl {
    name: "postgres.config_files",
    doc: "The files of a PostgreSQL server's configuration: whether it has read them as they stand now",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("file", Ty::Path, "/etc/postgresql/15/main/pg_hba.conf", "the file"),
        field("kind", Ty::Enum(&["settings", "hba", "ident"]), "hba", "what stands in it"),
        field(
            "changed",
            Ty::Time,
            "2026-11-01T03:00:00Z",
            "when it was last written, or put there, to the second",
        )
        .null("it is gone, and what it said is in force still")
        .needs(FILES),
        field("loaded", Ty::Time, "2026-11-01T03:00:00Z", "when the server last read its configuration")
            .needs(FILES),
        field(
            "error",
            Ty::Text,
            "invalid authentication method \"md6\"",
            "what the server cannot use of it, so that it keeps what it had",
        )
        .null("nothing of it is wrong; of `ident` nobody tells")
        .needs(FILES),
        field("in_force", Ty::Bool, "true", "it is there, was not written after that, and has no error")
            .needs(FILES),
    ],
    declared: Declared::No,
    key: &["file"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "the server reads its configuration files: milliseconds",
    locks: "none",
    feature: Some("sql"),
};

/// `postgres.hba_rules`
pub(in crate::fact::catalogue) static HBA_RULES: ProbeDecl = ProbeDecl {
    name: "postgres.hba_rules",
    doc: "Rules of pg_hba.conf: who may connect to what, from where, and by which method",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "rule",
            Ty::Text,
            "host all all 10.0.0.0/8 md5",
            "the rule without its options, or the error of a line",
        ),
        field(
            "type",
            Ty::Enum(&["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"]),
            "host",
            "kind of connection",
        )
        .needs(HBA),
        field("databases", Ty::Texts, "[all]", "databases").needs(HBA),
        field("users", Ty::Texts, "[all]", "roles").needs(HBA),
        field("address", Ty::Text, "10.0.0.0/8", "from where")
            .null("a socket of the same machine")
            .needs(HBA),
        field("method", Ty::Text, "md5", "how they prove who they are").needs(HBA),
        field("options", Ty::Texts, "[clientcert]", "names of the options; their values may be passwords")
            .needs(HBA),
        field("file", Ty::Path, "/etc/postgresql/15/main/pg_hba.conf", "the file")
            .null("pg_hba.conf, whose name is told from version 16 on")
            .needs(HBA),
        field("line", Ty::Int, "12", "its first line").needs(HBA),
        field("network", Ty::Bool, "true", "it lets other machines in").needs(HBA),
        field("plain", Ty::Bool, "true", "it also lets connections in that are not encrypted").needs(HBA),
        field("wide", Ty::Bool, "false", "it lets every address in").needs(HBA),
        field(
            "error",
            Ty::Text,
            "invalid authentication method \"md6\"",
            "what the server does not understand",
        )
        .null("none")
        .needs(HBA),
    ],
    declared: Declared::No,
    key: &["rule"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "the server reads pg_hba.conf: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
