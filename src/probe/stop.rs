//! When blocking work has to stop: at the deadline, or because nobody waits for its answer any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Context;
use crate::fact::{Cause, Missing};

/// Asked by work on a thread of its own.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    at: Instant,
    dropped: Arc<AtomicBool>,
}

/// Held by the future; when it is dropped, the work stops.
pub(crate) struct StopGuard(Arc<AtomicBool>);

impl Drop for StopGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stop {
    /// Stops a little before the deadline, so that what was found until then still arrives.
    pub(crate) fn new(cx: &Context) -> (Self, StopGuard) {
        let margin = (cx.remaining() / 10).min(Duration::from_millis(200));
        let at = cx.deadline.checked_sub(margin).unwrap_or(cx.deadline);
        let dropped = Arc::new(AtomicBool::new(false));
        (Self { at, dropped: Arc::clone(&dropped) }, StopGuard(dropped))
    }

    /// Stops after so long, for who looks without being asked by a run.
    pub(crate) fn within(time: Duration) -> Self {
        Self { at: Instant::now() + time, dropped: Arc::default() }
    }

    /// When.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Must it stop now?
    pub(crate) fn check(&self, doing: &str) -> Result<(), Missing> {
        if self.dropped.load(Ordering::Relaxed) {
            return Err(Missing::new(Cause::Cancelled, format!("nobody waited for the end of {doing}")));
        }
        if Instant::now() >= self.at {
            return Err(Missing::new(Cause::Timeout, format!("the deadline came while {doing}")));
        }
        Ok(())
    }
}
