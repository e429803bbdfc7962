//! Targets of the project file: addresses, secrets, certificates, limits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Reader;
use super::nodes::{count, duration, items, labels, owned, pairs, text};
use crate::diag::{Diag, code, did_you_mean};
use crate::fact::catalogue;
use crate::policy::{hide, shapes};
use crate::secret::SecretRef;
use crate::source::Loc;
use crate::source::yaml::{Kind, Node};

/// Which databases of a server are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DatabaseChoice {
    /// The one of the address.
    #[default]
    One,
    /// All but these.
    All(Vec<String>),
}

/// One target as the project file says it, before secrets are read.
#[derive(Clone, Debug)]
pub struct TargetEntry {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Its address.
    pub url: Option<Url>,
    /// Its file.
    pub path: Option<PathBuf>,
    /// Is that written from `/` on, so that it is the same wherever the project lies?
    pub path_is_absolute: bool,
    /// Where the password is kept.
    pub password: Option<(SecretRef, Loc)>,
    /// Where the name of a bucket's key is kept.
    pub access_key: Option<(SecretRef, Loc)>,
    /// Region of a bucket.
    pub region: Option<String>,
    /// The bucket's name stands in the name of its host.
    pub virtual_host: bool,
    /// Secret headers.
    pub headers: BTreeMap<String, (SecretRef, Loc)>,
    /// Labels.
    pub labels: BTreeMap<Arc<str>, Arc<str>>,
    /// `mode`, `ca`, `cert`, `key`.
    pub tls: BTreeMap<&'static str, String>,
    /// Which databases.
    pub databases: DatabaseChoice,
    /// Questions at once.
    pub connections: Option<usize>,
    /// How long one answer may take.
    pub deadline: Option<Duration>,
    /// May probes that leave something behind for a moment be used on it?
    pub scratch: bool,
    /// Where it stands.
    pub loc: Loc,
}

/// A secret in plain text gets its own message.
pub(super) fn plain_secrets(root: &Node, diags: &mut Vec<Diag>) {
    let mut push = |message: &str, loc: &Loc, help: &str| {
        let help = format!("{help}, and change the secret: it has been in a file");
        diags.push(Diag::error(&code::PLAIN_SECRET, message).at(loc, "not shown here").help(help));
    };
    let own = [("recordings", "mask_key"), ("audit", "key")];
    let own = own.into_iter().filter_map(|(rules, key)| root.get(rules).and_then(|rules| rules.get(key)));
    for key in own.filter(|key| !matches!(key.kind, Kind::Map(_)) && !key.is_null()) {
        push(
            "a secret stands in plain text",
            &key.loc,
            "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }` instead",
        );
    }
    let store = root.get("store");
    for target in pairs(root.get("targets")).iter().map(|(_, target)| target).chain(store) {
        let headers = pairs(target.get("headers")).iter().map(|(_, value)| value);
        let keys = ["password", "access_key", "secret_key"].into_iter().filter_map(|name| target.get(name));
        for secret in keys.chain(headers) {
            if !matches!(secret.kind, Kind::Map(_)) && !secret.is_null() {
                push(
                    "a secret stands in plain text",
                    &secret.loc,
                    "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }` instead",
                );
            }
        }
        let Some(url) = target.get("url") else { continue };
        if let Some(what) = url.as_str().and_then(hide::in_address) {
            let help = "leave it out and write `password: { env: NAME }`, or `headers:` for a service";
            push(what, &url.loc, help);
        }
    }
}

impl Reader {
    pub(super) fn target(&mut self, key: &Node, node: &Node) -> Option<TargetEntry> {
        let kind_node = node.get("type")?;
        let kind = text(Some(kind_node))?;
        let types = || catalogue::TARGET_TYPES.iter().map(|(name, _)| *name);
        if !types().any(|name| name == &*kind) {
            let help = did_you_mean(&kind, types())
                .unwrap_or_else(|| format!("types are {}", types().collect::<Vec<_>>().join(", ")));
            self.diags.push(
                Diag::error(&code::TARGET, format!("`{kind}` is not a type of target"))
                    .at(&kind_node.loc, "")
                    .help(help),
            );
            return None;
        }
        let url = self.address(node, &kind);
        if &*kind == "sqlite" && node.get("path").is_none() {
            self.diags.push(
                Diag::error(&code::TARGET, "a target of type `sqlite` needs `path`")
                    .at(&kind_node.loc, "")
                    .help(describe(&kind)),
            );
        }
        if &*kind == "project" {
            self.nothing_else(node);
        }
        let limits = node.get("limits");
        Some(TargetEntry {
            name: text(Some(key))?,
            path: node.get("path").map(|path| self.whole_path(&owned(Some(path)))),
            path_is_absolute: node
                .get("path")
                .and_then(Node::as_str)
                .is_some_and(|path| Path::new(path).is_absolute()),
            password: self.password(node, &kind),
            access_key: node.get("access_key").and_then(|secret| self.secret(secret)),
            region: node.get("region").map(|region| owned(Some(region))),
            virtual_host: node.get("addressing").and_then(Node::as_str) == Some("host"),
            headers: pairs(node.get("headers"))
                .iter()
                .filter_map(|(name, secret)| Some((owned(Some(name)), self.secret(secret)?)))
                .collect(),
            labels: labels(node.get("labels")),
            tls: self.tls(node.get("tls")),
            databases: databases(node.get("databases")),
            connections: limits.and_then(|l| l.get("connections")).and_then(count),
            deadline: duration(limits.and_then(|limits| limits.get("deadline"))),
            scratch: node.get("scratch").and_then(Node::as_str) == Some("true"),
            loc: key.loc.clone(),
            kind,
            url,
        })
    }

    /// The project is known without an address, and nobody logs in to it.
    fn nothing_else(&mut self, node: &Node) {
        let strange = |key: &&Node| !key.as_str().is_some_and(|key| shapes::OF_A_PROJECT.contains(&key));
        // What `address` says of `url` is not said twice.
        let keys = pairs(Some(node)).iter().map(|(key, _)| key);
        for key in keys.filter(strange).filter(|key| key.as_str() != Some("url")) {
            let message = format!("a target of type `project` takes no `{}`", key.as_str().unwrap_or(""));
            let help = "it is the project itself: write `{ type: project }`, with `labels` if you like";
            self.diags.push(Diag::error(&code::TARGET, message).at(&key.loc, "").help(help));
        }
    }

    /// The password, which is the secret key of a bucket. One half of a key would ask as nobody.
    fn password(&mut self, node: &Node, kind: &str) -> Option<(SecretRef, Loc)> {
        let (key, secret) = (node.get("access_key"), node.get("secret_key"));
        let wrong = match (key, secret) {
            (Some(half), None) | (None, Some(half)) => {
                Some((half, "`access_key` and `secret_key` belong together"))
            }
            (Some(key), Some(_)) if kind != "bucket" => Some((key, "only a bucket has an `access_key`")),
            _ => None,
        };
        if let Some((node, message)) = wrong {
            self.diags.push(Diag::error(&code::TARGET, message).at(&node.loc, "").help(describe(kind)));
        }
        node.get("password").or(secret).and_then(|secret| self.secret(secret))
    }

    pub(super) fn tls(&self, node: Option<&Node>) -> BTreeMap<&'static str, String> {
        let file = |name: &'static str| {
            node.and_then(|node| node.get(name))
                .map(|value| (name, self.whole_path(&owned(Some(value))).display().to_string()))
        };
        let mode = node.and_then(|node| node.get("mode")).map(|mode| ("mode", owned(Some(mode))));
        [mode, file("ca"), file("cert"), file("key")].into_iter().flatten().collect()
    }

    fn address(&mut self, node: &Node, kind: &str) -> Option<Url> {
        let Some(url_node) = node.get("url") else {
            if matches!(kind, "postgres" | "pgbouncer" | "mysql" | "service" | "bucket") {
                self.diags.push(
                    Diag::error(&code::TARGET, format!("a target of type `{kind}` needs `url`"))
                        .at(node.get("type").map_or(&node.loc, |kind| &kind.loc), "")
                        .help(describe(kind)),
                );
            }
            return None;
        };
        match address(kind, url_node.as_str().unwrap_or("")) {
            Ok(url) => Some(url),
            Err(message) => {
                self.diags
                    .push(Diag::error(&code::TARGET, message).at(&url_node.loc, "").help(describe(kind)));
                None
            }
        }
    }

    pub(super) fn secret(&mut self, node: &Node) -> Option<(SecretRef, Loc)> {
        let found = match pairs(Some(node)) {
            [(key, value)] => match key.as_str() {
                Some("env") => Some(SecretRef::Env(owned(Some(value)))),
                Some("file") => Some(SecretRef::File(self.whole_path(&owned(Some(value))))),
                Some("command") => Some(SecretRef::Command(
                    items(Some(value)).iter().map(|word| owned(Some(word))).collect(),
                )),
                _ => None,
            },
            _ => None,
        };
        if found.is_none() {
            self.diags.push(
                Diag::error(&code::BAD_VALUE, "a secret is exactly one of `env`, `file` and `command`")
                    .at(&node.loc, "")
                    .help("write `{ env: NAME }`, `{ file: PATH }` or `{ command: [..] }`"),
            );
        }
        found.map(|secret| (secret, node.loc.clone()))
    }
}

fn databases(node: Option<&Node>) -> DatabaseChoice {
    match node {
        None => DatabaseChoice::One,
        Some(node) => {
            DatabaseChoice::All(items(node.get("except")).iter().map(|item| owned(Some(item))).collect())
        }
    }
}

/// What the address of a type looks like.
pub fn describe(kind: &str) -> &'static str {
    catalogue::TARGET_TYPES.iter().find(|(name, _)| *name == kind).map_or("", |(_, text)| text)
}

/// Schemes of addresses of this type, the usual one first.
pub fn schemes(kind: &str) -> &'static [&'static str] {
    match kind {
        "postgres" => &["postgres", "postgresql"],
        "pgbouncer" => &["postgres", "postgresql", "pgbouncer"],
        "mysql" => &["mysql", "mariadb"],
        "service" => &["https", "http", "tls", "tcp", "smtp"],
        "bucket" => &["https", "http"],
        _ => &[],
    }
}

/// The address of a target of this type; the error is a sentence without the address, which may hold a secret.
pub fn address(kind: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("this is not an address: {error}"))?;
    let schemes = schemes(kind);
    if schemes.is_empty() {
        return Err(format!("a target of type `{kind}` takes no `url`"));
    }
    if !schemes.contains(&url.scheme()) {
        return Err(format!("`{}:` is not the address of a `{kind}`", url.scheme()));
    }
    if url.password().is_some() {
        return Err("the address holds a password; write `password: { env: NAME }`".to_owned());
    }
    if url.host_str().unwrap_or("").is_empty() {
        return Err("the address names no host".to_owned());
    }
    if kind == "bucket" && url.path().trim_matches('/').is_empty() {
        return Err("the address names no bucket".to_owned());
    }
    if matches!(url.scheme(), "tls" | "tcp" | "smtp") && url.port().is_none() {
        return Err("the address names no port".to_owned());
    }
    Ok(url)
}
