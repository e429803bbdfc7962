//! A connection to the log, on which nothing lasts longer than its deadline.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::{Address, SharedError, schema};

/// Limits of one transaction, and the schema in which its names are looked up.
const LIMITS: &str = "SELECT set_config('search_path', $1, true), set_config('statement_timeout', $2, true), \
                      set_config('lock_timeout', $2, true), \
                      set_config('idle_in_transaction_session_timeout', $2, true)";

/// A connection whose tables are there and of this version.
pub(super) struct Link {
    connection: PgConnection,
    pub(super) place: String,
    pub(super) schema: String,
    deadline: Duration,
}

impl Link {
    pub(super) async fn open(address: &Address) -> Result<Self, SharedError> {
        let place = address.shown();
        let options = options(address, &place)?;
        let connecting = tokio::time::timeout(address.deadline, options.connect());
        let connection = connecting
            .await
            .map_err(|_elapsed| timeout(&place, "connecting", address.deadline))?
            .map_err(|error| SharedError::of(&place, &address.schema, &error))?;
        let (schema, deadline) = (address.schema.clone(), address.deadline);
        let mut link = Self { connection, place, schema, deadline };
        schema::ready(&mut link).await?;
        Ok(link)
    }

    /// Does something in one transaction, which must end in time; else the connection is of no use any more.
    pub(super) async fn within<T>(
        &mut self,
        what: &str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, SharedError> {
        let limit = i64::try_from(self.deadline.as_millis()).unwrap_or(i64::MAX).max(1);
        let limit = format!("{limit}ms");
        let path = self.quoted();
        let connection = &mut self.connection;
        let done = tokio::time::timeout(self.deadline, async {
            let mut tx = connection.begin().await?;
            sqlx::query(LIMITS).persistent(false).bind(path).bind(limit).execute(&mut *tx).await?;
            let done = work(&mut *tx).await?;
            tx.commit().await?;
            Ok(done)
        });
        match done.await {
            Ok(done) => done.map_err(|error| self.fault(what, &error)),
            Err(_elapsed) => Err(timeout(&self.place, what, self.deadline)),
        }
    }

    fn fault(&self, what: &str, error: &sqlx::Error) -> SharedError {
        match SharedError::of(&self.place, &self.schema, error) {
            SharedError::Timeout { place, what: why, .. } => {
                SharedError::Timeout { place, what: format!("{what}: {why}"), after: self.deadline }
            }
            other => other,
        }
    }

    /// The schema as SQL writes it.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.schema.replace('"', "\"\""))
    }

    pub(super) async fn close(self) {
        // All of it is done, and whoever hangs now is waited for no longer.
        drop(tokio::time::timeout(Duration::from_secs(1), self.connection.close()).await);
    }
}

fn timeout(place: &str, what: &str, after: Duration) -> SharedError {
    SharedError::Timeout { place: place.to_owned(), what: what.to_owned(), after }
}

fn options(address: &Address, place: &str) -> Result<PgConnectOptions, SharedError> {
    let mut options = PgConnectOptions::from_str(address.url.as_str())
        .map_err(|error| SharedError::of(place, &address.schema, &error))?
        .application_name("muster store")
        // A pooler refuses startup parameters that it does not know, and loses prepared statements.
        .extra_float_digits(None)
        .statement_cache_capacity(0);
    if let Some(password) = &address.password {
        options = options.password(password.expose());
    }
    if let Some(mode) = &address.mode {
        let mode = PgSslMode::from_str(mode);
        options = options.ssl_mode(mode.map_err(|error| SharedError::of(place, &address.schema, &error))?);
    } else if address.ca.is_some() {
        // Who names an authority wants it asked.
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    if let Some(path) = &address.ca {
        options = options.ssl_root_cert(readable(path, place)?);
    }
    if let Some(path) = &address.cert {
        options = options.ssl_client_cert(readable(path, place)?);
    }
    if let Some(path) = &address.key {
        options = options.ssl_client_key(readable(path, place)?);
    }
    Ok(options)
}

/// A file, and no pipe in its place, on which the driver would wait for ever.
fn readable<'a>(path: &'a Path, place: &str) -> Result<&'a Path, SharedError> {
    let refused = |why: String| SharedError::Tls { place: place.to_owned(), why };
    match std::fs::metadata(path) {
        Ok(data) if data.is_file() => Ok(path),
        Ok(_) => Err(refused(format!("`{}` is no file", path.display()))),
        Err(error) => Err(refused(format!("`{}`: {error}", path.display()))),
    }
}
