//! What an audit is made of, gathered from the store, the project and what people stated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::coverage::{Answer, Coverage, Given as Asked, Judged, Judgements, State};
use crate::audit::{self, Attested, Audit, Control, Framework, Given, Period, Promise};
use crate::cli::edge::host;
use crate::cli::memory::{self, Opened, unusable};
use crate::cli::output::{Problem, note, warn_anyway};
use crate::cli::setup::{Select, Setup, Sources, setup};
use crate::cli::{controls, house, run as running};
use crate::diag::Diag;
use crate::fact::{Attestation, Type, Value, micros_of, show, timestamp};
use crate::plan::Plan;
use crate::policy::{Project, attestations};
use crate::probe::evidence_state;
use crate::report::audit::Kind;
use crate::store::{Ledger, Store};

use super::outlook::Ends;
use super::{allowed, beneath, compare, forecast, outlook, period};

/// Everything that an audit, and evidence of it, is made of.
pub(super) struct Gathered {
    pub(super) audit: Audit,
    pub(super) ledger: Ledger,
    pub(super) promises: BTreeMap<Arc<str>, Promise>,
    pub(super) setup: Setup,
    pub(super) path: PathBuf,
}

/// Gathers; `None` if nothing was judged in the period, which is said.
pub(super) fn gather(
    sources: &Sources,
    opened: &Opened,
    period: Period,
    (framework, kind): (Option<&str>, Kind),
    made: Timestamp,
) -> Result<Option<Gathered>, Problem> {
    let path = opened.path.clone();
    let read = memory::wait(async {
        let store = Store::open(&path).await?;
        let read = store.ledger(period.from, period.to).await;
        store.close().await;
        read
    });
    let ledger = read.map_err(|error| unusable(&error))?;
    if ledger.judged.iter().all(|one| one.notice) {
        period::nothing(&period, &ledger, &path);
        return Ok(None);
    }
    // Of a policy that does not load the past is known all the same.
    let setup = setup(sources, &Select::default(), false, true)?;
    running::warnings(&setup);
    let promises = promises(&ledger, &path)?;
    let allowed = promises
        .iter()
        .map(|(digest, promise)| (Arc::clone(digest), allowed::of(promise, &ledger.policies)))
        .collect();
    let readings = beneath::readings(&ledger, &promises, &setup, &path)?;
    let compare = |old: &str, new: &str| compare::texts(&setup.project, old, new);
    let mut audit = audit::audit(Given {
        period,
        ledger: &ledger,
        promises: &promises,
        allowed: &allowed,
        readings: &readings,
        compare: &compare,
        muster: Arc::from(env!("CARGO_PKG_VERSION")),
        host: Arc::from(host()),
        made,
        path: path.display().to_string(),
    });
    let (plan, wrong) = controls::bound_as_far(&setup);
    audit.controls = covered(&setup, &ledger, framework, (&plan, &wrong))?;
    // What was stated later than the period, or counted then and does not now, is of another one.
    let (as_of, is_past) = (made.min(audit.period.to), audit.period.to < made);
    audit.attestations = attested(&setup.project, as_of, is_past);
    if is_past && !audit.controls.is_empty() {
        note(
            "which controls a policy answers is told as the project says it today; how it was judged, as of the period",
        );
    }
    let ends = ends(&plan, &path, kind, made)?;
    if !wrong.is_empty() {
        // The past is known all the same.
        warn_anyway(&wrong);
        note("what lies ahead is told as far as checks can be bound to targets");
    }
    let stated = if is_past { attested(&setup.project, made, false) } else { audit.attestations.clone() };
    audit.outlook = outlook::ahead(&setup.project, &stated, ends, made);
    Ok(Some(Gathered { audit, ledger, promises, setup, path }))
}

/// What the store knows of what lies ahead. What grows, and how old backups are, is asked every week; an audit looks back.
fn ends(plan: &Plan, path: &Path, kind: Kind, made: Timestamp) -> Result<Ends, Problem> {
    let read = memory::wait(async {
        let store = Store::open(path).await?;
        let read = async {
            let ending = outlook::ending(&store, plan, made).await?;
            if kind != Kind::Weekly {
                return Ok(Ends { ending, ..Ends::default() });
            }
            let backups = outlook::backups(&store, plan, made).await?;
            let limits = forecast::limits(&store, plan, made, outlook::AHEAD).await?;
            Ok(Ends { ending, backups, limits })
        }
        .await;
        store.close().await;
        read
    });
    read.map_err(|error| unusable(&error))
}

/// What was promised.
fn promises(ledger: &Ledger, path: &Path) -> Result<BTreeMap<Arc<str>, Promise>, Problem> {
    let mut all = BTreeMap::new();
    for (digest, json) in &ledger.promises {
        let promise: Promise = serde_json::from_str(json).map_err(|error| {
            let message =
                format!("the store `{}` has a promise that cannot be read: {error}", path.display());
            Problem::usage(message, "use the version of muster that wrote it, or a newer one")
        })?;
        all.insert(Arc::clone(digest), promise);
    }
    Ok(all)
}

/// The frameworks of the project, as far as checks of the period cover them.
fn covered(
    setup: &Setup,
    ledger: &Ledger,
    framework: Option<&str>,
    (plan, wrong): (&Plan, &[Diag]),
) -> Result<Vec<Framework>, Problem> {
    let declared = !setup.project.frameworks.all().is_empty();
    if framework.is_none() && !declared {
        return Ok(Vec::new());
    }
    let chosen = controls::chosen(&setup.project, framework)?;
    if !wrong.is_empty() {
        return Err(Problem::new(wrong.to_vec()));
    }
    let checks = controls::checks(plan);
    let mut judged = Judgements::new();
    for one in ledger.judged.iter().filter(|one| !one.notice) {
        let (Some((policy, target, _)), Some(run)) = (ledger.checks.get(one.check), ledger.runs.get(one.run))
        else {
            continue;
        };
        let newest = Judged { verdict: one.verdict, at: run.started };
        let slot = judged.entry((Arc::clone(policy), Arc::clone(target))).or_insert(newest);
        if slot.at <= newest.at {
            *slot = newest;
        }
    }
    let answers = controls::answers(setup.policies(), &setup.project.frameworks);
    let coverage = Coverage::of(&Asked {
        frameworks: &chosen.iter().map(|framework| controls::listed(framework)).collect::<Vec<_>>(),
        policies: &answers,
        checks: &checks,
        judged: Some(&judged),
    });
    let others = |framework: &str| {
        let of_it = |answer: &&Answer| answer.controls.iter().all(|(of, _)| **of != *framework);
        answers.iter().filter(of_it).map(|answer| Arc::clone(&answer.policy)).collect()
    };
    // What a policy that does not load would answer is not known.
    let is_broken = !setup.loaded.broken.is_empty();
    let state = |state: State| if is_broken && state == State::Held { State::Unknown } else { state };
    let one = |framework: &audit::coverage::FrameworkCoverage| Framework {
        id: Arc::clone(&framework.id),
        title: Arc::clone(&framework.title),
        controls: framework
            .controls
            .iter()
            .map(|control| Control {
                id: Arc::clone(&control.id),
                title: Arc::clone(&control.title),
                link: control.link.clone(),
                policies: control.policies.iter().map(|one| Arc::clone(&one.policy)).collect(),
                state: Arc::from(state(control.state).word()),
            })
            .collect(),
        others: others(&framework.id),
    };
    Ok(coverage.frameworks.iter().map(one).collect())
}

/// The newest statement of each topic, with what is wrong with it; of the past only those that were made by then.
fn attested(project: &Project, now: Timestamp, is_past: bool) -> Vec<Attested> {
    let read = attestations::read(project);
    let owners = house::owners(project);
    let mut newest: BTreeMap<Arc<str>, (Attestation, Attested)> = BTreeMap::new();
    for one in read.statements.into_iter().filter(|one| !is_past || one.at <= micros_of(now)) {
        let faults = faults(&one, project, &owners, now);
        let time = |micros: i64| timestamp(micros).map_or_else(String::new, |at| at.to_string());
        let until = show(&Value::Int(one.valid_until), &Type::Date);
        let attested = Attested {
            topic: Arc::clone(&one.topic),
            by: Arc::clone(&one.by),
            at: time(one.at),
            valid_until: until,
            looked_at: one.looked_at.to_string(),
            result: Arc::from(if one.holds { "holds" } else { "fails" }),
            evidence: one.evidence.iter().map(|piece| piece.link.to_string()).collect(),
            faults,
        };
        match newest.get_mut(&one.topic) {
            None => drop(newest.insert(Arc::clone(&one.topic), (one, attested))),
            Some((known, _)) if known.at < one.at => {
                newest.insert(Arc::clone(&one.topic), (one, attested));
            }
            Some((known, told)) if known.at == one.at && !known.says_the_same(&one) => {
                told.faults.push(format!("{} contradicts it at the same time", one.place));
            }
            Some(_) => {}
        }
    }
    let mut all: Vec<Attested> = newest.into_values().map(|(_, attested)| attested).collect();
    // As long as a file was not read, nobody knows which statement is the newest, nor which there are.
    for unread in &read.unread {
        let what = format!("not all statements could be read: {}", unread.what);
        all.iter_mut().for_each(|one| one.faults.push(what.clone()));
        all.push(Attested {
            topic: Arc::from("(unread)"),
            by: Arc::from(""),
            at: String::new(),
            valid_until: String::new(),
            looked_at: String::new(),
            result: Arc::from(""),
            evidence: Vec::new(),
            faults: vec![what],
        });
    }
    all
}

/// Audits ask once a year, and somebody is a month late: what nobody looked at for longer says nothing about the time.
const LONGEST: i64 = 400;

/// What is wrong with a statement.
fn faults(one: &Attestation, project: &Project, owners: &BTreeSet<Arc<str>>, now: Timestamp) -> Vec<String> {
    let today = micros_of(now).div_euclid(86_400_000_000);
    let mut faults = Vec::new();
    let until = show(&Value::Int(one.valid_until), &Type::Date);
    if one.valid_until < today {
        faults.push(format!("it counts no more since {until}"));
    }
    if one.at > micros_of(now) {
        faults.push("it is dated in the future".to_owned());
    }
    if today - one.at.div_euclid(86_400_000_000) > LONGEST {
        faults.push(format!("nobody looked for more than {LONGEST} days"));
    }
    if !owners.contains(&one.by) {
        faults.push(format!("`{}` is no owner of the project", one.by));
    }
    if !one.holds {
        faults.push("it says that it does not hold".to_owned());
    }
    if one.evidence.is_empty() {
        let why = one.no_evidence.as_deref().unwrap_or("nobody said why");
        faults.push(format!("it has no evidence: {why}"));
    }
    for piece in &one.evidence {
        match evidence_state(piece, &project.whole_root) {
            Ok(state @ ("absent" | "differs")) => {
                faults.push(format!(
                    "its evidence `{}` {}",
                    piece.link,
                    if state == "absent" { "is not there" } else { "was changed" }
                ));
            }
            Ok(_) => {}
            Err(why) => faults.push(why.what),
        }
    }
    faults
}
