//! A query that asks for all columns.

use super::written::Written;
use super::{Category, Check, Lint, OFF, Page};
use crate::diag::{Diag, code};
use crate::fact::SqlDialect;
use crate::policy::Policy;
use crate::policy::model::Arg;

pub(super) const LINT: Lint = Lint {
    code: &code::SELECT_STAR,
    category: Category::Pedantic,
    level: OFF,
    doc: "queries name their columns",
    page: Page {
        why: "A migration renames a column, and the query still runs: the fact is absent, the verdict unknown. And columns \
              that nobody judges are read, sent and kept in recordings, secrets among them.",
        bad: "target: { type: postgres }\n\
              observe:\n  rows:\n    probe: postgres.query\n    with: { sql: \"SELECT * FROM uploads\" }   # here\n    \
              facts: { path: text }\n    key: [path]\nfail: path == \"\"",
        good: "target: { type: postgres }\n\
               observe:\n  rows:\n    probe: postgres.query\n    with: { sql: \"SELECT path FROM uploads\" }\n    \
               facts: { path: text }\n    key: [path]\nfail: path == \"\"",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for observe in policy.observe.iter().filter(|observe| SqlDialect::of_probe(observe.probe.name).is_some())
    {
        let given = observe.args.iter().find(|(name, ..)| &**name == "sql");
        let Some((_, Arg::Value(value), _)) = given else { continue };
        if value.as_text().is_some_and(asks_for_all) {
            let place = Written::of(policy).value(&["observe", &observe.name, "with", "sql"]);
            let message = format!("`{}` asks for all columns", observe.name);
            diags.push(
                Diag::warning(&code::SELECT_STAR, message)
                    .at(&place, "")
                    .help("name the columns that stand under `facts`"),
            );
        }
    }
}

/// The last `SELECT` of all decides what comes back; those within may ask for what they like.
fn asks_for_all(sql: &str) -> bool {
    let mut words = sql.split_whitespace();
    let first = words.next().is_some_and(|word| word.eq_ignore_ascii_case("select"));
    first && words.next().is_some_and(|word| word == "*" || word == "*," || word.ends_with(".*"))
}

#[cfg(test)]
mod tests {
    use super::asks_for_all;

    #[test]
    fn only_what_comes_back_counts() {
        assert!(asks_for_all("SELECT * FROM t") && asks_for_all("select t.* from t"));
        assert!(!asks_for_all("SELECT count(*) FROM t"));
        assert!(!asks_for_all("SELECT a FROM (SELECT * FROM t) x"));
        assert!(!asks_for_all("SELECT a * b FROM t"));
    }
}
