//! A Llama: RMS norm, rotary positions, grouped queries, a gated MLP, embedding and head tied.

use super::Weights;
use super::layers::{linear, rms_norm, softmax};
use crate::error::TrainError;
use crate::world::Rng;
use candle_core::{Device, Tensor};
use serde_json::{Value, json};

/// Extents and constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LlamaConfig {
    pub(crate) vocabulary: usize,
    pub(crate) hidden: usize,
    pub(crate) intermediate: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) positions: usize,
}

const EPS: f64 = 1e-5;
const THETA: f64 = 10_000.0;

impl LlamaConfig {
    fn dim(&self) -> usize {
        self.hidden / self.heads
    }

    /// `config.json` in the Hugging Face layout.
    pub(crate) fn to_json(self, bos: u32, eos: u32, pad: u32) -> Value {
        json!({
            "architectures": ["LlamaForCausalLM"],
            "attention_bias": false,
            "bos_token_id": bos,
            "dtype": "float16",
            "eos_token_id": eos,
            "head_dim": self.dim(),
            "hidden_act": "silu",
            "hidden_size": self.hidden,
            "intermediate_size": self.intermediate,
            "max_position_embeddings": self.positions,
            "mlp_bias": false,
            "model_type": "llama",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "num_key_value_heads": self.kv_heads,
            "pad_token_id": pad,
            "rms_norm_eps": EPS,
            "rope_parameters": { "rope_theta": THETA, "rope_type": "default" },
            "tie_word_embeddings": true,
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
            kv_heads: whole("num_key_value_heads")?,
            positions: whole("max_position_embeddings")?,
        })
    }
}

/// The language model.
#[derive(Debug, Clone)]
pub(crate) struct Llama {
    pub(crate) config: LlamaConfig,
    pub(crate) weights: Weights,
}

impl Llama {
    /// A model with random weights.
    pub(crate) fn new(config: LlamaConfig, rng: &mut Rng) -> Result<Self, TrainError> {
        let c = config;
        let (query, kv) = (c.heads * c.dim(), c.kv_heads * c.dim());
        let mut weights = Weights::default();
        weights.normal(rng, "model.embed_tokens.weight".into(), &[c.vocabulary, c.hidden], 0.05)?;
        weights.constant("model.norm.weight".into(), c.hidden, 1.0)?;
        for i in 0..c.layers {
            let at = |name: &str| format!("model.layers.{i}.{name}.weight");
            let matrices = [
                ("self_attn.q_proj", query, c.hidden),
                ("self_attn.k_proj", kv, c.hidden),
                ("self_attn.v_proj", kv, c.hidden),
                ("self_attn.o_proj", c.hidden, query),
                ("mlp.gate_proj", c.intermediate, c.hidden),
                ("mlp.up_proj", c.intermediate, c.hidden),
                ("mlp.down_proj", c.hidden, c.intermediate),
            ];
            for (name, outputs, inputs) in matrices {
                // What is added to the residual stream begins small, so that depth does not make it grow.
                let residual = name.ends_with("o_proj") || name.ends_with("down_proj");
                let deviation =
                    1.0 / (inputs as f64).sqrt() / if residual { (2 * c.layers) as f64 } else { 1.0 }.sqrt();
                weights.normal(rng, at(name), &[outputs, inputs], deviation)?;
            }
            for name in ["input_layernorm", "post_attention_layernorm"] {
                weights.constant(at(name), c.hidden, 1.0)?;
            }
        }
        Ok(Self { config, weights })
    }

    /// Logits of `batch·length × vocabulary` for ids of `batch × length`.
    pub(crate) fn logits(&self, ids: &Tensor) -> Result<Tensor, TrainError> {
        let hidden = self.hidden(ids)?;
        linear(&hidden, self.weights.get("model.embed_tokens.weight")?)
    }

    /// Logits of the token after each row of `batch × length` ids.
    pub(crate) fn next(&self, ids: &Tensor) -> Result<Vec<Vec<f32>>, TrainError> {
        let (batch, length) = ids.dims2()?;
        let last = self.hidden(ids)?.reshape((batch, length, self.config.hidden))?.narrow(1, length - 1, 1)?;
        let last = last.reshape((batch, self.config.hidden))?;
        Ok(linear(&last, self.weights.get("model.embed_tokens.weight")?)?.to_vec2()?)
    }

    /// The normalised last states, `batch·length × hidden`.
    fn hidden(&self, ids: &Tensor) -> Result<Tensor, TrainError> {
        let c = self.config;
        let (batch, length) = ids.dims2()?;
        let around = Around::new(&c, length)?;
        let mut x = self.weights.get("model.embed_tokens.weight")?.index_select(&ids.flatten_all()?, 0)?;
        for i in 0..c.layers {
            let weight = |name: &str| self.weights.get(&format!("model.layers.{i}.{name}.weight"));
            let normed = rms_norm(&x, weight("input_layernorm")?, EPS)?;
            let split = |name: &str, heads: usize| -> Result<Tensor, TrainError> {
                let rows = linear(&normed, weight(name)?)?;
                Ok(rows.reshape((batch, length, heads, c.dim()))?.transpose(1, 2)?.contiguous()?)
            };
            let query = around.turn(&split("self_attn.q_proj", c.heads)?)?;
            let key = around.turn(&split("self_attn.k_proj", c.kv_heads)?)?;
            let value = split("self_attn.v_proj", c.kv_heads)?;
            // The queries that share a key head stand below each other, so that keys are not copied.
            let group = c.heads / c.kv_heads;
            let query = query.reshape((batch, c.kv_heads, group * length, c.dim()))?;
            let scores = (query.matmul(&key.t()?.contiguous()?)? * (1.0 / (c.dim() as f64).sqrt()))?;
            let weights = softmax(&scores.broadcast_add(&around.mask)?)?;
            let mixed = weights.matmul(&value)?.reshape((batch, c.heads, length, c.dim()))?;
            let mixed = mixed.transpose(1, 2)?.contiguous()?.reshape((batch * length, c.heads * c.dim()))?;
            x = (x + linear(&mixed, weight("self_attn.o_proj")?)?)?;
            let normed = rms_norm(&x, weight("post_attention_layernorm")?, EPS)?;
            let gate = linear(&normed, weight("mlp.gate_proj")?)?.silu()?;
            let inner = (gate * linear(&normed, weight("mlp.up_proj")?)?)?;
            x = (x + linear(&inner, weight("mlp.down_proj")?)?)?;
        }
        rms_norm(&x, self.weights.get("model.norm.weight")?, EPS)
    }
}

/// What attention needs to know of positions.
struct Around {
    cos: Tensor,
    sin: Tensor,
    /// (a, b) to (−b, a), the halves of a head, as a matrix: one small product instead of copies.
    quarter: Tensor,
    mask: Tensor,
}

impl Around {
    fn new(config: &LlamaConfig, length: usize) -> Result<Self, TrainError> {
        let (dim, half) = (config.dim(), config.dim() / 2);
        let angle = |position: usize, i: usize| position as f64 / THETA.powf(2.0 * (i % half) as f64 / dim as f64);
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = (0..length * dim).map(|n| f(angle(n / dim, n % dim)) as f32).collect();
            Tensor::from_vec(values, (length, dim), &Device::Cpu)
        };
        let mut quarter = vec![0f32; dim * dim];
        for i in 0..half {
            quarter[(i + half) * dim + i] = -1.0;
            quarter[i * dim + i + half] = 1.0;
        }
        let group = config.heads / config.kv_heads;
        let unseen = |n: usize| if n % length > (n / length) % length { -1e9 } else { 0.0 };
        let mask: Vec<f32> = (0..group * length * length).map(unseen).collect();
        Ok(Self {
            cos: table(f64::cos)?,
            sin: table(f64::sin)?,
            quarter: Tensor::from_vec(quarter, (dim, dim), &Device::Cpu)?,
            mask: Tensor::from_vec(mask, (group * length, length), &Device::Cpu)?,
        })
    }

    /// Rotary positions (Su et al. 2021) on `batch × heads × length × dim`.
    fn turn(&self, x: &Tensor) -> Result<Tensor, TrainError> {
        let (batch, heads, length, dim) = x.dims4()?;
        let turned = x.reshape((batch * heads * length, dim))?.matmul(&self.quarter)?.reshape(x.shape())?;
        Ok((x.broadcast_mul(&self.cos)? + turned.broadcast_mul(&self.sin)?)?)
    }
}
