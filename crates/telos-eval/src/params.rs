//! Reading parameters: those that stand in the YAML when an evaluator is built, and those that come filled with a case.

use serde_json::{Map, Value};
use telos_core::{Case, Metric, Score, Status};

/// Whether a value holds a template, so that nothing can be said of it before it is filled.
pub(crate) fn is_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{") || text.contains("{%"),
        Value::Array(list) => list.iter().any(is_template),
        _ => false,
    }
}

/// Reads a parameter with `read` where it is there and no template, so that its mistakes show when a file is checked.
pub(crate) fn check_static<T>(
    params: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<(), String> {
    match params.get(key) {
        Some(value) if !is_template(value) => read(value).map(|_| ()).map_err(|message| format!("`{key}` {message}")),
        _ => Ok(()),
    }
}

/// Reads a parameter of a case; where it is not there, `default`. The error is the reason for a missing score.
pub(crate) fn of_case<T>(
    case: &Case<'_>,
    key: &str,
    read: impl Fn(&Value) -> Result<T, String>,
    default: Option<T>,
) -> Result<T, String> {
    of_params(case.params, key, read, default)
}

/// Reads a parameter, filled from a row; where it is not there, `default`. The error says what was expected.
pub(crate) fn of_params<T>(
    params: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value) -> Result<T, String>,
    default: Option<T>,
) -> Result<T, String> {
    match (params.get(key), default) {
        (Some(value), _) => read(value).map_err(|message| format!("the parameter `{key}` {message}")),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("the parameter `{key}` is not there")),
    }
}

/// `true` or `false`.
pub(crate) fn flag(params: &Map<String, Value>, key: &str, default: bool) -> Result<bool, String> {
    match params.get(key) {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or_else(|| format!("`{key}` is true or false, not {value}")),
    }
}

/// A place in a list, from 0. Digits in a string count: that is what a template gives that is more than one expression.
pub(crate) fn place(value: &Value) -> Result<usize, String> {
    let number = match value {
        Value::String(digits) => digits.trim().parse().ok(),
        // A data file's own numbers may be floats, as in a table's column with gaps.
        other => other.as_u64().or_else(|| {
            other.as_f64().filter(|x| (0.0..=f64::from(u32::MAX)).contains(x) && x.fract() == 0.0).map(|x| x as u64)
        }),
    };
    number.map(|n: u64| n as usize).ok_or_else(|| format!("is a place in the list of choices, from 0, not {value}"))
}

/// One place or a list of places.
pub(crate) fn places(value: &Value) -> Result<Vec<usize>, String> {
    match value.as_array() {
        Some(list) => list.iter().map(place).collect(),
        None => Ok(vec![place(value)?]),
    }
}

/// A list of 0 and 1, or of `false` and `true`.
pub(crate) fn zeros_and_ones(value: &Value) -> Result<Vec<bool>, String> {
    let one = |v: &Value| match (v.as_bool(), v.as_f64()) {
        (Some(flag), _) => Some(flag),
        (_, Some(x)) if x == 0.0 || x == 1.0 => Some(x == 1.0),
        _ => None,
    };
    let list = value.as_array().and_then(|list| list.iter().map(one).collect());
    list.ok_or_else(|| format!("is a list of 0 and 1, one for each choice, not {value}"))
}

/// A text, also where the data has a number or a flag.
pub(crate) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(format!("is a text, not {value}")),
    }
}

/// One text or a list of one or more.
pub(crate) fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value.as_array() {
        Some(list) if list.is_empty() => Err("is a text or a list of one or more, not an empty list".into()),
        Some(list) => list.iter().map(text).collect(),
        None => Ok(vec![text(value)?]),
    }
}

/// The texts of the choices, which a request of kind `choices` hands on.
pub(crate) fn choices(params: &Map<String, Value>) -> Result<Vec<String>, String> {
    let choices = params.get("choices").ok_or("the evaluator needs a request of kind `choices`")?;
    texts(choices).map_err(|message| format!("the parameter `choices` {message}"))
}

/// The sizes of an item's `n` choices. lm-evaluation-harness divides by zero where a choice is empty; here the score is missing.
pub(crate) fn choice_lengths(case: &Case<'_>, n: usize, size: &dyn Fn(&str) -> usize) -> Result<Vec<usize>, String> {
    let choices = choices(case.params)?;
    if choices.len() != n {
        return Err(format!("there are {} texts of choices for {n} replies", choices.len()));
    }
    match choices.iter().position(String::is_empty) {
        Some(place) => Err(format!("choice {place} is empty, so nothing can be divided by its length")),
        None => Ok(choices.iter().map(|choice| size(choice)).collect()),
    }
}

/// No value for any of these metrics, for one reason.
pub(crate) fn all_missing(metrics: &[Metric], status: Status, reason: &str) -> Vec<Score> {
    metrics.iter().map(|metric| Score::missing(&metric.name, status, reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_read_as_data_has_them() {
        for (value, want) in [
            (json!(2), Ok(vec![2])),
            (json!("3"), Ok(vec![3])),
            (json!(1.0), Ok(vec![1])),
            (json!([0, "4"]), Ok(vec![0, 4])),
            (json!(-1), Err(())),
            (json!("b"), Err(())),
            (json!(null), Err(())),
            (json!(0.5), Err(())),
        ] {
            assert_eq!(places(&value).map_err(|_| ()), want, "{value}");
        }
        assert_eq!(zeros_and_ones(&json!([1, false, 0.0])), Ok(vec![true, false, false]));
        assert!(zeros_and_ones(&json!([1, null])).is_err());
        assert_eq!(texts(&json!(["a", 4, true])), Ok(vec!["a".into(), "4".into(), "true".into()]));
        assert!(texts(&json!([])).is_err() && texts(&json!({})).is_err());
    }
}
