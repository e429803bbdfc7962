//! A store that several machines share, as commands use it: where its copy is, and what is said when the log is away.

use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::diag::{Diag, Level, code};
use crate::fact::{Before, Cause, Missing, Observation, Past, PastRequest, Type, Value, micros_of, show};
use crate::policy::Project;
use crate::policy::project::{Keep, SharedEntry, StoreEntry};
use crate::secret::Redactor;
use crate::store::{Address, Caught, Gap, Sent, Shared, SharedError, StoreError};

use super::memory::{taken, unusable, wait, waiting};
use super::output::{Problem, warn};
use super::records::cause;
use super::{edge, targets};

/// How long an answer of the log may take, unless the project says otherwise.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why it is not known where the store is.
pub(super) struct Unplaced {
    pub(super) problem: Problem,
    /// What it means for an answer.
    pub(super) cause: Cause,
}

impl Unplaced {
    fn store(error: &StoreError) -> Self {
        Self { problem: unusable(error), cause: cause(error) }
    }
}

/// The project says it wrong.
impl From<Problem> for Unplaced {
    fn from(problem: Problem) -> Self {
        Self { problem, cause: Cause::Malformed }
    }
}

impl From<Unplaced> for Problem {
    fn from(Unplaced { problem, .. }: Unplaced) -> Self {
        problem
    }
}

/// The store of a project, with its secret read.
pub(super) struct Place {
    /// The file that is opened: the store, or the copy of a shared one.
    pub(super) path: PathBuf,
    pub(super) keep: Option<Keep>,
    pub(super) shared: Option<Shared>,
}

impl Place {
    /// The store of a project, if it has one.
    pub(super) fn of(project: &Project) -> Result<Option<Self>, Unplaced> {
        let Some(StoreEntry { path, shared, keep }) = &project.store else { return Ok(None) };
        let Some(entry) = shared else {
            // A store without `url` has a path, or it does not load.
            let path = path.clone().unwrap_or_default();
            return Ok(Some(Self { path, keep: keep.clone(), shared: None }));
        };
        let address = address(entry)?;
        let path = match path {
            Some(path) => path.clone(),
            None => copy(&address)?,
        };
        let shared = Shared::new(address, &path).map_err(|error| Unplaced::store(&error))?;
        Ok(Some(Self { path: shared.copy().to_owned(), keep: keep.clone(), shared: Some(shared) }))
    }

    /// Beside which path runs wait.
    pub(super) fn waits(&self) -> PathBuf {
        self.shared.as_ref().map_or_else(|| self.path.clone(), Shared::outbox)
    }
}

fn address(entry: &SharedEntry) -> Result<Address, Problem> {
    let SharedEntry { url, password, schema, tls, deadline } = entry;
    // Nothing that is printed here has it: the address is told without, and a server never says it.
    let redactor = Redactor::new();
    let password = password.as_ref().map(|password| targets::secret(password, "the store", &redactor));
    let file = |name: &str| tls.get(name).map(PathBuf::from);
    Ok(Address {
        url: url.clone(),
        password: password.transpose()?,
        schema: schema.clone(),
        mode: tls.get("mode").cloned(),
        ca: file("ca"),
        cert: file("cert"),
        key: file("key"),
        deadline: deadline.unwrap_or(DEADLINE),
    })
}

/// The file of the copy where the project names none: one for each log, in a folder that only its user can read.
fn copy(address: &Address) -> Result<PathBuf, Unplaced> {
    let base = edge::variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(Path::new(&edge::variable("HOME")?).join(".cache")));
    let base = base.ok_or_else(|| {
        Problem::usage(
            "there is no place for the copy of the shared store: neither XDG_CACHE_HOME nor HOME is set",
            "name its file: `store: { url: …, path: .muster/copy.db }`",
        )
    })?;
    let folder = base.join("muster/stores");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| {
        let what = format!(
            "the folder of the copy of the shared store, `{}`, cannot be made: {error}",
            folder.display()
        );
        let problem = Problem::usage(what, "name another file: `store: { url: …, path: .muster/copy.db }`");
        let cause = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Cause::Denied,
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => Cause::WrongType,
            _ => Cause::Internal,
        };
        Unplaced { problem, cause }
    })?;
    let digest: [u8; 32] = Sha256::digest(address.shown()).into();
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(folder.join(format!("{name}.db")))
}

fn warning(message: String, help: &str) -> Diag {
    let mut diag = Diag::error(&code::STORE, message).help(help);
    diag.level = Level::Warning;
    diag
}

/// Brings the copy up to date; what is told of it beside a gap is said here.
pub(super) fn catch_up(shared: &Shared) -> Result<Option<Gap>, Problem> {
    Ok(caught(shared).map_err(|error| unusable(&error))?.gap)
}

/// The same with what is to be known of it by whoever must not go without the runs that wait.
pub(super) fn caught(shared: &Shared) -> Result<Caught, StoreError> {
    let caught = wait(shared.catch_up(Timestamp::now()))?;
    told(shared, &caught.sent);
    if let Some(why) = &caught.unsent {
        let help = "they are kept here, and the next run that may write sends them";
        warn(&[warning(format!("runs of this machine that wait were not sent: {why}"), help)]);
    }
    Ok(caught)
}

/// What was found when runs were sent.
fn told(shared: &Shared, sent: &Sent) {
    if sent.lost > 0 {
        warn(&[taken(shared.copy(), sent.lost)]);
    }
    if let Some(why) = &sent.unpruned {
        let help = "give the role `DELETE` on the table, or leave `keep` out and prune with another role";
        warn(&[warning(format!("runs that are older than `keep` stay in the shared store: {why}"), help)]);
    }
}

/// How old a copy is.
fn age(gap: &Gap, now: Timestamp) -> String {
    match gap.reached {
        None => "there is no copy of it here yet".to_owned(),
        Some(at) => {
            let micros = micros_of(now).saturating_sub(micros_of(at)).max(0);
            format!("the copy here is of {at}, {} ago", show(&Value::Int(micros), &Type::DURATION))
        }
    }
}

/// Says that what follows is shown from an old copy; without any copy there is nothing to be shown.
pub(super) fn freshen(shared: &Shared, what: &str) -> Result<(), Problem> {
    let Some(gap) = catch_up(shared)? else { return Ok(()) };
    let now = Timestamp::now();
    if gap.reached.is_none() {
        return Err(Problem::usage(
            format!("no {what} are known: {}, and {}", gap.why, age(&gap, now)),
            "`muster store status` shows whether it can be reached",
        ));
    }
    let message = format!("{}; {}, and later runs are not in it", gap.why, age(&gap, now));
    warn(&[warning(message, "`muster store status` shows whether it can be reached")]);
    Ok(())
}

/// Says that the past is not all there. What compares with it is unknown; only how long something has held can be told by a
/// part of it: one sample in which it did not proves that it has not, and whatever is missing is judged as if it had.
pub(super) fn told_of(gap: &Gap, at: Timestamp) {
    let message = format!("{}; {}", gap.why, age(gap, at));
    let help = "what is compared with the past is unknown in this run, and how long a rule has held is judged by the samples that are here";
    warn(&[warning(message, help)]);
}

/// The past of questions while nobody knows it: an answer that is asked for could not be read, and samples are none.
pub(super) fn lost_past(wanted: &[PastRequest], gap: &Gap, at: Timestamp) -> Past {
    let mut past = Past::default();
    for request in wanted {
        // Samples that are asked for are not there for the same reason.
        let (source, key) = match request {
            PastRequest::Before(source @ Before::Previous(_), key) => (source.clone(), key),
            PastRequest::History(key, ..) => (Before::Previous(None), key),
            PastRequest::Before(..) => continue,
        };
        let why = Missing::new(Cause::NoHistory, gap.why.to_string())
            .fix("run again when the shared store can be reached; `muster store status` shows it");
        let answer = Observation::missing(key.clone(), at, why);
        past.before.insert((source, key.clone()), Arc::new(answer));
    }
    past
}

/// Sends what waits. A log that was away when the run began is not waited for again.
pub(super) fn send(
    shared: &Shared,
    gap: Option<&Gap>,
    forget: Option<&dyn Fn((Timestamp, Timestamp)) -> Option<Timestamp>>,
) -> Result<(), Problem> {
    let away = gap.filter(|gap| {
        use SharedError::{Login, Timeout, Tls, Unreachable};
        matches!(gap.why, Unreachable { .. } | Timeout { .. } | Login { .. } | Tls { .. })
    });
    let sent = match away {
        Some(gap) => Err(gap.why.clone()),
        None => match waiting() {
            Ok(runtime) => runtime.block_on(shared.send(forget)),
            Err(error) => Err(error.into()),
        },
    };
    match sent {
        Ok(sent) => {
            told(shared, &sent);
            Ok(())
        }
        Err(why) => Err(unsent(shared, &why)),
    }
}

/// Forgets runs of the log that the copy forgot. What is left there is told, and is no fault of the run.
pub(super) fn forget(shared: &Shared, runs: Vec<i64>) -> Result<bool, StoreError> {
    let done = waiting()?.block_on(shared.forget(runs));
    let is_done = done.is_ok();
    if let Err(why) = done {
        told(shared, &Sent { unpruned: Some(why), ..Sent::default() });
    }
    Ok(is_done)
}

fn unsent(shared: &Shared, why: &SharedError) -> Problem {
    let message = format!("{why}; it waits in `{}-runs`", shared.outbox().display());
    Problem::from(
        Diag::error(&code::STORE, message)
            .help("the next run here that reaches the shared store sends it; a machine that is thrown away takes it along"),
    )
}

/// A shared store that a command cannot do without.
pub(super) fn away(error: &SharedError) -> Problem {
    Problem::from(
        Diag::error(&code::STORE, error.to_string())
            .help("`muster store status` shows whether it can be reached"),
    )
}
