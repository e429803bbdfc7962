//! A waiver whose reason explains nothing.

use super::{Category, Check, Input, Lint, Page, WARNING};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::WAIVER_REASON,
    category: Category::Waivers,
    level: WARNING,
    doc: "the reason of a waiver is a sentence",
    page: Page {
        why: "When it ends, somebody has to decide whether to renew it. A word does not say what made it fine, so it \
              is renewed for ever.",
        bad: "waivers: [{ policy: disk-full, reason: TODO, owner: t, ticket: T-1, expires: 2027-01-31 }]",
        good: "waivers: [{ policy: disk-full, reason: the volume is replaced in January, owner: t, ticket: T-1, expires: 2027-01-31 }]",
    },
    check: Check::Project(check),
};

/// Fewer words than this are no reason.
const WORDS: usize = 3;

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for waiver in &input.project.waivers {
        if waiver.reason.split_whitespace().count() >= WORDS {
            continue;
        }
        let message = format!("`{}` does not say why `{}` is waived", waiver.reason, waiver.policy.text);
        diags.push(
            Diag::warning(&code::WAIVER_REASON, message)
                .at(&waiver.loc, "")
                .help("say what makes it fine for now, and what will end that"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn a_word_is_no_reason() {
        let waiver = |reason: &str| {
            let text = format!(
                "waivers: [{{ policy: p, reason: {reason}, owner: t, ticket: T-1, expires: 2027-01-01 }}]"
            );
            said_of(&LINT, &text, &[]).len()
        };
        assert_eq!((waiver("TODO"), waiver("known issue"), waiver("append-only by design")), (1, 1, 0));
    }
}
