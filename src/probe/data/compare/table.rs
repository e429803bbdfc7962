//! One table.

use std::path::Path;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::merge::{Cursor, Pace, merge};
use super::native::{self, Hashes, Left};
use super::pair::{Pair, Which};
use super::sql::Select;
use super::tables::Job;
use super::tally::{Found, Sum, Tally};
use super::{Options, multiset, over_budget, state};
use crate::fact::{Cause, Level, Missing};
use crate::probe::data::side::Side;
use crate::probe::data::tables::{Open, UserTable};

/// What came of it.
pub(super) enum Result {
    Compared(Found),
    /// Only one side has it, with so many rows; by its name in the source.
    OneSided(Which, Option<Arc<str>>, std::result::Result<u64, Arc<Missing>>),
}

/// Where lists of keys are written, and for which question.
type Keys<'k> = Option<(&'k Path, &'k str)>;

/// A table that is being compared.
struct Comparing<'c, 'a> {
    pair: &'c Pair,
    options: &'c Options,
    source: &'c mut Side<'a>,
    target: &'c mut Side<'a>,
    keys: Keys<'c>,
}

/// Compares one table.
pub(super) async fn compare<'a>(
    name: &str,
    what: Job,
    options: &Options,
    keys: Keys<'_>,
    source: &mut Side<'a>,
    target: &mut Side<'a>,
) -> std::result::Result<Result, Missing> {
    for side in [&mut *source, &mut *target] {
        ready(side).await?;
    }
    match what {
        Job::Missing(why) => Err((*why).clone()),
        Job::One(which, table) => {
            let side = if which == Which::Source { source } else { target };
            let rows = counted(side, &table, options.budget).await.map_err(Arc::new);
            Ok(Result::OneSided(which, (which == Which::Source).then_some(table.name), rows))
        }
        Job::Both(pair) => {
            let estimate =
                pair.target.estimate.max(pair.source.estimate).and_then(|rows| u64::try_from(rows).ok());
            if estimate.is_some_and(|rows| rows > options.budget) {
                return Err(over_budget(name, options.budget));
            }
            let mut comparing = Comparing { pair: &pair, options, source, target, keys };
            comparing.found().await.map(Result::Compared)
        }
    }
}

/// A side with a snapshot of now, by a new connection if the last one broke.
pub(super) async fn ready(side: &mut Side<'_>) -> std::result::Result<(), Missing> {
    if !side.is_open() {
        let open = Open::open(side.cx, false).await?;
        *side = Side::new(side.cx, open);
    }
    side.snapshot().await
}

/// The rows of a table that only one side has.
async fn counted(side: &mut Side<'_>, table: &UserTable, budget: u64) -> std::result::Result<u64, Missing> {
    if table.estimate.and_then(|rows| u64::try_from(rows).ok()).is_some_and(|rows| rows > budget) {
        return Err(over_budget(&table.name, budget));
    }
    if let Some(why) = &table.hidden {
        return Err((**why).clone());
    }
    side.count(&table.from).await
}

impl Comparing<'_, '_> {
    async fn found(&mut self) -> std::result::Result<Found, Missing> {
        let mut found = match self.method()? {
            Method::Native(hashes) => self.native(&hashes).await?,
            Method::Stream => self.stream("stream", None).await?,
            Method::Multiset => self.multiset().await?,
        };
        found.source_table = self.pair.source.name.to_string();
        found.columns.splice(0..0, self.pair.differs.iter().cloned());
        if self.options.is_digested {
            return Ok(found);
        }
        Ok(Found { digest: String::new(), source_digest: String::new(), ..found })
    }

    /// The method that was asked for, or the fastest that there is.
    fn method(&self) -> std::result::Result<Method, Missing> {
        let wanted = self.options.method.as_deref();
        let name = &self.pair.target.name;
        let not =
            |what: String, fix: &str| Err(Missing::new(Cause::Unsupported, what).level(Level::Row).fix(fix));
        if !self.pair.has_key() && matches!(wanted, Some("native" | "stream")) {
            return not(format!("{name} has no key that both sides have"), "leave `method` out");
        }
        let hashes = || -> Option<(Hashes, Hashes)> {
            if !native::both_can(self.source, self.target) {
                return None;
            }
            let seed = seed(&self.target.cx.salt)?;
            Hashes::new(self.pair, Which::Source, seed).zip(Hashes::new(self.pair, Which::Target, seed))
        };
        match wanted {
            Some("stream") => Ok(Method::Stream),
            Some("multiset") => Ok(Method::Multiset),
            Some("native") => match hashes() {
                Some(hashes) => Ok(Method::Native(Box::new(hashes))),
                None => {
                    not(format!("the servers cannot hash the rows of {name} alike"), "leave `method` out")
                }
            },
            _ if !self.pair.has_key() => Ok(Method::Multiset),
            // A server that hashes cannot be told to go slowly.
            _ if self.options.per_second.is_some() => Ok(Method::Stream),
            _ => Ok(hashes().map_or(Method::Stream, |hashes| Method::Native(Box::new(hashes)))),
        }
    }

    fn select(&self, which: Which, also: Option<String>, ordered: bool) -> Select<'_> {
        let engine = if which == Which::Source { self.source.engine } else { self.target.engine };
        Select { pair: self.pair, which, engine, also, ordered }
    }

    async fn native(&mut self, hashes: &(Hashes, Hashes)) -> std::result::Result<Found, Missing> {
        let pair = self.pair;
        let engine = self.target.engine;
        let select = |which| Select { pair, which, engine, also: None, ordered: false };
        let (was, is) = (select(Which::Source), select(Which::Target));
        let both = tokio::join!(
            native::whole(self.source, &was, &hashes.0),
            native::whole(self.target, &is, &hashes.1)
        );
        let (all_was, all_is) = (both.0?, both.1?);
        let (source_rows, rows) = (native::count(&all_was), native::count(&all_is));
        if rows.max(source_rows) > self.options.budget {
            return Err(over_budget(&self.pair.target.name, self.options.budget));
        }
        let left = if all_was == all_is {
            Left::Nothing
        } else {
            let both = tokio::join!(
                native::groups(self.source, &was, &hashes.0),
                native::groups(self.target, &is, &hashes.1)
            );
            native::left((&both.0?, &hashes.0), (&both.1?, &hashes.1))
        };
        let differing = match left {
            Left::Nothing => Found::default(),
            Left::All => self.stream("native", None).await?,
            Left::Some { source, target } => self.stream("native", Some((source, target))).await?,
        };
        let bytes = self.target.size(&self.pair.target).await?;
        Ok(Found {
            method: "native".to_owned(),
            rows,
            source_rows,
            bytes,
            digest: native::digest(&all_is),
            source_digest: native::digest(&all_was),
            ..differing
        })
    }

    async fn stream(
        &mut self,
        method: &str,
        also: Option<(String, String)>,
    ) -> std::result::Result<Found, Missing> {
        let (also_source, also_target) = also.unzip();
        let was = self.select(Which::Source, also_source, true).reading()?;
        let is = self.select(Which::Target, also_target, true).reading()?;
        let cx = self.target.cx;
        let (mut was, mut is) = (self.source.feed(was)?, self.target.feed(is)?);
        let (salt, until) = (&cx.salt, cx.deadline);
        let (pair, options) = (self.pair, self.options);
        let is_private = options.private.contains(&pair.target.name);
        let private = is_private.then(|| Sum::new(salt)).transpose()?;
        let list = self.keys.map(|(folder, question)| state::list(folder, question, &pair.target.name));
        let mut tally = Tally::new(pair, options.sample, private, list.transpose()?);
        let mut pace = Pace::new(options.per_second.map(|limit| limit.saturating_mul(2)));
        let digested = options.is_digested && method == "stream";
        let digest = || Sum::new(salt).map(|sum| (sum, digested));
        let mut source = Cursor::new(&mut was, pair, Which::Source, options.budget, digest()?);
        let mut target = Cursor::new(&mut is, pair, Which::Target, options.budget, digest()?);
        merge(&mut source, &mut target, &mut tally, &mut pace, until).await?;
        tally.finish()?;
        let found = Found {
            method: method.to_owned(),
            rows: target.seen.rows,
            source_rows: source.seen.rows,
            missing: tally.missing,
            extra: tally.extra,
            changed: tally.changed,
            columns: tally.columns(),
            bytes: target.seen.bytes,
            digest: target.seen.text(),
            source_digest: source.seen.text(),
            keys: std::mem::take(&mut tally.keys),
            ..Found::default()
        };
        self.source.back(was).await;
        self.target.back(is).await;
        Ok(found)
    }

    async fn multiset(&mut self) -> std::result::Result<Found, Missing> {
        let (pair, options, cx) = (self.pair, self.options, self.target.cx);
        let (mut slow, mut fast) = (Pace::new(options.per_second), Pace::new(options.per_second));
        let readings = (
            self.select(Which::Source, None, false).reading()?,
            self.select(Which::Target, None, false).reading()?,
        );
        let (mut was, mut is) =
            (self.source.feed(readings.0.clone())?, self.target.feed(readings.1.clone())?);
        let (source, target) = tokio::join!(
            multiset::sums(&mut was, pair, &cx.salt, options.budget, &mut slow, cx.deadline),
            multiset::sums(&mut is, pair, &cx.salt, options.budget, &mut fast, cx.deadline)
        );
        let (source, target) = (source?, target?);
        self.source.back(was).await;
        self.target.back(is).await;
        let (mut missing, mut extra) = (0, 0);
        for groups in multiset::passes(&source, &target, pair)? {
            let mut surplus = multiset::Surplus::default();
            for (side, reading, by) in
                [(&mut *self.source, &readings.0, 1), (&mut *self.target, &readings.1, -1)]
            {
                let mut feed = side.feed(reading.clone())?;
                surplus.add(&mut feed, &source.whole, &groups, by, cx.deadline, &mut slow).await?;
                side.back(feed).await;
            }
            let more = surplus.differences();
            missing += more.0;
            extra += more.1;
        }
        Ok(Found {
            method: "multiset".to_owned(),
            rows: target.whole.rows,
            source_rows: source.whole.rows,
            missing,
            extra,
            bytes: target.whole.bytes,
            digest: target.whole.text(),
            source_digest: source.whole.text(),
            ..Found::default()
        })
    }
}

/// How a table is compared.
enum Method {
    Native(Box<(Hashes, Hashes)>),
    Stream,
    Multiset,
}

/// What the servers' hashes begin with, out of the key of the run.
fn seed(salt: &[u8]) -> Option<i64> {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).ok()?;
    mac.update(b"rows");
    mac.finalize().into_bytes().first_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
}
