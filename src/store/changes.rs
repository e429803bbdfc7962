//! How findings were judged: written only where it changes, so that what stays the same for a year takes a row.
//!
//! What was not among the findings of its check any more has a change too, so that between two changes the verdict of
//! every run in which the check was judged is known exactly, in the order in which the runs were saved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::StoreError;
use super::draft::Draft;
use super::write::{Ids, Writer};

/// The verdict of what is not among the findings of its check any more.
pub(super) const GONE: i64 = -1;

const KNOWN: &str = "
SELECT finding.id, finding.name, finding.verdict, finding.state FROM json_each(?) wanted
CROSS JOIN finding ON finding.bound = wanted.value AND finding.verdict >= 0";

const OTHERS: &str = "SELECT id, verdict, state FROM finding WHERE name = ?";

const NEW: &str = "INSERT INTO finding (name, bound, run, at) VALUES (?, ?, ?, ?) RETURNING id";

const SEEN: &str = "
UPDATE finding SET run = ?, at = ?, replay = ?, bound = wanted.value ->> 1
FROM json_each(?) wanted WHERE finding.id = wanted.value ->> 0";

const TOLD: &str = "
INSERT INTO told (finding, json) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE TRUE
ON CONFLICT DO UPDATE SET json = excluded.json WHERE json <> excluded.json";

const CURRENT: &str = "
UPDATE finding SET verdict = wanted.value ->> 1, state = wanted.value ->> 2
FROM json_each(?) wanted WHERE finding.id = wanted.value ->> 0";

const CHANGED: &str = "
INSERT INTO change (finding, run, verdict, state)
SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE";

const REPLAYED: &str = "
INSERT INTO replayed (run, finding, verdict, state)
SELECT ?, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE";

/// A finding of the run that is being saved: of several of one name the last text, and the worst verdict.
struct Now<'d> {
    bound: i64,
    json: &'d str,
    verdict: i64,
    state: i64,
}

/// Number, verdict and state of a finding so far.
type Known = (i64, i64, i64);

/// Saves what a run found. `bounds` are the checks that it judged, also those without findings.
pub(super) async fn save(
    writer: &mut Writer<'_>,
    draft: &Draft,
    ids: &Ids,
    (run, bounds): (i64, &BTreeSet<i64>),
) -> Result<(), StoreError> {
    let now = found(writer, draft, ids)?;
    let wanted = json!(bounds).to_string();
    let rows = sqlx::query_as(KNOWN).bind(&wanted).fetch_all(&mut **writer.tx()).await;
    let rows: Vec<(i64, String, i64, i64)> = rows.map_err(|error| writer.fault(&error))?;
    let mut known: BTreeMap<String, Known> =
        rows.into_iter().map(|(id, name, verdict, state)| (name, (id, verdict, state))).collect();
    for (name, one) in &now {
        if !known.contains_key(*name) {
            let made = make(writer, name, one.bound, (run, draft.at)).await?;
            known.insert((*name).to_owned(), made);
        }
    }
    let of = |name: &str| known.get(name).copied().unwrap_or((0, GONE, 0));
    let seen: Vec<Json> = now.iter().map(|(name, one)| json!([of(name).0, one.bound])).collect();
    let told: Vec<Json> = now.iter().map(|(name, one)| json!([of(name).0, one.json])).collect();
    let replay = draft.replay.and_then(|number| draft.texts.list.get(number)).map(|text| &**text);
    let query = sqlx::query(SEEN).bind(run).bind(draft.at).bind(replay).bind(json!(seen).to_string());
    query.execute(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))?;
    let query = sqlx::query(TOLD).bind(json!(told).to_string());
    query.execute(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))?;
    if replay.is_some() {
        let all: Vec<Json> =
            now.iter().map(|(name, one)| json!([of(name).0, one.verdict, one.state])).collect();
        return writer.bulk(REPLAYED, run, &all).await;
    }
    let mut changed: Vec<Json> = Vec::new();
    for (name, (id, verdict, state)) in &known {
        let is = now.get(name.as_str()).map_or((GONE, 0), |one| (one.verdict, one.state));
        if is != (*verdict, *state) {
            changed.push(json!([id, is.0, is.1]));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    writer.bulk(CHANGED, run, &changed).await?;
    let query = sqlx::query(CURRENT).bind(json!(changed).to_string());
    query.execute(&mut **writer.tx()).await.map(drop).map_err(|error| writer.fault(&error))
}

fn found<'d>(
    writer: &Writer<'_>,
    draft: &'d Draft,
    ids: &Ids,
) -> Result<BTreeMap<&'d str, Now<'d>>, StoreError> {
    let store = writer.store();
    let text = |number: usize| {
        let text = draft.texts.list.get(number).map(|text| &**text);
        text.ok_or_else(|| store.content("a finding", format!("there is no text {number} in it")))
    };
    let mut now: BTreeMap<&str, Now<'_>> = BTreeMap::new();
    for one in &draft.found {
        let bound = [ids.of(store, one.policy)?, ids.of(store, one.target)?, i64::from(one.notice)];
        let bound = writer.bound(&bound).ok_or_else(|| store.content("a finding", "its check is gone"))?;
        let new = Now { bound, json: text(one.json)?, verdict: one.verdict, state: one.state };
        let slot = now.entry(text(one.name)?).or_insert(Now { verdict: GONE, state: 0, ..new });
        *slot = Now { verdict: slot.verdict.max(new.verdict), state: slot.state.max(new.state), ..new };
    }
    Ok(now)
}

/// A finding that its check did not have before; it may have been one of another check.
async fn make(
    writer: &mut Writer<'_>,
    name: &str,
    bound: i64,
    (run, at): (i64, i64),
) -> Result<Known, StoreError> {
    let other = sqlx::query_as(OTHERS).bind(name).fetch_optional(&mut **writer.tx()).await;
    if let Some(other) = other.map_err(|error| writer.fault(&error))? {
        return Ok(other);
    }
    let query = sqlx::query_scalar(NEW).bind(name).bind(bound).bind(run).bind(at);
    let id: i64 = query.fetch_one(&mut **writer.tx()).await.map_err(|error| writer.fault(&error))?;
    Ok((id, GONE, 0))
}
