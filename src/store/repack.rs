//! Runs of a store, packed again, so that another store knows of them what this one does. Of a finding every store
//! keeps the newest text, so that an older run has that one, too.

use serde_json::{Map, Value as Json, json};

use super::draft::{Draft, Extent, Found, Judged, Seen, Texts};
use super::packed::{FORMAT, Unread, pack, unpack};
use super::write::Writer;
use super::{ExportError, Item, Kind, Store, StoreError, Take, promised};

const RUNS: &str = "SELECT id FROM run ORDER BY id";

const RUN: &str = "
SELECT run.started, run.exit, run.uid, run.replay, run.promised, environment.value FROM run
LEFT JOIN text environment ON environment.id = run.environment WHERE run.id = ?";

const ABOUT: &str = "
SELECT muster.value, host.value, reason.value, checks.value, subjects.value, targets.value FROM run
JOIN text muster ON muster.id = run.muster JOIN text host ON host.id = run.host
JOIN text reason ON reason.id = run.reason JOIN text checks ON checks.id = run.checks
JOIN text subjects ON subjects.id = run.subjects JOIN text targets ON targets.id = run.targets WHERE run.id = ?";

const JUDGED: &str = "
SELECT policy.value, target.value, judged.verdict, judged.whole FROM judged
JOIN bound ON bound.id = judged.bound AND bound.notice = 0
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
WHERE judged.run = ? ORDER BY judged.bound";

/// How each finding of the checks that were judged stood in the run: by its newest change up to it.
const FOUND: &str = "
SELECT finding.name, policy.value, target.value, bound.notice, told.json, change.verdict, change.state FROM judged
JOIN bound ON bound.id = judged.bound JOIN finding ON finding.bound = bound.id
JOIN told ON told.finding = finding.id
JOIN change ON change.finding = finding.id
    AND change.run = (SELECT max(run) FROM change WHERE finding = finding.id AND run <= ?1)
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
WHERE judged.run = ?1 AND change.verdict >= 0 ORDER BY finding.id";

const REPLAYED: &str = "
SELECT finding.name, policy.value, target.value, bound.notice, told.json, replayed.verdict, replayed.state FROM replayed
JOIN finding ON finding.id = replayed.finding JOIN told ON told.finding = finding.id
JOIN bound ON bound.id = finding.bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
WHERE replayed.run = ? ORDER BY finding.id";

/// Texts of policies that a promise names.
const POLICIES: &str = "
SELECT DISTINCT policy.digest, policy.source FROM json_each(?, '$.policies') used JOIN policy ON policy.digest = used.value";

/// Time, exit code, name, the recording that was judged, promise and environment of a run.
type Row = (i64, i64, String, Option<String>, Option<String>, Option<String>);

type FoundRow = (String, String, String, i64, String, i64, i64);

/// Hands out everything that is known, what runs refer to before them.
pub(super) async fn out(store: &Store, take: Take<'_>) -> Result<(), ExportError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let promises: Vec<(String, String)> = sqlx::query_as("SELECT digest, json FROM promise ORDER BY digest")
        .fetch_all(store.pool())
        .await
        .map_err(fault)?;
    for (name, json) in promises {
        let body = promise(store, &name, &json).await?;
        take(&Item { kind: Kind::Promise, name, body })?;
    }
    let begun: Vec<(String, String)> = sqlx::query_as("SELECT name, json FROM begun ORDER BY name")
        .fetch_all(store.pool())
        .await
        .map_err(fault)?;
    for (name, json) in begun {
        take(&Item { kind: Kind::Begun, name, body: json.into_bytes() })?;
    }
    let runs: Vec<i64> = sqlx::query_scalar(RUNS).fetch_all(store.pool()).await.map_err(fault)?;
    for run in runs {
        let (name, draft) = draft(store, run).await?;
        take(&Item { kind: Kind::Run, name, body: pack(&draft) })?;
    }
    Ok(())
}

/// A promise with the texts of its policies, which stand apart here.
async fn promise(store: &Store, digest: &str, text: &str) -> Result<Vec<u8>, StoreError> {
    let mut promise: Map<String, Json> = store.parse(&format!("the promise {digest}"), text)?;
    let texts: Vec<(String, String)> = sqlx::query_as(POLICIES)
        .bind(text)
        .fetch_all(store.pool())
        .await
        .map_err(|error| store.fault(&error))?;
    let texts: Map<String, Json> = texts.into_iter().map(|(digest, text)| (digest, json!(text))).collect();
    promise.insert("texts".to_owned(), Json::Object(texts));
    Ok(Json::Object(promise).to_string().into_bytes())
}

async fn draft(store: &Store, run: i64) -> Result<(String, Draft), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let row: Row = sqlx::query_as(RUN).bind(run).fetch_one(store.pool()).await.map_err(fault)?;
    let (at, exit, uid, replay, promised, environment) = row;
    let about: (String, String, String, String, String, String) =
        sqlx::query_as(ABOUT).bind(run).fetch_one(store.pool()).await.map_err(fault)?;
    let judged: Vec<(String, String, i64, i64)> =
        sqlx::query_as(JUDGED).bind(run).fetch_all(store.pool()).await.map_err(fault)?;
    let found = if replay.is_some() { REPLAYED } else { FOUND };
    let found: Vec<FoundRow> =
        sqlx::query_as(found).bind(run).fetch_all(store.pool()).await.map_err(fault)?;
    let recording = store.recording(run).await?;
    let seen = recording.map(|recording| Seen::of(store.path(), &recording)).transpose()?;
    let mut texts = Texts::default();
    let (muster, host, reason, checks, subjects, targets) = about;
    let about = [muster, host, reason, checks, subjects, targets].map(|text| texts.number(&text));
    let mut number = |text: Option<String>| text.map(|text| texts.number(&text));
    let (replay, promised, environment) = (number(replay), number(promised), number(environment));
    let mut draft = Draft {
        about,
        at,
        exit: u8::try_from(exit).map_err(|error| store.content(format!("run {run}"), error.to_string()))?,
        replay,
        environment,
        promised,
        judged: Vec::with_capacity(judged.len()),
        found: Vec::with_capacity(found.len()),
        seen,
        texts,
    };
    for (policy, target, verdict, whole) in judged {
        let extent = Extent::of_code(whole).ok_or_else(|| {
            store.content(format!("run {run}"), format!("no check is judged as far as {whole} says"))
        })?;
        let (policy, target) = (draft.texts.number(&policy), draft.texts.number(&target));
        draft.judged.push(Judged { policy, target, verdict, extent });
    }
    for (name, policy, target, notice, json, verdict, state) in found {
        let (policy, target) = (draft.texts.number(&policy), draft.texts.number(&target));
        let (name, json) = (draft.texts.number(&name), draft.texts.number(&json));
        draft.found.push(Found { policy, target, name, json, verdict, state, notice: notice == 1 });
    }
    Ok((uid, draft))
}

/// Takes in what another store had, in one transaction.
pub(super) async fn take(store: &Store, items: &[Item]) -> Result<u64, StoreError> {
    let mut writer = Writer::begin(store).await?;
    let mut new = 0;
    for item in items {
        match item.kind {
            Kind::Run => new += u64::from(run(&mut writer, item).await?),
            Kind::Promise | Kind::Begun => note(&mut writer, item).await?,
        }
    }
    writer.commit().await?;
    Ok(new)
}

/// Saves what is no run, if it is not known.
pub(super) async fn note(writer: &mut Writer<'_>, item: &Item) -> Result<(), StoreError> {
    let what = || format!("`{}`", item.name);
    let store = writer.store();
    if item.kind == Kind::Promise {
        let known = sqlx::query_scalar::<_, i64>("SELECT 1 FROM promise WHERE digest = ?").bind(&item.name);
        let known = known.fetch_optional(&mut **writer.tx()).await.map_err(|error| store.fault(&error))?;
        if known.is_some() {
            return Ok(());
        }
        let promise =
            serde_json::from_slice(&item.body).map_err(|error| store.content(what(), error.to_string()))?;
        return promised::save(writer, &item.name, promise).await;
    }
    let json = std::str::from_utf8(&item.body).map_err(|error| store.content(what(), error.to_string()))?;
    // A mark without a time that can be read is one nevertheless.
    let started = super::begun::read(json).map_or(0, |begun| begun.started);
    let insert =
        sqlx::query("INSERT INTO begun (name, started, json) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
    let insert = insert.bind(&item.name).bind(started).bind(json).execute(&mut **writer.tx()).await;
    insert.map(drop).map_err(|error| store.fault(&error))
}

/// Saves a run; `false` if it is there already.
async fn run(writer: &mut Writer<'_>, item: &Item) -> Result<bool, StoreError> {
    let store = writer.store();
    let known = sqlx::query_scalar::<_, i64>("SELECT 1 FROM run WHERE uid = ?").bind(&item.name);
    let known = known.fetch_optional(&mut **writer.tx()).await.map_err(|error| store.fault(&error))?;
    if known.is_some() {
        return Ok(false);
    }
    let draft = unpack(&item.body).map_err(|unread| match unread {
        Unread::Newer(found) => StoreError::Newer {
            path: item.name.clone(),
            found: i64::try_from(found).unwrap_or(i64::MAX),
            known: i64::try_from(FORMAT).unwrap_or(i64::MAX),
        },
        Unread::Fault(why) => store.content(format!("the run `{}`", item.name), why),
    })?;
    writer.save(&draft, &item.name).await?;
    Ok(true)
}
