//! Conditions that no observed value can make true, or none can make false.

use super::allowed::{About, Allowed, parts, possible, same_text};
use super::{Category, Check, ERROR, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::Value;
use crate::policy::Policy;
use crate::rule::node::Cmp;
use crate::rule::ops::compare;
use crate::rule::{Node, Op, Rule};

pub(super) const LINT: Lint = Lint {
    code: &code::IMPOSSIBLE_CONDITION,
    category: Category::Bugs,
    level: ERROR,
    doc: "every condition can be true and can be false",
    page: Page {
        why: "`used > 90 % && used < 80 %` never fails, whatever the disk holds, and `state != \"a\" || state != \"b\"` \
              always does. Both load, both look like a check, and neither is one.",
        bad: "fail: used_ratio > 90.percent && used_ratio < 80.percent",
        good: "fail: used_ratio > 90.percent || free < 2.GiB",
    },
    check: Check::Policy(check),
};

fn check(policy: &Policy, diags: &mut Vec<Diag>) {
    let mut kept = Vec::new();
    if let Some(filter) = &policy.filter {
        of_rule(policy, filter, diags);
        parts(&filter.node, &mut kept);
    }
    let kept: Vec<About<'_>> = kept.into_iter().filter_map(|part| About::of(part, &[])).collect();
    for rung in policy.fail.iter().chain(&policy.warn) {
        let before = diags.len();
        of_rule(policy, &rung.rule, diags);
        if before == diags.len() && !kept.is_empty() {
            diags.extend(removed(&kept, &rung.rule.node));
        }
    }
    let urgency = policy.alert.iter().flat_map(|alert| &alert.urgency.rungs).map(|(_, rule)| rule);
    let ladders = policy.severity.rungs.iter().map(|(_, rule)| rule).chain(urgency);
    for rule in ladders {
        of_rule(policy, rule, diags);
    }
}

fn of_rule(policy: &Policy, rule: &Rule, diags: &mut Vec<Diag>) {
    rule.node.walk(&mut |node| match &node.op {
        Op::All(items) => diags.extend(never(items).or_else(|| opposites(items, "never true", "||"))),
        Op::Any(items) => diags.extend(always(items).or_else(|| opposites(items, "always true", "&&"))),
        Op::InRange(parts, inclusive) => {
            diags.extend(empty(node, parts, *inclusive).or_else(|| beyond(policy, node)));
        }
        Op::Compare(..) => diags.extend(beyond(policy, node)),
        _ => {}
    });
}

/// What all of these let through of each value, with the parts that it comes from.
fn never(items: &[Node]) -> Option<Diag> {
    let about: Vec<About<'_>> = items.iter().filter_map(|item| About::of(item, &[])).collect();
    for (index, one) in about.iter().enumerate() {
        let mut left = one.allowed.clone();
        if left.is_empty(&one.on.ty) {
            return None;
        }
        for other in about.iter().skip(index + 1).filter(|other| other.same(one)) {
            left = left.and(&other.allowed, &one.on.ty);
            if left.is_empty(&one.on.ty) {
                let on = one.on.text.trim();
                let message = format!("no `{on}` is both `{}` and `{}`", shown(one), shown(other));
                return Some(
                    Diag::error(&code::IMPOSSIBLE_CONDITION, message)
                        .at(&other.whole.loc, "never true together")
                        .at(&one.whole.loc, "with this")
                        .help("write `||` if one of them is enough, or correct a limit"),
                );
            }
        }
    }
    None
}

fn always(items: &[Node]) -> Option<Diag> {
    let about: Vec<About<'_>> = items.iter().filter_map(|item| About::of(item, &[])).collect();
    for (index, one) in about.iter().enumerate() {
        let mut others = about.iter().skip(index + 1).filter(|other| other.same(one));
        if let Some(other) = others.find(|other| one.allowed.cover(&other.allowed, &one.on.ty)) {
            let on = one.on.text.trim();
            let message = format!("every `{on}` is `{}` or `{}`", shown(one), shown(other));
            return Some(
                Diag::error(&code::IMPOSSIBLE_CONDITION, message)
                    .at(&other.whole.loc, "one of them always holds")
                    .at(&one.whole.loc, "or this")
                    .help("write `&&` if both must hold, or correct a limit"),
            );
        }
    }
    None
}

/// A condition and its opposite side by side.
fn opposites(items: &[Node], says: &str, instead: &str) -> Option<Diag> {
    let pairs = items.iter().filter_map(|not| match &not.op {
        Op::Not(inner) => Some((not, items.iter().find(|item| same_text(item, inner))?)),
        _ => None,
    });
    let (not, other) = pairs.into_iter().next()?;
    let message = format!("`{}` and `{}` together are {says}", other.text.trim(), not.text.trim());
    let diag = Diag::error(&code::IMPOSSIBLE_CONDITION, message).at(&not.loc, "the opposite");
    Some(diag.at(&other.loc, "of this").help(format!("write `{instead}`, or remove one of the two")))
}

fn shown<'a>(about: &About<'a>) -> &'a str {
    let Node { text, .. } = about.whole;
    text.trim()
}

/// A range in which nothing lies.
fn empty(node: &Node, [item, low, high]: &[Node; 3], inclusive: bool) -> Option<Diag> {
    let (Op::Literal(first), Op::Literal(last)) = (&low.op, &high.op) else { return None };
    let cmp = if inclusive { Cmp::Le } else { Cmp::Lt };
    if compare(cmp, first, last, &item.ty) != Ok(false) {
        return None;
    }
    let message = format!("nothing lies between `{}` and `{}`", low.text.trim(), high.text.trim());
    let help = "the smaller end stands first; `..=` takes in the last one";
    Some(Diag::error(&code::IMPOSSIBLE_CONDITION, message).at(&node.loc, "never true").help(help))
}

/// A limit beyond what the fact can be.
fn beyond(policy: &Policy, node: &Node) -> Option<Diag> {
    let about = About::of(node, &policy.params)?;
    let Allowed::Range(low, high) = &about.allowed else { return None };
    let edge = |limit: &Value| matches!(limit.as_float(), Some(0.0 | 1.0));
    // A parameter of nothing, or of all, is how a rule is switched off.
    let set = About::of(node, &[]).is_none();
    if set && low.iter().chain(high).any(|(limit, _)| edge(limit)) {
        return None;
    }
    let possible = possible(policy, about.on)?;
    let ty = &about.on.ty;
    let (says, why) = if possible.and(&about.allowed, ty).is_empty(ty) {
        ("is never true", "no value of this fact can make it true")
    } else if possible.within(&about.allowed, ty) {
        ("is always true", "every value of this fact makes it true")
    } else {
        return None;
    };
    let bounds = match possible {
        Allowed::Range(_, Some(_)) => "lies between 0 % and 100 %",
        _ => "is never below 0",
    };
    let message = format!("`{}` {says}: `{}` {bounds}", node.text.trim(), about.on.text.trim());
    let diag = Diag::error(&code::IMPOSSIBLE_CONDITION, message).at(&node.loc, why);
    Some(diag.help("correct the limit; a share is written `90.percent`, not `90`"))
}

/// `where` leaves nothing that the rung could be about.
fn removed(kept: &[About<'_>], rung: &Node) -> Option<Diag> {
    let mut all = Vec::new();
    parts(rung, &mut all);
    let about: Vec<About<'_>> = all.into_iter().filter_map(|part| About::of(part, &[])).collect();
    for one in &about {
        let ty = &one.on.ty;
        let against =
            kept.iter().find(|kept| kept.same(one) && one.allowed.and(&kept.allowed, ty).is_empty(ty));
        if let Some(kept) = against {
            let message = format!("`{}` never holds for a row that `where` leaves", shown(one));
            return Some(
                Diag::error(&code::IMPOSSIBLE_CONDITION, message)
                    .at(&one.whole.loc, "never true here")
                    .at(&kept.whole.loc, "only such rows are subjects")
                    .help("widen `where`, or correct the limit"),
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fine, refused, said};
    use super::LINT;

    #[test]
    fn contradictions_are_refused() {
        refused(&LINT, "fail: free > 5.GiB && free < 3.GiB");
        refused(&LINT, "fail: read_only == true && free < 1.GiB && !read_only");
        refused(&LINT, "fail: filesystem == \"ext4\" && filesystem == \"xfs\"");
        refused(&LINT, "fail: filesystem in [\"ext4\"] && filesystem in [\"xfs\", \"zfs\"]");
        refused(&LINT, "where: free > 1.GiB && free <= 1.GiB\nfail: read_only == true");
        refused(&LINT, "fail: 1.GiB < free && free < 1.GiB");
        refused(&LINT, "fail: free in 20.GiB..10.GiB");
        refused(&LINT, "fail: free in 20.GiB..20.GiB");
        refused(&LINT, "fail: free in 20.GiB..=10.GiB");
        fine(&LINT, "fail: free in 20.GiB..=20.GiB");
        fine(&LINT, "fail: free in 10.GiB..20.GiB");
    }

    #[test]
    fn tautologies_are_refused() {
        refused(&LINT, "fail: filesystem != \"ext4\" || filesystem != \"xfs\"");
        refused(&LINT, "fail: free < 5.GiB || free > 3.GiB");
        refused(&LINT, "fail: read_only == true || !read_only");
        refused(&LINT, "fail: known(free) || !known(free)");
        refused(&LINT, "fail: free < 1.GiB && (known(total) && !known(total))");
    }

    #[test]
    fn limits_that_no_value_reaches_are_refused() {
        refused(&LINT, "fail: used_ratio > 100.percent");
        refused(&LINT, "fail: used_ratio > 90.percent || free < 0.GiB");
        refused(&LINT, "fail: free >= 0.GiB");
        refused(&LINT, "fail: free < 1.MiB * 0");
        refused(&LINT, "fail: (inodes_used_ratio ?? 0.percent) > 100.percent");
        refused(&LINT, "params: { at: 120% }\nfail: used_ratio > params.at");
    }

    #[test]
    fn rows_that_where_removes_cannot_fail() {
        refused(&LINT, "where: free > 5.GiB\nfail: free < 1.GiB && read_only == false");
        refused(&LINT, "where: filesystem == \"ext4\"\nfail: [free < 1.GiB, filesystem == \"xfs\"]");
    }

    #[test]
    fn conditions_that_may_hold_are_fine() {
        fine(&LINT, "where: free > 1.GiB\nfail: used_ratio > 80.percent && used_ratio < 95.percent");
        fine(&LINT, "fail: filesystem != \"ext4\" && filesystem != \"xfs\"");
        fine(&LINT, "fail: free < 5.GiB || used_ratio >= 100.percent");
        fine(&LINT, "fail: free < 3.GiB || free > 5.GiB");
        fine(&LINT, "fail: (inodes_used_ratio ?? 100.percent) > 90.percent");
        fine(&LINT, "fail: known(free) || !known(total)");
        fine(&LINT, "params: { low: 0B }\nfail: free > 1.GiB && free < params.low && params.low > 0.bytes");
        fine(
            &LINT,
            "observe: { usage: { probe: disk.usage, before: previous } }\nfail: side == \"both\" && free < before.free",
        );
    }

    #[test]
    fn the_place_is_that_of_the_guilty_part() {
        let found = said(&LINT, "fail: read_only == true || used_ratio > 101.percent");
        assert_eq!(found[0].labels[0].loc.text(), "used_ratio > 101.percent");
        assert!(found[0].message.contains("between 0 % and 100 %"), "{found:?}");
    }
}
