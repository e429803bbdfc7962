//! Ed25519 keys as `openssl genpkey -algorithm ed25519` writes them.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::names::digest;

/// What stands before the 32 bytes of a public key in its DER form (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// 1.3.101.112
const OID: &str = "1.3.101.112";

/// A key that signs. It has no way to be shown.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// A key that proves who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    bytes: Vec<u8>,
}

/// The only block of a PEM text, with its label.
fn block(text: &str) -> Result<Pem, String> {
    let mut blocks = Pem::iter_from_buffer(text.as_bytes());
    let first =
        blocks.next().ok_or("it holds no key in PEM form")?.map_err(|_malformed| "it is no PEM text")?;
    match blocks.next() {
        None => Ok(first),
        Some(_) => Err("it holds more than one block of PEM".to_owned()),
    }
}

impl SigningKey {
    /// From a PKCS#8 PEM text; the error is a sentence that shows nothing of it.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let pem = block(text)?;
        match pem.label.as_str() {
            "PRIVATE KEY" => {}
            "PUBLIC KEY" => return Err("it is a public key, and only the private one can sign".to_owned()),
            "CERTIFICATE" => return Err("it is a certificate, and not a private key".to_owned()),
            "ENCRYPTED PRIVATE KEY" => {
                return Err("it is locked by a passphrase, which nobody can be asked for".to_owned());
            }
            _ => return Err("it is no private key in PKCS#8 form (`BEGIN PRIVATE KEY`)".to_owned()),
        }
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pem.contents)
            .map_err(|_unfit| "it is a private key, and not an Ed25519 one".to_owned())?;
        let public = PublicKey { bytes: pair.public_key().as_ref().to_vec() };
        Ok(Self { pair, public })
    }

    /// The key that proves it.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl PublicKey {
    /// From a PEM text; the error is a sentence.
    pub fn from_pem(text: &str) -> Result<Self, String> {
        let pem = block(text)?;
        if pem.label.ends_with("PRIVATE KEY") {
            return Err("it is a private key; give the public one".to_owned());
        }
        if pem.label != "PUBLIC KEY" {
            return Err("it is no public key (`BEGIN PUBLIC KEY`)".to_owned());
        }
        let (rest, info) = SubjectPublicKeyInfo::from_der(&pem.contents)
            .map_err(|_malformed| "it is no public key".to_owned())?;
        let bytes = info.subject_public_key.data.to_vec();
        if info.algorithm.algorithm.to_id_string() != OID || !rest.is_empty() || bytes.len() != 32 {
            return Err("it is a public key, and not an Ed25519 one".to_owned());
        }
        Ok(Self { bytes })
    }

    fn der(&self) -> Vec<u8> {
        SPKI.iter().chain(&self.bytes).copied().collect()
    }

    /// As the text of a file.
    pub fn to_pem(&self) -> String {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(self.der());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    /// What it is called: the SHA-256 of its DER form.
    pub fn id(&self) -> String {
        digest(&self.der())
    }

    /// Did its owner sign this?
    pub(super) fn proves(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature).is_ok()
    }
}
