//! Exceptions of the project file: overrides and waivers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Reader;
use super::nodes::{items, labels, owned, pairs, text};
use crate::diag::{Diag, code};
use crate::fact::{Pattern, Type, Value};
use crate::policy::literal;
use crate::source::Loc;
use crate::source::yaml::Node;
use crate::verdict::{Layer, Verdict};

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
    /// Why.
    pub why: Option<Arc<str>>,
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

impl Reader {
    pub(super) fn pattern(&mut self, node: Option<&Node>) -> Option<Pattern> {
        let node = node?;
        match Pattern::new(node.as_str().unwrap_or("").trim()) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.diags.push(Diag::error(&code::BAD_VALUE, error).at(&node.loc, ""));
                None
            }
        }
    }

    pub(super) fn over(&mut self, node: &Node) -> Option<Override> {
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
            why: text(node.get("why")),
            set: pairs(node.get("set"))
                .iter()
                .filter_map(|(key, value)| Some((text(Some(key))?, value.clone())))
                .collect(),
            loc: node.get("policy")?.loc.clone(),
        })
    }

    pub(super) fn waiver(&mut self, node: &Node) -> Option<Waiver> {
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

    pub(super) fn waiver_limits(&mut self, node: &Node) {
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
}
