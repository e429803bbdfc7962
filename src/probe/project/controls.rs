//! `project.controls`: every control of the project's frameworks.

use super::memory::{each, maybe, records, text, wants};
use crate::fact::{House, Missing, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// The body of `project.controls`.
pub(in crate::probe) struct Controls;

impl Probe for Controls {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let house = cx.house.clone();
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, house.as_deref()))
    }
}

/// Facts that only the store knows.
const PAST: &[&str] = &["state", "oldest", "newest"];

fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    house: Option<&House>,
) -> Result<Table, Missing> {
    let records = records(house)?;
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
