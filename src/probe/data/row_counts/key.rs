//! Keys as texts that do not depend on the engine, and their order.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::fact::{Cause, Level, Missing};
use crate::probe::Context;
use crate::probe::data::tables::{Column, Engine, Kind};

/// An expression for the key as a JSON array of texts; None without a key.
pub(super) fn text(engine: Engine, key: &[Column]) -> Option<String> {
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
    if key.is_empty() {
        return None;
    }
    let parts = key.iter().map(part).collect::<Vec<_>>().join(", ");
    Some(match engine {
        Engine::Postgres => format!("pg_catalog.json_build_array({parts})::pg_catalog.text"),
        Engine::Mysql => format!("JSON_ARRAY({parts})"),
        Engine::Sqlite => format!("json_array({parts})"),
    })
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
    let malformed = || Missing::new(Cause::Malformed, "a key is not what was asked for").level(Level::Row);
    let parts: Vec<Option<String>> = serde_json::from_str(text).map_err(|_json| malformed())?;
    if parts.len() != key.len() {
        return Err(malformed());
    }
    let parts: Vec<String> = key
        .iter()
        .zip(parts)
        .map(|(column, part)| part.map(|part| one(column.kind, &part)))
        .collect::<Option<_>>()
        .ok_or_else(malformed)?;
    match parts.as_slice() {
        [one] => Ok(one.clone()),
        all => serde_json::to_string(all).map_err(|_json| malformed()),
    }
}

/// One value in a form that all engines share.
fn one(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Decimal | Kind::Float => number(text),
        Kind::Uuid | Kind::Bytes => text.to_ascii_lowercase(),
        Kind::Timestamp | Kind::Instant => instant(kind, text),
        Kind::Bool => match text {
            "1" | "t" => "true".to_owned(),
            "0" | "f" => "false".to_owned(),
            other => other.to_owned(),
        },
        _ => text.to_owned(),
    }
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

/// A digest of a key that is not told, by the key of the gate.
pub(super) fn hidden(cx: &Context, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&cx.salt) else { return String::new() };
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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
        ] {
            assert_eq!(one(kind, text), expected, "{text}");
        }
    }
}
