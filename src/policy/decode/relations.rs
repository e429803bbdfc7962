//! Several targets, joins and groups: what relates rows to each other.

use std::sync::Arc;

use super::super::literal;
use super::super::model::{Also, Group, HistorySpec, Join, Observe, Policy, Selector, View, ViewKind};
use super::{Decoder, items, pairs, text, texts};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::{Before, Field, Rows, Schema, Type, ZeroRows};
use crate::rule::env::{Observed, Part};
use crate::rule::ops::comparable;
use crate::rule::{Env, Text, typing};
use crate::source::yaml::{Kind, Node};

/// The fact by which rows of several targets tell where they come from.
pub const FROM_TARGET: &str = "from_target";

/// One name or a list of names.
fn names(node: Option<&Node>) -> Vec<&Node> {
    match node {
        None => Vec::new(),
        Some(node) if matches!(node.kind, Kind::Seq(_)) => items(Some(node)).iter().collect(),
        Some(node) => vec![node],
    }
}

/// A field as it is where its part of the row may be absent.
fn absent(field: &Field, name: String) -> Field {
    let reads = field.null_reads.clone().unwrap_or_else(|| Arc::from("not there"));
    Field { name: Arc::from(name), ty: field.ty.clone().nullable(), null_reads: Some(reads), ..field.clone() }
}

fn side(words: &[&str]) -> Field {
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
            None => Some(Before::Previous),
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

    /// Joins and groups, in an order in which each comes after what it is made of.
    pub(super) fn relations(&mut self, node: &Node, views: &mut Vec<View>) {
        let mut open: Vec<(&Node, &Node, bool)> = Vec::new();
        open.extend(pairs(node.get("join")).iter().map(|(key, value)| (key, value, true)));
        open.extend(pairs(node.get("group")).iter().map(|(key, value)| (key, value, false)));
        for (index, (key, ..)) in open.iter().enumerate() {
            let word = key.as_str().unwrap_or("");
            let twice = open.iter().take(index).any(|(other, ..)| other.as_str() == Some(word));
            let taken = views.iter().any(|view| *view.rows.name == *word);
            let by = if taken { Some("an observation") } else { twice.then_some("a join") };
            self.free_name(
                key,
                if open.get(index).is_some_and(|o| o.2) { "a join" } else { "a group" },
                &|_| by,
            );
        }
        let declared =
            |word: &str| pairs(node.get("observe")).iter().any(|(key, _)| key.as_str() == Some(word));
        while !open.is_empty() {
            let waits = |value: &Node| {
                names(value.get("of"))
                    .iter()
                    .any(|of| open.iter().any(|(key, ..)| key.as_str() == of.as_str()))
            };
            let Some(ready) = open.iter().position(|(_, value, _)| !waits(value)) else {
                let circle: Vec<&str> = open.iter().filter_map(|(key, ..)| key.as_str()).collect();
                if let Some((key, ..)) = open.first() {
                    let message = format!("`{}` are made of each other", circle.join("`, `"));
                    self.push(
                        Diag::error(&code::CYCLE, message)
                            .at(&key.loc, "")
                            .help("make one of them of observations"),
                    );
                }
                return;
            };
            let (key, value, join) = open.remove(ready);
            let of = names(value.get("of"));
            let mut found = Vec::new();
            for name in of {
                found.push(self.view_named(name, views, &declared));
            }
            let Some(found) = found.into_iter().collect::<Option<Vec<usize>>>() else { continue };
            let view = if join {
                self.join(key, value, &found, views)
            } else {
                self.group(key, value, &found, views)
            };
            views.extend(view);
        }
    }

    fn view_named(&mut self, node: &Node, views: &[View], declared: &dyn Fn(&str) -> bool) -> Option<usize> {
        let word = node.as_str().unwrap_or("");
        let found = views.iter().position(|view| *view.rows.name == *word);
        // What is declared and not there was wrong itself, which is said already.
        if found.is_none() && !declared(word) {
            let names = views.iter().map(|view| &*view.rows.name);
            let known = names.clone().collect::<Vec<_>>().join("`, `");
            let help = did_you_mean(word, names).unwrap_or_else(|| format!("this policy observes `{known}`"));
            let message = format!("`{word}` is not observed");
            self.push(Diag::error(&code::RELATION, message).at(&node.loc, "").help(help));
        }
        if found
            .and_then(|index| views.get(index))
            .is_some_and(|view| matches!(view.kind, ViewKind::Before(_)))
        {
            let message =
                format!("`{word}` is compared with its past, and cannot be joined or grouped besides");
            let help = "observe it a second time, without `before`";
            self.push(Diag::error(&code::RELATION, message).at(&node.loc, "").help(help));
            return None;
        }
        found
    }

    fn join(&mut self, key: &Node, node: &Node, of: &[usize], views: &[View]) -> Option<View> {
        let [left, right] = of else {
            let message = format!("a join is of two, and this names {}", of.len());
            let at = node.get("of").unwrap_or(node);
            self.push(
                Diag::error(&code::RELATION, message)
                    .at(&at.loc, "")
                    .help("join the result with a third in a join of its own"),
            );
            return None;
        };
        let (a, b) = (views.get(*left)?, views.get(*right)?);
        if left == right {
            let message = format!("`{}` is joined with itself", a.rows.name);
            self.push(
                Diag::error(&code::RELATION, message)
                    .at(&node.loc, "")
                    .help("observe it twice, under two names"),
            );
            return None;
        }
        let mut by = Vec::new();
        for name in names(node.get("by")) {
            let columns = self.join_key(name, [a, b])?;
            if by.contains(&columns) {
                self.twice(name);
            }
            by.push(columns);
        }
        Some(joined(text(Some(key))?, [*left, *right], [a, b], by))
    }

    fn twice(&mut self, name: &Node) {
        let message = format!("`{}` is named twice", name.as_str().unwrap_or(""));
        self.push(Diag::error(&code::RELATION, message).at(&name.loc, "").help("name it once"));
    }

    /// A part of a join's key: both sides have it, and it has one type.
    fn join_key(&mut self, name: &Node, sides: [&View; 2]) -> Option<[usize; 2]> {
        let word = name.as_str().unwrap_or("");
        let mut columns = [0, 0];
        for (slot, view) in columns.iter_mut().zip(sides) {
            let Some(column) = view.rows.schema.position(word).filter(|c| Some(*c) != view.rows.side) else {
                let fields = || view.rows.schema.fields.iter().map(|f| &*f.name).filter(|n| !n.contains('.'));
                let help = did_you_mean(word, fields())
                    .unwrap_or_else(|| format!("its facts are {}", fields().collect::<Vec<_>>().join(", ")));
                let message = format!("`{}` has no fact `{word}` to join by", view.rows.name);
                self.push(Diag::error(&code::RELATION, message).at(&name.loc, "").help(help));
                return None;
            };
            *slot = column;
        }
        let types = sides
            .iter()
            .zip(columns)
            .map(|(view, column)| view.rows.schema.fields.get(column).map(|f| &f.ty));
        let [Some(a), Some(b)] = <[Option<&Type>; 2]>::try_from(types.collect::<Vec<_>>()).ok()? else {
            return None;
        };
        let alike = std::mem::discriminant(a.base()) == std::mem::discriminant(b.base())
            || (a.is_text() && b.is_text())
            || (a.base().is_text() && b.base().is_text());
        if !alike || !comparable(a, b, false) {
            let [left, right] = sides;
            let message = format!(
                "`{word}` is {a} in `{}` and {b} in `{}`, so no row would match",
                left.rows.name, right.rows.name
            );
            self.push(Diag::error(&code::RELATION, message).at(&name.loc, "the key of the join").help(
                "declare the fact with the same type on both sides, for example `facts: { id: text }`",
            ));
            return None;
        }
        Some(columns)
    }

    fn group(&mut self, key: &Node, node: &Node, of: &[usize], views: &[View]) -> Option<View> {
        let of = *of.first()?;
        let members = views.get(of)?;
        let mut by = Vec::new();
        for name in names(node.get("by")) {
            let word = name.as_str().unwrap_or("");
            let Some(column) = members.rows.schema.position(word) else {
                let fields = || members.rows.schema.fields.iter().map(|field| &*field.name);
                let help = did_you_mean(word, fields())
                    .unwrap_or_else(|| format!("its facts are {}", fields().collect::<Vec<_>>().join(", ")));
                let message = format!("`{}` has no fact `{word}` to group by", members.rows.name);
                self.push(Diag::error(&code::RELATION, message).at(&name.loc, "").help(help));
                return None;
            };
            if by.contains(&column) {
                self.twice(name);
            }
            by.push(column);
        }
        let env = self.group_env(views, of, &by)?;
        let mut group = Group { of, by, lets: Vec::new(), folds: Vec::new() };
        let mut fields: Vec<Field> = env.row().map(|schema| schema.fields.clone()).unwrap_or_default();
        for (name, value) in pairs(node.get("let")) {
            let word = name.as_str().unwrap_or("").trim();
            let age_of = |time: &Field, other: &str| {
                *time.ty.base() == Type::Time && other.strip_suffix("_age") == Some(&*time.name)
            };
            let fact = fields.iter().any(|field| *field.name == *word || age_of(field, word));
            let view = views.iter().any(|view| Some(&*view.rows.name) == name.as_str());
            let by = if view { Some("an observation") } else { fact.then_some("a fact of the group") };
            self.free_name(name, "a value of a group", &|_| by);
            let checked = typing::check_in_group(Text::of(value), &env, &mut group.folds);
            let Some(rule) = self.expression_of(value, checked) else { continue };
            let doc = format!("computed: `{}`", rule.node.text);
            let field = Field::declared(word, rule.node.ty.clone());
            if fields.iter().any(|known| age_of(&field, &known.name)) {
                self.free_name(name, "a value of a group", &|_| {
                    Some("a time whose age is called as another value")
                });
            }
            fields.push(Field { doc: Arc::from(doc), ..field });
            group.lets.push(rule);
        }
        let name = text(Some(key))?;
        let keys: Vec<usize> = (0..group.by.len()).collect();
        let schema = Schema {
            version: 1,
            fields,
            rows: if keys.is_empty() { Rows::One } else { Rows::Many },
            key: keys,
            zero: members.rows.schema.zero,
        };
        let rows = Observed::plain(&name, &Arc::new(schema));
        Some(View { rows, clock: members.clock, kind: ViewKind::Group(group) })
    }

    /// The names of a group: its key bare, and the members' facts inside of aggregates.
    fn group_env(&mut self, views: &[View], of: usize, by: &[usize]) -> Option<Env> {
        let members = views.get(of)?;
        let without_past = |view: &View| Observed { past: Vec::new(), ..view.rows.clone() };
        let inner = Env {
            observations: views.iter().map(without_past).collect(),
            each: Some(of),
            facts: true,
            narrowed: Vec::new(),
            members: None,
            ..self.env.clone()
        };
        let keys: Vec<Field> =
            by.iter().filter_map(|column| members.rows.schema.fields.get(*column).cloned()).collect();
        let key = (0..keys.len()).collect::<Vec<_>>();
        let rows = if keys.is_empty() { Rows::One } else { Rows::Many };
        let schema = Schema { version: 1, fields: keys, key, rows, zero: ZeroRows::Suspicious };
        let row = Observed::plain(&Arc::from(""), &Arc::new(schema));
        Some(Env { observations: vec![row], each: Some(0), members: Some(Arc::new(inner.clone())), ..inner })
    }
}

/// The rows of a join: its key, which parts are there, and both parts.
fn joined(name: Arc<str>, sides: [usize; 2], of: [&View; 2], by: Vec<[usize; 2]>) -> View {
    let [a, b] = of;
    let key_field = |[column, _]: &[usize; 2]| {
        a.rows.schema.fields.get(*column).map(|field| Field {
            ty: field.ty.base().clone(),
            null_reads: None,
            ..field.clone()
        })
    };
    let mut fields: Vec<Field> = by.iter().filter_map(key_field).collect();
    let at = fields.len();
    let words = [&*a.rows.name, &*b.rows.name, "both"];
    fields.push(side(&words));
    let mut parts = Vec::new();
    for (view, index) in of.into_iter().zip(sides) {
        let start = fields.len();
        let named = |field: &Field| absent(field, format!("{}.{}", view.rows.name, field.name));
        fields.extend(view.rows.schema.fields.iter().map(named));
        parts.push(Part {
            root: Arc::clone(&view.rows.name),
            columns: start..fields.len(),
            schema: Arc::clone(&view.rows.schema),
            clock: Some(index),
        });
    }
    let mut key: Vec<usize> = (0..at).collect();
    // Several rows of the left side may have one key: its own key tells them apart.
    let own = a.rows.schema.key.iter().filter(|column| !by.iter().any(|[left, _]| left == *column));
    key.extend(own.map(|column| at + 1 + column));
    let suspicious = of.iter().any(|view| view.rows.schema.zero == ZeroRows::Suspicious);
    let zero = if suspicious { ZeroRows::Suspicious } else { ZeroRows::Fine };
    let schema = Arc::new(Schema { version: 1, fields, key, rows: Rows::Many, zero });
    let mut past = vec![false; at + 1];
    for view in of {
        let mut own = view.rows.past.clone();
        own.resize(view.rows.schema.fields.len(), false);
        past.extend(own);
    }
    let rows = Observed { name, schema, side: Some(at), parts, past };
    View { rows, kind: ViewKind::Join(Join { sides, by }), clock: a.clock }
}

/// A script reads its row by names, which a row of two parts does not have.
pub(super) fn script_fits(policy: &Policy) -> bool {
    policy.script.is_none() || policy.row_view().is_none_or(|view| view.rows.parts.is_empty())
}
