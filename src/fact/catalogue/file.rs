//! Declarations of the `file` area.

use crate::fact::{Declared, Effect, ProbeDecl, Rows, Ty, ZeroRows, field, param};

/// `file.set`
pub(super) static SET: ProbeDecl = ProbeDecl {
    name: "file.set",
    doc: "Sets of files, by pattern or below a directory: how many, how large, the newest and the oldest",
    targets: &["host"],
    params: &[
        param("glob", Ty::Path, "/srv/backup/*.dump", "one pattern; `**` crosses directories"),
        param(
            "globs",
            Ty::Paths,
            "[/srv/backup/*.dump, /srv/wal/**]",
            "several patterns, each a set of its own",
        ),
        param("root", Ty::Path, "/srv/backup", "a directory whose whole tree is one set"),
        param(
            "include",
            Ty::Texts,
            "[\"*.dump\", \"full/**\"]",
            "only files that one of these matches: a name, or a path below the set's directory if it has a `/`",
        ),
        param(
            "exclude",
            Ty::Texts,
            "[lost+found, \"*.tmp\"]",
            "neither files nor directories that one of these matches",
        ),
        param("kind", Ty::Enum(&["file", "directory", "any"]), "file", "what is counted").default("file"),
        param("max_depth", Ty::Int, "1", "how many directories deep; 1 is the directory itself"),
        param("follow", Ty::Bool, "false", "follow symbolic links").default("false"),
        param("max_entries", Ty::Int, "1_000_000", "give up beyond so many entries").default("1_000_000"),
    ],
    facts: &[
        field("set", Ty::Text, "/srv/backup/*.dump", "the pattern or the directory as given"),
        field("root", Ty::Path, "/srv/backup", "the directory in which the search began"),
        field("count", Ty::Int, "14", "how many matched"),
        field("size", Ty::Bytes, "120GiB", "sizes of the files that matched, added up"),
        field("newest", Ty::Time, "2026-11-01T03:00:00Z", "the latest last change of a match")
            .null("no file matched"),
        field("newest_path", Ty::Path, "/srv/backup/2026-11-01.dump", "the match changed last")
            .null("no file matched"),
        field("newest_size", Ty::Bytes, "9GiB", "size of the match changed last").null("no file matched"),
        field("oldest", Ty::Time, "2026-10-18T03:00:00Z", "the earliest last change of a match")
            .null("no file matched"),
        field("oldest_path", Ty::Path, "/srv/backup/2026-10-18.dump", "the match not changed for longest")
            .null("no file matched"),
        field("oldest_size", Ty::Bytes, "8GiB", "size of the match not changed for longest")
            .null("no file matched"),
        field("largest_path", Ty::Path, "/srv/backup/2026-11-01.dump", "the largest match")
            .null("no file matched"),
        field("largest_size", Ty::Bytes, "9GiB", "size of the largest match").null("no file matched"),
        field("smallest_path", Ty::Path, "/srv/backup/2026-10-20.dump", "the smallest match")
            .null("no file matched"),
        field("smallest_size", Ty::Bytes, "8GiB", "size of the smallest match").null("no file matched"),
    ],
    declared: Declared::No,
    key: &["set"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "lists every directory that can hold a match, one stat per match",
    locks: "none",
    feature: None,
};

/// `file.tree`
pub(super) static TREE: ProbeDecl = ProbeDecl {
    name: "file.tree",
    doc: "The inventory of a directory tree, one row for each entry, to be compared with what it was before",
    targets: &["host"],
    params: &[
        param("root", Ty::Path, "/etc/shop", "the directory whose tree is listed").required(),
        param(
            "include",
            Ty::Texts,
            "[\"*.conf\", \"tls/**\"]",
            "only entries that one of these matches: a name, or a path below the root if it has a `/`",
        ),
        param(
            "exclude",
            Ty::Texts,
            "[lost+found, \"*.tmp\"]",
            "neither files nor directories that one of these matches",
        ),
        param("kind", Ty::Enum(&["file", "directory", "any"]), "any", "what is listed").default("any"),
        param("max_depth", Ty::Int, "1", "how many directories deep; 1 is the directory itself"),
        param("max_entries", Ty::Int, "1_000_000", "give up beyond so many entries").default("1_000_000"),
        param("within", Ty::Duration, "2h", "how long it may take").default("1h"),
    ],
    facts: &[
        field("path", Ty::Path, "tls/shop.pem", "path below the root; bytes that are no text as `\\xff`"),
        field(
            "kind",
            Ty::Enum(&["file", "directory", "link", "socket", "fifo", "block", "char"]),
            "file",
            "what it is; a link is not followed",
        ),
        field("size", Ty::Bytes, "12KiB", "size of the content").null("not a regular file"),
        field("mode", Ty::Text, "0644", "permission bits in octal, four digits"),
        field("owner", Ty::Text, "root", "name of the owner, or its number if it has no name"),
        field("group", Ty::Text, "root", "name of the group, or its number if it has no name"),
        field("modified", Ty::Time, "2026-11-01T03:00:00Z", "last change of the content"),
        field(
            "leads_to",
            Ty::Text,
            "shop-2026.pem",
            "what a link holds, as it is written there",
        )
        .null("not a link"),
        field(
            "digest",
            Ty::Text,
            "9f86d081…",
            "HMAC-SHA256 of the content under the key of the gate, in hexadecimal: equal for equal content, and of no use to guess it",
        )
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
    cost: "lists every directory, one stat per entry; `digest` reads all files",
    locks: "none",
    feature: None,
};

/// `file.stat`
pub(super) static STAT: ProbeDecl = ProbeDecl {
    name: "file.stat",
    doc: "Named files: whether they exist, type, size, time of change, mode, owner, checksum",
    targets: &["host"],
    params: &[
        param("path", Ty::Path, "/etc/passwd", "one file, from `/` on"),
        param("paths", Ty::Paths, "[/etc/passwd, /etc/group]", "several files, from `/` on"),
        param("follow", Ty::Bool, "true", "look at what a symbolic link points to").default("true"),
    ],
    facts: &[
        field("path", Ty::Path, "/etc/passwd", "the path as given"),
        field("exists", Ty::Bool, "true", "something is there"),
        field(
            "absent_part",
            Ty::Enum(&["file", "directory", "link-target"]),
            "directory",
            "what is not there: the file, a directory above it, or what a symbolic link points to",
        )
        .null("it exists"),
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

/// `file.volume`
pub(super) static VOLUME: ProbeDecl = ProbeDecl {
    name: "file.volume",
    doc: "Volumes: whether one is mounted, which one it is, and whether its service may write to it",
    targets: &["host"],
    params: &[
        param("path", Ty::Path, "/srv/uploads", "where one volume belongs"),
        param("paths", Ty::Paths, "[/srv/uploads, /var/lib/postgresql]", "where several volumes belong"),
        param(
            "sentinel",
            Ty::Text,
            ".volume-uploads",
            "a file that lies on the volume and nowhere else, below the path",
        ),
        param("user", Ty::Text, "www-data", "the user as whom the service runs, by name or number"),
        param(
            "groups",
            Ty::Texts,
            "[uploads]",
            "groups that the service has besides those of `/etc/group`; of a user without an entry its main group first",
        ),
    ],
    facts: &[
        field("path", Ty::Path, "/srv/uploads", "the path as given"),
        field("mounted", Ty::Bool, "true", "the path itself is a mount point"),
        field("mount", Ty::Path, "/srv/uploads", "where the file system that holds the path is mounted"),
        field(
            "subtree",
            Ty::Path,
            "/",
            "which directory of that file system is mounted there: `/` is the whole, others are bind mounts and subvolumes",
        ),
        field("device", Ty::Text, "/dev/sdb1", "what is mounted, as the kernel names it"),
        field("filesystem", Ty::Text, "ext4", "type of the file system"),
        field("options", Ty::Texts, "[rw, noatime]", "options of the mount, then those of the file system"),
        field("read_only", Ty::Bool, "false", "is mounted read-only, or was made so after an error"),
        field(
            "id",
            Ty::Text,
            "0f3c9a52-6d0e-4f6a-9a3e-1d1c5f1c2b7a",
            "UUID of the file system, as `/dev/disk/by-uuid` has it",
        )
        .null("no name of `/dev/disk/by-uuid` leads to it"),
        field("sentinel", Ty::Bool, "true", "the sentinel lies there, as a file of the same file system")
            .null("none asked for"),
        field(
            "writable",
            Ty::Bool,
            "true",
            "the user may write there; in a directory: make and remove files",
        )
        .null("no user asked for")
        .needs("root, or to be that user"),
    ],
    declared: Declared::No,
    key: &["path"],
    rows: Rows::Many,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "a few calls of the kernel per path; nothing is written",
    locks: "none; a dead network file system holds up only its own row",
    feature: None,
};
