//! `file.volume`: whether the right volume is mounted, and whether its service may write to it.
//!
//! Every path is looked at on a thread of its own: one on a dead server never answers, and must not hide the others;
//! and the last question is asked with the rights of another user, which such a thread keeps until it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Stat, StatVfsMountFlags, major, minor, stat, statat, statvfs};
use rustix::io::Errno;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::account::Account;
use crate::fact::{Args, Cause, Cell, Level, Missing, TableBuilder, Value};
use crate::probe::disk::mounts::{self, Mount, holding};
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe, path};

/// The body of `file.volume`.
pub(in crate::probe) struct Volume;

impl Probe for Volume {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// What a row says.
struct Seen {
    mounted: bool,
    mount: Mount,
    read_only: bool,
    id: Cell,
    sentinel: Cell,
    writable: Cell,
}

/// What is asked of each path.
#[derive(Clone)]
struct Question {
    sentinel: Option<Arc<str>>,
    user: Option<Arc<str>>,
    groups: Vec<String>,
}

impl Question {
    fn of(args: &Args) -> Result<Self, Missing> {
        // A policy that asks for none says so with an empty text.
        let given = |name: &str| args.text(name).filter(|text| !text.is_empty()).map(Arc::<str>::from);
        let sentinel = given("sentinel");
        if sentinel.as_deref().is_some_and(|name| name.starts_with('/') || leaves(name)) {
            let what = "`sentinel` is the name of a file below the path, without `..`";
            return Err(
                Missing::new(Cause::Malformed, what).fix("write for example `sentinel: .volume-uploads`")
            );
        }
        let groups: Vec<String> = args.texts("groups").iter().map(|name| name.to_string()).collect();
        let user = given("user");
        if user.is_none() && !groups.is_empty() {
            let what = "`groups` are those of a `user`, and none is named";
            return Err(Missing::new(Cause::Malformed, what).fix("write `user`, or leave out `groups`"));
        }
        Ok(Self { sentinel, user, groups })
    }
}

/// A path that goes up would look at another place than the volume.
fn leaves(name: &str) -> bool {
    name.split('/').any(|part| part == "..")
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let paths = path::paths(&ask.request.args, &["path", "paths"]);
    if paths.is_empty() {
        return Err(Missing::new(Cause::Empty, "neither `path` nor `paths` names a volume"));
    }
    let question = Question::of(&ask.request.args)?;
    let (stop, _guard) = Stop::new(cx);
    let asked: Vec<_> = paths.iter().map(|path| on_its_own_thread(path, &question)).collect();
    let mut table = ask.table();
    for (path, answer) in paths.iter().zip(asked) {
        let seen = match answer {
            Err(why) => Err(why),
            Ok(answer) => match timeout_at(stop.at(), answer).await {
                Ok(Ok(seen)) => seen,
                Ok(Err(_gone)) => Err(row(Cause::Internal, "the thread ended without an answer".into())),
                Err(_elapsed) => Err(silent(path)),
            },
        };
        push(&mut table, path, seen, cx);
    }
    Ok(Answer::new(table.finish()))
}

type Asked = Result<oneshot::Receiver<Result<Seen, Missing>>, Missing>;

/// Not one of a pool: its rights are those of another user in the end.
fn on_its_own_thread(path: &Arc<str>, question: &Question) -> Asked {
    let (tell, answer) = oneshot::channel();
    let (path, question) = (Arc::clone(path), question.clone());
    let thread = std::thread::Builder::new().name("volume".to_owned());
    let started = thread.spawn(move || {
        // Who does not wait any more is told nothing.
        tell.send(one(&path, &question)).ok();
    });
    started.map_err(|error| row(Cause::Limit, format!("no thread could be started: {error}")))?;
    Ok(answer)
}

fn silent(path: &str) -> Missing {
    row(Cause::Timeout, format!("the file system of `{path}` did not answer before the deadline"))
        .fix(format!("findmnt -T {}  # is its server up? umount -l frees what hangs", path::quoted(path)))
}

fn row(cause: Cause, what: String) -> Missing {
    Missing::new(cause, what).level(Level::Row)
}

fn one(path: &str, question: &Question) -> Result<Seen, Missing> {
    let path = path::checked(path)?;
    let real = std::fs::canonicalize(path).map_err(|error| path::io_fault(path, &error))?;
    // Before the list is read: a mount on demand is made by this.
    let space = statvfs(path).map_err(|error| path::fault(path, error))?;
    let meta = stat(path).map_err(|error| path::fault(path, error))?;
    let mounts = mounts::read()?;
    let mount = holding(&mounts, &real)
        .ok_or_else(|| row(Cause::Absent, format!("no mount of mountinfo holds `{}`", real.display())))?;
    Ok(Seen {
        // What mounts on demand is not what it will mount.
        mounted: mount.point == real && mount.filesystem != "autofs",
        read_only: space.f_flag.contains(StatVfsMountFlags::RDONLY),
        id: id(mount),
        sentinel: sentinel(path, question, &meta),
        // The last, because the thread gives its rights away.
        writable: writable(path, question, &meta),
        mount: mount.clone(),
    })
}

const BY_UUID: &str = "/dev/disk/by-uuid";

/// The name under `/dev/disk/by-uuid` that leads to the device: by its number, or, where the file system has a number of its own
/// (btrfs), by its path. Where there are no such names (a container, a network file system), it has none.
fn id(mount: &Mount) -> Cell {
    let entries = match std::fs::read_dir(BY_UUID) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return path::io_fault(BY_UUID, &error).level(Level::Field).cell(),
    };
    let device =
        mount.device.starts_with("/dev/").then(|| std::fs::canonicalize(&mount.device).ok()).flatten();
    for entry in entries {
        let entry = entry.map_err(|error| Arc::new(path::io_fault(BY_UUID, &error).level(Level::Field)))?;
        if leads_to(&entry.path(), mount, device.as_ref()) {
            return Ok(Value::text(entry.file_name().to_string_lossy()));
        }
    }
    Ok(Value::Null)
}

/// A name whose device has gone leads nowhere.
fn leads_to(name: &Path, mount: &Mount, device: Option<&PathBuf>) -> bool {
    let by_number = statat(CWD, name, AtFlags::empty()).is_ok_and(|meta| {
        FileType::from_raw_mode(meta.st_mode) == FileType::BlockDevice
            && format!("{}:{}", major(meta.st_rdev), minor(meta.st_rdev)) == mount.device_id
    });
    by_number || device.is_some_and(|device| std::fs::canonicalize(name).is_ok_and(|real| real == *device))
}

/// A regular file of the same file system; a link could lead to any other place.
fn sentinel(path: &str, question: &Question, volume: &Stat) -> Cell {
    let Some(name) = &question.sentinel else { return Ok(Value::Null) };
    let place = format!("{}/{name}", path.trim_end_matches('/'));
    match statat(CWD, &*place, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(meta) => {
            let is_file = FileType::from_raw_mode(meta.st_mode) == FileType::RegularFile;
            Ok(Value::Bool(is_file && meta.st_dev == volume.st_dev))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(Value::Bool(false)),
        Err(error) => path::fault(&place, error).level(Level::Field).cell(),
    }
}

fn writable(path: &str, question: &Question, meta: &Stat) -> Cell {
    let Some(user) = &question.user else { return Ok(Value::Null) };
    let is_directory = FileType::from_raw_mode(meta.st_mode) == FileType::Directory;
    let account = Account::find(user, &question.groups);
    match account.and_then(|account| account.may_write(path, is_directory)) {
        Ok(may) => Ok(Value::Bool(may)),
        Err(why) => why.level(Level::Field).cell(),
    }
}

fn push(table: &mut TableBuilder, path: &Arc<str>, seen: Result<Seen, Missing>, cx: &Context) {
    const REST: &[&str] = &[
        "mounted",
        "mount",
        "subtree",
        "device",
        "filesystem",
        "options",
        "read_only",
        "id",
        "sentinel",
        "writable",
    ];
    let row = table.row().set("path", Value::Text(Arc::clone(path)));
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => return row.missing_all(REST, &Arc::new(why.level(Level::Row))).push(),
    };
    let mount = &seen.mount;
    row.set("mounted", Value::Bool(seen.mounted))
        .set("mount", Value::text(mount.point.to_string_lossy()))
        .set("subtree", Value::text(mount.root.to_string_lossy()))
        .set("device", Value::text(cx.redactor.clean(&mount.device)))
        .set("filesystem", Value::text(&mount.filesystem))
        .set("options", Value::texts(mount.options.iter().map(|option| shown(option, cx))))
        .set("read_only", Value::Bool(seen.read_only))
        .cell("id", seen.id)
        .cell("sentinel", seen.sentinel)
        .cell("writable", seen.writable)
        .push();
}

/// Some file systems show what they log in with.
fn shown(option: &str, cx: &Context) -> String {
    let name = option.split('=').next().unwrap_or_default();
    let is_secret =
        ["pass", "secret", "token", "key"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    if is_secret && option.contains('=') {
        return format!("{name}=[secret]");
    }
    cx.redactor.clean(option)
}

#[cfg(test)]
#[path = "volume_tests.rs"]
mod tests;
