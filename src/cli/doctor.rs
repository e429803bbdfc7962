//! `muster doctor`: which facts each target shows, and the exact grants for those that it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::diag::did_you_mean;
use crate::fact::{
    Cause, Cell, Declared, Level, Missing, Observation, Pattern, ProbeDecl, Request, Table, Value, ZeroRows,
    catalogue, database_of, in_database,
};
use crate::observe::verify;
use crate::policy::{Project, TargetEntry};
use crate::report::inline;
use crate::secret::Redactor;

use super::exit;
use super::facts::{Fault, faults, identity};
use super::output::{self, Done, Problem, say};
use super::probe::default_args;
use super::records::Remembered;
use super::run::{Options, ask, plan};
use super::setup::{Select, Sources, project, setup};
use super::targets::{adhoc, info, is_address, reach};

/// Shows which facts each target lets us see, and the exact grants for the rest
#[derive(Args)]
#[command(after_help = "Examples:
  muster doctor
  muster doctor --target shop-db
  muster doctor --target postgres://watcher@db.internal/shop

Asks every target what its type can tell, and what the policies of the project ask of it.
Exit codes: 0 everything that they have is visible, 2 wrong input, 3 something is not")]
pub(super) struct Arguments {
    /// Only this target (`*` stands for any characters), or an address
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<std::path::PathBuf>,
    /// How long one answer may take, unless the target says otherwise
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = super::check::duration)]
    deadline: Duration,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let project = project(&sources)?;
    let entries = entries(arguments, project.as_ref())?;
    let mut requests: Vec<Request> = entries.iter().flat_map(of_type).collect();
    if project.is_some() {
        of_policies(&sources, &entries, &mut requests);
    }
    let redactor = Redactor::new();
    let project = project.unwrap_or_default();
    let reachable = reach(&entries, &project, &|_| true, &redactor)
        .map_err(Problem::new)?
        .remembering(|| Remembered::of_project(&project, jiff::Timestamp::now()));
    let options = Options { deadline: arguments.deadline, ..Options::default() };
    let mut answers = ask(reachable, &requests, &options, &redactor)?;
    verify(&mut answers, &entries.iter().map(info).collect::<Vec<_>>());
    let mut healthy = true;
    let mut text = String::new();
    for entry in &entries {
        let own: Vec<&Observation> =
            answers.iter().filter(|answer| answer.key.target == entry.name).collect();
        let seen = Seen::of(entry, &own);
        healthy &= seen.fixes.is_empty() && seen.good;
        text.push_str(&seen.text);
        text.push_str(&prescription(entry, &seen.fixes));
        text.push('\n');
    }
    say(&redactor.clean_finished(text.trim_start_matches('\n')))?;
    Ok(if healthy { exit::GOOD } else { exit::UNKNOWN })
}

fn entries(arguments: &Arguments, project: Option<&Project>) -> Result<Vec<TargetEntry>, Problem> {
    let known = project.map(|project| project.targets.as_slice()).unwrap_or_default();
    if arguments.target.is_empty() {
        return match (project, known) {
            (None, _) => Ok(vec![adhoc("host")?]),
            (Some(_), []) => Err(Problem::usage(
                "muster.yaml names no target",
                "add one under `targets:`, or say `--target host`",
            )),
            (Some(_), known) => Ok(known.to_vec()),
        };
    }
    let mut entries: Vec<TargetEntry> = Vec::new();
    for text in &arguments.target {
        let pattern =
            Pattern::new(text).map_err(|error| Problem::usage(error, "`*` stands for any characters"))?;
        let found: Vec<&TargetEntry> = known.iter().filter(|entry| pattern.matches(&entry.name)).collect();
        if found.is_empty() && is_address(text) {
            entries.push(adhoc(text)?);
        } else if found.is_empty() {
            let names = || known.iter().map(|entry| &*entry.name);
            let help = did_you_mean(text, names()).unwrap_or_else(|| match known {
                [] => {
                    "there is no project here: give an address, such as `postgres://user@host/db`".to_owned()
                }
                _ => format!("targets are {}", names().collect::<Vec<_>>().join(", ")),
            });
            return Err(Problem::usage(format!("`--target {text}` matches nothing"), help));
        }
        for entry in found {
            if !entries.iter().any(|known| known.name == entry.name) {
                entries.push(entry.clone());
            }
        }
    }
    Ok(entries)
}

/// Probes of the target's type. A database is asked by its own probes, which also tell whether it answers.
fn probes(entry: &TargetEntry) -> impl Iterator<Item = &'static ProbeDecl> {
    let kind = Arc::clone(&entry.kind);
    let own = format!("{kind}.");
    let has_own = catalogue::PROBES.iter().any(|probe| probe.name.starts_with(&own));
    let scheme = entry.url.as_ref().map_or(String::new(), |url| url.scheme().to_owned());
    catalogue::PROBES.iter().copied().filter(move |probe| {
        probe.targets.contains(&&*kind)
            && (!has_own || probe.name.starts_with(&own))
            && speaks(probe.name, &scheme)
    })
}

/// Does a service of this scheme speak what the probe speaks?
fn speaks(probe: &str, scheme: &str) -> bool {
    !matches!((probe, scheme), ("http.response", "tcp" | "tls" | "smtp") | ("tls.chain", "http" | "tcp"))
}

fn needs_arguments(probe: &ProbeDecl) -> bool {
    probe.declared == Declared::Required || probe.params.iter().any(|param| param.required)
}

/// What a target is asked because of its type.
fn of_type(entry: &TargetEntry) -> Vec<Request> {
    let asked = probes(entry).filter(|probe| probe.is_built() && !needs_arguments(probe));
    asked
        .map(|probe| {
            let schema = Arc::new(probe.schema());
            Request::new(probe.name, &entry.name, default_args(probe), schema, Vec::new())
        })
        .collect()
}

/// What the policies of the project ask of the targets besides.
fn of_policies(sources: &Sources, entries: &[TargetEntry], requests: &mut Vec<Request>) {
    let planned = setup(sources, &Select::default(), false, false).and_then(|setup| plan(&setup));
    let Ok(plan) = planned else {
        output::note(
            "the policies of the project could not be read, so only what needs no policy is looked at; `muster lint` says why",
        );
        return;
    };
    for request in plan.requests {
        let wanted = entries.iter().any(|entry| entry.name == request.key.target);
        if wanted && !requests.iter().any(|known| known.key == request.key) {
            requests.push(request);
        }
    }
}

/// What was seen of a target.
struct Seen {
    text: String,
    /// What would show the rest, each once.
    fixes: Vec<String>,
    good: bool,
}

impl Seen {
    fn of(entry: &TargetEntry, answers: &[&Observation]) -> Self {
        let mut seen =
            Self { text: format!("\n{} ({})", entry.name, entry.kind), fixes: Vec::new(), good: true };
        if answers.is_empty() {
            // Nobody tried, so nobody knows.
            seen.text.push_str(": not asked\n");
            seen.unasked(entry, &BTreeMap::new());
            seen.good = false;
            return seen;
        }
        if let Some(why) = dead(answers) {
            seen.text.push_str(&format!(": not reachable\n  {}: {}\n", why.cause, inline(&why.what)));
            seen.missing(&why);
            return seen;
        }
        let who = answers.iter().map(|answer| identity(&answer.identity)).find(|who| !who.is_empty());
        let who = who.map_or(String::new(), |who| format!(", {who}"));
        seen.text.push_str(&format!(": reachable{who}\n"));
        let mut answered: BTreeMap<&str, Vec<&Observation>> = BTreeMap::new();
        answers.iter().for_each(|answer| answered.entry(&answer.key.probe).or_default().push(answer));
        for (probe, answers) in &answered {
            answers.iter().for_each(|answer| seen.answer(probe, answer));
        }
        seen.unasked(entry, &answered);
        seen
    }

    fn unasked(&mut self, entry: &TargetEntry, answered: &BTreeMap<&str, Vec<&Observation>>) {
        for probe in probes(entry).filter(|probe| !answered.contains_key(probe.name)) {
            let why = if probe.is_built() {
                "needs arguments, and no policy asks it here"
            } else {
                "not in this build"
            };
            self.text.push_str(&format!("  -  {}: {why}\n", probe.name));
        }
    }

    fn missing(&mut self, why: &Missing) {
        self.good = false;
        for fix in why.fix.iter().flat_map(|fix| statements(fix)) {
            if !self.fixes.contains(&fix) {
                self.fixes.push(fix);
            }
        }
    }

    fn table(&mut self, head: &str, table: &Table) {
        let faults = faults(table);
        let hidden = faults.iter().flat_map(|fault| &fault.facts).collect::<BTreeSet<_>>().len();
        let lacks = |fault: &Fault| !is_unwanted(&fault.why) && !has_none(&fault.why);
        let whole = !faults.iter().any(lacks) && table.cut.is_none();
        let mark = match (whole, hidden) {
            (true, 0) => "✓",
            (true, _) => "-",
            (false, _) => "✗",
        };
        let rows = match table.rows.len() {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        let total = table.schema.fields.len();
        let seen = match hidden {
            0 => format!("all {total} facts"),
            hidden => format!("{} of {total} facts", total.saturating_sub(hidden)),
        };
        self.text.push_str(&format!("  {mark}  {head}: {seen}, {rows}\n"));
        for fault in faults.iter().filter(|fault| !is_unwanted(&fault.why)) {
            let names = fault.facts.iter().map(|name| &**name).collect::<Vec<_>>().join(", ");
            let why = &fault.why;
            self.text.push_str(&format!("       {names}: {}: {}\n", why.cause, inline(&why.what)));
            if lacks(fault) {
                self.missing(why);
            }
        }
        if let Some(why) = &table.cut {
            self.text.push_str(&format!("       cut: {}: {}\n", why.cause, inline(&why.what)));
            self.missing(why);
        }
    }

    fn answer(&mut self, probe: &str, answer: &Observation) {
        let plain = catalogue::find(probe)
            .is_some_and(|probe| *default_args(probe).to_json().to_string() == *answer.key.args);
        let args = if plain { String::new() } else { format!(" {}", answer.key.args) };
        let head = format!("{probe}{}", clipped(&inline(&args)));
        match &answer.result {
            Err(why) if plain && is_about_arguments(why) => {
                self.text.push_str(&format!("  -  {head}: needs arguments ({})\n", inline(&why.what)));
            }
            Ok(table)
                if plain
                    && table.rows.is_empty()
                    && table.schema.zero == ZeroRows::Suspicious
                    && table.cut.is_none() =>
            {
                self.text.push_str(&format!("  ?  {head}: answered without any row\n"));
            }
            Err(why) if has_none(why) => {
                self.text.push_str(&format!("  -  {head}: {}: {}\n", why.cause, inline(&why.what)));
            }
            Err(why) => {
                self.text.push_str(&format!("  ✗  {head}: {}: {}\n", why.cause, inline(&why.what)));
                self.missing(why);
            }
            Ok(table) => self.table(&head, table),
        }
    }
}

/// Several statements in one line as one each, so that none is told twice.
fn statements(fix: &str) -> Vec<String> {
    let starts = ["GRANT ", "ALTER ", "CREATE EXTENSION ", "ANALYZE ", "\\connect "];
    let mut parts: Vec<String> = Vec::new();
    for part in fix.split_inclusive("; ") {
        match parts.last_mut() {
            Some(last) if !starts.iter().any(|verb| part.starts_with(verb)) => last.push_str(part),
            _ => parts.push(part.to_owned()),
        }
    }
    let mut last = None;
    let named = parts.iter().map(|part| {
        let (database, statement) = database_of(part.trim_end());
        last = database.or(last);
        last.map_or_else(|| statement.to_owned(), |database| in_database(database, statement))
    });
    named.collect()
}

fn clipped(text: &str) -> String {
    let short: String = text.chars().take(70).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// Not read because nobody asked for it, or because nobody may: that is no right that is missing.
fn is_unwanted(why: &Missing) -> bool {
    why.cause == Cause::Absent && matches!(why.level, Level::Field | Level::Row) && why.fix.is_none()
}

/// The system has no such thing, whoever asks: an older version, a primary that follows nobody.
fn has_none(why: &Missing) -> bool {
    let mends = |fix: &String| is_command(fix, true) || is_command(fix, false);
    why.cause == Cause::Unsupported && why.level != Level::Target && !why.fix.as_ref().is_some_and(mends)
}

/// A probe that can do nothing without being told where to look says so of its arguments.
fn is_about_arguments(why: &Missing) -> bool {
    why.level == Level::Probe && matches!(why.cause, Cause::WrongType | Cause::Empty | Cause::Absent)
}

/// Did nobody answer? What is denied was answered.
fn is_silence(why: &Missing) -> bool {
    matches!(why.cause, Cause::Unreachable | Cause::Timeout)
}

/// The one fault that hides everything of a target.
fn dead(answers: &[&Observation]) -> Option<Missing> {
    let (mut why, mut is_closed) = (None, false);
    for answer in answers {
        match &answer.result {
            // That a port is closed is an answer of the probe, and none of the target.
            Ok(table) if table.cell(0, "open") == Some(&Ok(Value::Bool(false))) => is_closed = true,
            Ok(table) => why = Some(nothing(table).filter(|why| is_silence(why))?),
            Err(missing) if missing.level == Level::Target || is_silence(missing) => why = Some(missing),
            Err(missing) if is_about_arguments(missing) => {}
            Err(_) => return None,
        }
    }
    let closed = || {
        let why = Missing::new(Cause::Unreachable, "its port is closed").level(Level::Target);
        why.fix("start what is to listen there, or correct the address")
    };
    why.cloned().or_else(|| is_closed.then(closed))
}

/// Why a table tells nothing beside its key, in every row.
fn nothing(table: &Table) -> Option<&Missing> {
    let told = |row: &[Cell]| {
        let mut cells = row.iter().enumerate().filter(|(at, _)| !table.schema.key.contains(at));
        cells.any(|(_, cell)| cell.is_ok())
    };
    if table.rows.iter().any(|row| told(row)) {
        return None;
    }
    let mut faults = table.rows.iter().flat_map(|row| row.iter().filter_map(|cell| cell.as_ref().err()));
    faults.next().map(|why| &**why)
}

/// One block that can be pasted: what is no statement stands in it as a comment.
fn prescription(entry: &TargetEntry, fixes: &[String]) -> String {
    if fixes.is_empty() {
        return String::new();
    }
    let sql = matches!(&*entry.kind, "postgres" | "mysql" | "sqlite");
    let comment = if sql { "--" } else { "#" };
    let (run, say): (Vec<&String>, Vec<&String>) = fixes.iter().partition(|fix| is_command(fix, sql));
    let mut text = format!("\n{comment} to see the rest of {}:\n", inline(&entry.name));
    say.iter().for_each(|fix| text.push_str(&format!("{comment} {}\n", inline(fix))));
    let mut by_home: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for (database, statement) in run.iter().map(|fix| database_of(fix)) {
        by_home.entry(database).or_default().push(statement);
    }
    for (database, statements) in by_home {
        let connect = database.map(|database| format!("\\connect {}\n", inline(database)));
        text.push_str(&connect.unwrap_or_default());
        statements.iter().for_each(|statement| text.push_str(&format!("{}\n", inline(statement))));
    }
    text
}

fn is_command(fix: &str, sql: bool) -> bool {
    if sql {
        let (_, statement) = database_of(fix);
        let verbs = ["GRANT ", "ALTER ", "SET ", "CREATE EXTENSION ", "ANALYZE "];
        return fix.ends_with(';') && verbs.iter().any(|verb| statement.starts_with(verb));
    }
    ["setfacl ", "chmod ", "chown ", "namei ", "usermod ", "ulimit ", "getent "]
        .iter()
        .any(|verb| fix.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_told_once() {
        assert_eq!(
            statements("GRANT EXECUTE ON FUNCTION a() TO w; GRANT EXECUTE ON FUNCTION b() TO w;"),
            ["GRANT EXECUTE ON FUNCTION a() TO w;", "GRANT EXECUTE ON FUNCTION b() TO w;"]
        );
        assert_eq!(statements("GRANT SELECT ON \"a; b\" TO w;"), ["GRANT SELECT ON \"a; b\" TO w;"]);
        assert_eq!(statements("look; then say"), ["look; then say"]);
    }

    #[test]
    fn what_is_for_another_database_is_run_there() {
        let fix = r#"\connect b \\ CREATE EXTENSION amcheck; GRANT SELECT ON t TO w; \connect "a 1" \\ GRANT SELECT ON t TO w;"#;
        let mut fixes = statements(fix);
        fixes.push("GRANT pg_monitor TO w;".to_owned());
        let mut entry = adhoc("host").unwrap();
        entry.kind = Arc::from("postgres");
        let told = prescription(&entry, &fixes);
        assert_eq!(
            told.split_once(":\n").unwrap().1,
            "GRANT pg_monitor TO w;\n\\connect \"a 1\"\nGRANT SELECT ON t TO w;\n\\connect b\nCREATE EXTENSION amcheck;\nGRANT SELECT ON t TO w;\n"
        );
    }

    #[test]
    fn what_is_no_statement_is_a_comment() {
        let mut entry = adhoc("host").unwrap();
        let fixes = ["setfacl -m u:w:r /a".to_owned(), "touch the file".to_owned()];
        assert_eq!(
            prescription(&entry, &fixes),
            "\n# to see the rest of localhost:\n# touch the file\nsetfacl -m u:w:r /a\n"
        );
        entry.kind = Arc::from("postgres");
        assert!(
            prescription(&entry, &["GRANT pg_monitor TO w;".to_owned()])
                .ends_with("\nGRANT pg_monitor TO w;\n")
        );
    }
}
