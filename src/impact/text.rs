//! Words of changes.

use crate::fact::{Type, Value, show};
use crate::policy::{Policy, Selector};

pub(super) fn count(many: usize, noun: &str) -> String {
    format!("{many} {noun}{}", if many == 1 { "" } else { "s" })
}

pub(super) fn duration(micros: i64) -> String {
    show(&Value::Int(micros), &Type::DURATION)
}

pub(super) fn severity(policy: &Policy) -> &'static str {
    let rungs = policy.severity.rungs.iter().map(|(severity, _)| *severity);
    rungs.fold(policy.severity.otherwise, Ord::max).word()
}

pub(super) fn selector(selector: &Selector) -> String {
    let mut text = format!("type: {}", selector.written());
    if let Some(glob) = &selector.name {
        text.push_str(&format!(", name: {}", glob.glob()));
    }
    for (name, value) in &selector.labels {
        text.push_str(&format!(", {name}: {value}"));
    }
    format!("{{ {text} }}")
}
