//! Removes canaries: our own at the end, and those of runs that were killed.

use std::path::PathBuf;

use tokio::time::Instant;

use super::guardian::Guardian;
use super::marker::{Marker, folder};
use super::step::Step;
use crate::fact::Missing;
use crate::probe::{Context, blocking};

/// The step that removes, and where canaries are remembered.
pub(super) struct Cleaner {
    step: Step,
    folder: PathBuf,
    way: String,
}

/// A canary that will be removed, in whatever way muster ends.
pub(super) struct Cleanup {
    marker: Marker,
    guardian: Option<Guardian>,
}

impl Cleaner {
    /// For this target.
    pub(super) async fn new(step: Step, cx: &Context) -> Result<Self, Missing> {
        let address = cx.target.url.as_ref().map(|url| url[url::Position::BeforeHost..].to_owned());
        let way = format!("{} {:?} {}", cx.target.name, address, step.identity());
        let folder = blocking(folder).await?;
        Ok(Self { step, folder, way })
    }

    /// Removes what runs that were killed have left; how many could not be removed.
    pub(super) async fn sweep(&self, cx: &Context, until: Instant) -> Result<u64, Missing> {
        let mut left = 0;
        for marker in Marker::left(&self.folder, &self.way)? {
            match self.step.take(&marker.token, cx, until).await {
                Ok(outcome) if outcome.removed() => marker.forget()?,
                Ok(_) | Err(_) => left += 1,
            }
        }
        Ok(left)
    }

    /// Sees to it that this one will be removed.
    pub(super) fn prepare(&self, token: &str, cx: &Context) -> Result<Cleanup, Missing> {
        let marker = Marker::new(&self.folder, &self.way, token)?;
        let guardian = match &self.step {
            Step::Command(words) => Some(Guardian::new(words, &cx.target.name, token)?),
            // A call needs muster; the next run makes it.
            Step::Call { .. } => None,
        };
        Ok(Cleanup { marker, guardian })
    }

    /// Removes it; what the step said if it could not. Then the guardian tries once more, and the next run.
    pub(super) async fn end(
        &self,
        cleanup: Cleanup,
        cx: &Context,
        until: Instant,
    ) -> Result<Result<(), String>, Missing> {
        let outcome = match self.step.take(&cleanup.marker.token, cx, until).await {
            Ok(outcome) => outcome,
            Err(why) => return Ok(Err(why.what)),
        };
        if !outcome.removed() {
            return Ok(Err(format!("`clean` answered with {}: {}", outcome.code, outcome.said)));
        }
        if let Some(guardian) = cleanup.guardian {
            guardian.done();
        }
        cleanup.marker.forget()?;
        Ok(Ok(()))
    }
}
