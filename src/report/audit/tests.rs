use std::collections::BTreeSet;

use super::super::fixture::HOSTILE;
use super::fixture::{good, many, rich, silent};
use super::*;
use crate::audit::{Audit, Day};
use crate::verdict::{Counts, Severity, Verdict};

type Spoil = fn(&mut Audit);

const KINDS: [Kind; 2] = [Kind::Quarterly, Kind::Weekly];

/// What a reader sees of the page as text.
fn drawn(audit: &Audit) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for kind in KINDS {
        all.push((format!("{kind:?} html"), html(audit, kind)));
        all.push((format!("{kind:?} markdown"), markdown(audit, kind)));
    }
    all
}

#[test]
fn every_finding_is_on_the_page_and_in_the_tables() {
    let audit = many();
    let page = html(&audit, Kind::Quarterly);
    let table = csv(&audit, CsvTable::Findings);
    let data = json(&audit);
    // One pass over each text: ten thousand searches of megabytes take minutes.
    let after = |text: &str, mark: &str, end: char| -> BTreeSet<String> {
        text.split(mark).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned())).collect()
    };
    let ids: BTreeSet<String> = audit.findings.iter().map(|finding| finding.id.to_string()).collect();
    assert_eq!(ids.len(), 10_000);
    assert_eq!(after(&page, "; id ", '<'), ids);
    assert_eq!(after(&table, "\r\n\"", '"'), ids);
    assert!(after(&data, "\"id\": \"", '"').is_superset(&ids));
    assert!(page.len() < 6_000_000, "{}", page.len());
    assert!(page.contains("(10,000)") || page.contains("of 9,000"), "counts are shown");
    assert!(page.matches("<details>").count() >= 9, "folded");
}

#[test]
fn a_page_of_ten_thousand_findings_is_cut_in_markdown_and_says_so() {
    for kind in KINDS {
        let text = markdown(&many(), kind);
        assert!(text.chars().count() <= 65_536, "{}", text.chars().count());
        assert!(text.contains("8,980 rows more:**"), "{text}");
        assert!(text.contains("the CSV and the JSON of this audit"));
    }
}

#[test]
fn names_of_the_world_are_text_everywhere() {
    for (what, text) in drawn(&rich()) {
        for tag in ["<script", "<img", "javascript:alert(1)\"", "onerror="] {
            assert!(!text.contains(tag), "{what}: {tag}");
        }
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{0}', '\u{9b}']), "{what}");
        assert!(text.contains("alert(1)"), "{what}: it is shown");
    }
}

#[test]
fn the_page_stands_alone_and_no_script_can_run_on_it() {
    for audit in [rich(), good(), silent()] {
        for kind in KINDS {
            let page = html(&audit, kind);
            for outside in [" src=", "@import", "url(http", "<script", "<link", "onload="] {
                assert!(!page.contains(outside), "{outside}");
            }
            assert!(page.contains("default-src 'none'"));
            assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));
            assert!(!page.contains("could not be written"), "{page}");
        }
    }
}

#[test]
fn every_link_within_the_page_leads_somewhere() {
    for audit in [rich(), good(), silent()] {
        for kind in KINDS {
            let page = html(&audit, kind);
            for link in page.split("href=\"#").skip(1) {
                let id = link.split('"').next().unwrap();
                assert_eq!(page.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
            }
        }
    }
}

#[test]
fn every_table_has_a_caption_a_head_and_a_name_of_each_row() {
    let page = html(&rich(), Kind::Quarterly);
    let tables = page.split("<table").skip(1).map(|rest| rest.split("</table>").next().unwrap());
    let mut seen = 0;
    for table in tables {
        seen += 1;
        assert!(table.contains("<caption id=\""), "{table}");
        assert!(table.contains("<thead>") && table.contains("scope=\"col\""), "{table}");
        let rows = table.split("<tbody>").nth(1).unwrap().matches("<tr").count();
        assert_eq!(table.matches("scope=\"row\"").count(), rows, "{table}");
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_chart_has_a_place_for_each_day_and_a_gap_is_no_bar() {
    let audit = rich();
    let page = html(&audit, Kind::Quarterly);
    let charts: Vec<&str> =
        page.split("role=\"img\"").skip(1).map(|rest| rest.split("</svg>").next().unwrap()).collect();
    assert_eq!(charts.len(), 2);
    for chart in charts {
        assert_eq!(chart.matches("<g class=\"day").count(), audit.days.len());
        assert_eq!(chart.matches("<g class=\"day silent\"").count(), 12);
        assert!(chart.contains("2026-08-03: no run<"), "a day without a run");
        assert!(chart.contains("2026-08-30: nothing judged in 24 runs<"));
        assert!(chart.contains("On 12 days nothing was judged: 2026-08-03,"), "in words as well");
        let silent = chart.split("<g class=\"day silent\"").skip(1);
        for day in silent {
            let day = day.split("</g>").next().unwrap();
            assert!(!day.contains("fill-"), "{day}");
        }
    }
}

#[test]
fn a_day_on_which_no_check_was_judged_is_a_gap_even_if_it_counts_nothing() {
    let mut audit = rich();
    audit.days = vec![Day { day: "2026-07-01".to_owned(), checks: Some(Counts::default()), runs: 1 }];
    assert_eq!(html(&audit, Kind::Quarterly).matches("<g class=\"day silent\"").count(), 2);
    audit.days.clear();
    assert!(html(&audit, Kind::Quarterly).contains("The period has no day yet"));
}

#[test]
fn a_time_in_which_nothing_was_judged_is_never_a_good_page() {
    for (what, text) in drawn(&silent()) {
        assert!(text.contains("Nothing was judged in this time"), "{what}\n{text}");
        assert!(text.contains("that nobody looked, not that all is well"), "{what}");
        assert!(!text.contains("Everything that was promised"), "{what}");
        assert!(!text.contains("No finding is open"), "{what}");
    }
    let glanced = glance::glance(&silent(), Kind::Weekly);
    assert!(glanced.tiles.iter().all(|tile| tile.tone != "pass"), "no green figure: {glanced:?}");
    let mut skipped = good();
    skipped.population.judged = 0;
    skipped.population.checks[0].verdicts = Counts { skipped: 92, ..Counts::default() };
    assert_eq!(glance::glance(&skipped, Kind::Quarterly).tone, "unknown");
}

#[test]
fn only_a_time_that_is_whole_is_good() {
    let tone = |audit: &Audit| glance::glance(audit, Kind::Quarterly).tone;
    assert_eq!(tone(&good()), "pass");
    assert!(html(&good(), Kind::Quarterly).contains("Everything that was promised was judged"));
    let spoilt: [(&str, Spoil); 9] = [
        ("missed", |audit| audit.population.missed = 1),
        ("nothing promised", |audit| audit.population.expected = 0),
        ("not seen", |audit| audit.population.unseen = Some(audit.period.from)),
        ("without a promise", |audit| audit.store.unpromised = 1),
        ("interrupted", |audit| audit.population.interrupted = rich().population.interrupted),
        ("clock", |audit| audit.population.clocks = rich().population.clocks),
        ("control", |audit| audit.controls = rich().controls),
        ("attestation", |audit| audit.attestations = rich().attestations),
        ("exception", |audit| audit.exceptions = rich().exceptions),
    ];
    for (what, spoil) in spoilt {
        let mut audit = good();
        spoil(&mut audit);
        assert_ne!(tone(&audit), "pass", "{what}");
    }
    for (verdict, expected) in [(Verdict::Fail, "fail"), (Verdict::Warn, "warn"), (Verdict::Unknown, "warn")]
    {
        let mut audit = good();
        audit.findings = vec![fixture::finding("a1", "t", Severity::Low, Some(verdict))];
        assert_eq!(tone(&audit), expected);
    }
}

#[test]
fn a_control_in_a_state_that_nobody_knows_is_not_checked() {
    let mut audit = good();
    for state in ["uncovered", "unbound", "skipped", "waived", "unjudged", "unknown", "splendid", ""] {
        audit.controls[0].controls[0].state = state.into();
        assert!(markdown(&audit, Kind::Quarterly).contains("Nobody checks 1 control"), "{state}");
    }
    audit.controls[0].controls[0].state = "held".into();
    audit.controls[0].controls[0].policies.clear();
    assert!(markdown(&audit, Kind::Quarterly).contains("Nobody checks 1 control"), "no policy");
}

#[test]
fn the_first_page_says_what_an_auditor_asks() {
    for (what, text) in drawn(&rich()) {
        for said in [
            "2,886 of 2,991",
            "12 days",
            "1 exception hid something that got worse",
            "21% → 67%",
            "controls",
            "it names no evidence",
            "DATA-214",
            "2026-10-31",
            "audit-1",
            "/var/lib/muster/store.sqlite",
        ] {
            let glanced = text.replace("&#8203;", "").replace("&#58;", ":");
            let glanced = glanced.replace("&#95;", "_");
            assert!(glanced.contains(said), "{what} does not say {said}\n{text}");
        }
    }
}

#[test]
fn the_week_begins_with_what_got_worse_and_the_quarter_with_what_was_missed() {
    let at = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("{part}"));
    let (week, quarter) = (markdown(&rich(), Kind::Weekly), markdown(&rich(), Kind::Quarterly));
    assert!(at(&week, "## What got worse") < at(&week, "## What lies ahead"));
    assert!(at(&week, "## What lies ahead") < at(&week, "## What was not judged"));
    assert!(at(&quarter, "## What was not judged") < at(&quarter, "## Findings"));
    assert!(at(&quarter, "## Findings") < at(&quarter, "## Evidence"));
    assert!(week.contains("2026-10-09 to 2026-10-21"), "a range");
}

#[test]
fn no_cell_of_a_table_begins_a_formula() {
    let mut audit = rich();
    for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"] {
        let mut one = fixture::finding("a9", evil, Severity::Low, Some(Verdict::Fail));
        evil.clone_into(&mut one.message);
        audit.findings.push(one);
    }
    for table in CsvTable::ALL {
        let text = csv(&audit, table);
        assert!(!text.starts_with('\u{feff}'));
        assert_eq!(CsvTable::from_word(table.word()), Some(table));
        let rows = parsed(&text);
        assert!(rows.len() > 3, "{table:?}");
        for row in &rows {
            assert_eq!(row.len(), rows[0].len(), "{row:?}");
            for cell in row {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '\t', '\r']), "{cell}");
                assert!(!cell.contains(['\u{1b}', '\u{202e}', '\n']), "{cell}");
            }
        }
    }
}

/// RFC 4180.
fn parsed(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            char => cell.push(char),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last line ends");
    rows
}

#[test]
fn numbers_and_times_stay_what_they_are_in_a_table() {
    let rows = parsed(&csv(&rich(), CsvTable::Gaps));
    let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let gap = rows.iter().find(|row| row[0] == "backup-is-fresh").unwrap();
    assert_eq!(gap[column("missed")], "11");
    assert_eq!(gap[column("seconds")], (12 * 86_400).to_string());
    assert_eq!(gap[column("from")], "2026-08-03T03:00:00Z");
    assert_eq!(gap[column("still_open")], "no");
    assert!(csv(&rich(), CsvTable::Gaps).contains(",11,"), "without quotes");
    let findings = parsed(&csv(&rich(), CsvTable::Findings));
    assert!(findings.iter().any(|row| row.contains(&"mended".to_owned())));
}

#[test]
fn the_data_fits_its_schema_and_is_read_back() {
    let schema = jsonschema::draft202012::new(&json_schema()).unwrap();
    for audit in [rich(), good(), silent()] {
        let text = json(&audit);
        let data = serde_json::from_str(&text).unwrap();
        if let Err(error) = schema.validate(&data) {
            panic!("{error} at {}", error.instance_path());
        }
        assert_eq!(serde_json::from_str::<Audit>(&text).unwrap(), audit);
    }
    assert!(!json(&rich()).contains(['\u{202e}', '\u{9b}']));
    assert!(json(&rich()).contains("alert(1)") && HOSTILE.contains("alert(1)"));
}

/// With `SHOW=DIR` they are written there as well, for a look with a browser.
#[test]
fn every_page_is_a_whole_document() {
    let folder = std::env::var_os("SHOW").map(std::path::PathBuf::from);
    for (name, audit) in [("rich", rich()), ("good", good()), ("silent", silent()), ("many", many())] {
        for kind in KINDS {
            let (page, text) = (html(&audit, kind), markdown(&audit, kind));
            assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
            assert!(text.starts_with("# ") && text.ends_with("</sub>\n"), "{text}");
            for (open, close) in
                [("<section", "</section>"), ("<table", "</table>"), ("<details", "</details>")]
            {
                assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}");
            }
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{name}-{kind:?}.html")), page).unwrap();
                std::fs::write(folder.join(format!("{name}-{kind:?}.md")), text).unwrap();
            }
        }
    }
}
