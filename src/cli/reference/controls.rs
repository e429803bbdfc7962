//! The page about controls.

use std::sync::Arc;

use crate::audit::coverage::State;
use crate::policy::frameworks::{Control, PLAYBOOK, playbook};
use crate::policy::load::{Origin, load};
use crate::policy::{Policy, library};

use super::{code, fill, keys, table};

/// The page.
pub(super) fn text() -> String {
    let parts = [("keys", keys::framework()), ("states", states()), ("playbook", of_playbook())];
    fill(include_str!("controls.md"), &parts)
}

fn states() -> String {
    table(&["state", "meaning"], State::ALL.map(|state| vec![code(state.word()), state.meaning().to_owned()]))
}

fn of_playbook() -> String {
    let areas: Vec<_> =
        library::areas().into_iter().map(|area| (Origin::Builtin(Arc::from(area)), None)).collect();
    let policies = load(&areas, None, false).policies;
    match playbook() {
        Ok(playbook) => {
            let rows = playbook.controls.iter().map(|control| row(control, &policies));
            table(&["control", "what it asks for", "policies that answer it"], rows)
        }
        Err(faults) => faults.iter().map(|fault| format!("Cannot be read: {}\n", fault.message)).collect(),
    }
}

fn row(control: &Control, policies: &[Arc<Policy>]) -> Vec<String> {
    let word = format!("{PLAYBOOK}:{}", control.id);
    let answers = policies.iter().filter(|policy| policy.controls.iter().any(|named| **named == *word));
    let link = |policy: &Arc<Policy>| {
        let file = policy.loc.source.name.strip_prefix("builtin:").unwrap_or("");
        format!("[{}](../policies/{file})", policy.id)
    };
    vec![code(&control.id), control.title.to_string(), answers.map(link).collect::<Vec<_>>().join(", ")]
}
