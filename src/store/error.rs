//! What can go wrong with a store, each with what to do about it.

/// Why the store could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The build lacks it.
    #[error(
        "this build of muster has no store, because it was built without the feature `sql`; use a build that has it, or take `store:` out of the project file"
    )]
    NotBuilt,
    /// A path that SQLite cannot take.
    #[error("store `{path}`: the path cannot be used, {why}; choose another")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A directory.
    #[error("store `{path}`: this is a directory; name a file in it, as `{path}/store.db`")]
    Directory {
        /// The path.
        path: String,
    },
    /// A pipe, a device.
    #[error("store `{path}`: this is not a regular file; name another path")]
    NotAFile {
        /// The path.
        path: String,
    },
    /// Its directory cannot be made.
    #[error(
        "store `{path}`: its directory `{directory}` cannot be made: {why}; make it, or name another path"
    )]
    Parent {
        /// The path.
        path: String,
        /// The directory.
        directory: String,
        /// What the system says.
        why: String,
        /// May it not be made, so that nothing else is wrong with the place?
        denied: bool,
    },
    /// It may not be read.
    #[error("store `{path}`: {what} may not be read: {why}; give the user who runs muster rights on it")]
    Denied {
        /// The path.
        path: String,
        /// The file, or a directory above it.
        what: String,
        /// What the system says.
        why: String,
    },
    /// It may be read and not written.
    #[error(
        "store `{path}`: {what} is read-only for the user who runs muster ({why}), and every run writes to it; give that user the right to write, or name another path"
    )]
    ReadOnly {
        /// The path.
        path: String,
        /// The file, or its directory.
        what: String,
        /// What the system says.
        why: String,
    },
    /// Something else than a database.
    #[error(
        "store `{path}`: this is not a store of muster but some other file, or one that was damaged or cut short at its very beginning; it was not touched; name another path, or restore it from a backup"
    )]
    NotADatabase {
        /// The path.
        path: String,
    },
    /// A database of another application.
    #[error(
        "store `{path}`: this database belongs to another application ({what}); it was not touched; name another path"
    )]
    Foreign {
        /// The path.
        path: String,
        /// By what that is seen.
        what: String,
    },
    /// A store of a newer muster.
    #[error(
        "store `{path}`: a newer muster wrote it (format {found}, this build knows {known}); it was not touched; use that newer version, or name another path"
    )]
    Newer {
        /// The path.
        path: String,
        /// Its format.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// A store of a muster before the first release.
    #[error(
        "store `{path}`: a muster from before the first release wrote it (format {found}, this build writes {known}); it was not touched; move it away to begin anew, or name another path"
    )]
    Older {
        /// The path.
        path: String,
        /// Its format.
        found: i64,
        /// The one that is written.
        known: i64,
    },
    /// The log of a database that is gone.
    #[error(
        "store `{path}`: the file is gone or empty, but its log `{path}-wal` is there, with runs that were not yet in it; put the file back beside its log, or move the log away to begin anew"
    )]
    Orphan {
        /// The path.
        path: String,
    },
    /// Damaged.
    #[error(
        "store `{path}`: the file is damaged ({why}); it was not repaired; restore it from a backup, or move it away (with its `-wal` and `-shm`) to begin anew; `sqlite3 FILE .recover` may save what is left"
    )]
    Corrupt {
        /// The path.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Somebody else holds it.
    #[error(
        "store `{path}`: another process has held it for more than 5 seconds; nothing was written; see who does with `fuser {path}`, and run again"
    )]
    Busy {
        /// The path.
        path: String,
    },
    /// No room.
    #[error(
        "store `{path}`: there is no room left to write ({why}); this run was not saved, earlier ones are whole; free some space or prune the store"
    )]
    Full {
        /// The path.
        path: String,
        /// What SQLite says.
        why: String,
    },
    /// The disk refuses.
    #[error(
        "store `{path}`: reading or writing failed ({why}); look for a failing disk, a quota or a limit on file sizes, and for a network share, which cannot hold a store"
    )]
    Io {
        /// The path.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A time that is none.
    #[error("store `{path}`: the run was not saved, because its time `{time}` cannot be read: {why}")]
    Time {
        /// The path.
        path: String,
        /// The time.
        time: String,
        /// What is wrong with it.
        why: String,
    },
    /// A run that is not there.
    #[error(
        "store `{path}`: there is no run {run}; it was never saved here, or has been pruned; `muster history` lists those that are there"
    )]
    NoRun {
        /// The path.
        path: String,
        /// Its number.
        run: i64,
    },
    /// Data that cannot be read back.
    #[error(
        "store `{path}`: {what} cannot be read back: {why}; the file was changed by something else than muster, or is damaged"
    )]
    Content {
        /// The path.
        path: String,
        /// Which.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A store of its own where the copy of a shared one should be.
    #[error(
        "store `{path}`: it has {runs} runs of its own, and is no copy of a shared store; it was not touched; leave `path` out beside `url`, or name another one"
    )]
    NotACopy {
        /// The path.
        path: String,
        /// How many runs it has.
        runs: i64,
    },
    /// Anything else that SQLite says.
    #[error("store `{path}`: {why}")]
    Sql {
        /// The path.
        path: String,
        /// What SQLite says.
        why: String,
    },
}

#[cfg(feature = "sql")]
impl StoreError {
    /// Sorts what the driver says by SQLite's result codes, <https://www.sqlite.org/rescode.html>.
    pub(super) fn of(path: &str, error: &sqlx::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy { path },
            sqlx::Error::Io(_) => Self::Io { path, why },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Content { path, what: "a column".to_owned(), why }
            }
            sqlx::Error::Database(said) => {
                let code = said.code().and_then(|code| code.parse::<i64>().ok()).unwrap_or(0);
                Self::of_code(path, code, format!("{}, SQLite's code {code}", said.message()))
            }
            _ => Self::Sql { path, why },
        }
    }

    /// The lowest byte of an extended code is the plain one.
    pub(super) fn of_code(path: String, code: i64, why: String) -> Self {
        // Its shared memory could not be made larger: a disk without room says so before the file itself is written.
        const NO_ROOM_FOR_SHARED_MEMORY: i64 = 4874;
        match code & 0xff {
            _ if code == NO_ROOM_FOR_SHARED_MEMORY => Self::Full { path, why },
            5 | 6 => Self::Busy { path },
            8 => Self::ReadOnly { path, what: "the file".to_owned(), why },
            10 => Self::Io { path, why },
            11 => Self::Corrupt { path, why },
            13 => Self::Full { path, why },
            14 => Self::Denied { path, what: "the file, or its log beside it,".to_owned(), why },
            26 => Self::NotADatabase { path },
            _ => Self::Sql { path, why },
        }
    }
}
