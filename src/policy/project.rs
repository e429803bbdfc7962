//! `muster.yaml`: targets, sources, environments, overrides, waivers, secrets, owners.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::check::{Strictness, check, whole};
use super::hide;
use super::literal;
use super::model::Tier;
use super::shape::Shape;
use super::shapes;
use crate::diag::{Diag, Level, code, did_you_mean};
use crate::fact::{Type, Value, catalogue};
use crate::secret::SecretRef;
use crate::source::yaml::{self, Kind, Node};
use crate::source::{Loc, Source};
use crate::verdict::{Layer, Urgency, Verdict};

/// Which databases of a server are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DatabaseChoice {
    /// The one of the address.
    #[default]
    One,
    /// All but these.
    All(Vec<String>),
}

/// One target as the project file says it, before secrets are read.
#[derive(Clone, Debug)]
pub struct TargetEntry {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Its address.
    pub url: Option<Url>,
    /// Its file.
    pub path: Option<PathBuf>,
    /// Where the password is kept.
    pub password: Option<(SecretRef, Loc)>,
    /// Secret headers.
    pub headers: BTreeMap<String, (SecretRef, Loc)>,
    /// Labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// `mode`, `ca`, `cert`, `key`.
    pub tls: BTreeMap<&'static str, String>,
    /// Which databases.
    pub databases: DatabaseChoice,
    /// Questions at once.
    pub connections: Option<usize>,
    /// How long one answer may take.
    pub deadline: Option<Duration>,
    /// Where it stands.
    pub loc: Loc,
}

/// Another value for parameters.
#[derive(Clone, Debug)]
pub struct Override {
    /// Policies.
    pub policy: Pattern,
    /// Environment.
    pub environment: Option<Arc<str>>,
    /// Labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// Target.
    pub target: Option<Arc<str>>,
    /// Subjects.
    pub subject: Option<Pattern>,
    /// What is set: name and YAML value.
    pub set: Vec<(Arc<str>, Node)>,
    /// Where it stands.
    pub loc: Loc,
}

impl Override {
    /// How specific it is.
    pub fn layer(&self) -> Layer {
        if self.subject.is_some() {
            Layer::Subject
        } else if self.target.is_some() {
            Layer::Target
        } else if !self.labels.is_empty() {
            Layer::Labels
        } else if self.environment.is_some() {
            Layer::Environment
        } else {
            Layer::Project
        }
    }
}

/// A glob over a whole name.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As written.
    pub text: Arc<str>,
    matcher: globset::GlobMatcher,
}

impl Pattern {
    /// Compiles a glob; `*` stands for any characters.
    pub fn new(text: &str) -> Result<Self, String> {
        let glob = globset::GlobBuilder::new(text)
            .literal_separator(false)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { text: Arc::from(text), matcher: glob.compile_matcher() })
    }

    /// Does the whole name match?
    pub fn matches(&self, name: &str) -> bool {
        *self.text == *name || self.matcher.is_match(name)
    }
}

/// A dated exception.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The policy.
    pub policy: Pattern,
    /// The target.
    pub target: Option<Pattern>,
    /// The subjects.
    pub subject: Option<Pattern>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// Where it is discussed.
    pub ticket: String,
    /// Last day, in days since 1970.
    pub expires: i64,
    /// Verdicts that it covers.
    pub covers: Vec<Verdict>,
    /// A limit beyond which it no longer covers, as written.
    pub up_to: Option<Node>,
    /// Where it stands.
    pub loc: Loc,
}

/// A named choice of targets.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: Arc<str>,
    /// Labels of its targets.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// The verdict from which a run fails.
    pub fail_on: Option<Verdict>,
}

/// The project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The folder of its file.
    pub root: PathBuf,
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
    /// Calendars by name.
    pub calendars: BTreeMap<Arc<str>, Arc<super::calendar::Calendar>>,
    /// Commands that may be run.
    pub commands: BTreeMap<String, Vec<String>>,
    /// Overrides.
    pub overrides: Vec<Override>,
    /// Waivers.
    pub waivers: Vec<Waiver>,
    /// How far ahead a waiver may reach.
    pub max_waiver: Option<Duration>,
    /// The store's file, and how long runs are kept.
    pub store: Option<(PathBuf, Option<Duration>)>,
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
    plain_secrets(&root_node, diags);
    if diags.len() == before {
        check(&root_node, &Shape::Map(&shapes::PROJECT), Strictness::Plain, diags);
    }
    if diags.len() > before {
        return None;
    }
    let mut reader = Reader { diags: Vec::new(), root: root.to_owned() };
    let project = reader.project(&root_node);
    let failed = reader.diags.iter().any(|diag| diag.level == Level::Error);
    diags.append(&mut reader.diags);
    (!failed).then_some(project)
}

/// A secret in plain text gets its own message.
fn plain_secrets(root: &Node, diags: &mut Vec<Diag>) {
    let mut push = |message: &str, loc: &Loc, help: &str| {
        let help = format!("{help}, and change the secret: it has been in a file");
        diags.push(Diag::error(&code::PLAIN_SECRET, message).at(loc, "not shown here").help(help));
    };
    for (_, target) in pairs(root.get("targets")) {
        let headers = pairs(target.get("headers")).iter().map(|(_, value)| value);
        for secret in target.get("password").into_iter().chain(headers) {
            if !matches!(secret.kind, Kind::Map(_)) && !secret.is_null() {
                push(
                    "a secret stands in plain text",
                    &secret.loc,
                    "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }` instead",
                );
            }
        }
        let Some(url) = target.get("url") else { continue };
        if let Some(what) = url.as_str().and_then(hide::in_address) {
            let help = "leave it out and write `password: { env: NAME }`, or `headers:` for a service";
            push(what, &url.loc, help);
        }
    }
}

fn pairs(node: Option<&Node>) -> &[(Node, Node)] {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(pairs)) => pairs,
        _ => &[],
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}

fn text(node: Option<&Node>) -> Option<Arc<str>> {
    node.and_then(Node::as_str).map(|text| Arc::from(text.trim()))
}

fn owned(node: Option<&Node>) -> String {
    node.and_then(Node::as_str).unwrap_or("").trim().to_owned()
}

fn duration(node: Option<&Node>) -> Option<Duration> {
    let micros = node.and_then(|node| literal::typed(node, &Type::DURATION).ok())?.as_int()?;
    u64::try_from(micros).ok().map(Duration::from_micros)
}

fn count(node: &Node) -> Option<usize> {
    let Kind::Scalar(scalar) = &node.kind else { return None };
    whole(scalar.core()).and_then(|number| usize::try_from(number).ok())
}

fn labels(node: Option<&Node>) -> BTreeMap<Arc<str>, Arc<str>> {
    pairs(node).iter().filter_map(|(key, value)| Some((text(Some(key))?, text(Some(value))?))).collect()
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
}

impl Reader {
    fn path(&self, text: &str) -> PathBuf {
        self.root.join(text)
    }

    fn pattern(&mut self, node: Option<&Node>) -> Option<Pattern> {
        let node = node?;
        match Pattern::new(node.as_str().unwrap_or("").trim()) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.diags.push(Diag::error(&code::BAD_VALUE, error).at(&node.loc, ""));
                None
            }
        }
    }

    fn project(&mut self, node: &Node) -> Project {
        let declared = declared_labels(node.get("labels"));
        let targets: Vec<TargetEntry> =
            pairs(node.get("targets")).iter().filter_map(|(key, value)| self.target(key, value)).collect();
        let project = Project {
            calendars: BTreeMap::new(),
            root: self.root.clone(),
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
            commands: pairs(node.get("commands"))
                .iter()
                .map(|(key, value)| {
                    (owned(Some(key)), items(Some(value)).iter().map(|word| owned(Some(word))).collect())
                })
                .collect(),
            overrides: items(node.get("overrides")).iter().filter_map(|item| self.over(item)).collect(),
            waivers: items(node.get("waivers")).iter().filter_map(|item| self.waiver(item)).collect(),
            max_waiver: duration(node.get("max_waiver")),
            store: node
                .get("store")
                .map(|store| (self.path(&owned(store.get("path"))), duration(store.get("keep")))),
        };
        self.names(node, &project);
        project
    }

    fn target(&mut self, key: &Node, node: &Node) -> Option<TargetEntry> {
        let kind_node = node.get("type")?;
        let kind = text(Some(kind_node))?;
        let types = || catalogue::TARGET_TYPES.iter().map(|(name, _)| *name);
        if !types().any(|name| name == &*kind) {
            let help = did_you_mean(&kind, types())
                .unwrap_or_else(|| format!("types are {}", types().collect::<Vec<_>>().join(", ")));
            self.diags.push(
                Diag::error(&code::TARGET, format!("`{kind}` is not a type of target"))
                    .at(&kind_node.loc, "")
                    .help(help),
            );
            return None;
        }
        let url = self.address(node, &kind);
        if &*kind == "sqlite" && node.get("path").is_none() {
            self.diags.push(
                Diag::error(&code::TARGET, "a target of type `sqlite` needs `path`")
                    .at(&kind_node.loc, "")
                    .help(describe(&kind)),
            );
        }
        let limits = node.get("limits");
        Some(TargetEntry {
            name: text(Some(key))?,
            path: node.get("path").map(|path| self.path(&owned(Some(path)))),
            password: node.get("password").and_then(|secret| self.secret(secret)),
            headers: pairs(node.get("headers"))
                .iter()
                .filter_map(|(name, secret)| Some((owned(Some(name)), self.secret(secret)?)))
                .collect(),
            labels: labels(node.get("labels")),
            tls: self.tls(node.get("tls")),
            databases: databases(node.get("databases")),
            connections: limits.and_then(|l| l.get("connections")).and_then(count),
            deadline: duration(limits.and_then(|limits| limits.get("deadline"))),
            loc: key.loc.clone(),
            kind,
            url,
        })
    }

    fn tls(&self, node: Option<&Node>) -> BTreeMap<&'static str, String> {
        let file = |name: &'static str| {
            node.and_then(|node| node.get(name))
                .map(|value| (name, self.path(&owned(Some(value))).display().to_string()))
        };
        let mode = node.and_then(|node| node.get("mode")).map(|mode| ("mode", owned(Some(mode))));
        [mode, file("ca"), file("cert"), file("key")].into_iter().flatten().collect()
    }

    fn address(&mut self, node: &Node, kind: &str) -> Option<Url> {
        let Some(url_node) = node.get("url") else {
            if matches!(kind, "postgres" | "mysql" | "service") {
                self.diags.push(
                    Diag::error(&code::TARGET, format!("a target of type `{kind}` needs `url`"))
                        .at(node.get("type").map_or(&node.loc, |kind| &kind.loc), "")
                        .help(describe(kind)),
                );
            }
            return None;
        };
        match address(kind, url_node.as_str().unwrap_or("")) {
            Ok(url) => Some(url),
            Err(message) => {
                self.diags
                    .push(Diag::error(&code::TARGET, message).at(&url_node.loc, "").help(describe(kind)));
                None
            }
        }
    }

    fn secret(&mut self, node: &Node) -> Option<(SecretRef, Loc)> {
        let found = match pairs(Some(node)) {
            [(key, value)] => match key.as_str() {
                Some("env") => Some(SecretRef::Env(owned(Some(value)))),
                Some("file") => Some(SecretRef::File(self.path(&owned(Some(value))))),
                Some("command") => Some(SecretRef::Command(
                    items(Some(value)).iter().map(|word| owned(Some(word))).collect(),
                )),
                _ => None,
            },
            _ => None,
        };
        if found.is_none() {
            self.diags.push(
                Diag::error(&code::BAD_VALUE, "a secret is exactly one of `env`, `file` and `command`")
                    .at(&node.loc, "")
                    .help("write `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }`"),
            );
        }
        found.map(|secret| (secret, node.loc.clone()))
    }

    fn over(&mut self, node: &Node) -> Option<Override> {
        if let Some(set) = node.get("set").filter(|set| pairs(Some(set)).is_empty()) {
            let diag = Diag::error(&code::BAD_VALUE, "the override sets nothing").at(&set.loc, "");
            self.diags.push(diag.help("name a parameter, or remove the override"));
        }
        Some(Override {
            policy: self.pattern(node.get("policy"))?,
            environment: text(node.get("environment")),
            labels: labels(node.get("labels")),
            target: text(node.get("target")),
            subject: self.pattern(node.get("subject")),
            set: pairs(node.get("set"))
                .iter()
                .filter_map(|(key, value)| Some((text(Some(key))?, value.clone())))
                .collect(),
            loc: node.get("policy")?.loc.clone(),
        })
    }

    fn waiver(&mut self, node: &Node) -> Option<Waiver> {
        let expires = node.get("expires")?;
        let covers: Vec<Verdict> = items(node.get("covers"))
            .iter()
            .filter_map(|item| item.as_str().and_then(Verdict::from_word))
            .collect();
        Some(Waiver {
            policy: self.pattern(node.get("policy"))?,
            target: self.pattern(node.get("target")),
            subject: self.pattern(node.get("subject")),
            reason: owned(node.get("reason")),
            owner: text(node.get("owner"))?,
            ticket: owned(node.get("ticket")),
            expires: literal::typed(expires, &Type::Date).ok().as_ref().and_then(Value::as_int)?,
            covers: if covers.is_empty() { vec![Verdict::Fail, Verdict::Warn] } else { covers },
            up_to: node.get("up_to").cloned(),
            loc: node.get("policy")?.loc.clone(),
        })
    }

    /// Names that one part of the file takes from another.
    fn names(&mut self, node: &Node, project: &Project) {
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

    fn waiver_limits(&mut self, node: &Node) {
        for entry in items(node.get("waivers")) {
            if entry.get("up_to").is_some() {
                let at = entry.get("up_to").map_or(&entry.loc, |up_to| &up_to.loc);
                let limit = literal::untyped(entry.get("up_to").unwrap_or(entry));
                let is_number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Quantity(_));
                if !limit.is_ok_and(|(_, ty)| is_number(&ty)) {
                    self.diags.push(
                        Diag::error(&code::BAD_LITERAL, "`up_to` is a number with its unit, such as `95%`")
                            .at(at, ""),
                    );
                }
            }
        }
    }

    fn known(&mut self, node: Option<&Node>, what: &str, names: &[&str]) {
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

fn environment(key: &Node, node: &Node) -> Option<Environment> {
    let fail_on = node.get("fail_on").and_then(Node::as_str).and_then(Verdict::from_word);
    Some(Environment { name: text(Some(key))?, labels: labels(node.get("targets")), fail_on })
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

fn tiers(node: Option<&Node>) -> BTreeMap<Tier, Duration> {
    pairs(node)
        .iter()
        .filter_map(|(key, value)| Some((key.as_str().and_then(Tier::from_word)?, duration(Some(value))?)))
        .collect()
}

fn databases(node: Option<&Node>) -> DatabaseChoice {
    match node {
        None => DatabaseChoice::One,
        Some(node) => {
            DatabaseChoice::All(items(node.get("except")).iter().map(|item| owned(Some(item))).collect())
        }
    }
}

/// What the address of a type looks like.
pub fn describe(kind: &str) -> &'static str {
    catalogue::TARGET_TYPES.iter().find(|(name, _)| *name == kind).map_or("", |(_, text)| text)
}

/// Schemes of addresses of this type, the usual one first.
pub fn schemes(kind: &str) -> &'static [&'static str] {
    match kind {
        "postgres" => &["postgres", "postgresql"],
        "mysql" => &["mysql", "mariadb"],
        "service" => &["https", "http", "tls", "tcp", "smtp"],
        _ => &[],
    }
}

/// The address of a target of this type; the error is a sentence without the address, which may hold a secret.
pub fn address(kind: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("this is not an address: {error}"))?;
    let schemes = schemes(kind);
    if schemes.is_empty() {
        return Err(format!("a target of type `{kind}` takes no `url`"));
    }
    if !schemes.contains(&url.scheme()) {
        return Err(format!("`{}:` is not the address of a `{kind}`", url.scheme()));
    }
    if url.password().is_some() {
        return Err("the address holds a password; write `password: { env: NAME }`".to_owned());
    }
    if url.host_str().unwrap_or("").is_empty() {
        return Err("the address names no host".to_owned());
    }
    if matches!(url.scheme(), "tls" | "tcp" | "smtp") && url.port().is_none() {
        return Err("the address names no port".to_owned());
    }
    Ok(url)
}
