//! Names of users and groups, from `/etc/passwd` and `/etc/group`.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;

use crate::fact::{Cause, Cell, Level, Missing, Value};

/// Numbers and their names.
pub(crate) struct Names {
    known: Result<HashMap<u32, Arc<str>>, Arc<Missing>>,
}

impl Names {
    /// Users.
    pub(crate) fn users() -> Self {
        Self::read("/etc/passwd")
    }

    /// Groups.
    pub(crate) fn groups() -> Self {
        Self::read("/etc/group")
    }

    /// A file that is not there (a bare container) leaves the numbers, and the name of 0, which is the same
    /// everywhere. One that cannot be read leaves nothing: a number would differ from the name in a rule.
    fn read(path: &str) -> Self {
        let known = match std::fs::read(path) {
            Ok(text) => Ok(parse(&String::from_utf8_lossy(&text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(parse("root:x:0:")),
            Err(error) => {
                let why = Missing::new(Cause::Denied, format!("`{path}` could not be read: {error}"));
                Err(Arc::new(why.level(Level::Field).fix(format!("chmod a+r {path}"))))
            }
        };
        Self { known }
    }

    /// The name, or the number if it has none; remembered, because the next file has the same.
    pub(crate) fn cell(&mut self, id: u32) -> Cell {
        let known = self.known.as_mut().map_err(|why| Arc::clone(why))?;
        let name = known.entry(id).or_insert_with(|| Arc::from(id.to_string()));
        Ok(Value::Text(Arc::clone(name)))
    }
}

/// `name:x:number:…`; the first line of a number is its name.
fn parse(text: &str) -> HashMap<u32, Arc<str>> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut parts = line.split(':');
        let (name, number) = (parts.next(), parts.nth(1).and_then(|number| number.parse().ok()));
        if let (Some(name), Some(number)) = (name.filter(|name| !name.is_empty()), number) {
            names.entry(number).or_insert_with(|| Arc::from(name));
        }
    }
    names
}

/// Number and main group of a user of that name.
pub(crate) fn user(name: &str) -> Result<Option<(u32, u32)>, Missing> {
    let text = list("/etc/passwd")?;
    Ok(text.lines().find_map(|line| {
        let mut parts = line.strip_prefix(name)?.strip_prefix(':')?.split(':').skip(1);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }))
}

/// Numbers of the groups of which a user is a member besides the main one.
pub(crate) fn groups_of(name: &str) -> Result<Vec<u32>, Missing> {
    let text = list("/etc/group")?;
    let member = |line: &str| {
        let mut parts = line.split(':').skip(2);
        let number = parts.next()?.parse().ok()?;
        parts.next()?.split(',').any(|member| member == name).then_some(number)
    };
    Ok(text.lines().filter_map(member).collect())
}

fn list(path: &str) -> Result<String, Missing> {
    let text = std::fs::read(path).map_err(|error| super::path::io_fault(path, &error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The user that muster runs as.
pub(crate) fn me() -> String {
    let id = rustix::process::geteuid().as_raw();
    match Names::users().cell(id) {
        Ok(Value::Text(name)) => name.to_string(),
        _ => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_numbers_stay() {
        let mut names = Names { known: Ok(parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:\n:x:5:\nbad\n")) };
        assert_eq!(names.cell(0), Ok(Value::text("root")));
        assert_eq!(names.cell(5), Ok(Value::text("5")));
    }

    #[test]
    fn a_user_is_found_by_name() {
        assert_eq!(user("root").unwrap(), Some((0, 0)));
        assert_eq!(user("roo").unwrap(), None);
        assert_eq!(user("root:x").unwrap(), None);
        assert!(groups_of("nobody-of-that-name").unwrap().is_empty());
    }

    #[test]
    fn an_unreadable_list_gives_no_number_for_a_name() {
        let mut names = Names::read("/proc/self/mem");
        assert_eq!(names.cell(0).unwrap_err().cause, Cause::Denied);
        let mut bare = Names::read("/nowhere/passwd");
        assert_eq!(bare.cell(0), Ok(Value::text("root")));
    }
}
