//! Saving runs that are ready, many rows at a time: a statement for each row would take ten times as long.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use sqlx::{Sqlite, Transaction};

use super::draft::{Draft, Found, Seen, Texts};
use super::{Store, StoreError, observed};
use crate::fact::Recording;
use crate::verdict::{Finding, RunReport, Verdict};

/// How a finding's rule stood in a run; of two findings with one id the higher counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Calm = 0,
    Unread = 1,
    Held = 2,
}

impl State {
    pub(super) fn of(finding: &Finding) -> Self {
        if finding.is_held() {
            Self::Held
        } else if finding.is_unread() {
            Self::Unread
        } else {
            Self::Calm
        }
    }
}

/// Numbers in the file, which do not follow the order of a type that may change.
pub(super) fn code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Skipped => 1,
        Verdict::Waived => 2,
        Verdict::Warn => 3,
        Verdict::Unknown => 4,
        Verdict::Fail => 5,
    }
}

/// Runs that are being saved: their transaction, and the ids that it has seen.
pub(super) struct Writer<'a> {
    store: &'a Store,
    tx: Transaction<'static, Sqlite>,
    texts: HashMap<Arc<str>, i64>,
    bounds: HashMap<[i64; 2], i64>,
    questions: HashMap<[i64; 4], i64>,
    pub(super) rosters: HashMap<[u8; 16], i64>,
    pub(super) blobs: HashMap<[u8; 16], i64>,
}

/// The ids of a draft's texts by their numbers.
pub(super) struct Ids(HashMap<usize, i64>);

/// Id and texts of a question.
type Question = (i64, i64, i64, i64, i64);

const TEXTS: &str =
    "INSERT INTO text (value) SELECT value FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";

const KNOWN_TEXTS: &str = "
SELECT text.id, text.value FROM json_each(?) wanted CROSS JOIN text ON text.value = wanted.value";

const BOUNDS: &str = "
INSERT INTO bound (policy, target) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";

const KNOWN_BOUNDS: &str = "
SELECT bound.id, bound.policy, bound.target FROM json_each(?) wanted
CROSS JOIN bound ON bound.policy = wanted.value ->> 0 AND bound.target = wanted.value ->> 1";

const QUESTIONS: &str = "
INSERT INTO question (target, probe, args, facts)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";

const KNOWN_QUESTIONS: &str = "
SELECT q.id, q.target, q.probe, q.args, q.facts FROM json_each(?) wanted
CROSS JOIN question q ON q.target = wanted.value ->> 0 AND q.probe = wanted.value ->> 1
AND q.args = wanted.value ->> 2 AND q.facts = wanted.value ->> 3";

const JUDGED: &str = "
INSERT INTO judged (bound, run, verdict, whole)
SELECT value ->> 0, ?, value ->> 1, value ->> 2 FROM json_each(?) WHERE TRUE
ON CONFLICT DO UPDATE SET verdict = max(verdict, excluded.verdict), whole = min(whole, excluded.whole)";

const FINDING: &str = "
INSERT INTO finding (name, bound, run, at, replay, json) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET bound = excluded.bound, run = excluded.run,
at = excluded.at, replay = excluded.replay, json = excluded.json RETURNING id";

const SAMPLES: &str = "
INSERT INTO sample (bound, run, finding, verdict, state)
SELECT value ->> 0, ?, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE TRUE
ON CONFLICT DO UPDATE SET verdict = max(verdict, excluded.verdict), state = max(state, excluded.state)";

/// Saves a run in one transaction.
pub(super) async fn remember(
    store: &Store,
    report: &RunReport,
    recording: Option<&Recording>,
) -> Result<i64, StoreError> {
    let seen = recording.map(|recording| Seen::of(store.path(), recording)).transpose()?;
    let draft = Draft::of(store.path(), report, seen)?;
    let mut writer = Writer::begin(store).await?;
    let run = writer.save(&draft).await?;
    writer.commit().await?;
    Ok(run)
}

impl Ids {
    pub(super) fn of(&self, store: &Store, number: usize) -> Result<i64, StoreError> {
        let known = self.0.get(&number).copied();
        known.ok_or_else(|| store.content("a run", format!("there is no text {number} in it")))
    }
}

impl<'a> Writer<'a> {
    /// The lock is taken at the beginning: a reader that turns writer half-way may be refused without waiting.
    pub(super) async fn begin(store: &'a Store) -> Result<Self, StoreError> {
        let tx = store.pool().begin_with("BEGIN IMMEDIATE").await.map_err(|error| store.fault(&error))?;
        let (texts, bounds, questions) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (rosters, blobs) = (HashMap::new(), HashMap::new());
        Ok(Self { store, tx, texts, bounds, questions, rosters, blobs })
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let store = self.store;
        self.tx.commit().await.map_err(|error| store.fault(&error))
    }

    pub(super) fn tx(&mut self) -> &mut Transaction<'static, Sqlite> {
        &mut self.tx
    }

    pub(super) fn store(&self) -> &'a Store {
        self.store
    }

    pub(super) fn fault(&self, error: &sqlx::Error) -> StoreError {
        self.store.fault(error)
    }

    /// Saves a run, and returns its number.
    pub(super) async fn save(&mut self, draft: &Draft) -> Result<i64, StoreError> {
        let judged = draft.judged.iter().flat_map(|one| [one.policy, one.target]);
        let found = draft.found.iter().flat_map(|one| [one.policy, one.target]);
        let wanted: BTreeSet<usize> = draft.about.iter().copied().chain(judged).chain(found).collect();
        let ids = self.texts(&draft.texts, &wanted).await?;
        let run = self.run(draft, &ids).await?;
        let id = |number| ids.of(self.store, number);
        let mut bounds = BTreeSet::new();
        let mut rows = Vec::with_capacity(draft.judged.len());
        for one in &draft.judged {
            let bound = [id(one.policy)?, id(one.target)?];
            bounds.insert(bound);
            rows.push((bound, one.verdict, one.whole));
        }
        for one in &draft.found {
            bounds.insert([id(one.policy)?, id(one.target)?]);
        }
        self.bounds(&bounds).await?;
        let judged: Vec<Json> = rows
            .iter()
            .filter_map(|(bound, verdict, whole)| {
                Some(json!([self.bounds.get(bound)?, verdict, i64::from(*whole)]))
            })
            .collect();
        self.bulk(JUDGED, run, &judged).await?;
        self.findings(draft, &ids, run).await?;
        if let Some(seen) = &draft.seen {
            observed::save(self, seen, run).await?;
        }
        Ok(run)
    }

    /// Rows of one run, which its number goes before.
    async fn bulk(&mut self, insert: &'static str, run: i64, rows: &[Json]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows = json!(rows).to_string();
        let done = sqlx::query(insert).bind(run).bind(rows).execute(&mut *self.tx).await;
        done.map(|_| ()).map_err(|error| self.store.fault(&error))
    }

    /// The ids of texts that occur often.
    pub(super) async fn texts(&mut self, texts: &Texts, wanted: &BTreeSet<usize>) -> Result<Ids, StoreError> {
        let mut ids = HashMap::with_capacity(wanted.len());
        let mut new = Vec::new();
        for number in wanted {
            let Some(text) = texts.list.get(*number) else { continue };
            match self.texts.get(text) {
                Some(id) => drop(ids.insert(*number, *id)),
                // SQLite's JSON ends a text at its first NUL.
                None if text.contains('\0') => drop(ids.insert(*number, self.text(text).await?)),
                None => new.push((*number, text)),
            }
        }
        if new.is_empty() {
            return Ok(Ids(ids));
        }
        let list = json!(new.iter().map(|(_, text)| text).collect::<Vec<_>>()).to_string();
        for (id, text) in self.known::<(i64, String)>(TEXTS, KNOWN_TEXTS, &list).await? {
            self.texts.insert(Arc::from(text), id);
        }
        for (number, text) in new {
            ids.extend(self.texts.get(text).map(|id| (number, *id)));
        }
        Ok(Ids(ids))
    }

    /// Makes rows that are not there yet, and reads all of them.
    async fn known<T>(
        &mut self,
        insert: &'static str,
        select: &'static str,
        list: &str,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        let made = sqlx::query(insert).bind(list).execute(&mut *self.tx).await;
        made.map_err(|error| self.store.fault(&error))?;
        let known = sqlx::query_as(select).bind(list).fetch_all(&mut *self.tx).await;
        known.map_err(|error| self.store.fault(&error))
    }

    /// The id of one text.
    pub(super) async fn text(&mut self, text: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.texts.get(text) {
            return Ok(*id);
        }
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM text WHERE value = ?")
            .bind(text)
            .fetch_optional(&mut *self.tx)
            .await
            .map_err(|error| self.store.fault(&error))?;
        let id = match known {
            Some(id) => id,
            None => sqlx::query("INSERT INTO text (value) VALUES (?)")
                .bind(text)
                .execute(&mut *self.tx)
                .await
                .map_err(|error| self.store.fault(&error))?
                .last_insert_rowid(),
        };
        self.texts.insert(Arc::from(text), id);
        Ok(id)
    }

    async fn bounds(&mut self, wanted: &BTreeSet<[i64; 2]>) -> Result<(), StoreError> {
        let new: Vec<&[i64; 2]> = wanted.iter().filter(|bound| !self.bounds.contains_key(*bound)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let list = json!(new).to_string();
        for (id, policy, target) in self.known::<(i64, i64, i64)>(BOUNDS, KNOWN_BOUNDS, &list).await? {
            self.bounds.insert([policy, target], id);
        }
        Ok(())
    }

    /// The ids of questions, by the ids of their texts.
    pub(super) async fn questions(
        &mut self,
        wanted: &BTreeSet<[i64; 4]>,
    ) -> Result<&HashMap<[i64; 4], i64>, StoreError> {
        let new: Vec<&[i64; 4]> = wanted.iter().filter(|key| !self.questions.contains_key(*key)).collect();
        if !new.is_empty() {
            let list = json!(new).to_string();
            for (id, target, probe, args, facts) in
                self.known::<Question>(QUESTIONS, KNOWN_QUESTIONS, &list).await?
            {
                self.questions.insert([target, probe, args, facts], id);
            }
        }
        Ok(&self.questions)
    }

    async fn run(&mut self, draft: &Draft, ids: &Ids) -> Result<i64, StoreError> {
        let insert = "INSERT INTO run (started, muster, host, reason, checks, subjects, targets, exit, replay) \
                      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let mut query = sqlx::query(insert).bind(draft.at);
        for number in &draft.about {
            query = query.bind(ids.of(self.store, *number)?);
        }
        let replay = draft.replay.and_then(|number| draft.texts.list.get(number)).map(|text| &**text);
        let saved = query.bind(i64::from(draft.exit)).bind(replay).execute(&mut *self.tx).await;
        saved.map(|saved| saved.last_insert_rowid()).map_err(|error| self.store.fault(&error))
    }

    async fn findings(&mut self, draft: &Draft, ids: &Ids, run: i64) -> Result<(), StoreError> {
        let mut samples = Vec::with_capacity(draft.found.len());
        for found in &draft.found {
            let bound = [ids.of(self.store, found.policy)?, ids.of(self.store, found.target)?];
            let Some(bound) = self.bounds.get(&bound).copied() else {
                return Err(self.store.content("a finding", "its check is gone"));
            };
            let id = self.finding(draft, found, bound, run).await?;
            samples.push(json!([bound, id, found.verdict, found.state]));
        }
        self.bulk(SAMPLES, run, &samples).await
    }

    async fn finding(
        &mut self,
        draft: &Draft,
        found: &Found,
        bound: i64,
        run: i64,
    ) -> Result<i64, StoreError> {
        let text = |number: usize| {
            let text = draft.texts.list.get(number).map(|text| &**text);
            text.ok_or_else(|| self.store.content("a finding", format!("there is no text {number} in it")))
        };
        let replay = draft.replay.map(text).transpose()?;
        let saved = sqlx::query_scalar(FINDING)
            .bind(text(found.name)?)
            .bind(bound)
            .bind(run)
            .bind(draft.at)
            .bind(replay)
            .bind(text(found.json)?)
            .fetch_one(&mut *self.tx)
            .await;
        saved.map_err(|error| self.store.fault(&error))
    }
}
