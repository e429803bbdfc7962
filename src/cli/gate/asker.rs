//! Asks both sides, again and again, until somebody ends it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::fact::{Observation, Request};
use crate::observe::{Cancel, Live, Observer};
use crate::probe::system_clock;
use crate::secret::Redactor;

use super::super::output::Problem;
use super::super::records::Remembered;
use super::super::run::{MAX_ROWS, Options, asked_to_end, threads};
use super::super::setup::Setup;
use super::super::targets::{Reachable, reach};

/// Real targets, and what ends the asking.
pub(super) struct Asker {
    reachable: Reachable,
    runtime: Runtime,
    cancel: Cancel,
    redactor: Arc<Redactor>,
    salt: Arc<[u8]>,
    work: Option<Arc<Path>>,
}

impl Asker {
    /// For these questions.
    pub(super) fn new<'r>(
        setup: &Setup,
        requests: impl Iterator<Item = &'r Request>,
        redactor: &Arc<Redactor>,
        salt: &[u8],
        work: Option<&Path>,
    ) -> Result<Self, Problem> {
        let mut asked: BTreeSet<Arc<str>> = BTreeSet::new();
        for request in requests {
            asked.insert(Arc::clone(&request.key.target));
            asked.extend(request.others().into_iter().map(|(_, name)| Arc::from(name)));
        }
        let reachable = reach(&setup.entries, &setup.project, &|name| asked.contains(name), redactor)
            .map_err(Problem::new)?
            .remembering(|| Remembered::of_project(&setup.project, jiff::Timestamp::now()));
        let runtime = threads()?;
        let cancel = Cancel::default();
        let ended = cancel.clone();
        runtime.spawn(async move {
            if asked_to_end().await.is_ok() {
                ended.cancel();
            }
        });
        let redactor = Arc::clone(redactor);
        Ok(Self { reachable, runtime, cancel, redactor, salt: salt.into(), work: work.map(Arc::from) })
    }

    /// Asks all of these at once, for so long at most.
    pub(super) fn ask(
        &self,
        requests: &[Request],
        options: &Options,
        most: Option<Duration>,
    ) -> Vec<Observation> {
        let bar = options.progress.then(|| super::super::output::progress(requests.len())).flatten();
        let live = Live {
            targets: self.reachable.targets.clone(),
            unusable: self.reachable.unusable.clone(),
            clock: system_clock(),
            redactor: Arc::clone(&self.redactor),
            jobs: options.jobs,
            deadline: options.deadline,
            run: [options.timeout, most].into_iter().flatten().min(),
            max_rows: MAX_ROWS,
            cancel: self.cancel.clone(),
            progress: bar,
            ledger: options.ledger.clone(),
            work: self.work.clone(),
            salt: Arc::clone(&self.salt),
            house: self.reachable.house.clone(),
            host: Arc::from(super::super::edge::host()),
        };
        let answers = self.runtime.block_on(live.observe(requests));
        super::super::output::end_progress();
        answers
    }

    /// Did somebody end it?
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Waits, or until somebody ends it.
    pub(super) fn pause(&self, pause: Duration) {
        self.runtime.block_on(async {
            tokio::select! {
                () = self.cancel.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        });
    }

    /// Ends it without waiting for whoever does not answer.
    pub(super) fn end(self) {
        self.runtime.shutdown_background();
    }
}
