//! One page of a run for a browser and for paper: what it comes to, then blocks, the worst first, then every check.

use minijinja::{Value, context};
use serde::Serialize;

use super::outline::{self, Item, SHOWN};
use super::parts::{self, Body, Part};
use super::sheet::{Cell, Row, Sheet};
use super::{block, text, web, words};
use crate::verdict::{Check, Finding, RunReport, StepKind, Verdict};

const TEMPLATE: &str = include_str!("run.html");

/// Blocks that are seen at once; the others are folded.
const BLOCKS: usize = 60;
/// Blocks with details; what is beyond is in the table of all findings.
const DETAILED: usize = 400;
/// Characters of one text; the JSON has all.
const LONGEST: usize = 4_000;

/// One line of what a finding tells.
#[derive(Serialize)]
struct Told {
    label: &'static str,
    said: String,
    from: String,
    /// It is to be pasted, so that it stands in a block of its own.
    code: bool,
    /// What is shown is not what a copy would be.
    altered: bool,
    danger: String,
}

/// One finding of a block.
#[derive(Serialize)]
struct One {
    name: String,
    message: String,
    id: String,
    told: Vec<Told>,
}

/// One block.
#[derive(Serialize)]
struct Block {
    verdict: &'static str,
    head: String,
    place: String,
    ones: Vec<One>,
    common: Vec<Told>,
    more: usize,
}

pub(super) fn render(report: &RunReport) -> String {
    let items = outline::worst_first(report);
    let blocks: Vec<Block> = items.iter().take(DETAILED).map(drawn).collect();
    let left = items.len().saturating_sub(DETAILED);
    let (seen, folded) = blocks.split_at_checked(BLOCKS).unwrap_or((&blocks, &[]));
    let mut tables = 0;
    let mut drawn = |sheet: &Sheet| {
        let mut out = String::new();
        web::draw(&mut out, sheet, &mut tables);
        Value::from_safe_string(out)
    };
    let tone = match report.exit {
        _ if words::nothing_judged(report).is_some() => "unknown",
        0 => "pass",
        1 => "fail",
        _ => "unknown",
    };
    let looser = words::looser(report);
    let scratch = words::scratch(report);
    let context = context! {
        tone,
        loud => web::value(&words::nothing_judged(report)),
        counts => words::counts(&report.checks_by_verdict),
        subjects => words::counts(&report.subjects),
        exit => report.exit,
        reason => web::value(&report.exit_reason),
        muster => web::value(&report.muster),
        host => web::value(&report.host),
        started => web::value(&report.started),
        recording => web::value(&report.recording),
        tiles => web::value(&tiles(report)),
        seen => web::value(&seen),
        folded => web::value(&folded),
        left,
        looser => web::value(&looser),
        scratch => web::value(&scratch),
        findings => drawn(&findings(report)),
        checks => drawn(&checks(report)),
        targets => drawn(&targets(report)),
    };
    web::page("muster check", TEMPLATE, &context)
}

fn tiles(report: &RunReport) -> Vec<(&'static str, String, &'static str)> {
    let all = Verdict::ALL.iter().rev().map(|verdict| (*verdict, report.checks_by_verdict.of(*verdict)));
    all.map(|(verdict, many)| (verdict.word(), words::number(many), verdict.word())).collect()
}

fn drawn(item: &Item<'_>) -> Block {
    let verdict = item.verdict().word();
    let head = words::headline(item.verdict(), item.severity());
    let block = |place, ones, common, more| Block { verdict, head, place, ones, common, more };
    match item {
        Item::Fault(fault, findings) => {
            let place =
                format!("{} at {}", words::count(words::size(fault.policies.len()), "check"), fault.target);
            let mut told = vec![line("hides", block::hides(fault))];
            let owners = words::tally(findings.iter().map(|finding| words::owner(finding)));
            told.push(line("owner", owners));
            told.extend(fault.missing.fix.iter().map(|fix| pasted("to see it", fix)));
            let one = One {
                name: String::new(),
                message: fault.missing.to_string(),
                id: String::new(),
                told: Vec::new(),
            };
            block(place, vec![one], told, 0)
        }
        Item::Group(check, findings) => {
            let place = findings.first().map(|first| at(&first.policy, &first.target)).unwrap_or_default();
            let shown: Vec<&Finding> = findings.iter().take(SHOWN).copied().collect();
            let (common, each) = parts::hoist(shown.iter().map(|one| parts::of(*check, one)).collect());
            let ones = shown.iter().zip(each).map(|(finding, own)| One {
                name: if finding.subject.key.is_empty() {
                    String::new()
                } else {
                    finding.subject.shown.to_string()
                },
                message: text::clip(&finding.message, LONGEST),
                id: finding.id.to_string(),
                told: told(&own),
            });
            block(place, ones.collect(), told(&common), findings.len().saturating_sub(SHOWN))
        }
        Item::Silent(check) => {
            let said = check.note.clone().unwrap_or_else(|| "no finding explains this verdict".to_owned());
            let one = One { name: String::new(), message: said, id: String::new(), told: Vec::new() };
            block(
                at(&check.policy, &check.target),
                vec![one],
                vec![line("expected", check.title.to_string())],
                0,
            )
        }
    }
}

fn at(policy: &str, target: &str) -> String {
    match (policy, target) {
        (policy, "") => policy.to_owned(),
        ("", target) => target.to_owned(),
        (policy, target) => format!("{policy} at {target}"),
    }
}

fn line(label: &'static str, said: String) -> Told {
    Told { label, said, from: String::new(), code: false, altered: false, danger: String::new() }
}

fn pasted(label: &'static str, said: &str) -> Told {
    // What hides characters is shown in one line with escapes, so that nobody takes it for what it is not.
    let altered = text::is_altered(said);
    let said = if altered { text::inline(said.trim_end()) } else { said.trim_end().to_owned() };
    Told { code: true, altered, ..line(label, said) }
}

fn told(parts: &[Part]) -> Vec<Told> {
    let mut all = Vec::new();
    for part in parts {
        match &part.body {
            Body::Text(said) => all.push(line(part.label, text::clip(said, LONGEST))),
            Body::Value(name, shown, from) => {
                let said = if name == shown { name.clone() } else { format!("{name} = {shown}") };
                all.push(Told { from: from.clone(), ..line(part.label, text::clip(&said, LONGEST)) });
            }
            Body::Fix(fix) => all.push(pasted(part.label, fix)),
            Body::Steps(steps) => all.extend(steps.iter().map(|step| {
                let danger = step.danger.clone().unwrap_or_default();
                match step.kind {
                    StepKind::Do => Told { danger, ..line("to do", step.text.clone()) },
                    StepKind::Sql => Told { danger, ..pasted("in SQL", &step.text) },
                    StepKind::Shell => Told { danger, ..pasted("in a shell", &step.text) },
                }
            })),
        }
    }
    all
}

/// Every finding in a line, so that none is on no page.
fn findings(report: &RunReport) -> Sheet {
    let mut all: Vec<&Finding> =
        report.checks.iter().flat_map(|check| &check.findings).chain(&report.notices).collect();
    all.sort_by_key(|finding| std::cmp::Reverse((finding.verdict, finding.severity)));
    let rows = all.iter().map(|finding| {
        let subject = if finding.subject.key.is_empty() { &finding.target } else { &finding.subject.shown };
        let below = format!("{}; id {}", at(&finding.policy, &finding.target), finding.id);
        Row::from(vec![
            Cell::of(finding.verdict),
            Cell::text(finding.severity.word()),
            Cell::Under(Box::new(Cell::name(subject)), below),
            Cell::Text(text::clip(&finding.message, 600)),
            Cell::Text(words::owner(finding)),
        ])
    });
    let empty = match words::nothing_judged(report) {
        Some(loud) => format!("{loud}; that there is no finding says nothing."),
        None => "None: everything that was judged passes.".to_owned(),
    };
    Sheet {
        caption: "Every finding, the worst first",
        heads: &["verdict", "severity", "finding", "what was said", "owner"],
        key: 2,
        rows: rows.collect(),
        empty,
        folded: all.len() > 20,
    }
}

fn check(check: &Check) -> Row {
    let mut said = vec![Cell::text(&check.title)];
    said.extend(check.note.iter().map(|note| Cell::text(note)));
    Row::from(vec![
        Cell::of(words::worst(check)),
        Cell::Under(Box::new(Cell::name(&check.policy)), format!("at {}", check.target)),
        Cell::list(said),
        Cell::text(&check.tier),
        Cell::Text(words::counts(&check.counts)),
        Cell::Number(check.rows),
        Cell::name(&check.digest),
    ])
}

fn checks(report: &RunReport) -> Sheet {
    let mut all: Vec<&Check> = report.checks.iter().collect();
    all.sort_by_key(|check| std::cmp::Reverse(words::worst(check)));
    Sheet {
        caption: "Every check, the worst first",
        heads: &["verdict", "check", "what must hold", "tier", "subjects", "rows", "digest of the policy"],
        key: 1,
        rows: all.into_iter().map(check).collect(),
        empty: "There was no check to run.".to_owned(),
        folded: false,
    }
}

fn targets(report: &RunReport) -> Sheet {
    let rows = report
        .targets
        .iter()
        .map(|(name, identity)| Row::from(vec![Cell::name(name), Cell::Text(words::identity(identity))]));
    Sheet {
        caption: "Who answered",
        heads: &["target", "who that is"],
        key: 0,
        rows: rows.collect(),
        empty: "Nobody answered.".to_owned(),
        folded: false,
    }
}
