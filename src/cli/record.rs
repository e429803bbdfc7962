//! `muster record`: observe once, judge offline.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::diag::{Diag, code};
use crate::fact::{Field, Masker, Pattern, Recording, catalogue, is_text};
use crate::secret::Redactor;
use crate::verdict::Timings;

use super::check::How;
use super::exit;
use super::output::{Done, Problem, note, write_file};
use super::run::{Facts, Options, run as run_checks, warnings};
use super::setup::{Select, Setup, Sources, setup};

/// Observes what the policies ask for and saves the facts
#[derive(Args)]
#[command(after_help = "Examples:
  muster record facts.json
  muster record facts.json --mask                       no text fact is told
  muster record facts.json '--mask=postgres.sessions.*'
  muster record facts.json builtin:postgres --target shop-db
  muster check --facts facts.json")]
pub(super) struct Arguments {
    /// Where the facts are written
    file: PathBuf,
    /// Write keyed digests in place of texts: of all facts, or of these (`PROBE.FACT`, `*` stands for any characters); those that policies call `private` are masked anyway
    #[arg(long, value_name = "FACT", num_args = 0..=1, require_equals = true, default_missing_value = "*")]
    mask: Vec<String>,
    #[command(flatten)]
    sources: Sources,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let setup = setup(&arguments.sources, &arguments.select, false, false)?;
    warnings(&setup);
    let options = Options { compare: false, ..arguments.how.options(None) };
    let masked = patterns(&arguments.mask)?;
    let mut ran = run_checks(&setup, Facts::Live, &options, &mut Timings::default())?;
    mask(&setup, &masked, &mut ran.recording, &ran.redactor)?;
    let recording = &ran.recording;
    let text = ran.redactor.clean_finished(&recording.to_text());
    write_file(&arguments.file, &text)?;
    let missing = recording.observations.iter().filter(|answer| answer.result.is_err()).count();
    let total = recording.observations.len();
    let observations = if total == 1 { "observation" } else { "observations" };
    note(&format!("{}: {total} {observations}, {missing} could not be made", arguments.file.display()));
    for answer in &recording.observations {
        if let Err(why) = &answer.result {
            note(&format!(
                "  {} at {}: {}",
                answer.key.probe,
                answer.key.target,
                ran.redactor.clean(&why.to_string())
            ));
        }
    }
    Ok(match (recording.observations.len(), missing) {
        (0, _) => exit::NOTHING,
        (_, 0) => exit::GOOD,
        _ => exit::UNKNOWN,
    })
}

/// Reads `--mask`. A pattern of which no probe has a text is a fact that would be told.
pub(super) fn patterns(texts: &[String]) -> Result<Vec<Pattern>, Problem> {
    let mut patterns = Vec::new();
    for text in texts {
        let pattern =
            Pattern::new(text).map_err(|error| Problem::usage(error, "`*` stands for any characters"))?;
        let known = catalogue::PROBES.iter().any(|probe| {
            let own = text.strip_prefix(probe.name).is_some_and(|rest| rest.starts_with('.'));
            let declared = own && probe.declared != crate::fact::Declared::No;
            let texts = probe.facts.iter().filter(|fact| is_text(&fact.ty.ty()));
            declared
                || texts.into_iter().any(|fact| pattern.matches(&format!("{}.{}", probe.name, fact.name)))
        });
        if !known {
            let diag = Diag::error(
                &code::UNKNOWN_FACT,
                format!("`--mask={text}` matches no text fact of any probe"),
            );
            return Err(diag
                .help("write `--mask=PROBE.FACT`; `muster explain PROBE` lists the facts")
                .into());
        }
        patterns.push(pattern);
    }
    Ok(patterns)
}

/// Masks what is private: what the command line names, and what a policy says.
pub(super) fn mask(
    setup: &Setup,
    named: &[Pattern],
    recording: &mut Recording,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let key = || match key(setup, redactor)? {
        Some(key) => Ok(key),
        None => random(),
    };
    let Some(mask) = Mask::of(setup, named, key)? else { return Ok(()) };
    let texts = mask.apply(recording);
    let texts = if texts == 1 { "1 text is".to_owned() } else { format!("{texts} texts are") };
    note(&format!("{texts} masked"));
    Ok(())
}

/// The key of masks that the project names.
pub(super) fn key(setup: &Setup, redactor: &Redactor) -> Result<Option<Vec<u8>>, Problem> {
    let Some(reference) = &setup.project.recordings.mask_key else { return Ok(None) };
    Ok(Some(super::targets::secret(reference, "the mask", redactor)?.expose().as_bytes().to_vec()))
}

/// Which texts are masked, and with which key.
pub(super) struct Mask {
    key: Vec<u8>,
    named: Vec<Pattern>,
    /// Facts that policies call private, with their probes.
    private: BTreeSet<(&'static str, Arc<str>)>,
}

impl Mask {
    /// Nothing if nothing is masked.
    pub(super) fn of(
        setup: &Setup,
        named: &[Pattern],
        key: impl FnOnce() -> Result<Vec<u8>, Problem>,
    ) -> Result<Option<Self>, Problem> {
        let observed = setup.policies().iter().flat_map(|policy| &policy.observe);
        let private: BTreeSet<(&str, Arc<str>)> = observed
            .flat_map(|observe| observe.private.iter().map(|fact| (observe.probe.name, Arc::clone(fact))))
            .collect();
        if named.is_empty() && private.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { key: key()?, named: named.to_vec(), private }))
    }

    /// Is this fact masked?
    pub(super) fn covers(&self, probe: &str, fact: &str) -> bool {
        let private = self.private.iter().any(|(name, own)| *name == probe && **own == *fact);
        private || self.named.iter().any(|pattern| pattern.matches(&format!("{probe}.{fact}")))
    }

    /// Masks, and says how many texts.
    pub(super) fn apply(&self, recording: &mut Recording) -> usize {
        let which = |probe: &str, field: &Field| self.covers(probe, &field.name);
        Masker::new(&self.key, &which).mask(recording)
    }

    /// What tells its key from others.
    pub(super) fn mark(&self) -> Arc<str> {
        Masker::new(&self.key, &|_, _| false).mark()
    }
}

/// A key that nobody knows.
pub(super) fn random() -> Result<Vec<u8>, Problem> {
    let mut key = vec![0; 32];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source
        .fill(&mut key)
        .map_err(|_none| Problem::usage("the system gives no random numbers", "nothing was written"))?;
    Ok(key)
}
