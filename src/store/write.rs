//! Saving runs that are ready, many rows at a time: a statement for each row would take ten times as long.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use sqlx::{Sqlite, Transaction};

use super::draft::{Draft, Seen, Texts};
use super::{Store, StoreError, changes, observed, promised};
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
    bounds: HashMap<[i64; 3], i64>,
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
INSERT INTO bound (policy, target, notice) SELECT value ->> 0, value ->> 1, value ->> 2
FROM json_each(?) WHERE TRUE ON CONFLICT DO NOTHING";

const KNOWN_BOUNDS: &str = "
SELECT bound.id, bound.policy, bound.target, bound.notice FROM json_each(?) wanted
CROSS JOIN bound ON bound.policy = wanted.value ->> 0 AND bound.target = wanted.value ->> 1
AND bound.notice = wanted.value ->> 2";

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

/// Of those that were judged otherwise (3) this is no judgement.
const LATEST: &str = "
UPDATE bound SET judged = max(ifnull(judged, ?1), ?1) FROM json_each(?2) wanted
WHERE bound.id = wanted.value ->> 0 AND wanted.value ->> 2 < 3";

/// How a check counts that was not judged, and of which there is a notice.
pub(super) const NOTICED: i64 = 2;

/// Saves a run in one transaction.
pub(super) async fn remember(
    store: &Store,
    report: &RunReport,
    recording: Option<&Recording>,
) -> Result<i64, StoreError> {
    let seen = recording.map(|recording| Seen::of(store.path(), recording)).transpose()?;
    let draft = Draft::of(store.path(), report, seen)?;
    let mut writer = Writer::begin(store).await?;
    let run = writer.save(&draft, &any_uid(draft.at)).await?;
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

    /// Saves a run under a name by which other stores know it too, and returns its number.
    pub(super) async fn save(&mut self, draft: &Draft, uid: &str) -> Result<i64, StoreError> {
        let judged = draft.judged.iter().flat_map(|one| [one.policy, one.target]);
        let found = draft.found.iter().flat_map(|one| [one.policy, one.target]);
        let about = draft.about.iter().copied().chain(draft.environment);
        let wanted: BTreeSet<usize> = about.chain(judged).chain(found).collect();
        let ids = self.texts(&draft.texts, &wanted).await?;
        let run = self.run(draft, &ids, uid).await?;
        let id = |number| ids.of(self.store, number);
        let mut rows: Vec<([i64; 3], i64, i64)> = Vec::with_capacity(draft.judged.len());
        for one in &draft.judged {
            rows.push(([id(one.policy)?, id(one.target)?, 0], one.verdict, one.extent.code()));
        }
        let mut noticed: BTreeMap<[i64; 3], i64> = BTreeMap::new();
        for one in draft.found.iter().filter(|one| one.notice) {
            let worst = noticed.entry([id(one.policy)?, id(one.target)?, 1]).or_insert(one.verdict);
            *worst = one.verdict.max(*worst);
        }
        rows.extend(noticed.into_iter().map(|(bound, verdict)| (bound, verdict, NOTICED)));
        let mut bounds: BTreeSet<[i64; 3]> = rows.iter().map(|(bound, ..)| *bound).collect();
        for one in draft.found.iter().filter(|one| !one.notice) {
            bounds.insert([id(one.policy)?, id(one.target)?, 0]);
        }
        self.bounds(&bounds).await?;
        let judged: Vec<Json> = rows
            .iter()
            .filter_map(|(bound, verdict, whole)| Some(json!([self.bounds.get(bound)?, verdict, whole])))
            .collect();
        self.bulk(JUDGED, run, &judged).await?;
        if draft.replay.is_none() {
            self.bulk(LATEST, draft.at, &judged).await?;
            promised::note(self, draft, run).await?;
        }
        let bounds = bounds.iter().filter_map(|bound| self.bound(bound)).collect();
        changes::save(self, draft, &ids, (run, &bounds)).await?;
        if let Some(seen) = &draft.seen {
            observed::save(self, seen, run).await?;
        }
        Ok(run)
    }

    /// The number of a check, or of what there is a notice about.
    pub(super) fn bound(&self, bound: &[i64; 3]) -> Option<i64> {
        self.bounds.get(bound).copied()
    }

    /// Rows of one run, which its number goes before.
    pub(super) async fn bulk(
        &mut self,
        insert: &'static str,
        run: i64,
        rows: &[Json],
    ) -> Result<(), StoreError> {
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

    async fn bounds(&mut self, wanted: &BTreeSet<[i64; 3]>) -> Result<(), StoreError> {
        let new: Vec<&[i64; 3]> = wanted.iter().filter(|bound| !self.bounds.contains_key(*bound)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let list = json!(new).to_string();
        let known = self.known::<(i64, i64, i64, i64)>(BOUNDS, KNOWN_BOUNDS, &list).await?;
        for (id, policy, target, notice) in known {
            self.bounds.insert([policy, target, notice], id);
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

    async fn run(&mut self, draft: &Draft, ids: &Ids, uid: &str) -> Result<i64, StoreError> {
        let insert = "INSERT INTO run (started, muster, host, reason, checks, subjects, targets, exit, replay, \
                      uid, environment, promised) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let mut query = sqlx::query(insert).bind(draft.at);
        for number in &draft.about {
            query = query.bind(ids.of(self.store, *number)?);
        }
        let text = |number: Option<usize>| number.and_then(|number| draft.texts.list.get(number));
        let environment = draft.environment.map(|number| ids.of(self.store, number)).transpose()?;
        let (replay, promised) = (text(draft.replay), text(draft.promised));
        let query = query.bind(i64::from(draft.exit)).bind(replay.map(|text| &**text));
        let query = query.bind(uid).bind(environment).bind(promised.map(|text| &**text));
        let saved = query.execute(&mut *self.tx).await;
        saved.map(|saved| saved.last_insert_rowid()).map_err(|error| self.store.fault(&error))
    }
}

/// A name that no other run has.
fn any_uid(at: i64) -> String {
    let chance = || RandomState::new().hash_one((std::process::id(), at));
    format!("{:x}-{:016x}{:016x}", at.cast_unsigned(), chance(), chance())
}
