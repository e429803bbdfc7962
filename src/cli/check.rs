//! `muster check`: the main job.

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::fact::{Recording, Type, parse_literal, parse_time, timestamp};
use crate::observe::Ledger;
use crate::report::{Format, Review, Style, render, review};
use crate::verdict::{ProbeTime, RunReport, Timings, Verdict};

use super::edge::Watch;
use super::exit;
use super::output::{self, Done, Problem, Wanted};
use super::places;
use super::recorded;
pub(super) use super::recorded::read as recording;
use super::run::{Facts, Options, Ran, run as run_checks, warnings};
use super::setup::{Select, Setup, Sources, setup};

/// Judges policies on real targets, or on recorded facts
#[derive(Args)]
#[command(after_help = "Examples:
  muster check
  muster check policies/disk.yaml
  muster check builtin:postgres --target postgres://watcher@db/shop
  muster check --tier daily --env ci --format human --format junit=report.xml
  muster check --facts run.json --now 2026-11-01T03:00:00Z")]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    how: How,
    /// Judge the facts of this recording instead of asking; may be given several times
    #[arg(long, value_name = "FILE")]
    facts: Vec<PathBuf>,
    /// Refuse a recording that is older; `recordings: { max_age }` of the project file if left out
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "facts")]
    max_age: Option<Duration>,
    /// The time at which recorded facts are judged; the recording's if left out
    #[arg(long, value_name = "TIME", requires = "facts")]
    now: Option<String>,
}

/// How a run is done and shown.
#[derive(Args, Clone)]
pub(super) struct How {
    /// `human`, `table`, `json`, `junit`, `markdown`, `html`, `sarif`, `github` or `gitlab`; `json=FILE` writes to a file; may be given several times
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = output::wanted)]
    format: Vec<Wanted>,
    /// The verdict from which the exit code is 1
    #[arg(long, value_name = "VERDICT", value_parser = ["warn", "unknown", "fail"])]
    fail_on: Option<String>,
    /// Questions at once, over all targets
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// How long one answer may take, unless the target says otherwise
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    deadline: Duration,
    /// How long the whole run may take; what is not answered then is unknown
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// A policy that cannot be loaded becomes unknown instead of stopping the run
    #[arg(long)]
    pub keep_going: bool,
    /// Show every check and finding
    #[arg(long, short)]
    verbose: bool,
    /// Say where the time went
    #[arg(long)]
    timings: bool,
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let value = parse_literal(text, &Type::DURATION).map_err(|error| error.0)?;
    let micros = value.as_int().and_then(|micros| u64::try_from(micros).ok()).filter(|micros| *micros > 0);
    micros.map(Duration::from_micros).ok_or_else(|| "a duration is above zero".to_owned())
}

impl How {
    /// Is JSON what goes to standard output?
    pub(super) fn json(&self) -> bool {
        output::to_stdout(&self.format, Format::Json)
    }

    pub(super) fn options(&self, fail_on: Option<Verdict>) -> Options {
        let given = self.fail_on.as_deref().and_then(Verdict::from_word);
        Options {
            jobs: usize::from(self.jobs),
            deadline: self.deadline,
            timeout: self.timeout,
            fail_on: given.or(fail_on).unwrap_or(Verdict::Fail),
            now: None,
            progress: !self.json(),
            compare: true,
            ledger: Ledger::default(),
            ..Options::default()
        }
    }

    /// Two formats cannot share standard output; said before anything is observed.
    pub(super) fn one_output(&self) -> Result<(), Problem> {
        output::one_output(&self.format)
    }

    /// Writes the report in every format that is wanted.
    pub(super) fn publish(&self, ran: &mut Ran, timings: Timings, mut watch: Watch) -> Result<(), Problem> {
        let human = [Wanted { format: Format::Human, file: None }];
        let formats = if self.format.is_empty() { &human[..] } else { &self.format };
        ran.report.timings = self.timings.then(|| timings.clone());
        let style = Style { remembered: ran.remembered, ..output::style(self.verbose) };
        for wanted in formats {
            let plain = Style { color: false, width: 100, ..style };
            let style = if wanted.file.is_some() { &plain } else { &style };
            let drawn = match wanted.format {
                Format::Review(format) => reviewed(ran, format),
                format => render(&ran.report, format, style),
            };
            let text = ran.redactor.clean_finished(&drawn);
            match &wanted.file {
                Some(file) => output::write_file(file, &text)?,
                None => output::say(&text)?,
            }
        }
        if self.timings {
            output::note(&shown(&Timings { report: watch.lap(), ..timings }));
        }
        Ok(())
    }
}

/// As remarks, at files as they are named in the repository.
fn reviewed(ran: &Ran, format: Review) -> String {
    let mut report = ran.report.clone();
    places::inside(&mut report, &ran.seen_from.review);
    review::of_run(&report, &ran.seen_from.project(), format)
}

fn shown(timings: &Timings) -> String {
    let phases = [
        ("read", timings.read),
        ("plan", timings.plan),
        ("observe", timings.observe),
        ("judge", timings.judge),
        ("report", timings.report),
    ];
    let parts: Vec<String> = phases
        .iter()
        .map(|(name, micros)| format!("{name} {}.{:03} ms", micros / 1000, micros % 1000))
        .collect();
    let mut text = format!("timings: {}", parts.join(", "));
    for probe in &timings.probes {
        let ProbeTime { target, probe, took, statements, asked, rows } = probe;
        let ms = |micros: &u64| format!("{}.{:03} ms", micros / 1000, micros % 1000);
        text.push_str(&format!("\n  {:>11}  {probe} of {target}, {rows} rows", ms(took)));
        if *statements > 0 {
            text.push_str(&format!(", {statements} statements in {}", ms(asked)));
        }
    }
    text
}

pub(super) fn run(arguments: &Arguments) -> Done {
    judge(arguments).map_err(|problem| Problem { json: arguments.how.json(), ..problem })
}

fn judge(arguments: &Arguments) -> Done {
    arguments.how.one_output()?;
    let mut watch = Watch::start();
    let mut timings = Timings::default();
    let now = arguments.now.as_deref().map(now).transpose()?;
    let (setup, facts) = read(arguments, now)?;
    // Nothing of it must end in order, and to take apart ten thousand policies would last as long as to judge them.
    let setup = ManuallyDrop::new(setup);
    // A recording is input too: without it here, most of the time of a replay would be in no phase.
    timings.read = watch.lap();
    warnings(&setup);
    let environment = setup
        .project
        .environments
        .iter()
        .find(|environment| setup.selection.environment.as_ref() == Some(&environment.name));
    let mut options = arguments.how.options(environment.and_then(|environment| environment.fail_on));
    options.now = now;
    let mut ran = ManuallyDrop::new(run_checks(&setup, facts, &options, &mut timings)?);
    let seen = ran.seen.take();
    if let Some(memory) = ran.memory.take()
        && let Err(problem) = memory.remember(&setup, &ran.report, (&ran.recording, seen), &ran.redactor)
    {
        not_remembered(&mut ran.report, &problem);
        ran.remembered = false;
    }
    let exit = ran.report.exit;
    arguments.how.publish(&mut ran, timings, Watch::start())?;
    Ok(exit)
}

/// Reads the policies, and the recordings at the same time. A fault of the policies is said first.
fn read(arguments: &Arguments, now: Option<jiff::Timestamp>) -> Result<(Setup, Facts), Problem> {
    let policies = || setup(&arguments.sources, &arguments.select, false, arguments.how.keep_going);
    if arguments.facts.is_empty() {
        return Ok((policies()?, Facts::Live));
    }
    let all = || -> Result<Vec<(PathBuf, Recording)>, Problem> {
        arguments.facts.iter().map(|file| Ok((file.clone(), recording(file)?))).collect()
    };
    let (setup, facts) = std::thread::scope(|scope| {
        let facts = scope.spawn(all);
        let setup = policies();
        (setup, facts.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (mut setup, facts) = (setup?, facts?);
    let max_age = arguments.max_age.or(setup.project.recordings.max_age);
    let wanted = recorded::Wanted { entries: &setup.entries, root: &setup.project.root, max_age, now };
    let facts = recorded::together(facts, &wanted)?;
    setup.selection.gate = facts.past.is_of_a_gate();
    Ok((setup, Facts::Recorded(Box::new(facts))))
}

/// What was judged is still reported, and is no success: the next run will not know of this one.
pub(super) fn not_remembered(report: &mut RunReport, problem: &Problem) {
    let why = problem.diags.first().map_or("", |diag| &*diag.message);
    if report.exit == exit::GOOD {
        report.exit = exit::UNKNOWN;
        report.exit_reason = format!("the run was not remembered: {why}");
    } else {
        report.exit_reason.push_str(&format!("; the run was not remembered: {why}"));
    }
    output::warn_anyway(&problem.diags);
}

fn now(text: &str) -> Result<jiff::Timestamp, Problem> {
    parse_time(text).and_then(timestamp).ok_or_else(|| {
        Problem::usage(format!("`--now {text}` is not a time"), "write for example `2026-11-01T03:00:00Z`")
    })
}
