//! One row as JSON, by the names of its columns' types: a closed set.

use serde_json::{Number, Value as Json, json};
use sqlx::mysql::MySqlRow;
use sqlx::{Column, Error, Row, TypeInfo, ValueRef};

use crate::probe::rows::Columns;
use crate::probe::x509::hex;

/// The columns of a row.
pub(super) fn columns(row: &MySqlRow) -> Result<Columns, Error> {
    let column = |(index, column): (usize, &sqlx::mysql::MySqlColumn)| {
        let ty = column.type_info().name().to_owned();
        Ok((column.name().to_owned(), value(row, index, &ty)?))
    };
    row.columns().iter().enumerate().map(column).collect()
}

fn value(row: &MySqlRow, index: usize, ty: &str) -> Result<Json, Error> {
    // The driver takes `0000-00-00` for null; but a null has no bytes.
    let is_zero =
        matches!(ty, "DATE" | "DATETIME" | "TIMESTAMP") && row.try_get_unchecked::<&[u8], _>(index).is_ok();
    if row.try_get_raw(index)?.is_null() && !is_zero {
        return Ok(Json::Null);
    }
    Ok(match ty {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            json!(row.try_get_unchecked::<i64, _>(index)?)
        }
        "BIT" => json!(big_endian(row.try_get_unchecked::<&[u8], _>(index)?)),
        "FLOAT" => number(&row.try_get_unchecked::<f32, _>(index)?.to_string()),
        "DOUBLE" => number(&row.try_get_unchecked::<f64, _>(index)?.to_string()),
        "DECIMAL" => number(&row.try_get_unchecked::<String, _>(index)?),
        "DATE" | "DATETIME" | "TIMESTAMP" => instant(row.try_get_unchecked::<&[u8], _>(index)?, ty)?,
        "TIME" => time(row.try_get_unchecked::<&[u8], _>(index)?)?,
        "JSON" => {
            let bytes = row.try_get_unchecked::<&[u8], _>(index)?;
            serde_json::from_slice(bytes).map_err(|error| Error::Decode(error.into()))?
        }
        unsigned if unsigned.ends_with("UNSIGNED") || unsigned == "YEAR" => {
            json!(row.try_get_unchecked::<u64, _>(index)?)
        }
        _ => text(row.try_get_unchecked::<&[u8], _>(index)?),
    })
}

/// A decimal as a number; a whole one exactly.
fn number(text: &str) -> Json {
    let whole = text.split_once('.').filter(|(_, part)| part.bytes().all(|digit| digit == b'0'));
    let text = whole.map_or(text, |(whole, _)| whole);
    serde_json::from_str::<Number>(text).map_or_else(|_| json!(text), Json::Number)
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// Text, or what is no text in hexadecimal.
fn text(bytes: &[u8]) -> Json {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return json!(text);
    }
    json!(format!("0x{}", hex(bytes)))
}

/// The parts of a date, and of the time behind it: length, year (2), month, day, hour, minute, second,
/// microseconds (4); what is zero at the end is not sent.
fn instant(bytes: &[u8], ty: &str) -> Result<Json, Error> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    if bytes.is_empty() || usize::from(at(0)) + 1 != bytes.len() {
        return Err(Error::Protocol(format!("a value of type {ty} has {} bytes", bytes.len())));
    }
    let year = u16::from_le_bytes([at(1), at(2)]);
    let date = format!("{year:04}-{:02}-{:02}", at(3), at(4));
    if ty == "DATE" {
        return Ok(json!(date));
    }
    let micros = u32::from_le_bytes([at(8), at(9), at(10), at(11)]);
    let zone = if ty == "TIMESTAMP" { "Z" } else { "" };
    Ok(json!(format!("{date}T{:02}:{:02}:{:02}.{micros:06}{zone}", at(5), at(6), at(7))))
}

/// `-26:00:00.000000`, from: length, sign, days (4), hour, minute, second, microseconds (4).
fn time(bytes: &[u8]) -> Result<Json, Error> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    if bytes.is_empty() || usize::from(at(0)) + 1 != bytes.len() {
        return Err(Error::Protocol(format!("a value of type TIME has {} bytes", bytes.len())));
    }
    let sign = if at(1) == 1 { "-" } else { "" };
    let days = u32::from_le_bytes([at(2), at(3), at(4), at(5)]);
    let hours = u64::from(days) * 24 + u64::from(at(6));
    let micros = u32::from_le_bytes([at(9), at(10), at(11), at(12)]);
    Ok(json!(format!("{sign}{hours:02}:{:02}:{:02}.{micros:06}", at(7), at(8))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_stay_exact() {
        assert_eq!(number("9007199254740993"), json!(9_007_199_254_740_993_i64));
        assert_eq!(number("12.00"), json!(12));
        assert_eq!(number("12.5"), json!(12.5));
        assert_eq!(number("inf"), json!("inf"));
    }

    #[test]
    fn short_and_broken_times_are_told_apart() {
        assert_eq!(instant(&[0], "TIMESTAMP").unwrap(), json!("0000-00-00T00:00:00.000000Z"));
        assert_eq!(instant(&[4, 0xea, 7, 11, 1], "DATE").unwrap(), json!("2026-11-01"));
        assert!(instant(&[4, 1], "DATE").is_err());
        assert!(time(&[]).is_err());
        assert_eq!(time(&[8, 1, 1, 0, 0, 0, 2, 0, 0]).unwrap(), json!("-26:00:00.000000"));
    }
}
