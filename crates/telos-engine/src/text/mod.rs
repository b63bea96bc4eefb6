//! Text to ids and back, and chats to text.

pub(crate) mod chat;
pub(crate) mod gguf;
mod memo;
mod seam;
pub(crate) mod side;
mod tokenizer;
