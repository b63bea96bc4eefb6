//! Models that controllers and evaluators name, opened without weights to see that they are there and fit.

use crate::problem::Problem;
use serde_json::Value;
use std::sync::Arc;
use telos_core::control::{ConstraintKind, ConstraintSpec};
use telos_core::model::Weights;
use telos_core::{Model, ModelCard, ModelRef, Models};
use telos_spec::suite::Suite;

/// A model that is not under test, or not only.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub model: ModelRef,
    pub card: ModelCard,
}

/// Opens what the controllers of the arms and the evaluators name, each once, and checks the labels of constraints.
pub(crate) fn check(suite: &Suite, models: &dyn Models, problems: &mut Vec<Problem>) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for (about, value) in places(suite) {
        let mut uses = Vec::new();
        walk(&value, &mut uses);
        for used in uses {
            match open(models, &used.model) {
                Err(message) => tell(problems, &about, message),
                Ok(opened) => {
                    if let Some(message) =
                        used.labels.and_then(|labels| unknown_label(&labels, &used.model, opened.card()))
                    {
                        tell(problems, &about, message);
                    }
                    if found.iter().all(|reference| reference.model != used.model) {
                        found.push(Reference { model: used.model, card: opened.card().clone() });
                    }
                }
            }
        }
    }
    found
}

/// The objects of a suite that may name models, with what to call them.
fn places(suite: &Suite) -> Vec<(String, Value)> {
    let controllers = suite.controllers.iter().enumerate();
    let acting = controllers.filter(|(place, _)| suite.arms.iter().any(|arm| arm.controller == *place));
    let mut all: Vec<(String, Value)> =
        acting.map(|(_, c)| (format!("controller `{}`", c.id), Value::Object(c.controller.0.clone()))).collect();
    for benchmark in &suite.benchmarks {
        let about = format!("the evaluator of benchmark `{}`", benchmark.id);
        all.push((about, Value::Object(benchmark.evaluator.params.clone())));
    }
    all
}

struct Use {
    model: ModelRef,
    /// Labels that it must have, where the use says so.
    labels: Option<Vec<String>>,
}

fn walk(value: &Value, into: &mut Vec<Use>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| walk(value, into)),
        Value::Object(map) => {
            if let Ok(ConstraintSpec { kind: ConstraintKind::ClassifierMargin(margin), .. }) =
                ConstraintSpec::from_json(value)
            {
                let labels = margin.positive.into_iter().chain(margin.negative).collect();
                into.push(Use { model: margin.model, labels: Some(labels) });
                return;
            }
            if let Some(Ok(model)) = map.get("model").map(ModelRef::from_json) {
                into.push(Use { model, labels: map.get("label").map(texts) });
            }
            map.values().for_each(|value| walk(value, into));
        }
        _ => {}
    }
}

/// The texts of a text or of a list.
fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

fn open(models: &dyn Models, model: &ModelRef) -> Result<Arc<dyn Model>, String> {
    models.open(model, Weights::Skip).map_err(|error| format!("failed to open the model: {error}"))
}

fn unknown_label(labels: &[String], model: &ModelRef, card: &ModelCard) -> Option<String> {
    if card.labels.is_empty() {
        return Some(format!("{model} ({}) is no sequence classifier; it has no labels", card.architecture));
    }
    let unknown = labels.iter().find(|label| !card.labels.contains(label))?;
    let hint = telos_core::text::did_you_mean(unknown, card.labels.iter().map(String::as_str));
    let hint = hint.map_or_else(|| ".".to_owned(), |known| format!("; did you mean `{known}`?"));
    Some(format!("{model} has no label `{unknown}`{hint} Its labels are {}", card.labels.join(", ")))
}

fn tell(problems: &mut Vec<Problem>, about: &str, message: String) {
    let problem = Problem::new(about, message);
    if !problems.contains(&problem) {
        problems.push(problem);
    }
}
