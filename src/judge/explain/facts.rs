//! What the rules had before them: the target, the answers, and what was made of them.

use std::sync::Arc;

use crate::fact::{Missing, Type, Value, show};
use crate::plan::Check;
use crate::policy::{Observe, View, ViewKind};
use crate::verdict::Reason;

use super::super::findings::Maker;

pub(super) fn target(check: &Check) -> Reason {
    let target = &check.target;
    let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!(", {}", labels.join(", ")) };
    let said = format!("type {}{labels}", target.kind);
    let selector = &check.policy.target;
    let mut wanted = format!("type: {}", selector.written());
    if let Some(glob) = &selector.name {
        wanted.push_str(&format!(", name: {}", glob.glob()));
    }
    for (name, value) in &selector.labels {
        wanted.push_str(&format!(", {name}: {value}"));
    }
    let text = format!("`{}`, which the policy chooses by {{ {wanted} }}", target.name);
    let mut reason = Reason::new("target", text, said).at(selector.loc.to_string());
    if let Some(when) = &check.policy.when {
        let held = Reason::new("when", when.node.text.to_string(), "not false, so it is judged");
        reason.parts.push(held.at(when.node.loc.to_string()));
    }
    reason
}

fn duration(micros: i64) -> String {
    show(&Value::Int(micros), &Type::DURATION)
}

/// Why something is not known.
pub(super) fn unknown(why: &Missing) -> String {
    let fix = why.fix.as_ref().map(|fix| format!(" (to see it: {fix})")).unwrap_or_default();
    format!("unknown: {}: {}{fix}", why.cause, why.what)
}

/// Every question with its answer.
pub(super) fn observations(maker: &Maker<'_, '_>) -> Vec<Reason> {
    let observe = maker.check.policy.observe.iter().enumerate();
    observe.map(|(index, observe)| observation(maker, index, observe)).collect()
}

fn observation(maker: &Maker<'_, '_>, index: usize, observe: &Observe) -> Reason {
    let values = maker.check.settings.values();
    let args: Vec<String> = observe
        .resolve(&values)
        .iter()
        .filter(|(_, value, _)| !value.is_null())
        .map(|(name, value, ty)| format!("{name}: {}", show(value, ty)))
        .collect();
    let args = if args.is_empty() { String::new() } else { format!(" {{ {} }}", args.join(", ")) };
    let text = format!("{}: {}{args}", observe.name, observe.probe.name);
    let mut parts: Vec<Reason> = Vec::new();
    let said = match maker.tables.answers(index) {
        Err(why) => unknown(&why),
        Ok(answers) => {
            for answer in &answers {
                let said = match &answer.result {
                    Ok(table) => rows(table.rows.len(), table.total),
                    Err(why) => unknown(why),
                };
                let text = format!("{} at {}", answer.key.target, answer.now());
                parts.push(Reason::new("answer", text, said));
            }
            match maker.tables.observed(index) {
                Ok(table) => rows(table.rows.len(), table.total),
                Err(why) => unknown(&why),
            }
        }
    };
    let limit = |step: &str, text: String| Reason { step: step.to_owned(), text, ..Reason::default() };
    parts.extend(
        observe.max_age.map(|age| limit("max-age", format!("facts are at most {} old", duration(age)))),
    );
    parts.extend(observe.exact.then(|| limit("accept", "estimates are refused".to_owned())));
    parts.extend(
        observe.before.as_ref().map(|before| limit("before", format!("compared with: {}", before.word()))),
    );
    parts.extend(observe.history.map(|spec| {
        let text = format!(
            "samples of {}, reaching back {} at least, {} at least",
            duration(spec.window),
            duration(spec.at_least),
            spec.points
        );
        limit("history", text)
    }));
    Reason::new("observe", text, said).at(observe.loc.to_string()).of(parts)
}

fn rows(many: usize, total: u64) -> String {
    let plural = if many == 1 { "row" } else { "rows" };
    if total > many as u64 { format!("{many} of {total} {plural}") } else { format!("{many} {plural}") }
}

/// Joins, groups and comparisons with an earlier answer, as far as the judged rows come from them.
pub(super) fn relations(maker: &Maker<'_, '_>) -> Vec<Reason> {
    let views = maker.check.policy.views.iter().enumerate();
    views.filter_map(|(index, view)| relation(maker, index, view)).collect()
}

fn relation(maker: &Maker<'_, '_>, index: usize, view: &View) -> Option<Reason> {
    let policy = &maker.check.policy;
    let name = |position: usize| policy.views.get(position).map_or("", |view| &*view.rows.name);
    let column = |view: usize, column: usize| -> Arc<str> {
        let fields = policy.views.get(view).map(|view| &view.rows.schema.fields);
        fields.and_then(|fields| fields.get(column)).map(|field| Arc::clone(&field.name)).unwrap_or_default()
    };
    let (step, text, parts) = match &view.kind {
        ViewKind::Observed(_) => return None,
        ViewKind::Before(_) => (
            "before",
            format!("{}: rows of now and of then, joined by their key", view.rows.name),
            Vec::new(),
        ),
        ViewKind::Join(join) => {
            let [a, b] = join.sides;
            let by: Vec<String> = join
                .by
                .iter()
                .map(|[left, right]| format!("{} = {}", column(a, *left), column(b, *right)))
                .collect();
            (
                "join",
                format!("{}: {} with {} by {}", view.rows.name, name(a), name(b), by.join(", ")),
                Vec::new(),
            )
        }
        ViewKind::Group(group) => {
            let by: Vec<String> = group.by.iter().map(|index| column(group.of, *index).to_string()).collect();
            let by = if by.is_empty() { "all in one".to_owned() } else { format!("by {}", by.join(", ")) };
            let names = view.rows.schema.fields.iter().skip(group.by.len());
            let parts = names.zip(&group.lets).map(|(field, rule)| Reason {
                step: "let".to_owned(),
                text: format!("{} = {}", field.name, rule.node.text),
                at: Some(rule.node.loc.to_string()),
                ..Reason::default()
            });
            ("group", format!("{}: {} {by}", view.rows.name, name(group.of)), parts.collect())
        }
    };
    let said = match maker.tables.rows(index) {
        Ok(found) => {
            let faults = found.faults();
            let faults: Vec<String> = faults.iter().map(|why| unknown(why)).collect();
            let rows = rows(found.len(), found.total());
            if faults.is_empty() { rows } else { format!("{rows}; {}", faults.join("; ")) }
        }
        Err(why) => unknown(&why),
    };
    Some(Reason::new(step, text, said).of(parts))
}
