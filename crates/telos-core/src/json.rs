//! JSON as it comes from outside, read strictly: what two readers could take for two things is an error.
//!
//! `serde_json` keeps the last of two equal keys and turns a whole number that fits no 64 bits into the nearest float, both
//! without a word; and it says "it is not JSON" in words of its own. Here each of these has a reason that a person can act
//! on, with its line and column.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// How deep lists and objects may lie within each other; `serde_json`'s own limit, which keeps the stack safe.
pub const DEPTH: usize = 128;

/// Why a text is not the JSON that was expected. The message is the reason alone, without the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct JsonError {
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1; 0 where the line had not begun.
    pub column: usize,
    /// What is wrong, and how to mend it where it can be said.
    pub reason: String,
    /// Whether the text ends too early.
    pub cut: bool,
}

/// Reads one JSON value: keys in the text's order, no key twice in one object, no whole number beyond 64 bits.
pub fn read(text: &[u8]) -> Result<Value, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    let value = value.map_err(|error| explain(text, &error))?;
    match oversized(text) {
        Some(error) => Err(error),
        None => Ok(value),
    }
}

/// Builds a value and refuses equal keys.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element_seed(Strict)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format!("the key `{key}` stands twice in one object")));
            }
            let value = access.next_value_seed(Strict)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// `serde_json`'s messages in words that say how to mend the text.
fn explain(text: &[u8], error: &serde_json::Error) -> JsonError {
    let message = error.to_string();
    // The place stands in fields of its own.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let (line, column) = (error.line(), error.column());
    let here = text.split(|byte| *byte == b'\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let from = &here[column.saturating_sub(1).min(here.len())..];
    let reason = if text.trim_ascii().is_empty() {
        "there is nothing in it".to_owned()
    } else if error.is_eof() {
        format!("it is cut short: {message}")
    } else if message.contains("surrogate") || message.contains("end of hex escape") {
        "half of a surrogate pair stands alone in a string (`\\ud800` to `\\udfff`): write the character itself, or both \
         halves"
            .to_owned()
    } else if message.contains("recursion limit") {
        format!("lists and objects lie more than {DEPTH} deep in each other")
    } else if message.contains("control character") {
        let byte = here.get(column.saturating_sub(1)).or_else(|| here.last()).filter(|byte| **byte < 0x20);
        let name = byte.map_or_else(|| "a line end".to_owned(), |byte| format!("the control character U+{byte:04X}"));
        format!("{name} stands raw in a string; write it as an escape (`\\n`, `\\u0000`)")
    } else if let Some(word) = not_a_number(here, from) {
        format!("`{word}` is no JSON value; write null or a string")
    } else if message.contains("number out of range") {
        "a number is beyond what 64 bits hold; write it as a string".to_owned()
    } else if message.contains("unicode code point") {
        "the text is not UTF-8".to_owned()
    } else {
        message.to_owned()
    };
    JsonError { line, column, reason, cut: error.is_eof() }
}

/// A name for what is no number that Python and JavaScript write without quotes, where the error points into one.
fn not_a_number(line: &[u8], from: &[u8]) -> Option<&'static str> {
    let before = &line[..line.len() - from.len()];
    ["-Infinity", "Infinity", "NaN", "nan", "-inf", "inf", "None", "True", "False", "undefined"].into_iter().find(
        |word| {
            let word = word.as_bytes();
            (0..=word.len()).any(|seen| before.ends_with(&word[..seen]) && from.starts_with(&word[seen..]))
        },
    )
}

/// The first whole number that fits neither a signed nor an unsigned integer of 64 bits: reading it as a float would lose
/// digits. The text is JSON already.
fn oversized(text: &[u8]) -> Option<JsonError> {
    // 19 digits always fit a u64, and 18 with a sign an i64.
    const SAFE: usize = 18;
    let (mut line, mut line_start, mut at) = (1, 0, 0);
    while at < text.len() {
        match text[at] {
            b'"' => {
                at += 1;
                while at < text.len() && text[at] != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b'\n' => {
                line += 1;
                at += 1;
                line_start = at;
            }
            b'-' | b'0'..=b'9' => {
                let rest = &text[at..];
                let is_number = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let number = &rest[..rest.iter().position(|byte| !is_number(byte)).unwrap_or(rest.len())];
                let whole = number.iter().skip(1).all(u8::is_ascii_digit);
                if whole && number.len() > SAFE {
                    let digits = str::from_utf8(number).unwrap_or_default();
                    if digits.parse::<i64>().is_err() && digits.parse::<u64>().is_err() {
                        let shown = if digits.len() > 40 { &digits[..40] } else { digits };
                        let reason = format!("the whole number {shown} does not fit 64 bits; write it as a string");
                        return Some(JsonError { line, column: at - line_start + 1, reason, cut: false });
                    }
                }
                at += number.len();
            }
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_serde_json_reads() {
        for text in [
            r#"{"z": [1, -2, 0.5, 1e300, null, true, "ä\u00e4\ud83d\ude00"], "a": {"z": {}}}"#,
            "[18446744073709551615, -9223372036854775808, 1e30, 100000000000000000000.0]",
            " 3 ",
            "\"\"",
        ] {
            let value: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(read(text.as_bytes()), Ok(value.clone()), "{text}");
            // The order of keys too.
            assert_eq!(read(text.as_bytes()).map(|read| read.to_string()), Ok(value.to_string()));
        }
    }

    fn check(text: &[u8], at: (usize, usize), reason: &str) {
        let error = read(text).expect_err("not JSON");
        assert!(error.reason.contains(reason), "{}: {error:?}", String::from_utf8_lossy(text));
        assert_eq!((error.line, error.column), at, "{}: {error:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn d1_a_key_stands_once() {
        check(br#"{"a": 1, "a": 2}"#, (1, 12), "the key `a` stands twice in one object");
        check(b"{\"b\":\n [{\"a\": {\"x\": 1,\n \"x\": 1}}]}", (3, 4), "`x`");
        check(br#"{"a": 1, "\u0061": 2}"#, (1, 17), "`a`");
        assert!(read(br#"[{"a": 1}, {"a": 2}, {"b": {"a": 1}, "a": 2}]"#).is_ok());
    }

    #[test]
    fn d4_reasons_are_in_words() {
        check(br#"{"a": "\ud800"}"#, (1, 14), "surrogate");
        check(br#"{"a": "\udc00x"}"#, (1, 13), "surrogate");
        check(br#"{"a": NaN}"#, (1, 7), "`NaN` is no JSON value; write null");
        check(br#"{"a": -Infinity}"#, (1, 8), "`-Infinity`");
        check(b"[None]", (1, 2), "`None`");
        check(b"{\"a\": \"x\0y\"}", (1, 9), "U+0000");
        check(b"{\"a\": \"x\ny\"}", (2, 0), "a line end");
        check("[".repeat(200).as_bytes(), (1, 128), "more than 128 deep");
        check(b"{\"a\": ", (1, 6), "cut short");
        check(b"", (1, 0), "nothing in it");
        check(b"{\"a\": \"\xff\"}", (1, 8), "UTF-8");
        check(b"1e999", (1, 5), "beyond what 64 bits hold");
        check(b"{} {}", (1, 4), "trailing characters");
    }

    #[test]
    fn d9_whole_numbers_keep_their_digits() {
        check(b"{\"id\":\n  18446744073709551616}", (2, 3), "18446744073709551616 does not fit 64 bits");
        check(b"[-9223372036854775809]", (1, 2), "does not fit");
        check(b"[1, \"99999999999999999999\", 99999999999999999999]", (1, 29), "99999999999999999999");
        check(b"[\"\\\"\", 99999999999999999999]", (1, 8), "does not fit");
        assert!(read(b"[\"99999999999999999999\", 1e25, 99999999999999999999.5, 0.99999999999999999999]").is_ok());
    }
}
