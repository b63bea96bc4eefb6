//! `config.json`, read field by field: what is missing, of another type or out of range is named, with what was expected.

use crate::encoder::Problem;
use crate::error::OpenError;
use crate::limits;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A model's configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) map: Map<String, Value>,
    /// The file that it stands in, as a message names it.
    pub(crate) file: String,
}

impl Config {
    /// An error about a key: what it is, and what was expected.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> OpenError {
        let why = match self.map.get(key) {
            None => format!("is missing: expected {expected}"),
            Some(value) => format!("is {}: expected {expected}", short(value)),
        };
        OpenError::key(&self.file, key, why)
    }

    /// What is there and not null.
    fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A whole number, if it is there; of at least `least` and at most `most`.
    pub(crate) fn within(&self, key: &str, least: u64, most: u64) -> Result<Option<usize>, OpenError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_u64() {
            Some(n) if (least..=most).contains(&n) => Ok(Some(n as usize)),
            _ => Err(self.wrong(key, &format!("a whole number from {least} to {most}"))),
        }
    }

    /// A size, if it is there.
    pub(crate) fn extent_or_none(&self, key: &str) -> Result<Option<usize>, OpenError> {
        self.within(key, 1, limits::EXTENT)
    }

    /// A size that must be there.
    pub(crate) fn extent(&self, key: &str) -> Result<usize, OpenError> {
        self.extent_or_none(key)?.ok_or_else(|| self.wrong(key, "a whole number, 1 or more"))
    }

    /// The number of positions.
    pub(crate) fn positions(&self) -> Result<usize, OpenError> {
        const KEY: &str = "max_position_embeddings";
        self.within(KEY, 1, limits::POSITIONS)?.ok_or_else(|| self.wrong(KEY, "a whole number, 1 or more"))
    }

    /// The id of a token, if it is there.
    pub(crate) fn id(&self, key: &str, vocabulary: usize) -> Result<Option<u32>, OpenError> {
        // The vocabulary's extent is far below the ids' own limit.
        Ok(self.within(key, 0, (vocabulary as u64).saturating_sub(1))?.map(|id| id as u32))
    }

    /// A number that is there and as f32 finite and at least `least`.
    pub(crate) fn number(&self, key: &str, least: f32) -> Result<f32, OpenError> {
        self.number_or_none(key, least)?.ok_or_else(|| self.wrong(key, "a number"))
    }

    /// A number, if it is there.
    pub(crate) fn number_or_none(&self, key: &str, least: f32) -> Result<Option<f32>, OpenError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().map(|n| n as f32) {
            Some(n) if n.is_finite() && n >= least => Ok(Some(n)),
            _ => Err(self.wrong(key, &format!("a number, {least} or more"))),
        }
    }

    /// A flag; false where it is not there.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, OpenError> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// A string, if it is there.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, OpenError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// An object, if it is there.
    pub(crate) fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, OpenError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(self.wrong(key, "an object")),
        }
    }

    /// Refuses a flag that is set, and what is no flag.
    pub(crate) fn refuse_flags(&self, keys: &[&str]) -> Result<(), OpenError> {
        match keys.iter().map(|key| Ok((key, self.flag(key)?))).find(|flag| !matches!(flag, Ok((_, false)))) {
            None => Ok(()),
            Some(Err(error)) => Err(error),
            Some(Ok((key, _))) => Err(OpenError::unsupported(format!("`{key}: true` of {}", self.file), "false")),
        }
    }

    /// Refuses a string that is none of `known`; a key that is not there stands for the first.
    pub(crate) fn one_of(&self, key: &str, known: &[&str]) -> Result<(), OpenError> {
        match self.text(key)? {
            Some(text) if !known.contains(&text) => {
                Err(OpenError::unsupported(format!("`{key}: {text}` of {}", self.file), known.join(", ")))
            }
            _ => Ok(()),
        }
    }

    /// The architecture.
    pub(crate) fn architecture(&self) -> Result<&str, OpenError> {
        let list = self.get("architectures").and_then(Value::as_array);
        let named = list.filter(|list| list.iter().all(Value::is_string)).and_then(|list| list.first()?.as_str());
        named.ok_or_else(|| self.wrong("architectures", "a list with the architecture's name"))
    }

    /// Refuses what no family computes: weights that are no plain numbers, or another model's type.
    pub(crate) fn check(&self, model_type: &str) -> Result<(), OpenError> {
        for key in ["quantization_config", "compression_config"] {
            if let Some(value) = self.get(key) {
                let method = value.get("quant_method").and_then(Value::as_str).unwrap_or("of an unknown method");
                let what = format!("`{key}` of {} ({method})", self.file);
                return Err(OpenError::unsupported(what, "weights that are not quantised, or a .gguf file"));
            }
        }
        self.refuse_flags(&["is_encoder_decoder", "add_cross_attention"])?;
        match self.text("model_type")? {
            Some(found) if found != model_type => {
                let (file, architecture) = (&self.file, self.architecture()?);
                Err(OpenError::Mismatch(format!(
                    "`model_type` of {file} is `{found}`, but an architecture of {architecture} has `{model_type}`"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The labels in order of id.
    pub(crate) fn labels(&self) -> Result<Vec<String>, OpenError> {
        const KEY: &str = "id2label";
        let count = self.within("num_labels", 1, limits::LABELS)?;
        let Some(map) = self.object(KEY)? else {
            // transformers makes two labels where nothing is said.
            return Ok((0..count.unwrap_or(2)).map(|i| format!("LABEL_{i}")).collect());
        };
        let wrong = |why: String| OpenError::key(&self.file, KEY, why);
        let label = |i: usize| match map.get(&i.to_string()) {
            Some(Value::String(label)) => Ok(label.clone()),
            Some(other) => Err(wrong(format!("has {} for {i}: expected a label's name", short(other)))),
            None => Err(wrong(format!("has {} labels and none for {i}", map.len()))),
        };
        let labels: Vec<String> = (0..map.len()).map(label).collect::<Result<_, _>>()?;
        if labels.is_empty() || count.is_some_and(|count| count != labels.len()) {
            let stated = count.map_or("one or more".to_owned(), |count| format!("{count} (`num_labels`)"));
            return Err(wrong(format!("has {} labels: expected {stated}", labels.len())));
        }
        let mut seen = HashSet::new();
        match labels.iter().find(|label| !seen.insert(label.as_str())) {
            Some(label) => Err(wrong(format!("has two labels `{label}`: what is said of one could be of the other"))),
            None => Ok(labels),
        }
    }

    /// What the logits of a classifier with that many labels stand for.
    pub(crate) fn problem(&self, labels: usize) -> Result<Problem, OpenError> {
        const KEY: &str = "problem_type";
        match self.text(KEY)? {
            Some("regression") => Ok(Problem::Regression),
            Some("multi_label_classification") => Ok(Problem::MultiLabel),
            Some("single_label_classification") | None if labels == 1 => Ok(Problem::MultiLabel),
            Some("single_label_classification") | None => Ok(Problem::SingleLabel),
            Some(_) => Err(self.wrong(KEY, "regression, single_label_classification or multi_label_classification")),
        }
    }

    /// The end-of-sequence ids, if they are there.
    pub(crate) fn eos(&self, vocabulary: usize) -> Result<Option<Vec<u32>>, OpenError> {
        const KEY: &str = "eos_token_id";
        let expected = || self.wrong(KEY, &format!("an id below {vocabulary}, or a list of them"));
        let id = |value: &Value| match value.as_u64() {
            Some(id) if id < vocabulary as u64 => Ok(id as u32),
            _ => Err(expected()),
        };
        match self.get(KEY) {
            None => Ok(None),
            Some(Value::Array(list)) if list.is_empty() => Err(expected()),
            Some(Value::Array(list)) => list.iter().map(id).collect::<Result<_, _>>().map(Some),
            Some(value) => Ok(Some(vec![id(value)?])),
        }
    }
}

/// A value as a message shows it.
pub(crate) fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
