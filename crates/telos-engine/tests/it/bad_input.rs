//! Broken files and requests: what is said, and that the other requests are answered all the same.

use crate::copy::{Copy, check, check_path};
use crate::fixture::{Opened, fixture};
use serde_json::{Value, json};
use std::path::Path;
use telos_core::ModelRef;

#[test]
fn models_that_are_not_there() {
    check_path(&fixture("models/none"), &["no such folder", "config.json"]);
    check(&ModelRef::parse("cache:models/none.gguf"), &["none.gguf", "put the model's file there"]);
    check(&ModelRef::parse("builtin:large-lm"), &["no built-in model `large-lm`", "tiny-lm", "tiny-sentiment"]);
    for name in ["hf://org/name", "https://example.invalid/v1"] {
        check(&ModelRef::parse(name), &[name, "not there yet"]);
    }
    check_path(&fixture("cbf"), &["no config.json"]);
    check_path(&fixture("cbf/README.md"), &["neither a folder nor a .gguf file"]);
}

#[test]
fn an_unknown_architecture_lists_the_known_ones() {
    let known =
        ["Qwen2ForCausalLM", "LlamaForCausalLM", "BertForSequenceClassification", "RobertaForSequenceClassification"];
    check_path(&fixture("models/qwen2"), &known);
}

#[test]
fn broken_folders() {
    let copy = Copy::of("llama", "json");
    copy.edit("config.json", |_| b"{\n  \"a\": }".to_vec());
    check_path(&copy.0, &["config.json:2:"]);

    let copy = Copy::of("llama", "short");
    copy.edit("model.safetensors", |bytes| bytes[..bytes.len() / 2].to_vec());
    check_path(&copy.0, &["model.safetensors", "truncated"]);

    let copy = Copy::of("llama", "shape");
    copy.edit_json("config.json", |config| config["intermediate_size"] = json!(97));
    check_path(&copy.0, &["mlp.gate_proj.weight", "96 × 32", "97 × 32"]);

    let copy = Copy::of("llama", "tokenizer");
    copy.edit_json("tokenizer.json", |tokenizer| {
        let mut added = tokenizer["added_tokens"][0].clone();
        (added["id"], added["content"]) = (json!(600), json!("<extra>"));
        tokenizer["added_tokens"].as_array_mut().expect("a list").push(added);
    });
    check_path(&copy.0, &["601 entries", "embedding 600"]);

    let copy = Copy::of("llama", "nan");
    copy.edit("model.safetensors", |mut bytes| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
    check_path(&copy.0, &["NaN", "weights are broken"]);

    let copy = Copy::of("llama-gguf", "gguf");
    copy.edit("llama-f16.gguf", |bytes| bytes[..bytes.len() - 1000].to_vec());
    check_path(&copy.0.join("llama-f16.gguf"), &["llama-f16.gguf", "fetch it again"]);
}

/// Each bad request gets an error that says `part`; the good one between any two of them gets its reply.
fn check_requests(model: &str, good: &Value, cases: &[(Value, &str)]) {
    let requests: Vec<Value> = cases.iter().flat_map(|(bad, _)| [bad.clone(), good.clone()]).collect();
    let opened = Opened::new(&fixture("models").join(model));
    for (replies, (bad, part)) in opened.ask(&requests).chunks(2).zip(cases) {
        let message = replies[0].pointer("/error/message").and_then(Value::as_str);
        let message = message.unwrap_or_else(|| panic!("{bad} is answered: {}", replies[0]));
        assert!(message.contains(part), "`{part}` is not in: {message}");
        assert!(replies[1].get("error").is_none(), "beside {bad}: {}", replies[1]);
    }
}

#[test]
fn bad_requests_of_a_language_model() {
    let generate =
        |controller: Value| json!({"kind": "generate", "prompt": "a", "max_new_tokens": 2, "controller": controller});
    let barrier = |model: &Path, label: &str| {
        generate(json!({"kind": "cbf", "alpha": 0.5, "constraint":
            {"kind": "classifier_margin", "model": model, "positive": [label], "negative": ["negative"]}}))
    };
    let good = json!({"kind": "loglikelihood", "context": "import", "continuation": " os"});
    check_requests(
        "llama",
        &good,
        &[
            (json!({"kind": "generate", "prompt": "a", "max_new_tokens": 8, "max_length": 8}), "no room"),
            (json!({"kind": "loglikelihood", "context": "a", "continuation": ""}), "no ids"),
            (
                json!({"kind": "loglikelihood", "context": "a", "continuation": " b c d e f g", "max_length": 2}),
                "positions",
            ),
            (json!({"kind": "next_logits", "ids": [600]}), "vocabulary"),
            (json!({"kind": "next_logits", "ids": []}), "at least one"),
            (json!({"kind": "classify", "text": "a"}), "cannot classify"),
            (json!({"kind": "reward", "text": "a"}), "cannot give a reward"),
            (generate(json!({"kind": "cbff"})), "cbf"),
            (barrier(&fixture("models/roberta-cls"), "happy"), "negative, neutral, positive"),
            (barrier(&fixture("models/none"), "positive"), "no such folder"),
            (barrier(&fixture("models/llama"), "positive"), "no sequence classifier"),
        ],
    );
}

#[test]
fn bad_requests_of_a_classifier_and_a_reward_model() {
    let good = json!({"kind": "classify", "text": "import os"});
    check_requests(
        "roberta-cls",
        &good,
        &[
            (json!({"kind": "classify", "text": "x ".repeat(2000)}), "positions"),
            (json!({"kind": "generate", "prompt": "a", "max_new_tokens": 1}), "cannot generate"),
            (json!({"kind": "chat_template", "messages": [{"role": "user", "content": "a"}]}), "no chat template"),
        ],
    );
    let good = json!({"kind": "reward", "text": "import os"});
    check_requests("llama-reward", &good, &[(json!({"kind": "reward", "text": ""}), "no ids")]);
}
