//! `muster probe`: runs one probe and shows what it sees.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::json;

use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{
    Args, Declared, Field, Observation, Pointer, ProbeDecl, Request, Rows, SqlDialect, Type, Value,
    catalogue, observation_to_json, parse_literal, refuse_sql,
};
use crate::observe::verify;
use crate::plan::map_between;
use crate::policy::{Project, TargetEntry, literal};
use crate::secret::Redactor;
use crate::source::{Source, yaml};

use super::output::{Done, Form, Problem, say};
use super::records::Remembered;
use super::run::{Options, ask};
use super::setup::{Sources, project};
use super::targets::{adhoc, info, is_address, reach};
use super::{exit, facts};

/// Runs one probe and shows the facts that it sees
#[derive(ClapArgs)]
#[command(after_help = "Examples:
  muster probe disk.usage
  muster probe file.stat --with path=/etc/passwd
  muster probe postgres.tables --target shop-db --with schemas=public,audit
  muster probe tls.chain --target https://example.org
  muster probe sqlite.query --target sqlite:shop.db --with 'sql=SELECT id, total FROM orders' \\
      --fact id=int --fact total=float? --key id
  muster probe data.compare --target shop-db --with source=old-db --with tables=public.orders
  muster probe data.files --target shop-db --with bucket=s3://uploads/avatars --with 'sql=SELECT path FROM avatars'
  muster probe command.output --with command=smart --with format=json --fact hours=int@/power_on_time/hours

Exit codes: 0 everything was answered, 2 wrong input, 3 something is unknown")]
pub(super) struct Arguments {
    /// The probe; `muster list probes` shows all
    probe: String,
    /// A target of the project, or an address; the only one that fits if left out
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// An argument of the probe; items of a list are separated by commas
    #[arg(long, value_name = "NAME=VALUE")]
    with: Vec<String>,
    /// A fact that is declared here: its type, and where it stands if not under its name
    #[arg(long, value_name = "NAME=TYPE[@PLACE]")]
    fact: Vec<String>,
    /// Facts that tell rows apart
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    key: Vec<String>,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Form::Human)]
    format: Form,
    /// How long the answer may take, unless the target says otherwise
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = super::check::duration)]
    deadline: Duration,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    let json = arguments.format == Form::Json;
    probe(arguments).map_err(|problem| Problem { json, ..problem })
}

fn probe(arguments: &Arguments) -> Done {
    let probe = declaration(&arguments.probe)?;
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let project = project(&sources)?.unwrap_or_default();
    let entry = target(arguments, probe, &project)?;
    let others = others(arguments, probe, &entry, &project)?;
    let request = request(arguments, probe, &entry, &others)?;
    let redactor = Redactor::new();
    let mut asked = vec![entry.clone()];
    asked.extend(others.targets.into_iter().map(|(_, entry)| entry));
    let reachable = reach(&asked, &project, &|_| true, &redactor)
        .map_err(Problem::new)?
        .remembering(|| Remembered::of_project(&project, jiff::Timestamp::now()));
    let options = Options {
        deadline: arguments.deadline,
        progress: arguments.format == Form::Human,
        ..Options::default()
    };
    let mut answers = ask(reachable, &[request], &options, &redactor)?;
    verify(&mut answers, &[info(&entry)]);
    let Some(answer) = answers.pop() else {
        return Err(Problem::usage(
            "there was no answer at all",
            "this is a fault of muster; please report it",
        ));
    };
    let exit = if facts::is_whole(&answer) { exit::GOOD } else { exit::UNKNOWN };
    let text = match arguments.format {
        Form::Human => facts::shown(&answer),
        Form::Json => as_json(&answer, exit),
    };
    say(&redactor.clean_finished(&text))?;
    Ok(exit)
}

/// The observation in the form of recordings.
fn as_json(answer: &Observation, exit: u8) -> String {
    let observation = observation_to_json(answer);
    format!("{:#}\n", json!({ "recording": crate::fact::FORMAT, "exit": exit, "observation": observation }))
}

/// The probe of that name.
fn declaration(name: &str) -> Result<&'static ProbeDecl, Problem> {
    let Some(probe) = catalogue::find(name) else {
        let names = catalogue::PROBES.iter().map(|probe| probe.name);
        let help = did_you_mean(name, names).unwrap_or_else(|| "`muster list probes` shows all".to_owned());
        return Err(Diag::error(&code::UNKNOWN_PROBE, format!("there is no probe `{name}`"))
            .help(help)
            .into());
    };
    if !probe.is_built() {
        let feature = probe.feature.unwrap_or("");
        let diag =
            Diag::error(&code::PROBE_NOT_BUILT, format!("this build of muster lacks the probe `{name}`"));
        return Err(diag.help(format!("build it with the cargo feature `{feature}`")).into());
    }
    Ok(probe)
}

fn target(arguments: &Arguments, probe: &ProbeDecl, project: &Project) -> Result<TargetEntry, Problem> {
    let fits = |entry: &&TargetEntry| probe.targets.contains(&&*entry.kind);
    let fitting: Vec<&TargetEntry> = project.targets.iter().filter(fits).collect();
    let names = || fitting.iter().map(|entry| &*entry.name);
    let list = || names().collect::<Vec<_>>().join(", ");
    let entry = match (&arguments.target, fitting.as_slice()) {
        (Some(text), _) => match project.targets.iter().find(|entry| *entry.name == **text) {
            Some(entry) => entry.clone(),
            None if is_address(text) => adhoc(text)?,
            None => {
                let help = did_you_mean(text, names()).unwrap_or_else(|| match fitting.len() {
                    0 => "give an address such as `postgres://user@host/db`, `https://…`, `s3://bucket`, `sqlite:PATH` or `host`".to_owned(),
                    _ => format!("targets that `{}` can ask: {}", probe.name, list()),
                });
                return Err(Problem::usage(format!("there is no target `{text}`"), help));
            }
        },
        (None, [one]) => (*one).clone(),
        (None, []) if probe.targets.contains(&"host") => adhoc("host")?,
        (None, []) => {
            let message = format!("`{}` asks a target of type {}", probe.name, probe.targets.join(" or "));
            return Err(Problem::usage(message, "say which: `--target NAME`, or an address"));
        }
        (None, _) => {
            let message = format!("`{}` can ask several targets", probe.name);
            return Err(Problem::usage(message, format!("say which with `--target`: {}", list())));
        }
    };
    if !fits(&&entry) {
        let message =
            format!("`{}` cannot ask `{}`, which is of type `{}`", probe.name, entry.name, entry.kind);
        return Err(Problem::usage(message, format!("it asks {}", probe.targets.join(", "))));
    }
    Ok(entry)
}

/// Other targets that a question names, and what the project says of the move between them.
#[derive(Default)]
struct Others {
    targets: Vec<(&'static str, TargetEntry)>,
    map: Option<String>,
}

/// The value of an argument of the command line.
fn given<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    let all = arguments.with.iter().filter_map(|text| text.split_once('='));
    all.filter(|(known, _)| known.trim() == name).map(|(_, value)| value.trim()).next_back()
}

/// Whom the question names: a target of the project or an address. A `source` that is left out is the one of the move.
fn others(
    arguments: &Arguments,
    probe: &ProbeDecl,
    entry: &TargetEntry,
    project: &Project,
) -> Result<Others, Problem> {
    let moved = project.gate.moves.get(&entry.name).filter(|moved| !moved.is_in_place(&entry.name));
    let mut found = Others::default();
    for param in probe.params.iter().filter(|param| param.is_target()) {
        let from = moved.filter(|_| param.name == SOURCE).map(|moved| &*moved.from);
        let Some(text) = given(arguments, param.name).filter(|text| !text.is_empty()).or(from) else {
            if param.name == SOURCE {
                let message = format!("`{}` compares with another target", probe.name);
                return Err(Problem::usage(message, "say with which: `--with source=TARGET`, or an address"));
            }
            continue;
        };
        let other = other(text, param.name, entry, project)?;
        if let Some(moved) = moved.filter(|moved| param.name == SOURCE && moved.from == other.name) {
            found.map = Some(map_between(&moved.map, &other.kind, &entry.kind).to_text());
        }
        found.targets.push((param.name, other));
    }
    Ok(found)
}

/// The argument that names the target to compare with, and the one that says what was moved.
const SOURCE: &str = "source";
const MAP: &str = "map";

fn other(text: &str, argument: &str, entry: &TargetEntry, project: &Project) -> Result<TargetEntry, Problem> {
    if let Some(known) = project.targets.iter().find(|known| *known.name == *text) {
        if known.name == entry.name {
            let message = format!("`{argument}` names `{text}`, which is the target itself");
            return Err(Problem::usage(message, "name the other one"));
        }
        return Ok(known.clone());
    }
    if !is_address(text) {
        let names = project.targets.iter().map(|known| &*known.name);
        let help =
            did_you_mean(text, names).unwrap_or_else(|| "name one of muster.yaml, or an address".to_owned());
        return Err(Problem::usage(format!("`{argument}`: there is no target `{text}`"), help));
    }
    let other = adhoc(text)?;
    // Two files may have one name, and are two targets.
    let name =
        if other.name == entry.name { format!("{} ({argument})", other.name).into() } else { other.name };
    Ok(TargetEntry { name, ..other })
}

fn request(
    arguments: &Arguments,
    probe: &ProbeDecl,
    entry: &TargetEntry,
    others: &Others,
) -> Result<Request, Problem> {
    let mut diags = Vec::new();
    let mut args = args(probe, &arguments.with, &mut diags);
    for (name, other) in &others.targets {
        args.insert(Arc::from(*name), Value::Text(Arc::clone(&other.name)), Type::TEXT);
    }
    if let Some(map) = others.map.as_ref().filter(|_| args.get(MAP).is_none()) {
        args.insert(Arc::from(MAP), Value::text(map), Type::TEXT);
    }
    let pointers = pointers(probe, &arguments.fact, &mut diags);
    let key = key(probe, &arguments.key, &pointers, &mut diags);
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    let declared = |pointer: &Pointer| Field {
        null_reads: Some(Arc::from("none")),
        ..Field::declared(&pointer.name, pointer.ty.clone())
    };
    let fields: Vec<Field> = pointers.iter().map(declared).collect();
    let schema = Arc::new(probe.schema_with(&fields, &key));
    Ok(Request::new(probe.name, &entry.name, args, schema, pointers))
}

fn wrong(message: impl Into<String>, help: impl Into<String>) -> Diag {
    Diag::error(&code::USAGE, message).help(help)
}

/// Arguments that were given, and the defaults of the others.
fn args(probe: &ProbeDecl, given: &[String], diags: &mut Vec<Diag>) -> Args {
    let mut args = default_args(probe);
    for text in given {
        let Some((name, written)) = text.split_once('=') else {
            diags.push(wrong(format!("`--with {text}` has no value"), "write `--with NAME=VALUE`"));
            continue;
        };
        let Some(param) = probe.params.iter().find(|param| param.name == name.trim()) else {
            let names = || probe.params.iter().map(|param| param.name);
            let known = names().collect::<Vec<_>>().join(", ");
            let help =
                did_you_mean(name.trim(), names()).unwrap_or_else(|| format!("its arguments are {known}"));
            diags.push(wrong(format!("`{}` takes no `{}`", probe.name, name.trim()), help));
            continue;
        };
        let ty = param.ty.ty();
        match value(written, &ty) {
            Ok(value) => args.insert(Arc::from(param.name), value, ty),
            Err(why) => diags.push(wrong(
                format!("`--with {name}`: {why}"),
                format!("for example `--with '{name}={}'`", param.example),
            )),
        }
    }
    for param in probe.params.iter().filter(|param| param.required && args.get(param.name).is_none()) {
        if !given.iter().any(|text| text.starts_with(&format!("{}=", param.name))) {
            let message = format!("`{}` needs `--with {}=…`: {}", probe.name, param.name, param.doc);
            diags.push(wrong(message, format!("for example `--with '{}={}'`", param.name, param.example)));
        }
    }
    let refused = SqlDialect::of_probe(probe.name)
        .zip(args.text("sql"))
        .and_then(|(dialect, sql)| refuse_sql(sql, dialect));
    if let Some(why) = refused {
        diags.push(Diag::error(&code::SQL, why).help("looking must change nothing: write one SELECT"));
    }
    args
}

/// The arguments of a probe that nobody gives any.
pub(super) fn default_args(probe: &ProbeDecl) -> Args {
    let mut args = Args::default();
    for param in probe.params {
        let ty = param.ty.ty();
        if let Some(Ok(value)) = param.default.map(|default| parse_literal(default, &ty)) {
            args.insert(Arc::from(param.name), value, ty);
        }
    }
    args
}

/// A value of the command line: a list is `a,b` or `[a, b]` as in YAML.
fn value(text: &str, ty: &Type) -> Result<Value, String> {
    let Type::List(item) = ty else { return parse_literal(text, ty).map_err(|error| error.0) };
    if text.trim_start().starts_with('[') {
        let source = Source::new("--with", text);
        let documents = yaml::parse(&source, &yaml::Limits::default());
        let first = documents.ok().and_then(|documents| documents.into_iter().next());
        let node = first.ok_or_else(|| "the list is not whole".to_owned())?.root;
        return literal::typed(&node, ty).map_err(|diag| diag.message);
    }
    let items = text.split(',').map(|part| parse_literal(part.trim(), item).map(Ok).map_err(|error| error.0));
    Ok(Value::List(items.collect::<Result<Vec<_>, _>>()?.into()))
}

fn pointers(probe: &ProbeDecl, given: &[String], diags: &mut Vec<Diag>) -> Vec<Pointer> {
    if probe.declared == Declared::No && !given.is_empty() {
        let help = format!("`muster explain {}` lists them", probe.name);
        diags.push(wrong(format!("the facts of `{}` are fixed", probe.name), help));
        return Vec::new();
    }
    if probe.declared == Declared::Required && given.is_empty() {
        let message = format!("`{}` needs the type of each column", probe.name);
        diags.push(wrong(message, "for example `--fact path=text --fact size=bytes?`"));
    }
    let mut pointers: Vec<Pointer> = Vec::new();
    for text in given {
        match pointer(probe, text) {
            Ok(found) if pointers.iter().any(|known| known.name == found.name) => {
                diags.push(wrong(format!("`--fact {}` is given twice", found.name), "name each fact once"));
            }
            Ok(found) => pointers.push(found),
            Err(diag) => diags.push(diag),
        }
    }
    pointers
}

fn pointer(probe: &ProbeDecl, text: &str) -> Result<Pointer, Diag> {
    let example = "write `--fact NAME=TYPE`, for example `--fact size=bytes?`";
    let (name, rest) =
        text.split_once('=').ok_or_else(|| wrong(format!("`--fact {text}` has no type"), example))?;
    let name = name.trim();
    let legal = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !legal || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(wrong(
            format!("`{name}` is not a name of a fact"),
            "names have small letters, digits and `_`",
        ));
    }
    if probe.facts.iter().any(|fact| fact.name == name) {
        return Err(wrong(format!("`{name}` is a fact of `{}` already", probe.name), "choose another name"));
    }
    let (written, at) = rest.split_once('@').map_or((rest, name), |(ty, at)| (ty, at));
    let ty = Type::parse(written).ok_or_else(|| {
        let all = Type::names().collect::<Vec<_>>().join(", ");
        let help = did_you_mean(written.trim_end_matches('?'), Type::names())
            .unwrap_or_else(|| format!("types are {all}; `?` makes one nullable"));
        wrong(format!("`{written}` is not a type"), help)
    })?;
    Ok(Pointer { name: Arc::from(name), ty, at: Arc::from(at), unit: None })
}

fn key(probe: &ProbeDecl, names: &[String], pointers: &[Pointer], diags: &mut Vec<Diag>) -> Vec<Arc<str>> {
    for name in names {
        let known =
            pointers.iter().map(|pointer| &*pointer.name).chain(probe.facts.iter().map(|fact| fact.name));
        let known: Vec<&str> = known.collect();
        if !known.contains(&&**name) {
            let help = did_you_mean(name, known.iter().copied())
                .unwrap_or_else(|| format!("facts are {}", known.join(", ")));
            diags.push(wrong(format!("the key names `{name}`, which is not a fact"), help));
        }
    }
    if names.is_empty() && probe.key.is_empty() && probe.rows == Rows::Many {
        diags.push(wrong("the rows need a `--key`", "name the facts that tell the rows apart: `--key path`"));
    }
    names.iter().map(|name| Arc::from(name.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_command_line_are_typed() {
        let texts = Type::list(Type::TEXT);
        assert_eq!(value("a, b", &texts), value("[a, 'b']", &texts));
        assert_eq!(value("10GiB", &Type::BYTES), Ok(Value::Int(10 << 30)));
        assert!(value("10", &Type::BYTES).is_err());
        assert!(value("[a", &texts).is_err());
        assert_eq!(value("SELECT a, b: c", &Type::TEXT), Ok(Value::text("SELECT a, b: c")));
    }
}
