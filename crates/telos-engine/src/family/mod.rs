//! Families: a configuration to a description, and names of weights. One file each, one line here.

pub(crate) mod bert;
pub(crate) mod config;
pub(crate) mod llama;
pub(crate) mod roberta;

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::weights::Tensors;
use config::Config;

/// What a model is made of.
pub(crate) enum Body {
    /// Predicts tokens.
    Causal(Decoder),
    /// A decoder with a reward in place of logits.
    Reward(Decoder),
    /// Classifies a text.
    Classifier(Encoder),
}

/// What is known of a model without its weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outline {
    pub(crate) vocabulary: usize,
    pub(crate) max_length: usize,
    pub(crate) labels: Vec<String>,
    pub(crate) causal: bool,
}

/// One architecture.
pub(crate) struct Family {
    /// The name in `architectures` of `config.json`.
    pub(crate) architecture: &'static str,
    /// What can be said without weights; refuses configurations that this family does not cover.
    pub(crate) outline: fn(&Config) -> Result<Outline, String>,
    /// Reads the weights.
    pub(crate) build: fn(&Config, &mut dyn Tensors) -> Result<Body, String>,
}

/// All architectures, in order of name.
pub(crate) static FAMILIES: &[Family] = &[
    Family { architecture: "BertForSequenceClassification", outline: bert::outline, build: bert::build },
    Family { architecture: "LlamaForCausalLM", outline: llama::outline, build: llama::build_causal },
    Family {
        architecture: "LlamaForSequenceClassification",
        outline: llama::outline_reward,
        build: llama::build_reward,
    },
    Family { architecture: "RobertaForSequenceClassification", outline: roberta::outline, build: roberta::build },
];

/// The architectures that are supported, in the words of `config.json`.
pub fn architectures() -> Vec<&'static str> {
    FAMILIES.iter().map(|family| family.architecture).collect()
}

/// The family of an architecture. The error lists the known ones.
pub(crate) fn find(architecture: &str) -> Result<&'static Family, String> {
    FAMILIES.iter().find(|family| family.architecture == architecture).ok_or_else(|| {
        format!("the architecture `{architecture}` is not supported; supported: {}", architectures().join(", "))
    })
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
        assert!(FAMILIES.iter().all(|family| error.contains(family.architecture)), "{error}");
    }
}
