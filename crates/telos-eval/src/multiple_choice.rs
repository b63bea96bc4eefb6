//! `multiple_choice`: which of several continuations the model finds likeliest.
//!
//! `acc`, `acc_char` and `acc_byte` are what lm-evaluation-harness calls `acc`, `acc_norm` and `acc_bytes`
//! (`lm_eval/api/task.py`): the first largest log-likelihood, as it is, for each Unicode code point of the choice, and for
//! each byte of its UTF-8. `mc2` is `TruthfulQA`'s MC2 (Lin, Hilton and Evans 2022): the share of the probability
//! of all choices that the true ones have.

use crate::entry::Entry;
use crate::params::{all_missing, check_static, choice_lengths, choices, of_params, places, zeros_and_ones};
use crate::replies::{first_largest, loglikelihoods};
use serde_json::{Map, Value};
use telos_core::evaluate::ChoiceNote;
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Case, Direction, Evaluator, Item, Metric, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "multiple_choice",
        about: "whether the likeliest of several continuations is a right one",
        fields: &[
            Field::optional(
                "correct",
                Shape::Either(&[PLACE, Shape::List { of: &PLACE, min: 1 }, Shape::Template]),
                "the place of the right choice, from 0, or a list of places; without it those whose label is 1, or the first",
            ),
            Field::optional(
                "labels",
                Shape::Either(&[Shape::List { of: &Shape::Whole { min: 0, max: 1 }, min: 1 }, Shape::Template]),
                "1 for a true choice and 0 for a false one, one for each; with it there is the metric mc2",
            ),
        ],
        check: no_further_check,
    },
    build,
    reads: &["choices"],
    example: "{kind: multiple_choice, correct: 0, labels: \"{{ mc2_targets.labels }}\"}",
    item: r#"{"mc2_targets": {"labels": [1, 0]}}"#,
};

const PLACE: Shape = Shape::Whole { min: 0, max: u32::MAX as u64 };

fn build(params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, String> {
    check_static(params, "correct", places)?;
    check_static(params, "labels", zeros_and_ones)?;
    Ok(Box::new(MultipleChoice { labelled: params.contains_key("labels") }))
}

struct MultipleChoice {
    labelled: bool,
}

impl Evaluator for MultipleChoice {
    fn metrics(&self) -> Vec<Metric> {
        let share = |name, about| Metric::share(name, Direction::Higher, about);
        let mut metrics = vec![
            share("acc", "1 where the likeliest choice is a right one"),
            share("acc_char", "1 where the choice with the largest log-probability a character is a right one"),
            share("acc_byte", "1 where the choice with the largest log-probability a byte is a right one"),
        ];
        if self.labelled {
            metrics.push(share("mc2", "the true choices' share of the probability of all choices"));
        }
        metrics.push(Metric::share(
            "tie",
            Direction::None,
            "1 where another choice is as likely as the likeliest, so that the first of them counts as the answer",
        ));
        metrics
    }

    fn check_item(&self, _: &Item, params: &Map<String, Value>) -> Result<(), String> {
        let n = choices(params)?.len();
        if n < 2 {
            return Err(format!("the item has {n} choices; there is nothing to choose between fewer than two"));
        }
        if self.labelled {
            labels(params, n)?;
        }
        match self.right(params, n)? {
            right if right.is_empty() => Err("no label says that a choice is right".into()),
            _ => Ok(()),
        }
    }

    fn right_choices(&self, params: &Map<String, Value>) -> Option<Vec<usize>> {
        self.right(params, choices(params).ok()?.len()).ok()
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        match self.score(case) {
            Ok(scores) => scores,
            Err(reason) => all_missing(&self.metrics(), Status::Skipped, &reason),
        }
    }
}

impl MultipleChoice {
    fn score(&self, case: &Case<'_>) -> Result<Vec<Score>, String> {
        let logprobs: Vec<f64> = loglikelihoods(case)?.iter().map(|reply| reply.logprob).collect();
        let n = logprobs.len();
        let labelled = self.labelled.then(|| labels(case.params, n));
        let correct = self.right(case.params, n);
        let scaled = |metric, size: &dyn Fn(&str) -> usize| -> Score {
            let value = choice_lengths(case, n, size).and_then(|lengths| {
                let best = first_largest(logprobs.iter().zip(&lengths).map(|(logprob, n)| logprob / *n as f64));
                is_right(best, &correct)
            });
            value.map_or_else(|reason| Score::missing(metric, Status::Skipped, reason), |v| Score::ok(metric, v))
        };
        let chosen = first_largest(logprobs.iter().copied());
        let note = |value: f64| match (chosen, &correct) {
            (Some(chosen), Ok(right)) => {
                Score::ok("acc", value).noted(ChoiceNote { chosen, right: right.clone() }.to_string())
            }
            _ => Score::ok("acc", value),
        };
        let acc = is_right(chosen, &correct);
        let mut scores = vec![
            acc.map_or_else(|reason| Score::missing("acc", Status::Skipped, reason), note),
            scaled("acc_char", &|choice| choice.chars().count()),
            scaled("acc_byte", &str::len),
        ];
        scores.extend(labelled.map(|labels| match labels {
            Ok(labels) => Score::ok("mc2", true_share(&logprobs, &labels)),
            Err(reason) => Score::missing("mc2", Status::Skipped, reason),
        }));
        scores.push(Score::ok("tie", f64::from(u8::from(is_tie(&logprobs)))));
        Ok(scores)
    }

    /// The places of the right ones of `n` choices; none where no label is 1.
    fn right(&self, params: &Map<String, Value>, n: usize) -> Result<Vec<usize>, String> {
        if !params.contains_key("correct") && self.labelled {
            let labelled = labels(params, n)?;
            return Ok((0..n).filter(|i| labelled[*i]).collect());
        }
        let places = of_params(params, "correct", places, Some(vec![0]))?;
        match places.iter().find(|place| **place >= n) {
            Some(place) => {
                Err(format!("the parameter `correct` is {place}, but there are {n} choices, counted from 0"))
            }
            None if places.is_empty() => Err("the parameter `correct` names no choice".into()),
            None => Ok(places),
        }
    }
}

/// 1 for each true choice of `n`.
fn labels(params: &Map<String, Value>, n: usize) -> Result<Vec<bool>, String> {
    match of_params(params, "labels", zeros_and_ones, None)? {
        labels if labels.len() == n => Ok(labels),
        labels => Err(format!("the parameter `labels` has {} entries for {n} choices", labels.len())),
    }
}

/// Log-probabilities nearer than this are equal: single precision does not tell them apart.
const EQUAL: f64 = 1e-6;

/// Whether the likeliest choice is not alone.
fn is_tie(logprobs: &[f64]) -> bool {
    let largest = logprobs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logprobs.iter().filter(|logprob| largest - **logprob < EQUAL).count() > 1
}

fn is_right(best: Option<usize>, correct: &Result<Vec<usize>, String>) -> Result<f64, String> {
    let right = correct.as_ref().map_err(Clone::clone)?;
    Ok(f64::from(u8::from(best.is_some_and(|best| right.contains(&best)))))
}

/// The largest is taken off first: the exponentials of long texts are all zero.
fn true_share(logprobs: &[f64], labels: &[bool]) -> f64 {
    let top = logprobs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mass = |wanted: bool| -> f64 {
        logprobs
            .iter()
            .zip(labels)
            .filter(|(_, label)| wanted <= **label)
            .map(|(logprob, _)| (logprob - top).exp())
            .sum()
    };
    mass(true) / mass(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is, loglikelihood};
    use serde_json::json;

    fn check(params: Value, filled: Value, choices: &[(&str, f64)], want: &[(&str, Got)]) {
        let exchange: Vec<_> =
            choices.iter().map(|(text, logprob)| loglikelihood(&format!(" {text}"), *logprob)).collect();
        let texts: Vec<&str> = choices.iter().map(|(text, _)| *text).collect();
        let mut all = filled;
        if all.get("choices").is_none() {
            all["choices"] = json!(texts);
        }
        let kind = "multiple_choice";
        Check { kind, params, filled: all, exchange: &exchange, follow_up_replies: &[] }.wants(want);
    }

    #[test]
    fn lengths_are_characters_and_bytes() {
        // As it is the first, by characters the third (−1 against −1.25), by bytes the second (−0.625).
        let choices = [("ab", -4.0), ("ééää", -5.0), ("abcde", -5.0)];
        check(json!({}), json!({}), &choices, &[("acc", Is(1.0)), ("acc_char", Is(0.0)), ("acc_byte", Is(0.0))]);
        check(
            json!({"correct": 1}),
            json!({}),
            &choices,
            &[("acc", Is(0.0)), ("acc_char", Is(0.0)), ("acc_byte", Is(1.0))],
        );
        let filled = json!({"correct": "2"});
        check(
            json!({"correct": "{{ label }}"}),
            filled,
            &choices,
            &[("acc", Is(0.0)), ("acc_char", Is(1.0)), ("acc_byte", Is(0.0))],
        );
        check(
            json!({"correct": [0, 2]}),
            json!({}),
            &choices,
            &[("acc", Is(1.0)), ("acc_char", Is(1.0)), ("acc_byte", Is(0.0))],
        );
    }

    #[test]
    fn ties_go_to_the_first_choice() {
        check(
            json!({"correct": 1}),
            json!({}),
            &[("a", -1.0), ("b", -1.0)],
            &[("acc", Is(0.0)), ("acc_char", Is(0.0))],
        );
    }

    #[test]
    fn mass_of_true_choices() {
        let third = 1.0_f64 / 3.0;
        let choices = [("a", -900.0), ("b", -900.0 + 2.0_f64.ln())];
        let params = json!({"labels": "{{ labels }}"});
        check(params.clone(), json!({"labels": [1, 0]}), &choices, &[("mc2", Is(third)), ("acc", Is(0.0))]);
        check(params.clone(), json!({"labels": [0, 1]}), &choices, &[("mc2", Is(1.0 - third)), ("acc", Is(1.0))]);
        check(params, json!({"labels": [0, 0]}), &choices, &[("mc2", Is(0.0)), ("acc", Is(0.0))]);
    }

    #[test]
    fn bad_values_are_named() {
        let choices = [("a", -1.0), ("", -2.0)];
        let skipped = |part| Got::Lacks(Status::Skipped, part);
        check(
            json!({}),
            json!({}),
            &choices,
            &[("acc", Is(1.0)), ("acc_char", skipped("choice 1 is empty")), ("acc_byte", skipped("empty"))],
        );
        check(json!({"correct": 2}), json!({}), &choices, &[("acc", skipped("`correct` is 2, but there are 2"))]);
        check(json!({"correct": "{{ x }}"}), json!({"correct": null}), &choices, &[("acc", skipped("`correct`"))]);
        let labels = json!({"labels": "{{ x }}", "correct": 0});
        check(labels, json!({"labels": [1]}), &choices, &[("acc", Is(1.0)), ("mc2", skipped("1 entries for 2"))]);
        check(json!({}), json!({"choices": ["a"]}), &choices, &[("acc", Is(1.0)), ("acc_char", skipped("1 texts"))]);
    }

    #[test]
    fn d2_a_tie_is_told() {
        let tied = |a: f64, b: f64, want: f64| {
            let choices = [("x", a), ("y", b)];
            check(json!({}), json!({}), &choices, &[("acc", Is(1.0)), ("tie", Is(want))]);
        };
        tied(-3.0, -3.0, 1.0);
        tied(-3.0, -3.000_000_5, 1.0);
        tied(-3.0, -3.01, 0.0);
    }

    #[test]
    fn d3_what_is_no_place_is_found_while_planning() {
        let item = Item::new("0".into(), 0, None, Map::new());
        let mut evaluator = MultipleChoice { labelled: false };
        let check = |evaluator: &MultipleChoice, params: Value| {
            evaluator.check_item(&item, params.as_object().expect("an object"))
        };
        let two = json!(["a", "b"]);
        for good in [json!(0), json!(1), json!(1.0), json!("1"), json!([0, 1])] {
            assert_eq!(check(&evaluator, json!({"correct": good, "choices": two})), Ok(()), "{good}");
        }
        for bad in [
            json!(2),
            json!(-1),
            json!(true),
            json!(1e29),
            json!("A"),
            json!(null),
            json!(0.5),
            json!([]),
            json!([0, 2]),
        ] {
            assert!(check(&evaluator, json!({"correct": bad, "choices": two})).is_err(), "{bad}");
        }
        assert!(check(&evaluator, json!({"correct": 0, "choices": ["a"]})).is_err());
        evaluator.labelled = true;
        for (labels, good) in
            [(json!([0, 1]), true), (json!([0, 0]), false), (json!([1]), false), (json!([2, 0]), false)]
        {
            assert_eq!(check(&evaluator, json!({"labels": labels, "choices": two})).is_ok(), good, "{labels}");
        }
    }
}
