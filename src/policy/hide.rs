//! A secret that somebody wrote into the project file appears in no message about that file, also not in the
//! lines that a message shows around its place.
//!
//! Messages point into a copy of the text in which everything that looks like a secret is replaced. The copy is
//! made from the text itself, because a file that is no YAML has secrets too; where there is a tree, it adds
//! what only the tree can tell.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::Regex;
use url::Url;

use crate::diag::{Diag, nearest};
use crate::secret::REDACTED;
use crate::source::yaml::{self, Kind, Node};
use crate::source::{Loc, Source};

/// The value of a key whose name speaks of a secret, to the end of the line or of the quotes, also on the line
/// below. What is a reference is sorted out afterwards.
const KEYS: &str = r#"(?i)["']?[\w-]*(?:pas+w|pas+phrase|secret|token|authorization|cookie|credential|api[-_]?key)[\w-]*["']?[ \t]*:(?:[ \t]+(?:[|>][^\n]*\n[ \t]+)?|[ \t]*\r?\n[ \t]+)("(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^\s"'{\[&*#|>][^\n]*)"#;
/// Everything between the first `:` behind `://` and the last `@`, which is too much for `http://h:80/@me` and
/// enough for a password with a `/` in it.
const ADDRESS: &str = r#"://[^\s"'@:/]*:([^\s"']*)@"#;
/// A secret in the query of an address.
const QUERY: &str =
    r#"(?i)[?&][^=&\s"']*(?:pas+w|pwd|secret|token|api_?key|signature)[^=&\s"']*=([^&\s"']+)"#;

/// Does an address hold a secret? The answer says where, without it.
pub(super) fn in_address(text: &str) -> Option<&'static str> {
    let url = Url::parse(text).ok();
    if url.as_ref().is_some_and(|url| url.password().is_some()) {
        return Some("the address holds a password");
    }
    let query = format!("?{}", url.as_ref().and_then(Url::query).unwrap_or(""));
    compiled(2)?.is_match(&query).then_some("the query of the address holds a secret")
}

fn compiled(index: usize) -> Option<&'static Regex> {
    static COMPILED: OnceLock<Vec<Option<Regex>>> = OnceLock::new();
    let all = COMPILED.get_or_init(|| [KEYS, ADDRESS, QUERY].map(|text| Regex::new(text).ok()).into());
    all.get(index)?.as_ref()
}

/// Points every place in this source into a copy without secrets.
pub(super) fn secrets(source: &Arc<Source>, diags: &mut [Diag]) {
    if diags.iter().flat_map(|diag| &diag.labels).any(|label| label.loc.source == *source) {
        replace(source, &ranges(source), diags);
    }
}

/// Points every place in this source into a copy in which these ranges, in order and apart, say `[secret]`.
pub fn replace(source: &Arc<Source>, ranges: &[Range<usize>], diags: &mut [Diag]) {
    if ranges.is_empty() {
        return;
    }
    let here = diags.iter_mut().flat_map(|diag| &mut diag.labels).filter(|label| label.loc.source == *source);
    let mut labels: Vec<_> = here.collect();
    let copy = Source::new(Arc::clone(&source.name), without(&source.text, ranges));
    for label in &mut labels {
        let (start, end) = (label.loc.start as usize, label.loc.end as usize);
        label.loc = Loc::new(&copy, moved(start, ranges, false), moved(end, ranges, true));
    }
}

/// Where the secrets are, in order and apart.
fn ranges(source: &Arc<Source>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for regex in (0..3).filter_map(compiled) {
        let captures = regex.captures_iter(&source.text);
        let values = captures.filter_map(|all| all.get(1)).filter(|value| !refers(value.as_str()));
        found.extend(values.map(|value| value.range()));
    }
    for document in yaml::parse(source, &yaml::Limits::default()).unwrap_or_default() {
        for (_, target) in document.root.pairs_of("targets") {
            in_target(target, &mut found);
        }
        if let Some(store) = document.root.get("store") {
            in_target(store, &mut found);
        }
        for (key, value) in document.root.pairs_of("recordings") {
            if nearest(key.as_str().unwrap_or(""), ["mask_key"]).is_some() {
                in_secret(value, &mut found);
            }
        }
    }
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// The first line of a reference that stands below its key.
fn refers(value: &str) -> bool {
    ["env", "file", "command"]
        .iter()
        .any(|key| value.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')))
}

/// What the tree of a target says: passwords and headers in every form but that of a reference, also under a
/// misspelt key.
fn in_target(target: &Node, found: &mut Vec<Range<usize>>) {
    for (key, value) in target.pairs() {
        let word = key.as_str().unwrap_or("");
        match nearest(word, ["password", "headers"]).unwrap_or(word) {
            "password" => in_secret(value, found),
            "headers" => match &value.kind {
                Kind::Map(headers) => headers.iter().for_each(|(_, value)| in_secret(value, found)),
                Kind::Scalar(_) | Kind::Seq(_) => in_secret(value, found),
            },
            _ => {}
        }
    }
}

fn in_secret(value: &Node, found: &mut Vec<Range<usize>>) {
    let Kind::Map(pairs) = &value.kind else { return found.push(range(&value.loc)) };
    for (key, value) in pairs {
        if !matches!(key.as_str(), Some("env" | "file" | "command")) {
            found.push(range(&value.loc));
        }
    }
}

fn range(loc: &Loc) -> Range<usize> {
    loc.start as usize..loc.end as usize
}

fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let (mut copy, mut at) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        copy.push_str(text.get(at..range.start).unwrap_or(""));
        copy.push_str(REDACTED);
        at = range.end;
    }
    copy.push_str(text.get(at..).unwrap_or(""));
    copy
}

/// Where an offset of the text lies in the copy: in a secret it goes to its start or its end.
fn moved(offset: usize, ranges: &[Range<usize>], end: bool) -> usize {
    let (mut removed, mut added) = (0, 0);
    for range in ranges {
        if range.end <= offset {
            removed += range.len();
            added += REDACTED.len();
        } else if range.start < offset {
            let inside = offset - range.start;
            return offset - inside - removed + added + if end { REDACTED.len() } else { 0 };
        }
    }
    offset - removed + added
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let source = Source::new("muster.yaml", text);
        without(&source.text, &ranges(&source))
    }

    #[test]
    fn secrets_are_replaced_wherever_they_stand() {
        let cases = [
            ("password: hunter2", "password: [secret]"),
            ("  password: \"hun ter2\" # old", "  password: [secret] # old"),
            ("  PGPASSWORD: 'hunter2'", "  PGPASSWORD: [secret]"),
            ("  pasword: hunter2", "  pasword: [secret]"),
            ("  X-Api-Key: hunter2", "  X-Api-Key: [secret]"),
            ("  password: \"hunter2", "  password: [secret]"),
            ("  password: |\n    hunter2\n", "  password: |\n    [secret]\n"),
            ("  password:\n    hunter2\n", "  password:\n    [secret]\n"),
            ("url: postgres://u:hunter2@h/db", "url: postgres://u:[secret]@h/db"),
            ("url: postgres://u:hun@ter/2@h:1/db", "url: postgres://u:[secret]@h:1/db"),
            ("url: https://h/?a=1&access_token=hunter2&b=2", "url: https://h/?a=1&access_token=[secret]&b=2"),
            ("targets: { a: { headers: { X: hunter2 } } }", "targets: { a: { headers: { X: [secret] } } }"),
            ("targets:\n  a:\n    passwd:\n    - hunter2\n", "targets:\n  a:\n    passwd:\n    [secret]\n"),
            ("targets: { a: { password: { x: hunter2 } } }", "targets: { a: { password: { x: [secret] } } }"),
        ];
        for (text, wanted) in cases {
            assert_eq!(hidden(text), wanted);
        }
    }

    #[test]
    fn references_and_plain_addresses_stay() {
        for text in [
            "targets: { a: { password: { env: DB_PASSWORD }, url: 'postgres://watcher@h:5432/db' } }",
            "targets:\n  a:\n    password: { file: /run/secret }\n    headers:\n      Authorization: { command: [pass, x] }\n",
            "password:\n  env: X\nurl: https://h:8443/me?page=1",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn places_move_with_the_text() {
        let ranges = [4..6, 10..30];
        let at = |offset, end| moved(offset, &ranges, end);
        assert_eq!((at(3, false), at(4, false), at(5, false), at(5, true), at(6, true)), (3, 4, 4, 12, 12));
        assert_eq!(
            (at(9, false), at(20, false), at(20, true), at(30, true), at(31, false)),
            (15, 16, 24, 24, 25)
        );
    }
}
