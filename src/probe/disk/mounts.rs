//! What is mounted where, from `/proc/self/mountinfo`.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::fact::{Cause, Missing};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probe) struct Mount {
    /// Its number, and that of the mount on which it lies.
    id: u64,
    parent: u64,
    pub(in crate::probe) point: PathBuf,
    pub(in crate::probe) device: String,
    pub(in crate::probe) device_id: String,
    pub(in crate::probe) filesystem: String,
    /// Which of its directories is mounted: all but `/` are bind mounts and subvolumes.
    pub(in crate::probe) root: PathBuf,
    /// Those of the mount, then those of the file system, each once.
    pub(in crate::probe) options: Vec<String>,
}

/// Types that have no space of their own, or are images that are always full.
const WITHOUT_SPACE: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
];

/// Below these, small file systems of the system itself, of sessions and of containers come and go.
const PASSING: &[&str] = &[
    "/dev",
    "/proc",
    "/run/containerd",
    "/run/credentials",
    "/run/docker",
    "/run/netns",
    "/run/user",
    "/sys",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/docker",
    "/var/lib/kubelet/pods",
];

/// All mounts, in the order in which they were made.
pub(in crate::probe) fn read() -> Result<Vec<Mount>, Missing> {
    let place = "/proc/self/mountinfo";
    let text = std::fs::read(place).map_err(|error| {
        Missing::new(Cause::Unsupported, format!("`{place}` could not be read: {error}"))
            .fix("this needs Linux with /proc mounted")
    })?;
    parse(&text)
}

fn parse(text: &[u8]) -> Result<Vec<Mount>, Missing> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            mount(line).ok_or_else(|| {
                let line = String::from_utf8_lossy(line);
                Missing::new(Cause::Malformed, format!("this line of mountinfo is not one: `{line}`"))
            })
        })
        .collect()
}

/// `36 35 98:0 /root /mnt rw,noatime shared:1 - ext3 /dev/root rw`: the optional fields end at the dash.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut parts = line.split(|byte| *byte == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u64>().ok();
    let (id, parent) = (number()?, number()?);
    let device_id = String::from_utf8(parts.next()?.to_vec()).ok()?;
    device_id.split_once(':')?;
    let root = PathBuf::from(OsString::from_vec(unescape(parts.next()?)));
    let point = PathBuf::from(OsString::from_vec(unescape(parts.next()?)));
    let mut options = options(parts.next()?);
    parts.find(|part| *part == b"-")?;
    let filesystem = String::from_utf8_lossy(parts.next()?).into_owned();
    let device = String::from_utf8_lossy(&unescape(parts.next()?)).into_owned();
    for option in self::options(parts.next().unwrap_or_default()) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    Some(Mount { id, parent, point, device, device_id, filesystem, root, options })
}

fn options(text: &[u8]) -> Vec<String> {
    let words = text.split(|byte| *byte == b',').filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(&unescape(word)).into_owned()).collect()
}

/// Blanks and backslashes stand as three octal digits.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let digits = if *first == b'\\' { tail.get(..3) } else { None };
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { tail.get(3..).unwrap_or_default() } else { tail };
    }
    out
}

/// The mount that holds a path without links: the last made of those with the longest mount point, which
/// hides the earlier ones.
pub(in crate::probe) fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    // As the kernel goes: from a mount to the first one that lies on it on the way. What was mounted below a place over
    // which another was mounted later is not reached any more.
    let first = |among: &dyn Fn(&Mount) -> bool| {
        let holds = mounts.iter().rev().filter(|mount| path.starts_with(&mount.point) && among(mount));
        holds.min_by_key(|mount| mount.point.components().count())
    };
    let is_known = |id: u64| mounts.iter().any(|mount| mount.id == id);
    let mut found = first(&|mount| mount.parent == mount.id || !is_known(mount.parent))?;
    for _ in mounts {
        let on_it = first(&|mount| mount.parent == found.id && mount.id != found.id);
        match on_it {
            Some(next) => found = next,
            None => break,
        }
    }
    Some(found)
}

/// The file systems with space of their own, each once (a bind mount shows the same space again), by the
/// shortest of its mount points.
pub(super) fn with_space(mounts: &[Mount]) -> Vec<&Mount> {
    let visible = mounts.iter().enumerate().filter(|(index, mount)| {
        let later = mounts.get(index + 1..).unwrap_or_default();
        !later.iter().any(|other| other.point == mount.point)
    });
    let mut best: Vec<&Mount> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (_, mount) in visible.filter(|(_, mount)| has_space(mount)) {
        let place = *places.entry(&mount.device_id).or_insert(best.len());
        match best.get_mut(place) {
            Some(known) if mount.point.as_os_str().len() < known.point.as_os_str().len() => *known = mount,
            Some(_) => {}
            None => best.push(mount),
        }
    }
    best.sort_by(|one, other| one.point.cmp(&other.point));
    best
}

fn has_space(mount: &Mount) -> bool {
    !WITHOUT_SPACE.contains(&mount.filesystem.as_str())
        && !PASSING.iter().any(|place| mount.point.starts_with(place) && mount.point != Path::new(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 0:40 / /run rw - tmpfs tmpfs rw
41 27 8:1 / /srv/my\\040data rw master:2 propagate_from:3 - xfs /dev/sda1 rw
42 27 8:1 /sub /bind rw - xfs /dev/sda1 rw
43 27 0:50 / /mnt rw - nfs4 nas:/export rw
44 27 8:2 / /mnt rw - ext4 /dev/sdb rw
45 27 0:60 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
47 27 8:9 / /var/lib/docker rw - ext4 /dev/sdc rw
46 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
";

    #[test]
    fn real_file_systems_are_told_once() {
        let mounts = parse(TEXT.as_bytes()).unwrap();
        let told: Vec<_> = with_space(&mounts).iter().map(|mount| mount.point.to_str().unwrap()).collect();
        assert_eq!(told, ["/", "/bind", "/mnt", "/run", "/var/lib/docker"]);
    }

    #[test]
    fn a_path_is_held_by_the_innermost_and_last_mount() {
        let mounts = parse(TEXT.as_bytes()).unwrap();
        let device = |path: &str| holding(&mounts, path.as_ref()).unwrap().device.as_str();
        assert_eq!(device("/srv/my data/x"), "/dev/sda1");
        assert_eq!(device("/srv/my"), "/dev/vda");
        assert_eq!(device("/mnt/x"), "/dev/sdb", "it hides the mount before");
        assert_eq!(device("/mntx"), "/dev/vda");
    }

    #[test]
    fn a_mount_that_another_covers_holds_nothing() {
        let text = "\
1 1 0:2 / / rw - rootfs rootfs rw
27 1 254:0 / / rw - ext4 /dev/vda rw
40 27 8:1 / /srv/uploads rw - xfs /dev/sda1 rw
41 27 8:2 / /srv rw - xfs /dev/sdb1 rw
42 41 8:3 / /srv/logs rw - xfs /dev/sdc1 rw
";
        let mounts = parse(text.as_bytes()).unwrap();
        let point = |path: &str| holding(&mounts, path.as_ref()).unwrap().point.to_str().unwrap();
        assert_eq!(point("/srv/uploads"), "/srv", "it was mounted before the one above it");
        assert_eq!(point("/srv/logs/x"), "/srv/logs");
        assert_eq!(holding(&mounts, "/home".as_ref()).unwrap().device, "/dev/vda");
    }

    #[test]
    fn a_bind_mount_and_its_options_are_told() {
        let mounts = parse(TEXT.as_bytes()).unwrap();
        let bound = holding(&mounts, "/bind".as_ref()).unwrap();
        assert_eq!((bound.root.to_str().unwrap(), &*bound.options), ("/sub", &["rw".to_owned()][..]));
        let root = holding(&mounts, "/".as_ref()).unwrap();
        assert_eq!(root.options, ["rw", "relatime", "discard"]);
    }

    #[test]
    fn a_line_that_is_none_is_malformed() {
        for text in ["garbage", "1 2 8:1 / /mnt rw ext4 /dev/sda rw", "1 2 x / /mnt rw - ext4 /dev/sda rw"] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().cause, Cause::Malformed, "{text}");
        }
    }
}
