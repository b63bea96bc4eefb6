//! Controllers and constraints: what stands between a model's logits and the next token.
//!
//! A controller is a state machine, one for each running text. It calls no model: it is given logits and answers with an
//! [`Action`]. When it needs h of a text, it says so; the engine's loop gathers the needs of all running texts, asks each
//! constraint once with the whole list, and hands the values back.

use crate::{ModelRef, RequestError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A controller as YAML or a request gives it: an object with `kind`. Its own crate reads the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct ControllerSpec(pub Map<String, Value>);

impl ControllerSpec {
    /// The controller that changes nothing.
    pub fn none() -> Self {
        let mut map = Map::new();
        map.insert("kind".into(), "none".into());
        Self(map)
    }

    /// The `kind`; `none` where it is missing, which a check of the object refuses first.
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(Value::as_str).unwrap_or("none")
    }

    /// Whether it is the controller that changes nothing.
    pub fn is_none(&self) -> bool {
        self.kind() == "none"
    }
}

/// A constraint: a function h of text; h ≥ 0 is safe. CBF-LLM's language-constraint function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConstraintSpec {
    /// The id under which a suite names it; in records it stands for the whole object.
    pub id: Option<String>,
    /// What computes it.
    pub kind: ConstraintKind,
}

/// The kinds of constraints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConstraintKind {
    /// h = max p(positive) − max p(negative) of a sequence classifier over the whole text.
    ClassifierMargin(ClassifierMargin),
}

/// h = max p(positive) − max p(negative), in [−1, 1].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClassifierMargin {
    /// The classifier.
    pub model: ModelRef,
    /// Labels whose probability speaks for the text.
    pub positive: Vec<String>,
    /// Labels whose probability speaks against it.
    pub negative: Vec<String>,
}

impl ClassifierMargin {
    /// h from the probabilities by label. An unknown label is an error that lists the known ones.
    pub fn h(&self, probabilities: &[(String, f64)]) -> Result<f64, RequestError> {
        let largest = |labels: &[String]| {
            labels.iter().try_fold(f64::NEG_INFINITY, |best, label| {
                let found = probabilities.iter().find(|(name, _)| name == label);
                let known = || probabilities.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                found.map(|(_, p)| best.max(*p)).ok_or_else(|| {
                    RequestError::invalid(format!("{} has no label `{label}`; its labels are {}", self.model, known()))
                })
            })
        };
        Ok(largest(&self.positive)? - largest(&self.negative)?)
    }
}

impl ConstraintSpec {
    /// Reads `{kind: classifier_margin, model, positive, negative}`, with an optional `id`.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let Some(map) = value.as_object() else {
            return Err(match value.as_str() {
                Some(id) => format!("`{id}` is the id of a constraint; here the constraint itself is needed"),
                None => "expected a constraint: an object with `kind`".into(),
            });
        };
        match map.get("kind").and_then(Value::as_str) {
            Some("classifier_margin") => {}
            other => return Err(format!("unknown kind of constraint {other:?}; known: classifier_margin")),
        }
        if let Some(key) = map.keys().find(|k| !["id", "kind", "model", "positive", "negative"].contains(&k.as_str())) {
            return Err(format!("unknown key `{key}` of a classifier_margin; known: model, positive, negative"));
        }
        let labels = |key: &str| -> Result<Vec<String>, String> {
            let expected = || format!("a classifier_margin needs `{key}`, a list of one or more labels");
            let list = map.get(key).and_then(Value::as_array).filter(|list| !list.is_empty()).ok_or_else(expected)?;
            list.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(expected)).collect()
        };
        let model = ModelRef::from_json(map.get("model").ok_or("a classifier_margin needs `model`")?)?;
        let margin = ClassifierMargin { model, positive: labels("positive")?, negative: labels("negative")? };
        let id = map.get("id").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { id, kind: ConstraintKind::ClassifierMargin(margin) })
    }

    /// The object form, `id` included where there is one.
    pub fn to_json(&self) -> Value {
        let ConstraintKind::ClassifierMargin(margin) = &self.kind;
        let mut map = Map::new();
        if let Some(id) = &self.id {
            map.insert("id".into(), id.as_str().into());
        }
        map.insert("kind".into(), "classifier_margin".into());
        map.insert("model".into(), margin.model.to_string().into());
        map.insert("positive".into(), margin.positive.clone().into());
        map.insert("negative".into(), margin.negative.clone().into());
        Value::Object(map)
    }
}

/// Whatever computes h.
pub trait Constraint: Send + Sync {
    /// h of each text, in order.
    fn values(&self, texts: &[&str]) -> Vec<Result<f64, RequestError>>;
}

/// A text whose h a controller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// The text as it stands: prompt and generated tokens.
    Here,
    /// The text with one token appended.
    After(u32),
}

/// The answer to one [`Probe`].
#[derive(Debug, Clone, PartialEq)]
pub struct Valued {
    /// Equal for equal texts, within one request: what a memo of h is keyed by.
    pub text: u64,
    /// h, one value for each constraint of the controller.
    pub h: Vec<f64>,
}

/// What a controller wants next.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It needs h of these texts before it can decide.
    Need(Vec<Probe>),
    /// The next token.
    Emit(Step),
    /// Take back that many generated tokens and give the logits of the position before them again.
    Rollback(usize),
    /// End the text here, with no token.
    Stop(Step),
    /// Give up.
    Fail(RequestError),
}

/// A controller's state machine for one text. `logits` are those of the current position, before temperature.
pub trait Controller: Send {
    /// The logits of a new position.
    fn begin(&mut self, logits: &[f32]) -> Action;

    /// The values asked for by the last [`Action::Need`], in its order.
    fn resume(&mut self, logits: &[f32], values: &[Valued]) -> Action;
}

/// One value for each constraint: a number in JSON where the controller has the single `constraint`, else a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// One for each constraint, in order.
    pub values: Vec<f64>,
    /// Whether the controller had the list `constraints`.
    pub listed: bool,
}

impl Serialize for Levels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.listed, self.values.as_slice()) {
            (false, [value]) => value.serialize(serializer),
            _ => self.values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Levels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = || serde::de::Error::custom("expected a number or a list of numbers");
        match Value::deserialize(deserializer)? {
            Value::Array(list) => {
                let values = list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>().ok_or_else(expected)?;
                Ok(Self { values, listed: true })
            }
            value => Ok(Self { values: vec![value.as_f64().ok_or_else(expected)?], listed: false }),
        }
    }
}

/// One position of a trace, as the probe protocol shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The emitted token; none where the controller ended the text.
    pub token: Option<u32>,
    /// Its place by logit over the whole vocabulary, 0 the most probable.
    pub rank: Option<u32>,
    /// h of the text before.
    pub h_before: Option<Levels>,
    /// (1 − alpha) · `h_before`.
    pub threshold: Option<Levels>,
    /// h with the token.
    pub h_after: Option<Levels>,
    /// Look-ups of h that a memo, empty at the request's start, does not answer.
    pub evaluations: u32,
    /// Refused tokens, in the order tried.
    pub rejected: Vec<u32>,
    /// The token that the same noise would have given without the controller.
    pub proposed: u32,
    /// Whether another token (or none) was emitted.
    pub changed: bool,
    /// Which `on_empty` acted.
    pub fallback: Option<String>,
}
