//! An override that puts SQL into a policy which does more than read.

use std::sync::Arc;

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::{SqlDialect, refuse_sql};
use crate::policy::Policy;
use crate::policy::model::Arg;

pub(super) const LINT: Lint = Lint {
    code: &code::WRITING_OVERRIDE,
    category: Category::Safety,
    level: ERROR,
    doc: "no override sets SQL that does more than read",
    page: Page {
        why: "A policy's own SQL is refused when it is loaded. What a project sets instead is refused when it would be \
              sent, which is a month later, or in the quarter's audit.",
        bad: "overrides:\n  - policy: rows\n    set: { sql: \"DELETE FROM uploads\" }   # here\n\
              ---\n\
              policy: rows\n\
              target: { type: postgres }\nparams: { sql: SELECT path FROM uploads }\n\
              observe: { rows: { probe: postgres.query, with: { sql: params.sql }, facts: { path: text }, key: [path] } }\n\
              fail: path == \"\"",
        good: "overrides:\n  - policy: rows\n    set: { sql: \"SELECT path FROM files\" }\n\
               ---\n\
               policy: rows\n\
               target: { type: postgres }\nparams: { sql: SELECT path FROM uploads }\n\
               observe: { rows: { probe: postgres.query, with: { sql: params.sql }, facts: { path: text }, key: [path] } }\n\
               fail: path == \"\"",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    for entry in &input.project.overrides {
        for (name, value) in &entry.set {
            let Some(sql) = value.as_str() else { continue };
            let policies = input.policies.iter().filter(|policy| entry.policy.matches(&policy.id));
            let why = policies
                .filter_map(|policy| dialect(policy, name))
                .find_map(|dialect| refuse_sql(sql, dialect));
            if let Some(why) = why {
                diags.push(
                    Diag::error(&code::WRITING_OVERRIDE, why)
                        .at(&value.loc, "refused before it is sent")
                        .help("looking must change nothing: write one SELECT"),
                );
            }
        }
    }
}

/// Whose SQL a parameter of a policy is, if it is any.
fn dialect(policy: &Policy, name: &Arc<str>) -> Option<SqlDialect> {
    let index = policy.params.iter().position(|param| param.name == *name)?;
    policy.observe.iter().find_map(|observe| {
        let asks = observe
            .args
            .iter()
            .any(|(arg, given, _)| &**arg == "sql" && matches!(given, Arg::Param(at) if *at == index));
        SqlDialect::of_probe(observe.probe.name).filter(|_| asks)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    #[test]
    fn only_values_that_are_sql_are_read_as_sql() {
        let text = "policy: rows\ntarget: { type: postgres }\nparams: { sql: SELECT 1 AS n, name: a }\nfail: n > 1 && params.name == \"a\"\n\
                    observe: { rows: { probe: postgres.query, with: { sql: params.sql }, facts: { n: int, k: text }, key: [k] } }";
        let said = |set: &str| {
            said_of(&LINT, &format!("overrides: [{{ policy: rows, set: {{ {set} }} }}]"), &[policy(text)])
                .len()
        };
        assert_eq!(said("sql: SELECT pg_terminate_backend(1)"), 1);
        assert_eq!(said("sql: SELECT 2 AS n"), 0);
        assert_eq!(said("name: DELETE FROM x"), 0);
        assert_eq!(said("severity: low"), 0);
    }
}
