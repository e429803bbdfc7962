//! What is attested: a topic, or that of a policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::output::Problem;
use super::super::setup::{Sources, read};
use super::{remark, wrong};
use crate::diag::did_you_mean;
use crate::fact::Value;
use crate::policy::attestations::Attested;
use crate::policy::form;
use crate::policy::shape::Shape;
use crate::policy::{Policy, Project};

/// The probe that reads what is attested.
const PROBE: &str = "attestation.latest";

/// What is attested.
pub(super) struct Topic {
    pub name: Arc<str>,
    /// Who answers for the policy that was named.
    pub owner: Option<Arc<str>>,
}

impl Topic {
    /// The topic of a word of the command line.
    pub(super) fn of(
        word: &str,
        sources: &Sources,
        project: &Project,
        attested: &Attested,
    ) -> Result<Self, Problem> {
        let policies = policies(sources, project)?;
        if let Some(policy) = policies.iter().find(|policy| *policy.id == *word) {
            return Self::of_policy(policy, project);
        }
        form::check(word, &Shape::Id)
            .map_err(|message| wrong(message, "a topic is a short name: `access-review`"))?;
        let asked: BTreeSet<Arc<str>> = policies.iter().flat_map(|policy| topics(policy)).collect();
        let known = asked.iter().chain(attested.statements.iter().map(|one| &one.topic));
        let names: BTreeSet<&str> = known.map(|name| &**name).collect();
        if !asked.contains(word) {
            let ids = policies.iter().filter(|policy| !topics(policy).is_empty()).map(|policy| &*policy.id);
            let near = did_you_mean(word, names.into_iter().chain(ids).filter(|name| *name != word));
            let near = near.map(|near| format!(" ({near})")).unwrap_or_default();
            remark(&format!("note: no policy of the project asks for `{word}` by its name{near}"));
        }
        Ok(Self { name: Arc::from(word), owner: None })
    }

    fn of_policy(policy: &Policy, project: &Project) -> Result<Self, Problem> {
        let owner = policy.owner.clone().or_else(|| project.owner.clone());
        match topics(policy).as_slice() {
            [name] => Ok(Self { name: Arc::clone(name), owner }),
            [] => {
                let message = format!("`{}` asks for no topic that could be attested", policy.id);
                Err(wrong(message, "name the topic itself"))
            }
            several => {
                let message = format!("`{}` asks for several topics", policy.id);
                Err(wrong(message, format!("name one of them: {}", several.join(", "))))
            }
        }
    }
}

/// The policies of the project; one that cannot be loaded is told by others.
fn policies(sources: &Sources, project: &Project) -> Result<Vec<Arc<Policy>>, Problem> {
    if project.policies.is_empty() {
        return Ok(Vec::new());
    }
    Ok(read(sources)?.looked.loaded.policies)
}

/// Topics that a policy names, by the defaults of its parameters.
fn topics(policy: &Policy) -> Vec<Arc<str>> {
    let defaults: Vec<Value> = policy.params.iter().map(|param| param.default.clone()).collect();
    let asking = policy.observe.iter().filter(|observe| observe.probe.name == PROBE);
    let named: BTreeSet<Arc<str>> =
        asking.flat_map(|observe| observe.resolve(&defaults).texts("topics")).collect();
    named.into_iter().collect()
}
