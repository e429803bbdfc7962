//! A parameter that nothing reads: setting it changes nothing.

use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code};
use crate::policy::model::Arg;
use crate::policy::{Expect, Policy};
use crate::rule::node::Place;

pub(super) const LINT: Lint = Lint {
    code: &code::UNUSED_PARAM,
    category: Category::Bugs,
    level: WARNING,
    doc: "every parameter is read",
    page: Page {
        why: "Somebody sets the parameter in an override, the report shows it, and the rule judges by the number that \
              stands in it: the override does nothing.",
        bad: "params: { fail_at: 90% }\nfail: used_ratio > 90.percent",
        good: "params: { fail_at: 90% }\nfail: used_ratio > params.fail_at",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    for (index, param) in policy.params.iter().enumerate() {
        if is_read(policy, index, &param.name) {
            continue;
        }
        let message = format!("nothing reads the parameter `{}`", param.name);
        let help = format!("write `params.{}` where its value belongs, or remove it", param.name);
        diags.push(Diag::warning(&code::UNUSED_PARAM, message).at(&param.loc, "").help(help));
    }
}

fn is_read(policy: &Policy, index: usize, name: &str) -> bool {
    let place = Place::Param(index);
    let in_rules =
        policy.rules().iter().any(|rule| rule.reads.contains(&place)) || policy.groups_read(&place);
    let mut args = policy.observe.iter().flat_map(|observe| &observe.args);
    let in_args = args.any(|(_, arg, _)| matches!(arg, Arg::Param(given) if *given == index));
    let expected = policy.expect == Expect::Param(index);
    let in_script = policy.script.as_ref().is_some_and(|script| has_word(&script.text, name));
    in_rules || in_args || expected || in_script
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|found| found == word)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn a_limit_that_nobody_reads_is_shown() {
        warned(&LINT, "params: { fail_at: 90% }\nfail: used_ratio > 90.percent");
    }

    #[test]
    fn reading_counts_wherever_it_stands() {
        fine(&LINT, "params: { fail_at: 90% }\nfail: used_ratio > params.fail_at");
        fine(&LINT, "params: { fail_at: 90% }\nlet: { x: params.fail_at }\nfail: used_ratio > x");
        fine(
            &LINT,
            "params: { at: 90% }\nfail: used_ratio > 90.percent\nmessage: \"more than {{ params.at }}\"",
        );
        fine(&LINT, "params: { disks: [/] }\nfail: free < 1.GiB\nexpect: params.disks");
        fine(
            &LINT,
            "params: { disks: [/] }\nfail: free < 1.GiB\nobserve: { usage: { probe: disk.usage, with: { paths: params.disks } } }",
        );
    }
}
