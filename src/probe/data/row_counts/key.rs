//! Keys and rows as texts that do not depend on the engine, and their order.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::fact::{Cause, Cell, Level, Missing, Value};
use crate::probe::Context;
use crate::probe::data::tables::{Column, Engine, Kind};

/// An expression for these columns as a JSON array of texts; None without any.
pub(super) fn text(engine: Engine, columns: &[Column]) -> Option<String> {
    let part = |column: &Column| {
        let name = engine.quoted(&column.name);
        match (engine, column.kind) {
            (Engine::Postgres, Kind::Bytes) => format!("pg_catalog.encode({name}, 'hex')"),
            (Engine::Postgres, _) => format!("{name}::pg_catalog.text"),
            (Engine::Mysql, Kind::Bytes) => format!("HEX({name})"),
            (Engine::Mysql, _) => format!("CONVERT(CAST({name} AS CHAR) USING utf8mb4)"),
            (Engine::Sqlite, Kind::Bytes) => format!("hex({name})"),
            (Engine::Sqlite, _) => format!("CAST({name} AS TEXT)"),
        }
    };
    if columns.is_empty() {
        return None;
    }
    let parts = columns.iter().map(part).collect::<Vec<_>>().join(", ");
    Some(match engine {
        Engine::Postgres => {
            format!("pg_catalog.array_to_json(ARRAY[{parts}]::pg_catalog.text[])::pg_catalog.text")
        }
        Engine::Mysql => format!("JSON_ARRAY({parts})"),
        Engine::Sqlite => format!("json_array({parts})"),
    })
}

/// Lines of JSON in one text.
pub(super) fn lines(engine: Engine, from: &str) -> String {
    match engine {
        Engine::Postgres => format!("(SELECT pg_catalog.string_agg(line, E'\\n') FROM ({from}) newest)"),
        Engine::Mysql => format!("(SELECT GROUP_CONCAT(line SEPARATOR '\\n') FROM ({from}) newest)"),
        Engine::Sqlite => format!("(SELECT group_concat(line, char(10)) FROM ({from}) newest)"),
    }
}

/// The order of keys: texts by their bytes, because collations of two engines do not agree.
pub(super) fn order(engine: Engine, key: &[Column], descending: bool) -> String {
    let part = |column: &Column| {
        let name = engine.quoted(&column.name);
        let by_bytes = column.kind.is_text() || column.kind == Kind::Uuid;
        let by = match engine {
            Engine::Postgres if by_bytes => format!("{name}::pg_catalog.text COLLATE pg_catalog.\"C\""),
            Engine::Mysql if by_bytes => {
                format!("CAST(CONVERT(CAST({name} AS CHAR) USING utf8mb4) AS BINARY)")
            }
            Engine::Sqlite => format!("{name} COLLATE BINARY"),
            _ => name,
        };
        if descending { format!("{by} DESC") } else { by }
    };
    key.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// The JSON array that the server gave as the key is told.
pub(super) fn told(key: &[Column], text: &str) -> Result<String, Missing> {
    let parts = values(key, text)?.into_iter().collect::<Option<Vec<String>>>().ok_or_else(malformed)?;
    match parts.as_slice() {
        [one] => Ok(one.clone()),
        all => serde_json::to_string(all).map_err(|_json| malformed()),
    }
}

/// Rows in a form that all engines share, sorted, because the server need not keep their order.
pub(super) fn rows(columns: &[Column], text: &str) -> Result<String, Missing> {
    let row = |line: &str| serde_json::to_string(&values(columns, line)?).map_err(|_json| malformed());
    let mut rows = text.split('\n').map(row).collect::<Result<Vec<String>, Missing>>()?;
    rows.sort();
    Ok(rows.join("\n"))
}

fn malformed() -> Missing {
    Missing::new(Cause::Malformed, "a row is not what was asked for").level(Level::Row)
}

/// The values of a JSON array, one for each column.
fn values(columns: &[Column], text: &str) -> Result<Vec<Option<String>>, Missing> {
    let parts: Vec<Option<String>> = serde_json::from_str(text).map_err(|_json| malformed())?;
    if parts.len() != columns.len() {
        return Err(malformed());
    }
    Ok(columns.iter().zip(parts).map(|(column, part)| part.map(|part| one(column.kind, &part))).collect())
}

/// One value in a form that all engines share.
fn one(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Decimal | Kind::Float => number(text),
        Kind::Uuid | Kind::Bytes => text.to_ascii_lowercase(),
        Kind::Timestamp | Kind::Instant => instant(kind, text),
        Kind::Json => json(text),
        Kind::Bool => match text {
            "1" | "t" => "true".to_owned(),
            "0" | "f" => "false".to_owned(),
            other => other.to_owned(),
        },
        _ => text.to_owned(),
    }
}

/// Without white space, names in order.
fn json(text: &str) -> String {
    fn sorted(json: serde_json::Value) -> serde_json::Value {
        match json {
            serde_json::Value::Object(map) => {
                let mut pairs: Vec<_> = map.into_iter().map(|(name, value)| (name, sorted(value))).collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                serde_json::Value::Object(pairs.into_iter().collect())
            }
            serde_json::Value::Array(items) => items.into_iter().map(sorted).collect(),
            other => other,
        }
    }
    serde_json::from_str(text).map_or_else(|_no_json| text.to_owned(), |json| sorted(json).to_string())
}

/// Without zeros behind that say nothing.
fn number(text: &str) -> String {
    if text.contains('.') && !text.contains(['e', 'E']) {
        let short = text.trim_end_matches('0').trim_end_matches('.');
        return if short.is_empty() || short == "-0" { "0".to_owned() } else { short.to_owned() };
    }
    text.to_owned()
}

/// `2026-11-01 03:00:00.500000+00` as `2026-11-01T03:00:00.5Z`.
fn instant(kind: Kind, text: &str) -> String {
    let bare = text.strip_suffix("+00").or_else(|| text.strip_suffix('Z')).unwrap_or(text);
    let Some((day, time)) = bare.split_once([' ', 'T']) else { return text.to_owned() };
    let time = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    format!("{day}T{time}{}", if kind == Kind::Instant { "Z" } else { "" })
}

/// A digest by the key of the gate, or by none outside of one.
pub(super) fn digest(cx: &Context, text: &str) -> Option<Value> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&cx.salt).ok()?;
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    Some(Value::text(bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// A key that is not told. Without the key of a gate anybody could try values until one fits.
pub(super) fn hidden(cx: &Context, text: &str) -> Cell {
    digest(cx, text).filter(|_| !cx.salt.is_empty()).map_or_else(
        || {
            let what = "keys of private tables are told as digests, which have a key only inside of a gate";
            let fix = "take a snapshot with `muster gate snapshot`, or leave the table out of `private`";
            Missing::new(Cause::Absent, what).level(Level::Row).fix(fix).cell()
        },
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_all_engines_have_one_form() {
        for (kind, text, expected) in [
            (Kind::Int, "100", "100"),
            (Kind::Decimal, "12.50", "12.5"),
            (Kind::Decimal, "12.00", "12"),
            (Kind::Decimal, "100", "100"),
            (Kind::Instant, "2026-11-01 03:00:00.500000+00", "2026-11-01T03:00:00.5Z"),
            (Kind::Instant, "2026-11-01 03:00:00", "2026-11-01T03:00:00Z"),
            (Kind::Timestamp, "2026-11-01 03:00:10", "2026-11-01T03:00:10"),
            (Kind::Uuid, "A0EE", "a0ee"),
            (Kind::Bool, "1", "true"),
            (Kind::Text, "1.50", "1.50"),
            (Kind::Json, "{\"b\": [1, 2], \"a\": null}", "{\"a\":null,\"b\":[1,2]}"),
        ] {
            assert_eq!(one(kind, text), expected, "{text}");
        }
    }
}
