//! `reward`: h = (r − threshold) / scale, r the raw logit of a model with one label.
//!
//! A chat is read as a chat where the reward model has a template: the request's turns and one more, the assistant's, which
//! holds what was generated. Everything else is read as one text.

use super::asking::{finite, of_another_kind};
use crate::entry::{Entry, Plan};
use crate::error::SpecError;
use serde_json::{Map, Value};
use std::sync::Arc;
use telos_core::shape::{Field, KindShape, Mistake, Shape};
use telos_core::{
    Ask, Constraint, Look, Message, Model, ModelCard, ModelRef, Prompt, Reply, Request, RequestError, ask_all,
};

const ANY: Shape = Shape::Number { min: f64::NEG_INFINITY, max: f64::INFINITY };

/// The table's entry.
pub(crate) const ENTRY: Entry<Box<dyn Plan>> = Entry {
    shape: KindShape {
        kind: "reward",
        about: "h = (r − threshold) / scale, r the reward of a model with one label over the whole text or chat",
        fields: &[
            Field::required("model", Shape::Model, "the reward model"),
            Field::optional("threshold", ANY, "the reward at which h is 0; 0 where it is missing"),
            Field::optional("scale", ANY, "by what the rest is divided, not 0; 1 where it is missing"),
        ],
        check,
    },
    example: "{kind: reward, model: models/reward-model, threshold: -1.5, scale: 3}",
    read,
};

fn check(map: &Map<String, Value>) -> Vec<Mistake> {
    match map.get("scale").and_then(Value::as_f64) {
        Some(0.0) => vec![(Some("scale"), "`scale` is a number that is not 0".into())],
        _ => Vec::new(),
    }
}

fn read(map: &Map<String, Value>) -> Result<Box<dyn Plan>, SpecError> {
    let number = |key: &str, default: f64| map.get(key).and_then(Value::as_f64).unwrap_or(default);
    let model = ModelRef::from_json(map.get("model").unwrap_or(&Value::Null));
    let model = model.map_err(|error| SpecError::new(error.to_string()))?;
    Ok(Box::new(Reward { model, threshold: number("threshold", 0.0), scale: number("scale", 1.0) }))
}

#[derive(Debug, Clone)]
struct Reward {
    model: ModelRef,
    threshold: f64,
    scale: f64,
}

impl Plan for Reward {
    fn models(&self) -> Vec<ModelRef> {
        vec![self.model.clone()]
    }

    fn check(&self, cards: &[&ModelCard]) -> Result<(), SpecError> {
        match cards.first() {
            Some(card) if !card.causal && card.labels.len() == 1 => Ok(()),
            Some(card) => Err(SpecError::new(format!(
                "{} ({}) is no reward model: it has {} labels, and a reward model has one",
                self.model,
                card.architecture,
                card.labels.len()
            ))),
            None => Err(SpecError::new("the reward model's card is missing")),
        }
    }

    fn open(&self, models: &[Arc<dyn Model>]) -> Result<Arc<dyn Constraint>, SpecError> {
        let Some(model) = models.first() else { return Err(SpecError::new("the reward model is missing")) };
        let reads_chats = model.card().template.is_some();
        Ok(Arc::new(Opened { reward: self.clone(), model: model.clone(), reads_chats }))
    }
}

struct Opened {
    reward: Reward,
    model: Arc<dyn Model>,
    /// Whether the model has a chat template.
    reads_chats: bool,
}

impl Constraint for Opened {
    fn values(&self, looks: &[Look<'_>]) -> Vec<Result<f64, RequestError>> {
        let request = |look: &Look<'_>| {
            Request::new(Ask::Reward(match look.prompt {
                Prompt::Messages(turns) if self.reads_chats => {
                    let answer = Message { role: "assistant".into(), content: look.generated.to_owned() };
                    Prompt::Messages(turns.iter().cloned().chain([answer]).collect())
                }
                _ => Prompt::Text(look.text.to_owned()),
            }))
        };
        let requests: Vec<Request> = looks.iter().map(request).collect();
        let value = |outcome| match outcome? {
            Reply::Reward(reply) => finite((f64::from(reply.reward) - self.reward.threshold) / self.reward.scale),
            _ => Err(of_another_kind()),
        };
        ask_all(self.model.as_ref(), &requests).into_iter().map(value).collect()
    }
}
