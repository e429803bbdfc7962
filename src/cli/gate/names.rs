//! Answers of the old side with the names of the new one.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{
    Cell, Move, Observation, Row, Schema, Table, Value, definition_digest, row_name, split_column,
};

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
    let left = places.left(table, map);
    let mut rows = Vec::with_capacity(table.rows.len());
    for row in &table.rows {
        match places.rename(row, map).filter(|_row| !places.belongs(row, &left)) {
            Some(row) => rows.push(row),
            None => drop(dropped.insert(shown(&table.schema, row))),
        }
    }
    let gone = u64::try_from(table.rows.len() - rows.len()).unwrap_or(u64::MAX);
    let table = Table { rows, total: table.total.saturating_sub(gone), ..table.clone() };
    Renamed { answer: Observation { result: Ok(table), ..answer.clone() }, dropped }
}

/// Tables and other objects of an old side, as answers that list all of them name them.
#[derive(Default)]
pub(super) struct Named {
    tables: BTreeSet<Arc<str>>,
    objects: BTreeSet<Arc<str>>,
    /// Are columns among the objects?
    has_columns: bool,
}

impl Named {
    /// Takes what an answer lists, if it is complete.
    pub(super) fn see(&mut self, answer: &Observation) {
        let lists = &*answer.key.probe == "data.schema";
        let Some(table) = answer.result.as_ref().ok().filter(|table| lists && table.cut.is_none()) else {
            return;
        };
        let places = Places::of(&table.schema);
        for row in &table.rows {
            self.tables.extend(text(row, places.table).map(Arc::clone));
            self.objects.extend(text(row, places.object).map(Arc::clone));
            self.has_columns |= text(row, places.kind).is_some_and(|kind| &**kind == "column");
        }
    }

    /// What a move names and nobody saw: a misspelt name moves nothing, and compares nothing as it should be.
    pub(super) fn strangers(&self, map: &Move) -> Vec<Arc<str>> {
        let named = [map.tables.keys(), map.columns.keys(), map.only.keys(), map.kinds.keys()];
        let names: BTreeSet<&Arc<str>> = named.into_iter().flatten().chain(&map.drop).collect();
        let is_strange = |name: &&&Arc<str>| {
            if self.tables.contains(**name) || self.objects.contains(**name) {
                return false;
            }
            // Of a column whose table is there it is not known unless somebody listed columns.
            let table = split_column(name).map(|(table, _)| table);
            match table.filter(|table| self.tables.contains(*table)) {
                Some(_) => self.has_columns,
                None => !self.tables.is_empty(),
            }
        };
        names.iter().filter(is_strange).map(|name| Arc::clone(name)).collect()
    }
}

fn shown(schema: &Schema, row: &Row) -> Arc<str> {
    row_name(schema, row).unwrap_or_else(|_no_name| Arc::from("a row without a name"))
}

/// Where names of tables, columns and objects stand.
struct Places {
    table: Option<usize>,
    column: Option<usize>,
    object: Option<usize>,
    kind: Option<usize>,
    definition: Option<usize>,
    digest: Option<usize>,
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
            kind: schema.position("kind"),
            definition: schema.position("definition"),
            digest: schema.position("digest"),
        }
    }

    /// Sequences that went with the column that owned them.
    fn left(&self, table: &Table, map: &Move) -> BTreeSet<Arc<str>> {
        let is_sequence = |row: &&Row| text(row, self.kind).is_some_and(|kind| &**kind == "sequence");
        let owned = table.rows.iter().filter(is_sequence).filter_map(|row| {
            let (_, owner) = text(row, self.definition)?.rsplit_once(" owned by ")?;
            let (of, column) = split_column(owner)?;
            let stays = map.table(of).is_some() && map.column(of, column).is_some();
            text(row, self.object).filter(|_object| !stays).map(Arc::clone)
        });
        owned.collect()
    }

    /// Is it one of these objects, its owner, a right to it?
    fn belongs(&self, row: &Row, left: &BTreeSet<Arc<str>>) -> bool {
        let Some(object) = text(row, self.object).filter(|_object| !left.is_empty()) else { return false };
        let name = object.split_once(" to ").map_or(&**object, |(name, _)| name);
        left.contains(name)
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
        // Only what is told whole can be followed: of a body there is nothing but a digest.
        if let (Some(definition), Some(digest)) = (text(row, self.definition), text(row, self.digest))
            && !(map.tables.is_empty() && map.columns.is_empty())
            && **digest == *definition_digest(definition)
        {
            let new = map.definition(definition, table.map(|table| &**table));
            set(self.digest, Arc::from(definition_digest(&new)));
            set(self.definition, Arc::from(new));
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

    #[test]
    fn what_a_dropped_table_owned_went_with_it_and_definitions_follow_what_was_renamed() {
        let fields =
            ["kind", "object", "definition", "digest"].map(|name| Field::declared(name, Type::TEXT)).to_vec();
        let schema =
            Arc::new(Schema { version: 1, fields, key: vec![0, 1], rows: Rows::Many, zero: ZeroRows::Fine });
        let body = definition_digest("another text");
        let answer = |rows: &[[&str; 3]]| {
            let mut table = TableBuilder::new(&schema, 99);
            for [kind, object, definition] in rows {
                let digest = if *kind == "view" { body.clone() } else { definition_digest(definition) };
                let row = table.row().set("kind", Value::text(kind)).set("object", Value::text(object));
                row.set("definition", Value::text(definition)).set("digest", Value::text(digest)).push();
            }
            let key = Request::new("p", "old", Args::default(), Arc::clone(&schema), Vec::new()).key;
            let lost =
                Observation::missing(key, jiff::Timestamp::UNIX_EPOCH, Missing::new(Cause::Internal, ""));
            Observation { result: Ok(table.finish()), ..lost }
        };
        let old = answer(&[
            ["sequence", "public.log_id_seq", "bigint owned by public.log.id"],
            ["owner", "public.log_id_seq", "postgres"],
            ["grant", "public.log_id_seq to app", "usage"],
            ["sequence", "public.log_id_sequence", "bigint owned by public.user.id"],
            ["sequence", "public.numbers", "bigint"],
            ["view", "public.v", "view of public.user"],
        ]);
        let map =
            Move::from_text(r#"{"tables":{"public.user":"public.users"},"drop":["public.log"]}"#).unwrap();
        let Renamed { answer: new, dropped } = renamed(&old, &map);
        let want = answer(&[
            ["sequence", "public.log_id_sequence", "bigint owned by public.users.id"],
            ["sequence", "public.numbers", "bigint"],
            ["view", "public.v", "view of public.user"],
        ]);
        assert_eq!(new.result, want.result);
        assert_eq!(dropped.len(), 3, "{dropped:?}");
    }
}
