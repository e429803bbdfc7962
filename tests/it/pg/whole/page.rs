//! `docs/postgres-policies.md`: what each policy of the area stands on, from its own declaration and from its proof.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use passmuster::cli::reference::NOTICE;
use passmuster::fact::show;
use passmuster::policy::load::{Origin, load};
use passmuster::policy::{Policy, library};

/// Where it stands.
pub(crate) const PATH: &str = "docs/postgres-policies.md";

const HEAD: &str = "# Policies for PostgreSQL, and what each stands on

Each policy of `builtin:postgres` and `builtin:pgbouncer` was proved on a real server: a defect makes it fail, a healthy counterpart passes in the
same run, and its own remedy, carried out, makes it pass. Thresholds are parameters; a project changes them under
`overrides:`. What a role may not see is `unknown` and names its grant; `muster doctor` lists all that are missing.
";

fn policies() -> Vec<Arc<Policy>> {
    let areas = library::areas().into_iter().filter(|area| matches!(*area, "pgbouncer" | "postgres"));
    let origins: Vec<_> = areas.map(|area| (Origin::Builtin(Arc::from(area)), None)).collect();
    let loaded = load(&origins, None, false);
    assert!(loaded.diags.is_empty(), "{:?}", loaded.diags.first().map(|diag| &diag.message));
    loaded.policies
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;")
}

fn lines(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join("<br>")
}

fn thresholds(policy: &Policy) -> String {
    lines(policy.params.iter().map(|param| {
        let why = param.why.as_deref().map_or(String::new(), |why| format!(": {}", cell(why)));
        format!("`{}` = {}{why}", param.name, cell(&show(&param.default, &param.ty)))
    }))
}

fn remedy(policy: &Policy) -> String {
    lines(policy.remedy.iter().map(|step| {
        let text = cell(&step.text.written());
        let danger = step.danger.as_deref().map_or(String::new(), |why| format!(" (danger: {})", cell(why)));
        match step.kind.word() {
            "do" => format!("{text}{danger}"),
            word => format!("{word}: `{}`{danger}", text.replace('`', "'")),
        }
    }))
}

/// Facts by probe, and what they need.
fn facts(policy: &Policy) -> (String, String) {
    let mut by_probe: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut grants: BTreeSet<String> = BTreeSet::new();
    for (index, observe) in policy.observe.iter().enumerate() {
        let read = by_probe.entry(observe.probe.name).or_default();
        for (field, _) in observe.asked.fields.iter().zip(policy.wants(index)).filter(|(_, wanted)| *wanted) {
            read.insert(field.name.to_string());
            grants.extend(field.needs.iter().map(|needs| format!("`{}`", cell(needs))));
        }
    }
    let shown = |(probe, facts): (&str, BTreeSet<String>)| {
        format!("[{probe}](probes/{probe}.md): {}", facts.into_iter().collect::<Vec<_>>().join(", "))
    };
    let grants = if grants.is_empty() { "none".to_owned() } else { lines(grants) };
    (lines(by_probe.into_iter().map(shown)), grants)
}

/// The page.
pub(crate) fn text() -> String {
    let recipes: BTreeMap<&str, &str> = crate::pg::recipes().into_iter().collect();
    let mut text = format!("{NOTICE}\n\n{HEAD}\n");
    text.push_str(
        "| policy | thresholds and their sources | how it is made to fail | remedy | facts | grants |\n",
    );
    text.push_str("|---|---|---|---|---|---|\n");
    for policy in policies() {
        let (facts, grants) = facts(&policy);
        text.push_str(&format!(
            "| [{id}](../policies/{area}/{id}.yaml)<br>{} | {} | {} | {} | {facts} | {grants} |\n",
            cell(&policy.title),
            thresholds(&policy),
            cell(recipes.get(&*policy.id).copied().unwrap_or_default()),
            remedy(&policy),
            id = policy.id,
            area = policy.library.as_deref().unwrap_or("postgres"),
        ));
    }
    text
}

#[test]
fn every_policy_has_the_recipe_of_its_defect() {
    let mut counts: BTreeMap<String, usize> = policies().iter().map(|one| (one.id.to_string(), 0)).collect();
    for (policy, recipe) in crate::pg::recipes() {
        assert!(!recipe.is_empty(), "{policy}");
        match counts.get_mut(policy) {
            Some(count) => *count += 1,
            None => panic!("`{policy}` has a recipe and is no policy of the area"),
        }
    }
    let wrong: Vec<_> = counts.into_iter().filter(|(_, count)| *count != 1).collect();
    assert!(wrong.is_empty(), "not exactly one recipe: {wrong:?}");
}

/// The page as it is committed.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(PATH)
}
