//! A hole inside quotes, or glued to a word: its value is quoted already, so it ends up quoted twice.

use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::Type;
use crate::policy::Policy;
use crate::policy::model::StepTemplate;
use crate::rule::Rule;
use crate::rule::template::Part;
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::QUOTED_HOLE,
    category: Category::Remedy,
    level: ERROR,
    doc: "no value of a step is quoted twice",
    page: Page {
        why: "muster quotes each value for where it stands. Within quotes of yours, `\"{{ mount }}\"` becomes \
              `\"'/srv/$(reboot)'\"`: the inner quotes are text now, and the shell runs what they were to keep from it.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:\n    - shell: df -h \"{{ mount }}\"   # here",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: df -h {{ mount }}",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for step in &policy.remedy {
        if let Some((rule, how)) = twice(step) {
            let written = format!("{{{{ {} }}}}", rule.node.text.trim());
            let message = format!("`{written}` {how}");
            let help = match step.kind {
                StepKind::Sql => "write it alone: names and literals are quoted where they are filled in",
                _ => "write it alone: whatever its value holds, it becomes one word",
            };
            diags.push(
                Diag::error(&code::QUOTED_HOLE, message).at(&rule.node.loc, "quoted already").help(help),
            );
        }
    }
}

/// What becomes a quoted piece, and not a bare number.
fn is_quoted(rule: &Rule) -> bool {
    matches!(
        rule.node.ty.base(),
        Type::Text(_) | Type::Enum(_) | Type::List(_) | Type::Time | Type::Date | Type::Version
    )
}

fn twice(step: &StepTemplate) -> Option<(&Rule, &'static str)> {
    let parts: Vec<Part<'_>> = step.text.parts().collect();
    let mut quotes = Quotes::new(step.kind)?;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Plain(text) => quotes.pass(text),
            Part::Hole(rule) if is_quoted(rule) && !quotes.comment => {
                if quotes.open.is_some() {
                    return Some((rule, "stands in quotes, and its value is quoted already"));
                }
                let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                let before = index.checked_sub(1).and_then(|at| parts.get(at));
                let glued = matches!(before, Some(Part::Plain(text)) if word(text.chars().next_back()))
                    || matches!(parts.get(index + 1), Some(Part::Plain(text)) if word(text.chars().next()));
                // A shell joins `a-'b c'` into one word; SQL knows no such thing.
                if glued && step.kind == StepKind::Sql {
                    return Some((rule, "is a part of a longer name, and its value is quoted by itself"));
                }
            }
            Part::Hole(_) => {}
        }
    }
    None
}

/// Which quote is open.
struct Quotes {
    shell: bool,
    open: Option<char>,
    comment: bool,
}

impl Quotes {
    fn new(kind: StepKind) -> Option<Self> {
        (kind != StepKind::Do).then_some(Self { shell: kind == StepKind::Shell, open: None, comment: false })
    }

    fn pass(&mut self, text: &str) {
        let mut before = ' ';
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match (c, self.open) {
                ('\n', _) => self.comment = false,
                _ if self.comment => {}
                ('\\', open) if self.shell && open != Some('\'') => {
                    chars.next();
                }
                (quote, Some(open)) if quote == open => self.open = None,
                ('\'' | '"', None) => self.open = Some(c),
                ('`', None) if !self.shell => self.open = Some(c),
                ('`', Some('`')) => self.open = None,
                ('#', None) if self.shell && before.is_whitespace() => self.comment = true,
                ('-', None) if !self.shell && before == '-' => self.comment = true,
                _ => {}
            }
            before = c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    fn step(step: &str) -> String {
        format!("fail: free < 1.GiB\nremedy:\n  steps:\n    - {step}\n")
    }

    #[test]
    fn values_in_quotes_are_refused() {
        refused(&LINT, &step("shell: ls '{{ mount }}'"));
        refused(&LINT, &step("shell: ssh host \"df {{ mount }}\""));
        refused(&LINT, &step("sql: SELECT '{{ device }}'"));
        refused(&LINT, &step("sql: VACUUM t_{{ device }}"));
        let found = said(&LINT, &step("shell: ls '{{ mount }}'"));
        assert_eq!(found[0].labels[0].loc.text(), "mount");
    }

    #[test]
    fn values_that_stand_alone_are_fine() {
        fine(&LINT, &step("shell: ls {{ mount }}-old \"x\" '{{ free }} bytes'"));
        fine(&LINT, &step("shell: |\n        ls {{ mount }} # it's \"full\n        ls {{ device }}\n"));
        fine(&LINT, &step("sql: SELECT 'it''s', {{ device }}, {{ device }}::text -- don't\n"));
        fine(&LINT, &step("shell: echo it\\'s {{ mount }}"));
        fine(&LINT, &step("do: Look at \"{{ mount }}\"."));
    }
}
