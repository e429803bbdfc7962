//! The canonical encoding of a row: the same bytes for the same content, whatever engine keeps it.
//!
//! `docs/canonical-rows.md` is its definition. Each value is framed by its tag and its length, so that no two rows
//! share an encoding; what does not fit the kind of its column keeps a tag of its own and equals nothing of that
//! kind.

mod encode;
mod json;
mod kind;
mod number;
mod order;
#[cfg(test)]
mod tests;
mod time;

pub(in crate::probe) use encode::encode;
pub(in crate::probe) use kind::{Kind, Natural, unify};
pub(in crate::probe) use order::order;

/// One value as an engine gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::probe) enum Raw<'a> {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A float of 64 bits.
    Float(f64),
    /// A float of 32 bits.
    Real(f32),
    /// A number in decimal digits.
    Digits(&'a [u8]),
    /// PostgreSQL's `numeric` in its binary form.
    Numeric(&'a [u8]),
    /// Text in UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Microseconds since 1970, in UTC or without a zone.
    Time(i64),
    /// Before all times (`false`) or after (`true`).
    Ever(bool),
    /// Days since 1970.
    Day(i32),
    /// Microseconds since midnight; MySQL's go beyond a day and below zero.
    Clock(i64),
    /// An interval.
    Span {
        /// Months.
        months: i32,
        /// Days.
        days: i32,
        /// Microseconds.
        micros: i64,
    },
    /// The bytes of a UUID.
    Uuid([u8; 16]),
    /// JSON as text.
    Json(&'a [u8]),
    /// A date that no calendar has (`0000-00-00`): year, month, day, microseconds.
    NoDate(u16, u8, u8, i64),
}
