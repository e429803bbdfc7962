//! Policies with what the lints say of them, and of what did not change since the last look the same as then.
//!
//! The same path for one look and for many: a command looks once, an editor after every edit.

use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;

use super::comments::Comments;
use super::{Input, Levels};
use crate::diag::{Diag, Level};
use crate::policy::cores::on_all_cores;
use crate::policy::load::{Known, Loaded, Origin};
pub use crate::policy::shelf::Edited;
use crate::policy::shelf::{Part, Shelf};
use crate::policy::{Policy, Project};
use crate::source::Loc;

/// What a lint said, and why it is fine if somebody wrote that.
#[derive(Clone, Debug)]
pub struct Said {
    /// What it said.
    pub diag: Diag,
    /// The reason of the comment that allows it.
    pub allowed: Option<Arc<str>>,
}

/// What lints say of one file, before anything is allowed.
struct Linted {
    /// Held, so that its address is of nobody else.
    part: Arc<Part>,
    /// Of each policy.
    said: Vec<Vec<Diag>>,
    comments: Option<Comments>,
}

/// Everything that was looked at before.
#[derive(Default)]
pub struct Workspace {
    shelf: Shelf,
    levels: Levels,
    linted: HashMap<usize, Arc<Linted>>,
}

/// What there is to look at.
pub struct Given<'a> {
    /// Sources of policies with the places that name them.
    pub origins: &'a [(Origin, Option<Loc>)],
    /// What the project names; `None` without one.
    pub known: Option<&'a Known>,
    /// Levels of the lints.
    pub levels: &'a Levels,
    /// Case files too?
    pub tests: bool,
    /// What is known of the files before they are looked at.
    pub edited: Edited<'a>,
    /// The time.
    pub now: Timestamp,
}

/// What was found.
pub struct Looked {
    /// Everything that was loaded. A policy in which a lint finds an error is as good as one that could not be
    /// loaded, unless that is allowed. What lints say is not in here.
    pub loaded: Loaded,
    /// What lints say.
    pub said: Vec<Said>,
    /// Of each file that has some.
    comments: Vec<Comments>,
    levels: Levels,
}

impl Workspace {
    /// Reads all policies and runs the lints about single ones.
    pub fn look(&mut self, given: &Given<'_>) -> Looked {
        let parts = self.shelf.load(given.origins, given.known, given.tests, (given.edited, given.now));
        if self.levels != *given.levels {
            self.levels = given.levels.clone();
            self.linted.clear();
        }
        let before = &self.linted;
        let linted = on_all_cores(&parts.parts, |part| {
            let known = before.get(&address(part)).map(Arc::clone);
            known.unwrap_or_else(|| Arc::new(lint(part, given.levels)))
        });
        let mut looked = Looked {
            loaded: parts.whole(),
            said: Vec::new(),
            comments: Vec::new(),
            levels: given.levels.clone(),
        };
        looked.loaded.policies.clear();
        for one in &linted {
            looked.add(one);
        }
        self.linted = linted.into_iter().map(|one| (address(&one.part), one)).collect();
        looked
    }
}

fn address(part: &Arc<Part>) -> usize {
    Arc::as_ptr(part).addr()
}

fn lint(part: &Arc<Part>, levels: &Levels) -> Linted {
    // One file may hold as many policies as a folder.
    let said = on_all_cores(&part.policies, |policy| super::policy(policy, levels));
    // In a file with a fault nobody can tell what its comments would cover.
    let source = part.source.as_ref().filter(|_| part.diags.is_empty());
    Linted { part: Arc::clone(part), said, comments: source.and_then(Comments::of) }
}

fn allowed(comments: &mut Option<Comments>, diag: &Diag) -> Option<Arc<str>> {
    comments.as_mut().and_then(|comments| comments.allows(diag))
}

impl Looked {
    fn add(&mut self, linted: &Linted) {
        let mut comments = linted.comments.clone();
        for (policy, found) in linted.part.policies.iter().zip(&linted.said) {
            let one = |diag: &Diag| Said { diag: diag.clone(), allowed: allowed(&mut comments, diag) };
            let said: Vec<Said> = found.iter().map(one).collect();
            if said.iter().any(|said| said.allowed.is_none() && said.diag.level == Level::Error) {
                self.loaded.broken.push((Arc::clone(&policy.id), policy.loc.clone()));
            } else {
                self.loaded.policies.push(Arc::clone(policy));
            }
            self.said.extend(said);
        }
        self.comments.extend(comments);
    }

    /// Runs the lints about the project, and then those about comments.
    pub fn finish(&mut self, project: &Project, has_project: bool, whole: bool, today: i64) {
        let policies: &[Arc<Policy>] = &self.loaded.policies;
        let input = Input { policies, broken: &self.loaded.broken, project, has_project, whole, today };
        let found = super::project(&input, &self.levels);
        self.comments.extend(project.loc.as_ref().and_then(|loc| Comments::of(&loc.source)));
        for diag in found {
            let allowed = self.comments.iter_mut().find_map(|comments| comments.allows(&diag));
            self.said.push(Said { diag, allowed });
        }
        let broken = !self.loaded.broken.is_empty();
        for comments in &mut self.comments {
            comments.ran(&self.levels, whole && has_project && !broken);
            let found = super::comments(comments, &self.levels);
            self.said.extend(found.into_iter().map(|diag| Said { diag, allowed: None }));
        }
    }

    /// What `check` has to say of the policies: an error that is allowed is told nevertheless.
    pub fn for_check(&self) -> Vec<Diag> {
        let one = |said: &Said| match &said.allowed {
            None => Some(said.diag.clone()),
            // Also where a project made a warning of it: each of the two is told alone.
            Some(reason)
                if said.diag.level == Level::Error
                    || super::find(said.diag.code.id).is_some_and(|lint| lint.level == super::ERROR) =>
            {
                let help = format!("it is allowed there: {reason}");
                Some(Diag { level: Level::Warning, ..said.diag.clone() }.help(help))
            }
            Some(_) => None,
        };
        self.said.iter().filter_map(one).collect()
    }
}
