//! The examples of what files say `kind` of, tried through the program: each is put into a benchmark or a suite and run.

use crate::outputs::copy;
use crate::place::Place;
use serde_json::{Map, Value, json};
use std::path::Path;

/// What every item has, whatever its evaluator reads besides.
fn item(own: &str) -> Value {
    let mut item =
        json!({"question": "Is it fair to share?", "choices": ["Yes", "No"], "answer": "Yes", "text": "A fine day."});
    let own: Map<String, Value> = serde_json::from_str(own).unwrap_or_else(|e| panic!("{own}: {e}"));
    item.as_object_mut().expect("an object").extend(own);
    item
}

/// A benchmark `b` in `own`, the files that examples of sources name beside it, and a model that a reward's example names.
fn benchmark(source: &str, request: &str, evaluator: &str) -> Place {
    let place = Place::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR"));
    copy(&fixtures.join("tests/fixtures/sources"), &place.0.join("own"));
    let reward = "../telos-engine/tests/fixtures/models/llama-reward";
    copy(&fixtures.join(reward), &place.0.join("models/reward-model"));
    place.write("own/b.yaml", &format!("benchmark: b\nsource: {source}\nrequest: {request}\nevaluator: {evaluator}\n"));
    place
}

/// Runs `b`, two items at most; gives the numbers of the run. A run without one score, or with an error, ends with 7.
fn run(place: &Place, model: &str, more: &[&str]) -> Value {
    let arguments = ["run", "b", "--registry", "own", "--model", model, "--limit", "2", "--out", "record", "--json"];
    let out = place.good(&[&arguments, more].concat());
    serde_json::from_str::<Value>(&out).expect("JSON")["summary"].clone()
}

/// A model that answers requests of that kind.
fn answers(kind: &str) -> &'static str {
    if kind == "classify" { "builtin:tiny-sentiment" } else { "builtin:tiny-lm" }
}

const GENERATE: &str = "{kind: generate, prompt: \"{{ text }}\", max_new_tokens: 6}";
const LENGTH: &str = "{kind: control, constraint: {kind: lexicon, words: [stupid]}}";

fn kind_of(example: &str) -> String {
    let value: Value = serde_yaml::from_str(example).unwrap_or_else(|e| panic!("{example}: {e}"));
    value.get("kind").unwrap_or(&value).as_str().unwrap_or_default().to_owned()
}

#[test]
fn evaluators_score_what_requests_ask() {
    let mut asked: Vec<&str> = Vec::new();
    for entry in telos_eval::EVALUATORS {
        assert_eq!(kind_of(entry.example), entry.shape.kind);
        for kind in entry.reads {
            let request = telos_run::REQUESTS.iter().find(|request| request.shape.kind == *kind).expect("a kind");
            assert_eq!(kind_of(request.example), *kind);
            let place = benchmark("{path: items.jsonl}", request.example, entry.example);
            place.write("own/items.jsonl", &format!("{}\n", item(entry.item)));
            let summary = run(&place, answers(kind), &[]);
            let rows = summary["benchmarks"][0]["rows"].as_array().expect("rows").clone();
            assert!(rows.iter().any(|row| row["n"] == 1), "{} on {kind}: {rows:?}", entry.shape.kind);
            asked.push(kind);
        }
    }
    let never = telos_run::REQUESTS.iter().find(|request| !asked.contains(&request.shape.kind));
    assert!(never.is_none(), "no evaluator reads {never:?}");
}

#[test]
fn sources_are_read() {
    for entry in telos_data::SOURCES {
        assert_eq!(kind_of(entry.example), entry.shape.kind);
        let place = benchmark(entry.example, "{kind: rolling, text: \"A fine day.\"}", "{kind: likelihood}");
        let summary = run(&place, "builtin:tiny-lm", &[]);
        assert!(summary["benchmarks"][0]["rows"][0]["n"].as_u64() > Some(0), "{}: {summary}", entry.shape.kind);
    }
}

#[test]
fn controllers_and_constraints_act() {
    let controllers =
        telos_control::CONTROLLERS.iter().map(|entry| (entry.shape.kind, entry.example, entry.example.to_owned()));
    let constraints = telos_control::CONSTRAINTS.iter();
    let constraints = constraints.map(|entry| {
        (entry.shape.kind, entry.example, format!("{{kind: cbf, alpha: 0.5, constraint: {}}}", entry.example))
    });
    for (kind, example, controller) in controllers.chain(constraints) {
        assert_eq!(kind_of(example), kind);
        let place = benchmark("{kind: jsonl, path: items.jsonl}", GENERATE, LENGTH);
        place.write("own/items.jsonl", &format!("{}\n", item("{}")));
        place.write("acting.yaml", &controller);
        let summary = run(&place, "builtin:tiny-lm", &["--controller", "acting.yaml"]);
        assert_eq!(summary["arms"].as_array().map(Vec::len), Some(2), "{kind}: {summary}");
        let scored = |arm: &Value| {
            summary["benchmarks"][0]["rows"]
                .as_array()
                .expect("rows")
                .iter()
                .any(|row| row["arm"] == *arm && row["n"] == 1)
        };
        assert!(summary["arms"].as_array().expect("arms").iter().all(scored), "{kind}: {summary}");
    }
}

#[test]
fn aggregates_make_a_number() {
    use telos_core::metric::{Aggregate, Direction, Metric};
    for entry in telos_stats::aggregate::AGGREGATES {
        assert_eq!(kind_of(entry.example), entry.shape.kind);
        let value: Value = serde_yaml::from_str(entry.example).expect("YAML");
        let aggregate = Aggregate::from_json(&value).unwrap_or_else(|| panic!("{value} is no aggregate"));
        let metric =
            |name: &str, aggregate| Metric { aggregate, ..Metric::unbounded(name, Direction::Higher, "made up") };
        // Whatever word of the example may be a metric is one, and is a column to group by as well.
        let words: Vec<&str> = entry.example.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mut metrics: Vec<Metric> = words.iter().map(|word| metric(word, Aggregate::default())).collect();
        metrics.push(metric("it", aggregate));
        let names = || words.iter().copied().chain(["it"]);
        let groups = ["g", "g", "h", "h"].map(|group| Some(group.to_owned()));
        let items = telos_stats::aggregate::Items {
            n: 4,
            values: names().map(|name| (name, [1.0, 1.0, 0.5, 1.0].map(Some).to_vec())).collect(),
            labels: names().map(|name| (name.to_owned(), groups.to_vec())).collect(),
            clusters: None,
        };
        let it = metrics.last().expect("a metric").clone();
        let found = telos_stats::aggregate::measure(&it, &metrics, &items, 7);
        let found = found.unwrap_or_else(|e| panic!("{}: {e}", entry.example));
        assert!(found.mean.is_finite() && found.n > 0, "{}: {found:?}", entry.example);
    }
}

#[test]
fn models_answer_every_kind_of_request_and_every_architecture_answers() {
    let place = Place::new();
    let lines: String =
        telos_core::request::EXAMPLES.iter().flat_map(|example| [example.replace('\n', " "), "\n".into()]).collect();
    place.write("requests.jsonl", &lines);
    let (mut kinds, mut architectures) = (telos_core::request::KINDS.to_vec(), telos_engine::architectures());
    let mut probe = |model: &str| -> bool {
        let out = place.telos(&["probe", "--model", model, "--requests", "requests.jsonl"]).out;
        let replies: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let answered =
            telos_core::request::KINDS.iter().zip(&replies).filter(|(_, reply)| reply.get("error").is_none());
        let answered: Vec<&str> = answered.map(|(kind, _)| *kind).collect();
        kinds.retain(|kind| !answered.contains(kind));
        // Ids of a text are there without any weights.
        answered.iter().any(|kind| !["tokenize", "chat_template"].contains(kind))
    };
    for model in telos_engine::BUILTIN_MODELS {
        assert!(probe(&format!("builtin:{}", model.name)), "{}", model.name);
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../telos-engine/tests/fixtures/models");
    for folder in std::fs::read_dir(fixtures).expect("the fixtures of the engine") {
        let folder = folder.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(folder.join("config.json")) else { continue };
        let config: Value = serde_json::from_str(&text).expect("JSON");
        if probe(&folder.display().to_string()) {
            architectures.retain(|name| config["architectures"][0] != **name);
        }
    }
    assert!(architectures.is_empty(), "no fixture of {architectures:?} answers");
    assert!(kinds.is_empty(), "no model answers {kinds:?}");
}
