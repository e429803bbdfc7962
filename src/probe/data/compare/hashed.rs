//! A table whose rows both servers hash: which rows have to be compared, and the comparison of these.

use super::native::{self, Groups, Hashes, Marked, Total};
use super::over_budget;
use super::pair::Which;
use super::sums::{Sums, groups_of};
use super::table::Comparing;
use super::tally::Found;
use crate::fact::Missing;

/// Which rows have to be compared one by one.
enum Left {
    /// None.
    Nothing,
    /// All.
    All,
    /// Those of groups that differ.
    Some(Box<Marked>),
}

/// Sums over all rows of the source and of the target.
type Proof = Option<(Total, Total)>;

impl Comparing<'_, '_> {
    pub(super) async fn native(&mut self, hashes: &(Hashes, Hashes)) -> Result<Found, Missing> {
        let (proof, left) = self.left(hashes).await?;
        let differing = match left {
            Left::Nothing => Found::default(),
            Left::All => self.stream("native", None).await?,
            Left::Some(marked) => {
                let only = (marked.only(&hashes.0), marked.only(&hashes.1));
                self.stream("native", Some(only)).await?
            }
        };
        let bytes = self.target.size(&self.pair.target).await?;
        let found = Found { method: "native".to_owned(), bytes, ..differing };
        let Some((was, is)) = proof else { return Ok(found) };
        Ok(Found {
            rows: is.rows,
            source_rows: was.rows,
            digest: is.digest(),
            source_digest: was.digest(),
            ..found
        })
    }

    /// What the hashes leave open. Nothing only if the sums of all rows are the same.
    async fn left(&mut self, hashes: &(Hashes, Hashes)) -> Result<(Proof, Left), Missing> {
        if native::may_ask_first(self.pair) {
            let first = self.first_rows(hashes).await?;
            if first.are_many() {
                // The proof is asked for only if somebody wants to see it.
                let groups = if self.options.is_digested { Some(self.groups(hashes).await?) } else { None };
                let proof = groups.map(|(was, is)| (Total::of(&was), Total::of(&is)));
                return Ok((proof, Left::All));
            }
            if !first.is_none() {
                return self.by_every_row(hashes, self.estimate()).await;
            }
        }
        let (was, is) = self.groups(hashes).await?;
        let proof = (Total::of(&was), Total::of(&is));
        if was == is {
            return Ok((Some(proof), Left::Nothing));
        }
        let marked = Marked::of(&was, &is);
        if marked.are_many() {
            return self.by_every_row(hashes, proof.0.rows.max(proof.1.rows)).await;
        }
        Ok((Some(proof), Left::Some(Box::new(marked))))
    }

    fn estimate(&self) -> u64 {
        let rows = self.pair.target.estimate.max(self.pair.source.estimate);
        rows.and_then(|rows| u64::try_from(rows).ok()).unwrap_or(1_000_000)
    }

    /// The hashes of all rows, of which something is known to differ.
    async fn by_every_row(&mut self, hashes: &(Hashes, Hashes), rows: u64) -> Result<(Proof, Left), Missing> {
        let (pair, budget, groups) = (self.pair, self.options.budget, groups_of(rows));
        let was = native::every_row(&self.select(Which::Source, None, false), &hashes.0, groups)?;
        let is = native::every_row(&self.select(Which::Target, None, false), &hashes.1, groups)?;
        let (mut was, mut is) = (self.source.feed(was)?, self.target.feed(is)?);
        let (source, target) = tokio::join!(
            Sums::read(&mut was, pair, groups, budget),
            Sums::read(&mut is, pair, groups, budget)
        );
        let (source, target) = (source?, target?);
        self.source.back(was).await;
        self.target.back(is).await;
        let marked = source.marked(&target);
        // Something differs, so that no group does is no answer.
        let is_all = marked.is_none() || marked.are_many();
        let left = if is_all { Left::All } else { Left::Some(Box::new(marked)) };
        Ok((Some((source.total, target.total)), left))
    }

    /// Count and sum of all rows, by group.
    async fn groups(&mut self, hashes: &(Hashes, Hashes)) -> Result<(Groups, Groups), Missing> {
        let (was, is) = (self.select(Which::Source, None, false), self.select(Which::Target, None, false));
        let (was, is) = tokio::join!(
            native::groups(self.source, &was, &hashes.0),
            native::groups(self.target, &is, &hashes.1)
        );
        let (was, is) = (was?, is?);
        if Total::of(&was).rows.max(Total::of(&is).rows) > self.options.budget {
            return Err(over_budget(&self.pair.target.name, self.options.budget));
        }
        Ok((was, is))
    }

    async fn first_rows(&mut self, hashes: &(Hashes, Hashes)) -> Result<Marked, Missing> {
        let (was, is) = (self.select(Which::Source, None, false), self.select(Which::Target, None, false));
        let (was, is) = tokio::join!(
            native::first_rows(self.source, &was, &hashes.0),
            native::first_rows(self.target, &is, &hashes.1)
        );
        Ok(Marked::of(&was?, &is?))
    }
}
