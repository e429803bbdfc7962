//! Aggregates of lists of values: one meaning for groups, for lists of the past and for scripts.

use std::cmp::Ordering;
use std::sync::Arc;

use super::node::{Cmp, FoldKind};
use super::ops::{compare, undecidable};
use super::trend;
use crate::fact::{Cell, Missing, Type, Value, float_to_int};

/// The type of an aggregate over values of a type; `None` if there is none.
pub fn result_type(kind: FoldKind, value: Option<&Type>) -> Option<Type> {
    let measure = |ty: &Type| ty.is_number() || matches!(ty, Type::Quantity(_));
    let ordered = |ty: &Type| super::ops::comparable(ty, ty, true);
    match (kind, value) {
        (FoldKind::Count, None) | (FoldKind::CountDistinct, Some(_)) => Some(Type::Int),
        (FoldKind::Any | FoldKind::All, Some(Type::Bool)) => Some(Type::Bool),
        (FoldKind::Sum, Some(Type::Counter)) => Some(Type::Int),
        (FoldKind::Sum, Some(ty)) if measure(ty) => Some(ty.clone()),
        (FoldKind::Avg | FoldKind::Quantile(_), Some(ty)) if ty.is_number() => Some(Type::Float),
        (FoldKind::Avg | FoldKind::Quantile(_), Some(ty)) if measure(ty) => Some(ty.clone()),
        (FoldKind::Min | FoldKind::Max, Some(ty)) if ordered(ty) => Some(ty.clone()),
        (FoldKind::List, Some(ty)) if !matches!(ty, Type::List(_) | Type::Record(_)) => {
            Some(Type::list(ty.clone()))
        }
        (FoldKind::FirstBy | FoldKind::LastBy, Some(ty)) => Some(ty.clone()),
        _ => None,
    }
}

/// A number as a value of its type.
pub fn number(number: f64, ty: &Type) -> Cell {
    if !number.is_finite() {
        return Err(undecidable("the result is not a number"));
    }
    let whole = match ty {
        Type::Quantity(unit) => unit.is_whole(),
        Type::Int | Type::Counter => true,
        _ => false,
    };
    if !whole {
        return Ok(Value::Float(number));
    }
    float_to_int(number.round())
        .map(Value::Int)
        .ok_or_else(|| undecidable("the result does not fit into 64 bits"))
}

/// A sum so far; whole numbers are added exactly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    whole: i128,
    float: f64,
    floats: bool,
}

impl Sum {
    /// Adds a number.
    pub fn add(&mut self, value: &Value) -> Result<(), Arc<Missing>> {
        match value {
            Value::Int(int) => self.whole += i128::from(*int),
            Value::Float(number) => {
                self.float += number;
                self.floats = true;
            }
            _ => return Err(undecidable("only numbers have a sum")),
        }
        Ok(())
    }

    /// The sum of all that was added.
    pub fn finish(&self, ty: &Type) -> Cell {
        let exact = i64::try_from(self.whole)
            .map_err(|_too_large| undecidable("the sum does not fit into 64 bits"))?;
        if self.floats {
            return number(self.float + crate::fact::int_to_float(exact), ty);
        }
        Ok(number_exact(exact, ty))
    }
}

/// The sum of values.
pub fn sum<'a>(values: impl IntoIterator<Item = &'a Value>, ty: &Type) -> Cell {
    let mut sum = Sum::default();
    for value in values {
        sum.add(value)?;
    }
    sum.finish(ty)
}

fn number_exact(exact: i64, ty: &Type) -> Value {
    let float = matches!(ty, Type::Float) || matches!(ty, Type::Quantity(unit) if !unit.is_whole());
    if float { Value::Float(crate::fact::int_to_float(exact)) } else { Value::Int(exact) }
}

/// The largest (`Cmp::Gt`) or smallest (`Cmp::Lt`); null over nothing.
pub fn extreme<'a>(values: impl IntoIterator<Item = &'a Value>, ty: &Type, want: Cmp) -> Cell {
    let mut best: Option<&Value> = None;
    for value in values {
        let better = match best {
            None => true,
            Some(known) => compare(want, value, known, ty)?,
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.cloned().unwrap_or(Value::Null))
}

/// A quantile with linear interpolation between the two values beside it; null over nothing.
pub fn quantile(numbers: &mut [f64], share: f64, ty: &Type) -> Cell {
    let Some((below, part)) = trend::rank(numbers.len(), share) else { return Ok(Value::Null) };
    let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    number(low + (high - low) * part, ty)
}

/// The mean; null over nothing.
pub fn average(numbers: &[f64], ty: &Type) -> Cell {
    if numbers.is_empty() {
        return Ok(Value::Null);
    }
    let count = crate::fact::int_to_float(i64::try_from(numbers.len()).unwrap_or(i64::MAX));
    number(numbers.iter().sum::<f64>() / count, ty)
}

/// Ascending, values that cannot be compared side by side.
pub fn sort(values: &mut [Value], ty: &Type) {
    // Masked texts have no order that means anything, but the same ones have to stand in the same one.
    let less = |a: &Value, b: &Value| match (a, b) {
        (Value::Masked(a), Value::Masked(b)) => a < b,
        (Value::Masked(_), _) => false,
        (_, Value::Masked(_)) => true,
        _ => compare(Cmp::Lt, a, b, ty).unwrap_or(false),
    };
    values.sort_by(|a, b| match (less(a, b), less(b, a)) {
        (true, _) => Ordering::Less,
        (_, true) => Ordering::Greater,
        _ => Ordering::Equal,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_or_undecidable() {
        assert_eq!(sum(&[Value::Int(1), Value::Int(2)], &Type::Int), Ok(Value::Int(3)));
        let most = [Value::Int(i64::MAX), Value::Int(1)];
        assert!(sum(&most, &Type::Int).is_err());
        assert_eq!(sum(&[Value::Float(0.5), Value::Int(1)], &Type::Float), Ok(Value::Float(1.5)));
        assert_eq!(sum(&[], &Type::BYTES), Ok(Value::Int(0)));
    }

    #[test]
    fn quantiles_are_those_of_sorted_numbers() {
        let numbers: Vec<f64> = (0..101).map(|number| f64::from(number * 37 % 101)).collect();
        for share in [0.0, 0.1, 0.333, 0.5, 0.95, 1.0] {
            let found = quantile(&mut numbers.clone(), share, &Type::Float);
            let mut sorted = numbers.clone();
            sorted.sort_by(f64::total_cmp);
            assert_eq!(found, Ok(Value::Float(trend::quantile(&sorted, share).unwrap())), "{share}");
        }
    }

    #[test]
    fn quantiles_lie_between_values() {
        let mut numbers = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&mut numbers, 0.5, &Type::Float), Ok(Value::Float(2.5)));
        assert_eq!(quantile(&mut [], 0.5, &Type::Float), Ok(Value::Null));
        assert_eq!(quantile(&mut [1.0, 2.0], 0.5, &Type::BYTES), Ok(Value::Int(2)));
        assert!(quantile(&mut [f64::NAN], 0.5, &Type::Float).is_err());
    }
}
