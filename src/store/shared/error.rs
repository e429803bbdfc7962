//! What can go wrong with a log that is elsewhere, each with what to do about it.

use std::time::Duration;

#[cfg(feature = "sql")]
use sqlx::postgres::PgDatabaseError;

use super::super::StoreError;

/// Why a shared store could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// Nobody answers.
    #[error("the shared store ({place}) cannot be reached: {why}")]
    Unreachable {
        /// Which.
        place: String,
        /// What the system or the server says.
        why: String,
    },
    /// It takes too long.
    #[error("the shared store ({place}) did not answer within {} s: {what}; `store.deadline` may be longer", .after.as_secs_f32())]
    Timeout {
        /// Which.
        place: String,
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The login is refused.
    #[error(
        "the shared store ({place}) refuses the login: {why}; check user and password under `store:`, and pg_hba.conf of the server"
    )]
    Login {
        /// Which.
        place: String,
        /// What the server says.
        why: String,
    },
    /// A certificate that is not trusted, or a file that cannot be read.
    #[error("no secure connection to the shared store ({place}): {why}; check `store.tls`")]
    Tls {
        /// Which.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A right is missing.
    #[error("the role may not do this in the shared store ({place}): {why}; `{grant}` mends it")]
    Denied {
        /// Which.
        place: String,
        /// What the server says.
        why: String,
        /// What mends it.
        grant: String,
    },
    /// It takes nothing.
    #[error("the shared store ({place}) may only be read: {why}; name the primary server, not a replica")]
    ReadOnly {
        /// Which.
        place: String,
        /// What the server says.
        why: String,
    },
    /// No room, no memory, no connection.
    #[error("the shared store ({place}) has no room left: {why}")]
    Full {
        /// Which.
        place: String,
        /// What the server says.
        why: String,
    },
    /// Its tables are of a newer muster.
    #[error(
        "the shared store ({place}) is of a newer muster: its tables are of version {found}, and this build knows {known}; use that newer version"
    )]
    Newer {
        /// Which.
        place: String,
        /// Their version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// Its tables were not made by muster.
    #[error(
        "the tables of the shared store ({place}) are not those that muster makes: {why}; name another schema, or restore them from a backup"
    )]
    Foreign {
        /// Which.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A run of it cannot be read.
    #[error(
        "run {seq} (`{name}`) of the shared store ({place}) cannot be read: {why}; nothing after it can be told; restore its row from a backup, or give it up: `DELETE FROM {schema}.run WHERE seq = {seq}`"
    )]
    Damaged {
        /// Which.
        place: String,
        /// Its schema.
        schema: String,
        /// The number of the run.
        seq: i64,
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A run of it is of a newer muster.
    #[error(
        "run {seq} of the shared store ({place}) was written by a newer muster (format {found}, this build knows {known}); use that newer version"
    )]
    NewerRun {
        /// Which.
        place: String,
        /// The number of the run.
        seq: i64,
        /// Its format.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// Anything else that the server says.
    #[error("the shared store ({place}): {why}")]
    Sql {
        /// Which.
        place: String,
        /// What it says.
        why: String,
    },
    /// The copy, or what waits here.
    #[error("{0}")]
    Local(#[from] StoreError),
}

#[cfg(feature = "sql")]
impl SharedError {
    /// Is it about what may be written, and not about the way there? Then reading is worth a try.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::ReadOnly { .. } | Self::Full { .. } | Self::Local(_))
    }

    /// Sorts what the driver says, by PostgreSQL's codes.
    pub(super) fn of(place: &str, schema: &str, error: &sqlx::Error) -> Self {
        let (place, why) = (place.to_owned(), error.to_string());
        match error {
            sqlx::Error::Io(error) => Self::Unreachable { place, why: error.to_string() },
            sqlx::Error::Tls(error) => Self::Tls { place, why: error.to_string() },
            sqlx::Error::Database(said) => match said.try_downcast_ref::<PgDatabaseError>() {
                Some(said) => Self::of_server(place, schema, said),
                None => Self::Sql { place, why },
            },
            // What the driver reads when the server hangs up instead of answering.
            sqlx::Error::Protocol(said) if said.contains("SSLRequest: 0x00") => {
                Self::Unreachable { place, why: "it hangs up".to_owned() }
            }
            _ => Self::Sql { place, why },
        }
    }

    fn of_server(place: String, schema: &str, said: &PgDatabaseError) -> Self {
        let code = said.code();
        let why = format!("{} (SQLSTATE {code})", said.message());
        match code {
            "28P01" | "28000" | "3D000" => Self::Login { place, why },
            "42501" => Self::Denied { place, why, grant: grant(said.message(), schema) },
            "25006" => Self::ReadOnly { place, why },
            "53300" | "57P01" | "57P02" | "57P03" => Self::Unreachable { place, why },
            "57014" | "55P03" | "25P03" => Self::Timeout { place, what: why, after: Duration::ZERO },
            "42P01" | "42703" | "42804" | "42883" => Self::Foreign { place, why },
            _ if code.starts_with("08") => Self::Unreachable { place, why },
            _ if code.starts_with("53") => Self::Full { place, why },
            _ => Self::Sql { place, why },
        }
    }
}

/// What the server's words ask for. The role is that of the address, which whoever reads this knows.
#[cfg(feature = "sql")]
fn grant(message: &str, schema: &str) -> String {
    if message.starts_with("permission denied for schema") {
        return format!("GRANT USAGE ON SCHEMA {schema} TO the role");
    }
    if message.starts_with("permission denied for database") {
        return format!("CREATE SCHEMA {schema} AUTHORIZATION the role");
    }
    if message.starts_with("permission denied for table _sqlx_migrations") {
        return format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO the role");
    }
    format!("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema} TO the role")
}
