//! How a configuration says that positions are turned: `rope_parameters` of transformers 5, or `rope_theta` and
//! `rope_scaling` of older files.

use super::config::{Config, short};
use crate::error::OpenError;
use crate::rope::{Llama3, RopeConfig};
use serde_json::{Map, Value};

/// The keys that any kind of scaling may have.
const COMMON: [&str; 5] =
    ["rope_type", "type", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings"];
/// The keys of llama 3's scaling beside those.
const LLAMA3: [&str; 3] = ["factor", "low_freq_factor", "high_freq_factor"];

/// Reads it. A key that is of another type, out of range or without meaning for the kind is an error.
pub(crate) fn rotary(config: &Config) -> Result<RopeConfig, OpenError> {
    let (new, old) = (config.object("rope_parameters")?, config.object("rope_scaling")?);
    if let (Some(new), Some(old)) = (new, old)
        && new != old
    {
        return Err(OpenError::Mismatch(format!(
            "{} has `rope_parameters` and another `rope_scaling`: only one of them can be meant",
            config.file
        )));
    }
    let empty = Map::new();
    let name = if new.is_some() { "rope_parameters" } else { "rope_scaling" };
    let scaling = Scaling { map: new.or(old).unwrap_or(&empty), name, config };
    let outer = config.number_or_none("rope_theta", f32::MIN_POSITIVE)?;
    let theta = scaling.number("rope_theta", f32::MIN_POSITIVE)?.or(outer).unwrap_or(10_000.0);
    for fraction in
        [config.number_or_none("partial_rotary_factor", 0.0)?, scaling.number("partial_rotary_factor", 0.0)?]
    {
        if fraction.is_some_and(|fraction| fraction != 1.0) {
            return Err(OpenError::unsupported(format!("a `partial_rotary_factor` of {}", config.file), "1"));
        }
    }
    let kind = match (scaling.text("rope_type")?, scaling.text("type")?) {
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => "default",
    };
    let llama3 = match kind {
        "default" => {
            scaling.only(&[], kind)?;
            None
        }
        "llama3" => {
            scaling.only(&LLAMA3, kind)?;
            Some(scaling.llama3()?)
        }
        other => {
            let what = format!("rotary scaling `{other}` of {}", config.file);
            return Err(OpenError::unsupported(what, "default, llama3"));
        }
    };
    Ok(RopeConfig { theta, llama3 })
}

/// The object that says it.
struct Scaling<'a> {
    map: &'a Map<String, Value>,
    name: &'static str,
    config: &'a Config,
}

impl<'a> Scaling<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn wrong(&self, key: &str, expected: &str) -> OpenError {
        let why = match self.map.get(key) {
            None => format!("is missing: expected {expected}"),
            Some(value) => format!("is {}: expected {expected}", short(value)),
        };
        OpenError::key(&self.config.file, &format!("{}.{key}", self.name), why)
    }

    fn text(&self, key: &str) -> Result<Option<&'a str>, OpenError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    /// A number that is as f32 finite and at least `least`.
    fn number(&self, key: &str, least: f32) -> Result<Option<f32>, OpenError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_f64().map(|n| n as f32) {
            Some(n) if n.is_finite() && n >= least => Ok(Some(n)),
            _ => Err(self.wrong(key, &format!("a number, {least} or more"))),
        }
    }

    /// Refuses keys that mean nothing for this kind, as what they were meant to do would not be done.
    fn only(&self, own: &[&str], kind: &str) -> Result<(), OpenError> {
        let set = self.map.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key.as_str());
        for key in set {
            if !COMMON.contains(&key) && !own.contains(&key) {
                return Err(self.wrong(key, &format!("no such key beside a `rope_type` of {kind}")));
            }
        }
        Ok(())
    }

    fn llama3(&self) -> Result<Llama3, OpenError> {
        let need = |key: &str, least: f32| self.number(key, least)?.ok_or_else(|| self.wrong(key, "a number"));
        let scaling = Llama3 {
            factor: need("factor", 1.0)?,
            low: need("low_freq_factor", f32::MIN_POSITIVE)?,
            high: need("high_freq_factor", f32::MIN_POSITIVE)?,
            original: need("original_max_position_embeddings", 1.0)?,
        };
        if scaling.high <= scaling.low {
            return Err(self.wrong("high_freq_factor", &format!("more than `low_freq_factor` ({})", scaling.low)));
        }
        Ok(scaling)
    }
}
