//! BERT as a sequence classifier, and the layout that RoBERTa shares with it.

use super::config::Config;
use super::entry::{Body, Family, Outline};
use crate::encoder::{Encoder, EncoderDescription, EncoderLayer, Linear, Norm};
use crate::error::OpenError;
use crate::kernel::panels::Panels;
use crate::weights::tensors::Tensors;

/// Positions that older files count out, and the heads of the model that it was made from, which classify nothing.
pub(crate) static FAMILY: Family = Family {
    architecture: "BertForSequenceClassification",
    model_type: "bert",
    outline,
    build,
    harmless: &["bert.embeddings.position_ids", "bert.embeddings.token_type_ids", "cls.*"],
};

/// The description of a BERT-shaped encoder; `padding` as RoBERTa counts positions.
pub(crate) fn describe(config: &Config, padding: Option<u32>) -> Result<EncoderDescription, OpenError> {
    config.refuse_flags(&["is_decoder"])?;
    config.one_of("hidden_act", &["gelu"])?;
    config.one_of("position_embedding_type", &["absolute"])?;
    let (hidden, heads) = (config.extent("hidden_size")?, config.extent("num_attention_heads")?);
    if hidden % heads != 0 {
        let file = &config.file;
        return Err(OpenError::Mismatch(format!(
            "{file} has a hidden size of {hidden} for {heads} heads: expected a multiple"
        )));
    }
    let labels = config.labels()?;
    let description = EncoderDescription {
        vocabulary: config.extent("vocab_size")?,
        hidden,
        intermediate: config.extent("intermediate_size")?,
        layers: config.extent("num_hidden_layers")?,
        heads,
        norm_eps: config.number("layer_norm_eps", 0.0)?,
        positions: config.positions()?,
        types: config.extent_or_none("type_vocab_size")?.unwrap_or(1),
        padding,
        problem: config.problem(labels.len())?,
        labels,
    };
    let first = padding.map_or(0, |id| id as usize + 1);
    if description.positions <= first {
        let expected = format!("more than {first}, as positions are counted from `pad_token_id` on");
        return Err(config.wrong("max_position_embeddings", &expected));
    }
    Ok(description)
}

/// What is known without weights.
fn outline(config: &Config) -> Result<Outline, OpenError> {
    config.check(FAMILY.model_type)?;
    Ok(outline_of(&describe(config, None)?))
}

/// What an encoder's description says of the model.
pub(crate) fn outline_of(d: &EncoderDescription) -> Outline {
    Outline { vocabulary: d.vocabulary, max_length: d.max_length(), labels: d.labels.clone(), causal: false }
}

/// Reads the weights.
fn build(config: &Config, tensors: &dyn Tensors) -> Result<Body, OpenError> {
    let head = Names { prefix: "bert", pooler: "bert.pooler.dense", classifier: "classifier" };
    encoder(describe(config, None)?, &head, tensors).map(Body::Classifier)
}

/// Names in which BERT-shaped models differ.
pub(crate) struct Names {
    pub(crate) prefix: &'static str,
    pub(crate) pooler: &'static str,
    pub(crate) classifier: &'static str,
}

/// Reads a BERT-shaped encoder.
pub(crate) fn encoder(d: EncoderDescription, names: &Names, tensors: &dyn Tensors) -> Result<Encoder, OpenError> {
    let (hidden, prefix) = (d.hidden, names.prefix);
    let table = |name: &str, rows: usize| tensors.read(&format!("{prefix}.embeddings.{name}.weight"), &[rows, hidden]);
    let words = table("word_embeddings", d.vocabulary)?;
    let positions = table("position_embeddings", d.positions)?;
    let types = table("token_type_embeddings", d.types)?;
    let norm = read_norm(tensors, &format!("{prefix}.embeddings.LayerNorm"), hidden)?;
    let layers = (0..d.layers)
        .map(|i| {
            let at = format!("{prefix}.encoder.layer.{i}");
            let mut matrices = Vec::new();
            let mut bias = Vec::new();
            for part in ["query", "key", "value"] {
                matrices.push(tensors.read(&format!("{at}.attention.self.{part}.weight"), &[hidden, hidden])?);
                bias.extend(tensors.read(&format!("{at}.attention.self.{part}.bias"), &[hidden])?);
            }
            let parts: Vec<&[f32]> = matrices.iter().map(Vec::as_slice).collect();
            Ok(EncoderLayer {
                qkv: Linear { weight: Panels::pack(hidden, &parts), bias },
                output: read_linear(tensors, &format!("{at}.attention.output.dense"), hidden, hidden)?,
                attention_norm: read_norm(tensors, &format!("{at}.attention.output.LayerNorm"), hidden)?,
                intermediate: read_linear(tensors, &format!("{at}.intermediate.dense"), d.intermediate, hidden)?,
                down: read_linear(tensors, &format!("{at}.output.dense"), hidden, d.intermediate)?,
                norm: read_norm(tensors, &format!("{at}.output.LayerNorm"), hidden)?,
            })
        })
        .collect::<Result<_, OpenError>>()?;
    let pooler = read_linear(tensors, names.pooler, hidden, hidden)?;
    let classifier = read_linear(tensors, names.classifier, d.labels.len(), hidden)?;
    Ok(Encoder { description: d, words, positions, types, norm, layers, pooler, classifier })
}

fn read_linear(tensors: &dyn Tensors, name: &str, outputs: usize, inputs: usize) -> Result<Linear, OpenError> {
    let weight = tensors.read(&format!("{name}.weight"), &[outputs, inputs])?;
    let bias = tensors.read(&format!("{name}.bias"), &[outputs])?;
    Ok(Linear { weight: Panels::pack(inputs, &[&weight]), bias })
}

/// A layer norm; checkpoints from before PyTorch name its parts gamma and beta.
fn read_norm(tensors: &dyn Tensors, name: &str, size: usize) -> Result<Norm, OpenError> {
    let old = tensors.has(&format!("{name}.gamma"));
    let (weight, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
    let weight = tensors.read(&format!("{name}.{weight}"), &[size])?;
    let bias = tensors.read(&format!("{name}.{bias}"), &[size])?;
    Ok(Norm { weight, bias })
}
