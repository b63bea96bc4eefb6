//! The table of kinds of requests. A kind is a file of this folder, which reads and writes its keys, and its entry here.

use super::fields::Fields;
use super::prompt::{Message, Prompt, TextOrIds};
use super::sampling::Sampling;
use super::written::Written;
use super::{chat_template, classify, generate, loglikelihood, next_logits, reward, rolling, tokenize, trajectory};
use crate::{ConstraintSpec, ControllerSpec, RequestError};

/// Makes the enum of kinds and the ways to read and write them out of one entry for each: the variant, the kind's name, its
/// file, and the variant's fields in the order in which that file gives and takes them.
macro_rules! kinds {
    ($($(#[$about:meta])* $variant:ident $fields:tt = $name:literal, $file:ident { $($place:tt: $bind:ident),+ };)+) => {
        /// The kinds of requests, with their fields.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Ask {
            $($(#[$about])* $variant $fields,)+
        }

        /// The kinds of requests, in the protocol's order.
        pub const KINDS: &[&str] = &[$($name),+];

        /// An example of each kind, in the probe's form.
        pub const EXAMPLES: &[&str] = &[$($file::EXAMPLE),+];

        impl Ask {
            /// The `kind` in the probe protocol.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }

            /// Reads the keys of a kind; none where there is no such kind.
            pub(super) fn read(kind: &str, fields: &mut Fields<'_>) -> Option<Result<Self, RequestError>> {
                match kind {
                    $($name => Some($file::read(fields).map(|($($bind,)+)| Self::$variant { $($place: $bind),+ })),)+
                    _ => None,
                }
            }

            /// Writes the keys, with every default.
            pub(super) fn write(&self, into: &mut Written<'_>) {
                match self {
                    $(Self::$variant { $($place: $bind),+ } => $file::write(into, ($($bind,)+)),)+
                }
            }
        }
    };
}

kinds! {
    /// Ids of a text.
    Tokenize {
        /// The text.
        text: String,
        /// Whether the tokenizer adds its special tokens.
        add_special_tokens: bool,
    } = "tokenize", tokenize { text: text, add_special_tokens: add };
    /// A chat as the model's template renders it.
    ChatTemplate {
        /// The turns.
        messages: Vec<Message>,
        /// Whether the beginning of the assistant's next turn is added.
        add_generation_prompt: bool,
    } = "chat_template", chat_template { messages: messages, add_generation_prompt: add };
    /// log p(continuation | context).
    Loglikelihood {
        /// What is given; may be empty.
        context: String,
        /// What is scored.
        continuation: String,
    } = "loglikelihood", loglikelihood { context: context, continuation: continuation };
    /// log p(text), in disjoint windows.
    Rolling {
        /// The text.
        text: String,
    } = "loglikelihood_rolling", rolling { text: text };
    /// All logits after a text.
    NextLogits(TextOrIds) = "next_logits", next_logits { 0: of };
    /// A text to continue.
    Generate {
        /// What to continue.
        prompt: Prompt,
        /// How to sample.
        sampling: Sampling,
        /// What stands between logits and tokens.
        controller: ControllerSpec,
        /// Whether the reply holds the controller's trace.
        trace: bool,
    } = "generate", generate { prompt: prompt, sampling: sampling, controller: controller, trace: trace };
    /// A sequence classifier's labels.
    Classify {
        /// The text.
        text: String,
        /// A second text.
        text_pair: Option<String>,
    } = "classify", classify { text: text, text_pair: pair };
    /// A reward model's value.
    Reward(Prompt) = "reward", reward { 0: prompt };
    /// h of a prompt and of every prefix of a continuation, read as a controller reads them.
    Trajectory {
        /// The prompt, as it was given to `generate`.
        prompt: Prompt,
        /// The generated ids.
        token_ids: Vec<u32>,
        /// The room that was kept for new tokens, which decides how much of the prompt was kept.
        max_new_tokens: usize,
        /// The h.
        constraint: ConstraintSpec,
    } = "trajectory", trajectory {
        prompt: prompt, token_ids: ids, max_new_tokens: new, constraint: constraint
    };
}
