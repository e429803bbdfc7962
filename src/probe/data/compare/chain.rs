//! The hash of several columns as PostgreSQL's functions make it, so that no two different rows share one by their nature.
//!
//! The hash of each column is the seed of the next one, so that values which changed places are seen: PostgreSQL's own
//! hash of a record adds up those of its columns, and a sum of such hashes over rows would be the same. Its functions are
//! made for joins, where a second look follows, and hash alike what differs:
//!
//! - that of a number (`numeric`) leaves out its sign, and all that is no finite number; the powers of 10,000 are only
//!   flipped into its last bits, where a sum over rows loses them. So a code of the sign is hashed behind it;
//! - those of 64 bits are folded to 32, and those below zero onto those above: whole numbers stand with their float, times
//!   with the upper half of their bits and a code of their century, or with their seconds;
//! - that of a float that is zero is its seed, as if the column were not there, so that something is hashed behind it;
//! - those of lists, JSON and intervals take for equal what is not: they are hashed by their text, lists only among
//!   themselves, because `{1}` is written alike whatever its items are;
//! - that of a text depends on the collation: `C` hashes its bytes, which are the same text only in one encoding;
//! - that of a record makes nothing of a null, and a null is nothing to all others: nulls have a code, too.
//!
//! The codes of a row are bits of numbers that are hashed last.
//!
//! A row whose hash is null all the same, because the catalogue promised that there are no nulls, counts on each side as
//! another number, and so never as equal. What the hashes tell apart and the canonical encoding does not is settled by rows.

use super::pair::{Both, Which};
use crate::probe::data::canonical::Kind;
use crate::probe::data::tables::{Column, Kind as Type};
use crate::probe::sql::quoted;

/// As what a column is hashed, on both sides alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Int4,
    Int8,
    /// Numbers, and whether both sides say how many digits they have, which leaves no place for infinity.
    Numeric {
        finite: bool,
    },
    Float4,
    Float8,
    Text,
    /// The text of a type whose cast might cut it.
    Written,
    /// Without the spaces at its end.
    Char,
    Uuid,
    Bool,
    /// Without a zone on both sides.
    Timestamp,
    Instant,
    Time,
    Date,
    Bytes,
}

/// Bits of one number that codes take.
const BITS: u32 = 30;

/// The hash of several columns; nothing if the types of one are too unlike.
pub(super) fn chained<'b>(
    columns: impl Iterator<Item = &'b Both>,
    which: Which,
    seed: i64,
) -> Option<String> {
    // In quotes, because the least of all is no literal of 64 bits.
    let mut hash = format!("'{seed}'::int8");
    let (mut numbers, mut taken) = (Vec::<Vec<String>>::new(), BITS);
    for both in columns {
        let form = form(both)?;
        hash = form.hashed(&form.value(both, which), &hash);
        let conditions = form.conditions(both, which);
        // One condition is a bit; two or three are two bits.
        let width = usize::BITS - conditions.len().leading_zeros();
        if width > 0 && taken + width > BITS {
            numbers.push(Vec::new());
            taken = 0;
        }
        let codes = conditions.iter().zip(1_u32..);
        let cases: Vec<String> =
            codes.map(|(condition, code)| format!("WHEN {condition} THEN {}", code << taken)).collect();
        if let Some(number) = numbers.last_mut().filter(|_| width > 0) {
            number.push(format!("CASE {} ELSE 0 END", cases.join(" ")));
        }
        taken += width;
    }
    for number in numbers {
        hash = format!("hashint4extended({}, {hash})", number.join(" + "));
    }
    Some(hash)
}

/// The number that names a row, where that is one whole number on both sides.
pub(super) fn whole_number(key: &[&Both], which: Which) -> Option<String> {
    let [both] = key else { return None };
    matches!(form(both)?, Form::Int4 | Form::Int8).then(|| format!("{}::int8", quoted(&both.of(which).name)))
}

/// Is it said of the column whether it is null? What makes something of a null itself cannot be left to the catalogue.
fn tells_null(both: &Both, form: Form) -> bool {
    both.is_nullable() || matches!(form, Form::Written | Form::Date | Form::Bytes)
}

impl Form {
    /// What its hash does not tell of a value, in words of SQL, one of which is true at most.
    fn conditions(self, both: &Both, which: Which) -> Vec<String> {
        let name = quoted(&both.of(which).name);
        let mut conditions = Vec::new();
        if tells_null(both, self) {
            // A column that may be null on one side has a code on both.
            conditions.push(format!("{name} IS NULL"));
        }
        match self {
            Self::Numeric { finite } => {
                conditions.push(format!("{name}::numeric < 0"));
                if !finite {
                    // The hash of both infinities is that of what is no number.
                    conditions.push(format!("{name}::numeric = 'NaN'"));
                }
            }
            Self::Timestamp => conditions.push(format!("{name}::timestamp < '2000-01-01'")),
            _ => {}
        }
        conditions
    }

    /// The value of a column, with something in place of null.
    fn value(self, both: &Both, which: Which) -> String {
        let name = quoted(&both.of(which).name);
        if self == Self::Written {
            // Nothing of a null, which is told by itself.
            return format!("concat({name})");
        }
        let (ty, default) = self.ty();
        if tells_null(both, self) {
            format!("coalesce({name}::{ty}, {default}::{ty})")
        } else {
            format!("{name}::{ty}")
        }
    }

    /// Its type, and what stands for null.
    fn ty(self) -> (&'static str, &'static str) {
        match self {
            Self::Int4 => ("int4", "0"),
            Self::Int8 => ("int8", "0"),
            Self::Numeric { .. } => ("numeric", "0"),
            Self::Float4 => ("float4", "0"),
            Self::Float8 => ("float8", "0"),
            Self::Text | Self::Written | Self::Char => ("text", "''"),
            Self::Uuid => ("uuid", "'00000000-0000-0000-0000-000000000000'"),
            Self::Bool => ("bool", "false"),
            Self::Timestamp | Self::Instant => ("timestamp", "'epoch'"),
            Self::Time => ("time", "'00:00'"),
            Self::Date => ("date", "'epoch'"),
            Self::Bytes => ("bytea", "''"),
        }
    }

    /// The hash of a value, begun with that of the columns before it.
    fn hashed(self, value: &str, seed: &str) -> String {
        match self {
            Self::Int4 => format!("hashint4extended({value}, {seed})"),
            Self::Int8 => format!("hashint8extended({value}, hashfloat8extended({value}::float8, {seed}))"),
            Self::Numeric { .. } => format!("hash_numeric_extended({value}, {seed})"),
            Self::Float4 | Self::Float8 => {
                format!("hashint4extended(0, hashfloat8extended({value}::float8, {seed}))")
            }
            Self::Text | Self::Written => format!("hashtextextended({value} COLLATE \"C\", {seed})"),
            Self::Char => format!("hashtextextended(rtrim({value}, ' ') COLLATE \"C\", {seed})"),
            Self::Uuid => format!("uuid_hash_extended({value}, {seed})"),
            Self::Bool => format!("hashint4extended(({value})::int4, {seed})"),
            // The upper half of the bits alone, in microseconds since 2000.
            Self::Timestamp => {
                let upper = format!("date_bin('4294.967296 s', {value}, '2000-01-01')");
                format!("timestamp_hash_extended({value}, timestamp_hash_extended({upper}, {seed}))")
            }
            Self::Instant => format!(
                "timestamp_hash_extended({value}, hashfloat8extended(date_part('epoch', {value}), {seed}))"
            ),
            Self::Time => {
                format!("hashint4extended(0, hashfloat8extended(date_part('epoch', {value}), {seed}))")
            }
            Self::Date | Self::Bytes => format!("hash_record_extended(ROW({value}), {seed})"),
        }
    }
}

/// As what a column is hashed on both sides; nothing if their types are too unlike.
fn form(both: &Both) -> Option<Form> {
    if both.told {
        return None;
    }
    let (source, target) = (&both.source, &both.target);
    let text = |ty: Type| matches!(ty, Type::Text | Type::Enum);
    let number = |ty: Type| matches!(ty, Type::Int | Type::Decimal);
    let time = |ty: Type| matches!(ty, Type::Timestamp | Type::Instant);
    let small = |column: &Column| matches!(&*column.ty, "smallint" | "integer");
    let finite = |column: &Column| column.kind == Type::Int || column.ty.starts_with("numeric(");
    let is_alike = source.ty == target.ty;
    Some(match (source.kind, target.kind) {
        (Type::Int, Type::Int) if small(source) && small(target) => Form::Int4,
        (Type::Int, Type::Int) => Form::Int8,
        (a, b) if number(a) && number(b) => Form::Numeric { finite: finite(source) && finite(target) },
        (Type::Float, Type::Float) if both.kind == Kind::Real => Form::Float4,
        // One of 32 bits is not that of 64 bits which has its value: it was written with fewer digits.
        (Type::Float, Type::Float) if is_alike => Form::Float8,
        (a, b) if text(a) && text(b) && both.kind == Kind::Char => Form::Char,
        (a, b) if text(a) && text(b) && keeps_spaces(source) && keeps_spaces(target) => Form::Text,
        (a, b) if text(a) && text(b) => Form::Written,
        (Type::Timestamp, Type::Timestamp) => Form::Timestamp,
        (a, b) if time(a) && time(b) => Form::Instant,
        (a, b) if a != b => return None,
        (Type::Bool, _) => Form::Bool,
        (Type::Uuid, _) => Form::Uuid,
        (Type::Bytes, _) => Form::Bytes,
        (Type::Date, _) => Form::Date,
        (Type::Time, _) => Form::Time,
        (Type::Json | Type::Interval, _) => Form::Text,
        (Type::List | Type::Other, _) if is_alike => Form::Text,
        _ => return None,
    })
}

/// The cast of a text to `text` keeps all of it. A domain may stand for a type that pads.
fn keeps_spaces(column: &Column) -> bool {
    let known = ["text", "name", "\"char\"", "character varying"];
    column.kind == Type::Enum || known.iter().any(|ty| column.ty.starts_with(ty))
}
