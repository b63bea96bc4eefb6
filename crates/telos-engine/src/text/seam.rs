//! Where a text may be cut so that its halves, encoded alone, give the ids of the whole: between a character that is no white
//! space and a space. A context and its continuation mostly meet there, and the choices of one item then need the context's ids
//! once.
//!
//! It is sure for byte-level BPE alone, whose words are cut by a pattern of which no alternative matches a space behind another
//! character, and none looks back or further ahead than at the next character behind white space.

use serde_json::Value;

/// The patterns of tokenizers in the layout of Llama 3 and of Qwen 2; GPT-2's is built into the byte-level pre-tokenizer. In each
/// a space stands only at the beginning of a match, or among white space.
const PATTERNS: [&str; 2] = [
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];

/// Whether a tokenizer, as its file describes it, may be asked for the halves of a text.
pub(super) fn is_sure(tokenizer: &Value) -> bool {
    let part = |key: &str| tokenizer.get(key).unwrap_or(&Value::Null);
    // Composition joins a character with marks behind it, and a space is no mark.
    let normalizer = part("normalizer").is_null() || part("normalizer")["type"] == "NFC";
    normalizer
        && is_byte_pairs(part("model"))
        && splits_before_spaces(part("pre_tokenizer"))
        && adds_only_in_front(part("post_processor"))
        && part("added_tokens").as_array().is_none_or(|tokens| tokens.iter().all(stands_within_a_half))
}

/// Words are encoded one by one, and nothing marks their ends.
fn is_byte_pairs(model: &Value) -> bool {
    let empty = |key: &str| model.get(key).is_none_or(|mark| mark.is_null() || mark == "");
    model["type"] == "BPE" && empty("continuing_subword_prefix") && empty("end_of_word_suffix")
}

fn splits_before_spaces(splitter: &Value) -> bool {
    let byte_level = |part: &Value| part["type"] == "ByteLevel" && part["add_prefix_space"] == false;
    let splits = |part: &Value| match part["type"].as_str() {
        Some("ByteLevel") => byte_level(part) && part["use_regex"] != false,
        Some("Split") => {
            let known = part["pattern"]["Regex"].as_str().is_some_and(|pattern| PATTERNS.contains(&pattern));
            known && part["behavior"] == "Isolated" && part["invert"] == false
        }
        _ => false,
    };
    match splitter["pretokenizers"].as_array() {
        None => splits(splitter),
        Some(parts) => {
            let harmless = |part: &Value| splits(part) || byte_level(part) || part["type"] == "Digits";
            splitter["type"] == "Sequence" && parts.iter().any(splits) && parts.iter().all(harmless)
        }
    }
}

/// A text's last id is its own: nothing is added behind it.
fn adds_only_in_front(processor: &Value) -> bool {
    match processor["type"].as_str() {
        None => processor.is_null(),
        Some("ByteLevel") => true,
        Some("TemplateProcessing") => {
            let single = processor["single"].as_array();
            single.and_then(|parts| parts.last()).is_some_and(|last| last.get("Sequence").is_some())
        }
        Some("Sequence") => processor["processors"].as_array().is_some_and(|all| all.iter().all(adds_only_in_front)),
        Some(_) => false,
    }
}

/// An added token is found before anything is cut: none may reach over the seam, or take the white space beside it.
fn stands_within_a_half(token: &Value) -> bool {
    let off = |key: &str| token.get(key).is_none_or(|flag| flag == false);
    let text = token["content"].as_str().unwrap_or(" ");
    off("lstrip") && off("rstrip") && off("single_word") && !text.contains(char::is_whitespace)
}

/// Whether the seam lies between a text that ends in no white space and what follows.
pub(super) fn lies_between(head: &str, rest: &str) -> bool {
    rest.starts_with(' ') && head.chars().next_back().is_some_and(|last| !last.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(change: &dyn Fn(&mut Value)) -> Value {
        let mut tokenizer = json!({"normalizer": null, "post_processor": null, "added_tokens": [],
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
            "model": {"type": "BPE", "continuing_subword_prefix": null, "end_of_word_suffix": ""}});
        change(&mut tokenizer);
        tokenizer
    }

    fn check(sure: bool, change: &dyn Fn(&mut Value)) {
        let tokenizer = described(change);
        assert_eq!(is_sure(&tokenizer), sure, "{tokenizer}");
    }

    #[test]
    fn only_what_is_known_is_sure() {
        let template = |single: Value| json!({"type": "TemplateProcessing", "single": single});
        let (bos, text) = (json!({"SpecialToken": {"id": "<s>"}}), json!({"Sequence": {"id": "A"}}));
        let sequence = |parts: Value| json!({"type": "Sequence", "pretokenizers": parts});
        let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false});
        let split = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
        check(true, &|_| {});
        check(true, &|t| t["normalizer"] = json!({"type": "NFC"}));
        check(true, &|t| t["post_processor"] = template(json!([bos, text])));
        check(true, &|t| t["pre_tokenizer"] = sequence(json!([split(PATTERNS[0]), bytes])));
        check(true, &|t| t["added_tokens"] = json!([{"content": "<|im_end|>", "lstrip": false}]));
        check(false, &|t| t["normalizer"] = json!({"type": "Lowercase"}));
        check(false, &|t| t["post_processor"] = template(json!([text, bos])));
        check(false, &|t| t["post_processor"] = json!({"type": "RobertaProcessing"}));
        check(false, &|t| t["pre_tokenizer"]["add_prefix_space"] = json!(true));
        check(false, &|t| t["pre_tokenizer"]["use_regex"] = json!(false));
        check(false, &|t| t["pre_tokenizer"] = sequence(json!([split(r"\s+$"), bytes])));
        check(false, &|t| t["pre_tokenizer"] = sequence(json!([bytes])));
        check(false, &|t| t["pre_tokenizer"] = json!({"type": "Metaspace"}));
        check(false, &|t| t["model"]["type"] = json!("Unigram"));
        check(false, &|t| t["model"]["end_of_word_suffix"] = json!("</w>"));
        check(false, &|t| t["added_tokens"] = json!([{"content": "  "}]));
        check(false, &|t| t["added_tokens"] = json!([{"content": "<mask>", "lstrip": true}]));
    }

    #[test]
    fn a_seam_lies_before_a_space_and_behind_something_else() {
        for (head, rest, lies) in [
            ("A:", " yes", true),
            ("A:", "yes", false),
            ("A: ", " yes", false),
            ("", " yes", false),
            ("A:", "\nyes", false),
        ] {
            assert_eq!(lies_between(head, rest), lies, "{head:?} {rest:?}");
        }
    }
}
