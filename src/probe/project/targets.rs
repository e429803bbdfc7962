//! `project.targets`: every target of the project.

use super::memory::{maybe, records, text, texts};
use crate::fact::{House, Missing, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// The body of `project.targets`.
pub(in crate::probe) struct Targets;

impl Probe for Targets {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let house = cx.house.clone();
        on_a_thread(ask, cx, move |_, table, stop| look(table, stop, house.as_deref()))
    }
}

fn look(mut table: TableBuilder, stop: &Stop, house: Option<&House>) -> Result<Table, Missing> {
    for one in records(house)?.targets()? {
        stop.check("reading the targets")?;
        table
            .row()
            .set("target_name", text(&one.target))
            .set("target_type", text(&one.target_type))
            .set_or_null("scheme", maybe(one.scheme.as_ref()))
            .set("checks", Value::count(one.checks))
            .set("skipped", Value::count(one.skipped))
            .set("probes", texts(&one.probes))
            .set("owners", texts(&one.owners))
            .push();
    }
    Ok(table.finish())
}
