//! A command inside a sentence, with a value that nothing quotes.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::Rule;
use crate::rule::template::{Part, Template};
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::UNQUOTED_NAME,
    category: Category::Remedy,
    level: WARNING,
    doc: "commands with values stand in steps that quote them",
    page: Page {
        why: "A `do:` step is prose, so its values are shown as they are. Whoever pastes `rm {{ mount }}/tmp` out of it \
              pastes the blank and the `;` of the name too.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:\n    - do: \"Run `du -xh {{ mount }}` and remove what is large.\"   # here",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: du -xh {{ mount }}\n    - do: Remove what is large.",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for step in policy.remedy.iter().filter(|step| step.kind == StepKind::Do) {
        if let Some(rule) = in_command(&step.text) {
            let message = format!("nothing quotes `{{{{ {} }}}}` in this command", rule.node.text.trim());
            diags.push(
                Diag::warning(&code::UNQUOTED_NAME, message)
                    .at(&rule.node.loc, "as it is, blanks and all")
                    .help("make a `shell:` or `sql:` step of the command"),
            );
        }
    }
}

/// A text in a command: in backticks, behind a word and a blank.
fn in_command(text: &Template) -> Option<&Rule> {
    let (mut inside, mut command) = (false, false);
    for part in text.parts() {
        match part {
            Part::Plain(plain) => {
                for (index, piece) in plain.split('`').enumerate() {
                    if index > 0 {
                        inside = !inside;
                        command = false;
                    }
                    let first = piece.split_whitespace().next().is_some_and(|word| word.len() < piece.len());
                    command |= inside && first && piece.starts_with(|c: char| c.is_ascii_alphabetic());
                }
            }
            Part::Hole(rule) if inside && command && rule.node.ty.base().is_text() => return Some(rule),
            Part::Hole(_) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn step(step: &str) -> String {
        format!("fail: free < 1.GiB\nremedy: {{ steps: [{{ do: \"{step}\" }}] }}")
    }

    #[test]
    fn commands_in_sentences_are_shown() {
        warned(&LINT, &step("Run `rm -rf {{ mount }}/tmp` now."));
        warned(&LINT, &step("See `df`, then `fsck {{ device }}`."));
        let found = said(&LINT, &step("Run `ls {{ mount }}`."));
        assert_eq!(found[0].labels[0].loc.text(), "mount");
    }

    #[test]
    fn names_and_numbers_are_fine() {
        fine(&LINT, &step("Mend `{{ mount }}` on {{ device }}, see `ls -l`."));
        fine(&LINT, &step("Run `head -c {{ free }}`."));
        fine(&LINT, "fail: free < 1.GiB\nremedy: { steps: [{ shell: \"ls `dirname {{ mount }}`\" }] }");
    }
}
