//! What a body may use: clock, deadline, the target with its secrets, the redactor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use super::{Idle, Meter};
use crate::fact::{Cause, Missing};
use crate::secret::{Redactor, Secret};

/// The time. A test may set it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The time of this machine.
#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Which databases of a server are looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Databases {
    /// The one of the address.
    #[default]
    One,
    /// All that accept connections, except these.
    All {
        /// Names that are left out.
        except: Vec<String>,
    },
}

/// Files for TLS to a database or service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `disable`, `prefer`, `require`, `verify-ca`, `verify-full`, as `sslmode` of the database's clients;
    /// `None` is the type's default.
    pub mode: Option<String>,
    /// Certificates that are trusted besides or instead of the platform's.
    pub ca: Option<PathBuf>,
    /// Our certificate.
    pub cert: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// A target with everything that is needed to reach it. Never printed, never recorded.
#[derive(Clone, Default)]
pub struct Target {
    /// Its name in the project file.
    pub name: Arc<str>,
    /// Its type.
    pub kind: Arc<str>,
    /// Its address.
    pub url: Option<Url>,
    /// Its file.
    pub path: Option<PathBuf>,
    /// The password, if it needs one.
    pub password: Option<Secret>,
    /// Headers with secrets for a service, by name.
    pub headers: BTreeMap<String, Secret>,
    /// TLS files.
    pub tls: TlsFiles,
    /// Databases of a server.
    pub databases: Databases,
    /// Commands that may be run, by name.
    pub commands: Arc<BTreeMap<String, Vec<String>>>,
    /// How many questions it is asked at once; 0 is the default of its type.
    pub connections: usize,
    /// How long one answer may take; `None` is the run's default.
    pub deadline: Option<Duration>,
}

/// What a body may use.
pub struct Context {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// When the answer must be there. The observer enforces it too; a body uses it to stop what would
    /// otherwise go on (a query, a child process).
    pub deadline: Instant,
    /// Whom to ask.
    pub target: Arc<Target>,
    /// Removes secrets from whatever a driver says.
    pub redactor: Arc<Redactor>,
    /// Connections of this run to this target that nobody uses at the moment.
    pub idle: Arc<Idle>,
    /// Counts the statements of this answer.
    pub meter: Arc<Meter>,
}

impl Context {
    /// A fault with the driver's own words, cleaned of secrets.
    pub fn missing(&self, cause: Cause, what: impl std::fmt::Display) -> Missing {
        Missing::new(cause, self.redactor.clean(&what.to_string()))
    }

    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
