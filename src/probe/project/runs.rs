//! `project.runs`: the runs of the last days.

use super::memory::{maybe, since, text};
use crate::fact::{Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

pub(super) fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    for one in records.runs(since(request)?)? {
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
