//! BERT as a sequence classifier, and the layout that RoBERTa shares with it.

use super::config::Config;
use super::{Body, Outline};
use crate::encoder::{Encoder, EncoderDescription, EncoderLayer, Linear, Norm};
use crate::kernel::panels::Panels;
use crate::weights::Tensors;

/// The description of a BERT-shaped encoder; `padding` as RoBERTa counts positions.
pub(crate) fn describe(config: &Config, padding: Option<u32>) -> Result<EncoderDescription, String> {
    match config.text("hidden_act") {
        Some("gelu") => {}
        other => return Err(format!("`hidden_act` {other:?} of config.json is not supported; supported: gelu")),
    }
    match config.text("position_embedding_type") {
        None | Some("absolute") => {}
        Some(other) => return Err(format!("`position_embedding_type: {other}` is not supported; supported: absolute")),
    }
    let (hidden, heads) = (config.whole("hidden_size")?, config.whole("num_attention_heads")?);
    if heads == 0 || hidden % heads != 0 {
        return Err(format!("config.json has a hidden size of {hidden} for {heads} heads: expected a multiple"));
    }
    let description = EncoderDescription {
        vocabulary: config.whole("vocab_size")?,
        hidden,
        intermediate: config.whole("intermediate_size")?,
        layers: config.whole("num_hidden_layers")?,
        heads,
        norm_eps: config.number("layer_norm_eps")?,
        positions: config.whole("max_position_embeddings")?,
        types: config.whole_or_none("type_vocab_size").unwrap_or(1),
        padding,
        labels: config.labels()?,
    };
    if description.labels.is_empty() || description.positions <= padding.map_or(0, |id| id as usize + 1) {
        return Err("config.json has no labels, or no positions".into());
    }
    Ok(description)
}

/// What is known without weights.
pub(crate) fn outline(config: &Config) -> Result<Outline, String> {
    Ok(outline_of(&describe(config, None)?))
}

/// What an encoder's description says of the model.
pub(crate) fn outline_of(d: &EncoderDescription) -> Outline {
    Outline { vocabulary: d.vocabulary, max_length: d.max_length(), labels: d.labels.clone(), causal: false }
}

/// Reads the weights.
pub(crate) fn build(config: &Config, tensors: &mut dyn Tensors) -> Result<Body, String> {
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
pub(crate) fn encoder(d: EncoderDescription, names: &Names, tensors: &mut dyn Tensors) -> Result<Encoder, String> {
    let (hidden, prefix) = (d.hidden, names.prefix);
    let mut table =
        |name: &str, rows: usize| tensors.read(&format!("{prefix}.embeddings.{name}.weight"), &[rows, hidden]);
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
        .collect::<Result<_, String>>()?;
    let pooler = read_linear(tensors, names.pooler, hidden, hidden)?;
    let classifier = read_linear(tensors, names.classifier, d.labels.len(), hidden)?;
    Ok(Encoder { description: d, words, positions, types, norm, layers, pooler, classifier })
}

fn read_linear(tensors: &mut dyn Tensors, name: &str, outputs: usize, inputs: usize) -> Result<Linear, String> {
    let weight = tensors.read(&format!("{name}.weight"), &[outputs, inputs])?;
    let bias = tensors.read(&format!("{name}.bias"), &[outputs])?;
    Ok(Linear { weight: Panels::pack(inputs, &[&weight]), bias })
}

/// A layer norm; checkpoints from before PyTorch name its parts gamma and beta.
fn read_norm(tensors: &mut dyn Tensors, name: &str, size: usize) -> Result<Norm, String> {
    let old = tensors.has(&format!("{name}.gamma"));
    let (weight, bias) = if old { ("gamma", "beta") } else { ("weight", "bias") };
    let weight = tensors.read(&format!("{name}.{weight}"), &[size])?;
    let bias = tensors.read(&format!("{name}.{bias}"), &[size])?;
    Ok(Norm { weight, bias })
}
