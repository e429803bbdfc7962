//! What `muster history` prints: a chart and a table on a terminal, a plain table in a pipe, and JSON.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::fact::{
    Key, Schema, Type, Value, catalogue, micros_of, show, show_apart, timestamp, value_to_json,
};
use crate::report::inline;
use crate::store::{StoredRun, Watched, WatchedFact};
use crate::verdict::Verdict;

use super::chart::{self, Points};
use super::edge;
use super::page::columns;

/// Version of the JSON of a history.
const VERSION: u64 = 1;

/// Lines of a chart, and samples and subjects that a terminal is shown at most.
const ROWS: usize = 8;
const SAMPLES: usize = 20;
const SUBJECTS: usize = 25;

/// What was seen of one question.
pub(super) struct Seen {
    pub(super) key: Key,
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) watched: Watched,
    /// All subjects, also those that are not wanted.
    pub(super) subjects: Vec<Arc<str>>,
}

/// Everything that is shown.
pub(super) struct Page<'a> {
    pub(super) target: &'a str,
    pub(super) probe: &'a str,
    pub(super) seen: &'a [Seen],
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) exit: u8,
}

/// How it is drawn.
#[derive(Clone, Copy)]
struct Look {
    /// Charts, and not everything; a pipe gets everything and no chart.
    terminal: bool,
    unicode: bool,
    width: usize,
}

/// One fact of one subject.
struct One<'a> {
    subject: &'a str,
    fact: &'a str,
    ty: &'a Type,
    null: String,
    seen: &'a WatchedFact,
}

impl One<'_> {
    fn show(&self, value: &Value) -> String {
        if value.is_null() { self.null.clone() } else { inline(&show(value, self.ty)) }
    }

    /// Samples that are not null.
    fn values(&self) -> impl Iterator<Item = (i64, &Value)> {
        let samples = self.seen.track.at.iter().copied().zip(&self.seen.track.values);
        samples.filter(|(_, value)| !value.is_null())
    }

    fn numbers(&self) -> Vec<(i64, Option<f64>)> {
        let samples = self.seen.track.at.iter().copied().zip(&self.seen.track.values);
        samples.map(|(at, value)| (at, value.as_float())).collect()
    }

    fn is_number(&self) -> bool {
        self.values().all(|(_, value)| value.as_float().is_some())
    }

    /// Lowest and highest with their times, if they are numbers.
    fn extremes(&self) -> Option<[(i64, &Value); 2]> {
        let number = |(at, value)| Some((at, value, Value::as_float(value)?));
        let numbers: Vec<_> = self.values().filter_map(number).collect();
        let low = numbers.iter().min_by(|a, b| a.2.total_cmp(&b.2))?;
        let high = numbers.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
        Some([(low.0, low.1), (high.0, high.1)])
    }

    /// The extremes with as many digits as it takes to tell them apart.
    fn labels(&self) -> Option<[String; 2]> {
        let [low, high] = self.extremes()?;
        let apart = |value: &Value, other: &Value| {
            let close = show(value, self.ty) == show(other, self.ty);
            inline(&if close { show_apart(value, other, self.ty) } else { show(value, self.ty) })
        };
        Some([apart(low.1, high.1), apart(high.1, low.1)])
    }

    fn last(&self) -> Option<(i64, &Value)> {
        Some((*self.seen.track.at.last()?, self.seen.track.values.last()?))
    }
}

fn time(micros: i64) -> String {
    let seconds = micros.div_euclid(1_000_000);
    timestamp(seconds.saturating_mul(1_000_000)).map_or_else(|| format!("{micros}µs"), |at| at.to_string())
}

fn count(many: usize, noun: &str) -> String {
    let many_shown = show(&Value::Int(i64::try_from(many).unwrap_or(i64::MAX)), &Type::Int);
    format!("{many_shown} {noun}{}", if many == 1 { "" } else { "s" })
}

impl Page<'_> {
    pub(super) fn human(&self) -> String {
        let look = Look {
            terminal: std::io::stdout().is_terminal(),
            unicode: edge::is_utf8(),
            width: edge::width(),
        };
        self.draw(look)
    }

    fn draw(&self, look: Look) -> String {
        let mut text = String::new();
        for seen in self.seen {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&self.head(seen));
            let ones = self.ones(seen);
            match ones.as_slice() {
                [] => {}
                [one] => text.push_str(&alone(one, look)),
                many => text.push_str(&together(many, look)),
            }
        }
        if self.exit != super::exit::GOOD {
            let since = time(micros_of(self.from));
            text.push_str(&format!("no sample since {since}; `--since` looks further back\n"));
        }
        text
    }

    /// Which question, how often it was asked, and why it was not answered.
    fn head(&self, seen: &Seen) -> String {
        let args =
            if &*seen.key.args == "{}" { String::new() } else { format!(" with {}", inline(&seen.key.args)) };
        let asked = &seen.watched.asked;
        let mut why: BTreeMap<&str, usize> = BTreeMap::new();
        for fault in asked.iter().filter_map(|(_, fault)| fault.as_ref()) {
            *why.entry(fault.cause.word()).or_default() += 1;
        }
        let failed: usize = why.values().sum();
        let why: Vec<String> = why.iter().map(|(cause, many)| format!("{cause} {many}")).collect();
        let failed = if failed == 0 {
            String::new()
        } else {
            format!(", {failed} of them without an answer ({})", why.join(", "))
        };
        let times = match (asked.first(), asked.last()) {
            (Some((first, _)), Some((last, _))) => format!(": {} to {}", time(*first), time(*last)),
            _ => String::new(),
        };
        let asked = count(asked.len(), "time");
        format!("{} at {}{args}, asked {asked}{failed}{times}\n", inline(self.probe), inline(self.target))
    }

    fn ones<'a>(&self, seen: &'a Seen) -> Vec<One<'a>> {
        let null = |fact: &str| {
            let declared =
                catalogue::find(self.probe).and_then(|probe| probe.facts.iter().find(|one| one.name == fact));
            declared.and_then(|fact| fact.null).unwrap_or("none").to_owned()
        };
        let of = |(subject, facts): (&'a Arc<str>, &'a Vec<WatchedFact>)| {
            let named = seen.watched.facts.iter().zip(facts);
            let one = named.map(|((fact, ty), seen)| One { subject, fact, ty, null: null(fact), seen });
            one.collect::<Vec<_>>()
        };
        seen.watched.subjects.iter().flat_map(of).collect()
    }

    pub(super) fn json(&self) -> String {
        let all = json!({
            "history": VERSION,
            "target": self.target,
            "probe": self.probe,
            "from": self.from.to_string(),
            "to": self.to.to_string(),
            "questions": self.seen.iter().map(question).collect::<Vec<_>>(),
            "exit": self.exit,
        });
        format!("{all:#}\n")
    }
}

fn question(seen: &Seen) -> Json {
    let Watched { facts, subjects, asked } = &seen.watched;
    let at = |micros: i64| timestamp(micros).map_or(Json::Null, |at| json!(at.to_string()));
    let fault = |(when, fault): &(i64, Option<Arc<crate::fact::Missing>>)| {
        let fault = fault.as_ref()?;
        Some(json!({ "at": at(*when), "cause": fault.cause.word(), "what": fault.what }))
    };
    let fact = |((name, ty), seen): (&(Arc<str>, Type), &WatchedFact)| {
        let samples = seen.track.at.iter().zip(&seen.track.values);
        json!({
            "fact": name,
            "samples": samples.map(|(when, value)| json!([at(*when), value_to_json(value, ty)])).collect::<Vec<_>>(),
            "unread": seen.unread.iter().map(|when| at(*when)).collect::<Vec<_>>(),
        })
    };
    let subject = |(name, seen): (&Arc<str>, &Vec<WatchedFact>)| json!({ "subject": name, "facts": facts.iter().zip(seen).map(fact).collect::<Vec<_>>() });
    json!({
        "args": serde_json::from_str::<Json>(&seen.key.args).unwrap_or(Json::Null),
        "facts": facts.iter().map(|(name, ty)| json!({ "name": name, "type": ty.to_string() })).collect::<Vec<_>>(),
        "asked": asked.len(),
        "without_answer": asked.iter().filter_map(fault).collect::<Vec<_>>(),
        "subjects": subjects.iter().map(subject).collect::<Vec<_>>(),
    })
}

/// One fact of one subject: a chart with its scale, and its samples.
fn alone(one: &One<'_>, look: Look) -> String {
    let (samples, unread) = (one.seen.track.at.len(), one.seen.unread.len());
    let mut text =
        format!("{} · {} [{}]: {}", inline(one.subject), one.fact, one.ty, count(samples, "sample"));
    if unread > 0 {
        text.push_str(&format!(", {unread} could not be read"));
    }
    text.push('\n');
    if look.terminal && one.is_number() {
        text.push_str(&drawn(one, look));
    }
    if let (Some([low, high]), Some([lowest, highest]), Some(last)) =
        (one.extremes(), one.labels(), one.last())
    {
        let rows = [("min", lowest, low.0), ("max", highest, high.0), ("last", one.show(last.1), last.0)];
        for (what, shown, at) in rows {
            text.push_str(&format!("{what:4}  {shown}  at {}\n", time(at)));
        }
    }
    text + &listed(one, look)
}

fn drawn(one: &One<'_>, look: Look) -> String {
    let Some([low, high]) = one.labels() else { return String::new() };
    let margin = low.chars().count().max(high.chars().count());
    let numbers = one.numbers();
    let points = Points { samples: &numbers, unread: &one.seen.unread };
    let columns = points.columns(look.width.saturating_sub(margin + 4).clamp(10, 200));
    let lines = chart::lines(&columns, ROWS, look.unicode);
    let (axis, last) = (if look.unicode { '│' } else { '|' }, lines.len().saturating_sub(1));
    let mut text = String::from("\n");
    for (index, line) in lines.iter().enumerate() {
        let label = if index == 0 {
            &high
        } else if index == last {
            &low
        } else {
            ""
        };
        text.push_str(format!("{label:>margin$} {axis}{line}").trim_end());
        text.push('\n');
    }
    let times: Vec<i64> = one.seen.track.at.iter().chain(&one.seen.unread).copied().collect();
    if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
        let (first, last) = (time(*first), time(*last));
        let room = columns.len().saturating_sub(first.chars().count());
        let indent = " ".repeat(margin + 2);
        let both = if room > last.chars().count() {
            format!("{first}{last:>room$}")
        } else {
            format!("{first} to {last}")
        };
        text.push_str(&format!("{indent}{both}\n"));
    }
    text.push_str(&legend(&columns, &one.null));
    text + "\n"
}

/// What the marks mean that are in the chart.
fn legend(columns: &[chart::Column], null: &str) -> String {
    let marks = [
        (chart::Column::Unread, "? could not be read".to_owned()),
        (chart::Column::Null, format!("- {null}")),
        (chart::Column::Gap, "blank: no sample".to_owned()),
    ];
    let there: Vec<String> =
        marks.into_iter().filter(|(mark, _)| columns.contains(mark)).map(|(_, words)| words).collect();
    if there.is_empty() { String::new() } else { format!("({})\n", there.join(", ")) }
}

/// Samples, the last ones on a terminal. Words that stay the same are listed once.
fn listed(one: &One<'_>, look: Look) -> String {
    let samples = one.seen.track.at.iter().copied().zip(&one.seen.track.values);
    let mut rows: Vec<(i64, String)> = samples.map(|(at, value)| (at, one.show(value))).collect();
    rows.extend(one.seen.unread.iter().map(|at| (*at, "(could not be read)".to_owned())));
    rows.sort_by_key(|(at, _)| *at);
    if look.terminal && !one.is_number() {
        rows.dedup_by(|next, known| next.1 == known.1);
    }
    let hidden = if look.terminal { rows.len().saturating_sub(SAMPLES) } else { 0 };
    let mut lines = vec![vec!["time".to_owned(), one.fact.to_owned()]];
    lines.extend(rows.into_iter().skip(hidden).map(|(at, shown)| vec![time(at), shown]));
    let more = if hidden == 0 {
        String::new()
    } else {
        format!("… and {} before; a pipe or `--format json` has all\n", count(hidden, "line"))
    };
    format!("\n{}{more}", columns(&lines))
}

/// Many facts or subjects: a line each.
fn together(ones: &[One<'_>], look: Look) -> String {
    let most = if look.terminal { SUBJECTS * ROWS } else { usize::MAX };
    let row = |one: &One<'_>| {
        let last = one.last().map_or_else(|| "-".to_owned(), |(_, value)| one.show(value));
        let [low, high] = one.labels().unwrap_or_else(|| ["-".to_owned(), "-".to_owned()]);
        let samples = one.seen.track.at.len();
        let unread = one.seen.unread.len();
        vec![
            inline(one.subject),
            one.fact.to_owned(),
            last,
            low,
            high,
            samples.to_string(),
            unread.to_string(),
        ]
    };
    let head = ["subject", "fact", "last", "min", "max", "samples", "unread"].map(str::to_owned).to_vec();
    let shown = ones.get(..most).unwrap_or(ones);
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(shown.iter().map(row)).collect();
    let table = columns(&lines);
    let widest = table.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let room = look.width.saturating_sub(widest + 2);
    let mut text = String::new();
    for (index, line) in table.lines().enumerate() {
        let one = index.checked_sub(1).and_then(|index| shown.get(index));
        match one.filter(|one| look.terminal && room >= 8 && one.is_number()) {
            Some(one) => {
                let numbers = one.numbers();
                let points = Points { samples: &numbers, unread: &one.seen.unread };
                let drawn = chart::line(&points.columns(room.min(60)), look.unicode);
                text.push_str(format!("{line:widest$}  {drawn}").trim_end());
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    if ones.len() > shown.len() {
        let more = ones.len() - shown.len();
        text.push_str(&format!("… and {more} more; `--subject` and `--fact` choose\n"));
    }
    text
}

/// The runs, the last one first.
pub(super) fn runs(runs: &[StoredRun]) -> String {
    if runs.is_empty() {
        return "no run; `--since` looks further back\n".to_owned();
    }
    let row = |run: &StoredRun| {
        let counts: Vec<String> = Verdict::ALL
            .iter()
            .rev()
            .filter(|verdict| run.checks.of(**verdict) > 0)
            .map(|verdict| format!("{} {}", run.checks.of(*verdict), verdict.word()))
            .collect();
        let why = if run.exit == 0 { String::new() } else { inline(&run.exit_reason) };
        vec![run.id.to_string(), time(micros_of(run.started)), run.exit.to_string(), counts.join(", "), why]
    };
    let head = ["run", "started", "exit", "checks", ""].map(str::to_owned).to_vec();
    columns(&std::iter::once(head).chain(runs.iter().map(row)).collect::<Vec<_>>())
}

pub(super) fn runs_json(runs: &[StoredRun], exit: u8) -> String {
    let run = |run: &StoredRun| {
        json!({
            "run": run.id,
            "started": run.started.to_string(),
            "muster": run.muster,
            "host": run.host,
            "exit": run.exit,
            "exit_reason": run.exit_reason,
            "checks": run.checks,
            "subjects": run.subjects,
            "recorded": run.recorded,
        })
    };
    let all = json!({ "history": VERSION, "runs": runs.iter().map(run).collect::<Vec<_>>(), "exit": exit });
    format!("{all:#}\n")
}
