//! The table of the policies that come with the binary.

use std::sync::Arc;

use crate::fact::show;
use crate::policy::load::{Origin, load};
use crate::policy::model::Param;
use crate::policy::{Policy, library};
use crate::verdict::Severity;

use super::{code, table};

const HEAD: &str = "# Policies that come with muster

Name an area as a source, `builtin:AREA`, on the command line or under `policies:` in `muster.yaml`. Every threshold is a
parameter with its reason; a project changes it under `overrides:`, within the bounds that the policy sets.
";

/// The page.
pub(super) fn text() -> String {
    let areas = library::areas();
    if areas.is_empty() {
        return format!("{HEAD}\nThis version carries none.");
    }
    let sections: Vec<String> = areas.into_iter().map(area).collect();
    format!("{HEAD}\n{}", sections.join("\n"))
}

fn area(area: &str) -> String {
    let loaded = load(&[(Origin::Builtin(Arc::from(area)), None)], None, false);
    let rows = loaded.policies.iter().map(|policy| row(area, policy));
    let mut text = format!(
        "## builtin:{area}\n\n{}",
        table(&["policy", "what must hold", "tier", "kind", "severity", "thresholds"], rows)
    );
    for diag in &loaded.diags {
        text.push_str(&format!("\nCannot be loaded: {}\n", diag.message));
    }
    text
}

fn row(area: &str, policy: &Policy) -> Vec<String> {
    let file = policy.loc.source.name.strip_prefix("builtin:").unwrap_or(area);
    let thresholds: Vec<String> = policy.params.iter().map(threshold).collect();
    vec![
        format!("[{}](../policies/{file})", policy.id),
        policy.title.to_string(),
        policy.tier.word().to_owned(),
        policy.kind().to_owned(),
        severity(policy),
        thresholds.join("<br>"),
    ]
}

/// One word, or the words of a ladder from the loudest on.
fn severity(policy: &Policy) -> String {
    let mut all: Vec<Severity> = policy.severity.rungs.iter().map(|(severity, _)| *severity).collect();
    all.push(policy.severity.otherwise);
    all.iter().map(|severity| severity.word()).collect::<Vec<_>>().join(", else ")
}

fn threshold(param: &Param) -> String {
    let why = param.why.as_deref().map(|why| format!(": {}", why.trim())).unwrap_or_default();
    let bound = |name: &str, value: &Option<crate::fact::Value>| {
        value.as_ref().map(|value| format!(", {name} {}", show(value, &param.ty))).unwrap_or_default()
    };
    format!(
        "{} = {}{}{}{why}",
        code(&param.name),
        show(&param.default, &param.ty),
        bound("at least", &param.at_least),
        bound("at most", &param.at_most)
    )
}
