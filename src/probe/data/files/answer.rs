//! The one row of the answer.

use std::path::PathBuf;
use std::sync::Arc;

use super::question::Depth;
use super::tally::{SORTS, Sort, Tally};
use crate::fact::{Cause, Level, Missing, RowBuilder, Table, Value};
use crate::probe::Ask;

/// Everything that was found.
pub(super) struct Found {
    pub(super) depth: Depth,
    pub(super) rows: u64,
    pub(super) nameless: u64,
    /// Entries of the tree, if it was listed.
    pub(super) files: Option<u64>,
    /// Entries that `ignore` left out of it.
    pub(super) ignored: Option<u64>,
    /// There is no file at all, and rows name some.
    pub(super) is_empty: bool,
    /// Somebody looked whether each of them may be read.
    pub(super) looked_at_modes: bool,
    pub(super) lists: Option<PathBuf>,
    pub(super) root: String,
    pub(super) tally: Tally,
}

/// The answer where there is no tree to compare with: one word, and one fault for all the rest.
pub(super) fn absent(ask: &Ask<'_>, word: &'static str, why: Missing) -> Table {
    let mut table = ask.table();
    let why = Arc::new(why.level(Level::Row));
    let row = (0..table.width()).fold(table.row(), |row, at| row.at(at, Err(Arc::clone(&why))));
    row.set("tree", Value::text(word)).push();
    table.finish()
}

/// The answer.
pub(super) fn table(ask: &Ask<'_>, mut found: Found) -> Table {
    let mut table = ask.table();
    let shut = std::mem::take(&mut found.tally.shut).why();
    let listed = found.files.is_some();
    let tally = &found.tally;
    let mut row = table
        .row()
        .set("tree", Value::text(if found.is_empty { "empty" } else { "there" }))
        .set("method", Value::text(if listed { "listing" } else { "lookups" }))
        .set("references", Value::count(found.rows))
        .set("nameless", Value::count(found.nameless))
        .set_or_null("files", found.files.map(Value::count))
        .set_or_null("ignored", found.ignored.map(Value::count))
        .set_or_null("young", listed.then(|| Value::count(tally.young)))
        .set_or_null("checked_size", asked(&found, Sort::Size).then(|| Value::count(tally.checked_size)))
        .set_or_null(
            "checked_content",
            (found.depth == Depth::Content).then(|| Value::count(tally.checked_content)),
        )
        .set_or_null(
            "not_compared",
            (found.depth != Depth::Existence).then(|| Value::count(tally.not_compared)),
        )
        .set_or_null("lists", found.lists.as_ref().map(|folder| Value::text(folder.to_string_lossy())));
    for (sort, count, paths) in SORTS {
        row = sorted(row, &found, sort, count, paths);
    }
    row.push();
    if let Some(why) = shut {
        table.cut(why);
    } else if found.tally.count(Sort::Changing) > 0 {
        let what = format!(
            "{} files were written while they were read, and nothing is said of their content: {}",
            found.tally.count(Sort::Changing),
            found.tally.paths(Sort::Changing).join(", ")
        );
        table.cut(Missing::new(Cause::Incomplete, what));
    }
    table.finish()
}

fn sorted<'a>(
    row: RowBuilder<'a>,
    found: &Found,
    sort: Sort,
    count: &'static str,
    paths: &'static str,
) -> RowBuilder<'a> {
    if !asked(found, sort) {
        return row.set(count, Value::Null).set(paths, Value::Null);
    }
    match ignored(found, sort).or_else(|| unknown(found, sort)) {
        Some(why) => row.missing(count, &why).missing(paths, &why),
        None => row
            .set(count, Value::count(found.tally.count(sort)))
            .set(paths, Value::texts(found.tally.paths(sort))),
    }
}

/// Was it looked for at all?
fn asked(found: &Found, sort: Sort) -> bool {
    match sort {
        Sort::Extra | Sort::Form => found.files.is_some(),
        Sort::Unreadable => {
            found.looked_at_modes || found.tally.count(sort) > 0 || found.rows == found.nameless
        }
        Sort::Owner => found.tally.checked_owner > 0 || found.tally.named == 0,
        // A digest says more than a size, which the query need not give then.
        Sort::Size => found.depth == Depth::Size || found.tally.checked_size > 0,
        Sort::Content | Sort::Changing | Sort::BadDigest => found.depth == Depth::Content,
        _ => true,
    }
}

/// A pattern that leaves out everything leaves out what no row names, too.
fn ignored(found: &Found, sort: Sort) -> Option<Arc<Missing>> {
    let many = found.ignored.filter(|many| *many > 0 && sort == Sort::Extra && found.files == Some(0))?;
    let what = format!("`ignore` leaves out all that is at `{}`: {many} entries", found.root);
    let why = Missing::new(Cause::Empty, what).level(Level::Row);
    Some(Arc::new(why.fix("narrow `ignore`, or correct `root`")))
}

/// A comparison in which nothing was compared is not one in which nothing differs.
fn unknown(found: &Found, sort: Sort) -> Option<Arc<Missing>> {
    let tally = &found.tally;
    let said = |cause, what: String, fix: &str| {
        Some(Arc::new(Missing::new(cause, what).level(Level::Row).fix(fix.to_owned())))
    };
    let whose = &found.root;
    let closed = || {
        let what = format!(
            "nothing was compared: {} files cannot be read, for example `{}`",
            tally.count(Sort::Unreadable),
            tally.paths(Sort::Unreadable).first().map_or("", |path| path)
        );
        said(Cause::Denied, what, "let muster read the files, and look at `unreadable_paths`")
    };
    match sort {
        Sort::Extra | Sort::Outside => None,
        Sort::Repeated if found.rows > found.nameless => None,
        _ if found.rows == found.nameless => said(
            Cause::Empty,
            format!("the query names no file, so that nothing of `{whose}` was compared"),
            "correct the query; an empty table after a migration is a finding of its own",
        ),
        Sort::Content if tally.count(Sort::BadDigest) > 0 => said(
            Cause::WrongType,
            format!(
                "{} rows hold no digest of that algorithm, for example that of `{}`",
                tally.count(Sort::BadDigest),
                tally.paths(Sort::BadDigest).first().map_or("", |path| path)
            ),
            "set `algorithm`, and let the query give the digest in hexadecimal or base64",
        ),
        Sort::Size if tally.checked_size == 0 && tally.count(Sort::Unreadable) > 0 => closed(),
        Sort::Content if tally.checked_content == 0 && tally.count(Sort::Unreadable) > 0 => closed(),
        Sort::Size if tally.checked_size == 0 && compared(tally) => {
            said(Cause::Empty, "no row has a size".to_owned(), "correct `size` of the query")
        }
        Sort::Content if tally.checked_content == 0 && compared(tally) => said(
            Cause::Empty,
            "no content was compared: no row of the sample has a digest".to_owned(),
            "correct `digest` of the query, or raise `sample`",
        ),
        _ => None,
    }
}

/// Was there a file to compare with?
fn compared(tally: &Tally) -> bool {
    let others = [Sort::Missing, Sort::NotFile, Sort::Size, Sort::Changing];
    tally.named > others.iter().map(|sort| tally.count(*sort)).sum()
}
