//! What is wrong with a file, where, and how to mend it.

use std::fmt;
use std::path::PathBuf;

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file; `--set KEY` or `--limit` where the command line is to blame; `builtin:…` for a file that is compiled in.
    pub file: PathBuf,
    /// The line, from 1; 0 where there is no place in a file.
    pub line: usize,
    /// The column in characters, from 1; 0 where there is no place in a file.
    pub column: usize,
    /// The place in the document, such as `controllers[1].controller.alpha`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// How to mend it, such as the name that was probably meant.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    /// `file:line:column: message`, and the hint on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Mistakes that are printed one by one at most.
const LISTED: usize = 50;

/// Characters of one mistake that are printed at most; names that a file gives may be of any length.
const LONGEST: usize = 1000;

/// The lines of a list of mistakes: the first fifty, and how many more there are.
pub fn listing(diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut lines: Vec<String> = diagnostics.iter().take(LISTED).map(|found| cut(&found.to_string())).collect();
    if diagnostics.len() > LISTED {
        lines.push(format!("… and {} more mistakes", diagnostics.len() - LISTED));
    }
    lines
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} …", &text[..at]),
        None => text.to_owned(),
    }
}

/// Puts diagnostics in the order of files and places, each once.
pub(crate) fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

/// One step from a value into what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// The way from a document's root to a value.
pub(crate) type Trail = Vec<Step>;

/// The trail that goes on from `trail` to a key.
pub(crate) fn to_key(trail: &[Step], key: &str) -> Trail {
    let mut longer = trail.to_vec();
    longer.push(Step::Key(key.to_owned()));
    longer
}

/// The trail that goes on from `trail` to a place in a list.
pub(crate) fn to_index(trail: &[Step], index: usize) -> Trail {
    let mut longer = trail.to_vec();
    longer.push(Step::Index(index));
    longer
}

/// A trail as a person reads it: `a.b[2].c`.
pub(crate) fn show(trail: &[Step]) -> String {
    let mut out = String::new();
    for step in trail {
        match step {
            Step::Key(key) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(key);
            }
            Step::Index(index) => {
                out.push('[');
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
    out
}

/// The value at the end of a trail.
pub(crate) fn follow<'a>(value: &'a serde_json::Value, trail: &[Step]) -> Option<&'a serde_json::Value> {
    trail.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key.as_str()),
        Step::Index(index) => value.get(index),
    })
}

/// The value at the end of a trail, to be changed.
pub(crate) fn follow_mut<'a>(value: &'a mut serde_json::Value, trail: &[Step]) -> Option<&'a mut serde_json::Value> {
    trail.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Whether a finding points at a key or at its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// The last key of the trail.
    Key,
    /// The value.
    Value,
}

/// A mistake before its place in a file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where in the document.
    pub(crate) trail: Trail,
    /// Key or value.
    pub(crate) at: At,
    /// What is wrong and what was expected.
    pub(crate) message: String,
    /// How to mend it.
    pub(crate) hint: Option<String>,
}

impl Finding {
    /// A mistake in a value.
    pub(crate) fn value(trail: &[Step], message: impl Into<String>) -> Self {
        Self { trail: trail.to_vec(), at: At::Value, message: message.into(), hint: None }
    }

    /// A mistake in a key.
    pub(crate) fn key(trail: &[Step], message: impl Into<String>) -> Self {
        Self { at: At::Key, ..Self::value(trail, message) }
    }

    /// With a hint, where there is one.
    pub(crate) fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// `did you mean …?` where one of `known` is near to what was given.
pub(crate) fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    telos_core::text::did_you_mean(given, known).map(|name| format!("did you mean `{name}`?"))
}

/// The hint for a name that is not there: the nearest one, else all of them.
pub(crate) fn nearest_or_all(given: &str, known: &[&str]) -> Option<String> {
    did_you_mean(given, known.iter().copied())
        .or_else(|| (!known.is_empty()).then(|| format!("there are {}", known.join(", "))))
}
