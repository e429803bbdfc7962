//! Values as pieces of SQL and of a shell's line, quoted so that none can become anything else.

use crate::fact::{Cell, TextKind, Type, Value, show};

/// A value as machines read it: no thousands commas, no rounding.
fn raw(value: &Value, ty: &Type) -> String {
    match (value, ty) {
        (Value::Int(micros), &Type::DURATION) => {
            format!("{}", crate::fact::int_to_float(*micros) / 1_000_000.0)
        }
        (Value::Int(_), Type::Time | Type::Date) => show(value, ty),
        (Value::Int(int), _) => int.to_string(),
        (Value::Float(float), _) => float.to_string(),
        (Value::Bool(bool), _) => bool.to_string(),
        (Value::Text(text), _) => text.to_string(),
        (other, ty) => show(other, ty),
    }
}

/// A value as a piece of SQL. One that could not be read becomes a comment, which does nothing when pasted.
pub(super) fn sql(cell: &Cell, ty: &Type, backticks: bool) -> String {
    match cell {
        Err(why) => format!("/* unknown: {} */", why.cause),
        Ok(Value::Null) => "NULL".to_owned(),
        Ok(Value::Text(text)) if *ty == Type::Text(TextKind::SqlName) && backticks => mysql_name(text),
        Ok(Value::Text(text)) if *ty == Type::Text(TextKind::SqlName) => sql_name(text),
        Ok(Value::List(items)) => {
            let item = if let Type::List(item) = ty { item } else { ty };
            items.iter().map(|cell| sql(cell, item, backticks)).collect::<Vec<_>>().join(", ")
        }
        Ok(value @ (Value::Int(_) | Value::Float(_) | Value::Bool(_)))
            if !matches!(ty, Type::Time | Type::Date) =>
        {
            raw(value, ty)
        }
        // MySQL reads a backslash in a string as the begin of an escape.
        Ok(value) if backticks => {
            format!("'{}'", raw(value, ty).replace('\\', "\\\\").replace('\'', "''"))
        }
        Ok(value) => format!("'{}'", raw(value, ty).replace('\'', "''")),
    }
}

/// A qualified name with each part quoted where PostgreSQL needs it. Parts that are quoted already stay so:
/// other engines reserve other words.
pub fn sql_name(name: &str) -> String {
    let part = |(part, quoted): &(String, bool)| if *quoted { double_quoted(part) } else { quote_part(part) };
    split_name(name, '"').iter().map(part).collect::<Vec<_>>().join(".")
}

/// The same for MySQL and MariaDB, where double quotes make a string: each part in backticks.
fn mysql_name(name: &str) -> String {
    let part = |(part, _): &(String, bool)| format!("`{}`", part.replace('`', "``"));
    // Facts that every engine has are written with double quotes; what comes first are the quotes.
    let quote = name.chars().find(|char| matches!(char, '`' | '"')).unwrap_or('`');
    split_name(name, quote).iter().map(part).collect::<Vec<_>>().join(".")
}

/// Parts of a qualified name, and whether they stood in quotes; dots inside quotes do not split.
fn split_name(name: &str, quote: char) -> Vec<(String, bool)> {
    let (mut parts, mut part, mut inside, mut quoted) = (Vec::new(), String::new(), false, false);
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c == quote && inside && chars.peek() == Some(&quote) => part.extend(chars.next()),
            c if c == quote => {
                inside = !inside;
                quoted = true;
            }
            '.' if !inside => parts.push((std::mem::take(&mut part), std::mem::take(&mut quoted))),
            other => part.push(other),
        }
    }
    parts.push((part, quoted));
    parts
}

fn quote_part(part: &str) -> String {
    let starts = part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if starts && plain && !SQL_WORDS.contains(&part) {
        return part.to_owned();
    }
    double_quoted(part)
}

fn double_quoted(part: &str) -> String {
    format!("\"{}\"", part.replace('"', "\"\""))
}

/// Words that PostgreSQL reserves, so that a table of this name needs quotes.
const SQL_WORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
];

/// A value as words of a POSIX shell. One that could not be read becomes a word that is no command.
pub(super) fn shell(cell: &Cell, ty: &Type) -> String {
    match cell {
        Err(why) => format!("'(unknown: {})'", why.cause),
        Ok(Value::Null) => "''".to_owned(),
        Ok(Value::List(items)) => {
            let item = if let Type::List(item) = ty { item } else { ty };
            items.iter().map(|cell| shell(cell, item)).collect::<Vec<_>>().join(" ")
        }
        Ok(value) => word(&raw(value, ty), matches!(ty, Type::Text(TextKind::Path))),
    }
}

/// One word of a POSIX shell. A path that begins with a dash is made to begin with `./`.
fn word(text: &str, path: bool) -> String {
    let text = if path && text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with(['-', '=']) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
