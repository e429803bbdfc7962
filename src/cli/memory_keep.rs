//! How long runs are kept: what is older is forgotten now and then, by the run that comes next.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::policy::project::Keep;
use crate::store::{Keeping, Store, StoreError};

use super::memory::wait;
use super::memory_shared::{self, Place};
use super::run::day;

/// Two hosts may differ so much before a clock is said to be wrong.
const JITTER: SignedDuration = SignedDuration::from_mins(5);

/// When a run of the past has begun at the latest: what began later is of a clock that is, or was, wrong.
pub(super) fn latest(now: Timestamp) -> Timestamp {
    now.checked_add(JITTER).unwrap_or(Timestamp::MAX)
}

/// Forgets what is older than it is kept. `span` is that of the runs before this one; `gap`: some of them are not here.
pub(super) fn forget(
    place: &Place,
    span: Option<(Timestamp, Timestamp)>,
    gap: bool,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some((keep, span)) = place.keep.as_ref().zip(span) else { return Ok(()) };
    if !keep.tiers.is_empty() {
        // A copy that lacks runs does not know what became of them.
        let due = !gap && day(span.1) < day(at);
        return if due { retain(place, keep, at.min(span.1)) } else { Ok(()) };
    }
    let Some(oldest) = outlived(span, at, keep.rest) else { return Ok(()) };
    wait(async {
        let store = Store::open(&place.path).await?;
        let pruned = store.prune(oldest).await;
        store.close().await;
        pruned.map(|_runs| ())
    })
}

/// Forgets by tiers: the first run of a day does it. A shared log goes first: what the copy does not know any more nobody
/// would ever forget there.
fn retain(place: &Place, keep: &Keep, at: Timestamp) -> Result<(), StoreError> {
    let gone = with(place, async |store| store.outlived(&keeping(keep), at).await)?;
    if gone.is_empty()
        || !place.shared.as_ref().map_or(Ok(true), |shared| memory_shared::forget(shared, gone.clone()))?
    {
        return Ok(());
    }
    with(place, async |store| store.forget(&gone).await.map(drop))
}

fn with<T>(place: &Place, ask: impl AsyncFnOnce(&Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
    wait(async {
        let store = Store::open(&place.path).await?;
        let answer = ask(&store).await;
        store.close().await;
        answer
    })
}

/// How long runs are kept, as the store takes it.
pub(super) fn keeping(keep: &Keep) -> Keeping {
    let span = |duration: Duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let tiers = keep.tiers.iter().map(|(tier, duration)| (tier.word().to_owned(), span(*duration)));
    Keeping { tiers: tiers.collect(), rest: span(keep.rest) }
}

/// Before which time runs are forgotten, if that is worth it: pruning looks at the whole file, so it waits until a
/// twentieth of the time, or a day, has come together. A clock that jumped ahead for one run must not forget the
/// past, so the time of the run before counts where it is earlier.
pub(super) fn outlived(
    (oldest, newest): (Timestamp, Timestamp),
    at: Timestamp,
    keep: Duration,
) -> Option<Timestamp> {
    let slack = SignedDuration::try_from(keep / 20).ok()?.min(SignedDuration::from_hours(24));
    let end = at.min(newest).checked_sub(SignedDuration::try_from(keep).ok()?).ok()?;
    (oldest < end.checked_sub(slack).ok()?).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outlived_its_time_is_forgotten_now_and_then_and_not_for_a_clock_that_jumped() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let keep = Duration::from_hours(100);
        assert_eq!(outlived((at(0), at(99)), at(100), keep), None);
        assert_eq!(outlived((at(0), at(104)), at(105), keep), None, "not yet worth it");
        assert_eq!(outlived((at(0), at(106)), at(107), keep), Some(at(6)));
        assert_eq!(outlived((at(0), at(50)), at(1_000_000), keep), None, "the clock jumped ahead");
        assert_eq!(outlived((at(0), at(1_000_000)), at(50), keep), None, "and came back");
    }
}
