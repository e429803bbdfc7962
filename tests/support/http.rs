//! A small HTTP/1.1 server that says exactly what a test wants, right or wrong.
//!
//! One request per connection. It ends when it is dropped.
#![allow(clippy::allow_attributes, dead_code, reason = "each test crate uses a part of this")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// GET, HEAD …
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads the head of a request.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            from.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
            if head.len() > 65_536 {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or("").split(' ').map(str::to_owned);
        let headers = lines.filter_map(|line| line.split_once(": "));
        Ok(Self {
            method: first.next().unwrap_or_default(),
            path: first.next().unwrap_or_default(),
            headers: headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect(),
        })
    }
}

/// What is answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    parts: Vec<Vec<u8>>,
    pause: Duration,
}

impl Reply {
    /// A whole answer with its length.
    pub(crate) fn new(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Self {
        Self::with(status, &[("Content-Type", kind)], body)
    }

    /// The same with these headers.
    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len().to_string();
        let all: Vec<(&str, &str)> =
            headers.iter().copied().chain([("Content-Length", length.as_str())]).collect();
        Self::raw([head(status, &all).into_bytes(), body.to_vec()].concat())
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, to: &str) -> Self {
        Self::with(status, &[("Location", to)], "")
    }

    /// Parts of unknown length, as a server that streams sends them.
    pub(crate) fn chunked(kind: &str, parts: &[&str]) -> Self {
        let mut all =
            vec![head(200, &[("Content-Type", kind), ("Transfer-Encoding", "chunked")]).into_bytes()];
        all.extend(parts.iter().map(|part| format!("{:x}\r\n{part}\r\n", part.len()).into_bytes()));
        all.push(b"0\r\n\r\n".to_vec());
        Self { parts: all, pause: Duration::ZERO }
    }

    /// These bytes, whatever they are.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self { parts: vec![bytes.as_ref().to_vec()], pause: Duration::ZERO }
    }

    /// The same, with a pause before each part.
    pub(crate) fn slow(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// All bytes, for a server that speaks TLS.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head + "\r\n"
}

/// A running server.
pub(crate) struct Http {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

impl Http {
    /// Answers every request by this function.
    pub(crate) fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let http = Self { addr: listener.local_addr()?, asked: Arc::default(), stop: Arc::default() };
        let (asked, stop) = (Arc::clone(&http.asked), Arc::clone(&http.stop));
        let handler: Arc<Handler> = Arc::new(handler);
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((client, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(2));
                    continue;
                };
                let (asked, handler) = (Arc::clone(&asked), Arc::clone(&handler));
                // The client sees what went wrong.
                thread::spawn(move || drop(serve(client, &asked, &*handler)));
            }
        });
        Ok(http)
    }

    /// Always the same answer.
    pub(crate) fn always(reply: Reply) -> io::Result<Self> {
        Self::start(move |_| reply.clone())
    }

    /// Its address.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn serve(mut client: TcpStream, asked: &Mutex<Vec<Asked>>, handler: &Handler) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    let request = Asked::read(&mut client)?;
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    let reply = handler(&request);
    for part in &reply.parts {
        thread::sleep(reply.pause);
        client.write_all(part)?;
    }
    client.shutdown(Shutdown::Write)?;
    // Until the client has closed too; else what it still sends would reset the connection.
    while client.read(&mut [0; 1024])? > 0 {}
    Ok(())
}
