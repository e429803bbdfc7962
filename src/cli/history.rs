//! `muster history`: what was seen of a fact over time, and which runs there were.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::diag::did_you_mean;
use crate::fact::{Key, Schema, Type, catalogue};
use crate::store::{Store, StoreError, Watched};
use crate::verdict::Origin;

use super::history_page::{self, Seen};
use super::memory::{self, Opened};
use super::output::{Done, Form, Problem, note, say};
use super::{exit, setup::Sources};

/// Shows what was seen of a fact over time, or lists the runs of the store
#[derive(Args)]
#[command(after_help = "Examples:
  muster history                                      the runs of the store
  muster history shop-host disk.usage                 all numbers of all file systems, a line each
  muster history shop-host disk.usage --subject / --fact used_ratio --since 7d
  muster history cca2df5663d0                         what the subject of a finding did
  muster history shop-db postgres.tables --format json

Exit codes: 0 there are samples, 2 wrong input (a name that is not known), 4 there is no sample")]
pub(super) struct Arguments {
    /// A target, or the id of a finding; without it the runs are listed
    target: Option<String>,
    /// The probe
    probe: Option<String>,
    /// Only this subject: the name that findings have
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// Only this fact; may be given several times
    #[arg(long, value_name = "NAME")]
    fact: Vec<String>,
    /// How far back
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = super::check::duration)]
    since: Duration,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    history(arguments).map_err(|problem| Problem { json, ..problem })
}

fn history(arguments: &Arguments) -> Done {
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let opened = memory::opened(&sources, "samples")?;
    let Some(target) = &arguments.target else { return runs(arguments, &opened) };
    let Some(asked) = asked(arguments, target, &opened)? else { return Ok(exit::NOTHING) };
    let to = Timestamp::now();
    let back = SignedDuration::try_from(arguments.since).unwrap_or(SignedDuration::MAX);
    let from = to.checked_sub(back).unwrap_or(Timestamp::MIN);
    let mut seen = Vec::new();
    for key in &asked.keys {
        if let Some(one) = read(&asked, key, &opened, from, to)? {
            seen.push(one);
        }
    }
    finish(arguments, &asked, &seen, (from, to))
}

/// What is wanted.
struct Asked {
    target: Arc<str>,
    probe: Arc<str>,
    subject: Option<Arc<str>>,
    facts: Vec<Arc<str>>,
    keys: Vec<Key>,
}

/// What the arguments mean; `None` if it was never asked, which is said.
fn asked(arguments: &Arguments, target: &str, opened: &Opened) -> Result<Option<Asked>, Problem> {
    let known = from_store(opened, async |store| store.questions().await)?;
    let mut facts: Vec<Arc<str>> = Vec::new();
    for fact in arguments.fact.iter().map(|fact| Arc::from(fact.as_str())) {
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    let mut subject = arguments.subject.as_deref().map(Arc::from);
    let (target, probe): (Arc<str>, Arc<str>) = if let Some(probe) = &arguments.probe {
        (Arc::from(target), Arc::from(probe.as_str()))
    } else {
        let of = finding(target, opened)?.ok_or_else(|| no_probe(target, &known, opened))?;
        subject = subject.or(Some(of.subject));
        (of.target, of.probe)
    };
    known_target(&target, &known, opened)?;
    if catalogue::find(&probe).is_none() && !known.iter().any(|key| key.probe == probe) {
        let names = catalogue::PROBES.iter().map(|probe| probe.name);
        let help = did_you_mean(&probe, names).unwrap_or_else(|| "`muster list probes` shows all".to_owned());
        return Err(Problem::usage(format!("there is no probe `{probe}`"), help));
    }
    let of_target = || known.iter().filter(|key| key.target == target);
    let keys: Vec<Key> = of_target().filter(|key| key.probe == probe).cloned().collect();
    if keys.is_empty() {
        let mut probes: Vec<&str> = of_target().map(|key| &*key.probe).collect();
        probes.dedup();
        let which = if probes.is_empty() { "nothing".to_owned() } else { probes.join(", ") };
        note(&format!("no sample: `{probe}` was never asked of `{target}`; what was asked of it: {which}"));
        return Ok(None);
    }
    Ok(Some(Asked { target, probe, subject, facts, keys }))
}

/// Runs something with the open store.
fn from_store<T>(
    opened: &Opened,
    read: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Problem> {
    let read = memory::wait(async {
        let store = Store::open(&opened.path).await?;
        let read = read(&store).await;
        store.close().await;
        read
    });
    read.map_err(|error| memory::unusable(&error))
}

/// What a finding was about.
struct About {
    target: Arc<str>,
    probe: Arc<str>,
    subject: Arc<str>,
}

/// What the finding was about, if the word is the beginning of an id.
fn finding(word: &str, opened: &Opened) -> Result<Option<About>, Problem> {
    if word.len() < 6 || !word.chars().all(|char| char.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let found = from_store(opened, async |store| store.finding(word).await)?;
    let Some(stored) = found.first() else { return Ok(None) };
    let finding = &stored.finding;
    let probe = finding.operands.iter().find_map(|operand| match &operand.origin {
        Origin::Fact { probe } => Some(Arc::clone(probe)),
        _ => None,
    });
    let probe = probe.ok_or_else(|| {
        let help = format!("name the probe: `muster history {} PROBE`", finding.target);
        Problem::usage(format!("the finding `{word}` was judged without any fact"), help)
    })?;
    let (target, subject) = (Arc::clone(&finding.target), Arc::clone(&finding.subject.shown));
    Ok(Some(About { target, probe, subject }))
}

fn targets<'a>(known: &'a [Key], opened: &'a Opened) -> Vec<&'a str> {
    let mut names: Vec<&str> = known.iter().map(|key| &*key.target).collect();
    names.extend(opened.project.targets.iter().map(|target| &*target.name));
    names.sort_unstable();
    names.dedup();
    names
}

fn known_target(target: &str, known: &[Key], opened: &Opened) -> Result<(), Problem> {
    let names = targets(known, opened);
    if names.contains(&target) {
        return Ok(());
    }
    let help = did_you_mean(target, names.iter().copied())
        .unwrap_or_else(|| format!("targets that are known: {}", names.join(", ")));
    Err(Problem::usage(format!("there is no target `{target}`"), help))
}

fn no_probe(word: &str, known: &[Key], opened: &Opened) -> Problem {
    if let Err(problem) = known_target(word, known, opened) {
        return problem;
    }
    let mut probes: Vec<&str> =
        known.iter().filter(|key| *key.target == *word).map(|key| &*key.probe).collect();
    probes.dedup();
    let help = match probes.as_slice() {
        [] => "nothing was asked of it yet".to_owned(),
        probes => format!("name one: `muster history {word} PROBE`; it was asked {}", probes.join(", ")),
    };
    Problem::usage("the probe is missing", help)
}

/// What was seen of one question; `None` if it was never answered, or has not the facts.
fn read(
    asked: &Asked,
    key: &Key,
    opened: &Opened,
    from: Timestamp,
    to: Timestamp,
) -> Result<Option<Seen>, Problem> {
    let schema = from_store(opened, async |store| store.schema(key, to).await)?;
    let facts = match &schema {
        Some(schema) => facts(asked, schema),
        None => Vec::new(),
    };
    let mut watched = from_store(opened, async |store| store.watch(key, &facts, from, to).await)?;
    let subjects: Vec<Arc<str>> = watched.subjects.keys().cloned().collect();
    if let Some(subject) = &asked.subject {
        watched.subjects.retain(|name, _| name == subject);
    }
    Ok(Some(Seen { key: key.clone(), schema, watched, subjects }))
}

/// The wanted facts that are there; without a wish, all numbers.
fn facts(asked: &Asked, schema: &Schema) -> Vec<Arc<str>> {
    let is_number = |ty: &Type| ty.is_number() || matches!(ty, Type::Quantity(_));
    let keyed = |index: usize| schema.key.contains(&index);
    if asked.facts.is_empty() {
        let fields = schema.fields.iter().enumerate();
        let numbers = fields.filter(|(index, field)| is_number(field.ty.base()) && !keyed(*index));
        return numbers.map(|(_, field)| Arc::clone(&field.name)).collect();
    }
    asked.facts.iter().filter(|fact| schema.position(fact).is_some()).cloned().collect()
}

fn samples(watched: &Watched) -> usize {
    watched.subjects.values().flatten().map(|fact| fact.track.at.len()).sum()
}

fn finish(arguments: &Arguments, asked: &Asked, seen: &[Seen], (from, to): (Timestamp, Timestamp)) -> Done {
    known_facts(asked, seen)?;
    known_subject(asked, seen)?;
    let exit = if seen.iter().any(|one| samples(&one.watched) > 0) { exit::GOOD } else { exit::NOTHING };
    let page = history_page::Page { target: &asked.target, probe: &asked.probe, seen, from, to, exit };
    say(&match arguments.format {
        Form::Human => page.human(),
        Form::Json => page.json(),
    })?;
    Ok(exit)
}

/// A fact that no answer has is misspelt, if there was an answer at all.
fn known_facts(asked: &Asked, seen: &[Seen]) -> Result<(), Problem> {
    let schemas: Vec<&Arc<Schema>> = seen.iter().filter_map(|one| one.schema.as_ref()).collect();
    for fact in asked.facts.iter().filter(|_| !schemas.is_empty()) {
        let fields: Vec<_> = schemas.iter().filter_map(|schema| schema.field(fact)).collect();
        if fields.is_empty() {
            let names: Vec<&str> =
                schemas.iter().flat_map(|schema| &schema.fields).map(|field| &*field.name).collect();
            let help = did_you_mean(fact, names.iter().copied())
                .unwrap_or_else(|| format!("facts of `{}`: {}", asked.probe, names.join(", ")));
            return Err(Problem::usage(format!("`{}` has no fact `{fact}`", asked.probe), help));
        }
        if fields.iter().all(|field| matches!(field.ty.base(), Type::List(_) | Type::Record(_))) {
            let help = "`muster probe` shows it as it is now";
            return Err(Problem::usage(format!("`{fact}` is a list, which has no history"), help));
        }
    }
    Ok(())
}

/// A subject that no answer of the time has is misspelt, or was not there; if there was no answer, nobody knows.
fn known_subject(asked: &Asked, seen: &[Seen]) -> Result<(), Problem> {
    let names: Vec<&str> = seen.iter().flat_map(|one| &one.subjects).map(|name| &**name).collect();
    let Some(subject) = asked.subject.as_deref().filter(|_| !names.is_empty()) else { return Ok(()) };
    if names.contains(&subject) {
        return Ok(());
    }
    let some: Vec<&str> = names.iter().copied().take(10).collect();
    let more = if names.len() > some.len() { ", …" } else { "" };
    let help = did_you_mean(subject, names.iter().copied()).unwrap_or_else(|| {
        format!("subjects that were seen: {}{more}; `--since` looks further back", some.join(", "))
    });
    Err(Problem::usage(format!("no subject `{subject}` was seen in this time"), help))
}

/// The runs of the store.
fn runs(arguments: &Arguments, opened: &Opened) -> Done {
    let runs = from_store(opened, async |store| store.runs(u32::MAX).await)?;
    let back = SignedDuration::try_from(arguments.since).unwrap_or(SignedDuration::MAX);
    let from = Timestamp::now().checked_sub(back).unwrap_or(Timestamp::MIN);
    let runs: Vec<_> = runs.into_iter().filter(|run| run.started >= from).collect();
    let exit = if runs.is_empty() { exit::NOTHING } else { exit::GOOD };
    say(&match arguments.format {
        Form::Human => history_page::runs(&runs),
        Form::Json => history_page::runs_json(&runs, exit),
    })?;
    Ok(exit)
}
