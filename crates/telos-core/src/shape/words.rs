//! Shapes and values in words, for messages and help.

use super::field::Shape;
use serde_json::Value;

/// What a shape takes, as it reads after "expected ".
pub fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Any => "a value".into(),
        Shape::Text => "a string".into(),
        Shape::Path => "a path".into(),
        Shape::Template => "a template (a string)".into(),
        Shape::Flag => "true or false".into(),
        Shape::Number { min, max } => range("a number", *min, *max),
        Shape::Whole { min, max } => range("a whole number", *min as f64, *max as f64),
        Shape::Choice(known) => known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" or "),
        Shape::List { min: 0, .. } => "a list".into(),
        Shape::List { min: 1, .. } => "a list with at least one entry".into(),
        Shape::List { min, .. } => format!("a list with at least {min} entries"),
        Shape::Map(_) | Shape::Object(_) => "an object".into(),
        Shape::Either(shapes) => shapes.iter().map(describe).collect::<Vec<_>>().join(", or "),
        Shape::Model => "a model (a path, `builtin:NAME`, `hf://org/name`, a URL, or an object with `kind`)".into(),
        Shape::Constraint => "a constraint (an object with `kind`, or the id of one)".into(),
        Shape::Controller => "a controller (an object with `kind`)".into(),
        Shape::Evaluator => "an evaluator (an object with `kind`)".into(),
        Shape::Request => "a request (an object with `kind`)".into(),
        Shape::Source => "a source (an object with `path`)".into(),
        Shape::Aggregate => "an aggregate (the name of a kind, or an object with `kind`)".into(),
        Shape::Rule => "a rule (an object with `kind`)".into(),
    }
}

fn range(what: &str, min: f64, max: f64) -> String {
    match (min.is_finite(), max.is_finite() && max < f64::from(u32::MAX)) {
        (true, true) => format!("{what} from {min} to {max}"),
        (true, false) => format!("{what}, {min} or more"),
        (false, true) => format!("{what}, at most {max}"),
        (false, false) => what.to_owned(),
    }
}

/// A value as it reads after "found ".
pub fn name(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() <= 40 => format!("the string `{}`", text.escape_debug()),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
