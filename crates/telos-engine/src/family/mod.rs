//! Families: a configuration to a description, and names of weights. One file each, one line here.

pub(crate) mod bert;
pub(crate) mod config;
pub(crate) mod entry;
pub(crate) mod llama;
pub(crate) mod llama_gguf;
pub(crate) mod roberta;
mod rotary;

use crate::error::OpenError;
use entry::Family;

/// All architectures, in order of name.
pub(crate) static FAMILIES: &[&Family] = &[&bert::FAMILY, &llama::FAMILY, &llama::REWARD, &roberta::FAMILY];

/// The architectures that are supported, in the words of `config.json`.
pub fn architectures() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.architecture).collect()
}

/// The family of an architecture. The error lists the known ones.
pub(crate) fn find(architecture: &str) -> Result<&'static Family, OpenError> {
    FAMILIES
        .iter()
        .find(|family| family.architecture == architecture)
        .copied()
        .ok_or_else(|| OpenError::unsupported(format!("the architecture `{architecture}`"), architectures().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_unique() {
        assert!(FAMILIES.windows(2).all(|pair| pair[0].architecture < pair[1].architecture));
    }

    #[test]
    fn an_unknown_architecture_lists_the_known_ones() {
        let error = find("MambaForCausalLM").err().expect("unknown");
        assert!(matches!(error, OpenError::Unsupported { .. }));
        assert!(FAMILIES.iter().all(|family| error.to_string().contains(family.architecture)), "{error}");
    }

    #[test]
    fn patterns_cover_what_they_say_and_no_more() {
        let llama = find("LlamaForCausalLM").expect("known");
        assert!(llama.ignores("model.layers.11.self_attn.rotary_emb.inv_freq"));
        for read in ["model.layers.11.self_attn.q_proj.weight", "lm_head.weight", "inv_freq", "model.norm.weight"] {
            assert!(!llama.ignores(read), "{read}");
        }
    }
}
