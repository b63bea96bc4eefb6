//! The trace of a controlled text, position by position.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
    /// What else the controller tells: an object of named numbers (or nulls). None for `none` and the filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Map<String, Value>>,
    /// Evaluations of h for what was taken back, or drafted in vain, before this step was emitted; `evaluations` does not
    /// count them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub spent: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the field by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
