//! What a body may use: clock, deadline, the target with its secrets, the redactor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;

use super::{Idle, Meter};
use crate::fact::{Cause, House, Missing};
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
    /// Name of the key with which a bucket is asked; the key itself is the password.
    pub access_key: Option<Secret>,
    /// Region of a bucket.
    pub region: Option<String>,
    /// The bucket's name stands in the name of its host, not in the path.
    pub virtual_host: bool,
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
    /// May probes that leave something behind for a moment be used on it?
    pub scratch: bool,
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
    /// Other targets that the question names, by its argument.
    pub others: BTreeMap<&'static str, Result<Other, Arc<Missing>>>,
    /// A folder in which an answer may keep how far it is, and lists that are too long for a table.
    pub work: Option<Arc<Path>>,
    /// Key of keyed digests; empty if nobody gave one.
    pub salt: Arc<[u8]>,
    /// What the project says of itself, for targets of type `project`; nothing without one.
    pub house: Option<Arc<House>>,
}

/// Another target that a question names.
#[derive(Clone)]
pub struct Other {
    /// The target.
    pub target: Arc<Target>,
    /// Connections of this run to it that nobody uses at the moment.
    pub idle: Arc<Idle>,
}

impl Context {
    /// A fault with the driver's own words, cleaned of secrets.
    pub fn missing(&self, cause: Cause, what: impl std::fmt::Display) -> Missing {
        Missing::new(cause, self.redactor.clean(&what.to_string()))
    }

    /// The same for another target that the question names in this argument.
    ///
    /// # Errors
    /// Nobody is named there, or it cannot be asked.
    pub fn beside(&self, argument: &str) -> Result<Self, Missing> {
        let other = self.others.get(argument).ok_or_else(|| {
            let what = format!("`{argument}` names no target to compare with");
            Missing::new(Cause::Absent, what).fix(format!("write `{argument}: TARGET` under `with`"))
        })?;
        let other = other.as_ref().map_err(|why| (**why).clone())?;
        Ok(Self {
            clock: Arc::clone(&self.clock),
            deadline: self.deadline,
            target: Arc::clone(&other.target),
            redactor: Arc::clone(&self.redactor),
            idle: Arc::clone(&other.idle),
            meter: Arc::clone(&self.meter),
            others: BTreeMap::new(),
            work: self.work.clone(),
            salt: Arc::clone(&self.salt),
            house: self.house.clone(),
        })
    }

    /// The time that is left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
