//! Functions that a script may call: those of expressions, and a few of its own.

use std::collections::BTreeSet;

use rhai::{Array, Dynamic, Engine};

use super::ScriptVerdict;
use super::bridge::{
    AllRows, Object, Raised, Span, from_value, is_empty_list, kind, operand, shown, span, stop, words,
};
use super::engine::{Call, MAX_ARRAY, bounded};
use super::operators::compare;
use crate::fact::{Type, Value};
use crate::rule::functions::{self, FUNCTIONS, Function};
use crate::rule::node::Cmp;

/// Functions that only scripts have: name, how many arguments, shape.
const OWN: &[(&str, usize, &str)] = &[
    ("pass", 0, "pass()"),
    ("warn", 1, "warn(text)"),
    ("fail", 1, "fail(text)"),
    ("known", 2, "known(row, \"fact\")"),
    ("push", 2, "push(list, item)"),
    ("join", 2, "join(list, separator)"),
];

/// The functions that make a verdict.
pub(super) const VERDICTS: &[&str] = &["pass", "warn", "fail"];

/// How many arguments a function takes, and how it is written; `None` if there is none of that name.
pub(super) fn arity(name: &str) -> Option<(Vec<usize>, &'static str)> {
    if let Some((_, count, shape)) = OWN.iter().find(|(own, _, _)| *own == name) {
        return Some((vec![*count], shape));
    }
    let function = functions::find(name)?;
    let counts = function.shape.split(" or ").map(|shape| shape.matches(',').count() + 1);
    let counts: BTreeSet<usize> = counts.collect();
    Some((counts.into_iter().collect(), function.shape))
}

/// Names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OWN.iter().map(|(name, _, _)| *name).chain(FUNCTIONS.iter().map(|function| function.name))
}

pub(super) fn register(engine: &mut Engine) {
    for function in FUNCTIONS {
        for count in arity(function.name).map_or_else(Vec::new, |(counts, _)| counts) {
            if count == 1 {
                engine.register_fn(function.name, move |a: Dynamic| call(function, &[a]));
            } else {
                engine.register_fn(function.name, move |a: Dynamic, b: Dynamic| call(function, &[a, b]));
            }
        }
    }
    engine.register_fn("len", |rows: &mut AllRows| {
        Value::count(rows.0.cells.len() as u64).as_int().unwrap_or(0)
    });
    engine.register_fn("known", |row: &mut Object, name: &str| row.known(name));
    engine.register_fn("push", push);
    engine.register_fn("join", join);
    engine.register_fn("to_string", |value: &mut Dynamic| shown(value));
    engine.register_fn("pass", || made(ScriptVerdict::Pass));
    engine.register_fn("warn", |text: Dynamic| message(&text).map(|text| made(ScriptVerdict::Warn(text))));
    engine.register_fn("fail", |text: Dynamic| message(&text).map(|text| made(ScriptVerdict::Fail(text))));
}

/// How bad a verdict is.
pub(super) fn rank(verdict: &ScriptVerdict) -> u8 {
    match verdict {
        ScriptVerdict::Pass => 0,
        ScriptVerdict::Warn(_) => 1,
        ScriptVerdict::Fail(_) => 2,
    }
}

fn made(verdict: ScriptVerdict) -> ScriptVerdict {
    Call::made(rank(&verdict));
    verdict
}

fn message(text: &Dynamic) -> Result<String, Raised> {
    match text.as_immutable_string_ref() {
        Ok(text) if !text.trim().is_empty() => Ok(text.to_string()),
        Ok(_) => Err(words("a verdict without a text says nothing")),
        Err(_) => Err(words(format!("a verdict takes a text, not {}", kind(text)))),
    }
}

fn call(function: &Function, args: &[Dynamic]) -> Result<Dynamic, Raised> {
    if let ("contains", [whole, item]) = (function.name, args)
        && let Some(span) = span(whole)
    {
        return within(&span, item).map(Dynamic::from);
    }
    let mut values = Vec::with_capacity(args.len());
    let mut types = Vec::with_capacity(args.len());
    for arg in args {
        let Some((value, ty)) = operand(arg)? else {
            return Err(words(format!("`{}` does not take null: write `x ?? …`", function.name)));
        };
        values.push(value);
        types.push(ty);
    }
    if function.name == "contains" && values.first().is_some_and(is_empty_list) {
        return Ok(false.into());
    }
    let Some(result) = (function.check)(&types) else {
        let found: Vec<String> = types.iter().map(Type::to_string).collect();
        return Err(words(format!("`{}` does not take ({})", function.shape, found.join(", "))));
    };
    let value = (function.run)(&values, &types).map_err(|missing| stop(&missing))?;
    from_value(&value, &result, 0)
}

/// `item in low..high`.
fn within(span: &Span, item: &Dynamic) -> Result<bool, Raised> {
    let upper = if span.inclusive { Cmp::Le } else { Cmp::Lt };
    let above = compare(Cmp::Ge, item, &span.low, false)?;
    let below = compare(upper, item, &span.high, false)?;
    Ok(above && below)
}

/// Lists of lists are refused: one that is pushed into itself doubles each time.
fn push(list: &mut Array, item: Dynamic) -> Result<(), Raised> {
    if item.is_array() || item.is_map() {
        return Err(words("a list takes single values, not lists or maps"));
    }
    if list.len() >= MAX_ARRAY {
        return Err(words(format!("a list grew over {MAX_ARRAY} items")));
    }
    list.push(item);
    Ok(())
}

fn join(list: &mut Array, separator: &str) -> Result<Dynamic, Raised> {
    let mut joined = String::new();
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(&shown(item));
        if joined.len() > super::engine::MAX_STRING {
            break;
        }
    }
    bounded(joined)
}
