//! `loglikelihood_rolling`: log p(text), in disjoint windows.

use super::fields::Fields;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "loglikelihood_rolling", "text": "A promise was kept."}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(String,), RequestError> {
    Ok((fields.text("text")?,))
}

pub(super) fn write(into: &mut Written<'_>, (text,): (&String,)) {
    into.put("text", text.as_str());
}
