//! The names that an expression may use.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::node::Place;
use crate::diag::did_you_mean;
use crate::fact::{Schema, Type};

/// Roots that no fact, parameter or binding may be called.
pub const ROOTS: &[&str] = &["params", "target", "now", "before", "side"];

/// Where names come from; see [`Env`].
pub type Root = Place;

/// A name with its type.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// A part of a row whose presence the `side` tells: one side of a join, or the rows of now and of then.
#[derive(Clone, Debug)]
pub struct Part {
    /// The name before the dot in expressions; empty for facts that stand bare.
    pub root: Arc<str>,
    /// Its columns in the row.
    pub columns: Range<usize>,
    /// Their types where the part is there.
    pub schema: Arc<Schema>,
    /// The observation whose clock its ages are counted against; `None` is that of the row.
    pub clock: Option<usize>,
}

/// An observation, a join or a group by name.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its name.
    pub name: Arc<str>,
    /// Its shape.
    pub schema: Arc<Schema>,
    /// The column that tells which parts of a row are there.
    pub side: Option<usize>,
    /// Parts of which one may be absent.
    pub parts: Vec<Part>,
    /// Columns whose samples are recalled; empty if none are.
    pub past: Vec<bool>,
}

impl Observed {
    /// One without parts and without a past.
    pub fn plain(name: &Arc<str>, schema: &Arc<Schema>) -> Self {
        Self {
            name: Arc::clone(name),
            schema: Arc::clone(schema),
            side: None,
            parts: Vec::new(),
            past: Vec::new(),
        }
    }

    /// Is a column null for no other reason than that its part is absent?
    pub fn absent_only(&self, column: usize) -> bool {
        let part = self.parts.iter().find(|part| part.columns.contains(&column));
        let field = part.and_then(|part| part.schema.fields.get(column.checked_sub(part.columns.start)?));
        field.is_some_and(|field| !field.ty.is_nullable())
    }

    /// The same fact with the name of its part before it, for every part that has it.
    pub fn in_parts(&self, name: &str) -> Vec<String> {
        let named = self.parts.iter().filter(|part| !part.root.is_empty());
        let having = named.filter(|part| part.schema.position(name).is_some());
        having.map(|part| format!("{}.{name}", part.root)).collect()
    }

    /// The type of a column where these parts are known to be there.
    fn column(&self, index: usize, narrowed: &[Place]) -> Option<Type> {
        let part = self.parts.iter().enumerate().find(|(_, part)| part.columns.contains(&index));
        match part.filter(|(number, _)| narrowed.contains(&Place::Present(*number))) {
            Some((_, part)) => part.schema.fields.get(index - part.columns.start).map(|f| f.ty.clone()),
            None => self.schema.fields.get(index).map(|field| field.ty.clone()),
        }
    }
}

/// The names of one policy.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Observations, joins and groups, by position.
    pub observations: Vec<Observed>,
    /// Whose facts are in scope bare.
    pub each: Option<usize>,
    /// Parameters, by position.
    pub params: Vec<Binding>,
    /// `let`s that may be used here, by position; `None` for those that are not typed yet.
    pub lets: Vec<Option<Binding>>,
    /// Names of labels of the project; `None` if there is no project.
    pub labels: Option<Arc<BTreeSet<Arc<str>>>>,
    /// Names of calendars of the project; `None` if there is no project.
    pub calendars: Option<Arc<BTreeSet<Arc<str>>>>,
    /// Places that are known not to be null here, and parts that are known to be there.
    pub narrowed: Vec<Place>,
    /// May facts be read? `when` may not.
    pub facts: bool,
    /// Are names in SQL quoted with backticks, as MySQL does it?
    pub backticks: bool,
    /// In a group: the names of its members, which aggregates read.
    pub members: Option<Arc<Env>>,
}

/// What a name means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A value.
    Value(Place, Type),
    /// The age of a time.
    Age(Place, Place, Type),
}

/// Names as they are seen at one place of an expression: with what is known not to be null there.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    /// All names.
    pub env: &'a Env,
    /// What is known here.
    pub narrowed: Vec<Place>,
}

impl Env {
    /// The rows whose facts are bare.
    pub fn row_view(&self) -> Option<&Observed> {
        self.each.and_then(|index| self.observations.get(index))
    }

    /// The schema whose facts are bare.
    pub fn row(&self) -> Option<&Schema> {
        self.row_view().map(|observed| &*observed.schema)
    }

    /// The observation, join or group behind a place, with the column.
    pub fn column_of(&self, place: &Place) -> Option<(&Observed, usize)> {
        match place {
            Place::Each(column) | Place::Side(column) => Some((self.row_view()?, *column)),
            Place::Observation(index, column) => Some((self.observations.get(*index)?, *column)),
            _ => None,
        }
    }

    /// `params.x`
    pub fn param(&self, name: &str) -> Option<Meaning> {
        let index = self.params.iter().position(|param| &*param.name == name)?;
        self.params.get(index).map(|param| Meaning::Value(Place::Param(index), param.ty.clone()))
    }

    /// All bare names, for suggestions.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.lets.iter().flatten().map(|b| b.name.to_string()).collect();
        if self.facts {
            let fields = self.row().map(|schema| schema.fields.iter()).into_iter().flatten();
            for field in fields.filter(|field| !field.name.contains('.')) {
                names.push(field.name.to_string());
                if *field.ty.base() == Type::Time {
                    names.push(format!("{}_age", field.name));
                }
            }
            // The rows of a group that is being computed have no name yet.
            let named = self.observations.iter().filter(|o| !o.name.is_empty());
            names.extend(named.map(|o| o.name.to_string()));
        }
        names.extend(["now", "params", "target"].map(str::to_owned));
        names
    }
}

impl Names<'_> {
    /// The type of a place, without null if it is known not to be.
    fn typed(&self, place: Place, ty: Type) -> Meaning {
        let ty = if self.narrowed.contains(&place) { ty.base().clone() } else { ty };
        Meaning::Value(place, ty)
    }

    fn age(&self, place: Place, now: Place, ty: &Type) -> Option<Meaning> {
        if *ty.base() != Type::Time {
            return None;
        }
        let nullable = ty.is_nullable() && !self.narrowed.contains(&place);
        let age = if nullable { Type::DURATION.nullable() } else { Type::DURATION };
        Some(Meaning::Age(place, now, age))
    }

    /// A bare name.
    pub fn bare(&self, name: &str) -> Option<Meaning> {
        if name == "now" {
            return Some(Meaning::Value(Place::Now, Type::Time));
        }
        let bound = |b: &Option<Binding>| b.as_ref().is_some_and(|b| &*b.name == name);
        if let Some(index) = self.env.lets.iter().position(bound) {
            let ty = self.env.lets.get(index)?.as_ref()?.ty.clone();
            return Some(self.typed(Place::Let(index), ty));
        }
        if !self.env.facts {
            return None;
        }
        let view = self.env.row_view()?;
        if let Some(side) = view.side.filter(|_| name == "side") {
            return Some(self.typed(Place::Side(side), view.column(side, &self.narrowed)?));
        }
        self.in_schema(view, name, Place::Each, Place::Now)
    }

    /// A fact, or the age of one, of a table.
    fn in_schema(
        &self,
        view: &Observed,
        name: &str,
        place: impl Fn(usize) -> Place,
        now: Place,
    ) -> Option<Meaning> {
        if let Some(index) = view.schema.position(name) {
            return Some(self.typed(place(index), view.column(index, &self.narrowed)?));
        }
        let index = view.schema.position(name.strip_suffix("_age")?)?;
        self.age(place(index), now, &view.column(index, &self.narrowed)?)
    }

    /// `rows.size` of the row that is judged.
    fn in_part(&self, view: &Observed, part: &Part, name: &str) -> Option<Meaning> {
        let now = part.clock.map_or(Place::Now, Place::NowOf);
        let column = |name: &str| part.schema.position(name).map(|index| part.columns.start + index);
        if let Some(index) = column(name) {
            return Some(self.typed(Place::Each(index), view.column(index, &self.narrowed)?));
        }
        let index = column(name.strip_suffix("_age")?)?;
        self.age(Place::Each(index), now, &view.column(index, &self.narrowed)?)
    }

    /// `observation.fact`; the error says why not.
    pub fn member(&self, observation: &str, name: &str) -> Option<Result<Meaning, String>> {
        let unknown = |schema: &Schema| {
            let names = schema.fields.iter().map(|field| &*field.name).filter(|name| !name.contains('.'));
            let known = list(names.clone());
            did_you_mean(name, names).unwrap_or_else(|| format!("its facts are {known}"))
        };
        if let Some(view) = self.env.row_view()
            && let Some(part) =
                view.parts.iter().find(|part| !part.root.is_empty() && *part.root == *observation)
        {
            return Some(self.in_part(view, part, name).ok_or_else(|| unknown(&part.schema)));
        }
        let index = self.env.observations.iter().position(|o| &*o.name == observation)?;
        let observed = self.env.observations.get(index)?;
        let single = observed.schema.rows == crate::fact::Rows::One;
        let found = if self.env.each == Some(index) {
            self.in_schema(observed, name, Place::Each, Place::Now)
        } else if single {
            self.in_schema(observed, name, |field| Place::Observation(index, field), Place::NowOf(index))
        } else {
            return Some(Err(format!(
                "`{observation}` has many rows, so `{observation}.{name}` has no one value; relate it with `join` or `group`"
            )));
        };
        Some(found.ok_or_else(|| unknown(&observed.schema)))
    }
}

/// Names in backticks with commas.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
