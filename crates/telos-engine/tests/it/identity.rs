//! What makes a model another one. The names begin with the number that the input has in the list of those that once went
//! wrong.

use crate::configuration::CONFIG;
use crate::copy::Copy;
use crate::fixture::Opened;
use serde_json::{Value, json};
use telos_core::{ModelCard, ModelRef, Models, Weights};

/// What a copy says of itself, opened with its weights.
fn card(copy: &Copy) -> ModelCard {
    let opened = Opened::new(&copy.0);
    let model = opened.models.open(&ModelRef::Local { path: copy.0.clone() }, Weights::Load).expect("it is open");
    model.card().clone()
}

#[test]
fn m13_every_file_that_can_change_a_reply_is_in_the_identity() {
    let copy = Copy::of("llama", "m13");
    let identity = |card: &ModelCard| (card.weights.clone(), card.tokenizer.clone(), card.template.clone());
    let mut seen = vec![identity(&card(&copy))];
    let mut another = |what: &str, copy: &Copy| {
        let found = identity(&card(copy));
        assert!(!seen.contains(&found), "{what} changes nothing");
        seen.push(found);
    };
    copy.edit_json("generation_config.json", |config| config["eos_token_id"] = json!(3));
    another("generation_config.json", &copy);
    copy.edit_json(CONFIG, |config| config["rms_norm_eps"] = json!(1e-5));
    another(CONFIG, &copy);
    for key in ["bos_token", "eos_token", "pad_token"] {
        copy.edit_json("tokenizer_config.json", |config| config[key] = json!("import"));
        another(key, &copy);
    }
    copy.edit_json("tokenizer.json", |tokenizer| tokenizer["truncation"] = Value::Null);
    copy.edit("chat_template.jinja", |bytes| [&bytes[..], b" "].concat());
    another("chat_template.jinja", &copy);
    for name in ["special_tokens_map.json", "added_tokens.json"] {
        copy.write(name, b"{\"bos_token\": \"<s>\"}");
        another(name, &copy);
        copy.write(name, b"{\"bos_token\": \"</s>\"}");
        another(name, &copy);
    }
    std::fs::remove_file(copy.0.join("generation_config.json")).expect("removed");
    another("no generation_config.json", &copy);
    // White space and order are no change.
    let before = identity(&card(&copy));
    copy.edit_json("tokenizer_config.json", |_| {});
    copy.edit("tokenizer_config.json", |bytes| [b" \n", &bytes[..]].concat());
    assert_eq!(identity(&card(&copy)), before);
}
