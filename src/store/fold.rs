//! Folding runs that wait into the store.
//!
//! One transaction takes all of them, with their names; only after it is on disk are the files given away. Whoever is
//! killed in between leaves files whose names are known, and which the next one only gives away. Two at once wait for
//! each other, and the second looks again what waits when it is its turn.

use std::collections::HashSet;
use std::path::Path;

use serde_json::json;

use super::inbox::{self, Listed, MOST, Waiting, fault, list, listed};
use super::packed::{FORMAT, Unread, unpack};
use super::write::Writer;
use super::{Store, StoreError, begun, promised, spare};

/// Folds in what waits beside the store. Returns how many runs a power cut took: a file of fewer bytes than it was
/// written with.
pub(super) async fn fold(store: &Store) -> Result<u64, StoreError> {
    let folder = inbox::folder(store.path());
    let over = begun::over(&folder, now());
    if over.is_empty() && list(store.path(), &folder)?.is_none_or(|waiting| waiting.is_empty()) {
        return Ok(0);
    }
    let mut writer = Writer::begin(store).await?;
    let Listed { waiting, spare } = listed(store.path(), &folder)?.unwrap_or_default();
    let names = json!(waiting.iter().map(|one| &one.name).collect::<Vec<_>>()).to_string();
    let gone = "DELETE FROM folded WHERE name NOT IN (SELECT value FROM json_each(?))";
    let done = sqlx::query(gone).bind(&names).execute(&mut **writer.tx()).await;
    done.map_err(|error| store.fault(&error))?;
    let known = sqlx::query_scalar("SELECT name FROM folded").fetch_all(&mut **writer.tx()).await;
    let known: Vec<String> = known.map_err(|error| store.fault(&error))?;
    let known: HashSet<String> = known.into_iter().collect();
    promised::take(&mut writer, &folder).await?;
    for (file, run) in &over {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let json = serde_json::to_string(run).unwrap_or_default();
        let insert = "INSERT INTO begun (name, started, json) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(name).bind(run.started).bind(json);
        query.execute(&mut **writer.tx()).await.map_err(|error| store.fault(&error))?;
    }
    let mut lost = 0;
    for one in waiting.iter().filter(|one| !known.contains(&one.name)) {
        if !take(&mut writer, &folder, one).await? {
            lost += 1;
        }
    }
    let all = "INSERT INTO folded (name) SELECT value FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";
    let done = sqlx::query(all).bind(&names).execute(&mut **writer.tx()).await;
    done.map_err(|error| store.fault(&error))?;
    let newest = promised::newest(store, writer.tx()).await?;
    writer.commit().await?;
    promised::sweep(&folder, &newest);
    over.iter().for_each(|(file, _)| drop(spare::give(file)));
    spare::sweep(&folder, &spare, MOST.saturating_sub(waiting.len()));
    for file in waiting.iter().map(|one| folder.join(&one.name)) {
        spare::give(&file).map_err(|error| fault(store.path(), &file, &error))?;
    }
    inbox::sweep(&folder);
    Ok(lost)
}

/// Marks of other machines are judged by their age.
pub(super) fn now() -> i64 {
    crate::fact::micros_of(jiff::Timestamp::now())
}

/// Saves one of them; `false` if a power cut took it.
async fn take(writer: &mut Writer<'_>, folder: &Path, waiting: &Waiting) -> Result<bool, StoreError> {
    let store = writer.store();
    let file = folder.join(&waiting.name);
    let bytes = spare::read(&file).map_err(|error| fault(store.path(), &file, &error))?;
    if waiting.is_lost(&bytes) {
        return Ok(false);
    }
    let draft = unpack(&bytes).map_err(|unread| match unread {
        Unread::Newer(found) => StoreError::Newer {
            path: file.display().to_string(),
            found: i64::try_from(found).unwrap_or(i64::MAX),
            known: i64::try_from(FORMAT).unwrap_or(i64::MAX),
        },
        Unread::Fault(why) => store.content(format!("the run that waits in `{}`", file.display()), why),
    })?;
    writer.save(&draft, waiting.name.trim_end_matches(".run")).await?;
    Ok(true)
}
