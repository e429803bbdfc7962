//! The typed tree: the only thing that is evaluated.

use std::sync::Arc;

use super::functions::Function;
use crate::fact::{Type, Value};
use crate::source::Loc;

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the operators")]
pub enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Cmp {
    /// The comparison with its sides exchanged.
    pub fn turned(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
        }
    }

    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the operators")]
pub enum Arith {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// Where a value is read from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A fact of the row that is judged.
    Each(usize),
    /// A fact of another observation with one row: observation, field.
    Observation(usize, usize),
    /// A parameter.
    Param(usize),
    /// A `let`.
    Let(usize),
    /// Something of the target: `name`, `type` or a label.
    Target(Arc<str>),
    /// The time of the observation.
    Now,
    /// The time of another observation.
    NowOf(usize),
    /// Which parts of the row are there: the column that says so.
    Side(usize),
    /// No value: a part of the row, by position, that is known to be there.
    Present(usize),
    /// The result of an aggregate over the members of a group, by position.
    Fold(usize),
    /// Whether a calendar of the project covers the time of the observation.
    During(Arc<str>),
}

/// What is asked of the past of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `per_day(x)`: its change per day.
    PerDay,
    /// `reaches(x, limit)`: the time until it has grown to the limit.
    Reaches,
    /// `falls_to(x, limit)`: the time until it has fallen to the limit.
    FallsTo,
    /// `previous(x)`: the sample before.
    Previous,
    /// `past(x)`: all earlier samples.
    Past,
    /// `changed(x)`: whether it differs from the sample before.
    Changed,
}

/// An aggregate over the members of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FoldKind {
    /// `count()`, `count(condition)`
    Count,
    /// `count_distinct(x)`
    CountDistinct,
    /// `sum(x)`
    Sum,
    /// `min(x)`
    Min,
    /// `max(x)`
    Max,
    /// `avg(x)`
    Avg,
    /// `median(x)` is the quantile 0.5.
    Quantile(f64),
    /// `any(condition)`
    Any,
    /// `all(condition)`
    All,
    /// `list(x)`
    List,
    /// `first_by(x, key)`
    FirstBy,
    /// `last_by(x, key)`
    LastBy,
}

/// One aggregate of a group: its parts are read from each member.
#[derive(Clone, Debug)]
pub struct Fold {
    /// Which one.
    pub kind: FoldKind,
    /// What is aggregated.
    pub value: Option<Node>,
    /// By what `first_by` and `last_by` order.
    pub key: Option<Node>,
    /// Which members count.
    pub filter: Option<Node>,
    /// As it is written.
    pub text: Arc<str>,
}

impl Fold {
    /// Its expressions.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.value.iter().chain(&self.key).chain(&self.filter)
    }
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum Op {
    /// A constant.
    Literal(Value),
    /// A value that is read.
    Read(Place),
    /// `!a`
    Not(Box<Node>),
    /// `-a`
    Negate(Box<Node>),
    /// `a && b`
    All(Vec<Node>),
    /// `a || b`
    Any(Vec<Node>),
    /// `a < b`
    Compare(Cmp, Box<[Node; 2]>),
    /// `a + b`
    Arith(Arith, Box<[Node; 2]>),
    /// `a ?? b`
    OrElse(Vec<Node>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `a in list`
    In(Box<[Node; 2]>),
    /// `a in low..high`; true if the upper end belongs to it
    InRange(Box<[Node; 3]>, bool),
    /// `known(a)`
    Known(Box<Node>),
    /// `x_age`: time since a time fact.
    Age(Box<[Node; 2]>),
    /// `f(a, b)`
    Call(&'static Function, Vec<Node>),
    /// `matches(a, "…")` with the expression compiled at load.
    Matches(Box<Node>, Arc<regex::Regex>),
    /// A question about the past of the place that the first part reads; a limit may follow.
    History(Ask, Vec<Node>),
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it does.
    pub op: Op,
    /// Its type.
    pub ty: Type,
    /// Where it stands.
    pub loc: Loc,
    /// As it is written.
    pub text: Arc<str>,
}

impl Node {
    /// The parts of the node.
    pub fn children(&self) -> &[Node] {
        match &self.op {
            Op::Literal(_) | Op::Read(_) => &[],
            Op::Not(a) | Op::Negate(a) | Op::Known(a) | Op::Matches(a, _) => std::slice::from_ref(a),
            Op::All(items)
            | Op::Any(items)
            | Op::OrElse(items)
            | Op::List(items)
            | Op::Call(_, items)
            | Op::History(_, items) => items,
            Op::Compare(_, pair) | Op::Arith(_, pair) | Op::In(pair) | Op::Age(pair) => &**pair,
            Op::InRange(three, _) => &**three,
        }
    }

    /// The parts of the node, in the same order, to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.op {
            Op::Literal(_) | Op::Read(_) => Vec::new(),
            Op::Not(a) | Op::Negate(a) | Op::Known(a) | Op::Matches(a, _) => vec![a],
            Op::All(items)
            | Op::Any(items)
            | Op::OrElse(items)
            | Op::List(items)
            | Op::Call(_, items)
            | Op::History(_, items) => items.iter_mut().collect(),
            Op::Compare(_, pair) | Op::Arith(_, pair) | Op::In(pair) | Op::Age(pair) => {
                pair.iter_mut().collect()
            }
            Op::InRange(three, _) => three.iter_mut().collect(),
        }
    }

    /// Calls `visit` for the node and all of its parts, outer first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Node)) {
        visit(self);
        // Without a list of the parts: lints walk every rule of thousands of policies.
        match &self.op {
            Op::Literal(_) | Op::Read(_) => {}
            Op::Not(a) | Op::Negate(a) | Op::Known(a) | Op::Matches(a, _) => a.walk(visit),
            Op::All(items)
            | Op::Any(items)
            | Op::OrElse(items)
            | Op::List(items)
            | Op::Call(_, items)
            | Op::History(_, items) => items.iter().for_each(|item| item.walk(visit)),
            Op::Compare(_, pair) | Op::Arith(_, pair) | Op::In(pair) | Op::Age(pair) => {
                pair.iter().for_each(|part| part.walk(visit));
            }
            Op::InRange(three, _) => three.iter().for_each(|part| part.walk(visit)),
        }
    }

    /// Does it read anything?
    pub fn is_constant(&self) -> bool {
        let mut reads = false;
        self.walk(&mut |node| reads |= matches!(node.op, Op::Read(_)));
        !reads
    }
}

/// An expression with the places that it reads.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The tree.
    pub node: Node,
    /// What it reads, directly.
    pub reads: Vec<Place>,
}

impl Rule {
    /// Collects the reads of a node.
    pub fn new(node: Node) -> Self {
        let mut reads = Vec::new();
        node.walk(&mut |part| {
            if let Op::Read(place) = &part.op
                && !reads.contains(place)
            {
                // Most rules read one fact, and a list that grows by itself begins with room for four.
                if reads.is_empty() {
                    reads.reserve_exact(1);
                }
                reads.push(place.clone());
            }
        });
        Self { node, reads }
    }
}
