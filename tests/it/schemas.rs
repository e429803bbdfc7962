//! `schemas/` holds what the program says.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use passmuster::fact::{
    Args, Before, Cause, History, Identity, Level, Missing, Observation, Past, Recall, Recording, Request,
    TableBuilder, Track, Value, Whose, catalogue, observation_from_json, observation_to_json,
};
use passmuster::policy::schema;
use serde_json::Value as Json;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas")
}

/// Rewritten by `UPDATE=1 cargo test schemas`.
#[test]
fn schemas_are_not_stale() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    for (name, schema) in schema::all() {
        let path = folder().join(name);
        let wanted = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if update {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &wanted).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != wanted {
            stale.push(name);
        }
    }
    assert_eq!(stale, Vec::<&str>::new(), "stale: run `UPDATE=1 cargo test schemas`");
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut names: Vec<&str> = schema::all().into_iter().map(|(name, _)| name).collect();
    found.sort();
    names.sort_unstable();
    assert_eq!(found, names, "a file in schemas/ that nothing writes");
}

#[test]
fn schemas_are_schemas_of_their_draft() {
    for (name, schema) in schema::all() {
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_key_is_described() {
    fn walk(path: &str, json: &Json, silent: &mut Vec<String>) {
        if let Some(properties) = json.get("properties").and_then(Json::as_object) {
            for (name, property) in properties {
                if property.get("description").and_then(Json::as_str).is_none_or(str::is_empty) {
                    silent.push(format!("{path}.{name}"));
                }
            }
        }
    }
    let mut silent = Vec::new();
    for (file, schema) in schema::all().into_iter().filter(|(name, _)| !name.starts_with("re")) {
        walk(file, &schema, &mut silent);
        let definitions = schema["$defs"].as_object().unwrap();
        definitions
            .iter()
            .for_each(|(name, definition)| walk(&format!("{file} {name}"), definition, &mut silent));
    }
    assert_eq!(silent, Vec::<String>::new());
}

/// A recording with every kind of answer and cell.
fn recording() -> Recording {
    let probe = catalogue::find("file.stat").unwrap();
    let schema = Arc::new(probe.schema());
    let request = Request::new(probe.name, "web-1", Args::default(), Arc::clone(&schema), Vec::new());
    let denied = Arc::new(Missing::new(Cause::Denied, "may not be read").level(Level::Field).fix("chmod +r"));
    let mut table = TableBuilder::new(&schema, 2);
    let row = table.row().set("path", Value::text("/a")).set("exists", Value::Bool(true));
    let row = row.set("size", Value::Int(12)).set("modified", Value::time(Timestamp::UNIX_EPOCH));
    row.set("type", Value::Null).missing("sha256", &denied).push();
    for path in ["/b", "/c"] {
        table.row().set("path", Value::text(path)).push();
    }
    let at: Timestamp = "2026-11-01T03:00:00Z".parse().unwrap();
    let seen = Observation {
        key: request.key.clone(),
        result: Ok(table.finish()),
        at,
        source_clock: Some(at),
        took: Duration::from_millis(3),
        identity: Identity {
            host: Arc::from("web-1"),
            system: Some(Arc::from("m")),
            database: None,
            version: None,
            role: None,
        },
    };
    let lost = Observation::missing(request.key, at, Missing::new(Cause::Timeout, "no answer in 10s"));
    let policies = vec![(Arc::from("a"), Arc::from("0123456789ab"))];
    Recording {
        muster: Arc::from("0.1.0"),
        started: at,
        policies,
        observations: vec![seen, lost],
        about: None,
        complete: true,
        past: Past::default(),
        gate: None,
    }
}

fn whose(policy: &str) -> Whose {
    Whose { policy: Arc::from(policy), target: Arc::from("here") }
}

/// A recording that knows of earlier runs as well.
fn recording_with_past() -> Recording {
    let mut recording = recording();
    let [seen, lost] = &recording.observations[..] else { panic!() };
    let values =
        [Value::Null, Value::Int(7), Value::Float(7.0), Value::text("a"), Value::Float(f64::INFINITY)];
    let track = Track { at: vec![1, 2, 2, 3, 9], values: values.to_vec() };
    let subjects = [(Arc::from("/a"), vec![track, Track::default()])].into();
    let of = Identity { host: Arc::from("there"), ..Identity::default() };
    let history =
        History { facts: vec![Arc::from("size"), Arc::from("mode")], subjects, of: Some(of), left_out: 2 };
    let before = [
        ((Before::Previous(None), seen.key.clone()), Arc::new(seen.clone())),
        ((Before::Previous(Some(whose("a"))), seen.key.clone()), Arc::new(seen.clone())),
        ((Before::Previous(Some(whose("b"))), seen.key.clone()), Arc::new(seen.clone())),
        ((Before::Recording(Arc::from("base/line.json")), lost.key.clone()), Arc::new(lost.clone())),
    ];
    let times = vec![recording.started];
    let recall = Recall {
        judged: [((Arc::from("a"), Arc::from("b")), times.clone())].into(),
        held: [(Arc::from("1f"), times.clone())].into(),
        unread: [(Arc::from("2f"), times)].into(),
    };
    let history = [(seen.key.clone(), Arc::new(history))].into();
    recording.past = Past { before: before.into(), history, recall };
    recording
}

fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().map(|(name, value)| (name.clone(), sorted(value))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(pairs.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Many answers are read by several threads.
#[test]
fn a_long_recording_reads_in_order() {
    let mut long = recording();
    let seen = long.observations.clone();
    long.observations = (0..3000u64)
        .map(|number| {
            let mut one = seen[usize::from(number % 5 == 0)].clone();
            one.took = Duration::from_micros(number);
            one
        })
        .collect();
    let read = Recording::from_text(&long.to_text()).unwrap();
    assert_eq!(read.to_json(), long.to_json());
    let mut json = long.to_json();
    json["observations"][2999]["table"]["rows"][0][0] = 7.into();
    let wrong = Recording::from_text(&json.to_string());
    assert_eq!(wrong, Recording::from_json(&json));
    assert!(wrong.unwrap_err().contains("row 0, `path`: expected path, found 7"));
}

#[test]
fn a_recording_fits_its_schema() {
    let validator = jsonschema::validator_for(&schema::recording()).unwrap();
    for recording in [recording(), recording_with_past()] {
        let json = recording.to_json();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
        let again = Recording::from_json(&json).unwrap();
        assert_eq!(again.to_json(), json);
        assert_eq!(serde_json::from_str::<Json>(&recording.to_text()).unwrap(), json);
        assert_eq!(Recording::from_text(&recording.to_text()), Ok(again.clone()));
        // Another tool may have formatted it, and sorted its keys.
        assert_eq!(Recording::from_text(&format!("{:#}", sorted(&json))), Ok(again.clone()));
        assert_eq!(json.get("past").is_some(), again.past != Past::default());
    }
    // An answer alone holds all that it needs.
    for seen in recording().observations {
        let json = observation_to_json(&seen);
        let mut around = Recording { observations: Vec::new(), ..recording() }.to_json();
        around["observations"] = serde_json::json!([json]);
        assert!(validator.is_valid(&around), "{json}");
        assert_eq!(observation_to_json(&observation_from_json(&json).unwrap()), json);
    }
}

/// What is wrong, and how it becomes so.
type Edit = (&'static str, fn(&mut Json));

#[test]
fn what_is_no_recording_is_refused_by_both() {
    let validator = jsonschema::validator_for(&schema::recording()).unwrap();
    let edits: [Edit; 11] = [
        ("another format", |json| json["recording"] = 2.into()),
        ("no format", |json| drop(json.as_object_mut().unwrap().remove("recording"))),
        ("no time", |json| drop(json.as_object_mut().unwrap().remove("started"))),
        ("no answers", |json| json["observations"] = Json::Null),
        ("neither answer nor reason", |json| {
            drop(json["observations"][1].as_object_mut().unwrap().remove("missing"));
        }),
        ("answer and reason", |json| {
            json["observations"][1]["table"] = json["observations"][0]["table"].clone();
        }),
        ("unknown cause", |json| json["faults"][0]["cause"] = "tired".into()),
        ("unknown cause of a cell", |json| {
            json["observations"][0]["table"]["rows"][0][0] = serde_json::json!({ "missing": "tired" });
        }),
        ("a past without answers", |json| json["past"] = serde_json::json!({ "history": [] })),
        ("an unknown past", |json| json["past"]["before"][0]["with"] = "tomorrow".into()),
        ("rows that are none", |json| json["observations"][0]["table"]["rows"] = serde_json::json!([1])),
    ];
    for (what, edit) in edits {
        let mut json = recording_with_past().to_json();
        edit(&mut json);
        assert!(!validator.is_valid(&json), "{what}: the schema takes it");
        assert!(Recording::from_json(&json).is_err(), "{what}: the loader takes it");
        let both = (Recording::from_text(&json.to_string()), Recording::from_json(&json));
        assert_eq!(both.0, both.1, "{what}: the two readers disagree");
    }
}
