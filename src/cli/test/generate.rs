//! `muster test --generate`: cases at the limits of a policy, with null and with unknown facts.
//!
//! What a proposed case expects is what the policy says now, not what it should say: that is for a person to see.
//! Every proposal was read back and passes; none is like a case that is there, and no file is overwritten.

mod base;
mod search;
mod vary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::layout::formatted;
use crate::policy::Policy;
use crate::policy::cases::write::{Said, item};
use crate::policy::cases::{Case, CaseFile, decode};
use crate::policy::cores::on_all_cores;
use crate::source::Source;
use crate::verdict::{self, Urgency, Verdict};

use super::super::exit;
use super::super::output::{self, Done, Problem};
use super::super::setup::Setup;
use super::tried::{Ready, is_skipped, try_one};
use super::{Asked, Shown};

/// Above the proposals, so that nobody takes them for what was thought about.
const REVIEW: &str = "# Proposed by `muster test --generate`: each case expects what the policy says now.\n# To be reviewed: is each verdict right? Then give the case a better name, and take this comment away.\n";

/// The cases that are proposed for one policy.
struct Proposed {
    policy: Arc<Policy>,
    /// Documents of a case file.
    text: String,
    names: Vec<Arc<str>>,
    /// The file to which they belong; `None` for a policy that came with muster.
    file: Option<PathBuf>,
}

/// Proposes cases, and writes them where that is wanted.
pub(super) fn run(shown: &Shown, asked: &Asked<'_>, setup: &Setup, write: bool) -> Done {
    let find = |id: &str| setup.policies().iter().find(|policy| *policy.id == *id).cloned();
    let proposed = on_all_cores(&asked.policies, |policy| propose(policy, asked, &find));
    let proposed: Vec<Proposed> = proposed.into_iter().filter(|one| !one.names.is_empty()).collect();
    if write {
        let built = proposed.iter().find(|one| one.file.is_none());
        if let Some(one) = built {
            let what = format!("`{}` came with muster, and its cases cannot be changed", one.policy.id);
            return Err(Problem::usage(what, "leave `--write` away to see the cases, or copy the policy"));
        }
        for (file, texts) in by_file(&proposed) {
            add(file, &texts, &find)?;
        }
    }
    let count: usize = proposed.iter().map(|one| one.names.len()).sum();
    if shown.json() {
        let list = |one: &Proposed| {
            let file = one.file.as_ref().map(|file| file.display().to_string());
            json!({ "policy": &*one.policy.id, "file": file, "cases": one.names, "text": one.text })
        };
        let list: Vec<_> = proposed.iter().map(list).collect();
        output::say(&format!(
            "{:#}\n",
            json!({ "generate": 1, "exit": exit::GOOD, "written": write, "proposed": list })
        ))?;
    } else if write {
        for one in &proposed {
            let file = one.file.as_ref().map_or_else(String::new, |file| file.display().to_string());
            output::say(&format!(
                "{}: {} cases of {}, to be reviewed\n",
                file,
                one.names.len(),
                one.policy.id
            ))?;
        }
    } else {
        for one in &proposed {
            output::say(&one.text)?;
        }
    }
    let cases = if count == 1 { "1 case".to_owned() } else { format!("{count} cases") };
    output::note(&format!("{cases} proposed for {} of {} policies", proposed.len(), asked.policies.len()));
    Ok(exit::GOOD)
}

type Find<'f> = dyn Fn(&str) -> Option<Arc<Policy>> + Sync + 'f;

fn propose(policy: &Arc<Policy>, asked: &Asked<'_>, find: &Find<'_>) -> Proposed {
    let files: Vec<&CaseFile> = asked.files.iter().filter(|file| file.policy.id == policy.id).collect();
    let there: Vec<&Case> = files.iter().flat_map(|file| &file.cases).collect();
    let found = search::cases(policy, &there);
    let (text, names) = documents(policy, found, find);
    let beside = there.first().map(|case| Arc::clone(&case.loc.source.name));
    let file = match (&policy.library, beside) {
        (Some(_), _) => None,
        (None, Some(name)) => Some(PathBuf::from(&*name)),
        (None, None) => Some(Path::new(&*policy.loc.source.name).with_extension("cases.yaml")),
    };
    Proposed { policy: Arc::clone(policy), text, names, file }
}

/// The cases as documents, one for each time at which they are judged, without those that do not read back.
fn documents(policy: &Arc<Policy>, cases: Vec<Case>, find: &Find<'_>) -> (String, Vec<Arc<str>>) {
    let mut by_time: BTreeMap<jiff::Timestamp, Vec<Case>> = BTreeMap::new();
    for case in cases {
        by_time.entry(case.now).or_default().push(case);
    }
    let (mut text, mut names) = (String::new(), Vec::new());
    for (now, cases) in by_time {
        let head = format!("---\n{REVIEW}cases: {}\nnow: {now}\ncheck:\n", policy.id);
        let items: Vec<(Arc<str>, String)> = cases
            .iter()
            .filter_map(|case| Some((Arc::clone(&case.name), passing(policy, case, &head, find)?)))
            .collect();
        if !items.is_empty() {
            text.push_str(&head);
            items.iter().for_each(|(_, item)| text.push_str(item));
            names.extend(items.into_iter().map(|(name, _)| name));
        }
    }
    (text, names)
}

/// The item of a case with the findings that the policy has for it; `None` if what is written is read otherwise.
fn passing(policy: &Arc<Policy>, case: &Case, head: &str, find: &Find<'_>) -> Option<String> {
    let read = |item: &str| {
        let mut diags = Vec::new();
        let source = Source::new("generated", format!("{head}{item}"));
        let mut files = decode(&source, find, &[], &mut diags);
        let only = (files.len() == 1 && diags.is_empty()).then(|| files.pop())??;
        only.cases.into_iter().next()
    };
    let bare = read(&item(case, policy, &[])?)?;
    let outcome = Ready::new(policy, &bare).ok()?.with(crate::judge::judge);
    let whole = item(case, policy, &said(policy, &outcome.check))?;
    try_one(policy, &read(&whole)?).faults.is_empty().then_some(whole)
}

/// What a case expects of a judged check.
fn said(policy: &Policy, judged: &verdict::Check) -> Vec<Said> {
    if is_skipped(judged) {
        let (subject, cause, severity, urgency) = (None, None, None, None);
        return vec![Said { subject, verdict: "skipped", cause, severity, urgency }];
    }
    // What is so whatever the facts are is no matter of a case.
    let by_severity = !policy.severity.rungs.is_empty();
    let by_urgency = policy.alert.as_ref().is_some_and(|alert| !alert.urgency.rungs.is_empty());
    // A row may have no name, as of a probe that says one thing; what could not be observed has a cause and is no row.
    let is_of_a_row = |finding: &verdict::Finding| {
        !finding.subject.key.is_empty() || finding.verdict >= Verdict::Warn && finding.cause.is_none()
    };
    let one = |finding: &verdict::Finding| Said {
        subject: (!finding.subject.key.is_empty()).then(|| Arc::clone(&finding.subject.shown)),
        verdict: finding.verdict.word(),
        cause: finding.cause.as_ref().map(|why| why.cause.word()),
        severity: (by_severity && is_of_a_row(finding)).then(|| finding.severity.word()),
        urgency: finding.urgency.filter(|_| by_urgency && is_of_a_row(finding)).map(Urgency::word),
    };
    judged.findings.iter().map(one).collect()
}

fn by_file(proposed: &[Proposed]) -> BTreeMap<&Path, Vec<&str>> {
    let mut files: BTreeMap<&Path, Vec<&str>> = BTreeMap::new();
    for one in proposed {
        if let Some(file) = &one.file {
            files.entry(file).or_default().push(&one.text);
        }
    }
    files
}

/// In the layout of `muster fmt`, unless the file had another one before, or has none that surely says the same.
fn laid_out(path: &Path, before: Option<&str>, text: String) -> String {
    let formatted = |text: &str| formatted(&Source::new(path.display().to_string(), text), None).ok();
    if before.is_some_and(|before| formatted(before).as_deref() != Some(before)) {
        return text;
    }
    formatted(&text).unwrap_or(text)
}

/// Adds documents at the end of a case file. What stands there is not touched, and a file that would not be read is
/// not written.
fn add(path: &Path, texts: &[&str], find: &Find<'_>) -> Result<(), Problem> {
    let known = match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(Problem::usage(
                format!("`{}` cannot be read: {error}", path.display()),
                "nothing was written",
            ));
        }
    };
    let begin = known.clone().unwrap_or_default();
    let between = if begin.is_empty() || begin.ends_with('\n') { "" } else { "\n" };
    let new = texts.concat();
    // A file of its own needs no mark before its first document.
    let new = if begin.is_empty() { new.strip_prefix("---\n").unwrap_or(&new) } else { &new };
    let text = laid_out(path, known.as_deref(), format!("{begin}{between}{new}"));
    let mut diags = Vec::new();
    let source = Source::new(path.display().to_string(), &*text);
    let files = decode(&source, find, &[], &mut diags);
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    let names: Vec<(&str, &str)> =
        files.iter().flat_map(|file| file.cases.iter().map(|case| (&*file.policy.id, &*case.name))).collect();
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() && known.is_none() {
        return Err(Problem::usage(
            "two proposed cases have one name",
            "this is a fault of muster; please report it",
        ));
    }
    match known {
        Some(_) => output::write_file(path, &text),
        None => output::write_new(path, &text),
    }
}
