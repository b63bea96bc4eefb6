//! What a model reads.

use serde::{Deserialize, Serialize};

/// One turn of a chat.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

/// A text or a chat.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// A text, encoded with the tokenizer's special tokens.
    Text(String),
    /// A chat, rendered with the model's template and encoded as it is.
    Messages(Vec<Message>),
}

/// A text or ids.
#[derive(Debug, Clone, PartialEq)]
pub enum TextOrIds {
    /// A text, encoded with the tokenizer's special tokens.
    Text(String),
    /// Ids as they are.
    Ids(Vec<u32>),
}
