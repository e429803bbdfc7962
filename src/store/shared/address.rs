//! Where a shared store is.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::secret::Secret;

/// Where a shared store is, and how it is reached.
#[derive(Clone)]
pub struct Address {
    /// The database.
    pub url: Url,
    /// The password.
    pub password: Option<Secret>,
    /// The schema with its tables.
    pub schema: String,
    /// As `sslmode` of PostgreSQL's clients.
    pub mode: Option<String>,
    /// File of the trusted certificates.
    pub ca: Option<PathBuf>,
    /// File of our certificate.
    pub cert: Option<PathBuf>,
    /// File of our key.
    pub key: Option<PathBuf>,
    /// How long one answer may take.
    pub deadline: Duration,
}

impl Address {
    /// What messages call it; it shows no secret.
    pub fn shown(&self) -> String {
        let url = &self.url;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let database = url.path().trim_end_matches('/');
        format!("{}{port}{database}, schema {}", url.host_str().unwrap_or(""), self.schema)
    }
}
