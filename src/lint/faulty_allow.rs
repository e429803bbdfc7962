//! A comment that is meant to allow something, and does not.

use super::comments::Comments;
use super::{Category, Check, ERROR, LINTS, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};

pub(super) const LINT: Lint = Lint {
    code: &code::FAULTY_ALLOW,
    category: Category::Style,
    level: ERROR,
    doc: "every comment that allows something names a lint and a reason",
    page: Page {
        why: "Whoever wrote it believes that the finding is settled. Without a reason nobody can tell later whether it \
              still is.",
        bad: "tier: weekly\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }\n# muster: allow slow-page\npolicy: p",
        good: "tier: weekly\nfail: free < 1.GiB\nalert: { urgency: page, context: [free] }\n# muster: allow slow-page -- the volume only grows at the end of a quarter\npolicy: p",
    },
    check: Check::Comments(check),
};

fn check(comments: &Comments, diags: &mut Vec<Diag>) {
    let shape = "write `# muster: allow LINT -- why it is fine here`";
    for place in &comments.misspelt {
        let message = format!("`{}` allows nothing", place.text());
        diags.push(Diag::error(&code::FAULTY_ALLOW, message).at(place, "").help(shape));
    }
    for allow in &comments.allows {
        let found = match (&allow.lint, &allow.reason) {
            (Some(_), Some(_)) => continue,
            (Some(lint), None) => {
                let message = format!("nothing says why `{}` is allowed here, so it is not", lint.name());
                Diag::error(&code::FAULTY_ALLOW, message).help(shape)
            }
            (None, _) if allow.word.is_empty() => {
                Diag::error(&code::FAULTY_ALLOW, "the comment names no lint").help(shape)
            }
            (None, _) => {
                let message = format!("`{}` is no lint that can be allowed", allow.word);
                // The code of something that does not load is spelled well, however much a lint looks like it.
                let misspelt = code::find(&allow.word).is_none();
                let help = did_you_mean(&allow.word, LINTS.iter().map(Lint::name)).filter(|_| misspelt);
                let fixed = super::find(&allow.word).is_some_and(super::is_fixed);
                let only = if fixed {
                    "no run begins while it finds something, so that it has to be mended"
                } else {
                    "only what a lint finds can be allowed; what does not load has to be mended"
                };
                Diag::error(&code::FAULTY_ALLOW, message).help(help.unwrap_or_else(|| only.to_owned()))
            }
        };
        diags.push(found.at(&allow.loc, ""));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;
    use super::LINT;

    fn help(comment: &str) -> Vec<String> {
        let found = said(&LINT, &format!("# {comment}\nfail: free < 1.GiB"));
        found.into_iter().map(|diag| diag.message + ": " + &diag.help.unwrap_or_default()).collect()
    }

    #[test]
    fn what_allows_nothing_is_told() {
        assert!(help("muster: allow slow-pge -- r")[0].ends_with("did you mean `slow-page`?"));
        assert!(help("muster: allow unknown-fact -- r")[0].contains("what does not load has to be mended"));
        assert!(help("muster: allow unknown-owner -- r")[0].contains("no run begins"));
        assert_eq!(help("muster: allow slow-page, unused-param --").len(), 2);
        assert_eq!(help("muster: alow slow-page -- r").len(), 1);
        assert_eq!(help("muster: ignore slow-page -- r").len(), 1);
        assert_eq!(help("muster: allow").len(), 1);
        assert_eq!(help("muster: allow unused-allow -- r").len(), 1);
    }

    #[test]
    fn other_comments_are_fine() {
        assert_eq!(help("muster: see the docs"), Vec::<String>::new());
        assert_eq!(help("muster: 1"), Vec::<String>::new());
    }
}
