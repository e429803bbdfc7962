use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::*;
use crate::probe::testing::{as_nobody, ask, cause, cell, open_dir, value};

fn volume(args: Json) -> Answer {
    ask("file.volume", args).run().unwrap()
}

fn mode(path: &Path, bits: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).unwrap();
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A mount of a test, which goes with it.
struct Mounted(PathBuf);

impl Mounted {
    fn new(at: &Path, words: &[&str]) -> Self {
        let status = Command::new("mount").args(words).arg(at).status().unwrap();
        assert!(status.success(), "mount {words:?}");
        Self(at.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().unwrap();
    }
}

#[test]
fn a_mount_point_tells_what_is_mounted() {
    let answer = volume(json!({"path": "/dev/shm"}));
    assert_eq!(value(&answer, 0, "mounted"), Value::Bool(true));
    assert_eq!(value(&answer, 0, "filesystem"), Value::text("tmpfs"));
    assert_eq!(value(&answer, 0, "mount"), Value::text("/dev/shm"));
    assert_eq!(value(&answer, 0, "read_only"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "id"), Value::Null);
    assert_eq!(value(&answer, 0, "sentinel"), Value::Null);
    assert_eq!(value(&answer, 0, "writable"), Value::Null);
    let options = value(&answer, 0, "options");
    assert!(format!("{options:?}").contains("rw"), "{options:?}");
}

#[test]
fn a_volume_that_is_not_mounted_lies_on_the_one_above() {
    let dir = open_dir();
    let (inside, link) = (dir.path().join("uploads"), dir.path().join("link"));
    std::fs::create_dir(&inside).unwrap();
    symlink("/dev/shm", &link).unwrap();
    let answer = volume(json!({"paths": [inside, link]}));
    assert_eq!(value(&answer, 0, "mounted"), Value::Bool(false));
    assert_ne!(value(&answer, 0, "mount"), Value::text(inside.to_string_lossy()));
    assert_eq!(value(&answer, 1, "mounted"), Value::Bool(true), "a link is followed");
}

#[test]
fn read_only_bind_and_overlay_mounts_are_told_apart() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let at = |name: &str| {
        let path = dir.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let (plain, bound, over) = (at("plain"), at("bound"), at("over"));
    let _plain = Mounted::new(&plain, &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
    std::fs::create_dir(plain.join("sub")).unwrap();
    let _bound = Mounted::new(&bound, &["--bind", &plain.join("sub").display().to_string()]);
    assert!(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&bound).status().unwrap().success());
    for name in ["low", "up", "work"] {
        std::fs::create_dir(plain.join(name)).unwrap();
    }
    let layers = format!("lowerdir={0}/low,upperdir={0}/up,workdir={0}/work", plain.display());
    let _over = Mounted::new(&over, &["-t", "overlay", "-o", &layers, "overlay"]);
    let answer = volume(json!({"paths": [plain, bound, over], "user": "root"}));
    let all = |name: &str| (0..3).map(|row| value(&answer, row, name)).collect::<Vec<_>>();
    assert_eq!(all("mounted"), vec![Value::Bool(true); 3]);
    assert_eq!(all("subtree"), ["/", "/sub", "/"].map(Value::text));
    assert_eq!(all("filesystem"), ["tmpfs", "tmpfs", "overlay"].map(Value::text));
    assert_eq!(all("read_only"), [false, true, false].map(Value::Bool));
    assert_eq!(
        all("writable"),
        [true, false, true].map(Value::Bool),
        "a mount that is read-only is so for root"
    );
    let options = format!("{:?}", value(&answer, 2, "options"));
    assert!(options.contains("upperdir="), "{options}");
}

#[test]
fn a_volume_that_another_mount_covers_is_not_mounted() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let (above, at) = (dir.path().join("srv"), dir.path().join("srv/uploads"));
    std::fs::create_dir_all(&at).unwrap();
    let _inner = Mounted::new(&at, &["-t", "tmpfs", "inner"]);
    assert_eq!(value(&volume(json!({"path": at})), 0, "mounted"), Value::Bool(true));
    let _outer = Mounted::new(&above, &["-t", "tmpfs", "outer"]);
    std::fs::create_dir(&at).unwrap();
    let answer = volume(json!({"path": at}));
    assert_eq!(value(&answer, 0, "mounted"), Value::Bool(false));
    assert_eq!(value(&answer, 0, "device"), Value::text("outer"));
}

#[test]
fn the_device_is_known_by_its_uuid() {
    if !is_root() || !Path::new("/sbin/mkfs.ext4").exists() {
        return;
    }
    let dir = open_dir();
    let (image, at) = (dir.path().join("image"), dir.path().join("at"));
    std::fs::create_dir(&at).unwrap();
    std::fs::File::create(&image).unwrap().set_len(4 << 20).unwrap();
    let id = "0f3c9a52-6d0e-4f6a-9a3e-1d1c5f1c2b7a";
    assert!(
        Command::new("/sbin/mkfs.ext4").args(["-q", "-F", "-U", id]).arg(&image).status().unwrap().success()
    );
    let _mounted = Mounted::new(&at, &["-o", "loop", &image.display().to_string()]);
    let mounts = mounts::read().unwrap();
    let mount = holding(&mounts, &at).unwrap();
    let link = Path::new(BY_UUID).join(id);
    // Without udev nobody makes the name; a test may, and takes it away again.
    let own = !link.exists();
    if own {
        std::fs::create_dir_all(BY_UUID).unwrap();
        symlink(&mount.device, &link).unwrap();
    }
    let answer = volume(json!({"path": at}));
    if own {
        std::fs::remove_file(&link).unwrap();
    }
    assert_eq!(value(&answer, 0, "id"), Value::text(id));
    assert_eq!(value(&answer, 0, "filesystem"), Value::text("ext4"));
}

#[test]
fn the_sentinel_is_a_file_of_the_volume() {
    let dir = open_dir();
    let sentinel = |name: &str| cell(&volume(json!({"path": dir.path(), "sentinel": name})), 0, "sentinel");
    assert_eq!(sentinel(".volume"), Ok(Value::Bool(false)));
    std::fs::write(dir.path().join(".volume"), "").unwrap();
    assert_eq!(sentinel(".volume"), Ok(Value::Bool(true)));
    assert_eq!(sentinel("none/.volume"), Ok(Value::Bool(false)));
    symlink("/etc/passwd", dir.path().join("link")).unwrap();
    assert_eq!(sentinel("link"), Ok(Value::Bool(false)), "a link may lead anywhere");
    std::fs::create_dir(dir.path().join("directory")).unwrap();
    assert_eq!(sentinel("directory"), Ok(Value::Bool(false)));
    assert_eq!(sentinel(""), Ok(Value::Null), "none is asked for");
    for wrong in ["/etc/passwd", "../x"] {
        let why = ask("file.volume", json!({"path": dir.path(), "sentinel": wrong})).run().unwrap_err();
        assert_eq!(why.cause, Cause::Malformed, "{wrong:?}");
    }
}

#[test]
fn the_service_may_write_where_its_user_and_groups_may() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let at = |name: &str, user: u32, group: u32, bits: u32| {
        let path = dir.path().join(name);
        std::fs::create_dir(&path).unwrap();
        chown(&path, Some(user), Some(group)).unwrap();
        mode(&path, bits);
        path
    };
    let own = at("own", 65_534, 0, 0o700);
    let of_root = at("of-root", 0, 0, 0o755);
    let of_group = at("of-group", 0, 4_711, 0o770);
    let unsearchable = at("unsearchable", 65_534, 0, 0o200);
    let deny = at("deny", 0, 0, 0o700);
    let behind = deny.join("open");
    std::fs::create_dir(&behind).unwrap();
    mode(&behind, 0o777);
    let paths = json!([own, of_root, of_group, unsearchable, behind]);
    let all = |args: Json| {
        let answer = volume(args);
        (0..5).map(|row| value(&answer, row, "writable").as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(all(json!({"paths": paths, "user": "65534"})), [true, false, false, false, false]);
    let further = json!({"paths": paths, "user": "nobody", "groups": ["4711"]});
    assert_eq!(all(further), [true, false, true, false, false]);
    assert_eq!(all(json!({"paths": paths, "user": "root"})), [true; 5]);
    assert!(std::fs::read_dir(&own).unwrap().next().is_none(), "nothing was written");
    assert!(is_root(), "and our own rights are as they were");
}

#[test]
fn an_access_list_counts() {
    if !is_root() || Command::new("setfacl").arg("--version").output().is_err() {
        return;
    }
    let dir = open_dir();
    let path = dir.path().join("listed");
    std::fs::create_dir(&path).unwrap();
    mode(&path, 0o700);
    let writable = || value(&volume(json!({"path": path, "user": "65534"})), 0, "writable");
    assert_eq!(writable(), Value::Bool(false));
    assert!(Command::new("setfacl").args(["-m", "u:65534:rwx"]).arg(&path).status().unwrap().success());
    assert_eq!(writable(), Value::Bool(true));
}

#[test]
fn without_root_only_our_own_user_can_be_asked_for() {
    as_nobody("probe::file::volume::tests::without_root_only_our_own_user_can_be_asked_for", |dir| {
        let other = if is_root() { "65533" } else { "root" };
        let answer = volume(json!({"path": dir, "user": other}));
        assert_eq!(cause(&answer, 0, "writable"), Cause::Denied);
        assert_eq!(value(&answer, 0, "read_only"), Value::Bool(false), "the rest is known");
        let me = crate::probe::users::me();
        let answer = volume(json!({"path": "/dev/shm", "user": me}));
        assert_eq!(value(&answer, 0, "writable"), Value::Bool(true));
        let further = volume(json!({"path": "/dev/shm", "user": me, "groups": ["0"]}));
        assert_eq!(cause(&further, 0, "writable"), Cause::Denied, "nobody gives us further groups");
        let closed = volume(json!({"path": dir.join("closed/there")}));
        assert_eq!(cause(&closed, 0, "mounted"), Cause::Denied);
        let listed = volume(json!({"path": dir, "sentinel": "closed/there"}));
        assert_eq!(cause(&listed, 0, "sentinel"), Cause::Denied);
    });
}

#[test]
fn what_is_not_there_is_not_known() {
    let answer = volume(json!({"paths": ["/nowhere", "relative", "/"], "user": "no-such-user"}));
    assert_eq!(cause(&answer, 0, "mounted"), Cause::Absent);
    assert_eq!(cause(&answer, 0, "writable"), Cause::Absent);
    assert_eq!(cause(&answer, 1, "mounted"), Cause::Malformed);
    assert_eq!(value(&answer, 2, "mounted"), Value::Bool(true));
    assert_eq!(cause(&answer, 2, "writable"), Cause::Absent, "a user that nobody knows");
    assert_eq!(ask("file.volume", json!({})).run().unwrap_err().cause, Cause::Empty);
    let groups = ask("file.volume", json!({"path": "/", "groups": ["root"]})).run().unwrap_err();
    assert_eq!(groups.cause, Cause::Malformed);
}

/// A mount on demand whose server never answers is as silent as a dead network file system.
#[test]
fn a_file_system_that_hangs_ends_at_the_deadline() {
    if !is_root() {
        return;
    }
    let dir = open_dir();
    let at = dir.path().join("dead");
    std::fs::create_dir(&at).unwrap();
    let Some(_hanging) = Hanging::new(&at) else { return };
    let question = ask("file.volume", json!({"paths": [at, "/"], "user": "root"}));
    let answer = question.deadline(Duration::from_millis(1_500)).run().unwrap();
    assert_eq!(cause(&answer, 0, "mounted"), Cause::Timeout);
    assert_eq!(cause(&answer, 0, "writable"), Cause::Timeout);
    assert_eq!(value(&answer, 1, "mounted"), Value::Bool(true), "the others are not held up");
}

/// A FUSE file system that nobody serves: the kernel waits for an answer to its first question.
struct Hanging {
    mounted: Option<Mounted>,
    device: Option<std::fs::File>,
}

impl Hanging {
    /// None where this machine has no FUSE.
    fn new(at: &Path) -> Option<Self> {
        use std::os::fd::AsRawFd as _;
        let device = std::fs::File::options().read(true).write(true).open("/dev/fuse").ok()?;
        let number = rustix::io::fcntl_dupfd_cloexec(&device, 200).unwrap();
        rustix::io::fcntl_setfd(&number, rustix::io::FdFlags::empty()).unwrap();
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", number.as_raw_fd());
        let status =
            Command::new("mount").args(["-i", "-t", "fuse", "-o", &options, "test"]).arg(at).status();
        drop(number);
        let mounted = status.is_ok_and(|status| status.success()).then(|| Mounted(at.to_owned()))?;
        Some(Self { mounted: Some(mounted), device: Some(device) })
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        // First the mount, then who could answer: whoever still waits gets an error.
        drop(self.mounted.take());
        drop(self.device.take());
    }
}
