//! What two texts of a policy do to each other, as `muster diff` judges it.

use std::sync::Arc;

use crate::cli::diff::made_up;
use crate::cli::setup::known;
use crate::impact::{Side, compare};
use crate::plan::{Input, Plan, Selection, TargetInfo, bind_as_far};
use crate::policy::Project;
use crate::policy::load::{File, Loaded, of_texts};
use crate::source::Source;
use crate::source::yaml::{self, Limits};
use crate::verdict::Direction;

/// A word, and what changed.
pub(super) fn texts(project: &Project, old: &str, new: &str) -> (String, Vec<String>) {
    let unknown = |why: &str| (Direction::NotComparable.word().to_owned(), vec![why.to_owned()]);
    let (old, new) = (loaded(project, old), loaded(project, new));
    if old.policies.is_empty() || new.policies.is_empty() {
        return unknown("a text of it does not load any more");
    }
    let made_up: Vec<Arc<TargetInfo>> =
        old.policies.iter().chain(&new.policies).flat_map(|policy| made_up(policy)).fold(
            Vec::new(),
            |mut known, target| {
                if !known.contains(&target) {
                    known.push(target);
                }
                known
            },
        );
    let none = Project { owner: Some(Arc::from("somebody")), ..Project::default() };
    let plans = [&old, &new].map(|side| bound(side, &none, &made_up));
    let [was, is] = [(&old, &plans[0]), (&new, &plans[1])].map(|(side, plan)| Side {
        name: "",
        policies: &side.policies,
        checks: &plan.checks,
        project: &none,
        has_targets: false,
        faults: &[],
    });
    let found = compare(&was, &is);
    let has = |direction| found.changes.iter().any(|change| change.direction == direction);
    let word = match (has(Direction::Looser), has(Direction::Stricter), has(Direction::NotComparable)) {
        (true, true, _) => "looser and stricter",
        (true, false, _) => Direction::Looser.word(),
        (false, _, true) => Direction::NotComparable.word(),
        (false, true, false) => Direction::Stricter.word(),
        (false, false, false) => Direction::Same.word(),
    };
    (word.to_owned(), found.changes.into_iter().map(|change| change.what).collect())
}

fn loaded(project: &Project, text: &str) -> Loaded {
    let files =
        [File { source: Source::new("policy.yaml", text), library: None, folder: project.root.clone() }];
    let script = |path: &str| {
        yaml::read_file(std::path::Path::new(path), &Limits::default()).map_err(|diag| diag.message)
    };
    of_texts(&files, Some(&known(project)), &script)
}

fn bound(side: &Loaded, project: &Project, targets: &[Arc<TargetInfo>]) -> Plan {
    let selection = Selection { named_sources: true, gate: true, ..Selection::default() };
    let input =
        Input { policies: &side.policies, targets, project, selection: &selection, has_project: false };
    bind_as_far(&input).0
}
