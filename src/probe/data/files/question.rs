//! What is asked, read from the arguments once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobSet;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::content::Algorithm;
use super::look::Reader;
use super::template::Template;
use crate::fact::{Args, Cause, Missing, Request, Value};
use crate::probe::{Context, users, walk};

/// The clock of a store may differ by so much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// How closely files are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    Existence,
    Size,
    Content,
}

/// The arguments.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) template: Template,
    pub(super) depth: Depth,
    /// Which share of the files is read.
    pub(super) share: f64,
    pub(super) algorithm: Algorithm,
    /// Number of the user who must own the files.
    pub(super) owner: Option<u32>,
    /// Who must be able to read the files.
    pub(super) reader: Reader,
    /// Somebody else than us.
    pub(super) other_reader: bool,
    pub(super) mount: bool,
    pub(super) sentinel: Option<Arc<str>>,
    pub(super) ignore: Ignore,
    /// Is the whole tree listed?
    pub(super) lists: bool,
    /// Where temporary files and full lists go.
    pub(super) work: Option<PathBuf>,
    /// When we began.
    began: Timestamp,
    /// The same, of a clock that nobody sets.
    since: Instant,
}

impl Question {
    /// Reads the arguments.
    pub(super) fn of(request: &Request, cx: &Context) -> Result<Self, Missing> {
        let args = &*request.args;
        let strip = args.texts("strip");
        let strip: Vec<&str> = strip.iter().map(|text| &**text).collect();
        let template = given(args, "template").unwrap_or("{path}");
        let template = Template::new(template, &strip, given(args, "root"), args.flag("decode"))?;
        let of_objects = given(args, "bucket").is_some();
        check(args, of_objects)?;
        let reader = given(args, "reader").map(reader).transpose()?;
        Ok(Self {
            template: if of_objects { template.exact() } else { template },
            depth: match given(args, "depth") {
                Some("content") => Depth::Content,
                Some("size") => Depth::Size,
                _ => Depth::Existence,
            },
            share: share(args)?,
            algorithm: Algorithm::of(given(args, "algorithm").unwrap_or("sha256"))?,
            owner: given(args, "owner").map(|name| user(name).map(|user| user.0)).transpose()?,
            other_reader: reader.is_some(),
            reader: reader.map_or_else(Reader::me, Ok)?,
            mount: args.flag("mount"),
            sentinel: given(args, "sentinel").map(Arc::from),
            ignore: Ignore::new(args)?,
            lists: lists(request)?,
            work: cx.work.as_deref().map(Path::to_owned),
            began: cx.clock.now(),
            since: Instant::now(),
        })
    }

    /// Did what has this time come while it was asked? A time that lies further ahead is of a clock that was wrong, and
    /// hides nothing.
    pub(super) fn is_young(&self, at: Timestamp) -> bool {
        let now = self.began + self.since.elapsed() + CLOCKS_DIFFER;
        at > self.began && at <= now
    }

    /// Are inodes read?
    pub(super) fn looks_at_inodes(&self) -> bool {
        self.depth > Depth::Existence || self.owner.is_some() || self.other_reader
    }
}

/// What cannot be meant together.
fn check(args: &Args, of_objects: bool) -> Result<(), Missing> {
    let wrong = |what: String, fix: &str| Err(Missing::new(Cause::Malformed, what).fix(fix.to_owned()));
    match (given(args, "root").is_some(), of_objects) {
        (false, false) => {
            return wrong(
                "neither `root` nor `bucket` says where the files are".to_owned(),
                "write one of them",
            );
        }
        (true, true) => return wrong("both `root` and `bucket` are given".to_owned(), "write one of them"),
        _ => {}
    }
    let only_tree = ["owner", "reader"].iter().find(|name| given(args, name).is_some());
    let only_tree = only_tree.or(args.flag("mount").then_some(&"mount"));
    match only_tree {
        Some(name) if of_objects => wrong(format!("objects of a bucket have no `{name}`"), "leave it out"),
        _ => Ok(()),
    }
}

/// A text that is given: a policy that leaves it to the project has an empty one.
pub(super) fn given<'a>(args: &'a Args, name: &str) -> Option<&'a str> {
    args.text(name).filter(|text| !text.is_empty())
}

/// Files without a row are found by listing only.
fn lists(request: &Request) -> Result<bool, Missing> {
    match given(&request.args, "method") {
        Some("listing") => Ok(true),
        Some("lookups") => Ok(false),
        None | Some("auto") => Ok(["extra", "extra_paths", "young"].iter().any(|name| request.wants(name))),
        Some(other) => Err(Missing::new(Cause::Malformed, format!("`method: {other}` is not known"))),
    }
}

fn share(args: &Args) -> Result<f64, Missing> {
    match args.get("sample") {
        None => Ok(1.0),
        Some(Value::Float(share)) if *share > 0.0 && *share <= 1.0 => Ok(*share),
        Some(_) => Err(Missing::new(Cause::Malformed, "`sample` is not above 0% and at most 100%")),
    }
}

/// A user by name or number, with the number of the main group.
fn user(name: &str) -> Result<(u32, Option<u32>), Missing> {
    match (users::user(name)?, name.parse()) {
        (Some(found), _) => Ok((found.0, Some(found.1))),
        (None, Ok(number)) => Ok((number, None)),
        (None, Err(_word)) => {
            let why = Missing::new(Cause::Absent, format!("this machine knows no user `{name}`"));
            Err(why.fix("correct the name, or write the user's number"))
        }
    }
}

fn reader(name: &str) -> Result<Reader, Missing> {
    let (number, group) = user(name)?;
    let groups = users::groups_of(name)?.into_iter().chain(group).collect();
    Ok(Reader { user: number, groups })
}

/// What is no file of the program.
#[derive(Debug)]
pub(super) struct Ignore {
    names: HashSet<Vec<u8>>,
    patterns: Option<GlobSet>,
    sentinel: Option<Vec<u8>>,
}

/// Where a file system begins, and nobody but root may look into it.
const USUAL: &str = "lost+found";

impl Ignore {
    fn new(args: &Args) -> Result<Self, Missing> {
        let texts = if args.get("ignore").is_some() { args.texts("ignore") } else { vec![USUAL.into()] };
        let wild = |text: &&Arc<str>| text.contains(['*', '?', '[', '{', '\\', '/']);
        let patterns: Vec<&Arc<str>> = texts.iter().filter(wild).collect();
        let names = texts.iter().filter(|text| !wild(text)).map(|text| text.as_bytes().to_vec()).collect();
        let patterns = if patterns.is_empty() { None } else { Some(walk::filters(&patterns)?) };
        Ok(Self { names, patterns, sentinel: given(args, "sentinel").map(|text| text.as_bytes().to_vec()) })
    }

    /// Is this entry left out, and is that told, because it might have been a file of the program? `path` is the whole
    /// one below the root.
    pub(super) fn has(&self, name: &[u8], path: &[u8]) -> Option<bool> {
        use std::os::unix::ffi::OsStrExt as _;
        if self.sentinel.as_deref() == Some(path) {
            return Some(false);
        }
        let named = self.names.contains(name);
        let has = named
            || self.patterns.as_ref().is_some_and(|set| set.is_match(std::ffi::OsStr::from_bytes(path)));
        has.then(|| !(named && name == USUAL.as_bytes()))
    }
}
