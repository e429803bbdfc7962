//! The one table of functions and unit words: checker, evaluator, script engine and docs read it.

use std::sync::Arc;

use super::aggregate;
use super::node::{Arith, Cmp, FoldKind};
use super::ops::{self, undecidable};
use crate::fact::{Cell, Type, Value, float_to_int, parse_date, parse_time};

/// One function.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its arguments as docs show them.
    pub shape: &'static str,
    /// One line.
    pub doc: &'static str,
    /// An example with its result.
    pub example: (&'static str, &'static str),
    /// The type of the result for these arguments; the error says what it takes.
    pub check: fn(&[Type]) -> Option<Type>,
    /// What it does; arguments are never null.
    pub run: fn(&[Value], &[Type]) -> Cell,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name)
    }
}

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// `7.days`: word, type, and how many base units one is.
pub const UNITS: &[(&str, Type, f64)] = &[
    ("microseconds", Type::DURATION, 1.0),
    ("milliseconds", Type::DURATION, 1e3),
    ("second", Type::DURATION, 1e6),
    ("seconds", Type::DURATION, 1e6),
    ("minute", Type::DURATION, 6e7),
    ("minutes", Type::DURATION, 6e7),
    ("hour", Type::DURATION, 3.6e9),
    ("hours", Type::DURATION, 3.6e9),
    ("day", Type::DURATION, 8.64e10),
    ("days", Type::DURATION, 8.64e10),
    ("week", Type::DURATION, 6.048e11),
    ("weeks", Type::DURATION, 6.048e11),
    ("bytes", Type::BYTES, 1.0),
    ("kB", Type::BYTES, 1e3),
    ("MB", Type::BYTES, 1e6),
    ("GB", Type::BYTES, 1e9),
    ("TB", Type::BYTES, 1e12),
    ("KiB", Type::BYTES, 1024.0),
    ("MiB", Type::BYTES, 1_048_576.0),
    ("GiB", Type::BYTES, 1_073_741_824.0),
    ("TiB", Type::BYTES, 1_099_511_627_776.0),
    ("PiB", Type::BYTES, 1_125_899_906_842_624.0),
    ("percent", Type::RATIO, 0.01),
];

/// The word of a YAML unit: `d` is `days`.
pub fn unit_word(unit: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("us", "microseconds"),
        ("ms", "milliseconds"),
        ("s", "seconds"),
        ("m", "minutes"),
        ("h", "hours"),
        ("d", "days"),
        ("w", "weeks"),
        ("B", "bytes"),
        ("kB", "kB"),
        ("MB", "MB"),
        ("GB", "GB"),
        ("TB", "TB"),
        ("KiB", "KiB"),
        ("MiB", "MiB"),
        ("GiB", "GiB"),
        ("TiB", "TiB"),
        ("PiB", "PiB"),
    ];
    WORDS.iter().find(|(short, _)| *short == unit).map(|(_, word)| *word)
}

/// `7.days` as a value.
pub fn quantity(number: &Value, unit: &str) -> Option<Result<(Value, Type), String>> {
    let (_, ty, factor) = UNITS.iter().find(|(word, _, _)| *word == unit)?;
    let amount = number.as_float()?;
    if *ty == Type::RATIO {
        return Some(Ok((Value::Float(amount / 100.0), Type::RATIO)));
    }
    let whole = match number {
        Value::Int(int) => float_to_int(*factor).and_then(|factor| int.checked_mul(factor)),
        _ => float_to_int(amount * factor),
    };
    Some(whole.map(|int| (Value::Int(int), ty.clone())).ok_or_else(|| "the number is too large".to_owned()))
}

/// The type of an aggregate of one list; null over an empty one.
fn of_list(args: &[Type], kind: FoldKind) -> Option<Type> {
    match args {
        [Type::List(item)] => aggregate::result_type(kind, Some(item)).map(Type::nullable),
        _ => None,
    }
}

/// The values of a list; one that could not be read makes what is made of them unknown.
fn values(list: Option<&Value>) -> Result<Vec<Value>, Arc<crate::fact::Missing>> {
    match list {
        Some(Value::List(items)) => items.iter().cloned().collect(),
        _ => Err(undecidable("a list is needed")),
    }
}

fn item(types: &[Type]) -> &Type {
    match types.first() {
        Some(Type::List(item)) => item,
        _ => &Type::Float,
    }
}

/// An aggregate of numbers, which need not be whole even where its values are.
fn of_numbers(args: &[Value], types: &[Type], kind: FoldKind) -> Cell {
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

fn quantile(args: &[Value], types: &[Type]) -> Cell {
    let share = args.get(1).and_then(Value::as_float).filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| undecidable("a quantile lies between 0% and 100%"))?;
    of_numbers(args, types, FoldKind::Quantile(share))
}

fn total(args: &[Value], types: &[Type]) -> Cell {
    let values = values(args.first())?;
    if values.is_empty() { Ok(Value::Null) } else { aggregate::sum(&values, item(types)) }
}

/// The larger or smaller of two values, or the largest or smallest of a list.
fn extreme(args: &[Value], types: &[Type], of_two: Cmp, of_many: Cmp) -> Cell {
    match args {
        [list] => aggregate::extreme(&values(Some(list))?, item(types), of_many),
        _ => pick(args, types, of_two),
    }
}

fn same(args: &[Type]) -> Option<Type> {
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

fn pick(args: &[Value], types: &[Type], want: Cmp) -> Cell {
    let ([a, b], [ty, ..]) = (args, types) else { return Err(undecidable("two values are needed")) };
    let first = ops::compare(want, a, b, ty)?;
    Ok(if first { a.clone() } else { b.clone() })
}

fn text(value: &Value) -> &str {
    value.as_text().unwrap_or("")
}

fn first_text(args: &[Value]) -> &str {
    args.first().map_or("", text)
}

fn texts(args: &[Type], result: Type) -> Option<Type> {
    args.iter().all(Type::is_text).then_some(result)
}

fn two_texts(args: &[Value], test: fn(&str, &str) -> bool) -> Cell {
    let [a, b] = args else { return Err(undecidable("two texts are needed")) };
    Ok(Value::Bool(test(text(a), text(b))))
}

fn rounded(args: &[Value], round: fn(f64) -> f64) -> Cell {
    let number = args.first().and_then(Value::as_float).unwrap_or(f64::NAN);
    float_to_int(round(number))
        .map(Value::Int)
        .ok_or_else(|| undecidable("the number does not fit into 64 bits"))
}

fn number_to_int(args: &[Type]) -> Option<Type> {
    matches!(args, [a] if a.is_number()).then_some(Type::Int)
}

fn one_text(args: &[Type], result: Type) -> Option<Type> {
    if args.len() == 1 { texts(args, result) } else { None }
}

fn abs(args: &[Value], _: &[Type]) -> Cell {
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
fn length(args: &[Value], _: &[Type]) -> Cell {
    Ok(Value::count(match args {
        [Value::List(items)] => items.len() as u64,
        _ => first_text(args).chars().count() as u64,
    }))
}

fn contains(args: &[Value], types: &[Type]) -> Cell {
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

fn contains_type(args: &[Type]) -> Option<Type> {
    match args {
        [Type::List(item), other] if ops::comparable(item, other, false) => Some(Type::Bool),
        [a, b] if a.is_text() && b.is_text() => Some(Type::Bool),
        _ => None,
    }
}

fn ratio(args: &[Value], types: &[Type]) -> Cell {
    match (args, types) {
        ([a, b], [ta, tb]) => match ops::arith(Arith::Div, a, ta, b, tb)? {
            Value::Int(_) => Err(undecidable("the share is not a number")),
            other => Ok(other),
        },
        ([a], _) => Ok(Value::Float(a.as_float().unwrap_or(f64::NAN))),
        _ => Err(undecidable("one or two numbers are needed")),
    }
}

fn ratio_type(args: &[Type]) -> Option<Type> {
    match args {
        [a] if a.is_number() => Some(Type::RATIO),
        [a, b] if a.is_number() && b.is_number() => Some(Type::RATIO),
        [Type::Quantity(a), Type::Quantity(b)] if a == b => Some(Type::RATIO),
        _ => None,
    }
}

fn parsed(args: &[Value], read: fn(&str) -> Option<i64>, example: &str) -> Cell {
    let written = first_text(args);
    read(written)
        .map(Value::Int)
        .ok_or_else(|| undecidable(format!("`{written}` is not of the form `{example}`")))
}

fn to_date(args: &[Value], types: &[Type]) -> Cell {
    match (args, types) {
        ([Value::Int(micros)], [Type::Time]) => Ok(Value::Int(micros.div_euclid(86_400_000_000))),
        _ => parsed(args, parse_date, "2026-11-01"),
    }
}

fn date_type(args: &[Type]) -> Option<Type> {
    matches!(args, [a] if *a == Type::Time || a.is_text()).then_some(Type::Date)
}

fn version(args: &[Value], _: &[Type]) -> Cell {
    let written = first_text(args);
    match super::version::compare(written, written) {
        Some(_) => Ok(Value::text(written)),
        None => Err(undecidable(format!("`{written}` does not begin with a number"))),
    }
}

/// All functions, sorted by name. `known` and `matches` are part of the language and stand in `typing`.
pub static FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        shape: "abs(number)",
        doc: "the number without its sign",
        example: ("abs(-3)", "3"),
        check: |a| {
            matches!(a, [x] if x.is_number() || matches!(x, Type::Quantity(_)))
                .then(|| a.first().cloned())
                .flatten()
        },
        run: abs,
    },
    Function {
        name: "avg",
        shape: "avg(list)",
        doc: "the mean of a list; null if it is empty",
        example: ("avg([1, 2])", "1.5"),
        check: |a| of_list(a, FoldKind::Avg),
        run: |a, t| of_numbers(a, t, FoldKind::Avg),
    },
    Function {
        name: "ceil",
        shape: "ceil(number)",
        doc: "the next whole number above",
        example: ("ceil(1.2)", "2"),
        check: number_to_int,
        run: |a, _| rounded(a, f64::ceil),
    },
    Function {
        name: "contains",
        shape: "contains(text, part) or contains(list, item)",
        doc: "whether the part or item is in it",
        example: ("contains(\"abc\", \"b\")", "true"),
        check: contains_type,
        run: contains,
    },
    Function {
        name: "date",
        shape: "date(time) or date(text)",
        doc: "the day, UTC",
        example: ("date(\"2026-11-01\")", "2026-11-01"),
        check: date_type,
        run: to_date,
    },
    Function {
        name: "ends_with",
        shape: "ends_with(text, end)",
        doc: "whether the text ends so",
        example: ("ends_with(\"a.gz\", \".gz\")", "true"),
        check: |a| if a.len() == 2 { texts(a, Type::Bool) } else { None },
        run: |a, _| two_texts(a, |x, y| x.ends_with(y)),
    },
    Function {
        name: "floor",
        shape: "floor(number)",
        doc: "the next whole number below",
        example: ("floor(1.8)", "1"),
        check: number_to_int,
        run: |a, _| rounded(a, f64::floor),
    },
    Function {
        name: "len",
        shape: "len(text) or len(list)",
        doc: "characters of a text, items of a list",
        example: ("len(\"abc\")", "3"),
        check: |a| matches!(a, [x] if x.is_text() || matches!(x, Type::List(_))).then_some(Type::Int),
        run: length,
    },
    Function {
        name: "lower",
        shape: "lower(text)",
        doc: "the text in lower case",
        example: ("lower(\"AB\")", "ab"),
        check: |a| one_text(a, Type::TEXT),
        run: |a, _| Ok(Value::text(first_text(a).to_lowercase())),
    },
    Function {
        name: "max",
        shape: "max(a, b) or max(list)",
        doc: "the larger of two values, or the largest of a list (null if it is empty)",
        example: ("max(1, 2)", "2"),
        check: same,
        run: |a, t| extreme(a, t, Cmp::Ge, Cmp::Gt),
    },
    Function {
        name: "median",
        shape: "median(list)",
        doc: "the middle value; null if the list is empty",
        example: ("median([3, 1, 2])", "2"),
        check: |a| of_list(a, FoldKind::Quantile(0.5)),
        run: |a, t| of_numbers(a, t, FoldKind::Quantile(0.5)),
    },
    Function {
        name: "min",
        shape: "min(a, b) or min(list)",
        doc: "the smaller of two values, or the smallest of a list (null if it is empty)",
        example: ("min(1, 2)", "1"),
        check: same,
        run: |a, t| extreme(a, t, Cmp::Le, Cmp::Lt),
    },
    Function {
        name: "quantile",
        shape: "quantile(list, share)",
        doc: "the value below which that share of a list lies; null if it is empty",
        example: ("quantile([1, 2, 3], 50.percent)", "2"),
        check: |a| match a {
            [list, Type::Float | Type::Int | Type::RATIO] => {
                of_list(std::slice::from_ref(list), FoldKind::Quantile(0.5))
            }
            _ => None,
        },
        run: quantile,
    },
    Function {
        name: "ratio",
        shape: "ratio(number) or ratio(part, whole)",
        doc: "a number as a share, or the share of two like values",
        example: ("ratio(1, 4)", "25%"),
        check: ratio_type,
        run: ratio,
    },
    Function {
        name: "round",
        shape: "round(number)",
        doc: "the nearest whole number",
        example: ("round(1.5)", "2"),
        check: number_to_int,
        run: |a, _| rounded(a, f64::round),
    },
    Function {
        name: "starts_with",
        shape: "starts_with(text, start)",
        doc: "whether the text begins so",
        example: ("starts_with(\"abc\", \"a\")", "true"),
        check: |a| if a.len() == 2 { texts(a, Type::Bool) } else { None },
        run: |a, _| two_texts(a, |x, y| x.starts_with(y)),
    },
    Function {
        name: "sum",
        shape: "sum(list)",
        doc: "the sum of a list; null if it is empty",
        example: ("sum([1, 2])", "3"),
        check: |a| of_list(a, FoldKind::Sum),
        run: total,
    },
    Function {
        name: "time",
        shape: "time(text)",
        doc: "a time written in RFC 3339",
        example: ("time(\"2026-11-01T00:00:00Z\")", "2026-11-01T00:00:00Z"),
        check: |a| one_text(a, Type::Time),
        run: |a, _| parsed(a, parse_time, "2026-11-01T03:00:00Z"),
    },
    Function {
        name: "trim",
        shape: "trim(text)",
        doc: "the text without white space around it",
        example: ("trim(\" a \")", "a"),
        check: |a| one_text(a, Type::TEXT),
        run: |a, _| Ok(Value::text(first_text(a).trim())),
    },
    Function {
        name: "upper",
        shape: "upper(text)",
        doc: "the text in upper case",
        example: ("upper(\"ab\")", "AB"),
        check: |a| one_text(a, Type::TEXT),
        run: |a, _| Ok(Value::text(first_text(a).to_uppercase())),
    },
    Function {
        name: "version",
        shape: "version(text)",
        doc: "a version, compared number by number",
        example: ("version(\"15.10\") > version(\"15.9\")", "true"),
        check: |a| one_text(a, Type::Version),
        run: version,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_and_unique() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
