//! What `benches/relations.py` measures: joins and groups of a million rows, judged through the library.
//!
//! `relations join|apart|group ROWS TIMES` prints figures, a line each. `join` is judged by a rule that finds nothing,
//! `apart` by one that finds every row that stands on one side only.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench stops at the first thing that is wrong, and measures by the clock"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use passmuster::fact::{Identity, Observation, Past, Request, TableBuilder, Value};
use passmuster::judge::{Given, Outcome, judge};
use passmuster::plan::{Input, Plan, Selection, TargetInfo, bind};
use passmuster::policy::Project;
use passmuster::policy::load::{File, Loaded, documents};
use passmuster::source::Source;
use passmuster::verdict::Recall;

/// As in `muster` itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HEAD: &str = "\
policy: relations
title: Rows against rows
tier: daily
severity: low
owner: team-bench
why: It is measured.
target: { type: sqlite }
remedy:
  steps:
    - do: Nothing.
";

const JOIN: &str = "\
observe:
  left: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { path: path, size: bytes }, key: [path] }
  right: { probe: sqlite.query, with: { sql: SELECT 2 }, facts: { path: path, size: bytes }, key: [path] }
join:
  pairs: { of: [left, right], by: path }
each: pairs
";

const GROUP: &str = "\
observe:
  files: { probe: sqlite.query, with: { sql: SELECT 1 }, facts: { team: text, size: bytes } }
group:
  teams:
    of: files
    by: team
    let: { number: count(), whole: sum(size), least: min(size), most: max(size), middle: median(size) }
each: teams
fail: middle > most || whole < most
";

/// Spreads numbers, each of which stays one of its own.
fn spread(number: i64) -> i64 {
    number * 2_654_435_761 % 4_294_967_296
}

/// A text of 50 characters.
fn path(number: i64) -> Value {
    let spread = spread(number);
    Value::text(format!("/srv/uploads/2026/11/{:02x}/{spread:021x}.jpeg", spread % 256))
}

fn size(number: i64) -> Value {
    Value::Int(number * 7919 % 100_003 * 4096)
}

fn team(number: i64) -> Value {
    Value::text(format!("team-{:05}", number * 7919 % 10_000))
}

fn plan(text: &str) -> Plan {
    let mut loaded = Loaded::default();
    let source = Source::new("relations.yaml", text);
    documents(&File { source, library: None, folder: ".".into() }, None, &mut loaded);
    assert!(loaded.diags.is_empty(), "{:?}", loaded.diags);
    let target = TargetInfo { name: "db".into(), kind: "sqlite".into(), ..TargetInfo::default() };
    let (project, selection) = (Project::default(), Selection::default());
    let input = Input {
        policies: &loaded.policies,
        targets: &[Arc::new(target)],
        project: &project,
        selection: &selection,
        has_project: false,
    };
    bind(&input).unwrap()
}

fn answer(
    request: &Request,
    rows: impl Iterator<Item = [(&'static str, Value); 2]>,
    at: Timestamp,
) -> Observation {
    let mut table = TableBuilder::new(&request.schema, usize::MAX);
    for cells in rows {
        cells.into_iter().fold(table.row(), |row, (name, value)| row.set(name, value)).push();
    }
    Observation {
        key: request.key.clone(),
        result: Ok(table.finish()),
        at,
        source_clock: Some(at),
        took: Duration::ZERO,
        identity: Identity::default(),
    }
}

/// Nine tenths of the keys are on both sides; the right side has its rows in another order.
fn sides(plan: &Plan, rows: i64, at: Timestamp) -> Vec<Observation> {
    let file = |number: i64| [("path", path(number)), ("size", size(number))];
    let mixed = move |number: i64| rows / 10 + number * 611_953 % rows;
    let [left, right] = plan.requests.as_slice() else { return Vec::new() };
    vec![answer(left, (0..rows).map(file), at), answer(right, (0..rows).map(mixed).map(file), at)]
}

fn files(plan: &Plan, rows: i64, at: Timestamp) -> Vec<Observation> {
    let row = |number: i64| [("team", team(number)), ("size", size(spread(number)))];
    plan.requests.iter().map(|request| answer(request, (0..rows).map(row), at)).collect()
}

/// Mebibytes of a line of what the kernel says of us.
fn memory(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u32 = line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap();
    format!("{:.1}", f64::from(kib) / 1024.0)
}

/// Milliseconds for which all threads of this process ran, ended ones too; the kernel counts them in ticks of ten.
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = text.rsplit(')').next().unwrap().split(' ').skip(12).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() * 10.0
}

fn main() {
    let words: Vec<String> = std::env::args().filter(|word| word != "--bench").collect();
    let [_, what, rows, times] = words.as_slice() else {
        println!("relations join|apart|group ROWS TIMES; benches/relations.py calls it");
        return;
    };
    let rows: i64 = rows.parse().unwrap();
    let rules = match what.as_str() {
        "join" => format!("{JOIN}fail: side == \"both\" && left.size != right.size\n"),
        "apart" => format!("{JOIN}fail: side != \"both\"\n"),
        _ => GROUP.to_owned(),
    };
    let plan = plan(&format!("{HEAD}{rules}"));
    let at: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
    let answers = if what == "group" { files(&plan, rows, at) } else { sides(&plan, rows, at) };
    println!("rows_mib {}", memory("VmRSS"));
    for _ in 0..times.parse().unwrap() {
        let (began, ran) = (Instant::now(), processor());
        let (recall, past) = (Recall::default(), Past::default());
        let outcome: Outcome =
            judge(plan.checks.first().unwrap(), &answers, &Given { at, recall: &recall, past: &past });
        println!("judge_ms {:.1}", began.elapsed().as_secs_f64() * 1000.0);
        println!("processor_ms {:.1}", processor() - ran);
        println!("passed {}", outcome.check.counts.pass);
        println!("failed {}", outcome.check.counts.fail);
        println!("unknown {}", outcome.check.counts.unknown);
    }
    println!("peak_mib {}", memory("VmHWM"));
}
