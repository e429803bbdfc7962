//! The two sides of a gate: which question of the new system is compared with which question of its source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fact::{Args, Cause, Missing, Move, Request, TextKind, Type, Value, catalogue};
use crate::plan::{Asked, Plan, map_between};
use crate::policy::project::Gate;
use crate::policy::{Project, Tier};

use super::super::output::Problem;
use super::super::run;
use super::super::setup::Setup;

/// Facts that prove that the rows of a table are equal.
const PROOF: &[&str] = &["rows", "source_rows", "bytes", "method", "digest", "source_digest"];

/// One question of the new side, with the one that was or is asked of its source.
pub(super) struct Pair {
    /// The position of the question among the requests of the plan.
    pub now: usize,
    /// The target of the new side.
    pub target: Arc<str>,
    /// The same question to the source, or why nobody can be asked.
    pub then: Result<Request, Arc<Missing>>,
    /// Who compares: the position of the check, and the name of its observation.
    pub users: Vec<(usize, Arc<str>)>,
}

/// Everything that is judged, and what of it is compared.
pub(super) struct Sides {
    pub plan: Plan,
    pub pairs: Vec<Pair>,
    /// Checks at targets that are only sources of a move: the old system is not what the gate lets pass.
    pub left_out: usize,
}

/// Plans the policies of tier `release`.
pub(super) fn sides(setup: &mut Setup) -> Result<Sides, Problem> {
    let others = setup.selection.tiers.iter().any(|tier| *tier != Tier::Release);
    if others {
        return Err(Problem::usage(
            "a gate judges the policies of tier `release`",
            "leave `--tier` out; an override may set the tier of a policy: `set: { tier: release }`",
        ));
    }
    setup.selection.tiers = vec![Tier::Release];
    setup.selection.gate = true;
    let mut plan = run::plan(setup)?;
    let before = plan.checks.len();
    let gate = &setup.project.gate;
    let sources: BTreeSet<&Arc<str>> = gate.moves.values().map(|moved| &moved.from).collect();
    plan.checks.retain(|check| {
        let name = &check.target.name;
        gate.moves.contains_key(name) || !sources.contains(name)
    });
    let left_out = before - plan.checks.len();
    prove(&mut plan);
    let pairs = pairs(&plan, setup);
    Ok(Sides { plan, pairs, left_out })
}

/// What proves that rows are equal stands on the page, whatever the policies ask about.
fn prove(plan: &mut Plan) {
    for request in plan.requests.iter_mut().filter(|request| &*request.key.probe == "data.compare") {
        let proves = request.schema.fields.iter().map(|field| PROOF.contains(&&*field.name));
        request.wants.iter_mut().zip(proves).for_each(|(want, proves)| *want |= proves);
    }
}

/// What a check is asked of, by position of the request.
pub(super) fn positions(asked: &Asked) -> &[usize] {
    match asked {
        Asked::One(position) => std::slice::from_ref(position),
        Asked::Many(positions) => positions,
        Asked::Nobody(_) => &[],
    }
}

fn pairs(plan: &Plan, setup: &Setup) -> Vec<Pair> {
    let mut found: BTreeMap<usize, Vec<(usize, Arc<str>)>> = BTreeMap::new();
    for (index, check) in plan.checks.iter().enumerate() {
        for (observe, asked) in check.policy.observe.iter().zip(&check.requests) {
            if observe.before != Some(crate::fact::Before::Gate) {
                continue;
            }
            for position in positions(asked) {
                found.entry(*position).or_default().push((index, Arc::clone(&observe.name)));
            }
        }
    }
    let of = |(now, users)| {
        let request = plan.requests.get(now)?;
        let then = then(request, setup);
        Some(Pair { now, target: Arc::clone(&request.key.target), then, users })
    };
    found.into_iter().filter_map(of).collect()
}

/// The question as the source is asked it.
fn then(request: &Request, setup: &Setup) -> Result<Request, Arc<Missing>> {
    let target = &request.key.target;
    let moved = setup.project.gate.moves.get(target).ok_or_else(|| {
        let what = format!("nothing says what `{target}` is compared with");
        let fix = format!(
            "write `gate: {{ moves: {{ {target}: {{ from: OTHER-TARGET }} }} }}` into muster.yaml, or `in_place: true`"
        );
        Arc::new(Missing::new(Cause::Absent, what).fix(fix))
    })?;
    let kind = setup.entries.iter().find(|entry| entry.name == moved.from).map(|entry| &*entry.kind);
    let probe = catalogue::find(&request.key.probe);
    if let (Some(kind), Some(probe)) = (kind, probe)
        && !probe.targets.contains(&kind)
    {
        let what = format!("`{}` is of type `{kind}`, which `{}` cannot ask", moved.from, probe.name);
        return Err(Arc::new(Missing::new(Cause::Unsupported, what)));
    }
    let takes = |name: &str| probe.is_some_and(|probe| probe.params.iter().any(|param| param.name == name));
    let args = args(&request.args, &map(setup, target), &takes);
    let declared = request.declared.to_vec();
    let mut then = Request::new(&request.key.probe, &moved.from, args, Arc::clone(&request.schema), declared);
    then.wants.clone_from(&request.wants);
    Ok(then)
}

/// What a move did, with the schema into which tables of an engine without schemas go.
pub(super) fn map(setup: &Setup, target: &str) -> Move {
    let kind =
        |name: &str| setup.entries.iter().find(|entry| *entry.name == *name).map_or("", |entry| &*entry.kind);
    let moved = setup.project.gate.moves.get(target);
    moved.map(|moved| map_between(&moved.map, kind(&moved.from), kind(target))).unwrap_or_default()
}

/// The argument that says which rows were moved.
const ONLY: &str = "only";

/// The arguments that say what became of names: on the new side, and on the old one.
const MAP: &str = "map";
const MOVED: &str = "moved";

/// The arguments with the names of the old side, and the rows that were moved.
fn args(args: &Args, map: &Move, takes: &dyn Fn(&str) -> bool) -> Args {
    let mut old = Args::with_capacity(args.iter().count() + 1);
    // What the new side calls by other names, the old side calls by its own.
    for (name, value, ty) in args.iter().filter(|(name, ..)| &***name != MAP) {
        old.insert(Arc::clone(name), old_names(value, ty, map), ty.clone());
    }
    if takes(MOVED) && *map != Move::default() {
        old.insert(Arc::from(MOVED), Value::text(map.to_text()), Type::TEXT);
    }
    if takes(ONLY) && old.get(ONLY).is_none() && !map.only.is_empty() {
        let only = serde_json::to_string(&map.only).unwrap_or_default();
        old.insert(Arc::from(ONLY), Value::text(only), Type::TEXT);
    }
    old
}

/// A list of names of tables as the old side calls them.
fn old_names(value: &Value, ty: &Type, map: &Move) -> Value {
    let is_names = matches!(ty, Type::List(item) if matches!(&**item, Type::Text(TextKind::SqlName)));
    let Value::List(items) = value else { return value.clone() };
    if !is_names {
        return value.clone();
    }
    let old = items.iter().flat_map(|item| match item {
        Ok(Value::Text(name)) => {
            old_names_of(name, map).into_iter().map(|name| Ok(Value::Text(name))).collect()
        }
        _ => vec![item.clone()],
    });
    Value::List(old.collect())
}

/// What the old side calls a table: of several that became one all, because none of them may be left out.
fn old_names_of(new: &str, map: &Move) -> Vec<Arc<str>> {
    let renamed = map.tables.iter().filter(|(_, name)| ***name == *new);
    let all: Vec<Arc<str>> = renamed.map(|(old, _)| Arc::clone(old)).collect();
    if !all.is_empty() {
        return all;
    }
    let bare = map.schema.as_ref().and_then(|schema| new.strip_prefix(&**schema)?.strip_prefix('.'));
    vec![Arc::from(bare.unwrap_or(new))]
}

/// The order of a run: each policy after those that it needs. The position of the check's wave.
pub(super) fn waves(project: &Project, plan: &Plan) -> Result<Vec<usize>, Problem> {
    let gate = &project.gate;
    let mut waves = BTreeMap::new();
    for check in &plan.checks {
        let mut path = Vec::new();
        wave(gate, &check.policy.id, &mut path, &mut waves)?;
    }
    Ok(plan.checks.iter().map(|check| waves.get(&check.policy.id).copied().unwrap_or(0)).collect())
}

fn wave(
    gate: &Gate,
    policy: &Arc<str>,
    path: &mut Vec<Arc<str>>,
    waves: &mut BTreeMap<Arc<str>, usize>,
) -> Result<usize, Problem> {
    if let Some(known) = waves.get(policy) {
        return Ok(*known);
    }
    if path.contains(policy) {
        path.push(Arc::clone(policy));
        let circle = path.join("` needs `");
        return Err(Problem::usage(
            format!("under `gate: needs:` policies wait for each other: `{circle}`"),
            "take one of them out, or none would ever be judged",
        ));
    }
    path.push(Arc::clone(policy));
    let mut own = 0;
    for (needed, _) in gate.needs.get(policy).into_iter().flatten() {
        own = own.max(wave(gate, needed, path, waves)? + 1);
    }
    path.pop();
    waves.insert(Arc::clone(policy), own);
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> Move {
        Move::from_text(r#"{"tables":{"user":"public.users"},"schema":"shop","only":{"events":"at > 1"}}"#)
            .unwrap()
    }

    #[test]
    fn the_source_is_asked_by_its_own_names_and_for_the_rows_that_were_moved() {
        let names = Type::list(Type::Text(TextKind::SqlName));
        let mut given = Args::default();
        given.insert(Arc::from("tables"), Value::texts(["public.users", "shop.orders", "other.x"]), names);
        given.insert(Arc::from("words"), Value::texts(["public.users"]), Type::list(Type::TEXT));
        let old = args(&given, &map(), &|name| name == ONLY);
        assert_eq!(old.texts("tables").join(" "), "user orders other.x");
        assert_eq!(old.texts("words").join(" "), "public.users", "only names of tables are names");
        assert_eq!(old.text(ONLY), Some(r#"{"events":"at > 1"}"#));
        assert_eq!(args(&given, &map(), &|_| false).text(ONLY), None, "a probe that counts no rows");
        given.insert(Arc::from(MAP), Value::text(map().to_text()), Type::TEXT);
        let old = args(&given, &map(), &|name| [MAP, MOVED].contains(&name));
        assert_eq!(old.text(MAP), None, "on the old side nothing has a new name yet");
        assert_eq!(Move::from_text(old.text(MOVED).unwrap()), Ok(map()));
    }

    #[test]
    fn of_tables_that_became_one_all_are_asked() {
        let map = Move::from_text(r#"{"tables":{"a":"c","b":"c"}}"#).unwrap();
        let names = Type::list(Type::Text(TextKind::SqlName));
        let mut given = Args::default();
        given.insert(Arc::from("tables"), Value::texts(["c", "d"]), names);
        assert_eq!(args(&given, &map, &|_| false).texts("tables").join(" "), "a b d");
    }

    #[test]
    fn policies_that_wait_for_each_other_are_refused() {
        let gate = |pairs: &[(&str, &[&str])]| {
            let loc = crate::source::Loc::nowhere("muster.yaml");
            let needs = pairs.iter().map(|(policy, needed)| {
                (Arc::from(*policy), needed.iter().map(|name| (Arc::from(*name), loc.clone())).collect())
            });
            Gate { needs: needs.collect(), ..Gate::default() }
        };
        let of = |gate: &Gate| wave(gate, &Arc::from("a"), &mut Vec::new(), &mut BTreeMap::new());
        assert_eq!(of(&gate(&[("a", &["b", "c"]), ("b", &["c"])])).ok(), Some(2));
        let circle = of(&gate(&[("a", &["b"]), ("b", &["a"])])).err().unwrap();
        assert!(circle.diags[0].message.contains("`a` needs `b` needs `a`"), "{}", circle.diags[0].message);
    }
}
