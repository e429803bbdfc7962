//! Everything that an audit reads of a time: runs, judgements, how findings stood, what was promised.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::changes::GONE;
use super::write::NOTICED;
use super::{Begun, Judgement, Ledger, LedgerFinding, LedgerRun, Store, StoreError, Turn, begun};
use crate::fact::micros_of;
use crate::verdict::Finding;

/// A row of the table of runs.
type RunRow = (i64, i64, String, String, i64, Option<String>, Option<String>, bool, String);

const RUNS: &str = "
SELECT run.id, run.started, muster.value, host.value, run.exit, environment.value, run.promised,
    run.recorded IS NOT NULL, run.uid FROM run
JOIN text muster ON muster.id = run.muster JOIN text host ON host.id = run.host
LEFT JOIN text environment ON environment.id = run.environment
WHERE run.started >= ? AND run.started < ? AND run.replay IS NULL ORDER BY run.id";

const CHECKS: &str = "
SELECT bound.id, policy.value, target.value, bound.notice FROM bound
JOIN text policy ON policy.id = bound.policy JOIN text target ON target.id = bound.target
ORDER BY policy.value, target.value, bound.notice";

/// The table follows the checks, so that reading all of it takes no search at all.
const JUDGED: &str =
    "SELECT bound, run, verdict, whole FROM judged WHERE run >= ? AND run <= ? AND whole < 3";

/// The newest judgement of each check before the time, and when the first of all was.
const BEFORE: &str = "
SELECT judged.bound, max(run.started), max(CASE WHEN judged.verdict <> 4 THEN run.started END)
FROM run JOIN judged ON judged.run = run.id
WHERE run.started < ? AND run.replay IS NULL AND judged.whole < 2 GROUP BY judged.bound";

/// A search for each check, not all judgements.
const WHOLE: &str = "
SELECT bound.id, (SELECT judged.run FROM judged JOIN run ON run.id = judged.run AND run.replay IS NULL
    WHERE judged.bound = bound.id AND judged.run < ? AND judged.whole = 1 ORDER BY judged.run DESC LIMIT 1)
FROM bound WHERE bound.notice = 0";

const TURNS: &str = "
SELECT change.finding, change.run, change.verdict, change.state, run.started FROM change
LEFT JOIN run ON run.id = change.run ORDER BY change.finding, change.run";

const FINDINGS: &str = "
SELECT finding.id, finding.bound, finding.at, told.json FROM finding
JOIN told ON told.finding = finding.id ORDER BY finding.id";

/// A change of a finding: its run, verdict and state, and when that run began.
type TurnRow = (i64, i64, i64, Option<i64>);

/// Reads what is known of the runs that began at or after a time and before another.
pub(super) async fn ledger(store: &Store, (from, to): (Timestamp, Timestamp)) -> Result<Ledger, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let mut tx = store.pool().begin().await.map_err(fault)?;
    let (from, to) = (micros_of(from), micros_of(to));
    let rows: Vec<RunRow> =
        sqlx::query_as(RUNS).bind(from).bind(to).fetch_all(&mut *tx).await.map_err(fault)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let mut ledger = Ledger { runs: runs(store, rows)?, ..Ledger::default() };
    let checks: Vec<(i64, String, String, i64)> =
        sqlx::query_as(CHECKS).fetch_all(&mut *tx).await.map_err(fault)?;
    let mut places: HashMap<i64, usize> = HashMap::new();
    for (place, (id, policy, target, notice)) in checks.into_iter().enumerate() {
        places.insert(id, place);
        ledger.checks.push((Arc::from(policy), Arc::from(target), notice == 1));
    }
    let (first, last) = (ids.first().copied().unwrap_or(0), ids.last().copied().unwrap_or(-1));
    let judged: Vec<(i64, i64, i64, i64)> =
        sqlx::query_as(JUDGED).bind(first).bind(last).fetch_all(&mut *tx).await.map_err(fault)?;
    for (bound, run, verdict, whole) in judged {
        // Runs of other times have numbers in between where clocks went backwards.
        let (Ok(run), Some(check)) = (ids.binary_search(&run), places.get(&bound)) else { continue };
        let verdict = store.verdict(verdict)?;
        ledger.judged.push(Judgement {
            check: *check,
            run,
            verdict,
            whole: whole == 1,
            notice: whole == NOTICED,
        });
    }
    let before: Vec<(i64, i64, Option<i64>)> =
        sqlx::query_as(BEFORE).bind(from).fetch_all(&mut *tx).await.map_err(fault)?;
    for (bound, at, told) in before {
        let Some(check) = places.get(&bound) else { continue };
        ledger.before.insert(*check, store.time(at)?);
        if let Some(told) = told {
            ledger.told.insert(*check, store.time(told)?);
        }
    }
    let span: (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT min(started), max(started) FROM run WHERE replay IS NULL")
            .fetch_one(&mut *tx)
            .await
            .map_err(fault)?;
    ledger.span = match span {
        (Some(oldest), Some(newest)) => Some((store.time(oldest)?, store.time(newest)?)),
        _ => None,
    };
    let before = whole_before(store, &mut tx, first, &places).await?;
    let window = Window { runs: &ids, before, within: first_whole(&ledger.judged) };
    ledger.findings = findings(store, &mut tx, &window, &places).await?;
    promises(store, &mut tx, &mut ledger).await?;
    ledger.begun = begun_runs(store, &mut tx, (from, to)).await?;
    tx.rollback().await.map_err(fault)?;
    Ok(ledger)
}

/// What was promised by these runs, and all texts.
async fn promises(
    store: &Store,
    tx: &mut sqlx::SqliteConnection,
    ledger: &mut Ledger,
) -> Result<(), StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let wanted: Vec<&str> = ledger.runs.iter().filter_map(|run| run.promised.as_deref()).collect();
    let promises: Vec<(String, String)> =
        sqlx::query_as("SELECT digest, json FROM promise WHERE digest IN (SELECT value FROM json_each(?))")
            .bind(serde_json::json!(wanted).to_string())
            .fetch_all(&mut *tx)
            .await
            .map_err(fault)?;
    ledger.promises =
        promises.into_iter().map(|(digest, json)| (Arc::from(digest), Arc::from(json))).collect();
    let policies: Vec<(String, String)> =
        sqlx::query_as("SELECT digest, source FROM policy").fetch_all(&mut *tx).await.map_err(fault)?;
    ledger.policies =
        policies.into_iter().map(|(digest, text)| (Arc::from(digest), Arc::from(text))).collect();
    Ok(())
}

fn runs(store: &Store, rows: Vec<RunRow>) -> Result<Vec<LedgerRun>, StoreError> {
    let run = |(id, started, muster, host, exit, environment, promised, recorded, uid): RunRow| {
        Ok(LedgerRun {
            id,
            started: store.time(started)?,
            muster: muster.into(),
            host: host.into(),
            exit: u8::try_from(exit)
                .map_err(|error| store.content(format!("run {id}"), format!("its exit code: {error}")))?,
            environment: environment.map(Arc::from),
            promised: promised.map(Arc::from),
            recorded,
            uid: uid.into(),
        })
    };
    rows.into_iter().map(run).collect()
}

async fn findings(
    store: &Store,
    tx: &mut sqlx::SqliteConnection,
    window: &Window<'_>,
    places: &HashMap<i64, usize>,
) -> Result<Vec<LedgerFinding>, StoreError> {
    let fault = |error: sqlx::Error| store.fault(&error);
    let rows: Vec<(i64, i64, i64, i64, Option<i64>)> =
        sqlx::query_as(TURNS).fetch_all(&mut *tx).await.map_err(fault)?;
    let mut turns: BTreeMap<i64, Vec<TurnRow>> = BTreeMap::new();
    for (finding, run, verdict, state, at) in rows {
        turns.entry(finding).or_default().push((run, verdict, state, at));
    }
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(FINDINGS).fetch_all(&mut *tx).await.map_err(fault)?;
    let mut all = Vec::new();
    for (id, bound, at, json) in rows {
        let (Some(check), Some(turns)) = (places.get(&bound), turns.get(&id)) else { continue };
        let newest: Finding = store.parse("a finding", &json)?;
        let first = turns.iter().filter(|turn| turn.1 != GONE).filter_map(|turn| turn.3).min();
        let Some(first) = first else { continue };
        let (first, last) = (store.time(first)?, store.time(at)?);
        let turns = shown(store, turns, window, *check)?;
        all.push(LedgerFinding { check: *check, first, last, turns, newest });
    }
    Ok(all)
}

/// The runs of a ledger, with what tells whether a finding that was not found before them was seen to be mended.
struct Window<'a> {
    runs: &'a [i64],
    /// Of each check the last run before them in which all of it was judged.
    before: BTreeMap<usize, i64>,
    /// Of each check the position of the first of them in which all of it was judged.
    within: BTreeMap<usize, usize>,
}

impl Window<'_> {
    /// Where a turn stands among the runs; none after them.
    ///
    /// What was not found by a run before them that could not judge everything was mended only when everything was
    /// judged the next time. If that was not before them, it counts from where it was.
    fn place(&self, check: usize, run: i64, is_gone: bool) -> Option<usize> {
        let first = self.runs.first()?;
        let was_mended = || self.before.get(&check).is_some_and(|whole| *whole >= run);
        if is_gone && run < *first && !was_mended() {
            return self.within.get(&check).copied();
        }
        Some(self.runs.partition_point(|known| *known < run)).filter(|place| *place < self.runs.len())
    }
}

/// The last run before another in which all of a check was judged, by the position of the check.
async fn whole_before(
    store: &Store,
    tx: &mut sqlx::SqliteConnection,
    first: i64,
    places: &HashMap<i64, usize>,
) -> Result<BTreeMap<usize, i64>, StoreError> {
    let rows: Vec<(i64, Option<i64>)> =
        sqlx::query_as(WHOLE).bind(first).fetch_all(&mut *tx).await.map_err(|error| store.fault(&error))?;
    Ok(rows.into_iter().filter_map(|(bound, run)| Some((*places.get(&bound)?, run?))).collect())
}

/// The first run in which all of a check was judged.
fn first_whole(judged: &[Judgement]) -> BTreeMap<usize, usize> {
    let mut all = BTreeMap::new();
    for one in judged.iter().filter(|one| one.whole) {
        let first = all.entry(one.check).or_insert(one.run);
        *first = one.run.min(*first);
    }
    all
}

/// The turns within these runs, and before them the one that holds when they begin.
fn shown(
    store: &Store,
    turns: &[TurnRow],
    window: &Window<'_>,
    check: usize,
) -> Result<Vec<Turn>, StoreError> {
    let mut shown: Vec<Turn> = Vec::new();
    for (run, verdict, state, _) in turns {
        let Some(run) = window.place(check, *run, *verdict == GONE) else { continue };
        // One that was put off is no turn if it was found again before.
        while shown.last().is_some_and(|last| last.run >= run) {
            shown.pop();
        }
        let verdict = if *verdict == GONE { None } else { Some(store.verdict(*verdict)?) };
        shown.push(Turn { run, verdict, held: *state == 2 });
    }
    Ok(shown)
}

async fn begun_runs(
    store: &Store,
    tx: &mut sqlx::SqliteConnection,
    (from, to): (i64, i64),
) -> Result<Vec<Begun>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT started, json FROM begun WHERE started >= ? AND started < ? ORDER BY started")
            .bind(from)
            .bind(to)
            .fetch_all(&mut *tx)
            .await
            .map_err(|error| store.fault(&error))?;
    let mut all = Vec::new();
    for (started, json) in rows {
        all.push(begun::read(&json).unwrap_or_else(|| Begun::at(started)));
    }
    Ok(all)
}
