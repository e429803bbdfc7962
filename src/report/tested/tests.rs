//! Every format of cases that passed, that failed, and that are not there.

use serde_json::Value as Json;

use super::*;

fn tested(faults: &[&[&str]], exit: u8) -> Tested {
    let cases = faults.iter().enumerate().map(|(index, faults)| TestedCase {
        policy: Arc::from(if index == 0 { "disk" } else { "cert" }),
        name: format!("case {index}"),
        at: format!("disk.cases.yaml:{}:5", index + 3),
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
    });
    Tested {
        muster: "0.1.0".into(),
        cases: cases.collect(),
        without_cases: vec![Arc::from("bare")],
        not_tested: Vec::new(),
        exit,
    }
}

fn drawn(tested: &Tested, format: Format) -> String {
    render(tested, format, false).unwrap()
}

fn data(tested: &Tested) -> Json {
    let json: Json = serde_json::from_str(&drawn(tested, Format::Json)).unwrap();
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{json:#}");
    json
}

#[test]
fn cases_that_passed_are_green_in_every_format() {
    let tested = tested(&[&[], &[]], 0);
    assert_eq!(drawn(&tested, Format::Human), "without cases: bare\n2 cases, 2 passed, 0 failed\n");
    let json = data(&tested);
    assert_eq!((&json["exit"], &json["counts"]["passed"]), (&Json::from(0), &Json::from(2)));
    let junit = drawn(&tested, Format::Junit);
    assert!(junit.contains(r#"tests="3" skipped="1" failures="0" errors="0""#), "{junit}");
    assert!(junit.contains(r#"<skipped message="the policy has no cases""#), "{junit}");
}

#[test]
fn a_case_that_failed_is_red_in_every_format() {
    let tested = tested(&[&[], &["expected fail of `/`, and it was not found", "second"]], 1);
    let human = drawn(&tested, Format::Human);
    assert!(
        human.contains("FAIL  cert · case 1\n      at disk.cases.yaml:4:5\n      expected fail of `/`"),
        "{human}"
    );
    assert!(human.ends_with("2 cases, 1 passed, 1 failed\n"), "{human}");
    let json = data(&tested);
    assert_eq!(json["cases"][1]["verdict"], "failed");
    assert_eq!(json["exit_reason"], "1 of 2 cases failed");
    let junit = drawn(&tested, Format::Junit);
    assert!(junit.contains(r#"tests="3" skipped="1" failures="1" errors="0""#), "{junit}");
    assert!(junit.contains("second") && junit.contains(r#"classname="cert""#), "{junit}");
}

#[test]
fn no_case_is_green_in_no_format() {
    let tested = tested(&[], 4);
    assert!(drawn(&tested, Format::Human).contains("nothing tested is not success"));
    let json = data(&tested);
    assert_eq!((&json["exit"], &json["counts"]["cases"]), (&Json::from(4), &Json::from(0)));
    let junit = drawn(&tested, Format::Junit);
    assert!(junit.contains(r#"errors="1""#) && junit.contains("no case was run"), "{junit}");
}

#[test]
fn what_could_not_be_read_is_red_in_every_format() {
    let diagnostic = serde_json::json!({ "code": "yaml-syntax" });
    let not_tested = vec![NotTested { what: "p.yaml:3:1: it is no YAML".to_owned(), diagnostic }];
    let tested = Tested { not_tested, ..tested(&[&[]], 2) };
    let human = drawn(&tested, Format::Human);
    assert!(human.contains("NOT TESTED  p.yaml:3:1: it is no YAML\n1 cases, 1 passed"), "{human}");
    let json = data(&tested);
    assert_eq!(json["exit_reason"], "1 error in the input; 1 cases passed");
    assert_eq!(json["diagnostics"][0]["code"], "yaml-syntax");
    let junit = drawn(&tested, Format::Junit);
    assert!(junit.contains(r#"failures="0" errors="1""#) && junit.contains("p.yaml:3:1"), "{junit}");
}

#[test]
fn hostile_texts_are_made_visible() {
    let mut tested = tested(&[&["a\u{1b}[2Jb\u{202e}c\0d"]], 1);
    tested.cases[0].name = "x\n<evil/>\u{1b}".into();
    for format in [Format::Human, Format::Json, Format::Junit] {
        let text = drawn(&tested, format);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\0']), "{text}");
        assert!(format != Format::Junit || !text.contains("<evil/>"), "{text}");
    }
    assert_eq!(data(&tested)["cases"][0]["name"], "x\n<evil/>\u{1b}");
}
