//! What an error of the network means: its cause, in words that say what to do.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustls::AlertDescription as Alert;

use crate::fact::{Cause, Level, Missing};

/// A fault of one row.
pub(super) fn row(cause: Cause, what: impl Into<String>) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

/// An argument or address that cannot be used.
pub(super) fn argument(what: impl Into<String>) -> Missing {
    Missing::new(Cause::WrongType, what)
}

/// It did not come in time.
pub(super) fn timeout(peer: &str, doing: &str, within: Duration) -> Missing {
    row(Cause::Timeout, format!("{peer}: {doing} took longer than {} ms", within.as_millis()))
        .fix("see whether a firewall drops the packets; raise the target's `limits: { deadline }` if it is only slow")
}

/// The name has no address.
pub(super) fn unresolved(host: &str, error: &dyn std::fmt::Display) -> Missing {
    row(Cause::Unreachable, format!("the name `{host}` does not resolve: {error}"))
        .fix(format!("correct the name, or the resolver of this machine: `getent hosts {host}`"))
}

/// An error of a connection, with the words of TLS if it is one of those.
pub(super) fn of_io(error: &io::Error, peer: &str) -> Missing {
    if let Some(inner) = inside(error) {
        return of_tls(inner, peer);
    }
    if is_limit(error) {
        return row(Cause::Limit, format!("{peer}: {error}"))
            .fix("allow muster more open files: `ulimit -n 4096`");
    }
    let (cause, what) = match error.kind() {
        ErrorKind::ConnectionRefused => (Cause::Unreachable, "refused the connection: nothing listens there"),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            (Cause::Unreachable, "broke the connection off")
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
            (Cause::Unreachable, "cannot be reached from this machine")
        }
        ErrorKind::TimedOut => (Cause::Timeout, "did not answer"),
        ErrorKind::UnexpectedEof => {
            (Cause::Incomplete, "closed the connection before its answer was complete")
        }
        ErrorKind::PermissionDenied => (Cause::Denied, "may not be connected to from this machine"),
        ErrorKind::InvalidData => (Cause::Malformed, "did not answer as its protocol says"),
        _ => (Cause::Unreachable, "cannot be reached"),
    };
    let why = row(cause, format!("{peer} {what} ({error})"));
    match error.kind() {
        ErrorKind::ConnectionRefused => why.fix(
            "start the service, or correct the address; on its machine `ss -ltnp` shows who listens where",
        ),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            why.fix("see that the machine is up and that a route leads there: `ip route get ADDRESS`")
        }
        _ => why,
    }
}

/// Is it a limit of this process or machine?
fn is_limit(error: &io::Error) -> bool {
    let limits = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    limits.iter().any(|limit| error.raw_os_error() == Some(limit.raw_os_error()))
}

/// The TLS error inside an I/O error.
pub(super) fn inside(error: &io::Error) -> Option<&rustls::Error> {
    innermost(error).get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
}

/// The I/O error inside others of its kind.
fn innermost(error: &io::Error) -> &io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or(error, innermost)
}

/// An error of a TLS handshake.
pub(super) fn of_tls(error: &rustls::Error, peer: &str) -> Missing {
    match error {
        rustls::Error::AlertReceived(alert) => of_alert(*alert, peer),
        rustls::Error::InvalidMessage(_) => {
            row(Cause::Malformed, format!("{peer} does not speak TLS there ({error})"))
                .fix("correct the port, or say with `starttls` what is spoken before TLS")
        }
        rustls::Error::PeerIncompatible(_) => unsupported(peer, error),
        rustls::Error::InvalidCertificate(why) => {
            let what = format!("{peer}: its certificate is not accepted: {}", words(why));
            row(Cause::Unreachable, what).fix(
                "look at it with the probe `tls.chain`; name the authority with the target's `tls: { ca }`",
            )
        }
        _ => row(Cause::Malformed, format!("{peer} broke the TLS protocol ({error})")),
    }
}

fn of_alert(alert: Alert, peer: &str) -> Missing {
    match alert {
        Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity => {
            unsupported(peer, &format!("alert {alert:?}"))
        }
        Alert::CertificateRequired
        | Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnknownCA
        | Alert::AccessDenied => {
            row(Cause::Denied, format!("{peer} wants another certificate of ours (alert {alert:?})"))
                .fix("set the target's `tls: { cert, key }`")
        }
        Alert::UnrecognisedName => {
            row(Cause::Absent, format!("{peer} has no certificate for this name (alert {alert:?})"))
                .fix("correct `server_name`, or the server's virtual hosts")
        }
        _ => row(Cause::Malformed, format!("{peer} ended the TLS handshake (alert {alert:?})")),
    }
}

fn unsupported(peer: &str, error: &dyn std::fmt::Display) -> Missing {
    let what = format!("{peer} accepts neither TLS 1.2 nor 1.3 with ciphers that are safe today ({error})");
    row(Cause::Unsupported, what).fix(format!(
        "let the server speak TLS 1.2 or 1.3; see what it offers: `openssl s_client -connect {peer}`"
    ))
}

/// What is wrong with a certificate, for a person.
pub(super) fn words(error: &rustls::CertificateError) -> String {
    use rustls::CertificateError as E;
    match error {
        E::UnknownIssuer => {
            "its issuer is not among the trusted authorities, or the server does not send the certificates between"
                .to_owned()
        }
        E::Expired | E::ExpiredContext { .. } => "it, or one of its chain, has expired".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => "it, or one of its chain, is not valid yet".to_owned(),
        E::NotValidForName | E::NotValidForNameContext { .. } => "it is not valid for this name".to_owned(),
        E::BadSignature => "a signature in it is wrong".to_owned(),
        E::Other(inner) => match inner.to_string().as_str() {
            "UnsupportedCertVersion" => "it is an X.509 certificate of version 1, which clients refuse".to_owned(),
            "CaUsedAsEndEntity" => {
                "it is the certificate of an authority, which clients refuse as that of a server".to_owned()
            }
            said => format!("it cannot be used: {said}"),
        },
        other => other.to_string(),
    }
}

/// An error of an HTTP exchange. The address is left out of the error's own words: it may hold a secret.
pub(super) fn of_http(error: reqwest::Error, peer: &str) -> Missing {
    let error = error.without_url();
    if error.is_dns() {
        return unresolved(peer.rsplit_once(':').map_or(peer, |(host, _)| host), &root(&error));
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return of_tls(tls, peer);
        }
        let io = inner.downcast_ref::<io::Error>().map(innermost);
        if let Some(io) = io.filter(|io| io.kind() != ErrorKind::Other || inside(io).is_some()) {
            return of_io(io, peer);
        }
        cause = inner.source();
    }
    let said = root(&error);
    // The HTTP library tells an early end from nonsense only by these words; tests hold both.
    let cut = ["closed before", "end of file", "unexpected EOF", "before message completed"];
    if cut.iter().any(|words| said.contains(words)) {
        return row(
            Cause::Incomplete,
            format!("{peer} closed the connection before its answer was complete"),
        );
    }
    row(Cause::Malformed, format!("{peer} did not answer as HTTP says ({said})"))
}

/// The innermost words of an error, which are the only ones that say anything.
fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(next) = innermost.source() {
        innermost = next;
    }
    innermost.to_string()
}
