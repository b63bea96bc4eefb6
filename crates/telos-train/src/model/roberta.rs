//! A RoBERTa as a sequence classifier: layer norms after each addition, GELU, a dense layer with tanh over the first token.

use super::Weights;
use super::layers::{layer_norm, linear, softmax};
use crate::error::TrainError;
use crate::world::{Rng, Sentiment};
use candle_core::{Device, IndexOp, Tensor};
use serde_json::{Value, json};

/// Extents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RobertaConfig {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    /// Rows of the position embedding; the first two are never used.
    pub(crate) positions: usize,
}

const EPS: f64 = 1e-5;
/// The id of padding; positions are counted from the one after it.
pub(crate) const PADDING: u32 = 1;

impl RobertaConfig {
    /// How many tokens fit.
    pub(crate) fn max_length(&self) -> usize {
        self.positions - PADDING as usize - 1
    }

    /// `config.json` in the Hugging Face layout.
    pub(crate) fn to_json(self, bos: u32, eos: u32) -> Value {
        let labels = || Sentiment::LABELS.iter().enumerate();
        let id2label: serde_json::Map<_, _> = labels().map(|(i, label)| (i.to_string(), json!(label))).collect();
        let label2id: serde_json::Map<_, _> = labels().map(|(i, label)| ((*label).to_owned(), json!(i))).collect();
        json!({
            "architectures": ["RobertaForSequenceClassification"],
            "attention_probs_dropout_prob": 0.0,
            "bos_token_id": bos,
            "classifier_dropout": null,
            "dtype": "float16",
            "eos_token_id": eos,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.0,
            "hidden_size": self.hidden,
            "id2label": id2label,
            "intermediate_size": self.intermediate,
            "label2id": label2id,
            "layer_norm_eps": EPS,
            "max_position_embeddings": self.positions,
            "model_type": "roberta",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "pad_token_id": PADDING,
            "position_embedding_type": "absolute",
            "type_vocab_size": 1,
            "vocab_size": self.vocabulary
        })
    }

    /// The extents that a `config.json` of this program states.
    pub(crate) fn from_json(config: &Value) -> Result<Self, TrainError> {
        let whole = |key: &str| super::whole(config, key);
        Ok(Self {
            vocabulary: whole("vocab_size")?,
            hidden: whole("hidden_size")?,
            intermediate: whole("intermediate_size")?,
            layers: whole("num_hidden_layers")?,
            heads: whole("num_attention_heads")?,
            positions: whole("max_position_embeddings")?,
        })
    }
}

/// The classifier.
#[derive(Debug, Clone)]
pub(crate) struct Roberta {
    pub(crate) config: RobertaConfig,
    pub(crate) weights: Weights,
}

impl Roberta {
    /// A model with random weights.
    pub(crate) fn new(config: RobertaConfig, rng: &mut Rng) -> Result<Self, TrainError> {
        let c = config;
        let mut weights = Weights::default();
        let tables = [("word", c.vocabulary), ("position", c.positions), ("token_type", 1)];
        for (name, rows) in tables {
            weights.normal(rng, format!("roberta.embeddings.{name}_embeddings.weight"), &[rows, c.hidden], 0.1)?;
        }
        norm(&mut weights, "roberta.embeddings.LayerNorm", c.hidden)?;
        for i in 0..c.layers {
            let at = format!("roberta.encoder.layer.{i}");
            let matrices = [
                ("attention.self.query", c.hidden, c.hidden),
                ("attention.self.key", c.hidden, c.hidden),
                ("attention.self.value", c.hidden, c.hidden),
                ("attention.output.dense", c.hidden, c.hidden),
                ("intermediate.dense", c.intermediate, c.hidden),
                ("output.dense", c.hidden, c.intermediate),
            ];
            for (name, outputs, inputs) in matrices {
                dense(&mut weights, rng, &format!("{at}.{name}"), (outputs, inputs))?;
            }
            norm(&mut weights, &format!("{at}.attention.output.LayerNorm"), c.hidden)?;
            norm(&mut weights, &format!("{at}.output.LayerNorm"), c.hidden)?;
        }
        dense(&mut weights, rng, "classifier.dense", (c.hidden, c.hidden))?;
        dense(&mut weights, rng, "classifier.out_proj", (Sentiment::LABELS.len(), c.hidden))?;
        Ok(Self { config, weights })
    }

    /// Logits of `batch × labels` for ids of `batch × length`, texts of the same length without padding.
    pub(crate) fn logits(&self, ids: &Tensor) -> Result<Tensor, TrainError> {
        let c = self.config;
        let (batch, length) = ids.dims2()?;
        let (heads, dim) = (c.heads, c.hidden / c.heads);
        let table = |name: &str| self.weights.get(&format!("roberta.embeddings.{name}_embeddings.weight"));
        let words = table("word")?.index_select(&ids.flatten_all()?, 0)?.reshape((batch, length, c.hidden))?;
        let first = PADDING + 1;
        let positions = Tensor::arange(first, first + length as u32, &Device::Cpu)?;
        let places = table("position")?.index_select(&positions, 0)?.broadcast_add(table("token_type")?)?;
        let x = words.broadcast_add(&places)?.reshape((batch * length, c.hidden))?;
        let mut x = self.norm(&x, "roberta.embeddings.LayerNorm")?;
        for i in 0..c.layers {
            let at = format!("roberta.encoder.layer.{i}");
            let split = |name: &str| -> Result<Tensor, TrainError> {
                let rows = self.dense(&x, &format!("{at}.attention.self.{name}"))?;
                Ok(rows.reshape((batch, length, heads, dim))?.transpose(1, 2)?.contiguous()?)
            };
            let (query, key, value) = (split("query")?, split("key")?, split("value")?);
            let scores = (query.matmul(&key.t()?.contiguous()?)? * (1.0 / (dim as f64).sqrt()))?;
            let mixed = softmax(&scores)?.matmul(&value)?.transpose(1, 2)?.contiguous()?;
            let mixed = mixed.reshape((batch * length, c.hidden))?;
            let y = (self.dense(&mixed, &format!("{at}.attention.output.dense"))? + &x)?;
            let y = self.norm(&y, &format!("{at}.attention.output.LayerNorm"))?;
            let inner = self.dense(&y, &format!("{at}.intermediate.dense"))?.gelu_erf()?;
            let z = (self.dense(&inner, &format!("{at}.output.dense"))? + &y)?;
            x = self.norm(&z, &format!("{at}.output.LayerNorm"))?;
        }
        let firsts = x.reshape((batch, length, c.hidden))?.i((.., 0, ..))?.contiguous()?;
        let pooled = self.dense(&firsts, "classifier.dense")?.tanh()?;
        self.dense(&pooled, "classifier.out_proj")
    }

    fn dense(&self, x: &Tensor, name: &str) -> Result<Tensor, TrainError> {
        let product = linear(x, self.weights.get(&format!("{name}.weight"))?)?;
        Ok(product.broadcast_add(self.weights.get(&format!("{name}.bias"))?)?)
    }

    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor, TrainError> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        layer_norm(x, self.weights.get(&weight)?, self.weights.get(&bias)?, EPS)
    }
}

fn dense(weights: &mut Weights, rng: &mut Rng, name: &str, shape: (usize, usize)) -> Result<(), TrainError> {
    let deviation = 1.0 / (shape.1 as f64).sqrt();
    weights.normal(rng, format!("{name}.weight"), &[shape.0, shape.1], deviation)?;
    weights.constant(format!("{name}.bias"), shape.0, 0.0)
}

fn norm(weights: &mut Weights, name: &str, size: usize) -> Result<(), TrainError> {
    weights.constant(format!("{name}.weight"), size, 1.0)?;
    weights.constant(format!("{name}.bias"), size, 0.0)
}
