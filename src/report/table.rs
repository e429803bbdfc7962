//! A plain table: a line for every finding and for every check that passed, with ids, the value and its limit.
//!
//! A cell that is wider than its column goes on below, so that nothing is cut and every word can be copied. There is
//! no colour in it: it is the same in a terminal, in a pipe and in a file.

use super::{Style, text, words};
use crate::verdict::{Check, Finding, Origin, RunReport, Verdict};

/// Titles of the columns.
const HEAD: [&str; 7] = ["VERDICT", "POLICY", "TARGET", "SUBJECT", "VALUE", "LIMIT", "ID"];

/// Columns that may become narrower: those that hold texts of any length.
const FLEXIBLE: [usize; 3] = [3, 4, 5];

/// Narrower columns are hard to read.
const NARROWEST: usize = 12;

type Line = [String; 7];

pub(super) fn render(report: &RunReport, style: &Style) -> String {
    let mut lines: Vec<Line> = vec![HEAD.map(str::to_owned)];
    for check in &report.checks {
        lines.extend(check.findings.iter().map(finding));
        lines.extend(rest(check));
    }
    lines.extend(report.notices.iter().map(finding));
    let mut out = drawn(&lines, style.width);
    out.push('\n');
    if let Some(recording) = &report.recording {
        let said = format!("judged from a recording of {recording}: this is not the state of now");
        text::put(&mut out, format_args!("{}\n", text::inline(&said)));
    }
    if let Some(nothing) = words::nothing_judged(report) {
        text::put(&mut out, format_args!("{nothing}\n"));
    }
    let checks = words::counts(&report.checks_by_verdict);
    text::put(&mut out, format_args!("checks: {checks}; subjects: {}\n", words::counts(&report.subjects)));
    text::put(&mut out, format_args!("exit {}: {}\n", report.exit, text::inline(&report.exit_reason)));
    out
}

/// What passed of a check, and a check that was skipped as a whole.
fn rest(check: &Check) -> Vec<Line> {
    let line = |verdict: Verdict, subject: String, value: &str| {
        [
            verdict.word().to_owned(),
            check.policy.to_string(),
            check.target.to_string(),
            subject,
            value.to_owned(),
            String::new(),
            String::new(),
        ]
    };
    let mut lines = Vec::new();
    let note = check.note.as_deref().unwrap_or("");
    if check.counts.pass > 0 {
        lines.push(line(Verdict::Pass, words::count(check.counts.pass, "subject"), note));
    } else if check.findings.is_empty() {
        lines.push(line(check.verdict, String::new(), note));
    }
    lines
}

fn finding(finding: &Finding) -> Line {
    let value = match &finding.cause {
        Some(why) => why.to_string(),
        None => values(finding).unwrap_or_else(|| finding.message.clone()),
    };
    let verdict = match finding.beneath {
        Some(beneath) => format!("{} ({})", finding.verdict.word(), beneath.word()),
        None => finding.verdict.word().to_owned(),
    };
    let (policy, target, subject) =
        (finding.policy.to_string(), finding.target.to_string(), finding.subject.shown.to_string());
    [verdict, policy, target, subject, value, limit(finding), finding.id.to_string()]
}

/// The facts that the rule read.
fn values(finding: &Finding) -> Option<String> {
    let facts =
        finding.operands.iter().filter(|operand| matches!(operand.origin, Origin::Fact { .. } | Origin::Let));
    let shown: Vec<String> = facts.map(|operand| format!("{} = {}", operand.text, operand.shown)).collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// The parameters that it compared with, or else the rule as it is written.
fn limit(finding: &Finding) -> String {
    let params = finding.operands.iter().filter(|operand| matches!(operand.origin, Origin::Param { .. }));
    let shown: Vec<String> = params
        .map(|operand| {
            format!("{} = {}", operand.text.strip_prefix("params.").unwrap_or(&operand.text), operand.shown)
        })
        .collect();
    if shown.is_empty() { finding.rule.to_string() } else { shown.join(", ") }
}

fn drawn(lines: &[Line], width: usize) -> String {
    let lines: Vec<Line> = lines.iter().map(|line| line.each_ref().map(|cell| text::inline(cell))).collect();
    let widths = widths(&lines, width);
    let mut out = String::new();
    for line in &lines {
        let cells: Vec<Vec<String>> =
            line.iter().zip(widths).map(|(cell, width)| text::wrap(cell, width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for part in 0..height {
            let parts = cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| text::pad(cell.get(part).map_or("", String::as_str), width));
            out.push_str(parts.collect::<Vec<_>>().join("  ").trim_end());
            out.push('\n');
        }
    }
    out
}

/// The width of each column: what it needs, unless the texts have to share what is left of the line.
fn widths(lines: &[Line], width: usize) -> [usize; 7] {
    let needed = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| text::columns(cell)).max()
    };
    let mut widths = [0, 1, 2, 3, 4, 5, 6].map(|column| needed(column).unwrap_or(0));
    let gaps = 2 * (widths.len() - 1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while over > 0 {
        let widest = FLEXIBLE.into_iter().max_by_key(|column| widths.get(*column).copied().unwrap_or(0));
        let Some(slot) = widest.and_then(|column| widths.get_mut(column)).filter(|width| **width > NARROWEST)
        else {
            break;
        };
        *slot -= 1;
        over -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::super::fixture::rich;
    use super::*;

    fn table(width: usize) -> String {
        render(&rich(), &Style { color: true, width, verbose: false, remembered: true })
    }

    #[test]
    fn every_check_and_finding_has_a_line_and_its_id() {
        let (report, text) = (rich(), table(400));
        let lines: Vec<&str> = text.lines().collect();
        for finding in report.checks.iter().flat_map(|check| &check.findings) {
            let line = lines.iter().find(|line| line.ends_with(&*finding.id)).unwrap();
            assert!(line.starts_with(finding.verdict.word()), "{line}");
        }
        for check in report.checks.iter().filter(|check| check.counts.pass > 0) {
            assert!(
                lines.iter().any(|line| line.starts_with("pass") && line.contains(&*check.policy)),
                "{text}"
            );
        }
        assert!(lines.last().unwrap().starts_with(&format!("exit {}", report.exit)));
    }

    #[test]
    fn no_width_loses_a_word_and_nothing_is_coloured() {
        let words = |text: &str| {
            text.split_whitespace().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
        };
        let wide = words(&table(400));
        for width in [40, 80, 120] {
            let text = table(width);
            assert_eq!(words(&text), wide);
            assert!(!text.contains('\u{1b}'));
        }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let text = table(400);
        let head = text.lines().next().unwrap();
        let at = head.find("POLICY").unwrap();
        let body: Vec<&str> = text.lines().skip(1).take_while(|line| !line.is_empty()).collect();
        assert!(body.len() > 2);
        assert!(
            body.iter().all(|line| line.get(at - 2..at) == Some("  ")
                && line.get(at..).is_some_and(|rest| !rest.starts_with(' '))),
            "{text}"
        );
    }
}
