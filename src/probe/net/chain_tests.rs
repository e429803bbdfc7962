use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tokio::time::Instant;

use rcgen::{CertificateParams, date_time_ymd};
use rustls::ServerConfig;
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use super::*;
use crate::fact::parse_time;
use crate::faults::{Blackhole, Faults, Mode};
use crate::probe::testing::{ask, cell, value};
use crate::tls::{Cert, TlsServer, authority};

const SHORT: Duration = Duration::from_millis(700);

/// Authorities and their files.
struct World {
    root: Cert,
    between: Cert,
    folder: TempDir,
    ca: PathBuf,
}

fn world() -> World {
    let root = Cert::root("Test Root").unwrap();
    let between = root.sign("Test Between", authority).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca = root.file(&folder, "ca.pem").unwrap();
    World { root, between, folder, ca }
}

impl World {
    /// A leaf for `localhost` from the authority between, with these dates.
    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Cert {
        self.between.sign("localhost", change).unwrap()
    }

    fn serve(&self, leaf: &Cert) -> TlsServer {
        TlsServer::start(leaf.serving(&[&self.between]).unwrap()).unwrap()
    }

    /// Looks at one server, trusting our root.
    fn look(&self, port: u16) -> Answer {
        ask("tls.chain", json!({ "endpoints": [format!("localhost:{port}")] }))
            .target(|target| target.tls.ca = Some(self.ca.clone()))
            .deadline(SHORT)
            .run()
            .unwrap()
    }
}

fn at(text: &str) -> Value {
    Value::Int(parse_time(text).unwrap())
}

fn cause(answer: &Answer, row: usize, name: &str) -> Cause {
    cell(answer, row, name).unwrap_err().cause
}

/// `trusted`, `name_matches`, `date_valid`, and whether there is no error.
fn verdict(answer: &Answer) -> [bool; 4] {
    let bool = |name| value(answer, 0, name).as_bool().unwrap();
    let fine = value(answer, 0, "verify_error").is_null();
    [bool("trusted"), bool("name_matches"), bool("date_valid"), fine]
}

#[test]
fn a_valid_chain_becomes_facts() {
    let world = world();
    let leaf = world.leaf(|params| {
        params.not_before = date_time_ymd(2020, 1, 2);
        params.not_after = date_time_ymd(2090, 1, 2);
    });
    let server = world.serve(&leaf);
    let answer = world.look(server.port());
    assert_eq!(verdict(&answer), [true; 4]);
    assert_eq!(value(&answer, 0, "endpoint"), Value::text(format!("localhost:{}", server.port())));
    assert_eq!(value(&answer, 0, "not_before"), at("2020-01-02T00:00:00Z"));
    assert_eq!(value(&answer, 0, "not_after"), at("2090-01-02T00:00:00Z"));
    assert_eq!(value(&answer, 0, "chain_not_after"), at("2090-01-02T00:00:00Z"));
    assert_eq!(value(&answer, 0, "chain_length"), Value::Int(2));
    assert_eq!(value(&answer, 0, "names"), Value::texts(["localhost"]));
    assert_eq!(value(&answer, 0, "protocol"), Value::text("TLSv1.3"));
    assert_eq!(value(&answer, 0, "key_type"), Value::text("ec"));
    assert!(value(&answer, 0, "issuer").as_text().unwrap().contains("Test Between"));
    assert_eq!(answer.table.rows[0].iter().filter(|cell| cell.is_err()).count(), 0);
}

// blackbox_exporter loses the date with the handshake, and then no alert has data.
#[test]
fn an_expired_chain_still_shows_its_date() {
    let world = world();
    let leaf = world.leaf(|params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let answer = world.look(world.serve(&leaf).port());
    assert_eq!(verdict(&answer), [true, true, false, false]);
    assert_eq!(value(&answer, 0, "not_after"), at("2020-01-01T00:00:00Z"));
    assert!(value(&answer, 0, "verify_error").as_text().unwrap().contains("expired"));
}

#[test]
fn dates_names_and_trust_are_judged_apart() {
    let world = world();
    let early = world.leaf(|params| params.not_before = date_time_ymd(2090, 1, 1));
    assert_eq!(verdict(&world.look(world.serve(&early).port())), [true, true, false, false]);
    let named = world.between.sign("other.test", |_| ()).unwrap();
    let answer = world.look(world.serve(&named).port());
    assert_eq!(verdict(&answer), [true, false, true, false]);
    assert!(value(&answer, 0, "verify_error").as_text().unwrap().contains("name"));
    let own = Cert::own("localhost", |_| ()).unwrap();
    let server = TlsServer::start(own.serving(&[]).unwrap()).unwrap();
    let answer = world.look(server.port());
    assert_eq!(verdict(&answer), [false, true, true, false]);
    assert_eq!(value(&answer, 0, "self_signed"), Value::Bool(true));
    let all =
        world.between.sign("other.test", |params| params.not_after = date_time_ymd(2020, 1, 1)).unwrap();
    assert_eq!(verdict(&world.look(world.serve(&all).port())), [true, false, false, false]);
}

#[test]
fn an_unknown_authority_is_not_trusted() {
    let (world, other) = (world(), world());
    let leaf = other.leaf(|_| ());
    let server = other.serve(&leaf);
    assert_eq!(verdict(&world.look(server.port())), [false, true, true, false]);
    assert_eq!(verdict(&other.look(server.port())), [true; 4]);
    // The platform does not know it either; `ca` replaces the platform's.
    let answer =
        ask("tls.chain", json!({ "endpoints": [format!("localhost:{}", server.port())] })).run().unwrap();
    assert_eq!(value(&answer, 0, "trusted"), Value::Bool(false));
}

#[test]
fn an_authority_without_its_signature_is_not_trusted() {
    let world = world();
    // The same names as the real ones, and other keys.
    let forged = Cert::root("Test Root").unwrap().sign("Test Between", authority).unwrap();
    let leaf = forged.sign("localhost", |_| ()).unwrap();
    let server = TlsServer::start(leaf.serving(&[&forged]).unwrap()).unwrap();
    assert_eq!(verdict(&world.look(server.port())), [false, true, true, false]);
    let expired = forged.sign("localhost", |params| params.not_after = date_time_ymd(2020, 1, 1)).unwrap();
    let server = TlsServer::start(expired.serving(&[&forged]).unwrap()).unwrap();
    assert_eq!(verdict(&world.look(server.port())), [false, true, false, false]);
}

#[test]
fn a_missing_intermediate_is_not_trusted() {
    let world = world();
    let server = TlsServer::start(world.leaf(|_| ()).serving(&[]).unwrap()).unwrap();
    let answer = world.look(server.port());
    assert_eq!(verdict(&answer), [false, true, true, false]);
    assert_eq!(value(&answer, 0, "chain_length"), Value::Int(1));
    assert!(value(&answer, 0, "verify_error").as_text().unwrap().contains("does not send"));
}

#[test]
fn an_intermediate_that_ends_first_ends_the_chain() {
    let mut world = world();
    let end = |params: &mut CertificateParams| {
        authority(params);
        params.not_after = date_time_ymd(2080, 1, 1);
    };
    world.between = world.root.sign("Test Between", end).unwrap();
    let leaf = world.leaf(|params| params.not_after = date_time_ymd(9999, 12, 31));
    let answer = world.look(world.serve(&leaf).port());
    assert_eq!(verdict(&answer), [true; 4]);
    assert_eq!(value(&answer, 0, "not_after"), at("9999-12-31T00:00:00Z"));
    assert_eq!(value(&answer, 0, "chain_not_after"), at("2080-01-01T00:00:00Z"));
}

#[test]
fn an_expired_intermediate_is_not_valid() {
    let mut world = world();
    let end = |params: &mut CertificateParams| {
        authority(params);
        params.not_after = date_time_ymd(2021, 1, 1);
    };
    world.between = world.root.sign("Test Between", end).unwrap();
    let leaf = world.leaf(|params| params.not_before = date_time_ymd(2020, 1, 1));
    let answer = world.look(world.serve(&leaf).port());
    assert_eq!(verdict(&answer), [true, true, false, false]);
    assert_eq!(value(&answer, 0, "chain_not_after"), at("2021-01-01T00:00:00Z"));
    // Never valid together: nobody can say whether it is trusted.
    let leaf = world.leaf(|params| params.not_before = date_time_ymd(2022, 1, 1));
    let answer = world.look(world.serve(&leaf).port());
    assert_eq!(cause(&answer, 0, "trusted"), Cause::Undecidable);
    assert_eq!(value(&answer, 0, "date_valid"), Value::Bool(false));
}

#[test]
fn the_name_can_be_said() {
    let world = world();
    let leaf = world.between.sign("shop.test", |_| ()).unwrap();
    let server = world.serve(&leaf);
    let args = json!({ "endpoints": [server.addr().to_string()], "server_name": "shop.test" });
    let answer =
        ask("tls.chain", args).target(|target| target.tls.ca = Some(world.ca.clone())).run().unwrap();
    assert_eq!(verdict(&answer), [true; 4]);
    let args = json!({ "endpoints": [server.addr().to_string()], "server_name": "not a name" });
    assert_eq!(cause(&ask("tls.chain", args).run().unwrap(), 0, "trusted"), Cause::WrongType);
    // An address is compared with the addresses of the certificate.
    let answer = ask("tls.chain", json!({ "endpoints": [server.addr().to_string()] })).run().unwrap();
    assert_eq!(value(&answer, 0, "name_matches"), Value::Bool(false));
}

#[test]
fn unreadable_authorities_hide_only_trust() {
    let world = world();
    let server = world.serve(&world.leaf(|_| ()));
    let answer = ask("tls.chain", json!({ "endpoints": [format!("localhost:{}", server.port())] }))
        .target(|target| target.tls.ca = Some(world.folder.path().join("none.pem")))
        .run()
        .unwrap();
    assert_eq!(cause(&answer, 0, "trusted"), Cause::Absent);
    assert_eq!(cause(&answer, 0, "verify_error"), Cause::Absent);
    assert_eq!(value(&answer, 0, "date_valid"), Value::Bool(true));
}

#[test]
fn every_fault_has_its_cause_and_fills_its_row() {
    let world = world();
    let server = world.serve(&world.leaf(|_| ()));
    let faults = Faults::before(server.addr(), Mode::Forward).unwrap();
    assert_eq!(verdict(&world.look(faults.port())), [true; 4]);
    for (mode, expected) in [
        (Mode::Refuse, Cause::Unreachable),
        (Mode::HANG, Cause::Timeout),
        (Mode::Hang { after: 100 }, Cause::Timeout),
        (Mode::Drip { every: Duration::from_millis(20) }, Cause::Timeout),
        (Mode::Garbage, Cause::Malformed),
        (Mode::EMPTY, Cause::Incomplete),
        (Mode::Cut { after: 100 }, Cause::Incomplete),
        (Mode::RESET, Cause::Unreachable),
        (Mode::Reset { after: 100 }, Cause::Unreachable),
    ] {
        faults.set(mode);
        let start = Instant::now();
        let answer = world.look(faults.port());
        assert!(start.elapsed() < SHORT + Duration::from_millis(250), "{mode:?} took {:?}", start.elapsed());
        for field in answer.table.schema.fields.iter().filter(|field| &*field.name != "endpoint") {
            assert_eq!(cause(&answer, 0, &field.name), expected, "{mode:?} {}", field.name);
        }
    }
    let hole = Blackhole::new().unwrap();
    assert_eq!(cause(&world.look(hole.addr().port()), 0, "not_after"), Cause::Timeout);
}

#[test]
fn plain_text_on_the_port_is_malformed() {
    let greeting = Faults::greeting("HTTP/1.1 400 Bad Request\r\n\r\n", Mode::Forward).unwrap();
    let answer = world().look(greeting.port());
    assert_eq!(cause(&answer, 0, "not_after"), Cause::Malformed);
    assert!(cell(&answer, 0, "not_after").unwrap_err().what.contains("does not speak TLS"));
}

#[test]
fn dead_endpoints_hide_nobody() {
    let world = world();
    let server = world.serve(&world.leaf(|_| ()));
    let (hole, refused) = (Blackhole::new().unwrap(), Faults::refused().unwrap());
    let mut endpoints: Vec<String> = (1..70).map(|n| format!("127.0.0.{n}:{}", hole.addr().port())).collect();
    endpoints.push(refused.to_string());
    endpoints.push(format!("localhost:{}", server.port()));
    endpoints.push("no-such-host.invalid:1".to_owned());
    let answer = ask("tls.chain", json!({ "endpoints": endpoints })).deadline(SHORT * 2).run().unwrap();
    assert_eq!(answer.table.rows.len(), 72);
    assert_eq!(cause(&answer, 0, "trusted"), Cause::Timeout);
    assert_eq!(cause(&answer, 69, "trusted"), Cause::Unreachable);
    assert_eq!(value(&answer, 70, "date_valid"), Value::Bool(true));
    assert_eq!(cause(&answer, 71, "trusted"), Cause::Unreachable);
}

#[test]
fn a_hundred_endpoints_are_quick() {
    let world = world();
    let config = world.leaf(|_| ()).serving(&[&world.between]).unwrap();
    let servers: Vec<TlsServer> = (0..100).map(|_| TlsServer::start(Arc::clone(&config)).unwrap()).collect();
    let endpoints: Vec<String> =
        servers.iter().map(|server| format!("localhost:{}", server.port())).collect();
    let start = Instant::now();
    let answer = ask("tls.chain", json!({ "endpoints": endpoints }))
        .target(|target| target.tls.ca = Some(world.ca.clone()))
        .run()
        .unwrap();
    println!("100 endpoints: {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(5));
    for (row, endpoint) in endpoints.iter().enumerate() {
        assert_eq!(value(&answer, row, "endpoint"), Value::text(endpoint));
        assert_eq!(value(&answer, row, "trusted"), Value::Bool(true));
    }
}

#[test]
fn a_server_that_wants_our_certificate_shows_its_own() {
    let world = world();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(world.root.der.clone()).unwrap();
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider())
            .build()
            .unwrap();
    let leaf = world.leaf(|_| ());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ServerConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_single_cert(vec![leaf.der.clone(), world.between.der.clone()], leaf.key().unwrap())
            .unwrap();
        let server = TlsServer::start(Arc::new(config)).unwrap();
        let answer = world.look(server.port());
        assert_eq!(verdict(&answer), [true; 4], "{version:?}");
    }
}

/// Runs `openssl s_server`; killed when dropped.
struct OpenSsl(Child);

impl Drop for OpenSsl {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn openssl(world: &World, options: &[&str]) -> (OpenSsl, u16) {
    let (leaf, folder) = (world.leaf(|_| ()), world.folder.path());
    std::fs::write(folder.join("cert.pem"), leaf.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), leaf.key_pem()).unwrap();
    std::fs::write(folder.join("chain.pem"), world.between.pem()).unwrap();
    s_server(
        world,
        &[&["-cert", "cert.pem", "-key", "key.pem", "-cert_chain", "chain.pem"], options].concat(),
    )
}

/// Files are those of the folder.
fn s_server(world: &World, options: &[&str]) -> (OpenSsl, u16) {
    let port = Faults::refused().unwrap().port();
    let child = Command::new("openssl")
        .args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")])
        .args(options)
        .current_dir(world.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is needed by this test");
    let server = OpenSsl(child);
    for _ in 0..100 {
        if TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_ok() {
            return (server, port);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("openssl s_server does not listen");
}

fn run_openssl(world: &World, line: &str) {
    let output =
        Command::new("openssl").args(line.split(' ')).current_dir(world.folder.path()).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn certificates_of_devices_show_their_dates() {
    let world = world();
    run_openssl(&world, "req -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=localhost -out r.csr");
    run_openssl(&world, "x509 -req -in r.csr -signkey k.pem -days 30 -out v1.pem");
    run_openssl(&world, "req -x509 -key k.pem -subj /CN=localhost -days 30 -out ca.crt");
    for (cert, version, words) in [
        ("v1.pem", "-tls1_3", "version 1"),
        ("v1.pem", "-tls1_2", "version 1"),
        ("ca.crt", "-tls1_3", "authorit"),
    ] {
        let (_server, port) = s_server(&world, &["-cert", cert, "-key", "k.pem", version]);
        let answer = world.look(port);
        assert_eq!(value(&answer, 0, "key_type"), Value::text("rsa"), "{cert} {version}");
        assert_eq!(value(&answer, 0, "key_bits"), Value::Int(2048));
        assert_eq!(verdict(&answer), [false, false, true, false], "{cert} {version}");
        let said = value(&answer, 0, "verify_error");
        assert!(said.as_text().unwrap().contains(words), "{cert} {version}: {said:?}");
    }
}

#[test]
fn another_library_speaks_with_us() {
    let world = world();
    let (_server, port) = openssl(&world, &["-tls1_2"]);
    let answer = world.look(port);
    assert_eq!(value(&answer, 0, "protocol"), Value::text("TLSv1.2"));
    assert_eq!(verdict(&answer), [true; 4]);
}

#[test]
fn a_version_of_old_is_unsupported() {
    let world = world();
    let (_server, port) = openssl(&world, &["-tls1", "-cipher", "ALL:@SECLEVEL=0"]);
    let answer = world.look(port);
    let why = cell(&answer, 0, "not_after").unwrap_err();
    assert_eq!(why.cause, Cause::Unsupported, "{why}");
    assert!(why.what.contains("neither TLS 1.2 nor 1.3"), "{}", why.what);
}

fn expect(stream: &mut TcpStream, wanted: &[u8]) -> io::Result<()> {
    let mut got = vec![0; wanted.len()];
    stream.read_exact(&mut got)?;
    if got == wanted { Ok(()) } else { Err(io::Error::other(format!("expected {wanted:?}, got {got:?}"))) }
}

fn postgres_preamble(stream: &mut TcpStream) -> io::Result<()> {
    expect(stream, &[0, 0, 0, 8, 4, 210, 22, 47])?;
    stream.write_all(b"S")
}

/// The greeting of a server with these lower capabilities.
fn mysql_greeting(capabilities: u16) -> Vec<u8> {
    let mut payload = b"\x0a8.4.0\0".to_vec();
    payload.extend_from_slice(&[7, 0, 0, 0]);
    payload.extend_from_slice(b"saltsalt\0");
    payload.extend_from_slice(&capabilities.to_le_bytes());
    payload.extend_from_slice(&[45, 2, 0, 0xff, 0xdf, 21]);
    payload.extend_from_slice(&[0; 10]);
    payload.extend_from_slice(b"saltsaltsalt\0caching_sha2_password\0");
    [&[u8::try_from(payload.len()).unwrap(), 0, 0, 0][..], &payload].concat()
}

fn mysql_preamble(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(&mysql_greeting(0xffff))?;
    expect(stream, &[32, 0, 0, 1])?;
    let mut request = [0; 32];
    stream.read_exact(&mut request)?;
    let capabilities = u32::from_le_bytes([request[0], request[1], request[2], request[3]]);
    if capabilities & 0x0a00 == 0x0a00 { Ok(()) } else { Err(io::Error::other("no SSL wanted")) }
}

fn smtp_preamble(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"220-mail.test\r\n220 ready\r\n")?;
    expect(stream, b"EHLO muster.invalid\r\n")?;
    stream.write_all(b"250-mail.test\r\n250-STARTTLS\r\n250 SIZE 100\r\n")?;
    expect(stream, b"STARTTLS\r\n")?;
    stream.write_all(b"220 go ahead\r\n")
}

#[test]
fn tls_begins_after_the_preamble() {
    let world = world();
    let config = world.leaf(|_| ()).serving(&[&world.between]).unwrap();
    let preambles: [(&str, crate::tls::Preamble); 3] =
        [("postgres", postgres_preamble), ("mysql", mysql_preamble), ("smtp", smtp_preamble)];
    for (word, preamble) in preambles {
        let server = TlsServer::speaking(Arc::clone(&config), preamble, Vec::new()).unwrap();
        let endpoint = format!("localhost:{}", server.port());
        let answer = ask("tls.chain", json!({ "endpoints": [endpoint], "starttls": word }))
            .target(|target| target.tls.ca = Some(world.ca.clone()))
            .run()
            .unwrap();
        assert_eq!(verdict(&answer), [true; 4], "{word}");
        let url = Url::parse(&format!("{word}://me@{endpoint}/x")).unwrap();
        let answer = ask("tls.chain", json!({})).target(|target| target.url = Some(url)).run().unwrap();
        assert_eq!(value(&answer, 0, "chain_length"), Value::Int(2), "{word}");
    }
}

fn starttls(word: &str, server: &Faults) -> Missing {
    let args = json!({ "endpoints": [server.addr().to_string()], "starttls": word });
    let answer = ask("tls.chain", args).deadline(SHORT).run().unwrap();
    cell(&answer, 0, "not_after").unwrap_err().as_ref().clone()
}

#[test]
fn a_server_without_tls_is_unsupported() {
    let postgres = Faults::answering("N", Mode::Forward).unwrap();
    let mysql = Faults::greeting(mysql_greeting(0xf7ff), Mode::Forward).unwrap();
    let smtp = Faults::greeting("220 hello\r\n250-mail.test\r\n250 SIZE 1\r\n", Mode::Forward).unwrap();
    for (word, server) in [("postgres", postgres), ("mysql", mysql), ("smtp", smtp)] {
        let why = starttls(word, &server);
        assert_eq!(why.cause, Cause::Unsupported, "{word}: {why}");
        assert!(why.what.contains("does not offer TLS"), "{word}: {why}");
        assert!(why.fix.is_some());
    }
}

#[test]
fn a_broken_preamble_has_its_cause() {
    let refusal = b"\x17\0\0\0\xff\x69\x04Host is blocked, sorry";
    for (word, said, expected) in [
        ("postgres", &b"E"[..], Cause::Malformed),
        ("mysql", &refusal[..], Cause::Denied),
        ("mysql", &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Cause::Malformed),
        ("mysql", &b"\x03\0\0\0\x0aab"[..], Cause::Malformed),
        ("smtp", &b"554 go away\r\n"[..], Cause::Denied),
        ("smtp", &b"SSH-2.0-OpenSSH\r\n"[..], Cause::Malformed),
        ("smtp", &b"220 a\r\n250 STARTTLS\r\n454 not now\r\n"[..], Cause::Denied),
        ("smtp", &b"220 a\r\n250 STARTTLS\r\n220 go\r\nsneaked in"[..], Cause::Malformed),
    ] {
        let server = Faults::greeting(said, Mode::Forward).unwrap();
        let why = starttls(word, &server);
        assert_eq!(why.cause, expected, "{word}: {why}");
    }
    for word in ["postgres", "mysql", "smtp"] {
        for (mode, expected) in [
            (Mode::HANG, Cause::Timeout),
            (Mode::EMPTY, Cause::Incomplete),
            (Mode::Garbage, Cause::Malformed),
        ] {
            // PostgreSQL's client speaks first.
            let start = if word == "postgres" { Faults::answering } else { Faults::greeting };
            let server = start("", mode).unwrap();
            assert_eq!(starttls(word, &server).cause, expected, "{word} {mode:?}");
        }
    }
}

/// Names the endpoint to the test that called itself again with other authorities of the platform, which
/// are read once per process.
const ENDPOINT: &str = "MUSTER_TEST_TLS_ENDPOINT";

#[test]
fn the_platform_decides_where_no_file_does() {
    if let Some(endpoint) = std::env::var_os(ENDPOINT) {
        let answer = ask("tls.chain", json!({ "endpoints": [endpoint.to_str().unwrap()] })).run().unwrap();
        let trusted = cell(&answer, 0, "trusted").map_err(|why| why.cause);
        println!("trusted: {trusted:?}, date: {:?}", value(&answer, 0, "date_valid"));
        return;
    }
    let world = world();
    let server = world.serve(&world.leaf(|_| ()));
    for (file, expected) in [
        ("ca.pem", "trusted: Ok(Bool(true)), date: Bool(true)"),
        ("none.pem", "trusted: Err(Absent), date: Bool(true)"),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "probe::net::chain::tests::the_platform_decides_where_no_file_does",
                "--exact",
                "--nocapture",
            ])
            .env(ENDPOINT, format!("localhost:{}", server.port()))
            .env("SSL_CERT_FILE", world.folder.path().join(file))
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(expected), "{file}: {said}");
    }
}

/// A server that presents a certificate without having its key.
#[derive(Debug)]
struct Impostor(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Impostor {
    fn resolve(&self, _hello: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[test]
fn a_chain_without_its_key_is_not_believed() {
    let world = world();
    let (leaf, other) = (world.leaf(|_| ()), world.leaf(|_| ()));
    let key = rustls::crypto::ring::sign::any_supported_type(&other.key().unwrap()).unwrap();
    let chain = vec![leaf.der.clone(), world.between.der.clone()];
    let impostor = Arc::new(Impostor(Arc::new(rustls::sign::CertifiedKey::new(chain, key))));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ServerConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Impostor>::clone(&impostor));
        let answer = world.look(TlsServer::start(Arc::new(config)).unwrap().port());
        let why = cell(&answer, 0, "trusted").unwrap_err();
        assert_eq!(why.cause, Cause::Malformed, "{why}");
        assert!(why.what.contains("does not prove"), "{}", why.what);
    }
}
