//! `store:`: a file of this project, or a database that several machines share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Reader;
use super::nodes::{duration, owned};
use super::targets::address;
use crate::diag::{Diag, code};
use crate::policy::model::Tier;
use crate::secret::SecretRef;
use crate::source::Loc;
use crate::source::yaml::Node;

/// The schema of a shared store that names none.
const SCHEMA: &str = "muster";

/// No name of PostgreSQL is longer.
const LONGEST: usize = 63;

/// Where runs are remembered.
#[derive(Clone, Debug, Default)]
pub struct StoreEntry {
    /// The file; of a shared store that of the copy, if the project names one.
    pub path: Option<PathBuf>,
    /// The database that several machines share.
    pub shared: Option<SharedEntry>,
    /// How long runs are kept.
    pub keep: Option<Keep>,
}

/// How long runs are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Those that judged policies of a tier; a run stays as long as the longest of its tiers says.
    pub tiers: BTreeMap<Tier, Duration>,
    /// All others.
    pub rest: Duration,
}

impl Keep {
    /// A duration for all, or one for each tier; what is not named is kept as long as the longest.
    fn of(node: Option<&Node>) -> Option<Self> {
        if let Some(rest) = duration(node) {
            return Some(Self { tiers: BTreeMap::new(), rest });
        }
        let tiers = super::tiers(node);
        let rest = tiers.values().max().copied()?;
        Some(Self { tiers, rest })
    }
}

/// A store that several machines share, before its secret is read.
#[derive(Clone, Debug)]
pub struct SharedEntry {
    /// Its address.
    pub url: Url,
    /// Where the password is kept.
    pub password: Option<(SecretRef, Loc)>,
    /// The schema with its tables.
    pub schema: String,
    /// `mode`, `ca`, `cert`, `key`.
    pub tls: BTreeMap<&'static str, String>,
    /// How long one answer may take.
    pub deadline: Option<Duration>,
}

impl Reader {
    pub(super) fn store(&mut self, node: &Node) -> Option<StoreEntry> {
        let path = node.get("path").map(|path| self.whole_path(&owned(Some(path))));
        let keep = Keep::of(node.get("keep"));
        let Some(url) = node.get("url") else {
            if let Some((key, _)) = node
                .pairs()
                .iter()
                .find(|(key, _)| matches!(key.as_str(), Some("password" | "schema" | "tls" | "deadline")))
            {
                let what = format!("`{}` is for a store with `url`", key.as_str().unwrap_or(""));
                self.refuse(
                    what,
                    &key.loc,
                    "name the shared database with `url: postgres://user@host:5432/database`",
                );
            }
            if path.is_none() {
                let help = "write `path: .muster/store.db`, or `url: postgres://user@host:5432/database`";
                self.refuse("the store has neither `path` nor `url`".to_owned(), &node.loc, help);
            }
            return Some(StoreEntry { path, shared: None, keep });
        };
        let address = match address("postgres", owned(Some(url)).as_str()) {
            Ok(address) => address,
            Err(why) => {
                let help = "a shared store is a PostgreSQL database: `postgres://user@host:5432/database`";
                self.refuse(format!("`store.url`: {why}"), &url.loc, help);
                return None;
            }
        };
        let schema = node.get("schema").map_or_else(|| SCHEMA.to_owned(), |name| owned(Some(name)));
        if let (Some(name), true) = (node.get("schema"), schema.len() > LONGEST || schema.starts_with("pg_"))
        {
            let what = format!("`{schema}` cannot be the name of a schema");
            self.refuse(
                what,
                &name.loc,
                "PostgreSQL keeps `pg_` for itself, and takes 63 characters at most",
            );
        }
        let shared = SharedEntry {
            url: address,
            password: node.get("password").and_then(|secret| self.secret(secret)),
            schema,
            tls: self.tls(node.get("tls")),
            deadline: duration(node.get("deadline")),
        };
        Some(StoreEntry { path, shared: Some(shared), keep })
    }

    fn refuse(&mut self, what: String, loc: &Loc, help: &str) {
        self.diags.push(Diag::error(&code::BAD_VALUE, what).at(loc, "").help(help));
    }
}
