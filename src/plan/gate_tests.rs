//! Who is asked with what, inside and outside of a gate.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fact::{Cause, Missing, Move, Request};
use crate::plan::{Asked, Input, Plan, Selection, TargetInfo, bind};
use crate::policy::Project;
use crate::policy::load::{File, Loaded, documents};
use crate::policy::project::{Gate, Moved};
use crate::source::{Loc, Source};

const HEAD: &str = "policy: p\ntitle: It holds\ntier: release\nseverity: high\nowner: team\nwhy: Because it was agreed.\nremedy: { steps: [{ do: look }] }\n";

/// The plan of a policy at the target `new`, with what is in the project besides.
fn plan(body: &str, library: Option<&str>, gate: &Gate, selected: bool) -> Plan {
    let mut loaded = Loaded::default();
    let source = Source::new("p.yaml", format!("{HEAD}{body}"));
    documents(&File { source, library: library.map(Arc::from), folder: "".into() }, None, &mut loaded);
    assert!(loaded.diags.is_empty(), "{:#?}", loaded.diags);
    let kind = loaded.policies[0].target.kind.to_string();
    let target = |name: &str, kind: &str| {
        let info = TargetInfo { name: name.into(), kind: kind.into(), ..TargetInfo::default() };
        Arc::new(TargetInfo { scratch: name == "free", ..info })
    };
    let targets = [target("new", &kind), target("old", "sqlite"), target("free", "host")];
    let project = Project { gate: gate.clone(), ..Project::default() };
    let selection = Selection { gate: selected, ..Selection::default() };
    let input = Input {
        policies: &loaded.policies,
        targets: &targets,
        project: &project,
        selection: &selection,
        has_project: true,
    };
    bind(&input).unwrap_or_else(|diags| panic!("{diags:#?}"))
}

fn moved(from: &str) -> Gate {
    let map = Move { drop: [Arc::from("logs")].into(), ..Move::default() };
    let moved = Moved { from: from.into(), map, loc: Loc::nowhere("muster.yaml") };
    Gate { moves: [(Arc::from("new"), moved)].into(), needs: BTreeMap::new() }
}

fn check<'p>(plan: &'p Plan, target: &str) -> &'p super::super::Check {
    plan.checks.iter().find(|check| &*check.target.name == target).unwrap()
}

fn request<'p>(plan: &'p Plan, target: &str) -> &'p Request {
    match check(plan, target).requests[0] {
        Asked::One(at) => &plan.requests[at],
        ref other => panic!("{other:?}"),
    }
}

fn nobody<'p>(plan: &'p Plan, target: &str) -> &'p Missing {
    match &check(plan, target).requests[0] {
        Asked::Nobody(why) => why,
        other => panic!("{other:?}"),
    }
}

const COMPARE: &str = "target: { type: postgres }\nobserve: { tables: { probe: data.compare } }\neach: tables\nfail: missing > 0\n";

#[test]
fn the_other_side_is_the_one_that_was_moved_from() {
    let found = plan(COMPARE, None, &moved("old"), false);
    let request = request(&found, "new");
    assert_eq!(request.others(), [("source", "old")]);
    let map = Move::from_text(request.args.text("map").unwrap()).unwrap();
    assert_eq!((map.table("logs"), map.table("orders").as_deref()), (None, Some("public.orders")));
    assert!(
        request.patience().is_some_and(|patience| patience.as_secs() > 60),
        "a comparison takes its time"
    );
}

#[test]
fn without_a_word_of_the_project_nobody_is_asked() {
    let none = Gate::default();
    let found = plan(COMPARE, None, &none, false);
    let why = nobody(&found, "new");
    assert_eq!(why.cause, Cause::Absent);
    assert!(why.fix.as_deref().is_some_and(|fix| fix.contains("moves: { new: { from: OTHER-TARGET } }")));
    let library = plan(COMPARE, Some("release"), &none, false);
    assert!(check(&library, "new").skip.as_deref().is_some_and(|why| why.contains("was moved from")));
    for (source, cause) in [("odl", Cause::Absent), ("new", Cause::WrongTarget)] {
        let body = COMPARE.replace("data.compare", &format!("data.compare, with: {{ source: {source} }}"));
        assert_eq!(nobody(&plan(&body, None, &none, false), "new").cause, cause, "{source}");
    }
}

#[test]
fn what_compares_with_a_snapshot_is_judged_by_the_gate_only() {
    let body = "target: { type: postgres }\nobserve: { counts: { probe: data.row_counts, before: gate } }\neach: counts\nfail: side == \"before\"\n";
    let outside = plan(body, None, &moved("old"), false);
    assert!(check(&outside, "new").skip.as_deref().is_some_and(|why| why.contains("muster gate verify")));
    assert_eq!(outside.requests.len(), 0, "and nothing is asked for it");
    let inside = plan(body, None, &moved("old"), true);
    assert_eq!((check(&inside, "new").skip.as_deref(), inside.requests.len()), (None, 1));
    let other = plan(body, Some("release"), &Gate::default(), true);
    assert!(check(&other, "new").skip.is_some(), "a library does not know what was moved");
}

#[test]
fn what_leaves_something_behind_needs_the_word_of_its_target() {
    let body = "target: { type: host }\nobserve: { job: { probe: job.canary, with: { enqueue: a, finished: b } } }\nfail: finished == false\n";
    let found = plan(body, None, &Gate::default(), false);
    let why = nobody(&found, "new");
    assert_eq!(why.cause, Cause::Denied);
    assert!(why.fix.as_deref().is_some_and(|fix| fix.contains("scratch: true")));
    assert_eq!(&*request(&found, "free").key.probe, "job.canary");
}
