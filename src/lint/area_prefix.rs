//! An id that does not begin with what it is about.

use super::{Category, Check, Lint, OFF, Page};
use crate::diag::{Diag, code};
use crate::policy::Policy;

pub(super) const LINT: Lint = Lint {
    code: &code::AREA_PREFIX,
    category: Category::Pedantic,
    level: OFF,
    doc: "every id begins with its area",
    page: Page {
        why: "Waivers and overrides name policies by a pattern. `postgres-*` is only as complete as the names are.",
        bad: "policy: almost-full   # here\nfail: free < 1.GiB",
        good: "policy: disk-almost-full\nfail: free < 1.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let first = policy.id.split(['-', '_']).next().unwrap_or("");
    let areas = policy.observe.iter().filter_map(|observe| observe.probe.name.split('.').next());
    let folder = policy.loc.source.name.rsplit('/').nth(1);
    let mut known = areas
        .chain(folder)
        .chain(policy.target.kinds().map(|kind| &**kind))
        .chain(policy.tags.iter().map(|tag| &**tag));
    if known.any(|word| word.starts_with(first) || first.starts_with(word)) {
        return;
    }
    let area = policy.observe.first().and_then(|observe| observe.probe.name.split('.').next()).unwrap_or("");
    let message = format!("`{}` does not begin with its area", policy.id);
    diags.push(
        Diag::warning(&code::AREA_PREFIX, message).at(&policy.loc, "").help(format!(
            "call it `{area}-{}` before anybody names it, or give it a tag `{first}`",
            policy.id
        )),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, warned};
    use super::LINT;

    #[test]
    fn an_id_of_nowhere_is_shown() {
        warned(&LINT, "policy: almost-full\nfail: free < 1.GiB");
    }

    #[test]
    fn areas_types_and_tags_are_fine() {
        fine(&LINT, "policy: disks-full\nfail: free < 1.GiB");
        fine(&LINT, "policy: host-full\nfail: free < 1.GiB");
        fine(&LINT, "policy: capacity-low\ntags: [capacity]\nfail: free < 1.GiB");
    }
}
