//! What the probes of a project's memory share.

use std::sync::Arc;

use crate::fact::{Cause, House, Level, Missing, Records, Request, Value};

/// What a project promises and remembers, or why nobody can tell.
pub(super) fn records(house: Option<&House>) -> Result<&dyn Records, Missing> {
    let house = house.ok_or_else(|| {
        Missing::new(Cause::Unsupported, "there is no project here, and so nothing is promised in it")
            .level(Level::Target)
            .fix("`muster init` writes a muster.yaml")
    })?;
    house.records.as_deref().ok_or_else(|| {
        Missing::new(Cause::Unsupported, "what a project remembers cannot be asked here")
            .fix("ask it in `muster check`, or by `muster probe`")
    })
}

/// How far back is asked, in microseconds; every probe of this kind that takes it has a default.
pub(super) fn since(request: &Request) -> i64 {
    request.args.int("since").unwrap_or(0).max(0)
}

/// Is any of these facts wanted?
pub(super) fn wants(request: &Request, names: &[&str]) -> bool {
    names.iter().any(|name| request.wants(name))
}

/// What was asked for each of some rows, or the same fault for all of them. Another number of answers than rows would
/// give one row the past of another.
pub(super) fn each<T>(rows: usize, asked: Result<Vec<T>, Missing>) -> Result<Vec<T>, Arc<Missing>> {
    match asked {
        Ok(found) if found.len() == rows => Ok(found),
        Ok(found) => {
            let what = format!("{} answers came for {rows} rows", found.len());
            Err(Arc::new(Missing::new(Cause::Internal, what).level(Level::Row)))
        }
        Err(why) => Err(Arc::new(why.level(Level::Row))),
    }
}

pub(super) fn text(text: &Arc<str>) -> Value {
    Value::Text(Arc::clone(text))
}

pub(super) fn maybe(text: Option<&Arc<str>>) -> Option<Value> {
    text.map(self::text)
}

pub(super) fn texts(texts: &[Arc<str>]) -> Value {
    Value::List(texts.iter().map(|one| Ok(text(one))).collect())
}
