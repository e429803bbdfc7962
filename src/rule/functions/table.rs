//! The table of functions: an entry for each.

use super::super::node::{Cmp, FoldKind};
use super::Function;
use super::bodies::{
    abs, contains, contains_type, date_type, extreme, first_text, length, number_to_int, of_list, of_numbers,
    one_text, parsed, quantile, ratio, ratio_type, rounded, same, texts, to_date, total, two_texts, version,
};
use crate::fact::{Type, Value, parse_time};

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
