//! `tls.chain` where TLS begins after a few words, before real servers: PostgreSQL, MariaDB, and an SMTP server.
//!
//! Each with a good certificate, with one that has expired, and without any.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{CertificateParams, date_time_ymd};

use crate::harness::{Run, Shop};
use crate::policies_postgres::Server;
use crate::ports::free_port;
use crate::tls::Cert;
use crate::trial::done;

/// A certificate that a server presents, in files that its account alone may read.
struct Files {
    folder: tempfile::TempDir,
    root: Cert,
}

fn expired(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

impl Files {
    fn new(account: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (folder, root) = (tempfile::tempdir().unwrap(), Cert::root("Test CA").unwrap());
        let leaf = root.sign("127.0.0.1", change).unwrap();
        let made = Self { folder, root };
        std::fs::write(made.cert(), leaf.pem()).unwrap();
        std::fs::write(made.key(), leaf.key_pem()).unwrap();
        done(Command::new("chmod").arg("600").arg(made.key()));
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").args(["-R", account]).arg(made.folder.path()));
        }
        made
    }

    fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}

/// A server that is killed with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Starts it and waits until it accepts connections.
fn start(command: &mut Command, port: u16) -> Running {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    for _ in 0..600 {
        if TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_ok() {
            return running;
        }
        assert!(running.0.try_wait().unwrap().is_none(), "{command:?} has ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{command:?} does not listen");
}

/// A program with the rights of an account, because the servers refuse root.
fn as_account(account: &str, program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={account}")).arg(format!("--regid={account}"));
    command.args(["--clear-groups", program]);
    command
}

/// What is asked: each rule passes if the certificate is good.
const RULES: [(&str, &str); 4] = [
    ("trust", "trusted == false"),
    ("name", "name_matches == false"),
    ("date", "date_valid == false"),
    ("soon", "chain_not_after < now"),
];

fn look(target: &str, with: &str, root: Option<&Cert>) -> Run {
    let shop = Shop::new();
    if let Some(root) = root {
        shop.file("ca.pem", &root.pem());
    }
    let kind = target.split([' ', ',']).nth(2).unwrap();
    shop.project(&format!("policies: [policies/]\ntargets:\n  there: {target}\n"));
    for (id, rule) in RULES {
        let observe = format!("observe: {{ x: {{ probe: tls.chain, with: {{ {with} }} }} }}");
        shop.policy(id, &format!("target: {{ type: {kind} }}\n{observe}\neach: x\nfail: {rule}\n"));
    }
    let run = shop.check(&[]);
    assert_ne!(run.code, 2, "{}", run.stdout);
    run
}

/// By the scheme of the target's own address, and by the argument.
fn both(kind: &str, port: u16, root: Option<&Cert>) -> Vec<Run> {
    let ca = if root.is_some() { ", tls: { ca: ca.pem }" } else { "" };
    let service = format!("{{ type: service, url: 'tls://127.0.0.1:{port}'{ca} }}");
    let mut runs = vec![look(&service, &format!("starttls: {kind}"), root)];
    if kind != "smtp" {
        let own = format!("{{ type: {kind}, url: '{kind}://watcher@127.0.0.1:{port}/x'{ca} }}");
        runs.push(look(&own, "", root));
    }
    runs
}

fn good(kind: &str, port: u16, files: &Files) {
    for run in both(kind, port, Some(&files.root)) {
        for (id, rule) in RULES {
            assert_eq!(run.verdict(id), "pass", "{kind}: {rule}\n{}", run.stdout);
        }
    }
}

fn bad(kind: &str, port: u16, files: &Files) {
    for run in both(kind, port, Some(&files.root)) {
        let found = RULES.map(|(id, _)| run.verdict(id));
        assert_eq!(found, ["pass", "pass", "fail", "fail"], "{kind}\n{}", run.stdout);
    }
}

fn refused(kind: &str, port: u16) {
    for run in both(kind, port, None) {
        for (id, _) in RULES {
            assert_eq!(run.cause(id), "unsupported", "{kind}\n{}", run.stdout);
            assert!(run.finding(id)["cause"]["fix"].is_string(), "{kind}\n{}", run.stdout);
        }
    }
}

fn postgres(files: &Files) -> Server {
    let (cert, key) = (files.cert().display().to_string(), files.key().display().to_string());
    Server::new(&format!("ssl = on\nssl_cert_file = '{cert}'\nssl_key_file = '{key}'"))
}

#[test]
fn postgresql_shows_its_chain_after_its_request() {
    let files = Files::new("postgres", |_| {});
    good("postgres", postgres(&files).port(), &files);
    let files = Files::new("postgres", expired);
    bad("postgres", postgres(&files).port(), &files);
    refused("postgres", Server::new("ssl = off").port());
}

/// A data directory of MariaDB.
fn mariadb_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        done(Command::new("chown").arg("mysql").arg(folder.path()));
    }
    let data = format!("--datadir={}", folder.path().join("data").display());
    let mut install = as_account("mysql", "mariadb-install-db");
    install.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]);
    done(install.arg(data).env("HOME", folder.path()));
    folder
}

fn mariadb(folder: &Path, options: &[String]) -> (Running, u16) {
    let (port, at) = (free_port(), |name: &str| folder.join(name).display().to_string());
    let mut server = as_account("mysql", "mariadbd");
    server.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=8M"]);
    server.arg(format!("--datadir={}", at("data"))).arg(format!("--socket={}", at("sock")));
    server.arg(format!("--pid-file={}", at("pid"))).arg(format!("--log-error={}", at("log")));
    server.arg(format!("--port={port}")).args(options);
    (start(&mut server, port), port)
}

#[test]
fn mariadb_shows_its_chain_after_its_greeting() {
    let folder = mariadb_folder();
    let with = |files: &Files| {
        let (cert, key) = (files.cert(), files.key());
        let options = [format!("--ssl-cert={}", cert.display()), format!("--ssl-key={}", key.display())];
        mariadb(folder.path(), &options)
    };
    let files = Files::new("mysql", |_| {});
    let (server, port) = with(&files);
    good("mysql", port, &files);
    drop(server);
    let files = Files::new("mysql", expired);
    let (server, port) = with(&files);
    bad("mysql", port, &files);
    drop(server);
    let (_server, port) = mariadb(folder.path(), &["--skip-ssl".to_owned()]);
    refused("mysql", port);
}

fn smtp(files: Option<&Files>) -> (Running, u16) {
    let port = free_port();
    let mut server = Command::new("aiosmtpd");
    server.args(["-n", "-c", "aiosmtpd.handlers.Sink", "-l"]).arg(format!("127.0.0.1:{port}"));
    if let Some(files) = files {
        server.arg("--tlscert").arg(files.cert()).arg("--tlskey").arg(files.key());
    }
    (start(&mut server, port), port)
}

#[test]
fn an_smtp_server_shows_its_chain_after_starttls() {
    let files = Files::new("nobody", |_| {});
    let (server, port) = smtp(Some(&files));
    good("smtp", port, &files);
    drop(server);
    let files = Files::new("nobody", expired);
    let (server, port) = smtp(Some(&files));
    bad("smtp", port, &files);
    drop(server);
    let (_server, port) = smtp(None);
    refused("smtp", port);
}
