//! What relates the rows of a policy: other targets, the past, joins and groups.

use std::sync::Arc;

use super::Selector;
use crate::rule::Rule;
use crate::rule::env::Observed;
use crate::rule::node::Fold;

/// Another target that a policy looks at, chosen by what it has in common with the policy's own.
#[derive(Clone, Debug)]
pub struct Also {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// Which targets.
    pub selector: Selector,
    /// Labels that must be the same as those of the policy's target.
    pub same: Vec<Arc<str>>,
    /// Several may match; otherwise exactly one must.
    pub many: bool,
}

/// How much of the past is recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistorySpec {
    /// How far back, in microseconds.
    pub window: i64,
    /// How long the samples must reach back, in microseconds.
    pub at_least: i64,
    /// How many samples there must be.
    pub points: usize,
}

/// Spans of a window that are told apart at least, and at most.
const SPANS: (i64, i64) = (28, 96);

impl HistorySpec {
    /// How long a span is, in microseconds, of which no more samples count than of others: as far apart as the samples
    /// stand that there must be, if the window has room for some of them.
    pub fn span(&self) -> i64 {
        let apart = self.at_least / i64::try_from(self.points.max(1)).unwrap_or(i64::MAX);
        apart.min(self.window / SPANS.0).max(self.window / SPANS.1)
    }
}

/// Rows that a policy can judge: those of an observation, or what is made of others.
#[derive(Clone, Debug)]
pub struct View {
    /// Its name, its shape, and which parts of a row may be absent.
    pub rows: Observed,
    /// What it is made of.
    pub kind: ViewKind,
    /// The observation whose clock its ages are counted against.
    pub clock: usize,
}

/// What the rows of a view are made of.
#[derive(Clone, Debug)]
pub enum ViewKind {
    /// Those of an observation, by position.
    Observed(usize),
    /// Those of an observation, joined by their key with its earlier answer.
    Before(usize),
    /// A full outer join.
    Join(Join),
    /// Groups.
    Group(Group),
}

/// A full outer join of two views.
#[derive(Clone, Debug)]
pub struct Join {
    /// The views, by position.
    pub sides: [usize; 2],
    /// For each part of the key its column in either view.
    pub by: Vec<[usize; 2]>,
}

/// Groups of the rows of a view.
#[derive(Clone, Debug)]
pub struct Group {
    /// The view, by position.
    pub of: usize,
    /// Columns whose values make the group; none puts all rows into one.
    pub by: Vec<usize>,
    /// What is computed, in the order of the columns after the key.
    pub lets: Vec<Rule>,
    /// Aggregates that those read.
    pub folds: Vec<Fold>,
}

/// A fact behind a column: observation, field, and whether it is of the earlier answer.
pub type FactAt = (usize, usize, bool);
