//! `generate`: a text to continue.

use super::fields::Fields;
use super::prompt::Prompt;
use super::sampling::Sampling;
use super::written::Written;
use crate::{ControllerSpec, RequestError};

pub(super) const EXAMPLE: &str =
    r#"{"kind": "generate", "prompt": "A promise", "max_new_tokens": 8, "controller": {"kind": "none"}}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(Prompt, Sampling, ControllerSpec, bool), RequestError> {
    Ok((fields.prompt("prompt")?, fields.sampling()?, fields.controller()?, fields.flag("trace", false)?))
}

pub(super) fn write(
    into: &mut Written<'_>,
    (prompt, sampling, controller, trace): (&Prompt, &Sampling, &ControllerSpec, &bool),
) {
    into.prompt("prompt", prompt);
    into.sampling(sampling);
    into.controller(controller);
    into.put("trace", *trace);
}
