//! `muster store status`: where runs are, how many, from when to when, and what waits.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use crate::cli::exit;
use crate::cli::memory::{unusable, wait, waiting};
use crate::cli::memory_shared::Place;
use crate::cli::output::{Done, Form, Problem, say};
use crate::fact::{Type, Value, micros_of, show};
use crate::store::{Shared, Store};

use super::Which;

/// Shows where runs are remembered, how many there are, and what waits
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
}

/// What is told.
struct Status {
    kind: &'static str,
    place: String,
    runs: Option<u64>,
    bytes: Option<u64>,
    span: Option<(Timestamp, Timestamp)>,
    copy: Option<Copy>,
    waiting: (usize, Option<Timestamp>),
    /// Why the log cannot be asked.
    away: Option<String>,
}

/// The copy of a shared store.
struct Copy {
    file: String,
    bytes: Option<u64>,
    reached: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    status(arguments).map_err(|problem| Problem { json, ..problem })
}

fn status(arguments: &Arguments) -> Done {
    let (_, place) = arguments.which.place()?;
    let status = match &place.shared {
        Some(shared) => of_shared(shared)?,
        None => of_file(&place)?,
    };
    let exit = match (&status.away, status.runs) {
        (Some(_), _) => exit::UNKNOWN,
        (None, None | Some(0)) => exit::NOTHING,
        _ => exit::GOOD,
    };
    say(&match arguments.format {
        Form::Human => status.human(Timestamp::now()),
        Form::Json => status.json(exit),
    })?;
    Ok(exit)
}

fn size(path: &std::path::Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|data| data.len())
}

fn of_file(place: &Place) -> Result<Status, Problem> {
    let shown = place.path.display().to_string();
    let none = Status {
        kind: "file",
        place: shown,
        runs: None,
        bytes: None,
        span: None,
        copy: None,
        waiting: (0, None),
        away: None,
    };
    if !crate::store::is_there(&place.path).map_err(|error| unusable(&error))? {
        return Ok(none);
    }
    let (runs, span) = wait(async {
        let store = Store::open(&place.path).await?;
        let read = async { Ok((store.runs(u32::MAX).await?.len(), store.span().await?)) }.await;
        store.close().await;
        read
    })
    .map_err(|error| unusable(&error))?;
    Ok(Status { runs: u64::try_from(runs).ok(), bytes: size(&place.path), span, ..none })
}

fn of_shared(shared: &Shared) -> Result<Status, Problem> {
    let runtime = waiting().map_err(|error| unusable(&error))?;
    let reached = wait(shared.reached()).map_err(|error| unusable(&error))?;
    let copy = Copy { file: shared.copy().display().to_string(), bytes: size(shared.copy()), reached };
    let waiting = shared.waiting().map_err(|error| unusable(&error))?;
    let mut status = Status {
        kind: "shared",
        place: shared.shown(),
        runs: None,
        bytes: None,
        span: None,
        copy: Some(copy),
        waiting,
        away: None,
    };
    match runtime.block_on(shared.extent()) {
        Ok(extent) => {
            status.runs = Some(extent.runs);
            status.bytes = Some(extent.bytes);
            status.span = extent.span;
        }
        Err(why) => status.away = Some(why.to_string()),
    }
    Ok(status)
}

fn bytes(bytes: u64) -> String {
    show(&Value::Int(i64::try_from(bytes).unwrap_or(i64::MAX)), &Type::BYTES)
}

impl Status {
    fn human(&self, now: Timestamp) -> String {
        let mut text = format!("store    {}\n", self.place);
        match (&self.away, self.runs) {
            (Some(why), _) => text.push_str(&format!("runs     not known: {why}\n")),
            (None, Some(runs)) if runs > 0 => {
                let size = self.bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default();
                text.push_str(&format!("runs     {runs}{size}\n"));
            }
            _ => text.push_str("runs     none yet\n"),
        }
        if let Some((first, last)) = self.span {
            text.push_str(&format!("from     {first}\nto       {last}\n"));
        }
        if let Some(copy) = &self.copy {
            let size = copy.bytes.map(|size| format!(", {}", bytes(size))).unwrap_or_default();
            text.push_str(&format!("copy     {}{size}, {}\n", copy.file, age(copy.reached, now)));
            text.push_str(&match self.waiting {
                (0, _) => "waiting  nothing\n".to_owned(),
                (many, since) => {
                    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
                    let s = if many == 1 { "" } else { "s" };
                    format!("waiting  {many} run{s}{since}, not sent yet\n")
                }
            });
        }
        text
    }

    fn json(&self, exit: u8) -> String {
        let time = |at: Timestamp| at.to_string();
        let (from, to) = self.span.map(|(from, to)| (time(from), time(to))).unzip();
        let copy = self.copy.as_ref().map(
            |copy| json!({ "file": copy.file, "bytes": copy.bytes, "complete_at": copy.reached.map(time) }),
        );
        let all = json!({
            "store": 1,
            "kind": self.kind,
            "place": self.place,
            "runs": self.runs,
            "bytes": self.bytes,
            "from": from,
            "to": to,
            "copy": copy,
            "waiting": { "runs": self.waiting.0, "since": self.waiting.1.map(time) },
            "away": self.away,
            "exit": exit,
        });
        format!("{all:#}\n")
    }
}

fn age(reached: Option<Timestamp>, now: Timestamp) -> String {
    match reached {
        None => "never filled".to_owned(),
        Some(at) => {
            let micros = micros_of(now).saturating_sub(micros_of(at)).max(0);
            format!("complete {} ago", show(&Value::Int(micros), &Type::DURATION))
        }
    }
}
