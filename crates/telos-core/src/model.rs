//! Models: what one says of itself, and the trait behind which it answers.

pub use crate::model_ref::{CACHE, ModelRef, NoModel, in_cache};

use crate::{Feed, Request, RequestError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a loaded model says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The architecture, in the words of its `config.json`, such as `LlamaForCausalLM`.
    pub architecture: String,
    /// The blake3 of the weights' bytes and of the configurations beside them; none where they were not loaded.
    pub weights: Option<String>,
    /// The blake3 of the tokenizer and of the files beside it that change what a text becomes; none where it is not known, as
    /// with a server.
    pub tokenizer: Option<String>,
    /// The blake3 of the chat template, where there is one.
    pub template: Option<String>,
    /// The number of positions; none where it is not known.
    pub max_length: Option<usize>,
    /// The labels of a classifier, by id; empty for other models.
    pub labels: Vec<String>,
    /// Whether the model predicts tokens.
    pub causal: bool,
    /// The type of number that it is computed in, such as `f32`; none where it is not known, or in records that are older than
    /// this field. Two types give two models: it is part of what a reply is kept under.
    #[serde(default)]
    pub dtype: Option<String>,
}

/// How much of a model is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// Everything.
    Load,
    /// Tokenizer, template and configuration, and the hash of the weights, which are read through and not kept: enough to tell
    /// the model's replies from another's.
    Hash,
    /// Tokenizer, template and configuration: enough to plan.
    Skip,
}

/// Why a model could not be opened. The message reads after "failed to open the model: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{model}: {message}")]
pub struct ModelError {
    /// The model's string form.
    pub model: String,
    /// What is wrong, what was expected and how to mend it.
    pub message: String,
}

/// A model that answers requests. Replies do not depend on what is asked together: the same request gives the same bits.
pub trait Model: Send + Sync {
    /// What the model is.
    fn card(&self) -> &ModelCard;

    /// Answers what a feed has until it ends, each request once and in any order. Whether many are computed together or each
    /// is under way by itself is the model's own affair. Once `stop` is set, whoever waits for replies may leave them: requests
    /// without a reply are asked again in another sitting. A request's `model` is nothing to it: whoever asks has chosen already.
    fn answer(&self, feed: &mut dyn Feed, stop: &AtomicBool);

    /// The token sequences that answering the request walks through, each a path in the trie of prefixes. Works without
    /// weights. Empty for requests that compute nothing; none where the model's tokens are not known.
    fn token_paths(&self, request: &Request) -> Result<Option<Vec<Vec<u32>>>, RequestError>;
}

/// Whoever opens models by name; each is opened once.
pub trait Models: Send + Sync {
    /// Opens a model, or hands out the one that is open already.
    fn open(&self, model: &ModelRef, weights: Weights) -> Result<Arc<dyn Model>, ModelError>;

    /// Lets go of a model's weights: nobody asks it any more. One that is asked after all is opened anew.
    fn close(&self, model: &ModelRef);
}
