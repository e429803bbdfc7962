//! What makes a recording the snapshot of a gate: which question of the new system each of its answers is for, what was
//! moved how, and a seal over the whole text.
//!
//! A snapshot is taken before a migration and read after it, perhaps by another person on another machine. What it says
//! is compared with what will be true then, so that a text that was cut, put together again or edited must not pass.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Identity, Move};

/// The version of the section that this build writes, and the only one it reads.
pub const SNAPSHOT: u64 = 1;

/// The section `gate` of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Version of this section.
    pub version: u64,
    /// Key of the keyed digests in it, hexadecimal.
    pub salt: Arc<str>,
    /// For each target of the new side where it comes from.
    pub moves: BTreeMap<Arc<str>, SnapshotMove>,
    /// Who was asked, by name of the source.
    pub sources: BTreeMap<Arc<str>, Identity>,
    /// What is compared: each observation of a policy at a target of the new side.
    pub asked: Vec<SnapshotAsked>,
    /// Which facts were masked, as `--mask` names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<Arc<str>>,
    /// Digest of the text, in which this digest itself is zeros.
    pub seal: Arc<str>,
}

/// Where a target comes from, as the project file said it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotMove {
    /// The source; the target itself if the migration happens in place.
    pub from: Arc<str>,
    /// What is called otherwise there, or stayed behind.
    pub map: Move,
}

/// One observation that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotAsked {
    /// The policy.
    pub policy: Arc<str>,
    /// The target of the new side.
    pub target: Arc<str>,
    /// The observation, by its name in the policy.
    pub observation: Arc<str>,
    /// The position of its answer among the observations; nothing if nobody could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<usize>,
    /// Why nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What stands in the place of the seal while it is made.
pub const UNSEALED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A digest as people and programs write it.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What [`hex`] wrote.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|char| char.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let pairs = digits.filter(|digits| digits.len() % 2 == 0)?;
    pairs.chunks(2).map(|pair| Some(pair.first()? * 16 + pair.last()?)).collect()
}

/// Digest of a text, as it names a snapshot.
pub fn text_digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// The text with its seal in place of [`UNSEALED`], which must stand in it once.
pub fn sealed(text: &str) -> Option<String> {
    (text.matches(UNSEALED).count() == 1).then(|| text.replace(UNSEALED, &text_digest(text)))
}

/// Is it the text that was sealed so?
pub fn is_sealed(text: &str, seal: &str) -> bool {
    let form = seal.len() == UNSEALED.len() && seal != UNSEALED;
    form && text.matches(seal).count() == 1 && text_digest(&text.replace(seal, UNSEALED)) == seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_that_was_sealed_is_sealed() {
        let text = sealed(&format!("{{\"a\": 1, \"seal\": \"{UNSEALED}\"}}\n")).unwrap();
        let seal = text.split('"').nth(5).unwrap();
        assert!(is_sealed(&text, seal));
        assert!(!is_sealed(&text.replace("1,", "2,"), seal), "edited");
        assert!(!is_sealed(text.trim_end(), seal), "cut by one byte");
        assert!(!is_sealed(&text.replace(seal, UNSEALED), UNSEALED), "never sealed");
        assert!(!is_sealed(&text, ""));
        assert_eq!(sealed("without a place"), None);
    }

    #[test]
    fn bytes_come_back() {
        assert_eq!(unhex(&hex(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!((unhex("0g"), unhex("abc")), (None, None));
    }
}
