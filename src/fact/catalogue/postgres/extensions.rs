//! `postgres.extensions`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.extensions`
pub(in crate::fact::catalogue) static EXTENSIONS: ProbeDecl = ProbeDecl {
    name: "postgres.extensions",
    doc: "Extensions of a database: the version that is installed, and the one whose files the server has",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field(
            "extension",
            Ty::Name,
            "postgis",
            "its name; with the database before it if the target names several",
        ),
        field("database", Ty::Text, "shop", "the database"),
        field("name", Ty::Name, "postgis", "its name"),
        field("schema", Ty::Name, "public", "the schema of its objects"),
        field("owner", Ty::Name, "postgres", "the role that made it"),
        field("installed", Ty::Text, "3.3.2", "the version in the database"),
        field("available", Ty::Text, "3.4.1", "the version that the server's files would install")
            .null("its files are gone"),
        field("files", Ty::Bool, "true", "the server has its files"),
        field("outdated", Ty::Bool, "false", "`installed` is not `available`"),
        field(
            "updatable",
            Ty::Bool,
            "false",
            "ALTER EXTENSION … UPDATE knows a way from `installed` to `available`",
        ),
    ],
    declared: Declared::No,
    key: &["extension"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_extension, and of the server's control files: milliseconds",
    locks: "none",
    feature: Some("sql"),
};
