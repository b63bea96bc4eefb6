//! Keys of an aggregate's object, whose shape files are held against before; a record's may be anything.

use serde_json::{Map, Value};

/// A text that must be there.
pub(super) fn text(params: &Map<String, Value>, key: &str) -> Result<String, String> {
    maybe_text(params, key)?.ok_or_else(|| format!("the key `{key}` is missing"))
}

/// A text that may be there.
pub(super) fn maybe_text(params: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match params.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("`{key}` is a text, not {other}")),
    }
}
