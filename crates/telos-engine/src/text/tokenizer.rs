//! A tokenizer from its JSON, held against what the library trusts in it.

use super::seam;
use crate::error::OpenError;
use crate::limits::TEXT_GROWTH;
use serde_json::Value;
use std::borrow::Cow;
use std::panic::catch_unwind;
use telos_core::json;
use tokenizers::Tokenizer;

/// A tokenizer that was read.
pub(super) struct Read {
    pub(super) tokenizer: Tokenizer,
    /// What is worth saying once of it.
    pub(super) notes: Vec<String>,
    /// Whether a text may be cut where [`seam::lies_between`] says.
    pub(super) seam: bool,
}

/// Reads a tokenizer. The library unwraps parts of the JSON again and panics where they are
/// cut, so the text is read as a value first; a panic all the same is an error of that file.
pub(super) fn read(text: &[u8], file: &str) -> Result<Read, OpenError> {
    let wrong = |why: String| OpenError::Tokenizer { file: file.to_owned(), why };
    let mut value =
        json::read(text).map_err(|e| wrong(format!("is no JSON: {e} at line {} column {}", e.line, e.column)))?;
    for part in ["normalizer", "decoder"] {
        let growth = value.get(part).map_or(1, growth);
        if growth > TEXT_GROWTH {
            return Err(wrong(format!(
                "may make a text {growth} times as long in its {part}, and {TEXT_GROWTH} times is the most"
            )));
        }
    }
    let mut notes = Vec::new();
    let mut text = Cow::Borrowed(text);
    if let Some(dropout) = value.get_mut("model").and_then(|model| model.get_mut("dropout")).filter(|d| !d.is_null()) {
        notes.push(format!("{file}: `dropout: {dropout}` is for training and is ignored; a text has one encoding"));
        *dropout = Value::Null;
        text = Cow::Owned(value.to_string().into_bytes());
    }
    match catch_unwind(|| Tokenizer::from_bytes(&text)) {
        Ok(read) => {
            let tokenizer = read.map_err(|e| wrong(format!("cannot be read: {e}")))?;
            Ok(Read { tokenizer, notes, seam: seam::is_sure(&value) })
        }
        Err(_) => Err(wrong("cannot be read: the library that reads it gave up".into())),
    }
}

/// How many times as long a normaliser or a decoder may make a text: each replacement of a chain multiplies, and a pattern that
/// matches the empty text adds its content at each place. The decompositions of Unicode are left out: all of them together make
/// a text 11 times as long at most.
fn growth(part: &Value) -> u64 {
    let length = |key: &str| part.get(key).and_then(Value::as_str).map_or(0, |text| text.len() as u64);
    let pattern = part.get("pattern").and_then(|pattern| pattern.get("String")).and_then(Value::as_str);
    let own = match part.get("type").and_then(Value::as_str) {
        Some("Replace") if pattern.is_some_and(|pattern| !pattern.is_empty()) => length("content").max(1),
        Some("Replace") => length("content").saturating_add(1),
        _ => 1,
    };
    let below = ["normalizers", "decoders"].into_iter().filter_map(|key| part.get(key).and_then(Value::as_array));
    below.flatten().map(growth).fold(own, u64::saturating_mul)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(part: &Value, expected: u64) {
        assert_eq!(growth(part), expected, "{part}");
    }

    #[test]
    fn replacements_multiply() {
        let replace = |content: &str| json!({"type": "Replace", "pattern": {"String": "a"}, "content": content});
        check(&json!({"type": "Lowercase"}), 1);
        check(&replace("▁"), 3);
        check(&json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace("▁")]}), 3);
        check(
            &json!({"type": "Sequence", "normalizers": [replace("aaa"), {"type": "Sequence", "normalizers": [replace("aaa")]}]}),
            9,
        );
        let chain: Vec<Value> = (0..100).map(|_| replace("aa")).collect();
        check(&json!({"type": "Sequence", "normalizers": chain}), u64::MAX);
    }
}
