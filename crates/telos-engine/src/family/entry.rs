//! What a family is: one architecture, from its configuration and its tensors to a body that computes.

use super::config::Config;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::OpenError;
use crate::weights::tensors::Tensors;

/// What a model is made of.
pub(crate) enum Body {
    /// Predicts tokens.
    Causal(Decoder),
    /// A decoder with a reward in place of logits.
    Reward(Decoder),
    /// Classifies a text.
    Classifier(Encoder),
}

/// What is known of a model without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outline {
    pub(crate) vocabulary: usize,
    pub(crate) max_length: usize,
    pub(crate) labels: Vec<String>,
    pub(crate) causal: bool,
}

/// One architecture.
pub(crate) struct Family {
    /// The name in `architectures` of `config.json`.
    pub(crate) architecture: &'static str,
    /// The name in `model_type` of `config.json`.
    pub(crate) model_type: &'static str,
    /// What can be said without weights; refuses configurations that this family does not cover.
    pub(crate) outline: fn(&Config) -> Result<Outline, OpenError>,
    /// Reads the weights. It is called twice: on a survey that hands out no values, then in earnest.
    pub(crate) build: fn(&Config, &dyn Tensors) -> Result<Body, OpenError>,
    /// Tensors that may be in a file though nobody reads them, as they change nothing; a `*` stands for anything.
    pub(crate) harmless: &'static [&'static str],
}

impl Family {
    /// Whether a tensor that nobody reads is known to change nothing.
    pub(crate) fn ignores(&self, tensor: &str) -> bool {
        self.harmless.iter().any(|pattern| match pattern.split_once('*') {
            None => *pattern == tensor,
            Some((begin, end)) => {
                tensor.strip_prefix(begin).is_some_and(|rest| rest.len() >= end.len() && rest.ends_with(end))
            }
        })
    }
}
