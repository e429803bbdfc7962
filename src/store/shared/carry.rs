//! The log from a file, and as one.

use std::path::Path;

use super::super::{ExportError, Item, Kind, StoreError, Take};
use super::link::Link;
use super::log::{self, Batch, Note, Row};
use super::{SharedError, send};

/// Hands out everything. What runs refer to was added before them, so that it is read after them and written first.
pub(super) async fn out(link: &mut Link, take: Take<'_>) -> Result<(), ExportError> {
    let (mut seq, mut noted) = (0, 0);
    loop {
        let rows = log::after(link, seq).await?;
        loop {
            let notes = log::notes_after(link, noted, None).await?;
            let Some((last, ..)) = notes.last() else { break };
            noted = *last;
            for note in notes {
                take(&item(link, note)?)?;
            }
        }
        let Some(last) = rows.last() else { return Ok(()) };
        seq = last.seq;
        for row in rows {
            row.whole().map_err(|why| damaged(link, &row, why))?;
            take(&Item { kind: Kind::Run, name: row.name, body: row.body })?;
        }
    }
}

/// What a row says of what is no run.
pub(super) fn item(link: &Link, (_, kind, name, body): Note) -> Result<Item, SharedError> {
    let found = Kind::from_word(&kind).ok_or_else(|| SharedError::Foreign {
        place: link.place.clone(),
        why: format!("`{name}` is of a kind `{kind}` that this build does not know"),
    })?;
    Ok(Item { kind: found, name, body: body.into_bytes() })
}

/// That a run of the log cannot be read.
pub(super) fn damaged(link: &Link, row: &Row, why: &str) -> SharedError {
    SharedError::Damaged {
        place: link.place.clone(),
        schema: link.schema.clone(),
        seq: row.seq,
        name: row.name.clone(),
        why: why.to_owned(),
    }
}

/// What is added of a file.
pub(super) fn batch(place: &str, items: Vec<Item>) -> Result<Batch, StoreError> {
    let mut batch = Batch::default();
    for item in items {
        match item.kind {
            Kind::Run => {
                let Item { name, body, .. } = item;
                batch.runs.push(send::read(place, Path::new(&name.clone()), name, body)?);
            }
            Kind::Promise | Kind::Begun => batch.notes.push(item),
        }
    }
    Ok(batch)
}
