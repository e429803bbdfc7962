//! `project.targets`: every target of the project.

use super::memory::{maybe, text, texts};
use crate::fact::{Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

pub(super) fn look(
    _: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    for one in records.targets()? {
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
