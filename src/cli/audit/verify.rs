//! `muster audit verify`: is evidence as it was made, and does it still say what it said?

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::cli::exit;
use crate::cli::output::{Done, Form, Problem, line, say};
use crate::evidence::{Against, Anchored, Checked, FORMAT, Signature, verify};
use crate::report::inline;

use super::judge::Rejudge;
use super::{key, problem};

/// Differences that are shown to people; JSON has all.
const SHOWN: usize = 100;

/// Looks at every byte of evidence, and judges every run again by what lies in it
#[derive(Args)]
#[command(after_help = "Examples:
  muster audit verify evidence/2026-Q3
  muster audit verify evidence/2026-Q3 --key audit-key.pub.pem --anchor anchor.jsonl
  muster audit verify evidence/2026-Q3 --format json

Exit codes: 0 all is as it was, 1 something is not, 2 no evidence, 3 some runs cannot be judged again, or some documents not be compared, 4 no run in it")]
pub(super) struct Arguments {
    /// The directory of evidence
    dir: PathBuf,
    /// The public key that must have signed it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Lines that lie elsewhere, each of which must be in the chain of the runs
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// How it is told
    #[arg(long, value_enum, default_value = "human")]
    format: Form,
}

pub(super) fn run(arguments: &Arguments) -> Done {
    look(arguments).map_err(|problem| Problem { json: arguments.format == Form::Json, ..problem })
}

fn look(arguments: &Arguments) -> Done {
    let key = arguments.key.as_deref().map(key::given).transpose()?;
    let against = Against { key: key.as_ref(), anchor: arguments.anchor.as_deref() };
    let mut judge = Rejudge::default();
    let checked = verify(&arguments.dir, &against, &mut judge).map_err(|error| problem(&error))?;
    let exit = code(&checked);
    let until = judge.key_until().filter(|_| checked.signature != Signature::Unsigned);
    match arguments.format {
        Form::Human => say(&shown(&checked, until))?,
        Form::Json => say(&format!("{:#}\n", data(&checked, until, exit)?))?,
    }
    Ok(exit)
}

fn code(checked: &Checked) -> u8 {
    if !checked.differences.is_empty() {
        exit::FINDINGS
    } else if checked.runs == 0 {
        exit::NOTHING
    } else if !checked.not_again.is_empty() || is_untold(checked) {
        exit::UNKNOWN
    } else {
        exit::GOOD
    }
}

/// Are there documents of which only whoever wrote the directory says that they say what the runs say?
fn is_untold(checked: &Checked) -> bool {
    !checked.not_compared.is_empty() && !matches!(checked.signature, Signature::Given { .. })
}

/// Was it made when the date of the key was over, as the project file in it says that date?
fn is_late(checked: &Checked, until: Option<i64>) -> bool {
    checked.made.zip(until).is_some_and(|(made, day)| key::is_over(day, made))
}

fn data(checked: &Checked, until: Option<i64>, exit: u8) -> Result<Json, Problem> {
    let unwritable = |error: serde_json::Error| {
        Problem::usage(
            format!("it cannot be written as JSON: {error}"),
            "this is a fault of muster; please report it",
        )
    };
    let mut all = serde_json::Map::new();
    all.insert("evidence".to_owned(), FORMAT.into());
    if let Json::Object(fields) = serde_json::to_value(checked).map_err(unwritable)? {
        all.extend(fields);
    }
    all.insert("key_valid_until".to_owned(), json!(until.map(key::date)));
    all.insert("made_after_key".to_owned(), json!(is_late(checked, until)));
    all.insert("exit".to_owned(), json!(exit));
    Ok(Json::Object(all))
}

fn shown(checked: &Checked, until: Option<i64>) -> String {
    let mut text = String::new();
    let what = checked.period.as_ref().map_or_else(
        || "it does not say what it is about".to_owned(),
        |period| {
            let name = inline(&period.name);
            format!("{name}, {} runs from {} to {}", checked.runs, period.from, period.until)
        },
    );
    line(&mut text, &format!("{}: {what}", checked.path.display()));
    if let Some(made) = checked.made {
        let masked = if checked.masked { ", texts masked" } else { "" };
        let (muster, host) = (inline(&checked.muster), inline(&checked.host));
        line(&mut text, &format!("  made at {made} by muster {muster} on {host}{masked}"));
    }
    line(&mut text, &format!("  files         {} looked at, {} bytes", checked.files, checked.bytes));
    line(&mut text, &format!("  signature     {}", signature(&checked.signature)));
    if let Some(day) = until {
        let late = if is_late(checked, until) {
            "; it was made AFTER that: ask who signed it why, and for the date of the key that was in use"
        } else {
            ", and it was made before"
        };
        let date = key::date(day);
        line(
            &mut text,
            &format!("  key           counts until {date} by the newest project file in it{late}"),
        );
    }
    line(&mut text, &format!("  anchor        {}", anchor(checked)));
    again(&mut text, checked);
    besides(&mut text, checked);
    if !checked.not_compared.is_empty() {
        let (made, own) = (inline(&checked.muster), env!("CARGO_PKG_VERSION"));
        let why = if is_untold(checked) {
            "; nothing shows that they say what the runs say: use that version, or give the key that signed them with `--key`"
        } else {
            "; the key that was given signed them"
        };
        let names = checked.not_compared.join(", ");
        line(&mut text, &format!("  not compared  {names}: made by muster {made}, and this is {own}{why}"));
    }
    differing(&mut text, checked);
    text
}

/// What the anchor shows.
fn anchor(checked: &Checked) -> String {
    checked.anchor.as_ref().map_or_else(
        || "none was given: that the newest runs were cut off cannot be seen".to_owned(),
        |anchor| {
            let Anchored { lines, signed, of_this, last_only, other } = anchor;
            let last = match last_only {
                0 => String::new(),
                some => format!("of {some} only the last run is here, "),
            };
            let files = if *lines > 0 && *of_this == 0 {
                "; no line knows this list of files: only its runs are proven"
            } else {
                ""
            };
            format!(
                "{lines} lines are in the chain ({signed} of them signed), {last}{other} are about another time{files}"
            )
        },
    )
}

/// What is not in it, and what nobody can make again.
fn besides(text: &mut String, checked: &Checked) {
    checked.left_out.iter().for_each(|one| line(text, &format!("  not in it     {}", inline(one))));
    if !checked.reports.is_empty() {
        let names = checked.reports.iter().map(|name| inline(name)).collect::<Vec<_>>().join(", ");
        let says = "what counts is in the runs, these tell what their maker's store told";
        line(text, &format!("  reports       {names}: not made again; {says}"));
    }
}

/// What was judged again, and what could not be.
fn again(text: &mut String, checked: &Checked) {
    let (judged, runs) = (checked.judged_again, checked.runs);
    line(text, &format!("  judged again  {judged} of {runs} runs, with the same findings byte for byte"));
    for not in checked.not_again.iter().take(SHOWN) {
        line(text, &format!("    not run {} (`{}`): {}", not.run, inline(&not.id), inline(&not.why)));
    }
    for (run, policies) in checked.changed_policies.iter().take(SHOWN) {
        let names = policies.iter().map(|policy| inline(policy)).collect::<Vec<_>>().join(", ");
        let says = "is judged by other texts of these policies than it was recorded for";
        line(text, &format!("    run {run} {says}: {names}"));
    }
    let hidden = [checked.not_again.len(), checked.changed_policies.len()];
    let hidden: usize = hidden.iter().map(|many| many.saturating_sub(SHOWN)).sum();
    if hidden > 0 {
        line(text, &format!("    … and {hidden} more runs; `--format json` has all"));
    }
}

fn differing(text: &mut String, checked: &Checked) {
    let many = checked.differences.len();
    if many == 0 {
        return line(text, "nothing differs");
    }
    line(text, &format!("{many} difference{}:", if many == 1 { "" } else { "s" }));
    for difference in checked.differences.iter().take(SHOWN) {
        line(text, &format!("  {}: {}", inline(&difference.path), inline(&difference.says)));
    }
    if many > SHOWN {
        line(text, &format!("  … and {} more; `--format json` has all", many - SHOWN));
    }
}

fn signature(signature: &Signature) -> String {
    match signature {
        Signature::Unsigned => {
            "none: whoever could write the directory could write another one like it".to_owned()
        }
        Signature::Wrong => "wrong, see below".to_owned(),
        Signature::Given { key } => format!("of the key that was given, {key}"),
        Signature::Beside { key } => format!(
            "of the key that lies beside it, {key}; that proves only that nobody changed it without that key: give the key that you trust with `--key`"
        ),
    }
}
