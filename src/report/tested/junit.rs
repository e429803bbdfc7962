//! Cases as `JUnit` XML: one suite per policy, one test per case.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::super::junit::{LONGEST, OURS, written};
use super::super::text;
use super::{NotTested, Tested, TestedCase};

pub(super) fn render(tested: &Tested) -> String {
    written(&draw(tested))
}

fn draw(tested: &Tested) -> Report {
    let mut junit = Report::new(OURS);
    let mut policies: Vec<&str> = Vec::new();
    for case in &tested.cases {
        if !policies.contains(&&*case.policy) {
            policies.push(&case.policy);
        }
    }
    junit.add_test_suites(policies.iter().map(|policy| {
        let mut suite = suite(tested, policy);
        suite.add_test_cases(tested.cases.iter().filter(|case| *case.policy == **policy).map(case));
        suite
    }));
    junit.add_test_suites(tested.without_cases.iter().map(|policy| {
        let mut status = TestCaseStatus::skipped();
        status.set_message("the policy has no cases").set_type("skipped");
        let mut suite = suite(tested, policy);
        suite.add_test_case(named("cases", policy, status));
        suite
    }));
    if !tested.not_tested.is_empty() {
        let mut suite = suite(tested, "input");
        suite.add_test_cases(tested.not_tested.iter().map(|NotTested { what, .. }| {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(text::clip(&text::inline(what), LONGEST)).set_type("input");
            named(what, "input", status)
        }));
        junit.add_test_suite(suite);
    }
    if tested.exit != 0 && junit.failures + junit.errors == 0 {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(text::inline(&tested.why())).set_type("exit");
        let mut suite = suite(tested, OURS);
        suite.add_test_case(named("run", OURS, status));
        junit.add_test_suite(suite);
    }
    junit
}

fn suite(tested: &Tested, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(text::inline(name));
    suite.add_property(Property::new("muster.version", text::inline(&tested.muster)));
    suite.add_property(Property::new("muster.exit", tested.exit.to_string()));
    suite.add_property(Property::new("muster.exit_reason", text::inline(&tested.why())));
    suite
}

fn named(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text::inline(name), status);
    case.set_classname(text::inline(class));
    case
}

fn case(case: &TestedCase) -> TestCase {
    let status = match case.faults.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(text::clip(&text::inline(first), LONGEST)).set_type("case");
            let all = std::iter::once(format!("at {}", case.at)).chain(case.faults.iter().cloned());
            let lines: Vec<String> = all.map(|line| text::inline(&line)).collect();
            status.set_description(lines.join("\n"));
            status
        }
    };
    let mut one = named(&case.name, &case.policy, status);
    one.add_property(Property::new("muster.at", text::inline(&case.at)));
    one
}
