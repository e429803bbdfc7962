//! A query that calls a function of the application, or waits: what it does stands nowhere.

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{SqlDialect, foreign_calls};
use crate::policy::Policy;
use crate::policy::model::{Arg, Observe};

pub(super) const LINT: Lint = Lint {
    code: &code::OPAQUE_CALL,
    category: Category::Safety,
    level: WARNING,
    doc: "queries call only functions of the server",
    page: Page {
        why: "A read-only transaction stops writes to tables. It stops no function that opens another connection, sends \
              a message or takes a lock, and a function of the application may do any of it tomorrow.",
        bad: "target: { type: postgres }\n\
              observe:\n  jobs:\n    probe: postgres.query\n    with: { sql: \"SELECT name FROM app.stuck_jobs()\" }   # here\n    \
              facts: { name: text }\n    key: [name]\nfail: name != \"\"",
        good: "target: { type: postgres }\n\
               observe:\n  jobs:\n    probe: postgres.query\n    with: { sql: \"SELECT name FROM app.jobs WHERE stuck\" }\n    \
               facts: { name: text }\n    key: [name]\nfail: name != \"\"",
    },
    check: Check::Policy(check),
};

/// Functions that hold a session for as long as they like.
const WAITS: &[&str] = &["pg_sleep(", "pg_sleep_for(", "pg_sleep_until(", "sleep("];

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for observe in &policy.observe {
        let Some(dialect) = SqlDialect::of_probe(observe.probe.name) else { continue };
        let Some((sql, param)) = sql(policy, observe) else { continue };
        let (message, piece) = if let Some(called) = foreign_calls(sql, dialect).into_iter().next() {
            let piece = called.rsplit('.').next().unwrap_or("").to_owned();
            (format!("what `{called}` does stands nowhere in the query"), piece)
        } else if let Some(waits) = WAITS.iter().find(|name| sql.to_lowercase().contains(*name)) {
            let piece = waits.trim_end_matches('(').to_owned();
            (format!("`{piece}` waits, and holds a session and its snapshot meanwhile"), piece)
        } else {
            continue;
        };
        let written = Written::of(policy);
        let place = match param {
            Some(name) => match written.node(&["params", name, "default"]) {
                Some(_) => written.piece(&["params", name, "default"], &piece),
                None => written.piece(&["params", name], &piece),
            },
            None => written.piece(&["observe", &observe.name, "with", "sql"], &piece),
        };
        diags.push(Diag::warning(&code::OPAQUE_CALL, message).at(&place, "").help(
            "ask the tables or views themselves; what only a function knows, `command.output` can tell",
        ));
    }
}

/// The SQL of an observation, and the parameter that it stands in.
fn sql<'a>(policy: &'a Policy, observe: &'a Observe) -> Option<(&'a str, Option<&'a str>)> {
    let (_, arg, _) = observe.args.iter().find(|(name, ..)| &**name == "sql")?;
    match arg {
        Arg::Value(value) => Some((value.as_text()?, None)),
        Arg::Param(index) => {
            let param = policy.params.get(*index)?;
            Some((param.default.as_text()?, Some(&param.name)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    fn query(sql: &str) -> String {
        format!(
            "target: {{ type: postgres }}\nfail: n > 1\nobserve:\n  q:\n    probe: postgres.query\n    \
             with: {{ sql: \"{sql}\" }}\n    facts: {{ n: int, k: text }}\n    key: [k]\n"
        )
    }

    #[test]
    fn functions_of_others_are_shown() {
        warned(&LINT, &query("SELECT app.cleanup(1)"));
        warned(&LINT, &query("SELECT 1 FROM pg_sleep(10)"));
        let param = query("x").replace("\"x\"", "params.q") + "params: { q: SELECT app.f() }";
        warned(&LINT, &param);
        assert_eq!(said(&LINT, &param)[0].labels[0].loc.text(), "f");
        assert_eq!(said(&LINT, &query("SELECT app.cleanup(1)"))[0].labels[0].loc.text(), "cleanup");
    }

    #[test]
    fn functions_of_the_server_are_fine() {
        fine(
            &LINT,
            &query(
                "SELECT count(*), pg_catalog.pg_table_size(oid) FROM app.orders (x)"
                    .replace(" (x)", "")
                    .as_str(),
            ),
        );
        fine(&LINT, &query("SELECT 'app.cleanup(1)' AS asleep"));
        fine(&LINT, "fail: free < 1.GiB");
    }
}
