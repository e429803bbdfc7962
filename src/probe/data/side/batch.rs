//! Rows on their way from a side: encoded, in batches of bounded size.

use tokio::sync::mpsc::Sender;

use crate::probe::data::canonical::{Kind, Raw, encode, order};

/// A batch is sent when it has so many rows or bytes.
const ROWS: usize = 1_000;
const BYTES: usize = 256 << 10;

/// Where a row ends in the bytes of its batch: its key, as it sorts, and its content behind it.
#[derive(Clone, Copy, Debug)]
struct Ends {
    key: usize,
    content: usize,
}

/// Rows.
#[derive(Debug, Default)]
pub(in crate::probe::data) struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Ends>,
    /// Rows of which a column of the key is null.
    pub(in crate::probe::data) null_keys: u64,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe::data) struct Row<'a> {
    /// The key, in bytes that sort as the keys do.
    pub(in crate::probe::data) key: &'a [u8],
    /// All columns in the canonical encoding.
    pub(in crate::probe::data) content: &'a [u8],
}

impl Batch {
    /// How many.
    pub(in crate::probe::data) fn len(&self) -> usize {
        self.rows.len()
    }

    /// A row.
    pub(in crate::probe::data) fn row(&self, index: usize) -> Option<Row<'_>> {
        let begin = match index.checked_sub(1) {
            None => 0,
            Some(before) => self.rows.get(before)?.content,
        };
        let ends = self.rows.get(index)?;
        Some(Row { key: self.bytes.get(begin..ends.key)?, content: self.bytes.get(ends.key..ends.content)? })
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes.len() >= BYTES
    }
}

/// As what the columns of a statement are taken.
#[derive(Clone, Debug, Default)]
pub(in crate::probe::data) struct Shape {
    /// The kinds of all columns.
    pub(in crate::probe::data) kinds: Vec<Kind>,
    /// Places of the columns of the key among them.
    pub(in crate::probe::data) key: Vec<usize>,
}

/// What a side says.
pub(in crate::probe::data) type Said = Result<Batch, Broken>;

/// Why a side broke off.
#[derive(Debug)]
pub(in crate::probe::data) enum Broken {
    /// The driver says so.
    Driver(sqlx::Error),
    /// What came is not what was asked for.
    Malformed(String),
}

/// Takes rows, and sends them on.
pub(super) struct Sink {
    shape: Shape,
    batch: Batch,
    to: Sender<Said>,
}

/// Nobody waits any more.
pub(super) struct Gone;

impl Sink {
    pub(super) fn new(shape: Shape, to: Sender<Said>) -> Self {
        Self { shape, batch: Batch::default(), to }
    }

    /// Adds a row; `true` says that the batch is full.
    pub(super) fn add(&mut self, row: &[Raw<'_>]) -> Result<bool, Broken> {
        if row.len() != self.shape.kinds.len() {
            return Err(Broken::Malformed(format!("a row has {} columns", row.len())));
        }
        let mut null = false;
        for place in &self.shape.key {
            let pair = row.get(*place).zip(self.shape.kinds.get(*place));
            let done = pair.and_then(|(raw, kind)| {
                null |= *raw == Raw::Null;
                order(*kind, *raw, &mut self.batch.bytes)
            });
            if done.is_none() {
                return Err(Broken::Malformed(
                    "a value of the key is not of the kind of its column".to_owned(),
                ));
            }
        }
        let key = self.batch.bytes.len();
        for (raw, kind) in row.iter().zip(&self.shape.kinds) {
            encode(*kind, *raw, &mut self.batch.bytes);
        }
        self.batch.null_keys += u64::from(null);
        self.batch.rows.push(Ends { key, content: self.batch.bytes.len() });
        Ok(self.batch.is_full())
    }

    /// Sends what is there.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        if self.batch.len() == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.to.send(Ok(batch)).await.map_err(|_closed| Gone)
    }

    /// Says why there is no more. Nobody may be there to hear it.
    pub(super) async fn broke(&mut self, why: Broken) {
        drop(self.to.send(Err(why)).await);
    }
}
