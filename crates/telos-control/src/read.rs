//! Checks an object against the fields of its kind.
//!
//! A suite's YAML is checked against the same fields, with positions; this is for objects that come another way, such as a
//! request of the probe.

use serde_json::{Map, Value};
use telos_core::control::ConstraintSpec;
use telos_core::shape::{Field, Shape};
use telos_core::text::did_you_mean;

/// Whether every key of the object is known, every required one is there and every value fits.
pub(crate) fn fields(what: &str, map: &Map<String, Value>, fields: &[Field]) -> Result<(), String> {
    for (key, value) in map.iter().filter(|(key, _)| *key != "kind") {
        let Some(field) = fields.iter().find(|field| field.name == key) else {
            let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
            let hint = did_you_mean(key, names.iter().copied());
            let hint = hint.map(|k| format!("did you mean `{k}`? ")).unwrap_or_default();
            let known = if names.is_empty() { "no other key".to_owned() } else { names.join(", ") };
            return Err(format!("unknown key `{key}` of `{what}`; {hint}Known: {known}"));
        };
        fits(key, value, &field.shape)?;
    }
    match fields.iter().find(|field| field.required && !map.contains_key(field.name)) {
        Some(field) => Err(format!("`{what}` needs `{}`: {}", field.name, field.about)),
        None => Ok(()),
    }
}

/// Whether a value fits a shape, as far as controllers use shapes; what is not listed is left to whoever reads it.
fn fits(key: &str, value: &Value, shape: &Shape) -> Result<(), String> {
    let expected = |what: String| Err(format!("`{key}` is {what}, not {value}"));
    match shape {
        Shape::Number { min, max } if value.as_f64().is_none_or(|x| !(*min..=*max).contains(&x)) => {
            expected(format!("a number from {min} to {max}"))
        }
        Shape::Choice(known) if value.as_str().is_none_or(|x| !known.contains(&x)) => {
            let hint = value.as_str().and_then(|x| did_you_mean(x, known.iter().copied()));
            let hint = hint.map(|k| format!("; did you mean `{k}`?")).unwrap_or_default();
            Err(format!("`{key}` is one of {}, not {value}{hint}", known.join(", ")))
        }
        Shape::Constraint => {
            ConstraintSpec::from_json(value).map(|_| ()).map_err(|message| format!("`{key}`: {message}"))
        }
        Shape::List { of, min } => match value.as_array() {
            Some(list) if list.len() >= *min => list.iter().try_for_each(|entry| fits(key, entry, of)),
            _ => expected(format!("a list of {min} or more")),
        },
        Shape::Object(known) => match value.as_object() {
            Some(map) => fields(key, map, known),
            None => expected("an object".into()),
        },
        _ => Ok(()),
    }
}
