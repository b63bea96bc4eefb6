//! Text to ids and back, and chats to text.

pub(crate) mod chat;
pub(crate) mod gguf;
mod memo;
pub(crate) mod side;
mod tokenizer;
