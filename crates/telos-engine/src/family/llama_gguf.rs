//! Llama in a GGUF file: its metadata as a configuration, and its tensors under the names of the Hugging Face layout.

use super::config::Config;
use crate::error::OpenError;
use crate::limits;
use crate::weights::gguf::Gguf;
use crate::weights::tensors::Tensors;
use serde_json::{Map, Value, json};

/// Keys that change what a model computes, with the values at which they change nothing; others are not supported.
const NEUTRAL: [(&str, &[f64]); 11] = [
    ("llama.expert_count", &[0.0]),
    ("llama.expert_used_count", &[0.0]),
    ("llama.attention.sliding_window", &[0.0]),
    ("llama.attention.clamp_kqv", &[0.0]),
    ("llama.attention.max_alibi_bias", &[0.0]),
    ("llama.attention.scale", &[0.0]),
    ("llama.logit_scale", &[0.0, 1.0]),
    ("llama.embedding_scale", &[0.0, 1.0]),
    ("llama.residual_scale", &[0.0, 1.0]),
    ("llama.rope.scale_linear", &[0.0, 1.0]),
    ("llama.rope.scaling.factor", &[0.0, 1.0]),
];

/// The other keys of the architecture that are read, or describe what was done and change nothing.
const KNOWN: [&str; 15] = [
    "llama.context_length",
    "llama.embedding_length",
    "llama.block_count",
    "llama.feed_forward_length",
    "llama.vocab_size",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.attention.causal",
    "llama.rope.dimension_count",
    "llama.rope.freq_base",
    "llama.rope.scaling.type",
    "llama.rope.scaling.finetuned",
];

/// The keys of the architecture that nobody reads, for a note.
pub(crate) fn unread(file: &Gguf) -> Vec<&str> {
    let known = |key: &str| KNOWN.contains(&key) || NEUTRAL.iter().any(|(neutral, _)| *neutral == key);
    file.keys("llama.").filter(|key| !known(key)).collect()
}

/// The configuration that a GGUF file's metadata stands for.
pub(crate) fn gguf_config(file: &Gguf) -> Result<Config, OpenError> {
    let unsupported =
        |what: String, supported: &str| Err(OpenError::unsupported(format!("{what} of {}", file.shown), supported));
    match file.text("general.architecture")? {
        Some("llama") => {}
        Some(other) => return unsupported(format!("the architecture `{other}`"), "llama"),
        None => return Err(file.wrong("general.architecture", "a string")),
    }
    let scaling = file.text("llama.rope.scaling.type")?;
    for (key, neutral) in NEUTRAL {
        let ignored = key == "llama.rope.scaling.factor" && scaling == Some("none");
        match file.number(key)? {
            Some(value) if !ignored && !neutral.contains(&value) => {
                let neutral = neutral.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
                return unsupported(format!("`{key}: {value}`"), &neutral);
            }
            _ => {}
        }
    }
    match scaling {
        None | Some("none") => {}
        Some(other) => return unsupported(format!("rotary scaling `{other}`"), "none"),
    }
    if file.has("rope_freqs.weight") {
        return unsupported("`rope_freqs.weight` (llama 3's rotary scaling)".to_owned(), "no rotary scaling");
    }
    if file.flag("llama.attention.causal")? == Some(false) {
        return unsupported("`llama.attention.causal: false`".to_owned(), "true");
    }
    let (hidden, heads) = (file.need("llama.embedding_length")?, file.need("llama.attention.head_count")?);
    let head_dim = file.extent("llama.attention.key_length", limits::EXTENT)?.unwrap_or(hidden / heads);
    for (key, what) in
        [("llama.rope.dimension_count", "rotary positions on"), ("llama.attention.value_length", "values of")]
    {
        match file.extent(key, limits::EXTENT)? {
            Some(size) if size != head_dim => {
                return unsupported(format!("{what} {size}, where a head has {head_dim},"), "the size of a head");
            }
            _ => {}
        }
    }
    let rows = file.shape("token_embd.weight").and_then(|shape| shape.first().copied());
    let vocabulary =
        rows.ok_or_else(|| OpenError::Missing(format!("{} has no tensor `token_embd.weight`", file.shown)))?;
    if file.extent("llama.vocab_size", limits::EXTENT)?.is_some_and(|size| size != vocabulary) {
        return Err(file.wrong("llama.vocab_size", &format!("{vocabulary}, the rows of `token_embd.weight`")));
    }
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    let context = "llama.context_length";
    let theta = "llama.rope.freq_base";
    let Value::Object(map) = json!({
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": file.need("llama.feed_forward_length")?,
        "num_hidden_layers": file.need("llama.block_count")?,
        "num_attention_heads": heads,
        "num_key_value_heads": file.extent("llama.attention.head_count_kv", limits::EXTENT)?.unwrap_or(heads),
        "head_dim": head_dim,
        "rms_norm_eps": file.number(epsilon)?.filter(|n| *n >= 0.0).ok_or_else(|| file.wrong(epsilon, "a number, 0 or more"))?,
        "max_position_embeddings": file.extent(context, limits::POSITIONS)?.ok_or_else(|| file.wrong(context, "a whole number"))?,
        "rope_theta": match file.number(theta)? {
            Some(theta) if (theta as f32) < f32::MIN_POSITIVE || !(theta as f32).is_finite() => {
                return Err(file.wrong("llama.rope.freq_base", "a number above 0"));
            }
            other => other.unwrap_or(10_000.0),
        },
        "tie_word_embeddings": !file.has("output.weight"),
        "eos_token_id": file.whole("tokenizer.ggml.eos_token_id")?,
    }) else {
        return Ok(Config { map: Map::new(), file: file.shown.clone() });
    };
    Ok(Config { map, file: file.shown.clone() })
}

/// A GGUF file's tensors under the names of the Hugging Face layout, rows of query and key back in their order.
pub(crate) struct GgufNames<'a> {
    pub(crate) file: &'a Gguf,
    pub(crate) query_heads: usize,
    pub(crate) heads: usize,
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
    fn has(&self, name: &str) -> bool {
        self.file.has(&Self::name(name))
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<(), OpenError> {
        self.file.check(&Self::name(name), shape)
    }

    fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, OpenError> {
        let values = self.file.read(&Self::name(name), shape)?;
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
        Ok(out)
    }

    fn stored(&self, name: &str) -> String {
        Self::name(name)
    }

    fn names(&self) -> Vec<String> {
        self.file.names()
    }
}
