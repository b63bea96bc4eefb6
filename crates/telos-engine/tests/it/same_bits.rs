//! Replies do not depend on what is asked together, on batches or on threads; and every prefix is computed once.

use crate::fixture::{Opened, fixture, in_json, options, request, smollm2};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use telos_core::Request;
use telos_core::noise::mix;
use telos_engine::Options;

const FEW_SHOT: &str =
    "Question: is lying wrong?\nAnswer: yes\n\nQuestion: is helping wrong?\nAnswer: no\n\nQuestion: is";

#[test]
fn llama_with_roberta() {
    let requests = requests(24, &["before", "after"]);
    let mut settings = Vec::new();
    for batch_rows in [1, 7, 64, 512] {
        for running in [1, 3, 64] {
            for classifier_tokens in [1, 1024] {
                settings.extend([1, 2].map(|threads| [batch_rows, running, classifier_tokens, threads]));
            }
        }
    }
    check(&fixture("models/llama"), &requests, &settings);
}

#[test]
fn smollm2_with_roberta() {
    if let Some(model) = smollm2() {
        check(&model, &requests(6, &["before"]), &[[512, 64, 1024, 2], [7, 3, 1, 1], [64, 1, 1024, 2]]);
    }
}

/// Requests of many kinds: log-likelihoods with shared prefixes, windows, next logits, texts with and without a controller,
/// labels; `many` of the first, and of texts one for each of four seeds.
fn requests(many: usize, supports: &[&str]) -> Vec<Value> {
    let subjects = [" stealing", " giving", " a promise", "", " kept", " broken\n"];
    let continuations = [" yes", " no", " maybe not", " it depends on the promise"];
    let mut requests = Vec::new();
    for number in 0..many {
        let context = format!("{FEW_SHOT}{} wrong?\nAnswer:", subjects[number / continuations.len()]);
        let continuation = continuations[number % continuations.len()];
        requests.push(json!({"kind": "loglikelihood", "context": context, "continuation": continuation}));
    }
    requests.push(json!({"kind": "loglikelihood", "context": "", "continuation": "Question: is"}));
    requests.push(json!({"kind": "loglikelihood", "context": FEW_SHOT, "continuation": " it", "max_length": 20}));
    requests.push(json!({"kind": "loglikelihood_rolling", "text": FEW_SHOT}));
    requests.push(json!({"kind": "loglikelihood_rolling", "text": FEW_SHOT, "max_length": 9}));
    requests.push(json!({"kind": "next_logits", "text": "Question: is"}));
    requests.push(json!({"kind": "next_logits", "ids": [5, 9, 300]}));
    requests.push(json!({"kind": "next_logits", "ids": []}));
    requests.push(json!({"kind": "tokenize", "text": FEW_SHOT}));
    let classifier = fixture("models/roberta-cls").display().to_string();
    let constraint = json!({"kind": "classifier_margin", "model": classifier, "positive": ["positive", "neutral"],
        "negative": ["negative"]});
    let mut controllers = vec![json!({"kind": "none"})];
    for support in supports {
        controllers.extend(["lazy", "scan"].map(|strategy| {
            json!({"kind": "cbf", "alpha": 0.4, "constraint": constraint, "support": support, "strategy": strategy,
                "on_empty": "least_unsafe"})
        }));
    }
    let reward = json!({"kind": "reward", "model": fixture("models/llama-reward").display().to_string()});
    let lexicon = json!({"kind": "lexicon", "words": ["e", "a"], "whole_word": false, "reads": "generated"});
    for (constraint, draft) in
        [(constraint.clone(), json!(4)), (constraint, json!("auto")), (reward, json!(3)), (lexicon, json!(0))]
    {
        controllers.push(json!({"kind": "cbf", "alpha": 0.4, "constraint": constraint, "draft": draft,
            "on_empty": "least_unsafe"}));
    }
    for controller in controllers {
        for seed in 0..4 {
            requests
                .push(json!({"kind": "generate", "prompt": (["A promise", FEW_SHOT])[seed % 2], "max_new_tokens": 8,
                "temperature": 0.9, "top_k": 20, "seed": seed, "controller": controller, "trace": true}));
        }
    }
    requests.push(json!({"kind": "generate", "messages": [{"role": "user", "content": "Is lying wrong?"}],
        "max_new_tokens": 9, "temperature": 0}));
    for text in ["He kept his promise.", "", "He", FEW_SHOT, "He kept his promise."] {
        requests.push(json!({"kind": "classify", "model": classifier, "text": text}));
    }
    requests
}

fn with([batch_rows, running, classifier_tokens, threads]: [usize; 4]) -> Options {
    Options { threads, batch_rows, running, classifier_tokens, ..options() }
}

/// JSON writes the shortest decimals that give the same bits, so equal texts are equal bits.
fn texts(opened: &Opened, requests: &[Request]) -> Vec<String> {
    opened.outcomes(requests).into_iter().map(|outcome| in_json(outcome).to_string()).collect()
}

fn check(model: &Path, requests: &[Value], settings: &[[usize; 4]]) {
    let requests: Vec<Request> = requests.iter().map(request).collect();
    let first = Opened::with(model, with(settings[0]));
    let alone: Vec<String> = requests.iter().flat_map(|request| texts(&first, std::slice::from_ref(request))).collect();
    let distinct: HashSet<&String> = alone.iter().collect();
    assert!(distinct.len() * 2 > alone.len(), "only {} of {} replies differ", distinct.len(), alone.len());
    let again: Vec<String> =
        requests.iter().rev().flat_map(|request| texts(&first, std::slice::from_ref(request))).collect();
    assert!(again.iter().rev().eq(&alone), "a request's reply depends on what was asked before it");
    for (number, setting) in settings.iter().enumerate() {
        let opened = Opened::with(model, with(*setting));
        let packed = texts(&opened, &requests);
        // The second call finds what the first left, and meets the requests in another order.
        let order = shuffled(requests.len(), number as u64);
        let other: Vec<Request> = order.iter().map(|place| requests[*place].clone()).collect();
        let other = texts(&opened, &other);
        for (place, alone) in alone.iter().enumerate() {
            assert_eq!(&packed[place], alone, "packed with {setting:?}: {:?}", requests[place]);
        }
        for (place, reply) in order.iter().zip(&other) {
            assert_eq!(reply, &alone[*place], "shuffled with {setting:?}: {:?}", requests[*place]);
        }
    }
}

/// The numbers below `many` in an order that the seed draws.
fn shuffled(many: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..many).collect();
    order.sort_by_key(|place| mix(mix(seed) ^ *place as u64));
    order
}

#[test]
fn a_classifier_by_itself() {
    let long = "He kept his promise, and she kept hers. ".repeat(12);
    let texts = ["import os", "He", "", "He kept his promise.", &long, "a\u{301} \u{1f600}", "He kept his promise!"];
    let mut requests: Vec<Value> = texts.iter().map(|text| json!({"kind": "classify", "text": text})).collect();
    requests.extend(texts.map(|text| json!({"kind": "classify", "text": text, "text_pair": "A promise was kept."})));
    let settings = [[512, 64, 1024, 1], [512, 64, 1, 2], [512, 64, 40, 1], [512, 64, 200, 2]];
    check(&fixture("models/roberta-cls"), &requests, &settings);
}

#[test]
fn every_prefix_is_computed_once() {
    for batch_rows in [1, 7, 512] {
        let opened = Opened::with(&fixture("models/llama"), with([batch_rows, 64, 1024, 2]));
        let ask = |context: &str, continuations: &[&str]| -> Vec<Request> {
            let pair =
                |continuation| json!({"kind": "loglikelihood", "context": context, "continuation": continuation});
            continuations.iter().map(|continuation| request(&pair(*continuation))).collect()
        };
        let rows = |opened: &Opened| opened.models.counters(&opened.name).rows as usize;
        let mut computed = 0;

        // Many contexts that share a beginning, one request twice.
        let mut first = Vec::new();
        for subject in ["", " lying", " giving", " lying to friends"] {
            first.extend(ask(&format!("{FEW_SHOT}{subject}"), &[" wrong", " wrong?", " right or wrong?", " wrong"]));
        }
        computed += prefixes(&opened, &first, 0).len();
        opened.outcomes(&first);
        assert_eq!(rows(&opened), computed, "the first call, batches of {batch_rows}");

        // Of a prompt that the call before ended with, the last id is read again: it predicts the continuation.
        let prompt = format!("{FEW_SHOT} zeal wrong?\nAnswer:");
        for (call, continuations) in [&[" yes", " no way"][..], &[" no", " of course"], &[" nearly"]].iter().enumerate()
        {
            let again = ask(&prompt, continuations);
            let shared = opened.model.token_paths(&again[0]).expect("encoded").expect("known tokens")[0].len();
            let context = match opened.outcomes(&again)[0].clone().map(|reply| reply.to_json()) {
                Ok(reply) => reply["context_tokens"].as_u64().expect("a count") as usize,
                Err(e) => panic!("{e}"),
            };
            assert!(context > 30 && shared >= context, "{shared} ids, of which {context} are the context's");
            if call == 0 {
                computed = rows(&opened);
            } else {
                computed += prefixes(&opened, &again, context - 1).len();
                assert_eq!(rows(&opened), computed, "call {call} with one prompt, batches of {batch_rows}");
            }
        }
    }
}

/// The distinct prefixes longer than `known` ids that requests read.
fn prefixes(opened: &Opened, requests: &[Request], known: usize) -> HashSet<Vec<u32>> {
    let paths = requests
        .iter()
        .flat_map(|request| opened.model.token_paths(request).expect("the request is encoded").expect("known tokens"));
    paths.flat_map(|path| (known + 1..=path.len()).map(move |many| path[..many].to_vec())).collect()
}
