//! A mistake in an object, before it is known in which file the object stands.

use super::trail::{Step, Trail, show};
use crate::text;
use std::fmt;

/// Whether a finding points at a key or at its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The last key of the trail.
    Key,
    /// The value.
    Value,
}

/// A mistake before its place in a file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where in the document.
    pub trail: Trail,
    /// Key or value.
    pub at: At,
    /// What is wrong and what was expected.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Finding {
    /// A mistake in a value.
    pub fn value(trail: &[Step], message: impl Into<String>) -> Self {
        Self { trail: trail.to_vec(), at: At::Value, message: message.into(), hint: None }
    }

    /// A mistake in a key.
    pub fn key(trail: &[Step], message: impl Into<String>) -> Self {
        Self { at: At::Key, ..Self::value(trail, message) }
    }

    /// With a hint, where there is one.
    #[must_use]
    pub fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

impl fmt::Display for Finding {
    /// The place, the message and the hint, in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.trail.is_empty() {
            write!(f, "`{}`: ", show(&self.trail))?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// `did you mean …?` where one of `known` is near to what was given.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    text::did_you_mean(given, known).map(|name| format!("did you mean `{name}`?"))
}

/// The hint for a name that is not there: the nearest one, else all of them.
pub fn nearest_or_all(given: &str, known: &[&str]) -> Option<String> {
    did_you_mean(given, known.iter().copied())
        .or_else(|| (!known.is_empty()).then(|| format!("there are {}", known.join(", "))))
}
