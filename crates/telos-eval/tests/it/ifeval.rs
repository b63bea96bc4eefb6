//! The booleans that `IFEval`'s own evaluator gave for the responses of five models, strict and loose, read from a folder
//! `shared` beside the repository. Where it is not there, the test says so and passes.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use telos_core::{Case, Exchange, Item, Reply, Request};
use telos_eval::build;

/// The kinds of instructions that are there.
const KINDS: [&str; 10] = [
    "keywords:existence",
    "keywords:forbidden_words",
    "keywords:frequency",
    "length_constraints:number_words",
    "length_constraints:number_paragraphs",
    "detectable_format:number_bullet_lists",
    "detectable_format:title",
    "startend:end_checker",
    "startend:quotation",
    "punctuation:no_comma",
];

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/ifeval");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no folder {}", folder.display());
    None
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a readable file");
    text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the evaluator says of one instruction: strict, loose.
fn booleans(id: &str, kwargs: &Value, response: &Value) -> [bool; 2] {
    let data = json!({"instruction_id_list": [id], "kwargs": [kwargs]});
    let item = Item::new("0".into(), 0, None, data.as_object().expect("an object").clone());
    let params = Map::new();
    let request = json!({"kind": "generate", "prompt": "p", "max_new_tokens": 8});
    let requests = [Request::from_json(&request).expect("a good request")];
    let reply = json!({"text": response.as_str().unwrap_or_default(), "token_ids": [], "token_logprobs": [],
        "finish_reason": "eos", "prompt_tokens": 1, "truncated_tokens": 0});
    let replies = [Ok(Reply::from_json("generate", reply).expect("a good reply"))];
    let (requests, replies) = (&requests[..], &replies[..]);
    let case = Case { item: &item, params: &params, turns: 1, waves: &[Exchange { requests, replies }] };
    let evaluator = build("verifiable_instructions", &Map::new()).expect("a good evaluator");
    let scores = evaluator.evaluate(&case);
    ["inst_strict", "inst_loose"].map(|metric| {
        let score = scores.iter().find(|score| score.metric == metric).expect("a score");
        score.value.unwrap_or_else(|| panic!("{id} {kwargs}: {:?}", score.reason)) == 1.0
    })
}

/// Compares every instruction of the known kinds; returns how many booleans were equal, by kind.
fn check(model: &str, prompt: &Value, response: &Value, reference: [&Value; 2], equal: &mut BTreeMap<String, usize>) {
    let ids = prompt["instruction_id_list"].as_array().expect("a list");
    for (place, id) in ids.iter().enumerate() {
        let id = id.as_str().expect("a text").trim_start_matches("en:");
        if !KINDS.contains(&id) {
            continue;
        }
        let found = booleans(id, &prompt["kwargs"][place], response);
        let expected = reference.map(|list| list[place].as_bool().expect("a boolean"));
        assert_eq!(found, expected, "{model}, key {}, {id}", prompt["key"]);
        *equal.entry(id.to_owned()).or_default() += 2;
    }
}

#[test]
fn every_boolean_of_four_models_is_the_references() {
    let Some(folder) = folder() else { return };
    let prompts = lines(&folder.join("input_data_541_en_prefix.jsonl"));
    let prompts: HashMap<u64, Value> = prompts.into_iter().map(|p| (p["key"].as_u64().expect("a key"), p)).collect();
    let mut models: Vec<PathBuf> = std::fs::read_dir(folder.join("models"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    models.sort();
    assert!(!models.is_empty());
    for model in models {
        let mut equal = BTreeMap::new();
        let name = model.file_stem().expect("a name").to_string_lossy().into_owned();
        for row in lines(&model) {
            let prompt = &prompts[&row["key"].as_u64().expect("a key")];
            check(&name, prompt, &row["response"], [&row["strict"], &row["loose"]], &mut equal);
        }
        assert_eq!(equal.len(), KINDS.len(), "{name}: {equal:?}");
        eprintln!("{name}: {} booleans of {} kinds are equal", equal.values().sum::<usize>(), equal.len());
    }
}

#[test]
fn every_boolean_of_googles_example_is_the_references() {
    let Some(folder) = folder() else { return };
    let by_prompt = |name: &str| -> HashMap<String, Value> {
        lines(&folder.join(name))
            .into_iter()
            .map(|row| (row["prompt"].as_str().expect("a text").to_owned(), row))
            .collect()
    };
    let strict = by_prompt("gpt4_eval_results_strict.jsonl");
    let loose = by_prompt("gpt4_eval_results_loose.jsonl");
    let mut equal = BTreeMap::new();
    for prompt in lines(&folder.join("input_data.jsonl")) {
        let text = prompt["prompt"].as_str().expect("a text");
        let (Some(strict), Some(loose)) = (strict.get(text), loose.get(text)) else { continue };
        let reference = [&strict["follow_instruction_list"], &loose["follow_instruction_list"]];
        check("gpt4", &prompt, &strict["response"], reference, &mut equal);
    }
    assert_eq!(equal.len(), KINDS.len(), "{equal:?}");
    eprintln!("gpt4: {} booleans are equal", equal.values().sum::<usize>());
}
