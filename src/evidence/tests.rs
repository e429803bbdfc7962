//! What does not need a project: editions, what was judged otherwise, order, and how findings are opened and closed.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::*;
use crate::evidence::summary::{Status, Summary};
use crate::fact::{About, Past};
use crate::verdict::Verdict;

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn recording(hours: i64) -> Recording {
    Recording {
        muster: Arc::from("0.0.9"),
        started: at(hours),
        about: Some(About::default()),
        policies: vec![(Arc::from("p"), Arc::from("d"))],
        observations: Vec::new(),
        complete: true,
        past: Past::default(),
        gate: None,
    }
}

/// A report of one check with these findings about the target itself or about a subject.
fn report(hours: i64, verdict: Verdict, findings: &[(&str, Verdict)]) -> RunReport {
    let finding = |(subject, verdict): &(&str, Verdict)| {
        json!({
            "id": format!("id-{subject}"), "policy": "p", "target": "t",
            "subject": { "key": if subject.is_empty() { json!([]) } else { json!([["name", subject]]) }, "shown": subject },
            "verdict": verdict, "severity": "high", "owner": "team", "message": "m", "rule": "r", "at": "p.yaml:1:1",
            "operands": [], "remedy": [],
        })
    };
    let none = json!({ "pass": 0, "skipped": 0, "waived": 0, "warn": 0, "unknown": 0, "fail": 0 });
    let check = json!({
        "policy": "p", "title": "It holds", "tier": "daily", "kind": "maintenance", "digest": "d", "target": "t",
        "verdict": verdict, "counts": none, "rows": 1, "findings": findings.iter().map(finding).collect::<Vec<Json>>(),
    });
    serde_json::from_value(json!({
        "muster": "x", "host": "h", "started": at(hours).to_string(), "targets": [], "checks": [check], "notices": [],
        "faults": [], "checks_by_verdict": none, "subjects": none, "exit": 0, "exit_reason": "",
    }))
    .unwrap()
}

/// Says of a recording what the number of its edition says.
struct Fixed;

impl Judge for Fixed {
    fn judge(&mut self, laid: &Laid, _: &Scope, recording: &Recording) -> Result<RunReport, String> {
        let hours = (recording.started.as_second()) / 3600;
        match laid.number {
            1 => Ok(report(hours, Verdict::Pass, &[])),
            2 => Ok(report(hours, Verdict::Fail, &[("a", Verdict::Fail)])),
            _ => Err("this version cannot judge it".to_owned()),
        }
    }
}

fn run(hours: i64, edition: usize, report: Option<RunReport>) -> Run {
    let id = format!("run-{hours}");
    Run { id, edition, scope: Scope::default(), recording: recording(hours), report }
}

/// As a store reads it.
fn read(run: Run) -> Result<Run, String> {
    if run.id == "damaged" { Err("the store is damaged".to_owned()) } else { Ok(run) }
}

fn edition(text: &str) -> Edition {
    let piece = |name: &str, role: Role| Piece { name: name.to_owned(), role, text: text.to_owned() };
    Edition { pieces: vec![piece("muster.yaml", Role::Project), piece("policies/p.yaml", Role::Policy)] }
}

fn make(target: &Path, runs: Vec<Run>, audit: &[(&str, &str)]) -> Result<Written, EvidenceError> {
    let material = Material {
        left_out: vec!["1 run named only some policies".to_owned()],
        period: Period { name: "some hours".to_owned(), from: at(0), until: at(100) },
        muster: env!("CARGO_PKG_VERSION").to_owned(),
        host: "h".to_owned(),
        made: at(200),
        masked: false,
        editions: vec![edition("one"), edition("two"), edition("three")],
        runs: Box::new(runs.into_iter().map(read)),
        audit: audit.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect(),
    };
    let options = Options { key: None, anchor: None, holds_secret: &|text| text.contains("hunter2") };
    write(material, target, &options, &mut Fixed)
}

#[test]
fn editions_lie_apart_and_each_run_is_judged_by_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("ev");
    let audit = [("report.html", "<p>"), ("report.json", "{}")];
    let written = make(&target, vec![run(1, 0, None), run(2, 1, None)], &audit).unwrap();
    assert_eq!((written.runs, written.not_again.len()), (2, 0));
    let text = |path: &str| std::fs::read_to_string(target.join(path)).unwrap();
    assert_eq!(
        (text("project/policies/p.yaml"), text("editions/2/project/policies/p.yaml")),
        ("one".into(), "two".into())
    );
    let checked = verify(&target, &Against::default(), &mut Fixed).unwrap();
    assert_eq!(checked.differences, []);
    assert_eq!((checked.judged_again, checked.not_again), (2, Vec::new()));
    assert!(
        text("runs/0002.findings.json").contains("\"muster\": \"0.0.9\""),
        "of the recording, and not of this build"
    );
}

#[test]
fn a_run_that_cannot_be_judged_as_it_was_is_said_and_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("ev");
    let then = || report(1, Verdict::Fail, &[("a", Verdict::Fail)]);
    let runs = vec![run(1, 0, Some(then())), run(1, 2, Some(then())), run(1, 1, Some(then()))];
    let written = make(&target, runs, &[]).unwrap();
    assert_eq!(written.not_again.len(), 2, "{written:?}");
    let checked = verify(&target, &Against::default(), &mut Fixed).unwrap();
    assert_eq!(checked.differences, []);
    let not: Vec<usize> = checked.not_again.iter().map(|not| not.run).collect();
    assert_eq!((not, checked.judged_again), (vec![1, 2], 1));
    // Without what was said then, there is nothing to give evidence of.
    let other = folder.path().join("other");
    let refused = make(&other, vec![run(1, 2, None)], &[]).unwrap_err().to_string();
    assert!(refused.contains("this version cannot judge it"), "{refused}");
}

/// Runs, reports of the audit, and why that is none.
type Wrong<'w> = (Vec<Run>, &'w [(&'w str, &'w str)], &'w str);

#[test]
fn what_cannot_be_evidence_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("ev");
    let named = |name: &str| Run { id: name.to_owned(), ..run(1, 0, None) };
    let wrong: [Wrong<'_>; 9] = [
        (vec![run(2, 0, None), run(1, 0, None)], &[], "older than the one before"),
        (vec![run(100, 0, None)], &[], "not of the period"),
        (vec![run(1, 3, None)], &[], "a project that is not there"),
        (vec![named("a\nb")], &[], "no name that can be written"),
        (vec![named("damaged")], &[], "the store is damaged"),
        (vec![], &[], "no run"),
        (vec![run(1, 0, None)], &[("../x", "")], "no name for a file"),
        (vec![run(1, 0, None)], &[("runs.json", "")], "two files"),
        (vec![run(1, 0, None)], &[("report.html", "hunter2")], "a secret"),
    ];
    for (runs, audit, why) in wrong {
        let error = make(&target, runs, audit).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{why}");
    }
}

#[test]
fn what_is_not_found_any_more_is_closed_only_by_who_could_look() {
    let mut summary = Summary::default();
    let mut status = |hours: i64, verdict: Verdict, findings: &[(&str, Verdict)]| {
        summary.add(usize::try_from(hours).unwrap(), &report(hours, verdict, findings));
        let check = summary.checks.values().next().unwrap();
        check.risks.values().next().map(summary::Risk::status)
    };
    assert_eq!(status(1, Verdict::Pass, &[]), None);
    assert_eq!(status(2, Verdict::Fail, &[("a", Verdict::Fail)]), Some(Status::Open));
    assert_eq!(status(3, Verdict::Unknown, &[("", Verdict::Unknown)]), Some(Status::Investigating));
    let of = |summary: &Summary, id: &str| {
        let check = summary.checks.values().next().unwrap();
        (check.risks[id].status(), check.risks[id].turns.len())
    };
    summary.add(4, &report(4, Verdict::Skipped, &[]));
    assert_eq!(of(&summary, "id-a"), (Status::Open, 1), "nobody looked");
    summary.add(5, &report(5, Verdict::Waived, &[("a", Verdict::Waived)]));
    assert_eq!(of(&summary, "id-a"), (Status::Approved, 2));
    summary.add(6, &report(6, Verdict::Pass, &[]));
    assert_eq!((of(&summary, "id-a"), of(&summary, "id-")), ((Status::Closed, 3), (Status::Closed, 2)));
    summary.add(7, &report(7, Verdict::Fail, &[("a", Verdict::Waived), ("a", Verdict::Fail)]));
    assert_eq!(of(&summary, "id-a"), (Status::Open, 4), "the worst of two counts");
    let check = summary.checks.values().next().unwrap();
    assert_eq!((check.worst, check.runs.total()), (Verdict::Fail, 7));
}

#[test]
fn what_failed_and_is_skipped_now_is_failed_and_what_was_mended_before_is_not() {
    use Verdict::{Fail, Pass, Skipped, Unknown, Warn};
    let ended = |verdicts: &[Verdict]| {
        let mut summary = Summary::default();
        for (run, verdict) in verdicts.iter().enumerate() {
            summary.add(run, &report(i64::try_from(run).unwrap(), *verdict, &[]));
        }
        let all = statement::Results::of(&summary);
        (all.passed.len(), all.warned.len(), all.failed.len())
    };
    assert_eq!(ended(&[Fail, Skipped]), (0, 0, 1));
    assert_eq!(ended(&[Fail, Skipped, Skipped]), (0, 0, 1));
    assert_eq!(ended(&[Pass, Unknown, Skipped]), (0, 0, 1));
    assert_eq!(ended(&[Warn, Skipped]), (0, 1, 0));
    assert_eq!(ended(&[Fail, Pass, Skipped]), (0, 1, 0));
    assert_eq!(ended(&[Skipped, Fail]), (0, 0, 1));
    assert_eq!(ended(&[Pass, Skipped]), (0, 0, 0));
    assert_eq!(ended(&[Skipped]), (0, 0, 0));
}
