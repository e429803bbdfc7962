use std::time::Duration;

use tokio::time::Instant;

use serde_json::json;

use url::Url;

use super::*;
use crate::faults::{Blackhole, Faults, Mode};
use crate::http::{Http, Reply};
use crate::probe::Target;
use crate::probe::testing::{ask, cell, value};
use crate::secret::Secret;
use crate::tls::{Cert, TlsServer};

const SHORT: Duration = Duration::from_millis(500);

fn service(target: &mut Target, url: &str) {
    target.kind = Arc::from("service");
    target.url = Some(Url::parse(url).unwrap());
}

/// Asks a service without arguments.
fn get(url: &str) -> Result<Answer, Missing> {
    ask("http.response", json!({})).target(|target| service(target, url)).deadline(SHORT).run()
}

fn cause(answer: &Answer, name: &str) -> Cause {
    cell(answer, 0, name).unwrap_err().cause
}

#[test]
fn an_answer_becomes_facts() {
    let server = Http::always(Reply::with(
        200,
        &[("Content-Type", "text/plain"), ("Set-Cookie", "session=abc123; HttpOnly"), ("X-Up", "yes")],
        "all is well",
    ))
    .unwrap();
    let answer = get(&server.url("/health?full=1#part")).unwrap();
    assert_eq!(value(&answer, 0, "url"), Value::text(server.url("/health?full=1")));
    assert_eq!(value(&answer, 0, "final_url"), Value::text(server.url("/health?full=1")));
    assert_eq!(value(&answer, 0, "status"), Value::Int(200));
    assert_eq!(value(&answer, 0, "body"), Value::text("all is well"));
    assert_eq!(value(&answer, 0, "body_size"), Value::Int(11));
    assert_eq!(value(&answer, 0, "content_type"), Value::text("text/plain"));
    assert_eq!(value(&answer, 0, "location"), Value::Null);
    assert_eq!(value(&answer, 0, "redirects"), Value::Int(0));
    assert_eq!(value(&answer, 0, "http_version"), Value::text("HTTP/1.1"));
    let expected = [
        "connection: close",
        "content-type: text/plain",
        "set-cookie: session=[secret]; HttpOnly",
        "x-up: yes",
    ];
    let headers = Value::texts(expected.into_iter().chain(["content-length: 11"]));
    assert_eq!(value(&answer, 0, "headers"), headers);
    let (latency, total) = (value(&answer, 0, "latency"), value(&answer, 0, "total"));
    assert!(latency.as_int().unwrap() > 0 && total.as_int() >= latency.as_int());
    assert_eq!(server.asked()[0].path, "/health?full=1");
    assert!(server.asked()[0].header("user-agent").unwrap().starts_with("muster/"));
}

#[test]
fn arguments_shape_the_request() {
    let server = Http::always(Reply::new(204, "text/plain", "")).unwrap();
    let args = json!({"path": "/ready?x=a%20b", "method": "HEAD", "headers": ["X-One: 1", "X-Two: a: b"]});
    let answer =
        ask("http.response", args).target(|target| service(target, &server.url("/base/"))).run().unwrap();
    assert_eq!(value(&answer, 0, "status"), Value::Int(204));
    let asked = server.asked().remove(0);
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("HEAD", "/ready?x=a%20b"));
    assert_eq!((asked.header("x-one"), asked.header("x-two")), (Some("1"), Some("a: b")));
    let answer = ask("http.response", json!({"url": server.url("/by-url")})).run().unwrap();
    assert_eq!(value(&answer, 0, "url"), Value::text(server.url("/by-url")));
}

#[test]
fn an_address_that_cannot_be_asked_is_no_answer() {
    let with = |args: Json, url: Option<&str>| {
        let question = ask("http.response", args);
        let why = match url {
            Some(url) => question.target(|target| service(target, url)).run(),
            None => question.run(),
        };
        why.unwrap_err().cause
    };
    let own = Some("http://127.0.0.1:1/");
    assert_eq!(with(json!({}), None), Cause::Empty);
    assert_eq!(with(json!({"url": "http://other/"}), own), Cause::WrongType);
    assert_eq!(with(json!({"url": "no address"}), None), Cause::WrongType);
    assert_eq!(with(json!({"url": "http://me:pass@x/"}), None), Cause::WrongType);
    assert_eq!(with(json!({}), Some("tcp://127.0.0.1:1")), Cause::WrongType);
    assert_eq!(with(json!({"headers": ["no colon"]}), own), Cause::WrongType);
    assert_eq!(with(json!({"headers": ["a b: c"]}), own), Cause::WrongType);
    for path in ["health", "//evil.test/x", "http://evil.test/", "/\\evil.test", "\\\\evil.test"] {
        let cause = with(json!({"path": path}), own);
        assert!(matches!(cause, Cause::WrongType | Cause::Unreachable), "{path}: {cause}");
    }
}

// Gatus reads a status of 0 here, and `status < 500` passes.
#[test]
fn a_refused_connection_has_no_status() {
    let why = get(&format!("http://{}/", Faults::refused().unwrap())).unwrap_err();
    assert_eq!(why.cause, Cause::Unreachable);
    assert_eq!(why.level, Level::Probe);
    assert!(why.what.contains("refused the connection"), "{}", why.what);
}

#[test]
fn every_fault_before_the_body_has_its_cause() {
    let upstream = Http::always(Reply::new(200, "text/plain", "x".repeat(2000))).unwrap();
    let faults = Faults::before(upstream.addr(), Mode::Forward).unwrap();
    let url = format!("http://{}/", faults.addr());
    assert_eq!(value(&get(&url).unwrap(), 0, "status"), Value::Int(200));
    for (mode, expected) in [
        (Mode::Refuse, Cause::Unreachable),
        (Mode::HANG, Cause::Timeout),
        (Mode::Hang { after: 20 }, Cause::Timeout),
        (Mode::Drip { every: Duration::from_millis(50) }, Cause::Timeout),
        (Mode::Garbage, Cause::Malformed),
        (Mode::EMPTY, Cause::Incomplete),
        (Mode::Cut { after: 20 }, Cause::Incomplete),
        (Mode::RESET, Cause::Unreachable),
        (Mode::Reset { after: 20 }, Cause::Unreachable),
    ] {
        faults.set(mode);
        let start = Instant::now();
        assert_eq!(get(&url).unwrap_err().cause, expected, "{mode:?}");
        assert!(start.elapsed() < SHORT + Duration::from_millis(250), "{mode:?} took {:?}", start.elapsed());
    }
    let hole = Blackhole::new().unwrap();
    assert_eq!(get(&format!("http://{}/", hole.addr())).unwrap_err().cause, Cause::Timeout);
    let why = ask("http.response", json!({"url": "http://no-such-host.invalid/"})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Unreachable);
    assert!(why.what.contains("`no-such-host.invalid` does not resolve"), "{}", why.what);
}

#[test]
fn a_fault_within_the_body_leaves_the_head() {
    let upstream =
        Http::always(Reply::new(200, "application/json", format!("{{\"x\": \"{}\"}}", "x".repeat(2000))))
            .unwrap();
    let faults = Faults::before(upstream.addr(), Mode::Forward).unwrap();
    for (mode, expected) in [
        (Mode::Hang { after: 500 }, Cause::Timeout),
        (Mode::Cut { after: 500 }, Cause::Incomplete),
        (Mode::Reset { after: 500 }, Cause::Incomplete),
    ] {
        faults.set(mode);
        let answer = ask("http.response", json!({}))
            .target(|target| service(target, &format!("http://{}/", faults.addr())))
            .fact("x", "text?", "/x")
            .deadline(SHORT)
            .run()
            .unwrap();
        assert_eq!(value(&answer, 0, "status"), Value::Int(200), "{mode:?}");
        for fact in ["body", "body_size", "total", "x"] {
            assert_eq!(cause(&answer, fact), expected, "{mode:?} {fact}");
        }
    }
}

#[test]
fn a_cut_stream_is_incomplete() {
    let whole = Reply::chunked("text/plain", &["one", "two"]).bytes();
    let server = Http::always(Reply::raw(&whole[..whole.len() - 5])).unwrap();
    assert_eq!(cause(&get(&server.url("/")).unwrap(), "body"), Cause::Incomplete);
    let server = Http::always(Reply::raw(whole)).unwrap();
    assert_eq!(value(&get(&server.url("/")).unwrap(), 0, "body"), Value::text("onetwo"));
}

#[test]
fn a_slow_stream_is_a_timeout() {
    let server =
        Http::always(Reply::chunked("text/plain", &["a"; 20]).slow(Duration::from_millis(60))).unwrap();
    let answer = get(&server.url("/")).unwrap();
    assert_eq!(value(&answer, 0, "status"), Value::Int(200));
    assert_eq!(cause(&answer, "body"), Cause::Timeout);
}

#[test]
fn a_body_that_is_too_long_is_never_cut_silently() {
    let body = "x".repeat(3000);
    for reply in [Reply::new(200, "text/plain", &body), Reply::chunked("text/plain", &[&body])] {
        let server = Http::always(reply).unwrap();
        let ask =
            |max: &str| ask("http.response", json!({"url": server.url("/"), "max_body": max})).run().unwrap();
        assert_eq!(cause(&ask("2999B"), "body"), Cause::Incomplete);
        assert_eq!(cause(&ask("2999B"), "body_size"), Cause::Incomplete);
        assert_eq!(value(&ask("3000B"), 0, "body_size"), Value::Int(3000));
    }
}

#[test]
fn a_body_is_read_only_when_wanted() {
    let server = Http::always(Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut")).unwrap();
    let answer = ask("http.response", json!({"url": server.url("/")}))
        .without(&["body", "body_size", "total"])
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "status"), Value::Int(200));
    assert_eq!(cause(&answer, "body"), Cause::Absent);
}

#[test]
fn a_body_that_is_no_text_is_malformed() {
    let server = Http::always(Reply::new(200, "text/plain", b"a\xff\xfeb")).unwrap();
    let answer = get(&server.url("/")).unwrap();
    assert_eq!(cause(&answer, "body"), Cause::Malformed);
    assert_eq!(value(&answer, 0, "body_size"), Value::Int(4));
}

fn lag(reply: Reply, ty: &str) -> Cell {
    let server = Http::always(reply).unwrap();
    let question = ask("http.response", json!({"url": server.url("/")})).fact("lag", ty, "/status/lag");
    cell(&question.run().unwrap(), 0, "lag")
}

// Gatus reads 0 in all of these, and `lag < 100` passes.
#[test]
fn what_is_not_in_the_body_is_never_a_number() {
    let json = |body: &str| Reply::new(200, "application/json", body);
    assert_eq!(lag(json(r#"{"status": {"lag": 7}}"#), "int"), Ok(Value::Int(7)));
    assert_eq!(lag(json(r#"{"status": {"lag": null}}"#), "int?"), Ok(Value::Null));
    let cause = |reply, ty| lag(reply, ty).unwrap_err().cause;
    assert_eq!(cause(json(r#"{"status": {}}"#), "int"), Cause::Absent);
    assert_eq!(cause(json(r#"{"status": {}}"#), "int?"), Cause::Absent);
    assert_eq!(cause(json(r#"{"status": {"lag": null}}"#), "int"), Cause::WrongType);
    assert_eq!(cause(json(r#"{"status": {"lag": "97%"}}"#), "int"), Cause::WrongType);
    assert_eq!(cause(json(r#"{"status": {"lag": 7, "lag": 0}}"#), "int"), Cause::Ambiguous);
    assert_eq!(cause(Reply::new(200, "application/json", b"{\"lag\": \"\xff\"}"), "int"), Cause::Malformed);
    assert_eq!(cause(json(""), "int?"), Cause::Malformed);
    assert_eq!(cause(json(r#"{"status": {"lag": 7}"#), "int"), Cause::Malformed);
    let why = lag(Reply::new(502, "text/html", "<h1>Bad Gateway</h1>"), "int").unwrap_err();
    assert_eq!((why.cause, why.level), (Cause::Malformed, Level::Row));
    assert!(why.what.contains("status 502, text/html"), "{}", why.what);
}

#[test]
fn headers_are_facts_too() {
    let server = Http::always(Reply::with(
        200,
        &[
            ("Age", "120"),
            ("X-Ok", "true"),
            ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("X-Share", "97%"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("Set-Cookie", "a=b"),
        ],
        "no json",
    ))
    .unwrap();
    let answer = ask("http.response", json!({"url": server.url("/")}))
        .fact("age", "int", "header:Age")
        .fact("ok", "bool", "header:X-Ok")
        .fact("changed", "time", "header:last-modified")
        .fact("share", "ratio", "header:X-Share")
        .fact("share_as_number", "int", "header:X-Share")
        .fact("number_as_text", "text", "header:Age")
        .fact("none", "int?", "header:X-None")
        .fact("twice", "int", "header:X-Twice")
        .fact("cookie", "text", "header:Set-Cookie")
        .without(&["body", "body_size", "total"])
        .run()
        .unwrap();
    assert_eq!(value(&answer, 0, "age"), Value::Int(120));
    assert_eq!(value(&answer, 0, "ok"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "changed"), Value::Int(784_111_777_000_000));
    assert_eq!(value(&answer, 0, "share"), Value::Float(0.97));
    assert_eq!(cause(&answer, "share_as_number"), Cause::WrongType);
    assert_eq!(value(&answer, 0, "number_as_text"), Value::text("120"));
    assert_eq!(cause(&answer, "none"), Cause::Absent);
    assert_eq!(cause(&answer, "twice"), Cause::Ambiguous);
    assert_eq!(cause(&answer, "cookie"), Cause::Denied);
}

/// An answer with a list, and what it says about being whole.
fn listed(status: u16, headers: &[(&str, &str)], with: &[(&str, serde_json::Value)]) -> Option<Cause> {
    let headers: Vec<_> = headers.iter().copied().chain([("Content-Type", "application/json")]).collect();
    let server = Http::always(Reply::with(status, &headers, r#"{"items": [{"name": "a"}]}"#)).unwrap();
    let mut arguments = json!({"url": server.url("/"), "rows": "/items"});
    for (name, value) in with {
        arguments[*name] = value.clone();
    }
    let answer = ask("http.response", arguments).fact("name", "text", "").key(&["name"]).run().unwrap();
    assert_eq!(answer.table.rows.len(), 1);
    answer.table.cut.as_ref().map(|why| why.cause)
}

#[test]
fn a_list_that_may_not_be_all_says_so() {
    let incomplete = Some(Cause::Incomplete);
    let status = |most: i64| ("status_up_to", json!(most));
    assert_eq!(listed(200, &[], &[]), None);
    for number in [300, 404, 500, 503] {
        assert_eq!(listed(number, &[], &[]), incomplete, "{number}");
    }
    assert_eq!(listed(404, &[], &[status(404)]), None);
    assert_eq!(listed(500, &[], &[status(404)]), incomplete);
    assert_eq!(listed(200, &[], &[status(199)]), incomplete);
    let first = ("first_page", json!(true));
    for link in [
        "<https://api.test/?page=2>; rel=\"next\"",
        "<https://api.test/?a,b;c>; title=\"x\"; Rel=next",
        "<https://api.test/?page=zwölf>; rel=next",
        "<https://api.test/?page=9>; rel=\"last\", <https://api.test/?page=2>; rel=\"prefetch NEXT\"",
    ] {
        assert_eq!(listed(200, &[("Link", link)], &[]), incomplete, "{link}");
        assert_eq!(listed(200, &[("Link", link)], std::slice::from_ref(&first)), None, "{link}");
        assert_eq!(listed(500, &[("Link", link)], std::slice::from_ref(&first)), incomplete, "{link}");
    }
    for link in ["<https://api.test/rel=next>; rel=\"prev\"", "<https://api.test/>; rel=nextish"] {
        assert_eq!(listed(200, &[("Link", link)], &[]), None, "{link}");
    }
    assert_eq!(listed(206, &[], &[]), incomplete);
    assert_eq!(listed(206, &[], &[first]), None);
    for argument in [
        json!({"url": "http://127.0.0.1:1/", "status_up_to": 404}),
        json!({"url": "http://127.0.0.1:1/", "first_page": true}),
    ] {
        assert_eq!(ask("http.response", argument).run().unwrap_err().cause, Cause::WrongType);
    }
}

#[test]
fn a_list_becomes_rows() {
    let rows = |body: &str| {
        let server = Http::always(Reply::new(200, "application/json", body)).unwrap();
        ask("http.response", json!({"url": server.url("/"), "rows": "/items"}))
            .fact("name", "text", "")
            .fact("lag", "duration", "/lag")
            .key(&["name"])
            .run()
    };
    let answer = rows(r#"{"items": [{"name": "a", "lag": 1.5}, {"name": "b"}]}"#).unwrap();
    assert_eq!(answer.table.rows.len(), 2);
    assert_eq!(value(&answer, 1, "name"), Value::text("b"));
    assert_eq!(value(&answer, 1, "status"), Value::Int(200));
    assert_eq!(value(&answer, 0, "lag"), Value::Int(1_500_000));
    assert_eq!(cell(&answer, 1, "lag").unwrap_err().cause, Cause::Absent);
    let header = ask("http.response", json!({"url": "http://127.0.0.1:1/", "rows": "/"}));
    assert_eq!(header.fact("age", "int", "header:Age").run().unwrap_err().cause, Cause::WrongType);
    assert_eq!(rows("<html>").unwrap_err().cause, Cause::Malformed);
    assert_eq!(rows("{}").unwrap_err().cause, Cause::Absent);
    assert_eq!(rows(r#"{"items": {}}"#).unwrap_err().cause, Cause::WrongType);
}

#[test]
fn redirects_are_reported_unless_followed() {
    let server = Http::start(|asked| match asked.path.as_str() {
        "/a" => Reply::redirect(301, "/b"),
        "/b" => Reply::redirect(302, "c?x=1"),
        "/loop" => Reply::redirect(307, "/loop"),
        "/odd" => Reply::redirect(302, "ftp://x/"),
        _ => Reply::new(200, "text/plain", "end"),
    })
    .unwrap();
    let follow = |path: &str, follow: u64| {
        let answer = ask("http.response", json!({"url": server.url(path), "follow": follow})).run().unwrap();
        let fact = |name| value(&answer, 0, name);
        (fact("status"), fact("redirects"), fact("final_url"), fact("location"))
    };
    let text = |path: &str| Value::text(server.url(path));
    assert_eq!(follow("/a", 0), (Value::Int(301), Value::Int(0), text("/a"), Value::text("/b")));
    assert_eq!(follow("/a", 1), (Value::Int(302), Value::Int(1), text("/b"), Value::text("c?x=1")));
    assert_eq!(follow("/a", 5), (Value::Int(200), Value::Int(2), text("/c?x=1"), Value::Null));
    assert_eq!(follow("/loop", 3).0, Value::Int(307));
    assert_eq!(follow("/odd", 3).0, Value::Int(302));
}

#[test]
fn a_redirect_into_nothing_is_no_answer() {
    let to = format!("http://{}/", Faults::refused().unwrap());
    let server = Http::start(move |_| Reply::redirect(302, &to)).unwrap();
    let why = ask("http.response", json!({"url": server.url("/"), "follow": 1})).run().unwrap_err();
    assert_eq!(why.cause, Cause::Unreachable);
}

/// Asks with a redactor that knows the secrets, as the project's loader makes it.
fn with_secrets(url: &str, args: Json) -> Result<Answer, Missing> {
    let redactor = Redactor::new();
    let (token, password) = (Secret::new("t0ken-value", &redactor), Secret::new("pass w0rd", &redactor));
    ask("http.response", args)
        .target(|target| {
            service(target, url);
            target.headers.insert("X-Token".to_owned(), token);
            target.password = Some(password);
        })
        .redactor(redactor)
        .fact("echo", "text?", "/echo")
        .run()
}

#[test]
fn secrets_are_sent_to_the_target_and_shown_to_nobody() {
    let server = Http::start(|asked| {
        let echo = json!({"echo": asked.header("x-token"), "basic": asked.header("authorization")});
        Reply::with(200, &[("X-Echo", asked.header("x-token").unwrap_or("none"))], echo.to_string())
    })
    .unwrap();
    let url = format!("http://user%40x:@{}/?token=t0ken-value", server.addr());
    let answer = with_secrets(&url, json!({})).unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.header("x-token"), Some("t0ken-value"));
    assert_eq!(asked.header("authorization"), Some("Basic dXNlckB4OnBhc3MgdzByZA=="));
    assert_eq!(value(&answer, 0, "echo"), Value::text("[secret]"));
    let all = format!("{:?}", answer.table.rows);
    for secret in ["t0ken", "w0rd", "user"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
}

#[test]
fn secrets_do_not_follow_a_redirect_elsewhere() {
    let other = Http::always(Reply::new(200, "text/plain", "hello")).unwrap();
    let to = format!("http://me:pw@{}/x", other.addr());
    let server = Http::start(move |_| Reply::redirect(302, &to)).unwrap();
    let url = format!("http://user@{}/", server.addr());
    let answer = with_secrets(&url, json!({"follow": 1, "headers": ["X-Plain: 1"]})).unwrap();
    assert_eq!(value(&answer, 0, "final_url"), Value::text(other.url("/x")));
    let asked = other.asked().remove(0);
    for header in ["x-token", "authorization", "x-plain", "referer"] {
        assert_eq!(asked.header(header), None, "{header}");
    }
}

#[test]
fn an_error_tells_no_secret() {
    let url = format!("http://user@{}/?token=t0ken-value", Faults::refused().unwrap());
    let why = with_secrets(&url, json!({})).unwrap_err();
    let all = format!("{why:?}");
    assert!(!all.contains("t0ken") && !all.contains("w0rd") && !all.contains("user"), "{all}");
}

#[test]
fn certificates_are_verified() {
    let (ca, folder) = (Cert::root("Test Root").unwrap(), tempfile::tempdir().unwrap());
    let leaf = ca.sign("localhost", |_| ()).unwrap();
    let reply = Reply::new(200, "text/plain", "safe").bytes();
    let server = TlsServer::speaking(leaf.serving(&[]).unwrap(), |_| Ok(()), reply).unwrap();
    let get = |host: &str, ca: Option<&std::path::Path>| {
        let question = ask("http.response", json!({})).target(|target| {
            service(target, &format!("https://{host}:{}/", server.port()));
            target.tls.ca = ca.map(Into::into);
        });
        question.run()
    };
    let file = ca.file(&folder, "ca.pem").unwrap();
    let answer = get("localhost", Some(&file)).unwrap();
    assert_eq!(value(&answer, 0, "body"), Value::text("safe"));
    for (host, ca) in [("localhost", None), ("127.0.0.1", Some(&*file))] {
        let why = get(host, ca).unwrap_err();
        assert_eq!(why.cause, Cause::Unreachable, "{host}");
        assert!(why.fix.unwrap().contains("tls.chain"), "{host}");
    }
    let why = get("localhost", Some(std::path::Path::new("/nowhere/ca.pem"))).unwrap_err();
    assert_eq!(why.cause, Cause::Absent);
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    assert_eq!(get("localhost", Some(&empty)).unwrap_err().cause, Cause::Malformed);
}

#[test]
fn a_fault_in_the_handshake_has_its_cause() {
    let leaf = Cert::own("localhost", |_| ()).unwrap();
    let server = TlsServer::start(leaf.serving(&[]).unwrap()).unwrap();
    let faults = Faults::before(server.addr(), Mode::Forward).unwrap();
    for (mode, expected) in [
        (Mode::HANG, Cause::Timeout),
        (Mode::Hang { after: 100 }, Cause::Timeout),
        (Mode::Garbage, Cause::Malformed),
        (Mode::EMPTY, Cause::Incomplete),
        (Mode::Cut { after: 100 }, Cause::Incomplete),
        (Mode::Reset { after: 100 }, Cause::Unreachable),
    ] {
        faults.set(mode);
        let why = get(&format!("https://localhost:{}/", faults.port())).unwrap_err();
        assert_eq!(why.cause, expected, "{mode:?}: {why}");
    }
}

#[test]
fn https_on_a_plain_port_is_malformed() {
    let greeting = Faults::greeting("HTTP/1.1 400 Bad Request\r\n\r\n", Mode::Forward).unwrap();
    assert_eq!(get(&format!("https://{}/", greeting.addr())).unwrap_err().cause, Cause::Malformed);
}
