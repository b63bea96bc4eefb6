//! What a kind of instruction is, and how it reads what an instance of it asks for.

use serde_json::{Map, Value};

/// Whether a response that is not blank follows an instruction.
pub(crate) type Follows = Box<dyn Fn(&str) -> bool>;

/// One kind of instruction.
pub(crate) struct Instruction {
    /// Its id in the data, such as `keywords:existence`.
    pub(crate) id: &'static str,
    /// Reads what this instance of it asks for; the error says what was expected.
    pub(super) read: fn(&Kwargs<'_>) -> Result<Follows, String>,
}

/// What an instance of an instruction asks for. Empty, false and zero values count as absent, as in the reference.
pub(crate) struct Kwargs<'a>(pub(super) &'a Map<String, Value>);

impl Kwargs<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => true,
        })
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<&str, String> {
        let value = self.get(key).ok_or_else(|| format!("needs `{key}`, a text"))?;
        value.as_str().ok_or_else(|| format!("needs `{key}` to be a text, not {value}"))
    }

    /// One or more texts.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<&str>, String> {
        let value = self.get(key).ok_or_else(|| format!("needs `{key}`, a list of texts"))?;
        let list = value.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
        list.ok_or_else(|| format!("needs `{key}` to be a list of texts, not {value}"))
    }

    /// A whole number, 1 or more. A table's column with gaps may have made a float of it.
    pub(super) fn count(&self, key: &str) -> Result<usize, String> {
        let value = self.get(key).ok_or_else(|| format!("needs `{key}`, a whole number"))?;
        let whole = value.as_f64().filter(|n| *n >= 1.0 && n.fract() == 0.0);
        whole.map(|n| n as usize).ok_or_else(|| format!("needs `{key}` to be a whole number, 1 or more, not {value}"))
    }

    /// How a number stands to the one that is asked for: `less than` or `at least`.
    pub(super) fn relation(&self, key: &str) -> Result<fn(usize, usize) -> bool, String> {
        match self.text(key)? {
            "less than" => Ok(|found, wanted| found < wanted),
            "at least" => Ok(|found, wanted| found >= wanted),
            other => Err(format!("needs `{key}` to be `less than` or `at least`, not `{other}`")),
        }
    }
}
