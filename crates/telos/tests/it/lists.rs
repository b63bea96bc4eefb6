//! `telos benchmarks`, `telos controllers`, `telos models`.

use crate::place::Place;
use serde_json::Value;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn benchmarks_are_listed_with_what_they_cost() {
    let place = Place::new();
    let all = parse(&place.good(&["benchmarks", "--json"]));
    let find =
        |id: &str| all.as_array().expect("a list").iter().find(|b| b["id"] == id).expect("the benchmark").clone();
    let choices = find("tiny-choices");
    assert_eq!(
        (choices["evaluator"].as_str(), choices["licence"].as_str()),
        (Some("multiple_choice"), Some("Apache-2.0"))
    );
    let items = include_str!("../../../../benchmarks/tiny-choices/items.jsonl");
    let rows: Vec<Value> = items.lines().map(parse).collect();
    assert_eq!(choices["items"], rows.len());
    let requests: usize = rows.iter().map(|row| row["choices"].as_array().expect("choices").len()).sum();
    assert_eq!(choices["requests"], requests);
    assert!(choices["metrics"].as_array().expect("metrics").iter().any(|m| m["name"] == "acc"));
    // One that names a constraint which only a suite has, and one whose data is elsewhere.
    assert_eq!((&find("turns")["items"], &find("turns")["evaluator"]), (&12.into(), &"control".into()));
    let absent = find("truthfulqa-mc1");
    assert!(absent["items"].is_null() && absent["unknown_because"].as_str().expect("a reason").contains("truthfulqa"));
    let text = place.good(&["benchmarks"]);
    assert!(
        text.contains(&format!("tiny-choices  ({} items, {requests} requests; Apache-2.0)\n", rows.len())),
        "{text}"
    );
    assert!(text.contains("truthfulqa-mc1  (data not here; "), "{text}");
}

#[test]
fn one_benchmark_is_shown_in_full() {
    let place = Place::new();
    place.write("own/b.yaml", "benchmark: mine\nabout: Mine?\nsource: {path: r.csv}\nrequest: {kind: generate, prompt: \"{{ q }}\", max_new_tokens: 3}\nevaluator: {kind: match, target: \"{{ a }}\"}\nrepeats: 4\n");
    place.write("own/r.csv", "q,a\nOne?,1\nTwo?,2\n");
    let text = place.good(&["benchmarks", "mine", "--registry", "own"]);
    assert!(text.starts_with("mine  (2 items × 4, 8 requests; licence not stated)\n  Mine?\n"), "{text}");
    assert!(text.contains("max_new_tokens: 3") && text.contains("higher is better"), "{text}");
    let json = parse(&place.good(&["benchmarks", "mine", "--registry", "own", "--json"]));
    assert_eq!((&json["requests"], &json["yaml"]["repeats"]), (&8.into(), &4.into()));
    let slip = place.telos(&["benchmarks", "tiny-mach"]);
    assert!(slip.code == 2 && slip.err.contains("did you mean `tiny-match`?"), "{slip:?}");
}

#[test]
fn controllers_and_models_are_listed_from_their_tables() {
    let place = Place::new();
    let kinds = parse(&place.good(&["controllers", "--json"]));
    let names = |list: &Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|k| k["kind"].as_str().expect("a kind").to_owned()).collect()
    };
    let of = |entry: &Value, key: &str| entry["keys"].as_array().expect("keys").iter().any(|k| k["name"] == key);
    assert!(names(&kinds["controllers"]).starts_with(&["none".into(), "blacklist".into(), "cbf".into()]));
    assert!(of(&kinds["controllers"][2], "alpha") && of(&kinds["constraints"][0], "positive"));
    let text = place.good(&["controllers"]);
    assert!(text.contains("kind: cbf") && text.contains("alpha: a number from 0 to 1"), "{text}");
    let models = parse(&place.good(&["models", "--json"]));
    let architectures = models["architectures"].as_array().expect("architectures");
    assert!(architectures.contains(&"LlamaForCausalLM".into()), "{models}");
    let text = place.good(&["models"]);
    assert!(architectures.iter().all(|name| text.contains(name.as_str().expect("a name"))), "{text}");
    assert!(text.contains("builtin:NAME") && text.contains("safetensors") && text.contains("q4_1"), "{text}");
}
