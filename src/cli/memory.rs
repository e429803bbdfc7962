//! The store of the project: what was judged before, and remembering what was judged now.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::diag::{Diag, Level, code};
use crate::fact::{Past, PastRequest, Recording, micros_of};
use crate::judge::Outcome;
use crate::plan::Plan;
use crate::policy::Project;
use crate::secret::Redactor;
use crate::store::{Begun, Draft, Gap, Inbox, Mark, Seen, Shared, Store, StoreError};
use crate::verdict::{Finding, Recall, RunReport};

use super::memory_due::{self, Overdue};
use super::memory_keep::{self, outlived};
use super::memory_shared::{self, Place};
use super::output::{Problem, warn};
use super::promise::{Pledge, Promised, Strangers};
use super::setup::{Setup, Sources};

/// Earlier than the longest `for`, so that a sample from before it is found.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn unusable(error: &StoreError) -> Problem {
    Problem::from(
        Diag::error(&code::STORE, error.to_string())
            .help("or name another file under `store:` in muster.yaml, or remove `store:`"),
    )
}

/// A runtime for what only waits for the store.
pub(super) fn waiting() -> Result<tokio::runtime::Runtime, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| StoreError::Io { path: "(any)".to_owned(), why: error.to_string() })
}

/// Runs something that only waits for the store.
pub(super) fn wait<T>(future: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    waiting()?.block_on(future)
}

/// The store of a project, which is there.
pub(super) struct Opened {
    pub(super) project: Project,
    pub(super) path: PathBuf,
}

/// The store of the project here; without one, or before the first run, there is nothing to be read.
pub(super) fn opened(sources: &Sources, what: &str) -> Result<Opened, Problem> {
    let help = "`store: { path: .muster/store.db }` in muster.yaml makes `muster check` remember every run";
    let project = super::setup::project(sources)?.ok_or_else(|| {
        Problem::usage(
            format!("no {what} are known: there is no muster.yaml here or in a folder above"),
            help,
        )
    })?;
    let Some(place) = Place::of(&project)? else {
        return Err(Problem::usage(format!("no {what} are known: the project has no store"), help));
    };
    if let Some(shared) = &place.shared {
        memory_shared::freshen(shared, what)?;
    }
    let path = place.path;
    if !crate::store::is_there(&path).map_err(|error| unusable(&error))? {
        let message = format!("no {what} are known: the store `{}` is not there yet", path.display());
        return Err(Problem::usage(message, "`muster check` makes it"));
    }
    Ok(Opened { project, path })
}

/// The file of the project's store, or of the copy of a shared one, brought up to date; `None` if nothing is remembered.
pub(super) fn known(project: &Project, what: &str) -> Result<Option<PathBuf>, Problem> {
    let Some(place) = Place::of(project)? else { return Ok(None) };
    if let Some(shared) = &place.shared {
        memory_shared::freshen(shared, what)?;
    }
    let is_there = crate::store::is_there(&place.path).map_err(|error| unusable(&error))?;
    Ok(is_there.then_some(place.path))
}

/// What is promised, as every run says it.
struct Said {
    environment: Option<Arc<str>>,
    digest: String,
    /// All of it, if no run said it yet.
    whole: Option<Promised>,
}

/// The memory of a run: where it is left to wait for the store.
pub(super) struct Memory {
    place: Place,
    inbox: Inbox,
    /// Why a shared store could not be read when the run began.
    gap: Option<Gap>,
    /// When the runs before this one began, the first and the last.
    span: Option<(Timestamp, Timestamp)>,
    promised: Option<Said>,
    /// What is overdue now unless this run can tell how it stands, if somebody had to look.
    overdue: Option<Overdue>,
    /// That this run lasts.
    mark: Option<Mark>,
}

/// What earlier runs judged and saw, as far as a plan asks. Without a store nothing is known. A store is opened only
/// if something has to be recalled, or if it must be looked at: a check of one file takes less time than opening it.
pub(super) fn recall(
    project: &Project,
    plan: &Plan,
    pledge: Option<&Pledge<'_>>,
    at: Timestamp,
) -> Result<(Past, Option<Memory>), Problem> {
    let Some(place) = Place::of(project)? else { return Ok((Past::default(), None)) };
    // A store that cannot be used is said before anything is observed, also if nothing has to be recalled.
    let inbox = Inbox::open(&place.waits()).map_err(|error| unusable(&error))?;
    let wanted = plan.past();
    let needs = plan.checks.iter().any(|check| held(check).is_some()) || !wanted.is_empty();
    let asked = Asked { plan, wanted: &wanted, needs, pledge, at };
    let (Recalled { past, span, overdue }, gap) = match &place.shared {
        Some(shared) => from_shared(shared, &asked)?,
        None => (from_file(&place.path, &inbox, &asked)?, None),
    };
    let mark = inbox.begin(begun(plan, pledge, at));
    if let Some((_, newest)) = span.filter(|(_, newest)| *newest > at) {
        warn(&[from_the_future(&place.path, newest, at)]);
    }
    let promised = pledge.map(|pledge| Said {
        environment: pledge.environment().cloned(),
        digest: pledge.digest.clone(),
        whole: (!inbox.knows(&pledge.digest)).then(|| pledge.promised()),
    });
    Ok((past, Some(Memory { place, inbox, gap, span, promised, overdue, mark })))
}

/// What a run asks of the past.
struct Asked<'a> {
    plan: &'a Plan,
    wanted: &'a [PastRequest],
    /// Is anything judged by it?
    needs: bool,
    pledge: Option<&'a Pledge<'a>>,
    at: Timestamp,
}

impl Asked<'_> {
    /// Has somebody to look what is overdue? Not before the time that was noted for this very promise.
    fn is_due(&self, inbox: &Inbox) -> bool {
        self.pledge.is_some_and(|pledge| inbox.next_due(&pledge.digest).is_none_or(|due| due <= self.at))
    }
}

fn from_file(path: &Path, inbox: &Inbox, asked: &Asked<'_>) -> Result<Recalled, Problem> {
    let known = || from_store(path, asked.plan, asked.wanted, (asked.at, asked.pledge));
    if asked.needs || inbox.is_due() {
        return known();
    }
    // Of nothing, nothing is overdue.
    let is_there = inbox.is_beside_a_store() || inbox.span().is_some();
    if is_there && asked.is_due(inbox) {
        // Whether this run can be kept is seen at its end.
        return Ok(known().unwrap_or_else(|problem| {
            let overdue = Some(Overdue::unknown(&problem.diags));
            Recalled { span: inbox.span(), overdue, ..Recalled::default() }
        }));
    }
    Ok(Recalled { span: inbox.span(), ..Recalled::default() })
}

/// What a shared store knows. What is not known because it is away is not made up.
fn from_shared(shared: &Shared, asked: &Asked<'_>) -> Result<(Recalled, Option<Gap>), Problem> {
    // What is noted beside the copy is never too late: whoever judged since has only put it off.
    let copy = Inbox::open(shared.copy()).map_err(|error| unusable(&error))?;
    if !asked.needs && !asked.is_due(&copy) {
        return Ok((Recalled::default(), None));
    }
    let known = |wanted| from_store(shared.copy(), asked.plan, wanted, (asked.at, asked.pledge));
    let Some(gap) = memory_shared::catch_up(shared)? else { return Ok((known(asked.wanted)?, None)) };
    memory_shared::told_of(&gap, asked.at);
    let Recalled { past, span, overdue } = known(&[])?;
    let past = Past { recall: past.recall, ..memory_shared::lost_past(asked.wanted, &gap, asked.at) };
    Ok((Recalled { past, span, overdue }, Some(gap)))
}

/// What is said of a run as long as it lasts.
fn begun(plan: &Plan, pledge: Option<&Pledge<'_>>, at: Timestamp) -> Begun {
    let environment = pledge.and_then(Pledge::environment).map(|name| &**name);
    let of = environment.map_or_else(String::new, |name| format!(" of `{name}`"));
    let many = plan.checks.len();
    Begun {
        started: micros_of(at),
        host: super::edge::host(),
        process: std::process::id(),
        birth: String::new(),
        environment: environment.map(str::to_owned),
        about: format!("{many} check{}{of}", if many == 1 { "" } else { "s" }),
    }
}

/// How long a check's rule has to hold.
fn held(check: &crate::plan::Check) -> Option<i64> {
    check.policy.alert.as_ref().and_then(|alert| alert.held)
}

/// When the runs of a store began, the first and the last.
type Span = Option<(Timestamp, Timestamp)>;

/// What the store knew.
#[derive(Default)]
struct Recalled {
    past: Past,
    span: Span,
    overdue: Option<Overdue>,
}

fn from_store(
    path: &Path,
    plan: &Plan,
    wanted: &[PastRequest],
    (at, pledge): (Timestamp, Option<&Pledge<'_>>),
) -> Result<Recalled, Problem> {
    let recalled = wait(async {
        let store = Store::open(path).await?;
        let lost = store.lost();
        let recalled = async {
            let past = if wanted.is_empty() { Past::default() } else { store.past(wanted, at).await? };
            let recall = held_since(&store, plan, at).await?;
            let overdue = match pledge {
                Some(pledge) => Some(memory_due::known(&store, plan, pledge.promised(), at).await),
                None => None,
            };
            Ok(Recalled { past: Past { recall, ..past }, span: store.span().await?, overdue })
        }
        .await;
        store.close().await;
        Ok((recalled?, lost))
    });
    let (recalled, lost) = recalled.map_err(|error| unusable(&error))?;
    if lost > 0 {
        warn(&[taken(path, lost)]);
    }
    Ok(recalled)
}

/// How long rules have held that must have held for a time.
async fn held_since(store: &Store, plan: &Plan, at: Timestamp) -> Result<Recall, StoreError> {
    let checks: Vec<(Arc<str>, Arc<str>)> = plan
        .checks
        .iter()
        .filter(|check| held(check).is_some())
        .map(|check| (Arc::clone(&check.policy.id), Arc::clone(&check.target.name)))
        .collect();
    if checks.is_empty() {
        return Ok(Recall::default());
    }
    let longest = plan.checks.iter().filter_map(held).max().unwrap_or(0);
    let back = SignedDuration::from_micros(longest).saturating_mul(3).saturating_add(MARGIN);
    let since = at.checked_sub(back).unwrap_or(Timestamp::MIN);
    store.recall(&checks, since).await
}

/// The same as it was known at a time, when later runs were not there yet.
pub(super) async fn held_before(store: &Store, plan: &Plan, at: Timestamp) -> Result<Recall, StoreError> {
    let mut recall = held_since(store, plan, at).await?;
    let earlier = |times: &mut Vec<Timestamp>| times.retain(|time| *time < at);
    recall.judged.values_mut().for_each(earlier);
    recall.held.values_mut().for_each(earlier);
    recall.unread.values_mut().for_each(earlier);
    recall.judged.retain(|_, times| !times.is_empty());
    recall.held.retain(|_, times| !times.is_empty());
    recall.unread.retain(|_, times| !times.is_empty());
    Ok(recall)
}

/// Runs that are gone are said once.
pub(super) fn taken(path: &Path, lost: u64) -> Diag {
    let runs = if lost == 1 { "1 run".to_owned() } else { format!("{lost} runs") };
    let message = format!(
        "{runs} of the store `{}` is gone: the machine stopped before it was on disk",
        path.display()
    );
    let mut diag = Diag::error(&code::STORE, message)
        .help("nothing needs to be done; how long a rule has held is counted from the runs that are there");
    diag.level = Level::Warning;
    diag
}

/// Runs that began after now are no past, and nothing is judged by them; somebody must know.
pub(super) fn from_the_future(path: &Path, newest: Timestamp, at: Timestamp) -> Diag {
    let message = format!(
        "the clock went backwards: it is {at}, and the store `{}` has a run that began at {newest}",
        path.display()
    );
    let mut diag = Diag::error(&code::STORE, message)
        .help("set the clock; runs that began after now are kept, and are no past of this one");
    diag.level = Level::Warning;
    diag
}

impl Memory {
    /// What is overdue, now that it is known how this run judged.
    pub(super) fn overdue(&self, outcomes: &[Outcome], now: Timestamp) -> Vec<Finding> {
        self.overdue
            .as_ref()
            .map(|overdue| overdue.findings(outcomes, &self.place.path, now))
            .unwrap_or_default()
    }

    /// What a run saw, made ready. Only for a run without secrets: nothing is removed here.
    pub(super) fn seen(&self, recording: &Recording) -> Result<Seen, StoreError> {
        Seen::of(self.inbox.path(), recording)
    }

    /// Remembers a run; secrets are removed first, if what it saw was not made ready without any.
    pub(super) fn remember(
        mut self,
        setup: &Setup,
        report: &RunReport,
        (recording, ready): (&Recording, Option<Result<Seen, StoreError>>),
        redactor: &Redactor,
    ) -> Result<(), Problem> {
        let mut mark = self.mark.take();
        let strangers = Strangers::of(setup);
        let report = clean_report(report, redactor)?;
        let seen = match ready.filter(|_| redactor.is_empty()) {
            Some(ready) => ready,
            None => self.seen(&*clean_recording(recording, redactor)?),
        };
        let remembered = seen.and_then(|seen| Draft::of(self.inbox.path(), &report, Some(seen)));
        let remembered = remembered.and_then(|draft| {
            // It is a great many small pieces, and the process is about to end.
            let draft = match &self.promised {
                Some(said) => draft.promising(said.environment.as_ref(), &said.digest),
                None => draft,
            };
            let draft = draft.otherwise(|policy| strangers.has(policy));
            let draft = std::mem::ManuallyDrop::new(draft);
            if let Some(promised) = self.promised.as_ref().and_then(|said| said.whole.as_ref()) {
                let text = promised.text(setup).map_err(|error| {
                    let (path, what) = (self.inbox.path().to_owned(), "what is promised".to_owned());
                    StoreError::Content { path, what, why: error.to_string() }
                })?;
                self.inbox.promise(&promised.digest, &redactor.clean_finished(&text))?;
            }
            // One that has still to be sent lasts.
            match mark.take_if(|_| self.place.shared.is_none()) {
                Some(mark) => self.inbox.end(mark, &draft),
                None => self.inbox.save(&draft),
            }
        });
        remembered.map_err(|error| unusable(&error))?;
        self.send(recording.started)?;
        memory_keep::forget(&self.place, self.span, self.gap.is_some(), recording.started)
            .map_err(|error| unusable(&error))?;
        drop(mark);
        Ok(())
    }

    /// Sends the run to the machines that share the store, if there are any.
    fn send(&self, at: Timestamp) -> Result<(), Problem> {
        let Some(shared) = &self.place.shared else { return Ok(()) };
        // Of tiers the copy decides, which has everything that was judged.
        let keep = self.place.keep.as_ref().filter(|keep| keep.tiers.is_empty()).map(|keep| keep.rest);
        let forget = |span| keep.and_then(|keep| outlived(span, at, keep));
        memory_shared::send(shared, self.gap.as_ref(), keep.is_some().then_some(&forget))
    }
}

fn lost(what: &str) -> Problem {
    Problem::usage(
        format!("the {what} cannot be remembered without its secrets"),
        "this is a fault of muster; please report it",
    )
}

fn clean_report<'r>(report: &'r RunReport, redactor: &Redactor) -> Result<Cow<'r, RunReport>, Problem> {
    if redactor.is_empty() {
        return Ok(Cow::Borrowed(report));
    }
    let text = serde_json::to_string(report).map_err(|_unwritable| lost("report"))?;
    serde_json::from_str(&redactor.clean_finished(&text))
        .map(Cow::Owned)
        .map_err(|_unreadable| lost("report"))
}

fn clean_recording<'r>(recording: &'r Recording, redactor: &Redactor) -> Result<Cow<'r, Recording>, Problem> {
    if redactor.is_empty() {
        return Ok(Cow::Borrowed(recording));
    }
    let text = redactor.clean_finished(&recording.to_text());
    Recording::from_text(&text).map(Cow::Owned).map_err(|_unreadable| lost("recording"))
}
