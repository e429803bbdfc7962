//! The shape of what a probe returns.

use std::sync::Arc;

use super::Type;

/// How many rows an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Exactly one; its subject is the target.
    One,
    /// Any number, told apart by the key.
    Many,
}

/// What an answer of zero rows means when the policy does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZeroRows {
    /// Nothing wrong was found (`postgres.invalid_indexes`).
    Fine,
    /// Something had to be there (`postgres.tables`): `unknown: empty`.
    Suspicious,
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name in expressions.
    pub name: Arc<str>,
    /// Its type with its unit.
    pub ty: Type,
    /// One line about it.
    pub doc: Arc<str>,
    /// What null means, in words ("never").
    pub null_reads: Option<Arc<str>>,
    /// An example in the literal form of YAML values.
    pub example: Arc<str>,
    /// The grant that is needed to see it.
    pub needs: Option<Arc<str>>,
    /// Is it read only when somebody wants it?
    pub costly: bool,
    /// Is it an estimate?
    pub estimate: bool,
}

impl Field {
    /// A field that a user declared: name and type.
    pub fn declared(name: &str, ty: Type) -> Self {
        let null_reads = ty.is_nullable().then(|| Arc::from("none"));
        Self {
            name: Arc::from(name),
            ty,
            doc: Arc::from("declared by the policy"),
            null_reads,
            example: Arc::from(""),
            needs: None,
            costly: false,
            estimate: false,
        }
    }
}

/// The fields of a table, and which of them are its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Version of the probe's answer.
    pub version: u32,
    /// The facts.
    pub fields: Vec<Field>,
    /// Positions of the key fields.
    pub key: Vec<usize>,
    /// One row or many.
    pub rows: Rows,
    /// What zero rows mean.
    pub zero: ZeroRows,
}

impl Schema {
    /// The position of a field.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// Names of the key fields.
    pub fn key_names(&self) -> Vec<&str> {
        self.key.iter().filter_map(|index| self.fields.get(*index)).map(|field| &*field.name).collect()
    }
}
