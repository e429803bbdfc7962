//! The hashes of all rows of a side, summed up by group.

use super::native::{Marked, Total};
use super::over_budget;
use super::pair::Pair;
use crate::fact::{Cause, Missing};
use crate::probe::data::side::Feed;

/// So many groups at most: 16 MiB for each side.
const MOST: usize = 1 << 20;

/// How many groups are made of so many rows: a power of two, with few rows in each.
pub(super) fn groups_of(rows: u64) -> usize {
    let rows = usize::try_from(rows / 4).unwrap_or(MOST);
    rows.clamp(super::native::GROUPS, MOST).next_power_of_two()
}

/// The sums of one side.
pub(super) struct Sums {
    /// Count and sum of each group; the sum as if it were larger.
    groups: Vec<(u64, u64)>,
    pub(super) total: Total,
}

impl Sums {
    /// Reads group and hash of all rows.
    pub(super) async fn read(
        feed: &mut Feed<'_>,
        pair: &Pair,
        groups: usize,
        budget: u64,
    ) -> Result<Self, Missing> {
        let mut sums = Self { groups: vec![(0, 0); groups], total: Total { rows: 0, sum: 0 } };
        while let Some(batch) = feed.next().await? {
            for row in (0..batch.len()).filter_map(|index| batch.row(index)) {
                sums.add(row.content).ok_or_else(|| {
                    Missing::new(Cause::Malformed, "the hash of a row is not one number of 64 bits")
                })?;
            }
            if sums.total.rows > budget {
                return Err(over_budget(&pair.target.name, budget));
            }
        }
        Ok(sums)
    }

    /// Adds a row: group and hash, each behind five bytes for tag and length.
    fn add(&mut self, content: &[u8]) -> Option<()> {
        let (group, rest) = content.get(5..)?.split_first_chunk()?;
        let hash = i64::from_be_bytes(rest.get(5..)?.try_into().ok()?);
        let group = self.groups.get_mut(usize::try_from(u64::from_be_bytes(*group)).ok()?)?;
        group.0 += 1;
        group.1 = group.1.wrapping_add(hash.cast_unsigned());
        self.total.rows += 1;
        self.total.sum += i128::from(hash);
        Some(())
    }

    /// The groups in which they differ.
    pub(super) fn marked(&self, other: &Self) -> Marked {
        let mut marked = Marked::new(self.groups.len());
        for (group, (was, is)) in self.groups.iter().zip(&other.groups).enumerate() {
            if was != is {
                marked.mark(Some(group));
            }
        }
        marked
    }
}
