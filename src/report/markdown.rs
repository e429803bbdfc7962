//! For a comment of a pull request or the summary of a job: what it comes to, a table of what does not pass,
//! the worst first, and the details folded. Never longer than a comment may be; what was cut is counted.

use super::outline::{self, Item, SHOWN};
use super::parts::{self, Body, Part};
use super::{block, text, words};
use crate::verdict::{Check, Fault, Finding, RunReport, Step, StepKind, Subject, Verdict};

/// A comment of GitHub holds 65,536 characters.
pub(super) const LIMIT: usize = 65_000;
/// Room that is kept for saying what was cut.
const RESERVE: usize = 600;
/// The table may take that much, so that details have room.
const TABLE: usize = 25_000;
/// And the names of what passed that much.
const PASSED: usize = 8_000;
/// Characters of a message in the table, and elsewhere.
const CELL: usize = 160;
const LONGEST: usize = 2_000;

pub(super) fn render(report: &RunReport) -> String {
    let items = outline::worst_first(report);
    let mut out = head(report);
    table(&mut out, &items);
    let foot = foot(report);
    details(&mut out, &items, LIMIT.saturating_sub(RESERVE + foot.chars().count()));
    if items.is_empty() && words::nothing_judged(report).is_none() {
        out.push_str("Everything that was judged passes.\n");
    }
    out.push_str(&foot);
    bounded(out)
}

/// The last net: heads and feet are short unless somebody calls a host by a novel.
fn bounded(out: String) -> String {
    if out.chars().count() <= LIMIT {
        return out;
    }
    let kept: String = out.chars().take(LIMIT - RESERVE).collect();
    format!("{kept}\n\n**cut here**: the whole report is in `muster check --format json`\n")
}

/// Does a line that begins so become a list?
fn begins_list(told: &str) -> bool {
    let rest = told.trim_start_matches(|char: char| char.is_ascii_digit());
    rest.len() < told.len() && rest.starts_with(['.', ')'])
}

/// Text as text wherever it stands: in a paragraph, a table's cell or raw HTML. Entities are never read as
/// marks of Markdown; a zero-width space keeps `@name` and `#1` from calling people and issues.
pub(super) fn escape(told: &str) -> String {
    let told = text::inline(told);
    let told = told.trim();
    let is_list = begins_list(told);
    let mut out = String::with_capacity(told.len());
    let mut rest = told.chars().enumerate().peekable();
    while let Some((index, char)) = rest.next() {
        let next = rest.peek().map_or(' ', |(_, next)| *next);
        let code = u32::from(char);
        let at_start = index == 0 && (is_list || matches!(char, '-' | '+' | '='));
        match char {
            '@' | '#' if next.is_alphanumeric() => text::put(&mut out, format_args!("&#{code};&#8203;")),
            ':' if next == '/' => text::put(&mut out, format_args!("&#{code};")),
            '&' | '<' | '>' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '$' | '@' | '#' => {
                text::put(&mut out, format_args!("&#{code};"));
            }
            _ if at_start => text::put(&mut out, format_args!("&#{code};")),
            _ => out.push(char),
        }
    }
    out
}

/// A name: as code, without the zero-width space, so that it can be copied.
pub(super) fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    format!("<code>{}</code>", escape(&text::clip(name, LONGEST)).replace("&#8203;", ""))
}

/// A block of code whose fence no content can close.
fn fenced(out: &mut String, indent: &str, language: &str, told: &str) {
    let (mut run, mut longest) = (0, 2);
    for char in told.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = run.max(longest);
    }
    let fence = "`".repeat(longest + 1);
    text::put(out, format_args!("\n{indent}{fence}{language}\n"));
    let altered = text::is_altered(told);
    let lines = if altered { vec![text::inline(told.trim_end())] } else { text::lines(told) };
    for line in lines {
        text::put(out, format_args!("{indent}{line}\n"));
    }
    text::put(out, format_args!("{indent}{fence}\n"));
    if altered {
        let warning = "**do not paste this:** it holds hidden characters, shown as escapes; \
                       the exact text is in `--format json`";
        text::put(out, format_args!("\n{indent}{warning}\n"));
    }
}

fn icon(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Skipped => "⚪",
        Verdict::Waived => "🔵",
        Verdict::Warn => "🟡",
        Verdict::Unknown => "❓",
        Verdict::Fail => "❌",
    }
}

fn head(report: &RunReport) -> String {
    let checks = words::counts(&report.checks_by_verdict);
    let icon = if report.exit == 0 { icon(Verdict::Pass) } else { icon(Verdict::Fail) };
    let mut out = format!("## {icon} muster: {checks}\n\n");
    text::put(&mut out, format_args!("**exit {}:** {}  \n", report.exit, escape(&report.exit_reason)));
    text::put(
        &mut out,
        format_args!("checks: {checks}  \nsubjects: {}\n\n", words::counts(&report.subjects)),
    );
    if let Some(loud) = words::nothing_judged(report) {
        text::put(&mut out, format_args!("> [!CAUTION]\n> **{loud}**\n\n"));
    }
    if let Some(recording) = &report.recording {
        let recording = escape(recording);
        text::put(
            &mut out,
            format_args!(
                "> [!NOTE]\n> judged from a recording of {recording}: this is not the state of now\n\n"
            ),
        );
    }
    out
}

fn shown(subject: &Subject) -> String {
    if subject.key.is_empty() { String::new() } else { code(&text::clip(&subject.shown, CELL)) }
}

fn what(item: &Item<'_>) -> [String; 4] {
    let cell = |said: &str| escape(&text::clip(said, CELL));
    match item {
        Item::Fault(fault, _) => {
            let said = format!("{}; hides {}", fault.missing, words::count(fault.findings, "finding"));
            [
                words::count(words::size(fault.policies.len()), "check"),
                code(&fault.target),
                String::new(),
                cell(&said),
            ]
        }
        Item::Group(_, findings) => {
            let Some(first) = findings.first() else { return Default::default() };
            let subject = match findings.len() {
                1 => shown(&first.subject),
                many => format!("{} subjects", words::number(words::size(many))),
            };
            [code(&first.policy), code(&first.target), subject, cell(&first.message)]
        }
        Item::Silent(check) => {
            let said = check.note.as_deref().unwrap_or("no finding explains this verdict");
            [code(&check.policy), code(&check.target), String::new(), cell(said)]
        }
    }
}

fn row(item: &Item<'_>) -> String {
    let [policy, target, subject, said] = what(item);
    let verdict = format!("{} {}", icon(item.verdict()), item.verdict().word());
    let severity = item.severity().map_or("", |severity| severity.word());
    format!("| {verdict} | {severity} | {policy} | {target} | {subject} | {said} |\n")
}

/// Adds pieces while they fit; gives those that did not.
fn fill<'a, 'b>(
    out: &mut String,
    limit: usize,
    items: &'a [Item<'b>],
    draw: impl Fn(&Item<'b>) -> String,
) -> &'a [Item<'b>] {
    let mut used = out.chars().count();
    for (index, item) in items.iter().enumerate() {
        let piece = draw(item);
        used += piece.chars().count();
        if used > limit {
            return items.get(index..).unwrap_or(&[]);
        }
        out.push_str(&piece);
    }
    &[]
}

fn cut(out: &mut String, what: &str, left: &[Item<'_>]) {
    if left.is_empty() {
        return;
    }
    let findings: u64 = left.iter().map(Item::weight).sum();
    let (findings, left) = (words::count(findings, "finding"), words::count(words::size(left.len()), what));
    text::put(
        out,
        format_args!("\n**{left} with {findings} cut here:** all are in `muster check --format json`.\n\n"),
    );
}

fn table(out: &mut String, items: &[Item<'_>]) {
    if items.is_empty() {
        return;
    }
    out.push_str("| verdict | severity | policy | target | subject | what |\n|---|---|---|---|---|---|\n");
    let left = fill(out, TABLE, items, row);
    cut(out, "row", left);
    out.push('\n');
}

fn details(out: &mut String, items: &[Item<'_>], limit: usize) {
    let left = fill(out, limit, items, folded);
    cut(out, "detail", left);
}

fn folded(item: &Item<'_>) -> String {
    let [policy, target, subject, _] = what(item);
    let head = words::headline(item.verdict(), item.severity());
    let subject = if subject.is_empty() { subject } else { format!(": {subject}") };
    let mut out = String::new();
    let head = format!("{} {head} {policy} @ {target}{subject}", icon(item.verdict()));
    text::put(&mut out, format_args!("<details><summary>{head}</summary>\n\n"));
    match item {
        Item::Fault(fault, findings) => shared(&mut out, fault, findings),
        Item::Group(check, findings) => group(&mut out, *check, findings),
        Item::Silent(check) => text::put(&mut out, format_args!("expected: {}\n", escape(&check.title))),
    }
    out.push_str("\n</details>\n\n");
    out
}

fn message(out: &mut String, told: &str) {
    let lines: Vec<String> = text::clip(told, LONGEST).trim_end().split('\n').map(escape).collect();
    text::put(out, format_args!("{}\n\n", lines.join("<br>")));
}

fn shared(out: &mut String, fault: &Fault, findings: &[&Finding]) {
    message(out, &fault.missing.to_string());
    text::put(out, format_args!("- hides: {}\n", escape(&block::hides(fault))));
    let owners = words::tally(findings.iter().map(|finding| words::owner(finding)));
    if !owners.is_empty() {
        text::put(out, format_args!("- owner: {}\n", escape(&owners)));
    }
    if let Some(fix) = &fault.missing.fix {
        out.push_str("- to see it:\n");
        fenced(out, "  ", "", fix);
    }
}

fn group(out: &mut String, check: Option<&Check>, findings: &[&Finding]) {
    let worst: Vec<&Finding> = findings.iter().take(SHOWN).copied().collect();
    let (common, each) = parts::hoist(worst.iter().map(|finding| parts::of(check, finding)).collect());
    for (finding, own) in worst.iter().zip(&each) {
        if findings.len() > 1 {
            text::put(out, format_args!("**{}**\n\n", code(&finding.subject.shown)));
        }
        message(out, &finding.message);
        draw(out, if findings.len() == 1 { &common } else { own });
        text::put(out, format_args!("- id: {}\n\n", code(&finding.id)));
    }
    let more = findings.len().saturating_sub(SHOWN);
    if more > 0 {
        let more = words::number(words::size(more));
        text::put(out, format_args!("… and {more} more (all in `--format json`)\n\n"));
    }
    if findings.len() > 1 {
        draw(out, &common);
    }
}

fn draw(out: &mut String, parts: &[Part]) {
    for part in parts {
        let label = part.label;
        match &part.body {
            Body::Text(said) if matches!(label, "at" | "rule" | "runbook" | "waived by") => {
                text::put(out, format_args!("- {label}: {}\n", code(said)));
            }
            Body::Text(said) => {
                text::put(out, format_args!("- {label}: {}\n", escape(&text::clip(said, LONGEST))));
            }
            Body::Value(name, shown, from) => {
                let shown = escape(&text::clip(shown, LONGEST));
                text::put(out, format_args!("- {label}: {} = **{shown}** ({})\n", code(name), code(from)));
            }
            Body::Fix(fix) => {
                text::put(out, format_args!("- {label}:\n"));
                fenced(out, "  ", "", fix);
            }
            Body::Steps(steps) => {
                text::put(out, format_args!("\n{label}:\n\n"));
                steps.iter().enumerate().for_each(|(index, one)| step(out, index + 1, one));
            }
        }
    }
}

fn step(out: &mut String, number: usize, step: &Step) {
    let danger = step.danger.as_ref().map(|danger| format!("⚠️ **DANGER: {}** ", escape(danger)));
    let danger = danger.unwrap_or_default();
    let language = match step.kind {
        StepKind::Do => {
            let lines: Vec<String> = step.text.trim_end().split('\n').map(escape).collect();
            text::put(out, format_args!("{number}. {danger}{}\n\n", lines.join("<br>")));
            return;
        }
        StepKind::Sql => "sql",
        StepKind::Shell => "sh",
    };
    text::put(out, format_args!("{number}. {danger}{}\n", words::step(step.kind)));
    fenced(out, &" ".repeat(number.to_string().len() + 2), language, &step.text);
    out.push('\n');
}

/// The checks that passed, folded: what is not named may as well not have been looked at.
fn passed(report: &RunReport) -> String {
    let checks: Vec<&Check> =
        report.checks.iter().filter(|check| words::worst(check) == Verdict::Pass).collect();
    if checks.is_empty() {
        return String::new();
    }
    let many = words::count(words::size(checks.len()), "check");
    let mut out = format!("\n<details><summary>{} {many} passed</summary>\n\n", icon(Verdict::Pass));
    for (index, check) in checks.iter().enumerate() {
        let (policy, target) =
            (code(&text::clip(&check.policy, CELL)), code(&text::clip(&check.target, CELL)));
        let line = format!("- {policy} @ {target}: {}\n", words::count(check.counts.total(), "subject"));
        if out.chars().count() + line.chars().count() > PASSED {
            let left = words::number(words::size(checks.len() - index));
            text::put(&mut out, format_args!("- … and {left} more (all in `--format json`)\n"));
            break;
        }
        out.push_str(&line);
    }
    out + "\n</details>\n"
}

/// What passes needs no room, but what it has to say must be seen.
fn foot(report: &RunReport) -> String {
    let mut out = String::new();
    let looser = words::looser(report);
    if !looser.is_empty() {
        let many = words::count(words::size(looser.len()), "threshold");
        text::put(
            &mut out,
            format_args!("- {many} looser than the default: {}\n", escape(&words::listed(&looser, 3))),
        );
    }
    let scratch = words::scratch(report);
    if !scratch.is_empty() {
        let many = words::count(words::size(scratch.len()), "check");
        let listed = escape(&words::listed(&scratch, 3));
        text::put(&mut out, format_args!("- {many} left something behind for a moment: {listed}\n"));
    }
    for verdict in [Verdict::Pass, Verdict::Skipped] {
        let checks = report.checks.iter().filter(|check| words::worst(check) == verdict);
        let said = checks.filter_map(|check| match verdict {
            Verdict::Skipped => Some(words::why_skipped(check).to_owned()),
            _ => check.note.clone(),
        });
        let said = words::tally(said.map(|said| text::clip(&said, CELL)));
        if !said.is_empty() {
            text::put(
                &mut out,
                format_args!("- {}: {}\n", verdict.word(), escape(&text::clip(&said, LONGEST))),
            );
        }
    }
    out.push_str(&passed(report));
    let (version, host) = (escape(&report.muster), escape(&report.host));
    text::put(
        &mut out,
        format_args!("\n<sub>muster {version} on {host}, {}</sub>\n", escape(&report.started)),
    );
    out
}
