//! Runs that wait on this machine until the log has them.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::IgnoredAny;

use super::super::inbox::{self, fault, list};
use super::super::packed::{FORMAT, Unread, unpack};
use super::super::place::absolute;
use super::super::{Item, Kind, StoreError, begun, fold, spare};
use super::link::Link;
use super::log::{self, Batch, New};
use super::{Sent, SharedError};
use crate::fact::timestamp;

/// Runs and bytes that are sent at once.
const MOST: usize = 64;
const LARGEST: usize = 4 << 20;

const DAY: Duration = Duration::from_hours(24);

/// How many wait, and when the first of them began.
pub(super) fn waiting(outbox: &Path) -> Result<(usize, Option<Timestamp>), StoreError> {
    let path = absolute(outbox)?;
    let waiting = list(&path, &inbox::folder(&path))?.unwrap_or_default();
    let oldest = waiting.iter().filter_map(|one| timestamp(one.started())).min();
    Ok((waiting.len(), oldest))
}

/// Sends everything that waits. A file is removed when the log has its run.
pub(super) async fn all(link: &mut Link, outbox: &Path) -> Result<Sent, SharedError> {
    let path = absolute(outbox)?;
    let folder = inbox::folder(&path);
    let mut sent = Sent::default();
    let mut used = BTreeSet::new();
    let over = marks(link, &folder).await?;
    removed(&path, &over)?;
    let mut waiting = list(&path, &folder)?.unwrap_or_default().into_iter().peekable();
    while waiting.peek().is_some() {
        let (mut new, mut files, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(one) = waiting.next_if(|_| new.len() < MOST && bytes < LARGEST) {
            let file = folder.join(&one.name);
            let body = match spare::read(&file) {
                Ok(body) => body,
                // Another process sent it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(fault(&path, &file, &error).into()),
            };
            if one.is_lost(&body) {
                sent.lost += 1;
            } else {
                bytes += body.len();
                let name = one.name.strip_suffix(".run").unwrap_or(&one.name).to_owned();
                new.push(read(&path, &file, name, body)?);
            }
            files.push(file);
        }
        sent.runs += u64::try_from(new.len()).unwrap_or(0);
        if !new.is_empty() {
            used.extend(new.iter().filter_map(|run| run.promised.clone()));
            let notes = promises(link, &folder, &new).await?;
            log::add(link, Batch { notes, runs: new }).await?;
        }
        removed(&path, &files)?;
    }
    inbox::sweep(&folder);
    if !used.is_empty() {
        sweep(&folder, &used);
    }
    Ok(sent)
}

/// Removes promises that were not referred to now, nor for a day: the log has them, and who needs one again writes it again.
fn sweep(folder: &Path, used: &BTreeSet<String>) {
    let kept: BTreeSet<PathBuf> = used.iter().map(|digest| inbox::promise_file(folder, digest)).collect();
    for file in inbox::promises(folder).into_iter().filter(|file| !kept.contains(file)) {
        let age = std::fs::metadata(&file).and_then(|data| data.modified()).map(|at| at.elapsed());
        if matches!(age, Ok(Ok(age)) if age > DAY) {
            drop(std::fs::remove_file(&file));
        }
    }
}

fn removed(path: &str, files: &[PathBuf]) -> Result<(), StoreError> {
    for file in files {
        spare::give(file).map_err(|error| fault(path, file, &error))?;
    }
    Ok(())
}

/// Sends the marks of runs that ended without a word, and returns their files.
async fn marks(link: &mut Link, folder: &Path) -> Result<Vec<PathBuf>, SharedError> {
    let (mut notes, mut files) = (Vec::new(), Vec::new());
    for (file, run) in begun::over(folder, fold::now()) {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        // Two machines may have begun with one number at one time.
        let name = format!("{name}-{}", run.host);
        let body = serde_json::to_vec(&run).unwrap_or_default();
        notes.push(Item { kind: Kind::Begun, name, body });
        files.push(file);
    }
    if !notes.is_empty() {
        log::add(link, Batch { notes, ..Batch::default() }).await?;
    }
    Ok(files)
}

/// What these runs refer to and the log does not have. One that a power cut took is written again by the next run.
async fn promises(link: &mut Link, folder: &Path, new: &[New]) -> Result<Vec<Item>, SharedError> {
    let wanted: BTreeSet<&String> = new.iter().filter_map(|run| run.promised.as_ref()).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let known = log::promises(link, wanted.iter().map(|digest| (*digest).clone()).collect()).await?;
    let mut notes = Vec::new();
    for digest in wanted.into_iter().filter(|digest| !known.contains(digest)) {
        let Ok(body) = std::fs::read(inbox::promise_file(folder, digest)) else { continue };
        if serde_json::from_slice::<IgnoredAny>(&body).is_ok() {
            notes.push(Item { kind: Kind::Promise, name: digest.clone(), body });
        }
    }
    Ok(notes)
}

/// What is told of a run beside its body.
pub(super) fn read(path: &str, file: &Path, name: String, body: Vec<u8>) -> Result<New, StoreError> {
    let draft = unpack(&body).map_err(|unread| match unread {
        Unread::Newer(found) => StoreError::Newer {
            path: file.display().to_string(),
            found: i64::try_from(found).unwrap_or(i64::MAX),
            known: i64::try_from(FORMAT).unwrap_or(i64::MAX),
        },
        Unread::Fault(why) => StoreError::Content {
            path: path.to_owned(),
            what: format!("the run that waits in `{}`", file.display()),
            why: why.to_owned(),
        },
    })?;
    let [muster, host, ..] = draft.about;
    // PostgreSQL has no text with a NUL in it.
    let text = |number: usize| draft.texts.list.get(number).map_or("", |text| &**text).replace('\0', "");
    let format = i32::try_from(FORMAT).unwrap_or(i32::MAX);
    let promised = draft.promised.map(text);
    Ok(New { name, started: draft.at, muster: text(muster), host: text(host), format, promised, body })
}
