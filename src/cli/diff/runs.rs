//! What changed between two runs.

use std::path::Path;

use serde_json::Value as Json;

use crate::cli::exit;
use crate::cli::memory::{self, Opened};
use crate::cli::output::{Done, Problem, note};
use crate::cli::setup::Sources;
use crate::report::{Compared, Format, VERSION};
use crate::store::{Store, StoredRun};
use crate::verdict::{RunReport, RunView, compare};

use super::name::{Number, Run};
use super::{Arguments, publish};

pub(super) fn diff(arguments: &Arguments, names: &[Run; 2]) -> Done {
    of_runs(arguments)?;
    let mut stored = if names.iter().any(|name| matches!(name, Run::Stored(_))) {
        let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
        views(&memory::opened(&sources, "runs")?, names)?.into_iter()
    } else {
        Vec::new().into_iter()
    };
    let mut view = |name: &Run| match name {
        Run::File(path) => report(path),
        Run::Stored(_) => stored.next().ok_or_else(|| Problem::usage("a run is missing", "name two runs")),
    };
    let [before, after] = names;
    let (before, after) = (view(before)?, view(after)?);
    let diff = match compare(&before, &after) {
        Ok(diff) => diff,
        Err(why) => return unlike(arguments, &why),
    };
    let exit = if diff.worsened() == 0 { exit::GOOD } else { exit::FINDINGS };
    let compared = Compared { before: &before, after: &after, diff: &diff, exit };
    publish(&arguments.format, |format| match format {
        Format::Json => compared.json(),
        Format::Markdown => compared.markdown(),
        _ => compared.human(),
    })?;
    Ok(exit)
}

/// What is for versions of policies only is not passed over without a word.
fn of_runs(arguments: &Arguments) -> Result<(), Problem> {
    let help = "runs are compared as human, json or markdown, and something that got worse is exit code 1";
    if !arguments.facts.is_empty() || !arguments.fail_on.is_empty() {
        return Err(Problem::usage(
            "`--facts` and `--fail-on` are for two versions of policies, and these are two runs",
            help,
        ));
    }
    let reviewed = arguments.format.iter().find(|wanted| matches!(wanted.format, Format::Review(_)));
    match reviewed {
        Some(wanted) => Err(Problem::usage(
            format!("`{}` is for two versions of policies, and these are two runs", wanted.format.word()),
            help,
        )),
        None => Ok(()),
    }
}

fn unlike(arguments: &Arguments, why: &[String]) -> Done {
    let why: Vec<String> = why.iter().map(|why| crate::report::inline(why)).collect();
    publish(&arguments.format, |format| match format {
        Format::Json => {
            let reason = format!("not comparable: {}", why.join("; "));
            format!("{:#}\n", serde_json::json!({ "diff": 1, "exit": exit::UNKNOWN, "exit_reason": reason }))
        }
        Format::Markdown => format!(
            "## not comparable\n\n{}",
            why.iter().map(|why| format!("    {why}\n")).collect::<String>()
        ),
        _ => why.iter().map(|why| format!("not comparable: {why}\n")).collect(),
    })?;
    note("compare two runs of the same systems");
    Ok(exit::UNKNOWN)
}

/// Those of the names that are in the store, in their order.
fn views(opened: &Opened, names: &[Run]) -> Result<Vec<RunView>, Problem> {
    let read = memory::wait(async {
        let store = Store::open(&opened.path).await?;
        let read = async {
            let runs = store.runs(u32::MAX).await?;
            let mut views = Vec::new();
            for name in names {
                let Run::Stored(number) = name else { continue };
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
