//! Declarations of the `disk` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `disk.usage`
pub(super) static USAGE: ProbeDecl = ProbeDecl {
    name: "disk.usage",
    doc: "Space and inodes of mounted file systems, and whether a path is a mount point at all",
    targets: &["host"],
    params: &[
        param("path", Ty::Path, "/var/lib/postgresql", "one path; the file system that holds it"),
        param(
            "paths",
            Ty::Paths,
            "[/, /srv]",
            "several paths; without any: every mounted file system with space of its own",
        ),
    ],
    facts: &[
        field("path", Ty::Path, "/srv/backup", "the path as given, or the mount point"),
        field("mount", Ty::Path, "/srv", "where the file system that holds the path is mounted"),
        field(
            "is_mount_point",
            Ty::Bool,
            "true",
            "the path itself is a mount point; false for a volume that is not mounted",
        ),
        field("device", Ty::Text, "/dev/sda1", "what is mounted, as the kernel names it"),
        field("device_id", Ty::Text, "254:0", "major and minor number of the device"),
        field("filesystem", Ty::Text, "ext4", "type of the file system"),
        field("read_only", Ty::Bool, "false", "is mounted read-only, or was made so after an error"),
        field("total", Ty::Bytes, "100GiB", "size of the file system"),
        field("free", Ty::Bytes, "20GiB", "space that a user without privileges can still fill"),
        field("used", Ty::Bytes, "75GiB", "space that is taken"),
        field(
            "used_ratio",
            Ty::Ratio,
            "79%",
            "used / (used + free), as `df` counts: space reserved for root is not free",
        ),
        field("inodes_total", Ty::Int, "6_553_600", "how many inodes there are")
            .null("this file system has no fixed number of inodes"),
        field("inodes_free", Ty::Int, "6_000_000", "how many inodes are free")
            .null("this file system has no fixed number of inodes"),
        field("inodes_used_ratio", Ty::Ratio, "8%", "share of the inodes that is taken")
            .null("this file system has no fixed number of inodes"),
    ],
    declared: Declared::No,
    key: &["path"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one `statvfs` per file system",
    locks: "none; a dead network file system holds up only its own row",
    feature: None,
};
