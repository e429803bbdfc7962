//! Declarations of the network probes: `tcp.port`, `tls.chain`, `http.response`.

use super::x509;
use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `tcp.port`
pub(super) static PORT: ProbeDecl = ProbeDecl {
    name: "tcp.port",
    doc: "Whether something accepts TCP connections at an address, and how long connecting takes",
    targets: &["host", "service", "postgres", "mysql", "bucket"],
    params: &[
        param("host", Ty::Host, "db.internal", "name or address; the target's own if not given"),
        param("port", Ty::Int, "5432", "port; the one of the target's address if not given"),
        param("endpoints", Ty::Texts, "[db.internal:5432, '[::1]:443']", "several addresses, `host:port`"),
    ],
    facts: &[
        field("endpoint", Ty::Text, "db.internal:5432", "host and port as asked"),
        field(
            "open",
            Ty::Bool,
            "true",
            "true: a connection was accepted; false: it was refused (a silent address is unknown: timeout)",
        ),
        field("address", Ty::Host, "192.0.2.7", "address that accepted first").null("not open"),
        field(
            "connect_time",
            Ty::Duration,
            "12ms",
            "time from the first packet to the connection, without resolving the name",
        )
        .null("not open"),
    ],
    declared: Declared::No,
    key: &["endpoint"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one TCP connection per endpoint, closed at once without a byte; 64 at a time",
    locks: "none; a server may log the connection, and MySQL counts it towards `max_connect_errors` of this host",
    feature: Some("net"),
};

/// `tls.chain`
pub(super) static CHAIN: ProbeDecl = ProbeDecl {
    name: "tls.chain",
    doc: "The certificate chain that a server presents: dates, names, key, and whether it is trusted",
    targets: &["service", "host", "postgres", "mysql", "bucket"],
    params: &[
        param(
            "endpoints",
            Ty::Texts,
            "[shop.example.org:443, mail.example.org:25]",
            "servers, `host:port`; the target's own address if not given",
        ),
        param(
            "server_name",
            Ty::Host,
            "shop.example.org",
            "name to ask for and to compare with; the endpoint's host if not given",
        ),
        param(
            "starttls",
            Ty::Enum(&["none", "postgres", "mysql", "smtp"]),
            "smtp",
            "what is spoken before TLS; by the scheme of the target's address if not given, `none` for others",
        ),
    ],
    facts: &[
        field("endpoint", Ty::Text, "shop.example.org:443", "host and port as asked"),
        x509::SUBJECT,
        x509::ISSUER,
        x509::SERIAL,
        x509::NOT_BEFORE,
        x509::NOT_AFTER,
        x509::IS_CA,
        x509::SELF_SIGNED,
        x509::NAMES,
        x509::KEY_TYPE,
        x509::KEY_BITS,
        x509::SIGNATURE_ALGORITHM,
        x509::FINGERPRINT,
        field(
            "chain_not_after",
            Ty::Time,
            "2026-12-01T00:00:00Z",
            "earliest end of validity among all certificates that the server sent",
        ),
        field("chain_length", Ty::Int, "2", "how many certificates the server sent, its own included"),
        field(
            "trusted",
            Ty::Bool,
            "true",
            "leads to an authority of the platform, or of the target's `tls: { ca }` which replaces those; \
             judged without regard to today's date and to the name",
        ),
        field("name_matches", Ty::Bool, "true", "is valid for the name that was asked for"),
        field("date_valid", Ty::Bool, "true", "every certificate that the server sent is valid now"),
        field(
            "verify_error",
            Ty::Text,
            "its issuer is not among the trusted authorities",
            "what a client that checks trust, name and date together would say",
        )
        .null("none"),
        field("protocol", Ty::Enum(&["TLSv1.2", "TLSv1.3"]), "TLSv1.3", "version that was negotiated"),
    ],
    declared: Declared::No,
    key: &["endpoint"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one TLS handshake per endpoint, 64 at a time; no request follows it",
    locks: "none; a database sees a connection that never logs in, and MySQL counts it towards `max_connect_errors` of this host",
    feature: Some("net"),
};

/// `http.response`
pub(super) static RESPONSE: ProbeDecl = ProbeDecl {
    name: "http.response",
    doc: "The answer to one HTTP request: status, times, headers, body, and facts out of its JSON",
    targets: &["service", "host"],
    params: &[
        param("url", Ty::Url, "http://127.0.0.1:9090/-/ready", "whole address, for a target without one"),
        param(
            "path",
            Ty::Text,
            "/health?full=1",
            "path and query; those of the target's address if not given",
        ),
        param("method", Ty::Enum(&["GET", "HEAD"]), "GET", "method; only those that change nothing")
            .default("GET"),
        param(
            "headers",
            Ty::Texts,
            "['Accept: application/json']",
            "headers to send, `Name: value`; secret ones belong to the target's entry",
        ),
        param("follow", Ty::Int, "3", "how many redirects to follow; the next one is reported as it is")
            .default("0"),
        param("max_body", Ty::Bytes, "1MiB", "a longer body is unknown: incomplete").default("1MiB"),
        param("rows", Ty::Text, "/items", "JSON pointer to a list: each item is a row of the declared facts"),
        param(
            "status_up_to",
            Ty::Int,
            "404",
            "with `rows`: the highest status with which they are all (299 if not given); after a higher one they are incomplete",
        ),
        param(
            "first_page",
            Ty::Bool,
            "true",
            "with `rows`: one page is all that is wanted, though the answer names a next one or is a part (206)",
        )
        .default("false"),
    ],
    facts: &[
        field("url", Ty::Url, "https://shop.example.org/health", "address that was asked first"),
        field(
            "final_url",
            Ty::Url,
            "https://shop.example.org/health",
            "address that answered, after redirects",
        ),
        field("status", Ty::Int, "200", "status code"),
        field(
            "latency",
            Ty::Duration,
            "80ms",
            "from the start, connecting included, to the answer's headers",
        ),
        field("total", Ty::Duration, "95ms", "from the start to the last byte of the body").costly(),
        field("redirects", Ty::Int, "1", "how many redirects were followed"),
        field(
            "http_version",
            Ty::Enum(&["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]),
            "HTTP/1.1",
            "version of the protocol of the answer",
        ),
        field("content_type", Ty::Text, "application/json", "header Content-Type").null("not sent"),
        field("location", Ty::Text, "https://www.example.org/", "header Location").null("not sent"),
        field(
            "headers",
            Ty::Texts,
            "['content-type: application/json']",
            "all headers of the answer, names in lower case; the values of cookies are removed",
        ),
        field("body_size", Ty::Bytes, "12KiB", "length of the body as it was sent").costly(),
        field("body", Ty::Text, "OK", "the body as UTF-8 text").costly(),
    ],
    declared: Declared::Optional,
    key: &["url"],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one request, and one more per redirect, on a connection of its own; the body is read only if a fact of it is wanted",
    locks: "none",
    feature: Some("net"),
};
