//! A policy: everything that its reader wants, in the order of the questions.

use std::fmt::Display;

use crate::fact::{Rows, Type, Value, show};
use crate::policy::model::Arg;
use crate::policy::{Alert, Expect, Ladder, Observe, Param, Policy, Rung, ViewKind};

use super::Page;

pub(super) fn explain(policy: &Policy, page: &mut Page) {
    page.title(&policy.id, &policy.title);
    page.rows(&about(policy));
    page.head("Why");
    page.prose(&policy.why);
    for (index, observe) in policy.observe.iter().enumerate() {
        page.head(&format!("Observes `{}`: {}", observe.name, call(policy, observe)));
        page.prose(observe.probe.doc);
        page.rows(&facts(policy, index, observe));
    }
    let relations = relations(policy);
    if !relations.is_empty() {
        page.head("Relations");
        page.rows(&relations);
    }
    page.head("Rules");
    page.rows(&rules(policy));
    if let Some(script) = &policy.script {
        page.head("Script");
        page.prose(&script.text);
    }
    if !policy.params.is_empty() {
        page.head("Parameters (an override or `--set` changes them)");
        page.rows(&policy.params.iter().map(|param| (&param.name, parameter(param))).collect::<Vec<_>>());
    }
    if let Some(alert) = &policy.alert {
        page.head("Alert");
        page.rows(&self::alert(alert));
    }
    page.head("Remedy");
    page.rows(&remedy(policy));
}

fn about(policy: &Policy) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("file", policy.loc.to_string()),
        ("kind", format!("{} policy, judged {}", policy.kind(), policy.tier.word())),
        ("severity", ladder(&policy.severity, crate::verdict::Severity::word)),
        ("owner", policy.owner.as_deref().unwrap_or("the project's default").to_owned()),
        ("targets", targets(policy)),
    ];
    let lists = [("tags", &policy.tags), ("controls", &policy.controls), ("prevents", &policy.prevents)];
    for (name, list) in lists {
        if !list.is_empty() {
            rows.push((name, list.join(", ")));
        }
    }
    if let Some(library) = &policy.library {
        rows.push(("library", format!("builtin:{library}")));
    }
    rows.push(("digest", policy.digest.to_string()));
    rows
}

fn targets(policy: &Policy) -> String {
    let target = &policy.target;
    let name = target.name.as_ref().map(|glob| format!(", name `{}`", glob.glob()));
    let labels: Vec<String> = target.labels.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!(", labels {}", labels.join(", ")) };
    format!("type {}{}{labels}", target.types(), name.unwrap_or_default())
}

fn ladder<T: Copy>(ladder: &Ladder<T>, word: impl Fn(T) -> &'static str) -> String {
    let rungs =
        ladder.rungs.iter().map(|(level, rule)| format!("{} if {}", word(*level), rule.node.text.trim()));
    let last = if ladder.rungs.is_empty() { "" } else { "otherwise " };
    rungs.chain([format!("{last}{}", word(ladder.otherwise))]).collect::<Vec<_>>().join(", ")
}

/// `postgres.tables with schemas = public`.
fn call(policy: &Policy, observe: &Observe) -> String {
    let arg = |(name, arg, ty): &(std::sync::Arc<str>, Arg, Type)| match arg {
        Arg::Value(value) => format!("{name} = {}", show(value, ty)),
        Arg::Param(index) => {
            let param = policy.params.get(*index).map_or("", |param| &param.name);
            format!("{name} = params.{param}")
        }
    };
    let args: Vec<String> = observe.args.iter().map(arg).collect();
    let with = if args.is_empty() { String::new() } else { format!(" with {}", args.join(", ")) };
    let age =
        observe.max_age.map(|age| format!(", not older than {}", show(&Value::Int(age), &Type::DURATION)));
    let exact = if observe.exact { ", no estimates" } else { "" };
    format!("{}{with}{}{exact}", observe.probe.name, age.unwrap_or_default())
}

/// The facts that the policy reads.
fn facts(policy: &Policy, index: usize, observe: &Observe) -> Vec<(String, String)> {
    let wanted = observe.schema.fields.iter().zip(policy.wants(index)).filter(|(_, wanted)| *wanted);
    let fact = |field: &crate::fact::Field| {
        let null = field.null_reads.as_ref().map(|null| format!("; null reads \"{null}\""));
        let needs = field.needs.as_ref().map(|needs| format!("; needs {needs}"));
        format!("{}: {}{}{}", field.ty.base(), field.doc, null.unwrap_or_default(), needs.unwrap_or_default())
    };
    wanted.map(|(field, _)| (field.name.to_string(), fact(field))).collect()
}

/// Other targets, the past, joins and groups.
fn relations(policy: &Policy) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for also in &policy.also {
        let same = if also.same.is_empty() {
            String::new()
        } else {
            format!(", with the same {}", also.same.join(", "))
        };
        let how_many = if also.many { "all targets" } else { "the one target" };
        rows.push((
            format!("also {}", also.name),
            format!("{how_many} of type {}{same}", also.selector.kind),
        ));
    }
    for observe in &policy.observe {
        if let Some(before) = &observe.before {
            rows.push((format!("before of {}", observe.name), before.word()));
        }
        if let Some(history) = &observe.history {
            let text = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
            let least = if history.at_least > 0 {
                format!(", at least {}", text(history.at_least))
            } else {
                String::new()
            };
            let what = format!("samples of {}{least}, {} or more", text(history.window), history.points);
            rows.push((format!("history of {}", observe.name), what));
        }
    }
    let name = |index: &usize| policy.views.get(*index).map_or("", |view| &*view.rows.name);
    for view in &policy.views {
        let key = view.rows.schema.key_names().join(", ");
        match &view.kind {
            ViewKind::Join(join) => {
                let [a, b] = &join.sides;
                rows.push((
                    format!("join {}", view.rows.name),
                    format!("rows of {} and {} by {key}", name(a), name(b)),
                ));
            }
            ViewKind::Group(group) => {
                let by = if key.is_empty() { "together".to_owned() } else { format!("by {key}") };
                let computed: Vec<String> = view
                    .rows
                    .schema
                    .fields
                    .iter()
                    .skip(group.by.len())
                    .zip(&group.lets)
                    .map(|(field, rule)| format!("{} = {}", field.name, rule.node.text))
                    .collect();
                let what = format!("rows of {} {by}: {}", name(&group.of), computed.join("; "));
                rows.push((format!("group {}", view.rows.name), what));
            }
            ViewKind::Observed(_) | ViewKind::Before(_) => {}
        }
    }
    rows
}

fn rules(policy: &Policy) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row =
        |name: &str, text: &dyn Display| rows.push((name.to_owned(), text.to_string().trim().to_owned()));
    if let Some(view) = policy.row_view() {
        let many = view.rows.schema.rows == Rows::Many;
        row(
            "subjects",
            &if many { format!("each row of `{}`", view.rows.name) } else { "the target".to_owned() },
        );
    }
    if let Some(when) = &policy.when {
        row("only when", &when.node.text);
    }
    if let Some(filter) = &policy.filter {
        row("only where", &filter.node.text);
    }
    for shared in &policy.lets {
        row(&format!("let {}", shared.name), &shared.rule.node.text);
    }
    policy.fail.iter().for_each(|rung| row("fails if", &self::rung(rung)));
    policy.warn.iter().for_each(|rung| row("warns if", &self::rung(rung)));
    match &policy.expect {
        Expect::Default => {}
        Expect::Some => row("expects", &"at least one subject"),
        Expect::Any => row("expects", &"any number of subjects, none too"),
        Expect::List(names) => row("expects", &names.join(", ")),
        Expect::Param(index) => {
            row("expects", &format!("params.{}", policy.params.get(*index).map_or("", |param| &param.name)));
        }
        Expect::Keys(index) => {
            let name = policy.views.get(*index).map_or("", |view| &view.rows.name);
            row("expects", &format!("a row for each row of `{name}`"));
        }
    }
    if let Some(message) = &policy.message {
        row("says", &message.written());
    }
    rows
}

fn rung(rung: &Rung) -> String {
    let said = rung.message.as_ref().map(|message| format!("\nsays {}", message.written().trim()));
    format!("{}{}", rung.rule.node.text.trim(), said.unwrap_or_default())
}

fn parameter(param: &Param) -> String {
    let value = |value: &Value| show(value, &param.ty);
    let mut text = format!("{}, {} by default", param.ty, value(&param.default));
    if let Some(bound) = &param.at_least {
        text.push_str(&format!(", at least {}", value(bound)));
    }
    if let Some(bound) = &param.at_most {
        text.push_str(&format!(", at most {}", value(bound)));
    }
    if let Some(why) = &param.why {
        text.push_str(&format!(": {}", why.trim()));
    }
    text
}

fn alert(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut rows = vec![("urgency", ladder(&alert.urgency, crate::verdict::Urgency::word))];
    if let Some(held) = alert.held {
        rows.push(("for", format!("after it has held for {}", show(&Value::Int(held), &Type::DURATION))));
    }
    let context: Vec<&str> = alert.context.iter().map(|rule| rule.node.text.trim()).collect();
    rows.push(("context", context.join(", ")));
    rows
}

fn remedy(policy: &Policy) -> Vec<(&'static str, String)> {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for step in &policy.remedy {
        let mut text = step.text.written().trim().to_owned();
        if let Some(condition) = &step.condition {
            text.push_str(&format!("\nonly if {}", condition.node.text.trim()));
        }
        if let Some(danger) = &step.danger {
            text.push_str(&format!("\ndanger: {danger}"));
        }
        rows.push((step.kind.word(), text));
    }
    if let Some(runbook) = &policy.runbook {
        rows.push(("runbook", runbook.to_string()));
    }
    rows
}
