//! `muster audit --period` and `muster report`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::audit::{self, Audit, Period};
use crate::cli::output::{Done, Problem, note, say, write_file};
use crate::cli::setup::Sources;
use crate::cli::{exit, memory};
use crate::diag::{Diag, code};
use crate::fact::timestamp;
use crate::policy::Project;
use crate::report::audit::{CsvTable, Kind};
use crate::store::Ledger;

use super::evidence;
use super::gather::{Gathered, gather};

/// `muster audit`.
#[derive(Args)]
#[group(id = "audited")]
pub(super) struct Arguments {
    /// `2026-Q3`, `2026-08`, `2026-W31`, `2026`, or two days as `2026-07-01..2026-10-01`, the second of which does not belong to it
    #[arg(long, value_name = "PERIOD", required = true)]
    period: Option<String>,
    /// Only this framework of controls; all that the project declares if left out
    #[arg(long, value_name = "NAME")]
    framework: Option<String>,
    #[command(flatten)]
    how: How,
    /// Make a directory of evidence too; nothing may be there yet
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Add a line about the runs to this file, which lies elsewhere, so that it is noticed when the newest are cut off
    #[arg(long, value_name = "FILE", requires = "evidence")]
    anchor: Option<PathBuf>,
    /// In the evidence, write keyed digests in place of texts: of facts that policies call `private`, and of these (`PROBE.FACT`, `*` stands for any characters)
    #[arg(long, value_name = "FACT", num_args = 0..=1, require_equals = true, default_missing_value = "", requires = "evidence")]
    mask: Vec<String>,
}

/// How it is shown.
#[derive(Args)]
#[group(id = "shown")]
struct How {
    /// `human`, `html`, `markdown`, `json`, or `csv` (the findings), `csv-gaps`, `csv-exceptions`, `csv-runs`; `html=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = wanted)]
    format: Vec<Wanted>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

/// What got worse, what ends soon, and who owns what is open
#[derive(Args)]
#[command(after_help = "Examples:
  muster report
  muster report --since 30d --format html=report.html

Exit codes: 0 the report was made, 2 wrong input, 4 no run in that time")]
pub(in crate::cli) struct Report {
    /// How far back
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = since)]
    since: (String, Duration),
    #[command(flatten)]
    how: How,
}

fn since(text: &str) -> Result<(String, Duration), String> {
    Ok((text.to_owned(), crate::cli::check::duration(text)?))
}

/// A format, and the file that it is written to.
#[derive(Clone, Debug)]
struct Wanted {
    format: Format,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Human,
    Html,
    Markdown,
    Json,
    Csv(CsvTable),
}

fn wanted(text: &str) -> Result<Wanted, String> {
    use crate::report::audit::CsvTable as Table;
    let (name, file) = text.split_once('=').map_or((text, None), |(name, file)| (name, Some(file)));
    let format = match name {
        "human" => Format::Human,
        "html" => Format::Html,
        "markdown" => Format::Markdown,
        "json" => Format::Json,
        "csv" => Format::Csv(Table::Findings),
        "csv-gaps" => Format::Csv(Table::Gaps),
        "csv-exceptions" => Format::Csv(Table::Exceptions),
        "csv-runs" => Format::Csv(Table::Runs),
        _ => {
            return Err(
                "write `human`, `html`, `markdown`, `json`, `csv`, `csv-gaps`, `csv-exceptions` or `csv-runs`"
                    .to_owned(),
            );
        }
    };
    match file {
        Some("") => Err("the file after `=` has no name".to_owned()),
        file => Ok(Wanted { format, file: file.map(PathBuf::from) }),
    }
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let text = arguments.period.as_deref().unwrap_or_default();
    let made = Timestamp::now();
    arguments.how.one_output()?;
    let opened = memory::opened(&arguments.how.sources(), "runs")?;
    let zone = zone(&opened.project)?;
    let period = audit::period(text, &zone, made).map_err(|why| {
        Problem::usage(why.0, "the day after the last one of a period does not belong to it")
    })?;
    let Some(gathered) = gather(
        &arguments.how.sources(),
        &opened,
        period,
        (arguments.framework.as_deref(), Kind::Quarterly),
        made,
    )?
    else {
        return Ok(exit::NOTHING);
    };
    if let Some(dir) = &arguments.evidence {
        let how = evidence::How { dir, anchor: arguments.anchor.as_deref(), mask: &arguments.mask };
        let pages = vec![
            ("audit.json".to_owned(), How::text(Format::Json, &gathered.audit, Kind::Quarterly)),
            ("audit.html".to_owned(), How::text(Format::Html, &gathered.audit, Kind::Quarterly)),
        ];
        note(&evidence::make(&gathered, pages, &how)?);
    }
    arguments.how.publish(&gathered, Kind::Quarterly)
}

pub(super) fn report(arguments: &Report) -> Done {
    let made = Timestamp::now();
    arguments.how.one_output()?;
    let opened = memory::opened(&arguments.how.sources(), "runs")?;
    let (text, back) = &arguments.since;
    let period = audit::since(text, SignedDuration::try_from(*back).unwrap_or(SignedDuration::MAX), made);
    match gather(&arguments.how.sources(), &opened, period, (None, Kind::Weekly), made)? {
        None => Ok(exit::NOTHING),
        Some(gathered) => arguments.how.publish(&gathered, Kind::Weekly),
    }
}

/// In which a day of a period begins.
fn zone(project: &Project) -> Result<TimeZone, Problem> {
    let Some((name, loc)) = &project.audit.zone else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_unknown| {
        let diag = Diag::error(&code::BAD_VALUE, format!("there is no time zone `{name}`")).at(loc, "");
        diag.help("write its IANA name, as `Europe/Zurich`").into()
    })
}

impl How {
    fn sources(&self) -> Sources {
        Sources { sources: Vec::new(), project: self.project.clone() }
    }

    /// Two formats cannot share standard output.
    fn one_output(&self) -> Result<(), Problem> {
        let shown = self.format.iter().filter(|wanted| wanted.file.is_none()).count();
        if shown > 1 {
            return Err(Problem::usage(
                "two formats cannot share standard output",
                "give one of them a file: `--format json=audit.json`",
            ));
        }
        Ok(())
    }

    fn text(format: Format, audit: &Audit, kind: Kind) -> String {
        use crate::report::audit;
        match format {
            Format::Human => super::human::text(audit),
            Format::Html => audit::html(audit, kind),
            Format::Markdown => audit::markdown(audit, kind),
            Format::Json => audit::json(audit),
            Format::Csv(table) => audit::csv(audit, table),
        }
    }

    fn publish(&self, gathered: &Gathered, kind: Kind) -> Done {
        let human = [Wanted { format: Format::Human, file: None }];
        let formats = if self.format.is_empty() { &human[..] } else { &self.format };
        for wanted in formats {
            let text = Self::text(wanted.format, &gathered.audit, kind);
            match &wanted.file {
                Some(file) => write_file(file, &text)?,
                None => say(&text)?,
            }
        }
        Ok(exit::GOOD)
    }
}

/// Why there is no audit.
pub(super) fn nothing(period: &Period, ledger: &Ledger, path: &std::path::Path) {
    let known = match ledger.span {
        Some((first, last)) => format!("the store `{}` has runs from {first} to {last}", path.display()),
        None => format!("the store `{}` has no run at all", path.display()),
    };
    note(&format!("nothing was judged in {} ({} to {}): {known}", period.name, period.from, period.to));
    let newest = ledger.begun.iter().max_by_key(|run| run.started);
    if let Some((run, at)) = newest.and_then(|run| Some((run, timestamp(run.started)?))) {
        let (many, s) = (ledger.begun.len(), if ledger.begun.len() == 1 { "" } else { "s" });
        note(&format!(
            "{many} run{s} of it began and never ended, the last at {at} on {}: killed, or the machine stopped",
            run.host
        ));
    }
}
