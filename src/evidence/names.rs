//! Names of files within evidence.

use sha2::{Digest, Sha256};

use super::{Piece, Role};
use crate::fact::hex;

/// The list of all files.
pub(super) const MANIFEST: &str = "MANIFEST";
/// The signed statement; beside the list, which it covers.
pub(super) const STATEMENT: &str = "statement.dsse.json";
/// The public key.
pub(super) const KEY: &str = "key.pub.pem";
/// Runs, editions and what the evidence is about.
pub(super) const INDEX: &str = "runs.json";
/// For whoever opens the directory.
pub(super) const README: &str = "README.md";
/// The same for programs that read OSCAL.
pub(super) const OSCAL: &str = "oscal/assessment-results.json";

/// What stands in no list, because it comes after it.
pub(super) const UNLISTED: &[&str] = &[MANIFEST, STATEMENT];

/// Longest path.
const LONGEST: usize = 1024;

/// Does this path stay within the directory, and can every tool write it down?
pub(super) fn is_inside(path: &str) -> bool {
    path.len() <= LONGEST
        && !path.contains('\\')
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// The file of what a run saw.
pub(super) fn recording(number: usize) -> String {
    format!("runs/{number:04}.recording.json")
}

/// The file of what was found in it.
pub(super) fn findings(number: usize) -> String {
    format!("runs/{number:04}.findings.json")
}

/// The folder of an edition: the first one is at the top, because mostly there is no other.
pub(super) fn edition(number: usize) -> String {
    if number == 1 { String::new() } else { format!("editions/{number}/") }
}

/// Where a text lies. A project's own files lie as in the project, so that it can be used as one.
pub(super) fn piece(edition_number: usize, piece: &Piece, position: usize) -> String {
    let folder = edition(edition_number);
    let name = &piece.name;
    match &piece.role {
        Role::Library(_) => format!("{folder}policies/{}", name.replacen("builtin:", "builtin/", 1)),
        _ if name.starts_with("builtin:") => {
            format!("{folder}policies/{}", name.replacen("builtin:", "builtin/", 1))
        }
        _ if is_inside(name) => format!("{folder}project/{name}"),
        // It lies beside or above the project.
        _ => {
            let last = name.rsplit('/').next().filter(|last| is_inside(last)).unwrap_or("file");
            format!("{folder}policies/outside/{position:04}-{last}")
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Is it a digest as [`digest`] writes it?
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_climbs_out_is_not_inside() {
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\\b", "a\nb", ".", "a/.."]
        {
            assert!(!is_inside(path), "{path:?}");
        }
        for path in ["MANIFEST", "runs/0001.recording.json", "project/policies/ä b.yaml", "a/..b"] {
            assert!(is_inside(path), "{path:?}");
        }
    }

    #[test]
    fn every_piece_lies_inside() {
        let of =
            |name: &str, role: Role| piece(1, &Piece { name: name.into(), role, text: String::new() }, 7);
        assert_eq!(of("policies/x.yaml", Role::Policy), "project/policies/x.yaml");
        assert_eq!(of("builtin:host/x.yaml", Role::Library("host".into())), "policies/builtin/host/x.yaml");
        assert_eq!(of("../shared/x.yaml", Role::Policy), "policies/outside/0007-x.yaml");
        assert_eq!(of("/etc/m/x.yaml", Role::Policy), "policies/outside/0007-x.yaml");
        assert_eq!(of("..", Role::Policy), "policies/outside/0007-file");
    }
}
