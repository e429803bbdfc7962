//! Operators: one function for all pairs of types, so that no pair falls back to what Rhai thinks of it.
//!
//! Rhai looks for an operator with the exact types, then for one that takes anything, then for its own.
//! With no package loaded there is none of the first kind, so it always finds these.

use rhai::{Dynamic, Engine, NativeCallContext};

use super::bridge::{
    AllRows, Object, Quantity, Raised, Span, from_value, is_empty_list, kind, operand, shown, stop, words,
};
use super::engine::{Call, bounded};
use crate::fact::{Type, Value};
use crate::rule::functions::{UNITS, quantity};
use crate::rule::node::{Arith, Cmp};
use crate::rule::{ops, version};

const COMPARISONS: &[(&str, Cmp)] =
    &[("==", Cmp::Eq), ("!=", Cmp::Ne), ("<", Cmp::Lt), ("<=", Cmp::Le), (">", Cmp::Gt), (">=", Cmp::Ge)];

const ARITHMETIC: &[(&str, &str, Arith)] = &[
    ("+", "+=", Arith::Add),
    ("-", "-=", Arith::Sub),
    ("*", "*=", Arith::Mul),
    ("/", "/=", Arith::Div),
    ("%", "%=", Arith::Rem),
];

/// The comparison of that symbol.
pub(super) fn comparison(symbol: &str) -> Option<Cmp> {
    COMPARISONS.iter().find(|(name, _)| *name == symbol).map(|(_, cmp)| *cmp)
}

/// The arithmetic of that symbol.
pub(super) fn arithmetic(symbol: &str) -> Option<Arith> {
    ARITHMETIC.iter().find(|(name, assign, _)| *name == symbol || *assign == symbol).map(|(_, _, op)| *op)
}

pub(super) fn register(engine: &mut Engine) {
    for (name, cmp) in COMPARISONS {
        engine.register_fn(*name, move |at: NativeCallContext<'_>, a: Dynamic, b: Dynamic| {
            compare(*cmp, &a, &b, Call::tests_null(at.call_position()))
        });
    }
    for (name, assign, op) in ARITHMETIC {
        engine.register_fn(*name, move |a: Dynamic, b: Dynamic| calculate(*op, name, &a, &b));
        engine.register_fn(*assign, move |a: &mut Dynamic, b: Dynamic| -> Result<(), Raised> {
            *a = calculate(*op, name, a, &b)?;
            Ok(())
        });
    }
    engine.register_fn("-", |a: Dynamic| negate(&a));
    engine.register_fn("!", |a: Dynamic| match a.as_bool() {
        Ok(bool) => Ok(!bool),
        Err(_) => Err(words(format!("`!` takes true or false, not {}", kind(&a)))),
    });
    engine.register_fn("..", |low: Dynamic, high: Dynamic| Span { low, high, inclusive: false });
    engine.register_fn("..=", |low: Dynamic, high: Dynamic| Span { low, high, inclusive: true });
    access(engine);
}

/// Reading of names and items, units, and what can be iterated.
fn access(engine: &mut Engine) {
    for (word, _, _) in UNITS {
        engine.register_get(*word, move |int: &mut i64| unit(&Value::Int(*int), word));
        engine.register_get(*word, move |float: &mut f64| unit(&Value::Float(*float), word));
    }
    engine.register_indexer_get(|object: &mut Object, name: &str| object.get(name));
    engine.register_indexer_get(|rows: &mut AllRows, index: i64| {
        let found = usize::try_from(index).ok().filter(|index| *index < rows.0.cells.len());
        found.map(|index| Object::Row(std::sync::Arc::clone(&rows.0), index)).ok_or_else(|| {
            words(format!("there are {} rows, so none has the index {index}", rows.0.cells.len()))
        })
    });
    engine.register_iterator::<AllRows>();
    engine.register_iterator::<rhai::Array>();
    engine.register_iterator::<std::ops::Range<i64>>();
    engine.register_iterator::<std::ops::RangeInclusive<i64>>();
    engine.register_iterator_result::<Span, i64>();
}

impl IntoIterator for Span {
    type Item = Result<i64, Raised>;
    type IntoIter = Box<dyn Iterator<Item = Self::Item>>;

    fn into_iter(self) -> Self::IntoIter {
        match (self.low.as_int(), self.high.as_int(), self.inclusive) {
            (Ok(low), Ok(high), false) => Box::new((low..high).map(Ok)),
            (Ok(low), Ok(high), true) => Box::new((low..=high).map(Ok)),
            _ => {
                Box::new(std::iter::once(Err(words("a loop goes over whole numbers, a list or `ctx.rows`"))))
            }
        }
    }
}

fn unit(number: &Value, word: &str) -> Result<Quantity, Raised> {
    match quantity(number, word) {
        Some(Ok((value, ty))) => Ok(Quantity { value, ty }),
        Some(Err(message)) => Err(words(message)),
        None => Err(words(format!("`{word}` is not a unit"))),
    }
}

/// A text beside a version is read as one, as in an expression.
fn as_version(a: &mut (Value, Type), other: &Type) -> Result<(), Raised> {
    if *other != Type::Version || a.1 != Type::TEXT {
        return Ok(());
    }
    let written = a.0.as_text().unwrap_or("");
    if version::compare(written, written).is_none() {
        return Err(words(format!("`{written}` is not a version")));
    }
    a.1 = Type::Version;
    Ok(())
}

/// `a == b` and the like.
pub(super) fn compare(cmp: Cmp, a: &Dynamic, b: &Dynamic, tests_null: bool) -> Result<bool, Raised> {
    if tests_null && (a.is_unit() || b.is_unit()) {
        let equal = a.is_unit() && b.is_unit();
        return match cmp {
            Cmp::Eq => Ok(equal),
            Cmp::Ne => Ok(!equal),
            _ => Err(words("null has no order")),
        };
    }
    let (Some(mut x), Some(mut y)) = (operand(a)?, operand(b)?) else {
        let other = if a.is_unit() { kind(b) } else { kind(a) };
        return Err(words(format!(
            "null is compared with {other}: ask `x != null` first, or write `x ?? …`"
        )));
    };
    as_version(&mut x, &y.1)?;
    as_version(&mut y, &x.1)?;
    let ordered = !matches!(cmp, Cmp::Eq | Cmp::Ne);
    if let (Type::List(_), Type::List(_), false) = (&x.1, &y.1, ordered)
        && (is_empty_list(&x.0) || is_empty_list(&y.0))
    {
        return Ok((is_empty_list(&x.0) == is_empty_list(&y.0)) == (cmp == Cmp::Eq));
    }
    if !ops::comparable(&x.1, &y.1, ordered) {
        return Err(words(if ops::comparable(&x.1, &y.1, false) {
            format!("{} has no order", x.1)
        } else {
            format!("{} cannot be compared with {}", x.1, y.1)
        }));
    }
    ops::compare(cmp, &x.0, &y.0, &x.1).map_err(|missing| stop(&missing))
}

fn calculate(op: Arith, symbol: &str, a: &Dynamic, b: &Dynamic) -> Result<Dynamic, Raised> {
    if op == Arith::Add && (a.is_string() || b.is_string()) {
        return bounded(shown(a) + &shown(b));
    }
    let (Some((x, tx)), Some((y, ty))) = (operand(a)?, operand(b)?) else {
        return Err(words(format!("`{symbol}` meets null: write `x ?? …`")));
    };
    let Some(result) = ops::arith_type(op, &tx, &ty) else {
        return Err(words(format!("`{symbol}` cannot combine {tx} and {ty}")));
    };
    let value = ops::arith(op, &x, &tx, &y, &ty).map_err(|missing| stop(&missing))?;
    from_value(&value, &result, 0)
}

fn negate(a: &Dynamic) -> Result<Dynamic, Raised> {
    match operand(a)? {
        Some((value, ty)) if ty.is_number() || matches!(ty, Type::Quantity(_)) => {
            let value = ops::negate(&value).map_err(|missing| stop(&missing))?;
            from_value(&value, &ty, 0)
        }
        _ => Err(words(format!("{} cannot be negated", kind(a)))),
    }
}
