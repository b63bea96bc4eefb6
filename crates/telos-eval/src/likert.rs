//! `likert`: where on a scale of agreement, or of likeness, the model stands, and what that says of its values.
//!
//! The options of an item are the choices of its request, the first of them 1 on the scale. The score is the expected place
//! under the options' probabilities, softmax of their log-likelihoods, so that an answer between two options is seen as one.
//! A reversed item is turned: 1 becomes `points`.
//!
//! Items of a questionnaire belong to dimensions, such as Schwartz's ten values. `score/D` is the mean of the items of D;
//! `centred/D` has the respondent's mean over all items taken off, which is how value profiles are compared (Schwartz,
//! "Draft Users Manual: Proper Use of the Schwartz Value Survey": who agrees with everything has no values for that).

use crate::entry::Entry;
use crate::params::{all_missing, check_static, choices, text};
use crate::replies::loglikelihoods;
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Mistake, Shape};
use telos_core::{Aggregate, Case, Direction, Evaluator, Item, Metric, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "likert",
        about: "a questionnaire's answers on a scale, by the options' probabilities; means by dimension, also centred",
        fields: &[
            Field::required(
                "points",
                Shape::Whole { min: 2, max: 100 },
                "how many options every item has; the first is 1 on the scale",
            ),
            Field::optional(
                "reverse",
                Shape::Either(&[Shape::Flag, Shape::Template]),
                "whether the item speaks against its dimension, so that its answer is turned; false unless given",
            ),
            Field::optional(
                "dimension",
                Shape::Template,
                "what the item is about, one of `dimensions`; empty for an item that counts for none",
            ),
            Field::optional(
                "dimensions",
                Shape::List { of: &Shape::Text, min: 1 },
                "the names of the dimensions, in the order in which they are shown",
            ),
        ],
        check,
    },
    build,
    reads: &["choices"],
    example: "{kind: likert, points: 6, reverse: \"{{ reverse }}\", dimension: \"{{ value }}\", dimensions: [power, security]}",
    item: r#"{"choices": ["1", "2", "3", "4", "5", "6"], "reverse": true, "value": "power"}"#,
};

fn check(params: &Map<String, Value>) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    match (params.contains_key("dimension"), params.contains_key("dimensions")) {
        (true, false) => {
            mistakes.push((Some("dimension"), "`dimension` needs `dimensions`, the list of them all".into()));
        }
        (false, true) => mistakes.push((Some("dimensions"), "`dimensions` needs `dimension`, a template".into())),
        _ => {}
    }
    let names = names(params);
    let twice = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
    if let Some((_, name)) = twice {
        mistakes.push((Some("dimensions"), format!("`{name}` stands twice")));
    }
    if names.iter().any(String::is_empty) {
        mistakes.push((Some("dimensions"), "a dimension has a name that is not empty".into()));
    }
    mistakes
}

fn names(params: &Map<String, Value>) -> Vec<String> {
    let list = params.get("dimensions").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn build(params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, String> {
    let points = params.get("points").and_then(Value::as_u64).filter(|n| (2..=100).contains(n));
    let points = points.ok_or("`points` is a whole number from 2 to 100")? as usize;
    check_static(params, "reverse", flag)?;
    let likert = Likert { points, dimensions: names(params) };
    check_static(params, "dimension", |value| likert.dimension(value))?;
    Ok(Box::new(likert))
}

struct Likert {
    points: usize,
    dimensions: Vec<String>,
}

impl Evaluator for Likert {
    fn metrics(&self) -> Vec<Metric> {
        let points = self.points;
        let range = Some([1.0, points as f64]);
        let about = format!("the expected place on the scale from 1 to {points}, reversed items turned");
        let mut metrics = vec![Metric { range, ..Metric::unbounded("score", Direction::None, &about) }];
        for name in &self.dimensions {
            let metric =
                Metric::unbounded(&format!("score/{name}"), Direction::None, &format!("{about}, of {name} alone"));
            metrics.push(Metric { range, ..metric });
        }
        for name in &self.dimensions {
            let about = format!("the mean score of {name}, less the model's mean score over all items");
            let metric = Metric::unbounded(&format!("centred/{name}"), Direction::None, &about);
            metrics.push(Metric { aggregate: Aggregate::plain("centred"), ..metric });
        }
        metrics
    }

    fn check_item(&self, _: &Item, params: &Map<String, Value>) -> Result<(), String> {
        let n = choices(params)?.len();
        if n != self.points {
            return Err(format!("the item has {n} options; `points` says {}", self.points));
        }
        self.read(params).map(|_| ())
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        let missing = |status, reason: &str| all_missing(&self.metrics(), status, reason);
        let (reverse, dimension) = match self.read(case.params) {
            Ok(read) => read,
            Err(reason) => return missing(Status::Error, &reason),
        };
        let logprobs: Vec<f64> = match loglikelihoods(case) {
            Ok(replies) if replies.len() == self.points => replies.iter().map(|reply| reply.logprob).collect(),
            Ok(replies) => {
                let reason = format!("there are {} replies for a scale of {} points", replies.len(), self.points);
                return missing(Status::Skipped, &reason);
            }
            Err(reason) => return missing(Status::Skipped, &reason),
        };
        let place = expected_place(&logprobs);
        let value = if reverse { (self.points + 1) as f64 - place } else { place };
        let mut scores = vec![Score::ok("score", value)];
        if let Some(name) = dimension {
            scores.push(Score::ok(&format!("score/{name}"), value));
            scores.push(Score::ok(&format!("centred/{name}"), value));
        }
        scores
    }
}

impl Likert {
    /// Whether an item is reversed, and its dimension.
    fn read(&self, params: &Map<String, Value>) -> Result<(bool, Option<String>), String> {
        let told = |key: &str, message: String| format!("the parameter `{key}` {message}");
        let reverse = params.get("reverse").map_or(Ok(false), flag).map_err(|message| told("reverse", message))?;
        let dimension = params.get("dimension").map_or(Ok(None), |value| self.dimension(value));
        Ok((reverse, dimension.map_err(|message| told("dimension", message))?))
    }

    fn dimension(&self, value: &Value) -> Result<Option<String>, String> {
        if value.is_null() {
            return Ok(None);
        }
        let name = text(value)?;
        match () {
            () if name.is_empty() => Ok(None),
            () if self.dimensions.contains(&name) => Ok(Some(name)),
            () => Err(format!("is `{name}`, which is none of `dimensions`: {}", self.dimensions.join(", "))),
        }
    }
}

/// True or false as data have them: also 1 and 0, and the words; nothing is false.
fn flag(value: &Value) -> Result<bool, String> {
    let known = match value {
        Value::Null => Some(false),
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_f64().filter(|n| *n == 0.0 || *n == 1.0).map(|n| n == 1.0),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "" | "0" | "false" | "no" => Some(false),
            "1" | "true" | "yes" => Some(true),
            _ => None,
        },
        _ => None,
    };
    known.ok_or_else(|| format!("is true or false, not {value}"))
}

/// The mean of the places from 1, weighed by the probabilities. The largest is taken off first: the exponentials of long
/// options are all zero.
fn expected_place(logprobs: &[f64]) -> f64 {
    let top = logprobs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logprobs.iter().map(|logprob| (logprob - top).exp()).collect();
    let sum: f64 = weights.iter().sum();
    (1_u32..).zip(weights).map(|(place, weight)| f64::from(place) * weight).sum::<f64>() / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, loglikelihood};
    use serde_json::json;

    const NAMES: [&str; 2] = ["power", "security"];

    fn check(filled: &Value, probabilities: &[f64], want: &[(&str, Got)]) {
        let exchange: Vec<_> = probabilities.iter().map(|p| loglikelihood(" agree", p.ln() - 700.0)).collect();
        let params = json!({"points": 4, "reverse": "{{ r }}", "dimension": "{{ d }}", "dimensions": NAMES});
        let filled = filled.clone();
        Check { kind: "likert", params, filled, exchange: &exchange, follow_up_replies: &[] }.wants(want);
    }

    #[test]
    fn the_expected_place_is_turned_where_the_item_is_reversed() {
        let p = [0.1, 0.2, 0.3, 0.4];
        let power = json!({"reverse": false, "dimension": "power"});
        check(&power, &p, &[("score", Is(3.0)), ("score/power", Is(3.0)), ("centred/power", Is(3.0))]);
        let security = json!({"reverse": "1", "dimension": "security"});
        check(&security, &p, &[("score", Is(2.0)), ("score/security", Is(2.0))]);
        // Only the options' shares among themselves count.
        check(&power, &[0.01, 0.02, 0.03, 0.04], &[("score", Is(3.0))]);
        check(&json!({"reverse": null, "dimension": null}), &[0.25; 4], &[("score", Is(2.5))]);
    }

    #[test]
    fn other_dimensions_have_no_score() {
        let likert = Likert { points: 2, dimensions: NAMES.map(str::to_owned).to_vec() };
        let (requests, replies): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| loglikelihood(" yes", -1.0))
            .map(|(request, reply)| {
                let request = telos_core::Request::from_json(&request).expect("a good request");
                (request, Ok(telos_core::Reply::from_json("loglikelihood", reply).expect("a good reply")))
            })
            .unzip();
        let item = Item::new("0".into(), 0, None, Map::new());
        let params = json!({"dimension": "power"}).as_object().expect("an object").clone();
        let (requests, replies) = (&requests[..], &replies[..]);
        let case =
            Case { item: &item, params: &params, turns: 1, waves: &[telos_core::Exchange { requests, replies }] };
        let names: Vec<String> = likert.evaluate(&case).into_iter().map(|score| score.metric).collect();
        assert_eq!(names, ["score", "score/power", "centred/power"]);
        let offered: Vec<String> = likert.metrics().into_iter().map(|metric| metric.name).collect();
        assert_eq!(offered, ["score", "score/power", "score/security", "centred/power", "centred/security"]);
    }

    #[test]
    fn mistakes_in_the_data_are_found_while_planning() {
        let likert = Likert { points: 2, dimensions: NAMES.map(str::to_owned).to_vec() };
        let item = Item::new("0".into(), 0, None, Map::new());
        let check = |params: Value| likert.check_item(&item, params.as_object().expect("an object"));
        assert_eq!(check(json!({"choices": ["no", "yes"], "dimension": "power", "reverse": 0})), Ok(()));
        for (params, part) in [
            (json!({"choices": ["no", "yes", "so"]}), "3 options; `points` says 2"),
            (json!({"choices": ["no", "yes"], "dimension": "fame"}), "none of `dimensions`: power, security"),
            (json!({"choices": ["no", "yes"], "reverse": -1}), "`reverse` is true or false, not -1"),
            (json!({}), "a request of kind `choices`"),
        ] {
            assert!(check(params.clone()).is_err_and(|message| message.contains(part)), "{params}");
        }
    }

    #[test]
    fn replies_that_are_no_scale_give_no_score() {
        let filled = json!({"reverse": false, "dimension": "power"});
        check(&filled, &[0.5, 0.5], &[("score", Got::Lacks(Status::Skipped, "2 replies for a scale of 4 points"))]);
    }
}
