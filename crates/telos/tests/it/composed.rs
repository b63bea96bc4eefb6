//! `telos run BENCHMARK… --model MODEL`.

use crate::place::Place;

const BENCHMARK: &str = "\
benchmark: mine
goals: []
source: {path: items.csv}
request: {kind: choices, context: \"{{ question }}\", choices: [\"{{ right }}\", \"{{ wrong }}\"]}
evaluator: {kind: multiple_choice, correct: 0}
";

const CONTROLLER: &str = "\
id: cbf-0.3
controller: {kind: cbf, alpha: 0.3, constraint: sentiment}
constraints:
  - id: sentiment
    constraint: {kind: classifier_margin, model: ../models/roberta-cls, positive: [positive], negative: [negative, neutral]}
";

fn place() -> Place {
    let place = Place::with_models();
    place.write("own/benchmark.yaml", BENCHMARK);
    place.write("own/items.csv", "question,right,wrong\nIs snow cold?,Yes,No\nIs fire cold?,No,Yes\n");
    place.write("controllers/filter.yaml", CONTROLLER);
    place
}

#[test]
fn the_suite_that_is_written_gives_the_same_record() {
    let place = place();
    let typed = ["run", "own", "tiny-turns", "--model", "models/llama", "--controller", "controllers/filter.yaml"];
    let more = ["--limit", "2", "--write-suite", "suites/deep/first.yaml", "--out", "one", "--quiet"];
    place.good(&[&typed[..], &more].concat());
    let text = place.read("suites/deep/first.yaml");
    assert!(text.starts_with("# yaml-language-server: $schema=./suite.schema.json\n"), "{text}");
    assert!(text.contains("model: ../../models/llama") && text.contains("model: ../../models/roberta-cls"), "{text}");
    assert!(place.good(&["check", "suites"]).contains("1 file: no mistakes"));
    place.good(&["run", "suites/deep/first.yaml", "--out", "two", "--quiet"]);
    let (one, two) = (place.json("one/run.json"), place.json("two/run.json"));
    assert_eq!(one["identity"], two["identity"]);
    let arms: Vec<&str> = one["arms"].as_array().expect("arms").iter().filter_map(|arm| arm["id"].as_str()).collect();
    assert_eq!(arms, ["llama/free", "llama/cbf-0.3"]);
    let export = |run: &str| place.good(&["export", run, "--format", "jsonl", "-o", "-"]);
    assert_eq!(export("one"), export("two"));
    // The same command again finds its own suite there.
    place.good(&[&typed[..], &["--limit", "2", "--write-suite", "suites/deep/first.yaml", "--out", "3"]].concat());
    let other = place.telos(&[&typed[..], &["--limit", "1", "--write-suite", "suites/deep/first.yaml"]].concat());
    assert!(other.code == 2 && other.err.contains("there is a file already"), "{other:?}");
}

#[test]
fn overrides_apply() {
    let place = place();
    place.write("alone.yaml", "kind: cbf\nalpha: 0.3\nconstraint: {kind: classifier_margin, model: models/roberta-cls, positive: [positive], negative: [negative, neutral]}\n");
    place.good(&[
        "run",
        "tiny-match",
        "--model",
        "./models/llama",
        "--controller",
        "alone.yaml",
        "--set",
        "controllers.alone.controller.alpha=0.7",
        "--set",
        "benchmarks.tiny-match.limit=1",
        "--out",
        "run",
        "--quiet",
    ]);
    let resolved = &place.json("run/run.json")["resolved"];
    assert_eq!(resolved["controllers"][1]["controller"]["alpha"], 0.7);
    assert_eq!(resolved["benchmarks"][0]["limit"], 1);
    assert_eq!(resolved["models"][0]["model"], "./models/llama");
}

#[test]
fn mixtures_and_slips_are_told_apart() {
    let place = place();
    place.write("s.yaml", "suite: s\nmodels: [{id: m, model: models/llama}]\nbenchmarks: [tiny-match]\n");
    place.write("bad.yaml", "kind: cbf\nalhpa: 0.3\nconstraint: mood\n");
    place.write("list.yaml", "- 1\n");
    for (arguments, part) in [
        (&["run"][..], "required"),
        (&["run", "tiny-match"], "`telos run tiny-match --model MODEL`"),
        (&["run", "own", "tiny-match"], "`telos run own tiny-match --model MODEL`"),
        (&["run", "absent.yaml"], "absent.yaml: this cannot be read"),
        (&["run", "s.yaml", "tiny-match"], "a suite runs alone"),
        (&["run", "s.yaml", "--model", "models/llama"], "names its models itself"),
        (&["run", "s.yaml", "--controller", "controllers/filter.yaml"], "--model"),
        (&["run", "s.yaml", "--write-suite", "t.yaml"], "--model"),
        (&["run", "tiny-mach", "--model", "models/llama"], "did you mean `tiny-match`?"),
        (&["run", "./tiny-match", "--model", "models/llama"], "no file or folder ./tiny-match"),
        (&["run", "models", "--model", "models/llama"], "there is no benchmark in models"),
        (&["run", "tiny-match", "--model", "models/lama"], "--model: there is no model at models/lama"),
        (&["run", "tiny-match", "--model", "models/llama", "--limit", "0"], "--limit"),
        (
            &["run", "tiny-match", "--model", "models/llama", "--controller", "bad.yaml"],
            "bad.yaml:2:1: unknown key `alhpa`",
        ),
        (
            &["run", "tiny-match", "--model", "models/llama", "--controller", "list.yaml"],
            "list.yaml:1:1: expected a controller",
        ),
        (&["run", "tiny-match", "--model", "models/llama", "--set", "benchmark.x=1"], "--set benchmark.x"),
    ] {
        let done = place.telos(arguments);
        assert!(done.code == 2 && done.err.contains(part), "{arguments:?}: {done:?}");
        assert!(!place.0.join("runs").exists());
    }
}

#[test]
fn a_cache_answers_the_second_run() {
    let place = place();
    let typed = ["run", "own", "tiny-turns", "--model", "models/llama", "--controller", "controllers/filter.yaml"];
    let run = |out: &str| {
        let done = place.telos(&[&typed[..], &["--limit", "2", "--cache", "kept", "--out", out]].concat());
        assert_eq!(done.code, 0, "{done:?}");
        done.err
    };
    let (first, second) = (run("one"), run("two"));
    assert!(first.contains("the cache holds 0 replies") && first.contains("0 replies came from the cache"), "{first}");
    assert!(second.contains(", 0 are new in it") && second.contains("token positions computed: llama 0"), "{second}");
    let export = |run: &str| place.good(&["export", run, "--format", "jsonl", "-o", "-"]);
    assert_eq!(export("one"), export("two"));
}
