//! Which tables are compared with which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Options;
use super::pair::{Pair, Which};
use crate::fact::{Cause, Level, Missing};
use crate::probe::Ask;
use crate::probe::data::tables::{Engine, Open, UserTable, Wanted, list, parts};

/// What is done for one table.
pub(super) enum Job {
    /// Both sides have it.
    Both(Box<Pair>),
    /// One side has it.
    One(Which, Box<UserTable>),
    /// It cannot be compared.
    Missing(Arc<Missing>),
}

/// One table, by its name on the target's side.
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) what: Job,
}

/// All tables.
pub(super) struct Work {
    pub(super) jobs: Vec<Named>,
    /// Why there may be more.
    pub(super) incomplete: Option<Missing>,
}

impl Work {
    /// Lists the tables of both sides and brings them together.
    pub(super) async fn list(
        ask: &Ask<'_>,
        options: &Options,
        source: &mut Open<'_>,
        target: &mut Open<'_>,
    ) -> Result<Self, Missing> {
        let engines = (source.engine(), target.engine());
        let wanted = Wanted::of(&ask.request.args, engines.1)?.with_columns();
        // What the source calls otherwise can only be told after it was mapped.
        let everything = Wanted::default().with_columns();
        let (was, is) = (list(source, &everything).await?, list(target, &wanted).await?);
        let mut sources: BTreeMap<Arc<str>, Vec<UserTable>> = BTreeMap::new();
        for table in was.tables {
            let Some(new) = options.map.table(&table.name) else { continue };
            if is_wanted(&new, &wanted, engines.1) {
                sources.entry(new).or_default().push(table);
            }
        }
        let mut targets: BTreeMap<Arc<str>, UserTable> =
            is.tables.into_iter().map(|table| (Arc::clone(&table.name), table)).collect();
        let names: BTreeSet<Arc<str>> =
            sources.keys().chain(targets.keys()).chain(&is.absent).cloned().collect();
        let job = |name: Arc<str>| {
            let found = (sources.remove(&name).unwrap_or_default(), targets.remove(&name));
            let what = job(&name, found.0, found.1, engines, options);
            Named { name, what }
        };
        Ok(Self { jobs: names.into_iter().map(job).collect(), incomplete: was.incomplete.or(is.incomplete) })
    }
}

/// Is a table of the source asked for, by its new name?
fn is_wanted(name: &Arc<str>, wanted: &Wanted, engine: Engine) -> bool {
    let named = wanted.tables.as_ref().is_none_or(|tables| tables.contains(name));
    let schema = match (&wanted.schemas, engine) {
        (Some(schemas), Engine::Postgres) => parts(name)
            .and_then(|parts| parts.into_iter().next())
            .is_some_and(|schema| schemas.contains(&schema)),
        _ => true,
    };
    named && schema && !wanted.except.contains(name)
}

fn job(
    name: &Arc<str>,
    mut sources: Vec<UserTable>,
    target: Option<UserTable>,
    engines: (Engine, Engine),
    options: &Options,
) -> Job {
    if sources.len() > 1 {
        let all: Vec<&str> = sources.iter().map(|table| &*table.name).collect();
        let what = format!("{} of the source become {name}", all.join(" and "));
        let why = Missing::new(Cause::Ambiguous, what).level(Level::Row);
        return Job::Missing(Arc::new(why.fix("compare them with `data.row_counts`, or one by one")));
    }
    let hidden = |table: &UserTable| table.hidden.clone();
    match (sources.pop(), target) {
        (None, None) => {
            let what = format!("there is no table {name} on either side");
            let why = Missing::new(Cause::Absent, what).level(Level::Row);
            Job::Missing(Arc::new(why.fix("correct the name in `tables`")))
        }
        (Some(source), Some(target)) => match hidden(&source).or_else(|| hidden(&target)) {
            Some(why) => Job::Missing(why),
            None => match Pair::new(source, target, engines, &options.map) {
                Ok(pair) => Job::Both(Box::new(pair)),
                Err(why) => Job::Missing(Arc::new(why)),
            },
        },
        (Some(source), None) => Job::One(Which::Source, Box::new(source)),
        (None, Some(target)) => Job::One(Which::Target, Box::new(target)),
    }
}
