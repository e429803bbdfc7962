//! A connection to the console. It knows neither transactions nor prepared statements.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgRow};
use sqlx::{Connection, Error, PgConnection};

use super::line::Line;
use crate::fact::{Cause, Identity, Level, Missing};
use crate::probe::Context;
use crate::probe::postgres::{connect_options, fault_of};
use crate::probe::sql::{self, Step, place};

/// The name of the console in an address.
pub(super) const NAME: &str = "pgbouncer";

/// Where PgBouncer listens if nobody says.
const PORT: u16 = 6432;

/// How long the end of a connection is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// An open connection to the console.
pub(super) struct Console<'a> {
    connection: PgConnection,
    pub(super) cx: &'a Context,
    /// Its version, as it says.
    pub(super) version: String,
}

impl<'a> Console<'a> {
    /// Connects and asks for the version.
    pub(super) async fn open(cx: &'a Context) -> Result<Console<'a>, Missing> {
        let url = cx.target.url.as_ref();
        let unnamed = url.is_none_or(|url| matches!(url.path(), "" | "/"));
        let mut options = connect_options(cx, unnamed.then_some(NAME))?;
        if url.is_none_or(|url| url.port().is_none()) {
            options = options.port(PORT);
        }
        let connection = sql::within(cx, Step::Connect, fault, PgConnection::connect_with(&options)).await?;
        let mut console = Self { connection, cx, version: String::new() };
        match console.greet().await {
            Ok(version) => Ok(Self { version, ..console }),
            Err(why) => {
                console.close().await;
                Err(why)
            }
        }
    }

    async fn greet(&mut self) -> Result<String, Missing> {
        let rows = self.ask("SHOW VERSION").await?;
        let version = rows.first().and_then(|row| Line { row, cx: self.cx, version: "" }.said("version"));
        // A server of another kind may know the command too.
        match version.as_deref().and_then(|said| said.strip_prefix("PgBouncer ")) {
            Some(number) => Ok(number.to_owned()),
            None => Err(stranger(self.cx, &version.unwrap_or_else(|| "a nameless server".to_owned()))),
        }
    }

    /// The rows of a command.
    pub(super) async fn ask(&mut self, command: &'static str) -> Result<Vec<PgRow>, Missing> {
        let begun = tokio::time::Instant::now();
        let rows = sqlx::raw_sql(command).fetch_all(&mut self.connection);
        let rows = sql::within(self.cx, Step::Ask, fault, rows).await;
        self.cx.meter.add(begun.elapsed());
        rows
    }

    /// Who answered.
    pub(super) fn identity(&self) -> Identity {
        Identity {
            host: Arc::from(place(self.cx)),
            version: Some(Arc::from(self.version.as_str())),
            ..Identity::default()
        }
    }

    /// Hangs up; whatever does not end now ends with the socket.
    pub(super) async fn close(self) {
        drop(tokio::time::timeout(PATIENCE, self.connection.close()).await);
    }
}

/// What an error means here: a real server answers, if it knows the protocol and not the console.
fn fault(cx: &Context, step: Step, error: &Error) -> Missing {
    let of_server = match error {
        Error::Database(error) => error.try_downcast_ref::<PgDatabaseError>(),
        _ => None,
    };
    match (step, of_server.map(PgDatabaseError::code)) {
        (Step::Connect, Some("3D000")) | (Step::Ask, Some("42704" | "42601" | "42501")) => {
            stranger(cx, "a PostgreSQL server")
        }
        _ => fault_of(cx, step, error),
    }
}

fn stranger(cx: &Context, what: &str) -> Missing {
    let what = format!("{} is {what}, not the console of a PgBouncer", place(cx));
    cx.missing(Cause::WrongTarget, what).level(Level::Target).fix(
        "let the address end in `/pgbouncer` at the pooler's port, or make it a target of type `postgres`",
    )
}
