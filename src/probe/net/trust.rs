//! What is to be said about a chain: trust, name and date, each apart from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::CertificateError;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::fault;
use crate::fact::{Cause, Cell, Missing, RowBuilder, Value};
use crate::probe::x509::{self, Certificate};

/// The facts that a chain gives besides those of its first certificate.
pub(super) const FACTS: &[&str] =
    &["chain_not_after", "chain_length", "trusted", "name_matches", "date_valid", "verify_error", "protocol"];

/// What was said of chains in this answer: a hundred ports of one machine often show one chain, and to judge it takes
/// as long as to ask for it.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<(Vec<CertificateDer<'static>>, ServerName<'static>), Verdict>>);

impl Known {
    /// Judges a chain that was not seen with this name yet. All that is judged here has one clock and one verifier.
    pub(super) fn judge(&self, judged: &Judged<'_>) -> Verdict {
        let key = (judged.chain.to_vec(), judged.name.clone());
        let known = |known: &HashMap<_, Verdict>| known.get(&key).cloned();
        if let Some(verdict) = known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return verdict;
        }
        // Not under the lock: another chain would wait for this one.
        let verdict = judged.judge();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, verdict.clone());
        verdict
    }
}

/// What is to be said.
#[derive(Clone)]
pub(super) struct Verdict {
    /// The server's own certificate.
    pub(super) leaf: Result<Certificate, Arc<Missing>>,
    /// The facts of the chain.
    pub(super) cells: Vec<(&'static str, Cell)>,
}

impl Verdict {
    /// Sets all of it in a row.
    pub(super) fn fill(self, row: RowBuilder<'_>) -> RowBuilder<'_> {
        let row = match &self.leaf {
            Ok(leaf) => leaf.fill(row),
            Err(why) => row.missing_all(x509::FACTS, why),
        };
        self.cells.into_iter().fold(row, |row, (name, cell)| row.cell(name, cell))
    }
}

/// What the authorities say of a chain, or why that cannot be known.
type Verified = Result<Result<(), CertificateError>, Arc<Missing>>;

/// What is judged.
pub(super) struct Judged<'a> {
    /// The chain as it was sent, the server's own certificate first.
    pub(super) chain: &'a [CertificateDer<'static>],
    /// The name that was asked for.
    pub(super) name: &'a ServerName<'static>,
    /// Now, in microseconds since 1970, by our clock.
    pub(super) now: i64,
    /// Whom we trust, or why that is not known.
    pub(super) verifier: &'a Result<Arc<dyn ServerCertVerifier>, Arc<Missing>>,
}

impl Judged<'_> {
    /// The server's own certificate, and the facts of the chain but not the protocol.
    pub(super) fn judge(&self) -> Verdict {
        let decoded: Vec<Result<Certificate, Arc<Missing>>> = self.chain.iter().map(decode).collect();
        let dates: Result<Vec<(i64, i64)>, Arc<Missing>> = decoded
            .iter()
            .map(|one| one.as_ref().map(|c| (c.not_before, c.not_after)).map_err(Arc::clone))
            .collect();
        let end = |dates: &Vec<(i64, i64)>| Value::or_null(dates.iter().map(|d| d.1).min().map(Value::Int));
        let valid = |dates: &Vec<(i64, i64)>| {
            !dates.is_empty() && dates.iter().all(|d| (d.0..=d.1).contains(&self.now))
        };
        // Two facts follow from it, and the signatures are most of the work.
        let verified = self.verify(self.now);
        let cells = vec![
            ("chain_length", Ok(Value::count(self.chain.len() as u64))),
            ("chain_not_after", dates.as_ref().map(end).map_err(Arc::clone)),
            ("date_valid", dates.as_ref().map(|d| Value::Bool(valid(d))).map_err(Arc::clone)),
            ("name_matches", self.name_matches()),
            ("trusted", self.trusted(&verified, &decoded)),
            ("verify_error", verify_error(verified)),
        ];
        let none = || Err(Arc::new(fault::row(Cause::Malformed, "the server sent no certificate")));
        Verdict { leaf: decoded.into_iter().next().unwrap_or_else(none), cells }
    }

    fn verify(&self, micros: i64) -> Verified {
        let verifier = self.verifier.as_ref().map_err(Arc::clone)?;
        let Some((leaf, rest)) = self.chain.split_first() else {
            return Ok(Err(CertificateError::BadEncoding));
        };
        let seconds = u64::try_from(micros.div_euclid(1_000_000)).unwrap_or(0);
        let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        match verifier.verify_server_cert(leaf, rest, self.name, &[], at) {
            Ok(_) => Ok(Ok(())),
            Err(rustls::Error::InvalidCertificate(why)) => Ok(Err(why)),
            Err(error) => {
                let what = format!("the chain cannot be judged: {error}");
                Err(Arc::new(fault::row(Cause::Malformed, what)))
            }
        }
    }

    /// A path of the chain is valid from the latest begin among its certificates on, if it ever is; so the
    /// begin of each certificate is tried. A wrong name is found only on a path that is trusted.
    fn trusted(&self, verified: &Verified, decoded: &[Result<Certificate, Arc<Missing>>]) -> Cell {
        let begins = decoded.iter().flatten().map(|certificate| certificate.not_before);
        let mut refused = false;
        for verified in std::iter::once(verified.clone()).chain(begins.map(|at| self.verify(at))) {
            match verified? {
                Ok(())
                | Err(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
                    return Ok(Value::Bool(true));
                }
                Err(why) if is_date(&why) => {}
                Err(_) => refused = true,
            }
        }
        if refused {
            return Ok(Value::Bool(false));
        }
        fault::row(Cause::Undecidable, "the certificates of the chain are never valid at the same time")
            .fix("renew them; until then nobody can tell whether the chain is trusted")
            .cell()
    }

    fn name_matches(&self) -> Cell {
        let leaf = self.chain.first();
        let Some(Ok(leaf)) = leaf.map(ParsedCertificate::try_from) else {
            if leaf.is_some_and(has_no_names) {
                return Ok(Value::Bool(false));
            }
            return fault::row(
                Cause::Malformed,
                "the certificate cannot be decoded well enough to compare names",
            )
            .cell();
        };
        match verify_server_name(&leaf, self.name) {
            Ok(()) => Ok(Value::Bool(true)),
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(Value::Bool(false)),
            Err(error) => {
                fault::row(Cause::Malformed, format!("the names of the certificate cannot be read: {error}"))
                    .cell()
            }
        }
    }
}

fn verify_error(verified: Verified) -> Cell {
    Ok(verified?.map_or_else(|why| Value::text(fault::words(&why)), |()| Value::Null))
}

/// What the library does not take at all can still be known to have no names.
fn has_no_names(der: &CertificateDer<'static>) -> bool {
    let parsed = X509Certificate::from_der(der);
    parsed.is_ok_and(|(_, parsed)| matches!(parsed.subject_alternative_name(), Ok(None)))
}

fn decode(der: &CertificateDer<'static>) -> Result<Certificate, Arc<Missing>> {
    Certificate::from_der(der).map_err(|error| Arc::new(fault::row(Cause::Malformed, error)))
}

fn is_date(error: &CertificateError) -> bool {
    use CertificateError as E;
    matches!(error, E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. })
}
