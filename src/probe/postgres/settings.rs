//! `postgres.settings`: what the server runs with, and where each value comes from.

use super::reading::{Fault, Part, Reading, When};
use crate::fact::{Cause, Level};

/// All but the name and what the policy declares.
const VALUES: &[&str] = &[
    "value",
    "unit",
    "default_value",
    "changed",
    "source",
    "file",
    "context",
    "category",
    "pending_restart",
    "size",
    "duration",
    "number",
    "as_declared",
];

/// What says whether a setting of that name is known to a server that shows no row of it.
const THERE: Part = Part {
    name: "there",
    when: &[When::Since(15)],
    sql: "pg_settings_get_flags(c.asked_name) IS NOT NULL",
    // Nobody tells before: what is not seen without the right may be there.
    otherwise: "true",
    facts: &[],
};

const KNOWN_HIDDEN: Part = Part {
    name: "known_hidden",
    when: &[When::Since(15)],
    // From 18 on an old name of a setting that has another one.
    sql: "pg_settings_get_flags(name) IS NOT NULL \
          AND NOT (name = 'ssl_ecdh_curve' AND pg_settings_get_flags('ssl_groups') IS NOT NULL)",
    otherwise: "name NOT IN ('ssl_groups', 'ssl_tls13_ciphers', 'extension_control_path', 'extension_destdir', \
                'oauth_validator_libraries')",
    facts: &[],
};

/// The body of `postgres.settings`.
pub(in crate::probe) static SETTINGS: Reading = Reading {
    list: "settings",
    parts: &[
        THERE,
        KNOWN_HIDDEN,
        Part {
            name: "file",
            when: &[When::Member("pg_read_all_settings")],
            sql: "c.sourcefile",
            otherwise: "NULL::text",
            facts: &["file"],
        },
    ],
    faults: &[
        Fault {
            column: "hidden",
            facts: VALUES,
            cause: Cause::Denied,
            level: Level::Row,
            what: "the role {role} may not see it without pg_read_all_settings",
            fix: "GRANT pg_read_all_settings TO {role};",
        },
        Fault {
            column: "absent",
            facts: VALUES,
            cause: Cause::Absent,
            level: Level::Row,
            what: "this server has no setting {name}",
            fix: "correct the name, or leave it out for servers of this version",
        },
        Fault {
            column: "secret",
            facts: &["value"],
            cause: Cause::Absent,
            level: Level::Row,
            what: "{name} may hold a password, so it is never recorded; it is compared with what is declared",
            fix: "",
        },
        Fault {
            column: "own",
            facts: &["value", "source", "changed", "as_declared"],
            cause: Cause::Undecidable,
            level: Level::Row,
            what: "our own connection sets {name}, so that what others get is not seen",
            fix: "SHOW {name}; in a session of your own",
        },
        Fault {
            column: "misdeclared",
            facts: &["as_declared"],
            cause: Cause::Malformed,
            level: Level::Row,
            what: "`{declared}` is no value of {name}",
            fix: "write it as in postgresql.conf",
        },
    ],
    ..Reading::server(include_str!("queries/settings.sql"))
};
