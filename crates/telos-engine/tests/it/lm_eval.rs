//! Requests of lm-evaluation-harness's tasks against what it computed, request by request.

use crate::fixture::{Opened, beside, fixture, list, none, read_json, read_lines, request, smollm2};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const LOGLIKELIHOOD: f64 = 2e-3;
/// Sums of thousands.
const ROLLING: f64 = 1e-2;

#[test]
fn llama() {
    check(&fixture("models/llama"), "llama", "</s>", 19);
}

#[test]
fn llama_rope_scaled() {
    check(&fixture("models/llama-rope-scaled"), "llama-rope-scaled", "</s>", 19);
}

#[test]
fn smollm2_in_a_gguf_file() {
    if let Some(model) = smollm2() {
        check(&model, "smollm2", "<|im_end|>", 12);
    }
}

/// All tasks of a model; `end` is the text of the end token, which is a stop in each of them.
fn check(model: &Path, name: &str, end: &str, tasks: usize) {
    let Some(folder) = beside("lm_eval").map(|folder| folder.join(name)) else { return };
    let entries = std::fs::read_dir(&folder).expect("the folder can be read");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.sort();
    assert_eq!(folders.len(), tasks, "{}", folder.display());
    let opened = Opened::new(model);
    let differences: Vec<String> = folders.iter().flat_map(|folder| task(&opened, folder, end)).collect();
    none(&differences);
}

/// One task: all of its requests in one call.
fn task(opened: &Opened, folder: &Path, end: &str) -> Vec<String> {
    let run = &read_json(&folder.join("results.json"))["run"];
    // A length that was not set is the model's own.
    let length = if run["max_length_set"] == true { run["max_length"].clone() } else { json!(1_000_000) };
    let samples = read_lines(&folder.join("samples.jsonl"));
    let mut cases = Vec::new();
    for sample in &samples {
        for (number, arguments) in list(sample, "arguments").iter().enumerate() {
            cases.push(Case::new(sample, number, arguments, &length, end));
        }
    }
    assert!(!cases.is_empty(), "{} has no requests", folder.display());
    let requests: Vec<Value> = cases.iter().map(|case| case.request.clone()).collect();
    let replies = opened.ask(&requests);
    let compare = |(case, reply): (&Case<'_>, &Value)| {
        let place = format!("{} {}.{}", folder.display(), case.sample["doc_id"], case.number);
        case.compare(opened, reply).into_iter().map(move |what| format!("{place}: {what}")).collect::<Vec<_>>()
    };
    cases.iter().zip(&replies).flat_map(compare).collect()
}

/// One request of a document.
struct Case<'a> {
    sample: &'a Value,
    number: usize,
    request: Value,
}

impl<'a> Case<'a> {
    fn new(sample: &'a Value, number: usize, arguments: &Value, length: &Value, end: &str) -> Self {
        let settings = &arguments[1];
        let request = if settings.is_string() {
            json!({"kind": "loglikelihood", "context": arguments[0], "continuation": settings, "max_length": length})
        } else if settings.is_object() {
            let mut stop = list(settings, "until").to_vec();
            stop.push(end.into());
            json!({"kind": "generate", "prompt": arguments[0], "max_new_tokens": settings["max_gen_toks"],
                "temperature": 0, "stop": stop, "max_length": length})
        } else {
            json!({"kind": "loglikelihood_rolling", "text": arguments[0], "max_length": length})
        };
        Self { sample, number, request }
    }

    fn compare(&self, opened: &Opened, reply: &Value) -> Vec<String> {
        if reply.get("error").is_some() {
            return vec![reply.to_string()];
        }
        match self.request["kind"].as_str() {
            Some("loglikelihood") => self.pair(reply),
            Some("generate") => self.text(reply),
            _ => self.rolling(opened, reply),
        }
    }

    fn pair(&self, reply: &Value) -> Vec<String> {
        let expected = &list(self.sample, "resps")[self.number];
        let tokens = json!([reply["context_tokens"], list(reply, "tokens").len()]);
        let cut = self.sample.get("cut").map_or(&Value::Null, |cut| &cut[self.number]);
        let cut = if cut.is_null() { &json!(0) } else { cut };
        let mut found = near("loglikelihood", &reply["logprob"], &expected[0], LOGLIKELIHOOD);
        found.extend(equal("is_greedy", &reply["is_greedy"], &expected[1]));
        found.extend(equal("tokens", &tokens, &self.sample["tokens"][self.number]));
        found.extend(equal("cut", &reply["truncated_tokens"], cut));
        found
    }

    fn rolling(&self, opened: &Opened, reply: &Value) -> Vec<String> {
        let mut found = near("rolling", &reply["logprob"], &self.sample["resps"][self.number], ROLLING);
        // [ids of the context, ids predicted] of each window; the model reads all of them but the last.
        let windows = list(self.sample, "windows");
        let count = |window: &Value, part: usize| window[part].as_u64().expect("a count");
        let read: Vec<u64> = windows.iter().map(|window| count(window, 0) + count(window, 1) - 1).collect();
        let paths =
            opened.model.token_paths(&request(&self.request)).expect("the text is encoded").expect("known tokens");
        let paths: Vec<usize> = paths.iter().map(Vec::len).collect();
        found.extend(equal("windows", &json!(paths), &json!(read)));
        let predicted: u64 = windows.iter().map(|window| count(window, 1)).sum();
        found.extend(equal("predicted ids", &reply["tokens"], &json!(predicted)));
        // lm-evaluation-harness's weights of the two perplexities, where the sample has them.
        for (field, metric) in [("words", "word_perplexity"), ("bytes", "byte_perplexity")] {
            if let Some(weighted) = self.sample["metrics"].get(metric) {
                found.extend(equal(field, &reply[field], &weighted[1]));
            }
        }
        found
    }

    fn text(&self, reply: &Value) -> Vec<String> {
        let (ids, sure) = (list(self.sample, "ids"), self.sample["sure"].as_u64().expect("a count") as usize);
        let mut found = equal("context_tokens", &reply["prompt_tokens"], &self.sample["context_tokens"]);
        let cut = self.sample.get("cut").cloned().unwrap_or(json!(0));
        found.extend(equal("cut", &reply["truncated_tokens"], &cut));
        let generated = list(reply, "token_ids");
        let first = json!(generated[..sure.min(generated.len())]);
        found.extend(equal("the first ids", &first, &json!(ids[..sure])));
        if sure == ids.len() {
            found.extend(equal("ids", &json!(generated), &json!(ids)));
            found.extend(equal("text", &reply["text"], &self.sample["resps"][self.number]));
        }
        found
    }
}

fn equal(what: &str, actual: &Value, expected: &Value) -> Vec<String> {
    if actual == expected { Vec::new() } else { vec![format!("{what} {actual}, expected {expected}")] }
}

fn near(what: &str, actual: &Value, expected: &Value, tolerance: f64) -> Vec<String> {
    let distance = crate::fixture::distance(actual, expected);
    if distance <= tolerance { Vec::new() } else { vec![format!("{what} {actual}, expected {expected}")] }
}
