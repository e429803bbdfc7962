//! `gate:` of the project file: what a migration moved, and what waits for what.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reader;
use super::nodes::{items, pairs, text};
use crate::diag::{Diag, code};
use crate::fact::Move;
use crate::source::Loc;
use crate::source::yaml::Node;

/// What `muster gate` has to know of a migration.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// For each target of the new side where it comes from.
    pub moves: BTreeMap<Arc<str>, Moved>,
    /// Policies that wait until these pass, with where that is said.
    pub needs: BTreeMap<Arc<str>, Vec<(Arc<str>, Loc)>>,
}

/// Where a target comes from.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The target that it was moved from; the target itself if the migration happens in place.
    pub from: Arc<str>,
    /// What is called otherwise there, or stayed behind.
    pub map: Move,
    /// Where it stands.
    pub loc: Loc,
}

impl Moved {
    /// Did the migration of this target happen on the target itself?
    pub fn is_in_place(&self, target: &str) -> bool {
        *self.from == *target
    }
}

fn map(node: Option<&Node>) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs(node).iter().filter_map(|(key, value)| Some((text(Some(key))?, text(Some(value))?))).collect()
}

impl Reader {
    pub(super) fn gate(&mut self, node: Option<&Node>) -> Gate {
        let Some(node) = node else { return Gate::default() };
        let moves = pairs(node.get("moves")).iter().filter_map(|(key, value)| self.moved(key, value));
        let moves = moves.collect();
        let needs = pairs(node.get("needs")).iter().filter_map(|(key, value)| {
            let named =
                items(Some(value)).iter().filter_map(|item| Some((text(Some(item))?, item.loc.clone())));
            Some((text(Some(key))?, named.collect()))
        });
        Gate { moves, needs: needs.collect() }
    }

    fn moved(&mut self, key: &Node, node: &Node) -> Option<(Arc<str>, Moved)> {
        let name = text(Some(key))?;
        let in_place = node.get("in_place").and_then(Node::as_str) == Some("true");
        let from = match (text(node.get("from")), in_place) {
            (Some(from), false) if from != name => from,
            (None, true) => Arc::clone(&name),
            _ => {
                let message = format!("where `{name}` was moved from is not clear");
                let help = "write `from: OTHER-TARGET`, or `in_place: true` where the migration happens on the target itself";
                self.diags.push(Diag::error(&code::BAD_VALUE, message).at(&key.loc, "").help(help));
                return None;
            }
        };
        let map = Move {
            tables: map(node.get("tables")),
            columns: map(node.get("columns")),
            drop: items(node.get("drop")).iter().filter_map(|item| text(Some(item))).collect(),
            only: map(node.get("only")),
            kinds: map(node.get("kinds")),
            schema: text(node.get("schema")),
        };
        self.left_and_moved(node, &map);
        Some((name, Moved { from, map, loc: key.loc.clone() }))
    }

    /// What was left behind was not moved: of two that contradict each other the one that compares less would win.
    fn left_and_moved(&mut self, node: &Node, map: &Move) {
        for item in items(node.get("drop")) {
            let Some(left) = text(Some(item)) else { continue };
            let of_it = |name: &Arc<str>| {
                *name == left || name.strip_prefix(&*left).is_some_and(|rest| rest.starts_with('.'))
            };
            let said = [
                ("tables", &map.tables),
                ("columns", &map.columns),
                ("only", &map.only),
                ("kinds", &map.kinds),
            ];
            let Some((word, _)) = said.into_iter().find(|(_, names)| names.keys().any(of_it)) else {
                continue;
            };
            let message = format!("`{left}` is left behind by `drop`, and `{word}` says how it was moved");
            let diag = Diag::error(&code::BAD_VALUE, message).at(&item.loc, "");
            self.diags.push(diag.help("keep one of them"));
        }
    }

    /// The targets that moves name have to be there.
    pub(super) fn gate_names(&mut self, node: &Node) {
        let targets: Vec<&str> =
            pairs(node.get("targets")).iter().filter_map(|(name, _)| name.as_str()).collect();
        for (key, moved) in pairs(node.get("gate").and_then(|gate| gate.get("moves"))) {
            self.known(Some(key), "target", &targets);
            self.known(moved.get("from"), "target", &targets);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Project, decode};
    use crate::source::Source;

    const TARGETS: &str = "targets:\n  old: { type: sqlite, path: old.db }\n  new: { type: sqlite, path: new.db, scratch: true }\n";

    fn read(gate: &str) -> (Option<Project>, String) {
        let text = format!("muster: 1\n{TARGETS}gate:\n{gate}");
        let mut diags = Vec::new();
        let project = decode(&Source::new("muster.yaml", text), Path::new(""), &mut diags);
        (project, diags.iter().map(|diag| format!("{} ", diag.message)).collect())
    }

    #[test]
    fn moves_and_what_waits_are_read() {
        let (project, said) = read(
            "  moves:\n    new: { from: old, tables: { user: users }, columns: { user.mail: email }, drop: [logs], only: { events: at > 5 }, kinds: { user.active: bool } }\n  needs: { release-data: [release-volumes] }\n",
        );
        let project = project.unwrap_or_else(|| panic!("{said}"));
        let moved = &project.gate.moves["new"];
        assert_eq!((&*moved.from, moved.is_in_place("new")), ("old", false));
        assert_eq!(moved.map.table("user").as_deref(), Some("users"));
        assert_eq!(moved.map.table("logs"), None);
        assert_eq!(moved.map.only("events").map(|sql| &**sql), Some("at > 5"));
        assert_eq!(&*project.gate.needs["release-data"][0].0, "release-volumes");
        assert_eq!(project.targets.iter().map(|target| target.scratch).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn where_a_target_comes_from_is_said_once() {
        for gate in [
            "  moves: { new: { tables: { a: b } } }\n",
            "  moves: { new: { from: new } }\n",
            "  moves: { new: { from: old, in_place: true } }\n",
            "  moves: { new: { in_place: false } }\n",
        ] {
            let (project, said) = read(gate);
            assert!(
                project.is_none() && said.contains("where `new` was moved from is not clear"),
                "{gate}{said}"
            );
        }
        let (project, _) = read("  moves: { new: { in_place: true } }\n");
        assert!(project.is_some_and(|project| project.gate.moves["new"].is_in_place("new")));
    }

    #[test]
    fn what_was_left_behind_was_not_moved() {
        for more in ["tables: { a: b }", "columns: { a.b: c }", "only: { a: id > 5 }", "kinds: { a.b: bool }"]
        {
            let (project, said) = read(&format!("  moves: {{ new: {{ from: old, drop: [a], {more} }} }}\n"));
            assert!(project.is_none() && said.contains("`a` is left behind by `drop`"), "{more}: {said}");
        }
        for more in ["tables: { ab: c }", "columns: { a.b: c }", "tables: { a: b }"] {
            let (project, said) =
                read(&format!("  moves: {{ new: {{ from: old, drop: [a.c], {more} }} }}\n"));
            assert!(project.is_some(), "{more}: {said}");
        }
    }

    #[test]
    fn a_target_that_is_misspelt_is_refused() {
        for gate in ["  moves: { nwe: { from: old } }\n", "  moves: { new: { from: odl } }\n"] {
            let (project, said) = read(gate);
            assert!(project.is_none() && said.contains("there is no target"), "{gate}{said}");
        }
        assert!(read("  moves: { new: { form: old } }\n").1.contains("form"));
    }
}
