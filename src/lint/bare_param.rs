//! A number that anybody may set to anything, and nobody knows why it is this one.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::fact::{Type, show};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::BARE_PARAM,
    category: Category::Style,
    level: WARNING,
    doc: "every parameter has a unit, a bound or a reason",
    page: Page {
        why: "`limit: 20` is twenty of what, from where, and may a project set it to 2000? Whoever has to answer at review \
              can only guess.",
        bad: "target: { type: postgres }\nobserve: { server: { probe: postgres.connections } }\n\
              params:\n  limit: 20   # here\nfail: used > params.limit",
        good: "target: { type: postgres }\nobserve: { server: { probe: postgres.connections } }\n\
               params:\n  limit: { default: 20, at_most: 80, why: the pool opens 20 }\nfail: used > params.limit",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for param in &policy.params {
        let told = param.at_least.is_some() || param.at_most.is_some() || param.why.is_some();
        if told || !matches!(param.ty, Type::Int | Type::Float) {
            continue;
        }
        let message = format!(
            "`{}: {}` has no unit, no bound and no reason",
            param.name,
            show(&param.default, &param.ty)
        );
        diags.push(
            Diag::warning(&code::BARE_PARAM, message)
                .at(&param.loc, "")
                .help("write `{ default: …, at_most: …, why: … }`, or a value with a unit"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn a_number_alone_is_shown() {
        warned(&LINT, "params: { n: 20 }\nfail: free / params.n < 1.GiB");
        warned(&LINT, "params: { n: { default: 1.5 } }\nfail: free / params.n < 1.GiB");
    }

    #[test]
    fn units_bounds_and_reasons_are_fine() {
        fine(&LINT, "params: { at: 90% }\nfail: used_ratio > params.at");
        fine(&LINT, "params: { n: { default: 2, at_most: 9 } }\nfail: free / params.n < 1.GiB");
        fine(&LINT, "params: { n: { default: 2, why: agreed } }\nfail: free / params.n < 1.GiB");
        fine(&LINT, "params: { paths: [/] }\nfail: free < 1.GiB\nexpect: params.paths");
    }
}
