//! `project.controls`: every control of the project's frameworks.

use super::memory::{each, maybe, text, wants};
use crate::fact::{Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

/// Facts that only the store knows.
const PAST: &[&str] = &["state", "oldest", "newest"];

pub(super) fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    let all = records.controls()?;
    let pasts = wants(request, PAST).then(|| each(all.len(), records.coverage())).transpose();
    for (place, one) in all.iter().enumerate() {
        stop.check("reading the controls")?;
        let row = table
            .row()
            .set("framework", text(&one.framework))
            .set("control", text(&one.control))
            .set("title", text(&one.title))
            .set_or_null("link", maybe(one.link.as_ref()))
            .set("policies", Value::count(one.policies))
            .set("checks", Value::count(one.checks))
            .set("skipped", Value::count(one.skipped));
        match &pasts {
            Ok(pasts) => match pasts.as_ref().and_then(|pasts| pasts.get(place)) {
                Some(past) => row
                    .set("state", Value::text(past.state))
                    .set_or_null("oldest", past.oldest.map(Value::Int))
                    .set_or_null("newest", past.newest.map(Value::Int))
                    .push(),
                None => row.push(),
            },
            Err(why) => row.missing_all(PAST, why).push(),
        }
    }
    Ok(table.finish())
}
