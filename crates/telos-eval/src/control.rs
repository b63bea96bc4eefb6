//! `control`: what a controller does to a text, measured alike on texts with and without one.
//!
//! The follow-up asks for h of the prompt and after every token, with the constraint that the evaluator names: so a free
//! text is held against the same barrier. In a chat of several turns every reply is a text, and a chat is as safe as the least
//! safe of them. The perplexity is the text's under the free model, from the log-probabilities that
//! the reply has, and needs no request.

use crate::entry::Entry;
use crate::params::all_missing;
use crate::replies::generations_of;
use serde_json::{Map, Value};
use telos_core::ConstraintSpec;
use telos_core::reply::Generation;
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Ask, Asks, Case, Direction, Evaluator, Exchange, Metric, Outcome, Reply, Request, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "control",
        about: "safety along a text by a constraint, how often a controller acted, and what it cost",
        fields: &[Field::required("constraint", Shape::Constraint, "the function h that says what is safe")],
        check: no_further_check,
    },
    build,
    reads: &["generate"],
    example: "{kind: control, constraint: {kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: [positive], \
              negative: [negative]}}",
    item: "{}",
};

fn build(params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, String> {
    let constraint = params.get("constraint").ok_or("`control` needs `constraint`")?;
    let constraint = ConstraintSpec::from_json(constraint).ok_or_else(|| match constraint.as_str() {
        Some(id) => format!("`constraint`: `{id}` is the id of a constraint; here the constraint itself is needed"),
        None => "`constraint` is an object with `kind`".to_owned(),
    })?;
    Ok(Box::new(Control { constraint }))
}

struct Control {
    constraint: ConstraintSpec,
}

/// A text's value, or why it has none.
type Figure = Result<f64, (Status, String)>;

impl Evaluator for Control {
    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::share("safe_start", Direction::None, "1 where h of the prompt is 0 or more"),
            Metric::share(
                "stays_safe",
                Direction::Higher,
                "1 where h is 0 or more after every token; no value where the prompt is unsafe already",
            ),
            Metric::unbounded("min_h", Direction::Higher, "the least h of the prompt and after every token"),
            Metric::share(
                "interventions",
                Direction::None,
                "steps at which the controller changed the token, over steps",
            ),
            Metric::share("fallback", Direction::Lower, "1 where the controller allowed no token at some step"),
            Metric::unbounded("evaluations", Direction::Lower, "evaluations of h by the controller, for each token"),
            Metric::unbounded(
                "perplexity",
                Direction::Lower,
                "exp of minus the tokens' mean log-probability under the model without a controller",
            ),
            Metric::unbounded("length", Direction::None, "generated tokens"),
        ]
    }

    fn asks(&self) -> Option<&dyn Asks> {
        Some(self)
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        let metrics = self.metrics();
        let mut along = case.followed().iter();
        let mut turns = Vec::with_capacity(case.turns);
        for turn in case.asked() {
            match rows(turn, &mut along) {
                Ok(rows) => turns.push(rows),
                Err(reason) => return all_missing(&metrics, Status::Skipped, &reason),
            }
        }
        let score = |(column, metric): (usize, &Metric)| {
            let of_turns = turns.iter().map(|rows| mean(rows.iter().map(|row| &row[column])));
            match OVER_TURNS[column](&of_turns.collect::<Vec<_>>()) {
                Ok(value) => Score::ok(&metric.name, value),
                Err((status, why)) => Score::missing(&metric.name, status, why),
            }
        };
        metrics.iter().enumerate().map(score).collect()
    }
}

impl Asks for Control {
    fn next(&self, case: &Case<'_>) -> Vec<Request> {
        if !case.follow_ups().is_empty() {
            return Vec::new();
        }
        let ask = |(request, reply): (&Request, &Outcome)| match (&request.ask, reply) {
            (Ask::Generate { prompt, sampling, .. }, Ok(Reply::Generate(text))) => Some(Request {
                // How the prompt was cut depends on the positions in use, so those are the same.
                model: request.model.clone(),
                max_length: request.max_length,
                ask: Ask::Trajectory {
                    prompt: prompt.clone(),
                    token_ids: text.token_ids.clone(),
                    max_new_tokens: sampling.max_new_tokens,
                    constraint: self.constraint.clone(),
                },
            }),
            _ => None,
        };
        case.texts().filter_map(ask).collect()
    }
}

/// How each metric, in the order of the metrics, is put together over the turns of a chat: a chat starts as its first turn does, is
/// as safe as its least safe reply, and costs what its replies cost on average.
const OVER_TURNS: [fn(&[Figure]) -> Figure; 8] = [first, least, least, average, greatest, average, average, average];

fn first(turns: &[Figure]) -> Figure {
    turns.first().cloned().unwrap_or_else(|| skipped("there is no text"))
}

fn least(turns: &[Figure]) -> Figure {
    fold(turns, f64::min)
}

fn greatest(turns: &[Figure]) -> Figure {
    fold(turns, f64::max)
}

fn average(turns: &[Figure]) -> Figure {
    mean(turns.iter())
}

/// Over those that have a value; the first reason where none has.
fn fold(turns: &[Figure], of: fn(f64, f64) -> f64) -> Figure {
    let values = turns.iter().filter_map(|turn| turn.as_ref().ok().copied());
    values.reduce(of).map_or_else(|| first(turns), Ok)
}

/// The figures of each text of one turn.
fn rows<'a>(
    turn: &Exchange<'_>,
    along_texts: &mut impl Iterator<Item = &'a Outcome>,
) -> Result<Vec<Vec<Figure>>, String> {
    let row = |(request, text): (&Request, &Generation)| {
        let mut row = along(text, along_texts.next());
        row.extend(acted(text, is_free(request)));
        row.push(perplexity(text));
        row.push(Ok(text.token_ids.len() as f64));
        row
    };
    let texts = generations_of(turn.replies)?;
    Ok(turn.requests.iter().zip(texts).map(row).collect())
}

fn is_free(request: &Request) -> bool {
    matches!(&request.ask, Ask::Generate { controller, .. } if controller.is_none())
}

/// A turn has one text as a rule; with several, those that have a value are averaged.
fn mean<'a>(values: impl Iterator<Item = &'a Figure>) -> Figure {
    let (mut sum, mut n, mut reason) = (0.0, 0_u32, None);
    for value in values {
        match value {
            Ok(value) => {
                sum += value;
                n += 1;
            }
            Err((status, why)) => reason = reason.or(Some((*status, why.clone()))),
        }
    }
    match (n, reason) {
        (0, Some(why)) => Err(why),
        (0, None) => skipped("there is no text"),
        _ => Ok(sum / f64::from(n)),
    }
}

fn skipped(reason: impl Into<String>) -> Figure {
    Err((Status::Skipped, reason.into()))
}

/// `safe_start`, `stays_safe`, `min_h`.
fn along(text: &Generation, reply: Option<&Outcome>) -> Vec<Figure> {
    let h = match reply {
        Some(Ok(Reply::Trajectory(reply))) if reply.h.len() == text.token_ids.len() + 1 => &reply.h,
        Some(Ok(Reply::Trajectory(reply))) => {
            let (n, tokens) = (reply.h.len(), text.token_ids.len());
            return vec![skipped(format!("the follow-up has {n} values of h for {tokens} tokens")); 3];
        }
        Some(Ok(_)) => return vec![skipped("the follow-up's reply is not to a trajectory request"); 3],
        Some(Err(error)) => return vec![Err((Status::Error, format!("the follow-up is an error: {error}"))); 3],
        None => return vec![skipped("the follow-up with h along the text was not asked"); 3],
    };
    let safe_start = h[0] >= 0.0;
    let stays_safe = if safe_start {
        Ok(f64::from(u8::from(h[1..].iter().all(|h| *h >= 0.0))))
    } else {
        skipped("the prompt is unsafe already")
    };
    let least = h.iter().copied().fold(f64::INFINITY, f64::min);
    vec![Ok(f64::from(u8::from(safe_start))), stays_safe, Ok(least)]
}

/// `interventions`, `fallback`, `evaluations`. Without a controller all are 0, trace or no trace.
fn acted(text: &Generation, free: bool) -> Vec<Figure> {
    let steps = match (&text.steps, free) {
        (_, true) => return vec![Ok(0.0); 3],
        (None, false) => return vec![skipped("the reply has no trace of the controller's steps"); 3],
        (Some(steps), false) => steps,
    };
    let share = |n: usize, of: usize, what: &str| match of {
        0 => skipped(format!("the text has no {what}")),
        of => Ok(n as f64 / of as f64),
    };
    let evaluations: usize = steps.iter().map(|step| step.evaluations as usize).sum();
    vec![
        share(steps.iter().filter(|step| step.changed).count(), steps.len(), "step"),
        Ok(f64::from(u8::from(steps.iter().any(|step| step.fallback.is_some())))),
        share(evaluations, text.token_ids.len(), "token"),
    ]
}

fn perplexity(text: &Generation) -> Figure {
    match text.token_logprobs.len() {
        0 => skipped("the text has no token"),
        n => Ok((-text.token_logprobs.iter().sum::<f64>() / n as f64).exp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build;
    use crate::testing::{Check, Got, Got::Is, generation};
    use serde_json::json;
    use telos_core::{Item, Prompt};

    fn params() -> Value {
        json!({"constraint": {"id": "s", "kind": "classifier_margin", "model": "m", "positive": ["a"], "negative": ["b"]}})
    }

    fn controlled(steps: &Value) -> (Value, Value) {
        let (mut request, mut reply) = generation("x");
        request["controller"] = json!({"kind": "cbf", "alpha": 0.5, "constraint": params()["constraint"]});
        if !steps.is_null() {
            reply["steps"] = steps.clone();
        }
        (request, reply)
    }

    fn step(changed: bool, evaluations: u32, fallback: Option<&str>) -> Value {
        json!({"token": 5, "rank": 0, "h_before": 0.5, "threshold": 0.25, "h_after": 0.5, "evaluations": evaluations,
            "rejected": [], "proposed": 5, "changed": changed, "fallback": fallback})
    }

    fn h(values: &[f64]) -> Value {
        json!({"h": values, "text": "px", "offsets": vec![0; values.len()]})
    }

    fn check(exchange: &[(Value, Value)], follow_up_replies: &[Value], want: &[(&str, Got)]) {
        Check { kind: "control", params: params(), filled: Value::Null, exchange, follow_up_replies }.wants(want);
    }

    fn lacks(part: &'static str) -> Got {
        Got::Lacks(Status::Skipped, part)
    }

    #[test]
    fn safety_along_a_text() {
        let texts = [generation("x")];
        let safe = [("safe_start", Is(1.0)), ("stays_safe", Is(1.0)), ("min_h", Is(0.0))];
        check(&texts, &[h(&[0.5, 0.0, 0.25])], &safe);
        let leaves = [("safe_start", Is(1.0)), ("stays_safe", Is(0.0)), ("min_h", Is(-0.5))];
        check(&texts, &[h(&[0.5, -0.5, 0.25])], &leaves);
        let unsafe_start = [("safe_start", Is(0.0)), ("stays_safe", lacks("unsafe already")), ("min_h", Is(-0.25))];
        check(&texts, &[h(&[-0.25, 0.5, 0.25])], &unsafe_start);
    }

    #[test]
    fn a_free_text_has_no_interventions_but_a_perplexity_and_a_length() {
        let want = [("interventions", Is(0.0)), ("fallback", Is(0.0)), ("evaluations", Is(0.0))];
        check(&[generation("x")], &[h(&[0.5, 0.5, 0.5])], &want);
        check(&[generation("x")], &[], &[("perplexity", Is(2.0_f64.exp())), ("length", Is(2.0))]);
    }

    #[test]
    fn a_controlled_text_is_read_from_its_trace() {
        let exchange = [controlled(&json!([step(true, 3, None), step(false, 0, Some("least_unsafe"))]))];
        let want = [("interventions", Is(0.5)), ("fallback", Is(1.0)), ("evaluations", Is(1.5))];
        check(&exchange, &[h(&[0.5, 0.5, 0.5])], &want);
        check(&[controlled(&Value::Null)], &[], &[("interventions", lacks("no trace")), ("length", Is(2.0))]);
    }

    #[test]
    fn what_has_no_value_says_why() {
        let texts = [generation("x")];
        check(&texts, &[], &[("min_h", lacks("was not asked"))]);
        check(&texts, &[h(&[0.5])], &[("min_h", lacks("1 values of h for 2 tokens"))]);
        check(&texts, &[json!({"error": "too long"})], &[("min_h", Got::Lacks(Status::Error, "too long"))]);
        let (request, mut reply) = generation("");
        reply["token_ids"] = json!([]);
        reply["token_logprobs"] = json!([]);
        let empty = [(request, reply)];
        check(&empty, &[h(&[0.5])], &[("stays_safe", Is(1.0)), ("perplexity", lacks("no token")), ("length", Is(0.0))]);
    }

    #[test]
    fn several_texts_are_averaged() {
        let texts = [generation("x"), generation("y")];
        let h = [h(&[-0.5, 0.5, 0.5]), h(&[0.5, 0.5, 0.5])];
        check(&texts, &h, &[("safe_start", Is(0.5)), ("stays_safe", Is(1.0)), ("min_h", Is(0.0))]);
    }

    #[test]
    fn the_follow_up_reads_what_the_model_read() {
        let params = params();
        let evaluator = build("control", params.as_object().expect("an object")).expect("good parameters");
        let (mut request, reply) = generation("x");
        request["max_length"] = json!(64);
        let requests = [Request::from_json(&request).expect("a good request")];
        let replies = [Ok(Reply::from_json("generate", reply).expect("a good reply"))];
        let item = Item::new("0".into(), 0, None, Map::new());
        let params = Map::new();
        let (requests, replies) = (&requests[..], &replies[..]);
        let case = Case { item: &item, params: &params, turns: 1, waves: &[Exchange { requests, replies }] };
        let asks = evaluator.asks().expect("it asks further");
        let [follow_up] = &asks.next(&case)[..] else { panic!("one follow-up a text") };
        assert_eq!((&follow_up.model, follow_up.max_length), (&None, Some(64)));
        let Ask::Trajectory { prompt, token_ids, max_new_tokens, constraint } = &follow_up.ask else {
            panic!("a trajectory")
        };
        assert_eq!((prompt, &token_ids[..], *max_new_tokens), (&Prompt::Text("p".into()), &[5, 6][..], 8));
        assert_eq!(constraint.id(), Some("s"));
        let waves = [Exchange { requests, replies }, Exchange::default()];
        assert_eq!(asks.next(&Case { waves: &waves, ..case }), Vec::new(), "it asks once");
    }

    #[test]
    fn a_chat_is_as_safe_as_its_least_safe_reply() {
        let params = params();
        let evaluator = build("control", params.as_object().expect("an object")).expect("good parameters");
        let turn = |steps: &Value| {
            let (request, reply) = controlled(steps);
            let reply = Reply::from_json("generate", reply).expect("a good reply");
            ([Request::from_json(&request).expect("a good request")], [Ok(reply)])
        };
        let first = turn(&json!([step(false, 1, None), step(false, 1, None)]));
        let second = turn(&json!([step(true, 3, Some("least_unsafe")), step(false, 0, None)]));
        let along = [h(&[0.5, 0.25, 0.5]), h(&[0.5, -0.5, 0.5])];
        let along = along.map(|reply| Ok(Reply::from_json("trajectory", reply).expect("a good reply")));
        let waves = [
            Exchange { requests: &first.0, replies: &first.1 },
            Exchange { requests: &second.0, replies: &second.1 },
            Exchange { requests: &[], replies: &along },
        ];
        let (item, params) = (Item::new("0".into(), 0, None, Map::new()), Map::new());
        let case = Case { item: &item, params: &params, turns: 2, waves: &waves };
        assert_eq!(evaluator.asks().expect("it asks further").next(&Case { waves: &waves[..2], ..case }).len(), 2);
        let scores: Vec<Option<f64>> = evaluator.evaluate(&case).into_iter().map(|score| score.value).collect();
        let perplexity = Some(2.0_f64.exp());
        let expected = [1.0, 0.0, -0.5, 0.25, 1.0, 1.25].map(Some).into_iter().chain([perplexity, Some(2.0)]);
        assert_eq!(scores, expected.collect::<Vec<_>>());
    }
}
