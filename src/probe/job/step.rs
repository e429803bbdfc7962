//! What a canary does: a command of the project file, or a call of the target.

use tokio::time::Instant;

use crate::fact::{Cause, Missing};
use crate::probe::Context;
use crate::probe::command::child::{self, Ended, Printed, TARGET};
use crate::probe::command::words;

/// By which a command, or a call, knows its canary.
pub(super) const TOKEN: &str = "MUSTER_CANARY";
const HEADER: &str = "X-Muster-Canary";

/// How much of what is said is kept.
const KEPT: usize = 2 * 1024;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A command, by its words.
    Command(Vec<String>),
    /// A call, whose path may hold `{token}`.
    Call {
        /// `POST`.
        method: String,
        /// `/canary/{token}`.
        path: String,
    },
}

/// What came of a step.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The status.
    pub(super) code: Code,
    /// What was said, without secrets.
    pub(super) said: String,
}

/// An exit status, or a status of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Of a command; 128 and the signal if one ended it.
    Exit(i64),
    /// Of an answer.
    Http(u16),
}

impl std::fmt::Display for Code {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exit(status) => write!(out, "the exit status {status}"),
            Self::Http(status) => write!(out, "the status {status}"),
        }
    }
}

/// How it is with the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has finished.
    Done,
    /// Not yet.
    Waiting,
    /// It ended, and failed.
    Failed,
}

impl Step {
    /// `canary-enqueue`, or `POST /canary/{token}`; a path alone has the method of its step.
    pub(super) fn read(text: &str, method: &str, cx: &Context) -> Result<Self, Missing> {
        let call = match text.split_once(' ') {
            Some((method, path)) if path.starts_with('/') => Some((method, path)),
            _ if text.starts_with('/') => Some((method, text)),
            _ => None,
        };
        let Some((method, path)) = call else {
            return words(text, cx).map(|words| Self::Command(words.to_vec()));
        };
        if &*cx.target.kind != "service" {
            let what = format!("`{text}` is a call, and a target of type {} has no address", cx.target.kind);
            return Err(Missing::new(Cause::Malformed, what)
                .fix("name a command under `commands:`, or ask a target of type service"));
        }
        Ok(Self::Call { method: method.to_owned(), path: path.to_owned() })
    }

    /// Carries it out for this canary.
    pub(super) async fn take(&self, token: &str, cx: &Context, until: Instant) -> Result<Outcome, Missing> {
        match self {
            Self::Command(words) => {
                let variables = [(TARGET, &*cx.target.name), (TOKEN, token)];
                let ended =
                    child::run(words, &variables, until, KEPT).await.map_err(|why| cleaned(why, cx))?;
                let code = Code::Exit(ended.exit_status());
                Ok(Outcome { code, said: said(&ended, cx) })
            }
            Self::Call { method, path } => call(method, path, token, cx, until).await,
        }
    }

    /// What tells it from the steps of other targets and projects.
    pub(super) fn identity(&self) -> String {
        match self {
            // What a relative program is depends on where it is started.
            Self::Command(words) => format!("{:?} {words:?}", std::env::current_dir().unwrap_or_default()),
            Self::Call { method, path } => format!("{method} {path}"),
        }
    }
}

#[cfg(feature = "net")]
async fn call(
    method: &str,
    path: &str,
    token: &str,
    cx: &Context,
    until: Instant,
) -> Result<Outcome, Missing> {
    let path = path.replace("{token}", token);
    let replied = crate::probe::net::call(method, &path, (HEADER, token), cx, until)
        .await
        .map_err(|why| cleaned(why, cx))?;
    let crate::probe::net::Replied { status, body } = replied;
    Ok(Outcome { code: Code::Http(status), said: bounded(&cx.redactor.clean(&body)) })
}

#[cfg(not(feature = "net"))]
async fn call(_: &str, _: &str, _: &str, _: &Context, _: Instant) -> Result<Outcome, Missing> {
    Err(Missing::new(Cause::Unsupported, "this build of muster does not speak HTTP"))
}

fn cleaned(mut why: Missing, cx: &Context) -> Missing {
    why.what = cx.redactor.clean(&why.what);
    why
}

impl Outcome {
    /// Was the job accepted? Who may not ask knows nothing.
    pub(super) fn accepted(&self, cx: &Context) -> Result<bool, Missing> {
        match self.code {
            Code::Exit(status) => Ok(status == 0),
            Code::Http(401 | 403) => Err(self.denied(cx)),
            Code::Http(status) => Ok((200..300).contains(&status)),
        }
    }

    /// How it is with the job.
    pub(super) fn state(&self, cx: &Context) -> Result<State, Missing> {
        match self.code {
            Code::Exit(0) | Code::Http(200) => Ok(State::Done),
            Code::Exit(1) | Code::Http(202 | 404) => Ok(State::Waiting),
            Code::Exit(2) | Code::Http(409) => Ok(State::Failed),
            Code::Http(401 | 403) => Err(self.denied(cx)),
            code => {
                let what = format!(
                    "`finished` answered with {code}, which says nothing about the job: {}",
                    self.said
                );
                Err(Missing::new(Cause::Malformed, what).fix(
                    "let it exit with 0 (finished), 1 (not yet) or 2 (failed); a call answers 200, 202 or 404, or 409",
                ))
            }
        }
    }

    /// Is nothing left?
    pub(super) fn removed(&self) -> bool {
        match self.code {
            Code::Exit(status) => status == 0,
            Code::Http(status) => (200..300).contains(&status) || matches!(status, 404 | 410),
        }
    }

    fn denied(&self, cx: &Context) -> Missing {
        let what = format!("the target `{}` answered with {}: {}", cx.target.name, self.code, self.said);
        Missing::new(Cause::Denied, what).fix("give the target a `password` or `headers` that may do this")
    }
}

fn said(ended: &Ended, cx: &Context) -> String {
    let text = |printed: &Printed| String::from_utf8_lossy(&printed.bytes).trim().to_owned();
    let parts = [text(&ended.stderr), text(&ended.stdout)];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    bounded(&cx.redactor.clean(&parts.join(" ")))
}

/// Without controls, on one line, and not longer than is kept.
fn bounded(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(KEPT / 4).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}
