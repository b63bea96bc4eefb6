//! `reward`: a reward model's value.

use super::fields::Fields;
use super::prompt::Prompt;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str = r#"{"kind": "reward", "text": "He kept his promise."}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(Prompt,), RequestError> {
    Ok((fields.prompt("text")?,))
}

pub(super) fn write(into: &mut Written<'_>, (prompt,): (&Prompt,)) {
    into.prompt("text", prompt);
}
