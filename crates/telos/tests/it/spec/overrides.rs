//! What a suite lays over a benchmark.

use super::folder::Folder;
use serde_json::json;
use telos_spec::suite::Benchmark;

/// The benchmark of a suite whose only entry is this one.
fn lay(entry: &str) -> (Folder, Benchmark) {
    let folder = Folder::with(&[
        ("m", ""),
        ("rows.csv", "a\n"),
        ("rows.data", "{}\n"),
        ("rows/a.csv", "a\n"),
        ("rows/b.csv", "a\n"),
        ("rows/README.md", ""),
        ("mine/own.yaml", OWN),
        ("mine/own.jsonl", "{}\n"),
        ("suite.yaml", &format!("suite: s\nregistry: [mine]\nmodels: [{{id: a, model: m}}]\nbenchmarks: [{entry}]\n")),
    ]);
    let mut suite = folder.load(&[], None).unwrap_or_else(|found| panic!("{entry}: {found:#?}"));
    (folder, suite.benchmarks.remove(0))
}

const OWN: &str = r#"benchmark: own
source: {path: own.jsonl, sha256: "1111111111111111111111111111111111111111111111111111111111111111"}
request: {kind: generate, prompt: "{{ q }}", max_new_tokens: 3, top_k: 5}
evaluator: {kind: match, target: "{{ q }}", mode: exact}
metrics: {acc: {direction: higher, range: [0, 1]}}
fewshot: {n: 2, delimiter: "\n"}
limit: 4
"#;

#[test]
fn nothing_overridden_is_the_benchmark_itself() {
    let (folder, own) = lay("own");
    assert_eq!((own.source.kind.as_str(), own.source.sha256.is_some(), own.limit), ("jsonl", true, Some(4)));
    assert_eq!(own.source.path, folder.path.join("mine/own.jsonl"));
    assert!(own.source.params.is_empty() && own.source.embedded.is_none());
}

#[test]
fn another_file_has_another_kind_and_no_known_hash() {
    for (entry, kind, path) in [
        ("{id: own, source: {path: rows.csv}}", "csv", "rows.csv"),
        ("{id: own, source: {path: rows}}", "csv", "rows"),
        ("{id: own, source: {path: rows.data}}", "jsonl", "rows.data"),
        ("{id: own, source: {kind: json, path: rows.data, records: x}}", "json", "rows.data"),
    ] {
        let (folder, own) = lay(entry);
        assert_eq!((own.source.kind.as_str(), own.source.sha256.as_deref()), (kind, None), "{entry}");
        assert_eq!(own.source.path, folder.path.join(path), "{entry}");
    }
    let (_, own) = lay("{id: own, source: {path: rows.csv, delimiter: ;}}");
    assert_eq!(own.source.params["delimiter"], json!(";"));
}

#[test]
fn objects_are_laid_over_key_by_key() {
    let (_, own) = lay(
        "{id: own, generate: {top_k: null, stop: [\"\\n\"]}, request: {prompt: x}, evaluator: {mode: contains}, metrics: {acc: {direction: lower}, other: {}}, fewshot: {n: 0}, limit: null}",
    );
    assert_eq!(json!(own.request.params), json!({"prompt": "x", "max_new_tokens": 3, "stop": ["\n"]}));
    assert_eq!(json!(own.evaluator.params), json!({"target": "{{ q }}", "mode": "contains"}));
    assert_eq!((own.metrics.len(), own.metrics[0].1.range), (2, Some([0.0, 1.0])));
    assert_eq!((own.fewshot.n, own.fewshot.delimiter.as_str(), own.limit), (0, "\n", None));
}

#[test]
fn another_kind_starts_afresh() {
    let (_, own) = lay(
        "{id: own, request: {kind: choices, context: c, choices: [a, b]}, evaluator: {kind: multiple_choice, correct: 1}}",
    );
    assert_eq!(
        (own.request.kind.as_str(), json!(own.request.params)),
        ("choices", json!({"context": "c", "choices": ["a", "b"]}))
    );
    assert_eq!((own.evaluator.kind.as_str(), json!(own.evaluator.params)), ("multiple_choice", json!({"correct": 1})));
}
