//! `muster.yaml`: targets, sources, environments, overrides, waivers, secrets, owners,
//! calendars.

mod calendars;
mod exceptions;
mod frameworks;
mod gate;
mod lints;
mod names;
mod nodes;
mod salvage;
mod store;
mod targets;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::calendar::Calendar;
use super::check::{Strictness, check};
use super::frameworks::Frameworks;
use super::hide;
use super::literal;
use super::model::Tier;
use super::shape::Shape;
use super::shapes;
use crate::diag::{Diag, Level, code};
use crate::fact::Type;
use crate::secret::SecretRef;
use crate::source::yaml::{self, Kind, Node};
use crate::source::{Loc, Source};
use crate::verdict::{Urgency, Verdict};
use nodes::{duration, items, labels, owned, pairs, text};

pub use exceptions::{Override, Waiver};
pub use gate::{Gate, Moved};
pub use lints::{HouseRule, LintLevel, LintSettings};
pub use salvage::{LeftOut, decode_as_far};
pub use store::{Keep, SharedEntry, StoreEntry};
pub use targets::{DatabaseChoice, TargetEntry, address, describe, schemes};

/// A named choice of targets.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// Labels of its targets.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The verdict from which a run fails.
    pub fail_on: Option<Verdict>,
    /// Where its name stands.
    pub loc: Loc,
}

impl Environment {
    /// Is a target with these labels one of its targets?
    pub fn has(&self, labels: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        self.labels.iter().all(|(name, value)| labels.get(name) == Some(value))
    }
}

/// The project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// All of its file; `None` without one.
    pub loc: Option<Loc>,
    /// The folder of its file, as whoever started us would name it.
    pub root: PathBuf,
    /// The same folder from `/` on.
    pub whole_root: PathBuf,
    /// Default owner.
    pub owner: Option<Arc<str>>,
    /// Policy sources as written, with their places.
    pub policies: Vec<(Arc<str>, Loc)>,
    /// Labels with their allowed values; `None` is any.
    pub labels: BTreeMap<Arc<str>, Option<Vec<Arc<str>>>>,
    /// Targets.
    pub targets: Vec<TargetEntry>,
    /// Environments.
    pub environments: Vec<Environment>,
    /// Owners with their routes.
    pub owners: BTreeMap<Arc<str>, BTreeMap<Urgency, Arc<str>>>,
    /// Intervals of tiers.
    pub tiers: BTreeMap<Tier, Duration>,
    /// Frameworks, whose controls policies name.
    pub frameworks: Arc<Frameworks>,
    /// Calendars by name.
    pub calendars: BTreeMap<Arc<str>, Arc<Calendar>>,
    /// Commands that may be run.
    pub commands: BTreeMap<String, Vec<String>>,
    /// Overrides.
    pub overrides: Vec<Override>,
    /// Waivers.
    pub waivers: Vec<Waiver>,
    /// Files, folders and globs of attestations as written, with their places; the usual folder if none is named.
    pub attestations: Option<Vec<(Arc<str>, Loc)>>,
    /// How far ahead a waiver may reach.
    pub max_waiver: Option<Duration>,
    /// Levels of lints, and rules of the house.
    pub lints: LintSettings,
    /// Where runs are remembered, and how long.
    pub store: Option<StoreEntry>,
    /// How recordings are written and read.
    pub recordings: Recordings,
    /// What was moved in a migration.
    pub gate: Gate,
    /// What audits count by.
    pub audit: Audit,
}

/// What audits count by, and how evidence is made.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// How late a check of a tier may be judged; a tenth of the tier's interval if left out.
    pub grace: BTreeMap<Tier, Duration>,
    /// In which zone a day of a period begins; UTC if left out.
    pub zone: Option<(Arc<str>, Loc)>,
    /// Where the key is kept that signs evidence.
    pub key: Option<(SecretRef, Loc)>,
    /// The last day on which it signs, in days since 1970; none if it never ends.
    pub valid_until: Option<(i64, Loc)>,
}

impl Project {
    /// How often a tier is judged; none if it is not judged by the clock.
    pub fn interval(&self, tier: Tier) -> Option<Duration> {
        self.tiers.get(&tier).copied().or(tier.interval())
    }

    /// How late a check of a tier may be judged. A tenth of a day is more than the hour by
    /// which a change to summer time moves a run.
    pub fn grace(&self, tier: Tier) -> Option<Duration> {
        let interval = self.interval(tier)?;
        Some(self.audit.grace.get(&tier).copied().unwrap_or(interval / 10))
    }
}

/// How recordings are written and read.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// How old one may be.
    pub max_age: Option<Duration>,
    /// Where the key of masked texts is kept.
    pub mask_key: Option<(SecretRef, Loc)>,
}

/// Reads a project file. `root` is the folder that relative paths start from. What is said about it shows no
/// secret that somebody wrote into it.
pub fn decode(source: &Arc<Source>, root: &Path, diags: &mut Vec<Diag>) -> Option<Project> {
    let mut found = Vec::new();
    let project = read(source, root, &mut found);
    hide::secrets(source, &mut found);
    diags.append(&mut found);
    project
}

fn read(source: &Arc<Source>, root: &Path, diags: &mut Vec<Diag>) -> Option<Project> {
    let before = diags.len();
    let documents = match yaml::parse(source, &yaml::Limits::default()) {
        Ok(documents) => documents,
        Err(errors) => {
            diags.extend(errors);
            return None;
        }
    };
    let [document] = documents.as_slice() else {
        diags.push(match documents.get(1) {
            Some(second) => Diag::error(&code::BAD_VALUE, "a project file is one document")
                .at(&second.root.loc, "here a second one begins")
                .help("remove the `---` between them, or make two project files of them"),
            None => Diag::error(&code::EMPTY_INPUT, format!("the project file `{}` is empty", source.name))
                .help("it begins with `muster: 1`"),
        });
        return None;
    };
    let mut root_node = document.root.clone();
    diags.extend(yaml::merge(&mut root_node));
    diags.extend(yaml::duplicate_keys(&root_node));
    targets::plain_secrets(&root_node, diags);
    if diags.len() == before {
        check(&root_node, &Shape::Map(&shapes::PROJECT), Strictness::Plain, diags);
    }
    if diags.len() > before {
        return None;
    }
    let mut reader = Reader::new(root);
    let project = reader.project(&root_node);
    let failed = reader.diags.iter().any(|diag| diag.level == Level::Error);
    diags.append(&mut reader.diags);
    (!failed).then_some(project)
}

/// A folder from `/` on. Where we stand is known without links, so that steps up from there can be taken; others are left
/// to the file system. Where we stand cannot be told at times; then what is looked for is not found, and says so.
pub fn whole_folder(root: &Path) -> PathBuf {
    let Ok(mut whole) = std::path::absolute(".") else { return root.to_owned() };
    let mut is_up = !root.is_absolute();
    for part in root.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if is_up => drop(whole.pop()),
            other => {
                is_up = false;
                whole.push(other);
            }
        }
    }
    whole
}

fn declared_labels(node: Option<&Node>) -> BTreeMap<Arc<str>, Option<Vec<Arc<str>>>> {
    let mut declared = BTreeMap::new();
    for (key, value) in pairs(node) {
        let values = matches!(value.kind, Kind::Seq(_))
            .then(|| items(Some(value)).iter().filter_map(|item| text(Some(item))).collect());
        if let Some(name) = text(Some(key)) {
            declared.insert(name, values);
        }
    }
    declared
}

struct Reader {
    diags: Vec<Diag>,
    root: PathBuf,
    whole_root: PathBuf,
}

impl Reader {
    fn new(root: &Path) -> Self {
        Self { diags: Vec::new(), root: root.to_owned(), whole_root: whole_folder(root) }
    }

    /// Of a file that is read now, named as the project file is.
    fn path(&self, text: &str) -> PathBuf {
        self.root.join(text)
    }

    /// Of what belongs to a target or a store: the whole path, because what was observed and kept is recognised by it,
    /// wherever somebody stands.
    fn whole_path(&self, text: &str) -> PathBuf {
        self.whole_root.join(text)
    }

    fn project(&mut self, node: &Node) -> Project {
        let declared = declared_labels(node.get("labels"));
        let targets: Vec<TargetEntry> =
            pairs(node.get("targets")).iter().filter_map(|(key, value)| self.target(key, value)).collect();
        let project = Project {
            loc: Some(node.loc.clone()),
            root: self.root.clone(),
            whole_root: self.whole_root.clone(),
            owner: text(node.get("owner")),
            policies: items(node.get("policies"))
                .iter()
                .filter_map(|item| Some((text(Some(item))?, item.loc.clone())))
                .collect(),
            labels: declared,
            targets,
            environments: pairs(node.get("environments"))
                .iter()
                .filter_map(|(key, value)| environment(key, value))
                .collect(),
            owners: owners(node.get("owners")),
            tiers: tiers(node.get("tiers")),
            frameworks: self.frameworks(node.get("frameworks")),
            calendars: self.calendars(node.get("calendars")),
            commands: pairs(node.get("commands"))
                .iter()
                .map(|(key, value)| {
                    (owned(Some(key)), items(Some(value)).iter().map(|word| owned(Some(word))).collect())
                })
                .collect(),
            overrides: items(node.get("overrides")).iter().filter_map(|item| self.over(item)).collect(),
            waivers: items(node.get("waivers")).iter().filter_map(|item| self.waiver(item)).collect(),
            attestations: node.get("attestations").map(|list| {
                items(Some(list))
                    .iter()
                    .filter_map(|item| Some((text(Some(item))?, item.loc.clone())))
                    .collect()
            }),
            max_waiver: duration(node.get("max_waiver")),
            lints: self.lints(node.get("lints")),
            store: node.get("store").and_then(|store| self.store(store)),
            recordings: Recordings {
                max_age: node.get("recordings").and_then(|rules| duration(rules.get("max_age"))),
                mask_key: node
                    .get("recordings")
                    .and_then(|rules| rules.get("mask_key"))
                    .and_then(|key| self.secret(key)),
            },
            gate: self.gate(node.get("gate")),
            audit: self.audit(node.get("audit")),
        };
        self.names(node, &project);
        self.gate_names(node);
        project
    }

    fn audit(&mut self, node: Option<&Node>) -> Audit {
        let get = |name: &str| node.and_then(|node| node.get(name));
        let zone = get("zone").and_then(|node| Some((text(Some(node))?, node.loc.clone())));
        let valid_until = get("valid_until").and_then(|node| {
            let day = literal::typed(node, &Type::Date).ok()?.as_int()?;
            Some((day, node.loc.clone()))
        });
        if let (None, Some(until)) = (get("key"), get("valid_until")) {
            self.diags.push(
                Diag::error(&code::BAD_VALUE, "`valid_until` is the end of the `key`, and there is none")
                    .at(&until.loc, "")
                    .help("name the key that signs evidence: `audit: { key: { file: audit-key.pem }, valid_until: … }`"),
            );
        }
        let key = get("key").and_then(|key| self.secret(key));
        Audit { grace: grace(get("grace")), zone, key, valid_until }
    }
}

fn environment(key: &Node, node: &Node) -> Option<Environment> {
    let fail_on = node.get("fail_on").and_then(Node::as_str).and_then(Verdict::from_word);
    let labels = labels(node.get("targets"));
    Some(Environment { name: text(Some(key))?, labels, fail_on, loc: key.loc.clone() })
}

fn owners(node: Option<&Node>) -> BTreeMap<Arc<str>, BTreeMap<Urgency, Arc<str>>> {
    let routes = |node: &Node| {
        pairs(Some(node))
            .iter()
            .filter_map(|(key, value)| Some((key.as_str().and_then(Urgency::from_word)?, text(Some(value))?)))
            .collect()
    };
    pairs(node).iter().filter_map(|(key, value)| Some((text(Some(key))?, routes(value)))).collect()
}

/// One grace for all tiers, or one for each.
fn grace(node: Option<&Node>) -> BTreeMap<Tier, Duration> {
    let of_all = || {
        let grace = duration(node)?;
        Some(Tier::WORDS.iter().filter_map(|word| Some((Tier::from_word(word)?, grace))).collect())
    };
    of_all().unwrap_or_else(|| tiers(node))
}

fn tiers(node: Option<&Node>) -> BTreeMap<Tier, Duration> {
    pairs(node)
        .iter()
        .filter_map(|(key, value)| Some((key.as_str().and_then(Tier::from_word)?, duration(Some(value))?)))
        .collect()
}
