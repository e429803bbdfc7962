//! JSON by its meaning: names sorted, the last of equal names, numbers as decimals, nothing between the parts.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::number::Decimal;

/// Deeper than any document of people; deeper ones are compared as text.
const DEEPEST: usize = 256;

/// Adds the canonical text; `None` if it is no JSON.
pub(super) fn canonical(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let value: &RawValue = serde_json::from_slice(text).ok()?;
    write(value, out, 0)
}

fn write(value: &RawValue, out: &mut Vec<u8>, depth: usize) -> Option<()> {
    let text = value.get();
    if depth > DEEPEST {
        return None;
    }
    match text.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
            out.push(b'{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                comma(index, out);
                serde_json::to_writer(&mut *out, &name).ok()?;
                out.push(b':');
                write(member, out, depth + 1)?;
            }
            out.push(b'}');
        }
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            out.push(b'[');
            for (index, item) in items.into_iter().enumerate() {
                comma(index, out);
                write(item, out, depth + 1)?;
            }
            out.push(b']');
        }
        b'"' => {
            let text: String = serde_json::from_str(text).ok()?;
            serde_json::to_writer(&mut *out, &text).ok()?;
        }
        b't' | b'f' | b'n' => out.extend_from_slice(text.as_bytes()),
        _ => Decimal::parse(text.as_bytes())?.text(out),
    }
    Some(())
}

fn comma(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}
