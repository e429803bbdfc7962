//! The language reference: prose beside this file, tables from the types, units, functions and shapes.

use crate::fact::{Cause, Type, Unit};
use crate::rule::functions::{FUNCTIONS, UNITS, unit_word};
use crate::rule::node::Arith;
use crate::rule::ops::arith_type;
use crate::rule::typing::folds::AGGREGATES;
use crate::rule::typing::past::QUESTIONS;
use crate::verdict::{Layer, Verdict};

use super::{code, exit_codes, fill, keys, table};

/// The page.
pub(super) fn text() -> String {
    fill(
        include_str!("language.md"),
        &[
            ("policy keys", keys::policy()),
            ("project keys", keys::project()),
            ("case keys", keys::cases()),
            ("types", types()),
            ("units", units()),
            ("algebra", algebra()),
            ("functions", functions()),
            ("aggregates", aggregates()),
            ("questions", questions()),
            ("layers", layers()),
            ("verdicts", verdicts()),
            ("causes", causes()),
            ("exit codes", exit_codes()),
        ],
    )
}

/// Name, literal of a YAML value, literal of an expression, meaning.
const TYPES: &[(&str, &str, &str, &str)] = &[
    ("bool", "true", "true", "true or false"),
    ("int", "10_000", "10_000", "a whole number of 64 bits"),
    ("count", "10_000", "10_000", "another name of `int`"),
    ("float", "1.5", "1.5", "a number with a fraction"),
    ("text", "shop", "\"shop\"", "text"),
    (
        "name",
        "public.orders",
        "\"public.orders\"",
        "text: the name of a database object, quoted as such in SQL",
    ),
    ("path", "/srv/backup", "\"/srv/backup\"", "text: a path of a file system"),
    ("host", "db.internal", "\"db.internal\"", "text: a host name or address"),
    ("url", "https://shop.example/", "\"https://shop.example/\"", "text: an URL"),
    ("bytes", "10GiB", "10.GiB", "a size; a whole number of bytes"),
    ("duration", "7d, 1h30m", "7.days", "a length of time; a whole number of microseconds"),
    ("ratio", "20%", "20.percent", "a share: 20 % is 0.2"),
    ("bytes/s", "5MiB/s", "5.MiB / 1.second", "a size per time"),
    ("rate", "3/s", "3 / 1.second", "events per time"),
    ("counter", "10_000", "10_000", "a number that only grows until it starts again at zero"),
    ("time", "2026-11-01T03:00:00Z", "time(\"2026-11-01T03:00:00Z\")", "an instant, in RFC 3339"),
    ("date", "2026-11-01", "date(\"2026-11-01\")", "a day, UTC"),
    ("version", "15.4", "version(\"15.4\")", "compared number by number: `15.10` is newer than `15.9`"),
];

fn types() -> String {
    let rows = TYPES.iter().map(|(name, yaml, expression, meaning)| {
        let yaml = yaml.split(", ").map(code).collect::<Vec<_>>().join(", ");
        vec![code(name), yaml, code(expression), (*meaning).to_owned()]
    });
    table(&["type", "in a YAML value", "in an expression", "meaning"], rows)
}

/// The units that YAML values write, as far as they are other words than those of expressions.
const SHORT: &[&str] = &["us", "ms", "s", "m", "h", "d", "w", "B"];

fn units() -> String {
    let short = |word: &str| SHORT.iter().find(|short| unit_word(short) == Some(word));
    let rows = UNITS.iter().map(|(word, ty, _)| {
        let yaml = match short(word) {
            Some(short) => code(format!("1{short}")),
            None if word == &"percent" => code("1%"),
            None if unit_word(word) == Some(word) => code(format!("1{word}")),
            None => String::new(),
        };
        vec![code(ty), yaml, code(format!("1.{word}"))]
    });
    table(&["type", "in a YAML value", "in an expression"], rows)
}

fn combined() -> [Type; 9] {
    [
        Type::Int,
        Type::Float,
        Type::BYTES,
        Type::DURATION,
        Type::RATIO,
        Type::Quantity(Unit::BYTE_RATE),
        Type::Quantity(Unit::RATE),
        Type::Time,
        Type::Date,
    ]
}

/// One table per operator: the left side stands in the first column, the right side in the head.
fn algebra() -> String {
    let operators =
        [(Arith::Add, "+"), (Arith::Sub, "-"), (Arith::Mul, "*"), (Arith::Div, "/"), (Arith::Rem, "%")];
    operators.iter().map(|(op, symbol)| matrix(*op, symbol)).collect::<Vec<_>>().join("\n")
}

fn matrix(op: Arith, symbol: &str) -> String {
    let types = combined();
    let columns: Vec<&Type> =
        types.iter().filter(|b| types.iter().any(|a| arith_type(op, a, b).is_some())).collect();
    let lines = types.iter().filter(|a| columns.iter().any(|b| arith_type(op, a, b).is_some()));
    let mut head = vec![format!("`a {symbol} b`")];
    head.extend(columns.iter().map(ToString::to_string));
    let rows = lines.map(|a| {
        let results =
            columns.iter().map(|b| arith_type(op, a, b).map_or_else(String::new, |ty| ty.to_string()));
        std::iter::once(format!("**{a}**")).chain(results).collect()
    });
    table(&head.iter().map(String::as_str).collect::<Vec<_>>(), rows)
}

/// Functions that are part of the language, because they take what no other function may see. They and
/// [`QUESTIONS`] are all that are not in the table of functions.
const BUILT_IN: &[(&str, &str, &str, &str)] = &[
    ("known(fact)", "whether the fact could be read", "known(3)", "true"),
    (
        "matches(text, \"pattern\")",
        "whether the regular expression is found in the text; the pattern is a literal, checked when the policy is loaded",
        "matches(\"a-17\", \"[0-9]+$\")",
        "true",
    ),
];

/// What reads the project or the past has no example that could be evaluated here.
const DURING: (&str, &str) =
    ("during(\"calendar\")", "whether the calendar of the project covers the time of the observation");

fn aggregates() -> String {
    let rows = AGGREGATES.iter().map(|(_, shape, doc)| {
        let shapes = shape.split(" or ").map(code).collect::<Vec<_>>().join(" or ");
        vec![shapes, (*doc).to_owned()]
    });
    table(&["aggregate", "meaning"], rows)
}

fn questions() -> String {
    let rows = QUESTIONS.iter().map(|(_, _, shape, ty, doc)| {
        let ty = if ty.contains(' ') { (*ty).to_owned() } else { code(ty) };
        vec![code(shape), ty, (*doc).to_owned()]
    });
    table(&["question", "type", "meaning"], rows)
}

fn functions() -> String {
    let mut rows: Vec<(&str, &str, &str, &str)> =
        FUNCTIONS.iter().map(|f| (f.shape, f.doc, f.example.0, f.example.1)).collect();
    rows.extend(BUILT_IN);
    rows.push((DURING.0, DURING.1, "", ""));
    rows.sort_unstable();
    let rows = rows.into_iter().map(|(shape, doc, example, result)| {
        let shapes = shape.split(" or ").map(code).collect::<Vec<_>>().join(" or ");
        let empty_or_code = |text: &str| if text.is_empty() { String::new() } else { code(text) };
        vec![shapes, doc.to_owned(), empty_or_code(example), empty_or_code(result)]
    });
    table(&["function", "meaning", "example", "result"], rows)
}

fn layers() -> String {
    let all = [
        (Layer::Policy, "`params:` of the policy"),
        (Layer::Project, "an override that names only the policy"),
        (Layer::Environment, "one that names an `environment`"),
        (Layer::Labels, "one that names `labels`"),
        (Layer::Target, "one that names a `target`"),
        (Layer::Subject, "one that names a `subject`"),
        (Layer::CommandLine, "`--set NAME=VALUE`"),
    ];
    let rows = all.iter().map(|(layer, set)| vec![layer.word().to_owned(), (*set).to_owned()]);
    table(&["layer (a later one wins)", "set by"], rows)
}

fn verdicts() -> String {
    let meaning = |verdict| match verdict {
        Verdict::Pass => "what must hold holds",
        Verdict::Skipped => "not judged, on purpose and with the reason",
        Verdict::Waived => "a finding that a waiver covers; the verdict beneath is shown",
        Verdict::Warn => "near the limit, or pending (`for`)",
        Verdict::Unknown => "could not be judged, with the cause",
        Verdict::Fail => "what must hold does not",
    };
    let rows =
        Verdict::ALL.iter().rev().map(|verdict| vec![code(verdict.word()), meaning(*verdict).to_owned()]);
    table(&["verdict", "meaning"], rows)
}

/// What a cause says, and where to look first.
fn cause(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Unreachable => {
            ("nothing answered at the address", "the address, the network, whether the system runs")
        }
        Cause::Timeout => {
            ("no answer before the deadline", "the load of the system; `limits: { deadline: … }`")
        }
        Cause::Denied => ("the role may not see it", "the grant that the finding names"),
        Cause::Unsupported => ("this version, platform or build does not have it", "what the finding names"),
        Cause::Malformed => {
            ("the answer is not what the protocol says", "whether the right thing listens there")
        }
        Cause::Empty => ("nothing was found where something had to be", "the arguments of the probe"),
        Cause::Absent => ("it is not there, or was not recorded", "names and places; record again"),
        Cause::Ambiguous => ("more than one thing has this name", "`key`"),
        Cause::Incomplete => ("the answer was cut", "the limit that the finding names"),
        Cause::WrongTarget => {
            ("the system is not what its labels say", "labels and address after a failover")
        }
        Cause::WrongType => ("the value has another type than declared", "`facts`"),
        Cause::Undecidable => {
            ("division by zero, overflow, not a number", "the rule: which value makes it so")
        }
        Cause::Stale => ("older than `max_age` accepts", "observe again"),
        Cause::Quality => (
            "an estimate from bad inputs, or one where `accept: exact` wants a count",
            "how to make the source count",
        ),
        Cause::NoHistory => ("too little is remembered", "wait, or ask for less history"),
        Cause::Masked => (
            "a text that the recording does not tell is compared with one that is told",
            "judge it where it is observed, or record without `--mask`",
        ),
        Cause::Clock => {
            ("a time lies more than five minutes ahead of the clock", "the clocks of both systems")
        }
        Cause::Limit => ("a limit of size or number was reached", "the limit that the finding names"),
        Cause::Cancelled => ("the run was ended before the answer", "run again"),
        Cause::Script => ("a script gave no verdict", "the script, at the place that the finding names"),
        Cause::Internal => ("a fault of muster itself", "report it"),
    }
}

fn causes() -> String {
    let rows = Cause::ALL.iter().map(|known| {
        let (meaning, look) = cause(*known);
        vec![code(known.word()), meaning.to_owned(), look.to_owned()]
    });
    table(&["cause", "meaning", "look at"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Cell, parse_literal, parse_quantity, show};
    use crate::rule::functions::quantity;
    use crate::rule::node::Place;
    use crate::rule::{Env, Text, eval, typing};

    struct Nothing;

    impl eval::Scope for Nothing {
        fn read(&self, place: &Place) -> Cell {
            panic!("an example reads {place:?}")
        }
    }

    /// Type and text of an expression that reads nothing.
    fn evaluated(expression: &str) -> (Type, String) {
        let rule = typing::check(Text::bare(expression), &Env::default())
            .unwrap_or_else(|diag| panic!("{expression}: {diag:?}"));
        let value = eval::eval(&rule.node, &Nothing).unwrap_or_else(|why| panic!("{expression}: {why}"));
        (rule.node.ty.clone(), show(&value, &rule.node.ty))
    }

    #[test]
    fn examples_of_functions_give_what_they_say() {
        let table = FUNCTIONS.iter().map(|function| function.example);
        for (example, result) in
            table.chain(BUILT_IN.iter().map(|(_, _, example, result)| (*example, *result)))
        {
            assert_eq!(evaluated(example).1, result, "{example}");
        }
    }

    #[test]
    fn every_function_that_is_part_of_the_language_is_told() {
        let shapes = BUILT_IN.iter().map(|(shape, ..)| *shape).chain([DURING.0]);
        let shapes = shapes.chain(QUESTIONS.iter().map(|(_, _, shape, ..)| *shape));
        let mut told: Vec<&str> = shapes.filter_map(|shape| shape.split('(').next()).collect();
        let mut known = typing::SPECIAL.to_vec();
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!(told, known);
    }

    #[test]
    fn every_type_has_its_row_and_both_literals_mean_the_same() {
        let names: Vec<&str> = TYPES.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, Type::names().collect::<Vec<_>>());
        for (name, yaml, expression, _) in TYPES {
            let ty = Type::parse(name).unwrap();
            for text in yaml.split(", ") {
                parse_literal(text, &ty).unwrap_or_else(|error| panic!("{name}: {}", error.0));
            }
            let (found, shown) = evaluated(expression);
            let value = parse_literal(yaml.split(", ").next().unwrap(), &ty).unwrap();
            assert_eq!(shown, show(&value, &ty), "{name}");
            assert!(found == ty || found.is_number() || found.is_text(), "{name}: {found}");
        }
    }

    #[test]
    fn units_mean_the_same_in_yaml_and_in_expressions() {
        for short in SHORT {
            let word = unit_word(short).unwrap_or_else(|| panic!("{short}"));
            let expected = quantity(&crate::fact::Value::Int(1), word).unwrap().unwrap();
            assert_eq!(parse_quantity(&format!("1{short}")), Some(expected), "{short}");
        }
        assert!(units().contains("| `1d` | `1.days` |"));
        assert!(units().contains("| `1GiB` | `1.GiB` |"));
    }
}
