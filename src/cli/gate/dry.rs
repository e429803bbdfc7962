//! `--dry-run`: what would be read, by which method, about how many rows and how long, before anything is read.
//!
//! Rates are those that were measured on two cores with warm tables (`docs/gate.md`); a disk, a network or a busy server
//! makes it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::fact::{Missing, Request};
use crate::policy::model::Arg;
use crate::report::inline;
use crate::secret::Redactor;

use super::super::exit;
use super::super::output::{Done, Problem, say};
use super::super::page::{Page, columns};
use super::super::run::Options;
use super::super::setup::Setup;
use super::asker::Asker;
use super::estimate::{Estimate, question, read};
use super::page::{doc, is_comparison};
use super::sides::{Sides, positions};
use super::snapshot::counted;
use super::verify::shown;

/// How an answer is made, and how many rows of one table that is in a second.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Method {
    word: &'static str,
    rate: u64,
}

/// Nothing if the probe does not read tables row by row.
fn method(probe: &str, kinds: &[&str]) -> Option<Method> {
    let postgres = kinds.iter().all(|kind| *kind == "postgres");
    let mysql = kinds.iter().all(|kind| *kind == "mysql");
    let of = |word, rate| Some(Method { word, rate });
    match probe {
        "data.row_counts" if postgres => of("count(*)", 12_200_000),
        "data.row_counts" if mysql => of("count(*)", 11_300_000),
        "data.row_counts" => of("count(*)", 5_000_000),
        "data.fingerprints" if postgres => of("binary stream, hashed", 1_340_000),
        "data.fingerprints" => of("rows, hashed", 380_000),
        "data.compare" if postgres => of("row hash per key segment", 1_800_000),
        "data.compare" if mysql => of("row hash per key segment", 710_000),
        "data.compare" => of("both sides streamed", 380_000),
        _ => None,
    }
}

/// What is known of the tables of each source.
type Known = BTreeMap<Arc<str>, Result<Vec<Estimate>, Arc<Missing>>>;

/// A question with who asks it.
struct Planned<'a> {
    request: &'a Request,
    /// Policies.
    users: BTreeSet<&'a str>,
    /// The flag that raises its budget.
    raise: String,
}

pub(super) fn run(setup: &Setup, sides: &Sides, options: &Options, redactor: &Arc<Redactor>) -> Done {
    let now =
        planned(sides, sides.pairs.iter().filter_map(|pair| Some((pair.now, pair.then.as_ref().ok()?))));
    let requests = sides.plan.requests.iter().enumerate();
    let later = planned(sides, requests.filter(|(_, request)| is_comparison(request)));
    let known = estimates(setup, now.iter().chain(&later), options, redactor)?;
    let mut page = Page::new();
    page.title("muster gate snapshot --dry-run", "nothing was read but the catalogs' own estimates of rows");
    let mut total = Duration::ZERO;
    for one in &now {
        total += one.show(&mut page, setup, &known);
    }
    for pair in &sides.pairs {
        if let Err(why) = &pair.then {
            page.head(&format!("not asked, for {}", pair.target));
            page.prose(&why.to_string());
        }
    }
    let mut tail = Page::new();
    if !later.is_empty() {
        tail.title("muster gate verify", "asks these of both sides at once; they are no part of a snapshot");
        for one in &later {
            one.show(&mut tail, setup, &known);
        }
    }
    let nothing = now.is_empty() && later.is_empty();
    let sum = if nothing {
        "nothing would be read: no policy of tier `release` compares anything".to_owned()
    } else {
        format!("the snapshot: {}, about {} of reading rows", counted(now.len(), "question"), rounded(total))
    };
    say(&redactor.clean_finished(&format!("{}{}\n{sum}\n", page.finish(), tail.finish())))?;
    Ok(if nothing { exit::NOTHING } else { exit::GOOD })
}

/// Each question once, in the order of the plan.
fn planned<'a>(sides: &'a Sides, asked: impl Iterator<Item = (usize, &'a Request)>) -> Vec<Planned<'a>> {
    let mut found: Vec<Planned<'a>> = Vec::new();
    for (place, request) in asked {
        let users = users(sides, place);
        let known = found.iter().position(|one| one.request.key == request.key);
        if let Some(one) = known.and_then(|at| found.get_mut(at)) {
            one.users.extend(users.iter().map(|(policy, _)| *policy));
            continue;
        }
        let raise = users.iter().find_map(|(_, raise)| raise.clone());
        let raise = raise.unwrap_or_else(|| "`budget:` under `with`".to_owned());
        let users = users.into_iter().map(|(policy, _)| policy).collect();
        found.push(Planned { request, users, raise });
    }
    found
}

/// The policies that ask a question, with the flag that sets its budget.
fn users(sides: &Sides, place: usize) -> Vec<(&str, Option<String>)> {
    let mut found = Vec::new();
    for check in &sides.plan.checks {
        for (observe, asked) in check.policy.observe.iter().zip(&check.requests) {
            if !positions(asked).contains(&place) {
                continue;
            }
            let budget = observe.args.iter().find(|(name, ..)| &**name == "budget");
            let raise = budget.and_then(|(_, arg, _)| match arg {
                Arg::Param(index) => {
                    let name = &check.policy.params.get(*index)?.name;
                    Some(format!("`--set {}.{name}=ROWS`", check.policy.id))
                }
                Arg::Value(_) => None,
            });
            found.push((&*check.policy.id, raise));
        }
    }
    found
}

fn kind<'s>(setup: &'s Setup, name: &str) -> &'s str {
    setup.entries.iter().find(|entry| *entry.name == *name).map_or("", |entry| &*entry.kind)
}

impl Planned<'_> {
    /// Whose tables are read: those of the source where both sides are.
    fn source(&self) -> &str {
        self.request.others().into_iter().next().map_or(&self.request.key.target, |(_, name)| name)
    }

    fn method(&self, setup: &Setup) -> Option<Method> {
        let kinds = [kind(setup, self.source()), kind(setup, &self.request.key.target)];
        method(&self.request.key.probe, &kinds)
    }

    /// Is a table among those that are asked for?
    fn is_wanted(&self, table: &str) -> bool {
        let args = &self.request.args;
        let (tables, except, schemas) = (args.texts("tables"), args.texts("except"), args.texts("schemas"));
        let schema = table.split_once('.').map(|(schema, _)| schema);
        (tables.is_empty() || tables.iter().any(|name| **name == *table))
            && !except.iter().any(|name| **name == *table)
            && (schemas.is_empty() || schema.is_none_or(|own| schemas.iter().any(|name| **name == *own)))
    }

    /// Shows it, and says how long it takes.
    fn show(&self, page: &mut Page, setup: &Setup, known: &Known) -> Duration {
        let users = self.users.iter().copied().collect::<Vec<_>>().join(", ");
        let source = self.source();
        page.head(&format!("{} of {source}, for {users}", self.request.key.probe));
        let Some(method) = self.method(setup) else {
            page.prose(&format!("the whole answer at once: {}", doc(&self.request.key.probe)));
            return Duration::ZERO;
        };
        match known.get(source) {
            Some(Ok(tables)) => {
                let (text, total) = self.tables(tables, method);
                page.prose(&text);
                total
            }
            Some(Err(why)) => {
                page.prose(&format!("{}: how large its tables are is not known: {why}", method.word));
                Duration::ZERO
            }
            None => {
                page.prose(&format!("{}: how large its tables are nobody can ask", method.word));
                Duration::ZERO
            }
        }
    }

    fn tables(&self, tables: &[Estimate], method: Method) -> (String, Duration) {
        let budget = self.request.args.int("budget").and_then(|rows| u64::try_from(rows).ok());
        let mut lines =
            vec![["table", "rows, about", "method", "time, about", ""].map(str::to_owned).to_vec()];
        let mut total = Duration::ZERO;
        for table in tables.iter().filter(|table| self.is_wanted(&table.table)) {
            let over = table.rows.zip(budget).is_some_and(|(rows, budget)| rows > budget);
            let took = table.rows.filter(|_| !over).map(|rows| time(rows, method));
            total += took.unwrap_or_default();
            let rows = table.rows.map_or_else(|| "not counted yet".to_owned(), |rows| rows.to_string());
            let note = if over {
                format!(
                    "over its budget of {}: unknown: limit; raise it with {}",
                    budget.unwrap_or(0),
                    self.raise
                )
            } else {
                String::new()
            };
            let word = if over { "not read" } else { method.word };
            let took = took.map_or_else(|| "?".to_owned(), rounded);
            lines.push(vec![inline(&table.table), rows, word.to_owned(), took, note]);
        }
        if lines.len() == 1 {
            return ("no table".to_owned(), total);
        }
        (columns(&lines), total)
    }
}

fn time(rows: u64, method: Method) -> Duration {
    Duration::from_millis(rows.saturating_mul(1000) / method.rate.max(1))
}

/// What is about so long is not told to the millisecond.
fn rounded(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        "1s or less".to_owned()
    } else {
        shown(Duration::from_secs(time.as_secs()))
    }
}

/// One small question to each source whose tables would be read.
fn estimates<'a>(
    setup: &Setup,
    planned: impl Iterator<Item = &'a Planned<'a>>,
    options: &Options,
    redactor: &Arc<Redactor>,
) -> Result<Known, Problem> {
    let sources: BTreeSet<&str> =
        planned.filter(|one| one.method(setup).is_some()).map(Planned::source).collect();
    let asked: Vec<Request> =
        sources.into_iter().filter_map(|source| question(source, kind(setup, source))).collect();
    if asked.is_empty() {
        return Ok(Known::new());
    }
    let asker = Asker::new(setup, asked.iter(), redactor, &[], None)?;
    let answers = asker.ask(&asked, options, None);
    asker.end();
    Ok(answers.iter().map(|answer| (Arc::clone(&answer.key.target), read(answer))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_over_its_budget_is_not_read_and_the_flag_that_raises_it_is_named() {
        let mut args = crate::fact::Args::default();
        args.insert(Arc::from("budget"), crate::fact::Value::Int(1_000), crate::fact::Type::Int);
        let names = crate::fact::Type::list(crate::fact::Type::Text(crate::fact::TextKind::SqlName));
        args.insert(Arc::from("except"), crate::fact::Value::texts(["public.logs"]), names);
        let schema = Arc::new(crate::fact::catalogue::find("sqlite.tables").unwrap().schema());
        let request = Request::new("data.row_counts", "old", args, schema, Vec::new());
        let raise = "`--set gate-rows.most=ROWS`".to_owned();
        let planned = Planned { request: &request, users: BTreeSet::new(), raise };
        let table = |name: &str, rows| Estimate { table: name.to_owned(), rows, bytes: None };
        let tables = [
            table("public.small", Some(999)),
            table("public.large", Some(24_400_000)),
            table("public.new", None),
            table("public.logs", Some(1)),
        ];
        let method = method("data.row_counts", &["postgres"]).unwrap();
        let (text, total) = planned.tables(&tables, method);
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or("");
        assert!(line("small").contains("count(*)"), "{text}");
        let large = line("large");
        assert!(large.contains("not read") && large.contains("--set gate-rows.most=ROWS"), "{text}");
        assert!(line("public.new").contains("not counted yet"), "{text}");
        assert_eq!(line("logs"), "", "it is left out");
        assert_eq!(total, Duration::ZERO);
    }

    #[test]
    fn only_what_reads_rows_has_a_rate_and_two_engines_are_streamed() {
        assert_eq!(method("postgres.settings", &["postgres", "postgres"]), None);
        let same = method("data.compare", &["postgres", "postgres"]).unwrap();
        let other = method("data.compare", &["mysql", "postgres"]).unwrap();
        assert!(other.rate < same.rate);
        assert_eq!(time(3_600_000, same), Duration::from_secs(2));
        assert_eq!(rounded(Duration::from_millis(7)), "1s or less");
    }
}
