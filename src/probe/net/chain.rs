//! `tls.chain`: what certificates does a server present?

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::TlsConnector;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::endpoint::{Endpoint, NotOpen, Until, asked, dial, each};
use super::starttls::Preamble;
use super::trust::{self, Judged, Known};
use super::{fault, tls};
use crate::fact::{Cause, Cell, Missing, Value, micros_of};
use crate::probe::{Answer, Ask, Context, Observing, Probe, x509};

/// The body of `tls.chain`.
pub(in crate::probe) struct Chain;

impl Probe for Chain {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let endpoints = asked(ask.request, &cx.target)?;
    let preamble = preamble(ask, cx);
    let server_name = ask.request.args.text("server_name").map(Arc::<str>::from);
    // The recorder of each endpoint takes the place of this one.
    let config = tls::client(&cx.target.tls, Recorder::new()).await?;
    let verifier = tls::verifier(&cx.target.tls).await.map_err(Arc::new);
    let (now, known) = (micros_of(cx.clock.now()), Arc::<Known>::default());
    let answers = each(cx, &endpoints, |endpoint, until| {
        let (server_name, config, verifier) = (server_name.clone(), config.clone(), verifier.clone());
        let known = Arc::clone(&known);
        async move {
            let name = name(server_name.as_deref().unwrap_or(&endpoint.host))?;
            let seen = see(&endpoint, preamble, &name, config, until).await?;
            // Judged here and not at the end, where a thousand chains would be judged after the deadline.
            let mut verdict =
                known.judge(&Judged { chain: &seen.chain, name: &name, now, verifier: &verifier });
            verdict.cells.push(("protocol", seen.protocol()));
            Ok::<_, Missing>(verdict)
        }
    })
    .await;
    let mut table = ask.table();
    for (endpoint, answer) in endpoints.iter().zip(answers) {
        let row = table.row().set("endpoint", Value::text(endpoint.to_string()));
        match answer {
            Ok(verdict) => verdict.fill(row).push(),
            Err(why) => {
                let why = Arc::new(why);
                row.missing_all(x509::FACTS, &why).missing_all(trust::FACTS, &why).push();
            }
        }
    }
    Ok(Answer::new(table.finish()))
}

fn preamble(ask: &Ask<'_>, cx: &Context) -> Preamble {
    match (ask.request.args.text("starttls"), &cx.target.url) {
        (Some(word), _) => Preamble::of_word(word),
        (None, Some(url)) => Preamble::of_scheme(url.scheme()),
        (None, None) => Preamble::None,
    }
}

fn name(host: &str) -> Result<ServerName<'static>, Missing> {
    ServerName::try_from(host.to_owned()).map_err(|error| {
        fault::row(Cause::WrongType, format!("`{host}` cannot be a server's name: {error}"))
            .fix("write a DNS name or an address into `server_name`")
    })
}

/// What a handshake showed.
#[derive(Clone, Debug, Default)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    /// Set when the server has proved that it holds the key of its certificate.
    protocol: Option<&'static str>,
}

impl Seen {
    fn protocol(&self) -> Cell {
        let unproved = || fault::row(Cause::Internal, "a handshake ended well without a proof of the key");
        self.protocol.map(Value::text).ok_or_else(|| Arc::new(unproved()))
    }
}

async fn see(
    endpoint: &Endpoint,
    preamble: Preamble,
    name: &ServerName<'static>,
    mut config: ClientConfig,
    until: Until,
) -> Result<Seen, Missing> {
    let mut stream = dial(endpoint, until).await.map_err(NotOpen::missing)?.stream;
    let peer = endpoint.to_string();
    let slow = |doing| fault::timeout(&peer, doing, until.within);
    timeout_at(until.at, preamble.speak(&mut stream, &peer))
        .await
        .map_err(|_elapsed| slow("what is spoken before TLS"))??;
    let recorder = Recorder::new();
    config.resumption = Resumption::disabled();
    config.dangerous().set_certificate_verifier(Arc::<Recorder>::clone(&recorder));
    let connecting = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream);
    match timeout_at(until.at, connecting).await {
        Ok(Ok(mut open)) => {
            // A farewell that cannot be said changes nothing about what was seen.
            let _said = timeout(Duration::from_millis(50), open.shutdown()).await;
            Ok(recorder.seen())
        }
        Ok(Err(error)) => proved(&recorder, &error).ok_or_else(|| unproved(&error, &peer)),
        Err(_elapsed) => Err(slow("the TLS handshake")),
    }
}

/// A server that wants a certificate of ours ends the handshake, but only after it has proved its own.
fn proved(recorder: &Recorder, error: &io::Error) -> Option<Seen> {
    let alert = matches!(fault::inside(error), Some(rustls::Error::AlertReceived(_)));
    Some(recorder.seen()).filter(|seen| alert && seen.protocol.is_some())
}

/// The recorder refuses nothing but a signature by another key.
fn unproved(error: &io::Error, peer: &str) -> Missing {
    match fault::inside(error) {
        Some(rustls::Error::InvalidCertificate(why)) => {
            let what = format!("{peer} does not prove that it holds the key of its certificate ({why:?})");
            fault::row(Cause::Malformed, what).fix("see that the server's key belongs to its certificate")
        }
        _ => fault::of_io(error, peer),
    }
}

/// Accepts every chain and remembers it, but still checks that the server holds the key. Nothing is sent over
/// such a connection; the chain is judged afterwards.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Seen>,
}

impl Recorder {
    fn new() -> Arc<Self> {
        Arc::new(Self { provider: tls::provider(), seen: Mutex::default() })
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same check with nothing but the key, for certificates that the library does not take at all (X.509
    /// version 1): they are bad, and their date is still wanted.
    fn by_key(
        &self,
        error: rustls::Error,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let wrong = matches!(error, rustls::Error::InvalidCertificate(CertificateError::BadSignature));
        let Some((_, parsed)) = X509Certificate::from_der(cert).ok().filter(|_| !wrong) else {
            return Err(error);
        };
        let key = SubjectPublicKeyInfoDer::from(parsed.public_key().raw);
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = [end_entity].into_iter().chain(intermediates).map(|der| der.clone().into_owned());
        self.note(|seen| seen.chain = chain.collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let valid = verify_tls12_signature(message, cert, dss, algorithms)
            .or_else(|error| self.by_key(error, message, cert, dss))?;
        self.note(|seen| seen.protocol = Some("TLSv1.2"));
        Ok(valid)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let valid = verify_tls13_signature(message, cert, dss, algorithms)
            .or_else(|error| self.by_key(error, message, cert, dss))?;
        self.note(|seen| seen.protocol = Some("TLSv1.3"));
        Ok(valid)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
