//! A row of a statement as a row of the answer.

use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::home::placed;
use super::part::Lost;
use super::{Reading, of_row};
use crate::fact::{Cause, Cell, Field, Level, Missing, Request, TableBuilder, TextKind, Type, Unit, Value};
use crate::probe::Context;
use crate::probe::postgres::read::Read;
use crate::probe::postgres::session::Who;
use crate::probe::sql::quoted;

/// A bool column that says, where it is true, that facts of the row cannot be known.
///
/// In the texts `{column}` is a text column of the row, and `{role}` the role that looks.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::postgres) struct Fault {
    /// The column.
    pub(in crate::probe::postgres) column: &'static str,
    /// The facts.
    pub(in crate::probe::postgres) facts: &'static [&'static str],
    /// Why.
    pub(in crate::probe::postgres) cause: Cause,
    /// `Field` if it is so for every row, `Row` if for this one.
    pub(in crate::probe::postgres) level: Level,
    /// What is so, for a person.
    pub(in crate::probe::postgres) what: &'static str,
    /// What mends it.
    pub(in crate::probe::postgres) fix: &'static str,
}

/// How a column is read.
#[derive(Clone, Debug)]
enum Kind {
    Int,
    Float,
    Text,
    Word(Arc<[Arc<str>]>),
    Bool,
    Texts,
}

impl Kind {
    fn of(ty: &Type) -> Self {
        match ty.base() {
            Type::Bool => Self::Bool,
            Type::Int | Type::Counter | Type::Time | Type::Date => Self::Int,
            Type::Quantity(unit) if *unit == Unit::BYTES || *unit == Unit::DURATION => Self::Int,
            Type::Quantity(_) | Type::Float => Self::Float,
            Type::Enum(words) => Self::Word(Arc::clone(words)),
            Type::List(_) | Type::Record(_) => Self::Texts,
            _ => Self::Text,
        }
    }
}

/// One fact: its place in the answer, its column.
struct Place {
    index: usize,
    name: Arc<str>,
    kind: Kind,
    nullable: bool,
    /// What stands between the database and the object, where the database is to be told with it.
    prefixed: Option<Joint>,
    given: Option<Cell>,
    lost: Option<Arc<Missing>>,
}

/// The columns of an answer.
pub(super) struct Shape<'a> {
    reading: &'a Reading,
    places: Vec<Place>,
    role: String,
    lost: Lost,
    /// Put before keys if several databases are read.
    pub(super) prefix: String,
}

impl<'a> Shape<'a> {
    pub(super) fn new(reading: &'a Reading, request: &Request, who: &Who, lost: Lost) -> Self {
        let key = request.schema.key.first().copied();
        let per_row = |name: &str| reading.costly.iter().any(|costly| costly.facts.contains(&name));
        let fields = request.schema.fields.iter().enumerate();
        let places = fields
            .filter(|(index, field)| {
                !per_row(&field.name) && (!field.costly || request.wants.get(*index) == Some(&true))
            })
            .map(|(index, field)| {
                let own = (&*field.name == "database" && reading.scope == super::Scope::Database)
                    .then(|| Ok(Value::text(&who.database)));
                let given =
                    reading.given.iter().find(|(name, _)| *name == &*field.name).map(|(_, of)| of(who));
                let lost = lost.iter().find(|(facts, _)| facts.contains(&&*field.name));
                Place {
                    index,
                    name: Arc::clone(&field.name),
                    kind: Kind::of(&field.ty),
                    nullable: matches!(field.ty, Type::Nullable(_)),
                    prefixed: joint(&field.ty, key == Some(index)),
                    given: own.or(given),
                    lost: lost.map(|(_, why)| Arc::clone(why)),
                }
            })
            .collect();
        Self { reading, places, role: quoted(&who.role), lost, prefix: String::new() }
    }

    /// Puts a row into the answer.
    pub(super) fn push(
        &self,
        row: &PgRow,
        cx: &Context,
        extra: &[(&str, Cell)],
        table: &mut TableBuilder,
    ) -> Result<(), Missing> {
        let read = Read { row, cx };
        let mut faults: Vec<(&'static [&'static str], Arc<Missing>)> = Vec::new();
        for fault in self.reading.faults {
            if read.plain::<bool>(fault.column)? {
                faults.push((fault.facts, Arc::new(self.said(fault, row))));
            }
        }
        let why = |name: &str| {
            faults.iter().find(|(facts, _)| facts.contains(&name)).map(|(_, why)| Arc::clone(why))
        };
        let mut cells = table.row();
        for place in &self.places {
            let cell = match place.lost.clone().or_else(|| why(&place.name)) {
                Some(why) => Err(why),
                None => match &place.given {
                    Some(cell) => cell.clone(),
                    None => self.cell(place, &read)?,
                },
            };
            cells = cells.at(place.index, cell);
        }
        for (name, cell) in extra {
            let why = self.lost_for(name).or_else(|| why(name));
            cells = cells.cell(name, why.map_or_else(|| cell.clone(), Err));
        }
        cells.push();
        Ok(())
    }

    /// Why this server cannot tell the fact at all.
    fn lost_for(&self, name: &str) -> Option<Arc<Missing>> {
        self.lost.iter().find(|(facts, _)| facts.contains(&name)).map(|(_, why)| Arc::clone(why))
    }

    fn cell(&self, place: &Place, read: &Read<'_>) -> Result<Cell, Missing> {
        let cell = checked(value(&place.kind, &place.name, read)?, &place.kind, place.nullable, &place.name);
        Ok(match (cell, place.prefixed) {
            (Ok(Value::Text(text)), Some(joint)) if !self.prefix.is_empty() => {
                Ok(Value::text(joint.put(&self.prefix, &text)))
            }
            (cell, _) => cell,
        })
    }

    fn said(&self, fault: &Fault, row: &PgRow) -> Missing {
        let filled = |text: &str| filled(text, row, &self.role);
        let mut why = Missing::new(fault.cause, filled(fault.what)).level(fault.level);
        if !self.prefix.is_empty() {
            why.what.push_str(&format!(" (database {})", self.prefix));
        }
        match (fault.fix, &*self.prefix) {
            ("", _) => why,
            (fix, "") => why.fix(filled(fix)),
            (fix, database) => placed(why.fix(filled(fix)), database),
        }
    }
}

/// How the database stands before an object of it.
#[derive(Clone, Copy)]
enum Joint {
    /// The key, a name: with a point, which SQL reads so.
    Key,
    /// Another name: with a point if its schema is told too, so that no step of a remedy finds another database's
    /// object of that name. A column or a role is as it is.
    Name,
    /// The key, words for people: with a colon.
    Words,
}

impl Joint {
    fn put(self, database: &str, text: &str) -> String {
        match self {
            Self::Words => format!("{database}: {text}"),
            Self::Name if !is_qualified(text) => text.to_owned(),
            Self::Key | Self::Name => format!("{database}.{text}"),
        }
    }
}

fn joint(ty: &Type, key: bool) -> Option<Joint> {
    match (ty.base(), key) {
        (Type::Text(TextKind::SqlName), true) => Some(Joint::Key),
        (Type::Text(TextKind::SqlName), false) => Some(Joint::Name),
        (Type::Text(TextKind::Plain), true) => Some(Joint::Words),
        _ => None,
    }
}

/// Is the schema told with the name? A point within quotes belongs to the name.
fn is_qualified(name: &str) -> bool {
    name.split('"').step_by(2).any(|outside| outside.contains('.'))
}

/// A column as a value.
fn value(kind: &Kind, name: &str, read: &Read<'_>) -> Result<Value, Missing> {
    match kind {
        Kind::Int => read.int(name),
        Kind::Text | Kind::Word(_) => read.text(name),
        Kind::Bool => read.flag(name),
        Kind::Float => Ok(Value::or_null(read.plain::<Option<f64>>(name)?.map(Value::Float))),
        Kind::Texts => Ok(Value::or_null(read.plain::<Option<Vec<String>>>(name)?.map(Value::texts))),
    }
}

/// A value that the declaration allows, or a fault of its fact: no null where there is none, no unknown word.
fn checked(value: Value, kind: &Kind, nullable: bool, name: &str) -> Cell {
    match (kind, value) {
        (_, Value::Null) if !nullable => {
            Err(of_row(Cause::Undecidable, format!("the server gave no value for `{name}`")))
        }
        (Kind::Word(words), Value::Text(text)) if !words.contains(&text) => Err(of_row(
            Cause::Unsupported,
            format!("the server says `{text}`, a word that is not known here"),
        )),
        (_, value) => Ok(value),
    }
}

/// A fact of one row, by its declaration, from a statement that is asked for that row; null if there is nothing to ask.
pub(super) fn fact_of(field: &Field, read: Option<&Read<'_>>) -> Cell {
    let kind = Kind::of(&field.ty);
    let value = read.map_or(Ok(Value::Null), |read| value(&kind, &field.name, read));
    let nullable = matches!(field.ty, Type::Nullable(_));
    if read.is_some() && !nullable && value.as_ref().is_ok_and(Value::is_null) {
        // The size functions give null for what was dropped since.
        let what = format!("there is nothing any more whose `{}` could be told: it was dropped", field.name);
        return Err(Arc::new(Missing::new(Cause::Absent, what).level(Level::Row).fix("ask again")));
    }
    value
        .map_err(|why| Arc::new(why.level(Level::Row)))
        .and_then(|value| checked(value, &kind, nullable, &field.name))
}

/// The text with the names in braces replaced by texts of the row.
fn filled(text: &str, row: &PgRow, role: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, after)) = behind.split_once('}') else {
            out.push('{');
            rest = behind;
            continue;
        };
        match name {
            "role" => out.push_str(role),
            name => out.push_str(row.try_get::<Option<&str>, _>(name).ok().flatten().unwrap_or("?")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::Joint;

    #[test]
    fn the_database_stands_before_what_has_a_schema() {
        let of = |joint: Joint, text: &str| joint.put("shop", text);
        assert_eq!(of(Joint::Key, "postgis"), "shop.postgis");
        assert_eq!(of(Joint::Words, "CREATE on schema public"), "shop: CREATE on schema public");
        assert_eq!(of(Joint::Name, "public.orders"), "shop.public.orders");
        assert_eq!(of(Joint::Name, "\"a.b\".\"c\"\"d\""), "shop.\"a.b\".\"c\"\"d\"");
        assert_eq!(of(Joint::Name, "\"a.b\""), "\"a.b\"");
        assert_eq!(of(Joint::Name, "customer"), "customer");
    }
}
