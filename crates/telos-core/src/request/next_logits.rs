//! `next_logits`: all logits after a text or ids.

use super::fields::Fields;
use super::prompt::TextOrIds;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "next_logits", "ids": [5, 9]}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(TextOrIds,), RequestError> {
    let of_ids = fields.has("ids");
    Ok((if of_ids { TextOrIds::Ids(fields.ids("ids")?) } else { TextOrIds::Text(fields.text("text")?) },))
}

pub(super) fn write(into: &mut Written<'_>, (of,): (&TextOrIds,)) {
    match of {
        TextOrIds::Text(text) => into.put("text", text.as_str()),
        TextOrIds::Ids(ids) => into.put("ids", ids.clone()),
    }
}
