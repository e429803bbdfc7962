//! `project.runs`: the runs of the last days.

use super::memory::{maybe, records, since, text};
use crate::fact::{House, Missing, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// The body of `project.runs`.
pub(in crate::probe) struct Runs;

impl Probe for Runs {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let house = cx.house.clone();
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, house.as_deref()))
    }
}

fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    house: Option<&House>,
) -> Result<Table, Missing> {
    for one in records(house)?.runs(since(request))? {
        stop.check("reading the runs")?;
        table
            .row()
            .set("run", text(&one.run))
            .set("started", Value::Int(one.started))
            .set("ended", Value::Bool(one.ended))
            .set_or_null("exit_code", one.exit.map(|exit| Value::Int(i64::from(exit))))
            .set_or_null("host", maybe(one.host.as_ref()))
            .set_or_null("environment", maybe(one.environment.as_ref()))
            .set_or_null("about", maybe(one.about.as_ref()))
            .push();
    }
    Ok(table.finish())
}
