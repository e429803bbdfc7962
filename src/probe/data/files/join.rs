//! The join itself, part by part: what rows name, what is there, and how they differ.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;

use super::content::{Algorithm, Content, compare, in_sample};
use super::look::{Place, Seen, Store};
use super::question::{Depth, Question};
use super::records::{Entry, Facts, Kind, Reference};
use super::store::{Cursor, PARTS, Side, fold};
use super::tally::{Lists, Sort, Tally};
use crate::fact::{Cause, Missing};
use crate::probe::stop::Stop;
use crate::probe::users::Names;

/// What is joined.
pub(super) struct Join<'a> {
    pub(super) question: &'a Question,
    pub(super) store: &'a Store,
    pub(super) references: &'a Side,
    /// What was listed; without it every reference is looked up.
    pub(super) entries: Option<&'a Side>,
    pub(super) lists: Option<&'a Arc<Lists>>,
    pub(super) stop: &'a Stop,
}

/// All rows that name one path.
pub(super) struct Named<'a> {
    pub(super) reference: Reference<'a>,
    rows: u64,
    /// What two rows say differently, so that one of them is wrong.
    conflict: Conflict,
    seen: bool,
}

/// Rows that name one path and contradict each other.
#[derive(Clone, Copy, Default)]
struct Conflict {
    size: bool,
    digest: bool,
    owner: bool,
}

impl<'a> Named<'a> {
    /// One more row; what the first one does not say, it may.
    fn add(&mut self, other: &Reference<'a>, algorithm: Algorithm) {
        fn put<T: Copy>(known: &mut Option<T>, other: Option<T>, same: impl Fn(T, T) -> bool) -> bool {
            let differ = known.zip(other).is_some_and(|(known, other)| !same(known, other));
            *known = known.or(other);
            differ
        }
        self.rows += 1;
        let (own, conflict) = (&mut self.reference, &mut self.conflict);
        conflict.size |= put(&mut own.size, other.size, |one, two| one == two);
        conflict.owner |= put(&mut own.owner, other.owner, |one, two| one == two);
        // One digest may be written in two ways.
        let same = |one: &[u8], two: &[u8]| one == two || algorithm.parse(one) == algorithm.parse(two);
        conflict.digest |= put(&mut own.digest, other.digest, same);
    }
}

impl Join<'_> {
    /// Joins all parts by several threads.
    pub(super) fn run(&self, threads: usize) -> Result<Tally, Missing> {
        let next = AtomicUsize::new(0);
        let parts: Vec<Option<Result<Tally, Missing>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.parts(&next))).collect();
            threads.into_iter().map(|thread| thread.join().ok()).collect()
        });
        let mut all = Tally::new(self.lists);
        for part in parts {
            all.merge(part.ok_or_else(super::ended)??);
        }
        Ok(all)
    }

    fn parts(&self, next: &AtomicUsize) -> Result<Tally, Missing> {
        let (mut references, mut entries) = (Vec::new(), Vec::new());
        let mut work = Work { join: self, tally: Tally::new(self.lists), users: Names::users() };
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= PARTS {
                return Ok(work.tally);
            }
            self.stop.check("comparing files with rows")?;
            self.references.read(part, &mut references)?;
            match self.entries {
                Some(side) => {
                    side.read(part, &mut entries)?;
                    work.listed(&references, &entries)?;
                }
                None => work.looked_up(&references)?,
            }
        }
    }
}

/// Where a path stands among those that are named.
type Index<'a> = HashMap<&'a [u8], usize>;

/// One thread.
pub(super) struct Work<'a> {
    pub(super) join: &'a Join<'a>,
    pub(super) tally: Tally,
    users: Names,
}

impl Work<'_> {
    /// One part of both sides.
    fn listed(&mut self, references: &[u8], entries: &[u8]) -> Result<(), Missing> {
        let (mut named, index) = self.named(references)?;
        let mut extra: Vec<(&[u8], bool)> = Vec::new();
        let mut cursor = Cursor(entries);
        while !cursor.0.is_empty() {
            let entry = Entry::read(&mut cursor).ok_or_else(broken)?;
            match index.get(entry.path).and_then(|at| named.get_mut(*at)) {
                // A directory that changes may name one twice.
                Some(named) if named.seen => {}
                Some(named) => {
                    named.seen = true;
                    self.entry(named, &entry)?;
                }
                None => extra.push((entry.path, entry.young)),
            }
        }
        // They may have come meanwhile, or lie behind a link or in a directory that is not listed.
        let unseen: Vec<&Named<'_>> = named.iter().filter(|named| !named.seen).collect();
        let mut gone = self.gone(&unseen)?;
        let mut left: Vec<&[u8]> = Vec::new();
        for (path, young) in extra {
            if self.is_extra(path, young)? {
                left.push(path);
            }
        }
        gone.sort_unstable();
        left.sort_unstable();
        // A directory that changes, or a page of a listing, may name one twice.
        left.dedup();
        for (sort, paths) in [(Sort::Missing, &gone), (Sort::Extra, &left)] {
            for path in paths {
                self.tally.add(sort, path)?;
            }
        }
        self.forms(&gone, &left)
    }

    /// The paths that rows name, each once, and where they stand.
    pub(super) fn named<'b>(&mut self, records: &'b [u8]) -> Result<(Vec<Named<'b>>, Index<'b>), Missing> {
        let mut named: Vec<Named<'b>> = Vec::new();
        let mut index = Index::new();
        let mut cursor = Cursor(records);
        let algorithm = self.join.question.algorithm;
        while !cursor.0.is_empty() {
            let reference = Reference::read(&mut cursor).ok_or_else(broken)?;
            let at = *index.entry(reference.path).or_insert(named.len());
            match named.get_mut(at) {
                None => named.push(Named { reference, rows: 1, conflict: Conflict::default(), seen: false }),
                Some(known) => known.add(&reference, algorithm),
            }
        }
        self.tally.named += named.len() as u64;
        for named in named.iter().filter(|named| named.rows > 1) {
            self.tally.add(Sort::Repeated, named.reference.path)?;
        }
        Ok((named, index))
    }

    /// A reference of which the listing says something.
    fn entry(&mut self, named: &Named<'_>, entry: &Entry<'_>) -> Result<(), Missing> {
        match entry.kind {
            Kind::Other => self.tally.add(Sort::NotFile, entry.path),
            Kind::File => self.there(named, entry.facts, entry.shut, entry.tag.map(|tag| (tag, false))),
            Kind::Link | Kind::Unknown => self.look(&[named]),
        }
    }

    /// Looks references up by themselves.
    pub(super) fn look(&mut self, all: &[&Named<'_>]) -> Result<(), Missing> {
        for path in self.gone(all)? {
            self.tally.add(Sort::Missing, path)?;
        }
        Ok(())
    }

    /// Looks references up by themselves, and gives those where nothing is.
    fn gone<'b>(&mut self, all: &[&Named<'b>]) -> Result<Vec<&'b [u8]>, Missing> {
        let mut gone = Vec::new();
        for some in all.chunks(256) {
            self.stop("looking for what rows name")?;
            let paths: Vec<&[u8]> = some.iter().map(|named| named.reference.path).collect();
            for (named, place) in some.iter().zip(self.join.store.find_all(&paths)) {
                if self.place(named, place)? {
                    gone.push(named.reference.path);
                }
            }
        }
        Ok(gone)
    }

    /// What a look-up found; true if nothing is there.
    pub(super) fn place(&mut self, named: &Named<'_>, place: Place) -> Result<bool, Missing> {
        let path = named.reference.path;
        match place {
            Place::File(Seen { facts, shut, tag, tag_is_sure }) => {
                self.there(named, Some(facts), shut, tag.as_deref().map(|tag| (tag, tag_is_sure)))?;
            }
            Place::Other => self.tally.add(Sort::NotFile, path)?,
            Place::Gone => return Ok(true),
            Place::Outside => self.tally.add(Sort::Outside, path)?,
            Place::Broken(why) => return Err(why),
            Place::Shut(why) => {
                self.tally.add(Sort::Unreadable, path)?;
                self.tally.shut.directory(path, why);
            }
        }
        Ok(false)
    }

    /// A reference whose file is there.
    pub(super) fn there(
        &mut self,
        named: &Named<'_>,
        facts: Option<Facts>,
        shut: bool,
        tag: Option<(&[u8], bool)>,
    ) -> Result<(), Missing> {
        let (question, reference) = (self.join.question, &named.reference);
        let path = reference.path;
        if shut {
            self.tally.add(Sort::Unreadable, path)?;
        }
        if !question.looks_at_inodes() && reference.owner.is_none() {
            return Ok(());
        }
        let Some(facts) = self.facts(path, facts) else {
            return if shut { Ok(()) } else { self.tally.add(Sort::Unreadable, path) };
        };
        if named.conflict.owner || self.is_wrong_owner(reference, facts.owner)? {
            self.tally.add(Sort::Owner, path)?;
        }
        let has_nothing = match question.depth {
            Depth::Existence => false,
            Depth::Size => reference.size.is_none(),
            Depth::Content => reference.digest.is_none(),
        };
        self.tally.not_compared += u64::from(has_nothing);
        if question.depth >= Depth::Size
            && let Some(size) = reference.size
        {
            self.tally.checked_size += 1;
            if named.conflict.size || size != facts.size {
                return self.tally.add(Sort::Size, path);
            }
        }
        if question.depth == Depth::Content && !shut { self.content(named, tag) } else { Ok(()) }
    }

    /// What was listed without its inode, and has to be known all the same.
    fn facts(&self, path: &[u8], known: Option<Facts>) -> Option<Facts> {
        known.or_else(|| match self.join.store.find_all(&[path]).pop() {
            Some(Place::File(seen)) => Some(seen.facts),
            _ => None,
        })
    }

    fn is_wrong_owner(&mut self, reference: &Reference<'_>, owner: u32) -> Result<bool, Missing> {
        self.tally.checked_owner +=
            u64::from(self.join.question.owner.is_some() || reference.owner.is_some());
        if self.join.question.owner.is_some_and(|wanted| wanted != owner) {
            return Ok(true);
        }
        let Some(wanted) = reference.owner else { return Ok(false) };
        let number = std::str::from_utf8(wanted).ok().and_then(|text| text.parse::<u32>().ok());
        if let Some(number) = number {
            return Ok(number != owner);
        }
        let name = self.users.cell(owner).map_err(|why| (*why).clone())?;
        Ok(name.as_text().is_none_or(|name| name.as_bytes() != wanted))
    }

    fn content(&mut self, named: &Named<'_>, tag: Option<(&[u8], bool)>) -> Result<(), Missing> {
        let (join, path) = (self.join, named.reference.path);
        let Some(text) = named.reference.digest.filter(|_digest| in_sample(path, join.question.share)) else {
            return Ok(());
        };
        let algorithm = join.question.algorithm;
        if named.conflict.digest {
            self.tally.checked_content += 1;
            return self.tally.add(Sort::Content, path);
        }
        let Some(wanted) = algorithm.parse(text) else { return self.tally.add(Sort::BadDigest, path) };
        let found = match join.store {
            Store::Tree(root) => {
                debug_assert!(tag.is_none(), "a file has no tag");
                compare(root, path, &wanted, algorithm, join.stop)?
            }
            #[cfg(feature = "net")]
            Store::Objects(objects) => {
                join.stop.check("reading objects")?;
                objects.compare(path, &wanted, algorithm, tag)?
            }
        };
        match found {
            Content::Same => self.tally.checked_content += 1,
            Content::Differs => {
                self.tally.checked_content += 1;
                self.tally.add(Sort::Content, path)?;
            }
            Content::Changing => self.tally.add(Sort::Changing, path)?,
            Content::At(Place::Gone) => self.tally.add(Sort::Missing, path)?,
            Content::At(Place::Outside) => self.tally.add(Sort::Outside, path)?,
            Content::At(Place::Other | Place::File(_)) => self.tally.add(Sort::NotFile, path)?,
            Content::At(Place::Shut(_why)) => self.tally.add(Sort::Unreadable, path)?,
            Content::At(Place::Broken(why)) => return Err(why),
        }
        Ok(())
    }

    /// Is a file without a row still there, and older than the question? What came later may have its row by now.
    fn is_extra(&mut self, path: &[u8], young: bool) -> Result<bool, Missing> {
        self.stop("looking at files without a row")?;
        if young {
            self.tally.young += 1;
            return Ok(false);
        }
        let root = match self.join.store {
            Store::Tree(root) => root,
            // The listing is the newest that is known of it.
            #[cfg(feature = "net")]
            Store::Objects(_) => return Ok(true),
        };
        match root.stat(path) {
            Ok(stat) if self.is_young(&stat) => {
                self.tally.young += 1;
                Ok(false)
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode) != FileType::Directory),
            // Its directory names it; more need not be known.
            Err(_closed) => Ok(true),
        }
    }

    fn is_young(&self, stat: &Stat) -> bool {
        let nanos = i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec);
        Timestamp::from_nanosecond(nanos).is_ok_and(|at| self.join.question.is_young(at))
    }

    /// Files that are there under a name which differs only in case, or in how its letters are composed.
    fn forms(&mut self, gone: &[&[u8]], left: &[&[u8]]) -> Result<(), Missing> {
        if gone.is_empty() || left.is_empty() {
            return Ok(());
        }
        let folded = |path: &[u8]| {
            let mut into = Vec::new();
            fold(path, &mut into);
            into
        };
        let there: HashMap<Vec<u8>, &[u8]> = left.iter().map(|path| (folded(path), *path)).collect();
        for path in gone {
            if let Some(file) = there.get(&folded(path)) {
                let pair = [path, b" is there as ".as_slice(), file].concat();
                self.tally.add(Sort::Form, &pair)?;
            }
        }
        Ok(())
    }

    pub(super) fn stop(&self, doing: &str) -> Result<(), Missing> {
        self.join.stop.check(doing)
    }
}

fn broken() -> Missing {
    Missing::new(Cause::Internal, "a record of the temporary file is not what was written")
}
