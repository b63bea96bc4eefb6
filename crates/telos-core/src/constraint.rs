//! Constraints: functions h of a text; h ≥ 0 is safe. CBF-LLM's language-constraint functions.

use crate::{Prompt, RequestError};
use serde_json::{Map, Value};

/// A constraint as YAML or a request gives it: an object with `kind`. Its own crate reads the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct ConstraintSpec(pub Map<String, Value>);

impl ConstraintSpec {
    /// The object, where it is one with a `kind`.
    pub fn from_json(value: &Value) -> Option<Self> {
        let map = value.as_object().filter(|map| map.get("kind").is_some_and(Value::is_string))?;
        Some(Self(map.clone()))
    }

    /// The `kind`; empty where it is missing.
    pub fn kind(&self) -> &str {
        self.0.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// The id under which a suite names it; in records it stands for the whole object.
    pub fn id(&self) -> Option<&str> {
        self.0.get("id").and_then(Value::as_str)
    }
}

/// A text whose h is asked for, as a controller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The text that is being generated: one number for all looks of one text, until [`Constraint::forget`].
    pub sequence: u64,
    /// What was asked.
    pub prompt: &'a Prompt,
    /// The ids that were kept of the prompt.
    pub prompt_ids: &'a [u32],
    /// The generated ids that stand.
    pub ids: &'a [u32],
    /// Ids that are tried after them.
    pub appended: &'a [u32],
    /// The decoding of all ids, prompt included, special tokens skipped.
    pub text: &'a str,
    /// The decoding of the generated and the appended ids alone.
    pub generated: &'a str,
}

/// Whatever computes h. It is asked from several threads at once, and no lock of the model that is steered is held
/// meanwhile, so that it may ask that very model.
pub trait Constraint: Send + Sync {
    /// h of each text, in order. It depends on nothing but what the look holds, its number apart.
    fn values(&self, looks: &[Look<'_>]) -> Vec<Result<f64, RequestError>>;

    /// Nothing more will be asked of a text.
    fn forget(&self, _sequence: u64) {}
}
