//! Names of users and groups, from `/etc/passwd` and `/etc/group`.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::fact::{Cause, Cell, Level, Missing, Value};

/// Names by their numbers.
type Known = Arc<HashMap<u32, Arc<str>>>;

/// Numbers and their names.
pub(crate) struct Names {
    known: Result<Known, Arc<Missing>>,
    /// Numbers without a name, which the next file has too.
    nameless: HashMap<u32, Arc<str>>,
}

/// A list as it was read last: thousands of questions in one run would read it thousands of times.
struct Read(Mutex<Option<(Looks, Known)>>);

/// Whatever changes a list changes one of these: device, number, size and time of its file.
type Looks = (u64, u64, u64, i64, i64);

static USERS: Read = Read(Mutex::new(None));
static GROUPS: Read = Read(Mutex::new(None));

impl Read {
    fn of(&self, path: &str) -> std::io::Result<Known> {
        let data = std::fs::metadata(path)?;
        let looks = (data.dev(), data.ino(), data.size(), data.ctime(), data.ctime_nsec());
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = last.as_ref().filter(|(seen, _)| *seen == looks) {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(parse(&String::from_utf8_lossy(&std::fs::read(path)?)));
        *last = Some((looks, Arc::clone(&known)));
        Ok(known)
    }
}

impl Names {
    /// Users.
    pub(crate) fn users() -> Self {
        Self::read("/etc/passwd", &USERS)
    }

    /// Groups.
    pub(crate) fn groups() -> Self {
        Self::read("/etc/group", &GROUPS)
    }

    /// A file that is not there (a bare container) leaves the numbers, and the name of 0, which is the same
    /// everywhere. One that cannot be read leaves nothing: a number would differ from the name in a rule.
    fn read(path: &str, last: &Read) -> Self {
        let known = match last.of(path) {
            Ok(known) => Ok(known),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Arc::new(parse("root:x:0:"))),
            Err(error) => {
                let why = Missing::new(Cause::Denied, format!("`{path}` could not be read: {error}"));
                Err(Arc::new(why.level(Level::Field).fix(format!("chmod a+r {path}"))))
            }
        };
        Self { known, nameless: HashMap::new() }
    }

    /// The name, or the number if it has none.
    pub(crate) fn cell(&mut self, id: u32) -> Cell {
        let known = self.known.as_ref().map_err(Arc::clone)?;
        let name = match known.get(&id) {
            Some(name) => name,
            None => self.nameless.entry(id).or_insert_with(|| Arc::from(id.to_string())),
        };
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
        let known = Ok(Arc::new(parse("root:x:0:0::/root:/bin/sh\ntoor:x:0:\n:x:5:\nbad\n")));
        let mut names = Names { known, nameless: HashMap::new() };
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
        let mut names = Names::read("/proc/self/mem", &Read(Mutex::new(None)));
        assert_eq!(names.cell(0).unwrap_err().cause, Cause::Denied);
        let mut bare = Names::read("/nowhere/passwd", &Read(Mutex::new(None)));
        assert_eq!(bare.cell(0), Ok(Value::text("root")));
    }

    #[test]
    fn a_list_that_changed_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let (list, last) = (dir.path().join("passwd"), Read(Mutex::new(None)));
        let name = || Names::read(list.to_str().unwrap(), &last).cell(5);
        std::fs::write(&list, "a:x:5:5").unwrap();
        assert_eq!(name(), Ok(Value::text("a")));
        // Of one size, as an editor writes it: another file in its place.
        std::fs::write(dir.path().join("new"), "b:x:5:5").unwrap();
        std::fs::rename(dir.path().join("new"), &list).unwrap();
        assert_eq!(name(), Ok(Value::text("b")));
        std::fs::remove_file(&list).unwrap();
        assert_eq!(name(), Ok(Value::text("5")));
    }
}
