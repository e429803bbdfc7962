//! Against a real server that speaks S3, and one that fails where a test wants it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value as Json, json};

use super::tests::{Shop, int, list, word, wrong};
use crate::fact::{Cause, Level, Value};
use crate::http::{Http, Reply};
use crate::probe::postgres::testing::{block, env};
use crate::probe::testing::{Question, cause, cell};
use crate::probe::{Answer, Target};
use crate::secret::{Redactor, Secret};

/// The last page of a listing.
type Last = Box<dyn Fn() -> Reply + Send + Sync>;

static NEXT: AtomicU32 = AtomicU32::new(0);

fn server() -> String {
    format!("http://127.0.0.1:{}", env("MUSTER_TEST_S3_PORT"))
}

/// A bucket at this address, with this secret.
fn bucket(url: &str, secret: &str) -> Target {
    let redactor = Redactor::new();
    Target {
        name: "uploads".into(),
        kind: "bucket".into(),
        url: Some(url.parse().unwrap()),
        access_key: Some(Secret::new("S3RVER", &redactor)),
        password: Some(Secret::new(secret, &redactor)),
        ..Target::default()
    }
}

/// Objects below a prefix of their own, with their names as content.
struct Objects {
    prefix: String,
}

impl Objects {
    fn new(keys: &[&str]) -> Self {
        let prefix = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let made = Self { prefix };
        block(async {
            let client =
                reqwest::Client::builder().no_proxy().tls_backend_preconfigured(config()).build().unwrap();
            let put = |key: &&str| {
                let mut url: url::Url = format!("{}/uploads/{}/", server(), made.prefix).parse().unwrap();
                url.path_segments_mut().unwrap().pop_if_empty().extend(key.split('/'));
                let request = client
                    .put(url)
                    .header("content-type", "application/octet-stream")
                    .body((*key).to_owned());
                async move { assert!(request.send().await.unwrap().status().is_success()) }
            };
            let all: Vec<_> = keys.iter().map(put).collect();
            futures_util::stream::iter(all).buffer_unordered(16).collect::<Vec<_>>().await;
        });
        made
    }

    fn target(&self) -> Target {
        bucket(&format!("{}/uploads/{}", server(), self.prefix), "S3RVER")
    }
}

fn config() -> rustls::ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.unwrap().with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}

fn ask(shop: &Shop, target: Target, mut args: Json) -> Question {
    args["root"] = json!("");
    shop.ask(args).other("bucket", target)
}

/// By a listing, and again object by object.
fn both(shop: &Shop, objects: &Objects, args: &Json) -> Answer {
    let method = |word: &str| {
        let mut args = args.clone();
        args["method"] = json!(word);
        ask(shop, objects.target(), args).run().unwrap()
    };
    let (listed, looked) = (method("listing"), method("lookups"));
    for fact in ["missing", "missing_paths", "size_differs_paths", "content_differs_paths", "repeated"] {
        assert_eq!(cell(&listed, 0, fact), cell(&looked, 0, fact), "{fact}");
    }
    assert_eq!(cell(&looked, 0, "extra"), Ok(Value::Null));
    listed
}

#[test]
fn objects_are_compared_in_both_directions() {
    let objects = Objects::new(&["a/1", "a/2", "b c+d&e", "\u{e4}/\u{1f600}", "left"]);
    let rows = ["a/1", "a/2", "b c+d&e", "\u{e4}/\u{1f600}", "gone", "../a", "a//1"];
    let answer = both(&Shop::new(&[], &rows), &objects, &json!({}));
    assert_eq!(list(&answer, "missing_paths"), ["../a", "a//1", "gone"], "a key is a text");
    assert_eq!(list(&answer, "extra_paths"), ["left"]);
    assert_eq!((int(&answer, "files"), word(&answer, "tree")), (5, "there".to_owned()));
}

#[test]
fn more_than_one_page_is_listed() {
    let names: Vec<String> = (0..1_205).map(|n| format!("{n:05}")).collect();
    let keys: Vec<&str> = names.iter().map(String::as_str).collect();
    let (objects, shop) = (Objects::new(&keys), Shop::new(&[], &keys));
    shop.sql("insert into uploads (path) values ('01204x')");
    shop.sql("delete from uploads where path = '00003'");
    let answer = ask(&shop, objects.target(), json!({})).run().unwrap();
    assert_eq!(wrong(&answer), [("missing", 1), ("extra", 1)]);
    assert_eq!(int(&answer, "files"), 1_205);
}

#[test]
fn sizes_and_contents_of_objects_are_compared() {
    let shop = Shop::new(&[], &["a", "bb", "cc"]);
    let objects = Objects::new(&["a", "bb", "cc"]);
    shop.sql("update uploads set size = 1, digest = '0cc175b9c0f1b6a831c399e269772661'");
    shop.sql("update uploads set size = 2 where path = 'cc'");
    let answer = both(&shop, &objects, &json!({"depth": "content", "algorithm": "md5"}));
    assert_eq!(list(&answer, "size_differs_paths"), ["bb"]);
    assert_eq!(list(&answer, "content_differs_paths"), ["cc"]);
    assert_eq!(int(&answer, "checked_content"), 2);
    shop.sql("update uploads set digest = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', size = null");
    let answer = both(&shop, &objects, &json!({"depth": "content"}));
    assert_eq!(list(&answer, "content_differs_paths"), ["bb", "cc"], "of what is read");
}

#[test]
fn what_a_bucket_has_not_is_refused() {
    let (shop, objects) = (Shop::new(&[], &["a"]), Objects::new(&["a"]));
    for args in [json!({"owner": "root"}), json!({"reader": "root"}), json!({"mount": true})] {
        assert_eq!(ask(&shop, objects.target(), args).run().unwrap_err().cause, Cause::Malformed);
    }
    let why = shop.ask(json!({})).other("bucket", objects.target()).run().unwrap_err();
    assert!(why.what.contains("both"), "{why}");
    let other = Target { kind: "service".into(), ..objects.target() };
    assert_eq!(ask(&shop, other, json!({})).run().unwrap_err().cause, Cause::WrongType);
}

#[test]
fn a_sentinel_shows_that_it_is_the_right_prefix() {
    let (shop, objects) = (Shop::new(&[], &["a"]), Objects::new(&["a", ".volume"]));
    let answer = ask(&shop, objects.target(), json!({"sentinel": ".volume"})).run().unwrap();
    assert_eq!((wrong(&answer), word(&answer, "tree")), (vec![], "there".to_owned()));
    let answer = ask(&shop, objects.target(), json!({"sentinel": ".other"})).run().unwrap();
    assert_eq!((word(&answer, "tree"), cause(&answer, 0, "missing")), ("unmarked".to_owned(), Cause::Absent));
    let empty = Objects::new(&[]);
    let answer = ask(&shop, empty.target(), json!({})).run().unwrap();
    assert_eq!((word(&answer, "tree"), int(&answer, "missing")), ("empty".to_owned(), 1));
}

#[test]
fn no_bucket_is_a_fault_and_never_missing_files() {
    let shop = Shop::new(&[], &["a"]);
    for method in ["listing", "lookups"] {
        let failed = |target: Target| ask(&shop, target, json!({"method": method})).run();
        let why = failed(bucket(&format!("{}/no-such-bucket", server()), "S3RVER")).unwrap_err();
        assert_eq!((why.cause, why.level), (Cause::Absent, Level::Target), "{why}");
        let closed = crate::faults::Faults::refused().unwrap();
        let why = failed(bucket(&format!("http://{closed}/uploads"), "S3RVER")).unwrap_err();
        assert_eq!(why.cause, Cause::Unreachable);
        assert!(!why.what.contains("X-Amz"), "{why}");
    }
}

fn page(keys: &[&str], next: Option<&str>) -> Reply {
    let objects: String = keys
        .iter()
        .map(|key| format!("<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>1</Size></Contents>"))
        .collect();
    let more = next.map(|next| format!("<NextContinuationToken>{next}</NextContinuationToken>"));
    let body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{}</IsTruncated>{}{objects}</ListBucketResult>",
        next.is_some(),
        more.unwrap_or_default(),
    );
    Reply::new(200, "application/xml", body)
}

/// A listing that has this beside its one object.
fn listed(more: &str) -> Reply {
    let object = "<Contents><Key>c</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>";
    let body = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{more}{object}</ListBucketResult>"
    );
    Reply::new(200, "application/xml", body)
}

/// A listing of three pages, whose last one is this.
fn listing(last: impl Fn() -> Reply + Send + Sync + 'static) -> Result<Answer, crate::fact::Missing> {
    let http = Http::start(move |asked| match asked.path.split("continuation-token=").nth(1) {
        _ if asked.method == "HEAD" => Reply::new(200, "text/plain", ""),
        Some(token) if token.starts_with("three") => last(),
        Some(_) => page(&["b"], Some("three")),
        None => page(&["a"], Some("two")),
    });
    let http = http.unwrap();
    let shop = Shop::new(&[], &["a", "b", "c"]);
    let target = bucket(&http.url("/uploads"), "S3RVER");
    ask(&shop, target, json!({"method": "listing"})).deadline(Duration::from_secs(3)).run()
}

#[test]
fn a_page_that_fails_is_never_fewer_objects() {
    let answer = listing(|| page(&["c"], None)).unwrap();
    assert_eq!((wrong(&answer), int(&answer, "files")), (vec![], 3));
    let error = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let slow = error("SlowDown");
    let denied = error("AccessDenied");
    let cases: Vec<(Last, Cause)> = vec![
        (Box::new(move || Reply::new(503, "application/xml", slow.as_bytes())), Cause::Limit),
        (Box::new(move || Reply::new(403, "application/xml", denied.as_bytes())), Cause::Denied),
        (Box::new(|| Reply::new(500, "text/plain", "")), Cause::Unreachable),
        (Box::new(|| Reply::new(200, "text/html", "<html>welcome</html>")), Cause::Malformed),
        (Box::new(|| Reply::new(200, "application/xml", "")), Cause::Malformed),
        (
            Box::new(|| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<ListBucketResult>")),
            Cause::Incomplete,
        ),
        (Box::new(|| page(&["c"], Some("three"))), Cause::Malformed),
        (Box::new(|| page(&["c"], None).slow(Duration::from_secs(9))), Cause::Timeout),
        (Box::new(|| page(&["other/c"], Some(""))), Cause::Malformed),
        (Box::new(|| listed("<IsTruncated>true</IsTruncated>")), Cause::Malformed),
        (Box::new(|| listed("<IsTruncated>TRUE</IsTruncated>")), Cause::Malformed),
        (Box::new(|| listed("<IsTruncated></IsTruncated>")), Cause::Malformed),
        (Box::new(|| listed("<NextContinuationToken>x</NextContinuationToken>")), Cause::Malformed),
        (Box::new(|| listed("<!-- <IsTruncated> -->")), Cause::Malformed),
        (
            Box::new(|| {
                listed("<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>")
            }),
            Cause::Malformed,
        ),
    ];
    for (number, (last, cause)) in cases.into_iter().enumerate() {
        let why = listing(last).unwrap_err();
        assert_eq!(why.cause, cause, "{number}: {why}");
        assert!(cause == Cause::Timeout || why.what.contains("page 3"), "{number}: {why}");
    }
}

#[test]
fn an_object_that_is_refused_is_not_missing() {
    let refused = |status: u16| {
        let http = Http::start(move |asked| {
            let is_bucket =
                asked.path.split('?').next() == Some("/uploads/") || asked.path.starts_with("/uploads?");
            if is_bucket { page(&["z"], None) } else { Reply::new(status, "text/plain", "") }
        });
        let http = http.unwrap();
        let target = bucket(&http.url("/uploads"), "S3RVER");
        ask(&Shop::new(&[], &["a"]), target, json!({"method": "lookups"})).run()
    };
    let answer = refused(403).unwrap();
    assert_eq!((int(&answer, "missing"), int(&answer, "unreadable")), (0, 1));
    assert_eq!(answer.table.cut.unwrap().cause, Cause::Denied);
    assert_eq!(refused(500).unwrap_err().cause, Cause::Unreachable);
    assert_eq!(int(&refused(404).unwrap(), "missing"), 1);
}

#[test]
fn requests_are_signed_and_the_secret_is_not_sent() {
    let http = Http::always(page(&["a"], None)).unwrap();
    let target =
        Target { region: Some("eu-central-1".into()), ..bucket(&http.url("/uploads/below"), "geheim") };
    ask(&Shop::new(&[], &["a"]), target, json!({"prefix": "deep"})).run().unwrap_err();
    let asked = http.asked();
    let listing = &asked[1].path;
    assert!(listing.contains("prefix=below%2Fdeep%2F"), "{listing}");
    assert!(listing.contains("X-Amz-Signature=") && listing.contains("eu-central-1"), "{listing}");
    assert!(asked.iter().all(|asked| !format!("{asked:?}").contains("geheim")));
}

#[test]
fn a_key_that_no_address_can_name_is_not_another_one() {
    let (shop, objects) = (Shop::new(&[], &["a", "x/../a", "./a", "x/."]), Objects::new(&["a", "x/"]));
    let answer = both(&shop, &objects, &json!({}));
    assert_eq!(list(&answer, "missing_paths"), ["./a", "x/.", "x/../a"]);
}

#[test]
fn a_server_that_has_everything_is_no_store() {
    for method in ["lookups", "listing"] {
        let http = Http::start(|_asked| Reply::new(200, "text/html", "<html>welcome</html>")).unwrap();
        let target = bucket(&http.url("/uploads"), "S3RVER");
        let args = json!({"method": method, "sentinel": ".volume"});
        let why = ask(&Shop::new(&[], &["a", "b"]), target, args).run().unwrap_err();
        assert_eq!(why.cause, Cause::Malformed, "{method}: {why}");
    }
}

#[test]
fn an_object_of_the_future_did_not_come_meanwhile() {
    let extra = |modified: jiff::Timestamp| {
        let body = format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated><Contents><Key>a</Key><LastModified>{modified}</LastModified><Size>1</Size></Contents></ListBucketResult>"
        );
        let http = Http::start(move |asked| match asked.method.as_str() {
            "HEAD" if asked.path.contains("no-such") => Reply::new(404, "text/plain", ""),
            "HEAD" => Reply::new(200, "text/plain", ""),
            _ => Reply::new(200, "application/xml", body.as_bytes()),
        });
        let http = http.unwrap();
        let target = bucket(&http.url("/uploads"), "S3RVER");
        let answer = ask(&Shop::new(&[], &[]), target, json!({"method": "listing"})).run().unwrap();
        (int(&answer, "extra"), int(&answer, "young"))
    };
    let now = crate::probe::system_clock().now();
    let after = |seconds: i64| now + jiff::SignedDuration::from_secs(seconds);
    assert_eq!(extra(after(60)), (0, 1), "clocks differ a little");
    assert_eq!(extra(after(3_600)), (1, 0), "the store's clock is wrong, or was");
    assert_eq!(extra(after(-3_600)), (1, 0));
}

#[test]
fn keys_are_what_the_store_says_they_are_written_as() {
    let list = |encoding: &'static str, keys: &'static [&'static str]| {
        let objects: String =
            keys.iter().map(|key| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>")).collect();
        let body = format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false</IsTruncated>{encoding}{objects}</ListBucketResult>"
        );
        let http = Http::start(move |asked| match asked.method.as_str() {
            "HEAD"
                if asked.path.starts_with("/uploads?")
                    || asked.path == "/uploads"
                    || asked.path.starts_with("/uploads/?") =>
            {
                Reply::new(200, "text/plain", "")
            }
            "HEAD" => Reply::new(404, "text/plain", ""),
            _ => Reply::new(200, "application/xml", body.as_bytes()),
        });
        let http = http.unwrap();
        let shop = Shop::new(&[], &["a b", "a+b", "a%20b"]);
        let answer =
            ask(&shop, bucket(&http.url("/uploads"), "S3RVER"), json!({"method": "listing"})).run().unwrap();
        (list(&answer, "missing_paths").join(" | "), list(&answer, "extra_paths").join(" | "))
    };
    let url = "<EncodingType>url</EncodingType>";
    let told = |missing: &str, extra: &str| (missing.to_owned(), extra.to_owned());
    assert_eq!(list("", &["a%20b"]), told("a b | a+b", ""), "written as it is");
    assert_eq!(list("", &["a+b"]), told("a b | a%20b", ""));
    assert_eq!(list(url, &["a+b"]), told("a%20b | a+b", ""));
    assert_eq!(list(url, &["a%2Bb"]), told("a b | a%20b", ""));
    assert_eq!(list(url, &["a%2520b"]), told("a b | a+b", ""));
    // One that is listed twice is one object.
    assert_eq!(list("", &["a b", "a b", "x", "x"]), told("a%20b | a+b", "x"));
}
