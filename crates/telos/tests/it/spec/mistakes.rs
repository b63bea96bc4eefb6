//! Every mistake is found, with its line and column.

use super::folder::Folder;
use telos_spec::{Checked, check};

/// Files that the good suite names.
pub(super) fn good_folder() -> Folder {
    Folder::with(&[
        ("m/config.json", "{}"),
        ("mine/goals/more.yaml", GOOD_GOAL),
        ("mine/benchmarks/own.yaml", GOOD_BENCHMARK),
        ("mine/benchmarks/rows.jsonl", "{\"q\": 1}\n"),
        ("mine/benchmarks/shots.jsonl", "{\"q\": 1}\n"),
        ("other.jsonl", "{\"q\": 1}\n"),
        ("suite.yaml", GOOD_SUITE),
    ])
}

pub(super) const GOOD_SUITE: &str = r#"suite: good
about: All keys at once.
seed: 7
registry: [mine]
models:
  - {id: a, model: m, sha256: "0000000000000000000000000000000000000000000000000000000000000000", max_length: 64}
  - {id: b, model: {kind: hub, repo: org/name, revision: main}}
  - {id: c, model: {kind: local, path: m, dtype: f32}}
constraints:
  - {id: s, constraint: {kind: classifier_margin, model: m, positive: [good], negative: [bad]}}
controllers:
  - {id: free, controller: {kind: none}}
  - {id: cbf, controller: {kind: cbf, alpha: 0.3, constraints: [{constraint: s, alpha: 0.2}]}}
arms:
  - {model: a, controller: free}
  - {model: b, controller: cbf}
goals: [values/evaluation]
benchmarks:
  - {id: turns, repeats: 2, limit: 3, chat: true, about: Other., goals: [values/evaluation/own], licence: MIT, source: {path: other.jsonl}, cluster: q, fewshot: {n: 0}, request: {prompt: "x {{ q }}"}, generate: {max_new_tokens: 3}, evaluator: {constraint: s}, metrics: {min_h: {direction: none}}, contamination: None known.}
truncation: left
"#;

pub(super) const GOOD_GOAL: &str = r"goal: values/evaluation
title: Evaluation
version: v2
level: basic-value
band: value orientation
order: 4
definition: A.
motivation: B.
strengths: [C.]
limits: [D.]
cites: [E 2020]
earlier: {v1: [old/one]}
works: [{name: Here, status: planned}]
dimensions: [{id: here, title: Here, dimensions: [{id: a, title: A}]}]
principles: [{id: here, title: Here, rules: [{number: 1, text: A.}]}]
children:
  - id: own
    title: Own
    definition: A.
    motivation: B.
    strengths: [C.]
    limits: [D.]
    cites: [E 2020]
    earlier: {v1: [old/two]}
    works:
      - {name: One, cites: [F 2021], status: works, benchmarks: [own]}
      - {name: Two, status: out of scope, reason: Nothing to measure.}
    dimensions:
      - id: four
        title: Four
        definition: G.
        cites: [H 2022]
        circular: true
        dimensions:
          - {id: a, title: A, definition: I., opposites: [c]}
          - {id: b, title: B}
          - {id: c, title: C}
          - {id: d, title: D}
        higher:
          - {id: left, title: Left, definition: J., of: [a, b], opposites: [right]}
          - {id: right, title: Right, of: [b, c, d]}
    principles:
      - id: two-rules
        title: Two rules
        definition: K.
        cites: [L 2023]
        rules:
          - {number: 1, text: Be kind.}
          - {number: 3, text: Be brief.}
  - {id: more, title: More, children: [{id: deep, title: Deep}]}
";

pub(super) const GOOD_BENCHMARK: &str = r#"benchmark: own
about: All keys at once.
goals: [values/evaluation/own]
licence: MIT
source: {kind: jsonl, path: rows.jsonl, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
id: q
cluster: q
fewshot: {n: 1, split: shots.jsonl, seed: 5, delimiter: "\n"}
request: {kind: choices, context: "{{ q }}", choices: ["{{ q }}", b], delimiter: " "}
evaluator: {kind: multiple_choice, correct: 0, labels: "{{ [1, 0] }}"}
metrics: {acc: {direction: higher, range: [0, 1], aggregate: mean}}
chat: false
limit: 5
repeats: 1
contamination: None known.
"#;

/// Loads the good suite with one text replaced and expects exactly these mistakes, each as `line:column: part`.
fn in_suite(from: &str, to: &str, expected: &[&str]) {
    let folder = good_folder();
    assert!(GOOD_SUITE.contains(from), "{from}");
    folder.write("suite.yaml", &GOOD_SUITE.replacen(from, to, 1));
    compare(&folder.load(&[], None).err().unwrap_or_default(), "suite.yaml", expected, to);
}

/// The same for the good benchmark, through `check`.
fn in_benchmark(from: &str, to: &str, expected: &[&str]) {
    let folder = good_folder();
    assert!(GOOD_BENCHMARK.contains(from), "{from}");
    folder.write("mine/benchmarks/own.yaml", &GOOD_BENCHMARK.replacen(from, to, 1));
    let Checked { diagnostics, .. } = check(&[folder.path.join("mine")], &folder.around());
    compare(&folder.texts(&diagnostics), "mine/benchmarks/own.yaml", expected, to);
}

fn compare(found: &[String], file: &str, expected: &[&str], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let (place, part) = expected.split_once(": ").unwrap();
        let start = if place.is_empty() { String::new() } else { format!("{file}:{place}: ") };
        assert!(found.starts_with(&start) && found.contains(part), "{what}: {found}\nexpected {start}…{part}");
    }
}

#[test]
fn the_good_files_are_good() {
    let folder = good_folder();
    folder.load(&[], None).expect("a good suite");
    let checked = check(std::slice::from_ref(&folder.path), &folder.around());
    assert_eq!((checked.files, folder.texts(&checked.diagnostics)), (3, Vec::new()));
}

#[test]
fn six_mistakes_are_all_named_with_their_places() {
    let folder = Folder::with(&[(
        "suite.yaml",
        r#"suite: bad
seeed: 1234
models:
  - {id: llama, model: nowhere/llama}
constraints:
  - id: sentiment
    constraint:
      kind: classifier_margn
      model: "hf://org/name"
      positive: [good]
      negative: [bad]
controllers:
  - id: cbf
    controller: {kind: cbf, alpha: 1.5, constraint: sentiment}
  - id: other
    controller:
      kind: blacklist
      constraint: sentimant
benchmarks:
  - {id: turns, repeats: many}
"#,
    )]);
    let found = folder.load(&[], None).expect_err("six mistakes");
    let expected = [
        "2:1: unknown key `seeed`\n  hint: did you mean `seed`?",
        "4:24: there is no model at nowhere/llama",
        "8:13: unknown kind of constraint `classifier_margn`; known: classifier_margin, lexicon, reward\n  hint: did you mean `classifier_margin`?",
        "14:36: expected a number from 0 to 1, found 1.5",
        "18:19: there is no constraint `sentimant` in the suite's `constraints`\n  hint: did you mean `sentiment`?",
        "20:26: expected a whole number, 1 or more, found the string `many`",
    ];
    compare(&found, "suite.yaml", &expected, "six");
}

#[test]
fn mistakes_in_suites() {
    in_suite("suite: good", "suite: Good", &["1:8: `Good` is no id"]);
    in_suite(
        "seed: 7",
        "seed: 9007199254740992",
        &["3:7: expected a whole number, at most 9007199254740991, found 9007199254740992"],
    );
    in_suite("seed: 7", "seed: -1", &["3:7: expected a whole number, 0 or more, found -1"]);
    in_suite(
        "seed: 7",
        "seed:",
        &["3:1: expected a whole number, 0 or more, found nothing\n  hint: leave the key out"],
    );
    in_suite(
        "seed: 7",
        "seed: 7\nseed: 8",
        &["4:1: the key `seed` stands here a second time\n  hint: the first one stands in line 3"],
    );
    in_suite("seed: 7", "seed: [7", &["4:9: this is not YAML"]);
    in_suite("[mine]", "[mine, yours]", &["4:18: there is no file or folder at yours"]);
    in_suite("[mine]", "[mine, other.jsonl]", &["4:18: expected a folder"]);
    in_suite("model: m, sha", "model: mm, sha", &["6:20: there is no model at mm"]);
    in_suite("\"0000", "\"z000", &["6:31: expected a sha256"]);
    in_suite("\"0000", "\"000", &["6:31: expected a sha256"]);
    in_suite("max_length: 64", "max_length: 0", &["6:111: expected a whole number, 1 or more, found 0"]);
    in_suite(
        "id: b,",
        "id: a,",
        &["7:10: the id `a` stands in `models` a second time", "16:13: there is no model `b` in `models`"],
    );
    in_suite("repo: org/name, ", "", &["7:20: the key `repo` is missing"]);
    in_suite(
        "kind: hub",
        "kind: hubb",
        &["7:27: unknown kind of model `hubb`; known: builtin, local, hub, openai\n  hint: did you mean `hub`?"],
    );
    in_suite("dtype: f32", "dtype: f64", &["8:50: expected `f32`, found `f64`"]);
    in_suite(
        "positive: [good]",
        "positive: []",
        &["10:71: expected a list with at least one entry, found an empty list"],
    );
    in_suite(
        "kind: classifier_margin, ",
        "",
        &["10:25: the key `kind` is missing; a constraint is one of classifier_margin, lexicon, reward"],
    );
    in_suite(
        "constraint: {kind: classifier_margin, model: m, positive: [good], negative: [bad]}",
        "constraint: s",
        &["10:25: expected the constraint itself"],
    );
    in_suite("constraint: s, alpha", "constraint: t, alpha", &["13:78: there is no constraint `t`"]);
    in_suite(
        "{model: b, controller: cbf}",
        "{model: b, controller: cfb}",
        &["16:28: there is no controller `cfb` in `controllers`\n  hint: did you mean `cbf`?"],
    );
    in_suite(
        "{model: b, controller: cbf}",
        "{model: a, controller: free}",
        &["16:5: this arm stands here a second time"],
    );
    in_suite(
        "goals: [values/evaluation]",
        "goals: [values/evalution]",
        &["17:9: there is no goal `values/evalution`\n  hint: did you mean `values/evaluation`?"],
    );
    in_suite("id: turns", "id: turn", &["19:10: there is no benchmark `turn`\n  hint: did you mean `turns`?"]);
    in_suite(
        "truncation: left",
        "truncation: right",
        &["20:13: expected `error` or `left` or `drop_shots` or `skip`, found `right`"],
    );
    in_suite("truncation: left", "gates: gates.yaml", &["20:8: there is no file or folder at gates.yaml"]);
    in_suite("seed: 7\n", "", &[]);
    in_suite("\nmodels:", "\nmodel:", &["1:1: the key `models` is missing", "5:1: unknown key `model`"]);
}

#[test]
fn mistakes_in_overrides() {
    in_suite("repeats: 2", "repeats: 0", &["19:26: expected a whole number, 1 or more, found 0"]);
    in_suite("repeats: 2", "repeat: 2", &["19:17: unknown key `repeat`\n  hint: did you mean `repeats`?"]);
    in_suite("goals: [values/evaluation/own]", "goals: [values]", &["19:74: the goal `values` is no leaf"]);
    in_suite("path: other.jsonl", "path: others.jsonl", &["19:127: there is no file or folder at others.jsonl"]);
    in_suite("path: other.jsonl", "pth: other.jsonl", &["19:121: unknown key `pth`\n  hint: did you mean `path`?"]);
    in_suite("max_new_tokens: 3", "max_new_tokens: 0", &["19:229: expected a whole number from 1 to 1048576, found 0"]);
    in_suite(
        "max_new_tokens: 3",
        "max_new_token: 3",
        &["19:213: unknown key `max_new_token`\n  hint: did you mean `max_new_tokens`?"],
    );
    in_suite("max_new_tokens: 3", "max_new_tokens: null", &["19:179: the key `max_new_tokens` is missing"]);
    in_suite("prompt: \"x {{ q }}\"", "prompt: 'x\\n {{ q }}'", &["19:188: `\\n` is a backslash and an n"]);
    in_suite("evaluator: {constraint: s}", "evaluator: {constraint: t}", &["19:257: there is no constraint `t`"]);
    in_suite("evaluator: {constraint: s}", "evaluator: {kind: match}", &["19:244: the key `target` is missing"]);
    in_suite(
        ", evaluator: {constraint: s}",
        "",
        &[
            "19:10: there is no constraint `sentiment` in the suite's `constraints` (`evaluator.constraint` of benchmark `turns`)",
        ],
    );
    in_suite(
        "id: turns,",
        "id: crows-pairs,",
        &[
            "19:186: unknown key `prompt`",
            "19:208: the requests of `crows-pairs` are of kind `choices`, which sample nothing",
            "19:251: unknown key `constraint`",
        ],
    );
}

#[test]
fn mistakes_in_benchmarks() {
    in_benchmark(
        "benchmark: own",
        "benchmark: own!",
        &["1:12: `own!` is no id", ": mine/goals/more.yaml:26:66: there is no benchmark `own`"],
    );
    in_benchmark(
        "goals: [values/evaluation/own]",
        "goals: [values/evaluation/owl]",
        &["3:9: there is no goal `values/evaluation/owl`\n  hint: did you mean `values/evaluation/own`?"],
    );
    in_benchmark(
        "goals: [values/evaluation/own]",
        "goals: [principles/representation/principle-alignment]",
        &[
            "3:9: the goal `principles/representation/principle-alignment` is no leaf; benchmarks bind to leaves\n  hint: its leaves are principles/representation/principle-alignment/in-context-learning, ",
        ],
    );
    in_benchmark("rows.jsonl", "row.jsonl", &["5:29: there is no file or folder at mine/benchmarks/row.jsonl"]);
    in_benchmark(
        "kind: jsonl",
        "kind: jsnl",
        &["5:16: unknown kind of source `jsnl`; known: json, jsonl, csv, tsv, parquet\n  hint: did you mean `jsonl`?"],
    );
    in_benchmark(
        "kind: jsonl, path: rows.jsonl",
        "path: rows.txt",
        &[
            "5:16: the ending of `rows.txt` does not tell the kind of the source\n  hint: add `kind`, one of json, jsonl, csv",
            "5:16: there is no file",
        ],
    );
    in_benchmark("kind: jsonl, path: rows.jsonl", "kind: jsonl", &["5:9: the key `path` is missing"]);
    in_benchmark(
        "split: shots.jsonl",
        "split: shot.jsonl",
        &["8:24: there is no file or folder at mine/benchmarks/shot.jsonl"],
    );
    in_benchmark("delimiter: \"\\n\"", "delimiter: '\\n'", &["8:57: `\\n` is a backslash and an n"]);
    in_benchmark(
        "context: \"{{ q }}\"",
        "context: {{ q }}",
        &[
            "9:35: expected a template (a string), found an object\n  hint: a template that begins with `{{` needs quotes",
        ],
    );
    in_benchmark(
        "context: \"{{ q }}\"",
        "context: '{{ q }}\\nA:'",
        &["9:35: `\\n` is a backslash and an n here, no line break\n  hint: put the string in double quotes"],
    );
    in_benchmark("context: \"{{ q }}\"", "context: '{{ \"a\\n\" + q }}'", &[]);
    in_benchmark(
        "choices: [\"{{ q }}\", b]",
        "choices: [b]",
        &["9:55: expected a list with at least 2 entries, found a list of 1"],
    );
    in_benchmark(
        "choices: [\"{{ q }}\", b]",
        "choices: 3",
        &["9:55: expected a template (a string), or a list with at least 2 entries, found 3"],
    );
    in_benchmark(
        "kind: multiple_choice, ",
        "kind: multiple_chioce, ",
        &["10:19: unknown kind of evaluator `multiple_chioce`"],
    );
    in_benchmark("range: [0, 1]", "range: [1, 0]", &["11:43: expected two numbers, the smaller one first"]);
    in_benchmark("range: [0, 1]", "range: [0, 1, 2]", &["11:43: expected two numbers"]);
    in_benchmark("direction: higher", "direction: up", &["11:28: expected `higher` or `lower` or `none`, found `up`"]);
    in_benchmark(
        "request: {kind: choices,",
        "request: {kind: generate, max_new_tokens: 3, ",
        &[
            "9:47: unknown key `context`",
            "9:67: unknown key `choices`",
            "9:92: unknown key `delimiter`",
            "10:19: the evaluator `multiple_choice` cannot score a request of kind `generate`; it scores `choices`",
        ],
    );
    in_benchmark(
        "request: {kind: choices, context: \"{{ q }}\", choices: [\"{{ q }}\", b], delimiter: \" \"}",
        "request: {kind: generate, max_new_tokens: 3}",
        &[
            "9:10: `prompt` or `messages` is needed",
            "10:19: the evaluator `multiple_choice` cannot score a request of kind `generate`; it scores `choices`",
        ],
    );
}

#[test]
fn files_that_are_none_of_ours_are_named() {
    let folder = Folder::with(&[
        ("a/x.yaml", "suit: a\n"),
        ("a/y.yml", "- 1\n"),
        ("a/z.yaml", ""),
        ("a/.hidden.yaml", "x: 1\n"),
    ]);
    let around = folder.around();
    let checked = check(&[folder.path.join("a"), folder.path.join("absent.yaml")], &around);
    assert_eq!(checked.files, 4);
    let expected = [
        "a/x.yaml:1:1: expected an object with the key `suite`, `benchmark`, `goal` or `rules`, which tells what the file is\n  hint: did you mean `suite`?",
        "a/y.yml:1:1: expected",
        "a/z.yaml:1:1: expected",
        "absent.yaml: this cannot be read: ",
    ];
    let found = folder.texts(&checked.diagnostics);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    found.iter().zip(expected).for_each(|(found, part)| assert!(found.starts_with(part), "{found}"));
}

#[test]
fn nothing_would_run() {
    in_suite(
        "goals: [values/evaluation]\nbenchmarks:\n",
        "extra:\n",
        &["1:1: nothing would run: a suite needs `benchmarks` or `goals`", "17:1: unknown key `extra`"],
    );
    let folder = Folder::with(&[
        ("m", ""),
        ("suite.yaml", "suite: s\nmodels: [{id: a, model: m}]\ngoals: [values/representation]\n"),
    ]);
    let found = folder.load(&[], None).expect_err("no benchmark is bound to a leaf on representation");
    compare(
        &found,
        "suite.yaml",
        &["3:8: nothing would run: no benchmark is bound to these goals"],
        "values/representation",
    );
}
