//! Files of a revision, read through the `git` command: whoever has a repository has it, and it knows of worktrees,
//! shallow and partial clones, replaced objects and every format that repositories may have. Nothing in the work tree is touched.

use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::cli::output::Problem;

/// Where git would look for another repository than that of the folder: hooks are run with these.
const ELSEWHERE: &[&str] =
    &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY"];

/// A repository with a work tree.
pub(super) struct Repository {
    /// The folder of the work tree.
    pub(super) top: PathBuf,
}

/// What was taken of a commit.
pub(super) struct Extracted {
    /// Paths of files.
    pub(super) files: Vec<PathBuf>,
    /// Paths of submodules, whose files are in other repositories.
    pub(super) submodules: Vec<PathBuf>,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Submodule,
}

/// One entry of a tree.
struct Entry {
    kind: Kind,
    object: String,
    path: PathBuf,
}

fn git(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["--no-optional-locks", "--literal-pathspecs"]).args(words);
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    // A missing object is said, and not fetched from somewhere while a person waits.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1").env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn not_run(error: &std::io::Error) -> Problem {
    Problem::usage(
        format!("`git` cannot be run: {error}"),
        "install git, or check both versions out into folders: `muster diff old/ new/`",
    )
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    first.trim_start_matches("fatal: ").to_owned()
}

/// Is there a commit of that name, in the repository of the current folder?
pub(super) fn is_revision(name: &str) -> bool {
    let found = git(Path::new("."), &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit(name)])
        .output();
    found.is_ok_and(|output| output.status.success())
}

fn commit(name: &str) -> String {
    format!("{name}^{{commit}}")
}

impl Repository {
    /// The repository that a folder belongs to.
    pub(super) fn of(folder: &Path) -> Result<Self, Problem> {
        let output =
            git(folder, &["rev-parse", "--show-toplevel"]).output().map_err(|error| not_run(&error))?;
        let top = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        if !output.status.success() || top.is_empty() {
            return Err(Problem::usage(
                format!("`{}` is in no work tree of git: {}", folder.display(), said(&output)),
                "run it in the repository of the policies, or compare two folders: `muster diff old/ new/`",
            ));
        }
        Ok(Self { top: PathBuf::from(top) })
    }

    /// The commit of a revision.
    pub(super) fn commit(&self, name: &str) -> Result<String, Problem> {
        let words = ["rev-parse", "--verify", "--end-of-options", &commit(name)];
        let output = git(&self.top, &words).output().map_err(|error| not_run(&error))?;
        if !output.status.success() {
            let help = if name.contains(':') {
                "a revision has no `:`; `--project FILE` names the project file, and `path:` before a name says that it is a file or folder"
            } else {
                "`git log` and `git branch --all` show revisions; in CI, where only the newest commit may be there, fetch it first: `git fetch origin main` (GitHub: `fetch-depth: 0`)"
            };
            return Err(Problem::usage(
                format!(
                    "`{name}` is no run, no file or folder here, and no revision of git: {}",
                    said(&output)
                ),
                help,
            ));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Writes those files of a commit that are wanted into a folder.
    pub(super) fn extract(
        &self,
        commit: &str,
        into: &Path,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<Extracted, Problem> {
        let (submodules, entries): (Vec<Entry>, Vec<Entry>) =
            self.entries(commit, wanted)?.into_iter().partition(|entry| entry.kind == Kind::Submodule);
        let texts = self.texts(&entries)?;
        for (entry, text) in entries.iter().zip(texts) {
            let path = into.join(&entry.path);
            let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| {
                if entry.kind == Kind::Link {
                    link(&entry.path, &text, &path)
                } else {
                    std::fs::write(&path, text)
                }
            });
            written.map_err(|error| {
                Problem::usage(
                    format!("`{}` of the revision cannot be put aside: {error}", entry.path.display()),
                    "free space in the folder for temporary files",
                )
            })?;
        }
        let paths = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.path).collect();
        Ok(Extracted { files: paths(entries), submodules: paths(submodules) })
    }

    fn entries(&self, commit: &str, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<Entry>, Problem> {
        let output = git(&self.top, &["ls-tree", "-r", "-z", "--full-tree", commit])
            .output()
            .map_err(|error| not_run(&error))?;
        if !output.status.success() {
            return Err(unreadable(&said(&output)));
        }
        let mut entries = Vec::new();
        for line in output.stdout.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let entry = entry(line).ok_or_else(|| {
                let line = String::from_utf8_lossy(line);
                unreadable(&format!("`git ls-tree` says `{line}`, which this build does not know"))
            })?;
            if entry.kind != Kind::File || wanted(&entry.path) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    /// The contents of the entries, in their order.
    fn texts(&self, entries: &[Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        let mut child = git(&self.top, &["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| not_run(&error))?;
        let names: String = entries.iter().map(|entry| format!("{}\n", entry.object)).collect();
        let input = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Apart, or both sides would wait for each other. A git that ended early says so below.
            scope.spawn(move || input.map(|mut input| input.write_all(names.as_bytes())));
            child.wait_with_output()
        });
        let output = output.map_err(|error| not_run(&error))?;
        let mut rest = output.stdout.as_slice();
        let texts = entries.iter().map(|entry| {
            let (text, behind) = object(rest).ok_or_else(|| {
                unreadable(&format!("`{}` is not there ({})", entry.path.display(), said(&output)))
            })?;
            rest = behind;
            Ok(text.to_vec())
        });
        texts.collect()
    }
}

fn unreadable(why: &str) -> Problem {
    Problem::usage(
        format!("the files of the revision cannot be read: {why}"),
        "in a shallow or partial clone, fetch the revision first",
    )
}

/// `100644 blob HASH\tPATH`.
fn entry(line: &[u8]) -> Option<Entry> {
    use std::os::unix::ffi::OsStrExt;
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let (head, path) = line.split_at_checked(tab)?;
    let head = std::str::from_utf8(head).ok()?;
    let mut words = head.split(' ');
    let (mode, kind, object) = (words.next()?, words.next()?, words.next()?);
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(path.get(1..)?));
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    let kind = match (kind, mode) {
        ("blob", "120000") => Kind::Link,
        ("blob", _) => Kind::File,
        ("commit", _) => Kind::Submodule,
        _ => return None,
    };
    inside.then(|| Entry { kind, object: object.to_owned(), path })
}

/// `HASH blob SIZE\nTEXT\n`, and what follows.
fn object(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, rest) = bytes.split_at_checked(end)?;
    let size: usize = std::str::from_utf8(head).ok()?.split(' ').nth(2)?.parse().ok()?;
    let (text, rest) = rest.get(1..)?.split_at_checked(size)?;
    Some((text, rest.get(1..)?))
}

/// A link that leads out of the repository leads nowhere: what it would show is no part of the revision.
fn link(name: &Path, target: &[u8], path: &Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let target = Path::new(std::ffi::OsStr::from_bytes(target));
    let mut depth = name.components().count().saturating_sub(1);
    let inside = target.components().all(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::ParentDir => depth.checked_sub(1).map(|less| depth = less).is_some(),
        Component::CurDir => true,
        Component::RootDir | Component::Prefix(_) => false,
    });
    let nowhere = Path::new("a link out of the repository, which is no part of the revision");
    std::os::unix::fs::symlink(if inside { target } else { nowhere }, path)
}
