//! A server that breaks in the ways that servers break, for the fault matrix of every probe that speaks TCP.
//!
//! It stands before a real server ([`Faults::before`]) or gives a canned answer ([`Faults::answering`],
//! [`Faults::greeting`]). Its [`Mode`] can be switched while connections are open, so that a test can kill
//! a server in the middle. It runs on threads of its own, and ends when it is dropped.
#![allow(clippy::allow_attributes, dead_code, reason = "each test crate uses a part of this")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How it breaks. Numbers of bytes count what the client gets on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does not: everything passes.
    Forward,
    /// Nothing listens; open connections are closed.
    Refuse,
    /// It accepts, and sends nothing after this many bytes.
    Hang {
        /// So much still passes.
        after: usize,
    },
    /// One byte at a time.
    Drip {
        /// The pause before each byte.
        every: Duration,
    },
    /// Random bytes instead of the answer, then the end.
    Garbage,
    /// The connection is closed in good order after this many bytes; 0 is the empty answer.
    Cut {
        /// So much still passes.
        after: usize,
    },
    /// The connection is reset (RST) after this many bytes.
    Reset {
        /// So much still passes.
        after: usize,
    },
}

impl Mode {
    /// It accepts, and never says a word.
    pub(crate) const HANG: Self = Self::Hang { after: 0 };
    /// It accepts, listens, and closes without a byte.
    pub(crate) const EMPTY: Self = Self::Cut { after: 0 };
    /// It accepts, and resets the connection.
    pub(crate) const RESET: Self = Self::Reset { after: 0 };

    /// How many more bytes may pass after `sent`.
    fn allowance(self, sent: usize) -> usize {
        match self {
            Self::Forward => usize::MAX,
            Self::Hang { after } | Self::Cut { after } | Self::Reset { after } => after.saturating_sub(sent),
            Self::Drip { .. } => 1,
            Self::Refuse | Self::Garbage => 0,
        }
    }
}

/// Where the answers come from.
#[derive(Clone)]
enum Source {
    /// A real server.
    Upstream(SocketAddr),
    /// These bytes, after the client has spoken.
    Answer(Arc<[u8]>),
    /// These bytes, at once.
    Greeting(Arc<[u8]>),
}

struct Shared {
    mode: Mutex<Mode>,
    stop: AtomicBool,
    accepted: AtomicUsize,
}

impl Shared {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A running fault server.
pub(crate) struct Faults {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

/// How often waiting threads look whether the mode has changed.
const TICK: Duration = Duration::from_millis(5);

impl Faults {
    /// Stands before a real server.
    pub(crate) fn before(upstream: SocketAddr, mode: Mode) -> io::Result<Self> {
        Self::start(Source::Upstream(upstream), mode)
    }

    /// Gives this answer on each connection once the client has sent something, then closes.
    pub(crate) fn answering(answer: impl AsRef<[u8]>, mode: Mode) -> io::Result<Self> {
        Self::start(Source::Answer(Arc::from(answer.as_ref())), mode)
    }

    /// Sends this on each connection at once (servers that speak first), then stays open.
    pub(crate) fn greeting(greeting: impl AsRef<[u8]>, mode: Mode) -> io::Result<Self> {
        Self::start(Source::Greeting(Arc::from(greeting.as_ref())), mode)
    }

    /// An address at which nothing listens. It stays bound as long as the process runs, so that no other test gets it; whoever binds
    /// it by name can listen there.
    pub(crate) fn refused() -> io::Result<SocketAddr> {
        static KEPT: Mutex<Vec<tokio::net::TcpSocket>> = Mutex::new(Vec::new());
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = socket.local_addr()?;
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
        Ok(addr)
    }

    /// Its address.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Breaks otherwise from now on, also on open connections.
    pub(crate) fn set(&self, mode: Mode) {
        *self.shared.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        thread::sleep(TICK * 4);
    }

    /// How many connections it has accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    fn start(source: Source, mode: Mode) -> io::Result<Self> {
        let listener = listen(0)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            mode: Mutex::new(mode),
            stop: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
        });
        let theirs = Arc::clone(&shared);
        let first = if mode == Mode::Refuse { None } else { Some(listener) };
        thread::spawn(move || accept(first, addr.port(), &source, &theirs));
        Ok(Self { addr, shared })
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

/// A server whose queue of connections is full: the client's first packet is never answered, as behind a
/// firewall that drops.
pub(crate) struct Blackhole {
    addr: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl Blackhole {
    /// Listens with the shortest queue and fills it.
    pub(crate) fn new() -> io::Result<Self> {
        // A thread of its own: a runtime may not end inside another one.
        thread::spawn(Self::fill).join().map_err(|_panic| io::Error::other("the filling thread ended"))?
    }

    fn fill() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let _inside = runtime.enter();
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::UNSPECIFIED, 0).into())?;
        let listener = socket.listen(0)?.into_std()?;
        let addr = (Ipv4Addr::LOCALHOST, listener.local_addr()?.port()).into();
        let mut fillers = Vec::new();
        while let Ok(filler) = TcpStream::connect_timeout(&addr, Duration::from_millis(100)) {
            fillers.push(filler);
        }
        Ok(Self { addr, _listener: listener, _fillers: fillers })
    }

    /// Its address; its port is as silent on all of 127.0.0.0/8.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Accepts until stopped. In mode `Refuse` the port is closed; it is opened again after it.
fn accept(mut listener: Option<TcpListener>, port: u16, source: &Source, shared: &Arc<Shared>) {
    while !shared.is_stopped() {
        if shared.mode() == Mode::Refuse {
            listener = None;
        } else if listener.is_none() {
            listener = listen(port).ok();
        }
        match listener.as_ref().map(TcpListener::accept) {
            Some(Ok((client, _))) => {
                shared.accepted.fetch_add(1, Ordering::Relaxed);
                let (source, shared) = (source.clone(), Arc::clone(shared));
                // The client sees the end of its connection; there is nobody here to tell more.
                thread::spawn(move || drop(serve(client, &source, &shared)));
            }
            _ => thread::sleep(TICK),
        }
    }
}

/// One connection.
struct Line {
    client: TcpStream,
    shared: Arc<Shared>,
    /// Has the client sent anything?
    spoken: AtomicBool,
}

impl Line {
    /// Waits until the client has spoken, so that what follows breaks an answer and not a connection.
    fn listen(&self, ticks: u32) {
        for _ in 0..ticks {
            if self.spoken.load(Ordering::Relaxed) || self.shared.is_stopped() {
                return;
            }
            thread::sleep(TICK);
        }
    }

    /// The client's next bytes; `None` at the end, when stopped, and when nothing listens any more.
    fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match (&self.client).read(buffer) {
                Ok(0) => return Ok(None),
                Ok(count) => {
                    self.spoken.store(true, Ordering::Relaxed);
                    return Ok(Some(count));
                }
                Err(error) if is_waiting(&error) => {
                    if self.shared.is_stopped() || self.shared.mode() == Mode::Refuse {
                        return Ok(None);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn serve(client: TcpStream, source: &Source, shared: &Arc<Shared>) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_nodelay(true)?;
    client.set_read_timeout(Some(TICK))?;
    let speaks_first = matches!(source, Source::Greeting(_));
    let line = Arc::new(Line { client, shared: Arc::clone(shared), spoken: AtomicBool::new(speaks_first) });
    match source {
        Source::Upstream(addr) => {
            let upstream = TcpStream::connect(addr)?;
            upstream.set_nodelay(true)?;
            upstream.set_read_timeout(Some(TICK))?;
            let (theirs, to) = (Arc::clone(&line), upstream.try_clone()?);
            thread::spawn(move || drop(copy_up(&theirs, &to)));
            let end = answer(&line, &upstream);
            drop(upstream.shutdown(Shutdown::Both));
            end
        }
        Source::Answer(bytes) => {
            drain(&line);
            line.listen(400);
            answer(&line, &**bytes)
        }
        Source::Greeting(bytes) => {
            drain(&line);
            answer(&line, bytes.chain(Silence))
        }
    }
}

/// A reader that never gets anything, as a server that waits for its client.
struct Silence;

impl Read for Silence {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        thread::sleep(TICK);
        Err(ErrorKind::WouldBlock.into())
    }
}

/// Passes the client's bytes on, whatever the mode: what breaks is the answer.
fn copy_up(line: &Line, mut to: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    while let Some(count) = line.read(&mut buffer)? {
        to.write_all(buffer.get(..count).unwrap_or_default())?;
    }
    to.shutdown(Shutdown::Write)
}

/// Reads what the client sends, so that closing is not a reset because something was unread.
fn drain(line: &Arc<Line>) {
    let line = Arc::clone(line);
    thread::spawn(move || {
        let mut buffer = [0; 16_384];
        while let Ok(Some(_)) = line.read(&mut buffer) {}
    });
}

/// Passes the answer on, as far as the mode lets it.
fn answer(line: &Line, mut from: impl Read) -> io::Result<()> {
    let (mut sent, mut out) = (0, &line.client);
    let mut buffer = [0; 16_384];
    loop {
        let mode = line.shared.mode();
        let allowed = mode.allowance(sent).min(buffer.len());
        if allowed == 0 {
            if matches!(mode, Mode::Hang { .. }) && !line.shared.is_stopped() && !is_closed(&line.client) {
                thread::sleep(TICK);
                continue;
            }
            return end(line, mode);
        }
        let room = buffer.get_mut(..allowed).unwrap_or_default();
        match from.read(room) {
            Ok(0) => return line.client.shutdown(Shutdown::Write),
            Ok(count) => {
                if let Mode::Drip { every } = mode {
                    thread::sleep(every);
                }
                out.write_all(room.get(..count).unwrap_or_default())?;
                sent += count;
            }
            Err(error) if is_waiting(&error) && !line.shared.is_stopped() => {}
            Err(error) => return Err(error),
        }
    }
}

/// Ends the connection in the way of the mode.
fn end(line: &Line, mode: Mode) -> io::Result<()> {
    if mode != Mode::Refuse {
        line.listen(20);
    }
    match mode {
        Mode::Garbage => garbage(&line.client),
        Mode::Reset { .. } => reset(&line.client),
        _ => line.client.shutdown(Shutdown::Both),
    }
}

fn is_waiting(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Has the client gone? Somebody else may read from it, so an error other than waiting decides.
fn is_closed(client: &TcpStream) -> bool {
    matches!(client.take_error(), Ok(Some(_)) | Err(_))
}

/// 4 KiB that look like nothing, the same in every run.
fn garbage(mut client: &TcpStream) -> io::Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = vec![0xfe, 0x00];
    for _ in 0..512 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    client.write_all(&bytes)?;
    client.shutdown(Shutdown::Write)
}

/// Ends with RST instead of FIN: lingering is set to zero. The standard library cannot do that yet.
fn reset(client: &TcpStream) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _inside = runtime.enter();
    let copy = client.try_clone()?;
    copy.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(copy)?.set_zero_linger()?;
    // Ends the reading thread, whose hold on the connection keeps it open; sends nothing.
    client.shutdown(Shutdown::Read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(addr: SocketAddr) -> io::Result<Vec<u8>> {
        let mut client = TcpStream::connect_timeout(&addr, Duration::from_millis(300))?;
        client.set_read_timeout(Some(Duration::from_millis(300)))?;
        client.write_all(b"hello")?;
        let mut got = Vec::new();
        loop {
            let mut buffer = [0; 1000];
            match client.read(&mut buffer)? {
                0 => return Ok(got),
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn kind(addr: SocketAddr) -> ErrorKind {
        talk(addr).expect_err("broken").kind()
    }

    #[test]
    fn each_mode_breaks_as_it_says() {
        let server = Faults::answering("answer", Mode::Forward).unwrap();
        assert_eq!(talk(server.addr()).unwrap(), b"answer");
        server.set(Mode::Cut { after: 3 });
        assert_eq!(talk(server.addr()).unwrap(), b"ans");
        server.set(Mode::EMPTY);
        assert_eq!(talk(server.addr()).unwrap(), b"");
        server.set(Mode::Drip { every: Duration::from_millis(1) });
        assert_eq!(talk(server.addr()).unwrap(), b"answer");
        server.set(Mode::Garbage);
        assert_eq!(talk(server.addr()).unwrap().len(), 4098);
        server.set(Mode::Reset { after: 3 });
        assert_eq!(kind(server.addr()), ErrorKind::ConnectionReset);
        server.set(Mode::Hang { after: 3 });
        assert_eq!(kind(server.addr()), ErrorKind::WouldBlock);
        server.set(Mode::Refuse);
        assert_eq!(kind(server.addr()), ErrorKind::ConnectionRefused);
        server.set(Mode::Forward);
        assert_eq!(talk(server.addr()).unwrap(), b"answer");
        assert_eq!(server.accepted(), 8);
    }

    #[test]
    fn it_can_be_killed_while_forwarding() {
        let upstream = Faults::greeting("welcome", Mode::Forward).unwrap();
        let server = Faults::before(upstream.addr(), Mode::Forward).unwrap();
        let mut client = TcpStream::connect(server.addr()).unwrap();
        let mut greeting = [0; 7];
        client.read_exact(&mut greeting).unwrap();
        assert_eq!(&greeting, b"welcome");
        server.set(Mode::Refuse);
        client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(matches!(client.read(&mut greeting), Ok(0)));
        assert_eq!(kind(server.addr()), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn nothing_listens_and_nothing_answers() {
        assert_eq!(kind(Faults::refused().unwrap()), ErrorKind::ConnectionRefused);
        let hole = Blackhole::new().unwrap();
        assert_eq!(kind(hole.addr()), ErrorKind::TimedOut);
    }
}
