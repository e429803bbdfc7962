//! A TLS server with certificates of every kind, made on the spot.
//!
//! It ends when it is dropped.
#![allow(clippy::allow_attributes, dead_code, reason = "each test crate uses a part of this")]

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

type Made<T> = Result<T, Box<dyn Error>>;

/// A certificate and its key; for an authority, something that signs.
pub(crate) struct Cert {
    params: CertificateParams,
    key: KeyPair,
    /// The certificate.
    pub(crate) der: CertificateDer<'static>,
}

impl Cert {
    /// Signed by itself.
    pub(crate) fn own(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made<Self> {
        let (params, key) = params(name, change)?;
        let der = params.self_signed(&key)?.der().clone();
        Ok(Self { params, key, der })
    }

    /// An authority that is its own root.
    pub(crate) fn root(name: &str) -> Made<Self> {
        Self::own(name, authority)
    }

    /// Signed by this one.
    pub(crate) fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made<Self> {
        let (params, key) = params(name, change)?;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer)?.der().clone();
        Ok(Self { params, key, der })
    }

    /// Its key for a server.
    pub(crate) fn key(&self) -> Made<PrivateKeyDer<'static>> {
        Ok(PrivateKeyDer::try_from(self.key.serialize_der())?)
    }

    /// As text.
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// Its key as text.
    pub(crate) fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// Written to a file in this folder.
    pub(crate) fn file(&self, folder: &tempfile::TempDir, name: &str) -> io::Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, self.pem())?;
        Ok(path)
    }

    /// A server that sends this certificate and those after it.
    pub(crate) fn serving(&self, rest: &[&Self]) -> Made<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = [self].iter().chain(rest).map(|cert| cert.der.clone()).collect();
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Arc::new(builder.with_no_client_auth().with_single_cert(chain, self.key()?)?))
    }
}

/// Lets a certificate sign others.
pub(crate) fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn params(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Made<(CertificateParams, KeyPair)> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    change(&mut params);
    Ok((params, KeyPair::generate()?))
}

fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for three in line.chunks(3) {
            let bits =
                three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for digit in 0..4 {
                let index = (bits >> (18 - 6 * digit)) & 63;
                let known = DIGITS.get(index as usize).copied().filter(|_| digit <= three.len());
                text.push(char::from(known.unwrap_or(b'=')));
            }
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// What is said before TLS.
pub(crate) type Preamble = fn(&mut TcpStream) -> io::Result<()>;

/// A running server.
pub(crate) struct TlsServer {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl TlsServer {
    /// TLS from the first byte, without a word after the handshake.
    pub(crate) fn start(config: Arc<ServerConfig>) -> io::Result<Self> {
        Self::speaking(config, |_| Ok(()), Vec::new())
    }

    /// Speaks the preamble, then TLS; answers the first request with these bytes.
    pub(crate) fn speaking(
        config: Arc<ServerConfig>,
        preamble: Preamble,
        answer: Vec<u8>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let server = Self { addr: listener.local_addr()?, stop: Arc::default() };
        let stop = Arc::clone(&server.stop);
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((client, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let (config, answer) = (Arc::clone(&config), answer.clone());
                // The client sees what went wrong.
                thread::spawn(move || drop(serve(client, config, preamble, &answer)));
            }
        });
        Ok(server)
    }

    /// Its address.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn serve(
    mut client: TcpStream,
    config: Arc<ServerConfig>,
    preamble: Preamble,
    answer: &[u8],
) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    preamble(&mut client)?;
    let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut session, &mut client);
    let mut buffer = [0; 16_384];
    if !answer.is_empty() && stream.read(&mut buffer)? > 0 {
        stream.write_all(answer)?;
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
