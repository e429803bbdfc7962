//! The shared store, as one machine has it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::place::absolute;
use super::super::{ExportError, Item, Store, StoreError, Take, is_there};
use super::link::Link;
use super::model::Forget;
use super::{Address, Caught, Extent, Gap, Sent, SharedError, carry, copy, log, send};

/// A store that is shared, as one machine has it.
pub struct Shared {
    pub(super) address: Address,
    copy: PathBuf,
}

impl Shared {
    /// The store at an address, with the file of its copy.
    pub fn new(address: Address, copy: &Path) -> Result<Self, StoreError> {
        Ok(Self { address, copy: PathBuf::from(absolute(copy)?) })
    }

    /// The file of the copy.
    pub fn copy(&self) -> &Path {
        &self.copy
    }

    /// What messages call it.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    /// Beside which path runs wait that were not sent, for [`Inbox`](crate::store::Inbox).
    pub fn outbox(&self) -> PathBuf {
        let mut path = self.copy.clone().into_os_string();
        path.push("-unsent");
        path.into()
    }

    /// Sends what waits here, and brings the copy up to date. Only a copy that cannot be used is an error: what is wrong
    /// with the log, or on the way to it, is told as a gap.
    pub async fn catch_up(&self, now: Timestamp) -> Result<Caught, StoreError> {
        let store = Store::open(&self.copy).await?;
        let caught = self.bring_up(&store, now).await;
        store.close().await;
        caught
    }

    async fn bring_up(&self, store: &Store, now: Timestamp) -> Result<Caught, StoreError> {
        copy::prepare(store).await?;
        let reached = copy::reached(store).await?;
        let mut caught = Caught::default();
        let done = async {
            let mut link = Link::open(&self.address).await?;
            match send::all(&mut link, &self.outbox()).await {
                Ok(sent) => caught.sent = sent,
                Err(error) if error.is_lasting() => caught.unsent = Some(error),
                Err(error) => return Err(error),
            }
            caught.new = copy::pull(&mut link, store, now).await?;
            link.close().await;
            Ok(())
        };
        match done.await {
            Ok(()) => Ok(caught),
            Err(SharedError::Local(error)) => Err(error),
            Err(why) => Ok(Caught { gap: Some(Gap { why, reached }), ..caught }),
        }
    }

    /// Sends what waits here, and forgets what is older than it is kept. Of that decides the span of the runs that were
    /// there before: one machine whose clock jumped ahead must not forget the past of all.
    pub async fn send(&self, forget: Option<Forget<'_>>) -> Result<Sent, SharedError> {
        let mut link = Link::open(&self.address).await?;
        let sent = self.send_by(&mut link, forget).await;
        link.close().await;
        sent
    }

    async fn send_by(&self, link: &mut Link, forget: Option<Forget<'_>>) -> Result<Sent, SharedError> {
        let before = match forget {
            Some(forget) => log::span(link).await?.and_then(forget),
            None => None,
        };
        let mut sent = send::all(link, &self.outbox()).await?;
        if let Some(before) = before {
            // The run is there; that others stay too long is told beside.
            sent.unpruned = log::prune(link, before, false).await.err();
        }
        Ok(sent)
    }

    /// How many runs wait here, and when the first of them began.
    pub fn waiting(&self) -> Result<(usize, Option<Timestamp>), StoreError> {
        send::waiting(&self.outbox())
    }

    /// When the copy was last complete. One that is not there never was.
    pub async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        if !is_there(&self.copy)? {
            return Ok(None);
        }
        let store = Store::open(&self.copy).await?;
        let reached = copy::reached(&store).await;
        store.close().await;
        reached
    }

    /// What the log has.
    pub async fn extent(&self) -> Result<Extent, SharedError> {
        let mut link = Link::open(&self.address).await?;
        let extent = log::extent(&mut link).await;
        link.close().await;
        extent
    }

    /// Forgets the runs of the log that began before a time, and returns how many. `by_hand`: nobody else does the
    /// same by its own rule, so that copies have to begin anew.
    pub async fn prune(&self, before: Timestamp, by_hand: bool) -> Result<u64, SharedError> {
        let mut link = Link::open(&self.address).await?;
        let gone = log::prune(&mut link, before, by_hand).await;
        link.close().await;
        gone
    }

    /// Forgets runs of the log and of the copy by their numbers, which each machine finds by the same rule.
    pub async fn forget(&self, runs: Vec<i64>) -> Result<u64, SharedError> {
        let mut link = Link::open(&self.address).await?;
        let gone = log::forget(&mut link, runs).await;
        link.close().await;
        gone
    }

    /// How many runs of the log began before a time.
    pub async fn older(&self, before: Timestamp) -> Result<u64, SharedError> {
        let mut link = Link::open(&self.address).await?;
        let older = log::older(&mut link, before).await;
        link.close().await;
        older
    }

    /// Hands out everything that the log has, what runs refer to before them.
    pub async fn export(&self, take: Take<'_>) -> Result<(), ExportError> {
        let mut link = Link::open(&self.address).await?;
        let exported = carry::out(&mut link, take).await;
        link.close().await;
        exported
    }

    /// Takes in what another store had, and returns how many runs were new. What cannot be read is refused before anything
    /// of it is sent.
    pub async fn import(&self, items: Vec<Item>) -> Result<u64, SharedError> {
        let batch = carry::batch(&self.shown(), items)?;
        let mut link = Link::open(&self.address).await?;
        let added = log::add(&mut link, batch).await;
        link.close().await;
        added
    }
}
