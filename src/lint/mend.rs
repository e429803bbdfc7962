//! Carries out the edits of diagnostics: all of one or none, and only if nothing is judged otherwise afterwards.

use std::sync::Arc;

use crate::diag::{Diag, Edit};
use crate::policy::load::Known;
use crate::policy::same::{May, same};
use crate::source::Source;

/// A file with a new text.
pub struct Mended {
    /// The old text.
    pub old: Arc<Source>,
    /// The new text.
    pub new: String,
    /// How many diagnostics are settled by it.
    pub settled: usize,
}

/// New texts of all files, and why some edits were not made.
pub fn mend(diags: &[&Diag], known: Option<&Known>) -> (Vec<Mended>, Vec<String>) {
    let mut files: Vec<(Arc<Source>, Vec<&Diag>)> = Vec::new();
    let (mut mended, mut refused) = (Vec::new(), Vec::new());
    for diag in diags {
        let Some(edit) = diag.edits.first() else { continue };
        let source = &edit.loc.source;
        // A library is part of the program, and one edit must not need two files to be written.
        if source.name.starts_with("builtin:") || diag.edits.iter().any(|edit| edit.loc.source != *source) {
            continue;
        }
        match files.iter_mut().find(|(known, _)| known == source) {
            Some((_, list)) => list.push(diag),
            None => files.push((Arc::clone(source), vec![diag])),
        }
    }
    for (source, diags) in files {
        let (file, why) = mend_file(&source, &diags, known);
        mended.extend(file);
        refused.extend(why);
    }
    (mended, refused)
}

fn mend_file(source: &Arc<Source>, diags: &[&Diag], known: Option<&Known>) -> (Option<Mended>, Vec<String>) {
    let (mut chosen, mut refused): (Vec<&Diag>, Vec<String>) = (Vec::new(), Vec::new());
    let mut new = source.text.to_string();
    let checked = |chosen: &[&Diag]| {
        let text = applied(source, chosen).ok_or_else(|| "another edit is made there".to_owned())?;
        let new = Source::new(Arc::clone(&source.name), text.as_str());
        same(source, &new, known, May::Words).map(|()| text)
    };
    // Nearly always all of them can be made.
    if let Ok(text) = checked(diags) {
        return (Some(Mended { old: Arc::clone(source), new: text, settled: diags.len() }), refused);
    }
    for diag in diags {
        chosen.push(diag);
        match checked(&chosen) {
            Ok(text) => new = text,
            Err(why) => {
                chosen.pop();
                let place = diag.labels.first().map(|label| label.loc.to_string()).unwrap_or_default();
                refused.push(format!("{place}: `{}` is not mended: {why}", diag.code.id));
            }
        }
    }
    let settled = chosen.len();
    ((settled > 0).then(|| Mended { old: Arc::clone(source), new, settled }), refused)
}

/// The text with these edits; `None` if two of them meet.
fn applied(source: &Source, diags: &[&Diag]) -> Option<String> {
    let mut edits: Vec<&Edit> = diags.iter().flat_map(|diag| &diag.edits).collect();
    edits.sort_by_key(|edit| (edit.loc.start, edit.loc.end));
    let (mut text, mut at) = (String::with_capacity(source.text.len()), 0);
    for edit in edits {
        let (start, end) = (edit.loc.start as usize, edit.loc.end as usize);
        text.push_str(source.text.get(at..start)?);
        text.push_str(&edit.text);
        at = end;
    }
    text.push_str(source.text.get(at..)?);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::code;
    use crate::source::Loc;

    const POLICY: &str = "policy: p\ntitle: It holds\ntier: daily\nseverity: high\nowner: team\nwhy: It was agreed.\ntarget: { type: host }\nobserve: { usage: { probe: disk.usage } }\nremedy: { steps: [{ do: Mend it. }] }\ntags: [a, b, a]\nfail: free < 1.GiB\n";

    fn edit(source: &Arc<Source>, from: &str, to: &str) -> Diag {
        let at = source.text.find(from).unwrap();
        Diag::warning(&code::REPEATED_TAG, "m").edit(&Loc::new(source, at, at + from.len()), to)
    }

    #[test]
    fn what_would_be_judged_otherwise_is_left_and_the_rest_is_mended() {
        let source = Source::new("p.yaml", POLICY);
        let diags = [edit(&source, "1.GiB", "2.GiB"), edit(&source, ", a]", "]"), edit(&source, "b, a", "b")];
        let (mended, refused) = mend(&diags.iter().collect::<Vec<_>>(), None);
        assert_eq!(mended[0].new, POLICY.replace(", a]", "]"));
        assert_eq!((mended.len(), mended[0].settled), (1, 1));
        assert!(refused[0].ends_with("it would say something else"), "{refused:?}");
        assert!(refused[1].ends_with("another edit is made there"), "{refused:?}");
    }

    #[test]
    fn a_library_is_not_written() {
        let source = Source::new("builtin:host/p.yaml", POLICY);
        assert!(mend(&[&edit(&source, ", a]", "]")], None).0.is_empty());
    }
}
