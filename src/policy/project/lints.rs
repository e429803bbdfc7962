//! `lints:` of the project file: levels of lints, and what an organisation asks of its policies.
//!
//! Which lints there are is known to those who run them, so that names are looked up there.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;

use super::Reader;
use super::nodes::{items, pairs, text};
use crate::diag::{Diag, Level, code};
use crate::fact::Pattern;
use crate::policy::model::Tier;
use crate::policy::nodes::texts;
use crate::source::Loc;
use crate::source::yaml::Node;
use crate::verdict::Severity;

/// The level of a lint, or of a category of lints.
#[derive(Clone, Debug)]
pub struct LintLevel {
    /// The lint or the category.
    pub name: Arc<str>,
    /// Its level; `None` is off.
    pub level: Option<Level>,
    /// Where the name stands.
    pub loc: Loc,
}

impl LintLevel {
    /// How loud it is: off, a warning, an error.
    pub fn loudness(&self) -> u8 {
        match self.level {
            None => 0,
            Some(Level::Warning) => 1,
            Some(Level::Error) => 2,
        }
    }
}

/// What an organisation asks of its policies.
#[derive(Clone, Debug)]
pub struct HouseRule {
    /// Its name.
    pub name: Arc<str>,
    /// Why it was agreed.
    pub why: Arc<str>,
    /// Only for policies of such an id.
    pub policies: Option<Pattern>,
    /// Only for policies of this kind.
    pub kind: Option<Arc<str>>,
    /// Only for policies that can have one of these severities; any if empty.
    pub severity: Vec<Severity>,
    /// How loud, if not as its lint.
    pub level: Option<Level>,
    /// Keys that a policy must have.
    pub require: Vec<Arc<str>>,
    /// What the whole id must match, with the text as written.
    pub id: Option<(Arc<str>, Regex)>,
    /// Who may own a policy; anybody if empty.
    pub owners: Vec<Arc<str>>,
    /// How often a policy must be judged; as it likes if empty.
    pub tiers: Vec<Tier>,
    /// Tags of which one must be there; none if empty.
    pub tags: Vec<Arc<str>>,
    /// Labels that the target must name.
    pub labels: Vec<Arc<str>>,
    /// Where its name stands.
    pub loc: Loc,
}

/// Everything under `lints:`.
#[derive(Clone, Debug, Default)]
pub struct LintSettings {
    /// Levels, in the order of the file.
    pub levels: Vec<LintLevel>,
    /// Rules of the house.
    pub rules: Vec<HouseRule>,
}

fn level(node: Option<&Node>) -> Option<Level> {
    match node.and_then(Node::as_str)?.trim() {
        "error" => Some(Level::Error),
        "warning" => Some(Level::Warning),
        _ => None,
    }
}

impl Reader {
    pub(super) fn lints(&mut self, node: Option<&Node>) -> LintSettings {
        let Some(node) = node else { return LintSettings::default() };
        let of_pair = |(key, value): &(Node, Node)| {
            Some(LintLevel { name: text(Some(key))?, level: level(Some(value)), loc: key.loc.clone() })
        };
        let levels = pairs(node.get("levels")).iter().filter_map(of_pair).collect();
        let rules: Vec<HouseRule> =
            items(node.get("rules")).iter().filter_map(|item| self.house_rule(item)).collect();
        let mut seen = BTreeSet::new();
        for rule in &rules {
            if !seen.insert(&rule.name) {
                let diag = Diag::error(&code::BAD_VALUE, format!("two rules are called `{}`", rule.name));
                self.diags.push(diag.at(&rule.loc, "the second").help("give each a name of its own"));
            }
        }
        LintSettings { levels, rules }
    }

    fn house_rule(&mut self, node: &Node) -> Option<HouseRule> {
        let demands = ["require", "id", "owners", "tiers", "tags", "labels"];
        let name = node.get("rule")?;
        if demands.iter().all(|key| node.get(key).is_none()) {
            let message = format!("the rule `{}` asks for nothing", name.as_str().unwrap_or("").trim());
            let help = format!("add one of `{}`", demands.join("`, `"));
            self.diags.push(Diag::error(&code::MISSING_KEY, message).at(&name.loc, "").help(help));
        }
        let words = |key: &str| items(node.get(key)).iter().filter_map(Node::as_str).map(str::trim);
        Some(HouseRule {
            name: text(Some(name))?,
            why: text(node.get("why"))?,
            policies: self.pattern(node.get("policies")),
            kind: text(node.get("kind")),
            severity: words("severity").filter_map(Severity::from_word).collect(),
            level: level(node.get("level")),
            require: texts(node.get("require")),
            id: node.get("id").and_then(|id| self.whole_id(id)),
            owners: texts(node.get("owners")),
            tiers: words("tiers").filter_map(Tier::from_word).collect(),
            tags: texts(node.get("tags")),
            labels: texts(node.get("labels")),
            loc: name.loc.clone(),
        })
    }

    fn whole_id(&mut self, node: &Node) -> Option<(Arc<str>, Regex)> {
        let written = text(Some(node))?;
        // Alone first: brackets that close too many would take the whole apart.
        match Regex::new(&written).and_then(|_| Regex::new(&format!("^(?:{written})$"))) {
            Ok(regex) => Some((written, regex)),
            Err(error) => {
                let what = error.to_string();
                let what = what.lines().last().unwrap_or("").trim_start_matches("error: ");
                let message = format!("`{written}` is not a regular expression: {what}");
                self.diags.push(Diag::error(&code::BAD_VALUE, message).at(&node.loc, ""));
                None
            }
        }
    }
}
