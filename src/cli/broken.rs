//! Policies that are there and cannot be loaded: their names are known, whatever else is not.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diag::{Diag, Level, code};
use crate::fact::Pattern;
use crate::policy::cases::{CaseFile, decode};
use crate::policy::cores::on_all_cores;
use crate::policy::load::{File, Loaded};
use crate::policy::{Policy, Project};
use crate::source::Loc;

/// Names of policies that cannot be loaded.
pub(super) struct Broken {
    names: Vec<Arc<str>>,
}

/// The ids that a text gives to policies, also one that is no YAML.
pub(super) fn ids_in(text: &str) -> Vec<Arc<str>> {
    let ids = text.lines().filter_map(|line| line.strip_prefix("policy:"));
    let ids = ids.map(|id| id.split(" #").next().unwrap_or(id).trim().trim_matches(['"', '\'']));
    ids.filter(|id| !id.is_empty()).map(Arc::from).collect()
}

/// The name that the policy of a file has as a rule.
pub(super) fn stem(name: &str) -> Option<Arc<str>> {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.strip_suffix(".yaml").or(file.strip_suffix(".yml")).map(Arc::from)
}

/// The case files that can be read, and what is wrong in the others. Those of a policy that cannot be loaded wait for it.
pub(super) fn case_files(loaded: &Loaded, broken: &Broken) -> (Vec<CaseFile>, Vec<Diag>) {
    let known: HashMap<&str, &Arc<Policy>> =
        loaded.policies.iter().map(|policy| (&*policy.id, policy)).collect();
    let names: Vec<&str> = loaded.policies.iter().map(|policy| &*policy.id).collect();
    let find = |id: &str| known.get(id).map(|policy| Arc::clone(policy));
    let files: Vec<&File> = loaded.cases.iter().collect();
    let read = on_all_cores(&files, |file| {
        let mut diags = Vec::new();
        let read: Vec<CaseFile> = decode(&file.source, &find, &names, &mut diags).into_iter().collect();
        (read, diags)
    });
    let (files, diags): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let wrong = diags.into_iter().flatten().filter(|diag| !broken.has_cases(diag)).collect();
    (files.into_iter().flatten().collect(), wrong)
}

impl Broken {
    /// Of what was loaded. The name of a file is as a rule that of its policy, which counts where nothing else tells.
    pub(super) fn of(loaded: &Loaded) -> Self {
        let mut names: Vec<Arc<str>> = loaded.broken.iter().map(|(id, _)| Arc::clone(id)).collect();
        let errors = loaded.diags.iter().filter(|diag| diag.level == Level::Error);
        for loc in errors.filter_map(|diag| diag.labels.first()).map(|label| &label.loc) {
            if loaded.policies.iter().any(|policy: &Arc<Policy>| policy.loc.source.name == loc.source.name) {
                continue;
            }
            names.extend(ids_in(&loc.source.text));
            names.extend(stem(&loc.source.name));
        }
        Self { names }
    }

    fn has(&self, pattern: &Pattern) -> bool {
        self.names.iter().any(|name| pattern.matches(name))
    }

    /// Is a case file said to be of a policy that is not there, and it is one of them?
    pub(super) fn has_cases(&self, diag: &Diag) -> bool {
        let at = diag.labels.first().filter(|_| diag.code == &code::UNKNOWN_NAME).map(|label| &label.loc);
        at.is_some_and(|at| self.names.iter().any(|name| **name == *at.text().trim_matches(['"', '\''])))
    }

    /// Is a name said to be unknown that one of them may have?
    pub(super) fn explains(&self, diag: &Diag, project: &Project) -> bool {
        let Some(at) =
            diag.labels.first().filter(|_| diag.code == &code::UNKNOWN_NAME).map(|label| &label.loc)
        else {
            return false;
        };
        let entries = project.overrides.iter().map(|entry| (&entry.policy, &entry.loc));
        let sets = project
            .overrides
            .iter()
            .flat_map(|entry| entry.set.iter().map(move |(_, node)| (&entry.policy, &node.loc)));
        let waivers = project.waivers.iter().map(|waiver| (&waiver.policy, &waiver.loc));
        let mut named = entries.chain(sets).chain(waivers);
        let needed = project.gate.needs.iter().flat_map(|(policy, needed)| {
            needed.iter().flat_map(move |(name, loc): &(Arc<str>, Loc)| [(policy, loc), (name, loc)])
        });
        named.any(|(pattern, loc)| loc == at && self.has(pattern))
            || needed.filter(|(_, loc)| *loc == at).any(|(name, _)| self.names.contains(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_yaml_still_names_its_policies() {
        let ids = ids_in("# a\npolicy: a # first\nfail: [\n---\npolicy: 'b'\n  policy: c\n");
        assert_eq!(ids, [Arc::from("a"), Arc::from("b")]);
    }
}
