//! Joins and groups: rows that are made of others.

use super::super::model::{Group, Join, View, ViewKind};
use super::relations::{absent, side};
use super::{Decoder, items, pairs, text};
use crate::diag::{Diag, Label, code, did_you_mean};
use crate::fact::{Field, Rows, Schema, Type, ZeroRows};
use crate::rule::env::{Observed, Part};
use crate::rule::ops::comparable;
use crate::rule::{Env, Text, typing};
use crate::source::yaml::{Kind, Node};
use std::sync::Arc;

/// One name or a list of names.
fn names(node: Option<&Node>) -> Vec<&Node> {
    match node {
        None => Vec::new(),
        Some(node) if matches!(node.kind, Kind::Seq(_)) => items(Some(node)).iter().collect(),
        Some(node) => vec![node],
    }
}

impl Decoder<'_> {
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
            let siblings = || pairs(node.get("let")).iter().filter_map(|(name, _)| name.as_str());
            let checked = typing::check_in_group(Text::of(value), &env, &mut group.folds)
                .map_err(|diag| of_a_sibling(diag, siblings()));
            let Some(rule) = self.expression_of(value, checked) else {
                self.broken.push(Arc::from(word));
                continue;
            };
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

/// A value of a group is made of its members and its key, and reads no other value of it.
fn of_a_sibling<'a>(diag: Diag, mut siblings: impl Iterator<Item = &'a str>) -> Diag {
    let Some(name) = siblings.find(|name| diag.message == typing::not_known(name)) else { return diag };
    let message = format!("`{name}` is another value of this group, and one value reads no other");
    let help =
        format!("write what `{name}` is made of in its place, or combine both under the policy's own `let:`");
    let told = Diag { message, help: Some(help), ..diag };
    Diag {
        labels: told.labels.into_iter().map(|label| Label { text: String::new(), ..label }).collect(),
        ..told
    }
}
