//! SQL that a policy brings: whose it is, and whether it only reads.

mod calls;
mod guard;
mod tokens;

use calls::{MYSQL_CALLS, POSTGRES_CALLS, SQLITE_CALLS};

pub use guard::{foreign_calls, refuse_sql};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlDialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl SqlDialect {
    /// The dialect that the argument `sql` of a probe is written in.
    pub fn of_probe(probe: &str) -> Option<Self> {
        match probe {
            "postgres.query" => Some(Self::Postgres),
            "mysql.query" => Some(Self::Mysql),
            "sqlite.query" => Some(Self::Sqlite),
            _ => None,
        }
    }

    fn calls(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Postgres => POSTGRES_CALLS,
            Self::Mysql => MYSQL_CALLS,
            Self::Sqlite => SQLITE_CALLS,
        }
    }
}
