//! The documents, log-likelihoods and metrics that lm-evaluation-harness 0.4.13 logged, read from a folder `shared` beside
//! the repository. Where it is not there, the test says so and passes.

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use telos_core::{Case, Exchange, Item, Outcome, Reply, Request, Score};
use telos_eval::build;

/// One document as logged.
struct Document {
    item: Item,
    requests: Vec<Request>,
    replies: Vec<Outcome>,
    /// The choices without the delimiter.
    choices: Vec<String>,
    log: Value,
}

fn folder(model: &str, task: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/goldens/lm_eval");
    if !shared.is_dir() {
        eprintln!("skipped {model}/{task}: there is no folder {}", shared.display());
        return None;
    }
    let folder = shared.join(model).join(task);
    // Not every model has every task.
    folder.is_dir().then_some(folder)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a readable file");
    text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn documents(folder: &Path, delimiter: &str) -> Vec<Document> {
    let rows = lines(&folder.join("docs.jsonl"));
    let document = |log: Value| {
        let number = log["doc_id"].as_u64().expect("a number") as usize;
        let row = rows[number].as_object().expect("a row").clone();
        let (mut requests, mut replies, mut choices) = (Vec::new(), Vec::new(), Vec::new());
        for (i, arguments) in log["arguments"].as_array().expect("a list").iter().enumerate() {
            let answer = &log["resps"][i];
            let (request, reply) = if let Some(logprob) = answer.as_f64() {
                let windows = log["windows"].as_array().expect("windows").iter();
                let tokens: u64 = windows.map(|w| w[1].as_u64().expect("a count")).sum();
                let text = arguments[0].as_str().expect("a text");
                let words = telos_core::text::python_words(text);
                (
                    json!({"kind": "loglikelihood_rolling", "text": text}),
                    json!({"logprob": logprob, "tokens": tokens, "words": words, "bytes": text.len()}),
                )
            } else {
                let continuation = arguments[1].as_str().expect("a text");
                choices.push(continuation.strip_prefix(delimiter).expect("the delimiter").to_owned());
                let n = log["tokens"][i][1].as_u64().expect("a count") as usize;
                (
                    json!({"kind": "loglikelihood", "context": arguments[0], "continuation": continuation}),
                    json!({"logprob": answer[0], "is_greedy": answer[1], "tokens": vec![0; n],
                        "token_logprobs": vec![0.0; n], "context_tokens": log["tokens"][i][0], "truncated_tokens": 0}),
                )
            };
            requests.push(Request::from_json(&request).expect("a good request"));
            replies.push(Ok(Reply::from_json(requests[i].kind(), reply).expect("a good reply")));
        }
        let item = Item::new(number.to_string(), number as u32, None, row);
        Document { item, requests, replies, choices, log }
    };
    lines(&folder.join("samples.jsonl")).into_iter().map(document).collect()
}

/// A metric's name here, its name there, and how far the two may differ in one document.
type Pair = (&'static str, &'static str, f64);

/// Scores a task's documents; `fill` gives the parameters that depend on the row. Returns how many were
/// compared.
fn check(
    [model, task]: [&str; 2],
    kind: &str,
    params: &Value,
    fill: impl Fn(&Map<String, Value>) -> Value,
    pairs: &[Pair],
) -> usize {
    let Some(folder) = folder(model, task) else { return 0 };
    let delimiter = if task.ends_with("_chat") || kind != "multiple_choice" { "" } else { " " };
    let evaluator = build(kind, params.as_object().expect("an object")).expect("good parameters");
    let documents = documents(&folder, delimiter);
    let (mut means, mut compared) = (vec![0.0; pairs.len()], 0);
    for document in &documents {
        let mut filled = params.as_object().expect("an object").clone();
        filled.extend(fill(&document.item.data).as_object().expect("an object").clone());
        filled.insert("choices".into(), document.choices.clone().into());
        let case = Case {
            item: &document.item,
            params: &filled,
            turns: 1,
            waves: &[Exchange { requests: &document.requests, replies: &document.replies }],
        };
        let scores = evaluator.evaluate(&case);
        for (mean, (ours, theirs, tolerance)) in means.iter_mut().zip(pairs) {
            let value = scores.iter().find(|s: &&Score| s.metric == *ours).and_then(|s| s.value).expect("a value");
            *mean += value / documents.len() as f64;
            let logged = &document.log["metrics"][theirs];
            // Weighted perplexities are logged as a pair of sum and weight.
            if document.log["metrics"] == json!({}) {
                // Some folders log the log-likelihoods alone.
                continue;
            }
            compared += 1;
            let expected = match logged.as_array() {
                Some(pair) => pair[0].as_f64().expect("a sum") / pair[1].as_f64().expect("a weight"),
                None => logged.as_f64().expect("a number"),
            };
            let id = &document.log["doc_id"];
            assert!((value - expected).abs() <= *tolerance, "{model}/{task} {id}: {ours} {value}, not {expected}");
        }
    }
    let results = std::fs::read_to_string(folder.join("results.json")).expect("a readable file");
    let results: Value = serde_json::from_str(&results).expect("JSON");
    for (mean, (ours, theirs, _)) in means.iter().zip(pairs) {
        let metric = evaluator.metrics().into_iter().find(|m| m.name == *ours).expect("an offered metric");
        let result = &results["metrics"][theirs];
        let expected = result["value"].as_f64().or(result.as_f64()).expect("a number");
        let value = match metric.aggregate.kind.as_str() {
            "mean" | "centred" => *mean,
            // Theirs are weighted by length but for the plain one.
            "perplexity" if *ours != "perplexity" => continue,
            "perplexity" => (-mean).exp(),
            other => panic!("an aggregate of kind `{other}`"),
        };
        assert!(
            (value / expected - 1.0).abs() < 1e-6 || value == expected,
            "{model}/{task}: {ours} {value}, not {expected}"
        );
    }
    compared / pairs.len()
}

const MODELS: [&str; 3] = ["llama", "llama-rope-scaled", "smollm2"];

/// Runs a task for every model; where there are goldens at all, at least `least` documents must have been compared.
fn check_all(tasks: &[&str], least: usize, one: impl Fn([&str; 2]) -> usize) {
    let compared: usize = MODELS.iter().flat_map(|model| tasks.iter().map(move |task| [*model, *task])).map(one).sum();
    assert!(compared >= least || folder("llama", "truthfulqa_mc1").is_none(), "only {compared} documents of {tasks:?}");
}

const ALL_LENGTHS: [Pair; 3] = [("acc", "acc", 0.0), ("acc_char", "acc_norm", 0.0), ("acc_byte", "acc_bytes", 0.0)];

#[test]
fn first_of_the_choices_is_right() {
    check_all(&["truthfulqa_mc1", "truthfulqa_mc1_128", "truthfulqa_mc1_chat"], 190, |at| {
        check(at, "multiple_choice", &json!({"correct": 0}), |_| json!({}), &ALL_LENGTHS)
    });
}

#[test]
fn a_column_says_which_choice_is_right() {
    let params = json!({"correct": "{{ label }}"});
    check_all(&["winogender"], 60, |at| {
        check(at, "multiple_choice", &params, |row| json!({"correct": row["label"]}), &ALL_LENGTHS)
    });
    let tasks =
        ["ethics_cm", "ethics_justice_3shot", "ethics_justice_3shot_chat", "ethics_deontology_3shot_same_split"];
    check_all(&tasks, 200, |at| {
        check(at, "multiple_choice", &params, |row| json!({"correct": row["label"]}), &ALL_LENGTHS[..1])
    });
}

#[test]
fn mass_of_the_true_choices() {
    let params = json!({"labels": "{{ mc2_targets.labels }}"});
    let labels = |row: &Map<String, Value>| json!({"labels": row["mc2_targets"]["labels"]});
    check_all(&["truthfulqa_mc2"], 120, |at| check(at, "multiple_choice", &params, labels, &[("mc2", "acc", 1e-9)]));
}

#[test]
fn pairs_of_sentences() {
    let pairs = [("pct_stereotype", "pct_stereotype", 0.0), ("likelihood_diff", "likelihood_diff", 1e-9)];
    check_all(&["crows_pairs_english"], 200, |at| check(at, "sentence_pair", &json!({}), |_| json!({}), &pairs));
}

#[test]
fn likelihoods_of_continuations_and_texts() {
    let continuations = [("perplexity", "perplexity", 0.0), ("greedy", "acc", 0.0)];
    check_all(&["greedy_loglikelihood"], 40, |at| check(at, "likelihood", &json!({}), |_| json!({}), &continuations));
    let texts = [("word_perplexity", "word_perplexity", 1e-9), ("byte_perplexity", "byte_perplexity", 1e-9)];
    check_all(&["paragraphs_rolling", "paragraphs_rolling_128"], 40, |at| {
        check(at, "likelihood", &json!({}), |_| json!({}), &texts)
    });
}
