//! Filters and tests within the limits.
//!
//! The library pays for the bytes that a filter is given and gives, and for the entries that it visits; what is paid for here is
//! what lies deeper, what is sorted, and what is made before anything is counted.

use crate::hooks::{contained, defined, pay_comparison};
use crate::json::to_json;
use crate::limits::{ENTRIES, NAME_BYTES};
use crate::python;
use crate::strip;
use crate::weight::{Weight, bounded, holds, limit, room, weigh};
use minijinja::value::{Kwargs, Rest, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

type Grows = fn(&str, &[Value]) -> usize;

/// One of the library's filters, and what is done before and after it.
struct Filter {
    body: Value,
    /// How often it may walk what it is given.
    walks: usize,
    /// Whether it works on the text of whatever it is given.
    text: bool,
    /// The bytes of its result at most, where that can be much longer than the text that it is given.
    grows: Option<Grows>,
}

impl Filter {
    fn call(&self, state: &mut State<'_, '_>, mut args: Vec<Value>) -> Result<Value, Error> {
        for value in args.iter().filter(|value| holds(value)) {
            weigh(value)?.times(self.walks, state)?;
        }
        if let (true, Some(first)) = (self.text, args.first_mut())
            && !first.is_undefined()
            && first.as_str().is_none()
        {
            *first = python::text(state, first)?.into();
        }
        if let (Some(grows), Some(text)) = (self.grows, args.first().and_then(Value::as_str)) {
            room(state, grows(text, &args))?;
        }
        if self.grows.is_none() {
            short_names(&args)?;
        }
        let made = self.body.call(state, &args)?;
        bounded(state, made)
    }
}

/// The path to an attribute is read anew for each entry.
fn short_names(args: &[Value]) -> Result<(), Error> {
    let path = named(args, "attribute").or_else(|| args.get(1).cloned());
    if path.as_ref().and_then(Value::as_str).is_some_and(|path| path.len() > NAME_BYTES) {
        return Err(limit(format!("the name of an attribute or filter has more than {NAME_BYTES} bytes")));
    }
    Ok(())
}

/// A value that is given by its name.
fn named(args: &[Value], name: &str) -> Option<Value> {
    let named = Kwargs::try_from(args.last()?.clone()).ok()?;
    named.peek::<Value>(name).ok()
}

/// A text in other case may be longer.
fn cased(text: &str, _: &[Value]) -> usize {
    if text.is_ascii() { text.len() } else { text.len().saturating_mul(3) }
}

fn escaped(text: &str, _: &[Value]) -> usize {
    text.len().saturating_add(text.matches(['&', '<', '>', '"', '\'']).count().saturating_mul(5))
}

/// Each conversion may write the longest argument.
fn formatted(text: &str, args: &[Value]) -> usize {
    let longest = args.iter().map(|value| weigh(value).map_or(usize::MAX, |weight| weight.bytes)).max().unwrap_or(0);
    text.matches('%').count().saturating_mul(longest)
}

fn indented(text: &str, args: &[Value]) -> usize {
    let width = args.get(1).filter(|value| value.is_integer()).cloned().or_else(|| named(args, "width"));
    let width = width.and_then(|width| usize::try_from(width).ok()).unwrap_or(4);
    (text.matches('\n').count() + 1).saturating_mul(width).saturating_add(text.len())
}

/// Makes the filters and tests known, and unknown those that are none of Jinja2's or cannot be bounded.
pub(crate) fn install(environment: &mut Environment<'static>) {
    let mut add = |name: &'static str, body: Value, walks: usize, text: bool, grows: Option<Grows>| {
        let filter = Filter { body, walks, text, grows };
        environment.add_filter(name, move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
            filter.call(state, args.into_values())
        });
    };
    let texts: [(&str, Value, Grows); 9] = [
        ("upper", Value::from_function(filters::upper), cased),
        ("lower", Value::from_function(filters::lower), cased),
        ("title", Value::from_function(filters::title), cased),
        ("capitalize", Value::from_function(filters::capitalize), cased),
        ("trim", Value::from_function(strip::trim), |_, _| 0),
        ("indent", Value::from_function(filters::indent), indented),
        ("format", Value::from_function(filters::format), formatted),
        ("escape", Value::from_function(filters::escape), escaped),
        ("e", Value::from_function(filters::escape), escaped),
    ];
    for (name, body, grows) in texts {
        add(name, body, 1, true, Some(grows));
    }
    let walking = [
        ("list", Value::from_function(filters::list)),
        ("map", Value::from_function(filters::map)),
        ("select", Value::from_function(filters::select)),
        ("reject", Value::from_function(filters::reject)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("batch", Value::from_function(filters::batch)),
        ("slice", Value::from_function(filters::slice)),
        ("items", Value::from_function(filters::items)),
        ("reverse", Value::from_function(filters::reverse)),
    ];
    for (name, body) in walking {
        add(name, body, 1, false, None);
    }
    let sorting = [
        ("sort", Value::from_function(filters::sort)),
        ("unique", Value::from_function(filters::unique)),
        ("min", Value::from_function(filters::min)),
        ("max", Value::from_function(filters::max)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("groupby", Value::from_function(filters::groupby)),
    ];
    for (name, body) in sorting {
        // Each of up to a million entries is compared with some twenty others.
        add(name, body, 20, false, None);
    }
    environment.add_filter("tojson", to_json);
    environment.add_filter("string", string);
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.add_filter("sum", sum);
    environment.add_filter("split", split);
    for name in ["chain", "zip", "lines", "pprint"] {
        environment.remove_filter(name);
    }
    tests(environment);
}

fn tests(environment: &mut Environment<'static>) {
    type Holds = fn(&Value, &Value) -> bool;
    type Is = fn(&Value) -> bool;
    let comparisons: [(&[&'static str], Holds); 6] = [
        (&["eq", "equalto", "=="], |a, b| a == b),
        (&["ne", "!="], |a, b| a != b),
        (&["lt", "lessthan", "<"], |a, b| a < b),
        (&["le", "<="], |a, b| a <= b),
        (&["gt", "greaterthan", ">"], |a, b| a > b),
        (&["ge", ">="], |a, b| a >= b),
    ];
    for (names, holds) in comparisons {
        for name in names {
            environment.add_test(*name, move |state: &State<'_, '_>, left: &Value, right: &Value| {
                pay_comparison(state, left, right)?;
                Ok::<bool, Error>(holds(left, right))
            });
        }
    }
    environment
        .add_test("in", |state: &State<'_, '_>, value: &Value, container: &Value| contained(state, value, container));
    let walking: [(&'static str, Is); 3] = [
        ("lower", minijinja::tests::is_lower),
        ("upper", minijinja::tests::is_upper),
        ("iterable", minijinja::tests::is_iterable),
    ];
    for (name, holds) in walking {
        environment.add_test(name, move |state: &State<'_, '_>, value: &Value| {
            let (entries, bytes) = (value.len().unwrap_or(0), value.as_str().map_or(0, str::len));
            Weight { entries, bytes }.times(8, state)?;
            Ok::<bool, Error>(holds(value))
        });
    }
}

fn string(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    defined(state, &value)?;
    if value.as_str().is_some() { Ok(value) } else { python::text(state, &value).map(Value::from) }
}

/// Texts of entries, or of an attribute of each, with another between them.
fn join(state: &mut State<'_, '_>, value: Value, args: Rest<ValueOrKwargs>) -> Result<String, Error> {
    let args = args.into_values();
    let (between, attribute, given): (Option<Value>, Option<Value>, Kwargs) = from_args(&args)?;
    let between = between.or(given.get("d")?).filter(|value| !value.is_undefined());
    let attribute = attribute.or(given.get("attribute")?).filter(|value| !value.is_none());
    given.assert_all_used()?;
    defined(state, &value)?;
    let between = between.map(|value| python::text(state, &value)).transpose()?.unwrap_or_default();
    weigh(&value)?.pay(state)?;
    let entries = match attribute {
        Some(name) => state.apply_filter("map", &[value, Kwargs::from_iter([("attribute", name)]).into()])?,
        None => value,
    };
    let mut joined = String::new();
    for (at, entry) in entries.try_iter()?.enumerate() {
        defined(state, &entry)?;
        if at > 0 {
            joined.push_str(&between);
        }
        python::write(state, &entry, &mut joined)?;
        if at % 64 == 0 || between.len() > 64 {
            room(state, joined.len())?;
        }
    }
    room(state, joined.len())?;
    Ok(joined)
}

fn replace(state: &mut State<'_, '_>, value: Value, args: Rest<ValueOrKwargs>) -> Result<String, Error> {
    let args = args.into_values();
    let (old, new, count, given): (Value, Value, Option<i64>, Kwargs) = from_args(&args)?;
    let count = count.or(given.get("count")?);
    given.assert_all_used()?;
    let [value, old, new] = [value, old, new].map(|value| {
        defined(state, &value)?;
        python::text(state, &value)
    });
    replaced(state, &value?, [&old?, &new?], count)
}

/// Python's `str.replace`; a count below zero is none.
pub(crate) fn replaced(
    state: &State<'_, '_>,
    text: &str,
    [old, new]: [&str; 2],
    count: Option<i64>,
) -> Result<String, Error> {
    let most = count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    Weight { entries: 0, bytes: text.len().saturating_add(old.len()) }.times(16, state)?;
    let found = text.matches(old).take(most).count();
    room(state, text.len().saturating_add(found.saturating_mul(new.len().saturating_sub(old.len()))))?;
    Ok(text.replacen(old, new, most))
}

/// Numbers added up.
fn sum(state: &State<'_, '_>, value: Value, args: Rest<ValueOrKwargs>) -> Result<Value, Error> {
    let args = args.into_values();
    let start = args.get(1).filter(|value| !value.is_kwargs()).cloned().or_else(|| named(&args, "start"));
    if start.is_some_and(|start| !start.is_number()) {
        return Err(Error::new(ErrorKind::InvalidOperation, "`sum` adds up numbers, and its start is none"));
    }
    short_names(&args)?;
    let (attribute, start, given): (Option<&str>, Option<Value>, Kwargs) = from_args(&args)?;
    filters::sum(state, value, attribute, start, given)
}

/// The parts of a text, which may be many more values than it has bytes to pay for.
fn split(state: &State<'_, '_>, value: &Value, by: Option<&str>, most: Option<i64>) -> Result<Value, Error> {
    parts(state, value.as_str().unwrap_or_default(), by, most)?;
    filters::split(value, by.map(Into::into), most)
}

/// Refuses a text that falls into too many parts.
pub(crate) fn parts(state: &State<'_, '_>, text: &str, by: Option<&str>, most: Option<i64>) -> Result<(), Error> {
    Weight { entries: 0, bytes: text.len() }.times(16, state)?;
    let found = match by {
        Some(by) if !by.is_empty() => text.matches(by).count(),
        _ => text.split_whitespace().count(),
    };
    let found = most.and_then(|most| usize::try_from(most).ok()).map_or(found, |most| found.min(most));
    if found > ENTRIES {
        return Err(limit(format!("it splits a text into more than {ENTRIES} parts, which is the most")));
    }
    Weight { entries: found, bytes: 0 }.times(16, state)
}
