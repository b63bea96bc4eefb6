//! Llama: grouped heads, rotary positions with llama 3's scaling, a gated MLP; as a language model or with one label as a
//! reward model. Also the metadata of a GGUF file as the same configuration.

use super::config::Config;
use super::{Body, Outline};
use crate::decoder::{Decoder, Description, Embedding, Head, Layer};
use crate::kernel::panels::Panels;
use crate::rope::{Llama3, Rope, RopeConfig};
use crate::weights::gguf::Gguf;
use crate::weights::{Tensors, finite};
use candle_core::quantized::gguf_file::Value as GgufValue;
use serde_json::{Map, Value, json};

fn describe(config: &Config) -> Result<Description, String> {
    for flag in ["attention_bias", "mlp_bias"] {
        if config.flag(flag) {
            return Err(format!("`{flag}: true` of config.json is not supported for Llama"));
        }
    }
    match config.text("hidden_act") {
        None | Some("silu") => {}
        Some(other) => return Err(format!("`hidden_act: {other}` of config.json is not supported; supported: silu")),
    }
    let (hidden, query_heads) = (config.whole("hidden_size")?, config.whole("num_attention_heads")?);
    let heads = config.whole_or_none("num_key_value_heads").unwrap_or(query_heads);
    let dim = match config.whole_or_none("head_dim") {
        Some(dim) => dim,
        None if query_heads > 0 => hidden / query_heads,
        None => 0,
    };
    if heads == 0 || query_heads % heads != 0 || dim == 0 || dim % 2 != 0 {
        return Err(format!(
            "config.json has {query_heads} heads, {heads} key/value heads and heads of {dim}: expected a multiple of the \
             key/value heads, and an even size"
        ));
    }
    Ok(Description {
        vocabulary: config.whole("vocab_size")?,
        hidden,
        intermediate: config.whole("intermediate_size")?,
        layers: config.whole("num_hidden_layers")?,
        query_heads,
        heads,
        dim,
        norm_eps: config.number("rms_norm_eps")?,
        positions: config.whole("max_position_embeddings")?,
        rope: rope(config)?,
        tied: config.flag("tie_word_embeddings"),
    })
}

/// `rope_parameters` of transformers 5, or `rope_theta` and `rope_scaling` of older files.
fn rope(config: &Config) -> Result<RopeConfig, String> {
    let empty = Map::new();
    let new = config.0.get("rope_parameters").and_then(Value::as_object);
    let scaling = new.or_else(|| config.0.get("rope_scaling").and_then(Value::as_object)).unwrap_or(&empty);
    let number = |key: &str| scaling.get(key).and_then(Value::as_f64).map(|n| n as f32);
    let theta = number("rope_theta").or_else(|| config.number("rope_theta").ok()).unwrap_or(10_000.0);
    let kind = scaling.get("rope_type").or_else(|| scaling.get("type")).and_then(Value::as_str).unwrap_or("default");
    let need = |key: &str| number(key).ok_or_else(|| format!("llama3 rotary scaling of config.json lacks `{key}`"));
    let llama3 = match kind {
        "default" => None,
        "llama3" => Some(Llama3 {
            factor: need("factor")?,
            low: need("low_freq_factor")?,
            high: need("high_freq_factor")?,
            original: need("original_max_position_embeddings")?,
        }),
        other => return Err(format!("rotary scaling `{other}` is not supported; supported: default, llama3")),
    };
    Ok(RopeConfig { theta, llama3 })
}

/// What is known without weights.
pub(crate) fn outline(config: &Config) -> Result<Outline, String> {
    let d = describe(config)?;
    Ok(Outline { vocabulary: d.vocabulary, max_length: d.positions, labels: Vec::new(), causal: true })
}

/// What is known of a reward model without weights.
pub(crate) fn outline_reward(config: &Config) -> Result<Outline, String> {
    let labels = config.labels()?;
    if labels.len() != 1 {
        return Err(format!("a Llama with {} labels is not supported: a reward model has one", labels.len()));
    }
    Ok(Outline { labels, causal: false, ..outline(config)? })
}

/// Reads a language model.
pub(crate) fn build_causal(config: &Config, tensors: &mut dyn Tensors) -> Result<Body, String> {
    let d = describe(config)?;
    let embedding = tensors.read("model.embed_tokens.weight", &[d.vocabulary, d.hidden])?;
    let (embedding, head) = if d.tied {
        (Embedding::Tied, Panels::pack(d.hidden, &[&embedding]))
    } else {
        let head = tensors.read("lm_head.weight", &[d.vocabulary, d.hidden])?;
        (Embedding::Rows(embedding), Panels::pack(d.hidden, &[&head]))
    };
    decoder(d, embedding, head, tensors).map(Body::Causal)
}

/// Reads a reward model.
pub(crate) fn build_reward(config: &Config, tensors: &mut dyn Tensors) -> Result<Body, String> {
    outline_reward(config)?;
    let d = describe(config)?;
    let embedding = Embedding::Rows(tensors.read("model.embed_tokens.weight", &[d.vocabulary, d.hidden])?);
    let head = Panels::pack(d.hidden, &[&tensors.read("score.weight", &[1, d.hidden])?]);
    decoder(d, embedding, head, tensors).map(Body::Reward)
}

fn decoder(d: Description, embedding: Embedding, head: Panels, tensors: &mut dyn Tensors) -> Result<Decoder, String> {
    let layers = (0..d.layers)
        .map(|i| {
            let mut read = |name: &str, shape: &[usize]| tensors.read(&format!("model.layers.{i}.{name}"), shape);
            let (query, kv) = (d.query_heads * d.dim, d.heads * d.dim);
            let q = read("self_attn.q_proj.weight", &[query, d.hidden])?;
            let k = read("self_attn.k_proj.weight", &[kv, d.hidden])?;
            let v = read("self_attn.v_proj.weight", &[kv, d.hidden])?;
            let output = read("self_attn.o_proj.weight", &[d.hidden, query])?;
            let gate = read("mlp.gate_proj.weight", &[d.intermediate, d.hidden])?;
            let up = read("mlp.up_proj.weight", &[d.intermediate, d.hidden])?;
            let down = read("mlp.down_proj.weight", &[d.hidden, d.intermediate])?;
            Ok(Layer {
                attention_norm: read("input_layernorm.weight", &[d.hidden])?,
                qkv: Panels::pack(d.hidden, &[&q, &k, &v]),
                output: Panels::pack(query, &[&output]),
                mlp_norm: read("post_attention_layernorm.weight", &[d.hidden])?,
                gate_up: Panels::pack(d.hidden, &[&gate, &up]),
                down: Panels::pack(d.intermediate, &[&down]),
            })
        })
        .collect::<Result<_, String>>()?;
    let final_norm = tensors.read("model.norm.weight", &[d.hidden])?;
    let rope = Rope::new(&d.rope, d.dim, d.positions);
    Ok(Decoder { description: d, embedding, layers, final_norm, head: Head(head), rope })
}

/// The configuration that a GGUF file's metadata stands for.
pub(crate) fn gguf_config(file: &Gguf) -> Result<Config, String> {
    match file.text("general.architecture") {
        Some("llama") => {}
        other => return Err(format!("the GGUF architecture {other:?} is not supported; supported: llama")),
    }
    let number = |key: &str| match file.value(key) {
        Some(GgufValue::F32(x)) => Some(f64::from(*x)),
        Some(GgufValue::F64(x)) => Some(*x),
        _ => None,
    };
    let (hidden, heads) = (file.need("llama.embedding_length")?, file.need("llama.attention.head_count")?);
    let vocabulary = file
        .shape("token_embd.weight")
        .and_then(|shape| shape.first().copied())
        .ok_or_else(|| "the file has no tensor `token_embd.weight`".to_owned())?;
    if heads == 0 {
        return Err("`llama.attention.head_count` is 0".into());
    }
    let head_dim = file.whole("llama.attention.key_length").unwrap_or(hidden / heads);
    let rotary = file.whole("llama.rope.dimension_count").unwrap_or(head_dim);
    if rotary != head_dim {
        return Err(format!("rotary positions on {rotary} of {head_dim} values of a head are not supported"));
    }
    match file.text("llama.rope.scaling.type") {
        None | Some("none") => {}
        Some(other) => return Err(format!("rotary scaling `{other}` of a GGUF file is not supported")),
    }
    let eos = file.whole("tokenizer.ggml.eos_token_id");
    let Value::Object(map) = json!({
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": file.need("llama.feed_forward_length")?,
        "num_hidden_layers": file.need("llama.block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": file.whole("llama.attention.head_count_kv").unwrap_or(heads),
        "head_dim": head_dim,
        "rms_norm_eps": number("llama.attention.layer_norm_rms_epsilon")
            .ok_or("the file lacks `llama.attention.layer_norm_rms_epsilon` in its metadata")?,
        "max_position_embeddings": file.need("llama.context_length")?,
        "rope_theta": number("llama.rope.freq_base").unwrap_or(10_000.0),
        "tie_word_embeddings": file.shape("output.weight").is_none(),
        "eos_token_id": eos,
    }) else {
        return Err("the metadata is no object".into());
    };
    Ok(Config(map))
}

/// A GGUF file's tensors under the names of the Hugging Face layout, rows of query and key back in their order.
pub(crate) struct GgufNames<'a> {
    pub(crate) file: &'a Gguf,
    pub(crate) query_heads: usize,
    pub(crate) heads: usize,
    /// The factors by which llama 3's scaling divides the frequencies; a file that has them is refused.
    pub(crate) factors: bool,
}

impl GgufNames<'_> {
    fn name(name: &str) -> String {
        match name {
            "model.embed_tokens.weight" => "token_embd.weight".into(),
            "model.norm.weight" => "output_norm.weight".into(),
            "lm_head.weight" => "output.weight".into(),
            other => {
                let other = other.replace("model.layers.", "blk.");
                let pairs = [
                    ("self_attn.q_proj", "attn_q"),
                    ("self_attn.k_proj", "attn_k"),
                    ("self_attn.v_proj", "attn_v"),
                    ("self_attn.o_proj", "attn_output"),
                    ("mlp.gate_proj", "ffn_gate"),
                    ("mlp.up_proj", "ffn_up"),
                    ("mlp.down_proj", "ffn_down"),
                    ("input_layernorm", "attn_norm"),
                    ("post_attention_layernorm", "ffn_norm"),
                ];
                pairs.iter().fold(other, |name, (from, to)| name.replace(from, to))
            }
        }
    }
}

impl Tensors for GgufNames<'_> {
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        if self.factors {
            return Err(
                "the file has `rope_freqs.weight` (llama 3's rotary scaling), which is not supported in GGUF".into()
            );
        }
        let mut file = self.file;
        let values = file.read(&Self::name(name), shape)?;
        let heads = if name.contains("q_proj") {
            self.query_heads
        } else if name.contains("k_proj") {
            self.heads
        } else {
            return Ok(values);
        };
        // llama.cpp interleaves the two rotary halves of a head's rows.
        let (rows, columns) = (shape[0], shape[1]);
        let dim = rows / heads;
        let mut out = Vec::with_capacity(values.len());
        for head in 0..heads {
            for row in 0..dim {
                let from = head * dim + (row % (dim / 2)) * 2 + row / (dim / 2);
                out.extend_from_slice(&values[from * columns..(from + 1) * columns]);
            }
        }
        finite(name, out)
    }

    fn has(&self, name: &str) -> bool {
        self.file.has(&Self::name(name))
    }
}
