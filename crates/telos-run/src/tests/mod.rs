//! Whole runs with a model that answers from hashes.

mod asking;
mod caching;
mod golden;
mod planning;
mod resuming;
mod running;
mod scoring;
mod waves;

use crate::testing::{Zoo, folder};
use crate::{Event, RunError, RunOptions, run};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use telos_core::ConstraintSpec;
use telos_core::record::Manifest;
use telos_core::{ControllerSpec, GoalId, ModelRef};
use telos_spec::suite::{
    Arm, Benchmark, Fewshot, KindSpec, SourceSpec, Suite, SuiteController, SuiteModel, Truncation,
};

const QUESTIONS: &str = r#"{"id": "a", "q": "One and one?", "options": ["two", "three"], "right": 0, "group": "x"}
{"id": "b", "q": "One and two?", "options": ["two", "three", "four"], "right": 1, "group": "x"}
{"id": "c", "q": "Two and two?", "options": ["three", "four"], "right": 1, "group": "y"}
{"id": "d", "q": "None and none?", "options": ["one", "none"], "right": 0, "group": "y"}
{"id": "e", "q": "One and one?", "options": ["two", "three"], "right": 0, "group": "z"}
"#;

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn constraint() -> Value {
    json!({"id": "mood", "kind": "classifier_margin", "model": "sentiment", "positive": ["positive"], "negative": ["negative"]})
}

fn benchmark(
    id: &str,
    (request_kind, request): (&str, Value),
    (evaluator_kind, evaluator): (&str, Value),
) -> Benchmark {
    Benchmark {
        id: id.into(),
        about: format!("Asks {id}."),
        goals: vec![GoalId("values/a".into())],
        licence: Some("CC0-1.0".into()),
        contamination: Some("Written for this test.".into()),
        source: SourceSpec {
            kind: "jsonl".into(),
            path: "questions.jsonl".into(),
            sha256: None,
            embedded: Some(QUESTIONS),
            params: Map::new(),
        },
        id_column: Some("id".into()),
        cluster: Some("group".into()),
        fewshot: Fewshot { n: 0, split: None, seed: 3, delimiter: "\n\n".into() },
        request: KindSpec { kind: request_kind.into(), params: map(&request) },
        evaluator: KindSpec { kind: evaluator_kind.into(), params: map(&evaluator) },
        headline: None,
        metrics: Vec::new(),
        chat: false,
        limit: None,
        repeats: 1,
    }
}

fn choices(id: &str) -> Benchmark {
    let request = json!({"context": "Q: {{ q }}\nA:", "choices": "{{ options }}"});
    benchmark(id, ("choices", request), ("multiple_choice", json!({"correct": "{{ right }}"})))
}

fn texts(id: &str, repeats: u32) -> Benchmark {
    let request = json!({"prompt": "{{ q }}", "max_new_tokens": 6, "top_k": 5});
    let made = benchmark(id, ("generate", request), ("control", json!({"constraint": constraint()})));
    Benchmark { repeats, ..made }
}

fn shots(benchmark: Benchmark, n: usize) -> Benchmark {
    Benchmark { fewshot: Fewshot { n, ..benchmark.fewshot.clone() }, ..benchmark }
}

/// Two models, three arms, and the benchmarks given.
fn suite(benchmarks: Vec<Benchmark>) -> Suite {
    let model = |id: &str, path: &str| SuiteModel {
        id: id.into(),
        model: ModelRef::parse(path),
        sha256: None,
        max_length: None,
    };
    let cbf = json!({"kind": "cbf", "alpha": 0.5, "constraint": constraint()});
    let resolved = json!({"suite": "s", "seed": 11, "benchmarks": benchmarks.iter().map(|b| json!({"id": b.id, "limit": b.limit})).collect::<Vec<_>>()});
    Suite {
        goals: Vec::new(),
        id: "s".into(),
        about: String::new(),
        seed: 11,
        models: vec![model("small", "lm"), model("large", "other")],
        constraints: vec![ConstraintSpec::from_json(&constraint()).expect("a constraint")],
        controllers: vec![
            SuiteController { id: "free".into(), controller: ControllerSpec::none() },
            SuiteController { id: "cbf".into(), controller: ControllerSpec(map(&cbf)) },
        ],
        arms: [(0, 0), (0, 1), (1, 0)].map(|(model, controller)| Arm { model, controller }).to_vec(),
        benchmarks,
        truncation: Truncation::Error,
        gates: None,
        resolved,
    }
}

/// All that a run has to deal with: shared and repeated requests, examples, chats, follow-ups.
fn mixed() -> Suite {
    let chat = Benchmark { chat: true, ..shots(choices("chat"), 2) };
    let rolling = benchmark("rolling", ("rolling", json!({"text": "{{ q }}"})), ("likelihood", json!({})));
    suite(vec![choices("plain"), texts("texts", 3), shots(choices("shots"), 2), chat, rolling])
}

struct Sitting {
    result: Result<Manifest, RunError>,
    events: Vec<Event>,
}

/// One sitting. The world's wish to stop is forgotten first.
fn sit(suite: &Suite, zoo: &Zoo, out: &Path, resume: bool) -> Sitting {
    sit_with(suite, zoo, out, resume, None)
}

/// One sitting with a cache.
fn sit_with(suite: &Suite, zoo: &Zoo, out: &Path, resume: bool, cache: Option<&Path>) -> Sitting {
    zoo.0.stop.store(false, Ordering::Relaxed);
    let mut events = Vec::new();
    let environment = Map::from_iter([("threads".to_owned(), json!(1))]);
    let now = || "2026-01-02T03:04:05Z".to_owned();
    let options = RunOptions { out, resume, cache, stop: &zoo.0.stop, environment: &environment, now: &now };
    let result = run(suite, zoo, &options, &mut |event: &Event| events.push(event.clone()));
    Sitting { result, events }
}

/// A whole run in a new folder.
fn whole(name: &str, suite: &Suite, zoo: &Zoo) -> (PathBuf, Sitting) {
    let out = folder(name).join("run");
    let sitting = sit(suite, zoo, &out, false);
    (out, sitting)
}
