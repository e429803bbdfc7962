//! Who wrote a recording: the host, the targets as the project says they are, and the declarations of the probes.
//!
//! Facts mean what their probe declared them to mean, and are of the target that was asked. A recording says both, so
//! that it can be refused where either is another one now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Declared, FieldDecl, ProbeDecl, Recording, Rows, Schema, ZeroRows, catalogue};

/// What a recording says about itself. Those of the first version do not have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The host on which it was made.
    pub host: Arc<str>,
    /// The probes that answered.
    pub probes: Vec<ProbeMark>,
    /// The targets that were asked.
    pub targets: Vec<TargetMark>,
    /// What tells the keys of masks apart; `None` if nothing is masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Arc<str>>,
}

/// A probe as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeMark {
    /// Its name.
    pub probe: Arc<str>,
    /// Version of its answer.
    pub version: u32,
    /// Digest of its facts, their types and its key.
    pub declaration: Arc<str>,
}

/// A target as the project file had it; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetMark {
    /// Its name.
    pub target: Arc<str>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Arc<str>,
    /// Its address without a user, or its path from the folder of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Arc<str>>,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
}

impl ProbeMark {
    /// A probe of this build.
    pub fn of(probe: &ProbeDecl) -> Self {
        Self { probe: Arc::from(probe.name), version: probe.version, declaration: Arc::from(probe.digest()) }
    }
}

impl ProbeDecl {
    /// Digest of what its answers mean to who reads them: version, key, facts and their types.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.as_bytes());
            hash.update(b"\n");
        };
        add(&format!(
            "{} {} {:?} {:?} {}",
            self.name,
            self.version,
            self.rows,
            self.zero,
            self.key.join(",")
        ));
        for fact in self.facts {
            add(&format!("{} {} {} {}", fact.name, type_of(fact), fact.estimate, fact.null.unwrap_or("")));
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn type_of(fact: &FieldDecl) -> String {
    format!("{}{}", fact.ty.ty(), if fact.null.is_some() { "?" } else { "" })
}

impl Recording {
    /// Why its facts are not those that the probes of this build declare: one sentence for each difference.
    pub fn unlike_declarations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let marks: &[ProbeMark] = self.about.as_ref().map_or(&[], |about| &about.probes);
        for mark in marks {
            match catalogue::find(&mark.probe) {
                None => found.push(format!("this muster has no probe `{}`", mark.probe)),
                Some(probe) if probe.version != mark.version => {
                    found.push(other_version(probe, mark.version));
                }
                Some(_) => {}
            }
        }
        // Thousands of answers have a handful of shapes. What a recording says of its probes is no proof of these.
        let mut seen = BTreeSet::new();
        let earlier = self.past.before.values().map(|answer| &**answer);
        for answer in self.observations.iter().chain(earlier) {
            if let Ok(table) = &answer.result
                && seen.insert((&*answer.key.probe, Arc::as_ptr(&table.schema).addr()))
                && let Some(probe) = catalogue::find(&answer.key.probe)
            {
                found.extend(differences(probe, &table.schema));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

fn other_version(probe: &ProbeDecl, version: u32) -> String {
    format!("it was recorded by version {version} of `{}`, and this is version {}", probe.name, probe.version)
}

/// What of a recorded shape is declared otherwise now. A fact that is new is none: of it the recording knows nothing,
/// and says so where it is read.
fn differences(probe: &ProbeDecl, schema: &Schema) -> Vec<String> {
    if schema.version != probe.version {
        return vec![other_version(probe, schema.version)];
    }
    let mut found = Vec::new();
    for field in &schema.fields {
        match probe.facts.iter().find(|fact| *fact.name == *field.name) {
            Some(fact) if type_of(fact) != field.ty.to_string() => {
                let (name, then, now) = (&field.name, &field.ty, type_of(fact));
                found.push(format!(
                    "the fact `{name}` of `{}` was {then} when it was recorded, and is {now}",
                    probe.name
                ));
            }
            Some(fact) if probe.declared == Declared::No && fact.estimate != field.estimate => {
                let word = |estimate| if estimate { "an estimate" } else { "exact" };
                found.push(format!(
                    "the fact `{}` of `{}` was {} when it was recorded, and is {}",
                    field.name,
                    probe.name,
                    word(field.estimate),
                    word(fact.estimate)
                ));
            }
            None if probe.declared == Declared::No => {
                found.push(format!("`{}` has no fact `{}` any more", probe.name, field.name));
            }
            _ => {}
        }
    }
    let own_key = probe.declared == Declared::No;
    if own_key && schema.key_names() != probe.key {
        let (then, now) = (schema.key_names().join(", "), probe.key.join(", "));
        found.push(format!("the rows of `{}` were told apart by `{then}`, and are by `{now}`", probe.name));
    }
    if own_key && (schema.rows, schema.zero) != (probe.rows, probe.zero) {
        let words = |rows: Rows, zero: ZeroRows| match (rows, zero) {
            (Rows::One, _) => "one row",
            (Rows::Many, ZeroRows::Fine) => "any number of rows",
            (Rows::Many, ZeroRows::Suspicious) => "at least one row",
        };
        let (then, now) = (words(schema.rows, schema.zero), words(probe.rows, probe.zero));
        found.push(format!("an answer of `{}` had {then}, and has {now}", probe.name));
    }
    found
}
