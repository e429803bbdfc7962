//! The objects of a bucket in place of the files of a tree.

use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::runtime::Handle;

use super::content::{Algorithm, Content};
use super::look::{Place, Seen};
use super::question::Question;
use super::records::{Entry, Facts, Kind};
use super::store::{Parts, Side, Spill, Writer};
use super::tally::Shut;
use super::tree::Listing;
use crate::fact::{Cause, Missing};
use crate::probe::net::Bucket;
use crate::probe::stop::Stop;

/// How many single requests are under way at once.
const AT_ONCE: usize = 16;

/// A bucket that threads without a runtime may ask.
pub(super) struct Objects {
    bucket: Bucket,
    handle: Handle,
}

impl Objects {
    /// Inside a runtime.
    pub(super) fn new(bucket: Bucket) -> Self {
        Self { bucket, handle: Handle::current() }
    }

    /// Its name for messages.
    pub(super) fn name(&self) -> String {
        self.bucket.name()
    }

    /// Has the first page nothing?
    pub(super) fn is_empty(&self) -> Result<bool, Missing> {
        match self.handle.block_on(self.bucket.page(None)) {
            Ok(page) => Ok(page.objects.is_empty() && page.next.is_none()),
            // Who may not list may still ask for objects.
            Err(why) if why.cause == Cause::Denied => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// What is known of some objects, asked for at once.
    pub(super) fn find_all(&self, paths: &[&[u8]]) -> Vec<Place> {
        let asked = paths.iter().map(|path| self.find(path));
        self.handle.block_on(futures_util::stream::iter(asked).buffered(AT_ONCE).collect())
    }

    /// What is known of one object.
    pub(super) async fn find(&self, path: &[u8]) -> Place {
        // No key is anything but text.
        let Ok(key) = std::str::from_utf8(path) else { return Place::Gone };
        match self.bucket.head(key).await {
            Ok(None) => Place::Gone,
            Ok(Some(head)) => Place::File(Seen {
                facts: Facts { size: i64::try_from(head.size).unwrap_or(i64::MAX), owner: 0 },
                shut: false,
                tag: head.tag.filter(|_tag| !head.encrypted).map(String::into_bytes),
                tag_is_sure: true,
            }),
            Err(why) if why.cause == Cause::Denied => Place::Shut(why),
            Err(why) => Place::Broken(why),
        }
    }

    /// Has an object this content? The tag of a whole object that is not encrypted with a key of its own is its MD5.
    pub(super) fn compare(
        &self,
        path: &[u8],
        wanted: &[u8],
        algorithm: Algorithm,
        tag: Option<(&[u8], bool)>,
    ) -> Result<Content, Missing> {
        let Ok(key) = std::str::from_utf8(path) else { return Ok(Content::At(Place::Gone)) };
        let digest = |tag: &[u8]| (algorithm == Algorithm::Md5).then(|| algorithm.parse(tag)).flatten();
        if let Some((tag, is_sure)) = tag
            && let Some(known) = digest(tag)
        {
            if known == wanted {
                return Ok(Content::Same);
            }
            if is_sure {
                return Ok(Content::Differs);
            }
            // The listing does not say how the object is encrypted.
            match self.handle.block_on(self.find(path)) {
                Place::File(Seen { tag: Some(tag), .. }) if digest(&tag).is_some_and(|now| now != wanted) => {
                    return Ok(Content::Differs);
                }
                Place::File(_) => {}
                other => return Ok(Content::At(other)),
            }
        }
        let mut hasher = algorithm.hasher();
        match self.handle.block_on(self.bucket.read(key, |piece| hasher.update(piece))) {
            Ok(false) => Ok(Content::At(Place::Gone)),
            Ok(true) if hasher.finish() == wanted => Ok(Content::Same),
            Ok(true) => Ok(Content::Differs),
            Err(why) if matches!(why.cause, Cause::Denied | Cause::Unsupported) => {
                Ok(Content::At(Place::Shut(why)))
            }
            Err(why) => Err(why),
        }
    }

    /// Lists all objects. A page that fails ends everything: fewer objects would be files that nobody misses.
    pub(super) async fn list(
        &self,
        question: &Question,
        spill: &Arc<Spill>,
        stop: &Stop,
    ) -> Result<Listing, Missing> {
        let (mut writer, mut parts, mut files, mut ignored) = (Writer::new(spill), Parts::default(), 0, 0);
        let mut from: Option<String> = None;
        for number in 1_u64.. {
            stop.check(&format!("listing {}", self.name()))?;
            let page = self.bucket.page(from.as_deref()).await.map_err(|mut why| {
                why.what = format!("page {number} of the listing: {}", why.what);
                why
            })?;
            for object in &page.objects {
                let path = object.key.as_bytes();
                let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                // What ends with a slash stands for a folder.
                if name.is_empty() {
                    continue;
                }
                if let Some(told) = question.ignore.has(name, path) {
                    ignored += u64::from(told);
                    continue;
                }
                files += 1;
                let size = i64::try_from(object.size).unwrap_or(i64::MAX);
                let entry = Entry {
                    path,
                    kind: Kind::File,
                    shut: false,
                    young: object.modified.is_some_and(|at| question.is_young(at)),
                    facts: Some(Facts { size, owner: 0 }),
                    tag: object.tag.as_deref().map(str::as_bytes),
                };
                writer.push(parts.of(path), |into| entry.write(into))?;
            }
            if page.next.is_none() {
                break;
            }
            if page.next == from {
                let what = format!("page {number} of the listing of {} leads to itself", self.name());
                return Err(Missing::new(Cause::Malformed, what));
            }
            from = page.next;
        }
        Ok(Listing { side: Side::new(spill, vec![writer]), files, ignored, shut: Shut::default() })
    }
}
