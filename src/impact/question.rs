//! What a policy asks, in words: two versions that ask alike see the same facts.

use std::collections::BTreeMap;

use super::canon::canon;
use super::lower::{Lowering, Version};
use super::vars::Vars;
use crate::policy::{View, ViewKind};
use crate::rule::Op;
use crate::rule::node::{Node, Place};

/// Each observation, join and group by name, with all that decides its rows.
pub(super) fn questions(version: Version<'_>) -> BTreeMap<String, String> {
    let policy = version.policy;
    let mut all = BTreeMap::new();
    for also in &policy.also {
        let said = format!("{:?} {:?} {}", selector(&also.selector), also.same, also.many);
        all.insert(format!("also.{}", also.name), said);
    }
    for observe in &policy.observe {
        let on = observe.on.and_then(|on| policy.also.get(on)).map(|also| &also.name);
        let facts: Vec<String> =
            observe.asked.fields.iter().map(|f| format!("{}: {}", f.name, f.ty)).collect();
        let args = observe.resolve(version.params);
        let args: Vec<String> = args.iter().map(|(name, value, _)| format!("{name}={value:?}")).collect();
        let said = format!(
            "{} {args:?} {on:?} {:?} {:?} {facts:?} {:?} {:?}",
            observe.probe.name, observe.pointers, observe.before, observe.history, observe.asked.key
        );
        all.insert(format!("observe.{}", observe.name), said);
    }
    for view in &policy.views {
        if let Some(said) = relation(version, view) {
            all.insert(view.rows.name.to_string(), said);
        }
    }
    all
}

fn selector(selector: &crate::policy::Selector) -> String {
    let name = selector.name.as_ref().map(|glob| glob.glob().to_string());
    format!("{} {name:?} {:?}", selector.types(), selector.labels)
}

fn relation(version: Version<'_>, view: &View) -> Option<String> {
    let names = |position: usize, columns: &mut dyn Iterator<Item = usize>| -> String {
        let Some(view) = version.policy.views.get(position) else { return String::new() };
        let column = |column: usize| view.rows.schema.fields.get(column).map_or("", |field| &*field.name);
        let columns: Vec<&str> = columns.map(column).collect();
        format!("{}({})", view.rows.name, columns.join(", "))
    };
    match &view.kind {
        ViewKind::Observed(_) => None,
        ViewKind::Before(_) => Some("before".to_owned()),
        ViewKind::Join(join) => {
            let [a, b] = join.sides;
            let left = names(a, &mut join.by.iter().map(|[left, _]| *left));
            let right = names(b, &mut join.by.iter().map(|[_, right]| *right));
            Some(format!("join {left} {right}"))
        }
        ViewKind::Group(group) => {
            let by = names(group.of, &mut group.by.iter().copied());
            let folds = group.folds.iter().map(|fold| {
                let parts: Vec<String> = fold.nodes().map(|node| inside(version, node)).collect();
                format!("{:?} {:?} {parts:?}", fold.kind, fold.filter.is_some())
            });
            let folds: Vec<String> = folds.collect();
            let lets: Vec<String> = group.lets.iter().map(|rule| inside(version, &rule.node)).collect();
            Some(format!("group {by} {folds:?} {lets:?}"))
        }
    }
}

/// An expression of a group: columns there are those of its members, so that only parameters are put in.
fn inside(version: Version<'_>, node: &Node) -> String {
    let mut node = node.clone();
    put(&mut node, version);
    canon(&node, &Vars::default())
}

fn put(node: &mut Node, version: Version<'_>) {
    for part in node.children_mut() {
        put(part, version);
    }
    let is_known = match &node.op {
        Op::Read(Place::Param(_)) => true,
        Op::Read(Place::Target(name)) => !version.is_open(name),
        _ => false,
    };
    if is_known {
        let none = std::collections::BTreeSet::new();
        let mut vars = Vars::default();
        *node = Lowering { version, vars: &mut vars, shared: &none }.plain(node);
    } else if let Op::Read(Place::Fold(index)) = node.op {
        node.op = Op::Read(Place::Observation(usize::MAX, index));
    }
}
