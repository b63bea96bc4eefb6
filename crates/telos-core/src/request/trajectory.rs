//! `trajectory`: h of a prompt and of every prefix of a continuation, read as a controller reads them.

use super::fields::Fields;
use super::prompt::Prompt;
use super::written::Written;
use crate::{ConstraintSpec, RequestError};

pub(super) const EXAMPLE: &str = r#"{"kind": "trajectory", "prompt": "A promise", "token_ids": [5, 9],
    "constraint": {"kind": "lexicon", "words": ["lie"]}}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(Prompt, Vec<u32>, usize, ConstraintSpec), RequestError> {
    let (prompt, token_ids) = (fields.prompt("prompt")?, fields.ids("token_ids")?);
    Ok((prompt, token_ids, fields.whole("max_new_tokens")?.unwrap_or(0), fields.constraint()?))
}

pub(super) fn write(
    into: &mut Written<'_>,
    (prompt, token_ids, max_new_tokens, constraint): (&Prompt, &Vec<u32>, &usize, &ConstraintSpec),
) {
    into.prompt("prompt", prompt);
    into.put("token_ids", token_ids.clone());
    into.put("max_new_tokens", *max_new_tokens);
    into.constraint(constraint);
}
