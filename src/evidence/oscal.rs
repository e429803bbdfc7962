//! OSCAL assessment results: what was judged, in the form in which auditors' programs exchange it.
//!
//! Each check of a policy at a target is an observation and a finding, each thing that was found a risk with its log.
//! OSCAL knows only "satisfied" and "not-satisfied": a warning, an exception and what could not be judged are not
//! satisfied for the reason `other`, and a property says which of them it is. Identifiers come from digests, so that the
//! same evidence gives the same document.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use sha1::{Digest, Sha1};

use super::index::Index;
use super::names::{self, digest};
use super::summary::{Judged, Risk, Status, Summary, Turn};
use crate::fact::hex;
use crate::verdict::Verdict;

/// The version of OSCAL that is written.
pub(super) const VERSION: &str = "1.2.1";

/// Whose properties they are.
const NAMESPACE: &str = "https://passmuster.dev/ns/oscal";

/// The name space of URLs (RFC 9562).
const URLS: [u8; 16] =
    [0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8];

/// A UUID of version 5, as bytes.
fn uuid(space: &[u8; 16], name: &str) -> [u8; 16] {
    let hash = Sha1::new().chain_update(space).chain_update(name.as_bytes()).finalize();
    let mut bytes = [0; 16];
    for (at, (byte, hashed)) in bytes.iter_mut().zip(hash).enumerate() {
        *byte = match at {
            6 => hashed & 0x0f | 0x50,
            8 => hashed & 0x3f | 0x80,
            _ => hashed,
        };
    }
    bytes
}

fn shown(uuid: &[u8; 16]) -> String {
    let mut text = String::new();
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&hex(&[*byte]));
    }
    text
}

/// A text of one line that is not empty.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split(|char: char| char.is_whitespace() || char.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.is_empty() { "-".to_owned() } else { line }
}

/// A name that may stand as an identifier; what has to be changed for that is told apart by a digest.
fn token(text: &str) -> String {
    let legal = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
    let first = text.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    if first && text.chars().all(legal) {
        return text.to_owned();
    }
    let clean: String = text.chars().map(|char| if legal(char) { char } else { '_' }).collect();
    let own: String = digest(text.as_bytes()).chars().take(8).collect();
    format!("_{clean}.{own}")
}

fn prop(name: &str, value: &str) -> Json {
    json!({ "name": name, "ns": NAMESPACE, "value": line(value) })
}

/// Draws one document.
struct Drawer<'d> {
    index: &'d Index,
    space: [u8; 16],
}

/// The document.
pub(super) fn document(index: &Index, summary: &Summary) -> Result<String, serde_json::Error> {
    let space = uuid(&URLS, &format!("{NAMESPACE}/{}/{}", index.head(), index.made));
    let drawer = Drawer { index, space };
    Ok(serde_json::to_string_pretty(&drawer.document(summary))? + "\n")
}

impl Drawer<'_> {
    fn uuid(&self, name: &str) -> String {
        shown(&uuid(&self.space, name))
    }

    fn tool(&self) -> Json {
        json!([{ "actors": [{ "type": "tool", "actor-uuid": self.uuid("tool") }] }])
    }

    fn document(&self, summary: &Summary) -> Json {
        let Index { period, made, muster, host, .. } = self.index;
        json!({ "assessment-results": {
            "uuid": self.uuid("document"),
            "metadata": {
                "title": line(&format!("Passmuster, {}", period.name)),
                "last-modified": made.to_string(),
                "version": line(&made.to_string()),
                "oscal-version": VERSION,
                "props": [prop("muster-version", muster), prop("made-at-host", host)],
            },
            "import-ap": {
                "href": self.plan(),
                "remarks": "There is no assessment plan in OSCAL: what is judged, where and how often is said by the project file and the policies.",
            },
            "results": [self.result(summary)],
        }})
    }

    /// The project file.
    fn plan(&self) -> String {
        let first = self.index.editions.first().and_then(|pieces| pieces.first());
        format!("../{}", first.map_or("", |placed| &placed.path))
    }

    fn result(&self, summary: &Summary) -> Json {
        let runs = &self.index.runs;
        let time = |entry: Option<&super::index::Entry>| entry.map(|entry| entry.started.to_string());
        let observations: Vec<Json> = self.each(summary, |name, check| self.observation(name, check));
        let findings: Vec<Json> = self.each(summary, |name, check| self.finding(name, check));
        let risks: Vec<Json> = summary
            .checks
            .iter()
            .flat_map(|((policy, target), check)| {
                let name = format!("{policy}@{target}");
                check.risks.iter().map(move |(id, risk)| self.risk(&name, id, risk)).collect::<Vec<_>>()
            })
            .collect();
        let mut result = json!({
            "uuid": self.uuid("result"),
            "title": line(&self.index.period.name),
            "description": format!("{} runs, from {} to {}. A finding says how its check stood when it was last judged; its risks have a log of the whole time.", runs.len(), self.index.period.from, self.index.period.until),
            "start": time(runs.first()),
            "end": time(runs.last()),
            "local-definitions": self.definitions(summary),
            "reviewed-controls": reviewed(summary),
        });
        if let Some(map) = result.as_object_mut() {
            // A list may be left out, and may not be empty.
            for (name, list) in [("observations", observations), ("risks", risks), ("findings", findings)] {
                if !list.is_empty() {
                    map.insert(name.to_owned(), Json::Array(list));
                }
            }
        }
        result
    }

    fn each(&self, summary: &Summary, draw: impl Fn(&str, &Judged) -> Json) -> Vec<Json> {
        summary
            .checks
            .iter()
            .map(|((policy, target), check)| draw(&format!("{policy}@{target}"), check))
            .collect()
    }

    fn definitions(&self, summary: &Summary) -> Json {
        let targets: BTreeSet<&str> = summary.checks.keys().map(|(_, target)| &**target).collect();
        let items: Vec<Json> = targets
            .into_iter()
            .map(|target| json!({ "uuid": self.target(target), "description": line(target) }))
            .collect();
        let tool = json!({
            "uuid": self.uuid("tool"),
            "type": "software",
            "title": "Passmuster",
            "description": line(&format!("muster {}", self.index.muster)),
            "status": { "state": "operational" },
        });
        let mut definitions = json!({ "components": [tool] });
        if let (Some(map), false) = (definitions.as_object_mut(), items.is_empty()) {
            map.insert("inventory-items".to_owned(), Json::Array(items));
        }
        definitions
    }

    fn target(&self, target: &str) -> String {
        self.uuid(&format!("target\n{target}"))
    }

    fn observation(&self, name: &str, check: &Judged) -> Json {
        let target = name.split_once('@').map_or(name, |(_, target)| target);
        let evidence =
            |path: String, what: &str| json!({ "href": format!("../{path}"), "description": what });
        json!({
            "uuid": self.uuid(&format!("observation\n{name}")),
            "title": line(name),
            "description": line(&check.title),
            "props": [
                prop("tier", &check.tier),
                prop("policy-digest", &check.digest),
                prop("runs-judged", &check.runs.total().to_string()),
                prop("runs-by-verdict", &counted(check)),
                prop("first-judged", &check.first),
            ],
            "methods": ["TEST"],
            "types": ["control-objective"],
            "origins": self.tool(),
            "subjects": [{ "subject-uuid": self.target(target), "type": "inventory-item", "title": line(target) }],
            "relevant-evidence": [
                evidence(names::recording(check.run), "What was seen when it was last judged"),
                evidence(names::findings(check.run), "What was found in it"),
            ],
            "collected": check.last,
        })
    }

    fn finding(&self, name: &str, check: &Judged) -> Json {
        let (state, reason) = match check.verdict {
            Verdict::Pass => ("satisfied", "pass"),
            Verdict::Fail => ("not-satisfied", "fail"),
            Verdict::Warn | Verdict::Unknown | Verdict::Waived | Verdict::Skipped => {
                ("not-satisfied", "other")
            }
        };
        let policy = name.split_once('@').map_or(name, |(policy, _)| policy);
        let mut props =
            vec![prop("verdict", check.verdict.word()), prop("worst-verdict", check.worst.word())];
        props.extend(check.controls.iter().map(|control| prop("control", control)));
        let mut status = json!({ "state": state, "reason": reason });
        if let (Some(map), Some(note)) = (status.as_object_mut(), &check.note) {
            map.insert("remarks".to_owned(), line(note).into());
        }
        let mut finding = json!({
            "uuid": self.uuid(&format!("finding\n{name}")),
            "title": line(name),
            "description": line(&check.title),
            "origins": self.tool(),
            "target": { "type": "objective-id", "target-id": token(policy), "props": props, "status": status },
            "related-observations": [{ "observation-uuid": self.uuid(&format!("observation\n{name}")) }],
        });
        let risks: Vec<Json> = check
            .risks
            .keys()
            .map(|id| json!({ "risk-uuid": self.uuid(&format!("risk\n{name}\n{id}")) }))
            .collect();
        if let (Some(map), false) = (finding.as_object_mut(), risks.is_empty()) {
            map.insert("related-risks".to_owned(), Json::Array(risks));
        }
        finding
    }

    fn risk(&self, name: &str, id: &str, risk: &Risk) -> Json {
        let key = format!("risk\n{name}\n{id}");
        let entries: Vec<Json> =
            risk.turns.iter().enumerate().map(|(at, turn)| self.entry(&key, at, turn)).collect();
        let mut drawn = json!({
            "uuid": self.uuid(&key),
            "title": line(&format!("{name}: {}", risk.subject)),
            "description": line(&risk.message),
            "statement": line(&risk.message),
            "props": [prop("finding", id), prop("severity", risk.severity.word()), prop("owner", &risk.owner)],
            "status": risk.status().word(),
            "origins": self.tool(),
            "risk-log": { "entries": entries },
            "related-observations": [{ "observation-uuid": self.uuid(&format!("observation\n{name}")) }],
        });
        let Some(map) = drawn.as_object_mut() else { return drawn };
        if !risk.steps.is_empty() {
            let remedy = json!({
                "uuid": self.uuid(&format!("remedy\n{key}")),
                "lifecycle": "recommendation",
                "title": "Remedy",
                "description": risk.steps.join("\n"),
            });
            map.insert("remediations".to_owned(), json!([remedy]));
        }
        if let (Some(waiver), Status::Approved) = (&risk.waiver, risk.status()) {
            let says = format!(
                "{} (owner {}, ticket {}, until {})",
                waiver.reason, waiver.owner, waiver.ticket, waiver.expires
            );
            let factor = json!({ "uuid": self.uuid(&format!("waiver\n{key}")), "description": line(&says) });
            map.insert("mitigating-factors".to_owned(), json!([factor]));
            map.insert("deadline".to_owned(), format!("{}T23:59:59Z", waiver.expires).into());
        }
        drawn
    }

    fn entry(&self, key: &str, at: usize, turn: &Turn) -> Json {
        json!({
            "uuid": self.uuid(&format!("log\n{key}\n{at}")),
            "title": line(turn.status.word()),
            "description": line(&turn.says),
            "start": turn.at,
            "links": [{ "href": format!("../{}", names::findings(turn.run)), "rel": "evidence" }],
            "status-change": turn.status.word(),
        })
    }
}

fn counted(check: &Judged) -> String {
    let some = Verdict::ALL.into_iter().filter(|verdict| check.runs.of(*verdict) > 0);
    some.map(|verdict| format!("{} {}", check.runs.of(verdict), verdict.word()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The controls that policies name; the policies themselves where none does.
fn reviewed(summary: &Summary) -> Json {
    let named: BTreeSet<&str> =
        summary.checks.values().flat_map(|check| &check.controls).map(|control| &**control).collect();
    let policies: BTreeSet<&str> = summary.checks.keys().map(|(policy, _)| &**policy).collect();
    let (says, ids) = if named.is_empty() {
        ("No policy names a control: each policy stands for itself.", &policies)
    } else {
        ("The controls that the policies name.", &named)
    };
    let list = |ids: &BTreeSet<&str>, key: &str| -> Vec<Json> {
        ids.iter().map(|id| json!({ key: token(id) })).collect()
    };
    let mut selection = json!({ "description": says });
    if let (Some(map), false) = (selection.as_object_mut(), ids.is_empty()) {
        map.insert("include-controls".to_owned(), Json::Array(list(ids, "control-id")));
    }
    let mut reviewed = json!({ "control-selections": [selection] });
    if let (Some(map), false) = (reviewed.as_object_mut(), policies.is_empty()) {
        let objectives = json!([{
            "description": "The policies that were judged.",
            "include-objectives": list(&policies, "objective-id"),
        }]);
        map.insert("control-objective-selections".to_owned(), objectives);
    }
    reviewed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/")` of Python.
    #[test]
    fn identifiers_are_those_of_other_programs() {
        assert_eq!(shown(&uuid(&URLS, "https://example.org/")), "527dda32-a0de-5105-a042-cb475b5f7d11");
    }

    #[test]
    fn names_become_tokens_that_stay_apart() {
        assert_eq!(token("disk-free_1.x"), "disk-free_1.x");
        let odd = ["1a", "a b", "a:b", "a/b", ""].map(token);
        let unlike: BTreeSet<&String> = odd.iter().collect();
        assert_eq!(unlike.len(), odd.len());
        assert!(odd.iter().all(|token| token.starts_with('_') && !token.contains([' ', ':', '/'])));
        assert_eq!((line(" a\n b\u{7} "), line("\n")), ("a b".to_owned(), "-".to_owned()));
    }
}
