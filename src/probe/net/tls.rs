//! The one place that knows which TLS library and provider are used, and whom we trust.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::fact::{Cause, Missing};
use crate::probe::{TlsFiles, blocking};

/// The cryptography of this build, also installed as the default of the process for libraries that ask for it.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        // Somebody else may have been first; then that one is the default, and it is the same.
        let _first = rustls::crypto::ring::default_provider().install_default();
        Arc::new(rustls::crypto::ring::default_provider())
    }))
}

/// Judges chains: the authorities of the target's `ca` file, or else those of the platform, which are read
/// once per process.
pub(super) async fn verifier(files: &TlsFiles) -> Result<Arc<dyn ServerCertVerifier>, Missing> {
    let ca = files.ca.clone();
    blocking(move || match ca {
        Some(path) => of_file(&path),
        None => of_platform(),
    })
    .await
}

fn of_platform() -> Result<Arc<dyn ServerCertVerifier>, Missing> {
    static PLATFORM: OnceLock<Arc<dyn ServerCertVerifier>> = OnceLock::new();
    if let Some(known) = PLATFORM.get() {
        return Ok(Arc::clone(known));
    }
    // A failure is not remembered: a daemon sees authorities that were installed after its start.
    let read = rustls_platform_verifier::Verifier::new(provider()).map_err(|error| {
        Missing::new(Cause::Absent, format!("this machine's certificate authorities cannot be read: {error}"))
            .fix("install them (`apt install ca-certificates`), or set the target's `tls: { ca }`")
    })?;
    Ok(Arc::clone(PLATFORM.get_or_init(|| Arc::new(read))))
}

fn of_file(path: &Path) -> Result<Arc<dyn ServerCertVerifier>, Missing> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, "ca")? {
        roots.add(certificate).map_err(|error| unusable(path, "ca", &error))?;
    }
    let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    Ok(built.map_err(|error| unusable(path, "ca", &error))?)
}

/// The certificates of a PEM file; at least one.
fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>, Missing> {
    regular(path, what)?;
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| of_pem(path, what, &error))?;
    if found.is_empty() {
        return Err(unusable(path, what, &"it holds no certificate in PEM form"));
    }
    Ok(found)
}

/// A pipe would hold us up for ever. What is not there is told by who opens it.
fn regular(path: &Path, what: &str) -> Result<(), Missing> {
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            let text = format!("`tls: {{ {what} }}`: {} is no regular file", path.display());
            Err(Missing::new(Cause::WrongType, text).fix("name a file with PEM text"))
        }
        _ => Ok(()),
    }
}

fn of_pem(path: &Path, what: &str, error: &PemError) -> Missing {
    let PemError::Io(io) = error else { return unusable(path, what, error) };
    let cause = match io.kind() {
        std::io::ErrorKind::NotFound => Cause::Absent,
        std::io::ErrorKind::PermissionDenied => Cause::Denied,
        _ => Cause::Malformed,
    };
    let file = path.display();
    Missing::new(cause, format!("`tls: {{ {what} }}`: {file} cannot be read: {io}"))
        .fix(format!("let the user that runs muster read it: `ls -l {file}`"))
}

fn unusable(path: &Path, what: &str, error: &dyn std::fmt::Display) -> Missing {
    let file = path.display();
    Missing::new(Cause::Malformed, format!("`tls: {{ {what} }}`: {file} cannot be used: {error}"))
        .fix(format!("put PEM text into it; see what it holds: `openssl x509 -in {file} -noout -text`"))
}

/// Our own certificate with its key, if the target's entry has one.
type Identity = Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>;

async fn identity(files: &TlsFiles) -> Result<Identity, Missing> {
    let (cert, key) = match (&files.cert, &files.key) {
        (None, None) => return Ok(None),
        (Some(cert), key) => (cert.clone(), key.clone().unwrap_or_else(|| cert.clone())),
        (None, Some(_)) => {
            return Err(Missing::new(Cause::Absent, "`tls: { key }` is set without `cert`")
                .fix("set `tls: { cert }` too"));
        }
    };
    blocking(move || {
        let chain = certificates(&cert, "cert")?;
        regular(&key, "key")?;
        let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| of_pem(&key, "key", &error))?;
        Ok(Some((chain, key)))
    })
    .await
}

/// A client of that verifier, with our own certificate if the target's entry has one.
pub(super) async fn client(
    files: &TlsFiles,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ClientConfig, Missing> {
    let internal =
        |error: rustls::Error| Missing::new(Cause::Internal, format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(internal)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match identity(files).await? {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            Missing::new(Cause::Malformed, format!("`tls: {{ cert, key }}` cannot be used: {error}"))
                .fix("see that the key belongs to the certificate")
        }),
    }
}
