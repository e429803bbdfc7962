//! A comment that allows what is not there.

use super::comments::Comments;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};

pub(super) const LINT: Lint = Lint {
    code: &code::UNUSED_ALLOW,
    category: Category::Style,
    level: WARNING,
    doc: "every comment that allows something covers a finding",
    page: Page {
        why: "What it allowed was mended, or it stands at the wrong line. It waits there for the next mistake, which \
              nobody will be told.",
        bad: "# muster: allow slow-page -- the volume only grows at the end of a quarter\npolicy: p\ntier: daily\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
        good: "# muster: allow slow-page -- the volume only grows at the end of a quarter\npolicy: p\ntier: weekly\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }",
    },
    check: Check::Comments(check),
};

fn check(comments: &Comments, diags: &mut Vec<Diag>) {
    for allow in comments.allows.iter().filter(|allow| allow.told && !allow.used) {
        let message = format!("there is no `{}` here to be allowed", allow.word);
        let diag = Diag::warning(&code::UNUSED_ALLOW, message).at(&allow.loc, "").help("remove it");
        diags.push(match &allow.alone {
            Some(comment) => diag.edit(comment, ""),
            None => diag,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn what_covers_nothing_is_shown() {
        warned(&LINT, "# muster: allow slow-page -- because\nfail: free < 1.GiB");
        warned(
            &LINT,
            "fail: free < 1.GiB\ntier: weekly # muster: allow slow-page -- because\nalert: { context: [free], urgency: page }",
        );
    }

    #[test]
    fn what_cannot_be_told_is_fine() {
        fine(&LINT, "# muster: allow slow-page\nfail: free < 1.GiB");
        fine(&LINT, "# muster: allow alert-route -- because\nfail: free < 1.GiB");
    }
}
