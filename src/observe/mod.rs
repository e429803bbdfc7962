//! Asking: concurrency, deadlines, cancellation for live targets; recordings for replay.

mod limits;
mod live;
mod replay;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::fact::{Cause, Level, Missing, Observation, Request};
use crate::plan::TargetInfo;

pub use limits::{Ledger, Spent};
pub use live::{Cancel, Live, Progress};
pub use replay::Replay;

/// Answers in the order of the requests.
pub type Answers<'a> = Pin<Box<dyn Future<Output = Vec<Observation>> + Send + 'a>>;

/// Who answers requests.
pub trait Observer: Send + Sync {
    /// Answers every request; one that cannot be answered is an observation that says why.
    fn observe<'a>(&'a self, requests: &'a [Request]) -> Answers<'a>;
}

/// Compares the role that a target says it has with its label, before the first judgement. After a failover a
/// label `role: primary` is a lie, and everything that is judged by it would be about the wrong system.
pub fn verify(answers: &mut [Observation], targets: &[Arc<TargetInfo>]) {
    for target in targets {
        let Some(said) = target.labels.get("role") else { continue };
        let of_target = |answer: &&Observation| answer.key.target == target.name;
        let seen = answers.iter().filter(of_target).find_map(|answer| answer.identity.role.clone());
        let Some(seen) = seen.filter(|seen| seen != said) else { continue };
        let what = format!("the project file says `role: {said}`, and the target says it is a {seen}");
        let fix = "after a failover correct the label or the address in muster.yaml";
        let why = Arc::new(Missing::new(Cause::WrongTarget, what).level(Level::Target).fix(fix));
        for answer in answers.iter_mut().filter(|answer| answer.key.target == target.name) {
            answer.result = Err(Arc::clone(&why));
        }
    }
}
