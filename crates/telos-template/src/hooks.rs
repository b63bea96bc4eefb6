//! What operators do, within the limits: the functions that [`crate::guard`] sets into a template.

use crate::limits::{SMALL_BYTES, SMALL_ENTRIES};
use crate::python;
use crate::weight::{Weight, bounded, holds, limit, room, weigh};
use minijinja::value::{Object, ObjectRepr, Tuple, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};
use std::sync::Arc;

// Names that no template can write.
/// What was made, held against the limits.
pub(crate) const MADE: &str = "made: ";
/// An object of keys and values.
pub(crate) const MAPPED: &str = "object: ";
/// Texts joined by `~`.
pub(crate) const JOINED: &str = "joined: ";
/// What is walked from its beginning.
pub(crate) const READ: &str = "read: ";
/// What a loop goes through.
pub(crate) const EACH: &str = "each: ";
/// What is looked up.
pub(crate) const KEY: &str = "key: ";
/// What is compared in a chain.
pub(crate) const SMALL: &str = "small: ";
/// `in`.
pub(crate) const IN: &str = "in: ";
/// The comparisons, in the order of [`Comparison`].
pub(crate) const COMPARED: [&str; 6] = ["==: ", "!=: ", "<: ", "<=: ", ">: ", ">=: "];

/// A comparison of two values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

type Body = fn(&mut State<'_, '_>, &[Value]) -> Result<Value, Error>;

struct Hook(Body);

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<operator>")
    }
}

impl Object for Hook {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        self.0(state, args)
    }
}

/// Makes the functions known.
pub(crate) fn install(environment: &mut Environment<'static>) {
    let hooks: [(&'static str, Body); 14] = [
        (MADE, |state, args| bounded(state, first(args))),
        (MAPPED, mapped),
        (JOINED, joined),
        (READ, |state, args| read(state, first(args))),
        (EACH, |state, args| {
            let value = read(state, first(args))?;
            // The library does not know how many characters a text has, so that its `loop.last` and `loop.length` would be wrong.
            match value.as_str() {
                Some(text) => bounded(state, text.chars().map(Value::from).collect()),
                None => Ok(value),
            }
        }),
        (KEY, |state, args| {
            let value = first(args);
            if holds(&value) || value.as_str().is_some() {
                weigh(&value)?.times(4, state)?;
            }
            Ok(value)
        }),
        (SMALL, |_, args| {
            let value = first(args);
            let weight = weigh(&value)?;
            if weight.entries > SMALL_ENTRIES || weight.bytes > SMALL_BYTES {
                return Err(limit(format!(
                    "a chain of comparisons takes values of up to {SMALL_ENTRIES} entries and {SMALL_BYTES} bytes"
                )));
            }
            Ok(value)
        }),
        (IN, |state, args| match args {
            [value, container] => contained(state, value, container).map(Value::from),
            _ => Ok(Value::UNDEFINED),
        }),
        (COMPARED[0], |state, args| compared(state, args, |a, b| a == b)),
        (COMPARED[1], |state, args| compared(state, args, |a, b| a != b)),
        (COMPARED[2], |state, args| compared(state, args, |a, b| a < b)),
        (COMPARED[3], |state, args| compared(state, args, |a, b| a <= b)),
        (COMPARED[4], |state, args| compared(state, args, |a, b| a > b)),
        (COMPARED[5], |state, args| compared(state, args, |a, b| a >= b)),
    ];
    for (name, body) in hooks {
        environment.add_global(name, Value::from_object(Hook(body)));
    }
}

fn first(args: &[Value]) -> Value {
    args.first().cloned().unwrap_or_default()
}

/// Pays for walking through a value.
fn read(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    Weight { entries: 0, bytes: value.as_str().map_or(0, str::len) }.times(4, state)?;
    if value.kind() == ValueKind::Map {
        Weight { entries: value.len().unwrap_or(0), bytes: 0 }.pay(state)?;
    }
    Ok(value)
}

/// Refuses what is undefined where that is an error, in the library's own words.
pub(crate) fn defined(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let strict = matches!(state.undefined_behavior(), UndefinedBehavior::Strict | UndefinedBehavior::SemiStrict);
    if strict && value.is_undefined() { minijinja::filters::string(state, value).map(|_| ()) } else { Ok(()) }
}

fn compared(state: &State<'_, '_>, args: &[Value], holds: fn(&Value, &Value) -> bool) -> Result<Value, Error> {
    let [left, right] = args else { return Ok(Value::UNDEFINED) };
    defined(state, left)?;
    defined(state, right)?;
    pay_comparison(state, left, right)?;
    Ok(holds(left, right).into())
}

/// Pays for looking at two values side by side, which ends with the shorter.
pub(crate) fn pay_comparison(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<(), Error> {
    let weight = match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) => Weight { entries: 0, bytes: left.len().min(right.len()) },
        _ if holds(left) && holds(right) => {
            let (left, right) = (weigh(left)?, weigh(right)?);
            Weight { entries: left.entries.saturating_add(right.entries), bytes: left.bytes.min(right.bytes) }
        }
        _ => return Ok(()),
    };
    weight.pay(state)
}

/// Whether a value is in a text, a list or an object's keys.
pub(crate) fn contained(state: &State<'_, '_>, value: &Value, container: &Value) -> Result<bool, Error> {
    defined(state, container)?;
    defined(state, value)?;
    if container.is_undefined() {
        return Ok(false);
    }
    if let Some(text) = container.as_str() {
        let Some(part) = value.as_str() else {
            let message = format!("`in` looks for a text in a text, not for a {}", value.kind());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        };
        Weight { entries: 0, bytes: text.len().saturating_add(part.len()) }.times(16, state)?;
        return Ok(text.contains(part));
    }
    match container.kind() {
        ValueKind::Map => {
            weigh(value)?.times(4, state)?;
            Ok(container.as_object().is_some_and(|object| object.get_value(value).is_some()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            weigh(container)?.pay(state)?;
            weigh(value)?.pay(state)?;
            Ok(container.try_iter()?.any(|entry| entry == *value))
        }
        other => {
            let message = format!("`in` looks into texts, lists and objects, not into a {other}");
            Err(Error::new(ErrorKind::InvalidOperation, message))
        }
    }
}

fn mapped(state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
    let mut keys = Weight::default();
    for key in args.iter().step_by(2) {
        if holds(key) && key.downcast_object_ref::<Tuple>().is_none() {
            let message = format!("a {} cannot be a key", key.kind());
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        let weight = weigh(key)?;
        keys.entries = keys.entries.saturating_add(weight.entries);
        keys.bytes = keys.bytes.saturating_add(weight.bytes);
    }
    keys.times(4, state)?;
    let pairs = args.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    bounded(state, Value::from_pairs(pairs))
}

fn joined(state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
    let texts = args.iter().map(|value| value.as_str().map_or(0, str::len)).fold(0, usize::saturating_add);
    room(state, texts)?;
    let mut joined = String::with_capacity(texts);
    for value in args {
        defined(state, value)?;
        match value.as_str() {
            Some(text) => joined.push_str(text),
            None => python::write(state, value, &mut joined)?,
        }
        room(state, joined.len())?;
    }
    Ok(joined.into())
}
