//! A title that is no sentence of its own.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::TITLE_STYLE,
    category: Category::Style,
    level: WARNING,
    doc: "titles say the expectation, without a period",
    page: Page {
        why: "Reports set the title beside the id, and put it into sentences of their own. One that repeats the id says \
              nothing there, and a period ends what goes on.",
        bad: "title: Every disk has room to spare.\nfail: free < 1.GiB",
        good: "title: Every disk has room to spare\nfail: free < 1.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let title = &*policy.title;
    if title.ends_with('.') && !title.ends_with("..") {
        let place = Written::of(policy).value(&["title"]);
        let diag = Diag::warning(&code::TITLE_STYLE, "the title ends with a period").at(&place, "");
        diags.push(without_period(diag, policy).help("take the period out"));
    } else if words(title).eq(words(&policy.id)) {
        let message = format!("the title repeats the id `{}`", policy.id);
        diags.push(
            Diag::warning(&code::TITLE_STYLE, message)
                .at(&Written::of(policy).value(&["title"]), "")
                .help("say what is expected: `Every file system has room to spare`"),
        );
    }
}

/// With the edit, where it is plain where the period stands.
fn without_period(diag: Diag, policy: &Policy) -> Diag {
    let written = Written::of(policy);
    let end = policy.title.len();
    let place = written.node(&["title"]).and_then(|node| {
        let text = node.as_str()?;
        let start = text.find(&*policy.title)?;
        Some(node.place(start + end - 1, start + end))
    });
    match place.filter(|place| place.text() == ".") {
        Some(place) => diag.edit(&place, ""),
        None => diag,
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn periods_and_repeated_ids_are_shown() {
        warned(&LINT, "title: It has room.\nfail: free < 1.GiB");
        warned(&LINT, "policy: disk-full\ntitle: Disk full\nfail: free < 1.GiB");
        let found = said(&LINT, "title: 'It has room.'\nfail: free < 1.GiB");
        assert_eq!((found[0].edits[0].loc.text(), found[0].edits[0].text.as_str()), (".", ""));
    }

    #[test]
    fn sentences_are_fine() {
        fine(&LINT, "title: It has room\nfail: free < 1.GiB");
        fine(&LINT, "title: It has room…\nfail: free < 1.GiB");
        fine(&LINT, "policy: disk-full\ntitle: No disk is full\nfail: free < 1.GiB");
    }
}
