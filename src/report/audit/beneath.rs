//! What waivers hid: how it stood at first and at the last judgement, a line for each number.

use super::super::sheet::{Cell, Row, Sheet};
use crate::audit::{Audit, Beneath, Exception, Figure, Moved};

/// The table, what got worse first; none if nothing was hidden.
pub(super) fn sheet(audit: &Audit) -> Option<Sheet> {
    let mut all: Vec<(&Exception, &Beneath)> = audit
        .exceptions
        .iter()
        .flat_map(|one| one.beneath.iter().map(move |beneath| (one, beneath)))
        .collect();
    all.sort_by_key(|(_, beneath)| (!beneath.is_worse(), beneath.moved));
    (!all.is_empty()).then(|| Sheet {
        caption: "What waivers hid, when it was hidden first and at the last judgement, what got worse first",
        heads: &["it is", "finding", "compared", "at first", "at last", "limit"],
        key: 1,
        rows: all.into_iter().map(row).collect(),
        empty: String::new(),
        folded: false,
    })
}

/// Better and worse are told by a word, and by a colour.
fn row((exception, one): (&Exception, &Beneath)) -> Row {
    let tone = match one.moved {
        _ if one.is_worse() => "fail",
        Moved::Worse => "fail",
        Moved::Unread | Moved::Untold => "unknown",
        Moved::Unchanged => "waived",
        Moved::Better | Moved::Gone => "pass",
    };
    let moved = Cell::Badge(tone, one.moved.word().to_owned());
    let moved = match (one.fails_now, one.failed_between, one.why.as_str()) {
        (true, ..) => Cell::Under(Box::new(moved), "it was near its limit, and fails now".to_owned()),
        (_, true, _) => Cell::Under(Box::new(moved), "it failed in between".to_owned()),
        (_, _, "") => moved,
        (_, _, why) => Cell::Under(Box::new(moved), format!("without a number: {why}")),
    };
    let of = [&exception.allowed.policy, exception.allowed.ticket.as_str()];
    let of: Vec<&str> = of.into_iter().filter(|part| !part.is_empty()).collect();
    let value =
        |figure: &Option<Figure>| figure.as_ref().map_or(Cell::Nothing, |figure| Cell::text(&figure.value));
    let limit = |figure: &Option<Figure>| figure.as_ref().map(|figure| figure.limit.clone());
    let limit = match (limit(&one.before), limit(&one.after)) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        (before, after) => after.or(before).unwrap_or_default(),
    };
    Row::from(vec![
        moved,
        Cell::Under(Box::new(Cell::name(&one.subject)), of.join(", ")),
        Cell::name(&one.what),
        value(&one.before),
        value(&one.after),
        Cell::text(&limit),
    ])
}
