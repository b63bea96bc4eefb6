//! `config.json`, read field by field with errors that say what was expected.

use serde_json::{Map, Value};

/// A model's configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config(pub(crate) Map<String, Value>);

impl Config {
    /// A whole number that must be there.
    pub(crate) fn whole(&self, key: &str) -> Result<usize, String> {
        self.whole_or_none(key).ok_or_else(|| format!("config.json lacks `{key}`, a whole number"))
    }

    /// A whole number, if it is there.
    pub(crate) fn whole_or_none(&self, key: &str) -> Option<usize> {
        self.0.get(key).and_then(Value::as_u64).map(|n| n as usize)
    }

    /// A number that must be there.
    pub(crate) fn number(&self, key: &str) -> Result<f32, String> {
        let number = self.0.get(key).and_then(Value::as_f64);
        number.map(|n| n as f32).ok_or_else(|| format!("config.json lacks `{key}`, a number"))
    }

    /// A flag; false where it is not there.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A string, if it is there.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    /// The architecture.
    pub(crate) fn architecture(&self) -> Result<&str, String> {
        let first = self.0.get("architectures").and_then(|list| list.get(0)).and_then(Value::as_str);
        first.ok_or_else(|| "config.json lacks `architectures`, a list with the architecture's name".to_owned())
    }

    /// The labels in order of id.
    pub(crate) fn labels(&self) -> Result<Vec<String>, String> {
        let Some(map) = self.0.get("id2label").and_then(Value::as_object) else {
            let count = self.whole_or_none("num_labels").unwrap_or(2);
            return Ok((0..count).map(|i| format!("LABEL_{i}")).collect());
        };
        let label = |i: usize| map.get(&i.to_string()).and_then(Value::as_str).map(str::to_owned);
        (0..map.len()).map(|i| label(i).ok_or_else(|| format!("`id2label` of config.json has no label {i}"))).collect()
    }

    /// The end-of-sequence ids.
    pub(crate) fn eos(&self) -> Option<Vec<u32>> {
        match self.0.get("eos_token_id")? {
            Value::Number(n) => n.as_u64().map(|n| vec![n as u32]),
            Value::Array(list) => list.iter().map(|n| n.as_u64().map(|n| n as u32)).collect(),
            _ => None,
        }
    }
}
