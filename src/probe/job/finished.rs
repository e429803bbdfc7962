//! `job.finished`: when a scheduled job last finished, and whether its next run does.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::canary::duration;
use crate::fact::{Cause, Missing, Pointer, Request, Type, Value};
use crate::probe::command::child::{self, TARGET};
use crate::probe::command::words;
use crate::probe::decode::{is_time, json_at};
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe, blocking, json, path};

/// The body of `job.finished`.
pub(in crate::probe) struct Finished;

impl Probe for Finished {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// Who tells it.
enum Teller<'a> {
    Command(&'a [String]),
    File(&'a str),
    Path { path: &'a str, at: &'a str },
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let teller = Teller::of(ask.request, cx)?;
    let (wait, interval) = (duration(&ask.request.args, "wait")?, duration(&ask.request.args, "interval")?);
    let interval = interval.max(Duration::from_millis(20));
    let (stop, _guard) = Stop::new(cx);
    let begun = Instant::now();
    let first = teller.ask(cx, stop.at()).await?;
    let (mut last, mut ran) = (first, false);
    while !ran && begun.elapsed() < wait {
        let now = Instant::now();
        if now + interval >= stop.at() {
            let what = format!(
                "the deadline came after {:.1}s of the {:.1}s that the next run may take to finish",
                begun.elapsed().as_secs_f64(),
                wait.as_secs_f64()
            );
            return Err(Missing::new(Cause::Timeout, what).fix("raise `within`, or lower `wait`"));
        }
        sleep(interval.min(wait.saturating_sub(begun.elapsed()))).await;
        last = teller.ask(cx, stop.at()).await?;
        // Not our clock decides, but that the job says another time than before.
        ran = last > first;
    }
    let mut table = ask.table();
    table
        .row()
        .set_or_null("finished_at", last.map(Value::Int))
        .set("ran", Value::Bool(ran))
        .set("waited", Value::duration(begun.elapsed()))
        .push();
    Ok(Answer::new(table.finish()))
}

impl<'a> Teller<'a> {
    fn of(request: &'a Request, cx: &'a Context) -> Result<Self, Missing> {
        let args = &request.args;
        match (args.text("command"), args.text("file"), args.text("path")) {
            (Some(command), None, None) => words(command, cx).map(Self::Command),
            (None, Some(file), None) => path::checked(file).map(Self::File),
            (None, None, Some(path)) if &*cx.target.kind == "service" => {
                Ok(Self::Path { path, at: args.text("at").unwrap_or("/finished_at") })
            }
            (None, None, Some(_)) => {
                let what =
                    format!("`path` is one of a service, and the target is of type {}", cx.target.kind);
                Err(Missing::new(Cause::Malformed, what).fix("write `command` or `file`"))
            }
            (None, None, None) => {
                Err(Missing::new(Cause::Empty, "nothing names what tells when the job finished")
                    .fix("write `command`, `file`, or `path` on a service"))
            }
            _ => {
                Err(Missing::new(Cause::Malformed, "more than one of `command`, `file` and `path` is given"))
            }
        }
    }

    /// Microseconds since 1970; none if it never finished.
    async fn ask(&self, cx: &Context, until: Instant) -> Result<Option<i64>, Missing> {
        match self {
            Self::Command(words) => printed(words, cx, until).await,
            Self::File(file) => {
                let file = (*file).to_owned();
                let read = tokio::time::timeout_at(until, blocking(move || changed(&file))).await;
                read.unwrap_or_else(|_elapsed| {
                    Err(Missing::new(Cause::Timeout, "the file system did not answer before the deadline"))
                })
            }
            Self::Path { path, at } => answered(path, at, cx, until).await,
        }
    }
}

async fn printed(words: &[String], cx: &Context, until: Instant) -> Result<Option<i64>, Missing> {
    let ended = child::run(words, &[(TARGET, &cx.target.name)], until, 1024).await;
    let ended = ended.map_err(|why| Missing { what: cx.redactor.clean(&why.what), ..why })?;
    let text = |bytes: &[u8]| cx.redactor.clean(String::from_utf8_lossy(bytes).trim());
    if ended.exit_status() != 0 {
        let (status, said) = (ended.exit_status(), text(&ended.stderr.bytes));
        let what = format!("the command that tells when the job finished exited with {status}: {said}");
        return Err(Missing::new(Cause::Malformed, what));
    }
    if ended.stdout.held || ended.stdout.cut {
        return Err(Missing::new(Cause::Incomplete, "the command did not print one time and end"));
    }
    time(&text(&ended.stdout.bytes))
}

/// RFC 3339, seconds since 1970, or `never`.
fn time(text: &str) -> Result<Option<i64>, Missing> {
    if text == "never" {
        return Ok(None);
    }
    let seconds = text.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000_000));
    let micros = seconds.or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond));
    micros.filter(|micros| is_time(*micros)).map(Some).ok_or_else(|| {
        let shown: String = text.chars().take(100).collect();
        Missing::new(Cause::Malformed, format!("`{shown}` is no time at which a job finished"))
            .fix("print a time like `2026-11-01T03:00:00Z`, seconds since 1970, or `never`")
    })
}

/// A file that is not there was never written; a directory above it that is not there says nothing.
fn changed(file: &str) -> Result<Option<i64>, Missing> {
    use rustix::fs::{AtFlags, CWD, statat};
    use rustix::io::Errno;
    let meta = match statat(CWD, file, AtFlags::empty()) {
        Ok(meta) => meta,
        Err(Errno::NOENT) if above_is_there(file) => return Ok(None),
        Err(error) => return Err(path::fault(file, error)),
    };
    let part = i64::try_from(meta.st_mtime_nsec / 1_000).unwrap_or(0);
    let micros = meta.st_mtime.checked_mul(1_000_000).and_then(|micros| micros.checked_add(part));
    micros.filter(|micros| is_time(*micros)).map(Some).ok_or_else(|| {
        Missing::new(Cause::Malformed, format!("`{file}` was changed at no time that there is"))
    })
}

fn above_is_there(file: &str) -> bool {
    std::path::Path::new(file).parent().is_some_and(std::path::Path::is_dir)
}

#[cfg(feature = "net")]
async fn answered(path: &str, at: &str, cx: &Context, until: Instant) -> Result<Option<i64>, Missing> {
    let own = ("Accept", "application/json");
    let replied = crate::probe::net::call("GET", path, own, cx, until).await;
    let replied = replied.map_err(|why| Missing { what: cx.redactor.clean(&why.what), ..why })?;
    match replied.status {
        200..=299 => {}
        401 | 403 => {
            let what = format!("`{path}` answered with the status {}", replied.status);
            return Err(Missing::new(Cause::Denied, what)
                .fix("give the target a `password` or `headers` that may read it"));
        }
        status => {
            return Err(Missing::new(
                Cause::Malformed,
                format!("`{path}` answered with the status {status}"),
            ));
        }
    }
    let document = json::parse(&replied.body)?;
    let ty = Type::Time.nullable();
    let pointer = Pointer { name: "finished_at".into(), ty, at: at.into(), unit: None };
    match json_at(&document, &pointer) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::Int(micros)) => Ok(Some(micros)),
        Ok(other) => Err(Missing::new(Cause::WrongType, format!("`{at}` is no time: {other:?}"))),
        Err(why) => Err((*why).clone()),
    }
}

#[cfg(not(feature = "net"))]
async fn answered(_: &str, _: &str, _: &Context, _: Instant) -> Result<Option<i64>, Missing> {
    Err(Missing::new(Cause::Unsupported, "this build of muster does not speak HTTP"))
}

#[cfg(test)]
#[path = "finished_tests.rs"]
mod tests;
