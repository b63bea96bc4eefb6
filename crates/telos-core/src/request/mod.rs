//! What a model is asked. Requests are content: equal requests have equal replies.

mod ask;
mod chat_template;
mod classify;
mod fields;
mod generate;
mod loglikelihood;
mod naming;
mod next_logits;
mod prompt;
mod reward;
mod rolling;
mod sampling;
#[cfg(test)]
mod tests;
mod tokenize;
mod trajectory;
mod wire;
mod written;

pub use ask::{Ask, EXAMPLES, KINDS};
pub use naming::{Naming, rebase, rebase_model};
pub use prompt::{Message, Prompt, TextOrIds};
pub use sampling::{OutOfRange, Sampling, TEMPERATURES};
pub use wire::Request;
