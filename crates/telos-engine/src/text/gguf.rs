//! The tokenizer that a GGUF file carries.

use super::side::{Source, TextSide};
use crate::error::OpenError;
use crate::weights::gguf::Gguf;
use serde_json::{Map, json};
use std::borrow::Cow;

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

/// Builds the text side from the file's metadata. What it names must be there, and of the type that the format gives it.
pub(crate) fn text_side(file: &Gguf) -> Result<TextSide, OpenError> {
    const MODEL: &str = "tokenizer.ggml.model";
    const PRE_KEY: &str = "tokenizer.ggml.pre";
    match file.text(MODEL)? {
        Some("gpt2") => {}
        Some(other) => return Err(OpenError::unsupported(format!("`{MODEL}: {other}` of {}", file.shown), "gpt2")),
        None => return Err(file.wrong(MODEL, "a string")),
    }
    let pre = file.text(PRE_KEY)?.unwrap_or("gpt-2");
    let Some((_, pre_tokenizer)) = PRE.iter().find(|(name, _)| *name == pre) else {
        let known = PRE.map(|(name, _)| name).join(", ");
        return Err(OpenError::unsupported(format!("`{PRE_KEY}: {pre}` of {}", file.shown), known));
    };
    let tokens = need(file, "tokenizer.ggml.tokens")?;
    let mut vocabulary: Map<String, serde_json::Value> = Map::new();
    for (token, id) in tokens.iter().zip(0_u32..) {
        if let Some(other) = vocabulary.insert(token.clone(), id.into()) {
            let why = format!("has the token {token:?} at {other} and at {id}");
            return Err(OpenError::key(&file.shown, "tokenizer.ggml.tokens", why));
        }
    }
    let special = specials(file, &tokens)?;
    let added = added(file, &tokens)?;
    // What is not said is false, with either of the known `pre` (llama.cpp, `llama_vocab::impl::load`).
    let add_bos = file.flag("tokenizer.ggml.add_bos_token")?.unwrap_or(false);
    for key in ["tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_sep_token", "tokenizer.ggml.add_space_prefix"] {
        if file.flag(key)? == Some(true) {
            return Err(OpenError::unsupported(format!("`{key}: true` of {}", file.shown), "false"));
        }
    }
    let post = match special.iter().find(|(name, ..)| *name == "bos_token") {
        _ if !add_bos => serde_json::Value::Null,
        Some((_, id, bos)) => json!({"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {bos.clone(): {"id": bos, "ids": [id], "tokens": [bos]}}}),
        None => return Err(file.wrong("tokenizer.ggml.bos_token_id", "an id, as `add_bos_token` is true")),
    };
    let merge = |merge: String| {
        let pair = merge.split_once(' ').map(|(a, b)| json!([a, b]));
        pair.ok_or_else(|| {
            let why = format!("has the merge {merge:?}: expected two tokens with a space between");
            OpenError::key(&file.shown, "tokenizer.ggml.merges", why)
        })
    };
    let merges = need(file, "tokenizer.ggml.merges")?.into_iter().map(merge).collect::<Result<Vec<_>, _>>()?;
    let tokenizer = json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": pre_tokenizer(), "post_processor": post, "decoder": byte_level(true),
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": vocabulary, "merges": merges}});
    let config = special.into_iter().map(|(name, _, token)| (name.to_owned(), token.into())).collect();
    let template = file.text("tokenizer.chat_template")?.map(str::to_owned);
    let template = template.map(|text| Source { text, file: file.shown.clone() });
    TextSide::new((tokenizer.to_string().as_bytes(), &file.shown), &config, template)
}

/// A list of strings that must be there.
fn need(file: &Gguf, key: &str) -> Result<Vec<String>, OpenError> {
    let list = file.texts(key)?.ok_or_else(|| file.wrong(key, "a list of strings"))?;
    Ok(list.into_iter().map(Cow::into_owned).collect())
}

/// The tokens with a meaning: their name in a tokenizer's configuration, id and text.
fn specials(file: &Gguf, tokens: &[String]) -> Result<Vec<(&'static str, usize, String)>, OpenError> {
    let named = [
        ("bos_token", "tokenizer.ggml.bos_token_id"),
        ("eos_token", "tokenizer.ggml.eos_token_id"),
        ("unk_token", "tokenizer.ggml.unknown_token_id"),
        ("pad_token", "tokenizer.ggml.padding_token_id"),
    ];
    let mut found = Vec::new();
    for (name, key) in named {
        let Some(id) = file.whole(key)? else { continue };
        match tokens.get(id) {
            Some(text) => found.push((name, id, text.clone())),
            None => return Err(file.wrong(key, &format!("an id below {}, the number of tokens", tokens.len()))),
        }
    }
    Ok(found)
}

/// The tokens that are found in a text before anything else: those of type 3 (control, skipped in decoding) and 4
/// (user-defined).
fn added(file: &Gguf, tokens: &[String]) -> Result<Vec<serde_json::Value>, OpenError> {
    const KEY: &str = "tokenizer.ggml.token_type";
    let kinds = file.wholes(KEY)?.unwrap_or_default();
    if !kinds.is_empty() && kinds.len() != tokens.len() {
        return Err(file.wrong(KEY, &format!("{}, one for each token", tokens.len())));
    }
    let added = kinds.iter().zip(tokens.iter().enumerate()).filter(|(kind, _)| matches!(kind, 3 | 4));
    Ok(added
        .map(|(kind, (id, content))| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": *kind == 3})
        })
        .collect())
}
