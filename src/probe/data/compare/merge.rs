//! Both sides in the order of their keys, row by row.

use std::cmp::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::pair::{Pair, Which};
use super::tally::{Difference, Sum, Tally};
use crate::fact::{Cause, Level, Missing};
use crate::probe::data::side::{Batch, Feed, Row};

/// How fast rows are read.
pub(in crate::probe::data) struct Pace {
    per_second: Option<u64>,
    begun: Instant,
    done: u64,
}

impl Pace {
    pub(in crate::probe::data) fn new(per_second: Option<u64>) -> Self {
        Self { per_second, begun: Instant::now(), done: 0 }
    }

    /// So many more were read of one side; waits if that was too fast.
    pub(in crate::probe::data) async fn took(&mut self, rows: usize, until: Instant) {
        let Some(limit) = self.per_second.filter(|limit| *limit > 0) else { return };
        self.done += u64::try_from(rows).unwrap_or(0);
        let due = Duration::from_micros(self.done.saturating_mul(1_000_000) / limit);
        tokio::time::sleep_until((self.begun + due).min(until)).await;
    }
}

/// Rows of one side, one at a time.
pub(in crate::probe::data) struct Cursor<'f, 'a> {
    feed: &'f mut Feed<'a>,
    pair: &'f Pair,
    which: Which,
    budget: u64,
    batch: Batch,
    at: usize,
    /// The last key of the batch before.
    last: Vec<u8>,
    pub(in crate::probe::data) seen: Sum,
    ended: bool,
    is_digested: bool,
}

impl<'f, 'a> Cursor<'f, 'a> {
    pub(in crate::probe::data) fn new(
        feed: &'f mut Feed<'a>,
        pair: &'f Pair,
        which: Which,
        budget: u64,
        digest: (Sum, bool),
    ) -> Self {
        let (seen, is_digested) = digest;
        let (batch, last) = (Batch::default(), Vec::new());
        Self { feed, pair, which, budget, batch, at: 0, last, seen, ended: false, is_digested }
    }

    /// The row that is there.
    fn row(&self) -> Option<Row<'_>> {
        self.batch.row(self.at)
    }

    /// Sees to it that a row is there, unless there is none any more.
    async fn ready(&mut self, pace: &mut Pace, until: Instant) -> Result<(), Missing> {
        if self.at < self.batch.len() || self.ended {
            return Ok(());
        }
        if let Some(row) = self.at.checked_sub(1).and_then(|at| self.batch.row(at)) {
            self.last.clear();
            self.last.extend_from_slice(row.key);
        }
        match self.feed.next().await? {
            None => {
                self.ended = true;
                self.batch = Batch::default();
                self.at = 0;
                return Ok(());
            }
            Some(batch) => (self.batch, self.at) = (batch, 0),
        }
        if self.batch.null_keys > 0 {
            return Err(self.unfit("is null in some rows"));
        }
        pace.took(self.batch.len(), until).await;
        // An empty key sorts before all others; the first row has nothing before it.
        if let Some(row) = self.batch.row(0)
            && self.seen.rows > 0
        {
            self.in_order(&self.last, row.key)?;
        }
        self.count()
    }

    fn count(&mut self) -> Result<(), Missing> {
        let Some(row) = self.batch.row(self.at) else { return Ok(()) };
        let digest = if self.is_digested { self.seen.of(row.content) } else { 0 };
        let bytes = row.content.len();
        self.seen.add(digest, bytes);
        if self.seen.rows > self.budget {
            return Err(super::over_budget(&self.pair.target.name, self.budget));
        }
        Ok(())
    }

    /// The next row of the batch, which must come later than the one before.
    fn advance(&mut self) -> Result<(), Missing> {
        if let Some((before, next)) = self.row().zip(self.batch.row(self.at + 1)) {
            self.in_order(before.key, next.key)?;
        }
        self.at += 1;
        self.count()
    }

    fn in_order(&self, before: &[u8], next: &[u8]) -> Result<(), Missing> {
        match before.cmp(next) {
            Ordering::Less => Ok(()),
            Ordering::Equal => Err(self.unfit("is not unique")),
            Ordering::Greater => {
                let what = format!("the {} does not sort {} as it was asked to", self.side(), self.table());
                Err(Missing::new(Cause::Undecidable, what).level(Level::Row))
            }
        }
    }

    fn side(&self) -> &'static str {
        if self.which == Which::Source { "source" } else { "target" }
    }

    fn table(&self) -> &str {
        &self.pair.table(self.which).name
    }

    fn unfit(&self, how: &str) -> Missing {
        let columns = self.pair.key.iter().filter_map(|place| self.pair.columns.get(*place));
        let names: Vec<&str> = columns.map(|both| &*both.of(self.which).name).collect();
        let what = format!("the key ({}) of {} {how} in the {}", names.join(", "), self.table(), self.side());
        Missing::new(Cause::Ambiguous, what)
            .level(Level::Row)
            .fix("repair the rows and add the key there, or compare with `method: multiset`")
    }
}

/// Compares all rows.
pub(in crate::probe::data) async fn merge(
    source: &mut Cursor<'_, '_>,
    target: &mut Cursor<'_, '_>,
    tally: &mut Tally<'_>,
    pace: &mut Pace,
    until: Instant,
) -> Result<(), Missing> {
    loop {
        source.ready(pace, until).await?;
        target.ready(pace, until).await?;
        let (was, is) = (source.row(), target.row());
        let (take_source, take_target) = match (was, is) {
            (None, None) => break,
            (Some(was), None) => {
                tally.add(Difference::Missing, was, None)?;
                (true, false)
            }
            (None, Some(is)) => {
                tally.add(Difference::Extra, is, None)?;
                (false, true)
            }
            (Some(was), Some(is)) => match was.key.cmp(is.key) {
                Ordering::Less => {
                    tally.add(Difference::Missing, was, None)?;
                    (true, false)
                }
                Ordering::Greater => {
                    tally.add(Difference::Extra, is, None)?;
                    (false, true)
                }
                Ordering::Equal => {
                    if was.content != is.content {
                        tally.add(Difference::Changed, is, Some(was))?;
                    }
                    (true, true)
                }
            },
        };
        if take_source {
            source.advance()?;
        }
        if take_target {
            target.advance()?;
        }
    }
    Ok(())
}
