//! The table of evaluators.

use crate::entry::{BuildError, Entry};
use crate::{
    bbq, classifier, control, label, likelihood, likert, matching, multiple_choice, preference_pair, sentence_pair,
    verifiable_instructions,
};
use serde_json::{Map, Value};
use telos_core::Evaluator;
use telos_core::shape::{Catalogue, KindShape, check_fields};
use telos_core::text::did_you_mean;

/// Every evaluator, in the order of help.
pub static EVALUATORS: &[Entry] = &[
    multiple_choice::ENTRY,
    sentence_pair::ENTRY,
    bbq::ENTRY,
    preference_pair::ENTRY,
    likert::ENTRY,
    likelihood::ENTRY,
    matching::ENTRY,
    verifiable_instructions::ENTRY,
    classifier::ENTRY,
    label::ENTRY,
    control::ENTRY,
];

/// The shapes of [`EVALUATORS`].
pub fn evaluator_shapes() -> Vec<KindShape> {
    EVALUATORS.iter().map(|entry| entry.shape).collect()
}

/// The kinds of requests whose replies an evaluator of that kind can score; none where there is no such kind.
pub fn reads(kind: &str) -> Option<&'static [&'static str]> {
    EVALUATORS.iter().find(|entry| entry.shape.kind == kind).map(|entry| entry.reads)
}

/// The evaluator of that kind. `params` are the keys beside `kind`, templates as they stand. The error says what was
/// expected.
pub fn build(kind: &str, params: &Map<String, Value>) -> Result<Box<dyn Evaluator>, BuildError> {
    let known = || EVALUATORS.iter().map(|entry| entry.shape.kind);
    let Some(entry) = EVALUATORS.iter().find(|entry| entry.shape.kind == kind) else {
        let hint = did_you_mean(kind, known()).map(|k| format!("did you mean `{k}`? ")).unwrap_or_default();
        return Err(BuildError::Kind { kind: kind.to_owned(), hint, known: known().collect::<Vec<_>>().join(", ") });
    };
    if let Some(mistake) = check_fields(&entry.shape, params, &Catalogue::default()).first() {
        return Err(BuildError::Shape { kind: entry.shape.kind, mistake: mistake.to_string() });
    }
    (entry.build)(params).map_err(BuildError::Params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::HashSet;

    fn map(value: &Value) -> &Map<String, Value> {
        value.as_object().expect("an object")
    }

    #[test]
    fn the_table_is_in_order() {
        let mut kinds = HashSet::new();
        for Entry { shape, example, .. } in EVALUATORS {
            assert!(kinds.insert(shape.kind), "{} stands twice", shape.kind);
            assert!(!shape.about.is_empty() && shape.fields.iter().all(|f| !f.about.is_empty()), "{}", shape.kind);
            assert!(example.contains(&format!("kind: {}", shape.kind)), "{}", shape.kind);
            assert!(reads(shape.kind).is_some_and(|kinds| !kinds.is_empty()), "{}", shape.kind);
        }
    }

    #[test]
    fn every_metric_is_described_and_named_once() {
        let constraint = json!({"kind": "classifier_margin", "model": "m", "positive": ["a"], "negative": ["b"]});
        let needed = json!({"target": "{{ target }}", "constraint": constraint, "points": 5, "model": "m", "label": "a",
            "correct": 0, "answers": "{{ a }}", "stereotyped": "{{ s }}", "polarity": "neg", "context": "ambig"});
        for Entry { shape, .. } in EVALUATORS {
            let params = map(&needed).iter().filter(|(key, _)| shape.fields.iter().any(|f| f.name == *key));
            let params = params.map(|(k, v)| (k.clone(), v.clone())).collect();
            let metrics = build(shape.kind, &params).expect("its required parameters are enough").metrics();
            let names: HashSet<&str> = metrics.iter().map(|m| m.name.as_str()).collect();
            assert_eq!(names.len(), metrics.len(), "{}", shape.kind);
            assert!(!metrics.is_empty() && metrics.iter().all(|m| !m.about.is_empty()), "{}", shape.kind);
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (kind, params, part) in [
            ("multiple_chioce", json!({}), "did you mean `multiple_choice`?"),
            ("multiple_choice", json!({"corect": 0}), "did you mean `correct`?"),
            ("multiple_choice", json!({"correct": "first"}), "`correct`"),
            ("multiple_choice", json!({"labels": [0, 2]}), "`labels[1]`"),
            ("sentence_pair", json!({"target": 0}), "unknown key `target`"),
            ("match", json!({}), "the key `target` is missing"),
            ("match", json!({"target": "x", "mode": "exakt"}), "did you mean `exact`?"),
            ("match", json!({"target": "x", "pattern": "("}), "`pattern`"),
            ("match", json!({"target": "(", "mode": "regex"}), "`target`"),
            ("match", json!({"target": "x", "strip": "yes"}), "true or false"),
            ("control", json!({}), "the key `constraint` is missing"),
            ("control", json!({"constraint": "sentiment"}), "id of a constraint"),
            ("label", json!({}), "the key `target` is missing"),
            ("likert", json!({}), "the key `points` is missing"),
            ("likert", json!({"points": 1}), "from 2 to 100"),
            ("likert", json!({"points": 5, "dimension": "{{ d }}"}), "needs `dimensions`"),
            ("likert", json!({"points": 5, "dimension": "{{ d }}", "dimensions": ["a", "a"]}), "stands twice"),
            ("likert", json!({"points": 5, "dimension": "b", "dimensions": ["a"]}), "none of `dimensions`: a"),
            ("likert", json!({"points": 5, "reverse": "perhaps"}), "true or false"),
            ("classifier", json!({"label": "a"}), "the key `model` is missing"),
            ("classifier", json!({"model": "m", "label": []}), "`label`"),
            ("verifiable_instructions", json!({"instruction": []}), "did you mean `instructions`?"),
        ] {
            let message = build(kind, map(&params)).err().expect("a bad evaluator").to_string();
            assert!(message.contains(part), "{kind} {params}: {message}");
        }
    }
}
