//! Python's methods of strings, lists and objects, within the limits.

use crate::filters::{parts, replaced};
use crate::limits::WIDTH;
use crate::strip;
use crate::weight::{Weight, bounded, holds, room, weigh};
use minijinja::value::from_args;
use minijinja::{Error, ErrorKind, State, Value};

/// Calls a method. What the library pays for is the text itself and what comes of it.
pub(crate) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    for argument in arguments {
        if holds(argument) || argument.as_str().is_some() {
            weigh(argument)?.times(16, state)?;
        }
    }
    if let Some(text) = value.as_str() {
        if let Some(stripped) = strip::method(text, method, arguments)? {
            return Ok(stripped);
        }
        match method {
            "format" => formatted(state, text, arguments)?,
            "upper" | "lower" | "title" | "capitalize" if !text.is_ascii() => {
                room(state, text.len().saturating_mul(3))?;
            }
            "split" => {
                let (by, most): (Option<&str>, Option<i64>) = from_args(arguments)?;
                parts(state, text, by, most)?;
                if by.is_none() {
                    return bounded(state, strip::words(text, most).map(Value::from).collect());
                }
            }
            "splitlines" => parts(state, text, Some("\n"), None)?,
            "replace" => {
                let (old, new, count): (&str, &str, Option<i64>) = from_args(arguments)?;
                return replaced(state, text, [old, new], count).map(Value::from);
            }
            "join" => {
                let (values,): (&Value,) = from_args(arguments)?;
                let length = values.len().unwrap_or(0).saturating_mul(text.len());
                room(state, length.saturating_add(weigh(values)?.bytes))?;
            }
            _ => {}
        }
    } else if holds(value) && method != "get" {
        Weight { entries: value.len().unwrap_or(0), bytes: 0 }.times(4, state)?;
        if method == "count" {
            weigh(value)?.pay(state)?;
        }
    }
    let made = minijinja_contrib::pycompat::unknown_method_callback(state, value, method, arguments)?;
    bounded(state, made)
}

/// Refuses a format that would write too much: its widths and precisions, which may also come from an argument, as in `{:{}}`,
/// and the longest argument in each of its places.
fn formatted(state: &State<'_, '_>, format: &str, arguments: &[Value]) -> Result<(), Error> {
    let mut stated = format.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let wide = |digits: &str| digits.parse().is_ok_and(|width: u64| width <= WIDTH);
    let mut given = arguments.iter().filter(|value| value.is_integer() && format.contains(":{"));
    let given_wide = |value: &Value| u64::try_from(value.clone()).is_ok_and(|width| width <= WIDTH);
    if !stated.all(wide) || !given.all(given_wide) {
        let message = format!("a width or precision of `format` is larger than {WIDTH}");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let numbers = format.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<usize>().ok());
    let stated = numbers.fold(0, usize::saturating_add);
    let mut widest = 0;
    for argument in arguments {
        widest = widest.max(weigh(argument)?.bytes);
        if format.contains(":{") && argument.is_integer() {
            widest = widest.max(usize::try_from(argument.clone()).unwrap_or(0));
        }
    }
    room(state, format.matches('{').count().saturating_mul(widest).saturating_add(stated))
}
