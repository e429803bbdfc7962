//! What the functions of the table do, and which arguments they take.

use std::sync::Arc;

use super::super::aggregate;
use super::super::node::{Arith, Cmp, FoldKind};
use super::super::ops::{self, undecidable};
use super::super::version;
use crate::fact::{Cell, Type, Value, float_to_int, parse_date};

/// The type of an aggregate of one list; null over an empty one.
pub(super) fn of_list(args: &[Type], kind: FoldKind) -> Option<Type> {
    match args {
        [Type::List(item)] => aggregate::result_type(kind, Some(item)).map(Type::nullable),
        _ => None,
    }
}

/// The values of a list; one that could not be read makes what is made of them unknown.
pub(super) fn values(list: Option<&Value>) -> Result<Vec<Value>, Arc<crate::fact::Missing>> {
    match list {
        Some(Value::List(items)) => items.iter().cloned().collect(),
        _ => Err(undecidable("a list is needed")),
    }
}

pub(super) fn item(types: &[Type]) -> &Type {
    match types.first() {
        Some(Type::List(item)) => item,
        _ => &Type::Float,
    }
}

/// An aggregate of numbers, which need not be whole even where its values are.
pub(super) fn of_numbers(args: &[Value], types: &[Type], kind: FoldKind) -> Cell {
    let values = values(args.first())?;
    let mut numbers: Vec<f64> = values.iter().filter_map(Value::as_float).collect();
    if numbers.len() != values.len() {
        return Err(undecidable("a value is not a number"));
    }
    let item = item(types);
    let ty = aggregate::result_type(kind, Some(item)).unwrap_or(Type::Float);
    match kind {
        FoldKind::Quantile(share) => aggregate::quantile(&mut numbers, share, &ty),
        _ => aggregate::average(&numbers, &ty),
    }
}

pub(super) fn quantile(args: &[Value], types: &[Type]) -> Cell {
    let share = args.get(1).and_then(Value::as_float).filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| undecidable("a quantile lies between 0% and 100%"))?;
    of_numbers(args, types, FoldKind::Quantile(share))
}

pub(super) fn total(args: &[Value], types: &[Type]) -> Cell {
    let values = values(args.first())?;
    if values.is_empty() { Ok(Value::Null) } else { aggregate::sum(&values, item(types)) }
}

/// The larger or smaller of two values, or the largest or smallest of a list.
pub(super) fn extreme(args: &[Value], types: &[Type], of_two: Cmp, of_many: Cmp) -> Cell {
    match args {
        [list] => aggregate::extreme(&values(Some(list))?, item(types), of_many),
        _ => pick(args, types, of_two),
    }
}

pub(super) fn same(args: &[Type]) -> Option<Type> {
    if let [Type::List(item)] = args {
        return ops::comparable(item, item, true).then(|| (**item).clone().nullable());
    }
    let [a, b] = args else { return None };
    let orderable = ops::comparable(a, b, true);
    match (a, b) {
        (Type::Int | Type::Counter, Type::Int | Type::Counter) => Some(Type::Int),
        (x, y) if x.is_number() && y.is_number() => Some(Type::Float),
        _ if orderable => Some(a.clone()),
        _ => None,
    }
}

pub(super) fn pick(args: &[Value], types: &[Type], want: Cmp) -> Cell {
    let ([a, b], [ty, ..]) = (args, types) else { return Err(undecidable("two values are needed")) };
    let first = ops::compare(want, a, b, ty)?;
    Ok(if first { a.clone() } else { b.clone() })
}

pub(super) fn text(value: &Value) -> &str {
    value.as_text().unwrap_or("")
}

pub(super) fn first_text(args: &[Value]) -> &str {
    args.first().map_or("", text)
}

pub(super) fn texts(args: &[Type], result: Type) -> Option<Type> {
    args.iter().all(Type::is_text).then_some(result)
}

pub(super) fn two_texts(args: &[Value], test: fn(&str, &str) -> bool) -> Cell {
    let [a, b] = args else { return Err(undecidable("two texts are needed")) };
    Ok(Value::Bool(test(text(a), text(b))))
}

pub(super) fn rounded(args: &[Value], round: fn(f64) -> f64) -> Cell {
    let number = args.first().and_then(Value::as_float).unwrap_or(f64::NAN);
    float_to_int(round(number))
        .map(Value::Int)
        .ok_or_else(|| undecidable("the number does not fit into 64 bits"))
}

pub(super) fn number_to_int(args: &[Type]) -> Option<Type> {
    matches!(args, [a] if a.is_number()).then_some(Type::Int)
}

pub(super) fn one_text(args: &[Type], result: Type) -> Option<Type> {
    if args.len() == 1 { texts(args, result) } else { None }
}

pub(super) fn abs(args: &[Value], _: &[Type]) -> Cell {
    match args {
        [Value::Float(float)] => Ok(Value::Float(float.abs())),
        [Value::Int(int)] => int
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| undecidable("the number does not fit into 64 bits")),
        _ => Err(undecidable("a number is needed")),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the table wants one signature")]
pub(super) fn length(args: &[Value], _: &[Type]) -> Cell {
    Ok(Value::count(match args {
        [Value::List(items)] => items.len() as u64,
        _ => first_text(args).chars().count() as u64,
    }))
}

pub(super) fn contains(args: &[Value], types: &[Type]) -> Cell {
    let (Some(Value::List(items)), Some(item), Some(Type::List(ty))) =
        (args.first(), args.get(1), types.first())
    else {
        return two_texts(args, |whole, part| whole.contains(part));
    };
    in_list(item, items, ty)
}

/// Is the item in the list? An item that could not be read makes a "no" unknown.
pub(crate) fn in_list(item: &Value, items: &[Cell], ty: &Type) -> Cell {
    let mut unread = None;
    for candidate in items {
        match candidate {
            Ok(Value::Null) => {}
            Ok(candidate) if ops::compare(Cmp::Eq, candidate, item, ty)? => return Ok(Value::Bool(true)),
            Ok(_) => {}
            Err(why) => unread = Some(Arc::clone(why)),
        }
    }
    unread.map_or(Ok(Value::Bool(false)), Err)
}

pub(super) fn contains_type(args: &[Type]) -> Option<Type> {
    match args {
        [Type::List(item), other] if ops::comparable(item, other, false) => Some(Type::Bool),
        [a, b] if a.is_text() && b.is_text() => Some(Type::Bool),
        _ => None,
    }
}

pub(super) fn ratio(args: &[Value], types: &[Type]) -> Cell {
    match (args, types) {
        ([a, b], [ta, tb]) => match ops::arith(Arith::Div, a, ta, b, tb)? {
            Value::Int(_) => Err(undecidable("the share is not a number")),
            other => Ok(other),
        },
        ([a], _) => Ok(Value::Float(a.as_float().unwrap_or(f64::NAN))),
        _ => Err(undecidable("one or two numbers are needed")),
    }
}

pub(super) fn ratio_type(args: &[Type]) -> Option<Type> {
    match args {
        [a] if a.is_number() => Some(Type::RATIO),
        [a, b] if a.is_number() && b.is_number() => Some(Type::RATIO),
        [Type::Quantity(a), Type::Quantity(b)] if a == b => Some(Type::RATIO),
        _ => None,
    }
}

pub(super) fn parsed(args: &[Value], read: fn(&str) -> Option<i64>, example: &str) -> Cell {
    let written = first_text(args);
    read(written)
        .map(Value::Int)
        .ok_or_else(|| undecidable(format!("`{written}` is not of the form `{example}`")))
}

pub(super) fn to_date(args: &[Value], types: &[Type]) -> Cell {
    match (args, types) {
        ([Value::Int(micros)], [Type::Time]) => Ok(Value::Int(micros.div_euclid(86_400_000_000))),
        _ => parsed(args, parse_date, "2026-11-01"),
    }
}

pub(super) fn date_type(args: &[Type]) -> Option<Type> {
    matches!(args, [a] if *a == Type::Time || a.is_text()).then_some(Type::Date)
}

pub(super) fn version(args: &[Value], _: &[Type]) -> Cell {
    let written = first_text(args);
    match version::compare(written, written) {
        Some(_) => Ok(Value::text(written)),
        None => Err(undecidable(format!("`{written}` does not begin with a number"))),
    }
}
