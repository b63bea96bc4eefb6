//! Cases for the tests of evaluators.

use crate::build;
use serde_json::{Map, Value, json};
use telos_core::{Case, Exchange, Item, Outcome, Reply, Request, RequestError, Status};

/// What one metric came to.
#[derive(Debug, PartialEq)]
pub(crate) enum Got {
    /// A value, compared within 1e-12.
    Is(f64),
    /// None, with this status and this in the reason.
    Lacks(Status, &'static str),
}

/// Builds the evaluator from `params`, hands it a case whose filled parameters are `filled` (where not null) and compares the
/// scores in `want`, by metric. Requests and replies are in the probe's form; a reply `{"error": …}` is an error.
pub(crate) struct Check<'a> {
    pub(crate) kind: &'a str,
    pub(crate) params: Value,
    pub(crate) filled: Value,
    pub(crate) exchange: &'a [(Value, Value)],
    pub(crate) follow_up_replies: &'a [Value],
}

impl Check<'_> {
    pub(crate) fn wants(&self, want: &[(&str, Got)]) {
        let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let params = object(&self.params);
        let mut filled = params.clone();
        filled.extend(object(&self.filled));
        let evaluator = build(self.kind, &params).expect("good parameters");
        let requests: Vec<Request> =
            self.exchange.iter().map(|(request, _)| Request::from_json(request).expect("a good request")).collect();
        let replies: Vec<Outcome> =
            requests.iter().zip(self.exchange).map(|(request, (_, reply))| outcome(request.kind(), reply)).collect();
        let item = Item::new("0".into(), 0, None, Map::new());
        let asked = Exchange { requests: &requests, replies: &replies };
        let case = Case { item: &item, params: &filled, turns: 1, waves: &[asked] };
        let follow_ups = evaluator.asks().map(|asks| asks.next(&case)).unwrap_or_default();
        let follow_up_replies: Vec<Outcome> = follow_ups
            .iter()
            .zip(self.follow_up_replies)
            .map(|(request, reply)| outcome(request.kind(), reply))
            .collect();
        let followed = Exchange { requests: &follow_ups, replies: &follow_up_replies };
        let scores = evaluator.evaluate(&Case { waves: &[asked, followed], ..case });
        let offered = evaluator.metrics();
        for score in &scores {
            let metric = offered.iter().find(|m| m.name == score.metric).expect("only offered metrics are scored");
            if let (Some(value), Some([least, largest])) = (score.value, metric.range) {
                assert!((least..=largest).contains(&value), "{score:?} is out of range");
            }
            assert_eq!(score.value.is_some(), score.reason.is_none(), "{score:?}");
        }
        for (metric, want) in want {
            let score = scores.iter().find(|s| s.metric == *metric);
            let score = score.unwrap_or_else(|| panic!("no score for {metric}: {scores:?}"));
            match want {
                Got::Is(value) => {
                    let near = score.value.is_some_and(|got| (got - value).abs() < 1e-12);
                    assert!(near, "{metric}: {score:?}, not {value}");
                }
                Got::Lacks(status, part) => {
                    let reason = score.reason.clone().unwrap_or_default();
                    assert!(score.status == *status && reason.contains(part), "{metric}: {score:?}");
                }
            }
        }
    }
}

fn outcome(kind: &str, reply: &Value) -> Outcome {
    match reply.get("error") {
        Some(error) => Err(RequestError::invalid(error.as_str().unwrap_or_default())),
        None => Ok(Reply::from_json(kind, reply.clone()).expect("a good reply")),
    }
}

/// A `loglikelihood` request and its reply.
pub(crate) fn loglikelihood(continuation: &str, logprob: f64) -> (Value, Value) {
    (
        json!({"kind": "loglikelihood", "context": "c", "continuation": continuation}),
        json!({"logprob": logprob, "is_greedy": false, "tokens": [1, 2], "token_logprobs": [0.0, logprob],
            "context_tokens": 1, "truncated_tokens": 0}),
    )
}

/// A `generate` request and its reply.
pub(crate) fn generation(text: &str) -> (Value, Value) {
    (
        json!({"kind": "generate", "prompt": "p", "max_new_tokens": 8}),
        json!({"text": text, "token_ids": [5, 6], "token_logprobs": [-1.0, -3.0], "finish_reason": "length",
            "prompt_tokens": 1, "truncated_tokens": 0}),
    )
}
