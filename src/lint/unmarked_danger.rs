//! A step that cannot be undone, and does not say so.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::template::{Part, Template};
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::UNMARKED_DANGER,
    category: Category::Safety,
    level: WARNING,
    doc: "a step that cannot be undone says why to think first",
    page: Page {
        why: "Steps are pasted one after the other. `danger:` is the only thing that stops the hand between the list and \
              the deletion.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:\n    - shell: find {{ mount }}/tmp -mtime +7 -delete   # here",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: find {{ mount }}/tmp -mtime +7 -delete\n      \
               danger: the files are gone; list them first with -print",
    },
    check: Check::Policy(check),
};

/// How a statement begins that cannot be undone.
const STATEMENTS: &[&str] = &[
    "drop",
    "truncate",
    "delete from",
    "vacuum full",
    "vacuum (full",
    "rollback prepared",
    "reset master",
    "purge binary",
    "kill",
];
/// Functions that end or drop something.
const CALLS: &[&str] = &[
    "pg_terminate_backend",
    "pg_drop_replication_slot",
    "pg_stat_reset(",
    "pg_resetwal",
    "pg_replication_slot_advance",
];
/// Words of a shell's line.
const COMMANDS: &[&str] = &["mkfs", "dropdb", "wipefs", "pg_resetwal", "reboot", "shutdown", "shred"];
/// Commands with what makes them final.
const PAIRS: &[(&str, &str)] = &[
    ("rm", "-"),
    ("dd", "of="),
    ("kill", "-9"),
    ("kill", "-KILL"),
    ("find", "-delete"),
    ("truncate", "-"),
    ("zfs", "destroy"),
    ("lvremove", ""),
    ("kubectl", "delete"),
];

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for (index, step) in policy.remedy.iter().enumerate().filter(|(_, step)| step.danger.is_none()) {
        let found = match step.kind {
            StepKind::Sql => final_sql(&step.text),
            StepKind::Shell => final_shell(&step.text),
            StepKind::Do => None,
        };
        let Some(word) = found else { continue };
        let place = Written::of(policy).in_step(index, step.kind.word(), word);
        let message = format!("`{}` cannot be undone, and the step has no `danger`", word.trim());
        diags.push(
            Diag::warning(&code::UNMARKED_DANGER, message)
                .at(&place, "")
                .help("add `danger:` with what is lost, and what to look at before"),
        );
    }
}

fn plain(text: &Template) -> impl Iterator<Item = &str> {
    text.parts().filter_map(|part| match part {
        Part::Plain(plain) => Some(plain),
        Part::Hole(_) => None,
    })
}

fn final_sql(text: &Template) -> Option<&str> {
    let mut first = true;
    for plain in plain(text) {
        let mut statements = plain.split(';').enumerate();
        let begins = statements.find_map(|(index, statement)| {
            let begins = index > 0 || first;
            let statement = statement.trim_start();
            let known = STATEMENTS.iter().find(|words| starts(statement, words)).filter(|_| begins)?;
            statement.get(..known.len())
        });
        first = false;
        if begins.is_some() {
            return begins;
        }
        if let Some(called) = CALLS.iter().find_map(|name| find(plain, name)) {
            return Some(called.trim_end_matches('('));
        }
    }
    None
}

/// Does the text begin with these words, whatever their case?
fn starts(text: &str, words: &str) -> bool {
    let head = text.get(..words.len()).is_some_and(|head| head.eq_ignore_ascii_case(words));
    head && !text
        .get(words.len()..)
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn find<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let at = text.find(word)?;
    text.get(at..at + word.len())
}

fn final_shell(text: &Template) -> Option<&str> {
    // A value is one word more of the same command.
    let mut before: Vec<&str> = Vec::new();
    for plain in plain(text) {
        for word in plain.split_whitespace() {
            if matches!(word, "|" | "||" | "&&" | "&" | ";" | "#") {
                before.clear();
                continue;
            }
            let bare = word.trim_end_matches(';');
            if COMMANDS.iter().any(|name| bare == *name || bare.starts_with("mkfs.")) {
                return Some(bare);
            }
            let pair = PAIRS.iter().find(|(name, with)| bare.starts_with(with) && before.contains(name));
            if let Some((name, _)) = pair {
                return before.into_iter().find(|word| word == name);
            }
            before.push(bare);
            if word.ends_with(';') {
                before.clear();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn step(step: &str) -> String {
        format!("fail: free < 1.GiB\nremedy:\n  steps:\n    - {step}\n")
    }

    #[test]
    fn final_steps_without_a_warning_are_shown() {
        for one in [
            "sql: DROP TABLE x",
            "sql: SELECT 1; truncate x;",
            "sql: delete from x where a = {{ device }}",
            "sql: VACUUM FULL x",
            "sql: SELECT pg_terminate_backend({{ device }}::int)",
            "shell: ls && rm -rf {{ mount }}/tmp",
            "shell: dd if=/dev/zero of={{ device }}",
            "shell: find {{ mount }} -delete",
            "shell: kill -9 {{ device }}",
            "shell: mkfs.ext4 {{ device }}",
        ] {
            warned(&LINT, &step(one));
        }
    }

    #[test]
    fn steps_that_look_or_are_marked_are_fine() {
        for one in [
            "sql: SELECT 'drop' AS truncate",
            "sql: REVOKE DELETE, TRUNCATE ON x FROM PUBLIC",
            "sql: VACUUM (ANALYZE) x",
            "sql: PRAGMA wal_checkpoint(TRUNCATE);",
            "sql: dropped_rows()",
            "sql: DROP TABLE x\n      danger: it is gone",
            "shell: ls -l rm; find {{ mount }} -ls",
            "shell: rmdir {{ mount }}",
            "do: Do not rm -rf anything.",
        ] {
            fine(&LINT, &step(one));
        }
    }

    #[test]
    fn the_place_is_the_word() {
        let place = |text: &str| said(&LINT, &step(text))[0].labels[0].loc.text().to_owned();
        assert_eq!(place("sql: select 1; Drop table x"), "Drop");
        assert_eq!(place("shell: cd x && rm -f y"), "rm");
    }
}
