//! One file of attestations.

use std::path::{Component, Path};
use std::sync::Arc;

use super::inside;
use crate::diag::{Diag, code};
use crate::fact::{Attestation, Evidence, parse_date, parse_time};
use crate::policy::check::{Strictness, check};
use crate::policy::nodes::{items, text};
use crate::policy::shapes;
use crate::source::Source;
use crate::source::yaml::{self, Kind, Limits, Node};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The statements of a file. `root` is the folder of the project. A statement with a fault is none.
pub fn decode(source: &Arc<Source>, root: &Path, diags: &mut Vec<Diag>) -> Vec<Attestation> {
    let documents = match yaml::parse(source, &Limits::default()) {
        Ok(documents) => documents,
        Err(errors) => {
            diags.extend(errors);
            return Vec::new();
        }
    };
    if documents.is_empty() || documents.iter().all(|document| document.root.is_null()) {
        let diag = Diag::error(&code::EMPTY_INPUT, format!("`{}` holds no attestation", source.name));
        diags.push(diag.help("one begins with `attestation: TOPIC`; `muster attest` writes one"));
        return Vec::new();
    }
    let mut statements = Vec::new();
    for document in &documents {
        let before = diags.len();
        diags.extend(yaml::duplicate_keys(&document.root));
        check(&document.root, &shapes::ATTESTATION_FILE, Strictness::Plain, diags);
        if diags.len() > before {
            continue;
        }
        let nodes = match &document.root.kind {
            Kind::Seq(items) => items.as_slice(),
            Kind::Map(_) | Kind::Scalar(_) => std::slice::from_ref(&document.root),
        };
        statements.extend(nodes.iter().filter_map(|node| statement(node, root, diags)));
    }
    statements
}

fn statement(node: &Node, root: &Path, diags: &mut Vec<Diag>) -> Option<Attestation> {
    let before = diags.len();
    let evidence: Vec<Evidence> =
        items(node.get("evidence")).iter().filter_map(|item| piece(item, diags)).collect();
    shown(node, diags);
    let at = node.get("at").and_then(Node::as_str).and_then(moment)?;
    let until = node.get("valid_until")?;
    let valid_until = until.as_str().and_then(|text| parse_date(text.trim()))?;
    if valid_until < day_of(at) {
        let diag = Diag::error(&code::ATTESTATION, "the statement ends before it was made");
        diags.push(
            diag.at(&until.loc, "the last day on which it counts")
                .at(&node.get("at")?.loc, "when it was made")
                .help("correct one of the two"),
        );
    }
    let (line, _) = node.loc.line_column();
    let found = Attestation {
        topic: text(node.get("attestation"))?,
        by: text(node.get("by"))?,
        at,
        looked_at: text(node.get("looked_at"))?,
        holds: node.get("result").and_then(Node::as_str) == Some("holds"),
        evidence,
        no_evidence: text(node.get("no_evidence")),
        valid_until,
        note: text(node.get("note")),
        place: format!("{}:{line}", inside(Path::new(&*node.loc.source.name), root)).into(),
    };
    (diags.len() == before).then_some(found)
}

/// Evidence, or the reason why there is none: silence is neither.
fn shown(node: &Node, diags: &mut Vec<Diag>) {
    let (evidence, none) = (node.get("evidence"), node.get("no_evidence"));
    match (evidence, none) {
        (Some(_), None) | (None, Some(_)) => {}
        (None, None) => {
            let diag = Diag::error(
                &code::ATTESTATION,
                "the statement says neither what shows it nor why nothing does",
            );
            diags.push(
                diag.at(&node.loc, "").help("write `evidence: [{ link: PATH }]`, or `no_evidence: WHY`"),
            );
        }
        (Some(evidence), Some(none)) => {
            let diag =
                Diag::error(&code::ATTESTATION, "the statement has evidence, and says that it has none");
            diags.push(diag.at(&none.loc, "").at(&evidence.loc, "").help("remove one of the two"));
        }
    }
}

fn piece(node: &Node, diags: &mut Vec<Diag>) -> Option<Evidence> {
    let link_node = node.get("link")?;
    let link = text(Some(link_node))?;
    let evidence = Evidence { link, sha256: None };
    if evidence.is_file() && leads_out(&evidence.link) {
        let diag = Diag::error(&code::ATTESTATION, format!("`{}` leads out of the project", evidence.link));
        diags.push(
            diag.at(&link_node.loc, "")
                .help("put it below the folder of muster.yaml, or give the address at which it is kept"),
        );
        return None;
    }
    let Some(digest) = node.get("sha256") else { return Some(evidence) };
    let hex = text(Some(digest))?.to_ascii_lowercase();
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let diag = Diag::error(&code::ATTESTATION, "this is no SHA-256 digest").at(&digest.loc, "");
        diags.push(diag.help("it has 64 hexadecimal digits: `sha256sum FILE` prints it"));
        return None;
    }
    Some(Evidence { sha256: Some(hex.into()), ..evidence })
}

/// Is it a path that is not surely below the project?
pub(crate) fn leads_out(link: &str) -> bool {
    !Path::new(link).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// A time, or the first moment of a date.
fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    parse_date(text).map_or_else(|| parse_time(text), |day| day.checked_mul(DAY))
}

/// The day of a time, UTC, in days since 1970.
pub fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "attestation: access-review\nby: team\nat: 2026-10-05\nlooked_at: all\nresult: holds\n\
                        evidence: [{ link: a/b.csv }]\nvalid_until: 2026-12-31\n";

    fn read(text: &str) -> (Vec<Attestation>, Vec<String>) {
        let mut diags = Vec::new();
        let source = Source::new("/p/attestations/a.yaml", text);
        let found = decode(&source, Path::new("/p"), &mut diags);
        let said = diags.iter().map(|diag| {
            let place = diag.labels.first().map(|label| label.loc.line_column()).unwrap_or_default();
            format!("{} {}:{}", diag.code.id, place.0, place.1)
        });
        (found, said.collect())
    }

    #[test]
    fn a_date_is_its_first_moment_and_a_statement_knows_its_place() {
        let (found, said) =
            read(&format!("# why\n---\n{GOOD}---\n- {}", GOOD.trim_end().replace('\n', "\n  ")));
        assert_eq!(said, Vec::<String>::new());
        let places: Vec<&str> = found.iter().map(|one| &*one.place).collect();
        assert_eq!(places, ["attestations/a.yaml:3", "attestations/a.yaml:11"]);
        assert_eq!(found[0].at, parse_time("2026-10-05T00:00:00Z").unwrap());
        assert!(found[0].says_the_same(&found[1]));
    }

    #[test]
    fn every_fault_is_shown_at_its_line() {
        let cases = [
            ("by: team\n", "", "missing-key 1:1"),
            ("by: team", "by:", "null-value 2:4"),
            ("by: team", "bye: team", "unknown-key 2:1"),
            ("at: 2026-10-05", "at: yesterday", "bad-value 3:5"),
            ("at: 2026-10-05", "at: 2027-01-01", "attestation 7:14"),
            ("result: holds", "result: good", "bad-value 5:9"),
            ("evidence: [{ link: a/b.csv }]\n", "", "attestation 1:1"),
            ("valid_until", "no_evidence: none\nvalid_until", "attestation 7:14"),
            ("evidence: [{ link: a/b.csv }]", "evidence: []", "bad-value 6:11"),
            ("a/b.csv", "../b.csv", "attestation 6:20"),
            ("a/b.csv", "/etc/passwd", "attestation 6:20"),
            ("a/b.csv", "a/b.csv, sha256: abc", "attestation 6:37"),
            ("valid_until: 2026-12-31\n", "", "missing-key 1:1"),
            ("by: team", "by: team\nby: other", "duplicate-key 3:1"),
        ];
        for (part, other, wanted) in cases {
            let (found, said) = read(&GOOD.replace(part, other));
            assert_eq!((found.len(), said), (0, vec![wanted.to_owned()]), "{other}");
        }
        assert_eq!(read("# nothing\n").1, ["empty-input 0:0"]);
    }

    #[test]
    fn an_address_may_lie_anywhere() {
        let (found, said) = read(&GOOD.replace("a/b.csv", "'https://wiki.example.org/../x'"));
        assert_eq!((found.len(), said.len()), (1, 0));
        assert!(!found[0].evidence[0].is_file());
    }
}
