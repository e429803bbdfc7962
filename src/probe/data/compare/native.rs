//! Both servers hash their rows themselves, where both are PostgreSQL and keep the columns alike.
//!
//! A row's hash is that of a record of its columns, mixed once more: PostgreSQL adds up the hashes of columns, so that
//! a sum over rows alone would not see two rows that have changed a value with each other. A hash of another size than
//! the value, or of what a type takes for equal and is not, is never used alone: whole numbers of 64 bits are folded
//! to 32 and stand with their float, times stand with their day, texts are hashed by their bytes, and lists, JSON and
//! intervals by their text. What the hashes tell apart and the canonical encoding does not is settled by rows.

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

/// More columns than this do not fit a record.
const WIDEST: usize = 1_600;

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
        let columns = pair.columns.iter().map(|both| hashed(both, which));
        let columns: Vec<String> = columns.collect::<Option<Vec<_>>>()?.concat();
        let key =
            pair.key.iter().filter_map(|place| pair.columns.get(*place)).map(|both| hashed(both, which));
        let key: Vec<String> = key.collect::<Option<Vec<_>>>()?.concat();
        if columns.len() > WIDEST || key.is_empty() {
            return None;
        }
        let record = format!("hash_record_extended(ROW({}), {seed})", columns.join(", "));
        let group = match key.as_slice() {
            [one] => format!("hash_record_extended(ROW({one}), {seed})"),
            [one, more] if *more == format!("{one}::float8") => format!("hashint8extended({one}, {seed})"),
            several => format!("hash_record_extended(ROW({}), {seed})", several.join(", ")),
        };
        Some(Self {
            row: format!("hashfloat8extended({record}::float8, {seed})"),
            group: format!("({group} & {})", GROUPS - 1),
        })
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

/// The columns of a record for one column; nothing if the types are too unlike.
fn hashed(both: &Both, which: Which) -> Option<Vec<String>> {
    if both.told {
        return None;
    }
    let (is, was) = (both.target.kind, both.source.kind);
    let name = quoted(&both.of(which).name);
    let bytes = || vec![format!("{name}::text COLLATE \"C\"")];
    let text = |ty: Type| matches!(ty, Type::Text | Type::Enum);
    let number = |ty: Type| matches!(ty, Type::Int | Type::Decimal);
    let time = |ty: Type| matches!(ty, Type::Timestamp | Type::Instant);
    Some(match (was, is) {
        (Type::Int, Type::Int) => {
            let small = |column: &Column| matches!(&*column.ty, "smallint" | "integer");
            if small(&both.source) && small(&both.target) {
                vec![format!("{name}::int4")]
            } else {
                vec![format!("{name}::int8"), format!("{name}::int8::float8")]
            }
        }
        (a, b) if number(a) && number(b) => vec![format!("{name}::numeric")],
        (Type::Float, Type::Float) if both.kind == Kind::Real => vec![format!("{name}::float4")],
        (Type::Float, Type::Float) => vec![format!("{name}::float8")],
        (a, b) if text(a) && text(b) && both.kind == Kind::Char => {
            vec![format!("rtrim({name}::text, ' ') COLLATE \"C\"")]
        }
        (a, b) if text(a) && text(b) => bytes(),
        (a, b) if time(a) && time(b) && a == b => vec![name.clone(), format!("{name}::date")],
        (a, b) if time(a) && time(b) => vec![format!("{name}::timestamp"), format!("{name}::date")],
        (a, b) if a != b => return None,
        (Type::Bool | Type::Bytes | Type::Uuid | Type::Date | Type::Time, _) => vec![name],
        (Type::Json | Type::List | Type::Interval, _) => bytes(),
        (Type::Other, _) if both.source.ty == both.target.ty => bytes(),
        _ => return None,
    })
}

/// Counts and sums of one side.
pub(super) async fn groups(
    side: &mut Side<'_>,
    select: &Select<'_>,
    hashes: &Hashes,
) -> Result<Groups, Missing> {
    let sql = format!(
        "SELECT g::text, count(*)::text, sum(h)::text FROM (SELECT {} AS g, {} AS h FROM {}{}) AS q GROUP BY g",
        hashes.group,
        hashes.row,
        select.pair.table(select.which).from,
        select.condition()?
    );
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
