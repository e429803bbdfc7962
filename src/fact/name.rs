//! The names of rows.

use std::sync::Arc;

use super::{Cause, Cell, Level, Missing, Schema, Type, Value, show};

/// How a row is named: its key's values joined by dots; a null part of several is left out.
pub fn row_name(schema: &Schema, row: &[Cell]) -> Result<Arc<str>, Arc<Missing>> {
    let mut parts: Vec<String> = Vec::with_capacity(schema.key.len());
    for index in &schema.key {
        let (Some(field), Some(cell)) = (schema.fields.get(*index), row.get(*index)) else { continue };
        match cell {
            Err(why) => return Err(Arc::clone(why)),
            Ok(Value::Null) => {}
            Ok(Value::Text(text)) if schema.key.len() == 1 => return Ok(Arc::clone(text)),
            Ok(Value::Text(text)) => parts.push(text.to_string()),
            Ok(Value::Int(int)) if matches!(field.ty.base(), Type::Int | Type::Counter) => {
                parts.push(int.to_string());
            }
            Ok(value) => parts.push(show(value, field.ty.base())),
        }
    }
    if parts.is_empty() {
        let names = schema.key_names().join("`, `");
        return Err(Arc::new(
            Missing::new(
                Cause::Ambiguous,
                format!("the key `{names}` of a row is null, so the row has no name"),
            )
            .level(Level::Row),
        ));
    }
    Ok(Arc::from(parts.join(".")))
}
