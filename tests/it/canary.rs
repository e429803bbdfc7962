//! A secret never leaves: one is put wherever a secret can stand, everything is made to go well and to go wrong,
//! and then every byte that was written is searched for it.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use crate::faults::{Faults, Mode};
use crate::harness::{Run, Shop, policy};
use crate::http::{Asked, Http, Reply};
use crate::tls::{Cert, TlsServer};

/// What must not be seen again, in whatever way it is written.
const CORE: &str = "K4naryC0reW0rdZ";
/// The secret: the core, and everything that some encoding has to escape. It is a legal header value.
const SECRET: &str = "K4naryC0reW0rdZ/p@ss:w%rd\"&<x>\\'42+=";

/// Files that hold the secret on purpose.
const OURS: &[&str] = &["secret.txt", "shop.db"];

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | three.get(at).map_or(0, |byte| u32::from(*byte)));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[(bits >> shift & 63) as usize]))
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The core as it is, in hexadecimal, and in Base64 at each of the three places where it can begin.
fn needles() -> Vec<String> {
    let hex: String = CORE.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut needles = vec![CORE.to_owned(), hex];
    for shift in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, shift).chain(CORE.bytes()).collect();
        let (from, to) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
        needles.push(base64(&bytes)[from..to].to_owned());
    }
    needles
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for needle in needles() {
        if let Some(at) = text.find(&needle) {
            let from = text[..at].char_indices().rev().nth(200).map_or(0, |(at, _)| at);
            panic!("{what}: the secret is there as `{needle}`: {}", &text[from..at + needle.len()]);
        }
    }
}

/// Nothing that a run said, and nothing that lies in the shop.
#[track_caller]
fn kept(shop: &Shop, run: &Run, what: &str) {
    clean(&format!("{what}: output"), run.stdout.as_bytes());
    clean(&format!("{what}: errors"), run.stderr.as_bytes());
    for entry in walkdir::WalkDir::new(shop.path()).into_iter().map(Result::unwrap) {
        let name = entry.file_name().to_str().unwrap();
        if entry.file_type().is_file() && !OURS.contains(&name) {
            clean(&format!("{what}: {}", entry.path().display()), &std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Every command and format in which it could come out.
#[track_caller]
fn never_told(shop: &Shop) -> Run {
    for arguments in [
        &["check"][..],
        &["check", "--verbose", "--timings"],
        &[
            "check",
            "--format",
            "junit=report.xml",
            "--format",
            "markdown=report.md",
            "--format",
            "json=report.json",
        ],
        &["check", "--format", "junit"],
        &["check", "--format", "markdown"],
        &["record", "facts.json"],
        &["check", "--facts", "facts.json"],
        &["lint"],
        &["list", "targets"],
        &["list", "policies"],
        &["explain", "asked"],
    ] {
        kept(shop, &shop.run(arguments), &arguments.join(" "));
    }
    let run = shop.check(&["--timings"]);
    kept(shop, &run, "check --format json");
    run
}

/// A shop with a service whose header is the secret, kept in a variable, a file and a command.
fn service(url: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("CANARY", SECRET);
    shop.file("secret.txt", &format!("{SECRET}\n"));
    shop.project(&format!(
        r#"
policies: [policies/]
store: {{ path: .muster/store.db }}
targets:
  from-env: {{ type: service, url: "{url}", headers: {{ Authorization: {{ env: CANARY }} }}, limits: {{ deadline: 600ms }} }}
  from-file: {{ type: service, url: "{url}", headers: {{ X-Token: {{ file: secret.txt }} }}, limits: {{ deadline: 600ms }} }}
  from-command: {{ type: service, url: "{url}", headers: {{ X-Token: {{ command: [cat, "@SHOP@/secret.txt"] }} }}, limits: {{ deadline: 600ms }} }}
"#
    ));
    shop.policy(
        "asked",
        r#"
target: { type: service }
observe:
  asked: { probe: http.response, with: { follow: 2 }, facts: { echo: { type: "text?", at: /echo }, parts: { type: "list<text>?", at: /parts } } }
fail: body != "" || len(headers) > 0 || status != 200 || final_url != ""
message: "{{ status }} {{ body }} {{ headers }} {{ location }} {{ final_url }} {{ echo }} {{ parts }}"
remedy: { steps: [{ shell: "echo {{ body }} {{ location }}" }, { do: "See {{ echo }} {{ content_type }}" }] }
"#,
    );
    shop.policy(
        "certificate",
        "target: { type: service }\nobserve: { chain: { probe: tls.chain } }\neach: chain\nfail: trusted == false || verify_error != null\nmessage: \"{{ names }} {{ subject }} {{ verify_error }}\"\n",
    );
    shop
}

/// The secret as a server got it.
fn got(asked: &Asked) -> String {
    asked.header("authorization").or_else(|| asked.header("x-token")).unwrap_or("nothing").to_owned()
}

#[test]
fn a_server_that_echoes_everything_is_not_believed() {
    type Answer = fn(&str) -> Reply;
    let answers: &[Answer] = &[
        |secret| {
            Reply::new(
                200,
                "application/json",
                serde_json::json!({ "echo": secret, "parts": ["a", secret, format!("x{secret}y")] })
                    .to_string(),
            )
        },
        |secret| Reply::new(500, "text/html", format!("<h1>Bad token {secret}</h1>")),
        |secret| Reply::new(200, "application/json", format!("{{\"echo\": {secret}}}")),
        |secret| {
            Reply::with(
                401,
                &[
                    ("X-Echo", secret),
                    ("WWW-Authenticate", &format!("Bearer {secret}")),
                    ("Content-Type", secret),
                ],
                "no",
            )
        },
        |secret| {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            Reply::redirect(302, &format!("/login?token={encoded}"))
        },
        |secret| {
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            Reply::redirect(
                302,
                &format!(
                    "http://nowhere.invalid/{}",
                    encoded.to_lowercase().replace("k4naryc0rew0rdz", CORE)
                ),
            )
        },
        |secret| {
            Reply::new(
                200,
                "application/json",
                format!("{{\"echo\": \"{}\"}}", base64(format!("u:{secret}").as_bytes())),
            )
        },
        |secret| Reply::raw(format!("HTTP/1.1 200 OK\r\nBad {secret}: x\r\n\r\n")),
        |secret| Reply::raw(format!("{secret} is not HTTP\r\n\r\n")),
    ];
    for answer in answers {
        let answer = *answer;
        let http = Http::start(move |asked| answer(&got(asked))).unwrap();
        let shop = service(&http.url("/start"));
        never_told(&shop);
        let asked = http.asked();
        assert!(asked.iter().any(|asked| got(asked) == SECRET), "the secret was never sent: {asked:?}");
    }
}

#[test]
fn a_secret_header_does_not_follow_to_another_host() {
    let other = Http::always(Reply::new(200, "text/plain", "here")).unwrap();
    let target = other.url("/there").replace("127.0.0.1", "localhost");
    let http = Http::start(move |_| Reply::redirect(302, &target)).unwrap();
    never_told(&service(&http.url("/")));
    assert!(http.asked().iter().any(|asked| got(asked) == SECRET));
    assert!(other.asked().iter().all(|asked| got(asked) == "nothing"), "{:?}", other.asked());
}

#[test]
fn a_service_that_fails_tells_nothing() {
    let refused = Faults::refused().unwrap();
    let plain = Http::always(Reply::new(200, "text/plain", "here")).unwrap();
    let own = Cert::own("other.test", |_| {}).unwrap();
    let tls = TlsServer::start(own.serving(&[]).unwrap()).unwrap();
    let garbage = Faults::answering("", Mode::Garbage).unwrap();
    let silent = Faults::answering("", Mode::HANG).unwrap();
    for url in [
        format!("http://{refused}/"),
        "http://nowhere.invalid/".to_owned(),
        plain.url("/").replace("http:", "https:"),
        format!("https://localhost:{}/", tls.port()),
        format!("http://{}/", garbage.addr()),
        format!("http://{}/", silent.addr()),
    ] {
        never_told(&service(&url));
    }
}

/// A server that speaks enough of PostgreSQL to ask for the password in clear, and then says it aloud.
fn loud_postgres() -> SocketAddr {
    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }
    fn read(client: &mut TcpStream, kind: bool) -> std::io::Result<Vec<u8>> {
        let mut head = vec![0; if kind { 5 } else { 4 }];
        client.read_exact(&mut head)?;
        let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap());
        let mut body = vec![0; usize::try_from(length).unwrap().saturating_sub(4)];
        client.read_exact(&mut body)?;
        Ok(body)
    }
    fn serve(mut client: TcpStream) -> std::io::Result<()> {
        let first = read(&mut client, false)?;
        if first == 80_877_103u32.to_be_bytes() {
            client.write_all(b"N")?;
            read(&mut client, false)?;
        }
        client.write_all(&message(b'R', &3u32.to_be_bytes()))?;
        let password = String::from_utf8_lossy(&read(&mut client, true)?).trim_end_matches('\0').to_owned();
        let fields = format!(
            "SFATAL\0VFATAL\0C28P01\0Mpassword \"{password}\" is wrong\0D{password}\0H{password}\0\0"
        );
        client.write_all(&message(b'E', fields.as_bytes()))
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    // It ends with the process.
    std::thread::spawn(move || listener.incoming().flatten().for_each(|client| drop(serve(client))));
    addr
}

const SERVER: &str = "target: { type: postgres }\nobserve: { server: { probe: postgres.query, with: { sql: SELECT version() AS v }, facts: { v: text } } }\nfail: v == \"\"\nmessage: \"{{ v }}\"\n";

fn databases(addr: &str) -> Shop {
    let mut shop = Shop::new();
    shop.env("CANARY", SECRET);
    shop.project(&format!(
        r"
policies: [policies/]
store: {{ path: .muster/store.db }}
targets:
  pg: {{ type: postgres, url: postgres://watcher@{addr}/shop, password: {{ env: CANARY }}, tls: {{ mode: disable }}, limits: {{ deadline: 600ms }} }}
  my: {{ type: mysql, url: mysql://watcher@{addr}/shop, password: {{ env: CANARY }}, tls: {{ mode: disable }}, limits: {{ deadline: 600ms }} }}
"
    ));
    shop.policy("asked", SERVER);
    shop.policy("my", &SERVER.replace("postgres", "mysql"));
    shop
}

#[test]
fn a_database_that_fails_tells_nothing() {
    let garbage = Faults::answering("", Mode::Garbage).unwrap();
    let loud = loud_postgres();
    for addr in [
        Faults::refused().unwrap().to_string(),
        "nowhere.invalid:5432".to_owned(),
        garbage.addr().to_string(),
        loud.to_string(),
    ] {
        let run = never_told(&databases(&addr)).exits(3);
        assert_eq!(run.json()["subjects"]["pass"], 0);
        // With TLS demanded the server has none to offer.
        let shop = databases(&addr);
        let project = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
        shop.project(&project.replace("mode: disable", "mode: verify-full"));
        never_told(&shop).exits(3);
    }
}

#[test]
fn the_password_of_an_address_on_the_command_line_comes_from_its_variable() {
    let loud = loud_postgres();
    for (addr, kind) in
        [(loud, "postgres"), (Faults::refused().unwrap(), "postgres"), (Faults::refused().unwrap(), "mysql")]
    {
        let mut shop = Shop::new();
        shop.env("PGPASSWORD", SECRET).env("MYSQL_PWD", SECRET);
        shop.file("one.yaml", &policy("one", &SERVER.replace("postgres", kind)));
        let target = format!("{kind}://watcher@{addr}/shop");
        for format in ["human", "json", "junit", "markdown"] {
            let run = shop.run(&["check", "one.yaml", "--target", &target, "--format", format, "--timings"]);
            kept(&shop, &run, format);
            run.exits(3);
        }
        kept(&shop, &shop.run(&["record", "facts.json", "one.yaml", "--target", &target]), "record");
    }
}

#[test]
fn facts_that_hold_the_secret_are_not_told() {
    let http = Http::always(Reply::new(200, "text/plain", "fine")).unwrap();
    let shop = service(&http.url("/"));
    let project = std::fs::read_to_string(shop.at("muster.yaml")).unwrap();
    shop.project(&format!(
        "{project}  db: {{ type: sqlite, path: shop.db }}\n  here: {{ type: host }}\ncommands:\n  out: [cat, secret.txt]\n  err: [sh, -c, \"cat secret.txt >&2; exit 2\"]\n  json: [cat, told.json]\n"
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::{ConnectOptions as _, Connection as _};
        let options =
            sqlx::sqlite::SqliteConnectOptions::new().filename(shop.at("shop.db")).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE tokens (name TEXT, token TEXT)").execute(&mut connection).await.unwrap();
        for token in [SECRET.to_owned(), format!("Bearer {SECRET}, and more"), base64(SECRET.as_bytes())] {
            sqlx::query("INSERT INTO tokens VALUES (?, ?)")
                .bind(&token)
                .bind(&token)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
    shop.policy(
        "tokens",
        "target: { type: sqlite }\nobserve: { t: { probe: sqlite.query, with: { sql: \"SELECT name, token FROM tokens\" }, facts: { name: text, token: text }, key: [name] } }\neach: t\nfail: token != \"x\"\nmessage: \"{{ name }} has {{ token }}\"\n",
    );
    for command in ["out", "err"] {
        shop.policy(
            command,
            &format!("target: {{ type: host }}\nobserve: {{ o: {{ probe: command.output, with: {{ command: {command}, format: lines }} }} }}\nfail: exit_status >= 0\nmessage: \"{{{{ stdout }}}} {{{{ stderr }}}} {{{{ lines }}}}\"\n"),
        );
    }
    let run = never_told(&shop).exits(1);
    assert_eq!((run.verdict("out"), run.verdict("err")), ("fail", "fail"));
    assert!(run.stdout.contains("a secret of this run, which is not told"), "{}", run.stdout);
    // A row whose name holds a secret cannot be judged, and is not lost.
    assert_eq!(run.check_of("tokens")["counts"]["unknown"], 3, "{}", run.stdout);
}

#[test]
fn a_secret_in_plain_text_is_refused_without_being_shown() {
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let quoted = format!("'{}'", SECRET.replace('\'', "''"));
    let url = "url: postgres://watcher@localhost/shop";
    for target in [
        format!("{{ type: postgres, {url}, password: {quoted} }}"),
        format!("{{ type: postgres, url: \"postgres://watcher:{encoded}@localhost/shop\" }}"),
        format!("{{ type: service, url: \"https://localhost/\", headers: {{ Authorization: {quoted} }} }}"),
        format!("{{ type: service, url: \"https://u:{encoded}@localhost/\" }}"),
        format!("{{ type: postgres, {url}, pasword: {quoted} }}"),
        format!("{{ type: postgres, {url}, password: {{ value: {quoted} }} }}"),
        format!("{{ type: postgres, {url}, password: {quoted}, lables: {{ a: b }} }}"),
        format!("{{ type: postgres, {url}, password: [{quoted}] }}"),
        format!("\n    type: postgres\n    {url}\n    password: {quoted}\n    labels: [unclosed\n"),
        format!("\n    type: postgres\n    password: {quoted}\n    url: nonsense\n"),
    ] {
        let shop = Shop::new();
        shop.project(&format!("policies: [policies/]\ntargets:\n  pg: {target}\n"));
        shop.policy("asked", SERVER);
        for arguments in [&["check"][..], &["check", "--format", "json"], &["list", "targets"], &["lint"]] {
            let run = shop.run(arguments);
            let what = format!("{arguments:?} with {target}");
            clean(&what, run.stdout.as_bytes());
            clean(&what, run.stderr.as_bytes());
            assert_eq!(run.code, 2, "{what}\n{}{}", run.stdout, run.stderr);
        }
    }
    let shop = Shop::new();
    shop.file("one.yaml", &policy("one", SERVER));
    let run = shop
        .run(&["check", "one.yaml", "--target", &format!("postgres://u:{encoded}@localhost/shop")])
        .exits(2);
    clean("--target", run.stderr.as_bytes());
}

#[test]
fn a_secret_that_cannot_be_read_is_told_by_its_place_only() {
    for (secret, said) in [
        ("{ env: NOT_SET }", "NOT_SET"),
        ("{ file: nowhere.txt }", "nowhere.txt"),
        ("{ command: [sh, -c, \"cat secret.txt >&2; exit 3\", K4naryC0reW0rdZ] }", "command `sh`"),
        ("{ command: [sh, -c, \"true\", K4naryC0reW0rdZ] }", "command `sh`"),
    ] {
        let shop = Shop::new();
        shop.file("secret.txt", SECRET);
        shop.project(&format!(
            "policies: [policies/]\ntargets:\n  pg:\n    type: postgres\n    url: postgres://watcher@localhost/shop\n    password: {secret}\n"
        ));
        shop.policy("asked", SERVER);
        let run = shop.run(&["check"]).exits(2).says(said);
        let message = run.stderr.split('╭').next().unwrap();
        clean(secret, message.as_bytes());
    }
}
