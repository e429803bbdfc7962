//! `muster gate snapshot`: what will be compared, as the source has it before the migration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;

use crate::fact::{
    Key, Observation, Recording, Request, SNAPSHOT, Snapshot, SnapshotAsked, SnapshotMove, UNSEALED, hex,
    row_name, sealed,
};
use crate::observe::verify;
use crate::secret::Redactor;

use super::super::check::How;
use super::super::exit;
use super::super::output::{Done, Problem, note, write_file};
use super::super::record;
use super::super::run::{Options, recording, warnings};
use super::super::setup::{Select, Setup, Sources, setup};
use super::asker::Asker;
use super::sides::{Sides, sides};
use super::{dry, taken};

/// Records from the source, before the migration, what will be compared after it
#[derive(Args)]
#[command(after_help = "Examples:
  muster gate snapshot before.json --dry-run
  muster gate snapshot before.json
  muster gate snapshot before.json builtin:gate --target shop-db
  muster gate snapshot before.json '--mask=postgres.settings.*'

It holds counts, digests, names and keys, and never a value of a row. Nothing is written unless all was asked; what could
not be read is said, stands in the snapshot with its reason, and cannot be compared afterwards (exit code 3).")]
pub(super) struct Arguments {
    /// Where the snapshot is written
    file: PathBuf,
    /// Say what would be read, by which method and about how long it takes, and read nothing of it
    #[arg(long)]
    dry_run: bool,
    /// Write keyed digests in place of texts: of all facts, or of these (`PROBE.FACT`, `*` stands for any characters)
    #[arg(long, value_name = "FACT", num_args = 0..=1, require_equals = true, default_missing_value = "*")]
    mask: Vec<String>,
    /// A folder in which an answer keeps how far it is, so that it can go on after a cut
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    how: How,
}

/// A folder that is there, or is made.
pub(super) fn folder(path: Option<&PathBuf>) -> Result<(), Problem> {
    let Some(path) = path else { return Ok(()) };
    std::fs::create_dir_all(path).map_err(|error| {
        Problem::usage(format!("`--work {}`: {error}", path.display()), "name a folder that can be written")
    })
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let mut setup = setup(&arguments.sources, &arguments.select, false, false)?;
    warnings(&setup);
    let masked = record::patterns(&arguments.mask)?;
    let sides = sides(&mut setup)?;
    let options = arguments.how.options(None);
    let redactor = Redactor::new();
    if arguments.dry_run {
        return dry::run(&setup, &sides, &options, &redactor);
    }
    if sides.pairs.is_empty() {
        note("nothing was written: no policy of tier `release` has an observation with `before: gate`");
        return Ok(exit::NOTHING);
    }
    folder(arguments.work.as_ref())?;
    let started = Timestamp::now();
    let salt = record::random()?;
    let asked = Questions::of(&sides);
    let work = arguments.work.as_deref();
    let Some(answers) = ask(&setup, &asked, &options, (&redactor, &salt, work))? else {
        note(&format!("ended: nothing was written to {}", arguments.file.display()));
        return Ok(exit::UNKNOWN);
    };
    let mut recording = recording(&setup, &sides.plan, answers, started);
    recording.complete &= asked.unasked == 0;
    recording.gate = Some(section(&setup, &sides, &asked, &recording, (&salt, &arguments.mask)));
    record::mask(&setup, &masked, &mut recording, &redactor)?;
    let text = sealed(&redactor.clean_finished(&recording.to_text())).ok_or_else(|| {
        Problem::usage("the snapshot cannot be sealed", "this is a fault of muster; please report it")
    })?;
    write_file(&arguments.file, &text)?;
    Ok(said(arguments, &sides, &asked, &recording, &redactor))
}

/// Each question to a source once.
struct Questions {
    requests: Vec<Request>,
    places: BTreeMap<Key, usize>,
    /// Observations for which nobody can be asked.
    unasked: usize,
}

impl Questions {
    fn of(sides: &Sides) -> Self {
        let mut found = Self { requests: Vec::new(), places: BTreeMap::new(), unasked: 0 };
        for pair in &sides.pairs {
            let Ok(then) = &pair.then else {
                found.unasked += 1;
                continue;
            };
            if let Some(known) = found.places.get(&then.key).and_then(|at| found.requests.get_mut(*at)) {
                known.wants.iter_mut().zip(&then.wants).for_each(|(slot, want)| *slot |= want);
                continue;
            }
            found.places.insert(then.key.clone(), found.requests.len());
            found.requests.push(then.clone());
        }
        found
    }
}

/// The answers; nothing if somebody ended it.
fn ask(
    setup: &Setup,
    asked: &Questions,
    options: &Options,
    (redactor, salt, work): (&Arc<Redactor>, &[u8], Option<&std::path::Path>),
) -> Result<Option<Vec<Observation>>, Problem> {
    let asker = Asker::new(setup, asked.requests.iter(), redactor, salt, work)?;
    let mut answers = asker.ask(&asked.requests, options, None);
    let ended = asker.is_cancelled();
    asker.end();
    verify(&mut answers, &setup.infos);
    Ok((!ended).then_some(answers))
}

/// What makes the recording a snapshot.
fn section(
    setup: &Setup,
    sides: &Sides,
    asked: &Questions,
    recording: &Recording,
    (salt, masked): (&[u8], &[String]),
) -> Snapshot {
    let mut entries = Vec::new();
    for pair in &sides.pairs {
        for (check, observation) in &pair.users {
            let Some(check) = sides.plan.checks.get(*check) else { continue };
            entries.push(SnapshotAsked {
                policy: Arc::clone(&check.policy.id),
                target: Arc::clone(&pair.target),
                observation: Arc::clone(observation),
                answer: pair.then.as_ref().ok().and_then(|then| asked.places.get(&then.key)).copied(),
                why: pair.then.as_ref().err().map(|why| why.what.clone()),
            });
        }
    }
    let of = |pair: &super::sides::Pair| {
        let moved = setup.project.gate.moves.get(&pair.target)?;
        Some((Arc::clone(&pair.target), SnapshotMove::of(moved)))
    };
    Snapshot {
        version: SNAPSHOT,
        salt: Arc::from(hex(salt)),
        moves: sides.pairs.iter().filter_map(of).collect(),
        sources: taken::who(&recording.observations, setup),
        asked: entries,
        masked: masked.iter().map(|text| Arc::from(text.as_str())).collect(),
        seal: Arc::from(UNSEALED),
    }
}

/// Facts that somebody wanted and nobody could read: why, with the name of the first.
fn unread(answer: &Observation, request: &Request) -> Vec<String> {
    let Ok(table) = &answer.result else { return Vec::new() };
    let mut found: Vec<String> =
        table.cut.iter().map(|why| format!("the answer is not whole: {why}")).collect();
    let mut known = BTreeSet::new();
    for row in &table.rows {
        let wanted = row.iter().zip(&table.schema.fields).zip(&request.wants);
        for ((cell, field), _) in wanted.filter(|(_, wanted)| **wanted) {
            let Err(why) = cell else { continue };
            if known.insert((why.to_string(), Arc::clone(&field.name))) {
                let name = row_name(&table.schema, row).unwrap_or_else(|_| Arc::clone(&answer.key.target));
                found.push(format!("`{}` of {name}: {why}", field.name));
            }
        }
    }
    found
}

/// Faults of one answer that are told one by one.
const TOLD: usize = 10;

/// Says what was written and what is missing in it.
fn said(
    arguments: &Arguments,
    sides: &Sides,
    asked: &Questions,
    recording: &Recording,
    redactor: &Redactor,
) -> u8 {
    let lost = recording.observations.iter().filter(|answer| answer.result.is_err()).count() + asked.unasked;
    let targets: BTreeSet<&Arc<str>> = sides.pairs.iter().map(|pair| &pair.target).collect();
    let (file, total) = (arguments.file.display(), recording.observations.len());
    let (what, whom) = (counted(total, "observation"), counted(targets.len(), "target"));
    note(&format!("{file}: {what} of {} for {whom}; {lost} could not be made", names(recording)));
    let mut faults = 0;
    let tell = |what: String| note(&format!("  {}", redactor.clean(&what)));
    for (answer, request) in recording.observations.iter().zip(&asked.requests) {
        let head = format!("{} at {}", answer.key.probe, answer.key.target);
        let found = match &answer.result {
            Err(why) => vec![why.to_string()],
            Ok(_) => unread(answer, request),
        };
        faults += found.len();
        found.iter().take(TOLD).for_each(|what| tell(format!("{head}: {what}")));
        if found.len() > TOLD {
            tell(format!("{head}: … and {} more faults", found.len() - TOLD));
        }
    }
    for pair in &sides.pairs {
        if let Err(why) = &pair.then {
            faults += 1;
            tell(format!("for {}: {why}", pair.target));
        }
    }
    if faults == 0 { exit::GOOD } else { exit::UNKNOWN }
}

/// So many of something.
pub(super) fn counted(many: usize, noun: &str) -> String {
    format!("{many} {noun}{}", if many == 1 { "" } else { "s" })
}

fn names(recording: &Recording) -> String {
    let names: BTreeSet<&str> = recording.observations.iter().map(|answer| &*answer.key.target).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}
