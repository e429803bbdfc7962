use proptest::prelude::*;

use super::fixture::{HOSTILE, check, finding, report, rich};
use super::*;
use crate::verdict::{Check, Fault, Severity, StepKind, Verdict};

fn style(width: usize) -> Style {
    Style { color: false, width, verbose: false, remembered: true }
}

fn human(run: &RunReport) -> String {
    render(run, Format::Human, &style(80))
}

fn markdown(run: &RunReport) -> String {
    render(run, Format::Markdown, &style(80))
}

fn junit(run: &RunReport) -> quick_junit::Report {
    let xml = render(run, Format::Junit, &style(80));
    quick_junit::Report::deserialize_from_str(&xml).unwrap()
}

fn at(text: &str, part: &str) -> usize {
    text.find(part).unwrap_or_else(|| panic!("`{part}` is not in\n{text}"))
}

#[test]
fn every_format_has_its_word() {
    for format in Format::ALL {
        assert_eq!(Format::from_word(format.word()), Some(format));
        assert!(render(&rich(), format, &style(80)).ends_with('\n'));
    }
    assert_eq!(Format::from_word("xml"), None);
}

#[test]
fn the_worst_finding_is_the_last() {
    let text = human(&rich());
    let order = [
        "+ PASS",
        "- SKIPPED",
        "~ WAIVED (low)",
        "! WARN (low)",
        "! WARN (high)",
        "! WARN (critical)",
        "? UNKNOWN (medium)",
        "? UNKNOWN (high)",
        "x FAIL (high)",
        "x FAIL (critical)",
        "\nchecks ",
        "exit 1: 301 findings",
    ];
    let places: Vec<usize> = order.iter().map(|part| at(&text, part)).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.trim_end().ends_with("exit 1: 301 findings are `fail`"));
    let (_, critical) = text.split_at(at(&text, "x FAIL (critical)"));
    assert!(at(critical, "0009.jpg") < at(critical, "0001.jpg"), "given order is worst first: {critical}");
}

#[test]
fn a_fault_that_hides_forty_checks_is_shown_once() {
    let text = human(&rich());
    assert_eq!(text.matches("connection refused").count(), 1, "{text}");
    assert!(text.contains("40 checks (postgres-rule-00, "));
    assert!(text.replace("\n             ", " ").contains("… and 35 more)"), "{text}");
    assert!(!text.contains("postgres-rule-39"));
    let all = render(&rich(), Format::Human, &Style { verbose: true, ..style(80) });
    assert!(all.contains("postgres-rule-39 @ dwh"));
}

#[test]
fn a_fault_of_another_target_hides_nothing_here() {
    let mut run = rich();
    run.faults[0].target = "elsewhere".into();
    assert!(human(&run).contains("postgres-rule-39 @ dwh"));
}

#[test]
fn a_fault_that_hides_one_finding_is_told_with_the_finding() {
    let denied = rich().checks.into_iter().find(|check| &*check.policy == "postgres-slots").unwrap();
    let missing = denied.findings[0].cause.clone().unwrap();
    let mut run = report(vec![denied], 3, "one finding is `unknown`");
    run.faults = vec![Fault {
        target: "shop-db".into(),
        missing,
        policies: vec!["postgres-slots".into()],
        findings: 1,
    }];
    let text = human(&run);
    assert_eq!(text.matches("permission denied").count(), 1, "{text}");
    assert!(text.contains("postgres-slots @ shop-db"));
    assert!(text.lines().any(|line| line.trim_start() == "GRANT pg_monitor TO watcher;"), "{text}");
}

#[test]
fn steps_can_be_pasted() {
    for width in [40, 60, 80, 120] {
        let text = render(&rich(), Format::Human, &style(width));
        let is_line = |step: &str| text.lines().any(|line| line.trim_start() == step);
        assert!(is_line("VACUUM (ANALYZE) \"public\".\"orders\";"), "{text}");
        assert!(is_line("ssh dwh.internal systemctl status postgresql"), "{text}");
        assert!(
            text.contains("\npsql -h db.internal shop <<'SQL'\nSELECT pg_terminate_backend(4711);\nSQL\n")
        );
        assert!(at(&text, "DANGER: ends a session") < at(&text, "psql -h"));
    }
}

#[test]
fn a_step_that_cannot_be_copied_says_so() {
    let text = human(&rich());
    assert!(text.contains("do not paste: hidden characters"), "{text}");
    assert!(markdown(&rich()).contains("**do not paste this:**"));
}

#[test]
fn limits_say_who_set_them() {
    let text = render(&rich(), Format::Human, &style(110));
    assert!(
        text.contains("params.fail_at = 55%  (target override, muster.yaml:31:5; default 40%)"),
        "{text}"
    );
    assert!(text.contains("params.warn_at = 20%  (policy default)"), "{text}");
    assert!(text.contains("5.minutes = 5m  (written in the rule)"), "{text}");
    assert!(text.contains("share > params.fail_at (policies/postgres.yaml:24:7)"), "{text}");
    assert!(
        text.contains(
            "1 threshold looser than the policy's default: postgres-dead-tuples @ shop-db: fail_at"
        )
    );
}

#[test]
fn what_leaves_something_behind_for_a_moment_is_marked() {
    for format in Format::ALL {
        let text = render(&rich(), format, &style(200));
        let marked = match format {
            Format::Human | Format::Markdown => "1 check left something behind for a moment",
            Format::Json => "\"scratch\": [",
            Format::Junit => "muster.scratch",
            _ => continue,
        };
        assert!(text.contains(marked) && text.contains("canary"), "{text}");
    }
}

#[test]
fn alerts_and_waivers_tell_who_answers() {
    let text = render(&rich(), Format::Human, &style(110));
    assert!(text.contains("team-data (page -> #data-oncall)"), "{text}");
    assert!(text.contains("pending: true for 4m of the 10m"), "{text}");
    assert!(text.contains("fail, were it not waived"), "{text}");
    assert!(text.contains("team-data, DATA-12, until the end of 2027-01-31 (muster.yaml:60:5)"), "{text}");
}

#[test]
fn three_hundred_findings_are_counted_and_ten_are_shown() {
    let text = human(&rich());
    assert!(text.contains("uploads-on-disk @ shop-host: 300 findings"));
    assert!(text.contains("… and 290 more (all in --format json)"));
    assert_eq!(text.matches("is in the database and not on disk").count(), 10, "{text}");
    assert_eq!(text.matches("side == \"rows\"").count(), 1, "what is common is said once");
}

#[test]
fn lines_fit_the_terminal() {
    for width in [60, 80, 120] {
        let text = render(&rich(), Format::Human, &style(width));
        let pasted = ["restore-file", "ssh ", "psql ", "SELECT", "VACUUM"];
        for line in text.lines().filter(|line| !pasted.iter().any(|word| line.contains(word))) {
            assert!(text::columns(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let plain = human(&rich());
    let colored = render(&rich(), Format::Human, &Style { color: true, ..style(80) });
    assert!(!plain.contains('\u{1b}'));
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert_eq!(codes.replace_all(&colored, ""), plain);
}

#[test]
fn hostile_names_stay_names() {
    let run = rich();
    for format in Format::ALL {
        let text = render(&run, format, &style(80));
        let bad = text.chars().find(|char| *char != '\n' && text::is_hostile(*char));
        assert_eq!(bad, None, "{format:?}");
        assert!(text.contains("u{1b}") || format == Format::Json, "{format:?}");
    }
    assert!(!human(&run).lines().any(|line| line.starts_with("+ PASS  all is well")));
    let page = markdown(&run);
    for line in page.lines().filter(|line| !line.starts_with("   restore-file")) {
        assert!(!line.contains("<script>") && !line.contains("@everyone"), "not in a fence: {line}");
    }
}

#[test]
fn a_message_of_several_lines_cannot_pass_for_the_report() {
    let mut bad = finding("a", "t", "s", Verdict::Fail, Severity::High);
    bad.message = "first\nexit 0: all is well".to_owned();
    let text = human(&report(vec![check("a", "t", Verdict::Fail, vec![bad])], 1, "one `fail`"));
    assert!(text.contains("\n  | first\n  | exit 0: all is well\n"), "{text}");
}

#[test]
fn many_passing_checks_are_counted_and_their_notes_are_seen() {
    let mut checks: Vec<Check> =
        (0..30).map(|index| check(&format!("rule-{index}"), "t", Verdict::Pass, Vec::new())).collect();
    checks[7].note = Some("none found".to_owned());
    let mut run = report(checks, 0, "all is well");
    let text = human(&run);
    assert!(text.contains("+ PASS 30 checks, 360 subjects\n  none found: rule-7 @ t\n"), "{text}");
    assert!(!text.contains("rule-8 @ t"));
    let all = render(&run, Format::Human, &Style { verbose: true, ..style(80) });
    assert!(all.contains("rule-8 @ t"));
    run.checks.truncate(20);
    assert!(human(&run).contains("rule-8 @ t"));
}

#[test]
fn skipped_checks_say_why() {
    for text in [human(&rich()), markdown(&rich())] {
        assert!(text.contains("none of 312 qualified"), "{text}");
    }
}

#[test]
fn a_recording_is_not_the_present() {
    let mut run = rich();
    run.recording = Some("2026-10-31T22:00:00Z".to_owned());
    assert!(human(&run).contains("judged from a recording of 2026-10-31T22:00:00Z"));
    assert!(markdown(&run).contains("judged from a recording of 2026-10-31T22"));
    assert!(render(&run, Format::Junit, &style(80)).contains("name=\"muster.recording\""));
}

#[test]
fn nothing_judged_is_loud_everywhere() {
    let skipped = vec![check("a", "t", Verdict::Skipped, Vec::new())];
    for run in [report(Vec::new(), 4, "nothing was judged"), report(skipped, 4, "nothing was judged")] {
        assert!(human(&run).contains("!! NOTHING WAS JUDGED"));
        assert!(markdown(&run).contains("NOTHING WAS JUDGED"));
        assert_eq!(junit(&run).errors, 1, "a test view shows no green");
        assert!(!markdown(&run).contains("passes"));
    }
}

#[test]
fn a_bad_verdict_without_a_finding_is_seen() {
    let run = report(vec![check("a", "t", Verdict::Unknown, Vec::new())], 3, "one `unknown`");
    assert!(human(&run).contains("? UNKNOWN ---"));
    assert!(markdown(&run).contains("no finding explains this verdict"));
    assert_eq!(junit(&run).errors, 1);
}

#[test]
fn a_check_is_never_better_than_its_findings() {
    let bad = finding("a", "t", "s", Verdict::Fail, Severity::High);
    let run = report(vec![check("a", "t", Verdict::Pass, vec![bad])], 1, "one `fail`");
    assert!(!human(&run).contains("+ PASS"));
    assert_eq!(junit(&run).failures, 1);
}

#[test]
fn counts_are_the_same_in_every_format() {
    let run = rich();
    let words = "2 fail, 41 unknown, 1 warn, 1 waived, 1 skipped, 2 pass";
    assert!(human(&run).contains(words));
    assert!(markdown(&run).contains(words));
    let data: serde_json::Value = serde_json::from_str(&render(&run, Format::Json, &style(80))).unwrap();
    assert_eq!(data["checks_by_verdict"]["unknown"], 41);
    let xml = junit(&run);
    // 48 checks and one notice; `warn` is a success.
    assert_eq!((xml.tests, xml.failures, xml.errors, xml.skipped), (49, 2, 41, 2));
    assert_eq!(xml.test_suites.len(), 6);
}

#[test]
fn json_validates_and_gives_the_same_report_back() {
    let text = render(&rich(), Format::Json, &style(80));
    let data: serde_json::Value = serde_json::from_str(&text).unwrap();
    let schema = json_schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&data).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    assert_eq!(serde_json::from_value::<RunReport>(data).unwrap(), rich());
    assert!(text.starts_with("{\n  \"report\": 1,\n  \"muster\": \"0.1.0\","));
}

/// The place of every object that is ours; `value` and keys of subjects hold data of others.
fn objects(json: &serde_json::Value, path: &str, out: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(fields) => {
            out.push(path.to_owned());
            fields.iter().for_each(|(name, field)| objects(field, &format!("{path}/{name}"), out));
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| objects(item, &format!("{path}/{index}"), out));
        }
        _ => {}
    }
}

#[test]
fn the_schema_is_closed_and_wants_every_field() {
    let mut run = rich();
    run.checks.iter_mut().for_each(|check| check.findings.truncate(2));
    let data: serde_json::Value = serde_json::from_str(&render(&run, Format::Json, &style(80))).unwrap();
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let mut places = Vec::new();
    objects(&data, "", &mut places);
    assert!(places.len() > 100);
    for place in places {
        let mut more = data.clone();
        more.pointer_mut(&place).unwrap()["surprise"] = true.into();
        assert!(!validator.is_valid(&more), "{place} is open");
    }
    for field in ["report", "checks", "exit", "faults", "notices"] {
        let mut less = data.clone();
        less.as_object_mut().unwrap().remove(field);
        assert!(!validator.is_valid(&less), "{field} may be missing");
    }
}

#[test]
fn junit_tells_all_findings_and_is_the_same_every_time() {
    let run = rich();
    let xml = render(&run, Format::Junit, &style(80));
    assert_eq!(xml, render(&run, Format::Junit, &style(40)));
    assert!(!xml.contains("uuid"));
    assert!(xml.contains("timestamp=\"2026-11-01T03:00:00Z\""));
    assert_eq!(xml.matches("uploads/2026/0299.jpg is in the database").count(), 1);
    assert!(xml.contains("type=\"unreachable\""));
    assert!(xml.contains("31% dead rows") && xml.contains("VACUUM (ANALYZE)"));
}

#[test]
fn junit_is_not_green_if_the_run_is_not() {
    let near = finding("a", "t", "s", Verdict::Warn, Severity::High);
    let checks = vec![check("a", "t", Verdict::Warn, vec![near])];
    let strict = junit(&report(checks.clone(), 1, "one finding at or above `warn`"));
    assert_eq!((strict.tests, strict.failures), (2, 1));
    let lenient = junit(&report(checks, 0, "nothing at or above `fail`"));
    assert_eq!((lenient.tests, lenient.failures), (1, 0));
}

#[test]
fn cells_and_fences_of_markdown_hold() {
    let page = markdown(&rich());
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 10, "head, line, eight blocks: {rows:#?}");
    for row in &rows {
        assert_eq!(row.matches('|').count(), 7, "{row}");
    }
    assert!(rows[2].contains("fail") && rows[2].contains("critical") && rows[2].contains("300 subjects"));
    assert!(
        page.contains("   `````sh\n   restore-file"),
        "a fence is longer than any run of backticks: {page}"
    );
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    assert_eq!(page.matches("connection refused").count(), 2, "once in the table, once in the details");
}

#[test]
fn markdown_is_bounded_and_says_what_was_cut() {
    let bad = |index: usize| {
        let policy = format!("rule-{index}");
        let mut bad = finding(&policy, "t", "s", Verdict::Fail, Severity::High);
        bad.message = HOSTILE.repeat(20);
        check(&policy, "t", Verdict::Fail, vec![bad])
    };
    let page = markdown(&report((0..500).map(bad).collect(), 1, "500 findings are `fail`"));
    assert!(page.chars().count() <= 65_000, "{}", page.chars().count());
    assert!(page.contains("500 fail"));
    let cut = regex::Regex::new(r"\*\*([0-9]+) details with ([0-9]+) findings cut here").unwrap();
    let found = cut.captures(&page).unwrap();
    assert_eq!(found[1], found[2]);
    let shown = page.matches("<details>").count();
    assert_eq!(shown + found[1].parse::<usize>().unwrap(), 500);
    assert!(page.contains("rows with"));
}

#[test]
fn a_step_can_hold_a_fence() {
    let mut bad = finding("a", "t", "s", Verdict::Fail, Severity::High);
    bad.remedy = vec![crate::verdict::Step {
        kind: StepKind::Shell,
        text: "echo '```'\n```\n".to_owned(),
        danger: None,
    }];
    let page = markdown(&report(vec![check("a", "t", Verdict::Fail, vec![bad])], 1, "one `fail`"));
    assert!(page.contains("   ````sh\n   echo '```'\n   ```\n   ````\n"), "{page}");
}

#[test]
fn a_multi_line_step_that_cannot_be_copied_stands_on_one_line() {
    let text = human(&rich());
    assert!(
        text.lines()
            .any(|line| line.trim_start().starts_with("restore-file 'up/\\u{1b}[2J\\u{1b}[32m\\n+ PASS"))
    );
}

fn about(name: &str, told: &str) -> RunReport {
    let mut bad = finding("a", "t", name, Verdict::Fail, Severity::High);
    bad.message = told.to_owned();
    bad.remedy = vec![crate::verdict::Step {
        kind: StepKind::Shell,
        text: told.to_owned(),
        danger: Some(name.to_owned()),
    }];
    report(vec![check("a", "t", Verdict::Fail, vec![bad])], 1, "one `fail`")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_the_world_says_every_format_holds(
        name in "(?s)[\\PC\u{0}-\u{1f}\u{7f}-\u{9f}\u{202a}-\u{202e}|`<>&@#*_\\n]{0,60}",
        told in "(?s).{0,200}",
    ) {
        let run = about(&name, &told);
        for format in Format::ALL {
            let text = render(&run, format, &style(60));
            prop_assert!(!text.chars().any(|char| char != '\n' && text::is_hostile(char)), "{format:?}: {text}");
        }
        let data: RunReport = serde_json::from_str(&render(&run, Format::Json, &style(60))).unwrap();
        prop_assert_eq!(&data, &run);
        prop_assert_eq!(junit(&run).failures, 1);
        let page = markdown(&run);
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        prop_assert_eq!(rows.len(), 3);
        prop_assert!(rows.iter().all(|row| row.matches('|').count() == 7));
        prop_assert_eq!(page.lines().filter(|line| *line == "</details>").count(), 1);
        let lines = human(&run).lines().filter(|line| line.starts_with("exit ")).count();
        prop_assert_eq!(lines, 1);
    }
}

fn html(run: &RunReport) -> String {
    render(run, Format::Html, &style(80))
}

#[test]
fn the_html_page_of_a_run_has_every_finding_and_every_check() {
    let run = rich();
    let page = html(&run);
    for check in &run.checks {
        assert!(page.contains(&*check.policy), "{}", check.policy);
        for finding in &check.findings {
            assert!(page.contains(&format!("id {}<", finding.id)), "{}", finding.id);
        }
    }
    assert!(page.contains("exit 1: 301 findings are `fail`"));
    assert!(page.contains("Who answered") && !page.contains("could not be written"));
}

#[test]
fn names_of_the_world_are_text_on_the_html_page_of_a_run() {
    let mut run = rich();
    run.host = HOSTILE.into();
    run.checks[0].title = HOSTILE.into();
    let page = html(&run);
    for tag in ["<script", "onload=", " src=", "@import"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{0}', '\u{9b}']));
    assert!(page.contains("alert(1)") && page.contains("default-src 'none'"));
    assert!(page.contains("Do not paste this"), "a remedy with hidden characters");
}

#[test]
fn a_run_that_judged_nothing_is_no_good_html_page() {
    let page = html(&report(Vec::new(), 4, "nothing was judged"));
    assert!(page.contains("class=\"decision unknown\"><strong>NOTHING WAS JUDGED"), "{page}");
    assert!(!page.contains("everything that was judged passes"));
    let many = vec![finding("a", "t", "s", Verdict::Fail, Severity::High); 10_000];
    let page = html(&report(vec![check("a", "t", Verdict::Fail, many)], 1, "because"));
    assert!(page.contains("9,990 more") && page.len() < 6_000_000, "{}", page.len());
}

/// With `SHOW=DIR` it is written there as well, for a look with a browser.
#[test]
fn the_html_page_of_a_run_is_a_whole_document() {
    let page = html(&rich());
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
    assert_eq!(page.matches("<article").count(), page.matches("</article>").count());
    if let Some(folder) = std::env::var_os("SHOW").map(std::path::PathBuf::from) {
        std::fs::write(folder.join("run.html"), page).unwrap();
    }
}
