//! Both servers hash their rows themselves, where both are PostgreSQL and keep the columns alike.
//!
//! The hash of each column is the seed of the next one, so that values which changed places are seen: PostgreSQL's own
//! hash of a record adds up those of its columns, and a sum of such hashes over rows would be the same. A hash that is
//! narrower than the value, or takes for equal what is not, is never used alone: whole numbers of 64 bits are folded to
//! 32 and stand with their float, times stand with their seconds, texts are hashed by their bytes, and lists, JSON and
//! intervals by their text. Nulls stand in a number of their own. What the hashes tell apart and the canonical encoding
//! does not is settled by rows.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::pair::{Both, Pair, Which};
use super::sql::Select;
use crate::fact::{Cause, Missing};
use crate::probe::data::canonical::Kind;
use crate::probe::data::side::{Side, fault};
use crate::probe::data::tables::{Column, Engine, Kind as Type};
use crate::probe::sql::quoted;

/// Rows are gathered into so many groups by the hash of their key.
const GROUPS: i64 = 4_096;

/// If more groups than this differ, all rows are compared.
const MANY: usize = 1_024;

/// More columns than this would nest too deep for the server's stack.
const WIDEST: usize = 400;

/// The first version whose records can be hashed.
const FIRST: i64 = 140_000;

/// Count and sum of the hashes of each group.
pub(super) type Groups = BTreeMap<i64, (u64, String)>;

/// How the rows of one side are hashed.
pub(super) struct Hashes {
    row: String,
    group: String,
}

impl Hashes {
    /// For one side; nothing if its rows cannot be hashed as those of the other side are.
    pub(super) fn new(pair: &Pair, which: Which, seed: i64) -> Option<Self> {
        if pair.columns.len() > WIDEST || pair.key.is_empty() {
            return None;
        }
        let row = chained(pair.columns.iter(), which, seed)?;
        let key = pair.key.iter().filter_map(|place| pair.columns.get(*place));
        let group = format!("({} & {})", chained(key, which, seed)?, GROUPS - 1);
        Some(Self { row, group })
    }

    /// Only rows of these groups.
    fn only(&self, groups: &[i64]) -> String {
        let list: Vec<String> = groups.iter().map(ToString::to_string).collect();
        format!("{} = ANY ('{{{}}}'::int8[])", self.group, list.join(","))
    }
}

/// Can both hash?
pub(super) fn both_can(source: &Side<'_>, target: &Side<'_>) -> bool {
    let can = |side: &Side<'_>| side.engine == Engine::Postgres && side.version >= FIRST;
    can(source) && can(target)
}

/// The hash of several columns; nothing if the types of one are too unlike.
fn chained<'b>(columns: impl Iterator<Item = &'b Both> + Clone, which: Which, seed: i64) -> Option<String> {
    let mut hash = seed.to_string();
    // A column that may be null on one side has a place among the nulls of both.
    let nullable = columns.clone().filter(|both| both.is_nullable());
    let nulls: Vec<String> = nullable.map(|both| quoted(&both.of(which).name)).collect();
    for names in nulls.chunks(30) {
        let bits =
            names.iter().enumerate().map(|(bit, name)| format!("({name} IS NULL)::int4 * {}", 1_u32 << bit));
        hash = format!("hashint4extended({}, {hash})", bits.collect::<Vec<_>>().join(" + "));
    }
    for both in columns {
        hash = hashed(both, which, &hash)?;
    }
    Some(hash)
}

/// The hash of one column, begun with that of the columns before it.
fn hashed(both: &Both, which: Which, seed: &str) -> Option<String> {
    let column = both.of(which);
    let name = quoted(&column.name);
    let (ty, default) = form(both)?;
    let value = if both.is_nullable() {
        format!("coalesce({name}::{ty}, {default}::{ty})")
    } else {
        format!("{name}::{ty}")
    };
    Some(match ty {
        "int4" => format!("hashint4extended({value}, {seed})"),
        "int8" => format!("hashint8extended({value}, hashfloat8extended({value}::float8, {seed}))"),
        "numeric" => format!("hash_numeric_extended({value}, {seed})"),
        "float4" | "float8" => format!("hashfloat8extended({value}::float8, {seed})"),
        "uuid" => format!("uuid_hash_extended({value}, {seed})"),
        "bool" => format!("hashint4extended(({value})::int4, {seed})"),
        "timestamp" => {
            format!(
                "timestamp_hash_extended({value}, hashfloat8extended(date_part('epoch', {value}), {seed}))"
            )
        }
        "text" if both.kind == Kind::Char => {
            format!("hashtextextended(rtrim({value}, ' ') COLLATE \"C\", {seed})")
        }
        "text" => format!("hashtextextended({value} COLLATE \"C\", {seed})"),
        _ => format!("hash_record_extended(ROW({value}), {seed})"),
    })
}

/// As what a column is hashed on both sides, and what stands for null.
fn form(both: &Both) -> Option<(&'static str, &'static str)> {
    if both.told {
        return None;
    }
    let text = |ty: Type| matches!(ty, Type::Text | Type::Enum);
    let number = |ty: Type| matches!(ty, Type::Int | Type::Decimal);
    let time = |ty: Type| matches!(ty, Type::Timestamp | Type::Instant);
    let small = |column: &Column| matches!(&*column.ty, "smallint" | "integer");
    Some(match (both.source.kind, both.target.kind) {
        (Type::Int, Type::Int) if small(&both.source) && small(&both.target) => ("int4", "0"),
        (Type::Int, Type::Int) => ("int8", "0"),
        (a, b) if number(a) && number(b) => ("numeric", "0"),
        (Type::Float, Type::Float) if both.kind == Kind::Real => ("float4", "0"),
        (Type::Float, Type::Float) => ("float8", "0"),
        (a, b) if text(a) && text(b) => ("text", "''"),
        (a, b) if time(a) && time(b) => ("timestamp", "'epoch'"),
        (a, b) if a != b => return None,
        (Type::Bool, _) => ("bool", "false"),
        (Type::Uuid, _) => ("uuid", "'00000000-0000-0000-0000-000000000000'"),
        (Type::Bytes, _) => ("bytea", "''"),
        (Type::Date, _) => ("date", "'epoch'"),
        (Type::Time, _) => ("time", "'00:00'"),
        (Type::Json | Type::List | Type::Interval, _) => ("text", "''"),
        (Type::Other, _) if both.source.ty == both.target.ty => ("text", "''"),
        _ => return None,
    })
}

/// Count and sum of all rows of one side.
pub(super) async fn whole(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
) -> Result<Groups, Missing> {
    let from = &select.pair.table(select.which).from;
    let condition = select.condition()?;
    let sql =
        format!("SELECT '0', count(*)::text, coalesce(sum({}), 0)::text FROM {from}{condition}", hashes.row);
    read(side, sql).await
}

/// The same of each group. Kept apart from the table by OFFSET, because the planner would take a hash of a key for as
/// many groups as there are keys.
pub(super) async fn groups(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
) -> Result<Groups, Missing> {
    let from = &select.pair.table(select.which).from;
    let condition = select.condition()?;
    let (group, row) = (&hashes.group, &hashes.row);
    let sql = format!(
        "SELECT g::text, count(*)::text, sum(h)::text FROM (SELECT {group} AS g, {row} AS h FROM {from}{condition} OFFSET 0) AS q GROUP BY g"
    );
    read(side, sql).await
}

async fn read(side: &mut Side<'_>, sql: String) -> Result<Groups, Missing> {
    let cx = side.cx;
    let rows = side.postgres_rows(sql).await?;
    let mut groups = Groups::new();
    for row in rows {
        let text = |index: usize| row.try_get::<String, _>(index).map_err(|error| fault(cx, &error));
        let number = |text: String| {
            text.parse::<i64>().map_err(|error| cx.missing(Cause::Malformed, format!("a count: {error}")))
        };
        let count = u64::try_from(number(text(1)?)?).unwrap_or(0);
        groups.insert(number(text(0)?)?, (count, text(2)?));
    }
    Ok(groups)
}

/// Which rows have to be compared one by one.
pub(super) enum Left {
    /// None.
    Nothing,
    /// All.
    All,
    /// Those that meet this condition on their side.
    Some { source: String, target: String },
}

/// What the hashes leave open.
pub(super) fn left(source: (&Groups, &Hashes), target: (&Groups, &Hashes)) -> Left {
    let differs = |group: &&i64| source.0.get(*group) != target.0.get(*group);
    let mut groups: Vec<i64> = source.0.keys().chain(target.0.keys()).filter(differs).copied().collect();
    groups.sort_unstable();
    groups.dedup();
    match groups.len() {
        0 => Left::Nothing,
        many if many > MANY => Left::All,
        _ => Left::Some { source: source.1.only(&groups), target: target.1.only(&groups) },
    }
}

/// Rows of all groups.
pub(super) fn count(groups: &Groups) -> u64 {
    groups.values().map(|(count, _)| count).sum()
}

/// One text for all groups.
pub(super) fn digest(groups: &Groups) -> String {
    use sha2::{Digest as _, Sha256};
    let mut all = Sha256::new();
    for (group, (count, sum)) in groups {
        all.update(format!("{group} {count} {sum}\n"));
    }
    let bytes = all.finalize();
    crate::probe::x509::hex(bytes.first_chunk::<16>().map_or(&[][..], |half| &half[..]))
}
