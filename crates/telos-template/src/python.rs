//! Values as Python writes them: `str` of what is printed, `repr` of what lies in lists and objects.

use crate::weight::{holds, room, weigh};
use minijinja::value::{DynObject, Tuple, ValueKind};
use minijinja::{Error, State, Value};
use std::fmt::Write;

/// The value as `str` gives it. What is undefined is empty; whether it may be is for the caller.
pub(crate) fn text(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write(state, value, &mut out)?;
    Ok(out)
}

/// Writes the value as `str` gives it, and pays for the walk through a list or object.
pub(crate) fn write(state: &State<'_, '_>, value: &Value, out: &mut String) -> Result<(), Error> {
    match value.as_str() {
        Some(text) => out.push_str(text),
        None if value.is_undefined() => {}
        None if holds(value) => {
            weigh(value)?.pay(state)?;
            let before = out.len();
            represent(state, value, out)?;
            // Each byte that is put together from entries costs more than one that is copied.
            state.consume_fuel((out.len() - before) as u64 / 32)?;
        }
        None => represent(state, value, out)?,
    }
    Ok(())
}

/// `repr`.
fn represent(state: &State<'_, '_>, value: &Value, out: &mut String) -> Result<(), Error> {
    match value.kind() {
        ValueKind::Undefined => out.push_str("Undefined"),
        ValueKind::None => out.push_str("None"),
        ValueKind::Bool => out.push_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => out.push_str(&number(value, ["nan", "inf", "-inf"])),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            room(state, out.len().saturating_add(text.len()))?;
            quote(text, out);
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let tuple = value.downcast_object_ref::<Tuple>().is_some();
            out.push(if tuple { '(' } else { '[' });
            let mut count = 0;
            for entry in value.try_iter()? {
                out.push_str(if count > 0 { ", " } else { "" });
                represent(state, &entry, out)?;
                count += 1;
            }
            out.push_str(match (tuple, count) {
                (true, 1) => ",)",
                (true, _) => ")",
                (false, _) => "]",
            });
        }
        ValueKind::Map => {
            out.push('{');
            let pairs = value.as_object().and_then(DynObject::try_iter_pairs);
            for (at, (key, value)) in pairs.into_iter().flatten().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                represent(state, &key, out)?;
                out.push_str(": ");
                represent(state, &value, out)?;
            }
            out.push('}');
        }
        _ => out.push_str(&value.to_string()),
    }
    room(state, out.len())
}

/// A text in quotes: single ones, unless it holds those and no double ones.
fn quote(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            c if c == quote => out.extend(['\\', c]),
            c if printable(c) => out.push(c),
            c => {
                // A text takes all that is written into it.
                let _ = match u32::from(c) {
                    code @ ..=0xff => write!(out, "\\x{code:02x}"),
                    code @ ..=0xffff => write!(out, "\\u{code:04x}"),
                    code => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Python's `str.isprintable` of one character: no controls, formats, separators but the blank, nor what is not assigned.
fn printable(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // Rust's own form for debugging keeps the same characters, where they do not come first.
    let mut after = [0; 5];
    after[0] = b'a';
    let length = c.encode_utf8(&mut after[1..]).len();
    std::str::from_utf8(&after[..=length]).is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
}

/// A number as `repr` writes it, with the words for what is no number, infinity and its negative.
pub(crate) fn number(value: &Value, words: [&str; 3]) -> String {
    if value.is_integer() {
        return value.to_string();
    }
    match f64::try_from(value.clone()) {
        Ok(x) if x.is_nan() => words[0].to_owned(),
        Ok(x) if x.is_infinite() => words[if x > 0.0 { 1 } else { 2 }].to_owned(),
        Ok(x) => float(x),
        Err(_) => value.to_string(),
    }
}

/// The shortest digits that give the number again, with an exponent below 1e-4 and from 1e16 on.
fn float(x: f64) -> String {
    let scientific = format!("{x:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) || x == 0.0 {
        let plain = format!("{x}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
