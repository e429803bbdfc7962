//! Comparison and arithmetic of values: one semantics for expressions and scripts.
//!
//! Integers and floats compare exactly, not through a rounding conversion. Overflow, division by zero and
//! what is not a number are `unknown: undecidable`, never a number.

use std::cmp::Ordering;
use std::sync::Arc;

use super::node::{Arith, Cmp};
use crate::fact::{Cause, Cell, Level, Missing, Type, Unit, Value, float_to_int};

/// A value that cannot be computed.
pub fn undecidable(what: impl Into<String>) -> Arc<Missing> {
    Arc::new(Missing::new(Cause::Undecidable, what).level(Level::Row))
}

/// A text that the recording does not tell cannot be compared with one that is told.
pub fn masked() -> Arc<Missing> {
    let what = "the text is masked in the recording: all that can be asked of it is whether it equals another masked one";
    let missing = Missing::new(Cause::Masked, what).level(Level::Row);
    Arc::new(
        missing.fix("judge it where it is observed, or record it without `--mask` and without `private`"),
    )
}

fn wrong_type(what: impl Into<String>) -> Arc<Missing> {
    Arc::new(Missing::new(Cause::WrongType, what).level(Level::Row))
}

/// May values of these types be compared with `<` (ordered) or `==`?
pub fn comparable(a: &Type, b: &Type, ordered: bool) -> bool {
    match (a.base(), b.base()) {
        (x, y) if x.is_number() && y.is_number() => true,
        (x, y) if x.is_text() && y.is_text() => !ordered,
        (Type::Quantity(x), Type::Quantity(y)) => x == y,
        (Type::Bool, Type::Bool) => !ordered,
        (Type::List(x), Type::List(y)) => !ordered && comparable(x, y, false),
        (Type::Time, Type::Time) | (Type::Date, Type::Date) | (Type::Version, Type::Version) => true,
        _ => false,
    }
}

/// Exact order of a whole number and a float.
fn mixed(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    match float_to_int(float.trunc()) {
        Some(whole) => Some(int.cmp(&whole).then_with(|| 0.0f64.total_cmp(&(float.fract() + 0.0)))),
        None => Some(if float > 0.0 { Ordering::Less } else { Ordering::Greater }),
    }
}

fn order(a: &Value, b: &Value, version: bool) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => Some(x.cmp(y)),
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y),
        (Value::Int(x), Value::Float(y)) => mixed(*x, *y),
        (Value::Float(x), Value::Int(y)) => mixed(*y, *x).map(Ordering::reverse),
        (Value::Text(x), Value::Text(y)) if version => super::version::compare(x, y),
        (Value::Text(x), Value::Text(y)) => Some(x.cmp(y)),
        (Value::Bool(x), Value::Bool(y)) => Some(x.cmp(y)),
        _ => None,
    }
}

/// Compares two values of comparable types.
pub fn compare(cmp: Cmp, a: &Value, b: &Value, ty: &Type) -> Result<bool, Arc<Missing>> {
    if let (Value::List(x), Value::List(y)) = (a, b) {
        return lists(cmp, x, y, ty);
    }
    match (a, b, cmp) {
        (Value::Masked(x), Value::Masked(y), Cmp::Eq) => return Ok(x == y),
        (Value::Masked(x), Value::Masked(y), Cmp::Ne) => return Ok(x != y),
        (Value::Masked(_), ..) | (_, Value::Masked(_), _) => return Err(masked()),
        _ => {}
    }
    let is_version = *ty.base() == Type::Version;
    let Some(order) = order(a, b, is_version) else {
        return Err(if is_version {
            undecidable("this is not a version")
        } else {
            wrong_type("the values cannot be compared")
        });
    };
    Ok(match cmp {
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
    })
}

fn lists(cmp: Cmp, a: &[Cell], b: &[Cell], ty: &Type) -> Result<bool, Arc<Missing>> {
    let item = if let Type::List(item) = ty.base() { item } else { ty };
    let mut equal = a.len() == b.len();
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x.as_ref().map_err(Arc::clone)?, y.as_ref().map_err(Arc::clone)?);
        equal &= compare(Cmp::Eq, x, y, item)?;
    }
    Ok((cmp == Cmp::Eq) == equal)
}

/// The type of an arithmetic expression; `None` if it has none.
pub fn arith_type(op: Arith, a: &Type, b: &Type) -> Option<Type> {
    use Type::{Date, Float, Int, Quantity, Time};
    let number = |x: &Type, y: &Type| if *x == Float || *y == Float { Float } else { Int };
    let quantity = |unit: Unit, byte: i8, second: i8| match (byte, second) {
        (0, 0) if unit == Unit::RATIO => Type::RATIO,
        (0, 0) => Type::RATIO,
        _ => Quantity(Unit { byte, second }),
    };
    Some(match (op, a, b) {
        (Arith::Div, x, y) if x.is_number() && y.is_number() => Float,
        (_, x, y) if x.is_number() && y.is_number() => number(x, y),
        (Arith::Add | Arith::Sub, Quantity(x), Quantity(y)) if x == y => a.clone(),
        (Arith::Sub, Time, Time) | (Arith::Sub, Date, Date) => Type::DURATION,
        (Arith::Add | Arith::Sub, Time, &Type::DURATION) => Time,
        (Arith::Add, &Type::DURATION, Time) => Time,
        (Arith::Mul, Quantity(Unit::RATIO), y) if y.is_number() => Float,
        (Arith::Mul, x, Quantity(Unit::RATIO)) if x.is_number() => Float,
        (Arith::Mul, Quantity(_), y) if y.is_number() => a.clone(),
        (Arith::Mul, x, Quantity(_)) if x.is_number() => b.clone(),
        (Arith::Mul, Quantity(x), Quantity(y)) => {
            quantity(*x, x.byte.checked_add(y.byte)?, x.second.checked_add(y.second)?)
        }
        (Arith::Div, Quantity(_), y) if y.is_number() => a.clone(),
        (Arith::Div, x, Quantity(y)) if x.is_number() && *y != Unit::RATIO => {
            Quantity(Unit { byte: -y.byte, second: -y.second })
        }
        (Arith::Div, Quantity(x), Quantity(y)) => {
            quantity(*x, x.byte.checked_sub(y.byte)?, x.second.checked_sub(y.second)?)
        }
        _ => return None,
    })
}

/// Seconds for durations, everything else as it is.
fn base(value: &Value, ty: &Type) -> Option<f64> {
    let number = value.as_float()?;
    Some(if *ty == Type::DURATION { number / 1_000_000.0 } else { number })
}

/// Adds, subtracts, multiplies, divides; the types are those that [`arith_type`] accepts.
pub fn arith(op: Arith, a: &Value, ta: &Type, b: &Value, tb: &Type) -> Cell {
    let result =
        arith_type(op, ta, tb).ok_or_else(|| wrong_type(format!("{ta} and {tb} cannot be combined")))?;
    if let (Value::Int(x), Value::Int(y)) = (a, b)
        && let Some(exact) = whole(op, *x, *y, ta, tb, &result)
    {
        return exact;
    }
    let (Some(x), Some(y)) = (base(a, ta), base(b, tb)) else {
        return Err(wrong_type("a value is not a number"));
    };
    if matches!(op, Arith::Div | Arith::Rem) && y == 0.0 {
        return Err(undecidable("division by zero"));
    }
    let number = match op {
        Arith::Add => x + y,
        Arith::Sub => x - y,
        Arith::Mul => x * y,
        Arith::Div => x / y,
        Arith::Rem => x % y,
    };
    finish(number, &result)
}

/// Whole arithmetic where both sides and the result are whole numbers of the same base.
fn whole(op: Arith, x: i64, y: i64, ta: &Type, tb: &Type, result: &Type) -> Option<Cell> {
    let days = *ta == Type::Date && *tb == Type::Date;
    let scaled = matches!(op, Arith::Mul) && !(ta.is_number() || tb.is_number());
    if matches!(op, Arith::Div) || scaled || *result == Type::Float {
        return None;
    }
    let number = match op {
        Arith::Add => x.checked_add(y),
        Arith::Sub if days => x.checked_sub(y).and_then(|days| days.checked_mul(86_400_000_000)),
        Arith::Sub => x.checked_sub(y),
        Arith::Mul => x.checked_mul(y),
        Arith::Rem if y == 0 => return Some(Err(undecidable("division by zero"))),
        Arith::Rem => x.checked_rem(y),
        Arith::Div => None,
    };
    Some(number.map(Value::Int).ok_or_else(|| undecidable("the result does not fit into 64 bits")))
}

/// A float of the result's SI base as a value of its type.
fn finish(number: f64, ty: &Type) -> Cell {
    if !number.is_finite() {
        return Err(undecidable("the result is not a number"));
    }
    let whole = |n: f64| {
        float_to_int(n).map(Value::Int).ok_or_else(|| undecidable("the result does not fit into 64 bits"))
    };
    match ty {
        &Type::DURATION => whole(number * 1_000_000.0),
        &Type::BYTES | Type::Int => whole(number),
        _ => Ok(Value::Float(number)),
    }
}

/// `-a`
pub fn negate(a: &Value) -> Cell {
    match a {
        Value::Int(int) => int
            .checked_neg()
            .map(Value::Int)
            .ok_or_else(|| undecidable("the result does not fit into 64 bits")),
        Value::Float(float) => Ok(Value::Float(-float)),
        _ => Err(wrong_type("only a number can be negated")),
    }
}

/// The time since `at`; one that lies more than five minutes ahead is a clock that is wrong.
pub fn age(now: i64, at: i64) -> Cell {
    const TOLERATED: i64 = -300_000_000;
    let age = now.checked_sub(at).ok_or_else(|| undecidable("the result does not fit into 64 bits"))?;
    if age < TOLERATED {
        let what = format!(
            "the time lies {} ahead of the clock",
            crate::fact::show(&Value::Int(-age), &Type::DURATION)
        );
        return Err(Arc::new(Missing::new(Cause::Clock, what).level(Level::Row)));
    }
    Ok(Value::Int(age.max(0)))
}
