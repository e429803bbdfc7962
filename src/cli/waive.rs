//! `muster waive`: a waiver at the end of the project file's list; the rest of the file stays as it is.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::Value as Json;

use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::{Pattern, Type, Value, parse_date, show};
use crate::lint;
use crate::policy::project;
use crate::source::yaml::{self, Kind, Node, scalar};
use crate::source::{Loc, Source};

use super::exit;
use super::output::{Done, Problem, say, write_file};
use super::run::day;
use super::setup::{Sources, project_path, read};

/// Adds a dated exception to the project file
#[derive(Args)]
#[command(after_help = "Examples:
  muster waive postgres-unused-index --target shop-db --subject 'public.orders_*' \\
      --reason 'year-end reports use them' --owner team-data --ticket DATA-12 --expires 2027-01-31

The policy is judged anyway and shown as `waived` with its verdict beneath.")]
pub(super) struct Arguments {
    /// The policy (`*` stands for any characters)
    policy: String,
    /// Only at this target (`*` stands for any characters)
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Only for these subjects (`*` stands for any characters)
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// Why it is fine for now
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who answers for it
    #[arg(long, value_name = "OWNER")]
    owner: String,
    /// Where it is discussed
    #[arg(long, value_name = "TICKET")]
    ticket: String,
    /// The last day, UTC
    #[arg(long, value_name = "DATE")]
    expires: String,
    /// The project file; `muster.yaml` here or in a folder above if left out
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
}

/// Keys and values of the waiver, in the order of the file.
type Entry = Vec<(&'static str, String)>;

pub(super) fn run(arguments: &Arguments) -> Done {
    let path = path(arguments)?;
    known_policy(arguments, &path)?;
    let today = day(jiff::Timestamp::now());
    not_past(&arguments.expires, today)?;
    let source = yaml::read_file(&path, &yaml::Limits::default())?;
    let entry = entry(arguments);
    let text = edited(&source, &entry).ok_or_else(|| by_hand(&entry))?;
    checked(&source, &text, &entry, &path, today)?;
    write_file(&path, &text)?;
    say(&format!(
        "`{}` is waived until the end of {} ({})\n",
        arguments.policy,
        arguments.expires,
        path.display()
    ))?;
    Ok(exit::GOOD)
}

fn path(arguments: &Arguments) -> Result<PathBuf, Problem> {
    let found = project_path(arguments.project.as_ref())?.ok_or_else(|| {
        Problem::usage("there is no muster.yaml here or in a folder above", "`muster init` writes one")
    })?;
    // A link is followed, so that what it points to is replaced and not the link.
    std::fs::canonicalize(&found).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", found.display());
        Problem::from(Diag::error(&code::UNREADABLE, message))
    })
}

fn known_policy(arguments: &Arguments, path: &std::path::Path) -> Result<(), Problem> {
    let pattern = Pattern::new(&arguments.policy)
        .map_err(|error| Problem::usage(error, "`*` stands for any characters"))?;
    let loaded = read(&Sources { sources: Vec::new(), project: Some(path.to_owned()) })?.looked.loaded;
    let own = loaded.policies.iter().map(|policy| &*policy.id);
    let ids: Vec<&str> = own.chain(loaded.broken.iter().map(|(id, _)| &**id)).collect();
    if ids.iter().any(|id| pattern.matches(id)) {
        return Ok(());
    }
    let help = did_you_mean(&arguments.policy, ids.iter().copied())
        .unwrap_or_else(|| "`muster list policies` shows all".to_owned());
    let message = format!("no policy of the project is called `{}`", arguments.policy);
    Err(Diag::error(&code::UNKNOWN_NAME, message).help(help).into())
}

fn not_past(expires: &str, today: i64) -> Result<(), Problem> {
    let wrong = |message: String| {
        Problem::from(
            Diag::error(&code::WAIVER, message).help("give a later day, such as `--expires 2027-01-31`"),
        )
    };
    let last = parse_date(expires).ok_or_else(|| wrong(format!("`{expires}` is not a day")))?;
    if last < today {
        let today = show(&Value::Int(today), &Type::Date);
        return Err(wrong(format!("{expires} is past: today is {today}")));
    }
    Ok(())
}

fn entry(arguments: &Arguments) -> Entry {
    let given = [
        ("policy", Some(&arguments.policy)),
        ("target", arguments.target.as_ref()),
        ("subject", arguments.subject.as_ref()),
        ("reason", Some(&arguments.reason)),
        ("owner", Some(&arguments.owner)),
        ("ticket", Some(&arguments.ticket)),
    ];
    let texts = given.into_iter().filter_map(|(key, text)| Some((key, scalar(text?.trim()))));
    texts.chain([("expires", arguments.expires.trim().to_owned())]).collect()
}

fn flow(entry: &Entry) -> String {
    let pairs: Vec<String> = entry.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn block(entry: &Entry, indent: usize, newline: &str) -> String {
    let pad = " ".repeat(indent);
    let line = |(index, (key, value)): (usize, &(&str, String))| {
        format!("{pad}{}{key}: {value}{newline}", if index == 0 { "- " } else { "  " })
    };
    entry.iter().enumerate().map(line).collect()
}

fn by_hand(entry: &Entry) -> Problem {
    let help = format!("write it there yourself; nothing was changed:\n{}", block(entry, 2, "\n"));
    Problem::from(
        Diag::error(&code::WAIVER, "the list of waivers is written so that it cannot be edited safely")
            .help(help),
    )
}

/// The text with the waiver; `None` where its layout is not understood.
fn edited(source: &Source, entry: &Entry) -> Option<String> {
    let copy = source.twin();
    let root = root(&copy)?;
    let newline = if source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let Some(list) = root.get("waivers") else { return appended(&root, &source.text, entry, newline) };
    let Kind::Seq(items) = &list.kind else { return None };
    if list.alias().is_some() {
        return None;
    }
    let last = items.last()?;
    if list.loc.text().starts_with('[') {
        return insert(&source.text, end(last), &format!(", {}", flow(entry)));
    }
    after_last(&source.text, last, entry, newline)
}

fn root(source: &Arc<Source>) -> Option<Node> {
    let documents = yaml::parse(source, &yaml::Limits::default()).ok()?;
    documents.into_iter().next().map(|document| document.root)
}

fn end(node: &Node) -> usize {
    node.alias().map_or(node.loc.end, |alias: &Loc| alias.end) as usize
}

fn insert(text: &str, at: usize, part: &str) -> Option<String> {
    let (before, after) = text.split_at_checked(at)?;
    Some(format!("{before}{part}{after}"))
}

/// Behind the last item of a list with dashes, in its style.
fn after_last(text: &str, last: &Node, entry: &Entry, newline: &str) -> Option<String> {
    let before = text.get(..last.loc.start as usize)?;
    let dash = before.rfind('-')?;
    let line = before.get(..dash)?.rfind('\n').map_or(0, |at| at + 1);
    let indent = before.get(line..dash)?;
    if !before.get(dash + 1..)?.trim().is_empty() || !indent.chars().all(|c| c == ' ') {
        return None;
    }
    let rest = text.get(end(last)..)?;
    let at = rest.find('\n').map_or(text.len(), |length| end(last) + length + 1);
    let part = if last.loc.text().starts_with('{') {
        format!("{indent}- {}{newline}", flow(entry))
    } else {
        block(entry, indent.len(), newline)
    };
    let ended = text.get(..at)?.ends_with('\n');
    insert(text, at, &if ended { part } else { format!("{newline}{part}") })
}

/// A list of its own at the end of the document.
fn appended(root: &Node, text: &str, entry: &Entry, newline: &str) -> Option<String> {
    if root.loc.text().starts_with('{') {
        return None;
    }
    let indent = root.loc.line_column().1.checked_sub(1)?;
    let from = root.loc.end as usize;
    let ends = text.get(from..)?.find("\n...").map_or(text.len(), |length| from + length + 1);
    let body = text.get(..ends)?;
    let gap = if body.ends_with('\n') { newline.to_owned() } else { newline.repeat(2) };
    let pad = " ".repeat(indent);
    insert(text, ends, &format!("{gap}{pad}waivers:{newline}{}", block(entry, indent + 2, newline)))
}

/// The new text must be the old file with exactly this waiver more, and a project that can be used.
fn checked(
    old: &Arc<Source>,
    text: &str,
    entry: &Entry,
    path: &std::path::Path,
    today: i64,
) -> Result<(), Problem> {
    let new = Source::new(Arc::clone(&old.name), text);
    let mut diags = Vec::new();
    let folder = path.parent().map(PathBuf::from).unwrap_or_default();
    let Some(project) = project::decode(&new, &folder, &mut diags) else { return Err(Problem::new(diags)) };
    let mut far = lint::too_far(&project, today);
    far.retain(|diag| diag.level == Level::Error);
    if !far.is_empty() {
        return Err(Problem::new(far));
    }
    let (Some(before), Some(after)) = (root(old), root(&new)) else { return Err(by_hand(entry)) };
    let (before, mut after) = (before.to_json(), after.to_json());
    let added = after.get_mut("waivers").and_then(Json::as_array_mut).and_then(Vec::pop);
    if before.get("waivers").is_none()
        && after.get("waivers").and_then(Json::as_array).is_some_and(Vec::is_empty)
    {
        after.as_object_mut().and_then(|map| map.shift_remove("waivers"));
    }
    let source = Source::new("waiver", flow(entry));
    let wanted = root(&source).map(|node| node.to_json());
    if before == after && added.is_some() && added == wanted { Ok(()) } else { Err(by_hand(entry)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waived(text: &str) -> Option<String> {
        let entry: Entry =
            vec![("policy", "p-1".into()), ("reason", scalar("it's: so")), ("expires", "2027-01-31".into())];
        edited(&Source::new("muster.yaml", text), &entry)
    }

    #[test]
    fn a_first_waiver_gets_a_list() {
        let added = "\nwaivers:\n  - policy: p-1\n    reason: \"it's: so\"\n    expires: 2027-01-31\n";
        assert_eq!(waived("muster: 1\n# end\n"), Some(format!("muster: 1\n# end\n{added}")));
        assert_eq!(waived("muster: 1"), Some(format!("muster: 1\n{added}")));
        assert_eq!(waived("muster: 1\n...\n"), Some(format!("muster: 1\n{added}...\n")));
        assert_eq!(waived("muster: 1\r\n"), Some(format!("muster: 1\n{added}").replace('\n', "\r\n")));
        assert_eq!(waived("{ muster: 1 }\n"), None);
    }

    #[test]
    fn a_list_keeps_its_style_and_comments() {
        let flow = "{ policy: p-1, reason: \"it's: so\", expires: 2027-01-31 }";
        assert_eq!(
            waived("waivers:\n  # why\n  - { policy: a }  # one\n\n# tail\nowner: t\n"),
            Some(format!("waivers:\n  # why\n  - {{ policy: a }}  # one\n  - {flow}\n\n# tail\nowner: t\n"))
        );
        assert_eq!(
            waived("waivers:\n- policy: a\n  reason: |\n    so\n    it is"),
            Some("waivers:\n- policy: a\n  reason: |\n    so\n    it is\n- policy: p-1\n  reason: \"it's: so\"\n  expires: 2027-01-31\n".into())
        );
        assert_eq!(
            waived("waivers: [{ policy: a }]\n"),
            Some(format!("waivers: [{{ policy: a }}, {flow}]\n"))
        );
        assert_eq!(
            waived("waivers: [\n  { policy: a },  # one\n  ]\n"),
            Some(format!("waivers: [\n  {{ policy: a }}, {flow},  # one\n  ]\n"))
        );
    }
}
