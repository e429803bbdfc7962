//! Declarations of the `file` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `file.stat`
pub(super) static STAT: ProbeDecl = ProbeDecl {
    name: "file.stat",
    doc: "Named files: whether they exist, type, size, time of change, mode, owner, checksum",
    targets: &["host"],
    params: &[
        param("path", Ty::Path, "/etc/passwd", "one file"),
        param("paths", Ty::Paths, "[/etc/passwd, /etc/group]", "several files"),
        param("follow", Ty::Bool, "true", "look at what a symbolic link points to").default("true"),
    ],
    facts: &[
        field("path", Ty::Path, "/etc/passwd", "the path as given"),
        field("exists", Ty::Bool, "true", "something is there"),
        field(
            "type",
            Ty::Enum(&["file", "directory", "link", "socket", "fifo", "block", "char"]),
            "file",
            "what it is",
        )
        .null("does not exist"),
        field("size", Ty::Bytes, "12KiB", "size of the content").null("does not exist"),
        field("modified", Ty::Time, "2026-11-01T03:00:00Z", "last change of the content")
            .null("does not exist"),
        field("mode", Ty::Text, "0644", "permission bits in octal, four digits").null("does not exist"),
        field("owner", Ty::Text, "root", "name of the owner, or its number if it has no name")
            .null("does not exist"),
        field("group", Ty::Text, "root", "name of the group, or its number if it has no name")
            .null("does not exist"),
        field("sha256", Ty::Text, "e3b0c442…", "SHA-256 of the content, in hexadecimal")
            .null("not a regular file")
            .needs("read permission on the file")
            .costly(),
    ],
    declared: Declared::No,
    key: &["path"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "one stat per path; `sha256` reads the whole file",
    locks: "none",
    feature: None,
};
