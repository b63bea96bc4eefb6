//! `label`: whether a sequence classifier's likeliest label is the right one, and how likely that one is to it.

use crate::entry::Entry;
use crate::params::{all_missing, check_static, of_case, of_params, text};
use crate::replies::{classifications, first_largest};
use serde_json::{Map, Value};
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::{Case, Direction, Evaluator, Item, Metric, Score, Status};

/// The table's entry.
pub(crate) const ENTRY: Entry = Entry {
    shape: KindShape {
        kind: "label",
        about: "whether a classifier's likeliest label is the right one",
        fields: &[Field::required("target", Shape::Template, "the right label, by name")],
        check: no_further_check,
    },
    build,
    reads: &["classify"],
    example: "{kind: label, target: \"{{ sentiment }}\"}",
    item: r#"{"sentiment": "positive"}"#,
};

fn build(params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, String> {
    check_static(params, "target", text)?;
    Ok(Box::new(Label))
}

struct Label;

impl Evaluator for Label {
    fn metrics(&self) -> Vec<Metric> {
        vec![
            Metric::share("acc", Direction::Higher, "1 where the likeliest label is the right one"),
            Metric::share("p_target", Direction::Higher, "the probability of the right label"),
        ]
    }

    fn check_item(&self, _: &Item, params: &Map<String, Value>) -> Result<(), String> {
        of_params(params, "target", text, None).map(|_| ())
    }

    fn evaluate(&self, case: &Case<'_>) -> Vec<Score> {
        match score(case) {
            Ok([acc, p_target]) => vec![Score::ok("acc", acc), Score::ok("p_target", p_target)],
            Err(reason) => all_missing(&self.metrics(), Status::Skipped, &reason),
        }
    }
}

/// Accuracy and the right label's probability, means over the item's replies.
fn score(case: &Case<'_>) -> Result<[f64; 2], String> {
    let target = of_case(case, "target", text, None)?;
    let replies = classifications(case)?;
    let (mut right, mut sum) = (0, 0.0);
    for reply in &replies {
        let labels = &reply.probabilities;
        if !reply.has_probabilities() {
            return Err("the classifier is a regression: its values are no probabilities".to_owned());
        }
        let Some(place) = labels.iter().position(|(label, _)| *label == target) else {
            let known = labels.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>().join(", ");
            return Err(format!("the parameter `target` is `{target}`, which is no label of the classifier: {known}"));
        };
        right += usize::from(first_largest(labels.iter().map(|(_, p)| *p)) == Some(place));
        sum += labels[place].1;
    }
    let n = replies.len() as f64;
    Ok([right as f64 / n, sum / n])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Check, Got, Got::Is};
    use serde_json::json;

    fn check(target: &str, probabilities: &Value, want: &[(&str, Got)]) {
        let reply = json!({"logits": [0.0, 0.0], "probabilities": probabilities});
        let exchange = [(json!({"kind": "classify", "text": "t"}), reply)];
        let (params, filled) = (json!({"target": "{{ label }}"}), json!({"target": target}));
        Check { kind: "label", params, filled, exchange: &exchange, follow_up_replies: &[] }.wants(want);
    }

    #[test]
    fn the_likeliest_label_is_held_against_the_target() {
        let p = json!({"bad": 0.25, "good": 0.75});
        check("good", &p, &[("acc", Is(1.0)), ("p_target", Is(0.75))]);
        check("bad", &p, &[("acc", Is(0.0)), ("p_target", Is(0.25))]);
        check("ugly", &p, &[("acc", Got::Lacks(Status::Skipped, "no label of the classifier: bad, good"))]);
        check("b", &json!({"a": 0.5, "b": 0.5}), &[("acc", Is(0.0)), ("p_target", Is(0.5))]);
        check("b", &json!({"a": 0.0, "b": 0.0}), &[("acc", Got::Lacks(Status::Skipped, "regression"))]);
    }
}
