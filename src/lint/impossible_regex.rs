//! A regular expression that matches nothing, or everything.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::{Node, Op};

pub(super) const LINT: Lint = Lint {
    code: &code::IMPOSSIBLE_REGEX,
    category: Category::Bugs,
    level: ERROR,
    doc: "every regular expression can match, and can fail to",
    page: Page {
        why: "`$ext4` wants something after the end, so it never matches, and a pattern of optional parts matches \
              everything. Both compile.",
        bad: "fail: matches(filesystem, \"$ext4\")",
        good: "fail: matches(filesystem, \"ext4$\")",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).map(|rung| &rung.rule);
    let shared = policy.lets.iter().map(|shared| &shared.rule);
    for rule in rungs.chain(shared).chain(policy.filter.as_deref()).chain(policy.when.as_deref()) {
        rule.node.walk(&mut |node| {
            if let Op::Matches(_, regex) = &node.op {
                diags.extend(of_pattern(node, regex.as_str()));
            }
        });
    }
}

fn of_pattern(node: &Node, pattern: &str) -> Option<Diag> {
    // It was compiled at load, so what cannot be parsed here is not for a lint to say.
    let hir = regex_syntax::parse(pattern).ok()?;
    let (says, help) = if !possible(&hir, false, false) {
        (
            "matches nothing",
            "`^` begins a pattern and `$` ends it; a character that is meant is written `\\\\$`",
        )
    } else if hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty() {
        (
            "matches every text",
            "all of its parts are optional: put `^` and `$` around it, or a part that must be there",
        )
    } else {
        return None;
    };
    let message = format!("the regular expression `{pattern}` {says}");
    Some(Diag::error(&code::IMPOSSIBLE_REGEX, message).at(&node.loc, "").help(help))
}

/// May it match, where something must stand before or after it in the match? False only if it cannot.
fn possible(hir: &Hir, before: bool, after: bool) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) => true,
        HirKind::Class(Class::Unicode(class)) => !class.ranges().is_empty(),
        HirKind::Class(Class::Bytes(class)) => !class.ranges().is_empty(),
        HirKind::Look(Look::Start) => !before,
        HirKind::Look(Look::End) => !after,
        HirKind::Look(_) => true,
        HirKind::Repetition(repetition) => repetition.min == 0 || possible(&repetition.sub, before, after),
        HirKind::Capture(capture) => possible(&capture.sub, before, after),
        HirKind::Alternation(branches) => branches.iter().any(|branch| possible(branch, before, after)),
        HirKind::Concat(parts) => {
            let takes = |part: &Hir| part.properties().minimum_len() != Some(0);
            parts.iter().enumerate().all(|(index, part)| {
                let before = before || parts.iter().take(index).any(takes);
                let after = after || parts.iter().skip(index + 1).any(takes);
                possible(part, before, after)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    fn rule(pattern: &str) -> String {
        format!("fail: 'matches(filesystem, \"{pattern}\")'")
    }

    #[test]
    fn patterns_that_say_nothing_are_refused() {
        for pattern in ["$a", "a^", "(x|a$)b^", "a$b", "[^\\\\s\\\\S]", "(^a)?b(c^)+", ".*", "", "(a|b)*x?"] {
            refused(&LINT, &rule(pattern));
        }
        refused(&LINT, "where: matches(filesystem, \"$a\")\nfail: free < 1.GiB");
    }

    #[test]
    fn patterns_that_match_some_texts_are_fine() {
        for pattern in ["^a$", "a|$b", "^$", "(^a)?b", "(?m)a$", "x*y", "^(ext4|xfs)$", "(a$|b)", "\\\\bx"] {
            fine(&LINT, &rule(pattern));
        }
    }

    #[test]
    fn the_message_shows_the_pattern() {
        let found = said(&LINT, &rule("$a"));
        assert_eq!(found[0].message, "the regular expression `$a` matches nothing");
    }
}
