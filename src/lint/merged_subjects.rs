//! A key that does not tell the rows apart: several rows become one subject.

use super::written::Written;
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::Type;
use crate::policy::Policy;
use crate::policy::model::Observe;

pub(super) const LINT: Lint = Lint {
    code: &code::MERGED_SUBJECTS,
    category: Category::Bugs,
    level: ERROR,
    doc: "the key of every observation tells its rows apart",
    page: Page {
        why: "Findings, waivers, overrides and history name a subject by its key. Two rows of one key cannot be told \
              apart, so both are unknown on the first day on which there are two.",
        bad: "target: { type: postgres }\n\
              observe:\n  big:\n    probe: postgres.query\n    with: { sql: \"SELECT path, size FROM uploads\" }\n    \
              facts: { path: text, size: bytes }\n    key: [size]   # here\nfail: size > 1.GiB",
        good: "target: { type: postgres }\n\
               observe:\n  big:\n    probe: postgres.query\n    with: { sql: \"SELECT path, size FROM uploads\" }\n    \
               facts: { path: text, size: bytes }\n    key: [path]\nfail: size > 1.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for observe in &policy.observe {
        if let Some(diag) = merges(observe) {
            let place = Written::of(policy).value(&["observe", &observe.name, "key"]);
            diags.push(diag.at(&place, ""));
        }
    }
}

fn merges(observe: &Observe) -> Option<Diag> {
    let names = observe.asked.key_names();
    let probe = observe.probe;
    let lost: Vec<&str> = probe.key.iter().copied().filter(|name| !names.contains(name)).collect();
    // Facts that a policy declares may make rows of parts of the answer, whose key only their author knows.
    if let Some(first) = lost.first().filter(|_| observe.pointers.is_empty()) {
        let (probe, lost) = (probe.name, lost.join("`, `"));
        let message = format!("rows of `{probe}` that differ only in `{lost}` become one subject");
        let help = format!("add `{first}` to the key, or leave `key` out and `group` the rows");
        return Some(Diag::error(&code::MERGED_SUBJECTS, message).help(help));
    }
    if names.is_empty() || !probe.key.is_empty() {
        return None;
    }
    let names = names.join("`, `");
    let mut fields = observe.asked.key.iter().filter_map(|index| observe.asked.fields.get(*index));
    let measured = fields
        .clone()
        .all(|field| matches!(field.ty.base(), Type::Bool | Type::Float | Type::Quantity(_) | Type::Counter));
    if measured {
        let message = format!("`{names}` is what is measured, and not what tells the rows apart");
        let help = "name the facts that say which row it is, such as a path or a name";
        return Some(Diag::error(&code::MERGED_SUBJECTS, message).help(help));
    }
    // One such row is told apart from the others; that there are more is likely, and not certain.
    fields.all(|field| field.ty.is_nullable()).then(|| {
        let message = format!("`{names}` may be null, and all rows without it become one subject");
        let help = "let the query leave such rows out, or name a fact that every row has";
        Diag::warning(&code::MERGED_SUBJECTS, message).help(help)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said, warned};
    use super::LINT;

    fn query(facts: &str, key: &str) -> String {
        format!(
            "target: {{ type: postgres }}\nfail: n > 1\nobserve:\n  q:\n    probe: postgres.query\n    \
             with: {{ sql: SELECT 1 }}\n    facts: {{ n: int, {facts} }}\n    key: {key}\n"
        )
    }

    #[test]
    fn keys_that_merge_rows_are_found() {
        refused(&LINT, &query("size: bytes", "[size]"));
        warned(&LINT, &query("path: text?", "[path]"));
        refused(&LINT, "observe: { usage: { probe: disk.usage, key: [device] } }\nfail: free < 1.GiB");
    }

    #[test]
    fn keys_that_tell_rows_apart_are_fine() {
        fine(&LINT, &query("path: text", "[path]"));
        fine(&LINT, &query("name: text?, at: time", "[name, at]"));
        fine(&LINT, &query("size: bytes, path: text", "[path, size]"));
        fine(&LINT, "fail: free < 1.GiB");
        fine(&LINT, "observe: { usage: { probe: disk.usage, key: [path, device] } }\nfail: free < 1.GiB");
    }

    #[test]
    fn the_place_is_the_key() {
        let found = said(&LINT, &query("size: bytes", "[size]"));
        assert_eq!(found[0].labels[0].loc.text(), "[size]");
    }
}
