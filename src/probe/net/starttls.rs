//! What is said before TLS where a port begins in plain text.

use std::io::{Error, ErrorKind, Result as IoResult};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::fault;
use crate::fact::{Cause, Missing};

/// The protocol before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preamble {
    /// TLS from the first byte.
    None,
    /// The `SSLRequest` of `PostgreSQL`.
    Postgres,
    /// The handshake of `MySQL` and `MariaDB` with the capability SSL.
    Mysql,
    /// SMTP's STARTTLS.
    Smtp,
}

impl Preamble {
    /// By the word of the argument.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "postgres" => Self::Postgres,
            "mysql" => Self::Mysql,
            "smtp" => Self::Smtp,
            _ => Self::None,
        }
    }

    /// By the scheme of an address.
    pub(super) fn of_scheme(scheme: &str) -> Self {
        match scheme {
            "postgres" | "postgresql" => Self::Postgres,
            "mysql" | "mariadb" => Self::Mysql,
            "smtp" => Self::Smtp,
            _ => Self::None,
        }
    }

    /// Speaks until TLS may begin. Reads no byte too many, so that nothing in plain text can slip into TLS.
    pub(super) async fn speak(self, stream: &mut TcpStream, peer: &str) -> Result<(), Missing> {
        let said = match self {
            Self::None => return Ok(()),
            Self::Postgres => postgres(stream).await,
            Self::Mysql => mysql(stream).await,
            Self::Smtp => smtp(stream).await,
        };
        match said {
            Ok(Said::Ready) => Ok(()),
            Ok(Said::NoTls(fix)) => {
                Err(fault::row(Cause::Unsupported, format!("{peer}: the server does not offer TLS")).fix(fix))
            }
            Ok(Said::Refused(why)) => Err(fault::row(Cause::Denied, format!("{peer}: {why}"))),
            Err(error) => Err(fault::of_io(&error, peer)),
        }
    }
}

/// What the server said.
enum Said {
    /// Go on.
    Ready,
    /// No; what would change that.
    NoTls(&'static str),
    /// It does not talk to us.
    Refused(String),
}

fn malformed(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, what.into())
}

async fn postgres(stream: &mut TcpStream) -> IoResult<Said> {
    // Length 8, then the code 1234.5679 that stands where a version would.
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await?;
    match stream.read_u8().await? {
        b'S' => Ok(Said::Ready),
        b'N' => Ok(Said::NoTls("set `ssl = on` with `ssl_cert_file` and `ssl_key_file` in postgresql.conf")),
        other => Err(malformed(format!("expected PostgreSQL's S or N, found byte {other}"))),
    }
}

/// The capability to switch to TLS.
const CLIENT_SSL: u16 = 0x0800;
/// The longest greeting that is read.
const LONGEST: usize = 4096;

async fn mysql(stream: &mut TcpStream) -> IoResult<Said> {
    let [low, middle, high, _sequence] = read_array::<4>(stream).await?;
    let length = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
    if length == 0 || length > LONGEST {
        return Err(malformed(format!("expected MySQL's greeting, found a packet of {length} bytes")));
    }
    let mut packet = vec![0; length];
    stream.read_exact(&mut packet).await?;
    match packet.split_first() {
        Some((10, rest)) => {
            if capabilities(rest).ok_or_else(|| malformed("MySQL's greeting is too short"))? & CLIENT_SSL == 0
            {
                return Ok(Said::NoTls(
                    "set `ssl_cert` and `ssl_key` of the server, see `SHOW VARIABLES LIKE 'ssl%'`",
                ));
            }
            stream.write_all(&ssl_request()).await?;
            Ok(Said::Ready)
        }
        Some((0xff, rest)) => {
            let words = String::from_utf8_lossy(rest.get(2..).unwrap_or_default()).into_owned();
            Ok(Said::Refused(format!("the server refuses to talk to us: {words}")))
        }
        _ => Err(malformed("expected MySQL's greeting, found something else")),
    }
}

/// The lower capabilities, which follow the version (ended by 0), a thread id (4), a part of the salt (8) and 0.
fn capabilities(greeting: &[u8]) -> Option<u16> {
    let version = greeting.iter().position(|byte| *byte == 0)?;
    let at = version + 1 + 4 + 8 + 1;
    let bytes: [u8; 2] = greeting.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes))
}

/// A packet of 32 bytes, the second of the talk: capabilities `PROTOCOL_41`, `SSL`,
/// `SECURE_CONNECTION`; longest
/// packet 16 MiB; character set utf8mb4; 23 zeros.
fn ssl_request() -> Vec<u8> {
    let mut packet = vec![32, 0, 0, 1];
    packet.extend_from_slice(&0x8a00_u32.to_le_bytes());
    packet.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    packet.push(45);
    packet.extend_from_slice(&[0; 23]);
    packet
}

async fn read_array<const N: usize>(stream: &mut TcpStream) -> IoResult<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn smtp(stream: &mut TcpStream) -> IoResult<Said> {
    let mut talk = BufReader::new(stream);
    let greeting = reply(&mut talk).await?;
    if !greeting.starts_with("220") {
        return Ok(Said::Refused(format!("the server refuses to talk to us: {}", first_line(&greeting))));
    }
    talk.get_mut().write_all(b"EHLO muster.invalid\r\n").await?;
    let offers = reply(&mut talk).await?;
    let offered =
        |line: &str| line.get(4..).is_some_and(|word| word.trim_end().eq_ignore_ascii_case("STARTTLS"));
    if !offers.lines().any(offered) {
        return Ok(Said::NoTls(
            "let the mail server offer STARTTLS, for Postfix: `smtpd_tls_security_level = may`",
        ));
    }
    talk.get_mut().write_all(b"STARTTLS\r\n").await?;
    let answer = reply(&mut talk).await?;
    if !answer.starts_with("220") {
        return Ok(Said::Refused(format!("the server refuses STARTTLS: {}", first_line(&answer))));
    }
    if talk.buffer().is_empty() { Ok(Said::Ready) } else { Err(malformed("plain text after STARTTLS")) }
}

fn first_line(reply: &str) -> &str {
    reply.lines().next().unwrap_or("")
}

/// One reply: lines `250-…` and a last one `250 …`.
async fn reply(talk: &mut BufReader<&mut TcpStream>) -> IoResult<String> {
    let mut all = String::new();
    while all.len() < 16 * LONGEST {
        let mut line = Vec::new();
        (&mut *talk).take(LONGEST as u64).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line);
        let code = text.get(..3).is_some_and(|code| code.chars().all(|c| c.is_ascii_digit()));
        if !code || !line.ends_with(b"\n") {
            return Err(malformed("expected a reply of SMTP, found something else"));
        }
        all.push_str(&text);
        if line.get(3) != Some(&b'-') {
            return Ok(all);
        }
    }
    Err(malformed("a reply of SMTP that does not end"))
}
