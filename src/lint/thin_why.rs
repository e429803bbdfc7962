//! A `why` that gives no reason.

use super::written::value;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::THIN_WHY,
    category: Category::Style,
    level: WARNING,
    doc: "the `why` of every policy says what happens otherwise",
    page: Page {
        why: "In two years somebody asks whether the limit may be raised. Only the reason can answer, and its author has \
              left.",
        bad: "why: Disks must not fill.\nfail: free < 1.GiB",
        good: "why: A full disk stops the database within minutes, and the backup of the night is cut.\nfail: free < 1.GiB",
    },
    check: Check::Policy(check),
};

/// Fewer words than this name the rule again, or nothing.
const WORDS: usize = 8;

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let count = policy.why.split_whitespace().take(WORDS).count();
    let repeats = policy.why.trim_end_matches('.').eq_ignore_ascii_case(&policy.title);
    if count >= WORDS && !repeats {
        return;
    }
    let message = if repeats {
        format!("the `why` of `{}` repeats its title", policy.id)
    } else {
        format!("the `why` of `{}` has {count} words, which give no reason", policy.id)
    };
    diags.push(
        Diag::warning(&code::THIN_WHY, message)
            .at(&value(policy, &["why"]), "")
            .help("say what happens when it does not hold, and where the limit comes from"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn a_few_words_are_no_reason() {
        warned(&LINT, "why: Best practice.\nfail: free < 1.GiB");
        warned(
            &LINT,
            "title: Each of the disks has room for one more day\nwhy: Each of the disks has room for one more day.\nfail: free < 1.GiB",
        );
        assert_eq!(
            said(&LINT, "why: Best practice.\nfail: free < 1.GiB")[0].labels[0].loc.text(),
            "Best practice."
        );
    }

    #[test]
    fn a_sentence_is_fine() {
        fine(&LINT, "why: A full disk stops the database within minutes of the warning.\nfail: free < 1.GiB");
    }
}
