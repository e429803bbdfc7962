//! `data.files`

use crate::fact::{Declared, Effect, FieldDecl, ProbeDecl, Rows, Ty, ZeroRows, field, param};

const UNLISTED: &str = "the tree was not listed";
const NO_MODE: &str = "nobody looked whether they may be read";
const NO_CONTENT: &str = "content was not compared";

const fn paths(name: &'static str, doc: &'static str) -> FieldDecl {
    field(name, Ty::Texts, "[2026/11/a.jpg]", doc)
}

/// `data.files`
pub(in super::super) static FILES: ProbeDecl = ProbeDecl {
    name: "data.files",
    doc: "Rows that name files, joined with the files of a directory tree, in both directions",
    targets: &["postgres", "mysql", "sqlite"],
    params: &[
        param("sql", Ty::Text, "SELECT path, size FROM uploads", "the rows: a column `path`, and `size`, `digest`, `owner` where they are compared")
            .required(),
        param("root", Ty::Path, "/srv/uploads", "the directory below which the files lie"),
        param("bucket", Ty::Target, "uploads", "in place of `root`: a target of type `bucket`, whose objects are the files"),
        param("prefix", Ty::Text, "avatars", "below the address of the bucket"),
        param("template", Ty::Text, "\"{0:2}/{2:4}/{path}\"", "where the file of a row lies below the root: `{path}`, `{name}` (behind the last `/`), `{0:2}` (its first two characters), text")
            .default("{path}"),
        param("strip", Ty::Texts, "[\"https://cdn.example.org/uploads/\"]", "beginnings that are taken away from what a row says; the root always is"),
        param("decode", Ty::Bool, "false", "rows say `%20` for a blank").default("false"),
        param("depth", Ty::Enum(&["existence", "size", "content"]), "size", "how closely files are looked at")
            .default("existence"),
        param("sample", Ty::Ratio, "5%", "which share of the files is read for `content`; the same files each time")
            .default("100%"),
        param("algorithm", Ty::Enum(&["sha256", "sha512", "sha1", "md5", "crc32", "crc32c"]), "md5", "how the digests of the rows were made")
            .default("sha256"),
        param("owner", Ty::Text, "www-data", "user, by name or number, who must own the files"),
        param("reader", Ty::Text, "www-data", "user who must be able to read the files, by their modes; muster's own if left out"),
        param("mount", Ty::Bool, "true", "the root must be a mount point").default("false"),
        param("sentinel", Ty::Text, ".volume-id", "a file below the root that shows that it is the right volume"),
        param("ignore", Ty::Texts, "[lost+found, \"*.tmp\"]", "what is no file of the program: a name, or a path below the root if it has a `/`; `lost+found` if left out"),
        param("method", Ty::Enum(&["auto", "listing", "lookups"]), "auto", "list the whole tree, or look only at what rows name; `auto` lists it when files without a row are asked for")
            .default("auto"),
        param("within", Ty::Duration, "2h", "how long it may take").default("1h"),
    ],
    facts: &[
        field("tree", Ty::Enum(&["there", "absent", "unmounted", "unmarked", "empty"]), "there", "what is at the root: the files, nothing, no mount, no sentinel, or no file at all"),
        field("method", Ty::Enum(&["listing", "lookups"]), "listing", "whether the whole tree was listed, or only what rows name was looked at"),
        field("references", Ty::Int, "1_000_000", "rows of the query"),
        field("nameless", Ty::Int, "0", "rows whose path is null or empty"),
        field("files", Ty::Int, "1_000_000", "files of the tree, directories and what is ignored not counted").null(UNLISTED),
        field("ignored", Ty::Int, "0", "entries that `ignore` leaves out, `lost+found` and the sentinel not counted; a directory is one of them").null(UNLISTED),
        field("missing", Ty::Int, "1", "paths that a row names, where nothing is"),
        paths("missing_paths", "the first twenty of them"),
        field("extra", Ty::Int, "0", "files that no row names, and that were there before the question").null(UNLISTED),
        paths("extra_paths", "the first twenty of them").null(UNLISTED),
        field("young", Ty::Int, "0", "files without a row that came or changed while it was asked").null(UNLISTED),
        field("size_differs", Ty::Int, "0", "files of another size than their row says").null("sizes were not compared"),
        paths("size_differs_paths", "the first twenty of them").null("sizes were not compared"),
        field("checked_size", Ty::Int, "1_000_000", "files whose size was compared").null("sizes were not compared"),
        field("content_differs", Ty::Int, "0", "files of the right size with another digest than their row says").null(NO_CONTENT),
        paths("content_differs_paths", "the first twenty of them").null(NO_CONTENT),
        field("checked_content", Ty::Int, "50_000", "files that were read and whose digest was compared").null(NO_CONTENT),
        field("not_compared", Ty::Int, "0", "files that are there and whose row has no size, or no digest where `depth` is `content`").null("only names were compared"),
        field("changing", Ty::Int, "0", "files that were written while they were read; nothing is said of them").null(NO_CONTENT),
        paths("changing_paths", "the first twenty of them").null(NO_CONTENT),
        field("bad_digests", Ty::Int, "0", "rows whose digest is none of that algorithm").null(NO_CONTENT),
        paths("bad_digests_paths", "the first twenty of them").null(NO_CONTENT),
        field("unreadable", Ty::Int, "0", "files that a row names and that may not be read, by their mode or that of a directory above; modes of files are read for `size`, `content`, `owner` and `reader`").null(NO_MODE),
        paths("unreadable_paths", "the first twenty of them").null(NO_MODE),
        field("wrong_owner", Ty::Int, "0", "files that belong to somebody else").null("no owner was asked for"),
        paths("wrong_owner_paths", "the first twenty of them").null("no owner was asked for"),
        field("repeated", Ty::Int, "0", "paths that more than one row names"),
        paths("repeated_paths", "the first twenty of them"),
        field("outside", Ty::Int, "0", "rows that name nothing below the root: absolute, with `..`, through a link that leads out, too short for the template"),
        paths("outside_paths", "the first twenty of them"),
        field("not_files", Ty::Int, "0", "paths that a row names, where something else than a file is"),
        paths("not_files_paths", "the first twenty of them"),
        field("other_form", Ty::Int, "0", "missing paths for which a file without a row is there that differs only in case or in how its letters are composed").null(UNLISTED),
        paths("other_form_paths", "the first twenty of them, each with its file").null(UNLISTED),
        field("lists", Ty::Path, "/var/lib/muster/work/files-1f", "folder with the whole lists: one file for each count, of its name, with paths that end with a zero byte").null("nobody keeps them"),
    ],
    declared: Declared::No,
    key: &[],
    rows: Rows::One,
    zero: ZeroRows::Suspicious,
    version: 1,
    effect: Effect::None,
    cost: "reads the rows once, and the names of all directories; an inode for each file where size, owner or mode is asked for; all bytes for `content`. What does not fit into 4 MiB goes to a temporary file",
    locks: "those of the query, for as long as its rows are read",
    feature: Some("sql"),
};
