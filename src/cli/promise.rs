//! What the project promises, said with every run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::audit::{Due, Promise, PromisedCheck, PromisedPiece};
use crate::fact::{Type, Value, show};
use crate::judge;
use crate::plan::{Check, Input, Looser, Plan, Selection, bind};
use crate::policy::Policy;
use crate::policy::load::Origin;
use crate::verdict::{Finding, Step, StepKind};

use super::audit::{allowed, edition};
use super::setup::Setup;

/// What the project promises in the environment of this run.
pub(super) struct Promised {
    pub(super) environment: Option<Arc<str>>,
    pub(super) checks: Vec<PromisedCheck>,
    /// Of everything that makes the promise.
    pub(super) digest: String,
}

/// What the project promises, by its digest: seldom has anybody to know more.
pub(super) struct Pledge<'a> {
    setup: &'a Setup,
    plan: &'a Plan,
    /// The plan of all checks, if this run has only some.
    whole: Option<Plan>,
    pub(super) digest: String,
}

/// What is promised; none if only some policies were named, or if the others cannot be bound.
pub(super) fn promised(setup: &Setup, plan: &Plan) -> Option<Promised> {
    Pledge::of(setup, plan).map(|pledge| pledge.promised())
}

impl<'a> Pledge<'a> {
    /// The same, without its checks.
    pub(super) fn of(setup: &'a Setup, plan: &'a Plan) -> Option<Self> {
        let Selection { named_sources, set, .. } = &setup.selection;
        // `--set` is of this run alone, and judges otherwise than the project promises.
        if *named_sources || !set.is_empty() || !setup.has_project || !setup.loaded.broken.is_empty() {
            return None;
        }
        let whole = if is_narrowed(&setup.selection) { Some(whole(setup)?) } else { None };
        let digest = digest(setup, &whole.as_ref().unwrap_or(plan).checks);
        Some(Self { setup, plan, whole, digest })
    }

    pub(super) fn environment(&self) -> Option<&'a Arc<str>> {
        self.setup.selection.environment.as_ref()
    }

    /// All of it.
    pub(super) fn promised(&self) -> Promised {
        let checks = &self.whole.as_ref().unwrap_or(self.plan).checks;
        Promised {
            environment: self.environment().cloned(),
            checks: checks.iter().map(|check| of(self.setup, check)).collect(),
            digest: self.digest.clone(),
        }
    }
}

/// Policies of a run that are not those of the project, or are told to judge otherwise.
pub(super) enum Strangers {
    All,
    Some(BTreeSet<Arc<str>>),
}

impl Strangers {
    pub(super) fn of(setup: &Setup) -> Self {
        // A limit of one policy may be what another's parameter is named like.
        if !setup.selection.set.is_empty() {
            return Self::All;
        }
        if !setup.selection.named_sources {
            return Self::Some(BTreeSet::new());
        }
        let own: Vec<Origin> =
            setup.project.policies.iter().map(|(text, _)| Origin::parse(text, &setup.project.root)).collect();
        let places: Vec<PathBuf> = own
            .iter()
            .filter_map(
                |origin| if let Origin::Path(path) = origin { path.canonicalize().ok() } else { None },
            )
            .collect();
        let is_own = |policy: &Policy| match &policy.library {
            Some(area) => own.iter().any(|origin| matches!(origin, Origin::Builtin(own) if own == area)),
            None => Path::new(&*policy.loc.source.name)
                .canonicalize()
                .is_ok_and(|file| places.iter().any(|place| file.starts_with(place))),
        };
        let strangers = setup.policies().iter().filter(|policy| !is_own(policy));
        Self::Some(strangers.map(|policy| Arc::clone(&policy.id)).collect())
    }

    pub(super) fn has(&self, policy: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(ids) => ids.contains(policy),
        }
    }
}

/// Are there fewer checks than in the environment?
fn is_narrowed(selection: &Selection) -> bool {
    let s = selection;
    !(s.tiers.is_empty() && s.targets.is_empty() && s.tags.is_empty() && s.policies.is_empty())
}

/// All checks of the environment; none if they cannot be bound.
fn whole(setup: &Setup) -> Option<Plan> {
    let environment = setup.selection.environment.clone();
    let selection = Selection { environment, ..Selection::default() };
    let input = Input {
        policies: setup.policies(),
        targets: &setup.infos,
        project: &setup.project,
        selection: &selection,
        has_project: true,
    };
    bind(&input).ok()
}

fn of(setup: &Setup, check: &Check) -> PromisedCheck {
    let looser = judge::looser(check);
    let why = |one: &Looser| Some((one.what.clone(), one.why.clone()?));
    let reasons = looser.iter().filter_map(why).collect();
    let tier = check.settings.tier.unwrap_or(check.policy.tier);
    let micros = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    let micros = |duration| i64::try_from(micros(duration).as_micros()).unwrap_or(i64::MAX);
    PromisedCheck {
        policy: Arc::clone(&check.policy.id),
        target: Arc::clone(&check.target.name),
        tier: Arc::from(tier.word()),
        every: setup.project.interval(tier).map(micros),
        grace: setup.project.grace(tier).map_or(0, micros),
        owner: Arc::clone(&check.owner),
        severity: check.settings.severity.unwrap_or_else(|| worst(check)),
        looser: looser.into_iter().map(|one| one.what).collect(),
        reasons,
        scratch: judge::scratch(check),
        skip: check.skip.clone(),
    }
}

/// The worst that it may be.
fn worst(check: &Check) -> crate::verdict::Severity {
    let ladder = &check.policy.severity;
    ladder.rungs.iter().map(|(severity, _)| *severity).fold(ladder.otherwise, Ord::max)
}

/// Of the project's text, the policies and the checks: what the whole promise is made of, without making it.
fn digest(setup: &Setup, checks: &[Check]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    add(env!("CARGO_PKG_VERSION"));
    add(setup.selection.environment.as_deref().unwrap_or_default());
    add(setup.project.loc.as_ref().map_or("", |loc| &loc.source.text));
    for policy in setup.policies() {
        add(&policy.id);
        add(&policy.digest);
    }
    for check in checks {
        add(&check.policy.id);
        add(&check.target.name);
    }
    format!("sha256:{}", crate::fact::hex(&hash.finalize()))
}

impl Promised {
    /// All of it as text.
    pub(super) fn text(&self, setup: &Setup) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.whole(setup))
    }

    /// All of it.
    fn whole(&self, setup: &Setup) -> Promise {
        let mut promise = self.alone(setup);
        // Without them the run can be counted, and not be judged again.
        let edition = match edition::of_setup(setup) {
            Ok(edition) => edition.pieces,
            Err(problem) => {
                promise.unkept = problem.diags.first().map(|diag| diag.message.clone());
                Vec::new()
            }
        };
        for piece in edition {
            let digest = crate::policy::decode::digest(&piece.text);
            promise.texts.insert(Arc::clone(&digest), Arc::from(piece.text));
            promise.pieces.push(PromisedPiece { name: piece.name, role: json!(piece.role), digest });
        }
        promise
    }

    /// What is promised and allowed, without the files by which a run can be judged again.
    pub(super) fn alone(&self, setup: &Setup) -> Promise {
        let used: BTreeSet<&Arc<str>> = self.checks.iter().map(|check| &check.policy).collect();
        let (mut policies, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for policy in setup.policies().iter().filter(|policy| used.contains(&policy.id)) {
            policies.insert(Arc::clone(&policy.id), Arc::clone(&policy.digest));
            texts.insert(Arc::clone(&policy.digest), Arc::from(policy.text.text()));
        }
        let (environment, checks) = (self.environment.clone(), self.checks.clone());
        let waivers = setup.project.waivers.iter().map(allowed::waiver).collect();
        Promise { environment, pieces: Vec::new(), unkept: None, waivers, policies, checks, texts }
    }
}

/// What is overdue, as a finding about the run.
pub(super) fn finding(due: &Due, now: Timestamp) -> Finding {
    let shown = |micros: i64| show(&Value::Int(micros), &Type::DURATION);
    let ago = |at: Timestamp| shown(crate::fact::micros_of(now) - crate::fact::micros_of(at));
    let every = shown(i64::try_from(due.every.as_micros()).unwrap_or(i64::MAX));
    let what = match (due.judged, due.promised) {
        (Some(judged), _) => format!("was judged last at {judged}, {} ago", ago(judged)),
        (None, Some(promised)) => {
            format!("was never judged, and is promised since {promised}, {}", ago(promised))
        }
        (None, None) => "was never judged".to_owned(),
    };
    let unknown = due
        .unknown
        .map_or_else(String::new, |since| format!(", and could not be judged since {since}, {}", ago(since)));
    let message = format!(
        "overdue: `{}` at `{}` {what}{unknown}; its tier `{}` promises every {every}, and its grace ended at {}",
        due.policy, due.target, due.tier, due.late
    );
    let id = crate::policy::decode::digest(&format!("overdue\n{}\n{}", due.policy, due.target));
    let finding = Finding::notice(id, &due.policy, &due.target, Arc::clone(&due.owner), message);
    let step = |kind, text: String| Step { kind, text, danger: None };
    let why = if due.unknown.is_some() {
        "Mend what makes it unknown: the finding of its check names the cause. A judgement that cannot tell is none."
    } else {
        "Find out why its schedule did not run: the timer or job that calls it, its log, its host."
    };
    let remedy = vec![
        step(StepKind::Shell, format!("muster check --tier {}", due.tier)),
        step(StepKind::Do, why.to_owned()),
    ];
    Finding { remedy, ..finding }
}

/// That nobody can tell what is overdue, as a finding about the run: without it, a store that cannot be read would
/// look like one of which nothing is.
pub(super) fn unknown(store: &Path, why: &str) -> Finding {
    let store = store.display().to_string();
    let message = format!("it is not known what is overdue: {why}");
    let id = crate::policy::decode::digest(&format!("overdue unknown\n{store}"));
    let finding = Finding::notice(id, "store", &store, Arc::from("whoever keeps the store"), message);
    let text = "Mend the store as the warning above says, and ask it for what nobody judged meanwhile.";
    let step = |kind, text: &str| Step { kind, text: text.to_owned(), danger: None };
    let remedy = vec![step(StepKind::Do, text), step(StepKind::Shell, "muster list --due")];
    Finding { remedy, ..finding }
}
