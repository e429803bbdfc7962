//! A finding: the whole decision as a tree, by the facts of a recording or of the store.

use std::path::Path;
use std::sync::Arc;

use crate::cli::baseline::{self, Scene};
use crate::cli::memory::{self, unusable, wait};
use crate::cli::output::{Form, Problem, style};
use crate::cli::recorded::{Wanted, read as recording, unfit};
use crate::cli::run::{Facts, Options, plan, run};
use crate::cli::setup::{Select, Setup, Sources, project, setup};
use crate::diag::did_you_mean;
use crate::fact::{Observation, Past, Recording};
use crate::judge::{self, Given};
use crate::observe::{Replay, verify};
use crate::plan::{Check, Plan};
use crate::policy::Project;
use crate::report::explain_finding;
use crate::report::explained::Decision;
use crate::store::{Store, StoreError, StoredFinding};
use crate::verdict::Timings;

use super::Arguments;

/// Is it an id, or POLICY/TARGET/SUBJECT?
pub(super) fn looks_so(name: &str) -> bool {
    is_id(name) || name.contains('/')
}

fn is_id(name: &str) -> bool {
    name.len() >= 6 && name.chars().all(|char| char.is_ascii_hexdigit())
}

pub(super) fn explain(name: &str, arguments: &Arguments) -> Result<String, Problem> {
    if !looks_so(name) {
        return Err(Problem::usage(
            format!("`{name}` is no finding"),
            "name it by its id, which every report shows, or by POLICY/TARGET/SUBJECT",
        ));
    }
    match &arguments.facts {
        Some(file) => by_recording(name, arguments, file),
        None => by_store(name, arguments),
    }
}

fn by_recording(name: &str, arguments: &Arguments, file: &Path) -> Result<String, Problem> {
    let recording = recording(file)?;
    let shown = file.display().to_string();
    let bound = Bound::of(arguments, &recording)?;
    let max_age = bound.setup.project.recordings.max_age;
    let Setup { entries, project, .. } = &bound.setup;
    let unfit = unfit(file, &recording, &Wanted { entries, root: &project.root, max_age, now: None });
    if !unfit.is_empty() {
        return Err(Problem::new(unfit));
    }
    let past = recording.past.clone();
    let judged = Judged::of(&bound, recording, past)?;
    match judged.find(name) {
        Some(found) => Ok(judged.text(&found, &shown, None, arguments.format)),
        None => notice(name, arguments, &bound, file)?.ok_or_else(|| judged.unknown(name, &shown)),
    }
}

/// What a run says of the project itself: of its waivers and overrides. There is no tree of a decision to show.
fn notice(name: &str, arguments: &Arguments, bound: &Bound, file: &Path) -> Result<Option<String>, Problem> {
    if !is_id(name) {
        return Ok(None);
    }
    let (facts, options) = (Facts::Recorded(Box::new(recording(file)?)), Options::default());
    let report = run(&bound.setup, facts, &options, &mut Timings::default())?.report;
    let found = report.notices.iter().find(|notice| notice.id.starts_with(name));
    found
        .map(|notice| match arguments.format {
            Form::Human => Ok(explain_finding(notice, &report.started, &style(true))),
            Form::Json => serde_json::to_string_pretty(notice).map(|text| text + "\n").map_err(|error| {
                Problem::usage(format!("it cannot be shown as JSON: {error}"), "leave `--format json` away")
            }),
        })
        .transpose()
}

/// The policies of the project, bound.
struct Bound {
    setup: Setup,
    plan: Plan,
}

impl Bound {
    fn of(arguments: &Arguments, recording: &Recording) -> Result<Self, Problem> {
        let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
        let select = Select { set: arguments.set.clone(), ..Select::default() };
        let mut setup = setup(&sources, &select, false, false)?;
        setup.selection.gate = recording.past.is_of_a_gate();
        let plan = plan(&setup)?;
        Ok(Self { setup, plan })
    }
}

/// The policies of the project with facts.
struct Judged<'b> {
    plan: &'b Plan,
    answers: Vec<Observation>,
    past: Past,
    started: jiff::Timestamp,
    digests: Vec<(Arc<str>, Arc<str>)>,
}

/// What a name means.
struct Found<'b> {
    check: &'b Check,
    subject: Arc<str>,
    id: Option<String>,
}

impl<'b> Judged<'b> {
    fn of(bound: &'b Bound, recording: Recording, mut past: Past) -> Result<Self, Problem> {
        baseline::add(
            (&bound.setup.project, &bound.setup.entries),
            &bound.plan,
            &mut past,
            &Scene::of(&recording),
        )?;
        let (started, digests) = (recording.started, recording.policies.clone());
        let mut answers = Replay::new(recording).answer(&bound.plan.requests);
        verify(&mut answers, &bound.setup.infos);
        Ok(Self { plan: &bound.plan, answers, past, started, digests })
    }

    fn given(&self) -> Given<'_> {
        Given { at: self.started, recall: &self.past.recall, past: &self.past }
    }

    fn find(&self, name: &str) -> Option<Found<'b>> {
        self.plan.checks.iter().find_map(|check| {
            if let Some(rest) = name.strip_prefix(&format!("{}/{}", check.policy.id, check.target.name)) {
                let subject =
                    rest.strip_prefix('/').or_else(|| rest.is_empty().then_some(&*check.target.name))?;
                let found = Found { check, subject: Arc::from(subject), id: None };
                return self.decision(&found).is_some().then_some(found);
            }
            if !is_id(name) {
                return None;
            }
            let judged = judge::judge(check, &self.answers, &self.given()).check;
            let finding = judged.findings.iter().find(|finding| finding.id.starts_with(name))?;
            Some(Found { check, subject: Arc::clone(&finding.subject.shown), id: Some(name.to_owned()) })
        })
    }

    fn decision(&self, found: &Found<'_>) -> Option<judge::Explained> {
        judge::explain(found.check, &self.answers, &self.given(), (&found.subject, found.id.as_deref()))
    }

    /// Nothing is called so; which subjects there are says what may be meant.
    fn unknown(&self, name: &str, facts: &str) -> Problem {
        let policy = name.split('/').next().unwrap_or(name);
        let checks = self.plan.checks.iter().filter(|check| *check.policy.id == *policy);
        let names: Vec<String> = checks
            .flat_map(|check| {
                let subjects = judge::subjects(check, &self.answers, &self.given());
                subjects
                    .into_iter()
                    .map(|subject| format!("{}/{}/{subject}", check.policy.id, check.target.name))
            })
            .collect();
        let ids = self.plan.checks.iter().map(|check| &*check.policy.id);
        let help = did_you_mean(name, names.iter().map(String::as_str))
            .or_else(|| did_you_mean(policy, ids).filter(|_| names.is_empty()))
            .unwrap_or_else(|| match names.as_slice() {
                [] => "`muster check --facts FILE --verbose` shows findings with their ids".to_owned(),
                names => {
                    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
                    format!("it has {}{}", shown.join(", "), if names.len() > 5 { " …" } else { "" })
                }
            });
        Problem::usage(format!("`{name}` is nothing that the facts of `{facts}` are judged about"), help)
    }

    fn text(&self, found: &Found<'_>, facts: &str, note: Option<&str>, form: Form) -> String {
        let Some(explained) = self.decision(found) else { return String::new() };
        let policy = &found.check.policy;
        let recorded = self.digests.iter().find(|(id, _)| *id == policy.id);
        let changed = recorded.is_some_and(|(_, digest)| *digest != policy.digest);
        let changed = changed.then_some(
            "the policy was changed since these facts were recorded; this is how it judges them now",
        );
        let at = self.started.to_string();
        let decision = Decision {
            policy: &policy.id,
            target: &found.check.target.name,
            subject: &explained.subject,
            verdict: &explained.verdict,
            facts,
            at: &at,
            note: note.or(changed),
            finding: explained.finding.as_ref(),
            tree: &explained.tree,
        };
        if form == Form::Json { decision.json() } else { decision.human(&style(true)) }
    }
}

fn without_store(name: &str, why: &str) -> Problem {
    let what = if is_id(name) { "looks like the id of a finding" } else { "looks like a finding" };
    Problem::usage(
        format!("`{name}` {what}, and {why}"),
        "findings are remembered by `store: { path: .muster/store.db }` in muster.yaml; `--facts RECORDING` explains one by recorded facts, and `muster check --verbose` shows everything of a finding at once",
    )
}

/// What the store knows.
struct Kept {
    finding: Option<StoredFinding>,
    run: i64,
    recording: Option<Recording>,
}

/// The finding as it was stored, with the facts of its run; of a subject without one, the facts of the last run.
async fn kept(path: &Path, name: &str) -> Result<Option<Kept>, StoreError> {
    let store = Store::open(path).await?;
    let read = async {
        let found = if is_id(name) { store.finding(name).await? } else { Vec::new() };
        let finding = found.into_iter().next();
        let run = match (&finding, is_id(name)) {
            (Some(finding), _) => Some(finding.run),
            (None, true) => None,
            (None, false) => store.runs(100).await?.into_iter().find(|run| run.recorded).map(|run| run.id),
        };
        let Some(run) = run else { return Ok(None) };
        Ok(Some(Kept { finding, run, recording: store.recording(run).await? }))
    }
    .await;
    store.close().await;
    read
}

fn by_store(name: &str, arguments: &Arguments) -> Result<String, Problem> {
    let sources = Sources { sources: Vec::new(), project: arguments.project.clone() };
    let Some(project) = project(&sources)? else {
        return Err(without_store(name, "there is no muster.yaml here or in a folder above"));
    };
    let Some(path) = memory::known(&project, "findings")? else {
        return Err(without_store(name, "the project has no store, or it has remembered nothing yet"));
    };
    let found = wait(kept(&path, name)).map_err(|error| unusable(&error))?;
    let Some(found) = found else {
        if !is_id(name) {
            return Err(without_store(name, "the store has no run whose facts are kept"));
        }
        return Err(Problem::usage(
            format!("nothing is called `{name}`"),
            "`muster history` shows what the store knows; ids stand in every report",
        ));
    };
    let facts = format!("run {} of the store", found.run);
    let tree = found.recording.map(|recording| tree(name, arguments, &project, recording, &facts));
    match (tree, found.finding) {
        (Some(Ok(text)), _) => Ok(text),
        // What was found is told also where it cannot be judged again.
        (tree, Some(stored)) if arguments.format == Form::Human => {
            let why = match &tree {
                Some(Err(problem)) => {
                    problem.diags.first().map_or_else(String::new, |diag| diag.message.clone())
                }
                _ => "the store does not keep the facts of its run".to_owned(),
            };
            let text = explain_finding(&stored.finding, &stored.at.to_string(), &style(true));
            Ok(format!("{text}\nnote: how it was decided cannot be shown: {why}\n"))
        }
        (Some(Err(problem)), _) => Err(problem),
        (None, _) => Err(without_store(name, "the store does not keep the facts of its run")),
    }
}

fn tree(
    name: &str,
    arguments: &Arguments,
    project: &Project,
    recording: Recording,
    facts: &str,
) -> Result<String, Problem> {
    let bound = Bound::of(arguments, &recording)?;
    let (past, _) = memory::recall(project, &bound.plan, None, recording.started)?;
    let judged = Judged::of(&bound, recording, past)?;
    let found = judged.find(name).ok_or_else(|| judged.unknown(name, facts))?;
    Ok(judged.text(&found, facts, None, arguments.format))
}
