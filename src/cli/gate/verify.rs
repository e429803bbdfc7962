//! `muster gate verify`: judges the new system with what the source was before the migration.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::fact::{Request, Type, Value, show};
use crate::report::gate::{GatePage, PageFormat};
use crate::secret::Redactor;
use crate::verdict::{RunReport, Timings, Verdict};

use super::super::baseline::{self, Scene};
use super::super::check::{How, duration};
use super::super::edge::{Watch, host};
use super::super::output::{Done, Problem, note, write_file};
use super::super::run::{Options, Ran, recording, seen_from, waivers_within, warnings};
use super::super::setup::{Select, Setup, Sources, setup};
use super::super::{check, memory, record};
use super::asker::Asker;
use super::outcome;
use super::page::{compares, page};
use super::rounds::{Gate, Patience};
use super::sides::{Sides, sides, waves};
use super::snapshot::folder;
use super::taken::{Taken, read};

/// Judges the new system, and compares it with the snapshot of the old one
#[derive(Args)]
#[command(after_help = "Examples:
  muster gate verify before.json
  muster gate verify before.json --report gate.html --report gate.json
  muster gate verify before.json --wait 15m --stable 3 --interval 10s
  muster gate verify --live                         both sides at once, without a snapshot
  muster gate verify before.json --work /var/tmp/gate   long comparisons go on after a cut

Exit codes: 0 the gate is open, 1 something differs or is broken, 2 wrong input (also a snapshot that must not be compared
with), 3 something could not be judged, 4 nothing was compared.")]
pub(super) struct Arguments {
    /// The snapshot, as `muster gate snapshot` wrote it
    file: Option<PathBuf>,
    /// Ask both sides at once instead of reading a snapshot
    #[arg(long)]
    live: bool,
    /// Refuse a snapshot that is older; `recordings: { max_age }` of the project file if left out, and 7 days without that
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "live")]
    max_age: Option<Duration>,
    /// Try again until all checks hold, for so long at most
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// How often in a row all checks have to hold
    #[arg(long, value_name = "N", default_value_t = 3, requires = "wait", value_parser = clap::value_parser!(u32).range(1..=1000))]
    stable: u32,
    /// The pause between two tries
    #[arg(long, value_name = "DURATION", default_value = "10s", requires = "wait", value_parser = duration)]
    interval: Duration,
    /// Write the page that is signed: `.html`, `.md` or `.json`; may be given several times
    #[arg(long, value_name = "FILE")]
    report: Vec<PathBuf>,
    /// Write what was seen, both sides of it, as a recording: for `muster check`, `explain` and `diff` with `--facts`
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// A folder in which an answer keeps how far it is and what is too long for a report, such as all differing keys
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    verify(arguments).map_err(|problem| Problem { json: arguments.how.json(), ..problem })
}

/// Pages with their formats, known before anything is asked.
fn pages(files: &[PathBuf]) -> Result<Vec<(&PathBuf, PageFormat)>, Problem> {
    let mut pages = Vec::with_capacity(files.len());
    for file in files {
        let format = PageFormat::of_file(&file.to_string_lossy()).ok_or_else(|| {
            let message = format!("`--report {}` is of no known form", file.display());
            Problem::usage(message, "its name ends with `.html`, `.md` or `.json`")
        })?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            let message = format!("`--report {}`: its folder is not there", file.display());
            return Err(Problem::usage(message, "make it, or choose another"));
        }
        pages.push((file, format));
    }
    Ok(pages)
}

/// What is compared with, and the sources of policies: without a snapshot there is no file among them.
fn inputs(arguments: &Arguments) -> Result<(Option<&PathBuf>, Sources), Problem> {
    let mut sources = arguments.sources.clone();
    match (&arguments.file, arguments.live) {
        (Some(file), true) => {
            sources.sources.insert(0, file.to_string_lossy().into_owned());
            Ok((None, sources))
        }
        (None, true) => Ok((None, sources)),
        (Some(file), false) => Ok((Some(file), sources)),
        (None, false) => Err(Problem::usage(
            "there is nothing to compare with",
            "name the snapshot (`muster gate verify before.json`), or ask both sides with `--live`",
        )),
    }
}

/// In place there is one system only, and it cannot be compared with itself.
fn in_place(setup: &Setup, sides: &Sides) -> Result<(), Problem> {
    let moves = &setup.project.gate.moves;
    let one = |target: &Arc<str>| moves.get(target).is_some_and(|moved| moved.is_in_place(target));
    match sides.pairs.iter().find(|pair| one(&pair.target)) {
        None => Ok(()),
        Some(pair) => Err(Problem::usage(
            format!("`{}` is migrated in place, so that `--live` would compare it with itself", pair.target),
            "take a snapshot before the migration: `muster gate snapshot FILE`",
        )),
    }
}

fn verify(arguments: &Arguments) -> Done {
    arguments.how.one_output()?;
    let pages = pages(&arguments.report)?;
    let (mut watch, mut timings) = (Watch::start(), Timings::default());
    let (file, sources) = inputs(arguments)?;
    let mut setup = setup(&sources, &arguments.select, false, arguments.how.keep_going)?;
    warnings(&setup);
    let taken = file.map(|file| read(file)).transpose()?;
    timings.read = watch.lap();
    let sides = sides(&mut setup)?;
    let waves = waves(&setup.project, &sides.plan)?;
    match &taken {
        None => in_place(&setup, &sides)?,
        Some(taken) => {
            let unfit = taken.unfit(&sides, &setup, arguments.max_age);
            if !unfit.is_empty() {
                return Err(Problem::new(unfit));
            }
        }
    }
    folder(arguments.work.as_ref())?;
    timings.plan = watch.lap();
    let fail_on = setup
        .project
        .environments
        .iter()
        .find(|environment| setup.selection.environment.as_ref() == Some(&environment.name))
        .and_then(|environment| environment.fail_on);
    let options = arguments.how.options(fail_on);
    let (page, mut ran) =
        judged(arguments, (&setup, &sides, &waves), taken.as_ref(), &options, &mut timings)?;
    if let Some(memory) = ran.memory.take()
        && let Err(problem) = memory.remember(&setup, &ran.report, (&ran.recording, None), &ran.redactor)
    {
        check::not_remembered(&mut ran.report, &problem);
    }
    let page = GatePage { report: ran.report.clone(), ..page };
    let exit = ran.report.exit;
    // A page that cannot be written does not lose the report.
    arguments.how.publish(&mut ran, timings, watch)?;
    record_of(arguments.record.as_deref(), &setup, &ran)?;
    for (file, format) in pages {
        write_file(file, &ran.redactor.clean_finished(&page.render(format)))?;
    }
    note(&ran.redactor.clean_finished(&summary(&page)));
    if sides.left_out > 0 {
        let many = sides.left_out;
        note(&format!(
            "gate: {many} checks of sources are not judged: they are what the new side is compared with"
        ));
    }
    Ok(exit)
}

/// Writes what was seen, if somebody wants it. What policies call private is masked there as in every recording.
fn record_of(file: Option<&Path>, setup: &Setup, ran: &Ran) -> Result<(), Problem> {
    let Some(file) = file else { return Ok(()) };
    let mut recording = ran.recording.clone();
    record::mask(setup, &[], &mut recording, &ran.redactor)?;
    write_file(file, &ran.redactor.clean_finished(&recording.to_text()))
}

/// Watches until it is decided, and puts together what came out.
fn judged(
    arguments: &Arguments,
    (setup, sides, waves): (&Setup, &Sides, &[usize]),
    taken: Option<&Taken>,
    options: &Options,
    timings: &mut Timings,
) -> Result<(GatePage, Ran), Problem> {
    let (started, mut watch) = (Timestamp::now(), Watch::start());
    waivers_within(setup, started)?;
    let (mut past, memory) = memory::recall(&setup.project, &sides.plan, None, started)?;
    let scene = Scene { at: started, host: Some(Arc::from(host())) };
    baseline::add((&setup.project, &setup.entries), &sides.plan, &mut past, &scene)?;
    let redactor = Redactor::new();
    let salt = match taken {
        Some(taken) => taken.salt.clone(),
        None => record::random()?,
    };
    let old = sides.pairs.iter().filter_map(|pair| pair.then.as_ref().ok());
    let old: Vec<&Request> = old.filter(|_| taken.is_none()).collect();
    let asked = sides.plan.requests.iter().chain(old);
    let asker = Asker::new(setup, asked, &redactor, &salt, arguments.work.as_deref())?;
    let patience = Patience {
        wait: arguments.wait,
        stable: if arguments.wait.is_some() { arguments.stable } else { 1 },
        interval: arguments.interval,
    };
    let mask = taken.map(|taken| taken.mask(setup, &redactor)).transpose()?.flatten();
    let then = taken.map(|taken| (taken.answers(sides, setup), taken.gate.sources.clone()));
    let mut gate = Gate::new((setup, sides, waves), (&asker, options, patience), (past, then, mask));
    let (outcomes, end) = gate.watch()?;
    timings.observe = watch.lap();
    timings.probes = options.ledger.take().into_iter().map(super::super::run::probe_time).collect();
    let mut report = outcome::report(&gate, outcomes, started, options.fail_on);
    let timeline = outcome::timeline(&gate, end);
    outcome::flapped(&mut report, &gate, &timeline, options.fail_on);
    outcome::strangers(&mut report, &gate, options.fail_on);
    let page = page(&gate, &report, taken, timeline);
    outcome::decide(&mut report, &page, (end, compares(sides)));
    let seen_from = seen_from(setup)?;
    super::super::places::inside(&mut report, &seen_from.report);
    let Gate { answers, past, .. } = gate;
    asker.end();
    let recording = crate::fact::Recording { past, ..recording(setup, &sides.plan, answers, started) };
    let remembered = memory.is_some();
    Ok((page, Ran { report, recording, redactor, memory, remembered, seen: None, seen_from }))
}

/// What was compared, in a few lines.
fn summary(page: &GatePage) -> String {
    let number = |many: u64, noun: &str| format!("{many} {noun}{}", if many == 1 { "" } else { "s" });
    let same: u64 = page.compared.iter().map(|one| one.same).sum();
    let mut parts = vec![
        format!("{} compared", number(page.subjects(), "subject")),
        format!("{same} the same on both sides"),
    ];
    let dropped: u64 = page.dropped.iter().map(|one| one.count).sum();
    if dropped > 0 {
        parts.push(format!("{dropped} left behind by the move"));
    }
    let accepted = accepted(&page.report);
    if accepted > 0 {
        parts.push(format!("{} accepted by a waiver", number(accepted, "difference")));
    }
    let mut text = format!("gate: {}", parts.join(", "));
    if let Some(wait) = &page.timeline.wait {
        let rounds = number(u64::try_from(page.timeline.rounds.len()).unwrap_or(u64::MAX), "round");
        text.push_str(&format!("; {rounds} within {wait}, ended: {}", page.timeline.end));
    }
    for (check, times) in &page.timeline.flapped {
        text.push_str(&format!("\ngate: {check} passed and then did not, {}", number(*times, "time")));
    }
    text
}

fn accepted(report: &RunReport) -> u64 {
    let findings = report.checks.iter().flat_map(|check| &check.findings);
    let waived = findings.filter(|finding| finding.verdict == Verdict::Waived).count();
    u64::try_from(waived).unwrap_or(u64::MAX)
}

/// A duration as people read it.
pub(super) fn shown(duration: Duration) -> String {
    show(&Value::duration(duration), &Type::DURATION)
}
