//! Words: codes, lints, functions, types, units, types of targets, causes of `unknown`.

use crate::fact::{Cause, Type, catalogue};
use crate::report::impact::rules;
use crate::rule::functions::{self, FUNCTIONS, UNITS, unit_word};
use crate::{diag, lint};

use super::Page;

/// Explains every meaning that the word has.
pub(super) fn explain(name: &str, page: &mut Page) -> bool {
    let meanings = [code, a_lint, change, function, ty, unit, target, cause];
    meanings.into_iter().filter_map(|meaning| meaning(name)).map(|words| words.onto(page)).count() > 0
}

/// All words, for suggestions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let codes = diag::ALL.iter().map(|code| code.id);
    let functions = FUNCTIONS.iter().map(|function| function.name);
    let units = UNITS.iter().map(|(word, _, _)| *word);
    let targets = catalogue::TARGET_TYPES.iter().map(|(name, _)| *name);
    let causes = Cause::ALL.iter().map(|cause| cause.word());
    let lints = lint::LINTS.iter().map(lint::Lint::name);
    codes.chain(lints).chain(functions).chain(Type::names()).chain(units).chain(targets).chain(causes)
}

/// One meaning of a word.
struct Words {
    name: String,
    what: String,
    text: String,
}

impl Words {
    fn new(name: &str, what: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), what: what.to_owned(), text: text.into() }
    }

    fn onto(self, page: &mut Page) {
        page.title(&self.name, &self.what);
        page.prose(&self.text);
    }
}

fn code(name: &str) -> Option<Words> {
    let found = diag::code::find(name).filter(|code| lint::find(code.id).is_none())?;
    Some(Words::new(found.id, "a code of messages", found.explain))
}

/// As SARIF and annotations name what `muster diff` says.
fn change(name: &str) -> Option<Words> {
    let (id, meaning) = rules().find(|(id, _)| id == name)?;
    let text = format!(
        "A change of the policies by which {meaning}. `muster diff OLD NEW` shows it with what to do."
    );
    Some(Words::new(&id, "what `muster diff` says of a change", text))
}

fn a_lint(name: &str) -> Option<Words> {
    let found = lint::find(name)?;
    let level = match found.level {
        _ if lint::is_fixed(found) => "always an error",
        lint::ERROR => "an error by default",
        lint::WARNING => "a warning by default",
        lint::OFF => "off by default",
    };
    let what = format!("a lint of the category {}, {level}", found.category.word());
    let text = format!(
        "{}\n\nWhy it matters: {}\n\nBad:\n{}\n\nGood:\n{}",
        found.code.explain,
        found.page.why,
        indented(found.page.bad),
        indented(found.page.good),
    );
    Some(Words::new(found.name(), &what, text))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn function(name: &str) -> Option<Words> {
    let word = name.split('(').next().unwrap_or(name);
    let found = functions::find(word)?;
    let (example, result) = found.example;
    Some(Words::new(
        found.name,
        "a function",
        format!("{}\n{}\n{example} is {result}", found.shape, found.doc),
    ))
}

fn ty(name: &str) -> Option<Words> {
    let ty = Type::parse(name)?;
    let nullable = if ty.is_nullable() { "\nIt may be null: the source has no value." } else { "" };
    Some(Words::new(name, "a type", format!("{}{nullable}", of_type(ty.base()))))
}

/// What a type is, and how its values are written.
fn of_type(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "True or false: `true`.",
        Type::Int => "A whole number or a count: `10_000`.",
        Type::Float => "A number with a fraction: `1.5`.",
        Type::Text(_) => "A text. Its kind (plain, SQL name, path, host, URL) says how a remedy quotes it.",
        Type::Enum(_) => "One of a closed set of words; another word in an expression is an error at load.",
        Type::Quantity(unit) => match ty {
            Type::Quantity(_) if *ty == Type::BYTES => {
                "A size: `10GiB` in YAML values, `10.GiB` in expressions."
            }
            Type::Quantity(_) if *ty == Type::DURATION => {
                "A length of time: `7d`, `1h30m` in YAML values, `7.days` in expressions."
            }
            Type::Quantity(_) if *ty == Type::RATIO => {
                "A share: `20%` in YAML values, `20.percent` in expressions."
            }
            _ if unit.byte == 0 => "Events per time: `3/s` in YAML values.",
            _ => "Bytes per time: `5MiB/s` in YAML values; bytes divided by a duration give one.",
        },
        Type::Counter => "A number that only grows until it starts again at zero.",
        Type::Time => {
            "An instant: `2026-11-01T03:00:00Z`. Every fact `x` of this type brings `x_age`, the time since it."
        }
        Type::Date => "A day: `2026-11-01`.",
        Type::Version => "A version, compared number by number: `15.10` is above `15.9`.",
        Type::List(_) => {
            "A list of one type: `[a, b]`; `x in list`, `len(list)` and `contains(list, x)` read it."
        }
        Type::Record(_) => "A record with named parts.",
        Type::Nullable(_) => "A value or null.",
    }
}

fn unit(name: &str) -> Option<Words> {
    let word = unit_word(name).or((name == "%").then_some("percent")).unwrap_or(name);
    let (word, ty, _) = UNITS.iter().find(|(known, _, _)| *known == word)?;
    let short =
        ["us", "ms", "s", "m", "h", "d", "w", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let plural = if word.ends_with('s') { (*word).to_owned() } else { format!("{word}s") };
    let short =
        short.into_iter().find(|short| unit_word(short).is_some_and(|long| long == *word || long == plural));
    let short = short.unwrap_or("%");
    Some(Words::new(
        word,
        "a unit",
        format!("A {ty} is written `7{short}` in YAML values and `7.{word}` in expressions."),
    ))
}

fn target(name: &str) -> Option<Words> {
    let (name, doc) = catalogue::TARGET_TYPES.iter().find(|(known, _)| *known == name)?;
    let asks = catalogue::PROBES.iter().filter(|probe| probe.targets.contains(name)).map(|probe| probe.name);
    let probes = asks.collect::<Vec<_>>().join(", ");
    Some(Words::new(name, "a type of target", format!("{doc}\nProbes that ask it: {probes}")))
}

fn cause(name: &str) -> Option<Words> {
    let cause = Cause::from_word(name)?;
    Some(Words::new(cause.word(), "a cause of `unknown`", of_cause(cause)))
}

fn of_cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Unreachable => {
            "Nothing answered at the address. Look at the address, the service, the network between."
        }
        Cause::Timeout => {
            "The answer did not come before the deadline. Raise `limits: { deadline }` of the target if it is only slow."
        }
        Cause::Denied => "The role may not see it. `muster doctor` prints the exact grants.",
        Cause::Unsupported => "The version, the platform or this build does not have it.",
        Cause::Malformed => "The answer was not what the protocol says.",
        Cause::Empty => "Nothing was found where something had to be. Write `expect: any` if none is fine.",
        Cause::Absent => "It was not there, or a recording does not hold it.",
        Cause::Ambiguous => "More than one thing has this name: two rows with one key.",
        Cause::Incomplete => "The answer was cut, so what is behind the cut was not judged.",
        Cause::WrongTarget => {
            "The target is not the one that the project file describes, as after a failover."
        }
        Cause::WrongType => {
            "The value has another type than declared, or is null where null was not declared (`bytes?`)."
        }
        Cause::Undecidable => "Division by zero, an overflow, or no number.",
        Cause::Stale => "The facts are older than the policy accepts (`max_age`).",
        Cause::Quality => {
            "An estimate whose inputs are too old or too few, or any estimate where the policy wants an exact value (`accept: exact`)."
        }
        Cause::NoHistory => "Too little is remembered to tell.",
        Cause::Clock => "Clocks disagree: something lies in the future.",
        Cause::Limit => "A limit of size or number was reached.",
        Cause::Masked => {
            "The recording does not tell this text, so it can be compared with masked texts of the same recording only."
        }
        Cause::Cancelled => "The run was ended, or the target was left out, before the answer came.",
        Cause::Script => "The script of the policy did not give a verdict.",
        Cause::Internal => "A fault of muster itself. Please report it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_explained() {
        for name in names() {
            assert!(explain(name, &mut Page::new()), "{name}");
        }
        for name in ["d", "GiB", "%", "bytes?", "list<text>", "enum(a|b)", "ratio(1, 2)"] {
            assert!(explain(name, &mut Page::new()), "{name}");
        }
        assert!(!explain("nonsense", &mut Page::new()));
    }
}
