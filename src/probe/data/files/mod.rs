//! `data.files`: the rows of a query joined with the files of a tree, in both directions.
//!
//! Both sides stream into parts by a hash of the path, which are joined one after the other, so that memory does not
//! grow with their number. Whatever looks missing or left over is looked at again before it is said.

mod answer;
mod content;
mod join;
mod look;
mod lookups;
#[cfg(feature = "net")]
mod objects;
mod question;
mod records;
mod rows;
mod store;
mod tally;
mod template;
mod tree;
mod volume;

#[cfg(test)]
mod tests;
#[cfg(test)]
#[cfg(feature = "net")]
mod tests_bucket;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use answer::Found;
use join::Join;
use look::Store;
use question::{Depth, Question, given};
use rows::References;
use store::Spill;
use tally::{Lists, Sort};
use tree::Listing;
use volume::Volume;

use super::stream::{Sender, Told};
use crate::fact::{Cause, Missing, SqlDialect};
use crate::probe::sql::reading;
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe, blocking, mysql, postgres, sqlite};

/// The body of `data.files`.
pub(in crate::probe) struct Files;

impl Probe for Files {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(async move {
            let answer = look(ask, cx).await;
            answer.map_err(|why| match why.cause {
                Cause::Timeout => why.fix("raise `within`, or compare less: `depth`, `sample`"),
                _ => why,
            })
        })
    }
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let (stop, _guard) = Stop::new(cx);
    let question = Arc::new(Question::of(ask.request, cx)?);
    let sql = statement(ask, cx)?;
    match volume(ask, cx, &question).await? {
        Volume::Not(word, why) => Ok(Answer::new(answer::absent(ask, word, why))),
        Volume::There(store) => Box::pin(there(ask, cx, sql, question, store, stop)).await,
    }
}

/// The statement, if it only reads.
fn statement<'a>(ask: &'a Ask<'_>, cx: &Context) -> Result<&'a str, Missing> {
    let dialect = match &*cx.target.kind {
        "mysql" => SqlDialect::Mysql,
        "sqlite" => SqlDialect::Sqlite,
        _ => SqlDialect::Postgres,
    };
    reading(ask, dialect)
}

/// What is where the files should be.
async fn volume(ask: &Ask<'_>, cx: &Context, question: &Arc<Question>) -> Result<Volume, Missing> {
    let args = &ask.request.args;
    if given(args, "bucket").is_some() {
        return bucket(cx, given(args, "prefix"), question).await;
    }
    let root = args.text("root").unwrap_or_default().to_owned();
    let question = Arc::clone(question);
    blocking(move || volume::check(&root, &question)).await
}

#[cfg(feature = "net")]
async fn bucket(cx: &Context, prefix: Option<&str>, question: &Question) -> Result<Volume, Missing> {
    let beside = cx.beside("bucket")?;
    if &*beside.target.kind != "bucket" {
        let what =
            format!("`{}` is a target of type {}, not a bucket", beside.target.name, beside.target.kind);
        return Err(Missing::new(Cause::WrongType, what));
    }
    let bucket = crate::probe::net::Bucket::open(&beside, prefix).await?;
    bucket.check().await?;
    if !question.lists {
        bucket.check_absent().await?;
    }
    if let Some(sentinel) = &question.sentinel
        && bucket.head(sentinel).await?.is_none()
    {
        let what =
            format!("{} has no object `{sentinel}`: it is another bucket, or another prefix", bucket.name());
        return Ok(Volume::Not("unmarked", Missing::new(Cause::Absent, what)));
    }
    Ok(Volume::There(Store::Objects(Box::new(objects::Objects::new(bucket)))))
}

#[cfg(not(feature = "net"))]
async fn bucket(_: &Context, _: Option<&str>, _: &Question) -> Result<Volume, Missing> {
    Err(Missing::new(Cause::Unsupported, "this build of muster has no network, and reads no bucket"))
}

async fn there(
    ask: &Ask<'_>,
    cx: &Context,
    sql: &str,
    question: Arc<Question>,
    store: Store,
    stop: Stop,
) -> Result<Answer, Missing> {
    let (store, lists) = (Arc::new(store), lists(ask, &question)?);
    let spill = Spill::new(question.work.as_deref());
    let (to, from) = mpsc::channel(8);
    let collected = {
        let (question, spill, lists, stop) =
            (Arc::clone(&question), Arc::clone(&spill), lists.clone(), stop.clone());
        tokio::spawn(blocking(move || rows::collect(from, &question, &spill, lists.as_ref(), &stop)))
    };
    let listed = question.lists.then(|| {
        let (question, store, stop) = (Arc::clone(&question), Arc::clone(&store), stop.clone());
        tokio::spawn(list(question, store, spill, stop))
    });
    let told = send(cx, sql, needs(&question), Sender::new(to)).await;
    let references = joined(collected.await);
    // The thread that takes the rows knows better why they were not taken.
    let (told, references) = match (told, references) {
        (Err(why), Err(own)) if why.cause == Cause::Cancelled => return Err(own),
        (told, references) => (told?, references?),
    };
    let listing = match listed {
        Some(listed) => Some(joined(listed.await)?),
        None => None,
    };
    let found =
        blocking(move || compare(&question, &store, references, listing, lists.as_ref(), &stop)).await?;
    let table = answer::table(ask, found);
    Ok(Answer::new(table).identity(told.identity).clock(told.clock))
}

async fn list(
    question: Arc<Question>,
    store: Arc<Store>,
    spill: Arc<Spill>,
    stop: Stop,
) -> Result<Listing, Missing> {
    #[cfg(feature = "net")]
    if let Store::Objects(objects) = &*store {
        return objects.list(&question, &spill, &stop).await;
    }
    blocking(move || match &*store {
        Store::Tree(root) => tree::list(root, &question, &spill, threads(), &stop),
        #[cfg(feature = "net")]
        Store::Objects(_) => Err(ended()),
    })
    .await
}

fn compare(
    question: &Question,
    store: &Store,
    references: References,
    listing: Option<Listing>,
    lists: Option<&Arc<Lists>>,
    stop: &Stop,
) -> Result<Found, Missing> {
    let join = Join {
        question,
        store,
        references: &references.side,
        entries: listing.as_ref().map(|listing| &listing.side),
        lists,
        stop,
    };
    let mut tally = join.run(threads())?;
    tally.merge(references.tally);
    let lost = tally.named > 0 && tally.count(Sort::Missing) == tally.named;
    let is_empty = lost
        && match &listing {
            Some(listing) => listing.files == 0,
            None => store.is_empty(question)?,
        };
    let ignored = listing.as_ref().map(|listing| listing.ignored);
    let files = listing.map(|listing| {
        tally.shut.add(listing.shut);
        listing.files
    });
    if let Some(lists) = lists {
        lists.finish()?;
    }
    // A request for a single object needs the right to read it.
    let looked_at_modes = match store {
        Store::Tree(_) => question.looks_at_inodes(),
        #[cfg(feature = "net")]
        Store::Objects(_) => !question.lists,
    };
    Ok(Found {
        depth: question.depth,
        looked_at_modes,
        rows: references.rows,
        nameless: references.nameless,
        files,
        ignored,
        is_empty,
        lists: lists.map(|lists| lists.folder().to_owned()),
        root: store.name(),
        tally,
    })
}

/// The columns that the depth needs.
fn needs(question: &Question) -> &'static [&'static str] {
    match question.depth {
        Depth::Existence => &["path"],
        Depth::Size => &["path", "size"],
        Depth::Content => &["path", "digest"],
    }
}

async fn send(cx: &Context, sql: &str, needs: &[&str], to: Sender) -> Result<Told, Missing> {
    match &*cx.target.kind {
        "mysql" => mysql::send_paths(cx, sql, needs, to).await,
        "sqlite" => sqlite::send_paths(cx, sql, needs, to).await,
        _ => postgres::send_paths(cx, sql, needs, to).await,
    }
}

/// Where whole lists go, if somebody keeps them.
fn lists(ask: &Ask<'_>, question: &Question) -> Result<Option<Arc<Lists>>, Missing> {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let Some(work) = &question.work else { return Ok(None) };
    let mut hasher = DefaultHasher::new();
    ask.request.key.hash(&mut hasher);
    let folder: PathBuf = work.join(format!("files-{:016x}", hasher.finish()));
    Lists::new(&folder).map(Some)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

/// What a task gave.
fn joined<T>(task: Result<Result<T, Missing>, tokio::task::JoinError>) -> Result<T, Missing> {
    task.unwrap_or_else(|error| Err(Missing::new(Cause::Internal, format!("a probe ended: {error}"))))
}

/// A thread of ours died.
fn ended() -> Missing {
    Missing::new(Cause::Internal, "a thread of the probe ended")
}

/// A name as a person writes it: bytes that are no text, and control characters, as escapes.
fn shown(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}
