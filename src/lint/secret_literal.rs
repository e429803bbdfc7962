//! A secret in the text of a policy.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::policy::{Policy, hide};

pub(super) const LINT: Lint = Lint {
    code: &code::SECRET_LITERAL,
    category: Category::Safety,
    level: ERROR,
    doc: "no policy holds a secret",
    page: Page {
        why: "A remedy is shown in every report, ticket and chat that the finding reaches, and the policy is in the \
              history of the repository for ever.",
        bad: "fail: free < 1.GiB\n\
              remedy:\n  steps:\n    - shell: pg_dump postgres://admin:hunter2@db/shop   # here",
        good: "fail: free < 1.GiB\n\
               remedy:\n  steps:\n    - shell: pg_dump postgres://admin@db/shop",
    },
    check: Check::Policy(check),
};

/// One of these stands in every text that holds a secret of a known kind; looking for them is cheap.
const SIGNS: &[&str] = &[
    "://",
    "AKIA",
    "ASIA",
    "PRIVATE KEY",
    "earer",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "sk_live_",
    "eyJ",
    "assword=",
    "PASSWORD=",
    "_PWD=",
    " -p",
];

/// The kinds, with what they are.
static KINDS: LazyLock<Vec<(Option<Regex>, &'static str)>> = LazyLock::new(|| {
    [
        (r#"://[^\s"'@:/{<]*:([^\s"'@/{<$]+)@"#, "a password in an address"),
        (r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b", "an access key of AWS"),
        (r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)", "a private key"),
        (r"[Bb]earer\s+([A-Za-z0-9._~+/-]{16,}=*)", "a bearer token"),
        (r"\b((?:gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{20,})", "a token of a code host"),
        (r"\b(xox[abprs]-[A-Za-z0-9-]{10,})", "a token of Slack"),
        (r"\b(sk_live_[A-Za-z0-9]{16,})", "a key of Stripe"),
        (r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+)", "a JSON web token"),
        // Of these clients the password follows the letter without a blank.
        (
            r#"\b(?:mysql|mariadb)(?:-?(?:dump|admin|check|import|show))?\b[^\n|;&]*?\s-p['"]?([^\s'"$<{*]{3,})"#,
            "a password",
        ),
        (r#"(?:[Pp]assword|PASSWORD|_PWD)=['"]?([^\s'"$<{*]{4,})"#, "a password"),
    ]
    .map(|(pattern, what)| (Regex::new(pattern).ok(), what))
    .into()
});

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let found = secrets(policy);
    for (range, what) in &found {
        let message = format!("{what} stands in `{}`", policy.id);
        let place = policy.text.with(range.start, range.end);
        diags.push(
            Diag::error(&code::SECRET_LITERAL, message)
                .at(&place, "not shown here")
                .help("take it out, and change the secret: it has been in a file"),
        );
    }
    let ranges: Vec<Range<usize>> = found.into_iter().map(|(range, _)| range).collect();
    hide::replace(&policy.text.source, &ranges, diags);
}

/// Hides the secrets also in what other lints say about this policy: a message shows the lines around its place.
pub(super) fn hide_in(policy: &Policy, diags: &mut [Diag]) {
    if diags.iter().any(|diag| diag.code == LINT.code) {
        let ranges: Vec<Range<usize>> = secrets(policy).into_iter().map(|(range, _)| range).collect();
        hide::replace(&policy.text.source, &ranges, diags);
    }
}

/// Where secrets stand, with what they are.
fn secrets(policy: &Policy) -> Vec<(Range<usize>, &'static str)> {
    let text = policy.text.text();
    if !SIGNS.iter().any(|sign| text.contains(sign)) {
        return Vec::new();
    }
    let base = policy.text.start as usize;
    let mut found = Vec::new();
    for (regex, what) in KINDS.iter().filter_map(|(regex, what)| Some((regex.as_ref()?, *what))) {
        let values = regex.captures_iter(text).filter_map(|all| all.get(1));
        found.extend(values.map(|value| (base + value.start()..base + value.end(), what)));
    }
    found.sort_by_key(|(range, _)| (range.start, range.end));
    found.dedup_by(|next, last| next.0.start < last.0.end);
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::{KINDS, LINT};

    fn step(text: &str) -> String {
        format!("fail: free < 1.GiB\nremedy:\n  steps:\n    - shell: '{text}'\n")
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(KINDS.iter().all(|(regex, _)| regex.is_some()));
    }

    #[test]
    fn secrets_of_known_kinds_are_refused() {
        for text in [
            "psql postgres://admin:hunter2@db/shop",
            "aws --key AKIAIOSFODNN7EXAMPLE",
            "curl -H \"Authorization: Bearer abcdefghijklmnop1234\"",
            "git clone https://ghp_abcdefghijklmnopqrstuvwxyz0123456789@github.com/x",
            "PGPASSWORD=hunter2 psql",
            "mysql --password=hunter2",
            "mysql -u root -phunter2 shop",
            "mysqldump -phunter2 shop",
        ] {
            refused(&LINT, &step(text));
        }
        let prefixes = ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk_live_"];
        let slack = ["xoxa-", "xoxb-", "xoxp-", "xoxr-", "xoxs-"];
        for prefix in prefixes.iter().chain(&slack) {
            refused(&LINT, &step(&format!("push --key {prefix}abcdefghijklmnopqrstuvwxyz0123456789")));
        }
        for prefix in ["AKIA", "ASIA"] {
            refused(&LINT, &step(&format!("aws --key {prefix}IOSFODNN7EXAMPLE")));
        }
        refused(&LINT, "why: |\n  -----BEGIN RSA PRIVATE KEY-----\nfail: free < 1.GiB");
    }

    #[test]
    fn references_and_addresses_are_fine() {
        for text in [
            "psql postgres://admin@db:5432/shop",
            "PGPASSWORD=\"$(cat f)\" psql",
            "mysql --password=$PW",
            "mysql -p shop",
            "mysql -p$PW shop",
            "ssh -p2222 host",
            "mkdir -p /srv/mysql/data",
            "curl http://h:80/@me https://{{ device }}:1@x",
            "curl -H \"Authorization: Bearer $TOKEN\"",
        ] {
            fine(&LINT, &step(text));
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        let found = said(&LINT, &step("psql postgres://admin:hunter2@db/shop"));
        let label = &found[0].labels[0];
        assert_eq!((label.loc.text(), label.loc.line_column().0), ("[secret]", 4));
        let shown = format!("{}{}", found[0].message, label.loc.source.text);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
