//! `project.findings`: every finding that stands now.

use super::memory::{records, since, text};
use crate::fact::{House, Missing, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// The body of `project.findings`.
pub(in crate::probe) struct Findings;

impl Probe for Findings {
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
    for one in records(house)?.findings(since(request))? {
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
            .set("id", text(&one.id))
            .push();
    }
    Ok(table.finish())
}
