//! The statements of a comparison.

use super::pair::{Both, Pair, Which};
use crate::fact::{Missing, refuse_sql};
use crate::probe::data::canonical::Kind;
use crate::probe::data::side::{Decode, Reading, Shape, decode_of};
use crate::probe::data::tables::{Engine, Kind as Type};

/// Rows of which side, and which of them.
pub(in crate::probe::data) struct Select<'a> {
    pub(in crate::probe::data) pair: &'a Pair,
    pub(in crate::probe::data) which: Which,
    pub(in crate::probe::data) engine: Engine,
    /// A further condition.
    pub(in crate::probe::data) also: Option<String>,
    /// In the order of the key?
    pub(in crate::probe::data) ordered: bool,
}

impl Select<'_> {
    /// The statement.
    pub(in crate::probe::data) fn reading(&self) -> Result<Reading, Missing> {
        let columns: Vec<(String, Decode)> = self.pair.columns.iter().map(|both| self.column(both)).collect();
        let list: Vec<&str> = columns.iter().map(|(written, _)| written.as_str()).collect();
        let mut sql = format!("SELECT {} FROM {}", list.join(", "), self.pair.table(self.which).from);
        sql.push_str(&self.condition()?);
        let key = if self.ordered { self.pair.key.clone() } else { Vec::new() };
        if self.ordered {
            sql.push_str(&self.order_by());
        }
        let kinds = self.pair.columns.iter().map(|both| both.kind).collect();
        let decode = columns.into_iter().map(|(_, decode)| decode).collect();
        Ok(Reading { sql, decode, shape: Shape { kinds, key } })
    }

    /// How a column is written and read. A list that is compared by its text form is read by it.
    fn column(&self, both: &Both) -> (String, Decode) {
        let column = both.of(self.which);
        if column.kind == Type::List && both.kind == Kind::Text && !both.told {
            return (format!("{}::text", self.engine.quoted(&column.name)), Decode::Text);
        }
        decode_of(self.engine, column)
    }

    /// ` ORDER BY …` the key, or nothing.
    pub(in crate::probe::data) fn order_by(&self) -> String {
        let order: Vec<String> = self.pair.key.iter().filter_map(|place| self.order(*place)).collect();
        if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) }
    }

    /// `WHERE …`, or nothing.
    pub(in crate::probe::data) fn condition(&self) -> Result<String, Missing> {
        let only = if self.which == Which::Source { self.pair.only.as_deref() } else { None };
        let only = only.map(|only| checked(only, &self.pair.source.from, self.engine)).transpose()?;
        let all: Vec<String> =
            only.into_iter().chain(self.also.clone()).map(|one| format!("({one})")).collect();
        Ok(if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) })
    }

    /// A column of the key so that its engine sorts as the others do.
    fn order(&self, place: usize) -> Option<String> {
        let both = self.pair.columns.get(place)?;
        let column = both.of(self.which);
        let name = self.engine.quoted(&column.name);
        let sorted = match (self.engine, both.kind) {
            (Engine::Postgres, Kind::Text | Kind::Char) => format!("{name}::text COLLATE \"C\""),
            (Engine::Postgres, Kind::Uuid) => format!("{name}::uuid"),
            (Engine::Postgres, Kind::Dynamic) if column.kind.is_text() => {
                format!("{name}::text COLLATE \"C\"")
            }
            (Engine::Mysql, Kind::Text | Kind::Char) => {
                format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)")
            }
            (Engine::Mysql, Kind::Uuid) if column.kind.word() != "bytes" => {
                format!("CAST(LOWER(CONVERT({name} USING utf8mb4)) AS BINARY)")
            }
            (Engine::Sqlite, Kind::Text | Kind::Char) => format!("{name} COLLATE BINARY"),
            _ => name,
        };
        // The other engines begin with nulls by themselves.
        let first = if self.engine == Engine::Postgres && column.nullable { " NULLS FIRST" } else { "" };
        Some(format!("{sorted}{first}"))
    }
}

/// A condition of the project file, which must be a condition and nothing more.
fn checked(only: &str, from: &str, engine: Engine) -> Result<String, Missing> {
    use crate::fact::Cause;
    let denied =
        |why: String| Missing::new(Cause::Denied, format!("the condition `{only}` is refused: {why}"));
    if !is_balanced(only) {
        return Err(denied("its parentheses, quotes or comments do not close".to_owned()));
    }
    match refuse_sql(&format!("SELECT 1 FROM {from} WHERE (\n{only}\n)"), engine.dialect()) {
        Some(why) => Err(denied(why)),
        None => Ok(format!("\n{only}\n")),
    }
}

/// Every parenthesis is closed where it was opened, outside of quotes; no comment and no semicolon.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut before = ' ';
    for char in text.chars() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (Some(_), '\\') => return false,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(char),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ';' | '#' | '$') => return false,
            (None, '-') if before == '-' => return false,
            (None, '*') if before == '/' => return false,
            (None, _) => {}
        }
        if depth < 0 {
            return false;
        }
        before = char;
    }
    depth == 0 && quote.is_none()
}
