//! `project.checks`: every check that the project promises.

use std::sync::Arc;

use super::memory::{each, maybe, records, since, text, wants};
use crate::fact::{
    Cell, CheckPast, CheckRow, House, Missing, Request, RowBuilder, Table, TableBuilder, Value,
};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread};

/// The body of `project.checks`.
pub(in crate::probe) struct Checks;

impl Probe for Checks {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let house = cx.house.clone();
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, house.as_deref()))
    }
}

/// Facts that only the store knows.
const PAST: &[&str] = &[
    "promised",
    "judged",
    "due",
    "late",
    "overdue",
    "verdict",
    "judgements",
    "fired",
    "passed",
    "last_passed",
];

fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    house: Option<&House>,
) -> Result<Table, Missing> {
    let records = records(house)?;
    let checks = records.checks()?;
    let pasts = wants(request, PAST).then(|| each(checks.len(), records.pasts(since(request)))).transpose();
    for (place, check) in checks.iter().enumerate() {
        stop.check("reading what is promised")?;
        let row = promised(table.row(), check);
        match &pasts {
            Ok(pasts) => match pasts.as_ref().and_then(|pasts| pasts.get(place)) {
                Some(one) => past(row, one).push(),
                None => row.push(),
            },
            Err(why) => row.missing_all(PAST, why).push(),
        }
    }
    Ok(table.finish())
}

fn promised<'t>(row: RowBuilder<'t>, check: &CheckRow) -> RowBuilder<'t> {
    let probes: Arc<[Cell]> = check.probes.iter().map(|probe| Ok(text(probe))).collect();
    row.set("policy", text(&check.policy))
        .set("target", text(&check.target))
        .set("target_type", text(&check.target_type))
        .set("tier", Value::text(check.tier))
        .set("severity", Value::text(check.severity))
        .set("alert", Value::Bool(check.alert))
        .set("owner", text(&check.owner))
        .set("owner_from", Value::text(check.owner_from))
        .set("known_owner", Value::Bool(check.known_owner))
        .set("probes", Value::List(probes))
        .set_or_null("every", check.every.map(Value::Int))
        .set("skipped", Value::Bool(check.skipped.is_some()))
        .set_or_null("why_skipped", maybe(check.skipped.as_ref()))
        .set("in_this_run", Value::Bool(check.in_this_run))
}

fn past<'t>(row: RowBuilder<'t>, past: &CheckPast) -> RowBuilder<'t> {
    row.set_or_null("promised", past.promised.map(Value::Int))
        .set_or_null("judged", past.judged.map(Value::Int))
        .set_or_null("due", past.due.map(Value::Int))
        .set_or_null("late", past.late.map(Value::Int))
        .set("overdue", Value::Bool(past.overdue))
        .set_or_null("verdict", past.verdict.map(Value::text))
        .set("judgements", Value::count(past.judgements))
        .set("fired", Value::count(past.fired))
        .set("passed", Value::count(past.passed))
        .set_or_null("last_passed", past.last_passed.map(Value::Int))
}
