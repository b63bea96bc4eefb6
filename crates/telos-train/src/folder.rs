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
