//! What another user may do with a path, asked of the kernel without doing it.
//!
//! The question is asked on a thread of its own that has the rights of that user: in Linux these belong to the thread. Its
//! real and saved numbers stay ours, so that the other user can neither signal nor trace it; it ends after the answer.

use std::collections::BTreeSet;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::{Gid, Uid, getegid, geteuid, getgroups};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};

use crate::fact::{Cause, Level, Missing};
use crate::probe::path::{self, quoted};
use crate::probe::users;

/// A user with all groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    shown: String,
    user: u32,
    group: u32,
    groups: BTreeSet<u32>,
    /// Groups were named besides those of the lists.
    extended: bool,
}

impl Account {
    /// By name or number, with further groups. The lists are `/etc/passwd` and `/etc/group`.
    pub(super) fn find(user: &str, further: &[String]) -> Result<Self, Missing> {
        let (passwd, group) = (list("/etc/passwd")?, list("/etc/group")?);
        Self::of(user, further, &passwd, &group)
    }

    fn of(user: &str, further: &[String], passwd: &str, groups: &str) -> Result<Self, Missing> {
        let further = further.iter().map(|name| group(name, groups)).collect::<Result<Vec<_>, _>>()?;
        let entries = passwd.lines().filter_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            let number: u32 = parts.nth(1)?.parse().ok()?;
            Some((name, number, parts.next()?.parse::<u32>().ok()?))
        });
        let number = user.parse::<u32>().ok();
        let mut entries = entries.filter(|(name, id, _)| *name == user || Some(*id) == number);
        let (name, id, main) = match (entries.next(), number, further.first()) {
            (Some(entry), _, _) => entry,
            (None, Some(number), Some(main)) => (user, number, *main),
            (None, Some(_), None) => {
                let what = format!("`/etc/passwd` has no user {user}, so its groups are not known");
                return Err(unknown(what).fix("name them: `groups: [\"1000\"]`, its main group first"));
            }
            (None, None, _) => {
                let what = format!("`/etc/passwd` has no user `{user}`");
                return Err(unknown(what).fix(format!(
                    "id {}  # write its number as `user`, and its groups as `groups`",
                    quoted(user)
                )));
            }
        };
        let extended = !further.is_empty();
        let mut all: BTreeSet<u32> = further.into_iter().collect();
        all.insert(main);
        all.extend(memberships(name, groups));
        Ok(Self { shown: user.to_owned(), user: id, group: main, groups: all, extended })
    }

    /// May this user write there? In a directory: make and remove files. Runs on the thread that called it, whose
    /// rights are those of the user from now on.
    pub(super) fn may_write(&self, path: &str, is_directory: bool) -> Result<bool, Missing> {
        self.become_it()?;
        let search = if is_directory { Access::EXEC_OK } else { Access::empty() };
        match accessat(CWD, path, Access::WRITE_OK | search, AtFlags::EACCESS) {
            Ok(()) => Ok(true),
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Ok(false),
            Err(Errno::NOSYS) => Err(Missing::new(
                Cause::Unsupported,
                "this kernel cannot be asked for another user (Linux 5.8 and later can)",
            )
            .level(Level::Field)),
            Err(error) => Err(path::fault(path, error)),
        }
    }

    fn become_it(&self) -> Result<(), Missing> {
        let ours: BTreeSet<u32> = getgroups()
            .map_err(|error| self.refused(error))?
            .into_iter()
            .chain([getegid()])
            .map(Gid::as_raw)
            .collect();
        let is_own = geteuid().as_raw() == self.user && (!self.extended || self.groups.is_subset(&ours));
        // Of our own user what counts is what the kernel holds, not what the lists say.
        if !is_own {
            let groups: Vec<Gid> = self.groups.iter().map(|id| Gid::from_raw(*id)).collect();
            set_thread_groups(&groups)
                .and_then(|()| set_thread_res_gid(None, Gid::from_raw(self.group), None))
                .and_then(|()| set_thread_res_uid(None, Uid::from_raw(self.user), None))
                .map_err(|error| self.refused(error))?;
        }
        if self.user == 0 {
            return Ok(());
        }
        // A right of ours to pass over modes must not answer for a user who has none.
        let none = CapabilitySet::empty();
        let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
        set_capabilities(None, sets).map_err(|error| self.refused(error))
    }

    fn refused(&self, error: Errno) -> Missing {
        let (me, user) = (users::me(), &self.shown);
        let what = format!("`{me}` may not ask with the rights of `{user}`: {error}");
        Missing::new(Cause::Denied, what).level(Level::Field).fix(format!(
            "run muster as root (CAP_SETUID and CAP_SETGID), or as this user: sudo -u {} muster …",
            quoted(user)
        ))
    }
}

fn list(path: &str) -> Result<String, Missing> {
    let read = std::fs::read(path).map_err(|error| path::io_fault(path, &error).level(Level::Field))?;
    Ok(String::from_utf8_lossy(&read).into_owned())
}

fn unknown(what: String) -> Missing {
    Missing::new(Cause::Absent, what).level(Level::Field)
}

/// `name:x:number:member,member`.
fn group(name: &str, groups: &str) -> Result<u32, Missing> {
    let of_line = |line: &str| {
        let mut parts = line.split(':');
        (parts.next() == Some(name)).then(|| parts.nth(1)?.parse::<u32>().ok())?
    };
    let found = groups.lines().find_map(of_line).or_else(|| name.parse().ok());
    found.ok_or_else(|| unknown(format!("`/etc/group` has no group `{name}`")).fix("write its number"))
}

fn memberships<'a>(user: &'a str, groups: &'a str) -> impl Iterator<Item = u32> + 'a {
    groups.lines().filter_map(move |line| {
        let mut parts = line.split(':');
        let number = parts.nth(2)?.parse::<u32>().ok()?;
        parts.next()?.split(',').any(|member| member == user).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nshop:x:998:997::/srv:/bin/false\n";
    const GROUPS: &str = "root:x:0:\nshop:x:997:\nuploads:x:501:other,shop\nworkshop:x:502:workshop\n";

    fn account(user: &str, further: &[&str]) -> Result<Account, Missing> {
        let further: Vec<String> = further.iter().map(|name| (*name).to_owned()).collect();
        Account::of(user, &further, PASSWD, GROUPS)
    }

    #[test]
    fn a_user_has_the_groups_of_the_lists_and_those_that_are_named() {
        let shop = account("shop", &[]).unwrap();
        assert_eq!((shop.user, shop.group), (998, 997));
        assert_eq!(shop.groups, BTreeSet::from([501, 997]), "and not that of a name that ends so");
        assert_eq!(account("998", &["700"]).unwrap().groups, BTreeSet::from([501, 700, 997]));
        assert_eq!(account("shop", &["workshop"]).unwrap().groups, BTreeSet::from([501, 502, 997]));
    }

    #[test]
    fn a_number_without_an_entry_needs_its_groups() {
        let why = account("4000", &[]).unwrap_err();
        assert_eq!(why.cause, Cause::Absent);
        assert!(why.fix.unwrap().contains("groups"));
        let known = account("4000", &["4001", "uploads"]).unwrap();
        assert_eq!((known.user, known.group), (4000, 4001));
        assert_eq!(account("nobody-of-that-name", &[]).unwrap_err().cause, Cause::Absent);
        assert_eq!(account("shop", &["no-such-group"]).unwrap_err().cause, Cause::Absent);
    }
}
