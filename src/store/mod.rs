//! The memory of muster: runs, findings and recordings in one small SQLite file.
//!
//! It holds three things. Of every run: which checks were judged; and of every finding a row of some twenty bytes for
//! each time that it was judged otherwise than before; that is what [`Recall`](crate::verdict::Recall) is made of. Of every
//! finding: its newest text, whole. Of a run that was recorded: its observations, as columns of a few bytes a cell,
//! each question, schema and column of names once; that is what [`Past`](crate::fact::Past) is made of.
//!
//! - **Nothing is lost to a kill.** A run is one transaction in write-ahead mode with `synchronous=FULL`: after
//!   `kill -9` and after a power cut the file holds all of a run or nothing of it, and all of it once
//!   [`Store::remember`] has returned. A check does not open the file to be remembered: its run waits as a file of its
//!   own in an [`Inbox`] (`STORE-runs`), until somebody opens the store, and is folded in then. Such a file is not
//!   flushed: a power cut can lose the runs of the last seconds, which is noticed and said, and nothing else.
//! - **Nothing is overwritten.** A file that is not a store, is of a newer muster, or is damaged is refused
//!   before a byte of it is changed. An empty file, or a database without a table, becomes a store.
//! - **Two at once wait for each other**, for five seconds at most, then say so.
//! - **Clocks go wrong.** Times are those of the reports; what is read back by time is sorted by time, and
//!   "newest" means written last.
//! - A run that judged a recording is kept and shown, and is never a sample: the past is what was observed, not
//!   what was judged again.
//!
//! Write-ahead mode needs shared memory, so the file must lie on a disk of this machine, not on a network share.
//! Nothing here redacts: reports and recordings are free of secrets before they come here.

mod error;
mod model;
mod portable;
mod shared;

#[cfg(feature = "sql")]
mod answer;
mod answers;
#[cfg(feature = "sql")]
mod batch;
#[cfg(feature = "sql")]
mod batched;
#[cfg(feature = "sql")]
mod begun;
#[cfg(feature = "sql")]
mod body;
#[cfg(feature = "sql")]
mod bytes;
#[cfg(feature = "sql")]
mod changes;
#[cfg(feature = "sql")]
mod column;
#[cfg(feature = "sql")]
mod compared;
#[cfg(feature = "sql")]
mod draft;
#[cfg(feature = "sql")]
mod file;
#[cfg(feature = "sql")]
mod fold;
#[cfg(feature = "sql")]
mod inbox;
#[cfg(feature = "sql")]
mod ledger;
#[cfg(feature = "sql")]
mod observed;
#[cfg(feature = "sql")]
mod packed;
#[cfg(feature = "sql")]
mod past;
#[cfg(feature = "sql")]
mod place;
#[cfg(feature = "sql")]
mod promised;
#[cfg(feature = "sql")]
mod prune;
#[cfg(feature = "sql")]
mod read;
#[cfg(feature = "sql")]
mod repack;
#[cfg(feature = "sql")]
mod retain;
#[cfg(feature = "sql")]
mod samples;
#[cfg(feature = "sql")]
mod shelf;
#[cfg(feature = "sql")]
mod spare;
#[cfg(feature = "sql")]
mod watch;
#[cfg(feature = "sql")]
mod write;

#[cfg(not(feature = "sql"))]
mod stub;

#[cfg(all(test, feature = "sql"))]
mod inbox_tests;
#[cfg(all(test, feature = "sql"))]
mod past_tests;
#[cfg(all(test, feature = "sql"))]
mod tests;

#[cfg(feature = "sql")]
pub use begun::Mark;
#[cfg(feature = "sql")]
pub use draft::{Draft, Seen};
pub use error::StoreError;
#[cfg(feature = "sql")]
pub use file::Store;
#[cfg(feature = "sql")]
pub use inbox::{Inbox, forget_note, is_there};
pub use model::{
    Begun, Judgement, Keeping, Ledger, LedgerFinding, LedgerRun, Standing, StoredFinding, StoredRow,
    StoredRun, StoredSample, StoredVerdict, Turn, Watched, WatchedFact,
};
pub use portable::{Carried, Carrier, CarryError, ExportError, Item, Kind, Take, proven};
pub use shared::{Address, Caught, Extent, Gap, Sent, Shared, SharedError};
#[cfg(not(feature = "sql"))]
pub use stub::{Draft, Inbox, Mark, Seen, Store, forget_note, is_there};
