//! One X.509 certificate as facts, shared by every probe that meets certificates.
//!
//! A part that cannot be decoded is `unknown: malformed` by itself: an extension that is broken does not hide
//! the date on which the certificate ends, and is never an empty list.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::fact::{Cause, Cell, Level, Missing, RowBuilder, Value};

/// The facts that [`Certificate::fill`] sets, for rows of a certificate that could not be read.
pub(crate) const FACTS: &[&str] = &[
    "subject",
    "issuer",
    "serial",
    "not_before",
    "not_after",
    "is_ca",
    "self_signed",
    "names",
    "key_type",
    "key_bits",
    "signature_algorithm",
    "fingerprint_sha256",
];

/// A certificate that was decoded.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Begin of validity, in microseconds since 1970.
    pub(crate) not_before: i64,
    /// End of validity, in microseconds since 1970; the year 9999 fits.
    pub(crate) not_after: i64,
    cells: Vec<Cell>,
}

impl Certificate {
    /// Decodes one certificate; bytes after it are handed back.
    pub(crate) fn parse(der: &[u8]) -> Result<(Self, &[u8]), String> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| format!("not an X.509 certificate: {error}"))?;
        Ok((Self::of(&parsed), rest))
    }

    /// Decodes one certificate that must be the whole of the bytes.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, String> {
        match Self::parse(der)? {
            (certificate, []) => Ok(certificate),
            (_, rest) => Err(format!("{} bytes follow the certificate", rest.len())),
        }
    }

    fn of(parsed: &X509Certificate<'_>) -> Self {
        let (not_before, not_after) =
            (micros(parsed.validity().not_before), micros(parsed.validity().not_after));
        let (key_type, key_bits) = key(parsed.public_key());
        let cells = vec![
            Ok(Value::text(parsed.subject().to_string())),
            Ok(Value::text(parsed.issuer().to_string())),
            Ok(Value::text(parsed.raw_serial_as_string())),
            Ok(Value::Int(not_before)),
            Ok(Value::Int(not_after)),
            is_ca(parsed),
            Ok(Value::Bool(parsed.subject().as_raw() == parsed.issuer().as_raw())),
            names(parsed),
            Ok(Value::text(key_type)),
            Ok(Value::or_null(key_bits.map(Value::count))),
            Ok(Value::text(algorithm(parsed))),
            Ok(Value::text(hex(&Sha256::digest(parsed.as_raw())))),
        ];
        Self { not_before, not_after, cells }
    }

    /// Sets the facts of [`FACTS`] in a row.
    pub(crate) fn fill<'a>(&self, row: RowBuilder<'a>) -> RowBuilder<'a> {
        FACTS.iter().zip(&self.cells).fold(row, |row, (name, cell)| row.cell(name, cell.clone()))
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let written = write!(out, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
        out
    })
}

fn micros(at: ASN1Time) -> i64 {
    at.timestamp().saturating_mul(1_000_000)
}

fn malformed(what: String) -> Cell {
    Missing::new(Cause::Malformed, what).level(Level::Row).cell()
}

fn is_ca(parsed: &X509Certificate<'_>) -> Cell {
    match parsed.basic_constraints() {
        Ok(found) => Ok(Value::Bool(found.is_some_and(|constraints| constraints.value.ca))),
        Err(error) => malformed(format!("the basic constraints cannot be decoded: {error}")),
    }
}

fn names(parsed: &X509Certificate<'_>) -> Cell {
    match parsed.subject_alternative_name() {
        Ok(None) => Ok(Value::List(Arc::new([]))),
        Ok(Some(found)) => Ok(Value::List(found.value.general_names.iter().map(name).collect())),
        Err(error) => malformed(format!("the alternative names cannot be decoded: {error}")),
    }
}

fn name(name: &GeneralName<'_>) -> Cell {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Ok(Value::text(text))
        }
        GeneralName::IPAddress(bytes) => match address(bytes) {
            Some(address) => Ok(Value::text(address.to_string())),
            None => malformed(format!("an address of {} bytes among the alternative names", bytes.len())),
        },
        GeneralName::DirectoryName(name) => Ok(Value::text(name.to_string())),
        GeneralName::RegisteredID(oid) => Ok(Value::text(oid.to_id_string())),
        GeneralName::OtherName(oid, _) => Ok(Value::text(format!("other name {}", oid.to_id_string()))),
        GeneralName::X400Address(_) => Ok(Value::text("X.400 address")),
        GeneralName::EDIPartyName(_) => Ok(Value::text("EDI party name")),
        GeneralName::Invalid(..) => malformed("one of the alternative names cannot be decoded".to_owned()),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    four.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

/// Kind and size of a public key. RSA keys for PSS only are RSA keys; the size of a curve is that of the
/// curve (521, not the 528 bits of its encoding).
fn key(info: &SubjectPublicKeyInfo<'_>) -> (&'static str, Option<u64>) {
    let oid = info.algorithm.algorithm.to_id_string();
    match (oid.as_str(), info.parsed()) {
        ("1.3.101.112", _) => ("ed25519", Some(256)),
        ("1.2.840.113549.1.1.10", _) => {
            ("rsa", RSAPublicKey::from_der(&info.subject_public_key.data).ok().map(|(_, key)| modulus(&key)))
        }
        (_, Ok(PublicKey::RSA(key))) => ("rsa", Some(modulus(&key))),
        ("1.2.840.113549.1.1.1", _) => ("rsa", None),
        ("1.2.840.10045.2.1", parsed) => {
            let size =
                parsed.ok().and_then(|key| u64::try_from(key.key_size()).ok()).filter(|size| *size > 0);
            ("ec", curve(info).or(size))
        }
        _ => ("other", None),
    }
}

fn modulus(key: &RSAPublicKey<'_>) -> u64 {
    let mut bytes = key.modulus.iter().skip_while(|byte| **byte == 0);
    let first = bytes.next().map_or(0, |byte| u64::from(8 - byte.leading_zeros()));
    bytes.fold(first, |bits, _| bits + 8)
}

fn curve(info: &SubjectPublicKeyInfo<'_>) -> Option<u64> {
    let oid = info.algorithm.parameters.as_ref()?.as_oid().ok()?;
    match oid.to_id_string().as_str() {
        "1.3.132.0.33" => Some(224),
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" => Some(256),
        "1.3.132.0.34" => Some(384),
        "1.3.132.0.35" => Some(521),
        _ => None,
    }
}

fn algorithm(parsed: &X509Certificate<'_>) -> String {
    let oid = &parsed.signature_algorithm.algorithm;
    match oid.to_id_string().as_str() {
        "1.3.101.112" => "ed25519".to_owned(),
        "1.3.101.113" => "ed448".to_owned(),
        id => oid2sn(oid, oid_registry()).map_or_else(|_unknown| id.to_owned(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SanType, date_time_ymd};

    use super::*;
    use crate::fact::{Type, show};

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["shop.test".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "shop.test");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn value(certificate: &Certificate, name: &str) -> Value {
        certificate.cells[FACTS.iter().position(|known| *known == name).unwrap()].clone().unwrap()
    }

    #[test]
    fn a_certificate_becomes_facts() {
        let der = made(|params| {
            params.not_before = date_time_ymd(2026, 1, 2);
            params.not_after = date_time_ymd(2027, 1, 2);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.subject_alt_names.push(SanType::IpAddress("192.0.2.7".parse().unwrap()));
        });
        let certificate = Certificate::from_der(&der).unwrap();
        let subject = value(&certificate, "subject");
        assert!(subject.as_text().unwrap().contains("CN=shop.test"), "{subject:?}");
        assert_eq!(value(&certificate, "names"), Value::texts(["shop.test", "192.0.2.7"]));
        assert_eq!(show(&value(&certificate, "not_before"), &Type::Time), "2026-01-02T00:00:00Z");
        assert_eq!(show(&Value::Int(certificate.not_after), &Type::Time), "2027-01-02T00:00:00Z");
        assert_eq!(value(&certificate, "is_ca"), Value::Bool(true));
        assert_eq!(value(&certificate, "self_signed"), Value::Bool(true));
        assert_eq!(value(&certificate, "key_type"), Value::text("ec"));
        assert_eq!(value(&certificate, "key_bits"), Value::Int(256));
        assert_eq!(value(&certificate, "signature_algorithm"), Value::text("ecdsa-with-SHA256"));
        assert_eq!(value(&certificate, "fingerprint_sha256"), Value::text(hex(&Sha256::digest(&der))));
    }

    #[test]
    fn a_certificate_that_never_ends_has_a_date() {
        let mut der = made(|params| params.not_after = date_time_ymd(4096, 1, 1));
        let at = der.windows(15).position(|window| window == b"40960101000000Z").unwrap();
        der[at..at + 15].copy_from_slice(b"99991231235959Z");
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.not_after, 253_402_300_799_000_000);
        assert_eq!(show(&Value::Int(certificate.not_after), &Type::Time), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn every_fact_has_its_cell() {
        let certificate = Certificate::from_der(&made(|_| ())).unwrap();
        assert_eq!(certificate.cells.len(), FACTS.len());
    }

    #[test]
    fn no_part_of_a_certificate_is_a_certificate() {
        let der = made(|_| ());
        for end in 0..der.len() {
            assert!(Certificate::from_der(&der[..end]).is_err(), "{end} bytes");
        }
        let longer = [der, vec![0]].concat();
        assert!(Certificate::from_der(&longer).unwrap_err().contains("1 bytes follow"));
    }

    #[test]
    fn no_flipped_byte_makes_it_panic() {
        let der = made(|_| ());
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = der.clone();
                broken[at] ^= flip;
                drop(Certificate::from_der(&broken));
            }
        }
    }
}
