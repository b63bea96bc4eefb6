//! Keys of configurations and of metadata: their types and ranges, what is honoured, and what makes another model. The names
//! begin with the number that the input has in the list of those that once went wrong.

use crate::copy::{Copy, check_path, refused};
use crate::fixture::{Opened, list, options};
use crate::gguf::{Parts, text};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use telos_core::{ModelRef, Weights};
use telos_engine::{LocalModels, OpenError};

pub(crate) const CONFIG: &str = "config.json";

fn answer(path: &Path) -> Value {
    let ask = json!({"kind": "loglikelihood", "context": "import", "continuation": " os.path"});
    Opened::new(path).ask(&[ask]).remove(0)
}

/// The model is refused with each of the values, and the key is named.
fn wrong(copy: &Copy, key: &str, values: &[Value]) {
    let before = copy.json(CONFIG);
    for value in values {
        copy.edit_json(CONFIG, |config| config[key] = value.clone());
        let models = LocalModels::new(options());
        let opened = models.open_local(&ModelRef::Local { path: copy.0.clone() }, Weights::Load).err();
        let error = opened.unwrap_or_else(|| panic!("{key}: {value} is taken"));
        assert!(matches!(error, OpenError::Key { .. }), "{key}: {value}: {error:?}");
        assert!(error.to_string().contains(&format!("`{key}` of")), "{key}: {value}: {error}");
    }
    copy.write(CONFIG, before.to_string().as_bytes());
}

#[test]
fn m5_m17_keys_of_a_language_model() {
    let copy = Copy::of("llama", "m5");
    let numbers =
        [json!(0), json!(-1), json!(1.5), json!(2.0), json!("32"), json!([1]), json!({}), json!(true), json!(1e300)];
    let sizes = [
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
    ];
    for key in sizes {
        wrong(&copy, key, &numbers);
        wrong(&copy, key, &[json!(1_u64 << 31), json!(1_u64 << 60), json!(u64::MAX), json!(1_000_000_000_000_u64)]);
        // Within the range, but not of these weights.
        copy.edit_json(CONFIG, |config| config[key] = json!(1_u64 << 30));
        assert!(matches!(refused(&copy.0), OpenError::Mismatch(_) | OpenError::Missing(_)), "{key}");
        let back = Copy::of("llama", "m5-back").json(CONFIG);
        copy.write(CONFIG, back.to_string().as_bytes());
    }
    wrong(&copy, "max_position_embeddings", &numbers);
    wrong(&copy, "max_position_embeddings", &[json!(u64::MAX), Value::Null]);
    wrong(&copy, "rms_norm_eps", &[json!(-1e-6), json!("1e-6"), json!(1e300), json!(true), Value::Null]);
    for key in ["attention_bias", "mlp_bias", "tie_word_embeddings", "add_cross_attention"] {
        wrong(&copy, key, &[json!(1), json!("true"), json!([])]);
    }
    for key in ["hidden_act", "model_type"] {
        wrong(&copy, key, &[json!(1), json!(["silu"])]);
    }
    wrong(&copy, "architectures", &[json!("LlamaForCausalLM"), json!([]), json!([3]), Value::Null]);
    wrong(&copy, "eos_token_id", &[json!(-1), json!(600), json!("1"), json!([]), json!([1, 600]), json!(1.0)]);
    wrong(&copy, "bos_token_id", &[json!(-1), json!(600), json!("0"), json!([0])]);
    wrong(&copy, "rope_theta", &[json!(0), json!(-1), json!("10000"), json!(1e300)]);
    wrong(&copy, "rope_parameters", &[json!("linear"), json!([]), json!(3)]);
    wrong(&copy, "rope_scaling", &[json!("linear"), json!(1.0)]);
    copy.edit_json(CONFIG, |config| config["model_type"] = json!("mistral"));
    check_path(&copy.0, &["`model_type`", "mistral", "llama"]);
}

#[test]
fn m5_positions_take_no_memory_before_they_are_used() {
    let copy = Copy::of("llama", "m5-positions");
    let expected = answer(&copy.0);
    for positions in [1_u64 << 31, 1 << 60] {
        copy.edit_json(CONFIG, |config| config["max_position_embeddings"] = json!(positions));
        assert_eq!(answer(&copy.0), expected, "{positions} positions");
    }
    let (_copy, path, parts) = gguf("m5-gguf");
    let expected = answer(&path);
    for positions in [1_u64 << 31, 1 << 60] {
        changed(&path, &parts, "llama.context_length", 10, &positions.to_le_bytes());
        assert_eq!(answer(&path), expected, "{positions} positions");
    }
    // An encoder's positions are rows of a table, which must be there.
    let encoder = Copy::of("bert-cls", "m5-bert");
    encoder.edit_json(CONFIG, |config| config["max_position_embeddings"] = json!(1_u64 << 60));
    check_path(&encoder.0, &["position_embeddings", "2048 × 32"]);
}

#[test]
fn m17_rotary_keys_are_honoured_or_refused() {
    let copy = Copy::of("llama-rope-scaled", "m17-rope");
    let expected = answer(&copy.0);
    let with = |parameters: Value| copy.edit_json(CONFIG, |config| config["rope_parameters"] = parameters);
    let good = copy.json(CONFIG)["rope_parameters"].clone();
    let spoilt = |key: &str, value: Value, parts: &[&str]| {
        let mut parameters = good.clone();
        parameters[key] = value;
        with(parameters);
        check_path(&copy.0, parts);
    };
    for key in ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings", "rope_theta"] {
        for value in [json!(0), json!(-1), json!("8"), json!([8]), json!(1e300), json!(true)] {
            spoilt(key, value, &[&format!("`rope_parameters.{key}`")]);
        }
        if key != "rope_theta" {
            spoilt(key, Value::Null, &[&format!("`rope_parameters.{key}`")]);
        }
    }
    spoilt("high_freq_factor", json!(1.0), &["high_freq_factor", "more than `low_freq_factor`"]);
    spoilt("rope_type", json!(5), &["`rope_parameters.rope_type`", "a string"]);
    spoilt("rope_type", json!("yarn"), &["yarn", "not supported", "default, llama3"]);
    spoilt("mscale", json!(2), &["`rope_parameters.mscale`"]);
    spoilt("partial_rotary_factor", json!(0.5), &["partial_rotary_factor", "not supported"]);
    with(json!({"factor": 2.0, "rope_theta": 500_000.0}));
    check_path(&copy.0, &["`rope_parameters.factor`"]);
    with(Value::Null);
    copy.edit_json(CONFIG, |config| {
        config["rope_scaling"] = good.clone();
        config["rope_scaling"].as_object_mut().expect("an object").shift_remove("rope_theta");
        config["rope_theta"] = json!(500_000.0);
    });
    assert_eq!(answer(&copy.0), expected, "as older files say it");
    with(json!({"rope_type": "default"}));
    check_path(&copy.0, &["rope_parameters", "rope_scaling", "only one"]);
}

#[test]
fn m17_keys_of_a_classifier() {
    for (model, vocabulary) in [("bert-cls", 600), ("roberta-cls", 600)] {
        let copy = Copy::of(model, &format!("m17-{model}"));
        let numbers = [json!(0), json!(-1), json!(1.5), json!("32"), json!([1]), json!(true), json!(1_u64 << 60)];
        for key in [
            "vocab_size",
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
            "type_vocab_size",
        ] {
            wrong(&copy, key, &numbers);
        }
        wrong(&copy, "max_position_embeddings", &numbers[..6]);
        wrong(&copy, "layer_norm_eps", &[json!(-1), json!("1e-12"), Value::Null]);
        wrong(&copy, "is_decoder", &[json!(1), json!("no")]);
        wrong(&copy, "hidden_act", &[json!(1)]);
        wrong(&copy, "problem_type", &[json!(1), json!("ranking"), json!(["regression"])]);
        wrong(&copy, "num_labels", &[json!(0), json!(1_000_000_000_000_u64), json!("3"), json!(-1)]);
        wrong(
            &copy,
            "id2label",
            &[
                json!("x"),
                json!([]),
                json!({}),
                json!({"0": "a", "1": "b", "2": 3}),
                json!({"0": "a", "1": "b", "3": "c"}),
                json!({"0": "a", "1": "b", "2": "a"}),
            ],
        );
        copy.edit_json(CONFIG, |config| config["is_decoder"] = json!(true));
        check_path(&copy.0, &["is_decoder", "not supported"]);
        copy.edit_json(CONFIG, |config| {
            config["is_decoder"] = json!(false);
            config["num_labels"] = json!(4);
        });
        check_path(&copy.0, &["`id2label`", "3 labels", "4 (`num_labels`)"]);
        if model == "roberta-cls" {
            copy.edit_json(CONFIG, |config| config["num_labels"] = Value::Null);
            wrong(&copy, "pad_token_id", &[json!(-1), json!(vocabulary), json!("1"), json!(1.0)]);
            wrong(&copy, "max_position_embeddings", &[json!(1), json!(2)]);
        }
    }
}

#[test]
fn m17_a_key_that_stands_twice_is_an_error() {
    let copy = Copy::of("llama", "m17-twice");
    for name in [CONFIG, "generation_config.json"] {
        let before = std::fs::read(copy.0.join(name)).expect("read");
        copy.edit(name, |bytes| [b"{\"eos_token_id\": 3,", &bytes[1..]].concat());
        check_path(&copy.0, &[name, "`eos_token_id` stands twice"]);
        copy.write(name, &before);
    }
    copy.edit_json("generation_config.json", |config| config["eos_token_id"] = json!(600));
    check_path(&copy.0, &["generation_config.json", "`eos_token_id`"]);
}

#[test]
fn m15_a_tokenizer_that_is_cut_anywhere_is_an_error() {
    let copy = Copy::of("llama", "m15");
    let whole = std::fs::read(copy.0.join("tokenizer.json")).expect("read");
    let vocabulary = whole.windows(7).position(|part| part == b"\"vocab\"").expect("a vocabulary");
    for length in 0..vocabulary {
        copy.write("tokenizer.json", &whole[..length]);
        let error = refused(&copy.0);
        assert!(matches!(error, OpenError::Tokenizer { .. }), "cut to {length}: {error:?}");
    }
    copy.write("tokenizer.json", &whole[..vocabulary]);
    check_path(&copy.0, &["tokenizer.json", "no JSON", "line"]);
    // A part of another kind, where the library reads it a second time.
    for part in ["decoder", "normalizer", "pre_tokenizer", "post_processor", "added_tokens", "model"] {
        for value in [json!(5), json!([5]), json!({"type": 5}), json!({"type": "Nothing"}), json!({"type": "Sequence"})]
        {
            let mut tokenizer: Value = serde_json::from_slice(&whole).expect("JSON");
            tokenizer[part] = value.clone();
            copy.write("tokenizer.json", tokenizer.to_string().as_bytes());
            let error = refused(&copy.0);
            assert!(matches!(error, OpenError::Tokenizer { .. }), "{part}: {value}: {error:?}");
        }
    }
}

#[test]
fn m8_probabilities_are_what_the_problem_makes_them() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let softmax = |all: &[f64], x: f64| x.exp() / all.iter().map(|x| x.exp()).sum::<f64>();
    for model in ["bert-cls", "roberta-cls"] {
        let copy = Copy::of(model, &format!("m8-{model}"));
        let mut logits = Vec::new();
        let mut check = |problem: Value, expected: &dyn Fn(&[f64], f64) -> f64| {
            copy.edit_json(CONFIG, |config| config["problem_type"] = problem.clone());
            let reply = Opened::new(&copy.0).ask(&[json!({"kind": "classify", "text": "import os"})]).remove(0);
            let all: Vec<f64> = list(&reply, "logits").iter().map(|x| x.as_f64().expect("a number")).collect();
            for (x, p) in all.iter().zip(reply["probabilities"].as_object().expect("by label").values()) {
                let p = p.as_f64().expect("a number");
                assert!((p - expected(&all, *x)).abs() < 1e-12, "{problem}: {x} gives {p}");
            }
            logits.push(all);
        };
        check(Value::Null, &softmax);
        check(json!("single_label_classification"), &softmax);
        check(json!("multi_label_classification"), &|_, x| sigmoid(x));
        check(json!("regression"), &|_, x| x);
        assert!(logits.iter().all(|all| *all == logits[0] && all.len() == 3));
    }
}

#[test]
fn m8_a_classifier_of_one_label_says_how_sure_it_is() {
    let copy = Copy::of("bert-cls", "m8-one");
    copy.edit("model.safetensors", |bytes| {
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
        let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
        // The last two tensors: the bias goes down to one value, the weights to one row; what follows moves up.
        let values = &bytes[8 + length..];
        let mut packed = Vec::new();
        let names: Vec<String> = header.as_object().expect("tensors").keys().cloned().collect();
        for name in names.iter().filter(|name| *name != "__metadata__") {
            let entry = &mut header[name];
            let at = |i: usize| entry["data_offsets"][i].as_u64().expect("an offset") as usize;
            let (first, mut last) = (at(0), at(1));
            if name.starts_with("classifier.") {
                last = first + (last - first) / 3;
                entry["shape"][0] = json!(1);
            }
            entry["data_offsets"] = json!([packed.len(), packed.len() + last - first]);
            packed.extend(&values[first..last]);
        }
        let header = header.to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &packed].concat()
    });
    copy.edit_json(CONFIG, |config| config["id2label"] = json!({"0": "toxic"}));
    let texts = ["import os", "def f(x):", ""];
    let ask: Vec<Value> = texts.iter().map(|text| json!({"kind": "classify", "text": text})).collect();
    let opened = Opened::new(&copy.0);
    let rewards: Vec<Value> = texts.iter().map(|text| json!({"kind": "reward", "text": text})).collect();
    for (reply, reward) in opened.ask(&ask).into_iter().zip(opened.ask(&rewards)) {
        let (x, p) = (reply["logits"][0].as_f64().expect("a logit"), reply["probabilities"]["toxic"].as_f64());
        assert!((p.expect("a probability") - 1.0 / (1.0 + (-x).exp())).abs() < 1e-12, "{reply}");
        assert_eq!(reward["reward"], reply["logits"][0], "its raw logit is its reward");
    }
}

fn gguf(name: &str) -> (Copy, PathBuf, Parts) {
    let copy = Copy::of("llama-gguf", name);
    let path = copy.0.join("llama-f16.gguf");
    let parts = Parts::of(&std::fs::read(&path).expect("the file"));
    (copy, path, parts)
}

fn changed(path: &Path, parts: &Parts, key: &str, kind: u32, bytes: &[u8]) {
    let mut parts = parts.clone();
    parts.set(key, kind, bytes);
    std::fs::write(path, parts.bytes()).expect("written");
}

const ADD_BOS: &str = "tokenizer.ggml.add_bos_token";

fn ids(path: &Path) -> Value {
    Opened::new(path).ask(&[json!({"kind": "tokenize", "text": "import os"})]).remove(0)["ids"].clone()
}

#[test]
fn m12_add_bos_token_is_a_bool_or_is_not_there() {
    let (_copy, path, parts) = gguf("m12");
    for pre in ["gpt-2", "smollm"] {
        let mut parts = parts.clone();
        parts.set("tokenizer.ggml.pre", 8, &text(pre));
        changed(&path, &parts, ADD_BOS, 7, &[0]);
        let plain = ids(&path);
        changed(&path, &parts, ADD_BOS, 7, &[1]);
        let with_bos = ids(&path);
        assert_eq!(with_bos.as_array().expect("ids")[1..], plain.as_array().expect("ids")[..], "{pre}");
        let mut without = parts.clone();
        without.remove(ADD_BOS);
        std::fs::write(&path, without.bytes()).expect("written");
        assert_eq!(ids(&path), plain, "{pre}: what is not said is false");
        let wrong: [(u32, &[u8]); 4] =
            [(4, &1_u32.to_le_bytes()), (0, &[1]), (8, &text("true")), (6, &1_f32.to_le_bytes())];
        for (kind, bytes) in wrong {
            changed(&path, &parts, ADD_BOS, kind, bytes);
            check_path(&path, &[ADD_BOS, "expected a bool", "llama-f16.gguf"]);
        }
        changed(&path, &parts, ADD_BOS, 7, &[2]);
        check_path(&path, &[ADD_BOS, "expected 0 or 1"]);
        let mut parts = parts.clone();
        parts.remove("tokenizer.ggml.bos_token_id");
        changed(&path, &parts, ADD_BOS, 7, &[1]);
        check_path(&path, &["tokenizer.ggml.bos_token_id", "is missing"]);
    }
}

#[test]
fn m17_keys_of_gguf_metadata() {
    let (_copy, path, parts) = gguf("m17-gguf");
    let expected = answer(&path);
    let (text_value, real) = (text("32"), 32_f32.to_le_bytes());
    let sizes = [
        "llama.context_length",
        "llama.embedding_length",
        "llama.block_count",
        "llama.feed_forward_length",
        "llama.attention.head_count",
        "llama.attention.head_count_kv",
        "llama.attention.key_length",
        "llama.attention.value_length",
        "llama.rope.dimension_count",
        "llama.vocab_size",
    ];
    for key in sizes {
        let wrong: [(u32, &[u8]); 6] =
            [(8, &text_value), (6, &real), (4, &[0; 4]), (5, &(-1_i32).to_le_bytes()), (7, &[1]), (10, &[255; 8])];
        for (kind, bytes) in wrong {
            changed(&path, &parts, key, kind, bytes);
            let error = refused(&path);
            assert!(
                matches!(error, OpenError::Key { .. }) && error.to_string().contains(key),
                "{key} {kind}: {error:?}"
            );
        }
    }
    for key in ["llama.context_length", "llama.embedding_length", "llama.block_count", "llama.attention.head_count"] {
        let mut parts = parts.clone();
        parts.remove(key);
        std::fs::write(&path, parts.bytes()).expect("written");
        check_path(&path, &[key, "is missing"]);
    }
    for key in ["llama.rope.freq_base", "llama.attention.layer_norm_rms_epsilon"] {
        let wrong: [(u32, &[u8]); 4] =
            [(8, &text_value), (7, &[1]), (6, &f32::NAN.to_le_bytes()), (6, &(-1_f32).to_le_bytes())];
        for (kind, bytes) in wrong {
            changed(&path, &parts, key, kind, bytes);
            check_path(&path, &[key]);
        }
    }
    // The same number in another type is the same number.
    changed(&path, &parts, "llama.rope.freq_base", 4, &10_000_u32.to_le_bytes());
    assert_eq!(answer(&path), expected);
    changed(&path, &parts, "llama.rope.freq_base", 12, &10_000_f64.to_le_bytes());
    assert_eq!(answer(&path), expected);
    for (key, value) in [
        ("llama.rope.scale_linear", 4.0_f32),
        ("llama.rope.scaling.factor", 2.0),
        ("llama.attention.sliding_window", 16.0),
        ("llama.expert_count", 8.0),
        ("llama.logit_scale", 0.5),
    ] {
        changed(&path, &parts, key, 6, &value.to_le_bytes());
        let error = refused(&path);
        assert!(matches!(error, OpenError::Unsupported { .. }) && error.to_string().contains(key), "{error:?}");
        changed(&path, &parts, key, 8, &text_value);
        check_path(&path, &[key, "a number"]);
        changed(&path, &parts, key, 6, &f32::from(u8::from(key.contains("scal"))).to_le_bytes());
        assert_eq!(answer(&path), expected, "{key} at the value that changes nothing");
    }
    changed(&path, &parts, "llama.rope.scaling.type", 8, &text("yarn"));
    check_path(&path, &["yarn", "not supported"]);
    changed(&path, &parts, "split.count", 2, &3_u16.to_le_bytes());
    check_path(&path, &["3 GGUF files", "not supported"]);
    for key in ["tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.padding_token_id"] {
        changed(&path, &parts, key, 4, &600_u32.to_le_bytes());
        check_path(&path, &[key]);
        changed(&path, &parts, key, 8, &text_value);
        check_path(&path, &[key]);
    }
    let one = [&8_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &text("a")].concat();
    let two = [&8_u32.to_le_bytes()[..], &2_u64.to_le_bytes(), &text("a"), &text("a")].concat();
    let numbers = [&4_u32.to_le_bytes()[..], &1_u64.to_le_bytes(), &[0; 4]].concat();
    for (key, list, part) in [
        ("tokenizer.ggml.tokens", &two, "at 0 and at 1"),
        ("tokenizer.ggml.tokens", &numbers, "a list of strings"),
        ("tokenizer.ggml.merges", &one, "two tokens with a space"),
        ("tokenizer.ggml.merges", &numbers, "a list of strings"),
        ("tokenizer.ggml.token_type", &numbers, "one for each token"),
        ("tokenizer.ggml.token_type", &one, "whole numbers"),
    ] {
        changed(&path, &parts, key, 9, list);
        check_path(&path, &[key, part]);
    }
}
