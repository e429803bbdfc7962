//! `JUnit` XML for the test view of a CI system: one suite per target, one case per check.
//!
//! `fail` is a failure, `unknown` an error, `warn` a success that says so, `skipped` and `waived` are skipped.
//! Where the exit code is not 0 and no case says so (`--fail-on warn`, nothing judged), a case of its own does,
//! because many test views look at nothing else.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::page::Page;
use super::{Style, block, text, words};
use crate::verdict::{Check, Finding, RunReport, Verdict};

/// The suite of what belongs to no target.
pub(super) const OURS: &str = "muster";
/// Characters of a message in an attribute.
pub(super) const LONGEST: usize = 500;

pub(super) fn render(report: &RunReport) -> String {
    written(&draw(report))
}

/// A report as XML.
pub(super) fn written(report: &Report) -> String {
    report.to_string().unwrap_or_else(|error| {
        // Not a report, so that no reader can count zero failures.
        format!(
            "<!-- the report could not be written as XML: {} -->\n",
            error.to_string().replace("--", "- -")
        )
    })
}

fn draw(report: &RunReport) -> Report {
    let mut junit = Report::new(OURS);
    let mut targets: Vec<&str> = Vec::new();
    for check in &report.checks {
        if !targets.contains(&&*check.target) {
            targets.push(&check.target);
        }
    }
    junit.add_test_suites(targets.iter().map(|target| suite(report, target)));
    let mut ours = input(report);
    if report.exit != 0 && junit.failures + junit.errors + ours.failures + ours.errors == 0 {
        ours.add_test_case(verdict_of_run(report));
    }
    if ours.tests > 0 {
        junit.add_test_suite(ours);
    }
    junit
}

fn property(name: &str, value: &str) -> Property {
    Property::new(name, text::inline(value))
}

fn new_suite(report: &RunReport, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(text::inline(name));
    suite.extra.insert("timestamp".into(), text::inline(&report.started).into());
    suite.extra.insert("hostname".into(), text::inline(&report.host).into());
    suite.add_property(property("muster.version", &report.muster));
    suite.add_property(property("muster.exit", &report.exit.to_string()));
    suite.add_property(property("muster.exit_reason", &report.exit_reason));
    if let Some(recording) = &report.recording {
        suite.add_property(property("muster.recording", recording));
    }
    suite
}

fn suite(report: &RunReport, target: &str) -> TestSuite {
    let mut suite = new_suite(report, target);
    if let Some((_, identity)) = report.targets.iter().find(|(name, _)| **name == *target) {
        suite.add_property(property("muster.identity", &words::identity(identity)));
    }
    let checks = report.checks.iter().filter(|check| *check.target == *target);
    suite.add_test_cases(checks.map(case));
    suite
}

/// Findings about the input.
fn input(report: &RunReport) -> TestSuite {
    let mut suite = new_suite(report, OURS);
    suite.add_test_cases(report.notices.iter().map(|notice| {
        let name = format!("{}: {}", notice.policy, notice.subject.shown);
        let findings = [notice];
        let mut case =
            TestCase::new(text::inline(&name), status(notice.verdict, &notice.message, &findings, None));
        case.set_classname(OURS);
        if notice.verdict == Verdict::Warn {
            case.set_system_out(told(&findings, None));
        }
        case
    }));
    suite
}

fn verdict_of_run(report: &RunReport) -> TestCase {
    let said = words::nothing_judged(report).unwrap_or_else(|| report.exit_reason.clone());
    let kind = if report.exit == 1 { NonSuccessKind::Failure } else { NonSuccessKind::Error };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(text::inline(&said)).set_type("exit");
    status.set_description(text::inline(&format!("exit {}: {}", report.exit, report.exit_reason)));
    let mut case = TestCase::new("run", status);
    case.set_classname(OURS);
    case
}

/// The findings as text, the worst first.
fn told(findings: &[&Finding], check: Option<&Check>) -> String {
    let mut page = Page::new(&Style { color: false, width: usize::MAX, verbose: true, remembered: true });
    for finding in findings {
        page.blank();
        page.rule(&words::headline(finding.verdict, Some(finding.severity)), super::page::Ink::Plain);
        block::finding(&mut page, check, finding);
    }
    page.finish()
}

fn status(verdict: Verdict, said: &str, findings: &[&Finding], check: Option<&Check>) -> TestCaseStatus {
    let mut status = match verdict {
        Verdict::Pass | Verdict::Warn => return TestCaseStatus::success(),
        Verdict::Skipped | Verdict::Waived => TestCaseStatus::skipped(),
        Verdict::Unknown => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    let kind = findings.first().and_then(|worst| worst.cause.as_ref()).map(|cause| cause.cause.word());
    status.set_message(text::clip(&text::inline(said), LONGEST));
    status.set_type(kind.filter(|_| verdict == Verdict::Unknown).unwrap_or(verdict.word()));
    if !findings.is_empty() {
        status.set_description(told(findings, check));
    }
    status
}

fn case(check: &Check) -> TestCase {
    let verdict = words::worst(check);
    let mut findings: Vec<&Finding> = check.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.severity)));
    let said = match (verdict, findings.first()) {
        (Verdict::Skipped, _) => words::why_skipped(check).to_owned(),
        (_, Some(worst)) => worst.message.clone(),
        (_, None) => check.note.clone().unwrap_or_else(|| format!("{}: {}", check.policy, verdict.word())),
    };
    let mut case = TestCase::new(text::inline(&check.policy), status(verdict, &said, &findings, Some(check)));
    case.set_classname(text::inline(&check.target));
    case.add_property(property("muster.verdict", verdict.word()));
    case.add_property(property("muster.subjects", &words::counts(&check.counts)));
    case.add_properties(check.looser.iter().map(|looser| property("muster.looser", looser)));
    case.add_properties(check.scratch.iter().map(|probe| property("muster.scratch", probe)));
    case.add_properties(check.controls.iter().map(|control| property("muster.control", control)));
    match (verdict, &check.note) {
        (Verdict::Warn, _) => case.set_system_out(told(&findings, Some(check))),
        (Verdict::Pass, Some(note)) => case.set_system_out(text::inline(note)),
        _ => &mut case,
    };
    case
}
