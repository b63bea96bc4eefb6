//! Good suites: what they come to.

use super::folder::Folder;
use serde_json::{Value, json};
use std::path::PathBuf;
use telos_core::ConstraintSpec;
use telos_core::{Aggregate, Direction, ModelRef};
use telos_spec::Suite;
use telos_spec::suite::{Arm, Truncation};

const SUITE: &str = r#"suite: s
models:
  - {id: a, model: m, sha256: "AB00000000000000000000000000000000000000000000000000000000000000", max_length: 64}
  - {id: b, model: "hf://org/name@main"}
constraints:
  - {id: sentiment, constraint: {kind: classifier_margin, model: cls, positive: [good], negative: [bad]}}
controllers:
  - {id: free, controller: {kind: none}}
  - {id: cbf, controller: {kind: cbf, alpha: 0.3, constraints: [{constraint: sentiment}]}}
benchmarks: [tiny-turns, tiny-choices]
"#;

fn folder(suite: &str) -> Folder {
    Folder::with(&[("m", ""), ("cls", ""), ("cwd/m2", ""), ("cache/models/x.gguf", ""), ("suite.yaml", suite)])
}

fn load(suite: &str) -> (Folder, Suite) {
    let folder = folder(suite);
    let loaded = folder.load(&[], None).expect("a good suite");
    (folder, loaded)
}

#[test]
fn defaults_and_ids_are_resolved() {
    let (folder, suite) = load(SUITE);
    assert_eq!((suite.id.as_str(), suite.seed, suite.truncation), ("s", 0, Truncation::Error));
    assert_eq!(suite.models[0].model, ModelRef::Local { path: folder.path.join("m") });
    assert_eq!((suite.models[0].max_length, suite.models[0].sha256.as_ref().map(String::len)), (Some(64), Some(64)));
    assert_eq!(suite.models[1].model.to_string(), "hf://org/name@main");
    let arms: Vec<String> = suite.arms.iter().map(|arm| suite.arm_id(*arm)).collect();
    assert_eq!(arms, ["a/free", "a/cbf", "b/free", "b/cbf"]);
    let constraint = json!({"id": "sentiment", "kind": "classifier_margin", "model": folder.path.join("cls"), "positive": ["good"], "negative": ["bad"]});
    assert_eq!(suite.constraints, [ConstraintSpec::from_json(&constraint).expect("a constraint")]);
    assert_eq!(suite.controllers[1].controller.0["constraints"][0]["constraint"], constraint);
    let turns = &suite.benchmarks[0];
    assert_eq!((turns.id.as_str(), turns.repeats, turns.limit, turns.chat), ("tiny-turns", 2, None, false));
    assert_eq!((turns.evaluator.kind.as_str(), &turns.evaluator.params["constraint"]), ("control", &constraint));
    assert_eq!((turns.request.kind.as_str(), &turns.request.params["top_k"]), ("generate", &json!(20)));
    let choices = &suite.benchmarks[1];
    assert_eq!((choices.fewshot.n, choices.fewshot.seed, choices.fewshot.delimiter.as_str()), (2, 1234, "\n\n"));
    assert_eq!((choices.source.kind.as_str(), choices.id_column.as_deref()), ("jsonl", Some("id")));
    assert_eq!(choices.source.path, PathBuf::from("builtin:benchmarks/tiny-choices/items.jsonl"));
    assert!(choices.source.embedded.is_some_and(|text| text.lines().count() == 8));
}

#[test]
fn without_controllers_a_suite_is_free() {
    let (_, suite) = load("suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [tiny-pairs]\narms: all\n");
    assert_eq!(suite.arm_id(suite.arms[0]), "a/free");
    assert!(suite.controllers[0].controller.is_none());
    let (_, suite) =
        load("suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [tiny-pairs]\narms: [{model: a, controller: free}]\n");
    assert_eq!(suite.arms, [Arm { model: 0, controller: 0 }]);
}

#[test]
fn the_resolved_suite_is_complete_and_names_no_place() {
    let (_, first) = load(SUITE);
    let (folder, second) = load(SUITE);
    assert_eq!(first.resolved, second.resolved);
    let text = first.resolved.to_string();
    assert!(!text.contains(folder.path.parent().and_then(|p| p.to_str()).expect("a folder")), "{text}");
    let expected = json!({
        "suite": "s", "about": "", "seed": 0, "truncation": "error",
        "models": [
            {"id": "a", "model": "m", "sha256": "AB00000000000000000000000000000000000000000000000000000000000000", "max_length": 64},
            {"id": "b", "model": "hf://org/name@main"}],
        "constraints": [{"id": "sentiment", "constraint": {"kind": "classifier_margin", "model": "cls", "positive": ["good"], "negative": ["bad"]}}],
        "controllers": [
            {"id": "free", "controller": {"kind": "none"}},
            {"id": "cbf", "controller": {"kind": "cbf", "alpha": 0.3, "constraints": [{"constraint": "sentiment"}]}}],
        "arms": [{"model": "a", "controller": "free"}, {"model": "a", "controller": "cbf"}, {"model": "b", "controller": "free"}, {"model": "b", "controller": "cbf"}],
    });
    for (key, value) in expected.as_object().expect("an object") {
        assert_eq!(&first.resolved[key], value, "{key}");
    }
    let turns = &first.resolved["benchmarks"][0];
    assert_eq!(turns["source"], json!({"kind": "jsonl", "path": "items.jsonl"}));
    assert_eq!(turns["evaluator"], json!({"kind": "control", "constraint": "sentiment"}));
    assert_eq!(turns["limit"], Value::Null);
    assert_eq!(turns["fewshot"], json!({"n": 0, "split": null, "seed": 1234, "delimiter": "\n\n"}));
}

#[test]
fn goals_bring_in_what_is_bound_below_them() {
    let yaml = "suite: s\nmodels: [{id: a, model: m}]\ngoals: [preferences]\nbenchmarks: [{id: truthfulqa-mc2, limit: 9}, tiny-pairs]\n";
    let folder = folder(yaml);
    folder.write("cache/data/truthfulqa.json", "[]");
    folder.write("cache/data/crows_pairs.csv", "a\n");
    folder.write("cache/data/bbq/Age.jsonl", "{}\n");
    let sets = ["benchmarks.crows-pairs.limit=5", "benchmarks.tiny-pairs.limit=2"];
    let suite = folder.load(&sets, None).expect("a good suite");
    let found: Vec<_> = suite.benchmarks.iter().map(|b| (b.id.as_str(), b.limit)).collect();
    assert_eq!(
        found,
        [
            ("truthfulqa-mc2", Some(9)),
            ("tiny-pairs", Some(2)),
            ("bbq", None),
            ("better-answers", None),
            ("crows-pairs", Some(5)),
            ("truthfulqa-mc1", None)
        ]
    );
    let limited = folder.load(&sets, Some(3)).expect("a good suite");
    assert!(limited.benchmarks.iter().all(|b| b.limit == Some(3)));
    assert_eq!(limited.resolved["benchmarks"][0]["limit"], json!(3));
}

#[test]
fn set_reaches_everything_and_its_paths_start_at_the_current_folder() {
    let folder = folder(SUITE);
    let suite = folder
        .load(
            &[
                "seed=9",
                "models.a.model=m2",
                "models.a.sha256=null",
                "models.b.model={kind: local, path: m2}",
                "constraints.sentiment.constraint.model=\"cache:models/x.gguf\"",
                "controllers.cbf.controller.constraints.0.alpha=0.5",
                "benchmarks.tiny-turns.generate.temperature=0",
                "truncation=skip",
            ],
            None,
        )
        .expect("a good suite");
    let m2 = ModelRef::Local { path: folder.path.join("cwd/m2") };
    assert_eq!((suite.seed, &suite.models[0].model, &suite.models[1].model), (9, &m2, &m2));
    assert_eq!((&suite.models[0].sha256, suite.truncation), (&None, Truncation::Skip));
    let cached = folder.path.join("cache/models/x.gguf");
    assert_eq!(suite.benchmarks[0].evaluator.params["constraint"]["model"], json!(cached));
    assert_eq!(suite.benchmarks[0].request.params["temperature"], json!(0));
    assert_eq!(suite.controllers[1].controller.0["constraints"][0]["alpha"], json!(0.5));
    assert_eq!(suite.resolved["models"][0], json!({"id": "a", "model": "m2", "max_length": 64}));
}

#[test]
fn a_bad_set_is_blamed_by_its_key() {
    for (set, expected) in [
        ("models.a.model=nowhere", "--set models.a.model: there is no model at cwd/nowhere"),
        ("models.a.max_length=0", "--set models.a.max_length: expected a whole number, 1 or more, found 0"),
        ("models.a.max_len=3", "--set models.a.max_len: unknown key `max_len`"),
        ("modles=[]", "--set modles: unknown key `modles`\n  hint: did you mean `models`?"),
        ("models.c.model=m", "--set models.c.model: no entry of the list has an id"),
        (
            "controllers.cbf.controller.constraints.0.constraint=other",
            "--set controllers.cbf.controller.constraints.0.constraint: there is no constraint `other`",
        ),
        (
            "benchmarks.tiny-turns.generate.top_k=0",
            "--set benchmarks.tiny-turns.generate.top_k: expected a whole number",
        ),
        (
            "benchmarks.tiny-turns.generat.top_k=1",
            "--set benchmarks.tiny-turns.generat.top_k: unknown key `generat`\n  hint: did you mean `generate`?",
        ),
        (
            "benchmarks.tiny-turns.evaluator.constraint=x",
            "--set benchmarks.tiny-turns.evaluator.constraint: there is no constraint `x`",
        ),
        (
            "benchmarks.tiny-turns.source.path=x.jsonl",
            "--set benchmarks.tiny-turns.source.path: there is no file or folder at cwd/x.jsonl",
        ),
        ("seed", "--set seed: expected KEY=VALUE"),
    ] {
        let found = folder(SUITE).load(&[set], None).expect_err(set);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{set}: {found:#?}");
    }
    let found = folder(SUITE).load(&[], Some(0)).expect_err("no items");
    assert!(found[0].starts_with("--limit: expected a whole number, 1 or more"), "{found:?}");
}

#[test]
fn a_file_that_is_not_in_the_cache_is_named_with_a_way_to_fill_it() {
    let folder = folder(
        "suite: s\nmodels:\n  - {id: a, model: \"cache:models/SmolLM2-135M-Instruct.Q4_1.gguf\"}\nbenchmarks:\n  - truthfulqa-mc1\n",
    );
    let expected = [
        "suite.yaml:3:20: there is no model at cache/models/SmolLM2-135M-Instruct.Q4_1.gguf\n  hint: fetch it with `python benchmarks/models/smollm2.py`, point TELOS_CACHE at a folder that has `models/SmolLM2-135M-Instruct.Q4_1.gguf`, or name another path",
        "suite.yaml:5:5: there is no file or folder at cache/data/truthfulqa.json (`source.path` of benchmark `truthfulqa-mc1`)\n  hint: put the file there, point TELOS_CACHE at a folder that has `data/truthfulqa.json`, or name another path, as with `--set benchmarks.truthfulqa-mc1.source.path=…`",
    ];
    assert_eq!(folder.load(&[], None).expect_err("two files are missing"), expected);
    let checked = telos_spec::check(&[folder.path.join("suite.yaml")], &folder.around());
    assert_eq!(
        (checked.diagnostics.len(), folder.texts(&checked.not_in_cache)),
        (0, expected.map(str::to_owned).to_vec())
    );
    folder.write("cache/models/SmolLM2-135M-Instruct.Q4_1.gguf", "x");
    folder.write("cache/data/truthfulqa.json", "[]");
    let suite = folder.load(&[], None).expect("now they are there");
    assert_eq!(suite.benchmarks[0].source.path, folder.path.join("cache/data/truthfulqa.json"));
    assert_eq!(suite.resolved["benchmarks"][0]["source"]["path"], json!("cache:data/truthfulqa.json"));
}

#[test]
fn metrics_are_read() {
    let (_, suite) = load(
        "suite: s\nmodels: [{id: a, model: m}]\nbenchmarks: [{id: tiny-pairs, metrics: {x: {direction: lower, range: [-1, 2.5], aggregate: perplexity}, y: {}, z: {aggregate: centred}}}]\n",
    );
    let (name, x) = &suite.benchmarks[0].metrics[0];
    assert_eq!(
        (name.as_str(), x.direction, x.range, x.aggregate.clone()),
        ("x", Some(Direction::Lower), Some([-1.0, 2.5]), Some(Aggregate::plain("perplexity")))
    );
    assert_eq!(suite.benchmarks[0].metrics[1].1, telos_spec::suite::MetricOverride::default());
    assert_eq!(suite.benchmarks[0].metrics[2].1.aggregate, Some(Aggregate::plain("centred")));
}
