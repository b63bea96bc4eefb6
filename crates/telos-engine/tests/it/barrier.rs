//! The barrier filter against replies of a program on transformers, with the reading of what must match that came with them.

use crate::fixture::{Opened, beside, distance, fixture, list, none, read_lines, smollm2};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const EXACT: [&str; 5] = ["token", "rank", "proposed", "changed", "fallback"];
const LEVELS: [&str; 3] = ["h_before", "threshold", "h_after"];
const CLOSE: f64 = 1e-4;
const LOGPROB: f64 = 1e-3;

#[test]
fn tiny_models() {
    let cases = cases(&fixture("cbf"), &["llama", "llama-rope-scaled", "roberta-cls"]);
    assert_eq!(cases.len(), 18);
    check(&fixture("models/llama"), &cases);
}

#[test]
fn smollm2_with_a_sentiment_classifier() {
    let (Some(model), Some(folder)) = (smollm2(), beside("smollm2-cbf")) else { return };
    let cases = cases(&folder, &["minilm-sentiment"]);
    assert_eq!(cases.len(), 23);
    check(&model, &cases);
}

#[test]
fn lexicons_and_reward_models() {
    let cases = cases(&fixture("constraints"), &["llama", "llama-reward", "roberta-cls"]);
    assert_eq!(cases.len(), 38);
    check(&fixture("models/llama"), &cases);
}

#[test]
fn the_goldens_of_the_controllers_that_are_here() {
    let Some(folder) = beside("controllers") else { return };
    let has = |(request, _): &(Value, Value)| {
        let kind = request["controller"]["kind"].as_str().unwrap_or("none");
        let constraint = request["controller"].pointer("/constraint/kind").and_then(Value::as_str);
        ["none", "cbf", "blacklist"].contains(&kind)
            && constraint.is_none_or(|kind| ["classifier_margin", "lexicon", "reward"].contains(&kind))
    };
    let cases: Vec<_> = cases(&folder, &["llama", "llama-reward", "roberta-cls"]).into_iter().filter(has).collect();
    assert!(cases.len() >= 5, "{} cases", cases.len());
    check(&fixture("models/llama"), &cases);
}

#[test]
fn drafts_change_no_reply() {
    let (mut requests, mut spent) = (Vec::new(), 0);
    for folder in ["cbf", "constraints"] {
        let cases = cases(&fixture(folder), &["llama", "llama-rope-scaled", "roberta-cls", "llama-reward"]);
        requests.extend(cases.into_iter().map(|(request, _)| request).filter(|r| r["controller"]["kind"] != "none"));
    }
    requests.retain(|request| request.get("controller").is_some());
    // A stop string ends some of the texts within a draft.
    for number in 0..4 {
        let mut request = requests[number * 5].clone();
        request["stop"] = json!([" ", "e", "\n"]);
        requests.push(request);
    }
    let opened = Opened::new(&fixture("models/llama"));
    let plain = opened.ask(&requests);
    for draft in [json!(2), json!(5), json!("auto")] {
        let mut drafting = requests.clone();
        for request in &mut drafting {
            request["controller"]["draft"] = draft.clone();
        }
        for ((mut reply, plain), request) in opened.ask(&drafting).into_iter().zip(&plain).zip(&requests) {
            for step in reply.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
                let vain = step.as_object_mut().and_then(|step| step.shift_remove("spent"));
                spent += vain.and_then(|vain| vain.as_u64()).unwrap_or(0);
            }
            assert_eq!(&reply, plain, "draft {draft}: {request}");
        }
    }
    assert!(spent > 50, "{spent}");
}

/// Requests that need no other models, each with the reply expected.
fn cases(folder: &Path, models: &[&str]) -> Vec<(Value, Value)> {
    let expected = read_lines(&folder.join("expected.jsonl"));
    let requests = read_lines(&folder.join("requests.jsonl"));
    let find = |id: &Value| expected.iter().find(|reply| reply["id"] == *id).expect("a reply to each request").clone();
    let known = |request: &Value| {
        let named = names(request);
        named.iter().all(|name| models.iter().any(|model| name.file_name().is_some_and(|last| last == *model)))
    };
    requests.into_iter().filter(known).map(|request| (request.clone(), find(&request["id"]))).collect()
}

/// The paths of all models in a request.
fn names(value: &Value) -> Vec<PathBuf> {
    match value {
        Value::Array(list) => list.iter().flat_map(names).collect(),
        Value::Object(map) => {
            let own = map.get("model").and_then(Value::as_str).map(PathBuf::from);
            own.into_iter().chain(map.values().flat_map(names)).collect()
        }
        _ => Vec::new(),
    }
}

/// Asks all at once and compares.
fn check(model: &Path, cases: &[(Value, Value)]) {
    let requests: Vec<Value> = cases.iter().map(|(request, _)| request.clone()).collect();
    let mut differences = Vec::new();
    for (actual, (request, expected)) in Opened::new(model).ask(&requests).iter().zip(cases) {
        let found = compare(actual, expected, request);
        differences.extend(found.into_iter().map(|what| format!("{}: {what}", request["id"])));
    }
    none(&differences);
}

/// How a controller reads its candidates.
#[expect(clippy::struct_excessive_bools, reason = "four independent ways in which a request may be checked")]
struct Way {
    after: bool,
    scan: bool,
    controlled: bool,
    several: bool,
}

impl Way {
    fn of(request: &Value) -> Self {
        let controller = &request["controller"];
        Self {
            after: controller["support"] == "after",
            scan: controller["strategy"] == "scan",
            controlled: controller["kind"].as_str().is_some_and(|kind| kind != "none"),
            several: controller.get("constraints").is_some(),
        }
    }

    /// In the order tried; as a set where probabilities order them; at least those where more may be tried.
    fn same_rejected(&self, actual: &Value, expected: &Value) -> bool {
        let sorted = |list: &Value| {
            let mut ids: Vec<u64> = list.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            ids.sort_unstable();
            ids
        };
        let (Some(tried), Some(wanted)) = (actual.as_array(), expected.as_array()) else { return false };
        if self.scan {
            tried.len() == wanted.len() && sorted(actual) == sorted(expected)
        } else if self.after {
            let mut rest = tried.iter();
            wanted.iter().all(|id| rest.any(|tried| tried == id))
        } else {
            tried == wanted
        }
    }

    fn same_evaluations(&self, actual: &Value, expected: &Value) -> bool {
        match (actual.as_u64(), expected.as_u64()) {
            // How the k-th allowed token is found is the implementation's business.
            (Some(_), Some(_)) if self.after && !self.scan => true,
            // The expected count evaluates every constraint for every token tried.
            (Some(actual), Some(expected)) if self.several => actual <= expected,
            (actual, expected) => actual.is_some() && actual == expected,
        }
    }

    /// The fields of a step that differ.
    fn step(&self, actual: &Value, expected: &Value) -> Vec<&'static str> {
        let mut wrong: Vec<&str> = EXACT.into_iter().filter(|f| actual[f] != expected[f]).collect();
        if self.controlled {
            wrong.extend(LEVELS.into_iter().filter(|f| !close(&actual[f], &expected[f], CLOSE)));
            if !self.same_rejected(&actual["rejected"], &expected["rejected"]) {
                wrong.push("rejected");
            }
            if !self.same_evaluations(&actual["evaluations"], &expected["evaluations"]) {
                wrong.push("evaluations");
            }
        }
        wrong
    }
}

fn close(actual: &Value, expected: &Value, tolerance: f64) -> bool {
    if expected.is_null() { actual.is_null() } else { distance(actual, expected) <= tolerance }
}

fn compare(actual: &Value, expected: &Value, request: &Value) -> Vec<String> {
    let failed = |reply: &Value| reply.get("error").is_some();
    if failed(actual) || failed(expected) {
        let both = failed(actual) && failed(expected);
        return if both { Vec::new() } else { vec![format!("{actual}, expected {expected}")] };
    }
    let mut found: Vec<String> = ["token_ids", "finish_reason", "text"]
        .into_iter()
        .filter(|field| actual[field] != expected[field])
        .map(|field| format!("{field} {}, expected {}", actual[field], expected[field]))
        .collect();
    if let Some(logprobs) = expected.get("token_logprobs")
        && !close(&actual["token_logprobs"], logprobs, LOGPROB)
    {
        found.push(format!("token_logprobs {}, expected {logprobs}", actual["token_logprobs"]));
    }
    let way = Way::of(request);
    if expected.get("steps").is_some() {
        assert_eq!(request["trace"], true, "only a trace has steps");
        let (steps, wanted) = (list(actual, "steps"), list(expected, "steps"));
        if steps.len() != wanted.len() {
            found.push(format!("{} steps, expected {}", steps.len(), wanted.len()));
        }
        // Later steps follow from the first that differs.
        let first = steps.iter().zip(wanted).enumerate().find_map(|(number, (a, e))| {
            let wrong = way.step(a, e);
            let shown = wrong.iter().map(|f| format!("{f} {}, expected {}", a[f], e[f])).collect::<Vec<_>>();
            (!wrong.is_empty()).then(|| format!("step {number}: {}", shown.join("; ")))
        });
        found.extend(first);
    }
    found
}

#[test]
fn a_constraint_in_a_list_alone_or_twice_acts_as_itself() {
    let single = |(request, _): &(Value, Value)| request["controller"].get("constraint").is_some();
    let models = ["llama", "llama-rope-scaled", "roberta-cls"];
    let cases: Vec<_> = cases(&fixture("cbf"), &models).into_iter().filter(single).collect();
    assert!(cases.len() > 8, "{} requests have a single constraint", cases.len());
    let requests: Vec<Value> = cases.into_iter().map(|(request, _)| request).collect();
    let opened = Opened::new(&fixture("models/llama"));
    let once = opened.ask(&requests);
    for times in [1, 2] {
        let listed: Vec<Value> = requests.iter().map(|request| in_list(request, times)).collect();
        for ((once, reply), request) in once.iter().zip(opened.ask(&listed)).zip(&listed) {
            assert!(reply == levels_listed(once, times), "{times} times: {request} gives {reply}, once {once}");
        }
    }
}

/// The request with its constraint in a list, that many times.
fn in_list(request: &Value, times: usize) -> Value {
    let mut request = request.clone();
    let controller = request["controller"].as_object_mut().expect("a controller");
    let constraint = controller.shift_remove("constraint").expect("a single constraint");
    controller.insert("constraints".into(), vec![json!({"constraint": constraint}); times].into());
    request
}

/// The reply with each level of a step in a list, that many times; everything else, evaluations included, is as it was.
/// The message of an error shows h of each.
fn levels_listed(reply: &Value, times: usize) -> Value {
    let mut reply = reply.clone();
    if let Some(message) = reply.pointer("/error/message").and_then(Value::as_str) {
        let (before, rest) = message.split_once('[').expect("the message shows h");
        let (h, after) = rest.split_once(']').expect("the message shows h");
        reply["error"]["message"] = format!("{before}[{}]{after}", vec![h; times].join(", ")).into();
    }
    for step in reply.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten() {
        for field in LEVELS {
            if !step[field].is_null() {
                step[field] = vec![step[field].clone(); times].into();
            }
        }
    }
    reply
}
