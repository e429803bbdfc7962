//! Everything that a command started, so that nothing of it outlives the look.
//!
//! Most of it is in the command's process group. What left the group (`setsid`, a daemon) is known by a variable
//! in its environment, or by an ancestor that has it. Only who also lost that ancestor and cleared its environment
//! cannot be found; what such a process still holds open is told as incomplete.

use std::ffi::OsString;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process_group};

/// The variable that children inherit.
pub(super) const MARK: &str = "MUSTER_COMMAND";

/// The family of one command. Whatever is left of it is killed when this goes, also when nobody waits for the
/// answer any more.
pub(super) struct Family {
    mark: String,
    group: Option<Pid>,
}

impl Family {
    /// Of a command that is yet to be started; the mark is not used twice.
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { mark, group: None }
    }

    /// The value of [`MARK`].
    pub(super) fn mark(&self) -> OsString {
        OsString::from(&self.mark)
    }

    /// The command runs, as leader of its own group.
    pub(super) fn led_by(mut self, id: Option<u32>) -> Self {
        self.group = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        self
    }

    /// Ends who stayed in the group.
    pub(super) fn end_group(&mut self) {
        if let Some(group) = self.group.take() {
            // It fails only if nothing is left.
            kill_process_group(group, Signal::KILL).ok();
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // Before the group goes: who has cleared its environment is found through a parent that still lives.
        #[cfg(target_os = "linux")]
        linux::end(&self.mark, self.group);
        self.end_group();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use super::MARK;

    /// Who forks while we look is found in the next round; who was killed forks no more.
    const ROUNDS: usize = 16;

    /// Kills all who carry the mark or descend from the leader or from one who carries it.
    pub(super) fn end(mark: &str, leader: Option<Pid>) {
        let mut killed = BTreeSet::new();
        for _ in 0..ROUNDS {
            let found: Vec<i32> =
                family(mark, leader).into_iter().filter(|pid| killed.insert(*pid)).collect();
            if found.is_empty() {
                return;
            }
            found.into_iter().for_each(kill);
        }
    }

    /// Through a handle, so that a number that was given to another process meanwhile cannot hit it.
    fn kill(pid: i32) {
        let Some(pid) = Pid::from_raw(pid) else { return };
        if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) {
            // It fails if the process is gone, or is not ours to end (after `sudo`).
            pidfd_send_signal(handle, Signal::KILL).ok();
        }
    }

    fn family(mark: &str, leader: Option<Pid>) -> BTreeSet<i32> {
        let parents = parents();
        let wanted = format!("{MARK}={mark}");
        let mut found: BTreeSet<i32> =
            parents.keys().copied().filter(|pid| is_marked(*pid, wanted.as_bytes())).collect();
        let leader = leader.map(|pid| pid.as_raw_nonzero().get());
        found.extend(leader.filter(|pid| parents.contains_key(pid)));
        loop {
            let before = found.len();
            let children = parents.iter().filter(|(_, parent)| found.contains(parent)).map(|(pid, _)| *pid);
            let children: Vec<i32> = children.collect();
            found.extend(children);
            if found.len() == before {
                return found;
            }
        }
    }

    /// Living processes and their parents. One that cannot be read has just ended.
    fn parents() -> BTreeMap<i32, i32> {
        let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(|pid| Some((pid, parent(pid)?))).collect()
    }

    /// `PID (NAME) STATE PARENT …`; the name may hold anything, so the last parenthesis counts.
    fn parent(pid: i32) -> Option<i32> {
        let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let stat = String::from_utf8_lossy(&stat);
        let mut rest = stat.rsplit(") ").next()?.split(' ');
        let is_alive = !matches!(rest.next()?, "Z" | "X");
        rest.next()?.parse().ok().filter(|_| is_alive)
    }

    fn is_marked(pid: i32, wanted: &[u8]) -> bool {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|one| one == wanted)
    }
}
