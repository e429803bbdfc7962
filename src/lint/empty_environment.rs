//! An environment that chooses no target: a run with it looks at nothing.

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code, did_you_mean};
use crate::policy::project::Environment;
use crate::policy::{Project, TargetEntry};

pub(super) const LINT: Lint = Lint {
    code: &code::EMPTY_ENVIRONMENT,
    category: Category::Bugs,
    level: ERROR,
    doc: "every environment chooses a target",
    page: Page {
        why: "The job of staging runs `muster check --env ci`. Somebody moves the only host of it to another \
              environment, and from then on the job looks at nothing.",
        bad: "labels: { env: [ci, prod] }\n\
              targets: { shop: { type: host, labels: { env: prod } } }\n\
              environments:\n  prod: { targets: { env: prod } }\n  ci: { targets: { env: ci } }   # here\n\
              ---\n\
              fail: free < 1.GiB",
        good: "labels: { env: [ci, prod] }\n\
               targets: { shop: { type: host, labels: { env: prod } }, test: { type: host, labels: { env: ci } } }\n\
               environments:\n  prod: { targets: { env: prod } }\n  ci: { targets: { env: ci } }\n\
               ---\n\
               fail: free < 1.GiB",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    diags.extend(empty_environments(input.project));
}

/// Environments that choose no target.
pub fn empty_environments(project: &Project) -> Vec<Diag> {
    let (targets, mut diags) = (&project.targets, Vec::new());
    // Without targets in the file they are named on the command line.
    for environment in project.environments.iter().filter(|_| !targets.is_empty()) {
        if !targets.iter().any(|target| environment.has(&target.labels)) {
            let message = format!(
                "the environment `{}` chooses no target, so that nothing is judged in it",
                environment.name
            );
            let diag = Diag::error(&code::EMPTY_ENVIRONMENT, message).at(&environment.loc, "");
            diags.push(diag.help(help(environment, targets)));
        }
    }
    diags
}

/// The label that no target has, and what it may be instead.
fn help(environment: &Environment, targets: &[TargetEntry]) -> String {
    let has = |label: &str, value: &str| {
        targets.iter().any(|target| target.labels.get(label).is_some_and(|known| **known == *value))
    };
    let Some((label, value)) = environment.labels.iter().find(|(label, value)| !has(label, value)) else {
        return "no target has all of its labels together: take one out, or remove the environment"
            .to_owned();
    };
    let known = targets.iter().filter_map(|target| target.labels.get(label)).map(|known| &**known);
    let meant = did_you_mean(value, known).map(|meant| format!("; {meant}"));
    format!(
        "give a target the label `{label}: {value}`, or remove the environment{}",
        meant.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::said_of;
    use super::LINT;

    #[test]
    fn an_environment_without_a_target_is_told_with_the_label_that_nothing_has() {
        let of = |targets: &str| {
            said_of(
                &LINT,
                &format!(
                    "labels: {{ env: any, role: any }}\n{targets}\nenvironments: {{ ci: {{ targets: {{ env: ci, role: db }} }} }}"
                ),
                &[],
            )
        };
        let said = of("targets: { a: { type: host, labels: { env: ic, role: db } } }");
        let help = said[0].help.as_deref().unwrap();
        assert!(help.starts_with("give a target the label `env: ci`") && help.contains("`ic`"), "{help}");
        assert_eq!(
            of(
                "targets: { a: { type: host, labels: { env: ci } }, b: { type: host, labels: { role: db } } }"
            )
            .len(),
            1
        );
        assert_eq!(of("targets: { a: { type: host, labels: { env: ci, role: db } } }"), []);
        assert_eq!(of(""), [], "a project without targets");
    }
}
