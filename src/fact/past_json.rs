//! The past of questions in a recording.
//!
//! Earlier answers are observations like all others. Samples have no schema, so their values are written as they
//! are kept: a time as microseconds since 1970, a date as days, a duration as microseconds. A number with a
//! fraction has a point or an exponent, which tells it from a whole one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Number, Value as Json, json};

use super::observation_json::{Reader, Shared, Write, array, key, parsed, text, write};
use super::{
    Before, Cell, History, Identity, Key, Observation, Past, Recall, Track, Type, Value, Whose,
    cell_from_json, cell_to_json, micros_of, timestamp,
};

/// The two lists of the section: `before`, `history`.
pub(super) fn lists(past: &Past, shared: &mut impl Write) -> (Vec<Json>, Vec<Json>) {
    let before = answers(past).into_iter().map(|Answer { with, question, observation, whose }| {
        let mut entry = json!({ "with": with.word(), "observation": write(observation, shared) });
        let Some(map) = entry.as_object_mut() else { return entry };
        // Almost always the question that was answered is the one that is asked.
        if *question != observation.key {
            map.insert("question".into(), question_to_json(question));
        }
        if !whose.is_empty() {
            let whose = whose.iter().map(|one| json!({ "policy": one.policy, "target": one.target }));
            map.insert("whose".into(), whose.collect());
        }
        entry
    });
    let before = before.collect();
    let history = past.history.iter().map(|(question, history)| {
        let subjects: BTreeMap<&Arc<str>, &Vec<Track>> = history.subjects.iter().collect();
        let subjects = subjects.into_iter().map(|(subject, tracks)| {
            let tracks = tracks.iter().map(track_to_json).collect::<Vec<_>>();
            json!({ "subject": subject, "tracks": tracks })
        });
        let subjects = subjects.collect::<Vec<_>>();
        let mut entry =
            json!({ "question": question_to_json(question), "facts": history.facts, "subjects": subjects });
        let Some(map) = entry.as_object_mut() else { return entry };
        if let Some(of) = &history.of {
            map.insert("of".into(), json!(of));
        }
        if history.left_out > 0 {
            map.insert("left_out".into(), json!(history.left_out));
        }
        entry
    });
    (before, history.collect())
}

/// An earlier answer, and the checks that compare with it.
struct Answer<'p> {
    with: &'p Before,
    question: &'p Key,
    observation: &'p Arc<Observation>,
    whose: Vec<&'p Whose>,
}

/// Every answer once: as a rule all checks that ask a question compare with the same one.
fn answers(past: &Past) -> Vec<Answer<'_>> {
    let mut answers: Vec<Answer<'_>> = Vec::with_capacity(past.before.len());
    let mut known: HashMap<&Key, Vec<usize>> = HashMap::new();
    for ((with, question), observation) in &past.before {
        let Before::Previous(Some(one)) = with else {
            answers.push(Answer { with, question, observation, whose: Vec::new() });
            continue;
        };
        let places = known.entry(question).or_default();
        let is_it = |answer: &Answer<'_>| {
            Arc::ptr_eq(answer.observation, observation) || answer.observation == observation
        };
        let place = places.iter().copied().find(|place| answers.get(*place).is_some_and(is_it));
        if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
            answer.whose.push(one);
        } else {
            places.push(answers.len());
            answers.push(Answer { with, question, observation, whose: vec![one] });
        }
    }
    answers
}

/// With which answers an entry is to be found: one for each check that it names.
fn sources(entry: &Json) -> Result<Vec<Before>, String> {
    let word = text(entry, "with")?;
    let with = Before::from_word(&word).ok_or_else(|| format!("`with`: there is no `{word}`"))?;
    if entry.get("whose").is_none() {
        return Ok(vec![with]);
    }
    if !matches!(with, Before::Previous(_)) {
        return Err(format!("`whose`: an answer of `{word}` is nobody's own"));
    }
    let whose = array(entry, "whose")?.iter().map(|one| {
        let whose = Whose { policy: text(one, "policy")?, target: text(one, "target")? };
        Ok(Before::Previous(Some(whose)))
    });
    whose.collect()
}

/// How earlier runs judged; nothing if nothing was recalled.
pub(super) fn verdicts(recall: &Recall) -> Option<Json> {
    if *recall == Recall::default() {
        return None;
    }
    let times = |times: &[Timestamp]| times.iter().map(|at| micros_of(*at)).collect::<Vec<_>>();
    let judged = recall
        .judged
        .iter()
        .map(|((policy, target), at)| json!({ "policy": policy, "target": target, "at": times(at) }));
    let of_findings = |known: &BTreeMap<Arc<str>, Vec<Timestamp>>| {
        known.iter().map(|(id, at)| json!({ "finding": id, "at": times(at) })).collect::<Vec<_>>()
    };
    Some(json!({
        "judged": judged.collect::<Vec<_>>(),
        "held": of_findings(&recall.held),
        "unread": of_findings(&recall.unread),
    }))
}

fn recall_from_json(json: Option<&Json>) -> Result<Recall, String> {
    let mut recall = Recall::default();
    let Some(json) = json else { return Ok(recall) };
    for entry in array(json, "judged")? {
        recall.judged.insert((text(entry, "policy")?, text(entry, "target")?), moments(entry)?);
    }
    for entry in array(json, "held")? {
        recall.held.insert(text(entry, "finding")?, moments(entry)?);
    }
    for entry in array(json, "unread")? {
        recall.unread.insert(text(entry, "finding")?, moments(entry)?);
    }
    Ok(recall)
}

fn moments(entry: &Json) -> Result<Vec<Timestamp>, String> {
    let at = array(entry, "at")?.iter().map(|at| at.as_i64().and_then(timestamp));
    at.collect::<Option<Vec<_>>>().ok_or_else(|| "`at` must be microseconds since 1970".to_owned())
}

fn question_to_json(key: &Key) -> Json {
    let mut map = Map::new();
    map.insert("probe".into(), json!(key.probe));
    map.insert("target".into(), json!(key.target));
    map.insert("args".into(), parsed(&key.args));
    if !key.facts.is_empty() {
        map.insert("facts".into(), parsed(&key.facts));
    }
    Json::Object(map)
}

fn track_to_json(track: &Track) -> Json {
    let values = track.values.iter().map(value_to_json).collect::<Vec<_>>();
    json!({ "at": track.at, "values": values })
}

/// A value without a type.
fn value_to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => json!(int),
        Value::Float(float) => match Number::from_f64(*float) {
            Some(number) => Json::Number(number),
            // JSON has no other form for what is no number.
            None => json!({ "float": float.to_string() }),
        },
        Value::Text(text) => json!(&**text),
        Value::Masked(digest) => json!({ "masked": &**digest }),
        Value::List(cells) => cells.iter().map(sample_cell_to_json).collect(),
        Value::Record(cells) => {
            json!({ "record": cells.iter().map(sample_cell_to_json).collect::<Vec<_>>() })
        }
    }
}

fn sample_cell_to_json(cell: &Cell) -> Json {
    match cell {
        Ok(value) => value_to_json(value),
        Err(_) => cell_to_json(cell, &Type::TEXT),
    }
}

/// The section of a recording; without it nothing was recalled.
pub(super) fn from_json(json: Option<&Json>, shared: &Shared) -> Result<Past, String> {
    let mut past = Past::default();
    let Some(json) = json else { return Ok(past) };
    for entry in array(json, "before")? {
        let written = entry.get("observation").ok_or("`observation` is missing")?;
        let observation = Reader::new(shared).observation(written)?;
        let question = entry.get("question").map_or_else(|| Ok(observation.key.clone()), key)?;
        let observation = Arc::new(observation);
        for with in sources(entry)? {
            let word = with.word();
            if past.before.insert((with, question.clone()), Arc::clone(&observation)).is_some() {
                return Err(format!("`before`: a question has two answers of `{word}`"));
            }
        }
    }
    for entry in array(json, "history")? {
        let question = key(entry.get("question").ok_or("`question` is missing")?)?;
        let history = history_from_json(entry)
            .map_err(|why| format!("history of {} at {}: {why}", question.probe, question.target))?;
        if past.history.insert(question, Arc::new(history)).is_some() {
            return Err("`history`: a question stands twice".to_owned());
        }
    }
    past.recall = recall_from_json(json.get("verdicts")).map_err(|why| format!("verdicts: {why}"))?;
    Ok(past)
}

fn history_from_json(json: &Json) -> Result<History, String> {
    let facts = array(json, "facts")?.iter().map(|name| name.as_str().map(Arc::from));
    let facts = facts.collect::<Option<Vec<Arc<str>>>>().ok_or("`facts` must be names")?;
    let mut subjects = HashMap::new();
    for entry in array(json, "subjects")? {
        let subject = text(entry, "subject")?;
        let tracks = array(entry, "tracks")?.iter().map(track_from_json).collect::<Result<Vec<_>, _>>()?;
        if tracks.len() != facts.len() {
            return Err(format!("`{subject}` has {} tracks for {} facts", tracks.len(), facts.len()));
        }
        if subjects.insert(Arc::clone(&subject), tracks).is_some() {
            return Err(format!("`{subject}` stands twice"));
        }
    }
    let of = json.get("of").map(|of| Identity::deserialize(of).map_err(|why| format!("`of`: {why}")));
    let left_out = json.get("left_out").map(|many| {
        let many = many.as_u64().and_then(|many| usize::try_from(many).ok());
        many.ok_or("`left_out` must be a number")
    });
    Ok(History { facts, subjects, of: of.transpose()?, left_out: left_out.transpose()?.unwrap_or(0) })
}

fn track_from_json(json: &Json) -> Result<Track, String> {
    let at = array(json, "at")?.iter().map(Json::as_i64).collect::<Option<Vec<i64>>>();
    let at = at.ok_or("`at` must be whole numbers")?;
    let values = array(json, "values")?.iter().map(value_from_json).collect::<Result<Vec<_>, _>>()?;
    if at.len() != values.len() {
        return Err(format!("{} times for {} values", at.len(), values.len()));
    }
    if !at.is_sorted() {
        return Err("`at` must ascend".to_owned());
    }
    Ok(Track { at, values })
}

fn value_from_json(json: &Json) -> Result<Value, String> {
    let wrong = || format!("`{json}` is no sample");
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(bool) => Ok(Value::Bool(*bool)),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Ok(Value::Int(int)),
            None => number.as_f64().filter(|_| number.is_f64()).map(Value::Float).ok_or_else(wrong),
        },
        Json::String(text) => Ok(Value::text(text)),
        Json::Array(cells) => {
            cells.iter().map(sample_cell_from_json).collect::<Result<_, _>>().map(Value::List)
        }
        Json::Object(map) => match (map.get("float"), map.get("record")) {
            (None, None) => {
                let digest = map.get("masked").and_then(Json::as_str).filter(|_| map.len() == 1);
                digest.map(|digest| Value::Masked(Arc::from(digest))).ok_or_else(wrong)
            }
            (Some(float), None) => {
                float.as_str().and_then(|text| text.parse().ok()).map(Value::Float).ok_or_else(wrong)
            }
            (None, Some(Json::Array(cells))) => {
                cells.iter().map(sample_cell_from_json).collect::<Result<_, _>>().map(Value::Record)
            }
            _ => Err(wrong()),
        },
    }
}

fn sample_cell_from_json(json: &Json) -> Result<Cell, String> {
    match json.get("missing") {
        Some(_) => cell_from_json(json, &Type::TEXT),
        None => value_from_json(json).map(Ok),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::{Cause, Level, Missing, Recording};
    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("NaN is not like itself", |f| !f.is_nan()).prop_map(Value::Float),
            ".*".prop_map(Value::text),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| {
            let fault = Missing::new(Cause::Denied, "no").level(Level::Row).fix("grant it");
            let cell = prop_oneof![3 => inner.prop_map(Ok), 1 => Just(Err(Arc::new(fault)))];
            let cells = proptest::collection::vec(cell, 0..4);
            prop_oneof![
                cells.clone().prop_map(|cells| Value::List(cells.into())),
                cells.prop_map(|cells| Value::Record(cells.into()))
            ]
        })
    }

    fn track() -> impl Strategy<Value = Track> {
        proptest::collection::vec((any::<i64>(), value()), 0..5).prop_map(|mut samples| {
            samples.sort_by_key(|(at, _)| *at);
            let (at, values) = samples.into_iter().unzip();
            Track { at, values }
        })
    }

    fn question() -> impl Strategy<Value = Key> {
        let facts = prop_oneof![Just(""), Just(r#"[["lag","duration","/lag",null],[]]"#)];
        ("[a-z.]{1,8}", ".{0,8}", "[a-z]*", facts).prop_map(|(probe, target, arg, facts)| Key {
            probe: probe.into(),
            target: target.into(),
            args: json!({ "path": arg }).to_string().into(),
            facts: facts.into(),
        })
    }

    fn history() -> impl Strategy<Value = History> {
        let facts = proptest::collection::vec("[a-z]{1,4}", 0..3);
        facts.prop_flat_map(|facts| {
            let tracks = proptest::collection::vec(track(), facts.len());
            let subjects = proptest::collection::hash_map(".{0,6}", tracks, 0..4);
            let of = proptest::option::of(".{0,4}").prop_map(|system| {
                system.map(|system| Identity { system: Some(system.into()), ..Identity::default() })
            });
            (subjects, of, 0usize..3).prop_map(move |(subjects, of, left_out)| History {
                facts: facts.iter().map(|name| Arc::from(name.as_str())).collect(),
                subjects: subjects.into_iter().map(|(name, tracks)| (Arc::from(name), tracks)).collect(),
                of,
                left_out,
            })
        })
    }

    fn recall() -> impl Strategy<Value = Recall> {
        let times = || {
            let micros = proptest::collection::vec(0..2_000_000_000_000_000_i64, 0..4);
            micros.prop_map(|all| all.into_iter().map(|at| timestamp(at).unwrap()).collect::<Vec<_>>())
        };
        let name = || "[a-z]{1,4}".prop_map(Arc::<str>::from);
        let judged = proptest::collection::btree_map((name(), name()), times(), 0..3);
        let held = proptest::collection::btree_map(name(), times(), 0..3);
        let unread = proptest::collection::btree_map(name(), times(), 0..3);
        (judged, held, unread).prop_map(|(judged, held, unread)| Recall { judged, held, unread })
    }

    fn past() -> impl Strategy<Value = Past> {
        let with = prop_oneof![
            Just(Before::Previous(None)),
            ("[ab]", "[ab]").prop_map(|(policy, target)| {
                Before::Previous(Some(Whose { policy: policy.into(), target: target.into() }))
            }),
            Just(Before::Gate),
            ".{0,9}".prop_map(|path| Before::Recording(path.into()))
        ];
        // The question that is asked, and the one that was answered: mostly the same.
        let answered = (question(), proptest::option::weighted(0.2, question()), 0..2_000_000_000i64);
        let answered = answered.prop_map(|(asked, other, at)| {
            let fault = Missing::new(Cause::Timeout, "no answer");
            let at = Timestamp::from_second(at).unwrap();
            (asked.clone(), Arc::new(Observation::missing(other.unwrap_or(asked), at, fault)))
        });
        let before = proptest::collection::vec((with, answered), 0..4);
        let history = proptest::collection::btree_map(question(), history().prop_map(Arc::new), 0..3);
        (before, history, recall()).prop_map(|(before, history, recall)| Past {
            before: before.into_iter().map(|(with, (asked, seen))| ((with, asked), seen)).collect(),
            history,
            recall,
        })
    }

    proptest! {
        #[test]
        fn the_past_survives_a_recording(past in past()) {
            let at = Timestamp::UNIX_EPOCH;
            let policies = vec![("a".into(), "b".into())];
            let recording = Recording {
                muster: "1".into(), started: at, policies, observations: Vec::new(), about: None, complete: true, past,
                gate: None,
            };
            let json: Json = serde_json::from_str(&recording.to_text()).unwrap();
            prop_assert_eq!(Recording::from_json(&json), Ok(recording));
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let question = json!({ "probe": "p", "target": "t" });
        let track = |at: &[i64], values: &[i64]| {
            json!({ "question": question, "facts": ["a"], "subjects": [
                { "subject": "s", "tracks": [{ "at": at, "values": values }] }
            ] })
        };
        let read = |history: Json| {
            from_json(Some(&json!({ "before": [], "history": [history] })), &Shared::default())
        };
        assert!(read(track(&[1, 2], &[1, 2])).is_ok());
        assert!(read(track(&[1, 2], &[1])).unwrap_err().contains("2 times for 1 values"));
        assert!(read(track(&[2, 1], &[1, 2])).unwrap_err().contains("ascend"));
        let mut two = track(&[1], &[1]);
        two["facts"] = json!(["a", "b"]);
        assert!(read(two).unwrap_err().contains("1 tracks for 2 facts"));
        let answer = json!({ "with": "previous", "observation": {
            "probe": "p", "target": "t", "at": "2026-11-01T03:00:00Z", "missing": 3
        } });
        let read = from_json(Some(&json!({ "before": [answer], "history": [] })), &Shared::default());
        assert!(read.unwrap_err().contains("there is no fault 3"));
    }
}
