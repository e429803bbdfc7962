//! Facts of one X.509 certificate, the same wherever one is found (a file, a server's chain).

use crate::fact::{FieldDecl, Ty, field};

/// Whom it names.
pub(super) const SUBJECT: FieldDecl =
    field("subject", Ty::Text, "CN=shop.example.org", "whom the certificate names");
/// Who signed it.
pub(super) const ISSUER: FieldDecl =
    field("issuer", Ty::Text, "C=US, O=Let's Encrypt, CN=R11", "who signed the certificate");
/// Serial number.
pub(super) const SERIAL: FieldDecl =
    field("serial", Ty::Text, "04:8d:1f:9c", "serial number, in hexadecimal with colons");
/// Begin of validity.
pub(super) const NOT_BEFORE: FieldDecl =
    field("not_before", Ty::Time, "2026-09-01T00:00:00Z", "begin of its validity");
/// End of validity.
pub(super) const NOT_AFTER: FieldDecl = field(
    "not_after",
    Ty::Time,
    "2026-12-01T00:00:00Z",
    "end of its validity; the year 9999 says that it does not end",
);
/// Authority?
pub(super) const IS_CA: FieldDecl =
    field("is_ca", Ty::Bool, "false", "may sign other certificates (basic constraints)");
/// Its own issuer?
pub(super) const SELF_SIGNED: FieldDecl = field(
    "self_signed",
    Ty::Bool,
    "false",
    "issuer and subject are the same name; the signature is not checked",
);
/// Subject alternative names.
pub(super) const NAMES: FieldDecl = field(
    "names",
    Ty::Texts,
    "[shop.example.org, www.example.org, 192.0.2.7]",
    "subject alternative names: hosts, addresses, mail, URIs; empty if it has none",
);
/// Kind of key.
pub(super) const KEY_TYPE: FieldDecl =
    field("key_type", Ty::Enum(&["rsa", "ec", "ed25519", "other"]), "ec", "kind of its public key");
/// Size of the key.
pub(super) const KEY_BITS: FieldDecl = field("key_bits", Ty::Int, "256", "size of its public key in bits")
    .null("not known for this kind of key");
/// Algorithm of the signature.
pub(super) const SIGNATURE_ALGORITHM: FieldDecl = field(
    "signature_algorithm",
    Ty::Text,
    "sha256WithRSAEncryption",
    "algorithm with which it was signed, or its object identifier",
);
/// Fingerprint.
pub(super) const FINGERPRINT: FieldDecl =
    field("fingerprint_sha256", Ty::Text, "3f1a…", "SHA-256 of the whole certificate, in hexadecimal");
