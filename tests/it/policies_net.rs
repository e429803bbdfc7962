//! The policies of `builtin:tls`, `builtin:service` and `builtin:command` on real servers, certificates and
//! programs: a defect, a healthy counterpart, the remedy carried out.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{CertificateParams, date_time_ymd};

use crate::faults::Faults;
use crate::harness::Shop;
use crate::http::{Http, Reply};
use crate::remedy::{about, carry_out, judge, project, rank, shop, words};
use crate::tls::{Cert, TlsServer, authority};

/// Valid for so many days from now, the begin of that day.
fn ends_in(days: i64) -> impl FnOnce(&mut CertificateParams) {
    let at = Timestamp::now().checked_add(SignedDuration::from_hours(24 * days)).unwrap();
    let date = at.to_zoned(TimeZone::UTC).date();
    let day = |number: i8| u8::try_from(number).unwrap();
    let end = date_time_ymd(i32::from(date.year()), day(date.month()), day(date.day()));
    move |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = end;
    }
}

/// A service at this server whose certificates are judged by this authority.
fn tls_target(server: &TlsServer, shop: &Shop, root: &Cert) -> (String, String) {
    std::fs::write(shop.at("ca.pem"), root.pem()).unwrap();
    let endpoint = format!("127.0.0.1:{}", server.port());
    let target =
        format!("targets: {{ web: {{ type: service, url: 'tls://{endpoint}', tls: {{ ca: ca.pem }} }} }}\n");
    (target, endpoint)
}

#[test]
fn tls_expiry() {
    let (shop, root) = (Shop::new(), Cert::root("Test CA").unwrap());
    let sent = |days: i64| {
        let server =
            TlsServer::start(root.sign("127.0.0.1", ends_in(days)).unwrap().serving(&[]).unwrap()).unwrap();
        let (target, endpoint) = tls_target(&server, &shop, &root);
        project(&shop, "tls", &target);
        (judge(&shop, "tls-expiry"), endpoint, server)
    };
    let expected = [
        (-2, ["fail", "critical", "page"]),
        (5, ["fail", "critical", "page"]),
        (12, ["fail", "high", "ticket"]),
        (25, ["warn", "high", "ticket"]),
    ];
    for (days, wanted) in expected {
        let (run, endpoint, _server) = sent(days);
        let ending = about(&run, "tls-expiry", &endpoint);
        assert_eq!(rank(&ending), wanted, "{days} {ending:#}");
        // The first step shows until when the certificate that is sent holds.
        let steps = carry_out(&ending);
        assert!(steps[0].contains("notAfter="), "{steps:?}");
    }
    // What the last step says: renew it and reload the server.
    assert_eq!(sent(80).0.exits(0).verdict("tls-expiry"), "pass");
}

#[test]
fn tls_expiry_looks_at_the_whole_chain_and_leaves_plain_services_out() {
    let shop = Shop::new();
    let root = Cert::root("Test CA").unwrap();
    let middle = root
        .sign("Middle", |params| {
            authority(params);
            ends_in(10)(params);
        })
        .unwrap();
    let leaf = middle.sign("127.0.0.1", ends_in(90)).unwrap();
    let server = TlsServer::start(leaf.serving(&[&middle]).unwrap()).unwrap();
    let (target, endpoint) = tls_target(&server, &shop, &root);
    project(
        &shop,
        "tls",
        &target.replace("{ web:", "{ plain: { type: service, url: 'http://127.0.0.1:1/' }, web:"),
    );
    let run = judge(&shop, "tls-expiry").exits(1);
    assert_eq!(rank(&about(&run, "tls-expiry", &endpoint)), ["fail", "high", "ticket"]);
    let plain = run.checks().iter().find(|check| check["target"] == "plain").unwrap();
    assert_eq!(plain["verdict"], "skipped", "{plain:#}");
}

#[test]
fn tls_trust() {
    let shop = Shop::new();
    let root = Cert::root("Test CA").unwrap();
    let middle = root.sign("Middle", authority).unwrap();
    let leaf = middle.sign("127.0.0.1", |_| {}).unwrap();
    let other = middle.sign("other.example.org", |_| {}).unwrap();
    let sent = |leaf: &Cert, rest: &[&Cert], trusted: &Cert| {
        let server = TlsServer::start(leaf.serving(rest).unwrap()).unwrap();
        let (target, endpoint) = tls_target(&server, &shop, trusted);
        project(&shop, "tls", &target);
        (judge(&shop, "tls-trust"), endpoint, server)
    };
    let (run, endpoint, server) = sent(&leaf, &[], &root);
    let short = about(&run.exits(1), "tls-trust", &endpoint);
    assert_eq!(rank(&short)[..2], ["fail", "critical"]);
    assert!(short["message"].as_str().unwrap().contains("probably missing"), "{short:#}");
    assert!(words(&short)[0].contains("whole chain"), "{short:#}");
    let steps = carry_out(&short);
    assert!(steps[0].contains("i:CN") && steps[0].contains("Verif"), "{steps:?}");
    drop(server);
    // What the step says: the whole chain.
    assert_eq!(sent(&leaf, &[&middle], &root).0.exits(0).verdict("tls-trust"), "pass");

    let (run, endpoint, _server) = sent(&other, &[&middle], &root);
    let wrong = about(&run.exits(1), "tls-trust", &endpoint);
    assert!(wrong["message"].as_str().unwrap().ends_with("it is for other.example.org"), "{wrong:#}");
    assert_eq!(words(&wrong).len(), 1);

    let stranger = Cert::root("Another CA").unwrap();
    let (run, endpoint, server) = sent(&leaf, &[&middle], &stranger);
    let strange = about(&run.exits(1), "tls-trust", &endpoint);
    assert!(words(&strange)[1].contains("authority of your own"), "{strange:#}");
    // What the step says: name the right authority.
    let (target, _) = tls_target(&server, &shop, &root);
    project(&shop, "tls", &target);
    assert_eq!(judge(&shop, "tls-trust").exits(0).verdict("tls-trust"), "pass");
}

#[test]
fn certificate_file_expiry() {
    let set = "glob: '@SHOP@/live/*/fullchain.pem'";
    let shop = shop(
        "tls",
        &format!(
            "targets: {{ box: {{ type: host }} }}\noverrides: [{{ policy: certificate-file-expiry, set: {{ {set} }} }}]\n"
        ),
    );
    assert_eq!(judge(&shop, "certificate-file-expiry").exits(3).cause("certificate-file-expiry"), "absent");
    let root = Cert::root("Test CA").unwrap();
    let write = |days: i64| {
        let leaf = root.sign("shop.example.org", ends_in(days)).unwrap();
        shop.file("live/shop/fullchain.pem", &(leaf.pem() + &root.pem()));
    };
    let subject = format!("{}.0", shop.at("live/shop/fullchain.pem").display());
    let expected = [
        (-2, ["fail", "critical", "page"]),
        (5, ["fail", "critical", "page"]),
        (12, ["fail", "high", "ticket"]),
        (25, ["warn", "high", "ticket"]),
    ];
    for (days, wanted) in expected {
        write(days);
        let run = judge(&shop, "certificate-file-expiry");
        assert_eq!(run.findings().len(), 1);
        let ending = about(&run, "certificate-file-expiry", &subject);
        assert_eq!(rank(&ending), wanted, "{days} {ending:#}");
        let steps = carry_out(&ending);
        assert!(steps[0].contains("shop.example.org") && steps[0].contains("notAfter="), "{steps:?}");
    }
    // What the last step says: renew it.
    write(80);
    assert_eq!(judge(&shop, "certificate-file-expiry").exits(0).verdict("certificate-file-expiry"), "pass");
    shop.file("live/shop/fullchain.pem", "-----BEGIN CERTIFICATE-----\nnot base64!\n");
    assert_eq!(
        judge(&shop, "certificate-file-expiry").exits(3).cause("certificate-file-expiry"),
        "malformed"
    );
}

/// A service that answers with this status; the rest of the answer follows from it.
fn service(body: &'static str) -> (Http, Arc<AtomicU16>) {
    let status = Arc::new(AtomicU16::new(200));
    let theirs = Arc::clone(&status);
    let http = Http::start(move |_| match theirs.load(Ordering::Relaxed) {
        302 => Reply::redirect(302, "/login"),
        1 => {
            std::thread::sleep(Duration::from_millis(2_300));
            Reply::new(200, "application/json", body)
        }
        status => Reply::new(status, "application/json", body),
    });
    (http.unwrap(), status)
}

#[test]
fn http_healthy() {
    let (http, status) = service("{}");
    let url = http.url("/health");
    let set = "warn_above: 1s, fail_above: 2s";
    let shop = shop(
        "service",
        &format!(
            "targets: {{ web: {{ type: service, url: '{url}' }} }}\noverrides: [{{ policy: http-healthy, set: {{ {set} }} }}]\n"
        ),
    );
    let answering = |code: u16| {
        status.store(code, Ordering::Relaxed);
        judge(&shop, "http-healthy")
    };
    assert_eq!(answering(200).exits(0).verdict("http-healthy"), "pass");
    let expected = [
        (503, ["fail", "critical", "page"], "answered 503 after"),
        (404, ["fail", "high", "page"], "answered 404 after"),
        (302, ["fail", "high", "page"], "answered 302 and leads to /login"),
        (1, ["fail", "high", "ticket"], "answered 200, and only after "),
    ];
    for (code, wanted, message) in expected {
        let sick = about(&answering(code).exits(1), "http-healthy", &url);
        assert_eq!(rank(&sick), wanted, "{sick:#}");
        assert!(sick["message"].as_str().unwrap().contains(message), "{sick:#}");
        let steps = carry_out(&sick);
        let shown = if code == 1 { "200".to_owned() } else { code.to_string() };
        assert!(steps[0].starts_with(&format!("{shown} dns ")) && steps[0].ends_with('\n'), "{steps:?}");
        // What the last step says: undo the release.
        assert_eq!(answering(200).exits(0).verdict("http-healthy"), "pass");
    }
    drop(http);
    let gone = Faults::refused().unwrap();
    project(&shop, "service", &format!("targets: {{ web: {{ type: service, url: 'http://{gone}/' }} }}\n"));
    assert_eq!(judge(&shop, "http-healthy").exits(3).cause("http-healthy"), "unreachable");
}

#[test]
fn http_json_status() {
    let project_of = |url: &str| {
        format!(
            "labels: {{ health: [json] }}\ntargets: {{ web: {{ type: service, url: '{url}', labels: {{ health: json }} }} }}\n"
        )
    };
    let (up, _) = service(r#"{"status":"UP"}"#);
    let shop = shop("service", &project_of(&up.url("/")));
    assert_eq!(judge(&shop, "http-json-status").exits(0).verdict("http-json-status"), "pass");
    assert_eq!(up.asked()[0].path, "/health");
    let expected = [
        (r#"{"status":"DOWN","db":"refused"}"#, 200, "fail"),
        (r#"{"status":"UP"}"#, 503, "fail"),
        (r#"{"status":"degraded"}"#, 200, "warn"),
        (r#"{"state":"UP"}"#, 200, "unknown"),
        (r#"{"status":null}"#, 200, "unknown"),
        (r#"{"status":1}"#, 200, "unknown"),
        ("<html>", 200, "unknown"),
        ("<html>", 502, "fail"),
    ];
    for (body, code, wanted) in expected {
        let (http, status) = service(body);
        status.store(code, Ordering::Relaxed);
        project(&shop, "service", &project_of(&http.url("/")));
        let run = judge(&shop, "http-json-status");
        let finding = run.finding("http-json-status");
        assert_eq!(finding["verdict"], wanted, "{body} {code} {finding:#}");
        if wanted == "fail" {
            // The first step shows the answer, which names the part that is down.
            let steps = carry_out(finding);
            assert_eq!(steps[0], body, "{steps:?}");
        }
    }
    // What the last step says: mend that part.
    project(&shop, "service", &project_of(&up.url("/")));
    assert_eq!(judge(&shop, "http-json-status").exits(0).verdict("http-json-status"), "pass");
}

#[test]
fn port_open() {
    let address = Faults::refused().unwrap();
    let shop =
        shop("service", &format!("targets: {{ queue: {{ type: service, url: 'tcp://{address}' }} }}\n"));
    let endpoint = address.to_string();
    let closed = about(&judge(&shop, "port-open").exits(1), "port-open", &endpoint);
    assert_eq!(rank(&closed), ["fail", "critical", "page"]);
    carry_out(&closed);
    // What the last step says: start the service.
    let _service = TcpListener::bind(address).unwrap();
    assert_eq!(judge(&shop, "port-open").exits(0).verdict("port-open"), "pass");
}

#[test]
fn command_succeeds() {
    let command =
        "commands: { verify: [sh, -c, 'test -e @SHOP@/raid-is-well || { echo degraded >&2; exit 4; }'] }";
    let shop = shop("command", &format!("targets: {{ box: {{ type: host }} }}\n{command}\n"));
    let run = judge(&shop, "command-succeeds").exits(1);
    let failed = run.finding("command-succeeds");
    assert_eq!(rank(failed)[..2], ["fail", "high"]);
    assert!(failed["message"].as_str().unwrap().ends_with(": degraded"), "{failed:#}");
    assert_eq!(
        words(failed),
        [
            "Run the command `verify` of muster.yaml by hand as the user of muster, and mend what it complains about."
        ]
    );
    // What the step says: mend what it complains about.
    shop.file("raid-is-well", "");
    assert_eq!(judge(&shop, "command-succeeds").exits(0).verdict("command-succeeds"), "pass");
    for (words, code, cause) in [("[sh, -c, 'kill -9 $$']", 1, ""), ("[/not/there]", 3, "absent")] {
        project(
            &shop,
            "command",
            &format!("targets: {{ box: {{ type: host }} }}\ncommands: {{ verify: {words} }}\n"),
        );
        let run = judge(&shop, "command-succeeds").exits(code);
        assert_eq!(run.finding("command-succeeds")["cause"]["cause"].as_str().unwrap_or(""), cause);
    }
    project(&shop, "command", "targets: { box: { type: host } }\n");
    assert_eq!(judge(&shop, "command-succeeds").exits(3).cause("command-succeeds"), "absent");
}

#[test]
fn plugin_state() {
    let shop =
        shop("command", "targets: { box: { type: host } }\ncommands: { plugin: ['@SHOP@/check_queue'] }\n");
    shop.file("check_queue", "#!/bin/sh\nread -r line </dev/null\n. \"$(dirname \"$0\")/queue\"\n");
    std::fs::set_permissions(shop.at("check_queue"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let saying = |state: &str, code: u8| {
        shop.file("queue", &format!("echo 'QUEUE {state} - 7 messages | messages=7'\nexit {code}\n"));
        judge(&shop, "plugin-state")
    };
    let expected = [
        ("WARNING", 1, 0, ["warn", "high", ""], "`plugin` warns: QUEUE WARNING"),
        ("CRITICAL", 2, 1, ["fail", "critical", ""], "`plugin` says critical: QUEUE CRITICAL"),
        ("UNKNOWN", 3, 1, ["fail", "high", ""], "`plugin` could not judge (exit status 3): QUEUE UNKNOWN"),
    ];
    for (state, code, exit, wanted, message) in expected {
        let run = saying(state, code).exits(exit);
        let finding = run.finding("plugin-state");
        assert_eq!(rank(finding), wanted, "{finding:#}");
        assert!(finding["message"].as_str().unwrap().starts_with(message), "{finding:#}");
        // What the step says: run it, and mend what it names.
        assert_eq!(saying("OK", 0).exits(0).verdict("plugin-state"), "pass");
    }
    assert_eq!(saying("ODD", 77).exits(3).cause("plugin-state"), "malformed");
}
