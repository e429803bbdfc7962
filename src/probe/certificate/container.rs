//! The files that certificates come in: PEM, DER, PKCS#12.
//!
//! A part that cannot be decoded keeps its place among the others, so that a bundle whose second certificate
//! is broken never looks like one that has only the first.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use x509_parser::pem::parse_x509_pem;

use crate::fact::{Cause, Level, Missing};
use crate::probe::path::quoted;
use crate::probe::x509::Certificate;

/// What a file holds.
pub(super) struct Content {
    pub(super) format: &'static str,
    pub(super) certificates: Vec<Result<Certificate, Missing>>,
    pub(super) has_private_key: Result<bool, Missing>,
}

/// Decodes a file. The password is asked for only where one is needed.
pub(super) fn decode(
    path: &str,
    bytes: &[u8],
    password: impl FnOnce() -> Result<Option<crate::secret::Secret>, Missing>,
) -> Result<Content, Missing> {
    if bytes.is_empty() {
        return Err(row(Cause::Empty, format!("`{path}` is empty")));
    }
    let blocks = blocks(bytes);
    if !blocks.is_empty() {
        return pem(path, bytes, &blocks);
    }
    match inner(bytes) {
        Some([0x02, 0x01, 0x03, ..]) => pkcs12(path, bytes, password),
        Some([0x02, ..]) => Err(malformed(path, "holds a key in DER, and no certificate")),
        Some([0x30, ..]) => Ok(der(path, bytes)),
        _ => Err(malformed(path, "is neither PEM nor DER nor PKCS#12")),
    }
}

/// One `-----BEGIN …` of a PEM file.
#[derive(Debug, PartialEq)]
struct Block {
    label: String,
    start: usize,
    /// Where its end line ends; `None` if it has none.
    end: Option<usize>,
    /// Something invisible stands before it.
    hidden: bool,
}

/// The blocks of a PEM file. Lines that begin with the marker count, as for servers: in a comment it means
/// nothing. With a byte order mark or a blank before it, servers do not see the block, and nobody sees why;
/// so it is found here, and told.
fn blocks(bytes: &[u8]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n' || *byte == b'\r') {
        let begin = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start();
        let start = at + (line.len() - begin.len());
        at += line.len();
        if let Some(label) = begin.strip_prefix(b"-----BEGIN ") {
            let label = String::from_utf8_lossy(label);
            let label = label.split("-----").next().unwrap_or_default().trim().to_owned();
            blocks.push(Block { label, start, end: None, hidden: begin.len() < line.len() });
        } else if begin.starts_with(b"-----END ")
            && let Some(open) = blocks.last_mut().filter(|block| block.end.is_none())
        {
            open.end = Some(at);
        }
    }
    blocks
}

fn pem(path: &str, bytes: &[u8], blocks: &[Block]) -> Result<Content, Missing> {
    let wanted = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"];
    let is_certificate = |block: &&Block| wanted.contains(&block.label.as_str());
    let certificates: Vec<_> =
        blocks.iter().filter(is_certificate).map(|block| one_pem(path, bytes, block)).collect();
    if certificates.is_empty() {
        let labels: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
        return Err(malformed(path, &format!("holds no certificate (only {})", labels.join(", "))));
    }
    let mut keys = blocks.iter().filter(|block| block.label.ends_with("PRIVATE KEY")).peekable();
    let found = keys.peek().is_some();
    let has_private_key = match keys.find(|block| block.end.is_none()) {
        Some(_) => Err(malformed(path, "holds a private key without its END line")),
        None => Ok(found),
    };
    Ok(Content { format: "pem", certificates, has_private_key })
}

fn one_pem(path: &str, bytes: &[u8], block: &Block) -> Result<Certificate, Missing> {
    if block.hidden {
        let what = "has a blank or a byte order mark before a `-----BEGIN`, so that servers do not see it";
        return Err(malformed(path, what).fix(format!("sed -i 's/^[^-#]*-----/-----/' {}", quoted(path))));
    }
    let Some(text) = block.end.and_then(|end| bytes.get(block.start..end)) else {
        return Err(malformed(path, "is cut: a certificate has no END line"));
    };
    let (_, pem) = parse_x509_pem(text)
        .map_err(|error| malformed(path, &format!("holds a certificate that is not base64: {error}")))?;
    // What follows a trusted certificate is OpenSSL's own note of what it is trusted for.
    let parsed = if block.label.starts_with("TRUSTED") {
        Certificate::parse(&pem.contents).map(|(certificate, _)| certificate)
    } else {
        Certificate::from_der(&pem.contents)
    };
    parsed.map_err(|error| malformed(path, &format!("holds a certificate that cannot be decoded: {error}")))
}

/// Certificates one after the other.
fn der(path: &str, bytes: &[u8]) -> Content {
    let mut certificates = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match Certificate::parse(rest) {
            Ok((certificate, after)) => {
                certificates.push(Ok(certificate));
                rest = after;
            }
            Err(error) => {
                let at = bytes.len() - rest.len();
                let what = format!("cannot be decoded from byte {at} on: {error}");
                certificates.push(Err(malformed(path, &what)));
                break;
            }
        }
    }
    Content { format: "der", certificates, has_private_key: Ok(false) }
}

/// The bytes within the outermost sequence, which tell what it is.
fn inner(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let skip = if *length > 0x80 { usize::from(*length & 0x7f) } else { 0 };
    (*tag == 0x30).then(|| rest.get(skip..)).flatten()
}

fn pkcs12(
    path: &str,
    bytes: &[u8],
    password: impl FnOnce() -> Result<Option<crate::secret::Secret>, Missing>,
) -> Result<Content, Missing> {
    let password = password()?;
    let text = password.as_ref().map_or("", |secret| secret.expose());
    let archive =
        Pkcs12Archive::from_pkcs12(bytes, text).map_err(|error| refused(path, &error, password.is_some()))?;
    if archive.certs.is_empty() {
        return Err(malformed(path, "is PKCS#12 and holds no certificate"));
    }
    let owned = |bag: &p12_keystore::CertificateBag| {
        archive.keys.iter().any(|key| {
            key.local_key_id.as_ref().is_some_and(|id| Some(id.as_ref()) == bag.local_key_id.as_deref())
        })
    };
    // The certificate of the key comes first, wherever it stands in the file.
    let mut bags: Vec<_> = archive.certs.iter().collect();
    bags.sort_by_key(|bag| !owned(bag));
    let one = |bag: &&p12_keystore::CertificateBag| {
        Certificate::from_der(bag.cert.as_der())
            .map_err(|error| malformed(path, &format!("holds a certificate that cannot be decoded: {error}")))
    };
    let certificates = bags.iter().map(one).collect();
    Ok(Content { format: "pkcs12", certificates, has_private_key: Ok(!archive.keys.is_empty()) })
}

fn refused(path: &str, error: &Error, with_password: bool) -> Missing {
    match error {
        Error::MacError(_) | Error::UnpadError if with_password => {
            row(Cause::Denied, format!("the password of `password_file` does not open `{path}`"))
                .fix(format!("openssl pkcs12 -info -noout -in {}  # asks for the password", quoted(path)))
        }
        Error::MacError(_) | Error::UnpadError => row(Cause::Denied, format!("`{path}` needs a password"))
            .fix("give `password_file:` with the path of a file whose first line is the password"),
        Error::UnsupportedEncryptionScheme
        | Error::UnsupportedMacAlgorithm
        | Error::UnsupportedContentType => {
            row(Cause::Unsupported, format!("`{path}` is PKCS#12 of a kind that cannot be read: {error}"))
                .fix(format!("openssl pkcs12 -in {} -nokeys -out certificates.pem", quoted(path)))
        }
        _ => malformed(path, &format!("looks like PKCS#12 and cannot be decoded: {error}")),
    }
}

fn malformed(path: &str, what: &str) -> Missing {
    row(Cause::Malformed, format!("`{path}` {what}"))
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_lines_and_not_comments() {
        let text =
            b"\xef\xbb\xbf-----BEGIN A-----\nx\n-----END A-----\r\n# -----BEGIN B-----\n-----BEGIN C-----\ny";
        let found = blocks(text);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].label.as_str(), found[0].start), ("A", 3));
        assert!(found[0].end.is_some());
        assert!(found[0].hidden);
        assert_eq!(found[1], Block { label: "C".to_owned(), start: 60, end: None, hidden: false });
    }
}
