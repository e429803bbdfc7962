//! Both servers hash their rows themselves (`chain`), where both are PostgreSQL and keep the columns alike.
//!
//! What is asked depends on how much differs, which the first rows in the order of the key tell beforehand:
//!
//! 1. Nothing, as far as is seen: each server sums up the hashes of all its rows, in 1,024 groups by the key. If all sums
//!    and counts are the same, that ends it.
//! 2. Something, or many of these groups: the servers send the hashes of all rows, as they come, and they are summed up
//!    here for up to a million groups (`sums`).
//! 3. Rows of groups that differ are compared one by one; all rows if these groups are many.
//!
//! The hashes only ever choose which rows are compared. That there is no difference, only the sums of all rows can say.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::chain::{chained, whole_number};
use super::pair::{Both, Pair, Which};
use super::sql::Select;
use crate::fact::{Cause, Missing};
use crate::probe::data::canonical::Kind;
use crate::probe::data::side::{Decode, Reading, Shape, Side, fault};
use crate::probe::data::tables::Engine;

/// A server puts rows into so many groups by the hash of their key.
pub(super) const GROUPS: usize = 1_024;

/// So many rows tell whether others differ.
const FIRST_ROWS: usize = 4_000;

/// Among fewer rows than these, the first ones need not be asked for.
const FEW: i64 = 100_000;

/// More columns than this would nest too deep for the server's stack.
const WIDEST: usize = 400;

/// The first version whose records can be hashed.
const FIRST: i64 = 140_000;

/// Count and sum of the hashes of each group.
pub(super) type Groups = BTreeMap<i64, (u64, i128)>;

/// How the rows of one side are hashed.
pub(super) struct Hashes {
    row: String,
    key: String,
}

impl Hashes {
    /// For one side; nothing if its rows cannot be hashed as those of the other side are.
    pub(super) fn new(pair: &Pair, which: Which, seed: i64) -> Option<Self> {
        if pair.columns.len() > WIDEST || pair.key.is_empty() {
            return None;
        }
        // What has no hash is equal to nothing.
        let none = match which {
            Which::Source => seed.rotate_left(17) ^ 0x5bd1_e995_9e37_79b9,
            Which::Target => seed.rotate_left(41) ^ 0x2545_f491_4f6c_dd1d,
        };
        let key: Vec<&Both> = pair.key.iter().filter_map(|place| pair.columns.get(*place)).collect();
        let row = chained(pair.columns.iter(), which, seed)?;
        let key = whole_number(&key, which).or_else(|| chained(key.into_iter(), which, seed))?;
        Some(Self { row: format!("coalesce({row}, '{none}'::int8)"), key: format!("coalesce({key}, 0)") })
    }

    /// The group of a row, of so many, which is a power of two.
    fn group(&self, groups: usize) -> String {
        format!("({} & {})", self.key, groups.saturating_sub(1))
    }
}

/// Can both hash, and do the same bytes mean the same text to them?
pub(super) async fn both_can(source: &mut Side<'_>, target: &mut Side<'_>) -> Result<bool, Missing> {
    let can = |side: &Side<'_>| side.engine == Engine::Postgres && side.version >= FIRST;
    if !(can(source) && can(target)) {
        return Ok(false);
    }
    Ok(encoding(source).await? == encoding(target).await?)
}

async fn encoding(side: &mut Side<'_>) -> Result<String, Missing> {
    let rows = side.postgres_rows("SELECT current_setting('server_encoding')".to_owned()).await?;
    let cx = side.cx;
    let row = rows.first().ok_or_else(|| cx.missing(Cause::Malformed, "the server names no encoding"))?;
    row.try_get(0).map_err(|error| fault(cx, &error))
}

/// Count and sum of each group of one side. Kept apart from the table by OFFSET, because the planner would take a hash of a key for as
/// many groups as there are keys.
pub(super) async fn groups(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
) -> Result<Groups, Missing> {
    grouped(side, select, hashes, " OFFSET 0".to_owned()).await
}

/// The same of the first rows in the order of the key.
pub(super) async fn first_rows(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
) -> Result<Groups, Missing> {
    let order = select.order_by();
    grouped(side, select, hashes, format!("{order} LIMIT {FIRST_ROWS}")).await
}

async fn grouped(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
    end: String,
) -> Result<Groups, Missing> {
    let from = &select.pair.table(select.which).from;
    let condition = select.condition()?;
    let (group, row) = (hashes.group(GROUPS), &hashes.row);
    let sql = format!(
        "SELECT g::text, count(*)::text, sum(h)::text FROM (SELECT {group} AS g, {row} AS h FROM {from}{condition}{end}) AS q GROUP BY g"
    );
    read(side, sql).await
}

/// Is it worth to look at the first rows? Texts would have to be sorted for it.
pub(super) fn may_ask_first(pair: &Pair) -> bool {
    let is_small = |rows: Option<i64>| rows.is_some_and(|rows| rows < FEW);
    let mut key = pair.key.iter().filter_map(|place| pair.columns.get(*place));
    !(is_small(pair.source.estimate) && is_small(pair.target.estimate))
        && key.all(|both| !matches!(both.kind, Kind::Text | Kind::Char | Kind::Dynamic))
}

/// Group and hash of every row, as they come.
pub(super) fn every_row(select: &Select<'_>, hashes: &Hashes, groups: usize) -> Result<Reading, Missing> {
    let from = &select.pair.table(select.which).from;
    let (group, row, condition) = (hashes.group(groups), &hashes.row, select.condition()?);
    Ok(Reading {
        sql: format!("SELECT {group}, {row} FROM {from}{condition}"),
        decode: vec![Decode::Bytes; 2],
        shape: Shape { kinds: vec![Kind::Binary; 2], key: Vec::new() },
    })
}

async fn read(side: &mut Side<'_>, sql: String) -> Result<Groups, Missing> {
    let cx = side.cx;
    let rows = side.postgres_rows(sql).await?;
    let mut groups = Groups::new();
    for row in rows {
        let text = |index: usize| row.try_get::<String, _>(index).map_err(|error| fault(cx, &error));
        let malformed =
            |what: &dyn std::fmt::Display| cx.missing(Cause::Malformed, format!("a count: {what}"));
        let count = text(1)?.parse::<u64>().map_err(|error| malformed(&error))?;
        let group = text(0)?.parse::<i64>().map_err(|error| malformed(&error))?;
        let sum = text(2)?.parse::<i128>().map_err(|error| malformed(&error))?;
        groups.insert(group, (count, sum));
    }
    Ok(groups)
}

/// Which groups differ.
pub(super) struct Marked {
    /// A bit for each group, the lowest first.
    bits: Vec<u8>,
    groups: usize,
    differ: usize,
}

impl Marked {
    /// None yet; of so many groups, a power of two.
    pub(super) fn new(groups: usize) -> Self {
        Self { bits: vec![0; groups.div_ceil(8)], groups, differ: 0 }
    }

    /// Those that differ.
    pub(super) fn of(source: &Groups, target: &Groups) -> Self {
        let mut marked = Self::new(GROUPS);
        for group in source.keys().chain(target.keys().filter(|group| !source.contains_key(*group))) {
            if source.get(group) != target.get(group) {
                marked.mark(usize::try_from(*group).ok());
            }
        }
        marked
    }

    /// Marks a group; what is no group makes all of them differ.
    pub(super) fn mark(&mut self, group: Option<usize>) {
        match group.and_then(|group| Some((group % 8, self.bits.get_mut(group / 8)?))) {
            Some((bit, byte)) => *byte |= 1 << bit,
            None => self.bits.iter_mut().for_each(|byte| *byte = u8::MAX),
        }
        self.differ += 1;
    }

    /// Does none differ?
    pub(super) fn is_none(&self) -> bool {
        self.differ == 0
    }

    /// Do so many differ that nearly all rows would have to be read for them?
    pub(super) fn are_many(&self) -> bool {
        self.differ.saturating_mul(4) > self.groups
    }

    /// Rows of groups that differ, on one side.
    pub(super) fn only(&self, hashes: &Hashes) -> String {
        let bits = crate::probe::x509::hex(&self.bits);
        format!("get_bit('\\x{bits}'::bytea, {}) = 1", hashes.group(self.groups))
    }
}

/// Count and sum of all rows of one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) rows: u64,
    pub(super) sum: i128,
}

impl Total {
    /// Of all groups.
    pub(super) fn of(groups: &Groups) -> Self {
        let sums = groups.values();
        sums.fold(Self { rows: 0, sum: 0 }, |all, (rows, sum)| Self {
            rows: all.rows + rows,
            sum: all.sum + sum,
        })
    }

    /// As a text.
    pub(super) fn digest(self) -> String {
        use sha2::{Digest as _, Sha256};
        let bytes = Sha256::digest(format!("{} {}", self.rows, self.sum));
        crate::probe::x509::hex(bytes.first_chunk::<16>().map_or(&[][..], |half| &half[..]))
    }
}
