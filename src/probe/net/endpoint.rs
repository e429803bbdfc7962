//! Addresses, how they are asked for, and how they are connected to.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use url::{Host, Url};

use super::fault;
use crate::fact::{Cause, Missing, Request};
use crate::probe::{Context, Target};

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Name or address, without brackets.
    pub(super) host: Arc<str>,
    /// Port.
    pub(super) port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(out, "[{}]:{}", self.host, self.port)
        } else {
            write!(out, "{}:{}", self.host, self.port)
        }
    }
}

impl Endpoint {
    /// `host:port` or `[address]:port`.
    pub(super) fn parse(text: &str) -> Result<Self, Missing> {
        let wrong = || {
            fault::argument(format!("`{text}` is not `host:port`"))
                .fix("write for example `db.internal:5432` or `[::1]:443`")
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let legal = match inner {
            Some(address) => address.parse::<IpAddr>().is_ok(),
            None => !host.is_empty() && !host.contains(|c: char| ":/@?# ".contains(c)),
        };
        if legal { Ok(Self { host: Arc::from(inner.unwrap_or(host)), port }) } else { Err(wrong()) }
    }

    /// The address of a target.
    pub(super) fn of_url(url: &Url) -> Result<Self, Missing> {
        let host = host_of(url)?;
        let port = url.port().or_else(|| default_port(url.scheme())).ok_or_else(|| {
            fault::argument(format!("the target's `{}` address has no port", url.scheme()))
                .fix("write the port into its `url`")
        })?;
        Ok(Self { host, port })
    }
}

fn host_of(url: &Url) -> Result<Arc<str>, Missing> {
    match url.host() {
        Some(Host::Domain(name)) if name.to_ascii_lowercase().starts_with("%2f") => Err(socket()),
        Some(Host::Domain(name)) if !name.is_empty() => Ok(Arc::from(name)),
        Some(Host::Ipv4(address)) => Ok(Arc::from(address.to_string())),
        Some(Host::Ipv6(address)) => Ok(Arc::from(address.to_string())),
        _ => Err(socket()),
    }
}

fn socket() -> Missing {
    Missing::new(Cause::Unsupported, "the target's address has no host: it is reached through a local socket")
        .fix("name the network address with `host` and `port`, or `endpoints`")
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" | "postgresql" => Some(5432),
        "mysql" | "mariadb" => Some(3306),
        "smtp" => Some(25),
        _ => None,
    }
}

/// The endpoints of a request: `endpoints`, or `host` and `port`, or the target's own. Each one once.
pub(super) fn asked(request: &Request, target: &Target) -> Result<Vec<Endpoint>, Missing> {
    let mut found = Vec::new();
    for text in request.args.texts("endpoints") {
        found.push(Endpoint::parse(&text)?);
    }
    let (host, port) = (request.args.text("host"), request.args.int("port"));
    if found.is_empty() || host.is_some() || port.is_some() {
        found.push(single(host, port, target)?);
    }
    let mut known = HashSet::new();
    found.retain(|endpoint| known.insert(endpoint.to_string()));
    Ok(found)
}

fn single(host: Option<&str>, port: Option<i64>, target: &Target) -> Result<Endpoint, Missing> {
    let own = target.url.as_ref().map(Endpoint::of_url);
    let port = match (port, &own) {
        (Some(port), _) => u16::try_from(port)
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| fault::argument(format!("`port: {port}` is not between 1 and 65535")))?,
        (None, Some(own)) => own.clone()?.port,
        (None, None) => {
            return Err(Missing::new(Cause::Empty, "no endpoint is named and the target has no address")
                .fix("write `with: { endpoints: [host:port] }`"));
        }
    };
    let host = match (host, own) {
        (Some(host), _) => Arc::from(host.trim_start_matches('[').trim_end_matches(']')),
        (None, Some(own)) => own?.host,
        (None, None) => Arc::from("localhost"),
    };
    Ok(Endpoint { host, port })
}

/// How many endpoints are asked at once.
const AT_ONCE: usize = 64;

/// Asks all endpoints, many at once, and gives the answers in order. Each gets its share of the time, so that
/// silent ones cannot use up that of the others, and all end a little before the deadline. Each is a task of its own,
/// for a hundred handshakes on one core last twice as long as on two; who stops waiting ends them.
pub(super) async fn each<T: Send + 'static, Asking: Future<Output = T> + Send + 'static>(
    cx: &Context,
    endpoints: &[Endpoint],
    ask: impl Fn(Endpoint, Until) -> Asking,
) -> Vec<T> {
    let end = cutoff(cx);
    let waves = u32::try_from(endpoints.len().div_ceil(AT_ONCE)).unwrap_or(u32::MAX).max(1);
    let within = end.saturating_duration_since(Instant::now()) / waves;
    let mut waiting = endpoints.iter().cloned().enumerate();
    let mut asking = JoinSet::new();
    let mut answers = Vec::with_capacity(endpoints.len());
    loop {
        while asking.len() < AT_ONCE
            && let Some((index, endpoint)) = waiting.next()
        {
            let at = (Instant::now() + within).min(end);
            asking.spawn(numbered(index, ask(endpoint, Until { at, within })));
        }
        match asking.join_next().await {
            Some(Ok(answer)) => answers.push(answer),
            // Nobody ends a single one, so it panicked, which is told of the whole probe.
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => break,
        }
    }
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn numbered<T>(index: usize, asking: impl Future<Output = T>) -> (usize, T) {
    (index, asking.await)
}

/// A little before the deadline, so that what was read still reaches the observer.
pub(super) fn cutoff(cx: &Context) -> Instant {
    let margin = (cx.remaining() / 10).min(Duration::from_millis(200));
    cx.deadline.checked_sub(margin).unwrap_or(cx.deadline)
}

/// A deadline, with its length for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    /// When.
    pub(super) at: Instant,
    /// How long that was from the start.
    pub(super) within: Duration,
}

/// An open connection.
pub(super) struct Open {
    /// The connection.
    pub(super) stream: TcpStream,
    /// Where to.
    pub(super) address: SocketAddr,
    /// How long connecting took.
    pub(super) took: Duration,
}

/// Why there is no connection.
pub(super) enum NotOpen {
    /// The machine is there, and says that nothing listens.
    Refused(Missing),
    /// Nobody knows.
    Unknown(Missing),
}

impl NotOpen {
    /// The fault, where a refusal is one too.
    pub(super) fn missing(self) -> Missing {
        match self {
            Self::Refused(why) | Self::Unknown(why) => why,
        }
    }
}

/// Connects to the first address of the endpoint that accepts.
pub(super) async fn dial(endpoint: &Endpoint, until: Until) -> Result<Open, NotOpen> {
    let peer = endpoint.to_string();
    let slow = |doing: &str| NotOpen::Unknown(fault::timeout(&peer, doing, until.within));
    let addresses = match timeout_at(until.at, resolve(endpoint)).await {
        Ok(found) => found.map_err(NotOpen::Unknown)?,
        Err(_elapsed) => return Err(slow("resolving the name")),
    };
    match timeout_at(until.at, first(&addresses)).await {
        Ok(Ok(open)) => Ok(open),
        Ok(Err(errors)) => Err(verdict(&errors, &peer)),
        Err(_elapsed) => Err(slow("connecting")),
    }
}

async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, Missing> {
    if let Ok(address) = endpoint.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, endpoint.port)]);
    }
    match tokio::net::lookup_host((&*endpoint.host, endpoint.port)).await {
        Ok(found) => {
            let addresses: Vec<SocketAddr> = found.collect();
            if addresses.is_empty() {
                return Err(fault::unresolved(&endpoint.host, &"it has no address"));
            }
            Ok(addresses)
        }
        Err(error) => Err(fault::unresolved(&endpoint.host, &error)),
    }
}

/// Tries all addresses, each a moment after the one before; the first connection wins.
async fn first(addresses: &[SocketAddr]) -> Result<Open, Vec<io::Error>> {
    let mut trying: FuturesUnordered<_> =
        addresses.iter().zip(0u32..).map(|(address, index)| attempt(*address, index)).collect();
    let mut errors = Vec::new();
    while let Some(outcome) = trying.next().await {
        match outcome {
            Ok(open) => return Ok(open),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

async fn attempt(address: SocketAddr, index: u32) -> io::Result<Open> {
    if index > 0 {
        sleep(Duration::from_millis(50) * index.min(4)).await;
    }
    let start = Instant::now();
    let stream = TcpStream::connect(address).await?;
    Ok(Open { stream, address, took: start.elapsed() })
}

/// Refused only if every address that this machine has a way to refused: one that is silent may be open.
fn verdict(errors: &[io::Error], peer: &str) -> NotOpen {
    let refused = |error: &io::Error| error.kind() == ErrorKind::ConnectionRefused;
    let no_family = |error: &io::Error| {
        matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable)
            || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
    };
    let other = errors.iter().find(|error| !refused(error) && !no_family(error));
    match (other, errors.iter().find(|error| refused(error)), errors.first()) {
        (None, Some(error), _) => NotOpen::Refused(fault::of_io(error, peer)),
        (Some(error), _, _) | (None, None, Some(error)) => NotOpen::Unknown(fault::of_io(error, peer)),
        (None, None, None) => NotOpen::Unknown(fault::unresolved(peer, &"it has no address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_strictly() {
        for (text, host, port) in [("db.internal:5432", "db.internal", 5432), ("[::1]:443", "::1", 443)] {
            let found = Endpoint::parse(text).unwrap();
            assert_eq!((&*found.host, found.port), (host, port));
            assert_eq!(found.to_string(), text);
        }
        for text in
            ["db", "db:", ":1", "db:0", "db:65536", "::1:443", "[db]:1", "u:p@db:1", "db/x:1", "db :1"]
        {
            assert_eq!(Endpoint::parse(text).unwrap_err().cause, Cause::WrongType, "{text}");
        }
    }

    #[test]
    fn addresses_of_targets_have_their_ports() {
        let of = |url: &str| Endpoint::of_url(&Url::parse(url).unwrap());
        for (url, expected) in [
            ("https://shop.test/x", "shop.test:443"),
            ("postgres://me@[::1]/db", "[::1]:5432"),
            ("mysql://me@10.0.0.1:3307/db", "10.0.0.1:3307"),
            ("tls://shop.test:8443", "shop.test:8443"),
        ] {
            assert_eq!(of(url).unwrap().to_string(), expected);
        }
        assert_eq!(of("tcp://shop.test").unwrap_err().cause, Cause::WrongType);
        assert_eq!(of("postgres:///db?host=/run/postgresql").unwrap_err().cause, Cause::Unsupported);
        assert_eq!(of("postgres://%2Frun%2Fpostgresql/db").unwrap_err().cause, Cause::Unsupported);
    }

    #[test]
    fn one_silent_address_keeps_a_refusal_from_being_certain() {
        let refused = || io::Error::from(ErrorKind::ConnectionRefused);
        let unroutable = || io::Error::from(ErrorKind::HostUnreachable);
        let no_ipv6 = || io::Error::from(ErrorKind::NetworkUnreachable);
        assert!(matches!(verdict(&[refused(), no_ipv6()], "x"), NotOpen::Refused(_)));
        assert!(matches!(verdict(&[refused(), unroutable()], "x"), NotOpen::Unknown(_)));
        assert!(matches!(verdict(&[no_ipv6()], "x"), NotOpen::Unknown(_)));
    }
}
