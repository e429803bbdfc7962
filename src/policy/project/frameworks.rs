//! Frameworks that the project declares.

use std::sync::Arc;

use super::Reader;
use super::nodes::{items, text};
use crate::diag::{Diag, code};
use crate::policy::frameworks::{self, BUILTIN, Framework, Frameworks, PLAYBOOK};
use crate::source::Loc;
use crate::source::yaml::Node;

impl Reader {
    /// All of them. One that cannot be read is an error of the project: without it no id could be unknown.
    pub(super) fn frameworks(&mut self, node: Option<&Node>) -> Arc<Frameworks> {
        let mut all: Vec<(Arc<Framework>, Loc)> = Vec::new();
        for item in items(node) {
            let Some(word) = text(Some(item)) else { continue };
            match frameworks::read(&word, &self.root) {
                Ok(framework) => self.framework(framework, &word, &item.loc, &mut all),
                Err(diags) => {
                    let named = |diag: Diag| diag.at(&item.loc, "the framework is named here");
                    self.diags.extend(diags.into_iter().map(named));
                }
            }
        }
        Arc::new(Frameworks::new(all.into_iter().map(|(framework, _)| framework).collect()))
    }

    fn framework(
        &mut self,
        framework: Arc<Framework>,
        word: &str,
        loc: &Loc,
        all: &mut Vec<(Arc<Framework>, Loc)>,
    ) {
        if let Some((_, first)) = all.iter().find(|(known, _)| known.id == framework.id) {
            let message = format!("two frameworks are called `{}`", framework.id);
            let diag = Diag::error(&code::FRAMEWORK, message).at(loc, "the second").at(first, "the first");
            self.diags
                .push(diag.help("a framework has its name from `framework:`, and a catalog from its file"));
        } else if *framework.id == *PLAYBOOK && word != BUILTIN {
            let message = format!("`{word}` is called `{PLAYBOOK}`, as the framework that comes with muster");
            let diag = Diag::error(&code::FRAMEWORK, message).at(loc, "");
            self.diags.push(diag.help(format!("give it another name, or declare `{BUILTIN}`")));
        } else {
            all.push((framework, loc.clone()));
        }
    }
}
