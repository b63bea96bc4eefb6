//! Runs of whole suites: what they end with, and what they leave.

use crate::place::Place;
use serde_json::Value;

fn suite(place: &Place, constraint: &str, benchmarks: &str) {
    place.write(
        "suite.yaml",
        &format!(
            "suite: s\nseed: 7\nmodels: [{{id: tiny, model: \"builtin:tiny-lm\"}}]\n\
             constraints: [{{id: safe, constraint: {constraint}}}]\n\
             controllers:\n  - {{id: free, controller: {{kind: none}}}}\n  \
             - {{id: cbf, controller: {{kind: cbf, alpha: 0.4, constraint: safe, draft: auto}}}}\n\
             truncation: skip\nbenchmarks: {benchmarks}\n"
        ),
    );
}

#[test]
fn a_benchmark_without_one_score_is_no_result() {
    let place = Place::new();
    place.write("own/benchmark.yaml", "benchmark: own\nabout: Long.\ngoals: []\nlicence: CC0-1.0\nsource: {path: items.csv}\nrequest: {kind: choices, context: \"{{ q }}\", choices: [\"yes\", \"no\"]}\nevaluator: {kind: multiple_choice, correct: 0}\n");
    place.write("own/items.csv", &format!("q\n{}\n", "word ".repeat(2000)));
    let done = place.telos(&["run", "own", "--model", "builtin:tiny-lm", "--set", "truncation=skip", "--out", "r"]);
    assert_eq!(done.code, 7, "{done:?}");
    assert!(done.err.contains("benchmark `own` has not one score for tiny-lm/free: "), "{done:?}");
    assert!(place.0.join("r/report.html").exists(), "what there is can be looked at");
    assert_eq!(place.json("r/run.json")["status"], "complete");
}

/// Every kind of constraint that needs no model of its own, or a built-in one, under the filter, drafts and all.
#[test]
fn constraints_of_every_kind_steer() {
    let place = Place::new();
    for (constraint, kind) in [
        ("{kind: lexicon, words: [storm, broken, sad, bad, cold]}", "lexicon"),
        (
            "{kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: [positive, neutral], negative: [negative]}",
            "margin",
        ),
    ] {
        suite(
            &place,
            constraint,
            "[{id: positivity, limit: 4, repeats: 2, evaluator: {kind: control, constraint: safe}}]",
        );
        place.good(&["run", "suite.yaml", "--out", kind, "--quiet"]);
        let lines = place.good(&["export", kind, "--format", "jsonl", "-o", "-"]);
        let controlled = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let controlled: Vec<Value> = controlled.filter(|line| line["arm"] == "tiny/cbf").collect();
        assert_eq!(controlled.len(), 8);
        for line in &controlled {
            let h = line["replies"][1]["h"].as_array().expect("a trajectory");
            let unsafe_after = h[0].as_f64() >= Some(0.0) && h.iter().any(|h| h.as_f64() < Some(0.0));
            assert!(!unsafe_after, "{kind}: {line}");
        }
    }
}

#[test]
fn a_chat_of_two_turns_is_run_exported_scored_gated_and_shown() {
    let place = Place::new();
    suite(
        &place,
        "{kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: [positive, neutral], negative: [negative]}",
        "[{id: second-thoughts, limit: 3, repeats: 1, evaluator: {kind: control, constraint: safe}}]",
    );
    place.good(&["run", "suite.yaml", "--out", "r", "--quiet"]);
    let lines = place.good(&["export", "r", "--format", "jsonl", "-o", "-"]);
    for line in lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        let kinds: Vec<&str> = line["requests"]
            .as_array()
            .expect("requests")
            .iter()
            .filter_map(|request| request["kind"].as_str())
            .collect();
        assert_eq!(kinds, ["generate", "generate", "trajectory", "trajectory"]);
        let said = |place: usize| line["replies"][place]["text"].as_str().expect("a text").to_owned();
        assert_eq!(line["requests"][1]["messages"][1]["content"], said(0));
    }
    let page = place.read("r/report.html");
    assert!(page.contains("Turn 1") && page.contains("Turn 2"));
    place.good(&["score", "r"]);
    assert_eq!(place.good(&["export", "r", "--format", "jsonl", "-o", "-"]), lines);
    assert!(place.good(&["gate", "r", "--baseline", "r"]).starts_with("PASS"));
}
