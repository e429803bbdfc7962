//! Connections that wait for the next question to the same target in the same run, and what the questions cost.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many connections wait at most: as many as a target is asked questions at once.
const MOST: usize = 2;

/// Something that can wait, and be ended.
pub(crate) trait Kept: Send {
    /// Ends it in order.
    fn end(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
    /// Itself.
    fn any(self: Box<Self>) -> Box<dyn Any + Send>;
}

/// What waits, the longest first, by name (of a database).
#[derive(Default)]
pub struct Idle(Mutex<Vec<(String, Box<dyn Kept>)>>);

impl Idle {
    /// Takes one of that name.
    pub(crate) fn take<T: 'static>(&self, name: &str) -> Option<Box<T>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().position(|(known, _)| known == name)?;
        waiting.remove(found).1.any().downcast().ok()
    }

    /// Keeps one; the one that waited longest is given back if there are too many.
    pub(crate) fn keep(&self, name: &str, kept: Box<dyn Kept>) -> Option<Box<dyn Kept>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push((name.to_owned(), kept));
        (waiting.len() > MOST).then(|| waiting.remove(0).1)
    }

    /// Ends all.
    pub(crate) async fn end(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, kept) in all {
            kept.end().await;
        }
    }
}

/// Counts the statements of one answer.
#[derive(Default)]
pub struct Meter {
    statements: AtomicU32,
    micros: AtomicU64,
}

impl Meter {
    /// One more, which took so long.
    pub(crate) fn add(&self, took: Duration) {
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many, and microseconds of all together.
    pub fn read(&self) -> (u32, u64) {
        (self.statements.load(Ordering::Relaxed), self.micros.load(Ordering::Relaxed))
    }
}
