//! Llama: grouped heads, rotary positions with llama 3's scaling, a gated MLP; as a language model or with one label as a
//! reward model.

use super::config::Config;
use super::entry::{Body, Family, Outline};
use super::rotary::rotary;
use crate::decoder::{Decoder, Description, Embedding, Head, Layer};
use crate::error::OpenError;
use crate::kernel::panels::Panels;
use crate::rope::Rope;
use crate::weights::tensors::Tensors;

/// The language model. Frequencies that older files hold follow from the configuration.
pub(crate) static FAMILY: Family = Family {
    architecture: "LlamaForCausalLM",
    model_type: "llama",
    outline,
    build: build_causal,
    harmless: &["model.*rotary_emb.inv_freq", "model.*.self_attn.causal_mask"],
};

/// The reward model, which may have kept the output matrix of the language model that it was.
pub(crate) static REWARD: Family = Family {
    architecture: "LlamaForSequenceClassification",
    model_type: "llama",
    outline: outline_reward,
    build: build_reward,
    harmless: &["model.*rotary_emb.inv_freq", "model.*.self_attn.causal_mask", "lm_head.weight"],
};

fn describe(config: &Config) -> Result<Description, OpenError> {
    config.check("llama")?;
    config.refuse_flags(&["attention_bias", "mlp_bias"])?;
    config.one_of("hidden_act", &["silu"])?;
    let (hidden, query_heads) = (config.extent("hidden_size")?, config.extent("num_attention_heads")?);
    let heads = config.extent_or_none("num_key_value_heads")?.unwrap_or(query_heads);
    let dim = config.extent_or_none("head_dim")?.unwrap_or(hidden / query_heads);
    if query_heads % heads != 0 || dim == 0 || dim % 2 != 0 {
        return Err(OpenError::Mismatch(format!(
            "{} has {query_heads} heads, {heads} key/value heads and heads of {dim}: expected a multiple of the \
             key/value heads, and an even size",
            config.file
        )));
    }
    Ok(Description {
        vocabulary: config.extent("vocab_size")?,
        hidden,
        intermediate: config.extent("intermediate_size")?,
        layers: config.extent("num_hidden_layers")?,
        query_heads,
        heads,
        dim,
        norm_eps: config.number("rms_norm_eps", 0.0)?,
        positions: config.positions()?,
        rope: rotary(config)?,
        tied: config.flag("tie_word_embeddings")?,
    })
}

/// What is known without weights.
fn outline(config: &Config) -> Result<Outline, OpenError> {
    let d = describe(config)?;
    Ok(Outline { vocabulary: d.vocabulary, max_length: d.positions, labels: Vec::new(), causal: true })
}

/// What is known of a reward model without weights.
fn outline_reward(config: &Config) -> Result<Outline, OpenError> {
    let labels = config.labels()?;
    if labels.len() != 1 {
        let what = format!("a Llama with {} labels ({})", labels.len(), config.file);
        return Err(OpenError::unsupported(what, "one label, a reward"));
    }
    Ok(Outline { labels, causal: false, ..outline(config)? })
}

/// Reads a language model.
fn build_causal(config: &Config, tensors: &dyn Tensors) -> Result<Body, OpenError> {
    const HEAD: &str = "lm_head.weight";
    let d = describe(config)?;
    let shape = [d.vocabulary, d.hidden];
    let embedding = tensors.read("model.embed_tokens.weight", &shape)?;
    let (embedding, head) = if d.tied {
        // A file may hold the output matrix all the same, but then it must be the one that it is tied to.
        if tensors.has(HEAD) && tensors.read(HEAD, &shape)? != embedding {
            return Err(OpenError::Mismatch(format!(
                "`tie_word_embeddings` of {} is true, but the weights have a `{HEAD}` that is not the embedding",
                config.file
            )));
        }
        (Embedding::Tied, Panels::pack(d.hidden, &[&embedding]))
    } else if tensors.has(HEAD) {
        let head = tensors.read(HEAD, &shape)?;
        (Embedding::Rows(embedding), Panels::pack(d.hidden, &[&head]))
    } else {
        return Err(OpenError::Missing(format!(
            "the weights have no tensor `{HEAD}`; if the output matrix is the embedding, `tie_word_embeddings: true` \
             belongs into {}",
            config.file
        )));
    };
    decoder(d, embedding, head, tensors).map(Body::Causal)
}

/// Reads a reward model.
fn build_reward(config: &Config, tensors: &dyn Tensors) -> Result<Body, OpenError> {
    outline_reward(config)?;
    let d = describe(config)?;
    let embedding = Embedding::Rows(tensors.read("model.embed_tokens.weight", &[d.vocabulary, d.hidden])?);
    let head = Panels::pack(d.hidden, &[&tensors.read("score.weight", &[1, d.hidden])?]);
    decoder(d, embedding, head, tensors).map(Body::Reward)
}

fn decoder(d: Description, embedding: Embedding, head: Panels, tensors: &dyn Tensors) -> Result<Decoder, OpenError> {
    let layers = (0..d.layers)
        .map(|i| {
            let read = |name: &str, shape: &[usize]| tensors.read(&format!("model.layers.{i}.{name}"), shape);
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
        .collect::<Result<_, OpenError>>()?;
    let final_norm = tensors.read("model.norm.weight", &[d.hidden])?;
    let rope = Rope::new(&d.rope, d.dim);
    Ok(Decoder { description: d, embedding, layers, final_norm, head: Head(head), rope })
}
