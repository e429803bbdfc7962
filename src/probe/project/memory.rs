//! What the probes of a project's memory share.

use std::sync::Arc;

use crate::fact::{Cause, House, Level, Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// Makes the rows of an answer.
type Look = fn(&Request, TableBuilder, &Stop, &dyn Records) -> Result<Table, Missing>;

/// The body of a probe that asks what a project promises and remembers.
pub(in crate::probe) struct Memory(pub(super) Look);

impl Probe for Memory {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let (look, house) = (self.0, cx.house.clone());
        on_a_thread(ask, cx, move |request, table, stop| {
            look(request, table, stop, records(house.as_deref())?)
        })
    }
}

/// What a project promises and remembers, or why nobody can tell.
fn records(house: Option<&House>) -> Result<&dyn Records, Missing> {
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

/// How far back is asked, in microseconds.
pub(super) fn since(request: &Request) -> Result<i64, Missing> {
    let said = request.args.int("since").filter(|since| *since >= 0);
    said.ok_or_else(|| Missing::new(Cause::Internal, "nobody said how far back to look"))
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
