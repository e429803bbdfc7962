//! JSON of answers, strictly: a key that stands twice in one object is an error.
//!
//! Parsers differ in which of the two they keep, so whatever is judged might be the other one.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use crate::fact::{Cause, Missing};

/// The document of a text.
pub(crate) fn parse(text: &str) -> Result<Json, Missing> {
    if text.trim().is_empty() {
        return Err(Missing::new(Cause::Malformed, "nothing was answered where JSON was expected"));
    }
    let mut source = serde_json::Deserializer::from_str(text);
    let parsed = Strict.deserialize(&mut source).and_then(|json| source.end().map(|()| json));
    parsed.map_err(|error| {
        let cause = if error.to_string().starts_with(TWICE) { Cause::Ambiguous } else { Cause::Malformed };
        Missing::new(cause, format!("the answer is not JSON that can be judged: {error}"))
    })
}

/// How the error of a key that stands twice begins.
const TWICE: &str = "the key ";

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Json, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(key) = source.next_key::<String>()? {
            if map.contains_key(&key) {
                let shown: String = key.chars().take(40).collect();
                return Err(A::Error::custom(format!("{TWICE}`{shown}` stands twice in one object")));
            }
            let value = source.next_value_seed(Strict)?;
            map.insert(key, value);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_is_read_as_it_is() {
        let text = r#" {"a": [1, -2, 1.5, 18446744073709551615, "x\n", true, null], "b": {"a": {}}} "#;
        assert_eq!(parse(text).unwrap(), serde_json::from_str::<Json>(text).unwrap());
    }

    #[test]
    fn a_key_that_stands_twice_is_ambiguous() {
        for text in [r#"{"ok": false, "ok": true}"#, r#"[{"a": {"x": 1, "y": 2, "x": 1}}]"#] {
            assert_eq!(parse(text).unwrap_err().cause, Cause::Ambiguous, "{text}");
        }
        assert_eq!(parse(r#"[{"a": 1}, {"a": 1}]"#).unwrap(), json!([{"a": 1}, {"a": 1}]));
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for text in ["", " \n", "nope", "{", "{} {}", "{\"a\": NaN}", "1e999", "'a'", "[1,]", &deep] {
            assert_eq!(parse(text).unwrap_err().cause, Cause::Malformed, "{}", text.len());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:0-9a-z. ]{0,40}") {
            let known = serde_json::from_str::<Json>(&text).ok();
            if let Ok(json) = parse(&text) {
                prop_assert_eq!(Some(json), known);
            }
        }
    }
}
