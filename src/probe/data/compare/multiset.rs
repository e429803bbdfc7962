//! Tables without a key: how often each row is there, by the sums of digests first.

use std::collections::HashMap;

use super::merge::Pace;
use super::pair::Pair;
use super::tally::Sum;
use crate::fact::{Cause, Level, Missing};
use crate::probe::data::side::Feed;
use tokio::time::Instant;

/// Groups by the first byte of the digest.
const GROUPS: usize = 256;

/// Digests that are held at once.
const HELD: u64 = 1_000_000;

/// Passes over both sides at most.
const PASSES: usize = 32;

/// The sums of one side.
pub(super) struct Sums {
    pub(super) whole: Sum,
    groups: Vec<Sum>,
}

/// Reads all rows of a side.
pub(super) async fn sums(
    feed: &mut Feed<'_>,
    pair: &Pair,
    salt: &[u8],
    budget: u64,
    pace: &mut Pace,
    until: Instant,
) -> Result<Sums, Missing> {
    let mut whole = Sum::new(salt)?;
    let mut groups = vec![Sum::new(salt)?; GROUPS];
    while let Some(batch) = feed.next().await? {
        for row in (0..batch.len()).filter_map(|index| batch.row(index)) {
            let digest = whole.of(row.content);
            whole.add(digest, row.content.len());
            if let Some(group) = groups.get_mut(group_of(digest)) {
                group.add(digest, row.content.len());
            }
        }
        if whole.rows > budget {
            return Err(super::over_budget(&pair.target.name, budget));
        }
        pace.took(batch.len(), until).await;
    }
    Ok(Sums { whole, groups })
}

fn group_of(digest: u128) -> usize {
    usize::from(digest.to_be_bytes().first().copied().unwrap_or(0))
}

/// Groups that differ, gathered so that those of one pass can be held.
pub(super) fn passes(source: &Sums, target: &Sums, pair: &Pair) -> Result<Vec<Vec<usize>>, Missing> {
    let mut passes: Vec<(u64, Vec<usize>)> = Vec::new();
    for (group, (was, is)) in source.groups.iter().zip(&target.groups).enumerate() {
        if was.is_like(is) {
            continue;
        }
        let rows = was.rows + is.rows;
        match passes.last_mut() {
            Some((held, groups)) if *held + rows <= HELD => {
                *held += rows;
                groups.push(group);
            }
            _ => passes.push((rows, vec![group])),
        }
    }
    if passes.len() > PASSES || passes.iter().any(|(held, _)| *held > 4 * HELD) {
        let what = format!(
            "{} has no key, differs, and has too many rows to count those that differ",
            pair.target.name
        );
        let why = Missing::new(Cause::Limit, what).level(Level::Row);
        return Err(why.fix("add a primary key on both sides"));
    }
    Ok(passes.into_iter().map(|(_, groups)| groups).collect())
}

/// How often each digest is there more in the source than in the target.
#[derive(Default)]
pub(super) struct Surplus(HashMap<u128, i64>);

impl Surplus {
    /// Adds the rows of one side that belong to these groups.
    pub(super) async fn add(
        &mut self,
        feed: &mut Feed<'_>,
        sum: &Sum,
        groups: &[usize],
        by: i64,
        until: Instant,
        pace: &mut Pace,
    ) -> Result<(), Missing> {
        while let Some(batch) = feed.next().await? {
            for row in (0..batch.len()).filter_map(|index| batch.row(index)) {
                let digest = sum.of(row.content);
                if groups.contains(&group_of(digest)) {
                    *self.0.entry(digest).or_default() += by;
                }
            }
            pace.took(batch.len(), until).await;
        }
        Ok(())
    }

    /// Rows that only the source has, and rows that only the target has.
    pub(super) fn differences(&self) -> (u64, u64) {
        let (mut missing, mut extra) = (0, 0);
        // The order does not matter to a sum.
        let mut counts: Vec<i64> = self.0.values().copied().collect();
        counts.sort_unstable();
        for count in counts {
            if count > 0 {
                missing += count.unsigned_abs();
            } else {
                extra += count.unsigned_abs();
            }
        }
        (missing, extra)
    }
}
