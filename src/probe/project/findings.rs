//! `project.findings`: every finding that stands now.

use super::memory::{since, text};
use crate::fact::{Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

pub(super) fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    for one in records.findings(since(request)?)? {
        stop.check("reading the findings")?;
        table
            .row()
            .set("policy", text(&one.policy))
            .set("target_name", text(&one.target))
            .set("subject", text(&one.subject))
            .set("verdict", Value::text(one.verdict))
            .set("severity", Value::text(one.severity))
            .set("owner", text(&one.owner))
            .set("first_seen", Value::Int(one.first_seen))
            .set("last_seen", Value::Int(one.last_seen))
            .set("open_since", Value::Int(one.open_since))
            .set("reopened", Value::count(one.reopened))
            .set("remembered_for", Value::or_null(one.remembered_for.map(Value::Int)))
            .set("id", text(&one.id))
            .push();
    }
    Ok(table.finish())
}
