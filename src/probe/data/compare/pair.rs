//! Which column of the source is which of the target, as what both are compared, and by what rows are told apart.

use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::fact::{Cause, Level, Missing, Move};
use crate::probe::data::canonical::{Kind, Natural, unify};
use crate::probe::data::tables::{Column, Engine, Kind as Type, UserTable};

/// A column on both sides.
#[derive(Clone, Debug)]
pub(in crate::probe::data) struct Both {
    pub(in crate::probe::data) source: Column,
    pub(in crate::probe::data) target: Column,
    pub(in crate::probe::data) kind: Kind,
    /// The project says as what they are compared.
    pub(in crate::probe::data) told: bool,
}

/// A table on both sides.
#[derive(Debug)]
pub(in crate::probe::data) struct Pair {
    pub(in crate::probe::data) source: UserTable,
    pub(in crate::probe::data) target: UserTable,
    /// In the order of the target.
    pub(in crate::probe::data) columns: Vec<Both>,
    /// Places of the columns that name a row; empty if there are none.
    pub(in crate::probe::data) key: Vec<usize>,
    /// What differs before a row was read, in words.
    pub(in crate::probe::data) differs: Vec<String>,
    /// The condition for rows of the source.
    pub(in crate::probe::data) only: Option<Arc<str>>,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe::data) enum Which {
    Source,
    Target,
}

impl Both {
    /// May it be null on one of the sides?
    pub(in crate::probe::data) fn is_nullable(&self) -> bool {
        self.source.nullable || self.target.nullable
    }

    pub(in crate::probe::data) fn of(&self, which: Which) -> &Column {
        match which {
            Which::Source => &self.source,
            Which::Target => &self.target,
        }
    }
}

impl Pair {
    pub(in crate::probe::data) fn table(&self, which: Which) -> &UserTable {
        match which {
            Which::Source => &self.source,
            Which::Target => &self.target,
        }
    }

    /// What would be another comparison if it changed: both tables, their columns, the key and the condition.
    pub(in crate::probe::data) fn identity(&self) -> String {
        let tables = [&self.source, &self.target].map(|table| (&table.name, table.oid));
        let all = format!("{tables:?} {:?} {:?} {:?} {:?}", self.columns, self.key, self.differs, self.only);
        let bytes = Sha256::digest(all.as_bytes());
        crate::probe::x509::hex(bytes.first_chunk::<16>().map_or(&[][..], |part| &part[..]))
    }

    /// The kinds of the columns of the key can be sorted alike by both.
    pub(in crate::probe::data) fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Pairs the columns.
    pub(in crate::probe::data) fn new(
        source: UserTable,
        target: UserTable,
        engines: (Engine, Engine),
        map: &Move,
    ) -> Result<Self, Missing> {
        let mut pair = Self {
            only: map.only(&source.name).cloned(),
            source,
            target,
            columns: Vec::new(),
            key: Vec::new(),
            differs: Vec::new(),
        };
        let mut taken = BTreeSet::new();
        let mut sources = Vec::new();
        for column in &pair.source.columns {
            let Some(new) = map.column(&pair.source.name, &column.name) else { continue };
            if !taken.insert(Arc::clone(&new)) {
                return Err(ambiguous(&pair.target.name, &new));
            }
            if !pair.target.columns.iter().any(|target| target.name == new) {
                pair.differs.push(format!("{} (only in the source)", column.name));
            }
            sources.push((new, column.clone()));
        }
        for target in &pair.target.columns {
            let Some((_, source)) = sources.iter().find(|(new, _)| *new == target.name) else {
                pair.differs.push(format!("{} (only in the target)", target.name));
                continue;
            };
            let (kind, told) = kind(&pair.source.name, source, target, engines, map)?;
            if let Some(words) = collation(source, target, engines) {
                pair.differs.push(words);
            }
            pair.columns.push(Both { source: source.clone(), target: target.clone(), kind, told });
        }
        if pair.columns.is_empty() {
            let what = format!("{} has no column that both sides have", pair.target.name);
            let why = Missing::new(Cause::Empty, what).level(Level::Row);
            return Err(why.fix("name what was renamed in `gate: { moves: … columns }`"));
        }
        pair.key = pair.key_of(Which::Target).or_else(|| pair.key_of(Which::Source)).unwrap_or_default();
        Ok(pair)
    }

    /// The places of the columns of one side's key, if both sides have them and can sort by them.
    fn key_of(&self, which: Which) -> Option<Vec<usize>> {
        let key = &self.table(which).key;
        let place = |column: &Column| {
            let found = self.columns.iter().position(|both| both.of(which).name == column.name)?;
            self.columns.get(found).is_some_and(|both| both.kind.has_order()).then_some(found)
        };
        let places = key.iter().map(place).collect::<Option<Vec<usize>>>()?;
        (!places.is_empty()).then_some(places)
    }
}

fn ambiguous(table: &str, column: &str) -> Missing {
    let what = format!("two columns of the source become the column `{column}` of {table}");
    Missing::new(Cause::Ambiguous, what).level(Level::Row).fix("correct `columns` of the move")
}

/// As what a column is compared, and whether the project says so.
fn kind(
    table: &str,
    source: &Column,
    target: &Column,
    engines: (Engine, Engine),
    map: &Move,
) -> Result<(Kind, bool), Missing> {
    if let Some(word) = map.kind(table, &source.name) {
        let kind = Kind::parse(word).ok_or_else(|| {
            let what = format!("`{word}` is no kind of `kinds: {table}.{}`", source.name);
            Missing::new(Cause::Malformed, what)
                .level(Level::Row)
                .fix(format!("use one of {}", Kind::words()))
        })?;
        return Ok((kind, true));
    }
    let found = unify(&natural(engines.0, source), &natural(engines.1, target));
    let kind = found.map_err(|why| {
        let what = format!("column `{}`: {why}", target.name);
        Missing::new(Cause::Unsupported, what)
            .level(Level::Row)
            .fix(format!("say as what it is compared: `kinds: {{ {table}.{}: text }}`", source.name))
    })?;
    Ok((kind, false))
}

/// What the type of a column says.
pub(in crate::probe::data) fn natural(engine: Engine, column: &Column) -> Natural {
    if engine == Engine::Sqlite {
        return Natural::Of(Kind::Dynamic);
    }
    Natural::Of(match column.kind {
        Type::Bool => Kind::Bool,
        Type::Float if column.ty.starts_with("float") || &*column.ty == "real" => Kind::Real,
        Type::Int | Type::Decimal | Type::Float => Kind::Number,
        Type::Text if &*column.ty == "bpchar" || is_char(&column.ty) => Kind::Char,
        Type::Text | Type::Enum => Kind::Text,
        Type::Bytes if column.ty.starts_with("bit") => Kind::Number,
        Type::Bytes => Kind::Binary,
        Type::Uuid => Kind::Uuid,
        Type::Json => Kind::Json,
        Type::List => return Natural::List(column.ty.to_string()),
        Type::Date => Kind::Date,
        Type::Time => Kind::Clock,
        Type::Timestamp | Type::Instant => Kind::Time,
        Type::Interval => Kind::Span,
        Type::Other if engine == Engine::Postgres => return Natural::Opaque(column.ty.to_string()),
        Type::Other => return Natural::Unknown(column.ty.to_string()),
    })
}

/// `character(5)` pads; `character varying(5)` does not. MySQL takes the padding away itself.
fn is_char(ty: &str) -> bool {
    ty.starts_with("character(") || ty.starts_with("char(")
}

/// A collation that is another on the same engine: texts sort and may equal otherwise than before.
fn collation(source: &Column, target: &Column, engines: (Engine, Engine)) -> Option<String> {
    // A column that was no text, or is none any more, has another type, and no other collation.
    let are_texts = source.kind.is_text() && target.kind.is_text();
    let is_alike = are_texts || source.kind == target.kind;
    if !is_alike || engines.0 != engines.1 || source.collation == target.collation {
        return None;
    }
    let word = |column: &Column| column.collation.as_deref().unwrap_or("the database's").to_owned();
    Some(format!("{} (collation {} was {})", target.name, word(target), word(source)))
}
