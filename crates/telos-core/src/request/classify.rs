//! `classify`: a sequence classifier's labels.

use super::fields::Fields;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "classify", "text": "He kept his promise."}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(String, Option<String>), RequestError> {
    let text = fields.text("text")?;
    let has_pair = fields.has("text_pair");
    Ok((text, has_pair.then(|| fields.text("text_pair")).transpose()?))
}

pub(super) fn write(into: &mut Written<'_>, (text, text_pair): (&String, &Option<String>)) {
    into.put("text", text.as_str());
    if let Some(pair) = text_pair {
        into.put("text_pair", pair.as_str());
    }
}
