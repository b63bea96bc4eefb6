//! Model folders in the Hugging Face layout.

use crate::error::TrainError;
use crate::model::{Llama, LlamaConfig, Roberta, RobertaConfig, Weights};
use crate::text;
use serde_json::{Value, json};
use std::path::Path;
use tokenizers::Tokenizer;

/// The language model's folder below that of the built-in models.
pub(crate) const CAUSAL: &str = "tiny-lm";
/// The classifier's folder below that of the built-in models.
pub(crate) const CLASSIFIER: &str = "tiny-sentiment";
/// The weights in each folder.
pub(crate) const WEIGHTS: &str = "model.safetensors";

/// `ChatML`, behind the token with which every text begins.
const TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + \
    message['content'] | trim + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}\
    {% endif %}";

fn write(path: &Path, json: &Value) -> Result<(), TrainError> {
    std::fs::write(path, format!("{}\n", serde_json::to_string_pretty(json)?)).map_err(TrainError::at(path))
}

fn read(path: &Path) -> Result<Value, TrainError> {
    Ok(serde_json::from_slice(&std::fs::read(path).map_err(TrainError::at(path))?)?)
}

/// Writes the language model.
pub(crate) fn save_causal(model: &Llama, tokenizer: &Tokenizer, folder: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(TrainError::at(folder))?;
    let id = |token| text::id(tokenizer, token);
    let (bos, eos, pad, turn) = (id("<s>")?, id("</s>")?, id("<pad>")?, id("<|im_end|>")?);
    write(&folder.join("config.json"), &model.config.to_json(bos, eos, pad))?;
    let generation = json!({
        "bos_token_id": bos, "eos_token_id": [eos, turn], "pad_token_id": pad, "do_sample": true, "temperature": 1.0
    });
    write(&folder.join("generation_config.json"), &generation)?;
    let config = json!({
        "bos_token": "<s>",
        "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": false,
        "eos_token": "</s>",
        "model_max_length": model.config.positions,
        "pad_token": "<pad>",
        "tokenizer_class": "PreTrainedTokenizerFast"
    });
    write(&folder.join("tokenizer_config.json"), &config)?;
    text::save(tokenizer, &folder.join("tokenizer.json"))?;
    model.weights.save(&folder.join(WEIGHTS))
}

/// Writes the classifier.
pub(crate) fn save_classifier(model: &Roberta, tokenizer: &Tokenizer, folder: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(TrainError::at(folder))?;
    let config = model.config.to_json(text::id(tokenizer, "<s>")?, text::id(tokenizer, "</s>")?);
    write(&folder.join("config.json"), &config)?;
    let config = json!({
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": false,
        "cls_token": "<s>",
        "eos_token": "</s>",
        "mask_token": "<mask>",
        "model_max_length": model.config.max_length(),
        "pad_token": "<pad>",
        "sep_token": "</s>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>"
    });
    write(&folder.join("tokenizer_config.json"), &config)?;
    text::save(tokenizer, &folder.join("tokenizer.json"))?;
    model.weights.save(&folder.join(WEIGHTS))
}

/// Reads the language model and its tokenizer.
pub(crate) fn load_causal(folder: &Path) -> Result<(Llama, Tokenizer), TrainError> {
    let config = LlamaConfig::from_json(&read(&folder.join("config.json"))?)?;
    let weights = Weights::load(&folder.join(WEIGHTS))?;
    Ok((Llama { config, weights }, text::load(&folder.join("tokenizer.json"))?))
}

/// Reads the classifier and its tokenizer.
pub(crate) fn load_classifier(folder: &Path) -> Result<(Roberta, Tokenizer), TrainError> {
    let config = RobertaConfig::from_json(&read(&folder.join("config.json"))?)?;
    let weights = Weights::load(&folder.join(WEIGHTS))?;
    Ok((Roberta { config, weights }, text::load(&folder.join("tokenizer.json"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{CAUSAL, CLASSIFIER, learn};
    use crate::world::{Rng, world};
    use candle_core::{Device, Tensor};

    /// The largest difference of two tables of logits.
    fn apart(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).and_then(|d| d.abs()?.flatten_all()?.max(0)?.to_scalar()).expect("the same shape")
    }

    #[test]
    fn a_folder_gives_the_model_back_to_half_precision() {
        let grammar = world().expect("the grammar parses");
        let at = std::env::temp_dir().join(format!("telos-train-{}", std::process::id()));
        let ids = Tensor::new(&[[0u32, 300, 301, 302, 303]], &Device::Cpu).expect("ids");

        let config = LlamaConfig {
            vocabulary: 400,
            hidden: 32,
            intermediate: 48,
            layers: 2,
            heads: 4,
            kv_heads: 2,
            positions: 64,
        };
        let tokenizer = learn(&grammar, 1, 400, &CAUSAL).expect("a vocabulary");
        let model = Llama::new(config, &mut Rng::new(1)).expect("a model");
        save_causal(&model, &tokenizer, &at).expect("written");
        let (read, text) = load_causal(&at).expect("read");
        assert_eq!((read.config, text.get_vocab(true)), (config, tokenizer.get_vocab(true)));
        let logits = |model: &Llama| model.logits(&ids).expect("logits");
        assert!(apart(&logits(&model), &logits(&read)) < 1e-2);

        let config =
            RobertaConfig { vocabulary: 400, hidden: 32, intermediate: 48, layers: 2, heads: 2, positions: 20 };
        let tokenizer = learn(&grammar, 1, 400, &CLASSIFIER).expect("a vocabulary");
        let model = Roberta::new(config, &mut Rng::new(2)).expect("a model");
        save_classifier(&model, &tokenizer, &at).expect("written");
        let (read, text) = load_classifier(&at).expect("read");
        assert_eq!((read.config, text.get_vocab(true)), (config, tokenizer.get_vocab(true)));
        let logits = |model: &Roberta| model.logits(&ids).expect("logits");
        assert!(apart(&logits(&model), &logits(&read)) < 1e-2);
        std::fs::remove_dir_all(&at).expect("removed");
    }

    #[test]
    fn a_folder_that_is_none_says_what_to_do() {
        let error = load_causal(Path::new("/nonexistent")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("/nonexistent/config.json")));
    }
}
