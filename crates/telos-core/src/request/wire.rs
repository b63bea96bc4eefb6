//! A request, and its JSON in the probe's form.

use super::ask::{Ask, KINDS};
use super::fields::Fields;
use super::naming::Naming;
use super::written::Written;
use crate::text::did_you_mean;
use crate::{ModelRef, RequestError};
use serde_json::Value;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Who is to answer; none for the model at hand.
    pub model: Option<ModelRef>,
    /// Positions to use, where that is less than the model has.
    pub max_length: Option<usize>,
    /// The question.
    pub ask: Ask,
}

impl Request {
    /// A request to the model at hand.
    pub fn new(ask: Ask) -> Self {
        Self { model: None, max_length: None, ask }
    }

    /// The `kind` in the probe protocol.
    pub fn kind(&self) -> &'static str {
        self.ask.kind()
    }

    /// Whether the reply depends on sampled tokens, so that a controller acts on it.
    pub fn samples(&self) -> bool {
        matches!(self.ask, Ask::Generate { .. })
    }

    /// Reads the probe's form; `id` is ignored here. The error says what was expected. What a controller or a constraint may
    /// hold is for those to say who know their kinds.
    pub fn from_json(value: &Value) -> Result<Self, RequestError> {
        let Some(map) = value.as_object() else {
            return Err(RequestError::invalid("a request is a JSON object with `kind`"));
        };
        let mut fields = Fields::new(map, vec!["id", "kind", "model", "max_length"]);
        let Some(kind) = map.get("kind").and_then(Value::as_str) else {
            return Err(RequestError::invalid(format!("a request needs `kind`: {}", KINDS.join(", "))));
        };
        let model = map.get("model").map(ModelRef::from_json).transpose();
        let model = model.map_err(|error| RequestError::invalid(error.to_string()))?;
        let max_length = fields.whole("max_length")?;
        if max_length == Some(0) {
            return Err(RequestError::invalid("`max_length` is 1 or more"));
        }
        let ask = Ask::read(kind, &mut fields).unwrap_or_else(|| {
            let hint = did_you_mean(kind, KINDS.iter().copied());
            let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
            Err(RequestError::invalid(format!("unknown kind `{kind}`{hint} Known: {}", KINDS.join(", "))))
        })?;
        fields.refuse_unknown(kind)?;
        Ok(Self { model, max_length, ask })
    }

    /// The probe's form, with every default written out.
    pub fn to_json(&self, naming: Naming<'_>) -> Value {
        let mut into = Written::new(naming);
        into.put("kind", self.kind());
        if let Some(model) = &self.model {
            into.model(model);
        }
        if let Some(max_length) = self.max_length {
            into.put("max_length", max_length);
        }
        self.ask.write(&mut into);
        Value::Object(into.map)
    }
}
