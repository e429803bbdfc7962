//! `muster diff`: what changed between two runs.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::Value as Json;

use crate::report::{Compared, VERSION};
use crate::store::{Store, StoredRun};
use crate::verdict::{RunReport, RunView, compare};

use super::memory::{self, Opened};
use super::output::{Done, Problem, note, say};
use super::{exit, setup::Sources};

/// Shows what changed between two runs, what got worse first
#[derive(Args)]
#[command(after_help = "Examples:
  muster diff last~1 last               the last two runs of the store
  muster diff 17 last --format markdown
  muster diff before.json after.json    two reports written by `muster check --format json`

Exit codes: 0 nothing got worse, 1 something did (also: a check that was judged is gone), 2 wrong input,
3 the runs are not comparable")]
pub(super) struct Arguments {
    /// The earlier run: its number, `last`, `last~1` (the one before it), or a JSON report
    #[arg(value_name = "RUN")]
    before: String,
    /// The later run
    #[arg(value_name = "RUN")]
    after: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Human,
    /// For programs
    Json,
    /// For a comment of a pull request
    Markdown,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    diff(arguments).map_err(|problem| Problem { json, ..problem })
}

fn diff(arguments: &Arguments) -> Done {
    let names = [Name::parse(&arguments.before), Name::parse(&arguments.after)];
    let mut stored = if names.iter().any(|name| matches!(name, Name::Stored(_))) {
        let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
        views(&memory::opened(&sources, "runs")?, &names)?.into_iter()
    } else {
        Vec::new().into_iter()
    };
    let mut view = |name: &Name| match name {
        Name::File(path) => report(path),
        Name::Stored(_) => stored.next().ok_or_else(|| Problem::usage("a run is missing", "name two runs")),
    };
    let [before, after] = &names;
    let (before, after) = (view(before)?, view(after)?);
    let diff = match compare(&before, &after) {
        Ok(diff) => diff,
        Err(why) => return unlike(arguments.format, &why),
    };
    let exit = if diff.worsened() == 0 { exit::GOOD } else { exit::FINDINGS };
    let compared = Compared { before: &before, after: &after, diff: &diff, exit };
    say(&match arguments.format {
        Form::Human => compared.human(),
        Form::Json => compared.json(),
        Form::Markdown => compared.markdown(),
    })?;
    Ok(exit)
}

fn unlike(format: Form, why: &[String]) -> Done {
    let why: Vec<String> = why.iter().map(|why| crate::report::inline(why)).collect();
    let text = match format {
        Form::Json => {
            let reason = format!("not comparable: {}", why.join("; "));
            format!("{:#}\n", serde_json::json!({ "diff": 1, "exit": exit::UNKNOWN, "exit_reason": reason }))
        }
        Form::Human => why.iter().map(|why| format!("not comparable: {why}\n")).collect(),
        Form::Markdown => format!(
            "## not comparable\n\n{}",
            why.iter().map(|why| format!("    {why}\n")).collect::<String>()
        ),
    };
    say(&text)?;
    note("compare two runs of the same systems");
    Ok(exit::UNKNOWN)
}

/// How a run is named.
enum Name {
    Stored(Number),
    File(PathBuf),
}

#[derive(Clone, Copy)]
enum Number {
    /// This one.
    Of(i64),
    /// So many before the last.
    Back(usize),
}

impl Name {
    fn parse(text: &str) -> Self {
        let back = match text.strip_prefix("last") {
            Some("") => Some(0),
            Some(rest) => rest.strip_prefix('~').and_then(|many| many.parse().ok()),
            None => None,
        };
        match (back, text.parse()) {
            (Some(back), _) => Self::Stored(Number::Back(back)),
            (None, Ok(number)) => Self::Stored(Number::Of(number)),
            (None, Err(_)) => Self::File(PathBuf::from(text)),
        }
    }
}

/// Those of the names that are in the store, in their order.
fn views(opened: &Opened, names: &[Name]) -> Result<Vec<RunView>, Problem> {
    let read = memory::wait(async {
        let store = Store::open(&opened.path).await?;
        let read = async {
            let runs = store.runs(u32::MAX).await?;
            let mut views = Vec::new();
            for name in names {
                let Name::Stored(number) = name else { continue };
                match number_of(*number, &runs) {
                    Ok(id) => views.push(Ok(store.view(id).await?)),
                    Err(problem) => views.push(Err(problem)),
                }
            }
            Ok(views)
        }
        .await;
        store.close().await;
        read
    });
    read.map_err(|error| memory::unusable(&error))?.into_iter().collect()
}

/// The number of a run that is there; runs are those of the store, the last one first.
fn number_of(number: Number, runs: &[StoredRun]) -> Result<i64, Problem> {
    let found = match number {
        Number::Of(id) => runs.iter().find(|run| run.id == id),
        Number::Back(back) => runs.get(back),
    };
    let help = match (runs.last(), runs.first()) {
        (Some(first), Some(last)) if first.id < last.id => {
            format!(
                "the store has {} runs, from {} to {}; `muster history` lists them",
                runs.len(),
                first.id,
                last.id
            )
        }
        (_, Some(only)) => format!("the store has one run, {}; `muster check` makes another", only.id),
        _ => "the store is empty; `muster check` fills it".to_owned(),
    };
    found.map(|run| run.id).ok_or_else(|| {
        let what = match number {
            Number::Of(id) => format!("there is no run {id}"),
            Number::Back(0) => "there is no last run".to_owned(),
            Number::Back(back) => format!("there is no run {back} before the last"),
        };
        Problem::usage(what, help)
    })
}

/// A report of a file.
fn report(path: &Path) -> Result<RunView, Problem> {
    let shown = path.display().to_string();
    let wrong = |what: String, help: &str| Problem::usage(format!("`{shown}`: {what}"), help);
    let how = "name a run by its number, `last` or `last~1`, or a file that `muster check --format json=FILE` wrote";
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string(), how))?;
    let json: Json =
        serde_json::from_str(&text).map_err(|error| wrong(format!("this is not JSON: {error}"), how))?;
    match json.get("report").and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            let what = format!("format {other} is not the format {VERSION} that this build reads");
            return Err(wrong(what, "use the version of muster that wrote it"));
        }
        None => return Err(wrong("this is not a report: the key `report` is missing".to_owned(), how)),
    }
    if json.get("checks").is_none() {
        return Err(wrong("the run had wrong input and judged nothing".to_owned(), how));
    }
    let report: RunReport = serde_json::from_value(json)
        .map_err(|error| wrong(format!("this is not a whole report: {error}"), how))?;
    Ok(RunView::of(&report, shown.clone()))
}
