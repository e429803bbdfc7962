//! A policy that judges what another one judges, under another id.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use super::{Category, Check, ERROR, Input, Lint, Page};
use crate::diag::{Diag, code};
use crate::fact::Value;
use crate::policy::cores::on_all_cores;
use crate::policy::model::{Arg, Observe, Tier, ViewKind};
use crate::policy::{Expect, Policy, Selector};
use crate::rule::Rule;
use crate::rule::node::Node;

pub(super) const LINT: Lint = Lint {
    code: &code::COPIED_POLICY,
    category: Category::Bugs,
    level: ERROR,
    doc: "no policy judges exactly what another one judges",
    page: Page {
        why: "Every finding comes twice, with two ids and perhaps two owners. A waiver or an override of one of them \
              changes nothing about the other, and whoever loosens one believes that it is done.",
        bad: "targets: { web: { type: host } }\n\
              ---\npolicy: disk-full\nfail: used_ratio > 90.percent\n\
              ---\npolicy: disk-used-up   # here\nfail: used_ratio > 90.percent",
        good: "targets: { web: { type: host } }\n\
               ---\npolicy: disk-full\nfail: used_ratio > 90.percent\n\
               ---\npolicy: disk-inodes-full\nfail: (inodes_used_ratio ?? 0.percent) > 90.percent",
    },
    check: Check::Project(check),
};

fn check(input: &Input<'_>, diags: &mut Vec<Diag>) {
    let prints = on_all_cores(input.policies, |policy| *policy.judges.get_or_init(|| print(policy)));
    let mut first: HashMap<u64, &Policy> = HashMap::with_capacity(prints.len());
    for (policy, print) in input.policies.iter().zip(prints) {
        let Some(other) = first.get(&print) else {
            first.insert(print, policy);
            continue;
        };
        // One id twice is refused when policies are loaded.
        if other.id == policy.id {
            continue;
        }
        let message = format!("`{}` judges exactly what `{}` judges", policy.id, other.id);
        diags.push(
            Diag::error(&code::COPIED_POLICY, message)
                .at(&policy.loc, "the same under another id")
                .at(&other.loc, "judged here already")
                .help("keep one of them; what differs by target belongs into an override"),
        );
    }
}

/// Equal for policies that judge alike: white space, messages and metadata do not count.
fn print(policy: &Policy) -> u64 {
    let mut hash = Bytes(Vec::with_capacity(1024));
    selector(&policy.target, &mut hash);
    for also in &policy.also {
        also.name.hash(&mut hash);
        selector(&also.selector, &mut hash);
        (&also.same, also.many).hash(&mut hash);
    }
    policy.observe.iter().for_each(|observe| observation(observe, &mut hash));
    related(policy, &mut hash);
    policy.alert.is_some().hash(&mut hash);
    // The gate judges those of its tier and no others, so that the same may have to hold there and day by day.
    (policy.tier == Tier::Release).hash(&mut hash);
    expected(&policy.expect, &mut hash);
    for param in &policy.params {
        param.name.hash(&mut hash);
        value(&param.default, &mut hash);
    }
    rules(policy.when.as_deref().into_iter().chain(policy.filter.as_deref()), &mut hash);
    for shared in &policy.lets {
        shared.name.hash(&mut hash);
        text(&shared.rule.node, &mut hash);
    }
    rules(policy.fail.iter().map(|rung| &rung.rule), &mut hash);
    rules(policy.warn.iter().map(|rung| &rung.rule), &mut hash);
    policy.script.as_ref().map(|script| &script.text).hash(&mut hash);
    let mut whole = DefaultHasher::new();
    whole.write(&hash.0);
    whole.finish()
}

/// Everything in a row, because hashing many small pieces takes several times as long.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn rules<'a>(rules: impl Iterator<Item = &'a Rule>, hash: &mut Bytes) {
    for rule in rules {
        text(&rule.node, hash);
    }
    0xff_u8.hash(hash);
}

/// The words of an expression. Names mean the same in two policies that observe the same.
fn text(node: &Node, hash: &mut Bytes) {
    for word in node.text.split_whitespace() {
        hash.write(word.as_bytes());
        hash.write(b" ");
    }
    0xfe_u8.hash(hash);
}

fn selector(selector: &Selector, hash: &mut Bytes) {
    (&selector.kind, &selector.others, &selector.labels).hash(hash);
    selector.name.as_ref().map(|glob| glob.glob().glob()).hash(hash);
}

fn observation(observe: &Observe, hash: &mut Bytes) {
    (&observe.name, observe.probe.name, observe.on, observe.max_age, observe.exact).hash(hash);
    for (name, arg, _) in &observe.args {
        name.hash(hash);
        match arg {
            Arg::Value(given) => value(given, hash),
            Arg::Param(index) => (1_u8, index).hash(hash),
        }
    }
    for field in observe.asked.fields.iter().skip(observe.probe.facts.len()) {
        (&field.name, field.ty.to_string()).hash(hash);
    }
    for pointer in &observe.pointers {
        (&pointer.at, &pointer.unit).hash(hash);
    }
    observe.asked.key.hash(hash);
    if observe.before.is_some() || observe.history.is_some() {
        format!("{:?}{:?}", observe.before, observe.history).hash(hash);
    }
}

fn related(policy: &Policy, hash: &mut Bytes) {
    policy.each.hash(hash);
    for view in &policy.views {
        match &view.kind {
            ViewKind::Observed(_) | ViewKind::Before(_) => {}
            ViewKind::Join(join) => (&view.rows.name, join.sides, &join.by).hash(hash),
            ViewKind::Group(group) => {
                (&view.rows.name, group.of, &group.by).hash(hash);
                group.lets.iter().for_each(|rule| text(&rule.node, hash));
            }
        }
    }
}

fn expected(expect: &Expect, hash: &mut Bytes) {
    match expect {
        Expect::Default => 0_u8.hash(hash),
        Expect::Some => 1_u8.hash(hash),
        Expect::Any => 2_u8.hash(hash),
        Expect::List(names) => (3_u8, names).hash(hash),
        Expect::Param(index) => (4_u8, index).hash(hash),
        Expect::Keys(view) => (5_u8, view).hash(hash),
    }
}

fn value(value: &Value, hash: &mut Bytes) {
    match value {
        Value::Int(int) => int.hash(hash),
        Value::Float(float) => float.to_bits().hash(hash),
        Value::Text(text) => text.hash(hash),
        Value::Bool(bool) => bool.hash(hash),
        other => format!("{other:?}").hash(hash),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{policy, said_of};
    use super::LINT;

    fn said(a: &str, b: &str) -> usize {
        let (a, b) = (format!("policy: a\n{a}"), format!("policy: b\n{b}"));
        said_of(&LINT, "", &[policy(&a), policy(&b)]).len()
    }

    #[test]
    fn white_space_and_words_for_people_do_not_make_another_policy() {
        let a = "fail: free < 1.GiB && read_only == true\nmessage: \"{{ free }}\"";
        assert_eq!(said(a, "severity: low\nfail:   free <  1.GiB   &&   read_only == true"), 1);
        assert_eq!(
            said(
                "params: { x: 90% }\nfail: used_ratio > params.x",
                "params: { x: 90% }\nfail: used_ratio > params.x"
            ),
            1
        );
    }

    #[test]
    fn whatever_changes_a_verdict_makes_another_policy() {
        let a = "fail: free < 1.GiB";
        assert_eq!(said(a, "fail: free < 2.GiB"), 0);
        assert_eq!(said(a, "warn: free < 1.GiB"), 0);
        assert_eq!(said(a, "where: total > 1.GiB\nfail: free < 1.GiB"), 0);
        assert_eq!(said(a, "fail: free < 1.GiB\nexpect: [/]"), 0);
        assert_eq!(said(a, "fail: free < 1.GiB\ntarget: { type: host, name: a }"), 0);
        assert_eq!(
            said(a, "fail: free < 1.GiB\nobserve: { usage: { probe: disk.usage, with: { paths: [/] } } }"),
            0
        );
        assert_eq!(
            said(
                "params: { x: 90% }\nfail: used_ratio > params.x",
                "params: { x: 80% }\nfail: used_ratio > params.x"
            ),
            0
        );
        let alert = "fail: free < 1.GiB\nalert: { urgency: page, context: [free] }";
        assert_eq!(said(a, alert), 0, "one for people, one for the audit");
    }
}
