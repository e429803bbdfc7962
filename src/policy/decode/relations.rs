//! Several targets and the past: what an observation relates to.

use std::sync::Arc;

use super::super::literal;
use super::super::model::{Also, HistorySpec, Observe, Policy, Selector, View, ViewKind};
use super::{Decoder, items, pairs, text, texts};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Before, Field, Rows, Schema, Type};
use crate::rule::env::{Observed, Part};
use crate::source::yaml::Node;

/// The fact by which rows of several targets tell where they come from.
pub const FROM_TARGET: &str = "from_target";

/// A field as it is where its part of the row may be absent.
pub(super) fn absent(field: &Field, name: String) -> Field {
    let reads = field.null_reads.clone().unwrap_or_else(|| Arc::from("not there"));
    Field { name: Arc::from(name), ty: field.ty.clone().nullable(), null_reads: Some(reads), ..field.clone() }
}

pub(super) fn side(words: &[&str]) -> Field {
    let doc = "which of the two the row stands in";
    Field { doc: Arc::from(doc), ..Field::declared("side", Type::words(words)) }
}

/// The rows of several targets together.
pub(super) fn of_many(asked: &Schema) -> Schema {
    let mut schema = asked.clone();
    let at = schema.fields.len();
    let doc = "name of the target that the row comes from";
    schema.fields.push(Field { doc: Arc::from(doc), ..Field::declared(FROM_TARGET, Type::TEXT) });
    schema.key.insert(0, at);
    schema.rows = Rows::Many;
    schema
}

fn past_of(observe: &Observe, columns: usize) -> Vec<bool> {
    if observe.history.is_none() {
        return Vec::new();
    }
    let kept = |field: &Field| !matches!(field.ty.base(), Type::List(_) | Type::Record(_));
    let mut past: Vec<bool> = observe.asked.fields.iter().map(kept).collect();
    past.resize(columns, false);
    past
}

/// The rows of an observation, with those of its earlier answer if it has one.
pub(super) fn view_of(observe: &Observe, index: usize) -> View {
    let past = past_of(observe, observe.schema.fields.len());
    if observe.before.is_none() {
        let rows = Observed { past, ..Observed::plain(&observe.name, &observe.schema) };
        return View { rows, kind: ViewKind::Observed(index), clock: index };
    }
    let one = observe.schema.rows == Rows::One;
    let fields = || observe.schema.fields.iter().enumerate();
    let always = |column: usize| one || observe.schema.key.contains(&column);
    let now =
        fields().map(
            |(column, field)| {
                if always(column) { field.clone() } else { absent(field, field.name.to_string()) }
            },
        );
    let then = fields().map(|(_, field)| {
        let name = format!("before.{}", field.name);
        if one { Field { name: Arc::from(name), ..field.clone() } } else { absent(field, name) }
    });
    let count = observe.schema.fields.len();
    let words = ["after", "before", "both"];
    let all: Vec<Field> = now.chain([side(&words)]).chain(then).collect();
    let part = |root: &str, start: usize| Part {
        root: Arc::from(root),
        columns: start..start + count,
        schema: Arc::clone(&observe.schema),
        clock: None,
    };
    let rows = Observed {
        name: Arc::clone(&observe.name),
        schema: Arc::new(Schema { fields: all, ..(*observe.schema).clone() }),
        side: Some(count),
        parts: vec![part("", 0), part("before", count + 1)],
        past,
    };
    View { rows, kind: ViewKind::Before(index), clock: index }
}

impl Decoder<'_> {
    pub(super) fn also(&mut self, node: Option<&Node>) -> Vec<Also> {
        let mut found = Vec::new();
        for (key, value) in pairs(node) {
            self.free_name(key, "another target", &|_| None);
            let (Some(name), Some(selector)) = (text(Some(key)), self.selector(value)) else { continue };
            for label in items(value.get("same")) {
                self.known_label(label);
            }
            let many = value.get("many").and_then(Node::as_str) == Some("true");
            found.push(Also { name, selector, same: texts(value.get("same")), many });
        }
        found
    }

    /// Which target an observation looks at.
    pub(super) fn on<'b>(
        &mut self,
        node: &Node,
        target: &'b Selector,
        also: &'b [Also],
    ) -> (Option<usize>, &'b Selector) {
        let Some(on) = node.get("on") else { return (None, target) };
        let word = on.as_str().unwrap_or("");
        if let Some((index, other)) = also.iter().enumerate().find(|(_, other)| *other.name == *word) {
            return (Some(index), &other.selector);
        }
        let names = || also.iter().map(|other| &*other.name);
        let help = did_you_mean(word, names()).unwrap_or_else(|| match also.len() {
            0 => format!("declare it: `also: {{ {word}: {{ type: host, same: [app] }} }}`"),
            _ => format!("other targets of this policy are {}", names().collect::<Vec<_>>().join(", ")),
        });
        let message = format!("`on` names `{word}`, which is no target under `also`");
        self.push(Diag::error(&code::UNKNOWN_NAME, message).at(&on.loc, "").help(help));
        (None, target)
    }

    pub(super) fn before(&mut self, node: &Node, many: bool) -> Option<Before> {
        let before = node.get("before")?;
        if many {
            let message = "`before` compares the answer of one target, and this observes many";
            self.push(
                Diag::error(&code::RELATION, message)
                    .at(&before.loc, "")
                    .help("observe it `on` a target without `many`"),
            );
            return None;
        }
        match before.get("recording").and_then(Node::as_str) {
            Some(path) => Some(Before::Recording(Arc::from(path.trim()))),
            None if before.as_str() == Some("gate") => Some(Before::Gate),
            None => Some(Before::Previous(None)),
        }
    }

    pub(super) fn history_spec(&mut self, node: &Node, many: bool) -> Option<HistorySpec> {
        let history = node.get("history")?;
        if many {
            let message = "samples are kept for each target, and this observes many";
            self.push(
                Diag::error(&code::RELATION, message)
                    .at(&history.loc, "")
                    .help("observe it `on` a target without `many`"),
            );
            return None;
        }
        let duration = |name: &str| {
            let node = history.get(name)?;
            literal::typed(node, &Type::DURATION).ok()?.as_int()
        };
        let points = history.get("points").and_then(|points| literal::typed(points, &Type::Int).ok());
        let points = points.and_then(|points| usize::try_from(points.as_int()?).ok()).unwrap_or(2);
        let spec =
            HistorySpec { window: duration("window")?, at_least: duration("at_least").unwrap_or(0), points };
        if spec.at_least > spec.window {
            let message = "`at_least` is longer than `window`, so there would never be enough samples";
            let at = history.get("at_least").unwrap_or(history);
            self.push(
                Diag::error(&code::RELATION, message)
                    .at(&at.loc, "")
                    .at(&history.loc, "the window stands here"),
            );
        }
        Some(spec)
    }
}

/// A script reads its row by names, which a row of two parts does not have.
pub(super) fn script_fits(policy: &Policy) -> bool {
    policy.script.is_none() || policy.row_view().is_none_or(|view| view.rows.parts.is_empty())
}
