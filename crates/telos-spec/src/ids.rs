//! Ids and hashes, and whether they have the form of such.

use serde_json::Value;
use telos_core::shape::finding::Finding;
use telos_core::shape::trail::Step;

/// An id that is not lower case letters, digits, `.`, `_` and `-`, the first a letter or digit.
pub(crate) fn bad_id(id: &str, trail: &[Step]) -> Option<Finding> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = id.starts_with(plain) && id.chars().all(|c| plain(c) || "._-".contains(c));
    (!good).then(|| {
        let message =
            format!("`{id}` is no id; expected lower case letters, digits, `.`, `_`, `-`, first a letter or digit");
        Finding::value(trail, message)
    })
}

/// The id of an entry of a list: the string itself, or the object's `id`.
pub(crate) fn entry_id(entry: &Value) -> Option<&str> {
    entry.as_str().or_else(|| entry.get("id").and_then(Value::as_str))
}

/// A sha256 that is not 64 hexadecimal digits.
pub(crate) fn bad_sha256(sha256: &str, trail: &[Step]) -> Option<Finding> {
    let good = sha256.len() == 64 && sha256.chars().all(|c| c.is_ascii_hexdigit());
    (!good).then(|| Finding::value(trail, "expected a sha256: 64 hexadecimal digits"))
}
