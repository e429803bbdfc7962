//! A character that nobody sees, and that makes a reviewer read another text than muster.

use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::HIDDEN_CHARACTER,
    category: Category::Safety,
    level: ERROR,
    doc: "no policy holds characters that are not seen",
    page: Page {
        why: "A mark that turns the direction of writing shows a reviewer `< 1.GiB` where `> 1.GiB` stands, and a blank of \
              no width makes two names of one. Both are attacks that are known from source code.",
        bad: "fail: free < 1.GiB && filesystem != \"ext4\u{200b}\"",
        good: "fail: free < 1.GiB && filesystem != \"ext4\"",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let text = policy.text.text();
    if text.is_ascii() {
        return;
    }
    let base = policy.text.start as usize;
    for (at, c) in text.char_indices().filter(|(_, c)| is_hidden(*c)) {
        let place = policy.text.with(base + at, base + at + c.len_utf8());
        let message = format!("a character that is not seen stands here: U+{:04X}", u32::from(c));
        diags.push(
            Diag::error(&code::HIDDEN_CHARACTER, message)
                .at(&place, "")
                .help("remove it; it often comes along when text is copied from a page or a chat"),
        );
    }
}

/// Marks of direction and characters without a width.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    #[test]
    fn what_is_not_seen_is_refused() {
        refused(&LINT, "fail: filesystem == \"a\u{202e}b\"");
        refused(&LINT, "why: It\u{200b}'s so.\nfail: free < 1.GiB");
        let found = said(&LINT, "# ä\nwhy: a\u{ad}b\nfail: free < 1.GiB");
        assert_eq!(found[0].labels[0].loc.line_column(), (2, 7));
        assert!(found[0].message.ends_with("U+00AD"), "{found:?}");
    }

    #[test]
    fn other_letters_are_fine() {
        fine(&LINT, "why: Größe – „voll“ … 日本語\nfail: free < 1.GiB");
    }
}
