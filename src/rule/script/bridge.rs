//! Values of ours as values of Rhai, and back.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use rhai::{Array, Dynamic, EvalAltResult, Position};

use crate::fact::{Cell, Missing, Schema, Type, Value, show};
use crate::rule::ops;

/// An error of Rhai.
pub(super) type Raised = Box<EvalAltResult>;

/// Why a script was stopped; a script cannot catch it.
#[derive(Clone)]
pub(super) enum Stop {
    /// A fact that it read is unknown, or a value cannot be computed.
    Missing(Arc<Missing>),
    /// It did something that has no meaning.
    Words(String),
}

/// Stops the script with a reason of its own.
#[expect(clippy::unnecessary_box_returns, reason = "functions that Rhai calls fail with a box")]
pub(super) fn stop(missing: &Arc<Missing>) -> Raised {
    let token = Dynamic::from(Stop::Missing(Arc::clone(missing)));
    EvalAltResult::ErrorTerminated(token, Position::NONE).into()
}

/// Stops the script because of what it does. Unlike a termination this keeps the place; `try` is refused at load.
#[expect(clippy::unnecessary_box_returns, reason = "functions that Rhai calls fail with a box")]
pub(super) fn words(what: impl Into<String>) -> Raised {
    EvalAltResult::ErrorRuntime(Dynamic::from(Stop::Words(what.into())), Position::NONE).into()
}

/// A value that Rhai has no type for: a quantity, a time, a date, a version.
#[derive(Clone)]
pub(super) struct Quantity {
    pub(super) value: Value,
    pub(super) ty: Type,
}

/// `low..high`.
#[derive(Clone)]
pub(super) struct Span {
    pub(super) low: Dynamic,
    pub(super) high: Dynamic,
    pub(super) inclusive: bool,
}

/// A range, also one of two written numbers, which Rhai makes itself where it is an argument.
pub(super) fn span(value: &Dynamic) -> Option<Span> {
    let made = |low: i64, high: i64, inclusive| Span { low: low.into(), high: high.into(), inclusive };
    if let Some(range) = value.read_lock::<Range<i64>>() {
        return Some(made(range.start, range.end, false));
    }
    if let Some(range) = value.read_lock::<RangeInclusive<i64>>() {
        return Some(made(*range.start(), *range.end(), true));
    }
    value.read_lock::<Span>().map(|span| span.clone())
}

/// Rows with what is needed to read them.
pub(super) struct Rows {
    pub(super) schema: Arc<Schema>,
    pub(super) cells: Vec<Box<[Cell]>>,
    pub(super) now: i64,
}

/// `ctx.rows`: read-only.
#[derive(Clone)]
pub(super) struct AllRows(pub(super) Arc<Rows>);

impl IntoIterator for AllRows {
    type Item = Object;
    type IntoIter = Box<dyn Iterator<Item = Object>>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new((0..self.0.cells.len()).map(move |index| Object::Row(Arc::clone(&self.0), index)))
    }
}

/// `ctx` and what is in it.
pub(super) struct Around {
    pub(super) params: Vec<(Arc<str>, Value, Type)>,
    pub(super) name: Arc<str>,
    pub(super) kind: Arc<str>,
    pub(super) labels: BTreeMap<Arc<str>, Arc<str>>,
    pub(super) rows: Arc<Rows>,
}

/// Something whose names are read with `.name`; nothing of it can be set.
#[derive(Clone)]
pub(super) enum Object {
    /// A row or a record.
    Row(Arc<Rows>, usize),
    /// `ctx`
    Ctx(Arc<Around>),
    /// `ctx.params`
    Params(Arc<Around>),
    /// `ctx.target`
    Target(Arc<Around>),
    /// `ctx.target.labels`
    Labels(Arc<Around>),
}

#[expect(clippy::unnecessary_box_returns, reason = "functions that Rhai calls fail with a box")]
fn no_name(of: &str, name: &str) -> Raised {
    words(format!("{of} has no `{name}`"))
}

impl Object {
    /// What it is called in messages.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Row(..) => "a row",
            Self::Ctx(_) => "`ctx`",
            Self::Params(_) => "`ctx.params`",
            Self::Target(_) => "`ctx.target`",
            Self::Labels(_) => "`ctx.target.labels`",
        }
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Result<Dynamic, Raised> {
        match self {
            Self::Row(rows, index) => {
                let (cell, ty) = rows.read(*index, name).ok_or_else(|| no_name("the row", name))?;
                from_cell(&cell, &ty, rows.now)
            }
            Self::Ctx(around) => around.member(name).ok_or_else(|| no_name("`ctx`", name)),
            Self::Params(around) => {
                let found = around.params.iter().find(|(param, _, _)| &**param == name);
                let (_, value, ty) = found.ok_or_else(|| no_name("`ctx.params`", name))?;
                from_value(value, ty, around.rows.now)
            }
            Self::Target(around) => match name {
                "name" => Ok(text(&around.name)),
                "type" => Ok(text(&around.kind)),
                "labels" => Ok(Dynamic::from(Self::Labels(Arc::clone(around)))),
                _ => Err(no_name("`ctx.target`", name)),
            },
            Self::Labels(around) => Ok(around.labels.get(name).map_or(Dynamic::UNIT, |label| text(label))),
        }
    }

    /// Could the fact be read?
    pub(super) fn known(&self, name: &str) -> Result<bool, Raised> {
        let Self::Row(rows, index) = self else { return Err(words("`known` takes a row")) };
        rows.read(*index, name).map(|(cell, _)| cell.is_ok()).ok_or_else(|| no_name("the row", name))
    }
}

impl Around {
    fn member(self: &Arc<Self>, name: &str) -> Option<Dynamic> {
        Some(match name {
            "params" => Dynamic::from(Object::Params(Arc::clone(self))),
            "target" => Dynamic::from(Object::Target(Arc::clone(self))),
            "rows" => Dynamic::from(AllRows(Arc::clone(&self.rows))),
            "now" => Dynamic::from(Quantity { value: Value::Int(self.rows.now), ty: Type::Time }),
            _ => return None,
        })
    }
}

impl Rows {
    /// A fact of a row, or the age of a time.
    fn read(&self, index: usize, name: &str) -> Option<(Cell, Type)> {
        let cell = |at: usize| {
            let absent =
                || Missing::new(crate::fact::Cause::Internal, format!("`{name}` has no cell")).cell();
            self.cells.get(index).and_then(|row| row.get(at)).cloned().unwrap_or_else(absent)
        };
        if let Some(at) = self.schema.position(name) {
            return Some((cell(at), self.schema.fields.get(at)?.ty.clone()));
        }
        let at = self.schema.position(name.strip_suffix("_age")?)?;
        if *self.schema.fields.get(at)?.ty.base() != Type::Time {
            return None;
        }
        let age = cell(at).and_then(|time| match time {
            Value::Int(time) => ops::age(self.now, time),
            other => Ok(other),
        });
        Some((age, Type::DURATION))
    }
}

fn text(text: &str) -> Dynamic {
    text.to_owned().into()
}

fn from_cell(cell: &Cell, ty: &Type, now: i64) -> Result<Dynamic, Raised> {
    match cell {
        Ok(value) => from_value(value, ty, now),
        Err(missing) => Err(stop(missing)),
    }
}

/// A value as Rhai sees it.
pub(super) fn from_value(value: &Value, ty: &Type, now: i64) -> Result<Dynamic, Raised> {
    let ty = ty.base();
    Ok(match (value, ty) {
        (Value::Null, _) => Dynamic::UNIT,
        (Value::Masked(_), _) => return Err(stop(&ops::masked())),
        (_, Type::Quantity(_) | Type::Time | Type::Date | Type::Version) => {
            Dynamic::from(Quantity { value: value.clone(), ty: ty.clone() })
        }
        (Value::Bool(bool), _) => (*bool).into(),
        (Value::Int(int), _) => (*int).into(),
        (Value::Float(float), _) => (*float).into(),
        (Value::Text(written), _) => text(written),
        (Value::List(items), Type::List(item)) => {
            let items = items.iter().map(|cell| from_cell(cell, item, now));
            Dynamic::from_array(items.collect::<Result<Array, _>>()?)
        }
        (Value::Record(cells), Type::Record(schema)) => {
            let cells = vec![cells.iter().cloned().collect()];
            Dynamic::from(Object::Row(Arc::new(Rows { schema: Arc::clone(schema), cells, now }), 0))
        }
        (Value::List(_) | Value::Record(_), _) => return Err(words("a fact is not of its type")),
    })
}

/// A value of Rhai with its type; null has none.
pub(super) fn operand(value: &Dynamic) -> Result<Option<(Value, Type)>, Raised> {
    if value.is_unit() {
        return Ok(None);
    }
    if let Ok(items) = value.as_array_ref() {
        return list(&items).map(Some);
    }
    match single(value) {
        Some(found) => Ok(Some(found)),
        None => Err(words(format!("{} is no single value", kind(value)))),
    }
}

/// A value that is neither null nor a list nor something of ours.
fn single(value: &Dynamic) -> Option<(Value, Type)> {
    if let Ok(int) = value.as_int() {
        return Some((Value::Int(int), Type::Int));
    }
    if let Ok(float) = value.as_float() {
        return Some((Value::Float(float), Type::Float));
    }
    if let Ok(bool) = value.as_bool() {
        return Some((Value::Bool(bool), Type::Bool));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some((Value::text(text.as_str()), Type::TEXT));
    }
    value.read_lock::<Quantity>().map(|quantity| (quantity.value.clone(), quantity.ty.clone()))
}

/// A list of values of one type. An empty one is a list of texts, which [`is_empty_list`] tells apart.
fn list(items: &[Dynamic]) -> Result<(Value, Type), Raised> {
    let mut cells: Vec<Cell> = Vec::with_capacity(items.len());
    let mut ty: Option<Type> = None;
    for item in items {
        let Some((value, found)) = operand(item)? else {
            cells.push(Ok(Value::Null));
            continue;
        };
        if let Some(first) = ty.as_ref().filter(|first| !ops::comparable(first, &found, false)) {
            return Err(words(format!("a list holds {first} and {found}")));
        }
        ty.get_or_insert(found);
        cells.push(Ok(value));
    }
    Ok((Value::List(cells.into()), Type::list(ty.unwrap_or(Type::TEXT))))
}

pub(super) fn is_empty_list(value: &Value) -> bool {
    matches!(value, Value::List(items) if items.is_empty())
}

/// What a value is, for messages.
pub(super) fn kind(value: &Dynamic) -> String {
    if value.is_unit() {
        return "null".to_owned();
    }
    if let Some(object) = value.read_lock::<Object>() {
        return object.word().to_owned();
    }
    if value.is::<AllRows>() {
        return "`ctx.rows`".to_owned();
    }
    if span(value).is_some() {
        return "a range".to_owned();
    }
    if value.is_map() {
        return "a map".to_owned();
    }
    if value.is_array() {
        return "a list".to_owned();
    }
    if value.is::<super::ScriptVerdict>() {
        return "a verdict".to_owned();
    }
    single(value).map_or_else(|| "something else".to_owned(), |(_, ty)| ty.to_string())
}

/// A value as a message shows it.
pub(super) fn shown(value: &Dynamic) -> String {
    match operand(value) {
        Ok(Some((value, ty))) => show(&value, &ty),
        Ok(None) => "null".to_owned(),
        Err(_) => kind(value),
    }
}
