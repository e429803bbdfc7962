//! `postgres.settings` and `postgres.setting_overrides`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const SETTINGS_GRANT: &str = "GRANT pg_read_all_settings (pg_monitor has it), for some settings";

/// `postgres.settings`
pub(in crate::fact::catalogue) static SETTINGS: ProbeDecl = ProbeDecl {
    name: "postgres.settings",
    doc: "Settings of a PostgreSQL server: value, default, where it comes from, whether it waits for a restart, and whether it is what was declared",
    targets: &["postgres"],
    params: &[param(
        "settings",
        Ty::Texts,
        "[\"work_mem = 4MB\"]",
        "only these: `name`, or `name = value`, which is then compared; one that the server does not show is a row of unknown facts; all settings if not given",
    )],
    facts: &[
        field("name", Ty::Name, "work_mem", "its name"),
        field("value", Ty::Text, "4MB", "what a session of this role gets, as SHOW gives it")
            .needs(SETTINGS_GRANT),
        field("unit", Ty::Text, "kB", "unit of plain numbers of it").null("it has no unit"),
        field("default_value", Ty::Text, "4MB", "what is built in, in the same form").null("nothing"),
        field("changed", Ty::Bool, "false", "it is another value than the built-in one"),
        field(
            "source",
            Ty::Enum(&[
                "default",
                "environment-variable",
                "configuration-file",
                "command-line",
                "global",
                "database",
                "user",
                "database-user",
                "client",
                "override",
                "interactive",
                "test",
                "session",
            ]),
            "configuration-file",
            "where the value comes from; `session` if our own transaction hides it",
        ),
        field("file", Ty::Path, "/etc/postgresql/15/main/postgresql.conf", "the file in which it is set")
            .null("no file")
            .needs("GRANT pg_read_all_settings"),
        field(
            "context",
            Ty::Enum(&[
                "internal",
                "postmaster",
                "sighup",
                "superuser-backend",
                "backend",
                "superuser",
                "user",
            ]),
            "user",
            "who can change it: `postmaster` needs a restart, `sighup` a reload",
        ),
        field("category", Ty::Text, "Resource Usage / Memory", "its group in the documentation"),
        field("pending_restart", Ty::Bool, "false", "it was changed in the file, and waits for a restart"),
        field("size", Ty::Bytes, "4MiB", "the value of one that is a size")
            .null("it is no size, or negative"),
        field("duration", Ty::Duration, "5m", "the value of one that is a time")
            .null("it is no time, or negative"),
        field("number", Ty::Float, "100", "the value of one that is a number without unit")
            .null("it is no plain number"),
        field("declared", Ty::Text, "4MB", "the value that the argument `settings` declares")
            .null("nothing is declared"),
        field("as_declared", Ty::Bool, "true", "the value is the one declared, in whatever unit")
            .null("nothing is declared"),
    ],
    declared: Declared::No,
    key: &["name"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_settings: milliseconds",
    locks: "none",
    feature: Some("sql"),
};

/// `postgres.setting_overrides`
pub(in crate::fact::catalogue) static SETTING_OVERRIDES: ProbeDecl = ProbeDecl {
    name: "postgres.setting_overrides",
    doc: "Settings of single databases and roles (ALTER DATABASE … SET, ALTER ROLE … SET)",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "override",
            Ty::Text,
            "work_mem of report in shop",
            "what is set, of which role, in which database",
        ),
        field("name", Ty::Name, "work_mem", "the setting"),
        field("database", Ty::Name, "shop", "the database").null("all databases"),
        field("role", Ty::Name, "report", "the role").null("all roles"),
        field(
            "value",
            Ty::Text,
            "64MB",
            "the value, as it was written; that of an application's own is withheld",
        ),
    ],
    declared: Declared::No,
    key: &["override"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_db_role_setting: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
