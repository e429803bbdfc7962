//! Literals of YAML values with their types.

use crate::diag::{Diag, code};
use crate::fact::{Type, Value, parse_date, parse_literal, parse_quantity, parse_time};
use crate::source::yaml::{Core, Kind, Node, Style};

/// A literal whose type it tells itself: `20%` is a ratio, `7d` a duration, `10_000` a whole number.
pub fn untyped(node: &Node) -> Result<(Value, Type), Diag> {
    match &node.kind {
        Kind::Scalar(scalar) => match scalar.core() {
            Core::Bool(bool) => Ok((Value::Bool(bool), Type::Bool)),
            Core::Int(int) => Ok((Value::Int(int), Type::Int)),
            Core::Float(float) if float.is_finite() => Ok((Value::Float(float), Type::Float)),
            Core::Float(_) | Core::BigInt(_) => {
                Err(Diag::error(&code::BAD_LITERAL, "the number cannot be kept").at(&node.loc, ""))
            }
            Core::Null => {
                Err(Diag::error(&code::NULL_VALUE, "a value is needed").at(&node.loc, "nothing stands here"))
            }
            Core::Str(text) if scalar.style == Style::Plain => plain(text, node),
            Core::Str(text) => Ok((Value::text(text), Type::TEXT)),
        },
        Kind::Seq(items) => list(items, node),
        Kind::Map(_) => {
            Err(Diag::error(&code::WRONG_TYPE, "expected a value, found a map").at(&node.loc, ""))
        }
    }
}

fn plain(text: &str, node: &Node) -> Result<(Value, Type), Diag> {
    if let Some(found) = parse_quantity(text) {
        return Ok(found);
    }
    if let Ok(value) = parse_literal(text, &Type::Int) {
        return Ok((value, Type::Int));
    }
    if let Some(time) = parse_time(text) {
        return Ok((Value::Int(time), Type::Time));
    }
    if let Some(date) = parse_date(text) {
        return Ok((Value::Int(date), Type::Date));
    }
    if let Some(help) = expression_form(text) {
        return Err(Diag::error(&code::BAD_LITERAL, format!("`{text}` is the form of expressions"))
            .at(&node.loc, "")
            .help(help));
    }
    Ok((Value::text(text), Type::TEXT))
}

/// `7.days` in a YAML value: how to write it here.
fn expression_form(text: &str) -> Option<String> {
    let (number, word) = text.rsplit_once('.')?;
    if !number.starts_with(|c: char| c.is_ascii_digit())
        || !crate::rule::functions::UNITS.iter().any(|(unit, _, _)| *unit == word)
    {
        return None;
    }
    let short = match word {
        "percent" => "%",
        "bytes" => "B",
        "microseconds" => "us",
        "milliseconds" => "ms",
        "second" | "seconds" => "s",
        "minute" | "minutes" => "m",
        "hour" | "hours" => "h",
        "day" | "days" => "d",
        "week" | "weeks" => "w",
        other => other,
    };
    Some(format!("in a YAML value write `{number}{short}`"))
}

fn list(items: &[Node], node: &Node) -> Result<(Value, Type), Diag> {
    let mut values = Vec::with_capacity(items.len());
    let mut ty: Option<Type> = None;
    for item in items {
        let (value, found) = untyped(item)?;
        if let Some(first) = ty.as_ref().filter(|first| **first != found) {
            let message = format!("the list holds {first} and {found}");
            return Err(Diag::error(&code::WRONG_TYPE, message).at(&item.loc, format!("this is {found}")));
        }
        ty = Some(found);
        values.push(Ok(value));
    }
    let Some(ty) = ty else {
        return Err(Diag::error(&code::BAD_VALUE, "the list is empty").at(&node.loc, ""));
    };
    Ok((Value::List(values.into()), Type::list(ty)))
}

/// A literal of a wanted type. A single value is taken for a list of one.
pub fn typed(node: &Node, ty: &Type) -> Result<Value, Diag> {
    match (&node.kind, ty.base()) {
        (Kind::Seq(items), Type::List(item)) => {
            let values = items.iter().map(|node| typed(node, item).map(Ok)).collect::<Result<Vec<_>, _>>()?;
            Ok(Value::List(values.into()))
        }
        (Kind::Scalar(_), Type::List(item)) => Ok(Value::List([Ok(typed(node, item)?)].into())),
        (Kind::Scalar(scalar), ty) => {
            let quoted_number = scalar.style != Style::Plain
                && matches!(ty, Type::Int | Type::Float | Type::Bool | Type::Counter);
            let parsed = if quoted_number {
                Err(None)
            } else {
                parse_literal(&scalar.text, ty).map_err(|e| Some(e.0))
            };
            parsed.map_err(|said| {
                let said = said.unwrap_or_else(|| format!("`{}` in quotes is a text, not {ty}", scalar.text));
                Diag::error(&code::BAD_LITERAL, said)
                    .at(&node.loc, "")
                    .maybe_help(expression_form(&scalar.text))
            })
        }
        _ => Err(Diag::error(&code::WRONG_TYPE, format!("expected {ty}, found {}", node.describe()))
            .at(&node.loc, "")),
    }
}
