//! The names that an expression may use.

use std::collections::BTreeSet;
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

/// An observation by name.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its name under `observe`.
    pub name: Arc<str>,
    /// Its shape.
    pub schema: Arc<Schema>,
}

/// The names of one policy.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Observations, by position.
    pub observations: Vec<Observed>,
    /// Which observation's facts are in scope bare.
    pub each: Option<usize>,
    /// Parameters, by position.
    pub params: Vec<Binding>,
    /// `let`s that may be used here, by position; `None` for those that are not typed yet.
    pub lets: Vec<Option<Binding>>,
    /// Names of labels of the project; `None` if there is no project.
    pub labels: Option<BTreeSet<Arc<str>>>,
    /// Places that are known not to be null here.
    pub narrowed: Vec<Place>,
    /// May facts be read? `when` may not.
    pub facts: bool,
    /// Are names in SQL quoted with backticks, as MySQL does it?
    pub backticks: bool,
}

/// What a name means.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A value.
    Value(Place, Type),
    /// The age of a time.
    Age(Place, Place, Type),
}

impl Env {
    /// The schema whose facts are bare.
    pub fn row(&self) -> Option<&Schema> {
        self.each.and_then(|index| self.observations.get(index)).map(|observed| &*observed.schema)
    }

    /// The type of a place, without null if it is known not to be.
    fn typed(&self, place: Place, ty: &Type) -> Meaning {
        let ty = if self.narrowed.contains(&place) { ty.base().clone() } else { ty.clone() };
        Meaning::Value(place, ty)
    }

    fn age(&self, place: &Place, now: Place, ty: &Type) -> Option<Meaning> {
        if *ty.base() != Type::Time {
            return None;
        }
        let nullable = ty.is_nullable() && !self.narrowed.contains(place);
        let age = if nullable { Type::DURATION.nullable() } else { Type::DURATION };
        Some(Meaning::Age(place.clone(), now, age))
    }

    /// A bare name.
    pub fn bare(&self, name: &str) -> Option<Meaning> {
        if name == "now" {
            return Some(Meaning::Value(Place::Now, Type::Time));
        }
        let bound = |b: &Option<Binding>| b.as_ref().is_some_and(|b| &*b.name == name);
        if let Some(index) = self.lets.iter().position(bound) {
            let ty = self.lets.get(index)?.as_ref()?.ty.clone();
            return Some(self.typed(Place::Let(index), &ty));
        }
        if !self.facts {
            return None;
        }
        self.in_schema(self.row()?, name, Place::Each, Place::Now)
    }

    fn in_schema(
        &self,
        schema: &Schema,
        name: &str,
        place: impl Fn(usize) -> Place,
        now: Place,
    ) -> Option<Meaning> {
        if let Some(index) = schema.position(name) {
            return schema.fields.get(index).map(|field| self.typed(place(index), &field.ty));
        }
        let index = schema.position(name.strip_suffix("_age")?)?;
        self.age(&place(index), now, &schema.fields.get(index)?.ty)
    }

    /// `params.x`
    pub fn param(&self, name: &str) -> Option<Meaning> {
        let index = self.params.iter().position(|param| &*param.name == name)?;
        self.params.get(index).map(|param| Meaning::Value(Place::Param(index), param.ty.clone()))
    }

    /// `observation.fact`; the error says why not.
    pub fn member(&self, observation: &str, name: &str) -> Option<Result<Meaning, String>> {
        let index = self.observations.iter().position(|o| &*o.name == observation)?;
        let observed = self.observations.get(index)?;
        let single = observed.schema.rows == crate::fact::Rows::One;
        let found = if self.each == Some(index) {
            self.in_schema(&observed.schema, name, Place::Each, Place::Now)
        } else if single {
            self.in_schema(
                &observed.schema,
                name,
                |field| Place::Observation(index, field),
                Place::NowOf(index),
            )
        } else {
            return Some(Err(format!(
                "`{observation}` has many rows, so `{observation}.{name}` has no one value"
            )));
        };
        Some(found.ok_or_else(|| {
            let names = observed.schema.fields.iter().map(|field| &*field.name);
            let known = list(names.clone());
            did_you_mean(name, names).unwrap_or_else(|| format!("its facts are {known}"))
        }))
    }

    /// All bare names, for suggestions.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.lets.iter().flatten().map(|b| b.name.to_string()).collect();
        if self.facts {
            for field in self.row().map(|schema| schema.fields.iter()).into_iter().flatten() {
                names.push(field.name.to_string());
                if *field.ty.base() == Type::Time {
                    names.push(format!("{}_age", field.name));
                }
            }
            names.extend(self.observations.iter().map(|o| o.name.to_string()));
        }
        names.extend(["now", "params", "target"].map(str::to_owned));
        names
    }
}

/// Names in backticks with commas.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
