//! A message or a remedy that speaks of a fact of another probe.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::written::Written;
use super::{Category, Check, Lint, Page, WARNING};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::catalogue;
use crate::policy::Policy;
use crate::rule::template::{Part, Template};
use crate::verdict::StepKind;

pub(super) const LINT: Lint = Lint {
    code: &code::FOREIGN_FACT,
    category: Category::Bugs,
    level: WARNING,
    doc: "messages and remedies speak of facts that the policy observes",
    page: Page {
        why: "A remedy that was copied from another policy sends the reader to a number that this finding does not \
              have. At 3 AM that costs the trust in all that stands beside it.",
        bad: "fail: free < 1.GiB\n\
              remedy: { steps: [{ do: \"If `dead_ratio` stays high, vacuum more often.\" }] }",
        good: "fail: free < 1.GiB\n\
               remedy: { steps: [{ do: \"If `used_ratio` stays high, enlarge the disk.\" }] }",
    },
    check: Check::Policy(check),
};

/// Names of facts that cannot be taken for a word: `dead_ratio`, not `state`.
static FACTS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let facts = catalogue::PROBES.iter().flat_map(|probe| probe.facts).map(|fact| fact.name);
    facts.filter(|name| name.contains('_')).collect()
});

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let rungs = policy.fail.iter().chain(&policy.warn).filter_map(|rung| rung.message.as_ref());
    for message in rungs.chain(&policy.message) {
        if let Some(word) = foreign(policy, message) {
            let written = Written::of(policy);
            let place = ["message", "fail", "warn"].iter().find_map(|key| {
                let node = written.node(&[key])?;
                node.loc.text().find(word).map(|at| {
                    let start = node.loc.start as usize + at;
                    node.loc.with(start, start + word.len())
                })
            });
            diags.push(diag(policy, word).at(&place.unwrap_or_else(|| policy.loc.clone()), ""));
        }
    }
    for (index, step) in policy.remedy.iter().enumerate().filter(|(_, step)| step.kind == StepKind::Do) {
        if let Some(word) = foreign(policy, &step.text) {
            let place = Written::of(policy).in_step(index, step.kind.word(), word);
            diags.push(diag(policy, word).at(&place, ""));
        }
    }
}

fn diag(policy: &Policy, word: &str) -> Diag {
    let mut others =
        catalogue::PROBES.iter().filter(|probe| probe.facts.iter().any(|fact| fact.name == word));
    let other = others.next().map_or("another probe", |probe| probe.name);
    let own = policy.views.iter().flat_map(|view| &view.rows.schema.fields).map(|field| &*field.name);
    let message = format!("`{word}` is a fact of `{other}`, which this policy does not observe");
    let near = did_you_mean(word, own);
    Diag::warning(&code::FOREIGN_FACT, message)
        .help(near.unwrap_or_else(|| "name a fact of this policy, or take the sentence out".to_owned()))
}

/// The first word in backticks that is a fact of some probe and nothing of this policy.
fn foreign<'a>(policy: &Policy, text: &'a Template) -> Option<&'a str> {
    let mut inside = false;
    for part in text.parts() {
        let Part::Plain(plain) = part else { continue };
        for (index, word) in plain.split('`').enumerate() {
            inside ^= index > 0;
            if inside && FACTS.contains(word) && !known(policy, word) {
                return Some(word);
            }
        }
    }
    None
}

fn known(policy: &Policy, word: &str) -> bool {
    policy.views.iter().any(|view| view.rows.schema.position(word).is_some())
        || policy.observe.iter().any(|observe| observe.asked.position(word).is_some())
        || policy.params.iter().any(|param| &*param.name == word)
        || policy.lets.iter().any(|shared| &*shared.name == word)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, said, warned};
    use super::LINT;

    #[test]
    fn facts_of_other_probes_are_shown() {
        warned(&LINT, "fail: free < 1.GiB\nmessage: \"`dead_ratio` at {{ mount }}\"");
        warned(&LINT, "fail:\n  - if: free < 1.GiB\n    message: look at `last_vacuum` of {{ mount }}");
        let found = said(
            &LINT,
            "fail: free < 1.GiB\nremedy: { steps: [{ do: Read `used_ratio` and `dead_ratio`. }] }",
        );
        assert_eq!(found[0].labels[0].loc.text(), "dead_ratio");
    }

    #[test]
    fn own_names_and_plain_words_are_fine() {
        fine(&LINT, "fail: free < 1.GiB\nmessage: \"`used_ratio` of `{{ mount }}` and `state`\"");
        fine(
            &LINT,
            "let: { dead_ratio: used_ratio }\nfail: dead_ratio > 1.percent\nmessage: \"`dead_ratio` {{ mount }}\"",
        );
        fine(&LINT, "fail: free < 1.GiB\nremedy: { steps: [{ sql: SELECT `dead_ratio` FROM t }] }");
    }
}
