//! Cases as text: the reverse of reading them.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::literal;
use super::{Answered, Case, Policy};
use crate::fact::{
    Cause, Cell, Missing, Row, Rows, Table, Type, Unit, Value, int_to_float, parse_literal, show,
};
use crate::source::yaml::scalar;

/// Units of sizes and durations, the largest first.
const SIZES: &[(&str, i64)] =
    &[("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const DURATIONS: &[(&str, i64)] = &[
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// A value as a case file writes it; `None` if no file can hold it.
pub fn literal(value: &Value, ty: &Type) -> Option<String> {
    let base = ty.base();
    let text = match (value, base) {
        (Value::Null, _) => return Some("null".to_owned()),
        (Value::Bool(bool), Type::Bool) => return Some(bool.to_string()),
        (Value::Int(int), Type::Int | Type::Counter) => int.to_string(),
        (Value::Int(int), Type::Quantity(Unit::BYTES)) => whole(*int, SIZES),
        (Value::Int(int), Type::Quantity(Unit::DURATION)) => whole(*int, DURATIONS),
        (Value::Int(_), Type::Time | Type::Date) => show(value, base),
        (Value::Float(float), Type::Float) => float.to_string(),
        (Value::Float(float), Type::Quantity(Unit::RATIO)) => share(*float)?,
        (Value::Float(float), Type::Quantity(Unit::RATE)) => format!("{float}/s"),
        (Value::Float(float), Type::Quantity(Unit::BYTE_RATE)) => format!("{float}B/s"),
        (Value::Text(text), Type::Text(_) | Type::Enum(_) | Type::Version) => return Some(scalar(text)),
        (Value::List(items), Type::List(item)) => {
            let items = items.iter().map(|cell| literal(cell.as_ref().ok()?, item));
            return Some(format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", ")));
        }
        _ => return None,
    };
    (parse_literal(&text, base).as_ref() == Ok(value)).then_some(text)
}

/// A number in the largest unit of which it is a whole multiple.
fn whole(int: i64, units: &[(&str, i64)]) -> String {
    let fits = units.iter().find(|(_, size)| int % size == 0 && int != 0).or(units.last());
    let (unit, size) = fits.copied().unwrap_or(("", 1));
    format!("{}{unit}", int / size)
}

/// A share in percent, with as many digits as it takes.
fn share(float: f64) -> Option<String> {
    let texts = (0..=15).map(|digits| format!("{:.digits$}%", float * 100.0));
    texts.into_iter().find(|text| parse_literal(text, &Type::RATIO) == Ok(Value::Float(float)))
}

/// One case as an item of `check:`, with these expected findings.
pub fn item(case: &Case, policy: &Policy, findings: &[Said]) -> Option<String> {
    let mut text = format!("  - name: {}\n", scalar(&case.name));
    text.push_str(&about(case, policy)?);
    text.push_str("    facts:");
    let facts = policy.observe.iter().zip(&case.facts).filter(|(_, facts)| !is_left_out(facts));
    let facts = facts.map(|(observe, facts)| Some((Arc::clone(&observe.name), answered(facts)?)));
    let facts = facts.collect::<Option<Vec<_>>>()?;
    text.push_str(if facts.is_empty() { " {}\n" } else { "\n" });
    for (name, rows) in facts {
        text.push_str(&format!("      {}:{rows}", scalar(&name)));
    }
    text.push_str(&earlier(case, policy)?);
    if findings.is_empty() {
        text.push_str("    findings: []\n");
    } else {
        text.push_str("    findings:\n");
        findings.iter().for_each(|finding| text.push_str(&format!("      - {}\n", finding.text())));
    }
    Some(text)
}

/// The target, the parameters and the calendars.
fn about(case: &Case, policy: &Policy) -> Option<String> {
    let mut text = String::new();
    let usual = super::super::project::schemes(&policy.target.kind).first().copied().unwrap_or("");
    let mut target = Vec::new();
    if &*case.target != "case" {
        target.push(format!("name: {}", scalar(&case.target)));
    }
    if &*case.scheme != usual {
        target.push(format!("scheme: {}", scalar(&case.scheme)));
    }
    if !case.labels.is_empty() {
        let labels = case.labels.iter().map(|(name, label)| format!("{}: {}", scalar(name), scalar(label)));
        target.push(format!("labels: {{ {} }}", labels.collect::<Vec<_>>().join(", ")));
    }
    if !target.is_empty() {
        text.push_str(&format!("    target: {{ {} }}\n", target.join(", ")));
    }
    if !case.params.is_empty() {
        let param = |(name, node): &(Arc<str>, crate::source::yaml::Node)| {
            let known = policy.params.iter().find(|param| param.name == *name)?;
            let value = literal::typed(node, &known.ty).ok()?;
            Some(format!("{}: {}", scalar(name), literal(&value, &known.ty)?))
        };
        let params = case.params.iter().map(param).collect::<Option<Vec<_>>>()?;
        text.push_str(&format!("    params: {{ {} }}\n", params.join(", ")));
    }
    if let Some(held) = case.held {
        text.push_str(&format!("    held: {}\n", whole(held, DURATIONS)));
    }
    if let Some(during) = &case.during {
        let names = during.iter().map(|name| scalar(name)).collect::<Vec<_>>();
        text.push_str(&format!("    during: [{}]\n", names.join(", ")));
    }
    Some(text)
}

/// Earlier answers and samples.
fn earlier(case: &Case, policy: &Policy) -> Option<String> {
    let mut text = String::new();
    let before: Vec<_> =
        policy.observe.iter().zip(&case.before).filter_map(|(o, b)| Some((o, b.as_ref()?))).collect();
    if !before.is_empty() {
        text.push_str("    before:\n");
    }
    for (observe, result) in before {
        text.push_str(&format!("      {}:{}", scalar(&observe.name), rows_of(result)?));
    }
    let past: Vec<_> =
        policy.observe.iter().zip(&case.samples).filter(|(_, samples)| !samples.is_empty()).collect();
    if !past.is_empty() {
        text.push_str("    past:\n");
    }
    for (observe, samples) in past {
        text.push_str(&format!("      {}:\n", scalar(&observe.name)));
        for (ago, table) in samples {
            let rows = table.rows.iter().map(|cells| row(table, cells)).collect::<Option<Vec<_>>>()?;
            let rows = match (table.schema.rows, rows.as_slice()) {
                (Rows::One, [only]) => only.clone(),
                (Rows::One, _) => return None,
                (Rows::Many, rows) => format!("[{}]", rows.join(", ")),
            };
            text.push_str(&format!("        - {{ ago: {}, rows: {rows} }}\n", whole(*ago, DURATIONS)));
        }
    }
    Some(text)
}

/// What a case says by not speaking of an observation.
fn is_left_out(facts: &Answered) -> bool {
    facts.age == 0
        && facts
            .result
            .as_ref()
            .is_err_and(|why| why.cause == Cause::Absent && why.what.starts_with("the case gives"))
}

fn answered(facts: &Answered) -> Option<String> {
    if facts.age == 0 && facts.result.as_ref().is_ok_and(|table| table.cut.is_none()) {
        return rows_of(&facts.result);
    }
    let Ok(table) = &facts.result else { return rows_of(&facts.result) };
    let rows = table.rows.iter().map(|cells| row(table, cells)).collect::<Option<Vec<_>>>()?;
    let mut text = format!(" {{ rows: [{}]", rows.join(", "));
    if let Some(cut) = &table.cut {
        write!(text, ", cut: {}", cut.cause).ok()?;
    }
    if facts.age != 0 {
        write!(text, ", age: {}", whole(facts.age, DURATIONS)).ok()?;
    }
    Some(text + " }\n")
}

/// What follows the name of an observation, with the end of its line.
fn rows_of(result: &Result<Table, Arc<Missing>>) -> Option<String> {
    let table = match result {
        Err(why) => return Some(format!(" {{ missing: {} }}\n", why.cause)),
        Ok(table) => table,
    };
    let rows = table.rows.iter().map(|cells| row(table, cells)).collect::<Option<Vec<_>>>()?;
    match (table.schema.rows, rows.as_slice()) {
        (Rows::One, [only]) if only != "{}" => Some(format!(" {only}\n")),
        (_, []) => Some(" []\n".to_owned()),
        (_, rows) => {
            Some(format!("\n{}", rows.iter().map(|row| format!("        - {row}\n")).collect::<String>()))
        }
    }
}

fn row(table: &Table, cells: &Row) -> Option<String> {
    let mut facts = Vec::new();
    for (field, cell) in table.schema.fields.iter().zip(cells) {
        match self::cell(cell, &field.ty)? {
            text if text.is_empty() => {}
            text => facts.push(format!("{}: {text}", scalar(&field.name))),
        }
    }
    Some(if facts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", facts.join(", ")) })
}

/// Empty for a fact that the case does not give.
fn cell(cell: &Cell, ty: &Type) -> Option<String> {
    match cell {
        Err(why) if why.cause == Cause::Absent && why.what.starts_with("the case does not") => {
            Some(String::new())
        }
        Err(why) => Some(format!("{{ missing: {} }}", why.cause)),
        Ok(value) => literal(value, ty),
    }
}

/// A finding as a case expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The subject; `None` is the check itself.
    pub subject: Option<Arc<str>>,
    /// The verdict's word.
    pub verdict: &'static str,
    /// The cause's word.
    pub cause: Option<&'static str>,
    /// The severity's word, where a ladder decides it.
    pub severity: Option<&'static str>,
    /// The urgency's word, where a ladder decides it.
    pub urgency: Option<&'static str>,
}

impl Said {
    fn text(&self) -> String {
        let subject = self.subject.as_ref().map(|subject| format!("subject: {}, ", scalar(subject)));
        let rest = [("cause", self.cause), ("severity", self.severity), ("urgency", self.urgency)];
        let rest = rest.into_iter().filter_map(|(key, word)| Some(format!(", {key}: {}", word?)));
        format!("{{ {}verdict: {}{} }}", subject.unwrap_or_default(), self.verdict, rest.collect::<String>())
    }
}

/// A number of steps as a value of a type, where a step is the smallest that means something: one, a byte, a second,
/// a tenth of a percent. `None` if the type has no steps.
pub fn step(steps: i64, ty: &Type, fine: bool) -> Option<Value> {
    let second = if fine { 1_000 } else { 1_000_000 };
    match ty.base() {
        Type::Int | Type::Counter | Type::Date | Type::Quantity(Unit::BYTES) => Some(Value::Int(steps)),
        Type::Quantity(Unit::DURATION) | Type::Time => steps.checked_mul(second).map(Value::Int),
        Type::Quantity(Unit::RATIO) => Some(Value::Float(int_to_float(steps) / 10.0 / 100.0)),
        Type::Quantity(Unit::BYTE_RATE) => Some(Value::Float(int_to_float(steps))),
        Type::Float | Type::Quantity(Unit::RATE) => Some(Value::Float(int_to_float(steps) / 10.0)),
        _ => None,
    }
}

/// The number of steps nearest to a value.
pub fn steps(value: &Value, ty: &Type, fine: bool) -> Option<i64> {
    let second = if fine { 1_000 } else { 1_000_000 };
    let near = |float: f64| crate::fact::float_to_int(float.round());
    match (value, ty.base()) {
        (Value::Int(int), Type::Int | Type::Counter | Type::Date | Type::Quantity(Unit::BYTES)) => Some(*int),
        (Value::Int(int), Type::Quantity(Unit::DURATION) | Type::Time) => Some(int.div_euclid(second)),
        (Value::Float(float), Type::Quantity(Unit::RATIO)) => near(float * 1000.0),
        (Value::Float(float), Type::Quantity(Unit::BYTE_RATE)) => near(*float),
        (Value::Float(float), Type::Float | Type::Quantity(Unit::RATE)) => near(float * 10.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_from_what_is_written() {
        for (value, ty, text) in [
            (Value::Int(1 << 30), Type::BYTES, "1GiB"),
            (Value::Int(1_000), Type::BYTES, "1000B"),
            (Value::Int(0), Type::DURATION, "0us"),
            (Value::Int(5_400_000_000), Type::DURATION, "90m"),
            (Value::Float(0.401), Type::RATIO, "40.1%"),
            (Value::Float(0.4), Type::RATIO, "40%"),
            (Value::Float(2.5), Type::Float, "2.5"),
            (Value::Int(0), Type::Time, "1970-01-01T00:00:00Z"),
            (Value::text("a: b"), Type::TEXT, "\"a: b\""),
            (Value::texts(["a", "b"]), Type::list(Type::TEXT), "[a, b]"),
            (Value::Null, Type::BYTES.nullable(), "null"),
        ] {
            assert_eq!(literal(&value, &ty).as_deref(), Some(text));
        }
        assert_eq!(literal(&Value::Float(f64::NAN), &Type::Float), None);
    }

    #[test]
    fn steps_are_the_smallest_that_mean_something() {
        for (value, ty) in [
            (Value::Float(0.4), Type::RATIO),
            (Value::Int(7), Type::Int),
            (Value::Int(3_600_000_000), Type::DURATION),
            (Value::Float(1.5), Type::Float),
        ] {
            let count = steps(&value, &ty, false).unwrap();
            assert_eq!(step(count, &ty, false).as_ref(), Some(&value));
            assert_ne!(step(count + 1, &ty, false).as_ref(), Some(&value));
        }
    }
}
