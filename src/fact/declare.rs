//! Declarations of probes: constant data from which schemas, documentation, decoding and type checks come.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Args, Field, Rows, Schema, TextKind, Type, Unit, ZeroRows};

/// A type that can stand in a constant.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is the constant form of the `Type` of the same name")]
pub enum Ty {
    Bool,
    Int,
    Float,
    Text,
    Name,
    Path,
    Host,
    Url,
    Bytes,
    Duration,
    Ratio,
    ByteRate,
    Rate,
    Counter,
    Time,
    Date,
    Version,
    Enum(&'static [&'static str]),
    Texts,
    Names,
    Paths,
    /// The name of another target of the project, which is looked at too.
    Target,
}

impl Ty {
    /// The type.
    pub fn ty(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::Text | Self::Target => Type::TEXT,
            Self::Name => Type::Text(TextKind::SqlName),
            Self::Path => Type::Text(TextKind::Path),
            Self::Host => Type::Text(TextKind::Host),
            Self::Url => Type::Text(TextKind::Url),
            Self::Bytes => Type::BYTES,
            Self::Duration => Type::DURATION,
            Self::Ratio => Type::RATIO,
            Self::ByteRate => Type::Quantity(Unit::BYTE_RATE),
            Self::Rate => Type::Quantity(Unit::RATE),
            Self::Counter => Type::Counter,
            Self::Time => Type::Time,
            Self::Date => Type::Date,
            Self::Version => Type::Version,
            Self::Enum(words) => Type::words(words),
            Self::Texts => Type::list(Type::TEXT),
            Self::Names => Type::list(Type::Text(TextKind::SqlName)),
            Self::Paths => Type::list(Type::Text(TextKind::Path)),
        }
    }
}

/// One fact of a probe.
#[derive(Clone, Copy, Debug)]
pub struct FieldDecl {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// One line about it, with the unit and the source.
    pub doc: &'static str,
    /// What null means, in words; `None` if it is never null.
    pub null: Option<&'static str>,
    /// An example, as YAML writes it.
    pub example: &'static str,
    /// The grant that is needed to see it.
    pub needs: Option<&'static str>,
    /// Read only when a rule, a message or a remedy wants it.
    pub costly: bool,
    /// An estimate of the source, not a count.
    pub estimate: bool,
}

/// A fact: `field("size", Ty::Bytes, "12MiB", "size of the content")`.
pub const fn field(name: &'static str, ty: Ty, example: &'static str, doc: &'static str) -> FieldDecl {
    FieldDecl { name, ty, doc, null: None, example, needs: None, costly: false, estimate: false }
}

impl FieldDecl {
    /// May be null, which reads so.
    pub const fn null(mut self, reads: &'static str) -> Self {
        self.null = Some(reads);
        self
    }

    /// Needs a grant.
    pub const fn needs(mut self, grant: &'static str) -> Self {
        self.needs = Some(grant);
        self
    }

    /// Is read only when wanted.
    pub const fn costly(mut self) -> Self {
        self.costly = true;
        self
    }

    /// Is an estimate.
    pub const fn estimate(mut self) -> Self {
        self.estimate = true;
        self
    }

    fn field(&self) -> Field {
        let ty = self.ty.ty();
        Field {
            name: Arc::from(self.name),
            ty: if self.null.is_some() { ty.nullable() } else { ty },
            doc: Arc::from(self.doc),
            null_reads: self.null.map(Arc::from),
            example: Arc::from(self.example),
            needs: self.needs.map(Arc::from),
            costly: self.costly,
            estimate: self.estimate,
        }
    }
}

/// One argument of a probe (`with:`).
#[derive(Clone, Copy, Debug)]
pub struct ParamDecl {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// One line about it.
    pub doc: &'static str,
    /// The default, as YAML writes it; `None` with `required` false means "not given".
    pub default: Option<&'static str>,
    /// Must it be given?
    pub required: bool,
    /// An example, as YAML writes it.
    pub example: &'static str,
}

/// An argument that need not be given: `param("path", Ty::Path, "/var/lib", "the file")`.
pub const fn param(name: &'static str, ty: Ty, example: &'static str, doc: &'static str) -> ParamDecl {
    ParamDecl { name, ty, doc, default: None, required: false, example }
}

impl ParamDecl {
    /// Must be given.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Does it name another target?
    pub const fn is_target(&self) -> bool {
        matches!(self.ty, Ty::Target)
    }

    /// Has a default.
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

/// May a policy declare facts of its own?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// No.
    No,
    /// Yes, besides the fixed ones (the JSON of an answer).
    Optional,
    /// It must (the columns of a query).
    Required,
}

/// Does looking leave something behind?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// No.
    None,
    /// Something that is removed again; only where the target allows it.
    Scratch,
}

/// Everything about a probe but its body.
#[derive(Clone, Copy, Debug)]
pub struct ProbeDecl {
    /// `area.noun`.
    pub name: &'static str,
    /// One sentence.
    pub doc: &'static str,
    /// Types of targets that it can ask.
    pub targets: &'static [&'static str],
    /// Arguments.
    pub params: &'static [ParamDecl],
    /// Fixed facts.
    pub facts: &'static [FieldDecl],
    /// May the policy declare facts?
    pub declared: Declared,
    /// Names of the key facts.
    pub key: &'static [&'static str],
    /// One row or many.
    pub rows: Rows,
    /// What zero rows mean.
    pub zero: ZeroRows,
    /// Version of the answer's shape and meaning.
    pub version: u32,
    /// Effect on the target.
    pub effect: Effect,
    /// What it costs the target, for people.
    pub cost: &'static str,
    /// Which locks it takes and how long it can wait for them, for people.
    pub locks: &'static str,
    /// The cargo feature whose absence leaves the body out.
    pub feature: Option<&'static str>,
}

impl ProbeDecl {
    /// The schema of the fixed facts.
    pub fn schema(&self) -> Schema {
        let fields: Vec<Field> = self.facts.iter().map(FieldDecl::field).collect();
        let key = self.key.iter().filter_map(|name| fields.iter().position(|f| &*f.name == *name)).collect();
        Schema { version: self.version, fields, key, rows: self.rows, zero: self.zero }
    }

    /// The schema with the facts that a policy declared. A declared key replaces the fixed one, and makes
    /// the answer one of many rows.
    pub fn schema_with(&self, declared: &[Field], key: &[Arc<str>]) -> Schema {
        let mut schema = self.schema();
        schema.fields.extend(declared.iter().cloned());
        if !key.is_empty() {
            schema.key = key.iter().filter_map(|name| schema.position(name)).collect();
            schema.rows = Rows::Many;
        }
        schema
    }

    /// The same, made once where the policy declares nothing: thousands of policies ask the same question.
    pub fn shared_schema(&self, declared: &[Field], key: &[Arc<str>]) -> Arc<Schema> {
        static KNOWN: RwLock<BTreeMap<(&str, usize), Arc<Schema>>> = RwLock::new(BTreeMap::new());
        if !declared.is_empty() || !key.is_empty() {
            return Arc::new(self.schema_with(declared, key));
        }
        // Declarations of tests may share a name, but no two share their facts.
        let id = (self.name, self.facts.as_ptr().addr());
        if let Some(schema) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Arc::clone(schema);
        }
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(id).or_insert_with(|| Arc::new(self.schema())))
    }

    /// How long an answer may take, if it may take longer than most: what its argument [`WITHIN`](Self::WITHIN) says.
    pub fn patience(&self, args: &Args) -> Option<std::time::Duration> {
        self.params.iter().find(|param| param.name == Self::WITHIN)?;
        let micros = args.int(Self::WITHIN).and_then(|micros| u64::try_from(micros).ok())?;
        Some(std::time::Duration::from_micros(micros))
    }

    /// The argument that says how long an answer may take.
    pub const WITHIN: &str = "within";

    /// Other targets that a question names, by argument.
    pub fn others<'a>(&'a self, args: &'a Args) -> impl Iterator<Item = (&'static str, &'a str)> {
        let named = self.params.iter().filter(|param| param.is_target());
        named.filter_map(|param| Some((param.name, args.text(param.name)?)))
    }

    /// Is the body in this build?
    pub fn is_built(&self) -> bool {
        match self.feature {
            None => true,
            Some("sql") => cfg!(feature = "sql"),
            Some("net") => cfg!(feature = "net"),
            Some(_) => false,
        }
    }
}
