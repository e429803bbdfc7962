//! The store of the project: what was judged before, and remembering what was judged now.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::diag::{Diag, code};
use crate::fact::Recording;
use crate::plan::Plan;
use crate::policy::Project;
use crate::secret::Redactor;
use crate::store::{Store, StoreError};
use crate::verdict::{Recall, RunReport};

use super::output::Problem;
use super::setup::Sources;

/// Earlier than the longest `for`, so that a sample from before it is found.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn unusable(error: &StoreError) -> Problem {
    Problem::from(
        Diag::error(&code::STORE, error.to_string())
            .help("or name another file under `store:` in muster.yaml, or remove `store:`"),
    )
}

/// Runs something that only waits for the store.
pub(super) fn wait<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => Err(StoreError::Io { path: "(any)".to_owned(), why: error.to_string() }),
    }
}

/// The store of a project, which is there.
pub(super) struct Opened {
    pub(super) project: Project,
    pub(super) path: PathBuf,
}

/// The store of the project here; without one, or before the first run, there is nothing to be read.
pub(super) fn opened(sources: &Sources, what: &str) -> Result<Opened, Problem> {
    let help = "`store: { path: .muster/store.db }` in muster.yaml makes `muster check` remember every run";
    let project = super::setup::project(sources)?.ok_or_else(|| {
        Problem::usage(
            format!("no {what} are known: there is no muster.yaml here or in a folder above"),
            help,
        )
    })?;
    let Some((path, _)) = project.store.clone() else {
        return Err(Problem::usage(format!("no {what} are known: the project has no store"), help));
    };
    if !path.exists() {
        let message = format!("no {what} are known: the store `{}` is not there yet", path.display());
        return Err(Problem::usage(message, "`muster check` makes it"));
    }
    Ok(Opened { project, path })
}

/// What earlier runs say about the checks of a plan. Without a store nothing is known.
pub(super) fn recall(project: &Project, plan: &Plan, at: Timestamp) -> Result<Recall, Problem> {
    let Some((path, _)) = &project.store else { return Ok(Recall::default()) };
    let held = |check: &crate::plan::Check| check.policy.alert.as_ref().and_then(|alert| alert.held);
    let checks: Vec<(Arc<str>, Arc<str>)> = plan
        .checks
        .iter()
        .filter(|check| held(check).is_some())
        .map(|check| (Arc::clone(&check.policy.id), Arc::clone(&check.target.name)))
        .collect();
    let longest = plan.checks.iter().filter_map(held).max().unwrap_or(0);
    let back = SignedDuration::from_micros(longest).saturating_mul(3).saturating_add(MARGIN);
    let since = at.checked_sub(back).unwrap_or(Timestamp::MIN);
    // A store that cannot be opened is said before anything is observed, also if nothing has to be recalled.
    let recalled = wait(async {
        let store = Store::open(path).await?;
        let recalled = store.recall(&checks, since).await;
        store.close().await;
        recalled
    });
    recalled.map_err(|error| unusable(&error))
}

/// Remembers a run; secrets are removed first.
pub(super) fn remember(
    project: &Project,
    report: &RunReport,
    recording: &Recording,
    redactor: &Redactor,
) -> Result<(), Problem> {
    let Some((path, keep)) = &project.store else { return Ok(()) };
    let (report, recording) = (clean_report(report, redactor)?, clean_recording(recording, redactor)?);
    let oldest = keep.and_then(|keep| before(recording.started, keep));
    let remembered = wait(async {
        let store = Store::open(path).await?;
        let result = async {
            store.remember(&report, Some(&recording)).await?;
            if let Some(oldest) = oldest {
                store.prune(oldest).await?;
            }
            Ok(())
        }
        .await;
        store.close().await;
        result
    });
    remembered.map_err(|error| unusable(&error))
}

fn before(at: Timestamp, keep: Duration) -> Option<Timestamp> {
    at.checked_sub(SignedDuration::try_from(keep).ok()?).ok()
}

fn lost(what: &str) -> Problem {
    Problem::usage(
        format!("the {what} cannot be remembered without its secrets"),
        "this is a fault of muster; please report it",
    )
}

fn clean_report(report: &RunReport, redactor: &Redactor) -> Result<RunReport, Problem> {
    if redactor.is_empty() {
        return Ok(report.clone());
    }
    let text = serde_json::to_string(report).map_err(|_unwritable| lost("report"))?;
    serde_json::from_str(&redactor.clean(&text)).map_err(|_unreadable| lost("report"))
}

fn clean_recording(recording: &Recording, redactor: &Redactor) -> Result<Recording, Problem> {
    if redactor.is_empty() {
        return Ok(recording.clone());
    }
    let text = redactor.clean(&recording.to_json().to_string());
    let json = serde_json::from_str(&text).map_err(|_unreadable| lost("recording"))?;
    Recording::from_json(&json).map_err(|_unreadable| lost("recording"))
}
