//! Reads the keys of a request in the probe's form.

use super::prompt::{Message, Prompt};
use super::sampling::Sampling;
use crate::text::did_you_mean;
use crate::{ConstraintSpec, ControllerSpec, RequestError};
use serde_json::{Map, Value};

/// The keys of a request, with a note of those that were looked at, so that the others can be refused.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    used: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The keys of an object, of which some are read elsewhere.
    pub(super) fn new(map: &'a Map<String, Value>, used: Vec<&'static str>) -> Self {
        Self { map, used }
    }

    /// Whether the key is there with a value that is not null.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.get(key).is_some_and(|value| !value.is_null())
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Value> {
        self.used.push(key);
        self.map.get(key)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Result<String, RequestError> {
        let value = self.get(key).and_then(Value::as_str).map(str::to_owned);
        value.ok_or_else(|| RequestError::invalid(format!("the request needs `{key}`, a string")))
    }

    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, RequestError> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => value.as_bool().ok_or_else(|| RequestError::invalid(format!("`{key}` is true or false"))),
        }
    }

    pub(super) fn whole(&mut self, key: &'static str) -> Result<Option<usize>, RequestError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_u64().map(|n| n as usize);
                number.map(Some).ok_or_else(|| RequestError::invalid(format!("`{key}` is a whole number, 0 or more")))
            }
        }
    }

    fn number(&mut self, key: &'static str, default: f64) -> Result<f64, RequestError> {
        match self.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(value) => value.as_f64().ok_or_else(|| RequestError::invalid(format!("`{key}` is a number"))),
        }
    }

    pub(super) fn ids(&mut self, key: &'static str) -> Result<Vec<u32>, RequestError> {
        let read = |v: &Value| v.as_u64().and_then(|n| u32::try_from(n).ok());
        let list = self.get(key).and_then(Value::as_array).and_then(|l| l.iter().map(read).collect());
        list.ok_or_else(|| RequestError::invalid(format!("`{key}` is a list of token ids")))
    }

    pub(super) fn messages(&mut self) -> Result<Vec<Message>, RequestError> {
        let value = self.get("messages").cloned().unwrap_or(Value::Null);
        serde_json::from_value(value)
            .map_err(|e| RequestError::invalid(format!("`messages` is a list of {{\"role\", \"content\"}}: {e}")))
    }

    /// A text under `key`, or `messages`.
    pub(super) fn prompt(&mut self, key: &'static str) -> Result<Prompt, RequestError> {
        match (self.map.contains_key(key), self.map.contains_key("messages")) {
            (true, true) => {
                Err(RequestError::invalid(format!("the request has both `{key}` and `messages`; give one")))
            }
            (_, true) => Ok(Prompt::Messages(self.messages()?)),
            _ => Ok(Prompt::Text(self.text(key)?)),
        }
    }

    pub(super) fn sampling(&mut self) -> Result<Sampling, RequestError> {
        let max_new_tokens = self
            .whole("max_new_tokens")?
            .filter(|n| *n > 0)
            .ok_or_else(|| RequestError::invalid("the request needs `max_new_tokens`, 1 or more"))?;
        let stop = match self.get("stop") {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => {
                let expected = || RequestError::invalid("`stop` is a list of strings that are not empty");
                let read = |v: &Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned).ok_or_else(expected);
                value.as_array().ok_or_else(expected)?.iter().map(read).collect::<Result<_, _>>()?
            }
        };
        let sampling = Sampling {
            max_new_tokens,
            temperature: self.number("temperature", 1.0)?,
            top_k: self.whole("top_k")?,
            top_p: self.number("top_p", 1.0)?,
            seed: self.whole("seed")?.unwrap_or(0) as u64,
            sample: self.whole("sample")?.unwrap_or(0) as u64,
            stop,
        };
        sampling.check().map_err(|error| RequestError::invalid(error.to_string()))?;
        Ok(sampling)
    }

    pub(super) fn controller(&mut self) -> Result<ControllerSpec, RequestError> {
        match self.get("controller") {
            None | Some(Value::Null) => Ok(ControllerSpec::none()),
            Some(Value::Object(map)) if map.get("kind").is_some_and(Value::is_string) => {
                Ok(ControllerSpec(map.clone()))
            }
            Some(_) => Err(RequestError::invalid("`controller` is an object with `kind`")),
        }
    }

    pub(super) fn constraint(&mut self) -> Result<ConstraintSpec, RequestError> {
        let value = self.get("constraint").ok_or_else(|| RequestError::invalid("the request needs `constraint`"))?;
        ConstraintSpec::from_json(value).ok_or_else(|| match value.as_str() {
            Some(id) => RequestError::invalid(format!(
                "`constraint`: `{id}` is the id of a constraint; here the constraint itself is needed"
            )),
            None => RequestError::invalid("`constraint` is an object with `kind`"),
        })
    }

    /// Refuses keys that nobody looked at.
    pub(super) fn refuse_unknown(&self, kind: &str) -> Result<(), RequestError> {
        match self.map.keys().find(|key| !self.used.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let hint = did_you_mean(key, self.used.iter().copied());
                let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
                Err(RequestError::invalid(format!("unknown key `{key}` of a `{kind}` request{hint}")))
            }
        }
    }
}
