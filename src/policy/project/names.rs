//! Names that one part of the project file takes from another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::nodes::{items, pairs};
use super::{Project, Reader};
use crate::diag::{Diag, code, did_you_mean};
use crate::source::yaml::Node;

impl Reader {
    /// Names that one part of the file takes from another.
    pub(super) fn names(&mut self, node: &Node, project: &Project) {
        let label_sets = pairs(node.get("targets")).iter().map(|(_, target)| target.get("labels"));
        let others =
            pairs(node.get("environments")).iter().map(|(_, environment)| environment.get("targets"));
        let overrides = items(node.get("overrides")).iter().map(|entry| entry.get("labels"));
        for set in label_sets.chain(others).chain(overrides) {
            self.known_labels(set, &project.labels);
        }
        // Those that are wrong are declared nevertheless.
        let targets: Vec<&str> =
            pairs(node.get("targets")).iter().filter_map(|(name, _)| name.as_str()).collect();
        let environments: Vec<&str> =
            project.environments.iter().map(|environment| &*environment.name).collect();
        for entry in items(node.get("overrides")) {
            self.known(entry.get("target"), "target", &targets);
            self.known(entry.get("environment"), "environment", &environments);
        }
        for entry in items(node.get("waivers")) {
            let exact = entry
                .get("target")
                .filter(|t| t.as_str().is_some_and(|text| !text.contains(['*', '?', '[', '{'])));
            self.known(exact, "target", &targets);
            let owners: Vec<&str> = project.owners.keys().map(|owner| &**owner).collect();
            if !owners.is_empty() {
                self.known(entry.get("owner"), "owner", &owners);
            }
        }
        self.waiver_limits(node);
    }

    pub(super) fn known(&mut self, node: Option<&Node>, what: &str, names: &[&str]) {
        let Some(node) = node else { return };
        let word = node.as_str().unwrap_or("").trim();
        if names.contains(&word) {
            return;
        }
        let help = did_you_mean(word, names.iter().copied()).unwrap_or_else(|| match names {
            [] => "none is declared in this file".to_owned(),
            names => format!("known: {}", names.join(", ")),
        });
        self.diags.push(
            Diag::error(&code::UNKNOWN_NAME, format!("there is no {what} `{word}`"))
                .at(&node.loc, "")
                .help(help),
        );
    }

    fn known_labels(&mut self, node: Option<&Node>, declared: &BTreeMap<Arc<str>, Option<Vec<Arc<str>>>>) {
        for (key, value) in pairs(node) {
            let names: Vec<&str> = declared.keys().map(|name| &**name).collect();
            self.known(Some(key), "label", &names);
            let Some(Some(values)) = declared.get(key.as_str().unwrap_or("")) else { continue };
            let values: Vec<&str> = values.iter().map(|value| &**value).collect();
            let what = format!("value of the label `{}` called", key.as_str().unwrap_or(""));
            self.known(Some(value), &what, &values);
        }
    }
}
