//! Which places cannot be null where a condition is known to be true or false.

use super::node::{Cmp, Node, Op, Place};
use crate::fact::{Type, Value};

/// Places that are not null if `node` is `truth`.
pub(super) fn not_null(node: &Node, truth: bool) -> Vec<Place> {
    match &node.op {
        Op::Compare(cmp, pair) => compared(*cmp, pair, truth),
        Op::All(items) if truth => items.iter().flat_map(|item| not_null(item, true)).collect(),
        Op::Any(items) if !truth => items.iter().flat_map(|item| not_null(item, false)).collect(),
        // Whichever of them decided, this holds.
        Op::All(items) => common(items, false),
        Op::Any(items) => common(items, true),
        Op::In(pair) => within(pair, truth),
        Op::Not(inner) => not_null(inner, !truth),
        _ => Vec::new(),
    }
}

/// What every one of them says.
fn common(items: &[Node], truth: bool) -> Vec<Place> {
    let mut all = items.iter().map(|item| not_null(item, truth));
    let Some(first) = all.next() else { return Vec::new() };
    all.fold(first, |known, next| known.into_iter().filter(|place| next.contains(place)).collect())
}

/// `side in ["rows", "both"]`. A list with a value that is not written there may hold every word, so it says nothing.
fn within(pair: &[Node; 2], truth: bool) -> Vec<Place> {
    let [item, list] = pair;
    let (Some(words), Op::List(items)) = (side_words(item), &list.op) else { return Vec::new() };
    let Some(listed) = items.iter().map(word).collect::<Option<Vec<&str>>>() else { return Vec::new() };
    parts_of(words, |word| listed.contains(&word) == truth)
}

/// The words of a `side`: its first part alone, its second part alone, both.
fn side_words(node: &Node) -> Option<&[std::sync::Arc<str>]> {
    match (&node.op, node.ty.base()) {
        (Op::Read(Place::Side(_)), Type::Enum(words)) => Some(words),
        _ => None,
    }
}

fn word(node: &Node) -> Option<&str> {
    match &node.op {
        Op::Literal(value) => value.as_text(),
        _ => None,
    }
}

/// Parts that are there whichever of the possible words the side is.
fn parts_of(words: &[std::sync::Arc<str>], possible: impl Fn(&str) -> bool) -> Vec<Place> {
    let may = |index: usize| words.get(index).is_some_and(|word| possible(word));
    let mut parts = Vec::new();
    if !may(1) {
        parts.push(Place::Present(0));
    }
    if !may(0) {
        parts.push(Place::Present(1));
    }
    parts
}

fn compared(cmp: Cmp, pair: &[Node; 2], truth: bool) -> Vec<Place> {
    let [a, b] = pair;
    if let Some((words, said)) = side_words(a).zip(word(b)).or_else(|| side_words(b).zip(word(a))) {
        return match (cmp, truth) {
            (Cmp::Eq, true) | (Cmp::Ne, false) => parts_of(words, |word| word == said),
            (Cmp::Ne, true) | (Cmp::Eq, false) => parts_of(words, |word| word != said),
            _ => Vec::new(),
        };
    }
    let wanted = if truth { Cmp::Ne } else { Cmp::Eq };
    let place = match (&a.op, &b.op) {
        (_, Op::Literal(Value::Null)) => place(a),
        (Op::Literal(Value::Null), _) => place(b),
        _ => None,
    };
    if cmp == wanted { place.into_iter().collect() } else { Vec::new() }
}

/// The place whose null makes the node null.
fn place(node: &Node) -> Option<Place> {
    match &node.op {
        Op::Read(place) => Some(place.clone()),
        Op::Age(pair) => {
            let [time, _] = &**pair;
            place(time)
        }
        _ => None,
    }
}
