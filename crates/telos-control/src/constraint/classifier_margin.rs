//! `classifier_margin`: h = max p(positive) − max p(negative) of a sequence classifier over the whole decoded text, as in
//! CBF-LLM's code.

use super::asking::{finite, of_another_kind};
use crate::entry::{Entry, Plan};
use crate::error::SpecError;
use serde_json::{Map, Value};
use std::sync::Arc;
use telos_core::shape::{Field, KindShape, Shape, no_further_check};
use telos_core::text::did_you_mean;
use telos_core::{Ask, Constraint, Look, Model, ModelCard, ModelRef, Reply, Request, RequestError, ask_all};

const LABELS: Shape = Shape::List { of: &Shape::Text, min: 1 };

/// The table's entry.
pub(crate) const ENTRY: Entry<Box<dyn Plan>> = Entry {
    shape: KindShape {
        kind: "classifier_margin",
        about: "h = max p(positive) − max p(negative) of a sequence classifier over the whole text, from −1 to 1",
        fields: &[
            Field::required("model", Shape::Model, "the classifier"),
            Field::required("positive", LABELS, "labels whose probability speaks for the text"),
            Field::required("negative", LABELS, "labels whose probability speaks against it"),
        ],
        check: no_further_check,
    },
    example: "{kind: classifier_margin, model: \"builtin:tiny-sentiment\", positive: [positive], negative: [negative]}",
    read,
};

fn read(map: &Map<String, Value>) -> Result<Box<dyn Plan>, SpecError> {
    let labels = |key: &str| -> Vec<String> {
        let list = map.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|label| label.as_str().map(str::to_owned)).collect()
    };
    let model = ModelRef::from_json(map.get("model").unwrap_or(&Value::Null));
    let model = model.map_err(|error| SpecError::new(error.to_string()))?;
    Ok(Box::new(Margin { model, positive: labels("positive"), negative: labels("negative") }))
}

#[derive(Debug, Clone)]
struct Margin {
    model: ModelRef,
    positive: Vec<String>,
    negative: Vec<String>,
}

impl Plan for Margin {
    fn models(&self) -> Vec<ModelRef> {
        vec![self.model.clone()]
    }

    fn check(&self, cards: &[&ModelCard]) -> Result<(), SpecError> {
        let Some(card) = cards.first() else { return Err(SpecError::new("the classifier's card is missing")) };
        if card.labels.is_empty() {
            let message = format!("{} ({}) is no sequence classifier; it has no labels", self.model, card.architecture);
            return Err(SpecError::new(message));
        }
        let named = self.positive.iter().chain(&self.negative);
        let Some(unknown) = named.into_iter().find(|label| !card.labels.contains(label)) else { return Ok(()) };
        let hint = did_you_mean(unknown, card.labels.iter().map(String::as_str));
        let hint = hint.map_or_else(|| ".".to_owned(), |known| format!("; did you mean `{known}`?"));
        let known = card.labels.join(", ");
        Err(SpecError::new(format!("{} has no label `{unknown}`{hint} Its labels are {known}", self.model)))
    }

    fn open(&self, models: &[Arc<dyn Model>]) -> Result<Arc<dyn Constraint>, SpecError> {
        let Some(model) = models.first() else { return Err(SpecError::new("the classifier is missing")) };
        Ok(Arc::new(Opened { margin: self.clone(), model: model.clone() }))
    }
}

struct Opened {
    margin: Margin,
    model: Arc<dyn Model>,
}

impl Constraint for Opened {
    fn values(&self, looks: &[Look<'_>]) -> Vec<Result<f64, RequestError>> {
        let request = |look: &Look<'_>| Request::new(Ask::Classify { text: look.text.to_owned(), text_pair: None });
        let requests: Vec<Request> = looks.iter().map(request).collect();
        let value = |outcome| match outcome? {
            Reply::Classify(reply) if !reply.has_probabilities() => Err(RequestError::invalid(format!(
                "{} is a regression: its values are no probabilities, and a margin of them means nothing",
                self.margin.model
            ))),
            Reply::Classify(reply) => self.margin.h(&reply.probabilities).and_then(finite),
            _ => Err(of_another_kind()),
        };
        ask_all(self.model.as_ref(), &requests).into_iter().map(value).collect()
    }
}

impl Margin {
    /// h from the probabilities by label.
    fn h(&self, probabilities: &[(String, f64)]) -> Result<f64, RequestError> {
        let largest = |labels: &[String]| {
            labels.iter().try_fold(f64::NEG_INFINITY, |best, label| {
                let found = probabilities.iter().find(|(name, _)| name == label);
                let missing = || RequestError::invalid(format!("{} gave no probability of `{label}`", self.model));
                found.map(|(_, p)| best.max(*p)).ok_or_else(missing)
            })
        };
        Ok(largest(&self.positive)? - largest(&self.negative)?)
    }
}
