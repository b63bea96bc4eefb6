//! Models that controllers and evaluators name, opened without weights to see that they are there and fit.

use crate::problem::Problem;
use serde_json::Value;
use std::sync::Arc;
use telos_core::model::Weights;
use telos_core::shape::{Field, Shape};
use telos_core::{ConstraintSpec, Model, ModelCard, ModelRef, Models};
use telos_spec::suite::{KindSpec, Suite};

/// A model that is not under test, or not only.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub model: ModelRef,
    pub card: ModelCard,
}

/// Opens what the controllers of the arms and the evaluators name, each once, and checks that constraints can be made of it.
pub(crate) fn check(suite: &Suite, models: &dyn Models, problems: &mut Vec<Problem>) -> Vec<Reference> {
    let mut found = Found { models, references: Vec::new(), problems };
    for (place, controller) in suite.controllers.iter().enumerate() {
        // What is wrong with the object itself is told where controllers are read.
        if suite.arms.iter().any(|arm| arm.controller == place)
            && let Ok(parsed) = telos_control::parse(&controller.controller)
        {
            let about = format!("controller `{}`", controller.id);
            parsed.constraints.iter().for_each(|constraint| found.constraint(&about, constraint));
        }
    }
    for benchmark in &suite.benchmarks {
        let about = format!("the evaluator of benchmark `{}`", benchmark.id);
        for constraint in constraints_of(&benchmark.evaluator) {
            found.constraint(&about, &constraint);
        }
        let mut uses = Vec::new();
        let names_constraint = |key: &str| constraint_fields(&benchmark.evaluator).any(|field| field.name == key);
        let others = benchmark.evaluator.params.iter().filter(|(key, _)| !names_constraint(key));
        walk(&Value::Object(others.map(|(key, value)| (key.clone(), value.clone())).collect()), &mut uses);
        for used in uses {
            found.used(&about, &used);
        }
    }
    found.references
}

/// The constraints that an evaluator's parameters hold, by its shape.
pub(crate) fn constraints_of(evaluator: &KindSpec) -> Vec<ConstraintSpec> {
    let values = constraint_fields(evaluator).filter_map(|field| evaluator.params.get(field.name));
    values.filter_map(ConstraintSpec::from_json).collect()
}

fn constraint_fields(evaluator: &KindSpec) -> impl Iterator<Item = &'static Field> {
    let shapes = telos_eval::evaluator_shapes();
    let fields: &'static [Field] =
        shapes.iter().find(|shape| shape.kind == evaluator.kind).map_or(&[], |shape| shape.fields);
    fields.iter().filter(|field| matches!(field.shape, Shape::Constraint))
}

struct Found<'a> {
    models: &'a dyn Models,
    references: Vec<Reference>,
    problems: &'a mut Vec<Problem>,
}

impl Found<'_> {
    /// Reads a constraint, opens its models and holds their cards against it.
    fn constraint(&mut self, about: &str, spec: &ConstraintSpec) {
        let plan = match telos_control::constraint(spec) {
            Ok(plan) => plan,
            Err(error) => return self.tell(about, error.message),
        };
        let opened: Vec<Option<Arc<dyn Model>>> = plan.models().iter().map(|model| self.open(about, model)).collect();
        let Some(opened) = opened.into_iter().collect::<Option<Vec<_>>>() else { return };
        if let Err(error) = plan.check(&opened.iter().map(|model| model.card()).collect::<Vec<_>>()) {
            self.tell(about, error.message);
        }
    }

    fn used(&mut self, about: &str, used: &Use) {
        let Some(opened) = self.open(about, &used.model) else { return };
        let labels = used.labels.as_deref();
        if let Some(message) = labels.and_then(|labels| unknown_label(labels, &used.model, opened.card())) {
            self.tell(about, message);
        }
    }

    fn open(&mut self, about: &str, model: &ModelRef) -> Option<Arc<dyn Model>> {
        match self.models.open(model, Weights::Skip) {
            Err(error) => {
                self.tell(about, format!("failed to open the model: {error}"));
                None
            }
            Ok(opened) => {
                if self.references.iter().all(|reference| reference.model != *model) {
                    self.references.push(Reference { model: model.clone(), card: opened.card().clone() });
                }
                Some(opened)
            }
        }
    }

    fn tell(&mut self, about: &str, message: String) {
        let problem = Problem::new(about, message);
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
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

fn unknown_label(labels: &[String], model: &ModelRef, card: &ModelCard) -> Option<String> {
    if card.labels.is_empty() {
        return Some(format!("{model} ({}) is no sequence classifier; it has no labels", card.architecture));
    }
    let unknown = labels.iter().find(|label| !card.labels.contains(label))?;
    let hint = telos_core::text::did_you_mean(unknown, card.labels.iter().map(String::as_str));
    let hint = hint.map_or_else(|| ".".to_owned(), |known| format!("; did you mean `{known}`?"));
    Some(format!("{model} has no label `{unknown}`{hint} Its labels are {}", card.labels.join(", ")))
}
