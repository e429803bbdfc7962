//! What was found of a table: counts, columns, a sample of keys, digests.

use std::collections::BTreeMap;
use std::io::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::pair::Pair;
use super::shown;
use crate::fact::{Cause, Missing};
use crate::probe::data::side::Row;

/// The result of one table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::probe::data) struct Found {
    pub(in crate::probe::data) source_table: String,
    pub(in crate::probe::data) method: String,
    pub(in crate::probe::data) rows: u64,
    pub(in crate::probe::data) source_rows: u64,
    pub(in crate::probe::data) missing: u64,
    pub(in crate::probe::data) extra: u64,
    pub(in crate::probe::data) changed: u64,
    pub(in crate::probe::data) columns: Vec<String>,
    pub(in crate::probe::data) keys: Vec<String>,
    pub(in crate::probe::data) bytes: u64,
    pub(in crate::probe::data) digest: String,
    pub(in crate::probe::data) source_digest: String,
}

/// What a row is, seen from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe::data) enum Difference {
    Missing,
    Extra,
    Changed,
}

/// The sum of the digests of rows, whose order does not matter; equal rows do not cancel out.
#[derive(Clone)]
pub(in crate::probe::data) struct Sum {
    mac: Hmac<Sha256>,
    total: u128,
    pub(in crate::probe::data) rows: u64,
    pub(in crate::probe::data) bytes: u64,
}

impl Sum {
    /// With the key of the run's digests.
    pub(in crate::probe::data) fn new(salt: &[u8]) -> Result<Self, Missing> {
        let mac = Hmac::<Sha256>::new_from_slice(salt)
            .map_err(|error| Missing::new(Cause::Internal, format!("the key of digests: {error}")))?;
        Ok(Self { mac, total: 0, rows: 0, bytes: 0 })
    }

    /// 128 bits of the keyed digest of a row.
    pub(in crate::probe::data) fn of(&self, content: &[u8]) -> u128 {
        let mut mac = self.mac.clone();
        mac.update(content);
        let bytes = mac.finalize().into_bytes();
        bytes.first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half))
    }

    /// Adds a row that has this digest.
    pub(in crate::probe::data) fn add(&mut self, digest: u128, bytes: usize) {
        self.total = self.total.wrapping_add(digest);
        self.rows += 1;
        self.bytes += u64::try_from(bytes).unwrap_or(0);
    }

    /// As a text.
    pub(in crate::probe::data) fn text(&self) -> String {
        format!("{:032x}", self.total)
    }

    pub(in crate::probe::data) fn is_like(&self, other: &Self) -> bool {
        (self.total, self.rows) == (other.total, other.rows)
    }
}

/// Counts differences, and keeps some of their keys.
pub(in crate::probe::data) struct Tally<'a> {
    pair: &'a Pair,
    sample: usize,
    /// Keys are told as keyed digests.
    private: Option<Sum>,
    all: Option<std::io::BufWriter<std::fs::File>>,
    pub(in crate::probe::data) missing: u64,
    pub(in crate::probe::data) extra: u64,
    pub(in crate::probe::data) changed: u64,
    columns: BTreeMap<usize, u64>,
    pub(in crate::probe::data) keys: Vec<String>,
}

impl<'a> Tally<'a> {
    pub(in crate::probe::data) fn new(
        pair: &'a Pair,
        sample: usize,
        private: Option<Sum>,
        all: Option<std::fs::File>,
    ) -> Self {
        let all = all.map(std::io::BufWriter::new);
        let (columns, keys) = (BTreeMap::new(), Vec::new());
        Self { pair, sample, private, all, missing: 0, extra: 0, changed: 0, columns, keys }
    }

    /// A row that differs; of a changed one, the row of the other side.
    pub(in crate::probe::data) fn add(
        &mut self,
        what: Difference,
        row: Row<'_>,
        other: Option<Row<'_>>,
    ) -> Result<(), Missing> {
        let word = match what {
            Difference::Missing => {
                self.missing += 1;
                "missing"
            }
            Difference::Extra => {
                self.extra += 1;
                "extra"
            }
            Difference::Changed => {
                self.changed += 1;
                "changed"
            }
        };
        if let Some(other) = other {
            let frames = shown::frames(row.content).zip(shown::frames(other.content));
            for (place, _) in frames.enumerate().filter(|(_, (a, b))| a != b) {
                *self.columns.entry(place).or_default() += 1;
            }
        }
        if self.keys.len() < self.sample || self.all.is_some() {
            let key = self.key(row);
            if let Some(all) = &mut self.all {
                writeln!(all, "{word}\t{key}").map_err(|error| unwritten(&error))?;
            }
            if self.keys.len() < self.sample {
                self.keys.push(key);
            }
        }
        Ok(())
    }

    /// How a row is named to people: its key, or a digest of it.
    fn key(&self, row: Row<'_>) -> String {
        let frames: Vec<&[u8]> = shown::frames(row.content).collect();
        let parts = self.pair.key.iter().filter_map(|place| frames.get(*place).copied());
        match &self.private {
            Some(sum) => format!("{:032x}", sum.of(&parts.collect::<Vec<_>>().concat())),
            None => parts.map(shown::text).collect::<Vec<_>>().join(", "),
        }
    }

    /// Columns that differ, with how many rows.
    pub(in crate::probe::data) fn columns(&self) -> Vec<String> {
        let name = |place: &usize| self.pair.columns.get(*place).map(|both| both.target.name.to_string());
        let mut found: Vec<(&usize, &u64)> = self.columns.iter().collect();
        found.sort_by_key(|(place, count)| (std::cmp::Reverse(**count), **place));
        found.into_iter().filter_map(|(place, count)| Some(format!("{} ({count})", name(place)?))).collect()
    }

    /// Ends the list of all keys.
    pub(in crate::probe::data) fn finish(&mut self) -> Result<(), Missing> {
        self.all.as_mut().map_or(Ok(()), std::io::Write::flush).map_err(|error| unwritten(&error))
    }
}

fn unwritten(error: &std::io::Error) -> Missing {
    Missing::new(Cause::Limit, format!("the list of differing keys cannot be written: {error}"))
}
