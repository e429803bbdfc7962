//! `postgres.databases`: all of them; and those that can be entered.

use sqlx::postgres::PgRow;

use super::read::Read;
use super::reading::{Costly, Fault, Part, Reading, When};
use super::session::{Session, within};
use crate::fact::{Cause, Level, Missing};
use crate::probe::sql::{Step, quoted};

/// The body of `postgres.databases`.
pub(in crate::probe) static DATABASES: Reading = Reading {
    parts: &[
        Part {
            name: "recorded",
            when: &[When::Since(15)],
            sql: "d.datcollversion::text",
            otherwise: "NULL::text",
            facts: &["collation_recorded", "collation_actual", "collation_drifted"],
        },
        Part {
            name: "actual",
            when: &[When::Since(15)],
            sql: "pg_database_collation_actual_version(d.oid)::text",
            otherwise: "NULL::text",
            facts: &[],
        },
        Part {
            name: "temporary",
            when: &[When::Execute("pg_ls_tmpdir")],
            sql: include_str!("queries/temporary_files.sql"),
            otherwise: "SELECT NULL::oid AS datid, NULL::int8 AS files, NULL::int8 AS size",
            facts: &["temp_files_now", "temp_size_now"],
        },
    ],
    faults: &[Fault {
        column: "size_hidden",
        facts: &["size"],
        cause: Cause::Denied,
        level: Level::Row,
        what: "the role {role} may not measure the database {database}",
        fix: "GRANT pg_monitor TO {role};",
    }],
    costly: &[Costly::statement("ask_size", &["size"])],
    ..Reading::server(include_str!("queries/databases.sql"))
};

/// Databases that accept connections, and whether the role may connect.
pub(super) async fn databases(session: &mut Session<'_>) -> Result<Vec<(String, bool)>, Missing> {
    let cx = session.cx;
    let asked = sqlx::query(include_str!("queries/databases_that_accept.sql"))
        .persistent(false)
        .fetch_all(&mut session.connection);
    let rows = within(cx, Step::Ask, asked).await?;
    let read = |row: &PgRow| {
        let read = Read { row, cx };
        Ok((read.plain("name")?, read.plain("connect")?))
    };
    rows.iter().map(read).collect()
}

/// The fault of a database that the role may not enter.
pub(super) fn no_connect(session: &Session<'_>, name: &str) -> Missing {
    let role = quoted(&session.who.role);
    let name = quoted(name);
    Missing::new(Cause::Denied, format!("the role {role} may not connect to the database {name}"))
        .fix(format!("GRANT CONNECT ON DATABASE {name} TO {role};"))
}

/// Several faults as one: the first one's cause, everybody's words.
pub(super) fn merged(faults: Vec<Missing>) -> Option<Missing> {
    faults.into_iter().reduce(|first, next| Missing {
        what: format!("{}; {}", first.what, next.what),
        fix: match (first.fix, next.fix) {
            (Some(one), Some(two)) => Some(format!("{one} {two}")),
            (one, two) => one.or(two),
        },
        ..first
    })
}
