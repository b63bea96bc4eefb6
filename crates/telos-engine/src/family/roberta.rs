//! RoBERTa as a sequence classifier: BERT's layers, positions counted from the padding id, another head.

use super::bert::{Names, describe, encoder, outline_of};
use super::config::Config;
use super::{Body, Outline};
use crate::weights::Tensors;

fn padding(config: &Config) -> u32 {
    config.whole_or_none("pad_token_id").unwrap_or(1) as u32
}

/// What is known without weights.
pub(crate) fn outline(config: &Config) -> Result<Outline, String> {
    Ok(outline_of(&describe(config, Some(padding(config)))?))
}

/// Reads the weights.
pub(crate) fn build(config: &Config, tensors: &mut dyn Tensors) -> Result<Body, String> {
    let names = Names { prefix: "roberta", pooler: "classifier.dense", classifier: "classifier.out_proj" };
    encoder(describe(config, Some(padding(config)))?, &names, tensors).map(Body::Classifier)
}
