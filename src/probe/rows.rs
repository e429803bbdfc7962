//! Rows of a policy's own query, whatever the engine: declared facts by column name.

use std::fmt;
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use super::Ask;
use super::decode::json_cell;
use crate::fact::{Cause, Cell, Level, Missing, Pointer, Rows, Table, TableBuilder, Type, Value};

/// Columns of one row, in order.
pub(crate) type Columns = Vec<(String, Json)>;

/// Says more about a value that a type does not take: what it is, and what to write instead.
pub(crate) type Hint<'a> = &'a (dyn Fn(&Type, &Json) -> Option<(String, &'static str)> + Sync);

/// How rows of an engine are read, and how its faults are told.
pub(crate) struct Engine<'a, R> {
    /// The columns of a row.
    pub(crate) columns: &'a (dyn Fn(&R) -> Result<Columns, Missing> + Sync),
    /// What an error of the driver means.
    pub(crate) fault: &'a (dyn Fn(&sqlx::Error) -> Missing + Sync),
    /// An answer that did not come in time.
    pub(crate) late: &'a (dyn Fn() -> Missing + Sync),
    /// What to write for a value that a type does not take.
    pub(crate) hint: Hint<'a>,
}

/// Answers may not fill the memory, however few rows they have.
const MAX_BYTES: usize = 256 << 20;

/// Collects rows into a table.
pub(crate) struct Collector<'a> {
    ask: &'a Ask<'a>,
    table: TableBuilder,
    max: usize,
    bytes: usize,
    count: usize,
    /// The fault of each declared fact whose column the query does not have; made from the first row.
    absent: Vec<Option<Arc<Missing>>>,
    /// The engine has no bools: 0 and 1 are such where one is declared.
    int_bools: bool,
    /// The statement runs as it is written and may have more rows than are wanted.
    limitless: bool,
}

/// What to do about a query that gives more rows than it was said to.
const MAX_ROWS: &str = "raise `max_rows` under `with:` of the observation, or let the query give fewer rows";

impl<'a> Collector<'a> {
    /// For this question.
    pub(crate) fn new(ask: &'a Ask<'a>) -> Self {
        let wanted = ask.request.args.int("max_rows").and_then(|max| usize::try_from(max).ok());
        let max = wanted.unwrap_or(usize::MAX).min(ask.max_rows).max(1);
        let table = TableBuilder::new(&ask.request.schema, max);
        // Beyond what any answer may have it does not help.
        let raised = wanted.is_some_and(|wanted| wanted < ask.max_rows);
        let table = if raised { table.advise(MAX_ROWS) } else { table };
        Self { ask, table, max, bytes: 0, count: 0, absent: Vec::new(), int_bools: false, limitless: false }
    }

    /// The same for an engine that has no bools.
    pub(crate) fn with_int_bools(mut self) -> Self {
        self.int_bools = true;
        self
    }

    /// The same for a statement without the [`limit`](Self::limit) in its text: what is more stays unread. Where
    /// the text has it, the answer is read to its end, so that the connection can be used for the next step.
    pub(crate) fn without_limit(mut self) -> Self {
        self.limitless = true;
        self
    }

    /// How many rows to fetch: one more than are kept, so that a cut is noticed.
    pub(crate) fn limit(&self) -> usize {
        self.max.saturating_add(1)
    }

    /// Are all rows there that are kept, and the one that says that there are more?
    fn is_done(&self) -> bool {
        self.count > self.max || self.bytes > MAX_BYTES
    }

    /// Takes the rows of a statement, which have to be there at the deadline.
    pub(crate) async fn read<R>(
        &mut self,
        mut found: BoxStream<'_, Result<R, sqlx::Error>>,
        deadline: Instant,
        engine: &Engine<'_, R>,
    ) -> Result<(), Missing> {
        let work = async {
            while let Some(row) = found.try_next().await.map_err(|error| (engine.fault)(&error))? {
                self.push(&(engine.columns)(&row)?, engine.hint)?;
                if self.limitless && self.is_done() {
                    break;
                }
            }
            Ok(())
        };
        timeout_at(deadline, work).await.unwrap_or_else(|_| Err((engine.late)()))
    }

    /// Takes one row.
    fn push(&mut self, columns: &Columns, hint: Hint<'_>) -> Result<(), Missing> {
        if self.count == 0 {
            self.first(columns)?;
        }
        self.count += 1;
        self.bytes += columns.iter().map(|(name, json)| name.len() + weight(json)).sum::<usize>();
        if self.bytes > MAX_BYTES {
            let what = format!("the answer is larger than {} MiB; it was cut there", MAX_BYTES >> 20);
            self.table
                .cut(Missing::new(Cause::Limit, what).fix("let the query return fewer or smaller rows"));
            return Ok(());
        }
        let first = self.table.width().saturating_sub(self.ask.request.declared.len());
        let pointers = self.ask.request.declared.iter().zip(&self.absent).enumerate();
        let mut row = self.table.row();
        for (index, (pointer, absent)) in pointers {
            let cell = match absent {
                Some(why) => Err(Arc::clone(why)),
                None => cell(columns, pointer, hint, self.int_bools),
            };
            row = row.at(first + index, cell);
        }
        row.push();
        Ok(())
    }

    /// The table; a query whose facts have no key has exactly one row.
    pub(crate) fn finish(self) -> Result<Table, Missing> {
        if self.ask.request.schema.rows == Rows::One && self.count != 1 {
            let fix = "declare a `key:` if rows are subjects, or let the query return exactly one row";
            return Err(match self.count {
                0 => Missing::new(Cause::Empty, "the query returned no row").fix(fix),
                _ => Missing::new(
                    Cause::Ambiguous,
                    "the query returned several rows, and no `key:` tells them apart",
                )
                .fix(fix),
            });
        }
        Ok(self.table.finish())
    }

    fn first(&mut self, columns: &Columns) -> Result<(), Missing> {
        for (index, (name, _)) in columns.iter().enumerate() {
            if columns.iter().take(index).any(|(earlier, _)| earlier == name) {
                let what = format!("the query returns two columns `{name}`");
                return Err(Missing::new(Cause::Ambiguous, what).fix("give each column its own name with AS"));
            }
        }
        let absent = |pointer: &Pointer| {
            let name = column(pointer);
            if columns.iter().any(|(known, _)| known == name) {
                return None;
            }
            let known: Vec<String> = columns.iter().map(|(name, _)| format!("`{name}`")).collect();
            let what = format!("the query returns no column `{name}`; it has {}", known.join(", "));
            let fix = format!("name the column: `… AS {name}`, or correct the fact `{}`", pointer.name);
            Some(Arc::new(Missing::new(Cause::Absent, what).level(Level::Field).fix(fix)))
        };
        self.absent = self.ask.request.declared.iter().map(absent).collect();
        Ok(())
    }
}

/// The column of a declared fact: its own name unless it says otherwise.
pub(crate) fn column(pointer: &Pointer) -> &str {
    let at = pointer.at.strip_prefix('/').unwrap_or(&pointer.at);
    if at.is_empty() { &pointer.name } else { at }
}

fn cell(columns: &Columns, pointer: &Pointer, hint: Hint<'_>, int_bools: bool) -> Cell {
    let json = columns.iter().find(|(name, _)| name == column(pointer)).map(|(_, json)| json);
    if int_bools && pointer.ty.base() == &Type::Bool {
        match json.and_then(Json::as_i64) {
            Some(0) => return Ok(Value::Bool(false)),
            Some(1) => return Ok(Value::Bool(true)),
            _ => {}
        }
    }
    if let Some(why) = json.and_then(said_missing) {
        return why.cell();
    }
    let cell = json_cell(json, pointer);
    let Err(why) = &cell else { return cell };
    match json.and_then(|json| hint(&pointer.ty, json)) {
        Some((what, fix)) if why.cause == Cause::WrongType => {
            let what = format!("`{}` {what}", column(pointer));
            Missing::new(Cause::WrongType, what).level(Level::Row).fix(fix).cell()
        }
        _ => cell,
    }
}

/// `{"missing": "denied", "what": …, "fix": …}`: the query itself says that it could not read this value, for
/// example because a view shows null to a role without the grant. No declared fact is a JSON object, so
/// nothing else looks like this.
fn said_missing(json: &Json) -> Option<Missing> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let cause = Cause::from_word(text("missing")?)?;
    let why = Missing::new(cause, text("what").unwrap_or("the query says so")).level(Level::Row);
    Some(match text("fix") {
        Some(fix) => why.fix(fix),
        None => why,
    })
}

fn weight(json: &Json) -> usize {
    match json {
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(weight).sum(),
        Json::Object(map) => map.iter().map(|(key, item)| key.len() + weight(item)).sum(),
        _ => 8,
    }
}

/// The columns of a JSON object, also those of the same name, which a map would swallow.
pub(crate) fn columns_of(text: &str) -> Result<Columns, String> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Columns;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a row as JSON object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Columns, A::Error> {
            let mut columns = Columns::new();
            while let Some(pair) = map.next_entry()? {
                columns.push(pair);
            }
            Ok(columns)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(Pairs).map_err(|error| format!("a row is not what was asked for: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_name_are_not_swallowed() {
        let columns = columns_of(r#"{"a": 1, "a": 2, "b": null}"#).unwrap();
        assert_eq!(columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "a", "b"]);
        assert!(columns_of("[1]").is_err());
    }

    #[test]
    fn a_query_may_say_that_a_value_is_missing() {
        let json = serde_json::json!({"missing": "denied", "what": "no right to read it", "fix": "GRANT x"});
        let why = Missing::new(Cause::Denied, "no right to read it").level(Level::Row).fix("GRANT x");
        assert_eq!(said_missing(&json), Some(why));
        for other in ["{\"missing\": \"gone\"}", "{\"missing\": 1}", "{}", "\"missing\"", "null"] {
            assert_eq!(said_missing(&serde_json::from_str(other).unwrap()), None, "{other}");
        }
    }
}
