//! `postgres.roles` and `postgres.public_grants`

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field};

/// `postgres.roles`
pub(in crate::fact::catalogue) static ROLES: ProbeDecl = ProbeDecl {
    name: "postgres.roles",
    doc: "Roles of a PostgreSQL server, without the predefined ones (`pg_…`): what they may do, directly and through others",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("role", Ty::Name, "shop", "its name, quoted where SQL needs it"),
        field("login", Ty::Bool, "true", "it can log in"),
        field("superuser", Ty::Bool, "false", "it is superuser"),
        field(
            "may_be_superuser",
            Ty::Bool,
            "false",
            "it is member of a superuser, directly or not, and so may become one",
        ),
        field("create_role", Ty::Bool, "false", "it may create roles"),
        field(
            "takes_roles",
            Ty::Bool,
            "false",
            "it may give itself every role that is no superuser, `pg_execute_server_program` included: CREATEROLE before version 16",
        ),
        field("create_database", Ty::Bool, "false", "it may create databases"),
        field("replication", Ty::Bool, "false", "it may copy the whole server by replication"),
        field("bypass_rls", Ty::Bool, "false", "row-level security does not hold for it"),
        field("inherit", Ty::Bool, "true", "it has the rights of its roles without SET ROLE"),
        field("valid_until", Ty::Time, "2027-01-01T00:00:00Z", "when its password ends").null("never"),
        field("connection_limit", Ty::Int, "20", "how many connections it may have").null("any number"),
        field(
            "statement_timeout",
            Ty::Duration,
            "5m",
            "what ends its statements in the database of the address: its own, the database's, or the server's",
        )
        .null("nothing does"),
        field(
            "idle_in_transaction_timeout",
            Ty::Duration,
            "15m",
            "the same of its transactions that pause (`idle_in_transaction_session_timeout`)",
        )
        .null("nothing does"),
        field("member_of", Ty::Texts, "[pg_monitor]", "roles that it is a direct member of; where it may give that to others, also `ROLE with admin option`"),
        field(
            "reserved_grants",
            Ty::Texts,
            "[pg_execute_server_program]",
            "predefined and managed roles that reach beyond the database's own rights, held directly or not",
        ),
        field("databases_owned", Ty::Int, "1", "databases that it owns"),
        field(
            "password",
            Ty::Enum(&["none", "md5", "scram", "other"]),
            "scram",
            "how its password is kept; never the hash",
        )
        .needs("GRANT SELECT ON pg_authid, which shows the hashes too"),
    ],
    declared: Declared::No,
    key: &["role"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_roles and pg_auth_members: milliseconds",
    locks: "none",
    feature: Some("sql"),
};

/// `postgres.public_grants`
pub(in crate::fact::catalogue) static PUBLIC_GRANTS: ProbeDecl = ProbeDecl {
    name: "postgres.public_grants",
    doc: "What PUBLIC, and so every role that can connect, may do with a database, its schemas and tables",
    targets: &["postgres"],
    params: &[],
    facts: &[
        field("grant", Ty::Text, "CREATE on schema public", "right and object, in words"),
        field("database", Ty::Text, "shop", "the database"),
        field(
            "kind",
            Ty::Enum(&[
                "database",
                "schema",
                "table",
                "view",
                "sequence",
                "column",
                "function",
                "future_tables",
                "future_sequences",
                "future_schemas",
            ]),
            "schema",
            "what it is about; `future_…` for ALTER DEFAULT PRIVILEGES; functions only where initdb or an extension kept them from everybody",
        ),
        field(
            "object",
            Ty::Name,
            "public",
            "the object; of a column its table, of `future_…` the role whose objects they will be",
        ),
        field("column", Ty::Name, "email", "the column").null("the right is none of a column"),
        field("schema", Ty::Name, "sales", "of `future_…`: only what will be made in this schema")
            .null("any schema, or none of `future_…`"),
        field("privilege", Ty::Text, "CREATE", "the right"),
        field(
            "signature",
            Ty::Text,
            "pg_catalog.pg_read_file(text)",
            "a function with the types of its parameters, as REVOKE names it",
        )
        .null("the right is none on a function"),
        field(
            "granted_by",
            Ty::Name,
            "shop",
            "who granted it and has to revoke it, if that is not the owner",
        )
        .null("the owner did"),
        field("by_default", Ty::Bool, "false", "nobody granted it: PostgreSQL's own default"),
    ],
    declared: Declared::No,
    key: &["grant"],
    rows: Rows::Many,
    zero: ZeroRows::Fine,
    version: 1,
    effect: Effect::None,
    cost: "one read of pg_namespace, pg_class, pg_attribute and pg_default_acl: under a second at 100,000 tables",
    locks: "none",
    feature: Some("sql"),
};
