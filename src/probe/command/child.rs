//! Runs a child and everything that it starts, and leaves nothing of it behind.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

use super::family::{Family, MARK};
use crate::fact::{Cause, Missing};
use crate::probe::path::quoted;

/// What it printed to one place.
#[derive(Debug, Default)]
pub(in crate::probe) struct Printed {
    /// As much as is kept.
    pub(in crate::probe) bytes: Vec<u8>,
    /// There was more.
    pub(in crate::probe) cut: bool,
    /// Something that it left running still holds the place open.
    pub(in crate::probe) held: bool,
}

/// How it ended.
#[derive(Debug)]
pub(in crate::probe) struct Ended {
    pub(in crate::probe) status: ExitStatus,
    pub(in crate::probe) stdout: Printed,
    pub(in crate::probe) stderr: Printed,
    pub(in crate::probe) took: Duration,
}

impl Ended {
    /// As shells say it: 128 and the signal.
    pub(in crate::probe) fn exit_status(&self) -> i64 {
        let signal = self.status.signal().map(|signal| 128 + i64::from(signal));
        self.status.code().map(i64::from).or(signal).unwrap_or(-1)
    }
}

/// Variables of ours that a child gets. Nothing else, because that is where secrets stand.
pub(in crate::probe) const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];

/// Runs a command until it ends or the deadline comes; keeps at most so much of what it prints.
pub(in crate::probe) async fn run(
    words: &[String],
    variables: &[(&str, &str)],
    deadline: Instant,
    keep: usize,
) -> Result<Ended, Missing> {
    let begun = Instant::now();
    let family = Family::new();
    let mut child = spawn(words, variables, &family)?;
    // Bound after the child, so that it goes first: who cleared its environment is found through the child.
    let mut family = family.led_by(child.id());
    let stdout = tokio::spawn(collect(child.stdout.take(), keep));
    let stderr = tokio::spawn(collect(child.stderr.take(), keep));
    let readers = Readers(stdout.abort_handle(), stderr.abort_handle());
    let status = match timeout_at(deadline, child.wait()).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(Missing::new(Cause::Internal, format!("{}: {error}", said(words)))),
        Err(_elapsed) => return Err(late(words, begun.elapsed())),
    };
    let took = begun.elapsed();
    family.end_group();
    let (stdout, stderr) = tokio::join!(rest(stdout, deadline), rest(stderr, deadline));
    drop((readers, family));
    Ok(Ended { status, stdout, stderr, took })
}

/// Ends the reading of what nobody waits for.
struct Readers(tokio::task::AbortHandle, tokio::task::AbortHandle);

impl Drop for Readers {
    fn drop(&mut self) {
        self.0.abort();
        self.1.abort();
    }
}

fn spawn(words: &[String], variables: &[(&str, &str)], family: &Family) -> Result<Child, Missing> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Missing::new(Cause::Malformed, "the command has no words")
            .fix("write it under `commands:` as a list: [program, argument, …]"));
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().process_group(0).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env(MARK, family.mark());
    command.envs(variables.iter().copied());
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.spawn().map_err(|error| not_run(program, &error))
}

/// By which a command knows of which target it is asked: one for several, each of which it asks in its own way.
pub(in crate::probe) const TARGET: &str = "MUSTER_TARGET";

fn not_run(program: &str, error: &std::io::Error) -> Missing {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    let shown = quoted(program);
    match error.kind() {
        NotFound => {
            Missing::new(Cause::Absent, format!("`{program}`, or the interpreter it names, is not there"))
                .fix(format!("command -v {shown}  # install it, or write its whole path under `commands:`"))
        }
        PermissionDenied => {
            let user = crate::probe::users::me();
            Missing::new(Cause::Denied, format!("`{user}` may not execute `{program}`"))
                .fix(format!("setfacl -m u:{user}:rx \"$(command -v {shown} || echo {shown})\""))
        }
        _ => Missing::new(Cause::Malformed, format!("`{program}` could not be run: {error}")),
    }
}

fn late(words: &[String], took: Duration) -> Missing {
    let what = format!(
        "{} had not ended after {:.1}s; it was killed with all it had started",
        said(words),
        took.as_secs_f64()
    );
    Missing::new(Cause::Timeout, what).fix("raise `limits: { deadline: … }` of the target, or make it faster")
}

/// The program only: arguments can hold what should not be told.
fn said(words: &[String]) -> String {
    format!("`{}`", words.first().map_or("", String::as_str))
}

/// Reads to the end, so that the child never waits for us, and keeps the first part.
async fn collect(from: Option<impl AsyncRead + Unpin>, keep: usize) -> Printed {
    let mut printed = Printed::default();
    let Some(mut from) = from else { return printed };
    let mut piece = vec![0u8; 16 * 1024];
    while let Ok(count) = from.read(&mut piece).await {
        if count == 0 {
            return printed;
        }
        let room = keep.saturating_sub(printed.bytes.len());
        printed.bytes.extend(piece.iter().take(count.min(room)));
        printed.cut |= count > room;
    }
    Printed { held: true, ..printed }
}

/// What is still in the pipe after the end. A process that left the group may hold it open for ever.
async fn rest(reader: tokio::task::JoinHandle<Printed>, deadline: Instant) -> Printed {
    let wait = deadline.saturating_duration_since(Instant::now()).min(Duration::from_secs(1));
    let held = Printed { held: true, ..Printed::default() };
    match timeout(wait, reader).await {
        Ok(Ok(printed)) => printed,
        _ => held,
    }
}
