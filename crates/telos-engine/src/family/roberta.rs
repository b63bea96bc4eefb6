//! RoBERTa as a sequence classifier: BERT's layers, positions counted from the padding id, another head.

use super::bert::{Names, describe, encoder, outline_of};
use super::config::Config;
use super::entry::{Body, Family, Outline};
use crate::error::OpenError;
use crate::weights::tensors::Tensors;

/// The pooler that the classifier's own dense layer stands in for, positions that older files count out, and the head of the
/// masked language model that it was made from.
pub(crate) static FAMILY: Family = Family {
    architecture: "RobertaForSequenceClassification",
    model_type: "roberta",
    outline,
    build,
    harmless: &[
        "roberta.pooler.dense.*",
        "roberta.embeddings.position_ids",
        "roberta.embeddings.token_type_ids",
        "lm_head.*",
    ],
};

/// The id from which positions are counted; transformers' own where nothing is said.
fn padding(config: &Config) -> Result<u32, OpenError> {
    Ok(config.id("pad_token_id", config.extent("vocab_size")?)?.unwrap_or(1))
}

/// What is known without weights.
fn outline(config: &Config) -> Result<Outline, OpenError> {
    config.check(FAMILY.model_type)?;
    Ok(outline_of(&describe(config, Some(padding(config)?))?))
}

/// Reads the weights.
fn build(config: &Config, tensors: &dyn Tensors) -> Result<Body, OpenError> {
    let names = Names { prefix: "roberta", pooler: "classifier.dense", classifier: "classifier.out_proj" };
    encoder(describe(config, Some(padding(config)?))?, &names, tensors).map(Body::Classifier)
}
