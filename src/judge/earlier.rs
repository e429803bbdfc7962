//! The rows of now joined with those of an earlier answer, by their key.

use super::join::{About, Matched, Pairs, Side, both_told, pair};
use super::tables::{Tables, exact};
use crate::fact::{Before, Cause, Identity, Missing, Observation, Table, Whose, ZeroRows};
use crate::policy::{Observe, View};
use crate::rule::history::UNSTORED;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The rows of now and of then.
pub(super) fn before<'a>(
    tables: &Tables<'a>,
    view: &View,
    observation: usize,
) -> Result<Pairs<'a>, Arc<Missing>> {
    let now = tables.observed(observation)?;
    let answers = tables.answers(observation)?;
    let observe = tables.check.policy.observe.get(observation);
    let source = observe.and_then(|observe| observe.before.clone());
    let (Some(answer), Some(source), Some(observe)) = (answers.first(), source, observe) else {
        return Err(Arc::new(Missing::new(Cause::Internal, "there is nothing to compare with")));
    };
    let schema = &observe.asked;
    let then = earlier(tables, answer, &source, observe)?;
    let by: Vec<[usize; 2]> = schema.key.iter().map(|column| [*column, *column]).collect();
    let about = About {
        names: ["after", "before"],
        key: schema.key_names().join("`, `"),
        cuts: [now.cut.clone(), then.cut.clone()],
        many_left: false,
    };
    let matched = if by.is_empty() {
        let whole = now.rows.len() == 1 && then.rows.len() == 1;
        if !whole {
            return Err(Arc::new(Missing::new(Cause::Empty, "one of the two answers has no row")));
        }
        let faults = about.cuts.iter().flatten().cloned().collect();
        Matched { pairs: vec![[0, 0]], ambiguous: BTreeMap::new(), unsure: [None, None], faults }
    } else {
        both_told([&now.rows, &then.rows], &by)?;
        let mut matched = pair([&now.rows, &then.rows], &by, &about);
        let suspicious = schema.zero == ZeroRows::Suspicious && !tables.any_is_fine();
        if then.rows.is_empty() && suspicious && !matched.pairs.is_empty() {
            let what = "the earlier answer has no rows, and something had to be there";
            matched.faults.push(Arc::new(Missing::new(Cause::Empty, what)));
        }
        matched
    };
    let width = view.rows.side.unwrap_or(schema.fields.len());
    Ok(Pairs {
        sides: [Side::Answer(now), Side::Table(Box::new(then))],
        rows: matched.pairs,
        by,
        key_in_front: false,
        widths: [width, width],
        words: ["after", "before", "both"].map(Arc::from),
        unsure: matched.unsure,
        ambiguous: matched.ambiguous,
        faults: matched.faults,
    })
}

/// Is the earlier answer that of the system which this one was moved from? Of a migration in place both are of one system;
/// otherwise a system that is compared with itself is equal, whatever became of the other.
fn moved(answer: &Observation, then: &Observation) -> Result<(), Arc<Missing>> {
    if then.key.target == answer.key.target {
        return same_system(&answer.identity, &then.identity);
    }
    let (now, before) = (&answer.identity, &then.identity);
    let one = match (&now.system, &before.system) {
        (Some(now_system), Some(then_system)) => now_system == then_system && now.database == before.database,
        // What has no name of its own is known by its place: the file of a database.
        (None, None) => !now.host.is_empty() && now.host == before.host,
        _ => false,
    };
    if !one {
        return Ok(());
    }
    let name = now.system.as_ref().unwrap_or(&now.host);
    let what = format!(
        "the snapshot of `{}` is of {name}, which is what is looked at now: it would be compared with itself",
        then.key.target
    );
    let fix = format!(
        "correct the address of `{}`, or write `in_place: true` if the migration happens on it, or if it is a promoted standby or a copy of the files of the old one",
        answer.key.target
    );
    Err(Arc::new(Missing::new(Cause::WrongTarget, what).fix(fix)))
}

/// Are both answers of one system?
fn same_system(now: &Identity, then: &Identity) -> Result<(), Arc<Missing>> {
    match now.unlike(then) {
        None => Ok(()),
        Some((what, fix)) => Err(Arc::new(Missing::new(Cause::WrongTarget, what).fix(fix))),
    }
}

/// The earlier answer in the shape of now, if it is of the same system.
fn earlier(
    tables: &Tables<'_>,
    answer: &Observation,
    source: &Before,
    observe: &Observe,
) -> Result<Table, Arc<Missing>> {
    let (what, fix) = match source {
        Before::Previous(_) if !tables.check.has_store => {
            let [why, fix] = UNSTORED;
            (format!("there is no earlier answer to compare with: {why}"), fix)
        }
        Before::Previous(_) => {
            ("there is no earlier answer to compare with".to_owned(), "the next run has one")
        }
        Before::Recording(path) => (
            format!("the recording `{path}` has no answer to this question"),
            "record it again with `muster record`",
        ),
        Before::Gate => ("there is no snapshot of the gate".to_owned(), "take one before the migration"),
    };
    let none = || Arc::new(Missing::new(Cause::NoHistory, what).fix(fix));
    let check = tables.check;
    let whose = Whose { policy: Arc::clone(&check.policy.id), target: Arc::clone(&check.target.name) };
    let then = tables.given.past.earlier(source, &answer.key, whose).ok_or_else(none)?;
    let table = then.result.as_ref().map_err(|why| {
        let what = format!("the earlier answer could not be read: {}", why.what);
        Arc::new(Missing { what, ..(**why).clone() })
    })?;
    match source {
        Before::Gate => moved(answer, then)?,
        Before::Previous(_) => same_system(&answer.identity, &then.identity)?,
        // Where its targets were is held against the project when it is read, by paths within the project: it may lie elsewhere.
        Before::Recording(_) => {
            let then = Identity { host: Arc::clone(&answer.identity.host), ..then.identity.clone() };
            same_system(&answer.identity, &then)?;
        }
    }
    let table = table.fit(&observe.asked, &answer.key.probe)?;
    // What is refused now is refused then.
    Ok(if observe.exact { exact(observe, Cow::Owned(table)).into_owned() } else { table })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Key;

    fn answer(target: &str, host: &str, system: Option<&str>, database: Option<&str>) -> Observation {
        let key = Key {
            probe: Arc::from("data.row_counts"),
            target: Arc::from(target),
            args: Arc::from("{}"),
            facts: Arc::from(""),
        };
        let lost = Missing::new(Cause::Internal, "");
        let identity = Identity {
            host: Arc::from(host),
            system: system.map(Arc::from),
            database: database.map(Arc::from),
            ..Identity::default()
        };
        Observation { identity, ..Observation::missing(key, jiff::Timestamp::UNIX_EPOCH, lost) }
    }

    fn cause(now: &Observation, then: &Observation) -> Option<Cause> {
        moved(now, then).err().map(|why| why.cause)
    }

    #[test]
    fn what_was_moved_is_never_compared_with_itself() {
        let old = answer("old", "a:5432", Some("1"), Some("shop"));
        // The address is another, and the system behind it is not.
        let alias = answer("new", "b:5432", Some("1"), Some("shop"));
        assert_eq!(cause(&alias, &old), Some(Cause::WrongTarget));
        assert_eq!(cause(&answer("new", "a:5432", Some("2"), Some("shop")), &old), None);
        assert_eq!(cause(&answer("new", "a:5432", Some("1"), Some("shop_new")), &old), None);
        assert_eq!(cause(&answer("new", "a:3306", Some("db1"), Some("shop")), &old), None);
        let file = answer("old", "/srv/shop.db", None, None);
        assert_eq!(cause(&answer("new", "/srv/shop.db", None, None), &file), Some(Cause::WrongTarget));
        assert_eq!(cause(&answer("new", "/srv/other.db", None, None), &file), None);
        assert_eq!(cause(&alias, &file), None);
    }

    #[test]
    fn a_migration_in_place_is_of_one_system() {
        let then = answer("db", "a:5432", Some("1"), Some("shop"));
        assert_eq!(cause(&then, &then), None);
        assert_eq!(cause(&answer("db", "a:5432", Some("2"), Some("shop")), &then), Some(Cause::WrongTarget));
        assert_eq!(cause(&answer("db", "a:5432", None, None), &then), Some(Cause::WrongTarget));
    }
}
