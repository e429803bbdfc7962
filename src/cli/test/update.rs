//! `muster test --update`: cases accept the texts that their policies say now.
//!
//! Texts only: a case that expects another verdict, cause or subject is not touched, because then nobody would have
//! looked at what the policy does. What is written was tried first: the cases of the file pass with it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::policy::Policy;
use crate::policy::cases::{Case, CaseFile, decode};
use crate::report::inline;
use crate::source::{Source, yaml};

use super::super::lint::diff;
use super::super::output::{self, Done, Problem, line};
use super::super::{exit, setup::Setup};
use super::{Shown, Tried, tried, try_all, try_one};

/// A text that was accepted.
struct Accepted<'a> {
    tried: &'a Tried<'a>,
    edit: &'a tried::Edit,
}

/// A case file with its new text.
struct Changed {
    source: Arc<Source>,
    text: String,
}

/// Accepts new texts, and says which; with `dry` it only shows what would be written.
pub(super) fn run(shown: &Shown, cases: &[(&Arc<Policy>, &Case)], setup: &Setup, dry: bool) -> Done {
    let tried = try_all(cases);
    let failed: Vec<&Tried<'_>> = tried.iter().filter(|one| !one.faults.is_empty()).collect();
    let (texts, others): (Vec<&Tried<'_>>, Vec<&Tried<'_>>) =
        failed.into_iter().partition(|one| one.faults.iter().all(|fault| fault.edit.is_some()));
    let of = |tried| move |edit| Accepted { tried, edit };
    let accepted: Vec<Accepted<'_>> = texts
        .iter()
        .flat_map(|tried| tried.faults.iter().filter_map(|fault| fault.edit.as_ref()).map(of(*tried)))
        .collect();
    let files = changed(&accepted)?;
    for file in &files {
        still_pass(file, setup, &tried)?;
    }
    if !dry {
        for file in &files {
            output::write_file(Path::new(&*file.source.name), &file.text)?;
        }
    }
    let exit = match (tried.is_empty(), others.is_empty(), dry && !files.is_empty()) {
        (true, ..) => exit::NOTHING,
        (false, true, false) => exit::GOOD,
        _ => exit::FINDINGS,
    };
    let text =
        if shown.json() { as_json(&accepted, &others, exit) } else { human(&accepted, &others, &files, dry) };
    if tried.is_empty() {
        output::note(crate::report::tested::NO_CASE);
    }
    output::say(&text)?;
    Ok(exit)
}

/// The files with their new texts.
fn changed(accepted: &[Accepted<'_>]) -> Result<Vec<Changed>, Problem> {
    let mut by_file: BTreeMap<&str, (&Arc<Source>, Vec<yaml::Edit>)> = BTreeMap::new();
    for one in accepted {
        let source = &one.edit.node.loc.source;
        let edit = yaml::Edit { node: one.edit.node.clone(), to: one.edit.to.clone() };
        by_file.entry(&source.name).or_insert_with(|| (source, Vec::new())).1.push(edit);
    }
    let file = |(source, edits): (&Arc<Source>, Vec<yaml::Edit>)| {
        if source.name.starts_with("builtin:") {
            let what = format!("`{}` came with muster and cannot be changed", source.name);
            return Err(Problem::usage(what, "copy the policy and its cases into the project"));
        }
        let text = yaml::edit(source, &edits)
            .map_err(|why| Problem::usage(why, "nothing was written; change this text by hand"))?;
        Ok(Changed { source: Arc::clone(source), text })
    };
    by_file.into_values().map(file).collect()
}

/// With the new texts every case of the file passes that did, and that was to be mended.
fn still_pass(file: &Changed, setup: &Setup, tried: &[Tried<'_>]) -> Result<(), Problem> {
    let source = Source::new(&*file.source.name, &*file.text);
    let find = |id: &str| setup.policies().iter().find(|policy| *policy.id == *id).cloned();
    let mut diags = Vec::new();
    let files: Vec<CaseFile> = decode(&source, &find, &[], &mut diags);
    if !diags.is_empty() {
        return Err(Problem::new(diags));
    }
    // Cases that nobody asked for have to pass as before.
    let was: Vec<CaseFile> = decode(&file.source, &find, &[], &mut Vec::new());
    let failed = |policy: &Policy, case: &Case| {
        let mut cases = was.iter().flat_map(|file| file.cases.iter().map(|case| (&file.policy, case)));
        let known = cases.find(|(known, one)| known.id == policy.id && one.name == case.name);
        known.is_none_or(|(policy, case)| !try_one(policy, case).faults.is_empty())
    };
    let left = |policy: &Policy, case: &Case| {
        let before = tried.iter().find(|one| one.policy.id == policy.id && one.case.name == case.name);
        match before {
            Some(one) => one.faults.iter().any(|fault| fault.edit.is_none()),
            None => failed(policy, case),
        }
    };
    for (policy, case) in files.iter().flat_map(|file| file.cases.iter().map(|case| (&file.policy, case))) {
        if !left(policy, case) && !try_one(policy, case).faults.is_empty() {
            let what = format!("`{}` would not pass with the new texts ({})", case.name, case.loc);
            return Err(Problem::usage(
                what,
                "nothing was written; an alias may share a text with another case",
            ));
        }
    }
    Ok(())
}

fn human(accepted: &[Accepted<'_>], others: &[&Tried<'_>], files: &[Changed], dry: bool) -> String {
    let mut text = String::new();
    for one in accepted.iter().filter(|_| !dry) {
        let was = one.edit.node.as_str().unwrap_or("").trim_end();
        line(&mut text, &format!("UPDATED  {} · {}", one.tried.policy.id, inline(&one.tried.case.name)));
        line(&mut text, &format!("         {} at {}", one.edit.what, inline(&one.edit.node.loc.to_string())));
        line(&mut text, &format!("         - {}", inline(was)));
        line(&mut text, &format!("         + {}", inline(&one.edit.to)));
    }
    for file in files.iter().filter(|_| dry) {
        text.push_str(&diff(&file.source.name, &file.source.text, &file.text));
    }
    for one in others {
        line(&mut text, &format!("FAIL     {} · {}", one.policy.id, inline(&one.case.name)));
        line(&mut text, &format!("         at {}", inline(&one.case.loc.to_string())));
        one.faults.iter().for_each(|fault| line(&mut text, &format!("         {}", inline(&fault.text))));
    }
    let texts = |count: usize| if count == 1 { "1 text".to_owned() } else { format!("{count} texts") };
    let files = if files.len() == 1 { "1 file".to_owned() } else { format!("{} files", files.len()) };
    let would = if dry { "would be accepted" } else { "accepted" };
    let left = match others.len() {
        0 => String::new(),
        1 => "; 1 case differs in more than texts and was left as it is".to_owned(),
        many => format!("; {many} cases differ in more than texts and were left as they are"),
    };
    line(&mut text, &format!("{} {would} in {files}{left}", texts(accepted.len())));
    text
}

fn as_json(accepted: &[Accepted<'_>], others: &[&Tried<'_>], exit: u8) -> String {
    let changes: Vec<_> = accepted
        .iter()
        .map(|one| {
            json!({
                "policy": &*one.tried.policy.id, "case": &*one.tried.case.name, "what": one.edit.what,
                "at": one.edit.node.loc.to_string(), "from": one.edit.node.as_str().map(str::trim_end), "to": one.edit.to,
            })
        })
        .collect();
    let left: Vec<_> = others
        .iter()
        .map(|one| {
            let faults: Vec<&str> = one.faults.iter().map(|fault| &*fault.text).collect();
            json!({ "policy": &*one.policy.id, "case": &*one.case.name, "at": one.case.loc.to_string(), "faults": faults })
        })
        .collect();
    format!("{:#}\n", json!({ "update": 1, "exit": exit, "changes": changes, "left": left }))
}
