//! Answers of the old side with the names of the new one.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Cell, Move, Observation, Row, Schema, Table, Value, row_name};

/// An answer of the old side as it is compared, and the names of the rows that stayed behind on purpose.
pub(super) struct Renamed {
    pub answer: Observation,
    pub dropped: BTreeSet<Arc<str>>,
}

/// Gives the rows of an answer the names of the new side. What stayed behind is left out.
pub(super) fn renamed(answer: &Observation, map: &Move) -> Renamed {
    let mut dropped = BTreeSet::new();
    let Ok(table) = &answer.result else { return Renamed { answer: answer.clone(), dropped } };
    if *map == Move::default() {
        return Renamed { answer: answer.clone(), dropped };
    }
    let places = Places::of(&table.schema);
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        match places.rename(row, map) {
            Some(row) => rows.push(row),
            None => drop(dropped.insert(shown(&table.schema, row))),
        }
    }
    let gone = u64::try_from(table.rows.len() - rows.len()).unwrap_or(u64::MAX);
    let table = Table { rows, total: table.total.saturating_sub(gone), ..table.clone() };
    Renamed { answer: Observation { result: Ok(table), ..answer.clone() }, dropped }
}

fn shown(schema: &Schema, row: &Row) -> Arc<str> {
    row_name(schema, row).unwrap_or_else(|_no_name| Arc::from("a row without a name"))
}

/// Where names of tables, columns and objects stand.
struct Places {
    table: Option<usize>,
    column: Option<usize>,
    object: Option<usize>,
}

fn text(row: &Row, place: Option<usize>) -> Option<&Arc<str>> {
    match row.get(place?) {
        Some(Ok(Value::Text(text))) => Some(text),
        _ => None,
    }
}

impl Places {
    fn of(schema: &Schema) -> Self {
        Self {
            table: schema.position("table"),
            column: schema.position("column"),
            object: schema.position("object"),
        }
    }

    /// The row with its new names; nothing if it stayed behind.
    fn rename(&self, row: &Row, map: &Move) -> Option<Row> {
        let table = text(row, self.table);
        let mut renamed = row.clone();
        let mut set = |place: Option<usize>, name: Arc<str>| {
            if let Some(cell) = place.and_then(|place| renamed.get_mut(place)) {
                *cell = Cell::Ok(Value::Text(name));
            }
        };
        if let Some(object) = text(row, self.object) {
            set(self.object, map.object(object, table.map(|table| &**table))?);
        }
        if let (Some(table), Some(column)) = (table, text(row, self.column)) {
            set(self.column, map.column(table, column)?);
        }
        if let Some(table) = table {
            set(self.table, map.table(table)?);
        }
        Some(renamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Args, Cause, Field, Missing, Request, Rows, TableBuilder, Type, ZeroRows};

    fn answer(rows: &[[&str; 3]]) -> Observation {
        let fields = ["table", "column", "object"].map(|name| Field::declared(name, Type::TEXT)).to_vec();
        let schema = Arc::new(Schema {
            version: 1,
            fields,
            key: vec![0, 1, 2],
            rows: Rows::Many,
            zero: ZeroRows::Fine,
        });
        let mut table = TableBuilder::new(&schema, 99);
        for [name, column, object] in rows {
            let row = table.row().set("table", Value::text(name)).set("column", Value::text(column));
            row.set("object", Value::text(object)).push();
        }
        let key = Request::new("p", "old", Args::default(), schema, Vec::new()).key;
        let lost = Observation::missing(key, jiff::Timestamp::UNIX_EPOCH, Missing::new(Cause::Internal, ""));
        Observation { result: Ok(table.finish()), ..lost }
    }

    #[test]
    fn rows_get_their_new_names_and_what_stayed_behind_is_named() {
        let map = Move::from_text(
            r#"{"tables":{"public.user":"public.users"},"columns":{"public.user.mail":"email"},"drop":["public.log","public.user.old"]}"#,
        )
        .unwrap();
        let old = answer(&[
            ["public.user", "mail", "public.user.mail"],
            ["public.user", "old", "public.user.old"],
            ["public.log", "at", "public.log.at"],
            ["public.orders", "id", "public.orders.id"],
        ]);
        let Renamed { answer: new, dropped } = renamed(&old, &map);
        let want = answer(&[
            ["public.users", "email", "public.users.email"],
            ["public.orders", "id", "public.orders.id"],
        ]);
        assert_eq!(new.result, want.result);
        assert_eq!(dropped.len(), 2, "{dropped:?}");
        let same = renamed(&old, &Move::default());
        assert_eq!((same.answer, same.dropped.len()), (old, 0));
    }
}
