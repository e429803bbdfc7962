//! `file.stat`: named files.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::fact::{Cause, Level, Missing, Request, TableBuilder, Value};
use crate::probe::{Answer, Ask, Context, Observing, Probe, blocking};

/// The body of `file.stat`.
pub(in crate::probe) struct Stat;

impl Probe for Stat {
    fn observe<'a>(&'a self, ask: &'a Ask<'a>, _cx: &'a Context) -> Observing<'a> {
        let request = ask.request.clone();
        let table = ask.table();
        Box::pin(async move { blocking(move || Ok(Answer::new(look(&request, table)?))).await })
    }
}

fn look(request: &Request, mut table: TableBuilder) -> Result<crate::fact::Table, Missing> {
    let paths = [request.args.texts("path"), request.args.texts("paths")].concat();
    if paths.is_empty() {
        return Err(Missing::new(Cause::Empty, "neither `path` nor `paths` names a file"));
    }
    let follow = request.args.flag("follow");
    for path in paths {
        one(request, &mut table, &path, follow);
    }
    Ok(table.finish())
}

fn one(_request: &Request, table: &mut TableBuilder, path: &Arc<str>, follow: bool) {
    let found = if follow { std::fs::metadata(&**path) } else { std::fs::symlink_metadata(&**path) };
    let row = table.row().set("path", Value::Text(Arc::clone(path)));
    match found {
        Ok(meta) => row
            .set("exists", Value::Bool(true))
            .set("type", Value::text(kind(&meta)))
            .set("size", Value::bytes(meta.len()))
            .set("modified", modified(&meta))
            .push(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            row.set("exists", Value::Bool(false)).push();
        }
        Err(error) => {
            let why = Arc::new(
                Missing::new(Cause::Denied, format!("{}: {error}", Path::new(&**path).display()))
                    .level(Level::Row),
            );
            row.missing("exists", &why).push();
        }
    }
}

fn kind(meta: &Metadata) -> &'static str {
    let ty = meta.file_type();
    if ty.is_socket() {
        "socket"
    } else if ty.is_dir() {
        "directory"
    } else {
        "file"
    }
}

fn modified(meta: &Metadata) -> Value {
    Timestamp::from_second(meta.mtime()).map_or(Value::Null, Value::time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::probe::testing::{ask, value};

    #[test]
    fn a_file_that_is_not_there_is_said_to_be_absent() {
        let answer = ask("file.stat", json!({"path": "/nowhere/at/all"})).run().unwrap();
        assert_eq!(value(&answer, 0, "exists"), Value::Bool(false));
    }
}
