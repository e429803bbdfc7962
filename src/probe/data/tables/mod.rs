//! The tables of a user, whatever the engine: their names, what the catalogue says of their rows, their keys and
//! columns, and what the role cannot see of them.
//!
//! What is a table here:
//!
//! - ordinary tables of all schemas but the system's, also unlogged ones; not temporary ones, which belong to a session;
//! - a partitioned table once, with the rows of all its partitions; a partition only where it is named in `tables`;
//!   a child by plain inheritance is a table of its own, and its parent is read without it;
//! - no views and no foreign tables, whose rows lie elsewhere (a foreign partition is read through its parent);
//! - no tables of extensions, but those of which the extension says that they hold data of the user, as `pg_dump` has it;
//! - in SQLite also virtual tables, but not the tables in which they keep their content.
//!
//! What is named in `tables` and not there is in [`Listing::absent`], and never left out.

mod engine;
mod kind;
pub(in crate::probe::data) mod mysql;
mod names;
mod postgres;
pub(in crate::probe::data) mod sqlite;
#[cfg(test)]
pub(in crate::probe) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::fact::{Args, Cause, Missing};

pub(in crate::probe) use engine::{Engine, Open};
pub(in crate::probe) use kind::Kind;
pub(in crate::probe) use names::{parts, word, written};

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probe) struct Column {
    /// Its name, without quotes.
    pub(in crate::probe) name: Arc<str>,
    /// Its type as the engine writes it: `numeric(10,2)`, `int(10) unsigned`; in SQLite what was declared, maybe nothing.
    pub(in crate::probe) ty: Arc<str>,
    /// What its values are.
    pub(in crate::probe) kind: Kind,
    /// May it be null?
    pub(in crate::probe) nullable: bool,
    /// Is it computed from others?
    pub(in crate::probe) generated: bool,
    /// The collation, if it has one of its own or the engine tells it.
    pub(in crate::probe) collation: Option<Arc<str>>,
}

/// One table.
#[derive(Clone, Debug)]
pub(in crate::probe) struct UserTable {
    /// Its name in facts: `public.orders`, `public."Order"`; without schema in an engine that has none.
    pub(in crate::probe) name: Arc<str>,
    /// What stands behind `FROM` in SQL of its engine.
    pub(in crate::probe) from: Arc<str>,
    /// The schema, unquoted; empty in an engine that has none.
    pub(in crate::probe) schema: Arc<str>,
    /// The name, unquoted.
    pub(in crate::probe) plain: Arc<str>,
    /// The number that PostgreSQL knows it by; 0 elsewhere.
    pub(in crate::probe) oid: u32,
    /// Rows by the catalogue, which may be old and wrong: for plans and budgets only, never told as a count.
    pub(in crate::probe) estimate: Option<i64>,
    /// The columns that name a row, none of which is null: the primary key, or else the smallest unique index that
    /// does. Empty if there is none.
    pub(in crate::probe) key: Vec<Column>,
    /// All columns in their order, if they were asked for.
    pub(in crate::probe) columns: Vec<Column>,
    /// Why the role does not see all of its rows and columns, with the grant that would show them.
    pub(in crate::probe) hidden: Option<Arc<Missing>>,
}

/// Which tables.
#[derive(Clone, Debug, Default)]
pub(in crate::probe) struct Wanted {
    /// Only these, by their normal writing; None for all.
    pub(in crate::probe) tables: Option<BTreeSet<Arc<str>>>,
    /// Not these.
    pub(in crate::probe) except: BTreeSet<Arc<str>>,
    /// Only these schemas; None for all. An engine without schemas ignores it.
    pub(in crate::probe) schemas: Option<Vec<String>>,
    /// Are all columns asked for?
    pub(in crate::probe) columns: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(in crate::probe) struct Listing {
    /// The tables, by name.
    pub(in crate::probe) tables: Vec<UserTable>,
    /// Names that were asked for and are no table there.
    pub(in crate::probe) absent: Vec<Arc<str>>,
    /// Why there may be tables that the role does not even see the names of.
    pub(in crate::probe) incomplete: Option<Missing>,
}

impl Wanted {
    /// What the arguments `tables`, `except` and `schemas` say.
    pub(in crate::probe) fn of(args: &Args, engine: Engine) -> Result<Self, Missing> {
        let names = |name: &str| Self::names(args, name, engine);
        let schemas = args.get("schemas").map(|_| args.texts("schemas"));
        Ok(Self {
            tables: args.get("tables").map(|_| names("tables")).transpose()?,
            except: names("except")?,
            schemas: schemas.map(|all| all.iter().map(ToString::to_string).collect()),
            columns: false,
        })
    }

    /// A list of names of tables, by their normal writing.
    pub(in crate::probe) fn names(
        args: &Args,
        name: &str,
        engine: Engine,
    ) -> Result<BTreeSet<Arc<str>>, Missing> {
        let read = |text: &Arc<str>| {
            engine.normalised(text).ok_or_else(|| {
                let what = format!("`{text}` in `{name}` is no name of a table");
                Missing::new(Cause::Malformed, what).fix(match engine {
                    Engine::Postgres => "write it as `schema.table`, quoted where SQL needs it",
                    Engine::Mysql | Engine::Sqlite => "write the plain name, quoted where SQL needs it",
                })
            })
        };
        args.texts(name).iter().map(read).collect()
    }

    /// The same with all columns.
    pub(in crate::probe) fn with_columns(mut self) -> Self {
        self.columns = true;
        self
    }

    /// Is this table asked for?
    pub(in crate::probe) fn has(&self, name: &Arc<str>) -> bool {
        self.tables.as_ref().is_none_or(|tables| tables.contains(name)) && !self.except.contains(name)
    }

    /// What was found, sorted, with the names that were not.
    fn listing(&self, mut tables: Vec<UserTable>, incomplete: Option<Missing>) -> Listing {
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        let is_there = |name: &Arc<str>| tables.binary_search_by(|table| table.name.cmp(name)).is_ok();
        let named = self.tables.iter().flatten().filter(|name| !self.except.contains(*name));
        let absent = named.filter(|name| !is_there(name)).cloned().collect();
        Listing { tables, absent, incomplete }
    }
}

/// Lists the tables.
pub(in crate::probe) async fn list(open: &mut Open<'_>, wanted: &Wanted) -> Result<Listing, Missing> {
    match open {
        Open::Postgres(session) => postgres::list(session, wanted).await,
        Open::Mysql(session) => mysql::list(session, wanted).await,
        Open::Sqlite(session) => sqlite::list(session, wanted).await,
    }
}
