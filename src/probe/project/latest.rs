//! `attestation.latest`: the newest statement of each topic.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::fact::{
    Attestation, Cause, Cell, Evidence, House, Level, Missing, Request, Table, TableBuilder, Value,
};
use crate::probe::stop::Stop;
use crate::probe::{Ask, Context, Observing, Probe, on_a_thread, path, x509};

/// The body of `attestation.latest`.
pub(in crate::probe) struct Latest;

impl Probe for Latest {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        let house = cx.house.clone();
        on_a_thread(ask, cx, move |request, table, stop| look(request, table, stop, house.as_deref()))
    }
}

fn look(
    request: &Request,
    mut table: TableBuilder,
    stop: &Stop,
    house: Option<&House>,
) -> Result<Table, Missing> {
    let house = house.ok_or_else(|| {
        let what = "there is no project here, and so nothing was attested in it";
        Missing::new(Cause::Unsupported, what).level(Level::Target).fix("`muster init` writes a muster.yaml")
    })?;
    unread(house)?;
    let wanted = request.args.texts("topics");
    let mut topics: BTreeMap<&str, Vec<&Attestation>> = BTreeMap::new();
    let asked = |one: &&Attestation| wanted.is_empty() || wanted.contains(&one.topic);
    for one in house.attestations.iter().filter(asked) {
        topics.entry(&one.topic).or_default().push(one);
    }
    for (topic, all) in &topics {
        stop.check("reading what was attested")?;
        push(&mut table, request, stop, house, (topic, all));
    }
    // Whoever asks for a topic by its name must not pass over it in silence.
    for topic in wanted.iter().filter(|topic| !topics.contains_key(&***topic)) {
        never(&mut table, topic);
    }
    Ok(table.finish())
}

/// As long as a file was not read, nobody knows which statement is the newest.
fn unread(house: &House) -> Result<(), Missing> {
    let Some(first) = house.unread.first() else { return Ok(()) };
    let others = house.unread.len() - 1;
    let what = if others == 0 { first.what.clone() } else { format!("{}; and {others} more", first.what) };
    Err(Missing { what, level: Level::Probe, ..(**first).clone() })
}

/// Facts that stand in the statement itself.
const WRITTEN: &[&str] = &[
    "by",
    "known_owner",
    "at",
    "valid_until",
    "result",
    "looked_at",
    "evidence_count",
    "evidence",
    "sha256",
    "no_evidence",
    "evidence_state",
    "evidence_fits",
    "note",
    "place",
];

fn push(
    table: &mut TableBuilder,
    request: &Request,
    stop: &Stop,
    house: &House,
    (topic, all): (&str, &[&Attestation]),
) {
    let statements = Value::count(u64::try_from(all.len()).unwrap_or(u64::MAX));
    let row = table.row().set("topic", Value::text(topic)).set("statements", statements);
    let one = match newest(topic, all) {
        Ok(one) => one,
        Err(why) => return row.missing_all(WRITTEN, &Arc::new(why)).push(),
    };
    let first = one.evidence.first();
    let text = |text: &Option<Arc<str>>| text.as_ref().map(|text| Value::Text(Arc::clone(text)));
    let count = u64::try_from(one.evidence.len()).unwrap_or(u64::MAX);
    let mut row = row
        .set("by", Value::Text(Arc::clone(&one.by)))
        .set("known_owner", Value::Bool(house.owners.contains(&one.by)))
        .set("at", Value::Int(one.at))
        .set("valid_until", Value::Int(one.valid_until))
        .set("result", Value::text(if one.holds { "holds" } else { "fails" }))
        .set("looked_at", Value::Text(Arc::clone(&one.looked_at)))
        .set("evidence_count", Value::count(count))
        .set_or_null("evidence", first.map(|piece| Value::Text(Arc::clone(&piece.link))))
        .set_or_null("sha256", first.and_then(|piece| text(&piece.sha256)))
        .set_or_null("no_evidence", text(&one.no_evidence))
        .set_or_null("note", text(&one.note))
        .set("place", Value::Text(Arc::clone(&one.place)));
    if request.wants("evidence_state") || request.wants("evidence_fits") {
        let (state, fits) = states(&one.evidence, house, stop);
        row = row.cell("evidence_state", state).cell("evidence_fits", fits);
    }
    row.push();
}

/// The row of a topic that somebody asks for, and of which there is no statement.
fn never(table: &mut TableBuilder, topic: &str) {
    let why = Missing::new(Cause::Absent, format!("nobody ever attested `{topic}`")).level(Level::Row);
    let why = Arc::new(why.fix(format!("muster attest {}", path::quoted(topic))));
    let row = table.row().set("topic", Value::text(topic)).set("statements", Value::Int(0));
    row.missing_all(WRITTEN, &why).push();
}

/// The newest statement; two of one time that do not say the same contradict each other.
fn newest<'a>(topic: &str, all: &[&'a Attestation]) -> Result<&'a Attestation, Missing> {
    let at = all.iter().map(|one| one.at).max();
    let mut last = all.iter().copied().filter(|one| Some(one.at) == at);
    let first = last.next().ok_or_else(|| {
        Missing::new(Cause::Internal, format!("no statement of `{topic}` was kept")).level(Level::Row)
    })?;
    match last.find(|other| !other.says_the_same(first)) {
        None => Ok(first),
        Some(other) => {
            let what = format!(
                "{} and {} say of `{topic}` at the same time what is not the same",
                first.place, other.place
            );
            let fix = "remove the one that is wrong, or write the time of each under `at`";
            Err(Missing::new(Cause::Ambiguous, what).level(Level::Row).fix(fix))
        }
    }
}

/// States from the best to the worst.
const STATES: [&str; 5] = ["fits", "elsewhere", "unpinned", "absent", "differs"];

/// The worst state of all pieces, and how many files fit.
fn states(evidence: &[Evidence], house: &House, stop: &Stop) -> (Cell, Cell) {
    let found: Result<Vec<&'static str>, Missing> =
        evidence.iter().map(|piece| state(piece, &house.root, stop)).collect();
    match found {
        Ok(found) => {
            let worst = STATES.iter().rev().find(|state| found.contains(state)).copied();
            let fits = found.iter().filter(|state| **state == "fits").count();
            let fits = Value::count(u64::try_from(fits).unwrap_or(u64::MAX));
            (Ok(Value::text(worst.unwrap_or("none"))), Ok(fits))
        }
        Err(why) => {
            let why = Arc::new(why.level(Level::Row));
            (Err(Arc::clone(&why)), Err(why))
        }
    }
}

/// How a piece of evidence lies below the folder of the project: `fits`, `elsewhere`, `unpinned`, `absent` or `differs`.
pub fn evidence_state(piece: &Evidence, root: &Path) -> Result<&'static str, Missing> {
    state(piece, root, &Stop::within(Duration::from_mins(1)))
}

fn state(piece: &Evidence, root: &Path, stop: &Stop) -> Result<&'static str, Missing> {
    if !piece.is_file() {
        return Ok("elsewhere");
    }
    let wanted = root.join(&*piece.link);
    let shown = wanted.display().to_string();
    let real = match std::fs::canonicalize(&wanted) {
        Ok(real) => real,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok("absent"),
        Err(error) => return Err(path::io_fault(&shown, &error)),
    };
    let home =
        std::fs::canonicalize(root).map_err(|error| path::io_fault(&root.display().to_string(), &error))?;
    // A link that leads out of the project is not followed: what lies there is nobody's evidence.
    if !real.starts_with(&home) {
        return Ok("elsewhere");
    }
    let mut hash = Sha256::new();
    path::read_stream(&shown, stop, |bytes| hash.update(bytes))?;
    Ok(match &piece.sha256 {
        None => "unpinned",
        Some(digest) if **digest == x509::hex(&hash.finalize()) => "fits",
        Some(_) => "differs",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fact::{parse_date, parse_time};
    use crate::probe::testing::{ask, cause, open_dir, value};

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    fn said(topic: &str, at: &str, holds: bool) -> Attestation {
        Attestation {
            topic: topic.into(),
            by: "team".into(),
            at: parse_time(at).unwrap(),
            looked_at: "all of it".into(),
            holds,
            evidence: Vec::new(),
            no_evidence: Some("nothing is kept".into()),
            valid_until: parse_date("2027-01-31").unwrap(),
            note: None,
            place: "attestations/a.yaml:1".into(),
        }
    }

    fn piece(link: &str, sha256: Option<&str>) -> Evidence {
        Evidence { link: link.into(), sha256: sha256.map(Into::into) }
    }

    fn house(attestations: Vec<Attestation>) -> House {
        House { owners: ["team".into()].into(), attestations, ..House::default() }
    }

    #[test]
    fn without_a_project_nothing_is_said() {
        assert_eq!(ask("attestation.latest", json!({})).run().unwrap_err().cause, Cause::Unsupported);
    }

    #[test]
    fn the_newest_of_each_topic_is_told_and_others_are_not_asked_for() {
        let all = vec![
            said("b", "2026-10-01T00:00:00Z", true),
            said("a", "2026-11-01T00:00:00Z", false),
            said("a", "2026-10-01T00:00:00Z", true),
        ];
        let question = || ask("attestation.latest", json!({})).house(house(all.clone()));
        let answer = question().run().unwrap();
        assert_eq!(answer.table.rows.len(), 2);
        assert_eq!(value(&answer, 0, "topic"), Value::text("a"));
        assert_eq!(value(&answer, 0, "result"), Value::text("fails"));
        assert_eq!(value(&answer, 0, "statements"), Value::Int(2));
        assert_eq!(value(&answer, 0, "known_owner"), Value::Bool(true));
        assert_eq!(value(&answer, 0, "evidence_state"), Value::text("none"));
        let asked = ask("attestation.latest", json!({"topics": ["b", "c"]})).house(house(all.clone()));
        let answer = asked.run().unwrap();
        assert_eq!((answer.table.rows.len(), value(&answer, 0, "topic")), (2, Value::text("b")));
        assert_eq!(
            (value(&answer, 1, "topic"), value(&answer, 1, "statements")),
            (Value::text("c"), Value::Int(0))
        );
        for name in WRITTEN {
            assert_eq!(cause(&answer, 1, name), Cause::Absent, "{name}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_ambiguous_and_what_is_said_twice_is_not() {
        let at = "2026-11-01T00:00:00Z";
        let answer = |other: Attestation| {
            ask("attestation.latest", json!({})).house(house(vec![said("a", at, true), other])).run().unwrap()
        };
        let both = answer(said("a", at, false));
        for name in WRITTEN {
            assert_eq!(cause(&both, 0, name), Cause::Ambiguous, "{name}");
        }
        let longer = Attestation { valid_until: parse_date("2028-01-31").unwrap(), ..said("a", at, true) };
        assert_eq!(cause(&answer(longer), 0, "result"), Cause::Ambiguous);
        let twice = Attestation { place: "attestations/b.yaml:1".into(), ..said("a", at, true) };
        assert_eq!(value(&answer(twice), 0, "result"), Value::text("holds"));
    }

    #[test]
    fn a_file_that_was_not_read_may_hold_the_newest_statement() {
        let mut house = house(vec![said("a", "2026-11-01T00:00:00Z", true)]);
        house.unread = vec![Arc::new(Missing::new(Cause::Denied, "`x.yaml` may not be read"))];
        assert_eq!(ask("attestation.latest", json!({})).house(house).run().unwrap_err().cause, Cause::Denied);
    }

    #[test]
    fn evidence_fits_only_if_it_is_there_and_has_its_digest() {
        let dir = open_dir();
        let root = dir.path().join("project");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("hello"), "hello").unwrap();
        std::fs::write(dir.path().join("outside"), "hello").unwrap();
        std::os::unix::fs::symlink("../outside", root.join("out")).unwrap();
        std::fs::create_dir(root.join("folder")).unwrap();
        let answer = |evidence: Vec<Evidence>| {
            let one = Attestation { evidence, no_evidence: None, ..said("a", "2026-11-01T00:00:00Z", true) };
            let house = House { root: root.clone(), ..house(vec![one]) };
            ask("attestation.latest", json!({})).house(house).run().unwrap()
        };
        let cases = [
            (vec![piece("hello", Some(HELLO))], "fits", 1),
            (vec![piece("hello", Some(&HELLO.replace('2', "3")))], "differs", 0),
            (vec![piece("hello", None)], "unpinned", 0),
            (vec![piece("gone", Some(HELLO))], "absent", 0),
            (vec![piece("out", Some(HELLO))], "elsewhere", 0),
            (vec![piece("https://wiki.example.org/x", Some(HELLO))], "elsewhere", 0),
            (vec![piece("hello", Some(HELLO)), piece("https://wiki.example.org/x", None)], "elsewhere", 1),
            (vec![piece("gone", Some(HELLO)), piece("hello", Some(HELLO))], "absent", 1),
        ];
        for (evidence, state, fits) in cases {
            let answer = answer(evidence.clone());
            assert_eq!(value(&answer, 0, "evidence_state"), Value::text(state), "{evidence:?}");
            assert_eq!(value(&answer, 0, "evidence_fits"), Value::Int(fits), "{evidence:?}");
        }
        let folder = answer(vec![piece("folder", Some(HELLO))]);
        assert_eq!(cause(&folder, 0, "evidence_state"), Cause::WrongType);
        assert_eq!(value(&folder, 0, "result"), Value::text("holds"), "the rest of the row stays");
    }
}
