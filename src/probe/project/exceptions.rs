//! `project.exceptions`: everything that is allowed now.

use super::memory::{each, maybe, since, text};
use crate::fact::{Missing, Records, Request, Table, TableBuilder, Value};
use crate::probe::stop::Stop;

pub(super) fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    records: &dyn Records,
) -> Result<Table, Missing> {
    let all = records.exceptions()?;
    let hidden = request.wants("hides").then(|| each(all.len(), records.hidden(since(request)?))).transpose();
    for (place, one) in all.iter().enumerate() {
        stop.check("reading what is allowed")?;
        let row = table
            .row()
            .set("policy", text(&one.policy))
            .set("exception", text(&one.exception))
            .set("kind", Value::text(one.kind))
            .set_or_null("scope", maybe(one.scope.as_ref()))
            .set("what", text(&one.what))
            .set_or_null("owner", maybe(one.owner.as_ref()))
            .set_or_null("reason", maybe(one.reason.as_ref()))
            .set_or_null("ticket", maybe(one.ticket.as_ref()))
            .set_or_null("ends", one.ends.map(Value::Int));
        match &hidden {
            Ok(hidden) => match hidden.as_ref().and_then(|hidden| hidden.get(place)) {
                Some(count) => row.set("hides", Value::count(*count)).push(),
                None => row.push(),
            },
            Err(why) => row.missing("hides", why).push(),
        }
    }
    Ok(table.finish())
}
