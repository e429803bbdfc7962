//! Case files: facts in, exact findings out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

mod past;
mod rows;
pub mod write;

pub use past::recalled;

use super::check::{Strictness, check};
use super::literal;
use super::model::{Observe, Policy};
use super::nodes::{items, pairs};
use super::shapes;
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Cause, Identity, Missing, Observation, Request, Table, Type, Value, micros_of, timestamp};
use crate::source::yaml::{self, Kind, Node};
use crate::source::{Loc, Source};

/// A finding that a case expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// The subject; `None` is the check itself.
    pub subject: Option<String>,
    /// The verdict's word.
    pub verdict: String,
    /// The cause's word.
    pub cause: Option<String>,
    /// The whole message.
    pub message: Option<String>,
    /// The severity's word.
    pub severity: Option<String>,
    /// The urgency's word.
    pub urgency: Option<String>,
    /// The steps of the remedy.
    pub remedy: Option<Vec<String>>,
    /// As it is written.
    pub node: Node,
}

/// What a case says of one observation.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its rows.
    pub result: Result<Table, Arc<Missing>>,
    /// How long ago it was observed, in microseconds.
    pub age: i64,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it shows.
    pub name: Arc<str>,
    /// Where it stands.
    pub loc: Loc,
    /// The time at which it is judged.
    pub now: Timestamp,
    /// Facts by position of the observation.
    pub facts: Vec<Answered>,
    /// Earlier answers by position of the observation; `None` if there was none.
    pub before: Vec<Option<Result<Table, Arc<Missing>>>>,
    /// Samples by position of the observation, each with its age in microseconds, the oldest first.
    pub samples: Vec<Vec<(i64, Table)>>,
    /// How long every failure has held, in every earlier sample, in microseconds; `None` if nothing is known of earlier
    /// runs.
    pub held: Option<i64>,
    /// Calendars that cover the time; `None` asks those of the project.
    pub during: Option<BTreeSet<Arc<str>>>,
    /// Other values of parameters, with their places.
    pub params: Vec<(Arc<str>, Node)>,
    /// The target's name.
    pub target: Arc<str>,
    /// Scheme of the target's address; empty if its type has none.
    pub scheme: Arc<str>,
    /// The target's labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// What must be found.
    pub findings: Vec<Expected>,
}

/// The cases of one policy.
#[derive(Clone, Debug)]
pub struct CaseFile {
    /// The policy.
    pub policy: Arc<Policy>,
    /// The cases.
    pub cases: Vec<Case>,
}

impl Case {
    /// The facts as observations.
    pub fn observations(&self, policy: &Policy, params: &[Value]) -> Vec<Observation> {
        let pairs = policy.observe.iter().zip(&self.facts);
        pairs.map(|(observe, facts)| self.observation(observe, facts, params)).collect()
    }

    fn observation(&self, observe: &Observe, facts: &Answered, params: &[Value]) -> Observation {
        let at = micros_of(self.now).checked_sub(facts.age).and_then(timestamp).unwrap_or(self.now);
        let request = Request::new(
            observe.probe.name,
            &self.target,
            observe.resolve(params),
            Arc::clone(&observe.schema),
            observe.pointers.clone(),
        );
        Observation {
            key: request.key,
            result: facts.result.clone(),
            at,
            source_clock: None,
            took: std::time::Duration::ZERO,
            identity: Identity::default(),
        }
    }
}

/// Decodes every document of a case file.
pub fn decode(
    source: &Arc<Source>,
    find: &dyn Fn(&str) -> Option<Arc<Policy>>,
    names: &[&str],
    diags: &mut Vec<Diag>,
) -> Vec<CaseFile> {
    let documents = match yaml::parse(source, &yaml::Limits::default()) {
        Ok(documents) => documents,
        Err(errors) => {
            diags.extend(errors);
            return Vec::new();
        }
    };
    if documents.is_empty() {
        diags.push(Diag::error(&code::EMPTY_INPUT, format!("`{}` holds no cases", source.name)));
    }
    let files: Vec<CaseFile> =
        documents.into_iter().filter_map(|document| file(document.root, find, names, diags)).collect();
    one_name_each(&files, diags);
    files
}

/// Two cases of one name are one line of a report, and nobody can tell which of them failed.
fn one_name_each(files: &[CaseFile], diags: &mut Vec<Diag>) {
    let mut known: BTreeMap<(&str, &str), &Loc> = BTreeMap::new();
    for (file, case) in files.iter().flat_map(|file| file.cases.iter().map(move |case| (file, case))) {
        if let Some(first) = known.insert((&file.policy.id, &case.name), &case.loc) {
            let message = format!("two cases of `{}` are called `{}`", file.policy.id, case.name);
            let diag = Diag::error(&code::CASE, message).at(&case.loc, "the second").at(first, "the first");
            diags.push(diag.help("give each a name that says what it shows"));
        }
    }
}

fn file(
    mut root: Node,
    find: &dyn Fn(&str) -> Option<Arc<Policy>>,
    names: &[&str],
    diags: &mut Vec<Diag>,
) -> Option<CaseFile> {
    let before = diags.len();
    diags.extend(yaml::merge(&mut root));
    diags.extend(yaml::duplicate_keys(&root));
    let id = root.get("cases").and_then(Node::as_str).unwrap_or("");
    let policy = find(id);
    check(&root, &shapes::CASE_FILE, Strictness::Plain, diags);
    if policy.is_none() && diags.len() == before {
        let at = root.get("cases").map_or(&root.loc, |node| &node.loc);
        let diag = Diag::error(&code::UNKNOWN_NAME, format!("there is no policy `{id}`")).at(at, "");
        diags.push(diag.maybe_help(did_you_mean(id, names.iter().copied())));
    }
    for defaults in policy.iter().flat_map(|p| &p.observe).filter_map(|o| root.get(&o.name)) {
        if !matches!(defaults.kind, Kind::Map(_)) {
            let message = format!("defaults are a map of facts, found {}", defaults.describe());
            diags.push(Diag::error(&code::CASE, message).at(&defaults.loc, ""));
        }
    }
    let policy = policy.filter(|_| diags.len() == before)?;
    let now = root
        .get("now")
        .and_then(|now| literal::typed(now, &Type::Time).ok())
        .and_then(|now| now.as_int())
        .and_then(timestamp)?;
    let mut reader = Reader { policy: &policy, root: &root, now, diags };
    reader.defaults();
    let cases: Vec<Case> = items(root.get("check")).iter().filter_map(|case| reader.case(case)).collect();
    (diags.len() == before).then_some(CaseFile { policy, cases })
}

struct Reader<'a> {
    policy: &'a Policy,
    root: &'a Node,
    now: Timestamp,
    diags: &'a mut Vec<Diag>,
}

impl Reader<'_> {
    fn bad(&mut self, node: &Node, message: String, help: Option<String>) {
        self.diags.push(Diag::error(&code::CASE, message).at(&node.loc, "").maybe_help(help));
    }

    fn observed(&mut self, key: &Node) {
        let word = key.as_str().unwrap_or("");
        let names: Vec<&str> = self.policy.observe.iter().map(|observe| &*observe.name).collect();
        if !names.contains(&word) {
            let help = did_you_mean(word, names.iter().copied())
                .unwrap_or_else(|| format!("it observes {}", names.join(", ")));
            self.bad(key, format!("the policy does not observe `{word}`"), Some(help));
        }
    }

    /// Keys beside the fixed ones are names of observations.
    fn defaults(&mut self) {
        for (key, _) in pairs(Some(self.root)) {
            if shapes::CASES.keys.iter().all(|known| key.as_str() != Some(known.name)) {
                self.observed(key);
            }
        }
    }

    fn case(&mut self, node: &Node) -> Option<Case> {
        let before = self.diags.len();
        let target = node.get("target");
        let facts = node.get("facts")?;
        for (key, _) in pairs(Some(facts)) {
            self.observed(key);
        }
        let policy = self.policy;
        let tables =
            policy.observe.iter().map(|observe| self.answered(observe, facts.get(&observe.name))).collect();
        let (earlier, samples) = (self.before(node.get("before")), self.samples(node.get("past")));
        let findings = self.expected(node.get("findings")?);
        let case = Case {
            name: Arc::from(node.get("name")?.as_str()?.trim()),
            loc: node.get("name")?.loc.clone(),
            now: self.now,
            facts: tables,
            before: earlier,
            samples,
            held: node.get("held").and_then(|held| self.held(held)),
            during: node.get("during").map(|names| self.during(names)),
            params: pairs(node.get("params"))
                .iter()
                .filter_map(|(key, value)| Some((Arc::from(key.as_str()?), value.clone())))
                .collect(),
            target: Arc::from(target.and_then(|t| t.get("name")).and_then(Node::as_str).unwrap_or("case")),
            scheme: self.scheme(target.and_then(|t| t.get("scheme"))),
            labels: pairs(target.and_then(|t| t.get("labels")))
                .iter()
                .filter_map(|(k, v)| Some((Arc::from(k.as_str()?), Arc::from(v.as_str()?))))
                .collect(),
            findings,
        };
        (self.diags.len() == before).then_some(case)
    }

    /// A calendar that no rule asks would be a condition that is not tried.
    fn during(&mut self, node: &Node) -> BTreeSet<Arc<str>> {
        let known = self.policy.calendars();
        let mut names = BTreeSet::new();
        for name in items(Some(node)) {
            let word = name.as_str().unwrap_or("").trim();
            if !known.contains(word) {
                let help = did_you_mean(word, known.iter().map(|name| &**name));
                self.bad(name, format!("no rule of the policy asks the calendar `{word}`"), help);
            }
            names.insert(Arc::from(word));
        }
        names
    }

    fn scheme(&mut self, node: Option<&Node>) -> Arc<str> {
        let known = super::project::schemes(&self.policy.target.kind);
        let Some(node) = node else { return Arc::from(known.first().copied().unwrap_or("")) };
        let word = node.as_str().unwrap_or("");
        if !known.contains(&word) {
            let message = format!("`{word}:` is not the address of a `{}`", self.policy.target.kind);
            self.bad(node, message, did_you_mean(word, known.iter().copied()));
        }
        Arc::from(word)
    }

    fn cause(&mut self, node: &Node) -> Option<Cause> {
        let word = node.as_str().unwrap_or("");
        let cause = Cause::from_word(word);
        if cause.is_none() {
            let words = Cause::ALL.iter().map(|cause| cause.word());
            self.bad(
                node,
                format!("`{word}` is not a cause"),
                did_you_mean(word, words.clone()).or_else(|| Some(words.collect::<Vec<_>>().join(", "))),
            );
        }
        cause
    }

    fn expected(&mut self, node: &Node) -> Vec<Expected> {
        let mut found = Vec::new();
        for item in items(Some(node)) {
            let word =
                |name: &str| item.get(name).and_then(Node::as_str).map(|text| text.trim_end().to_owned());
            if let Some(cause) = item.get("cause") {
                self.cause(cause);
            }
            let remedy = item.get("remedy").map(|remedy| {
                items(Some(remedy))
                    .iter()
                    .filter_map(|step| step.as_str().map(|text| text.trim_end().to_owned()))
                    .collect()
            });
            found.push(Expected {
                subject: word("subject"),
                verdict: word("verdict").unwrap_or_default(),
                cause: word("cause"),
                message: word("message"),
                severity: word("severity"),
                urgency: word("urgency"),
                remedy,
                node: item.clone(),
            });
        }
        found
    }
}
