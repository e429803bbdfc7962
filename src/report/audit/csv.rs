//! Tables for a spreadsheet (RFC 4180), of which no cell begins a formula.

use jiff::Timestamp;

use super::super::sheet::between;
use super::super::text;
use crate::audit::{Audit, Beneath, Exception, Gap, History, RunTold};

/// A table of an audit that can be had as CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CsvTable {
    /// Findings over time.
    Findings,
    /// Where nothing was judged.
    Gaps,
    /// What was allowed.
    Exceptions,
    /// Every run.
    Runs,
}

impl CsvTable {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Findings, Self::Gaps, Self::Exceptions, Self::Runs];

    /// The word, which is also the name of the file before `.csv`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Findings => "findings",
            Self::Gaps => "gaps",
            Self::Exceptions => "exceptions",
            Self::Runs => "runs",
        }
    }

    /// The table of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.word() == word)
    }
}

/// What a cell holds; numbers stay numbers.
enum Field<'a> {
    Text(&'a str),
    Number(u64),
    Time(Option<Timestamp>),
    Yes(bool),
}

/// The table, its first line the names of the columns.
pub(super) fn render(audit: &Audit, table: CsvTable) -> String {
    let mut out = String::new();
    match table {
        CsvTable::Findings => {
            heads(&mut out, FINDINGS);
            audit.findings.iter().for_each(|one| line(&mut out, finding(one, audit)));
        }
        CsvTable::Gaps => {
            heads(&mut out, GAPS);
            audit.population.gaps.iter().for_each(|one| line(&mut out, gap(one)));
        }
        CsvTable::Exceptions => {
            heads(&mut out, EXCEPTIONS);
            for one in &audit.exceptions {
                let (hid, worse) = (one.hid.join(" "), one.worse.join("; "));
                let beneath: Vec<String> = one.beneath.iter().map(Beneath::said).collect();
                line(&mut out, exception(one, [&hid, &worse, &beneath.join("; ")]));
            }
        }
        CsvTable::Runs => {
            heads(&mut out, RUNS);
            audit.runs.iter().for_each(|one| line(&mut out, run(one)));
        }
    }
    out
}

const FINDINGS: &[&str] = &[
    "id",
    "policy",
    "target",
    "subject",
    "severity",
    "owner",
    "now",
    "worst",
    "open",
    "first",
    "last",
    "open_since",
    "open_seconds",
    "times_mended",
    "reopened",
    "judgements_waived",
    "message",
];

fn finding<'a>(one: &'a History, audit: &Audit) -> Vec<Field<'a>> {
    let since = one.since();
    let open = since.map_or(0, |since| between(since, audit.period.until).as_secs());
    let mended = one.spells.iter().filter(|spell| spell.to.is_some()).count();
    vec![
        Field::Text(&one.id),
        Field::Text(&one.policy),
        Field::Text(&one.target),
        Field::Text(&one.subject),
        Field::Text(one.severity.word()),
        Field::Text(&one.owner),
        Field::Text(one.now.map_or("mended", |verdict| verdict.word())),
        Field::Text(one.worst.word()),
        Field::Yes(one.is_open()),
        Field::Time(Some(one.first)),
        Field::Time(Some(one.last)),
        Field::Time(since),
        Field::Number(u64::try_from(open).unwrap_or(0)),
        Field::Number(super::super::words::size(mended)),
        Field::Number(one.reopened),
        Field::Number(one.spells.iter().map(|spell| spell.waived).sum()),
        Field::Text(&one.message),
    ]
}

const GAPS: &[&str] =
    &["policy", "target", "tier", "owner", "from", "to", "seconds", "still_open", "missed", "runs", "unread"];

fn gap(one: &Gap) -> Vec<Field<'_>> {
    vec![
        Field::Text(&one.policy),
        Field::Text(&one.target),
        Field::Text(&one.tier),
        Field::Text(&one.owner),
        Field::Time(Some(one.from)),
        Field::Time(Some(one.to)),
        Field::Number(u64::try_from(between(one.from, one.to).as_secs()).unwrap_or(0)),
        Field::Yes(one.open),
        Field::Number(one.missed),
        Field::Number(one.runs),
        Field::Number(one.unread),
    ]
}

const EXCEPTIONS: &[&str] = &[
    "kind",
    "policy",
    "scope",
    "what",
    "owner",
    "reason",
    "ticket",
    "expires",
    "from",
    "to",
    "still_there",
    "judgements_hidden",
    "findings_hidden",
    "finding_ids",
    "worse",
    "beneath",
];

fn exception<'a>(one: &'a Exception, [hid, worse, beneath]: [&'a str; 3]) -> Vec<Field<'a>> {
    vec![
        Field::Text(one.allowed.kind.word()),
        Field::Text(&one.allowed.policy),
        Field::Text(&one.allowed.scope),
        Field::Text(&one.allowed.what),
        Field::Text(&one.allowed.owner),
        Field::Text(&one.allowed.reason),
        Field::Text(&one.allowed.ticket),
        Field::Text(&one.allowed.expires),
        Field::Time(Some(one.from)),
        Field::Time(Some(one.to)),
        Field::Yes(one.open),
        Field::Number(one.hidden),
        Field::Number(super::super::words::size(one.hid.len())),
        Field::Text(hid),
        Field::Text(worse),
        Field::Text(beneath),
    ]
}

const RUNS: &[&str] = &[
    "began",
    "environment",
    "host",
    "muster",
    "id",
    "ended",
    "exit",
    "promised",
    "worst",
    "checks_judged",
    "checks_unknown",
    "kept",
    "why_not",
];

fn run(one: &RunTold) -> Vec<Field<'_>> {
    vec![
        Field::Time(Some(one.at)),
        Field::Text(&one.environment),
        Field::Text(&one.host),
        Field::Text(&one.muster),
        Field::Text(&one.id),
        Field::Yes(one.ended),
        one.exit.map_or(Field::Text(""), |exit| Field::Number(exit.into())),
        Field::Yes(one.promised),
        Field::Text(one.worst.map_or("", |verdict| verdict.word())),
        Field::Number(one.judged),
        Field::Number(one.unknown),
        Field::Yes(one.unkept.is_empty()),
        Field::Text(&one.unkept),
    ]
}

fn heads(out: &mut String, heads: &[&str]) {
    out.push_str(&heads.join(","));
    out.push_str("\r\n");
}

fn line(out: &mut String, fields: Vec<Field<'_>>) {
    for (index, field) in fields.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match field {
            Field::Text(told) => quoted(out, told),
            Field::Number(number) => out.push_str(&number.to_string()),
            Field::Time(time) => out.push_str(&time.map(|time| time.to_string()).unwrap_or_default()),
            Field::Yes(yes) => out.push_str(if yes { "yes" } else { "no" }),
        }
    }
    out.push_str("\r\n");
}

/// Does a spreadsheet read it as a formula? Some skip spaces and quotes before it, and some read wide forms.
fn is_formula(told: &str) -> bool {
    told.starts_with(['\t', '\r', '\n'])
        || told
            .trim_start_matches([' ', '"', '\u{a0}', '\u{3000}', '\t', '\r', '\n'])
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Always in quotes, so that no comma, quote or semicolon of a text begins another cell.
fn quoted(out: &mut String, told: &str) {
    out.push('"');
    if is_formula(told) {
        out.push('\'');
    }
    out.push_str(&text::inline(told).replace('"', "\"\""));
    out.push('"');
}
