//! What the probes of all database servers share: where the server is, TLS files, and faults of the network.

use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;

use super::{Ask, Context};
use crate::fact::{Cause, Level, Missing, SqlDialect, refuse_sql};

/// `host:port` for messages.
pub(in crate::probe) fn place(cx: &Context) -> String {
    let Some(url) = &cx.target.url else { return "the target without an address".to_owned() };
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("the local socket");
    let usual = match (&*cx.target.kind, url.scheme()) {
        ("pgbouncer", _) => 6432,
        (_, "postgres" | "postgresql") => 5432,
        _ => 3306,
    };
    format!("{host}:{}", url.port().unwrap_or(usual))
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Step {
    /// Connecting and logging in.
    Connect,
    /// Asking.
    Ask,
}

impl Step {
    /// How far a fault of it reaches.
    pub(in crate::probe) fn level(self) -> Level {
        match self {
            Self::Connect => Level::Target,
            Self::Ask => Level::Probe,
        }
    }
}

/// The fault of an answer that did not come.
pub(in crate::probe) fn late(cx: &Context, step: Step) -> Missing {
    late_at(cx, step, &place(cx))
}

/// The same of something that has no address.
pub(in crate::probe) fn late_at(cx: &Context, step: Step, place: &dyn std::fmt::Display) -> Missing {
    let what = match step {
        Step::Connect => format!("{place} did not let us in before the deadline"),
        Step::Ask => format!("{place} did not answer before the deadline"),
    };
    cx.missing(Cause::Timeout, what)
        .level(step.level())
        .fix("find out why it is slow, or raise `limits: { deadline: … }` of the target")
}

/// A step that ends at the deadline; `fault` tells what the driver's error means.
pub(in crate::probe) async fn within<T>(
    cx: &Context,
    step: Step,
    fault: fn(&Context, Step, &sqlx::Error) -> Missing,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Missing> {
    match tokio::time::timeout_at(cx.deadline, work).await {
        Err(_) => Err(late(cx, step)),
        Ok(Err(error)) => Err(fault(cx, step, &error)),
        Ok(Ok(done)) => Ok(done),
    }
}

/// The statement that a policy brings; one that does more than read is refused before anything is opened.
pub(in crate::probe) fn reading<'a>(ask: &'a Ask<'_>, dialect: SqlDialect) -> Result<&'a str, Missing> {
    let sql = ask.request.args.text("sql").unwrap_or_default();
    match refuse_sql(sql, dialect) {
        Some(why) => Err(Missing::new(Cause::Denied, format!("the query is refused: {why}"))),
        None => Ok(sql),
    }
}

/// A statement without the semicolons at its end, so that it can stand in parentheses.
pub(in crate::probe) fn bare(sql: &str) -> &str {
    sql.trim().trim_end_matches([';', ' ', '\n', '\r', '\t'])
}

/// The fault of a socket.
pub(in crate::probe) fn of_io(cx: &Context, step: Step, error: &std::io::Error) -> Missing {
    let place = place(cx);
    if error.kind() == ErrorKind::InvalidData {
        return of_tls(cx, &error.to_string());
    }
    let what = match (step, error.kind()) {
        (Step::Connect, ErrorKind::UnexpectedEof) => {
            format!("{place} closed the connection instead of answering")
        }
        (Step::Connect, _) => format!("{place} cannot be reached: {error}"),
        (Step::Ask, _) => format!("{place}: the connection broke off: {error}"),
    };
    cx.missing(Cause::Unreachable, what)
        .level(Level::Target)
        .fix("check that the server runs and that its host, port and firewall let this machine in")
}

/// The fault of a TLS handshake.
pub(in crate::probe) fn of_tls(cx: &Context, error: &str) -> Missing {
    // The library's words for what is not TLS at all; the drivers keep nothing else of its error.
    if error.contains("received corrupt message") {
        let what = format!("{} does not speak TLS after it agreed to: {error}", place(cx));
        let why = cx.missing(Cause::Malformed, what).level(Level::Target);
        return why.fix("check host and port of the target: something else may listen there");
    }
    let what = format!("{}: no TLS connection: {error}", place(cx));
    cx.missing(Cause::Unreachable, what)
        .level(Level::Target)
        .fix("check the server's certificate, and `mode`, `ca`, `cert` and `key` of the target's `tls:`")
}

/// A name in SQL.
pub(in crate::probe) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The driver's own error for a file would not name it.
pub(in crate::probe) fn readable<'a>(cx: &Context, path: &'a Path) -> Result<&'a Path, Missing> {
    let open = || match std::fs::metadata(path) {
        // A pipe would hold us up for ever.
        Ok(meta) if !meta.is_file() => Err(std::io::Error::other("it is no regular file")),
        _ => std::fs::File::open(path),
    };
    match open() {
        Ok(_) => Ok(path),
        Err(error) => {
            let cause = match error.kind() {
                ErrorKind::PermissionDenied => Cause::Denied,
                ErrorKind::Other => Cause::WrongType,
                _ => Cause::Absent,
            };
            let what = format!("the TLS file {} cannot be read: {error}", path.display());
            Err(cx.missing(cause, what).level(Level::Target).fix("correct the path in the target's `tls:`"))
        }
    }
}
