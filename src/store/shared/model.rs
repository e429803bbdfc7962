//! What is told of a shared store.

use jiff::Timestamp;

use super::SharedError;

/// Decides by the span of all runs before which time they are forgotten.
pub(super) type Forget<'a> = &'a dyn Fn((Timestamp, Timestamp)) -> Option<Timestamp>;

/// Why the copy may lack runs.
#[derive(Debug)]
pub struct Gap {
    /// What kept it from being brought up to date.
    pub why: SharedError,
    /// When it last was.
    pub reached: Option<Timestamp>,
}

/// What became of it when the copy was brought up to date.
#[derive(Debug, Default)]
pub struct Caught {
    /// Why it could not be.
    pub gap: Option<Gap>,
    /// Runs that waited here and could not be sent; the copy is complete nevertheless, but for them.
    pub unsent: Option<SharedError>,
    /// What was sent.
    pub sent: Sent,
    /// Runs that are new in the copy.
    pub new: u64,
}

/// The log, as it is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many runs there are.
    pub runs: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// When they began, the first and the last.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// What was sent.
#[derive(Debug, Default)]
pub struct Sent {
    /// Runs that the log has now.
    pub runs: u64,
    /// Runs that a power cut took before they were on disk.
    pub lost: u64,
    /// Why runs that are older than they are kept could not be removed from the log.
    pub unpruned: Option<SharedError>,
}
