//! Walks a directory for the files of a pattern or a tree.
//!
//! Only directories that can hold a match are entered, so that one that is closed and does not matter hides
//! nothing; one that does matter makes the whole walk a fault, never a smaller answer.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use rustix::fs::{AtFlags, CWD, FileType, statat};
use walkdir::{DirEntry, WalkDir};

use super::path::{checked, fault, io_fault, kind};
use super::stop::Stop;
use crate::fact::{Cause, Level, Missing};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Any,
}

/// Which files are meant.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    root: String,
    /// The whole pattern, over whole paths; `None` takes all.
    pattern: Option<GlobMatcher>,
    /// The pattern's first one, two, … directories, as far as there is no `**` in them.
    prefixes: Vec<GlobMatcher>,
    deepest: Option<usize>,
    /// A pattern without wildcards names one file.
    plain: bool,
    include: Option<GlobSet>,
    exclude: GlobSet,
    kind: Kind,
    follow: bool,
    max_entries: usize,
}

impl Walk {
    /// The files of a pattern.
    pub(crate) fn glob(pattern: &str) -> Result<Self, Missing> {
        checked(pattern)?;
        let whole = matcher(pattern)?;
        let (root, parts) = split(pattern);
        let mut walk = Self::all(root);
        walk.plain = !pattern.contains(WILD);
        walk.pattern = Some(whole);
        let Some(parts) = parts else { return Ok(walk) };
        let mut prefix = if walk.root == "/" { String::new() } else { walk.root.clone() };
        let directories = parts.len().saturating_sub(1);
        for part in parts.iter().take(directories).take_while(|part| !part.contains("**")) {
            prefix = format!("{prefix}/{part}");
            walk.prefixes.push(matcher(&prefix)?);
        }
        walk.deepest = (!parts.iter().any(|part| part.contains("**"))).then_some(parts.len());
        Ok(walk)
    }

    /// All files below a directory.
    pub(crate) fn tree(root: &str) -> Result<Self, Missing> {
        checked(root).map(Self::all)
    }

    fn all(root: &str) -> Self {
        Self {
            root: root.to_owned(),
            pattern: None,
            prefixes: Vec::new(),
            deepest: None,
            plain: false,
            include: None,
            exclude: GlobSet::empty(),
            kind: Kind::File,
            follow: false,
            max_entries: 1_000_000,
        }
    }

    /// Only those, not these.
    pub(crate) fn filtered<S: AsRef<str>>(mut self, include: &[S], exclude: &[S]) -> Result<Self, Missing> {
        self.include = if include.is_empty() { None } else { Some(filters(include)?) };
        self.exclude = filters(exclude)?;
        Ok(self)
    }

    /// What is counted, and whether links are followed.
    pub(crate) fn of(mut self, kind: Kind, follow: bool) -> Self {
        (self.kind, self.follow) = (kind, follow);
        self
    }

    /// Not deeper than this, not more entries than that.
    pub(crate) fn limited(mut self, depth: Option<usize>, max_entries: usize) -> Self {
        self.deepest = match (self.deepest, depth) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.max_entries = max_entries;
        self
    }

    /// Where it begins.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Hands every match to `take`. An error means that there may be more matches than were handed over.
    pub(crate) fn run(&self, stop: &Stop, mut take: impl FnMut(&Path, &Metadata)) -> Result<(), Missing> {
        self.check_root()?;
        let mut faults = Faults::default();
        let deepest = self.deepest.unwrap_or(usize::MAX).max(1);
        let walk = WalkDir::new(&self.root).min_depth(1).max_depth(deepest).follow_links(self.follow);
        let entries = walk.into_iter().filter_entry(|entry| self.enters(entry));
        for (count, entry) in entries.enumerate() {
            if count % 256 == 0 {
                stop.check(&format!("walking `{}`", self.root)).map_err(|why| why.level(Level::Row))?;
            }
            if count >= self.max_entries {
                return Err(self.too_many());
            }
            match entry {
                Ok(entry) => self.judge(&entry, &mut faults, &mut take),
                Err(error) => faults.walking(&error),
            }
        }
        faults.finish()
    }

    fn check_root(&self) -> Result<(), Missing> {
        let stat =
            statat(CWD, self.root.as_str(), AtFlags::empty()).map_err(|error| fault(&self.root, error))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => self.check_plain(),
            other => {
                let what = format!("`{}` is {}, not a directory", self.root, kind(other).1);
                Err(row(Cause::WrongType, what))
            }
        }
    }

    /// A directory where files are counted would be "no file", for ever.
    fn check_plain(&self) -> Result<(), Missing> {
        let Some(pattern) = self.pattern.as_ref().map(|matcher| matcher.glob().glob()) else { return Ok(()) };
        if !self.plain || self.kind != Kind::File || !Path::new(pattern).is_dir() {
            return Ok(());
        }
        let why = row(Cause::WrongType, format!("`{pattern}` is a directory and has no wildcard"));
        let shown = pattern.trim_end_matches('/');
        Err(why.fix(format!("write `root: {shown}` for its whole tree, `{shown}/*` for its files")))
    }

    fn too_many(&self) -> Missing {
        let what = format!("there are more than {} entries in `{}`", self.max_entries, self.root);
        row(Cause::Incomplete, what).fix("raise `max_entries`, or begin deeper")
    }

    /// Can this directory hold a match? Files pass; they are judged later.
    fn enters(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return true;
        }
        if self.excluded(entry.path()) {
            return false;
        }
        let last = self.prefixes.len();
        !entry.file_type().is_dir()
            || self.deepest == Some(entry.depth())
            || entry
                .depth()
                .checked_sub(1)
                .filter(|depth| *depth < last)
                .and_then(|depth| self.prefixes.get(depth))
                .is_none_or(|prefix| prefix.is_match(entry.path()))
    }

    fn below<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    fn excluded(&self, path: &Path) -> bool {
        self.exclude.is_match(self.below(path))
    }

    fn judge(&self, entry: &DirEntry, faults: &mut Faults, take: &mut impl FnMut(&Path, &Metadata)) {
        let wanted = match self.kind {
            Kind::File => entry.file_type().is_file(),
            Kind::Directory => entry.file_type().is_dir(),
            Kind::Any => true,
        };
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(entry.path()))
            && self.include.as_ref().is_none_or(|include| include.is_match(self.below(entry.path())));
        if wanted && matches {
            match entry.metadata() {
                Ok(meta) => take(entry.path(), &meta),
                Err(error) => faults.walking(&error),
            }
        }
    }
}

/// What could not be read on the way.
#[derive(Default)]
struct Faults {
    first: Option<Missing>,
    more: usize,
}

impl Faults {
    /// What vanished meanwhile is no fault, and what a loop of links leads to was seen already.
    fn walking(&mut self, error: &walkdir::Error) {
        let gone = error.io_error().is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound);
        if (gone && error.depth() > 0) || error.loop_ancestor().is_some() {
            return;
        }
        if self.first.is_some() {
            self.more += 1;
            return;
        }
        let path = error.path().map(PathBuf::from).unwrap_or_default().to_string_lossy().into_owned();
        self.first = Some(match error.io_error() {
            Some(io) => io_fault(&path, io),
            None => row(Cause::Unreachable, format!("`{path}` could not be read: {error}")),
        });
    }

    fn finish(self) -> Result<(), Missing> {
        let Some(mut first) = self.first else { return Ok(()) };
        if self.more > 0 {
            first.what = format!("{} (and {} more on the way)", first.what, self.more);
        }
        Err(first)
    }
}

/// Characters that mean something in a pattern.
const WILD: [char; 6] = ['*', '?', '[', '{', '\\', '}'];

/// The directory before the first wildcard, and the pattern's parts below it; no parts where a `/` stands
/// within braces or brackets, because then the parts cannot be told apart.
fn split(pattern: &str) -> (&str, Option<Vec<&str>>) {
    let wild = pattern.find(WILD).unwrap_or(pattern.len());
    let literal = pattern.get(..wild).unwrap_or(pattern);
    let end = literal.rfind('/').unwrap_or(0);
    let (root, rest) = pattern.split_at(end);
    let rest = rest.trim_start_matches('/');
    let mut depth = 0_i32;
    let tangled = rest.chars().any(|c| {
        depth += i32::from(matches!(c, '{' | '[')) - i32::from(matches!(c, '}' | ']'));
        c == '\\' || (c == '/' && depth != 0)
    });
    let parts = (!tangled).then(|| rest.split('/').collect());
    (if root.is_empty() { "/" } else { root }, parts)
}

fn matcher(pattern: &str) -> Result<GlobMatcher, Missing> {
    let built = GlobBuilder::new(pattern).literal_separator(true).build();
    built.map(|glob| glob.compile_matcher()).map_err(|error| bad(pattern, &error))
}

/// A filter without `/` is a name at any depth.
pub(super) fn filters<S: AsRef<str>>(patterns: &[S]) -> Result<GlobSet, Missing> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref();
        let deep = format!("**/{pattern}");
        let whole = if pattern.contains('/') { pattern.trim_start_matches('/') } else { &deep };
        let built = GlobBuilder::new(whole).literal_separator(true).build();
        set.add(built.map_err(|error| bad(pattern, &error))?);
    }
    set.build().map_err(|error| bad("", &error))
}

fn bad(pattern: &str, error: &globset::Error) -> Missing {
    row(Cause::Malformed, format!("the pattern `{pattern}` is not one: {}", error.kind()))
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_begins_where_its_wildcards_begin() {
        assert_eq!(split("/srv/backup/*.dump"), ("/srv/backup", Some(vec!["*.dump"])));
        assert_eq!(split("/srv/*/b/**"), ("/srv", Some(vec!["*", "b", "**"])));
        assert_eq!(split("/srv/plain"), ("/srv", Some(vec!["plain"])));
        assert_eq!(split("/*.x"), ("/", Some(vec!["*.x"])));
        assert_eq!(split("/srv/{a/b,c}/*"), ("/srv", None));
    }

    #[test]
    fn patterns_that_cannot_be_are_refused() {
        for pattern in ["/srv/[a", "/srv/{a", "srv/*", "/srv/\0*"] {
            assert_eq!(Walk::glob(pattern).unwrap_err().cause, Cause::Malformed, "{pattern}");
        }
    }
}
