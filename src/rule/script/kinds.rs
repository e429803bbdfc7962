//! What is known of a value of a script before it runs, and the names that are read of it.

use std::sync::Arc;

use rhai::Position;

use super::check::Checker;
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Schema, Type, Value};
use crate::rule::env::list;
use crate::rule::functions;

/// What a value is, as far as that can be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A row of the observation.
    Row,
    /// `ctx`
    Ctx,
    /// `ctx.params`
    Params,
    /// `ctx.target`
    Target,
    /// `ctx.target.labels`
    Labels,
    /// `ctx.rows`
    Rows,
    /// A value of a type.
    Value(Type),
    /// A written text.
    Text(String),
    /// A written `null`.
    Null,
    /// Anything.
    Other,
}

impl Kind {
    /// Something that belongs to muster, which a script may only read.
    pub(super) fn is_given(&self) -> bool {
        !matches!(self, Self::Value(_) | Self::Text(_) | Self::Null | Self::Other)
    }

    /// The type, if it is one value.
    pub(super) fn ty(&self) -> Option<Type> {
        match self {
            Self::Value(ty) => Some(ty.clone()),
            Self::Text(_) => Some(Type::TEXT),
            _ => None,
        }
    }
}

impl Checker<'_> {
    /// `of.name`
    pub(super) fn property(&mut self, of: &Kind, name: &str, at: Position) -> Kind {
        match of {
            Kind::Row => self.fact(name, at),
            Kind::Ctx => match name {
                "params" => Kind::Params,
                "target" => Kind::Target,
                "now" => Kind::Value(Type::Time),
                "rows" => {
                    self.found.uses_rows = true;
                    self.all = true;
                    Kind::Rows
                }
                _ => self.unknown(at, "`ctx`", name, &["params", "target", "now", "rows"]),
            },
            Kind::Params => self.param(name, at),
            Kind::Target => match name {
                "name" | "type" => Kind::Value(Type::TEXT),
                "labels" => Kind::Labels,
                _ => self.unknown(at, "`ctx.target`", name, &["name", "type", "labels"]),
            },
            Kind::Labels => self.label(name, at),
            Kind::Rows => self.unknown(at, "`ctx.rows`", name, &[]),
            Kind::Value(ty) if ty.is_number() => self.unit(name, at),
            Kind::Value(ty) => match ty.base() {
                Type::Record(schema) => self.field(&schema.clone(), name, at),
                _ => self.unknown(at, &format!("{}", ty.base()), name, &[]),
            },
            Kind::Text(_) => self.unknown(at, "a text", name, &[]),
            Kind::Null => self.unknown(at, "null", name, &[]),
            Kind::Other => Kind::Other,
        }
    }

    /// A fact of the row, or the age of a time.
    pub(super) fn fact(&mut self, name: &str, at: Position) -> Kind {
        let Some(schema) = self.env.row().cloned() else {
            self.all = true;
            return Kind::Other;
        };
        let kind = self.field(&schema, name, at);
        let fact =
            if schema.position(name).is_some() { name } else { name.strip_suffix("_age").unwrap_or(name) };
        if let Some(index) = schema.position(fact) {
            self.reads.insert(index);
        }
        kind
    }

    fn field(&mut self, schema: &Schema, name: &str, at: Position) -> Kind {
        if let Some(field) = schema.field(name) {
            return Kind::Value(field.ty.clone());
        }
        let time = name.strip_suffix("_age").and_then(|time| schema.field(time));
        if let Some(field) = time.filter(|field| *field.ty.base() == Type::Time) {
            let nullable = field.ty.is_nullable();
            return Kind::Value(if nullable { Type::DURATION.nullable() } else { Type::DURATION });
        }
        let ages = schema.fields.iter().filter(|field| *field.ty.base() == Type::Time);
        let ages = ages.map(|field| format!("{}_age", field.name));
        let names: Vec<String> =
            schema.fields.iter().map(|field| field.name.to_string()).chain(ages).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.unknown(at, "the row", name, &names)
    }

    fn param(&mut self, name: &str, at: Position) -> Kind {
        if let Some(param) = self.env.params.iter().find(|param| &*param.name == name) {
            let (name, ty) = (Arc::clone(&param.name), param.ty.clone());
            self.named.insert(name);
            return Kind::Value(ty);
        }
        let names: Vec<&str> = self.env.params.iter().map(|param| &*param.name).collect();
        if names.is_empty() {
            let diag = self.diag(&code::UNKNOWN_FACT, at, format!("there is no parameter `{name}`"));
            self.push(diag.help("this policy declares no `params`"));
            return Kind::Other;
        }
        self.unknown(at, "`ctx.params`", name, &names)
    }

    fn label(&mut self, name: &str, at: Position) -> Kind {
        if let Some(labels) = self.env.labels.as_ref().filter(|labels| !labels.contains(name)) {
            let names = labels.iter().map(|label| &**label);
            let help = did_you_mean(name, names.clone())
                .unwrap_or_else(|| format!("labels of the project are {}", list(names)));
            let diag = self.diag(&code::UNKNOWN_NAME, at, format!("no label is called `{name}`"));
            self.push(diag.help(help));
        }
        Kind::Value(Type::TEXT.nullable())
    }

    fn unit(&mut self, word: &str, at: Position) -> Kind {
        if let Some(Ok((_, ty))) = functions::quantity(&Value::Int(1), word) {
            return Kind::Value(ty);
        }
        let words = functions::UNITS.iter().map(|(word, _, _)| *word);
        let help = functions::unit_word(word)
            .map(|word| format!("write `{word}`"))
            .or_else(|| did_you_mean(word, words.clone()))
            .unwrap_or_else(|| format!("units are {}", list(words)));
        let diag = self.diag(&code::BAD_LITERAL, at, format!("`{word}` is not a unit"));
        self.push(diag.help(help));
        Kind::Other
    }

    fn unknown(&mut self, at: Position, of: &str, name: &str, names: &[&str]) -> Kind {
        let help = did_you_mean(name, names.iter().copied())
            .or_else(|| (!names.is_empty()).then(|| format!("it has {}", list(names.iter().copied()))));
        let diag: Diag = self.diag(&code::UNKNOWN_FACT, at, format!("{of} has no `{name}`"));
        self.push(diag.maybe_help(help));
        Kind::Other
    }
}
