//! `disk.usage`: space and inodes.
//!
//! Every file system is asked on a thread of its own, because one on a dead server never answers, and must
//! not hide the others.

use std::sync::Arc;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};
use tokio::time::timeout_at;

use super::mounts::{Mount, holding, read, with_space};
use crate::fact::{Cause, Cell, Level, Missing, TableBuilder, Value, int_to_float};
use crate::probe::stop::Stop;
use crate::probe::{Answer, Ask, Context, Observing, Probe, blocking, path};

/// The body of `disk.usage`.
pub(in crate::probe) struct Usage;

impl Probe for Usage {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, cx: &'a Context) -> Observing<'a> {
        Box::pin(look(ask, cx))
    }
}

/// What a row says.
struct Seen {
    mount: Mount,
    is_mount_point: bool,
    space: StatVfs,
}

async fn look(ask: &Ask<'_>, cx: &Context) -> Result<Answer, Missing> {
    let (stop, _guard) = Stop::new(cx);
    let mounts = Arc::new(blocking(read).await?);
    let mut paths = path::paths(&ask.request.args, &["path", "paths"]);
    if paths.is_empty() {
        let points = with_space(&mounts).into_iter().map(|mount| mount.point.to_string_lossy());
        paths = points.map(|point| Arc::from(&*point)).collect();
    }
    let asked: Vec<_> = paths
        .iter()
        .map(|path| {
            let (path, mounts) = (Arc::clone(path), Arc::clone(&mounts));
            tokio::spawn(blocking(move || one(&path, &mounts)))
        })
        .collect();
    let mut table = ask.table();
    for (path, answer) in paths.iter().zip(asked) {
        let seen = match timeout_at(stop.at(), answer).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => Err(Missing::new(Cause::Internal, format!("a probe ended: {error}"))),
            Err(_elapsed) => Err(silent(path)),
        };
        push(&mut table, path, seen);
    }
    Ok(Answer::new(table.finish()))
}

fn silent(path: &str) -> Missing {
    let what = format!("the file system of `{path}` did not answer before the deadline");
    Missing::new(Cause::Timeout, what)
        .fix(format!("findmnt -T {}  # is its server up? umount -l frees what hangs", path::quoted(path)))
}

fn one(path: &str, mounts: &[Mount]) -> Result<Seen, Missing> {
    let path = path::checked(path)?;
    let real = std::fs::canonicalize(path).map_err(|error| path::io_fault(path, &error))?;
    let space = statvfs(path).map_err(|error| path::fault(path, error))?;
    let mount = holding(mounts, &real).ok_or_else(|| {
        Missing::new(Cause::Absent, format!("no mount of mountinfo holds `{}`", real.display()))
    })?;
    Ok(Seen { is_mount_point: mount.point == real, mount: mount.clone(), space })
}

fn push(table: &mut TableBuilder, path: &Arc<str>, seen: Result<Seen, Missing>) {
    const REST: &[&str] = &[
        "mount",
        "is_mount_point",
        "device",
        "device_id",
        "filesystem",
        "read_only",
        "total",
        "free",
        "used",
        "used_ratio",
        "inodes_total",
        "inodes_free",
        "inodes_used_ratio",
    ];
    let row = table.row().set("path", Value::Text(Arc::clone(path)));
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => return row.missing_all(REST, &Arc::new(why.level(Level::Row))).push(),
    };
    let space = Space::of(&seen.space);
    let inodes = |count: u64| (space.inodes > 0).then(|| Value::count(count));
    row.set("mount", Value::text(seen.mount.point.to_string_lossy()))
        .set("is_mount_point", Value::Bool(seen.is_mount_point))
        .set("device", Value::text(&seen.mount.device))
        .set("device_id", Value::text(&seen.mount.device_id))
        .set("filesystem", Value::text(&seen.mount.filesystem))
        .set("read_only", Value::Bool(seen.space.f_flag.contains(StatVfsMountFlags::RDONLY)))
        .set("total", Value::bytes(space.total))
        .set("free", Value::bytes(space.free))
        .set("used", Value::bytes(space.used))
        .cell("used_ratio", space.used_ratio(path))
        .set_or_null("inodes_total", inodes(space.inodes))
        .set_or_null("inodes_free", inodes(space.inodes_free))
        .set_or_null("inodes_used_ratio", space.inodes_used_ratio())
        .push();
}

/// Bytes and inodes of a file system.
#[derive(Debug, PartialEq, Eq)]
struct Space {
    total: u64,
    free: u64,
    used: u64,
    inodes: u64,
    inodes_free: u64,
}

impl Space {
    /// Some file systems say a negative number of free blocks when only root may still write; it arrives as
    /// an enormous one.
    fn of(space: &StatVfs) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
        let free = if space.f_bavail > space.f_blocks { 0 } else { space.f_bavail };
        Self {
            total: bytes(space.f_blocks),
            free: bytes(free),
            used: bytes(space.f_blocks.saturating_sub(space.f_bfree)),
            inodes: space.f_files,
            inodes_free: space.f_ffree,
        }
    }

    fn used_ratio(&self, path: &str) -> Cell {
        share(self.used, self.used.saturating_add(self.free)).ok_or_else(|| {
            let what = format!("the file system of `{path}` has no size");
            Arc::new(Missing::new(Cause::Undecidable, what).level(Level::Row))
        })
    }

    fn inodes_used_ratio(&self) -> Option<Value> {
        share(self.inodes.saturating_sub(self.inodes_free), self.inodes)
    }
}

fn share(part: u64, whole: u64) -> Option<Value> {
    let float = |count: u64| int_to_float(i64::try_from(count).unwrap_or(i64::MAX));
    (whole > 0).then(|| Value::Float(float(part) / float(whole)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::probe::testing::{as_nobody, ask, cause, open_dir, value};

    fn usage(args: Json) -> Answer {
        ask("disk.usage", args).run().unwrap()
    }

    fn df(path: &str, column: &str) -> i64 {
        let output = Command::new("df").args(["-B1", &format!("--output={column}"), path]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().nth(1).unwrap().trim().trim_end_matches('%').parse().unwrap()
    }

    #[test]
    fn numbers_agree_with_df() {
        let answer = usage(json!({"path": "/dev/shm"}));
        assert_eq!(value(&answer, 0, "total"), Value::Int(df("/dev/shm", "size")));
        assert_eq!(value(&answer, 0, "inodes_total"), Value::Int(df("/dev/shm", "itotal")));
        assert_eq!(value(&answer, 0, "is_mount_point"), Value::Bool(true));
        assert_eq!(value(&answer, 0, "filesystem"), Value::text("tmpfs"));
        let root = usage(json!({"path": "/"}));
        let percent = value(&root, 0, "used_ratio").as_float().unwrap() * 100.0;
        assert!((percent.ceil() - int_to_float(df("/", "pcent"))).abs() <= 1.0, "{percent}");
        assert_eq!(value(&root, 0, "read_only"), Value::Bool(false));
    }

    #[test]
    fn without_paths_every_real_file_system_is_told() {
        let answer = usage(json!({}));
        let paths: Vec<_> = (0..answer.table.rows.len()).map(|row| value(&answer, row, "path")).collect();
        assert!(paths.contains(&Value::text("/")), "{paths:?}");
        assert!(!paths.contains(&Value::text("/proc")), "{paths:?}");
    }

    #[test]
    fn a_volume_that_is_not_mounted_is_no_mount_point() {
        let dir = open_dir();
        let answer = usage(json!({"path": dir.path()}));
        assert_eq!(value(&answer, 0, "is_mount_point"), Value::Bool(false));
        symlink("/dev/shm", dir.path().join("link")).unwrap();
        let linked = usage(json!({"path": dir.path().join("link")}));
        assert_eq!(value(&linked, 0, "mount"), Value::text("/dev/shm"));
        assert_eq!(value(&linked, 0, "is_mount_point"), Value::Bool(true));
    }

    #[test]
    fn a_path_that_is_not_there_has_no_numbers() {
        let answer = usage(json!({"paths": ["/nowhere", "relative", "/"]}));
        assert_eq!(cause(&answer, 0, "free"), Cause::Absent);
        assert_eq!(cause(&answer, 0, "is_mount_point"), Cause::Absent);
        assert_eq!(cause(&answer, 1, "free"), Cause::Malformed);
        assert!(value(&answer, 2, "free").as_int().unwrap() > 0);
    }

    #[test]
    fn a_closed_directory_is_denied() {
        as_nobody("probe::disk::usage::tests::a_closed_directory_is_denied", |dir| {
            let answer = usage(json!({"path": dir.join("closed/there")}));
            assert_eq!(cause(&answer, 0, "used_ratio"), Cause::Denied);
        });
    }

    #[test]
    fn file_systems_without_size_or_inodes_are_not_empty() {
        let none = Space { total: 0, free: 0, used: 0, inodes: 0, inodes_free: 0 };
        assert_eq!(none.used_ratio("/x").unwrap_err().cause, Cause::Undecidable);
        assert_eq!(none.inodes_used_ratio(), None);
        let proc = usage(json!({"path": "/proc"}));
        assert_eq!(cause(&proc, 0, "used_ratio"), Cause::Undecidable);
        assert_eq!(value(&proc, 0, "inodes_total"), Value::Null);
    }

    #[test]
    fn reserved_space_is_not_free_and_less_than_nothing_is_nothing() {
        let mut space = statvfs("/").unwrap();
        (space.f_frsize, space.f_blocks, space.f_bfree, space.f_bavail) = (10, 100, 20, 10);
        let part = Space::of(&space);
        assert_eq!((part.total, part.used, part.free), (1000, 800, 100));
        assert_eq!(part.used_ratio("/"), Ok(Value::Float(800.0 / 900.0)));
        space.f_bavail = u64::MAX - 4;
        assert_eq!(Space::of(&space).free, 0);
    }
}
