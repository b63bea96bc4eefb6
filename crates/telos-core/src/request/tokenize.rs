//! `tokenize`: the ids of a text.

use super::fields::Fields;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "tokenize", "text": "A promise"}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(String, bool), RequestError> {
    Ok((fields.text("text")?, fields.flag("add_special_tokens", true)?))
}

pub(super) fn write(into: &mut Written<'_>, (text, add_special_tokens): (&String, &bool)) {
    into.put("text", text.as_str());
    into.put("add_special_tokens", *add_special_tokens);
}
