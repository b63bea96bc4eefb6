//! `tojson` as transformers gives it to chat templates: Python's `json.dumps` with `ensure_ascii` off
//! (`transformers/utils/chat_template_utils.py`, `_compile_jinja_template`).

use crate::limits::{DEPTH, FUEL};
use crate::python::number as represented;
use minijinja::value::{Kwargs, Rest, Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// How it is written.
struct Style {
    ascii: bool,
    indent: Option<String>,
    item: String,
    key: String,
    sorted: bool,
}

/// The filter: `tojson(value, ensure_ascii=false, indent=none, separators=none, sort_keys=false)`.
#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
pub(crate) fn to_json(
    state: &State<'_, '_>,
    value: &Value,
    positional: Rest<Value>,
    named: Kwargs,
) -> Result<String, Error> {
    let given = |place: usize, name: &str| -> Result<Option<Value>, Error> {
        let named: Option<Value> = named.get(name)?;
        if named.is_some() && positional.get(place).is_some() {
            return Err(failed(format!("tojson has two values for `{name}`")));
        }
        Ok(positional.get(place).cloned().or(named).filter(|value| !value.is_none()))
    };
    let ascii = given(0, "ensure_ascii")?.is_some_and(|value| value.is_true());
    let indent = given(1, "indent")?.map(|value| indentation(&value)).transpose()?;
    let separators = given(2, "separators")?.map(|value| pair(&value)).transpose()?;
    let sorted = given(3, "sort_keys")?.is_some_and(|value| value.is_true());
    named.assert_all_used()?;
    if positional.len() > 4 {
        return Err(failed("tojson takes at most ensure_ascii, indent, separators and sort_keys".into()));
    }
    let usual = || (if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned());
    let (item, key) = separators.unwrap_or_else(usual);
    let left = state.fuel_levels().map_or(FUEL, |(_, left)| left);
    let mut writer = Writer { style: Style { ascii, indent, item, key, sorted }, out: String::new(), room: left * 64 };
    writer.value(value, 0)?;
    // A byte that is written here costs more than a copy; what the result costs is counted by who calls.
    state.consume_fuel(writer.out.len() as u64 / 16)?;
    Ok(writer.out)
}

fn failed(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Blanks of an indentation at most.
const WIDEST: i64 = 1000;

/// A number of blanks, of which a negative one is none, or the text itself.
fn indentation(value: &Value) -> Result<String, Error> {
    if let Some(text) = value.as_str() {
        return Ok(text.to_owned());
    }
    let blanks = match value.kind() {
        ValueKind::Bool => i64::from(value.is_true()),
        _ => i64::try_from(value.clone())
            .map_err(|_| failed(format!("tojson's indent is a number or a text, not {value}")))?,
    };
    if blanks > WIDEST {
        return Err(failed(format!("tojson's indent is {blanks}, and {WIDEST} is the most")));
    }
    Ok(" ".repeat(usize::try_from(blanks).unwrap_or(0)))
}

fn pair(value: &Value) -> Result<(String, String), Error> {
    let texts: Vec<Value> = value.try_iter()?.take(3).collect();
    match texts.as_slice() {
        [item, key] => match (item.as_str(), key.as_str()) {
            (Some(item), Some(key)) => Ok((item.to_owned(), key.to_owned())),
            _ => Err(failed("tojson's separators are two texts".into())),
        },
        _ => Err(failed("tojson's separators are two texts: between entries, and after a key".into())),
    }
}

struct Writer {
    style: Style,
    out: String,
    /// Bytes that may still be written.
    room: u64,
}

impl Writer {
    fn put(&mut self, text: &str) -> Result<(), Error> {
        self.room = self.room.checked_sub(text.len() as u64).ok_or_else(|| Error::from(ErrorKind::OutOfFuel))?;
        self.out.push_str(text);
        Ok(())
    }

    fn line(&mut self, depth: usize) -> Result<(), Error> {
        let Some(indent) = self.style.indent.clone() else { return Ok(()) };
        self.put("\n")?;
        (0..depth).try_for_each(|_| self.put(&indent))
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(failed(format!("tojson: lists and objects lie more than {DEPTH} deep")));
        }
        match value.kind() {
            ValueKind::None => self.put("null"),
            ValueKind::Bool => self.put(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.put(&number(value)),
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => {
                self.put("[")?;
                let mut first = true;
                for entry in value.try_iter()? {
                    self.entry(&mut first, depth)?;
                    self.value(&entry, depth + 1)?;
                }
                self.close(first, depth, "]")
            }
            ValueKind::Map => {
                self.put("{")?;
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.style.sorted {
                    keys.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
                }
                let mut first = true;
                for key in keys {
                    self.entry(&mut first, depth)?;
                    self.text(&name(&key)?)?;
                    let after = self.style.key.clone();
                    self.put(&after)?;
                    self.value(&value.get_item(&key)?, depth + 1)?;
                }
                self.close(first, depth, "}")
            }
            other => Err(failed(format!("tojson: a value of type {other} is not JSON"))),
        }
    }

    fn entry(&mut self, first: &mut bool, depth: usize) -> Result<(), Error> {
        if !std::mem::take(first) {
            let between = self.style.item.clone();
            self.put(&between)?;
        }
        self.line(depth + 1)
    }

    fn close(&mut self, empty: bool, depth: usize, bracket: &str) -> Result<(), Error> {
        if !empty {
            self.line(depth)?;
        }
        self.put(bracket)
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        self.put("\"")?;
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            let escaped = match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                '\u{8}' => "\\b".to_owned(),
                '\u{c}' => "\\f".to_owned(),
                c if c < ' ' || (self.style.ascii && c > '~') => {
                    let mut units = [0; 2];
                    c.encode_utf16(&mut units).iter().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"))
                }
                _ => continue,
            };
            self.put(&text[plain..at])?;
            self.put(&escaped)?;
            plain = at + c.len_utf8();
        }
        self.put(&text[plain..])?;
        self.put("\"")
    }
}

/// A key as Python writes one that is no text.
fn name(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.as_str().unwrap_or_default().to_owned()),
        ValueKind::None => Ok("null".into()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.into()),
        ValueKind::Number => Ok(number(key)),
        other => Err(failed(format!("tojson: a key of type {other} is not JSON"))),
    }
}

fn number(value: &Value) -> String {
    represented(value, ["NaN", "Infinity", "-Infinity"])
}
