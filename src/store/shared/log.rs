//! The rows of the log.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};

use super::super::{Item, Kind};
use super::link::Link;
use super::schema::LOCK;
use super::{Extent, SharedError};
use crate::fact::{micros_of, timestamp};

/// Rows that are read at once, and bytes of them.
const MOST: i64 = 256;
const LARGEST: i64 = 4 << 20;

/// A run to be added.
pub(super) struct New {
    pub(super) name: String,
    pub(super) started: i64,
    pub(super) muster: String,
    pub(super) host: String,
    pub(super) format: i32,
    /// The digest of what the project promised then.
    pub(super) promised: Option<String>,
    pub(super) body: Vec<u8>,
}

/// A run of the log.
pub(super) struct Row {
    pub(super) seq: i64,
    pub(super) name: String,
    size: i64,
    sha256: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl FromRow<'_, PgRow> for Row {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            name: row.try_get("name")?,
            size: row.try_get("size")?,
            sha256: row.try_get("sha256")?,
            body: row.try_get("body")?,
        })
    }
}

impl Row {
    /// Is the body what was sent?
    pub(super) fn whole(&self) -> Result<(), &'static str> {
        if usize::try_from(self.size) != Ok(self.body.len()) {
            return Err("it was cut");
        }
        let digest: [u8; 32] = Sha256::digest(&self.body).into();
        if digest[..] == self.sha256[..] { Ok(()) } else { Err("its checksum is wrong") }
    }
}

/// Which log it is, and how often somebody pruned it by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) log: String,
    pub(super) pruned: i64,
}

/// The numbers are given after the sort. What was sent before is there already.
const ADD: &str = "
INSERT INTO run (name, started, muster, host, format, size, sha256, body)
SELECT name, timestamptz 'epoch' + started * interval '1 microsecond', muster, host, format,
    octet_length(body), sha256(body), body
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::bytea[])
    WITH ORDINALITY AS new (name, started, muster, host, format, body, place)
ORDER BY place
ON CONFLICT (name) DO NOTHING";

/// The first is read however large it is.
const AFTER: &str = "
SELECT seq, name, size, sha256, body FROM (
    SELECT seq, name, size, sha256, body, sum(size) OVER (ORDER BY seq) - size AS before
    FROM run WHERE seq > $1 ORDER BY seq LIMIT $2
) next WHERE before < $3 ORDER BY seq";

const NOTE: &str = "
INSERT INTO note (kind, name, body) SELECT kind, name, body
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (kind, name, body, place)
ORDER BY place ON CONFLICT (kind, name) DO NOTHING";

const NOTES: &str = "
SELECT seq, kind, name, body FROM (
    SELECT seq, kind, name, body, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
    FROM note WHERE seq > $1 AND ($4::text IS NULL OR kind = $4) ORDER BY seq LIMIT $2
) next WHERE before < $3 ORDER BY seq";

const EXTENT: &str = "SELECT count(*), coalesce(sum(size), 0)::bigint FROM run";

const SPAN: &str = "
SELECT (extract(epoch FROM min(started)) * 1000000)::bigint, (extract(epoch FROM max(started)) * 1000000)::bigint
FROM run";

/// What is no run: its number, what it is, its name, and its text.
pub(super) type Note = (i64, String, String, String);

/// What is added at once.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) notes: Vec<Item>,
    pub(super) runs: Vec<New>,
}

/// Adds what is not there yet, and returns how many runs were new. All of it is there when this returns.
pub(super) async fn add(link: &mut Link, batch: Batch) -> Result<u64, SharedError> {
    let schema = link.schema.clone();
    let (mut kinds, mut called, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for note in batch.notes {
        kinds.push(note.kind.word());
        called.push(note.name);
        texts.push(String::from_utf8_lossy(&note.body).replace('\0', ""));
    }
    let (mut names, mut started, mut muster) = (Vec::new(), Vec::new(), Vec::new());
    let (mut host, mut format, mut body) = (Vec::new(), Vec::new(), Vec::new());
    for run in batch.runs {
        names.push(run.name);
        started.push(run.started);
        muster.push(run.muster);
        host.push(run.host);
        format.push(run.format);
        body.push(run.body);
    }
    link.within("sending runs", async |tx| {
        // Rows are seen in the order of their numbers only if nobody else has one that is not seen yet.
        sqlx::query(LOCK).persistent(false).bind(schema).execute(&mut *tx).await?;
        if !kinds.is_empty() {
            let insert = sqlx::query(NOTE).persistent(false).bind(kinds).bind(called).bind(texts);
            insert.execute(&mut *tx).await?;
        }
        let insert = sqlx::query(ADD).persistent(false).bind(names).bind(started);
        let insert = insert.bind(muster).bind(host).bind(format).bind(body);
        Ok(insert.execute(&mut *tx).await?.rows_affected())
    })
    .await
}

/// The next of what is no run, in order; none at the end.
pub(super) async fn notes_after(
    link: &mut Link,
    seq: i64,
    kind: Option<Kind>,
) -> Result<Vec<Note>, SharedError> {
    link.within("reading what runs refer to", async |tx| {
        let select = sqlx::query_as(NOTES).persistent(false).bind(seq).bind(MOST).bind(LARGEST);
        let select = select.bind(kind.map(Kind::word));
        select.fetch_all(&mut *tx).await
    })
    .await
}

/// Those of the promises that the log has.
pub(super) async fn promises(link: &mut Link, wanted: Vec<String>) -> Result<Vec<String>, SharedError> {
    let select = "SELECT name FROM note WHERE kind = 'promise' AND name = ANY ($1)";
    link.within("asking what it knows", async |tx| {
        sqlx::query_scalar(select).persistent(false).bind(wanted).fetch_all(&mut *tx).await
    })
    .await
}

/// These promises, as far as the log has them.
pub(super) async fn promised(link: &mut Link, wanted: Vec<String>) -> Result<Vec<Note>, SharedError> {
    let select = "SELECT seq, kind, name, body FROM note WHERE kind = 'promise' AND name = ANY ($1)";
    link.within("reading what runs refer to", async |tx| {
        sqlx::query_as(select).persistent(false).bind(wanted).fetch_all(&mut *tx).await
    })
    .await
}

/// Forgets runs by their numbers.
pub(super) async fn forget(link: &mut Link, runs: Vec<i64>) -> Result<u64, SharedError> {
    let schema = link.schema.clone();
    link.within("forgetting runs", async |tx| {
        sqlx::query(LOCK).persistent(false).bind(schema).execute(&mut *tx).await?;
        let delete = sqlx::query("DELETE FROM run WHERE seq = ANY ($1)").persistent(false).bind(runs);
        Ok(delete.execute(&mut *tx).await?.rows_affected())
    })
    .await
}

/// How many runs began before a time.
pub(super) async fn older(link: &mut Link, before: Timestamp) -> Result<u64, SharedError> {
    let count =
        "SELECT count(*) FROM run WHERE started < timestamptz 'epoch' + $1 * interval '1 microsecond'";
    let many: i64 = link
        .within("counting runs", async |tx| {
            let select = sqlx::query_scalar(count).persistent(false).bind(micros_of(before));
            select.fetch_one(&mut *tx).await
        })
        .await?;
    Ok(many.unsigned_abs())
}

pub(super) async fn about(link: &mut Link) -> Result<About, SharedError> {
    let about: Option<(String, i64)> = link
        .within("asking which log it is", async |tx| {
            sqlx::query_as("SELECT log::text AS log, pruned FROM about")
                .persistent(false)
                .fetch_optional(&mut *tx)
                .await
        })
        .await?;
    let about = about.map(|(log, pruned)| About { log, pruned });
    about.ok_or_else(|| SharedError::Foreign {
        place: link.place.clone(),
        why: "the table `about` is empty".to_owned(),
    })
}

/// The name of the run with a number.
pub(super) async fn name_of(link: &mut Link, seq: i64) -> Result<Option<String>, SharedError> {
    link.within("looking for a run", async |tx| {
        sqlx::query_scalar("SELECT name FROM run WHERE seq = $1")
            .persistent(false)
            .bind(seq)
            .fetch_optional(&mut *tx)
            .await
    })
    .await
}

/// The next runs after a number, in order; none at the end.
pub(super) async fn after(link: &mut Link, seq: i64) -> Result<Vec<Row>, SharedError> {
    link.within("reading runs", async |tx| {
        sqlx::query_as(AFTER).persistent(false).bind(seq).bind(MOST).bind(LARGEST).fetch_all(&mut *tx).await
    })
    .await
}

/// When the runs began, the first and the last.
pub(super) async fn span(link: &mut Link) -> Result<Option<(Timestamp, Timestamp)>, SharedError> {
    let (oldest, newest): (Option<i64>, Option<i64>) = link
        .within("asking when runs began", async |tx| {
            sqlx::query_as(SPAN).persistent(false).fetch_one(&mut *tx).await
        })
        .await?;
    Ok(oldest.and_then(timestamp).zip(newest.and_then(timestamp)))
}

pub(super) async fn extent(link: &mut Link) -> Result<Extent, SharedError> {
    let (runs, bytes): (i64, i64) = link
        .within("counting runs", async |tx| {
            sqlx::query_as(EXTENT).persistent(false).fetch_one(&mut *tx).await
        })
        .await?;
    Ok(Extent { runs: runs.unsigned_abs(), bytes: bytes.unsigned_abs(), span: span(link).await? })
}

/// Forgets the runs that began before a time.
pub(super) async fn prune(link: &mut Link, before: Timestamp, by_hand: bool) -> Result<u64, SharedError> {
    let schema = link.schema.clone();
    link.within("forgetting runs", async |tx| {
        sqlx::query(LOCK).persistent(false).bind(schema).execute(&mut *tx).await?;
        let gone = sqlx::query(
            "DELETE FROM run WHERE started < timestamptz 'epoch' + $1 * interval '1 microsecond'",
        )
        .persistent(false)
        .bind(micros_of(before))
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if by_hand && gone > 0 {
            sqlx::query("UPDATE about SET pruned = pruned + 1").persistent(false).execute(&mut *tx).await?;
        }
        Ok(gone)
    })
    .await
}
