//! Tiny models against what transformers computed with them, in the tolerances of the fixtures' origin.

use crate::fixture::{Opened, distance, fixture, list, none, read_json, request};
use serde_json::{Value, json};

/// What a float32 implementation meets: logits and rewards, sums of log-probabilities, probabilities.
const LOGITS: f64 = 2e-4;
const SUM: f64 = 1e-3;
const PROBABILITIES: f64 = 1e-4;

/// Compares, and notes what differs.
struct Differences<'a> {
    of: &'a str,
    found: Vec<String>,
}

impl Differences<'_> {
    fn equal(&mut self, what: &str, actual: &Value, expected: &Value) {
        if actual != expected {
            self.found.push(format!("{}: {what} {actual}, expected {expected}", self.of));
        }
    }

    fn close(&mut self, what: &str, actual: &Value, expected: &Value, tolerance: f64) {
        let distance = distance(actual, expected);
        if distance.is_nan() || distance > tolerance {
            self.found.push(format!("{}: {what} is {distance:e} off, {tolerance:e} allowed", self.of));
        }
    }
}

#[test]
fn language_models() {
    for folder in ["llama", "llama-rope-scaled"] {
        let folder = fixture("models").join(folder);
        check_causal(&Opened::new(&folder), &read_json(&folder.join("expected.json")));
    }
}

#[test]
fn language_models_in_gguf_files() {
    let folder = fixture("models/llama-gguf");
    let expected = read_json(&folder.join("expected.json"));
    let files = expected["files"].as_object().expect("files by name");
    assert_eq!(files.len(), 3);
    for (file, expected) in files {
        check_causal(&Opened::new(&folder.join(file)), expected);
    }
}

fn check_causal(opened: &Opened, expected: &Value) {
    let of = opened.name.to_string();
    let mut differences = Differences { of: &of, found: Vec::new() };
    for prompt in list(expected, "prompts") {
        check_prompt(opened, prompt, &mut differences);
    }
    let pairs = list(expected, "loglikelihood");
    let ask = |pair: &Value| json!({"kind": "loglikelihood", "context": pair["context"], "continuation": pair["continuation"]});
    let replies = opened.ask(&pairs.iter().map(ask).collect::<Vec<_>>());
    for (reply, pair) in replies.iter().zip(pairs) {
        differences.equal("the continuation's ids", &reply["tokens"], &pair["continuation_ids"]);
        differences.equal("context_tokens", &reply["context_tokens"], &list(pair, "context_ids").len().into());
        differences.close("loglikelihood", &reply["logprob"], &pair["loglikelihood"], SUM);
        if pair["is_greedy_sure"] == true {
            differences.equal("is_greedy", &reply["is_greedy"], &pair["is_greedy"]);
        }
        let context = &request(&ask(pair));
        let path = opened.model.token_paths(context).expect("the request is encoded").expect("known tokens");
        let read = [list(pair, "context_ids"), list(pair, "continuation_ids")].concat();
        differences.equal("what is read", &json!(path), &json!([read[..read.len() - 1]]));
    }
    let chats = list(expected, "chat");
    let ask = |chat: &Value| json!({"kind": "chat_template", "messages": chat["messages"]});
    let replies = opened.ask(&chats.iter().map(ask).collect::<Vec<_>>());
    for (reply, chat) in replies.iter().zip(chats) {
        differences.equal("the rendered chat", &reply["text"], &chat["rendered"]);
        differences.equal("the chat's ids", &reply["ids"], &chat["ids"]);
    }
    none(&differences.found);
}

fn check_prompt(opened: &Opened, prompt: &Value, differences: &mut Differences<'_>) {
    let (text, ids) = (&prompt["text"], list(prompt, "ids"));
    let greedy = list(prompt, "greedy_ids");
    let mut requests = vec![
        json!({"kind": "tokenize", "text": text}),
        json!({"kind": "next_logits", "text": text}),
        json!({"kind": "generate", "prompt": text, "max_new_tokens": 24, "temperature": 0}),
    ];
    requests.extend((1..ids.len()).map(|many| json!({"kind": "next_logits", "ids": ids[..many]})));
    let replies = opened.ask(&requests);
    differences.equal("ids", &replies[0]["ids"], &prompt["ids"]);
    differences.close("last_logits", &replies[1]["logits"], &prompt["last_logits"], LOGITS);
    let sure = prompt["greedy_sure"].as_u64().expect("a count") as usize;
    let generated = replies[2]["token_ids"].as_array().map_or(&[][..], Vec::as_slice);
    let first = &generated[..sure.min(generated.len())];
    differences.equal("greedy ids", &json!(first), &json!(greedy[..sure]));
    if sure == greedy.len() {
        differences.equal("number of greedy ids", &generated.len().into(), &sure.into());
        differences.equal("greedy text", &replies[2]["text"], &prompt["greedy_text"]);
    }
    let sum: f64 = replies[3..].iter().zip(&ids[1..]).map(|(reply, id)| log_probability(reply, id)).sum();
    differences.close("sum_logprob", &json!(sum), &prompt["sum_logprob"], SUM);
}

/// The log-softmax of a reply's logits at an id.
fn log_probability(reply: &Value, id: &Value) -> f64 {
    let logits: Vec<f64> = list(reply, "logits").iter().map(|logit| logit.as_f64().expect("a logit")).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits[id.as_u64().expect("an id") as usize] - largest - sum.ln()
}

#[test]
fn classifiers() {
    for name in ["roberta-cls", "bert-cls"] {
        let folder = fixture("models").join(name);
        let (opened, expected) = (Opened::new(&folder), read_json(&folder.join("expected.json")));
        let mut differences = Differences { of: name, found: Vec::new() };
        let texts = [list(&expected, "texts"), list(&expected, "pairs")].concat();
        let ask = |text: &Value| {
            let pair = text.get("text_pair").unwrap_or(&Value::Null);
            json!({"kind": "classify", "text": text["text"], "text_pair": pair})
        };
        let replies = opened.ask(&texts.iter().map(ask).collect::<Vec<_>>());
        for (reply, text) in replies.iter().zip(&texts) {
            let read =
                opened.model.token_paths(&request(&ask(text))).expect("the text is encoded").expect("known tokens");
            differences.equal("ids", &json!(read), &json!([text["ids"]]));
            differences.close("logits", &reply["logits"], &text["logits"], LOGITS);
            let by_label = reply["probabilities"].as_object().expect("probabilities by label");
            assert!(by_label.keys().eq(&opened.model.card().labels), "the labels stand in order");
            let probabilities: Value = by_label.values().cloned().collect();
            differences.close("probabilities", &probabilities, &text["probs"], PROBABILITIES);
        }
        none(&differences.found);
    }
}

#[test]
fn a_reward_model() {
    let folder = fixture("models/llama-reward");
    let (opened, expected) = (Opened::new(&folder), read_json(&folder.join("expected.json")));
    let mut differences = Differences { of: "llama-reward", found: Vec::new() };
    let (texts, chats) = (list(&expected, "texts"), list(&expected, "chat"));
    let text = |case: &Value| json!({"kind": "reward", "text": case["text"]});
    let chat = |case: &Value| json!({"kind": "reward", "messages": case["messages"]});
    let asked: Vec<Value> = texts.iter().map(text).chain(chats.iter().map(chat)).collect();
    let cases = texts.iter().chain(chats);
    for ((reply, case), asked) in opened.ask(&asked).iter().zip(cases).zip(&asked) {
        differences.close("reward", &reply["reward"], &case["reward"], LOGITS);
        let read = opened.model.token_paths(&request(asked)).expect("the text is encoded").expect("known tokens");
        differences.equal("ids", &json!(read), &json!([case["ids"]]));
    }
    let ask =
        |case: &Value| json!({"kind": "chat_template", "messages": case["messages"], "add_generation_prompt": false});
    for (reply, case) in opened.ask(&chats.iter().map(ask).collect::<Vec<_>>()).iter().zip(chats) {
        differences.equal("the rendered chat", &reply["text"], &case["rendered"]);
        differences.equal("the chat's ids", &reply["ids"], &case["ids"]);
    }
    none(&differences.found);
}
