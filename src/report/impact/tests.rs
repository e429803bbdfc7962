use serde_json::Value as Json;

use super::*;
use crate::report::review::tests::sarif;
use crate::verdict::{Example, Layer, Operand, Origin, Replayed, Verdict};

/// Changes of every direction, with hostile names.
fn impact() -> Impact {
    let change = |direction, kind: &'static str, gone| PolicyChange {
        direction,
        kind,
        policy: Some("a\u{202e}`*|<b>".into()),
        targets: vec!["db\n- **green**".into()],
        environments: vec!["prod".into()],
        subjects: Some("public.*".into()),
        what: "limit 1 → 2\n::error::no".to_owned(),
        at: "policies/a: b.yaml:3:7".to_owned(),
        gone,
        examples: vec![Example {
            facts: vec![("share".to_owned(), "50%".to_owned())],
            before: "fail".to_owned(),
            after: "pass".to_owned(),
        }],
        help: Some("@everyone look".to_owned()),
    };
    let origin = Origin::Param { layer: Layer::Target, at: "muster.yaml:9:1".to_owned(), default: None };
    let operand = Operand {
        text: "params.limit".into(),
        shown: "2".to_owned(),
        value: 2.into(),
        ty: "int".to_owned(),
        origin,
    };
    Impact {
        old: "main".to_owned(),
        new: "the files here".to_owned(),
        changes: Direction::ALL
            .into_iter()
            .map(|direction| change(direction, "rule", direction == Direction::Looser))
            .collect(),
        verdicts: vec![VerdictChange {
            direction: Direction::Looser,
            recording: "r.json".to_owned(),
            policy: "p".into(),
            target: "db".into(),
            subject: "public.t".into(),
            before: Some(Verdict::Fail),
            after: None,
            said_before: Some("too much".to_owned()),
            said_after: None,
            operands: vec![operand],
            rule: "a > 1".into(),
            at: "policies/p.yaml:9:7".to_owned(),
        }],
        replayed: vec![Replayed {
            recording: "r.json".to_owned(),
            started: "2026-11-27T00:00:00Z".to_owned(),
            unchanged: 3,
            unanswered: 1,
        }],
        compared: 4,
        unchanged: 2,
        notes: vec!["a note".to_owned()],
    }
}

fn shown(format: Format) -> String {
    let impact = impact();
    let weighed =
        Weighed { impact: &impact, exit: 1, exit_reason: "2 looser".to_owned(), home: String::new() };
    weighed.render(format).unwrap()
}

#[test]
fn every_change_is_in_every_format_whatever_it_is_called() {
    for format in [Format::Human, Format::Json, Format::Markdown] {
        let text = shown(format);
        for direction in Direction::ALL {
            assert!(
                text.contains(direction.word()) || text.contains(&json::word(direction)),
                "{format:?} {direction:?}\n{text}"
            );
        }
        assert!(
            !text.contains("\n::error") && !text.contains("\n- **green**") && !text.contains('\u{202e}'),
            "{text}"
        );
    }
    let markdown = shown(Format::Markdown);
    let bare = |sign: &str| markdown.replace(&format!("\\{sign}"), "").contains(sign);
    assert!(!bare("@") && !bare("<b>") && !bare("*|"), "{markdown}");
}

#[test]
fn json_is_what_its_schema_says() {
    let json: Json = serde_json::from_str(&shown(Format::Json)).unwrap();
    let validator = jsonschema::draft202012::new(&json_schema()).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{json:#}");
    assert_eq!(json["counts"]["looser"], 2);
}

#[test]
fn sarif_is_valid_and_stands_at_lines_of_the_new_version() {
    let json = sarif(&shown(Format::Review(Review::Sarif)));
    let results = json["runs"][0]["results"].as_array().unwrap();
    let of = |rule: &str| results.iter().filter(|result| result["ruleId"] == rule).collect::<Vec<_>>();
    let place = |result: &Json| {
        let place = &result["locations"][0]["physicalLocation"];
        (
            place["artifactLocation"]["uri"].as_str().unwrap().to_owned(),
            place["region"]["startLine"].as_u64().unwrap(),
        )
    };
    assert_eq!(place(of("change-broken")[0]), ("policies/a:%20b.yaml".to_owned(), 3));
    let gone = of("change-looser").into_iter().find(|result| result["properties"]["gone"] == true).unwrap();
    assert_eq!(place(gone), ("muster.yaml".to_owned(), 1));
    assert!(gone["message"]["text"].as_str().unwrap().contains("it stood at policies/a: b.yaml:3:7"));
    assert_eq!(of("change-looser").len(), 2);
    assert!(of("change-text").is_empty() && of("change-same").is_empty());
    let prints: std::collections::BTreeSet<&str> =
        results.iter().map(|result| result["partialFingerprints"]["muster/v1"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), results.len());
}

#[test]
fn a_comment_is_never_longer_than_a_server_takes() {
    let mut impact = impact();
    let change = impact.changes[1].clone();
    impact.changes = (0..2000)
        .map(|number| PolicyChange { what: format!("{number} {}", "x".repeat(100)), ..change.clone() })
        .collect();
    let text = Weighed { impact: &impact, exit: 0, exit_reason: String::new(), home: String::new() }
        .render(Format::Markdown)
        .unwrap();
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("more, which `muster diff` shows"), "what is left out is said");
}
