//! What is known of earlier runs, as plain data: judging needs no store.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// Earlier runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recall {
    /// Times at which each check (policy, target) was judged, ascending. A run in which the check was skipped,
    /// or could not be judged as a whole, is not among them: it says nothing.
    pub judged: BTreeMap<(Arc<str>, Arc<str>), Vec<Timestamp>>,
    /// For each finding id: times at which its rule held, ascending.
    pub held: BTreeMap<Arc<str>, Vec<Timestamp>>,
    /// For each finding id: times at which this subject alone could not be judged, ascending. Such a time is no
    /// sample of it, although its check was judged then.
    pub unread: BTreeMap<Arc<str>, Vec<Timestamp>>,
}
