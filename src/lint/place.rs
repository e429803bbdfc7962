//! Places that a checked policy no longer has.

use crate::policy::Policy;
use crate::source::Loc;

/// The first line of a key of a policy that is written in block style; the key itself.
pub(super) fn of_key(policy: &Policy, key: &str) -> Option<Loc> {
    if key == "policy" {
        return Some(policy.loc.clone());
    }
    let text = &*policy.loc.source.text;
    let id = policy.loc.start as usize;
    let begins = |line: &str| line.starts_with("---");
    let start = text.get(..id)?.rfind("\n---").map_or(0, |at| at + 1);
    let mut at = start;
    for line in text.get(start..)?.split_inclusive('\n') {
        if begins(line) && at > id {
            return None;
        }
        if line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':')) {
            return Some(policy.loc.with(at, at + key.len()));
        }
        at += line.len();
    }
    None
}
