//! `chat_template`: a chat as the model's template renders it.

use super::fields::Fields;
use super::prompt::Message;
use super::written::Written;
use crate::RequestError;

pub(super) const EXAMPLE: &str =
    r#"{"kind": "chat_template", "messages": [{"role": "user", "content": "Is lying wrong?"}]}"#;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<(Vec<Message>, bool), RequestError> {
    Ok((fields.messages()?, fields.flag("add_generation_prompt", true)?))
}

pub(super) fn write(into: &mut Written<'_>, (messages, add_generation_prompt): (&Vec<Message>, &bool)) {
    into.messages(messages);
    into.put("add_generation_prompt", *add_generation_prompt);
}
