//! Columns of our own queries as values. What has another type than we asked for is a fault, never null.

use sqlx::postgres::{PgRow, Postgres};
use sqlx::{Decode, Row, Type};

use super::error::fault;
use crate::fact::{Missing, Value};
use crate::probe::Context;
use crate::probe::sql::Step;

/// One row.
pub(in crate::probe) struct Read<'a> {
    pub(in crate::probe) row: &'a PgRow,
    pub(in crate::probe) cx: &'a Context,
}

impl Read<'_> {
    /// A column as Rust's type.
    pub(in crate::probe) fn plain<'r, T>(&'r self, name: &str) -> Result<T, Missing>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        self.row.try_get(name).map_err(|error| fault(self.cx, Step::Ask, &error))
    }

    /// A whole number, a quantity or a time in microseconds, or null.
    pub(in crate::probe) fn int(&self, name: &str) -> Result<Value, Missing> {
        Ok(Value::or_null(self.plain::<Option<i64>>(name)?.map(Value::Int)))
    }

    /// A text, or null.
    pub(in crate::probe) fn text(&self, name: &str) -> Result<Value, Missing> {
        Ok(Value::or_null(self.plain::<Option<&str>>(name)?.map(Value::text)))
    }

    /// A bool, or null.
    pub(in crate::probe) fn flag(&self, name: &str) -> Result<Value, Missing> {
        Ok(Value::or_null(self.plain::<Option<bool>>(name)?.map(Value::Bool)))
    }
}
