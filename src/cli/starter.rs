//! The text of a new policy and its cases, for any probe: valid as it stands, to be edited.

use crate::fact::{Declared, FieldDecl, ParamDecl, ProbeDecl, Rows, Ty};
use crate::source::yaml::{quoted, scalar};

/// What is wanted.
pub(super) struct Wanted<'a> {
    /// Id of the policy.
    pub id: &'a str,
    /// What it asks.
    pub probe: &'static ProbeDecl,
    /// Type of its targets.
    pub kind: &'a str,
    /// Must a failure reach a person?
    pub alert: bool,
    /// Who answers for it, if the project has no default.
    pub owner: Option<&'a str>,
    /// An argument, if the examples of the declaration will not do.
    pub with: Option<(&'a str, &'a str)>,
}

/// The two files.
pub(super) struct Starter {
    pub policy: String,
    pub cases: String,
}

/// The facts that are worth judging first, by probe; for others the types of the facts decide.
const FIRST: &[(&str, &str)] = &[
    ("certificate.file", "not_after"),
    ("command.output", "exit_status"),
    ("disk.usage", "used_ratio"),
    ("file.set", "newest"),
    ("file.stat", "exists"),
    ("http.response", "status"),
    ("postgres.connections", "used_ratio"),
    ("postgres.server", "xid_age"),
    ("postgres.tables", "dead_ratio"),
    ("sqlite.database", "integrity"),
    ("sqlite.tables", "has_statistics"),
    ("tcp.port", "open"),
    ("tls.chain", "not_after"),
];

/// What a query counts in the example.
const WAITING: FieldDecl = crate::fact::field("waiting", Ty::Int, "10", "rows that wait");
const QUERY: &str = "SELECT count(*) AS waiting FROM jobs WHERE done = 0";

/// A fact with its rules, and values that pass, warn and fail.
struct Judged {
    fact: &'static FieldDecl,
    params: Vec<(&'static str, String)>,
    fail: String,
    warn: Option<String>,
    good: String,
    nearly: Option<String>,
    bad: String,
}

/// The type of target that a new policy is about, if nobody says: a service for what is asked over a network.
pub(super) fn default_kind(probe: &ProbeDecl) -> &'static str {
    let service = probe.targets.iter().find(|kind| **kind == "service");
    service.or(probe.targets.first()).copied().unwrap_or("host")
}

pub(super) fn starter(wanted: &Wanted<'_>) -> Option<Starter> {
    let judged = judged(fact(wanted.probe)?);
    Some(Starter { policy: policy(wanted, &judged), cases: cases(wanted, &judged) })
}

fn fact(probe: &'static ProbeDecl) -> Option<&'static FieldDecl> {
    if probe.declared == Declared::Required {
        return Some(&WAITING);
    }
    let first = FIRST.iter().find(|(name, _)| *name == probe.name);
    let named = first.and_then(|(_, name)| probe.facts.iter().find(|fact| fact.name == *name));
    let rank = |fact: &&FieldDecl| {
        let ty = match fact.ty {
            Ty::Ratio => 0,
            Ty::Duration => 1,
            Ty::Bytes => 2,
            Ty::Int | Ty::Counter | Ty::Float => 3,
            Ty::Bool => 4,
            Ty::Enum(_) => 5,
            _ => 6,
        };
        (fact.null.is_some(), fact.costly, ty)
    };
    let free = probe.facts.iter().filter(|fact| !probe.key.contains(&fact.name));
    named.or_else(|| free.min_by_key(rank))
}

/// An upper limit, with a default for null that is beyond it.
fn above(fact: &'static FieldDecl, name: &str, worst: &str, limits: [&str; 2], values: [&str; 3]) -> Judged {
    let [warn_at, fail_at] = limits;
    let [good, nearly, bad] = values.map(str::to_owned);
    let value = if fact.null.is_some() { format!("({name} ?? {worst})") } else { name.to_owned() };
    Judged {
        fact,
        params: vec![("warn_at", warn_at.to_owned()), ("fail_at", fail_at.to_owned())],
        fail: format!("{value} > params.fail_at"),
        warn: Some(format!("{value} > params.warn_at")),
        good,
        nearly: Some(nearly),
        bad,
    }
}

fn other_than(fact: &'static FieldDecl, shown: &str, good: &str, bad: &str) -> Judged {
    Judged {
        fact,
        params: Vec::new(),
        fail: format!("{} != {shown}", fact.name),
        warn: None,
        good: good.to_owned(),
        nearly: None,
        bad: bad.to_owned(),
    }
}

fn judged(fact: &'static FieldDecl) -> Judged {
    let name = fact.name;
    match fact.ty {
        Ty::Ratio => above(fact, name, "100.percent", ["80%", "90%"], ["10%", "85%", "95%"]),
        Ty::Duration => above(fact, name, "1.days", ["1s", "5s"], ["100ms", "2s", "10s"]),
        Ty::Bytes => above(fact, name, "1.PiB", ["80GiB", "90GiB"], ["1GiB", "85GiB", "95GiB"]),
        Ty::Time if name.ends_with("not_after") => time_left(fact),
        Ty::Time => {
            let ages = ["2026-11-01T02:00:00Z", "2026-10-30T15:00:00Z", "2026-10-25T03:00:00Z"];
            above(fact, &format!("{name}_age"), "3650.days", ["1d", "2d"], ages)
        }
        Ty::Bool => {
            let bad = if fact.example == "true" { "false" } else { "true" };
            Judged { fail: format!("{name} == {bad}"), ..other_than(fact, bad, fact.example, bad) }
        }
        Ty::Enum(words) => {
            let bad = words.iter().find(|word| **word != fact.example).copied().unwrap_or("");
            other_than(fact, &quoted(fact.example), &quoted(fact.example), &quoted(bad))
        }
        Ty::Int if matches!(name, "status" | "exit_status") => {
            other_than(fact, fact.example, fact.example, "503")
        }
        Ty::Int | Ty::Counter => count(fact),
        Ty::Float | Ty::Rate | Ty::ByteRate => count(fact),
        _ => other_than(fact, &quoted(fact.example), &quoted(fact.example), "\"something else\""),
    }
}

fn time_left(fact: &'static FieldDecl) -> Judged {
    let name = fact.name;
    Judged {
        fact,
        params: vec![("warn_within", "21d".to_owned()), ("fail_within", "7d".to_owned())],
        fail: format!("{name} - now < params.fail_within"),
        warn: Some(format!("{name} - now < params.warn_within")),
        good: "2027-03-01T00:00:00Z".to_owned(),
        nearly: Some("2026-11-10T00:00:00Z".to_owned()),
        bad: "2026-11-02T00:00:00Z".to_owned(),
    }
}

fn count(fact: &'static FieldDecl) -> Judged {
    let usual: i64 = fact.example.replace('_', "").parse().unwrap_or(10);
    let text = |factor: i64| (usual * factor + factor).to_string();
    let (good, warn, nearly, fail, bad) = (text(1), text(2), text(3), text(4), text(5));
    above(fact, fact.name, &bad, [&warn, &fail], [&good, &nearly, &bad])
}

/// The name of the observation.
fn observed(wanted: &Wanted<'_>) -> &'static str {
    if wanted.probe.rows == Rows::Many { "found" } else { "answer" }
}

fn arguments(wanted: &Wanted<'_>) -> Vec<(String, String)> {
    let literal = |param: &ParamDecl, text: &str| match param.ty {
        Ty::Text if param.name == "sql" => quoted(QUERY),
        Ty::Text | Ty::Path | Ty::Host | Ty::Url | Ty::Name => scalar(text),
        _ => text.to_owned(),
    };
    let params = wanted.probe.params;
    if let Some((name, text)) = wanted.with {
        let param = params.iter().find(|param| param.name == name);
        return param.map(|param| (name.to_owned(), literal(param, text))).into_iter().collect();
    }
    let required: Vec<&ParamDecl> = params.iter().filter(|param| param.required).collect();
    // Of several ways to say where to look, the first; only `disk.usage` can look everywhere.
    let first = params.first().filter(|param| {
        wanted.kind == "host" && param.default.is_none() && wanted.probe.name != "disk.usage"
    });
    let chosen = if required.is_empty() { first.into_iter().collect() } else { required };
    chosen.into_iter().map(|param| (param.name.to_owned(), literal(param, param.example))).collect()
}

fn policy(wanted: &Wanted<'_>, judged: &Judged) -> String {
    let (probe, name) = (wanted.probe, judged.fact.name);
    let mut text = format!(
        "# {doc}.\n# `muster explain {probe}` lists its facts, `muster probe {probe}` shows what they are now.\n\
         policy: {id}\ntitle: {title}\ntier: daily\nseverity: medium\n",
        doc = probe.doc,
        probe = probe.name,
        id = wanted.id,
        title = scalar(&format!("{name} of {} is as it should be", probe.name)),
    );
    let mut add = |part: &str| text.push_str(part);
    if let Some(owner) = wanted.owner {
        add(&format!("owner: {}\n", scalar(owner)));
    }
    add("why: |\n  Say here what goes wrong, and for whom, when this does not hold.\n\n");
    add(&format!(
        "target: {{ type: {} }}\nobserve:\n  {}:\n    probe: {}\n",
        wanted.kind,
        observed(wanted),
        probe.name
    ));
    let arguments = arguments(wanted);
    if !arguments.is_empty() {
        add("    with:\n");
        arguments.iter().for_each(|(name, value)| add(&format!("      {name}: {value}\n")));
    }
    if probe.declared == Declared::Required {
        add(&format!("    facts: {{ {name}: int }}\n"));
    }
    add(&format!("each: {}\n\n", observed(wanted)));
    if !judged.params.is_empty() {
        add("params:\n");
        for (name, default) in &judged.params {
            add(&format!("  {name}: {{ default: {default}, why: say here where this number comes from }}\n"));
        }
    }
    add(&format!("fail: {}\n", judged.fail));
    if let Some(warn) = &judged.warn {
        add(&format!("warn: {warn}\n"));
    }
    add(&format!("message: {}\n", quoted(&message(probe, name))));
    add(&format!(
        "\nremedy:\n  steps:\n    - shell: muster check --policy {} --target {{{{ target.name }}}}\n",
        wanted.id
    ));
    add("    - do: Say here what to do, step by step.\n");
    if wanted.alert {
        add(&format!("  runbook: docs/runbooks/{}.md\n", wanted.id));
        add(&format!("\nalert:\n  urgency: ticket          # page, ticket or notice\n  context: [{name}]\n"));
    }
    text
}

fn message(probe: &ProbeDecl, name: &str) -> String {
    match probe.key.first().filter(|_| probe.rows == Rows::Many) {
        Some(key) => format!("{{{{ {key} }}}}: {name} is {{{{ {name} }}}}"),
        None => format!("{{{{ target.name }}}}: {name} is {{{{ {name} }}}}"),
    }
}

fn cases(wanted: &Wanted<'_>, judged: &Judged) -> String {
    let mut text = format!(
        "# Facts in, findings out: `muster test` runs these without any target.\ncases: {}\nnow: 2026-11-01T03:00:00Z\ncheck:\n",
        wanted.id
    );
    let name = judged.fact.name;
    case(&mut text, wanted, ("all is well", name, &judged.good), None);
    if let Some(nearly) = &judged.nearly {
        case(&mut text, wanted, ("nearly too much", name, nearly), Some("verdict: warn"));
    }
    case(&mut text, wanted, ("it does not hold", name, &judged.bad), Some("verdict: fail"));
    let denied = "verdict: unknown, cause: denied";
    case(&mut text, wanted, ("what cannot be read is no pass", name, "{ missing: denied }"), Some(denied));
    text
}

fn case(
    text: &mut String,
    wanted: &Wanted<'_>,
    (title, name, value): (&str, &str, &str),
    verdict: Option<&str>,
) {
    let probe = wanted.probe;
    let many = probe.rows == Rows::Many;
    let keys = || probe.facts.iter().filter(|fact| probe.key.contains(&fact.name));
    let literal = |fact: &FieldDecl| match fact.ty {
        Ty::Int => fact.example.to_owned(),
        _ => quoted(fact.example),
    };
    let mut cells: Vec<String> = keys().map(|fact| format!("{}: {}", fact.name, literal(fact))).collect();
    cells.push(format!("{name}: {value}"));
    let row = format!("{{ {} }}", cells.join(", "));
    let row = if many { format!("[{row}]") } else { row };
    let parts: Vec<&str> = probe
        .key
        .iter()
        .filter_map(|key| keys().find(|fact| fact.name == *key))
        .map(|fact| fact.example)
        .collect();
    let subject =
        if parts.is_empty() { String::new() } else { format!("subject: {}, ", quoted(&parts.join("."))) };
    let findings = verdict.map_or("[]".to_owned(), |verdict| format!("[{{ {subject}{verdict} }}]"));
    text.push_str(&format!(
        "  - name: {title}\n    facts: {{ {}: {row} }}\n    findings: {findings}\n",
        observed(wanted)
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::catalogue::PROBES;
    use crate::policy::load::{File, Loaded, documents};
    use crate::source::Source;

    #[test]
    fn every_probe_has_a_starter_that_loads_without_a_word() {
        for probe in PROBES.iter().filter(|probe| probe.is_built()) {
            for (alert, kind) in [(false, default_kind(probe)), (true, probe.targets[0])] {
                let wanted = Wanted { id: "new-one", probe, kind, alert, owner: Some("team"), with: None };
                let text = starter(&wanted).unwrap().policy;
                let file = File {
                    source: Source::new("new-one.yaml", text.clone()),
                    library: None,
                    folder: "".into(),
                };
                let mut loaded = Loaded::default();
                documents(&file, None, &mut loaded);
                assert_eq!(loaded.diags, [], "{text}");
                assert_eq!(
                    crate::lint::policy(&loaded.policies[0], &crate::lint::Levels::default()),
                    [],
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn every_fact_that_comes_first_is_one() {
        for (probe, fact) in FIRST {
            let probe = crate::fact::catalogue::find(probe).unwrap();
            assert!(probe.facts.iter().any(|known| known.name == *fact), "{} {fact}", probe.name);
        }
    }
}
