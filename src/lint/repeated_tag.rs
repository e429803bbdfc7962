//! A tag that stands twice.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::source::Loc;
use crate::source::yaml::Node;

pub(super) const LINT: Lint = Lint {
    code: &code::REPEATED_TAG,
    category: Category::Style,
    level: WARNING,
    doc: "no tag stands twice",
    page: Page {
        why: "One of the two was meant to be another one, by which somebody selects.",
        bad: "tags: [disk, capacity, disk]\nfail: free < 1.GiB",
        good: "tags: [disk, capacity]\nfail: free < 1.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let repeated = |(index, tag)| policy.tags.iter().take(index).any(|earlier| earlier == tag);
    // The places of tags are of no use to anybody else, so they are looked up where one is wrong.
    if !policy.tags.iter().enumerate().any(repeated) {
        return;
    }
    let written = Written::of(policy);
    let tags = written.node(&["tags"]).map(Node::items).unwrap_or_default().iter();
    let items: Vec<(String, Loc)> =
        tags.map(|tag| (tag.as_str().unwrap_or("").trim().to_owned(), tag.loc.clone())).collect();
    for (index, (tag, _)) in items.iter().enumerate() {
        let Some((_, first)) = items.iter().take(index).find(|(earlier, _)| earlier == tag) else { continue };
        let Some((_, loc)) = items.get(index) else { continue };
        let diag = Diag::warning(&code::REPEATED_TAG, format!("the tag `{tag}` stands twice"))
            .at(loc, "again here")
            .at(first, "first here")
            .help("remove one of the two, or write what was meant");
        diags.push(match in_flow(loc) {
            Some(cut) => diag.edit(&cut, ""),
            None => diag,
        });
    }
}

/// The item with the comma before it, if that is all there is between it and the item before.
fn in_flow(loc: &Loc) -> Option<Loc> {
    let before = loc.source.text.get(..loc.start as usize)?;
    let cut = before.trim_end_matches(' ').strip_suffix(',')?;
    Some(loc.with(cut.len(), loc.end as usize))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn a_tag_that_stands_twice_is_shown() {
        warned(&LINT, "tags: [a, b, a]\nfail: free < 1.GiB");
        warned(&LINT, "tags:\n  - a\n  - 'a'\nfail: free < 1.GiB");
        fine(&LINT, "tags: [a, b, aa]\nfail: free < 1.GiB");
    }
}
