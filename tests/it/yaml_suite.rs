//! The YAML test suite: what is valid reads as the expected JSON, what is invalid is refused.

use std::path::{Path, PathBuf};

use passmuster::diag::Diag;
use passmuster::source::Source;
use passmuster::source::yaml::{Document, Limits, parse};
use serde_json::{Value as Json, json};

/// Cases without JSON whose tree is another than that of the case before, so that they have no JSON.
const OTHER_TREE: &[&str] = &["SM9W/01", "UKK6/02"];
/// Cases of the suite that must fail and that we accept. None; a new one needs a reason here.
const ACCEPTED: &[&str] = &[];

struct Case {
    id: String,
    yaml: String,
    fail: bool,
    /// The documents of the stream; some valid cases have no JSON, because their keys are not texts.
    json: Option<Vec<Json>>,
}

fn directory() -> PathBuf {
    let material =
        std::env::var_os("MUSTER_TEST_MATERIAL").map_or_else(|| "target/material".into(), PathBuf::from);
    material.join("yaml-test-suite")
}

fn cases() -> Vec<Case> {
    let directory = directory();
    let missing = |error| {
        panic!("no YAML test suite in {}: run tests/run, which installs it ({error})", directory.display())
    };
    let entries = std::fs::read_dir(&directory).unwrap_or_else(missing);
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "js"));
    files.sort();
    assert_eq!(files.len(), 350, "the suite is incomplete: delete {} and run tests/run", directory.display());
    files.iter().flat_map(|file| cases_of(file)).collect()
}

/// The cases of one file. A case without JSON has that of the case before it.
fn cases_of(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).unwrap();
    let (_, data) = text.split_once("export default").unwrap();
    let data: Json = serde_json::from_str(data).unwrap();
    let mut before = None;
    let listed = data["cases"].as_array().unwrap();
    let case = |(index, case): (usize, &Json)| {
        let fail = case["fail"] == json!(true);
        let own = case["json"].as_str().map(documents);
        if own.is_some() {
            before = own;
        }
        let id = format!("{}/{index:02}", data["id"].as_str().unwrap());
        let json = if fail || OTHER_TREE.contains(&&*id) { None } else { before.clone() };
        Case { id, yaml: case["yaml"].as_str().unwrap().into(), fail, json }
    };
    listed.iter().enumerate().map(case).collect()
}

fn documents(text: &str) -> Vec<Json> {
    serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
}

fn read(case: &Case) -> Result<Vec<Document>, Vec<Diag>> {
    parse(&Source::new(case.id.as_str(), case.yaml.as_str()), &Limits::default())
}

/// Numbers are equal by value, `1` and `1.0` too.
fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

#[test]
fn valid_documents_read_as_expected() {
    let valid: Vec<_> = cases().into_iter().filter(|case| !case.fail).collect();
    let mut wrong = Vec::new();
    for case in &valid {
        let read = match read(case) {
            Ok(read) => read.iter().map(|document| document.root.to_json()).collect::<Vec<_>>(),
            Err(diags) => {
                wrong.push(format!("{}: refused: {}", case.id, diags[0].message));
                continue;
            }
        };
        if let Some(expected) = &case.json
            && !(read.len() == expected.len()
                && read.iter().zip(expected).all(|(left, right)| same(left, right)))
        {
            wrong.push(format!(
                "{}: {} instead of {}",
                case.id,
                Json::Array(read),
                Json::Array(expected.clone())
            ));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!((valid.len(), valid.iter().filter(|case| case.json.is_some()).count()), (308, 279));
}

#[test]
fn invalid_documents_are_refused() {
    let invalid: Vec<_> = cases().into_iter().filter(|case| case.fail).collect();
    let accepted: Vec<_> =
        invalid.iter().filter(|case| read(case).is_ok()).map(|case| case.id.as_str()).collect();
    assert_eq!(accepted, ACCEPTED);
    assert_eq!(invalid.len(), 94);
}
