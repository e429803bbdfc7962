//! One connection with one read-only transaction that the server ends at the deadline.

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::mysql::{MySqlConnectOptions, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};

use super::error::fault;
use crate::fact::{Cause, Identity, Level, Missing, timestamp};
use crate::probe::sql::{Step, place, readable};
use crate::probe::{Context, sql};

/// An open connection in its transaction.
pub(in crate::probe) struct Session<'a> {
    pub(in crate::probe) connection: MySqlConnection,
    pub(in crate::probe) cx: &'a Context,
    pub(in crate::probe) identity: Identity,
    pub(in crate::probe) clock: Option<Timestamp>,
    /// Privileges with which looking could change something; empty if it has none.
    pub(in crate::probe) dangerous: String,
    pub(in crate::probe) user: String,
}

/// A step that ends at the deadline.
pub(in crate::probe) async fn within<T>(
    cx: &Context,
    step: Step,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Missing> {
    sql::within(cx, step, fault, work).await
}

impl<'a> Session<'a> {
    /// Connects, asks who is there, begins the transaction.
    pub(in crate::probe) async fn open(cx: &'a Context) -> Result<Session<'a>, Missing> {
        let options = options(cx)?;
        let mut connection = within(cx, Step::Connect, MySqlConnection::connect_with(&options)).await?;
        let asked = sqlx::query(include_str!("queries/who.sql")).persistent(false).fetch_one(&mut connection);
        let row = within(cx, Step::Ask, asked).await?;
        let version = text(cx, &row, "version")?;
        let start = start(cx, &version, &text(cx, &row, "mode")?);
        within(cx, Step::Ask, sqlx::raw_sql(AssertSqlSafe(start)).execute(&mut connection)).await?;
        let identity = Identity {
            host: Arc::from(place(cx)),
            system: Some(Arc::from(text(cx, &row, "host")?)),
            database: cx.target.url.as_ref().map(|url| Arc::from(url.path().trim_start_matches('/'))),
            version: Some(Arc::from(version)),
            role: None,
        };
        let clock = text(cx, &row, "clock")?.parse::<i64>().ok().and_then(timestamp);
        let (dangerous, user) = (text(cx, &row, "dangerous")?, text(cx, &row, "user")?);
        Ok(Self { connection, cx, identity, clock, dangerous, user })
    }

    /// Ends the connection; what does not end now ends with the socket.
    pub(in crate::probe) async fn close(self) {
        let ended = tokio::time::timeout(Duration::from_millis(200), self.connection.close()).await;
        drop(ended);
    }
}

fn text(cx: &Context, row: &MySqlRow, name: &str) -> Result<String, Missing> {
    row.try_get_unchecked(name).map_err(|error| fault(cx, Step::Ask, &error))
}

/// Modes that would change what quotes mean, and with them what was checked in the text.
const QUOTING: &[&str] =
    &["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "ORACLE", "MSSQL", "DB2", "MAXDB", "POSTGRESQL"];

fn start(cx: &Context, version: &str, mode: &str) -> String {
    let left = cx.remaining();
    let limit =
        left.saturating_sub((left / 10).min(Duration::from_millis(200))).max(Duration::from_millis(10));
    let limit = if version.contains("MariaDB") {
        format!("max_statement_time = {:.3}", limit.as_secs_f64())
    } else {
        format!("max_execution_time = {}", limit.as_millis())
    };
    let mode: Vec<&str> =
        mode.split(',').filter(|word| !QUOTING.contains(word) && !word.contains('\'')).collect();
    format!(
        "SET SESSION {limit}, lock_wait_timeout = 1, innodb_lock_wait_timeout = 1, sql_mode = '{}'; \
         SET SESSION TRANSACTION READ ONLY; START TRANSACTION READ ONLY",
        mode.join(",")
    )
}

fn options(cx: &Context) -> Result<MySqlConnectOptions, Missing> {
    let fault = |cause, what: String| cx.missing(cause, what).level(Level::Target);
    let Some(url) = &cx.target.url else {
        let why = fault(Cause::Absent, "the target has no address".to_owned());
        return Err(why.fix("write `url: mysql://user@host:3306/database` into the target"));
    };
    if let Some(password) = url.password() {
        cx.redactor.learn(password);
    }
    let mut options = MySqlConnectOptions::from_str(url.as_str())
        .map_err(|error| fault(Cause::Malformed, format!("the address is not understood: {error}")))?
        .statement_cache_capacity(0)
        .pipes_as_concat(false)
        .no_engine_substitution(false);
    if let Some(password) = &cx.target.password {
        options = options.password(password.expose());
    }
    tls(cx, options)
}

fn tls(cx: &Context, mut options: MySqlConnectOptions) -> Result<MySqlConnectOptions, Missing> {
    let tls = &cx.target.tls;
    let mode = match tls.mode.as_deref() {
        None if tls.ca.is_some() => Some(MySqlSslMode::VerifyIdentity),
        None => None,
        Some("disable") => Some(MySqlSslMode::Disabled),
        Some("prefer" | "allow") => Some(MySqlSslMode::Preferred),
        Some("require") => Some(MySqlSslMode::Required),
        Some("verify-ca") => Some(MySqlSslMode::VerifyCa),
        Some("verify-full") => Some(MySqlSslMode::VerifyIdentity),
        Some(other) => {
            let why = cx.missing(Cause::Unsupported, format!("the TLS mode `{other}` is not known"));
            return Err(why
                .level(Level::Target)
                .fix("use one of disable, prefer, require, verify-ca, verify-full"));
        }
    };
    if let Some(mode) = mode {
        options = options.ssl_mode(mode);
    }
    if let Some(path) = &tls.ca {
        options = options.ssl_ca(readable(cx, path)?);
    }
    if let Some(path) = &tls.cert {
        options = options.ssl_client_cert(readable(cx, path)?);
    }
    if let Some(path) = &tls.key {
        options = options.ssl_client_key(readable(cx, path)?);
    }
    Ok(options)
}
