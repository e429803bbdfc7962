//! `muster audit bundle`: evidence of recordings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use crate::cli::baseline::{self, Scene};
use crate::cli::edge::host;
use crate::cli::output::{Done, Problem, note, say};
use crate::cli::record::{self, Mask};
use crate::cli::recorded::{self, Wanted};
use crate::cli::setup::{Select, Setup, Sources, setup};
use crate::cli::{exit, run as running};
use crate::diag::{Diag, code};
use crate::evidence::{EvidenceError, Material, Options, Period, Run, Scope, Written, write};
use crate::fact::{Recording, parse_time, timestamp};
use crate::plan::Plan;
use crate::secret::Redactor;

use super::judge::{Rejudge, said};
use super::{edition, key, problem};

/// Makes a directory of evidence of recordings, judged by the policies of the project
#[derive(Args)]
#[command(after_help = "Examples:
  muster audit bundle evidence/2026-11 --facts monday.json --facts tuesday.json
  muster audit bundle evidence/2026-11 --facts *.json --anchor ../audit-anchor/anchor.jsonl
  muster audit bundle evidence/2026-11 --facts *.json --mask
  muster audit verify evidence/2026-11")]
pub(super) struct Arguments {
    /// The directory that is made; nothing may be there yet
    dir: PathBuf,
    /// A recording; may be given several times
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    facts: Vec<PathBuf>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// What the period is called; its first and last day if left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The first moment of the period; that of the first recording if left out
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The moment after the last one of the period; now if left out
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Write keyed digests in place of texts: of facts that policies call `private`, and of these (`PROBE.FACT`, `*` stands for any characters)
    #[arg(long, value_name = "FACT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    mask: Vec<String>,
    /// Add a line about the runs to this file, which lies elsewhere, so that it is noticed when the newest are cut off
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    #[command(flatten)]
    select: Select,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let setup = setup(&sources, &arguments.select, false, false)?;
    running::warnings(&setup);
    let edition = edition::of_setup(&setup)?;
    let (redactor, guard) = (Redactor::new(), Redactor::new());
    key::learn(&setup.project, &redactor, &guard);
    let made = Timestamp::now();
    let signing = key::signing(&setup.project, &guard, made)?;
    let mask = mask(&setup, &arguments.mask, &redactor)?;
    let plan = running::plan(&setup)?;
    let files = read(&arguments.facts, &setup)?;
    let period = period(arguments, &files, made)?;
    let runs = files.into_iter().map(|(id, recording)| {
        let scope = scope(&arguments.select, &setup, &recording);
        let recording = ready(recording, &setup, &plan, mask.as_ref(), &redactor)?;
        Ok(Run { id, edition: 0, scope, recording, report: None })
    });
    let material = Material {
        left_out: Vec::new(),
        period,
        muster: env!("CARGO_PKG_VERSION").to_owned(),
        host: host(),
        made,
        masked: mask.is_some(),
        editions: vec![edition],
        runs: Box::new(runs),
        audit: Vec::new(),
    };
    let anchor = arguments.anchor.as_deref().map(|anchor| outside(anchor, &arguments.dir)).transpose()?;
    let holds_secret = |text: &str| guard.clean(text) != text;
    let options = Options { key: signing.as_ref(), anchor, holds_secret: &holds_secret };
    match write(material, &arguments.dir, &options, &mut Rejudge::default()) {
        Ok(written) => {
            say(&shown(&arguments.dir, &written, signing.as_ref().map(|key| key.public().id())))?;
            Ok(exit::GOOD)
        }
        Err(error @ EvidenceError::Nothing) => {
            note(&error.to_string());
            Ok(exit::NOTHING)
        }
        Err(error) => Err(problem(&error)),
    }
}

/// What was made, for a person.
pub(super) fn shown(dir: &Path, written: &Written, key: Option<String>) -> String {
    let Written { runs, files, bytes, head, manifest, not_again } = written;
    let mut text = format!("{}: {runs} runs, {files} files, {bytes} bytes\n", dir.display());
    text.push_str(&match key {
        Some(key) => format!("  signed with the key {key}\n"),
        None => "  not signed: whoever can write it can write another one like it (`audit: { key: … }` in muster.yaml)\n"
            .to_owned(),
    });
    text.push_str(&format!("  last run  {head}\n  MANIFEST  {manifest}\n"));
    for (run, why) in not_again {
        text.push_str(&format!("  the run `{run}` cannot be judged again: {why}\n"));
    }
    text + "  `muster audit verify` looks at all of it; README.md says how to do that without muster\n"
}

/// An anchor within what it anchors is none.
pub(super) fn outside<'p>(anchor: &'p Path, dir: &Path) -> Result<&'p Path, Problem> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_error| path.to_owned());
    if absolute(anchor).starts_with(absolute(dir)) {
        return Err(Problem::usage(
            "the anchor lies in the evidence, and would prove nothing",
            "name a file that lies elsewhere, best where whoever makes evidence can only add to it",
        ));
    }
    Ok(anchor)
}

fn time(option: &str, text: &str) -> Result<Timestamp, Problem> {
    parse_time(text).and_then(timestamp).ok_or_else(|| {
        let message = format!("`{option} {text}` is not a time");
        Problem::usage(message, "write for example `2026-07-01T00:00:00Z`")
    })
}

/// The period, which has each of the recordings.
fn period(arguments: &Arguments, files: &[(String, Recording)], made: Timestamp) -> Result<Period, Problem> {
    let first = files.iter().map(|(_, recording)| recording.started).min().unwrap_or(made);
    let given =
        |option: &str, text: &Option<String>| text.as_deref().map(|text| time(option, text)).transpose();
    let from = given("--from", &arguments.from)?.unwrap_or(first);
    let until = given("--until", &arguments.until)?.unwrap_or(made);
    if from >= until {
        return Err(Problem::usage(
            format!("the period ends at {until}, and begins at {from}"),
            "correct `--from` or `--until`, or the clock",
        ));
    }
    let day = |at: Timestamp| at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let name = arguments.name.clone().unwrap_or_else(|| format!("{} to {}", day(from), day(until)));
    Ok(Period { name, from, until })
}

/// The recordings in the order of their times, each of which is of this project and there once.
fn read(paths: &[PathBuf], setup: &Setup) -> Result<Vec<(String, Recording)>, Problem> {
    let mut files: Vec<(String, Recording)> = Vec::new();
    let mut diags: Vec<Diag> = Vec::new();
    let wanted = Wanted { entries: &setup.entries, root: &setup.project.root, max_age: None, now: None };
    for path in paths {
        let recording = recorded::read(path)?;
        diags.extend(recorded::unfit(path, &recording, &wanted));
        diags.extend(unknown(path, &recording, setup));
        if let Some((twin, _)) = files.iter().find(|(_, known)| *known == recording) {
            let message = format!("`{}` is the same recording as `{twin}`", path.display());
            diags.push(Diag::error(&code::EVIDENCE, message).help("a run counts once"));
        }
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        files.push((name, recording));
    }
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    files.sort_by(|(one, first), (other, second)| (first.started, one).cmp(&(second.started, other)));
    Ok(files)
}

/// What was recorded for a policy that is gone cannot be judged, and would be left out without a word.
fn unknown(path: &Path, recording: &Recording, setup: &Setup) -> Option<Diag> {
    let gone: Vec<&str> = recording
        .policies
        .iter()
        .map(|(id, _)| &**id)
        .filter(|id| setup.policies().iter().all(|policy| *policy.id != **id))
        .collect();
    let message = format!(
        "`{}` was recorded for `{}`, which the project does not have",
        path.display(),
        gone.join("`, `")
    );
    let help = "make evidence with the policies of its time: check out the revision that recorded it";
    (!gone.is_empty()).then(|| Diag::error(&code::EVIDENCE, message).help(help))
}

/// What of the project a recording was asked for: what the flags say, and no policy that it was not recorded for.
fn scope(select: &Select, setup: &Setup, recording: &Recording) -> Scope {
    let mut scope = Scope {
        tiers: select.tier.clone(),
        environment: select.env.clone(),
        targets: select.target.clone(),
        tags: select.tag.clone(),
        policies: select.policy.clone(),
        set: select.set.clone(),
        checks: Vec::new(),
    };
    let asked: BTreeSet<&str> = recording.policies.iter().map(|(id, _)| &**id).collect();
    let all = setup.policies().iter().all(|policy| asked.contains(&*policy.id));
    if scope.policies.is_empty() && !all {
        scope.policies = asked.into_iter().map(str::to_owned).collect();
    }
    scope
}

pub(super) fn mask(setup: &Setup, named: &[String], redactor: &Redactor) -> Result<Option<Mask>, Problem> {
    if named.is_empty() {
        return Ok(None);
    }
    let patterns: Vec<String> = named.iter().filter(|name| !name.is_empty()).cloned().collect();
    let key = || match record::key(setup, redactor)? {
        Some(key) => Ok(key),
        None => record::random(),
    };
    let mask = Mask::of(setup, &record::patterns(&patterns)?, key)?;
    mask.map(Some).ok_or_else(|| {
        Problem::usage(
            "`--mask` masks nothing: no policy calls a fact `private`",
            "name the facts: `--mask=PROBE.FACT`; `--mask='*'` is all texts",
        )
    })
}

/// A recording that can be judged by itself, masked and without secrets.
pub(super) fn ready(
    mut recording: Recording,
    setup: &Setup,
    plan: &Plan,
    mask: Option<&Mask>,
    redactor: &Redactor,
) -> Result<Recording, String> {
    let scene = Scene::of(&recording);
    baseline::add((&setup.project, &setup.entries), plan, &mut recording.past, &scene)
        .map_err(|problem| said(&problem))?;
    if let Some(mask) = mask {
        mask.apply(&mut recording);
    }
    if redactor.is_empty() {
        return Ok(recording);
    }
    let text = recording.to_text();
    let clean = redactor.clean_finished(&text);
    if clean == text { Ok(recording) } else { Recording::from_text(&clean) }
}
