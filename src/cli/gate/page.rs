//! What a gate compared, for the page that is signed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::{Before, Cell, Observation, Request, Schema, Table, Value, catalogue, row_name, show_cell};
use crate::report::gate::{Compared, Dropped, GatePage, Line, SideNote, SnapshotNote, Timeline, Uncompared};
use crate::verdict::{RunReport, Verdict};

use super::rounds::Gate;
use super::sides::{Sides, positions};
use super::taken::{Taken, Then};

/// Lines of one comparison on the page: of rows of tables, each of which is signed for, and of everything else.
const TABLES: usize = 10_000;
const LINES: usize = 200;
/// Names of what stayed behind.
const NAMES: usize = 100;
/// Characters of a fact.
const FACT: usize = 100;

/// Facts that say how and with which digest, and have columns of their own.
const OWN: &[&str] = &["method", "digest", "source_digest"];

/// Facts that count what is not the same on both sides.
const DIFFERENCES: &[&str] = &[
    "missing",
    "extra",
    "changed",
    "size_differs",
    "content_differs",
    "unreadable",
    "wrong_owner",
    "outside",
    "not_files",
    "changing",
    "bad_digests",
];

/// Rows of either side, if one answer tells of both: null where the table is not there.
const SIDES: &[&str] = &["rows", "source_rows"];

/// Columns that are not alike.
const COLUMNS: &str = "columns";

/// Does one answer look at two sides?
pub(super) fn is_comparison(request: &Request) -> bool {
    !request.others().is_empty() || &*request.key.probe == "data.files"
}

/// Two answers side by side.
struct Two<'a> {
    request: &'a Request,
    now: &'a Observation,
    then: Option<&'a Observation>,
}

/// Everything that was compared, in the order of the checks.
pub(super) fn compared(gate: &Gate<'_>, report: &RunReport) -> Vec<Compared> {
    let sides = gate.sides;
    let paired: BTreeMap<usize, Option<&Observation>> = sides
        .pairs
        .iter()
        .filter_map(|pair| {
            let request = sides.plan.requests.get(pair.now)?;
            let then = gate.then.before.get(&(Before::Gate, request.key.clone()));
            Some((pair.now, then.map(|then| &**then)))
        })
        .collect();
    let mut all = Vec::new();
    for (check, judged) in sides.plan.checks.iter().zip(&report.checks) {
        for (observe, asked) in check.policy.observe.iter().zip(&check.requests) {
            for place in positions(asked) {
                let Some((request, now)) = sides.plan.requests.get(*place).zip(gate.answers.get(*place))
                else {
                    continue;
                };
                let before = observe.before == Some(Before::Gate);
                if !before && !is_comparison(request) {
                    continue;
                }
                let then = if before { paired.get(place).copied().flatten() } else { None };
                all.extend(Two { request, now, then }.compared(judged, before));
            }
        }
    }
    all
}

impl Two<'_> {
    fn compared(&self, check: &crate::verdict::Check, before: bool) -> Option<Compared> {
        let table = self.now.result.as_ref().ok()?;
        let (mut all, then) = if before {
            let then = self.then?.result.as_ref().ok()?;
            (self.beside(table, then), then)
        } else {
            (table.rows.iter().map(|row| self.alone(&table.schema, row)).collect(), table)
        };
        let other = self.request.others().into_iter().next().map(|(_, name)| Arc::from(name));
        let source = self.then.map(|then| Arc::clone(&then.key.target)).or(other);
        let count = |many: usize| u64::try_from(many).unwrap_or(u64::MAX);
        let (subjects, same) = (all.len(), all.iter().filter(|one| one.same == Some(true)).count());
        // What differs stands first, and only what is shown is put into words.
        all.sort_by_key(|one| match one.same {
            Some(false) => 0,
            None => 1,
            Some(true) => 2,
        });
        let most = match &*self.request.key.probe {
            "data.compare" | "data.row_counts" => TABLES,
            _ => LINES,
        };
        all.truncate(most);
        Some(Compared {
            policy: Arc::clone(&check.policy),
            title: Arc::clone(&check.title),
            target: Arc::clone(&check.target),
            source: source.unwrap_or_else(|| Arc::from("files")),
            probe: Arc::clone(&self.request.key.probe),
            verdict: Arc::from(check.verdict.word()),
            then: self.then.map(|then| then.at.to_string()),
            now: self.now.at.to_string(),
            subjects: count(subjects),
            same: count(same),
            rows: rows(table),
            more: count(subjects.saturating_sub(most)),
            lines: all.iter().map(|one| self.line(&then.schema, &table.schema, one)).collect(),
        })
    }

    /// Facts that somebody wanted, besides those that name the row.
    fn facts<'t>(&'t self, schema: &'t Schema) -> impl Iterator<Item = (usize, &'t crate::fact::Field)> {
        let wanted = |name: &str| self.request.wants(name);
        schema
            .fields
            .iter()
            .enumerate()
            .filter(move |(place, field)| !schema.key.contains(place) && wanted(&field.name))
    }

    fn told(&self, schema: &Schema, row: &[Cell], skip: &dyn Fn(&str) -> bool) -> String {
        let facts =
            self.facts(schema).filter(|(_, field)| !OWN.contains(&&*field.name) && !skip(&field.name));
        let told = facts.filter_map(|(place, field)| {
            // A recorded shape does not have the words for null.
            let known = self.request.schema.field(&field.name).and_then(|own| own.null_reads.as_deref());
            let words = known.or(field.null_reads.as_deref());
            let text = show_cell(row.get(place)?, field.ty.base(), words);
            let cut: String = text.chars().take(FACT).collect();
            let more = if text.chars().count() > FACT { "…" } else { "" };
            Some(format!("{} {cut}{more}", field.name))
        });
        told.collect::<Vec<_>>().join(", ")
    }

    /// Rows of then and now by their names.
    fn beside<'t>(&self, now: &'t Table, then: &'t Table) -> Vec<Subject<'t>> {
        let mut twice: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut rows = |table: &'t Table| -> BTreeMap<Arc<str>, &'t [Cell]> {
            let mut named: BTreeMap<Arc<str>, &'t [Cell]> = BTreeMap::new();
            for row in &table.rows {
                let Ok(name) = row_name(&table.schema, row) else { continue };
                if named.insert(Arc::clone(&name), row).is_some() {
                    twice.insert(name);
                }
            }
            named
        };
        let (new, old) = (rows(now), rows(then));
        let names: BTreeSet<&Arc<str>> = new.keys().chain(old.keys()).collect();
        let of = |name: &Arc<str>| {
            let (one, other) = (old.get(name).copied(), new.get(name).copied());
            // Of several rows of one name it is not known which of them is meant.
            let same = self.same((&then.schema, one), (&now.schema, other)).filter(|_| !twice.contains(name));
            let name = if now.schema.key.is_empty() { Arc::from("") } else { Arc::clone(name) };
            Subject { name, then: one, now: other, same, alone: false }
        };
        names.into_iter().map(of).collect()
    }

    /// A subject in words.
    fn line(&self, old: &Schema, new: &Schema, one: &Subject<'_>) -> Line {
        let side = |schema: &Schema, row: Option<&[Cell]>, skip: &dyn Fn(&str) -> bool| match row {
            None => "not there".to_owned(),
            Some(row) => self.told(schema, row, skip),
        };
        let is_old = |name: &str| name.starts_with("source_");
        let digest = if one.alone { "source_digest" } else { "digest" };
        Line {
            subject: one.name.to_string(),
            then: side(old, one.then, &|name| one.alone && !is_old(name)),
            now: side(new, one.now, &|name| one.alone && is_old(name)),
            method: method(new, one.now),
            digests: [text(old, one.then, digest), text(new, one.now, "digest")],
            same: one.same,
        }
    }

    fn same(&self, old: (&Schema, Option<&[Cell]>), new: (&Schema, Option<&[Cell]>)) -> Option<bool> {
        let (Some(then), Some(now)) = (old.1, new.1) else { return Some(false) };
        let mut known = true;
        for (place, field) in self.facts(new.0) {
            let one = old.0.position(&field.name).and_then(|place| then.get(place));
            match (one, now.get(place)) {
                (Some(Ok(one)), Some(Ok(other))) if one == other => {}
                (Some(Ok(_)), Some(Ok(_))) => return Some(false),
                _ => known = false,
            }
        }
        known.then_some(true)
    }

    /// A row that tells of both sides.
    fn alone<'t>(&self, schema: &Schema, row: &'t [Cell]) -> Subject<'t> {
        let value = |name: &str| row.get(schema.position(name)?)?.as_ref().ok();
        let count = |name: &&&str| value(name).and_then(Value::as_int);
        let mut wanted = DIFFERENCES.iter().filter(|name| self.request.wants(name)).peekable();
        let zero = wanted.peek().is_some() && wanted.all(|name| count(&name) == Some(0));
        // Also what no rule looks at is a difference: a table without rows that only one side has, a column.
        let one_sided = SIDES.iter().any(|name| value(name).is_some_and(Value::is_null));
        let columns =
            value(COLUMNS).is_some_and(|value| matches!(value, Value::List(all) if !all.is_empty()));
        let counted = DIFFERENCES.iter().filter_map(|name| count(&name)).any(|count| count > 0);
        let differs = one_sided || columns || counted;
        let name = if schema.key.is_empty() { None } else { row_name(schema, row).ok() };
        Subject {
            name: name.unwrap_or_else(|| Arc::from("")),
            then: Some(row),
            now: Some(row),
            same: if differs { Some(false) } else { zero.then_some(true) },
            alone: true,
        }
    }
}

/// One subject of both sides.
struct Subject<'t> {
    name: Arc<str>,
    then: Option<&'t [Cell]>,
    now: Option<&'t [Cell]>,
    same: Option<bool>,
    /// One row tells of both sides.
    alone: bool,
}

/// Rows of data behind an answer.
fn rows(table: &Table) -> Option<u64> {
    let place = table.schema.position("rows").or(table.schema.position("references"))?;
    let number = |row: &[Cell]| u64::try_from(row.get(place)?.as_ref().ok()?.as_int()?).ok();
    let rows: Vec<u64> = table.rows.iter().filter_map(|row| number(row)).collect();
    (!rows.is_empty()).then(|| rows.iter().fold(0_u64, |sum, rows| sum.saturating_add(*rows)))
}

fn text(schema: &Schema, row: Option<&[Cell]>, name: &str) -> Option<String> {
    match row?.get(schema.position(name)?)? {
        Ok(Value::Text(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn method(schema: &Schema, row: Option<&[Cell]>) -> String {
    let estimate = schema.fields.iter().any(|field| field.estimate);
    let other = if estimate { "estimate" } else { "exact" };
    text(schema, row, "method").unwrap_or_else(|| other.to_owned())
}

/// What could not be judged or compared, and why.
pub(super) fn uncompared(gate: &Gate<'_>, report: &RunReport, taken: Option<&Taken>) -> Vec<Uncompared> {
    let mut all = Vec::new();
    for check in &report.checks {
        let of = |subject: &str, cause: &str, what: String, fix: Option<String>| Uncompared {
            policy: Arc::clone(&check.policy),
            target: Arc::clone(&check.target),
            subject: subject.to_owned(),
            cause: cause.to_owned(),
            what,
            fix,
        };
        if check.verdict == Verdict::Skipped {
            let why = check.note.clone().unwrap_or_else(|| "no reason was given".to_owned());
            all.push(of("", "skipped", why, None));
        }
        for finding in check.findings.iter().filter(|finding| finding.is_unread()) {
            let cause = finding.cause.as_ref();
            let subject = if finding.subject.key.is_empty() { "" } else { &finding.subject.shown };
            all.push(of(
                subject,
                cause.map_or("internal", |why| why.cause.word()),
                cause.map_or_else(|| finding.message.clone(), |why| why.what.clone()),
                cause.and_then(|why| why.fix.clone()),
            ));
        }
    }
    all.sort_by_key(|one| one.cause == "skipped");
    let forgotten = taken.map(|taken| taken.forgotten(gate.sides)).unwrap_or_default();
    all.extend(forgotten.into_iter().map(|(_, what)| Uncompared {
        policy: Arc::from(""),
        target: Arc::from(""),
        subject: what,
        cause: "skipped".to_owned(),
        what: "it is in the snapshot, and this gate was not asked to judge it".to_owned(),
        fix: None,
    }));
    all
}

fn dropped(then: &Then) -> Vec<Dropped> {
    let of = |one: &super::taken::LeftBehind| Dropped {
        target: Arc::clone(&one.target),
        source: Arc::clone(&one.source),
        probe: Arc::clone(&one.probe),
        count: u64::try_from(one.names.len()).unwrap_or(u64::MAX),
        names: one.names.iter().take(NAMES).cloned().collect(),
    };
    then.left_behind.iter().map(of).collect()
}

fn sides(gate: &Gate<'_>, report: &RunReport) -> Vec<SideNote> {
    let targets: BTreeSet<&Arc<str>> = gate.sides.pairs.iter().map(|pair| &pair.target).collect();
    let named: BTreeSet<&Arc<str>> = report.checks.iter().map(|check| &check.target).collect();
    let moves = &gate.setup.project.gate.moves;
    let looked = moves.iter().filter(|(target, _)| targets.contains(target) || named.contains(target));
    looked
        .map(|(target, moved)| SideNote {
            target: Arc::clone(target),
            source: Arc::clone(&moved.from),
            then: gate.sources.get(&moved.from).cloned(),
            now: report.targets.iter().find(|(name, _)| name == target).map(|(_, identity)| identity.clone()),
        })
        .collect()
}

fn snapshot(taken: &Taken) -> SnapshotNote {
    SnapshotNote {
        file: taken.file.display().to_string(),
        digest: taken.digest.clone(),
        taken: taken.recording.started.to_string(),
        muster: Arc::clone(&taken.recording.muster),
        host: taken.recording.about.as_ref().map(|about| Arc::clone(&about.host)),
        complete: taken.recording.complete,
    }
}

/// The whole page.
pub(super) fn page(
    gate: &Gate<'_>,
    report: &RunReport,
    taken: Option<&Taken>,
    timeline: Timeline,
) -> GatePage {
    GatePage {
        ended: jiff::Timestamp::now().to_string(),
        snapshot: taken.map(snapshot),
        sides: sides(gate, report),
        compared: compared(gate, report),
        uncompared: uncompared(gate, report, taken),
        dropped: dropped(&gate.then),
        timeline,
        report: report.clone(),
    }
}

/// Is there anything that looks at two sides?
pub(super) fn compares(sides: &Sides) -> bool {
    !sides.pairs.is_empty() || sides.plan.requests.iter().any(is_comparison)
}

/// What a probe is about, for people.
pub(super) fn doc(probe: &str) -> &'static str {
    catalogue::find(probe).map_or("", |probe| probe.doc)
}
