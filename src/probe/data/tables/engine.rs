//! An open session, whatever the engine.

use std::sync::Arc;

use crate::fact::{Cause, Identity, Level, Missing, SqlDialect};
use crate::probe::mysql::session as mysql;
use crate::probe::postgres::session as postgres;
use crate::probe::sql::{Step, quoted};
use crate::probe::sqlite::session as sqlite;
use crate::probe::{Context, Databases};
use jiff::Timestamp;

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl Engine {
    /// That of the target.
    pub(in crate::probe) fn of(cx: &Context) -> Result<Self, Missing> {
        match &*cx.target.kind {
            "postgres" => Ok(Self::Postgres),
            "mysql" => Ok(Self::Mysql),
            "sqlite" => Ok(Self::Sqlite),
            other => {
                let what = format!("a target of type `{other}` has no tables");
                Err(Missing::new(Cause::Unsupported, what).level(Level::Target))
            }
        }
    }

    /// Whose SQL it understands.
    pub(in crate::probe) fn dialect(self) -> SqlDialect {
        match self {
            Self::Postgres => SqlDialect::Postgres,
            Self::Mysql => SqlDialect::Mysql,
            Self::Sqlite => SqlDialect::Sqlite,
        }
    }

    /// A name in its SQL.
    pub(in crate::probe) fn quoted(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => quoted(name),
        }
    }

    /// How one of its tables is named in facts: with its schema, if the engine has schemas.
    pub(in crate::probe) fn written(self, schema: &str, name: &str) -> Arc<str> {
        Arc::from(super::names::written((self == Self::Postgres).then_some(schema), name))
    }

    /// The same of a name that somebody wrote; None if it is no name. Without a schema it stands in `public`.
    pub(in crate::probe) fn normalised(self, text: &str) -> Option<Arc<str>> {
        let parts = super::names::parts(text)?;
        match (self, parts.as_slice()) {
            (Self::Postgres, [schema, name]) => Some(self.written(schema, name)),
            (Self::Postgres, [name]) => Some(self.written("public", name)),
            (Self::Mysql | Self::Sqlite, [name]) => Some(self.written("", name)),
            _ => None,
        }
    }
}

/// A session of any engine, in its read-only transaction.
pub(in crate::probe) enum Open<'a> {
    /// PostgreSQL: rows that row-level security would hide are an error of the server.
    Postgres(postgres::Session<'a>),
    /// MySQL and MariaDB.
    Mysql(mysql::Session<'a>),
    /// SQLite.
    Sqlite(sqlite::Session<'a>),
}

impl<'a> Open<'a> {
    /// Opens one. `foreign` says that SQL of a policy will be asked: names are found by the role's search path, and
    /// a role that could change something is refused.
    pub(in crate::probe) async fn open(cx: &'a Context, foreign: bool) -> Result<Open<'a>, Missing> {
        match Engine::of(cx)? {
            Engine::Postgres => {
                if cx.target.databases != Databases::One {
                    let what = "the target names several databases, and this looks at one";
                    let why = Missing::new(Cause::Unsupported, what);
                    return Err(why.fix("write a target of its own for each database"));
                }
                let mode = postgres::Mode { foreign, ..postgres::Mode::OWN };
                let mut session = postgres::Session::open(cx, None, mode).await?;
                match guard(&mut session, foreign).await {
                    Ok(()) => Ok(Self::Postgres(session)),
                    Err(why) => {
                        session.close().await;
                        Err(why)
                    }
                }
            }
            Engine::Mysql => {
                let session = mysql::Session::open(cx).await?;
                let refused = if foreign { crate::probe::mysql::refused(&session) } else { None };
                match refused {
                    None => Ok(Self::Mysql(session)),
                    Some(why) => {
                        session.close().await;
                        Err(why)
                    }
                }
            }
            Engine::Sqlite => Ok(Self::Sqlite(sqlite::Session::open(cx).await?)),
        }
    }

    /// Which engine.
    pub(in crate::probe) fn engine(&self) -> Engine {
        match self {
            Self::Postgres(_) => Engine::Postgres,
            Self::Mysql(_) => Engine::Mysql,
            Self::Sqlite(_) => Engine::Sqlite,
        }
    }

    /// Who answered.
    pub(in crate::probe) fn identity(&self) -> Identity {
        match self {
            Self::Postgres(session) => session.identity(),
            Self::Mysql(session) => session.identity.clone(),
            Self::Sqlite(session) => session.identity(),
        }
    }

    /// What time it is there.
    pub(in crate::probe) fn clock(&self) -> Option<Timestamp> {
        match self {
            Self::Postgres(session) => session.who.clock,
            Self::Mysql(session) => session.clock,
            Self::Sqlite(_) => None,
        }
    }

    /// Ends it.
    pub(in crate::probe) async fn close(self) {
        match self {
            Self::Postgres(session) => session.close().await,
            Self::Mysql(session) => session.close().await,
            Self::Sqlite(session) => session.close().await,
        }
    }
}

/// A second barrier behind `row_security_active`: the server refuses to hide rows. SQL of a policy that is asked
/// later sets the search path of the role anew (`SET LOCAL search_path TO DEFAULT`).
async fn guard(session: &mut postgres::Session<'_>, foreign: bool) -> Result<(), Missing> {
    if foreign {
        crate::probe::postgres::refuse_role(session)?;
    }
    let own = "SET LOCAL row_security = off; SET LOCAL search_path = pg_catalog; SET LOCAL jit = off; \
               SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '32MB'";
    postgres::within(session.cx, Step::Ask, sqlx::raw_sql(own).execute(&mut session.connection))
        .await
        .map(|_| ())
}
