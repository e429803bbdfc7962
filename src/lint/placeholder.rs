//! A placeholder that somebody meant to fill: `<name>`, `TODO`, `$NAME`.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::Policy;
use crate::rule::template::{Part, Template};
use crate::source::Loc;
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::PLACEHOLDER,
    category: Category::Remedy,
    level: WARNING,
    doc: "no placeholder is left to fill",
    page: Page {
        why: "`VACUUM <table>` is what the author had; the reader has a finding about one table, and has to put the two \
              together. A hole `{{ table }}` does that, and quotes it.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:\n    - shell: du -xh <mount>   # here",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: du -xh {{ mount }}",
    },
    check: Check::Policy(check),
};

/// Words of texts that are not done.
const UNDONE: &[&str] =
    &["TODO", "FIXME", "TBD", "XXX", "xxx", "CHANGEME", "CHANGE_ME", "REPLACEME", "REPLACE_ME", "FILLME"];

/// Variables that every shell of an operator has.
const SET: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "PWD",
    "SHELL",
    "TMPDIR",
    "HOSTNAME",
    "LANG",
    "EDITOR",
    "UID",
    "EUID",
    "RANDOM",
    "SECONDS",
    "PGDATA",
    "PGHOST",
    "PGPORT",
    "PGUSER",
    "PGDATABASE",
    "PGPASSFILE",
    "KUBECONFIG",
];

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for (key, text) in [("title", &policy.title), ("why", &policy.why)] {
        if let Some(word) = undone(text) {
            let place = Written::of(policy).piece(&[key], word);
            diags.push(diag(word, &place, "write it, or leave it out"));
        }
    }
    if let Some(runbook) = policy.runbook.as_ref()
        && let Some(word) = undone(runbook).or_else(|| angled(runbook))
    {
        diags.push(diag(word, &Written::of(policy).piece(&["remedy", "runbook"], word), "name the file"));
    }
    if let Some(word) = policy.message.as_ref().and_then(|message| plain(message, undone)) {
        diags.push(diag(word, &Written::of(policy).piece(&["message"], word), "write it, or leave it out"));
    }
    for (index, step) in policy.remedy.iter().enumerate() {
        let found = plain(&step.text, |text| undone(text).or_else(|| angled(text)))
            .or_else(|| plain(&step.text, |text| variable(policy, text, step.kind)));
        if let Some(word) = found {
            let place = Written::of(policy).in_step(index, step.kind.word(), word);
            diags.push(diag(word, &place, "write a hole, such as `{{ mount }}`, or the value itself"));
        }
    }
}

fn diag(word: &str, place: &Loc, help: &str) -> Diag {
    Diag::warning(&code::PLACEHOLDER, format!("`{word}` was never filled in")).at(place, "").help(help)
}

/// What is found in the text between the holes.
fn plain<'a>(text: &'a Template, find: impl Fn(&'a str) -> Option<&'a str>) -> Option<&'a str> {
    text.parts().find_map(|part| match part {
        Part::Plain(plain) => find(plain),
        Part::Hole(_) => None,
    })
}

fn undone(text: &str) -> Option<&str> {
    let mut start = 0;
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    for word in text.as_bytes().split(|byte| !inner(byte)) {
        let found = UNDONE.iter().any(|known| known.as_bytes() == word);
        if found {
            return text.get(start..start + word.len());
        }
        start += word.len() + 1;
    }
    None
}

/// `<name>`, with its brackets.
fn angled(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let (_, behind) = rest.split_once('<')?;
        let name = behind.find('>').and_then(|end| Some((behind.get(..end)?, end)));
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if let Some((name, end)) = name
            && name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(inner)
        {
            let open = text.len() - behind.len() - 1;
            return text.get(open..=open + end + 1);
        }
        rest = behind;
    }
}

/// `$NAME` that neither the shell nor a step sets.
fn variable<'a>(policy: &Policy, text: &'a str, kind: StepKind) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let (_, behind) = rest.split_once('$')?;
        let name = behind.strip_prefix('{').unwrap_or(behind);
        let end = name.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        let name = end.map_or(Some(name), |end| name.get(..end)).unwrap_or("");
        let letters = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_uppercase());
        // `$HOMEpage` ends in letters that are no part of it.
        let whole = behind
            .strip_prefix('{')
            .unwrap_or(behind)
            .get(name.len()..)
            .is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()));
        let known = kind == StepKind::Shell && SET.contains(&name);
        if letters && whole && !known && !is_set(policy, name) {
            let open = text.len() - behind.len() - 1;
            let braces = if behind.starts_with('{') { 2 } else { 0 };
            return text.get(open..open + 1 + name.len() + braces);
        }
        rest = behind;
    }
}

/// Does some step say what the variable is? It names it without the `$`.
fn is_set(policy: &Policy, name: &str) -> bool {
    policy.remedy.iter().any(|step| {
        step.text.parts().any(|part| {
            let Part::Plain(text) = part else { return false };
            text.match_indices(name).any(|(at, _)| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                !matches!(before, Some('$' | '{'))
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn step(step: &str) -> String {
        format!("fail: free < 1.GiB\nremedy:\n  steps:\n    - {step}\n")
    }

    #[test]
    fn what_was_never_filled_in_is_shown() {
        warned(&LINT, &step("sql: VACUUM <table_name>"));
        warned(&LINT, &step("do: Ask TODO."));
        warned(&LINT, &step("shell: df $MOUNT"));
        warned(&LINT, &step("shell: \"df ${MOUNT}/x\""));
        warned(&LINT, &step("sql: SELECT * FROM xxx"));
        warned(&LINT, "why: TODO\nfail: free < 1.GiB");
        warned(&LINT, "fail: free < 1.GiB\nmessage: FIXME {{ free }}");
        warned(&LINT, "fail: free < 1.GiB\nremedy: { runbook: docs/<name>.md, steps: [{ do: a }] }");
    }

    #[test]
    fn the_place_is_the_placeholder() {
        let place = |text: &str| said(&LINT, &step(text))[0].labels[0].loc.text().to_owned();
        assert_eq!(place("shell: a < b && df <mount> c"), "<mount>");
        assert_eq!(place("shell: df \"$HOME\" ${MOUNT}"), "${MOUNT}");
        assert_eq!(place("do: Ask {{ mount }} TBD."), "TBD");
    }

    #[test]
    fn what_a_shell_knows_is_fine() {
        fine(
            &LINT,
            &step("shell: 'openssl x </dev/null 2>/dev/null; awk \"{ print $1 }\" \"$HOME\" $(pwd) $?'"),
        );
        fine(&LINT, &step("shell: for D in a b; do df \"$D\"; MOUNT=x; df $MOUNT; done"));
        fine(&LINT, &step("shell: mktemp a.XXXXXX"));
        fine(&LINT, &step("sql: SELECT a <> b, a<b AND c > d, $1, $$x$$"));
        fine(&LINT, &step("do: Set SOURCE first.\n    - shell: pg_dump \"$SOURCE\""));
    }
}
