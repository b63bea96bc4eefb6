//! Whole texts held against the reference implementation of the probe protocol, a slow program in Python: `oracle.jsonl` has
//! its replies to `generate` requests on the toy models of [`crate::toy`], which are the same numbers in both languages.

use crate::toy::{Toy, run};
use serde_json::Value;
use telos_core::{Ask, Request, Step};

fn toy(value: &Value) -> Toy {
    let number = |key: &str| value[key].as_f64().expect("a number");
    Toy {
        seed: value["seed"].as_u64().expect("a number"),
        vocabulary: number("vocabulary") as usize,
        grain: number("grain") as f32,
        lean: number("lean"),
        h_always: None,
        h_grain: number("h_grain"),
        eos: serde_json::from_value(value["eos"].clone()).expect("ids"),
        odd_pieces: value["odd_pieces"].as_bool().expect("a flag"),
    }
}

#[test]
fn texts_and_traces_are_those_of_the_reference() {
    let (mut changed, mut fallbacks, mut errors) = (0, 0, 0);
    for line in include_str!("oracle.jsonl").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let id = &line["request"]["id"];
        let request = Request::from_json(&line["request"]).expect("a good request");
        let Ask::Generate { sampling, controller, .. } = request.ask else { panic!("{id} generates nothing") };
        let got = run(&toy(&line["toy"]), &controller, &sampling);
        let want = &line["reply"];
        assert_eq!(got.error.is_some(), want["error"] == true, "{id}");
        if got.error.is_some() {
            errors += 1;
            continue;
        }
        let ids: Vec<u32> = serde_json::from_value(want["token_ids"].clone()).expect("ids");
        assert_eq!(got.ids, ids, "{id}");
        let steps: Vec<Step> = serde_json::from_value(want["steps"].clone()).expect("steps");
        assert_eq!(got.steps, steps, "{id}");
        changed += steps.iter().filter(|s| s.changed).count();
        fallbacks += steps.iter().filter(|s| s.fallback.is_some()).count();
    }
    assert!(changed > 50 && fallbacks > 10 && errors > 3, "{changed} {fallbacks} {errors}");
}
