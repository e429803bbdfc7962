//! `command.output`: what a command of the project file prints.

use std::sync::Arc;

use super::child::{Ended, Printed, TARGET, run};
use super::nagios;
use crate::fact::{Cause, Cell, Level, Missing, Table, Value};
use crate::probe::decode::{cells_row, declared_missing, row_from_json, rows_from_json};
use crate::probe::json;
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe};

/// The body of `command.output`.
pub(in crate::probe) struct Output;

impl Probe for Output {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// How much of a text becomes a fact.
const TEXT: usize = 64 * 1024;

/// How much is read as JSON or as performance data.
const STRUCTURED: usize = 4 * 1024 * 1024;

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let args = &ask.request.args;
    let format = args.text("format").unwrap_or("text");
    check(ask, format)?;
    let words = words(args.text("command").unwrap_or(""), cx)?;
    let (stop, _guard) = Stop::new(cx);
    let ended =
        run(words, &[(TARGET, &cx.target.name)], stop.at(), STRUCTURED).await.map_err(|mut why| {
            why.what = cx.redactor.clean(&why.what);
            why
        })?;
    table(ask, cx, format, &ended).map(Answer::new)
}

/// Arguments that contradict each other.
fn check(ask: &Ask<'_>, format: &str) -> Result<(), Missing> {
    let structured = matches!(format, "json" | "nagios");
    let rows = ask.request.args.text("rows");
    let wrong = |what: &str, fix: &str| Err(Missing::new(Cause::Malformed, what).fix(fix));
    if !structured && !ask.request.declared.is_empty() {
        let what = format!("declared facts cannot be read from the format `{format}`");
        return wrong(&what, "write `format: json` or `format: nagios`");
    }
    match rows {
        Some(_) if format != "json" => wrong("`rows` is for `format: json` only", "leave `rows` out"),
        Some(_) if ask.request.schema.key.is_empty() => {
            wrong("`rows` makes many rows, and nothing tells them apart", "declare `key: [fact]`")
        }
        None if ask.request.args.int("exit_up_to").is_some_and(|status| status != 0) => {
            wrong("`exit_up_to` is about `rows`", "judge `exit_status`")
        }
        _ => Ok(()),
    }
}

/// Only what the project file lists may run.
pub(in crate::probe) fn words<'a>(name: &str, cx: &'a Context) -> Result<&'a [String], Missing> {
    let commands = &cx.target.commands;
    if let Some(words) = commands.get(name) {
        return Ok(words);
    }
    let known = commands.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let told = if known.is_empty() { "it lists none".to_owned() } else { format!("it lists {known}") };
    Err(Missing::new(Cause::Absent, format!("the project file has no command `{name}`; {told}"))
        .fix(format!("add it to `commands:` of the project file: {{ {name}: [program, argument] }}")))
}

fn table(ask: &Ask<'_>, cx: &Context, format: &str, ended: &Ended) -> Result<Table, Missing> {
    let stdout = text(&ended.stdout, "stdout", cx);
    let fixed = fixed(format, ended, &stdout, text(&ended.stderr, "stderr", cx));
    let declared = &ask.request.declared;
    let mut table = ask.table();
    match (stdout, format) {
        (Err(why), "json" | "nagios") if !declared.is_empty() => {
            if ask.request.args.text("rows").is_some() {
                return Err((*why).clone().level(Level::Probe));
            }
            declared_missing(&mut table, declared.len(), &fixed, &why);
        }
        (Ok(text), "json") => match (json::parse(&text), ask.request.args.text("rows")) {
            (Ok(json), Some(rows)) => {
                rows_from_json(&mut table, &json, rows, declared, &fixed)?;
                if let Some(why) = broken_off(ask, ended) {
                    table.cut(why);
                }
            }
            (Ok(json), None) => row_from_json(&mut table, &json, declared, &fixed),
            (Err(why), rows) => {
                let why = why.fix("read `exit_status` and `stderr` of the same observation");
                if rows.is_some() {
                    return Err(why);
                }
                declared_missing(&mut table, declared.len(), &fixed, &Arc::new(why.level(Level::Row)));
            }
        },
        (Ok(text), "nagios") => match nagios::data(&text) {
            Ok(data) => {
                let cells = declared.iter().map(|pointer| nagios::cell(&data, pointer)).collect();
                cells_row(&mut table, &fixed, cells);
            }
            Err(why) => declared_missing(&mut table, declared.len(), &fixed, &Arc::new(why)),
        },
        _ => cells_row(&mut table, &fixed, Vec::new()),
    }
    Ok(table.finish())
}

/// Whoever ended with a fault may not have printed all rows, and where there is none, no row tells its status.
fn broken_off(ask: &Ask<'_>, ended: &Ended) -> Option<Missing> {
    let status = ended.exit_status();
    let how = match std::os::unix::process::ExitStatusExt::signal(&ended.status) {
        Some(signal) => format!("was ended by the signal {signal}"),
        None if status > ask.request.args.int("exit_up_to").unwrap_or(0) => {
            format!("ended with the exit status {status}")
        }
        None => return None,
    };
    let what = format!("the command {how}, so its rows may not be all");
    let fix =
        "read its `stderr`; if it prints all rows with that status, write `exit_up_to: …` under `with:`";
    Some(Missing::new(Cause::Incomplete, what).fix(fix))
}

fn fixed(
    format: &str,
    ended: &Ended,
    stdout: &Result<String, Arc<Missing>>,
    stderr: Result<String, Arc<Missing>>,
) -> Vec<(&'static str, Cell)> {
    let signal = std::os::unix::process::ExitStatusExt::signal(&ended.status);
    vec![
        ("exit_status", Ok(Value::Int(ended.exit_status()))),
        ("signal", Ok(Value::or_null(signal.map(|signal| Value::Int(signal.into()))))),
        ("state", state(format, ended.exit_status())),
        ("stdout", stdout.clone().and_then(|text| shown(&text))),
        ("lines", lines(format, stdout)),
        ("stderr", stderr.and_then(|text| shown(&text))),
        ("took", Ok(Value::duration(ended.took))),
    ]
}

/// A status that no plugin may have (127: the plugin is not there) is no state.
fn state(format: &str, exit_status: i64) -> Cell {
    if format != "nagios" {
        return Ok(Value::Null);
    }
    nagios::state(exit_status).map(Value::text).ok_or_else(|| {
        let what = format!("the exit status {exit_status} is none of a monitoring plugin's 0, 1, 2, 3");
        Arc::new(row(Cause::Malformed, what))
    })
}

fn lines(format: &str, stdout: &Result<String, Arc<Missing>>) -> Cell {
    if format != "lines" {
        return Ok(Value::Null);
    }
    let text = stdout.clone()?;
    Ok(Value::texts(text.lines().filter(|line| !line.trim().is_empty())))
}

/// The whole of what was printed, without secrets.
fn text(printed: &Printed, name: &str, cx: &Context) -> Result<String, Arc<Missing>> {
    if printed.held {
        let what = format!("{name} did not end: something that the command left running still holds it");
        return Err(Arc::new(row(Cause::Incomplete, what).fix("let the command wait for what it starts")));
    }
    if printed.cut {
        return Err(Arc::new(row(Cause::Limit, format!("{name} has more than {} MiB", STRUCTURED >> 20))));
    }
    match std::str::from_utf8(&printed.bytes) {
        Ok(text) => Ok(cx.redactor.clean(text)),
        Err(error) => {
            let what = format!("{name} is not UTF-8 after {} bytes", error.valid_up_to());
            Err(Arc::new(row(Cause::Malformed, what)))
        }
    }
}

/// A text as a fact.
fn shown(text: &str) -> Cell {
    if text.len() > TEXT {
        let what =
            format!("it printed {} bytes, and a text of at most {} KiB is kept", text.len(), TEXT >> 10);
        return row(Cause::Limit, what).cell();
    }
    let end = text.strip_suffix('\n').unwrap_or(text);
    Ok(Value::text(end.strip_suffix('\r').unwrap_or(end)))
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
