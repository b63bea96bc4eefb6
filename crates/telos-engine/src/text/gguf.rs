//! The tokenizer that a GGUF file carries.

use super::side::TextSide;
use crate::weights::gguf::Gguf;
use candle_core::quantized::gguf_file::Value;
use serde_json::{Map, json};

type PreTokenizer = fn() -> serde_json::Value;

/// `tokenizer.ggml.pre` → the pre-tokenizer in front of the byte-level BPE.
const PRE: [(&str, PreTokenizer); 2] = [
    ("gpt-2", || byte_level(true)),
    (
        "smollm",
        || json!({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, byte_level(true)]}),
    ),
];

fn byte_level(use_regex: bool) -> serde_json::Value {
    json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex})
}

/// Builds the text side from the file's metadata.
pub(crate) fn text_side(file: &Gguf) -> Result<TextSide, String> {
    match file.text("tokenizer.ggml.model") {
        Some("gpt2") => {}
        other => return Err(format!("unknown tokenizer.ggml.model {other:?}; known: gpt2")),
    }
    let pre = file.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
    let Some((_, pre_tokenizer)) = PRE.iter().find(|(name, _)| *name == pre) else {
        let known = PRE.map(|(name, _)| name).join(", ");
        return Err(format!("unknown tokenizer.ggml.pre `{pre}`; known: {known}"));
    };
    let texts = |key: &str| -> Result<Vec<String>, String> {
        let list = file.list(key).ok_or_else(|| format!("the file lacks `{key}`"))?;
        list.iter()
            .map(|value| match value {
                Value::String(text) => Ok(text.clone()),
                other => Err(format!("`{key}` holds {other:?} where a string was expected")),
            })
            .collect()
    };
    let tokens = texts("tokenizer.ggml.tokens")?;
    let merges = texts("tokenizer.ggml.merges")?;
    let kinds = file.list("tokenizer.ggml.token_type").unwrap_or_default();
    let vocabulary: Map<String, serde_json::Value> =
        tokens.iter().zip(0_u32..).map(|(t, i)| (t.clone(), i.into())).collect();
    let added: Vec<serde_json::Value> = kinds
        .iter()
        .zip(tokens.iter().enumerate())
        .filter_map(|(kind, (id, content))| {
            let kind = match kind {
                Value::I32(kind) => i64::from(*kind),
                Value::U32(kind) => i64::from(*kind),
                _ => 0,
            };
            // 3 is a control token, 4 a user-defined one; both are found before anything else, and 3 is skipped in decoding.
            matches!(kind, 3 | 4).then(|| {
                json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                    "normalized": false, "special": kind == 3})
            })
        })
        .collect();
    let special = |key: &str| file.whole(key).and_then(|id| tokens.get(id)).cloned();
    let bos = special("tokenizer.ggml.bos_token_id");
    let add_bos = matches!(file.value("tokenizer.ggml.add_bos_token"), Some(Value::Bool(true)));
    let post = match (&bos, file.whole("tokenizer.ggml.bos_token_id")) {
        (Some(bos), Some(id)) if add_bos => json!({"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {bos.clone(): {"id": bos, "ids": [id], "tokens": [bos]}}}),
        _ => serde_json::Value::Null,
    };
    let merges: Vec<serde_json::Value> = merges
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| json!([a, b])).ok_or(format!("merge `{merge}` has no space")))
        .collect::<Result<_, _>>()?;
    let tokenizer = json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": pre_tokenizer(), "post_processor": post, "decoder": byte_level(true),
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocabulary, "merges": merges}});
    let mut config = Map::new();
    let named = [
        ("bos_token", bos),
        ("eos_token", special("tokenizer.ggml.eos_token_id")),
        ("unk_token", special("tokenizer.ggml.unknown_token_id")),
        ("pad_token", special("tokenizer.ggml.padding_token_id")),
    ];
    for (key, token) in named {
        if let Some(token) = token {
            config.insert(key.into(), token.into());
        }
    }
    let template = file.text("tokenizer.chat_template").map(str::to_owned);
    TextSide::new(tokenizer.to_string().as_bytes(), &config, template)
}
