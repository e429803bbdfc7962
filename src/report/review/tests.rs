use serde_json::{Map, Value as Json, json};

use super::*;
use crate::report::fixture::rich;
use crate::report::{Format, Style, render as render_run};

fn run(format: Review) -> String {
    render_run(
        &rich(),
        Format::Review(format),
        &Style { color: false, width: 80, verbose: false, remembered: true },
    )
}

/// The text as JSON, which must be valid SARIF.
pub(in crate::report) fn sarif(text: &str) -> Json {
    // The standard's schema, with its first erratum: a bracket of this pattern was in the wrong place.
    let schema = include_str!("../../../tests/support/sarif-schema-2.1.0.json")
        .replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema: Json = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json: Json = serde_json::from_str(text).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    json
}

fn remark(message: &str, file: &str) -> Remark {
    Remark {
        rule: "a-rule".to_owned(),
        title: "what it is about".to_owned(),
        grade: Grade::Warning,
        message: message.to_owned(),
        help: "do this".to_owned(),
        place: Some(Place { file: file.to_owned(), line: 3, column: 7, end: Some((3, 9)) }),
        fingerprint: "f00".to_owned(),
        suppressed: None,
        properties: Map::new(),
    }
}

#[test]
fn a_run_is_valid_sarif_with_all_that_is_not_well() {
    let report = rich();
    let json = sarif(&run(Review::Sarif));
    let results = json["runs"][0]["results"].as_array().unwrap();
    let findings = report.checks.iter().flat_map(|check| &check.findings);
    for finding in findings.filter(|finding| finding.verdict > crate::verdict::Verdict::Skipped) {
        let found: Vec<&Json> = results
            .iter()
            .filter(|result| result["partialFingerprints"]["muster/v1"] == *finding.id)
            .collect();
        assert!(!found.is_empty(), "{} has no result", finding.id);
        let result = found[0];
        assert_eq!(result["ruleId"], *finding.policy);
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(json["runs"][0]["tool"]["driver"]["rules"][index]["id"], *finding.policy);
        assert_eq!(result["properties"]["verdict"], finding.verdict.word());
        assert_eq!(result["properties"]["operands"].as_array().unwrap().len(), finding.operands.len());
        assert_eq!(result.get("suppressions").is_some(), finding.verdict == crate::verdict::Verdict::Waived);
    }
    assert_eq!(json["runs"][0]["invocations"][0]["exitCode"], report.exit);
}

#[test]
fn what_passed_is_told_too() {
    let report = rich();
    let json = sarif(&run(Review::Sarif));
    let told = json["runs"][0]["properties"]["checks"].as_array().unwrap();
    assert_eq!(told.len(), report.checks.len());
    assert!(told.iter().any(|check| check["verdict"] == "pass"));
    let rules = json["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for check in &report.checks {
        assert!(rules.iter().any(|rule| rule["id"] == *check.policy), "{} is no rule", check.policy);
    }
}

#[test]
fn a_strange_path_is_one_path_in_every_format() {
    let looked = Looked::default();
    let strange = [remark("m", "a: b/ü, %2.yaml")];
    let json = sarif(&render(&looked, &strange, Review::Sarif));
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "./a:%20b/%C3%BC,%20%252.yaml");
    assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 9}));
    let text = render(&looked, &strange, Review::Github);
    assert!(text.starts_with("::warning file=a%3A b/ü%2C %252.yaml,line=3,col=7,"), "{text}");
    let json: Json = serde_json::from_str(&render(&looked, &strange, Review::Gitlab)).unwrap();
    assert_eq!(json[0]["location"], json!({"path": "a: b/ü, %2.yaml", "lines": {"begin": 3}}));
}

#[test]
fn what_has_no_place_is_shown_at_the_top_of_the_project_file() {
    let mut homeless = remark("m", "x");
    homeless.place = None;
    let json = sarif(&render(&Looked::default(), &[homeless], Review::Sarif));
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "muster.yaml");
    assert_eq!(place["region"]["startLine"], 1);
}

#[test]
fn a_message_cannot_end_its_annotation() {
    let hostile = [remark("100%\n::error::forged\r", "a.yaml")];
    let text = render(&Looked::default(), &hostile, Review::Github);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].ends_with("::100%25%0A::error::forged%0D%0Ado this"), "{text}");
    for line in run(Review::Github).lines().filter(|line| line.starts_with("::")) {
        assert!(["::error ", "::warning ", "::notice "].iter().any(|word| line.starts_with(word)), "{line}");
    }
}

#[test]
fn the_worst_stands_first_and_a_waived_one_last() {
    let mut error = remark("worst", "a.yaml");
    error.grade = Grade::Error;
    let mut waived = error.clone();
    waived.message = "waived".to_owned();
    waived.suppressed = Some(Accepted { why: "until spring".to_owned(), in_source: false });
    let all = [waived, remark("bad", "a.yaml"), error];
    let text = render(&Looked::default(), &all, Review::Github);
    let order: Vec<usize> = ["::error", "::warning", "::notice", "1 errors, 1 warnings"]
        .iter()
        .map(|word| text.find(word).unwrap())
        .collect();
    assert!(order.is_sorted(), "{text}");
    let json: Json = serde_json::from_str(&render(&Looked::default(), &all, Review::Gitlab)).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2, "GitLab knows no waivers: {json:#}");
    assert_eq!(json[0]["severity"], "critical");
}

#[test]
fn a_check_without_a_finding_is_no_silence() {
    let mut report = rich();
    for check in &mut report.checks {
        if check.verdict == crate::verdict::Verdict::Unknown {
            check.findings.clear();
        }
    }
    let (_, remarks) = of_run::remarks(&report);
    for check in report.checks.iter().filter(|check| check.verdict == crate::verdict::Verdict::Unknown) {
        let told = |remark: &&Remark| remark.rule == *check.policy && remark.grade == Grade::Error;
        assert!(remarks.iter().any(|remark| told(&remark)), "{} is silent", check.policy);
    }
}
