//! `muster attest`: a dated statement of a person at the end of a file; what stood there stays as it is.

mod topic;
mod written;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::{Type, Value, micros_of, parse_date, parse_time, show, timestamp};
use crate::policy::Project;
use crate::policy::attestations::{self, Attested, day_of};

use super::exit;
use super::house;
use super::output::{Done, Problem, note, say, warn};
use super::setup::{Sources, project};
use topic::Topic;
use written::Statement;

/// Writes a dated statement that only a person can make
#[derive(Args)]
#[command(after_help = "Examples:
  muster attest access-review --by team-platform --looked-at 'all accounts of all systems, against the list of staff' \\
      --evidence evidence/access-review.csv
  muster attest restore-rehearsal-attested --looked-at 'shop of last night, restored on a spare machine' \\
      --evidence evidence/restore.log --valid-for 90d
  muster attest disaster-plan --by team-platform --looked-at 'the whole plan' --result fails \\
      --no-evidence 'it was read together' --note 'the telephone numbers are of last year'

It is added to `attestations/TOPIC.yaml`. A file that is given as evidence lies below the project and is hashed.")]
pub(super) struct Arguments {
    /// What is attested: a topic, or a policy that asks for one
    topic: String,
    /// Who says so, one of the project's owners; the policy's owner if a policy is named
    #[arg(long, value_name = "OWNER")]
    by: Option<String>,
    /// What was looked at
    #[arg(long, value_name = "TEXT")]
    looked_at: String,
    /// What was found
    #[arg(long, value_name = "RESULT", default_value = "holds", value_parser = ["holds", "fails"])]
    result: String,
    /// What shows it: a file below the project, or an address
    #[arg(long, value_name = "FILE|LINK")]
    evidence: Vec<String>,
    /// Why nothing shows it
    #[arg(long, value_name = "WHY", conflicts_with = "evidence")]
    no_evidence: Option<String>,
    /// How long it counts
    #[arg(long, value_name = "DURATION", default_value = "92d", value_parser = super::check::duration)]
    valid_for: Duration,
    /// The last day on which it counts, UTC
    #[arg(long, value_name = "DATE", conflicts_with = "valid_for")]
    valid_until: Option<String>,
    /// When it was looked at, if that is not now: a date, or a time in RFC 3339
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What else is to be said
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let project = project(&sources)?.ok_or_else(|| {
        Problem::usage("there is no muster.yaml here or in a folder above", "`muster init` writes one")
    })?;
    let attested = usable(&project)?;
    let topic = Topic::of(&arguments.topic, &sources, &project, &attested)?;
    let statement = statement(arguments, &project, &topic)?;
    newest(&statement, &attested)?;
    let file = attestations::file_for(&project, &topic.name).ok_or_else(|| uncovered(&topic.name))?;
    let text = written::text(&file, &statement, &project.root)?;
    let shown = file.strip_prefix(&project.root).unwrap_or(&file).display().to_string();
    if arguments.dry_run {
        say(&format!("# {shown}\n{}", statement.text()))?;
        return Ok(exit::GOOD);
    }
    written::write(&file, &text)?;
    let found = if statement.result == "holds" { "" } else { ", with the result that it fails," };
    say(&format!(
        "`{}` is attested by {}{found} until the end of {} ({shown})\n",
        statement.topic, statement.by, statement.valid_until
    ))?;
    Ok(exit::GOOD)
}

/// What was attested before. As long as a file of it is broken, nobody can say what the newest statement is.
fn usable(project: &Project) -> Result<Attested, Problem> {
    let attested = attestations::read(project);
    if attested.diags.iter().any(|diag| diag.level == Level::Error && diag.code != &code::EMPTY_INPUT) {
        return Err(Problem::new(attested.diags));
    }
    let warnings: Vec<Diag> =
        attested.diags.iter().filter(|diag| diag.level == Level::Warning).cloned().collect();
    warn(&warnings);
    Ok(attested)
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Problem {
    Diag::error(&code::ATTESTATION, message).help(help).into()
}

fn uncovered(topic: &str) -> Problem {
    wrong(
        format!("`attestations:` of muster.yaml covers no file that `{topic}` could be written to"),
        "add `attestations/` to that list, or remove it: then that folder is read",
    )
}

fn statement(arguments: &Arguments, project: &Project, topic: &Topic) -> Result<Statement, Problem> {
    let (now, at) = when(arguments)?;
    let root = &project.root;
    let statement = Statement {
        topic: topic.name.to_string(),
        by: by(arguments, project, topic)?,
        at,
        looked_at: filled(&arguments.looked_at, "--looked-at")?,
        result: arguments.result.clone(),
        evidence: evidence(arguments, root)?,
        no_evidence: arguments.no_evidence.as_ref().map(|why| filled(why, "--no-evidence")).transpose()?,
        valid_until: until(arguments, now)?,
        note: arguments.note.as_ref().map(|text| filled(text, "--note")).transpose()?,
    };
    if statement.evidence.is_empty() && statement.no_evidence.is_none() {
        return Err(wrong(
            "nothing shows what is attested",
            "give `--evidence FILE`, or say why there is none: `--no-evidence 'it was read together'`",
        ));
    }
    Ok(statement)
}

/// Now, and when it was looked at.
fn when(arguments: &Arguments) -> Result<(i64, i64), Problem> {
    let now = micros_of(Timestamp::now());
    let Some(text) = &arguments.at else { return Ok((now, now - now.rem_euclid(1_000_000))) };
    let day = parse_date(text.trim()).and_then(|day| day.checked_mul(86_400_000_000));
    let at = day.or_else(|| parse_time(text.trim())).filter(|at| timestamp(*at).is_some());
    match at {
        None => Err(wrong(format!("`{text}` is neither a date nor a time"), "write `--at 2026-11-01`")),
        Some(at) if at > now => {
            let message = format!("{text} is still to come: nobody can attest what was not looked at yet");
            Err(wrong(message, "leave `--at` out, or give the day on which it was done"))
        }
        Some(at) => Ok((now, at)),
    }
}

fn until(arguments: &Arguments, now: i64) -> Result<String, Problem> {
    let today = day_of(now);
    let shown = |day: i64| show(&Value::Int(day), &Type::Date);
    let Some(text) = &arguments.valid_until else {
        let micros = i64::try_from(arguments.valid_for.as_micros()).unwrap_or(i64::MAX);
        return now.checked_add(micros).filter(|end| timestamp(*end).is_some()).map_or_else(
            || Err(wrong("it would count for longer than a date can be written", "give fewer days")),
            |end| Ok(shown(day_of(end))),
        );
    };
    let help = "give a later day, such as `--valid-until 2027-01-31`";
    match parse_date(text.trim()) {
        None => Err(wrong(format!("`{text}` is not a day"), help)),
        Some(day) if day < today => Err(wrong(format!("{text} is past: today is {}", shown(today)), help)),
        Some(day) => Ok(shown(day)),
    }
}

fn by(arguments: &Arguments, project: &Project, topic: &Topic) -> Result<String, Problem> {
    let owners = house::owners(project);
    let Some(by) = arguments.by.as_deref().map(str::trim).or(topic.owner.as_deref()) else {
        let known = owners.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        return Err(wrong("nobody says it", format!("give `--by OWNER`; owners are {known}")));
    };
    if owners.contains(by) {
        return Ok(by.to_owned());
    }
    let help = did_you_mean(by, owners.iter().map(AsRef::as_ref)).unwrap_or_else(|| {
        if owners.is_empty() {
            return "muster.yaml declares no owners: name them under `owners:`".to_owned();
        }
        format!("owners are {}", owners.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "))
    });
    let message =
        format!("`{by}` is no owner of this project, and what nobody answers for counts as nothing");
    Err(Diag::error(&code::UNKNOWN_OWNER, message).help(help).into())
}

fn filled(text: &str, flag: &str) -> Result<String, Problem> {
    let text = text.trim();
    // A placeholder of a remedy that was pasted says as little.
    if text.chars().all(|sign| !sign.is_alphanumeric()) {
        return Err(wrong(format!("`{flag}` says nothing"), "say it"));
    }
    Ok(text.to_owned())
}

fn evidence(arguments: &Arguments, root: &Path) -> Result<Vec<(String, Option<String>)>, Problem> {
    arguments.evidence.iter().map(|text| written::piece(text.trim(), root)).collect()
}

/// It would be overlooked, or contradict another one.
fn newest(statement: &Statement, attested: &Attested) -> Result<(), Problem> {
    let same = attested.statements.iter().filter(|one| *one.topic == *statement.topic);
    let Some(last) = same.max_by_key(|one| one.at).filter(|last| last.at >= statement.at) else {
        return Ok(());
    };
    let message = format!(
        "`{}` was attested at {} already ({}), which is not before this statement",
        statement.topic,
        show(&Value::Int(last.at), &Type::Time),
        last.place
    );
    Err(wrong(message, "correct the time there if it is wrong; only the newest statement counts"))
}

/// One more note for the person at the terminal.
fn remark(text: &str) {
    note(text);
}
