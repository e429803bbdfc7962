//! Declarations of the `certificate` area.

use super::x509;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `certificate.file`
pub(super) static FILE: ProbeDecl = ProbeDecl {
    name: "certificate.file",
    doc: "Certificates in files (PEM, DER, PKCS#12): whom they name, until when they hold, their keys",
    targets: &["host"],
    params: &[
        param("path", Ty::Path, "/etc/ssl/shop.pem", "one file, from `/` on"),
        param("paths", Ty::Paths, "[/etc/ssl/shop.pem, /etc/ssl/ca.p12]", "several files, from `/` on"),
        param("glob", Ty::Path, "/etc/letsencrypt/live/*/fullchain.pem", "the files of a pattern"),
        param("follow", Ty::Bool, "true", "with `glob`: also files and directories behind symbolic links")
            .default("true"),
        param("password_file", Ty::Path, "/etc/muster/p12.pass", "file whose first line opens PKCS#12 files"),
    ],
    facts: &[
        field("path", Ty::Path, "/etc/ssl/shop.pem", "the file"),
        field(
            "position",
            Ty::Int,
            "0",
            "place in the file from 0 on; servers want their own certificate at 0",
        ),
        field("format", Ty::Enum(&["pem", "der", "pkcs12"]), "pem", "how the file is written"),
        x509::SUBJECT,
        x509::ISSUER,
        x509::SERIAL,
        x509::NOT_BEFORE,
        x509::NOT_AFTER,
        x509::IS_CA,
        x509::SELF_SIGNED,
        x509::NAMES,
        x509::KEY_TYPE,
        x509::KEY_BITS,
        x509::SIGNATURE_ALGORITHM,
        x509::FINGERPRINT,
        field(
            "has_private_key",
            Ty::Bool,
            "true",
            "the file holds a private key; the key itself is never a fact",
        ),
    ],
    declared: Declared::No,
    key: &["path", "position"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads each file, at most 1 MiB; opening PKCS#12 takes some milliseconds of computing",
    locks: "none",
    feature: None,
};
