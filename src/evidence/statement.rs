//! What is signed: an in-toto statement about the list of all files, in a DSSE envelope.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::index::Index;
use super::key::{PublicKey, SigningKey};
use super::manifest::Manifest;
use super::names::MANIFEST;
use super::summary::Summary;
use crate::verdict::Verdict;

/// The media type of a statement within an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// What is signed of an envelope: the pre-authentication encoding of DSSE.
pub fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// An envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    kind: String,
    signatures: Vec<Sealed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    keyid: String,
    sig: String,
}

/// What an envelope holds, as far as it can be read.
pub(super) struct Opened {
    pub(super) payload: Vec<u8>,
    pub(super) keyid: String,
    signature: Vec<u8>,
}

/// Puts a payload into a signed envelope.
pub(super) fn seal(payload: &[u8], key: &SigningKey) -> Result<String, serde_json::Error> {
    let envelope = Envelope {
        payload: STANDARD.encode(payload),
        kind: PAYLOAD_TYPE.to_owned(),
        signatures: vec![Sealed {
            keyid: key.public().id(),
            sig: STANDARD.encode(key.sign(&pae(PAYLOAD_TYPE, payload))),
        }],
    };
    Ok(serde_json::to_string_pretty(&envelope)? + "\n")
}

/// Reads an envelope; the error is a sentence.
pub(super) fn open(text: &str) -> Result<Opened, String> {
    let envelope: Envelope = serde_json::from_str(text).map_err(|error| error.to_string())?;
    // Spaces and line ends are no part of what is signed; nobody may hide something there.
    if serde_json::to_string_pretty(&envelope).map_err(|error| error.to_string())? + "\n" != text {
        return Err("it is not written as muster writes it".to_owned());
    }
    if envelope.kind != PAYLOAD_TYPE {
        return Err(format!("its payload is of type `{}`", envelope.kind));
    }
    let [Sealed { keyid, sig }] = envelope.signatures.as_slice() else {
        return Err(format!("it has {} signatures, and one is expected", envelope.signatures.len()));
    };
    let decoded = |text: &str| STANDARD.decode(text).map_err(|_malformed| "it is no Base64".to_owned());
    let (payload, signature) = (decoded(&envelope.payload)?, decoded(sig)?);
    Ok(Opened { payload, keyid: keyid.clone(), signature })
}

impl Opened {
    /// Did this key sign it?
    pub(super) fn is_of(&self, key: &PublicKey) -> bool {
        key.proves(&pae(PAYLOAD_TYPE, &self.payload), &self.signature)
    }

    /// The digest of the list that it is about.
    pub(super) fn subject(&self) -> Result<String, String> {
        let statement: Json = serde_json::from_slice(&self.payload).map_err(|error| error.to_string())?;
        let subjects = statement.get("subject").and_then(Json::as_array);
        let [subject] = subjects.map(Vec::as_slice).unwrap_or_default() else {
            return Err("it does not speak of exactly one file".to_owned());
        };
        let named = subject.get("name").and_then(Json::as_str) == Some(MANIFEST);
        let digest = subject.get("digest").and_then(|digest| digest.get("sha256")).and_then(Json::as_str);
        digest
            .filter(|_| named)
            .map(str::to_owned)
            .ok_or_else(|| format!("it does not speak of `{MANIFEST}`"))
    }
}

/// Checks by how they stand at the end, each as `POLICY@TARGET`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Results {
    pub(super) passed: Vec<String>,
    pub(super) warned: Vec<String>,
    pub(super) failed: Vec<String>,
}

impl Results {
    pub(super) fn of(summary: &Summary) -> Self {
        let mut found = Self::default();
        for ((policy, target), check) in &summary.checks {
            let name = format!("{policy}@{target}");
            match check.verdict {
                // What is not judged any more is not mended.
                Verdict::Skipped if matches!(check.known, Verdict::Fail | Verdict::Unknown) => {
                    found.failed.push(name);
                }
                // What was not judged is no test that passed.
                Verdict::Skipped if check.worst <= Verdict::Skipped => {}
                Verdict::Pass if check.worst <= Verdict::Pass => found.passed.push(name),
                // It holds at the end, and did not all the time.
                Verdict::Pass | Verdict::Skipped | Verdict::Warn | Verdict::Waived => found.warned.push(name),
                Verdict::Fail | Verdict::Unknown => found.failed.push(name),
            }
        }
        found
    }
}

/// The statement as it is signed.
pub(super) fn statement(
    index: &Index,
    summary: &Summary,
    manifest: &Manifest,
    manifest_digest: &str,
) -> Result<String, serde_json::Error> {
    let Results { passed, warned, failed } = Results::of(summary);
    let result = match (failed.is_empty(), warned.is_empty(), passed.is_empty()) {
        (false, _, _) => "FAILED",
        (true, true, false) => "PASSED",
        (true, _, _) => "WARNED",
    };
    let placed = index.editions.iter().flatten();
    let configuration: Vec<Json> = placed
        .filter_map(|placed| {
            let listed = manifest.files.get(&placed.path)?;
            Some(json!({ "name": placed.path, "digest": { "sha256": listed.digest } }))
        })
        .collect();
    serde_json::to_string(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": MANIFEST, "digest": { "sha256": manifest_digest } }],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": configuration,
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn what_is_signed_is_encoded_as_the_specification_says() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
