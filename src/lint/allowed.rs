//! What a comparison lets through of one value, so that two of them can be held against each other.

use crate::fact::{Cell, Type, Value};
use crate::policy::limits::bounds;
use crate::policy::{Param, Policy};
use crate::rule::eval::{Scope, eval};
use crate::rule::node::{Cmp, Place};
use crate::rule::ops::{compare, undecidable};
use crate::rule::{Node, Op};

/// A condition about one value.
pub(super) struct About<'a> {
    /// The value: what stands on the side without a limit.
    pub(super) on: &'a Node,
    /// Which of its values make the condition true.
    pub(super) allowed: Allowed,
    /// The condition.
    pub(super) whole: &'a Node,
}

/// An end of a range: the limit, and whether it belongs to the range.
type End = Option<(Value, bool)>;

/// A set of values.
#[derive(Clone, Debug)]
pub(super) enum Allowed {
    /// Those from one limit to another; null is never among them.
    Range(End, End),
    /// These.
    OneOf(Vec<Value>),
    /// All but these.
    NoneOf(Vec<Value>),
}

/// Parameters whose defaults count as limits; none if only what is written in the condition counts.
pub(super) type Params<'a> = &'a [Param];

impl<'a> About<'a> {
    /// The condition, if it is one about a single value that is observed.
    pub(super) fn of(node: &'a Node, params: Params<'_>) -> Option<Self> {
        let (on, allowed) = allowed(node, params, true)?;
        let allowed = allowed.closed(&on.ty);
        reads_a_fact(on).then_some(Self { on, allowed, whole: node })
    }

    /// Are both about the same value?
    pub(super) fn same(&self, other: &Self) -> bool {
        same_text(self.on, other.on)
    }

    /// Is this true whenever the other is?
    pub(super) fn follows_from(&self, other: &Self) -> bool {
        self.same(other) && other.allowed.within(&self.allowed, &self.on.ty)
    }
}

/// Are two expressions written alike but for white space?
pub(super) fn same_text(a: &Node, b: &Node) -> bool {
    *a.text == *b.text || a.text.split_whitespace().eq(b.text.split_whitespace())
}

/// A switch (`params.limit > 0`) is no condition about what is observed.
fn reads_a_fact(node: &Node) -> bool {
    let mut found = false;
    node.walk(&mut |part| found |= matches!(&part.op, Op::Read(place) if !matches!(place, Place::Param(_))));
    found
}

fn limit(node: &Node, params: Params<'_>) -> Option<Value> {
    match &node.op {
        Op::Literal(value) => Some(value.clone()),
        Op::Read(Place::Param(index)) => params.get(*index).map(|param| param.default.clone()),
        // `1.MiB * 0` is a limit as any other.
        Op::Arith(..) | Op::Negate(_) if node.is_constant() => {
            eval(node, &Nothing).ok().filter(|value| !value.is_null())
        }
        _ => None,
    }
}

/// What a constant reads.
struct Nothing;

impl Scope for Nothing {
    fn read(&self, _place: &Place) -> Cell {
        Err(undecidable("a constant reads nothing"))
    }
}

fn allowed<'a>(node: &'a Node, params: Params<'_>, holds: bool) -> Option<(&'a Node, Allowed)> {
    match &node.op {
        Op::Not(inner) => allowed(inner, params, !holds),
        Op::Read(_) if *node.ty.base() == Type::Bool => {
            Some((node, Allowed::OneOf(vec![Value::Bool(holds)])))
        }
        Op::Compare(cmp, pair) => {
            let [a, b] = &**pair;
            let (on, cmp, limit) = match (limit(a, params), limit(b, params)) {
                (None, Some(limit)) => (a, *cmp, limit),
                (Some(limit), None) => (b, cmp.turned(), limit),
                _ => return None,
            };
            let cmp = if holds { cmp } else { opposite(cmp) };
            Some((on, compared(cmp, limit)))
        }
        Op::In(pair) => {
            let [on, list] = &**pair;
            let Op::List(items) = &list.op else { return None };
            let values: Option<Vec<Value>> = items.iter().map(|item| limit(item, params)).collect();
            Some((on, if holds { Allowed::OneOf(values?) } else { Allowed::NoneOf(values?) }))
        }
        Op::InRange(three, inclusive) if holds => {
            let [on, low, high] = &**three;
            let (low, high) = (limit(low, params)?, limit(high, params)?);
            Some((on, Allowed::Range(Some((low, true)), Some((high, *inclusive)))))
        }
        _ => None,
    }
}

fn compared(cmp: Cmp, limit: Value) -> Allowed {
    match cmp {
        Cmp::Eq => Allowed::OneOf(vec![limit]),
        Cmp::Ne => Allowed::NoneOf(vec![limit]),
        Cmp::Lt => Allowed::Range(None, Some((limit, false))),
        Cmp::Le => Allowed::Range(None, Some((limit, true))),
        Cmp::Gt => Allowed::Range(Some((limit, false)), None),
        Cmp::Ge => Allowed::Range(Some((limit, true)), None),
    }
}

fn opposite(cmp: Cmp) -> Cmp {
    match cmp {
        Cmp::Eq => Cmp::Ne,
        Cmp::Ne => Cmp::Eq,
        Cmp::Lt => Cmp::Ge,
        Cmp::Le => Cmp::Gt,
        Cmp::Gt => Cmp::Le,
        Cmp::Ge => Cmp::Lt,
    }
}

fn is(cmp: Cmp, a: &Value, b: &Value, ty: &Type) -> bool {
    match (a.is_null(), b.is_null()) {
        (true, true) => cmp == Cmp::Eq,
        (false, false) => compare(cmp, a, b, ty).unwrap_or(false),
        _ => false,
    }
}

fn holds(values: &[Value], value: &Value, ty: &Type) -> bool {
    values.iter().any(|one| is(Cmp::Eq, one, value, ty))
}

impl Allowed {
    /// "All but these" of a closed set of words is "one of those".
    fn closed(self, ty: &Type) -> Self {
        let (Self::NoneOf(not), Some(all)) = (&self, everything(ty)) else { return self };
        Self::OneOf(all.into_iter().filter(|value| !holds(not, value, ty)).collect())
    }

    fn has(&self, value: &Value, ty: &Type) -> bool {
        match self {
            Self::OneOf(values) => holds(values, value, ty),
            Self::NoneOf(values) => !holds(values, value, ty),
            Self::Range(low, high) => {
                let beyond = |end: &End, out: Cmp| {
                    let touches = |(limit, inside): &(Value, bool)| {
                        is(out, value, limit, ty) || (!inside && is(Cmp::Eq, value, limit, ty))
                    };
                    end.as_ref().is_some_and(touches)
                };
                !value.is_null() && !beyond(low, Cmp::Lt) && !beyond(high, Cmp::Gt)
            }
        }
    }

    /// The values of both.
    pub(super) fn and(&self, other: &Self, ty: &Type) -> Self {
        match (self, other) {
            (Self::OneOf(values), set) | (set, Self::OneOf(values)) => {
                Self::OneOf(values.iter().filter(|value| set.has(value, ty)).cloned().collect())
            }
            (Self::NoneOf(a), Self::NoneOf(b)) => Self::NoneOf(a.iter().chain(b).cloned().collect()),
            // A range without one value of it is taken for the whole range.
            (range @ Self::Range(..), Self::NoneOf(_)) | (Self::NoneOf(_), range) => range.clone(),
            (Self::Range(low, high), Self::Range(other_low, other_high)) => {
                Self::Range(tighter(low, other_low, Cmp::Gt, ty), tighter(high, other_high, Cmp::Lt, ty))
            }
        }
    }

    /// Is no value in it?
    pub(super) fn is_empty(&self, ty: &Type) -> bool {
        match self {
            Self::OneOf(values) => values.is_empty(),
            Self::NoneOf(_) | Self::Range(None, _) | Self::Range(_, None) => false,
            Self::Range(Some((low, from)), Some((high, to))) => {
                is(Cmp::Gt, low, high, ty) || (is(Cmp::Eq, low, high, ty) && !(*from && *to))
            }
        }
    }

    /// Is every value of it also in the other?
    pub(super) fn within(&self, other: &Self, ty: &Type) -> bool {
        match (self, other) {
            (Self::OneOf(values), set) => values.iter().all(|value| set.has(value, ty)),
            (set, Self::NoneOf(values)) => values.iter().all(|value| !set.has(value, ty)),
            (Self::Range(low, high), Self::Range(other_low, other_high)) => {
                inside(low, other_low, Cmp::Gt, ty) && inside(high, other_high, Cmp::Lt, ty)
            }
            _ => false,
        }
    }

    /// Is every value in one of the two?
    pub(super) fn cover(&self, other: &Self, ty: &Type) -> bool {
        match (self, other) {
            (Self::NoneOf(not), set) | (set, Self::NoneOf(not)) => not.iter().all(|value| set.has(value, ty)),
            (Self::Range(None, Some(high)), Self::Range(Some(low), None))
            | (Self::Range(Some(low), None), Self::Range(None, Some(high))) => {
                is(Cmp::Lt, &low.0, &high.0, ty) || (is(Cmp::Eq, &low.0, &high.0, ty) && (low.1 || high.1))
            }
            (Self::OneOf(a), Self::OneOf(b)) => everything(ty)
                .is_some_and(|all| all.iter().all(|value| holds(a, value, ty) || holds(b, value, ty))),
            _ => false,
        }
    }
}

/// All values of a closed set.
fn everything(ty: &Type) -> Option<Vec<Value>> {
    let mut all = match ty.base() {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Enum(words) => words.iter().map(|word| Value::Text(word.clone())).collect(),
        _ => return None,
    };
    if ty.is_nullable() {
        all.push(Value::Null);
    }
    Some(all)
}

fn tighter(a: &End, b: &End, tighter: Cmp, ty: &Type) -> End {
    match (a, b) {
        (None, end) | (end, None) => end.clone(),
        (Some(x), Some(y)) if is(Cmp::Eq, &x.0, &y.0, ty) => Some((x.0.clone(), x.1 && y.1)),
        (Some(x), Some(y)) => Some(if is(tighter, &x.0, &y.0, ty) { x.clone() } else { y.clone() }),
    }
}

fn inside(a: &End, b: &End, tighter: Cmp, ty: &Type) -> bool {
    match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(x), Some(y)) => is(tighter, &x.0, &y.0, ty) || (is(Cmp::Eq, &x.0, &y.0, ty) && (y.1 || !x.1)),
    }
}

/// The parts of a condition that must all hold.
pub(super) fn parts<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match &node.op {
        Op::All(items) => items.iter().for_each(|item| parts(item, found)),
        _ => found.push(node),
    }
}

/// Is one condition true whenever the other is, as far as comparisons of single values tell?
pub(super) fn implied(later: &Node, earlier: &Node, params: Params<'_>) -> bool {
    if same_text(later, earlier) {
        return true;
    }
    match (&later.op, &earlier.op) {
        (Op::Any(items), _) => items.iter().all(|item| implied(item, earlier, params)),
        (_, Op::All(items)) => items.iter().all(|item| implied(later, item, params)),
        (_, Op::Any(items)) => items.iter().any(|item| implied(later, item, params)),
        (Op::All(items), _) => items.iter().any(|item| implied(item, earlier, params)),
        _ => match (About::of(earlier, params), About::of(later, params)) {
            (Some(earlier), Some(later)) => earlier.follows_from(&later),
            _ => false,
        },
    }
}

/// The values of a fact that its declaration lets expect: no negative sizes and counters, and no shares above the
/// whole for what is a part of it.
pub(super) fn possible(policy: &Policy, on: &Node) -> Option<Allowed> {
    // What lies ahead of the clock counts as of now, or is unknown if it lies far ahead.
    if let Op::Age(_) = &on.op {
        return Some(Allowed::Range(Some((Value::Int(0), true)), None));
    }
    // Another value in place of null changes nothing if it could have been observed.
    if let Op::OrElse(items) = &on.op {
        let [first, other] = items.as_slice() else { return None };
        let range = possible(policy, first)?;
        return limit(other, &[]).is_some_and(|value| range.has(&value, &on.ty)).then_some(range);
    }
    let Op::Read(place) = &on.op else { return None };
    let (view, column) = policy.column(place)?;
    let facts = policy.facts_of(view, column);
    let [(observation, field, _)] = facts.as_slice() else { return None };
    let probe = policy.observe.get(*observation)?.probe;
    let fact = probe.facts.get(*field)?;
    let (low, high) = bounds(probe, fact.name, on.ty.base())?;
    Some(Allowed::Range(Some((low, true)), high.map(|high| (high, true))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: Option<i64>, high: Option<i64>) -> Allowed {
        let end = |limit: Option<i64>| limit.map(|limit| (Value::Int(limit), true));
        Allowed::Range(end(low), end(high))
    }

    #[test]
    fn ranges_are_held_against_each_other() {
        let ty = Type::Int;
        let open = Allowed::Range(Some((Value::Int(5), false)), None);
        assert!(range(Some(5), None).and(&range(None, Some(3)), &ty).is_empty(&ty));
        assert!(!range(Some(5), None).and(&range(None, Some(5)), &ty).is_empty(&ty));
        assert!(open.and(&range(None, Some(5)), &ty).is_empty(&ty));
        assert!(open.within(&range(Some(5), None), &ty) && !range(Some(5), None).within(&open, &ty));
        assert!(open.cover(&range(None, Some(5)), &ty));
        assert!(!range(Some(6), None).cover(&range(None, Some(5)), &ty), "5.5 may lie between");
        let not = |values: &[i64]| Allowed::NoneOf(values.iter().map(|value| Value::Int(*value)).collect());
        assert!(not(&[1]).cover(&not(&[2]), &ty) && !not(&[1]).cover(&not(&[1]), &ty));
        assert!(
            range(Some(3), None).within(&not(&[2]), &ty) && !range(Some(2), None).within(&not(&[2]), &ty)
        );
        assert!(not(&[1, 2]).within(&not(&[1]), &ty) && !not(&[1]).within(&not(&[1, 2]), &ty));
    }

    #[test]
    fn all_words_but_one_are_the_others() {
        let ty = Type::words(&["a", "b"]).nullable();
        let text = |word: &str| Value::text(word);
        let not_a = Allowed::NoneOf(vec![text("a")]).closed(&ty);
        assert!(not_a.has(&text("b"), &ty) && not_a.has(&Value::Null, &ty) && !not_a.has(&text("a"), &ty));
        assert!(not_a.cover(&Allowed::OneOf(vec![text("a")]), &ty));
        assert!(
            !Allowed::OneOf(vec![text("a")]).cover(&Allowed::OneOf(vec![text("b")]), &ty),
            "null is left"
        );
    }
}
